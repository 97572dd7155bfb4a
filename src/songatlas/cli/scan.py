"""`songatlas scan`: a folder of music files becomes a songs table; `build FOLDER` does it on the way."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from songatlas.cli import options as opt
from songatlas.cli.terminal import empty_table, print_json, progress_bar, shown, stdout
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

    from songatlas.audio.scan.scanning import Scan

_MOST_ROWS = 40
_MOST_SKIPPED = 5
_LONGEST = 160

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", help="Processes that read files. [default: all cores]", min=1, max=1024
    ),
]
FileLimit = Annotated[
    float | None,
    typer.Option(
        "--file-limit", metavar="SECONDS", help="Seconds that one file may take. [default: 120]", min=1.0
    ),
]


def scan(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of music files.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Songs table to write: .parquet, .csv or .jsonl. [default: songs.parquet]",
        ),
    ] = None,
    workers: Workers = None,
    file_limit: FileLimit = None,
    raw_cells: opt.RawCells = False,
    as_json: opt.AsJson = False,
) -> None:
    """Measure the music files of a folder and write them as a songs table, offline.

    A second scan reads only what is new or changed; one that was stopped goes on where it was. What is known
    of the files lies beside the table, in a file that ends in .scan.sqlite.
    """
    from songatlas.report.outputs_place import require_own_scan

    table = output or Path("songs.parquet")
    opt.require_folder(table)
    if output is None:
        require_own_scan(table, folder=False)
    with progress_bar() as progress:
        found = scan_songs(
            folder, table, workers=workers, file_limit=file_limit, raw_cells=raw_cells, progress=progress
        )
    if as_json:
        print_json(found.to_dict())
        return
    tell_scan(found)
    _tell_short(found)
    stdout().print(f"\nNext: [bold]songatlas build {shown(_quoted(table))}[/]")


def scan_songs(
    folder: Path,
    output: Path,
    *,
    workers: int | None,
    file_limit: float | None = None,
    raw_cells: bool = False,
    progress: Progress,
) -> Scan:
    """Scan a folder; one without a single song ends here, and Ctrl-C says how to go on."""
    from songatlas.audio.scan.scanning import PER_FILE_S, scan_folder

    try:
        found = scan_folder(
            folder,
            output=output,
            workers=workers,
            per_file_s=PER_FILE_S if file_limit is None else file_limit,
            raw_cells=raw_cells,
            progress=progress,
        )
    except KeyboardInterrupt:
        typer.echo("songatlas: stopped; the same command goes on where it was", err=True)
        raise typer.Exit(130) from None
    if not found.n_songs:
        first = found.not_ok[0]
        raise SongAtlasError(
            f"none of the {found.n_files:,} files in {str(folder)!r} gave features (the first: "
            f"{shown(first.path)} is {first.outcome}: {first.reason}); {str(output)!r} tells of each one"
        )
    return found


def refuse_folder(songs: Path, command: str) -> None:
    """Tell a command that reads a table what to do with a folder of music, or with one of our own."""
    from songatlas.songs.folder_files import is_output

    if songs.is_dir() and is_output(songs):
        raise BadSettings(
            f"{str(songs)!r} is a folder that songatlas wrote, and '{command}' reads a table: name a file of "
            "songs, such as the one that the atlas was built of"
        )
    if songs.is_dir():
        raise BadSettings(
            f"{str(songs)!r} is a folder, and '{command}' reads a table: make one of its music files with "
            f"'songatlas scan {_quoted(songs)} -o songs.parquet', then name songs.parquet"
        )


def refuse_music(folder: Path) -> None:
    """Tell a command that opens an atlas what to do with a folder of music."""
    from songatlas.audio.listing import list_audio

    if list_audio(folder).files:
        directory = f"{folder.absolute().name}_atlas"
        raise BadSettings(
            f"{str(folder)!r} is a folder of music files: make its atlas with 'songatlas build "
            f"{_quoted(folder)}', then open {directory}"
        )


def tell_scan(found: Scan) -> None:
    """Print what became of the files: counts, those that are not ok with the reason, notes."""
    console = stdout()
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in found.outcomes.items())
    console.print(
        f"{_n_files(found.n_files)} of {shown(str(found.folder))}: {counts} ({_took(found.seconds)})"
    )
    for sentence in _sentences(found):
        console.print(f"- {shown(sentence)}")
    if found.not_ok:
        _tell_not_ok(console, found)
    songs = "1 song" if found.n_songs == 1 else f"{found.n_songs:,} songs"
    console.print(f"{songs} with features: {shown(str(found.output))}")


def _sentences(found: Scan) -> list[str]:
    """What else is worth knowing, one line each."""
    said = []
    if found.n_unchanged:
        said.append(f"{_n_files(found.n_unchanged)} unchanged since an earlier scan, not opened again")
    if found.n_recognised:
        said.append(
            f"{_n_files(found.n_recognised)} known by the sound (moved, renamed, retagged or a copy), "
            "not measured again"
        )
    if found.n_forgotten:
        said.append(f"{_n_files(found.n_forgotten)} no longer there, taken out")
    said += [note[:1].upper() + note[1:] for note in found.notes]
    if found.skipped:
        some = "; ".join(f"{path}: {reason}" for path, reason in found.skipped[:_MOST_SKIPPED])
        more = len(found.skipped) - _MOST_SKIPPED
        said.append(f"Left out: {some}" + (f"; and {more:,} more (--json names them)" if more > 0 else ""))
    return said


def _tell_not_ok(console: Console, found: Scan) -> None:
    """Print the files that are not ok, as many as one may want to read."""
    table = empty_table("File", "Outcome", "Reason")
    for each in found.not_ok[:_MOST_ROWS]:
        table.add_row(*(_short(cell) for cell in (each.path, each.outcome, each.reason)))
    console.print(table)
    more = len(found.not_ok) - _MOST_ROWS
    if more > 0:
        console.print(
            f"{more:,} more are not ok: the columns outcome and outcome_reason of the table name them"
        )


def _tell_short(found: Scan) -> None:
    """Say how many songs a build will leave out as too short; not where that rule would take most of them."""
    import polars as pl

    from songatlas.songs.mending import MOST
    from songatlas.songs.triage import TOO_SHORT_MS

    ending = found.output.suffix.lower()
    if ending == ".parquet":
        songs = pl.scan_parquet(found.output)
    else:
        songs = pl.scan_csv(found.output) if ending == ".csv" else pl.scan_ndjson(found.output)
    lengths = songs.select("song_id", "duration_ms").drop_nulls().unique("song_id").collect()["duration_ms"]
    n_short = int((lengths < TOO_SHORT_MS).sum())
    if 0 < n_short <= MOST * len(lengths):
        are, them = ("1 of them is", "it") if n_short == 1 else (f"{n_short:,} of them are", "them")
        stdout().print(
            f"{are} shorter than {TOO_SHORT_MS / 1000:.0f} seconds: 'songatlas build' leaves {them} out, "
            "unless with --keep too_short"
        )


def _quoted(path: Path) -> str:
    """A path as a shell needs it."""
    return shlex.quote(str(path))


def _n_files(count: int) -> str:
    """A number of files in words."""
    return "1 file" if count == 1 else f"{count:,} files"


def _took(seconds: float) -> str:
    """How long a scan took."""
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.1f} minutes"


def _short(text: str) -> str:
    """A text in the width of a cell, harmless to the terminal."""
    return shown(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
