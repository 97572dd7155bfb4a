"""The terminal: where results, JSON and progress are printed, in one way for all commands.

Results go to stdout, progress to stderr. Whoever prints text of a table passes it through `shown`, so
that `[bold]` in a title is no markup and nothing in it steers the terminal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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

    console = Console(stderr=True)
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
    console = Console(soft_wrap=True, highlight=False)
    return console if console.is_terminal else Console(soft_wrap=True, highlight=False, width=_WIDTH_IN_FILES)


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
    text = json.dumps(value, ensure_ascii=False)
    plain = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    Console(soft_wrap=True, highlight=False, markup=False).out(plain, highlight=False)


def empty_table(*names: str, numbers: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> WordTable:
    """Return an empty table with these columns, those of `numbers` to the right and never broken.

    Columns of `optional` are left out where the terminal is too narrow, the first of them first.
    """
    return WordTable(names, numbers=numbers, optional=optional)
