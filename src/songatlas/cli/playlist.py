"""`songatlas playlist`: choose songs of an atlas, put them in order, tell every transition, write a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from songatlas.cli import options as opt
from songatlas.cli.terminal import empty_table, print_json, progress_bar, shown, stdout
from songatlas.errors import BadSettings, quoted
from songatlas.features import amount
from songatlas.files import write_file

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from songatlas.atlas import Atlas
    from songatlas.atlas.playlist import Playlist
    from songatlas.playlists import Located, TrackList

_TEMPO, _KEYS, _ENERGY, _DISTANCE = "Tempo →", "Keys →", "Energy →", "Distance →"
_COLUMNS = ("", "Song", "BPM", "Key", "Energy", "Time", _TEMPO, _KEYS, _ENERGY, _DISTANCE)
_WIDE = 100  # signs; a narrower terminal has fewer columns
_LONGEST = 160  # signs of a song's name
_MOST_NAMED = 3
_IN_WIDE = (_ENERGY, _DISTANCE)


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
        typer.Option(
            "--like", metavar="SONG", help="Liked song or its file, or a playlist file of such. Repeatable."
        ),
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
        int,
        typer.Option(
            "--artist-gap", metavar="N", help="Songs between two of one artist; a sorted order goes before."
        ),
    ] = 2,
    per_artist: Annotated[
        int,
        typer.Option("--per-artist", metavar="N", help="Most songs of one artist; 0 for any number.", min=0),
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
    raw_cells: opt.RawCells = False,
    as_json: opt.AsJson = False,
) -> None:
    """Make a playlist: from a cluster, liked songs, a path, a filter, or more songs for a playlist file.

    Prints the songs in their order and what happens between them; -o writes a file that players open.
    """
    from songatlas.atlas import Atlas
    from songatlas.atlas.playlist import make_playlist
    from songatlas.safe_cells import text_of_cells

    _check_files(output, report, all_clusters=all_clusters, read=(atlas, *(like or ()), *(unlike or ())))
    if report is not None:
        opt.require_unread(report, extend)
    if output is not None and extend is not None:
        _require_columns_kept(output, extend)
    _check_places(output, location=location, music=music)
    place = _Place(template=location, music=music)
    options: dict[str, Any] = {
        "filters": tuple(where or ()),
        "minutes": minutes,
        "n_songs": n_songs,
        "order": order,
        "artist_gap": artist_gap,
        "per_artist": per_artist or None,
        "key_strictness": key_strictness,
        "seed": seed or 0,
    }
    loaded = Atlas.load(atlas)
    if all_clusters:
        if any((cluster, subcluster is not None, like, start, end, extend)):
            raise BadSettings("--all-clusters with another source: give one of them")
        folder, form = output or Path(), _Form(format, raw_cells=raw_cells)
        _make_all(loaded, folder, options, place=place, form=form, as_json=as_json)
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
        made = _write_one(loaded, made, output, place=place, form=_Form(format, raw_cells=raw_cells))
    if report is not None:
        write_file(report, text_of_cells(made.transitions, raw=raw_cells))
    _tell(made, output, as_json=as_json)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where the songs of a playlist are, as a person says it: a template and a folder of music."""

    template: str | None
    music: Path | None


@dataclass(frozen=True)
class _Form:
    """The format of playlist files, where their names do not say it, and how CSV is written."""

    name: str | None
    _: KW_ONLY
    raw_cells: bool


def _write_one(atlas: Atlas, made: Playlist, output: Path, *, place: _Place, form: _Form) -> Playlist:
    """Write a playlist; return it with notes on what the file cannot hold or name."""
    from songatlas.atlas.playlist import playlist_tracks
    from songatlas.atlas.song_files import told_gone
    from songatlas.playlists import held_in_place, left_out, locate_all, write_playlist
    from songatlas.playlists.formats import format_named, format_of

    format = (format_named(form.name) if form.name else format_of(output)).name
    added = made.songs["added"].arg_true().to_list()
    located = locate_all(
        playlist_tracks(atlas, made, with_ids=format == "uris"),
        template=place.template,
        music=place.music,
        playlist_dir=output.parent,
        added=added,
    )
    write_playlist(output, located.tracks, format=format, raw_cells=form.raw_cells)
    lost = left_out(located.tracks, format, added=added)
    gone = told_gone(located.tracks.tracks) if place.template is None and format != "uris" else ()
    held = held_in_place(located.tracks, output, format=format)
    return replace(made, notes=(*made.notes, *located.notes, *gone, *held, *lost))


def _make_all(
    atlas: Atlas,
    folder: Path,
    options: Mapping[str, Any],
    *,
    place: _Place,
    form: _Form,
    as_json: bool,
) -> None:
    """Make and write one playlist for each cluster, and tell of them."""
    from songatlas.atlas.playlist import INDEX_FILE, all_cluster_playlists, playlist_tracks
    from songatlas.atlas.song_files import told_gone
    from songatlas.playlists import held_in_place, left_out

    with progress_bar() as progress:
        progress(0.1, "choosing and ordering")
        made = all_cluster_playlists(atlas, **options)
    lists = [playlist_tracks(atlas, each) for each in made]
    together = _together(lists, template=place.template, music=place.music, folder=folder)
    files = _write_all(folder, _apart(together.tracks, lists), made, form=form)
    gone = told_gone(together.tracks.tracks) if place.template is None else ()
    format = form.name or "m3u8"
    held = held_in_place(together.tracks, folder / INDEX_FILE, format=format)
    notes = (*together.notes, *gone, *held, *left_out(together.tracks, format))
    _tell_all(made, files, folder, notes=notes, as_json=as_json)


def _ends(start: str | None, end: str | None) -> tuple[str, str] | None:
    """Both ends of a path, or none."""
    if (start is None) != (end is None):
        raise BadSettings("a path needs both ends: give --from SONG and --to SONG")
    return None if start is None or end is None else (start, end)


def _check_files(
    output: Path | None, report: Path | None, *, all_clusters: bool, read: Sequence[str | Path]
) -> None:
    """Refuse files that cannot be written before the work begins."""
    if all_clusters and (output is None or report is not None):
        raise BadSettings("--all-clusters writes a folder: name it with -o DIR, and leave --report")
    opt.require_different(report, output)
    for path in (report, None if all_clusters else output):
        if path is not None:
            opt.require_folder(path)
            opt.require_unread(path, *read)


def _require_columns_kept(output: Path, extend: Path) -> None:
    """Refuse a playlist in place of the table that it extends, where columns would be lost."""
    from songatlas.playlists.reading import columns_lost

    if not (output.exists() and extend.exists() and output.samefile(extend)):
        return
    lost = columns_lost(extend)
    if lost:
        named = ", ".join(quoted(name) for name in lost[:_MOST_NAMED])
        more = f" and {len(lost) - _MOST_NAMED:,} more" if len(lost) > _MOST_NAMED else ""
        columns = "column" if len(lost) == 1 else "columns"
        raise BadSettings(
            f"{quoted(str(output), longest=300)} is a table of songs, and a playlist in its place would lose "
            f"the {columns} {named}{more}: name another file with -o"
        )


def _check_places(output: Path | None, *, location: str | None, music: Path | None) -> None:
    """Refuse to be told of places where no file is written."""
    option = "--location" if location is not None else "--music"
    if output is None and (location is not None or music is not None):
        raise BadSettings(f"{option} says what a playlist file holds: name the file with -o FILE")


def _together(
    lists: Sequence[TrackList], *, template: str | None, music: Path | None, folder: Path
) -> Located:
    """All songs of some playlists with the places where a player finds them."""
    from songatlas.playlists import TrackList, locate_all

    tracks = TrackList(name="", tracks=tuple(track for each in lists for track in each.tracks))
    return locate_all(tracks, template=template, music=music, playlist_dir=folder)


def _apart(together: TrackList, lists: Sequence[TrackList]) -> list[TrackList]:
    """The playlists again, with the songs that were put together."""
    songs = iter(together.tracks)
    return [replace(each, tracks=tuple(islice(songs, len(each.tracks)))) for each in lists]


def _write_all(
    folder: Path, lists: Sequence[TrackList], made: Sequence[Playlist], *, form: _Form
) -> list[str]:
    """Write one file for each playlist and an index of them, all or none; return the names of the files."""
    from songatlas.atlas.folders import write_folder
    from songatlas.atlas.playlist import INDEX_FILE, playlists_index
    from songatlas.playlists import playlist_text, safe_file_names
    from songatlas.playlists.formats import format_named
    from songatlas.safe_cells import write_cells

    format, raw_cells = form.name or "m3u8", form.raw_cells
    suffix = format_named(format).suffixes[0]
    files = safe_file_names([tracks.name for tracks in lists], suffix, beside=INDEX_FILE)
    index = playlists_index(made, files)

    def write(new: Path) -> None:
        for file, tracks in zip(files, lists, strict=True):
            write_file(new / file, playlist_text(tracks, format, directory=folder, raw_cells=raw_cells))
        write_cells(index, new / INDEX_FILE, raw=raw_cells)

    earlier = _files_of(folder / INDEX_FILE)
    foreign = [file for file in files if file not in earlier and (folder / file).exists()]
    if foreign:
        raise BadSettings(
            f"{str(folder / foreign[0])!r} is a file of yours that would be replaced: name another folder"
        )
    write_folder(folder, write, ours={*files, INDEX_FILE, *earlier})
    return files


def _files_of(index: Path) -> list[str]:
    """Files that an earlier run wrote beside its index; `BadSettings` where the index is a stranger's."""
    import polars as pl

    from songatlas.atlas.playlist import playlists_index
    from songatlas.playlists import FORMATS
    from songatlas.safe_cells import unguarded

    if not index.exists():
        return []
    try:
        table = pl.read_csv(index, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError):
        table = pl.DataFrame()
    if table.columns != playlists_index((), ()).columns:
        raise BadSettings(f"{str(index)!r} is a file of yours that would be replaced: name another folder")
    suffixes = {suffix for each in FORMATS.values() for suffix in each.suffixes}
    names = [name for each in table["file"].drop_nulls() for name in (each, unguarded(each))]
    return [name for name in names if Path(name).name == name and Path(name).suffix.lower() in suffixes]


def _tell_all(
    made: Sequence[Playlist], files: Sequence[str], folder: Path, *, notes: Sequence[str], as_json: bool
) -> None:
    from songatlas.atlas.playlist import INDEX_FILE

    if as_json:
        print_json({"folder": str(folder), "notes": list(notes), "playlists": [
            {"file": file, **each.to_dict()} for file, each in zip(files, made, strict=True)
        ]})  # fmt: skip
        return
    table = empty_table("File", "Songs", "Minutes", "Transitions", numbers=("Songs", "Minutes"))
    for file, each in zip(files, made, strict=True):
        summary = each.summary
        table.add_row(shown(file), str(summary["n_songs"]), f"{summary['minutes']:.0f}", summary["sentence"])
    console = stdout()
    console.print(table)
    for note in notes:
        _say(console, f"Note: {_one_line(note)}")
    console.print(f"Wrote {len(files)} playlists and {INDEX_FILE} into {shown(str(folder))}")


def _tell(made: Playlist, output: Path | None, *, as_json: bool) -> None:
    """Print a playlist."""
    if as_json:
        print_json({**made.to_dict(), "file": None if output is None else str(output)})
        return
    console = stdout()
    console.print(f"[bold]{escape(_one_line(made.name))}[/bold]")
    is_short = console.width < _WIDE
    columns = [
        name
        for name in _COLUMNS
        if (name != _KEYS or made.summary["order"] == "key") and not (is_short and name in _IN_WIDE)
    ]
    table = empty_table(*columns, numbers=tuple(name for name in columns if name not in ("Song", _KEYS)))
    steps = [*made.transitions.to_dicts(), {}]
    of_file = not made.songs["added"].all()
    for song, step in zip(made.songs.to_dicts(), steps, strict=True):
        cells = _cells(song, step, mark=of_file)
        table.add_row(*(escape(cells[name]) for name in columns))
    console.print(table)
    if made.transitions.height:
        _say(console, _legend(made.transitions))
    _say(console, _headline(made.summary, of_file=of_file))
    _say(console, made.summary["sentence"])
    for note in made.notes:
        _say(console, f"Note: {_one_line(note)}")
    if output is not None:
        console.print(f"\nWrote {shown(str(output))}")


def _say(console: Console, sentence: str) -> None:
    """Print a sentence; a terminal breaks it between words, a file holds it in one line."""
    console.print(escape(sentence), soft_wrap=not console.is_terminal)


def _cells(song: dict[str, Any], step: dict[str, Any], *, mark: bool) -> dict[str, str]:
    """What the table says of a song and of the step to the next one, by column."""
    at = {"double time": "×2 ", "half time": "×½ "}.get(step.get("tempo_at") or "", "")
    fits = {True: "fits", False: "clash"}.get(step.get("harmonic"), "")  # type: ignore[arg-type]
    marked = " (not in the atlas)" if song["row"] is None else " (added)" if mark and song["added"] else ""
    return {
        "": str(song["place"]),
        "Song": _one_line(_called(song)) + marked,
        "BPM": _number(song.get("tempo_bpm"), "{:.0f}"),
        "Key": song.get("camelot") or "",
        "Energy": _number(song.get("energy"), "{:.2f}"),
        "Time": amount("duration_ms", song["duration_ms"]) if song.get("duration_ms") else "",
        _TEMPO: _step(step.get("tempo_change_percent"), 0, f"{at}{{}}%"),
        _KEYS: fits,
        _ENERGY: _step(step.get("energy_step"), 2, "{}"),
        _DISTANCE: _number(step.get("distance"), "{:.2f}"),
    }


def _legend(transitions: pl.DataFrame) -> str:
    """What the signs in the table mean."""
    folded = transitions["tempo_at"].is_in(["double time", "half time"]).any()
    more = "; ×2, ×½: to double or half time, where that is nearer" if folded else ""
    return f"→ is the change to the next song{more}."


def _headline(summary: Mapping[str, Any], *, of_file: bool) -> str:
    """How many songs, how long, in which order."""
    n, minutes = summary["n_songs"], round(summary["minutes"])
    songs = f"{n} song{'' if n == 1 else 's'}"
    added = f", {summary['n_added']} of them added" if of_file else ""
    order = {"path": "in even steps from the first to the last", "given": "in the order given"}.get(
        summary["order"], f"in {summary['order']} order"
    )
    return f"{songs}{added}, {minutes} minute{'' if minutes == 1 else 's'}, {order}."


def _called(song: dict[str, Any]) -> str:
    """Title and artists, or the id."""
    from songatlas.playlists.tracks import brief_line

    said = (song.get("title"), ", ".join(name for name in song.get("artists") or [] if name))
    return brief_line(" - ".join(part for part in said if part) or song["song_id"], longest=_LONGEST)


def _one_line(text: str) -> str:
    """Text that cannot break out of its line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _step(value: float | None, decimals: int, form: str) -> str:
    """A change with its sign; none at all has no sign."""
    if value is None:
        return ""
    rounded = round(value, decimals)
    return form.format(f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}")
