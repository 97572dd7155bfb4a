"""What a person is told of a playlist: its songs, and what happens between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.playlist_making import Made, Maker, without_imputed
from songatlas.playlists.keys import camelot_word, key_name, wheel_places_of
from songatlas.playlists.tracks import Track
from songatlas.playlists.transitions import summarize, summary_sentence, transitions

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

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
        One row a song: `place` (from 1), `row`, `song_id`, and where known `title`, `artists`, `album`,
        `year`, `cluster` (name), `tempo_bpm`, `energy`, `key` (in words), `camelot` and `duration_ms`.
    transitions : DataFrame
        One row for each step, see `songatlas.playlists.transitions`.
    summary : mapping
        The transitions in a few numbers, and `n_songs`, `minutes`, `order`, `sentence`.
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
    songs = without_imputed(maker.atlas.songs[made.rows])
    steps = transitions(songs, maker.points[made.rows], key_strictness=maker.wishes.key_strictness)
    summary = dict(summarize(steps))
    unknown = songs["duration_ms"].null_count() if "duration_ms" in songs.columns else songs.height
    notes = (f"songs without a known duration, reckoned as usual ones: {unknown}.",) if unknown else ()
    summary |= {
        "n_songs": len(made.rows),
        "minutes": float(maker.durations[made.rows].sum()) / 60_000,
        "order": made.order,
        "sentence": summary_sentence(summary),
    }
    return Playlist(
        name=name or made.name,
        rows=made.rows,
        songs=_songs_told(maker.atlas, made.rows),
        transitions=steps,
        summary=summary,
        strangers=made.strangers,
        notes=(*made.notes, *notes),
    )


def _songs_told(atlas: Atlas, rows: _Rows) -> pl.DataFrame:
    """What a person is told of each song."""
    songs = without_imputed(atlas.songs[rows])
    names = pl.Series(atlas.cluster_names(), dtype=pl.String).gather(atlas.clustering.labels[rows])
    told = songs.select("song_id", *(name for name in _TOLD if name in songs.columns)).insert_column(
        0, pl.Series("row", rows)
    )
    told = told.insert_column(0, pl.Series("place", np.arange(1, len(rows) + 1))).with_columns(cluster=names)
    if not {"key", "mode"} <= set(songs.columns):
        return told
    words = [key_name(key, mode) for key, mode in zip(songs["key"], songs["mode"], strict=True)]
    wheel = [camelot_word(int(place)) for place in wheel_places_of(songs)]
    return told.drop("mode").with_columns(
        key=pl.Series(words, dtype=pl.String), camelot=pl.Series(wheel, dtype=pl.String)
    )
