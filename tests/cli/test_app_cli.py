"""`songatlas app`: what it refuses before any server is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from songatlas.cli import app
from songatlas.errors import SongAtlasError
from typed import songatlas


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a command fail that would start a server."""
    command = sys.modules["songatlas.cli.app"]  # the package has another `app`, the command line itself
    monkeypatch.setattr(command, "_serve", lambda *_, **__: pytest.fail("a server would start"))


def refused(*words: str) -> str:
    """The line that it ends with."""
    ended = songatlas("app", *words)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_a_wrong_path_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "songs.csv").write_text("x\n", encoding="utf-8")
    assert "did you mean 'songs.csv'?" in refused(str(tmp_path / "song.csv"))
    assert "no atlas in it" in refused(str(tmp_path))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--k", "many"), "--k is 'many'"),
        (("--column", "energy"), "write NAME=VALUE"),
        (("--port", "0"), "--port"),
        (("--address", "no.such.address.invalid"), "cannot listen on"),
        (("--allow", "@example.org"), "name the secrets with --login"),
        (("--trust-addresses",), "say with --allow who may enter"),
        (("--settings", "missing.toml"), "cannot read the settings file"),
    ],
)
def test_wrong_options_are_one_line(words: tuple[str, ...], said: str) -> None:
    assert said in refused(*words)


def test_settings_of_a_build_are_refused_for_an_atlas(tmp_path: Path) -> None:
    assert "built already" in refused(str(tmp_path), "--k", "5")


def test_the_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    command = sys.modules["songatlas.cli.app"]  # the package has another `app`, the command line itself
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["songatlas", "app"])
    with pytest.raises(SongAtlasError, match=r"streamlit and plotly.*pip install 'songatlas\[app\]'"):
        app(["app"], standalone_mode=False)
