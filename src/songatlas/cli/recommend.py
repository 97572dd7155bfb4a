"""`songatlas recommend`: songs that go with liked ones, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from songatlas.cli import options as opt
from songatlas.cli.terminal import empty_table, print_json, progress_bar, shown, stdout

if TYPE_CHECKING:
    from songatlas.atlas import Atlas
    from songatlas.atlas.recommending import Recommendations

_NUMBERS: Final = ("", "Score")
_MOST_NAMED: Final = 5


def recommend(
    atlas: Annotated[Path, typer.Argument(metavar="ATLAS", help="Folder that 'songatlas build' wrote.")],
    like: Annotated[
        list[str],
        typer.Option(
            "--like",
            metavar="SONG",
            help="Liked song (id, link, 'Title - Artist', title, file) or a playlist file. Repeatable.",
        ),
    ],
    unlike: Annotated[
        list[str] | None,
        typer.Option(
            "--unlike", metavar="SONG", help="Song, or playlist file, to keep away from. Repeatable."
        ),
    ] = None,
    n: Annotated[int, typer.Option("--songs", "-n", metavar="N", help="How many songs to recommend.")] = 20,
    where: opt.Where = None,
    year: Annotated[
        str | None, typer.Option("--year", metavar="RANGE", help="E.g. 1980..1989 or 2010..")
    ] = None,
    tempo: Annotated[
        str | None, typer.Option("--tempo", metavar="RANGE", help="In BPM, e.g. 118..126.")
    ] = None,
    popularity: Annotated[
        str | None, typer.Option("--popularity", metavar="RANGE", help="E.g. ..40 for songs few know.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="NAME", help="Only songs of this cluster (name or number)."),
    ] = None,
    explicit: Annotated[
        bool | None,
        typer.Option("--explicit/--no-explicit", help="Only songs that are explicit, or are not."),
    ] = None,
    per_artist: Annotated[
        int,
        typer.Option(
            "--per-artist", metavar="N", help="Songs of one artist at most; 0 for any number.", min=0
        ),
    ] = 3,
    new_artists: Annotated[
        bool, typer.Option("--new-artists", help="Leave out the artists of the liked songs.")
    ] = False,
    diversity: Annotated[
        float, typer.Option("--diversity", metavar="X", help="0: the best songs; 1: as unlike as can be.")
    ] = 0.0,
    surprise: Annotated[
        float,
        typer.Option("--surprise", metavar="X", help="0: the same songs each time; 1: much left to chance."),
    ] = 0.0,
    hub_correction: Annotated[
        float | None,
        typer.Option(
            "--hub-correction",
            metavar="X",
            help="0: by nearness alone, whoever else gets them. [default: 0.7]",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="BLOCK=W",
            help="Weights of sound, audio, era, tags, popularity, artist, album, e.g. tags=2,popularity=0.",
        ),
    ] = None,
    seed: opt.Seed = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Playlist to write: .m3u8, .xspf, .jspf, .csv, .txt."
        ),
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Recommend songs that go with liked ones, each with the reason.

    Songs are scored by how many liked songs lie around them, in sound, era, tags, popularity, artists and
    albums, and how few others do. Named songs and their other versions are left out.
    """
    from songatlas.atlas import Atlas
    from songatlas.atlas.naming_a_cluster import cluster_named
    from songatlas.atlas.recommending import recommend as find_songs
    from songatlas.taste import HUB_CORRECTION

    given = {"year": year, "tempo": tempo, "popularity": popularity}
    filters = [*(where or ()), *(f"{name}={value}" for name, value in given.items() if value is not None)]
    if explicit is not None:
        filters.append(f"explicit={'yes' if explicit else 'no'}")
    if output is not None:
        opt.require_folder(output)
        opt.require_unread(output, atlas, *like, *(unlike or ()))
    with progress_bar() as progress:
        progress(0.0, "opening the atlas")
        loaded = Atlas.load(atlas)
        if cluster is not None:
            number = cluster_named(loaded.cluster_names(), cluster, generated=loaded.generated.names)
            filters.append(f"cluster={number}")
        progress(0.4, "finding songs")
        found = find_songs(
            loaded,
            like=like,
            unlike=unlike or (),
            n=n,
            filters=filters,
            per_artist=per_artist or None,
            new_artists=new_artists,
            diversity=diversity,
            surprise=surprise,
            hub_correction=HUB_CORRECTION if hub_correction is None else hub_correction,
            weights=opt.read_weights(weights) or {},
            seed=seed or 0,
        )
    if output is not None:
        found = replace(found, notes=(*found.notes, *_write(loaded, found, output)))
    if as_json:
        print_json(found.to_dict() | ({"output": str(output)} if output else {}))
    else:
        _tell(found, output)


def _write(atlas: Atlas, found: Recommendations, output: Path) -> tuple[str, ...]:
    """Write the recommended songs as a playlist; return what to say of their files."""
    from songatlas.atlas.extending import track_of_row
    from songatlas.atlas.song_files import told_gone
    from songatlas.playlists import TrackList, held_in_place, write_playlist

    tracks = tuple(track_of_row(atlas.songs, row) for row in found.songs["row"])
    listed = TrackList(name=f"Songs like {_liked(found)}", tracks=tracks)
    write_playlist(output, listed)
    return (*told_gone(tracks), *held_in_place(listed, output))


def _liked(found: Recommendations) -> str:
    """The liked songs in words."""
    more = f" and {found.liked.height - _MOST_NAMED} more" if found.liked.height > _MOST_NAMED else ""
    return f"{'; '.join(found.liked['song'].head(_MOST_NAMED))}{more}"


def _tell(found: Recommendations, output: Path | None) -> None:
    """Print the recommended songs and why."""
    console = stdout()
    table = empty_table(
        "",
        "Song",
        "Score",
        "Why",
        *(("Like",) if found.liked.height > 1 else ()),
        numbers=_NUMBERS,
        optional=("Score", "Like"),
    )
    for song in found.songs.iter_rows(named=True):
        said = (song.get("title"), ", ".join(song.get("artists") or []))
        cells = [
            str(song["rank"]),
            " - ".join(part for part in said if part) or song["song_id"],
            f"{song['score']:.2f}",
            song["reason"],
        ]
        if found.liked.height > 1:
            cells.append(song["because_of"])
        table.add_row(*(shown(cell) for cell in cells))
    console.print(f"Songs like {shown(_liked(found))}:")
    if found.songs.height:
        console.print(table)
    for note in found.notes:
        console.print(f"- {shown(note)}")
    console.print(f"Compared by {', '.join(found.blocks)}.")
    if output is not None:
        console.print(f"Wrote {shown(str(output))}")
