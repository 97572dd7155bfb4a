"""What a person is told of a playlist: its songs, and what happens between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.playlist_making import Made, Maker, without_imputed
from songatlas.playlists.keys import camelot_word, key_name, wheel_places_of
from songatlas.playlists.tracks import Track, called
from songatlas.playlists.transitions import summarize, summary_sentence, transitions

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_FROM_FILES: Final[Mapping[str, Any]] = MappingProxyType(
    {"title": pl.String, "artists": pl.List(pl.String), "album": pl.String, "duration_ms": pl.Float64}
)
_TOLD: Final = ("title", "artists", "album", "year", "tempo_bpm", "energy", "key", "mode", "duration_ms")
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Playlist:
    """Songs in an order.

    Attributes
    ----------
    name : str
    rows : ndarray of int64
        Rows of `atlas.songs`, in the order of the playlist.
    songs : DataFrame
        One row a song, those that are not in the atlas included: `place` (from 1), `row` (null where it is
        not in the atlas), `added` (False where it stood in a playlist file that was given), `song_id`, and
        where known `title`, `artists`, `album`, `year`, `cluster` (name), `tempo_bpm`, `energy`, `key` (in
        words), `camelot` and `duration_ms`. What a playlist file calls its songs stands before what the
        atlas does.
    transitions : DataFrame
        One row for each step, see `songatlas.playlists.transitions`.
    summary : mapping
        The transitions in a few numbers, and `n_songs`, `n_added`, `minutes`, `order`, `sentence`.
    own : mapping of int to Track
        Songs that stood in a playlist file, exactly as it has them, by row of `atlas.songs`.
    strangers : mapping of int to Track
        Songs of an extended playlist that are not in the atlas, by their place (from 0) in the whole.
    notes : tuple of str
        What a person should know, such as a length that could not be reached.
    """

    name: str
    rows: _Rows
    songs: pl.DataFrame
    transitions: pl.DataFrame
    summary: Mapping[str, Any]
    own: Mapping[int, Track] = field(default_factory=dict)
    strangers: Mapping[int, Track] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "songs": self.songs.to_dicts(),
            "transitions": self.transitions.to_dicts(),
            "summary": dict(self.summary),
            "notes": list(self.notes),
        }


def tell(maker: Maker, made: Made, *, name: str | None) -> Playlist:
    """Return a playlist with what is known of its songs and steps."""
    n_songs = len(made.rows) + len(made.strangers)
    known = np.setdiff1d(np.arange(n_songs), list(made.strangers))
    songs = _in_line(_called_as_given(without_imputed(maker.atlas.songs[made.rows]), made), made, known)
    points = np.full((n_songs, maker.points.shape[1]), np.nan)
    points[known] = maker.points[made.rows]
    rows = np.full(n_songs, -1, dtype=np.int64)
    rows[known] = made.rows
    steps = transitions(songs, points, key_strictness=maker.wishes.key_strictness)
    told = _songs_told(
        maker.atlas, songs, rows, added=[row >= 0 and row not in made.own for row in rows.tolist()]
    )
    summary = dict(summarize(steps))
    summary |= {
        "n_songs": n_songs,
        "n_added": int(told["added"].sum()),
        "minutes": _minutes(songs, usual_ms=maker.usual_ms),
        "order": made.order,
        "sentence": summary_sentence(summary, with_keys=made.order == "key"),
    }
    return Playlist(
        name=name or made.name,
        rows=made.rows,
        songs=told,
        transitions=steps,
        summary=summary,
        own=made.own,
        strangers=made.strangers,
        notes=(*made.notes, *_unknown_durations(songs)),
    )


def _called_as_given(songs: pl.DataFrame, made: Made) -> pl.DataFrame:
    """Songs of the atlas, those of a playlist file as the file calls them."""
    if not made.own:
        return songs
    own = [made.own.get(int(row), Track()) for row in made.rows]
    for name, dtype in _FROM_FILES.items():
        known = songs[name].to_list() if name in songs.columns else [None] * songs.height
        said = [getattr(track, name) or None for track in own]
        values = [old if new is None else new for new, old in zip(said, known, strict=True)]
        values = [list(value) if isinstance(value, tuple) else value for value in values]
        songs = songs.with_columns(pl.Series(name, values, dtype=dtype, strict=False))
    return songs


def _in_line(songs: pl.DataFrame, made: Made, known: _Rows) -> pl.DataFrame:
    """All songs of a playlist at their places, those that are not in the atlas as their file has them."""
    if not made.strangers:
        return songs
    others = [made.strangers[place] for place in sorted(made.strangers)]
    table = {
        "song_id": [track.song_id for track in others],
        "title": [track.title or called(track) for track in others],
        "artists": [list(track.artists) for track in others],
        "album": [track.album for track in others],
        "duration_ms": [track.duration_ms for track in others],
    }
    strange = pl.DataFrame(table, schema={"song_id": pl.String, **_FROM_FILES}, strict=False)
    places = np.argsort(np.concatenate([known, sorted(made.strangers)]), kind="stable")
    return pl.concat([songs, strange], how="diagonal_relaxed")[places]


def _minutes(songs: pl.DataFrame, *, usual_ms: float) -> float:
    """How long songs last, those of unknown duration taken for usual ones."""
    if "duration_ms" not in songs.columns:
        return songs.height * usual_ms / 60_000
    durations = songs["duration_ms"].cast(pl.Float64)
    return float(durations.set(~(durations > 0), None).fill_null(usual_ms).sum()) / 60_000


def _unknown_durations(songs: pl.DataFrame) -> tuple[str, ...]:
    unknown = songs["duration_ms"].null_count() if "duration_ms" in songs.columns else songs.height
    have = "1 song has" if unknown == 1 else f"{unknown} songs have"
    return (f"{have} no known duration: reckoned as long as usual.",) if unknown else ()


def _songs_told(atlas: Atlas, songs: pl.DataFrame, rows: _Rows, *, added: list[bool]) -> pl.DataFrame:
    """What a person is told of each song."""
    names, labels = atlas.cluster_names(), atlas.clustering.labels
    told = songs.select(
        pl.Series("place", np.arange(1, len(rows) + 1)),
        pl.Series("row", [row if row >= 0 else None for row in rows.tolist()], dtype=pl.Int64),
        pl.Series("added", added, dtype=pl.Boolean),
        *(name for name in ("song_id", *_TOLD) if name in songs.columns),
        pl.Series("cluster", [names[labels[row]] if row >= 0 else None for row in rows], dtype=pl.String),
    )
    if not {"key", "mode"} <= set(songs.columns):
        return told
    words = [key_name(key, mode) for key, mode in zip(songs["key"], songs["mode"], strict=True)]
    wheel = [camelot_word(int(place)) for place in wheel_places_of(songs)]
    return told.drop("mode").with_columns(
        key=pl.Series(words, dtype=pl.String), camelot=pl.Series(wheel, dtype=pl.String)
    )
