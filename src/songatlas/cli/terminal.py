"""The terminal: where results, JSON and progress are printed, in one way for all commands.

Results go to stdout, progress to stderr. Whoever prints text of a table passes it through `shown`, so
that `[bold]` in a title is no markup and nothing in it steers the terminal; `:heart:` is no emoji anywhere.
Where stdout has letters of its own only, such as those of cp1252, `?` stands for the others, and JSON escapes
them.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape

from songatlas.cli.word_table import WordTable
from songatlas.progress import Progress

_WIDTH_IN_FILES = 140
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a progress bar on stderr; nothing where that is no terminal."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, emoji=False)
    bars = Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bars:
        task = bars.add_task("starting", total=1.0)
        yield lambda share, words: bars.update(task, completed=share, description=harmless(words))


def stdout() -> Console:
    """Return a console for stdout that leaves long lines and numbers alone; wide where it is no terminal."""
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_FILES
    return console


def take_every_letter() -> None:
    """Let stdout print `?` for letters that its encoding lacks, instead of failing at them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def print_no_more(stream: TextIO) -> None:
    """Send nowhere what a stream that is full has not taken, so that Python does not try again as it ends."""
    if isinstance(stream, io.TextIOWrapper):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def shown(text: str) -> str:
    r"""Return text as it may be printed: markup escaped, breaks of lines and signs that steer made harmless.

    Examples
    --------
    >>> shown("[bold] two\nlines \x1b[31m") == "\\[bold] two lines \ufffd[31m"
    True
    """
    return escape(harmless(text))


def harmless(text: str) -> str:
    r"""Return text on one line, with a sign in place of each that would steer the terminal; markup stays.

    Examples
    --------
    >>> harmless("[bold] two\nlines \x1b[31m") == "[bold] two lines \ufffd[31m"
    True
    """
    return _STEERING.sub("\ufffd", _BREAKS.sub(" ", text))


def print_json(value: Any) -> None:
    """Print JSON on stdout, in which whatever steers a terminal is escaped."""
    has_all_letters = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    text = json.dumps(value, ensure_ascii=not has_all_letters)
    plain = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    Console(soft_wrap=True, highlight=False, markup=False).out(plain, highlight=False)


def empty_table(*names: str, numbers: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> WordTable:
    """Return an empty table with these columns, those of `numbers` to the right and never broken.

    Columns of `optional` are left out where the terminal is too narrow, the first of them first.
    """
    return WordTable(names, numbers=numbers, optional=optional)
