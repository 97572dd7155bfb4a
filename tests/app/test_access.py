"""Nobody gets a page, a file or a byte who was not let in, and passwords are guessed slowly."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.app.asgi import ask, inside

from songatlas.access.login_secrets import read_login_file
from songatlas.access.passwords import (
    FAILURES_A_MINUTE,
    FREE_TRIES,
    Failures,
    hash_password,
    is_password,
    read_password_file,
    write_password_file,
)
from songatlas.app.server import access
from songatlas.app.server.access import LOGIN, LOGOUT, STAY_S, Gate, PasswordKeeper, Tickets, own_path
from songatlas.app.server.logins import LoginKeeper, may_enter
from songatlas.errors import BadSettings

PASSWORD = "four words of mine"  # noqa: S105 (of the tests)
LINE = hash_password(PASSWORD)
EVERYTHING = (
    "/",
    "/clusters",
    "/atlas",
    "/static/js/index.js",
    "/media/0123.csv",
    "/songatlas/" + "a" * 64 + "/0",
    "/songatlas/sound/" + "a" * 64,
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/upload_file/a/b",
    "/_stcore/agent/interact",
    "/_stcore/health/",
    "//songatlas/login",
    "/songatlas/login/",
    "/songatlas/login/../sound/x",
    "/SONGATLAS/LOGIN",
    "/auth/login",
)


@pytest.fixture
def gate() -> Gate:
    return Gate(inside, PasswordKeeper(LINE, port=8501))


def enter(gate: Gate, password: str, **more: Any) -> Any:
    """Send the form."""
    body = urlencode({"password": password, "next": more.pop("next", "/")}).encode()
    return ask(gate, LOGIN, method="POST", body=body, **more)


def cookie_of(answer: Any) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]}


@pytest.mark.parametrize("path", EVERYTHING)
def test_everything_is_behind_the_password(gate: Gate, path: str) -> None:
    for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"):
        answer = ask(gate, path, method=method)
        assert (answer.status, answer.content) == (401, b"log in first\n"), method
    page = ask(gate, path, headers={"Accept": "text/html"})
    assert page.status == 303
    assert page.headers["location"].startswith(f"{LOGIN}?next=")
    assert ask(gate, path, kind="websocket").status == 1008


def test_who_knows_the_password_sees_everything(gate: Gate) -> None:
    answer = enter(gate, PASSWORD, next="/clusters?k=5")
    assert (answer.status, answer.headers["location"]) == (303, "/clusters?k=5")
    assert re.search(r"; HttpOnly; Max-Age=43200; Path=/; SameSite=lax$", answer.headers["set-cookie"])
    for path in EVERYTHING:
        assert ask(gate, path, headers=cookie_of(answer)).content == b"all songs"
    assert ask(gate, "/_stcore/stream", kind="websocket", headers=cookie_of(answer)).status == 1000
    assert "Secure" in enter_over_tls(gate).headers["set-cookie"]


def enter_over_tls(gate: Gate) -> Any:
    body = urlencode({"password": PASSWORD}).encode()
    return ask(gate, f"https://songs.example.org{LOGIN}", method="POST", body=body)


@pytest.mark.parametrize("cookie", ["", "songatlas_8501=", "songatlas_8501=x", "songatlas_8502={ticket}"])
def test_a_made_up_cookie_does_not_help(gate: Gate, cookie: str) -> None:
    ticket = cookie_of(enter(gate, PASSWORD))["Cookie"].partition("=")[2]
    assert ask(gate, headers={"Cookie": cookie.format(ticket=ticket)}).status == 401


def test_a_log_out_ends_open_pages_too(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_LOOKED_EVERY", 0.01)
    cookie = cookie_of(enter(gate, PASSWORD))
    seen: list[dict[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await receive())

    async def open_page() -> None:
        open_gate = Gate(page, gate._keeper)
        headers = [(b"cookie", cookie["Cookie"].encode())]
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers}

        async def nothing_comes() -> Any:
            await asyncio.sleep(60)

        async def send(message: Any) -> None:
            pytest.fail(f"the page was told {message}")

        opened = asyncio.create_task(open_gate(scope, nothing_comes, send))
        await asyncio.sleep(0.05)
        assert not seen
        gate._keeper._tickets.take_back(cookie["Cookie"].partition("=")[2])
        await asyncio.wait_for(opened, 5)

    asyncio.run(open_page())
    assert seen == [{"type": "websocket.disconnect", "code": 1008}]
    answer = ask(gate, LOGOUT, headers=cookie)
    assert (answer.status, answer.headers["location"]) == (303, LOGIN)


def test_wrong_passwords_are_refused_later_and_later(gate: Gate) -> None:
    for _ in range(FREE_TRIES + 1):
        assert enter(gate, "guess").status == 401
    for tried in ("guess", PASSWORD):
        refused = enter(gate, tried)
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert b"Too many tries. Try again in 2 seconds." in refused.content
    assert enter(gate, PASSWORD, client="203.0.113.6").status == 303


def test_many_who_guess_at_once_make_everybody_wait() -> None:
    now = [0.0]
    failures = Failures(lambda: now[0])
    for n in range(FAILURES_A_MINUTE):
        failures.add(f"203.0.113.{n}")
    assert failures.wait_s("198.51.100.1") == 60.0
    now[0] = 61.0
    assert failures.wait_s("198.51.100.1") == 0.0


def test_the_wait_has_an_end() -> None:
    failures = Failures(lambda: 0.0)
    for _ in range(50):
        failures.add("203.0.113.5")
    assert failures.wait_s("203.0.113.5") == 900.0
    failures.forget("203.0.113.5")
    assert failures.wait_s("203.0.113.5") == 0.0


@pytest.mark.parametrize(
    "body", [b"", b"password=", b"\xff\xfe", b"password=" + b"x" * 9000, b"&" * 4000, b"password=%00"]
)
def test_a_broken_form_is_a_wrong_password(gate: Gate, body: bytes) -> None:
    assert ask(gate, LOGIN, method="POST", body=body).status == 401


def test_forms_of_other_pages_are_not_looked_at(gate: Gate) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example", "Host": "a"}):
        answer = enter(gate, PASSWORD, headers=headers)
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}  # as Chromium sends it
    assert enter(gate, PASSWORD, headers=own).status == 303


@pytest.mark.parametrize(
    "text", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/\n/x", "/ü", ""]
)
def test_nobody_is_sent_elsewhere_after_entering(gate: Gate, text: str) -> None:
    assert own_path(text) == "/"
    assert enter(gate, PASSWORD, next=text).headers["location"] == "/"


def test_the_form_holds_no_markup_of_its_address(gate: Gate) -> None:
    page = ask(gate, f"{LOGIN}?{urlencode({'next': '/?<script>alert(1)</script>'})}")
    assert page.status == 200
    assert b"<script" not in page.content
    assert page.headers["cache-control"] == "no-store"


def test_tickets_end() -> None:
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    ticket = tickets.give()
    assert tickets.is_good(ticket)
    assert not tickets.is_good("")
    now[0] = STAY_S
    assert not tickets.is_good(ticket)


def test_a_password_file_holds_a_hash_that_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "password"
    write_password_file(path, PASSWORD)
    assert path.stat().st_mode & 0o777 == 0o600
    line = read_password_file(path)
    assert PASSWORD not in line
    assert is_password(PASSWORD, line)
    assert not is_password(f"{PASSWORD} ", line)
    with pytest.raises(BadSettings, match="is there already"):
        write_password_file(path, PASSWORD)
    with pytest.raises(BadSettings, match="has 5 characters: take 10 to 1000"):
        write_password_file(tmp_path / "other", "short")


@pytest.mark.parametrize(
    "content",
    [
        b"a plain password",
        b"",
        b"\xff",
        LINE.replace("$32768$", "$99999999$").encode(),
        LINE.replace("$32768$", "$0$").encode(),
        LINE[:-1].encode(),
    ],
)
def test_anything_else_in_a_password_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(BadSettings, match="make-password-file"):
        read_password_file(path)
    with pytest.raises(BadSettings, match="make-password-file"):
        read_password_file(tmp_path / "missing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("read", [read_password_file, read_login_file])
def test_a_pipe_is_not_waited_for(tmp_path: Path, read: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadSettings, match=r"cannot read .*pipe' \(it is a pipe, no file; "):
        read(tmp_path / "pipe")


@pytest.mark.parametrize(
    "text", ["x=" + "[" * 9000, "x=" + "1" * 9000, "a." * 9000 + "a=1", "x = 1\n" * 9000, "no TOML", "\udcff"]
)
def test_a_file_of_secrets_is_read_within_bounds(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(BadSettings, match=r"name a file with a table \[auth\]") as refused:
        read_login_file(path)
    assert "\n" not in str(refused.value)


ANNA = {"is_logged_in": True, "email": "Anna@Example.org", "email_verified": True}
UNSAID = {"is_logged_in": True, "email": "anna@example.org"}


@pytest.mark.parametrize(
    ("who", "allow", "may"),
    [
        (ANNA, [], True),
        (ANNA, ["anna@example.org"], True),
        (ANNA, ["@example.org"], True),
        (ANNA, ["@ample.org"], False),
        (ANNA, ["ben@example.org"], False),
        ({**ANNA, "email_verified": "true"}, ["@example.org"], True),
        ({**ANNA, "email_verified": "false"}, ["@example.org"], False),
        ({**ANNA, "email_verified": False}, ["@example.org"], False),
        ({**ANNA, "email_verified": None}, ["@example.org"], False),
        ({**ANNA, "email_verified": 1}, ["@example.org"], False),
        (UNSAID, ["@example.org"], False),
        (UNSAID, ["anna@example.org"], False),
        (UNSAID, [], True),
        ({**ANNA, "email": "anna@evil.example@example.org"}, ["@example.org"], False),
        ({**ANNA, "email": None}, ["@example.org"], False),
        ({**ANNA, "is_logged_in": "yes"}, [], False),
        ({**ANNA, "is_logged_in": False}, [], False),
        ({}, [], False),
    ],
)
def test_who_logged_in_enters_where_allowed(who: dict[str, Any], allow: list[str], may: bool) -> None:
    assert may_enter(who, allow) is may


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (UNSAID, True),
        (ANNA, True),
        ({**UNSAID, "email": "ben@example.org"}, False),
        ({**UNSAID, "email_verified": False}, False),
        ({**UNSAID, "email_verified": "False"}, False),
        ({**UNSAID, "email_verified": None}, False),
    ],
)
def test_who_trusts_addresses_counts_those_of_which_nothing_is_said(who: dict[str, Any], may: bool) -> None:
    assert may_enter(who, ["anna@example.org"], trust_addresses=True) is may


SECRETS = """[auth]
redirect_uri = "https://songs.example.org/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "songs"
client_secret = "x"
server_metadata_url = "https://id.example.org/.well-known/openid-configuration"
"""


def test_secrets_of_a_login_are_looked_at_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(SECRETS)
    assert read_login_file(path) == ("default",)
    for line, lacks in (
        ("cookie_secret", "lacks cookie_secret"),
        ("client_id", "lacks client_id"),
        ("[auth]", r"no table \[auth\]"),
    ):
        path.write_text("".join(each for each in SECRETS.splitlines(True) if not each.startswith(line)))
        with pytest.raises(BadSettings, match=lacks):
            read_login_file(path)
    path.write_text(SECRETS.replace("0123456789abcdef0123456789abcdef", "short"))
    with pytest.raises(BadSettings, match="32 random characters"):
        read_login_file(path)


def test_a_login_guards_what_a_password_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    monkeypatch.setattr("songatlas.app.server.logins._way", lambda provider: f"by {provider}")
    allow = ["anna@example.org", "eve@example.org"]
    gate = Gate(inside, LoginKeeper(allow, ["default"]))
    for path in EVERYTHING[:-1]:
        assert ask(gate, path).status == 401
        assert ask(gate, path, kind="websocket").status == 1008
    assert b"by default" in ask(gate, LOGIN).content
    for email, verified, status in (
        ("anna@example.org", {"email_verified": True}, 200),
        ("eve@example.org", {}, 401),
        ("ben@example.org", {"email_verified": True}, 401),
    ):
        told = json.dumps({"is_logged_in": True, "email": email} | verified)
        signed = create_signed_value(get_cookie_secret(), "_streamlit_user", told).decode()
        cookie = {"Cookie": f"_streamlit_user={signed}"}
        assert ask(gate, "/clusters", headers=cookie).status == status
        unsaid = b"does not say that it verified it" in ask(gate, LOGIN, headers=cookie).content
        assert unsaid is (email == "eve@example.org")
        forged = {"Cookie": cookie["Cookie"][:-2] + "xx"}
        assert ask(gate, "/clusters", headers=forged).status == 401
    assert b"not among those who may enter" in ask(gate, LOGIN, headers=cookie).content
