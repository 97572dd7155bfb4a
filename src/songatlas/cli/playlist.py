"""`songatlas playlist`: choose songs of an atlas, put them in order, tell every transition, write a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from songatlas.cli import options as opt
from songatlas.cli.terminal import empty_table, print_json, progress_bar, stdout
from songatlas.errors import BadSettings
from songatlas.features import amount
from songatlas.files import write_file

if TYPE_CHECKING:
    from songatlas.atlas.playlist import Playlist
    from songatlas.playlists import TrackList

_INDEX = "playlists.csv"


def playlist(
    atlas: Annotated[Path, typer.Argument(metavar="ATLAS", help="Folder that 'songatlas build' wrote.")],
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="NAME", help="Name, part of it, or number of a cluster."),
    ] = None,
    subcluster: Annotated[
        int | None, typer.Option("--subcluster", metavar="N", help="Number of a subcluster.")
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option("--like", metavar="SONG", help="Liked song, or a playlist file of such. Repeatable."),
    ] = None,
    unlike: Annotated[
        list[str] | None, typer.Option("--unlike", metavar="SONG", help="Song not liked. Repeatable.")
    ] = None,
    with_liked: Annotated[
        bool, typer.Option("--with-liked", help="Let the liked songs be part of the playlist.")
    ] = False,
    start: Annotated[
        str | None, typer.Option("--from", metavar="SONG", help="First song of a path; with --to.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="SONG", help="Last song of a path; with --from.")
    ] = None,
    extend: Annotated[
        Path | None, typer.Option("--extend", metavar="FILE", help="Playlist file to add songs to.")
    ] = None,
    reorder: Annotated[
        bool, typer.Option("--reorder", help="With --extend: put all songs in the order, not only new ones.")
    ] = False,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="One playlist for each cluster, into the folder of -o.")
    ] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="FILTER", help="Such as 'year>=1980' or 'tempo=100..130'. Repeatable."
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="X", help="Length in minutes. [default: 60]")
    ] = None,
    n_songs: Annotated[int | None, typer.Option("--songs", metavar="N", help="Length in songs.")] = None,
    order: Annotated[
        str | None,
        typer.Option(
            "--order",
            metavar="NAME",
            help="smooth, energy-up, energy-down, energy-arc, tempo, key or given. [default: smooth]",
        ),
    ] = None,
    artist_gap: Annotated[
        int, typer.Option("--artist-gap", metavar="N", help="Songs between two of one artist.")
    ] = 2,
    per_artist: Annotated[
        int, typer.Option("--per-artist", metavar="N", help="Most songs of one artist.")
    ] = 3,
    key_strictness: Annotated[
        str, typer.Option("--key-strictness", metavar="NAME", help="strict, usual or loose.")
    ] = "usual",
    seed: opt.Seed = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Name of the playlist.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: .m3u8, .xspf, .jspf, .csv, .txt; or a folder.",
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Format, where the name does not say it.")
    ] = None,
    location: Annotated[
        str | None,
        typer.Option("--location", metavar="TEMPLATE", help="Where songs are, e.g. '{artist}/{title}.mp3'."),
    ] = None,
    music: Annotated[
        Path | None, typer.Option("--music", metavar="DIR", help="Folder that --location starts from.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="CSV file of all transitions.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Make a playlist: from a cluster, liked songs, a path, a filter, or more songs for a playlist file.

    Prints the songs in their order and what happens between them; -o writes a file that players open.
    """
    from songatlas.atlas import Atlas
    from songatlas.atlas.playlist import all_cluster_playlists, make_playlist, playlist_tracks
    from songatlas.playlists import TrackList, left_out, write_playlist
    from songatlas.playlists.formats import format_of

    _check_files(output, report, all_clusters=all_clusters)
    options: dict[str, Any] = {
        "filters": tuple(where or ()),
        "minutes": minutes,
        "n_songs": n_songs,
        "order": order,
        "artist_gap": artist_gap,
        "per_artist": per_artist,
        "key_strictness": key_strictness,
        "seed": seed or 0,
    }
    loaded = Atlas.load(atlas)

    def located(made: Playlist, folder: Path) -> TrackList:
        return _located(playlist_tracks(loaded, made), template=location, music=music, folder=folder)

    if all_clusters:
        if any((cluster, subcluster is not None, like, start, end, extend)):
            raise BadSettings("--all-clusters with another source: give one of them")
        with progress_bar() as progress:
            progress(0.1, "choosing and ordering")
            made_all = all_cluster_playlists(loaded, **options)
        folder = output or Path()
        lists = [located(each, folder) for each in made_all]
        files = _write_all(folder, lists, made_all, format=format)
        together = TrackList(name="", tracks=tuple(track for each in lists for track in each.tracks))
        _tell_all(made_all, files, folder, notes=left_out(together, format or "m3u8"), as_json=as_json)
        return
    made = make_playlist(
        loaded,
        cluster=cluster,
        subcluster=subcluster,
        like=tuple(like or ()),
        unlike=tuple(unlike or ()),
        with_liked=with_liked,
        path=_ends(start, end),
        extend=extend,
        reorder=reorder,
        name=name,
        **options,
    )
    if output is not None:
        tracks = located(made, output.parent)
        write_playlist(output, tracks, format=format)
        made = replace(made, notes=(*made.notes, *left_out(tracks, format or format_of(output).name)))
    if report is not None:
        write_file(report, made.transitions.write_csv())
    _tell(made, output, as_json=as_json)


def _ends(start: str | None, end: str | None) -> tuple[str, str] | None:
    """Both ends of a path, or none."""
    if (start is None) != (end is None):
        raise BadSettings("a path needs both ends: give --from SONG and --to SONG")
    return None if start is None or end is None else (start, end)


def _check_files(output: Path | None, report: Path | None, *, all_clusters: bool) -> None:
    """Refuse files that cannot be written before the work begins."""
    if all_clusters and (output is None or report is not None):
        raise BadSettings("--all-clusters writes a folder: name it with -o DIR, and leave --report")
    for path in (report, None if all_clusters else output):
        if path is not None:
            opt.require_folder(path)


def _located(tracks: TrackList, *, template: str | None, music: Path | None, folder: Path) -> TrackList:
    """Tracks with the places where a player finds them."""
    from songatlas.playlists import locate

    if template is None and music is None:
        return tracks
    found = tuple(
        replace(
            track,
            location=locate(track, template=template, music=music, playlist_dir=folder) or track.location,
        )
        for track in tracks.tracks
    )
    return replace(tracks, tracks=found)


def _write_all(
    folder: Path, lists: Sequence[TrackList], made: Sequence[Playlist], *, format: str | None
) -> list[str]:
    """Write one file for each playlist and an index of them, all or none; return the names of the files."""
    import polars as pl

    from songatlas.atlas.folders import write_folder
    from songatlas.playlists import safe_file_name, write_playlist
    from songatlas.playlists.formats import format_named

    suffix = format_named(format or "m3u8").suffixes[0]
    files: list[str] = []
    for tracks in lists:
        files.append(f"{safe_file_name(tracks.name, {name.rsplit('.', 1)[0] for name in files})}{suffix}")
    index = pl.DataFrame(
        {
            "file": files,
            "name": [each.name for each in made],
            "n_songs": [each.summary["n_songs"] for each in made],
            "minutes": [round(each.summary["minutes"], 1) for each in made],
            "order": [each.summary["order"] for each in made],
        }
    )

    def write(new: Path) -> None:
        for file, tracks in zip(files, lists, strict=True):
            write_playlist(new / file, tracks, format=format or "m3u8")
        index.write_csv(new / _INDEX)

    write_folder(folder, write, ours={*files, _INDEX, *_files_of(folder / _INDEX)})
    return files


def _files_of(index: Path) -> list[str]:
    """Files that an earlier run wrote beside its index."""
    import polars as pl

    try:
        names = pl.read_csv(index)["file"].cast(pl.String).to_list()
    except (OSError, pl.exceptions.PolarsError):
        return []
    return [name for name in names if name and Path(name).name == name]


def _tell_all(
    made: Sequence[Playlist], files: Sequence[str], folder: Path, *, notes: Sequence[str], as_json: bool
) -> None:
    if as_json:
        print_json({"folder": str(folder), "notes": list(notes), "playlists": [
            {"file": file, **each.to_dict()} for file, each in zip(files, made, strict=True)
        ]})  # fmt: skip
        return
    table = empty_table("File", "Songs", "Minutes", "Transitions", numbers=("Songs", "Minutes"))
    for file, each in zip(files, made, strict=True):
        summary = each.summary
        table.add_row(escape(file), str(summary["n_songs"]), f"{summary['minutes']:.0f}", summary["sentence"])
    console = stdout()
    console.print(table)
    for note in notes:
        console.print(f"Note: {escape(_one_line(note))}")
    console.print(f"Wrote {len(files)} playlists and {_INDEX} into {escape(str(folder))}")


def _tell(made: Playlist, output: Path | None, *, as_json: bool) -> None:
    """Print a playlist."""
    if as_json:
        print_json({**made.to_dict(), "file": None if output is None else str(output)})
        return
    console = stdout()
    console.print(f"[bold]{escape(_one_line(made.name))}[/bold]")
    table = empty_table(
        "", "Song", "BPM", "Key", "Energy", "Time", "Then", numbers=("", "BPM", "Energy", "Time")
    )
    steps = ["", *map(_step_told, made.transitions.to_dicts())]
    for song, step in zip(made.songs.to_dicts(), [*steps[1:], ""], strict=True):
        table.add_row(
            str(song["place"]),
            escape(_one_line(_called(song))),
            _number(song.get("tempo_bpm"), "{:.0f}"),
            song.get("camelot") or "",
            _number(song.get("energy"), "{:.2f}"),
            amount("duration_ms", song["duration_ms"]) if song.get("duration_ms") else "",
            step,
        )
    console.print(table)
    console.print(
        f"{made.summary['n_songs']} songs, {made.summary['minutes']:.0f} minutes, {made.summary['order']}."
    )
    console.print(escape(made.summary["sentence"]))
    for note in made.notes:
        console.print(f"Note: {escape(_one_line(note))}")
    if output is not None:
        console.print(f"\nWrote {escape(str(output))}")


def _step_told(step: dict[str, Any]) -> str:
    """What happens between a song and the next, in a few words."""
    said = []
    if step["tempo_change_percent"] is not None:
        at = "" if step["tempo_at"] == "same time" else f" at {step['tempo_at']}"
        said.append(f"{step['tempo_change_percent']:+.0f}%{at}")
    if step["harmonic"] is not None:
        said.append(f"{step['key_from']} → {step['key_to']}{'' if step['harmonic'] else ' (clash)'}")
    if step["energy_step"] is not None:
        said.append(f"energy {step['energy_step']:+.2f}")
    return ", ".join([*said, f"distance {step['distance']:.2f}"])


def _called(song: dict[str, Any]) -> str:
    """Title and artists, or the id."""
    said = (song.get("title"), ", ".join(name for name in song.get("artists") or [] if name))
    return " - ".join(part for part in said if part) or song["song_id"]


def _one_line(text: str) -> str:
    """Text that cannot break out of its line."""
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(kept.split())[:200]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
