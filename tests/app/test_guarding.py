"""The server turns away who comes from elsewhere, and tells the browser to ask nobody else."""

from __future__ import annotations

import pytest

from songatlas.access.loopback import is_loopback
from songatlas.app.server.guarding import Guard, content_security_policy, welcome_names


@pytest.mark.parametrize(
    ("headers", "is_websocket", "is_welcome"),
    [
        ({"host": "127.0.0.1:8501"}, False, True),
        ({"host": "localhost:8501"}, False, True),
        ({"host": "[::1]:8501"}, False, True),
        ({"host": "songs.example.org"}, False, True),
        ({"host": "evil.example"}, False, False),
        ({}, False, False),
        ({"host": "["}, False, False),
        ({"host": "[::1"}, False, False),
        ({"host": "[::1]x"}, False, False),
        ({"host": "[::1]x:8501"}, False, False),
        ({"host": "localhost:port"}, False, False),
        ({"host": "evil.example@localhost"}, False, False),
        ({"host": "localhost", "origin": "http://["}, True, False),
        ({"host": "[", "origin": "http://["}, True, False),
        ({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}, True, True),
        ({"host": "songs.example.org", "origin": "https://songs.example.org"}, True, True),
        ({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:9999"}, True, False),
        ({"host": "127.0.0.1:8501", "origin": "http://localhost:8501"}, True, False),
        ({"host": "127.0.0.1:8501", "origin": "https://evil.example"}, True, False),
        ({"host": "127.0.0.1:8501", "origin": "null"}, True, False),
        ({"host": "127.0.0.1:8501"}, True, False),
    ],
)
def test_only_pages_of_ours_are_welcome(
    headers: dict[str, str], is_websocket: bool, is_welcome: bool
) -> None:
    async def nothing(scope: object, receive: object, send: object) -> None:
        """An application that answers nothing."""

    guard = Guard(nothing, welcome_names("127.0.0.1", ["songs.example.org"]))
    assert guard.is_welcome(headers, is_websocket=is_websocket) is is_welcome


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.0.0.2", "127.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "localhost"]
)
def test_every_address_of_this_computer_alone_has_its_own_names(address: str) -> None:
    names = welcome_names(address, [])
    assert {*names} == {"127.0.0.1", "::1", "localhost", address}


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "192.0.2.7", "no.such.name.invalid"])  # noqa: S104
def test_other_addresses_are_of_other_computers_too(address: str) -> None:
    assert not is_loopback(address)


def test_any_name_will_do_where_other_computers_are_let_in() -> None:
    assert welcome_names("192.0.2.7", []) == ()
    assert "songs.example.org" in welcome_names("192.0.2.7", ["songs.example.org"])


def test_scripts_come_from_here_alone() -> None:
    policy = content_security_policy("<html><script>let a = 1</script></html>")
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'self'"
    assert parts["connect-src"] == "'self'"
    assert parts["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in parts["script-src"]
    assert "'unsafe-eval'" not in parts["script-src"]
    assert parts["script-src"].count("'sha256-") == 1
    assert "http" not in policy
