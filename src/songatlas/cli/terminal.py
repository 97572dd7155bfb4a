"""The terminal: where results, JSON and progress are printed, in one way for all commands.

Results go to stdout, progress to stderr. Text of a table of songs has to be escaped by who prints it, so that
`[bold]` in a title is no markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from songatlas.progress import Progress

_WIDTH_IN_FILES = 140


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a progress bar on stderr; nothing where that is no terminal."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bars:
        task = bars.add_task("starting", total=1.0)
        yield lambda share, words: bars.update(task, completed=share, description=words)


def stdout() -> Console:
    """Return a console for stdout that leaves long lines and numbers alone; wide where it is no terminal."""
    console = Console(soft_wrap=True, highlight=False)
    return console if console.is_terminal else Console(soft_wrap=True, highlight=False, width=_WIDTH_IN_FILES)


def print_json(value: Any) -> None:
    """Print JSON on stdout."""
    Console(soft_wrap=True, highlight=False, markup=False).out(
        json.dumps(value, ensure_ascii=False), highlight=False
    )


def empty_table(*names: str, numbers: tuple[str, ...] = ()) -> Table:
    """Return an empty table with these columns, those of `numbers` to the right; long cells fold."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", justify="right" if name in numbers else "left")
    return table
