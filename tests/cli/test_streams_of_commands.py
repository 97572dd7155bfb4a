"""Where commands print to: streams that are full or know few letters, and failures of the machine."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
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
        (RecursionError(), "nested deeper than anything"),
        (
            FileNotFoundError(2, "No such file or directory", "kept"),
            "'kept': no such file or directory; it may",
        ),
        (PermissionError(13, "Permission denied", "a\nb"), r"'a\nb': permission denied; ask for the right"),
        (OSError(36, "File name too long", "n" * 256), "nnn': file name too long; give it a shorter name"),
        (OSError(18, "Invalid cross-device link", "a", None, "b"), "'a' -> 'b': invalid cross-device link; "),
        (OSError("the reader broke\nhere"), "songatlas: the reader broke here; look at that file or folder"),
        (OSError(28, "No space left on device", "kept"), "'kept': no space left on device; make room"),
        (pl.exceptions.PanicException("called `Option::unwrap()` on a\nvalue"), "fetch or export it anew"),
    ],
)
def test_a_machine_that_fails_is_told_in_one_line(error: BaseException, words: str) -> None:
    with patch.object(tell, "facts", side_effect=error):
        ended = songatlas("info")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert words in ended.stderr


def test_a_mistake_of_the_program_shows_where_it_is() -> None:
    with patch.object(tell, "facts", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
        songatlas("info")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder that somebody stands in cannot be removed")
@pytest.mark.parametrize(
    "words", [("build", "{songs}"), ("demo",), ("scan", "."), ("verify", "."), ("compare", ".", ".")]
)
def test_a_folder_that_is_gone_is_told_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    songs, gone = tmp_path / "songs.csv", tmp_path / "gone"
    songs.write_text("track_name,energy\n", encoding="utf-8")
    gone.mkdir()
    errors = io.StringIO()
    with chdir(gone):
        gone.rmdir()
        arguments = [word.format(songs=songs) for word in words]
        assert status(*arguments, out=io.StringIO(), errors=errors) == 2
    assert errors.getvalue() == (
        "songatlas: the folder that this runs in is gone: go to another with cd, and say it again\n"
    )


@pytest.mark.parametrize(
    "words", [("verify", "{long}"), ("build", "{long}"), ("scan", "{long}"), ("why", "{long}", "song")]
)
def test_a_name_that_no_file_can_have_is_told_in_one_line(words: tuple[str, ...]) -> None:
    ended = songatlas(*(word.format(long="n" * 300) for word in words))
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "file name too long" in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SONGATLAS_KERNELS", "abc", "SONGATLAS_KERNELS is 'abc': it must be 'native' or 'reference'"),
        ("POLARS_MAX_THREADS", "0", "POLARS_MAX_THREADS is '0': it must be a whole number from 1 to 1,024"),
        ("POLARS_MAX_THREADS", "9" * 5000, "it must be a whole number from 1 to 1,024, or not set"),
        ("POLARS_MAX_THREADS", "-1", "POLARS_MAX_THREADS is '-1'"),
    ],
)
def test_a_variable_that_says_nothing_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.delitem(sys.modules, "songatlas.kernels", raising=False)
    ended = songatlas("info")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert said in ended.stderr


def test_a_backend_for_windows_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "abc")
    monkeypatch.setenv("POLARS_MAX_THREADS", "")
    assert songatlas("--version").returncode == 0
    assert os.environ["MPLBACKEND"] == "agg"
