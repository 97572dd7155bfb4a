"""`songatlas compare`: what became of the clusters of an older atlas, and which songs changed theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from songatlas.cli import options as opt
from songatlas.cli.terminal import empty_table, print_json, progress_bar, shown, stdout

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from songatlas.atlas.comparing import ClusterChange, Comparison

_NUMBERS = ("Songs", "Songs now", "Shared", "Joined", "Left")
_OPTIONAL = ("Left", "Joined", "Shared", "Songs now", "Songs")  # what a narrow terminal may do without


def compare(
    old_atlas: Annotated[Path, typer.Argument(metavar="OLD_ATLAS", help="Folder of the older atlas.")],
    new_atlas: Annotated[Path, typer.Argument(metavar="NEW_ATLAS", help="Folder of the newer atlas.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="CSV file for all songs that changed their cluster."
        ),
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", "-n", metavar="ROWS", help="Changed songs to show.", min=0)
    ] = 10,
    raw_cells: opt.RawCells = False,
    as_json: opt.AsJson = False,
) -> None:
    """Say what became of the clusters of an older atlas: kept, moved, split, merged, new or gone.

    Clusters are matched by the songs that both atlases hold, else by their centres. The atlases may be built
    of other songs, features, spaces and numbers of clusters.
    """
    from songatlas.atlas.comparing import compare as compare_atlases
    from songatlas.files import write_file
    from songatlas.safe_cells import text_of_cells

    if output is not None:
        opt.require_folder(output)
        opt.require_unread(output, old_atlas, new_atlas)
    with progress_bar() as progress:
        progress(0.1, "opening and comparing the atlases")
        found = compare_atlases(old_atlas, new_atlas)
        if output is not None:
            progress(0.9, "writing")
            write_file(output, text_of_cells(found.songs, raw=raw_cells))
    if as_json:
        print_json(found.to_dict(rows=rows))
        return
    console = stdout()
    _tell(console, found)
    _tell_songs(console, found.songs, rows)
    if output is not None:
        console.print(f"\n{found.songs.height:,} songs that changed their cluster: {shown(str(output))}")


def _tell(console: Console, found: Comparison) -> None:
    """Print the summary, the clusters and the notes."""
    console.print(shown(found.summary))
    for note in found.notes:
        console.print(f"- {_shown(note, longest=400)}")
    if found.is_same:
        return
    heads = ("", "Old", "Songs", "New", "Songs now", "Shared", "Joined", "Left")
    table = empty_table(*heads, numbers=_NUMBERS, optional=_OPTIONAL)
    for each in found.clusters:
        table.add_row(*_cells(each, by_songs=found.matched_by == "songs"))
    console.print()
    console.print(table)
    for each in found.clusters:
        console.print(f"- {_shown(each.sentence, longest=1000)}")


def _cells(each: ClusterChange, *, by_songs: bool) -> tuple[str, ...]:
    """The row of one cluster."""
    change = each.change
    counted = by_songs and change.old is not None and change.new is not None
    return (
        change.kind,
        _shown(each.old_name),
        "" if each.old_size is None else f"{each.old_size:,}",
        _shown(each.new_name),
        "" if each.new_size is None else f"{each.new_size:,}",
        f"{change.n_kept:,}" if counted else "",
        "" if change.new is None else f"{each.n_joined:,}",
        "" if change.old is None else f"{each.n_left:,}",
    )


def _tell_songs(console: Console, songs: pl.DataFrame, rows: int) -> None:
    """Print the first songs that changed their cluster."""
    if not songs.height or not rows:
        return
    console.print(f"\nSongs that changed their cluster ({min(rows, songs.height):,} of {songs.height:,}):")
    table = empty_table("Song", "Artists", "Old", "New", optional=("Artists",))
    for song in songs.head(rows).iter_rows(named=True):
        cells = (song["title"] or song["song_id"], song["artists"], song["old_cluster"], song["new_cluster"])
        table.add_row(*(_shown(cell) for cell in cells))
    console.print(table)


def _shown(text: str | None, *, longest: int = 80) -> str:
    """A text of a table of songs as the terminal shows it: one line, no markup, no control signs."""
    from songatlas.report.wording import brief

    return shown(brief(text, longest=longest))
