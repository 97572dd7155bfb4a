"""What the command line prints: tables, sentences, progress.

Text of a table of songs is escaped, so that `[bold]` in a title is no markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from songatlas.progress import Progress

if TYPE_CHECKING:
    from songatlas.atlas import Atlas, ClusteredRows
    from songatlas.songs import CleanSongs, ColumnReading, RuleCount, SongsTable, Source

_WIDTH_IN_FILES = 140


def reading(table: SongsTable, clean: CleanSongs, *, as_json: bool) -> None:
    """Print what was understood of every column of a table, and what would be left out."""
    if as_json:
        from songatlas.atlas.saved import plain

        _json({"source": plain(table.source), "columns": plain(table.columns), "counts": plain(clean.counts)})
        return
    console = _console()
    _tell_understood(console, table.source, table.columns)
    _tell_cleaning(console, table.source.n_rows, clean.n_songs, clean.songs.height, clean.counts)
    console.print("Nothing was written: this was a dry run")


def atlas(found: Atlas, directory: Path, *, as_json: bool) -> None:
    """Print what was read, left out and found, and what to open."""
    if as_json:
        _json(json.loads((directory / "quality.json").read_text(encoding="utf-8")))
        return
    console = _console()
    _tell_understood(console, found.source, found.columns)
    _tell_cleaning(console, found.n_rows, found.n_songs, found.songs.height, found.counts)
    for feature, why in found.dropped_features.items():
        console.print(f"- {escape(feature)} is not used: {escape(why)}")
    for note in found.space.notes:
        console.print(f"- {escape(note)}")
    console.print()
    console.print(_clusters_table(found))
    console.print(escape(found.verdict.sentence))
    if found.verdict.disagreement:
        console.print(escape(found.verdict.disagreement))
    console.print(f"\nOpen [bold]{escape(str(directory / 'report.html'))}[/]")


def _tell_understood(console: Console, source: Source, columns: Sequence[ColumnReading]) -> None:
    """Print how each column was read, and the dirt that was found."""
    console.print(f"What was understood of {escape(source.name)}:")
    console.print(_columns_table(columns))
    for note in source.notes:
        console.print(f"- {escape(note)}")


def _tell_cleaning(
    console: Console, n_rows: int, n_songs: int, n_clustered: int, counts: Sequence[RuleCount]
) -> None:
    """Print how many songs there are, and what each rule did that did anything."""
    merged = n_rows - n_songs
    told = f"{n_rows:,} rows" + (f", {merged:,} of them repeat a song" if merged else "")
    console.print(f"{n_songs:,} songs in {told}; {n_clustered:,} songs to cluster")
    for count in counts:
        if count.n_songs or count.n_rows:
            console.print(f"- {escape(count.sentence)}")


def rows(placed: ClusteredRows, target: Path, *, as_json: bool) -> None:
    """Print how many rows of a table went into each cluster."""
    counts = [int((placed.cluster == cluster).sum()) for cluster in range(len(placed.names))]
    n_left_out = int((placed.cluster < 0).sum())
    if as_json:
        _json(
            {
                "output": str(target),
                "n_rows": placed.n_rows,
                "n_left_out": n_left_out,
                "rows_in_cluster": dict(zip(placed.names, counts, strict=True)),
            }
        )
        return
    table = _table("Cluster", "Rows")
    for name, count in zip(placed.names, counts, strict=True):
        table.add_row(escape(name), f"{count:,}")
    console = _console()
    console.print(table)
    left = f", {n_left_out:,} left out (excluded_because says why)" if n_left_out else ""
    console.print(f"{placed.n_rows:,} rows{left}: {escape(str(target))}")


def facts(known: Mapping[str, str], *, as_json: bool) -> None:
    """Print names and values."""
    if as_json:
        _json(known)
        return
    console = _console()
    for name, value in known.items():
        console.print(f"{name:14} {escape(value)}")


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


def _console() -> Console:
    """A console for stdout that leaves long lines and numbers alone; wide where it is no terminal."""
    console = Console(soft_wrap=True, highlight=False)
    return console if console.is_terminal else Console(soft_wrap=True, highlight=False, width=_WIDTH_IN_FILES)


def _json(value: Any) -> None:
    """Print JSON on stdout."""
    Console(soft_wrap=True, highlight=False, markup=False).out(
        json.dumps(value, ensure_ascii=False), highlight=False
    )


def _table(*names: str) -> Table:
    """An empty table with these columns; long cells fold."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", justify="right" if name in ("Songs", "Rows") else "left")
    return table


def _columns_table(columns: Sequence[ColumnReading]) -> Table:
    """Table of the columns that became ours; those left alone without a word stand in the last line."""
    table = _table("Column", "Read as", "Unit", "Sure", "Note")
    for read in columns:
        if read.column is not None or read.note:
            cells = (read.header, read.column or "-", read.unit or "", read.how_sure, read.note)
            table.add_row(*(escape(cell) for cell in cells))
    alone = [read.header or "(no name)" for read in columns if read.column is None and not read.note]
    if alone:
        table.add_row(escape(", ".join(alone)), "-", "", "left alone", "")
    return table


def _clusters_table(found: Atlas) -> Table:
    """Table of the clusters: number, name, size, evidence."""
    table = _table("", "Cluster", "Songs", "Because")
    for profile in found.profiles:
        cells = (str(profile.cluster), profile.name, f"{profile.size:,}", profile.evidence)
        table.add_row(*(escape(cell) for cell in cells))
    return table
