"""Where commands print to: streams that are full or know few letters, and failures of the machine."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO
from unittest.mock import patch

import polars as pl
import pytest

from songatlas.cli import main, tell
from songatlas.cli.terminal import empty_table, print_json, progress_bar, shown, stdout, take_every_letter
from typed import songatlas

FULL = Path("/dev/full")
WORDS = "Café 月 :heart:"


def status(*arguments: str, out: TextIO, errors: TextIO) -> int:
    """Run a command that prints into these streams."""
    with (
        patch.object(sys, "argv", ["songatlas", *arguments]),
        redirect_stdout(out),
        redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("arguments", [("info",), ("info", "--json"), ("--help",), ("--version",)])
def test_a_full_stdout_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    errors = io.StringIO()
    with FULL.open("w", encoding="utf-8") as full:
        assert status(*arguments, out=full, errors=errors) == 2
    (line,) = errors.getvalue().splitlines()
    assert line.startswith("songatlas: cannot write what was found: No space left on device")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
def test_a_full_stderr_leaves_the_status() -> None:
    with FULL.open("w", encoding="utf-8", buffering=1) as full:
        assert status("why", "no such atlas", "song", out=io.StringIO(), errors=full) == 2


def test_an_error_of_a_file_is_none_of_stdout() -> None:
    with (
        patch.object(tell, "facts", side_effect=FileNotFoundError(2, "No such file or directory", "kept")),
        pytest.raises(FileNotFoundError),
    ):
        songatlas("info")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "utf-16"])
def test_every_stdout_prints_words_and_whole_json(encoding: str) -> None:
    bytes_of = {}
    for name in ("words", "table", "json"):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with redirect_stdout(out):
            take_every_letter()
            if name == "json":
                print_json({"title": WORDS})
            elif name == "words":
                stdout().print(shown(WORDS))
            else:
                table = empty_table("Title ⭐")
                table.add_row(shown(WORDS))
                stdout().print(table)
        out.flush()
        bytes_of[name] = out.buffer.getvalue().decode(encoding)
    printed = WORDS.encode(encoding, "replace").decode(encoding)
    assert json.loads(bytes_of["json"]) == {"title": WORDS}
    assert bytes_of["words"] == f"{printed}\n"
    assert printed in bytes_of["table"]


def test_names_of_emoji_in_texts_stay_words(tmp_path: Path) -> None:
    path = tmp_path / ":heart:.csv"
    path.write_text("track_name,energy\n", encoding="utf-8")
    table = empty_table(":skull:", "Songs", numbers=("Songs",))
    table.add_row(shown(":skull: Coach"), "1", style="bold")
    out = io.StringIO()
    with redirect_stdout(out):
        stdout().print(table)
        stdout().print(f"[bold]{shown(str(path))}[/]")
    assert out.getvalue().count(":skull:") == 2
    assert ":heart:.csv" in out.getvalue()
    ended = songatlas("build", path, "-o", tmp_path / "out")
    assert ":heart:.csv" in ended.stderr


def test_progress_holds_no_emoji(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    errors = io.StringIO()
    with redirect_stderr(errors), progress_bar() as progress:
        progress(0.5, "reading :heart:.csv")
    assert ":heart:.csv" in errors.getvalue()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "--engine stream"),
        (pl.exceptions.PanicException("called `Option::unwrap()` on a\nvalue"), "fetch or export it anew"),
    ],
)
def test_a_machine_that_fails_is_told_in_one_line(error: BaseException, words: str) -> None:
    with patch.object(tell, "facts", side_effect=error):
        ended = songatlas("info")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert words in ended.stderr
