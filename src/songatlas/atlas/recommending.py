"""Songs like these: recommendations from liked and disliked songs of an atlas, each with its reason."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.extending import read_tracks
from songatlas.atlas.song_files import row_of_file
from songatlas.atlas.taste import SongTaste, filterable, taste_of, versions_of
from songatlas.errors import BadSettings, UnknownName
from songatlas.files import is_audio
from songatlas.playlists.choosing import PER_ARTIST
from songatlas.playlists.formats import FORMATS
from songatlas.playlists.tracks import Track, called
from songatlas.profiles.words import COMPARATIVES
from songatlas.songs.arguments import require_number, require_whole, texts_of
from songatlas.songs.filtering import allowed
from songatlas.songs.finding import (
    find_songs,
    folded_titles,
    named_song,
    rows_of_ids,
    several_meant,
)
from songatlas.tag_sets import different_sets
from songatlas.taste import (
    HUB_CORRECTION,
    best_songs,
    diverse_songs,
    n_candidates,
    nearest_given,
    preference,
    spreads,
    tell_likeness,
)

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

PLAYLIST_SUFFIXES: Final = tuple(
    dict.fromkeys((*(suffix for each in FORMATS.values() for suffix in each.suffixes), ".tsv", ".json"))
)
"""Suffixes of files that are read as playlists: those that are written, and those of other programs."""

_TOLD: Final = ("artists", "album", "year", "tempo_bpm", "energy", "popularity")
_MOST_NAMED: Final = 3
_GOOD: Final = 5  # songs that chance may mix, for each that is wanted
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class GivenSongs:
    """The songs of an atlas that a person named.

    Attributes
    ----------
    rows : ndarray of int64
        Rows of `atlas.songs`, each once, in the order named.
    missing : tuple of str
        What of playlist files could not be read, or is not in the atlas, in sentences.
    own : mapping of int to Track
        Songs of playlist files as the files have them, by row.
    """

    rows: _Rows
    missing: tuple[str, ...]
    own: Mapping[int, Track] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recommendations:
    """Songs that go with liked ones.

    Attributes
    ----------
    songs : DataFrame
        One row a song, the best first: `rank` (from 1), `row` (of `atlas.songs`), `song_id`, `title`,
        `artists`, `album`, `year`, `tempo_bpm`, `energy`, `popularity` (those that the table has), `cluster`
        (its name), `score` (natural logarithm; higher is better, differences are what counts), `reason`, and
        `because_of`, the liked song it is nearest to.
    liked, disliked : DataFrame
        `row`, `song_id` and `song` ("Title - Artist") of the songs that were named.
    blocks : tuple of str
        Blocks of taste that counted.
    notes : tuple of str
        What a person should know, such as songs of a playlist that are not in the atlas.
    """

    songs: pl.DataFrame
    liked: pl.DataFrame
    disliked: pl.DataFrame
    blocks: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "songs": self.songs.drop("row").to_dicts(),
            "liked": self.liked.drop("row").to_dicts(),
            "disliked": self.disliked.drop("row").to_dicts(),
            "blocks": list(self.blocks),
            "notes": list(self.notes),
        }


def recommend(
    atlas: Atlas,
    *,
    like: Sequence[str],
    unlike: Sequence[str] = (),
    n: int = 20,
    filters: Sequence[str] = (),
    per_artist: int | None = PER_ARTIST,
    new_artists: bool = False,
    diversity: float = 0.0,
    hub_correction: float = HUB_CORRECTION,
    surprise: float = 0.0,
    seed: int = 0,
    weights: Mapping[str, float] = MappingProxyType({}),
) -> Recommendations:
    """Return songs that go with liked songs, and away from disliked ones.

    A song is scored by the density of the liked songs around it, in a space of all blocks that the table
    feeds (sound, era, tags, popularity, shared artists and albums), divided by a power of the density of the
    catalogue. Named songs and their other versions are left out, and one version of each song is given.

    Parameters
    ----------
    atlas : Atlas
    like : sequence of str
        Songs: id, Spotify URI or link, "Title - Artist", title, or the path of their file of music; or
        playlist files (M3U8, XSPF, JSPF, CSV).
    unlike : sequence of str
        Songs, or playlist files, to keep away from.
    n : int
        Songs that are wanted, at least 1.
    filters : sequence of str
        Such as "year=1980..1989", see `songatlas.songs.filtering`.
    per_artist : int, optional
        Songs of one artist at most; any number where None.
    new_artists : bool
        Leave out the artists of the liked songs.
    diversity : float
        From 0, the best songs, to 1, songs as unlike each other as can be found among good ones.
    hub_correction : float
        Power of the catalogue's density, from 0: songs by nearness alone, some of which everybody gets.
    surprise : float
        From 0, the same songs each time, to 1: how far chance, drawn by `seed`, mixes the good songs.
    seed : int
        Another seed gives other songs where there is to be surprise.
    weights : mapping of str to float
        Weights of the blocks, 1 where none; 0 leaves a block out.

    Returns
    -------
    Recommendations

    Raises
    ------
    UnknownName
        If a song, block or column is not there; the message names the nearest.
    BadSettings
        If a value is out of its range, no song is liked, one is liked and disliked, or no song is left.
    """
    like, unlike, filters = (
        texts_of("like", like, example="Title - Artist"),
        texts_of("unlike", unlike, example="Title - Artist"),
        texts_of("filters", filters, example="year=1980..1989"),
    )
    _check(n=n, per_artist=per_artist, like=like)
    require_whole("seed", seed, low=0)
    _check_shares(diversity=diversity, hub_correction=hub_correction, surprise=surprise)
    liked, disliked = given_songs(atlas, like), given_songs(atlas, unlike)
    _check_given(atlas, liked.rows, disliked.rows, missing=liked.missing)
    space = taste_of(atlas, weights)
    open_songs = _open_songs(atlas, space, liked.rows, disliked.rows, new_artists=new_artists)
    if filters:
        open_songs &= allowed(filterable(atlas), filters)
        if not open_songs.any():
            raise BadSettings(f"no song is left by {', '.join(map(repr, filters))}: loosen a filter")
    scores = preference(
        space.taste,
        liked.rows,
        disliked=disliked.rows,
        ground=space.ground,
        hub_correction=hub_correction,
        n_threads=atlas.settings.threads,
    )
    ranked = best_songs(
        _mixed(scores, open_songs, surprise, n=n_candidates(n, diversity), seed=seed),
        open_songs,
        n=n_candidates(n, diversity),
        artists=space.artists,
        per_artist=per_artist,
        versions=space.versions,
    )
    chosen = diverse_songs(space.taste, scores, ranked, n=n, diversity=diversity)
    fewer = (_fewer(len(chosen), n, int(open_songs.sum())),) if len(chosen) < n else ()
    return Recommendations(
        songs=_told(atlas, space, chosen, scores, liked.rows),
        liked=_named(atlas, liked.rows),
        disliked=_named(atlas, disliked.rows),
        blocks=space.taste.blocks,
        notes=(*liked.missing, *disliked.missing, *fewer),
    )


def given_songs(atlas: Atlas, texts: Sequence[str]) -> GivenSongs:
    """Return the songs of an atlas that some words or playlist files mean.

    Of several versions of one song the best known is meant.

    Parameters
    ----------
    atlas : Atlas
    texts : sequence of str
        As `like` of `recommend`.

    Raises
    ------
    UnknownName
        If no song is meant, or different songs are.
    UnreadableTable
        If a file is no playlist.
    """
    rows: list[int] = []
    own: dict[int, Track] = {}
    missing: list[str] = []
    for text, row in zip(texts, rows_of_ids(atlas.songs["song_id"], texts), strict=True):
        path = Path(text)
        if row is not None:
            rows.append(row)
        elif _is_file(path) and not is_audio(text):
            found = read_tracks(atlas.songs, path)
            rows += found.rows.tolist()
            own |= found.own
            missing += [f"{path.name}: {note}" for note in found.read]
            missing += _strangers(path.name, [called(track) for track in found.unknown])
            if not len(found.rows) and not found.strangers:
                missing.append(f"{path.name} holds no song")
        else:
            rows.append(song_meant(atlas, text))
    unique = np.array(list(dict.fromkeys(rows)), dtype=np.int64)
    return GivenSongs(rows=unique, missing=tuple(missing), own=own)


def _is_file(path: Path) -> bool:
    """Whether a person means a file: one that is there, with a suffix or a folder in its name."""
    return bool(path.suffix or path.parent.name) and os.path.isfile(path)  # noqa: PTH113 (no error for any name)


def _of_file(path: Path) -> str:
    """What to say first where words that look like a file name no song."""
    if is_audio(str(path)) and _is_file(path):
        return f"the file {str(path)!r} is no song of this atlas (scan its folder, and build it again), and "
    is_named_so = is_audio(str(path)) or path.suffix.lower() in PLAYLIST_SUFFIXES
    return f"there is no file {str(path)!r}, and " if is_named_so else ""


def _strangers(name: str, songs: Sequence[str]) -> list[str]:
    """What to say of the songs of a playlist file that are not in the atlas."""
    if not songs:
        return []
    more = f"; and {len(songs) - _MOST_NAMED} more" if len(songs) > _MOST_NAMED else ""
    several = "1 song is" if len(songs) == 1 else f"{len(songs)} songs are"
    return [f"{several} in {name} but not in the atlas: {'; '.join(songs[:_MOST_NAMED])}{more}."]


def song_meant(atlas: Atlas, text: str) -> int:
    """Return the row of the song that some words, or the path of its file, mean: its best known version.

    Raises
    ------
    UnknownName
        If no song is meant, or different songs are; the message says which.
    """
    row = row_of_file(atlas.songs, text)
    if row is not None:
        return row
    titles = None
    if "title" in atlas.songs.columns:
        titles = atlas.kept.get("folded titles", None, lambda: folded_titles(atlas.songs))
    try:
        rows = find_songs(atlas.songs, text, titles=titles)
    except UnknownName as error:
        raise UnknownName(f"{_of_file(Path(text))}{error}") from None
    if len(rows) > 1 and len(np.unique(versions_of(atlas.songs)[rows])) > 1:
        raise UnknownName(several_meant(atlas.songs, rows, text))
    if len(rows) > 1 and "popularity" in atlas.songs.columns:
        known = atlas.songs["popularity"].gather(rows).fill_null(-1.0).to_numpy()
        return int(rows[known.argmax()])
    return int(rows[0])


def _check(*, n: int, per_artist: int | None, like: Sequence[str]) -> None:
    """Refuse numbers of songs below one, and to recommend from nothing."""
    require_whole("n", n)
    if n < 1:
        raise BadSettings(f"n is {n}: ask for at least one song")
    if per_artist is not None:
        require_whole("per_artist", per_artist)
    if per_artist is not None and per_artist < 1:
        raise BadSettings(f"per_artist is {per_artist}: allow at least one song of an artist")
    if not like:
        raise BadSettings("no song is liked: name one with --like 'TITLE - ARTIST', or a playlist file")


def _check_shares(**shares: float) -> None:
    """Refuse what is not from 0 to 1."""
    for name, share in shares.items():
        require_number(name, share)
        if not 0 <= share <= 1:
            raise BadSettings(f"{name} is {share:g}: it goes from 0 (none) to 1")


def _check_given(atlas: Atlas, liked: _Rows, disliked: _Rows, *, missing: Sequence[str]) -> None:
    """Refuse to recommend from nothing, and from songs that are liked and disliked at once."""
    if not len(liked):
        raise UnknownName(f"none of the liked songs is in the atlas: {'; '.join(missing)}")
    both = np.intersect1d(liked, disliked)
    if len(both):
        raise BadSettings(f"{named_song(atlas.songs, int(both[0]))!r} is liked and disliked: decide for one")


def _open_songs(
    atlas: Atlas, space: SongTaste, liked: _Rows, disliked: _Rows, *, new_artists: bool
) -> NDArray[np.bool_]:
    """Songs that may be recommended: none that was named, in any version, nor of its artists if so wished."""
    named = np.concatenate([liked, disliked])
    found: NDArray[np.bool_] = ~np.isin(space.versions, space.versions[named])
    if new_artists:
        for row in liked:
            found[space.artists.sharing(int(row))] = False
        if not found.any():
            raise BadSettings(f"all {atlas.songs.height:,} songs are by artists of liked songs: allow them")
    return found


def _fewer(n_found: int, n_wanted: int, n_open: int) -> str:
    """Why there are fewer songs than were wanted."""
    if n_open == 0:
        return "No song is left to recommend: every song of the atlas was named."
    left = "1 song was" if n_open == 1 else f"{n_open:,} songs were"
    return (
        f"{n_found} of {n_wanted} songs: {left} left to choose from, before the cap on songs of one artist."
    )


def _mixed(
    scores: NDArray[np.float32], open_songs: NDArray[np.bool_], surprise: float, *, n: int, seed: int
) -> NDArray[np.floating[Any]]:
    """Scores with chance in them, for the good songs alone: better ones are likelier to come first."""
    if surprise == 0:
        return scores
    good = best_songs(scores, open_songs, n=_GOOD * n)
    drawn = np.random.default_rng([seed, 7]).gumbel(size=len(scores))[good]
    mixed = np.full(len(scores), -np.inf)
    mixed[good] = scores[good] + surprise * scores[good].std() * drawn
    return mixed


def _told(
    atlas: Atlas, space: SongTaste, chosen: _Rows, scores: NDArray[np.float32], liked: _Rows
) -> pl.DataFrame:
    """The recommended songs with their reasons."""
    songs = atlas.songs
    near = liked[nearest_given(space.taste, chosen, liked)]
    rows, models = songs[chosen].to_dicts(), {int(row): songs.row(int(row), named=True) for row in set(near)}
    spread = atlas.kept.get("spreads", None, lambda: spreads(songs))
    commonness = atlas.kept.get("tag counts", None, lambda: _commonness(songs))
    reasons = [
        tell_likeness(
            song,
            models[int(model)],
            spread=spread,
            commonness=commonness,
            comparatives=COMPARATIVES,
            sounds_alike=alike,
        )
        for song, model, alike in zip(rows, near, space.alike(chosen, near), strict=True)
    ]
    names = np.array(atlas.cluster_names(), dtype=object)[atlas.clustering.labels[chosen]]
    return songs[chosen].select(
        pl.int_range(1, len(chosen) + 1, dtype=pl.UInt32, eager=True).alias("rank"),
        pl.Series("row", chosen, dtype=pl.UInt32),
        "song_id",
        *(name for name in ("title", *_TOLD) if name in songs.columns),
        pl.Series("cluster", names, dtype=pl.String),
        pl.Series("score", np.round(scores[chosen].astype(np.float64), 3)),
        pl.Series("reason", reasons, dtype=pl.String),
        pl.Series("because_of", [named_song(songs, int(row)) for row in near], dtype=pl.String),
    )


def _commonness(songs: pl.DataFrame) -> dict[str, int]:
    """How many songs carry each tag."""
    if "tags" not in songs.columns:
        return {}
    sets = different_sets(songs["tags"])
    given = pl.DataFrame({"tag": sets.tags.cast(pl.List(pl.String)), "n": sets.n_songs}).explode("tag")
    tag = pl.col("tag").str.strip_chars().str.to_lowercase()
    counts = given.drop_nulls("tag").group_by(tag).agg(pl.col("n").sum().cast(pl.Int64))
    return dict(counts.iter_rows())


def _named(atlas: Atlas, rows: _Rows) -> pl.DataFrame:
    """Songs by row, id and name."""
    return pl.DataFrame(
        {
            "row": pl.Series(rows, dtype=pl.UInt32),
            "song_id": atlas.songs["song_id"].gather(rows),
            "song": pl.Series([named_song(atlas.songs, int(row)) for row in rows], dtype=pl.String),
        }
    )
