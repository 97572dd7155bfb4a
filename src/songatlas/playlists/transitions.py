"""What happens between each song of a playlist and the next: tempo, key, energy and distance.

Tempo
-----
A change of tempo is told in beats a minute and in percent. Songs whose tempos are about one to two mix well
all the same (70 and 140 BPM), and measurers of tempo often take one for the other. So `tempo_change_percent`
is the plain change or the change at half or double time, whichever is the nearest to none by its ratio (as
tempo is heard: up by a half is as far as down by a third), and `tempo_at` says which it is.
`tempo_change_bpm` is always the
plain difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.playlists.keys import camelot_distance, camelot_word, harmonic, wheel_places_of

COLUMNS: Final = (
    "place",
    "from_song_id",
    "to_song_id",
    "tempo_from",
    "tempo_to",
    "tempo_change_bpm",
    "tempo_change_percent",
    "tempo_at",
    "key_from",
    "key_to",
    "key_steps",
    "harmonic",
    "energy_step",
    "distance",
)
"""Columns of the report on transitions."""

_AT: Final = ("same time", "double time", "half time")
_FACTORS: Final = (1.0, 0.5, 2.0)
_Float = NDArray[np.float64]


def transitions(songs: pl.DataFrame, points: NDArray[Any], *, key_strictness: str = "usual") -> pl.DataFrame:
    """Return one row for each step of a playlist.

    Parameters
    ----------
    songs : DataFrame, n songs
        In the order of the playlist; `song_id`, and `tempo_bpm`, `key`, `mode`, `energy` where known.
    points : ndarray, shape (n, n_dimensions)
        Of the same songs.
    key_strictness : {"strict", "usual", "loose"}
        Which steps round the Camelot wheel count as harmonic.

    Returns
    -------
    DataFrame, n - 1 rows
        `place` of the first song (from 1), `from_song_id`, `to_song_id`, `tempo_from` and `tempo_to` (BPM),
        `tempo_change_bpm`, `tempo_change_percent` (at the nearest of plain, half and double time, signed),
        `tempo_at`, `key_from` and `key_to` (Camelot), `key_steps` (steps on the wheel), `harmonic`,
        `energy_step` (signed) and `distance`. Null where a song lacks the value.

    Examples
    --------
    >>> columns = {"tempo_bpm": [70.0, 142.0], "key": [0, 9], "mode": [1, 0]}
    >>> songs = pl.DataFrame({"song_id": ["a", "b"], **columns})
    >>> step = transitions(songs, np.array([[0.0], [2.0]])).row(0, named=True)
    >>> round(step["tempo_change_percent"], 2), step["tempo_at"], step["key_from"], step["key_to"]
    (1.43, 'double time', '8B', '8A')
    >>> step["harmonic"], step["distance"], step["energy_step"]
    (True, 2.0, None)
    """
    tempo, energy = _values(songs, "tempo_bpm"), _values(songs, "energy")
    tempo = np.where(tempo > 0, tempo, np.nan)
    keys = wheel_places_of(songs)
    percent, at = tempo_changes(tempo[:-1], tempo[1:])
    words = [camelot_word(int(place)) for place in keys]
    known = (keys[:-1] >= 0) & (keys[1:] >= 0)
    fits = harmonic(keys[:-1], keys[1:], strictness=key_strictness)
    steps = np.diff(np.asarray(points, dtype=np.float64), axis=0)
    ids = songs["song_id"].cast(pl.String)
    table = {
        "place": np.arange(1, max(songs.height, 1), dtype=np.int64),
        "from_song_id": ids.head(max(songs.height - 1, 0)),
        "to_song_id": ids.slice(1),
        "tempo_from": tempo[:-1],
        "tempo_to": tempo[1:],
        "tempo_change_bpm": np.diff(tempo),
        "tempo_change_percent": percent,
        "tempo_at": at,
        "key_from": pl.Series(words[:-1], dtype=pl.String),
        "key_to": pl.Series(words[1:], dtype=pl.String),
        "key_steps": camelot_distance(keys[:-1], keys[1:]),
        "harmonic": pl.Series(fits).set(pl.Series(~known), None)
        if len(fits)
        else pl.Series([], dtype=pl.Boolean),
        "energy_step": np.diff(energy),
        "distance": np.sqrt(np.square(steps).sum(axis=1)),
    }
    frame = pl.DataFrame(table).with_columns(pl.col(pl.Float64).fill_nan(None))
    return frame.with_columns(pl.col("key_steps").cast(pl.Int64))


def tempo_changes(before: _Float, after: _Float) -> tuple[_Float, pl.Series]:
    """Return the change of tempo in percent at the time that fits best, and which time that is.

    Parameters
    ----------
    before, after : ndarray of float64
        Tempos in BPM, NaN where unknown.

    Examples
    --------
    >>> percent, at = tempo_changes(np.array([100.0, 90.0]), np.array([110.0, 44.0]))
    >>> percent.round(1).tolist(), at.to_list()
    ([10.0, -2.2], ['same time', 'half time'])
    """
    ratios = np.stack([factor * after / before for factor in _FACTORS])
    unknown = np.isnan(ratios[0])
    best = np.where(unknown, np.inf, np.abs(np.log2(ratios))).argmin(axis=0)
    percent = 100 * (np.take_along_axis(ratios, best[None], axis=0)[0] - 1)
    at = [None if lost else _AT[which] for lost, which in zip(unknown, best, strict=True)]
    return percent, pl.Series(at, dtype=pl.String)


def summarize(steps: pl.DataFrame) -> Mapping[str, Any]:
    """Return the whole of a report in a few numbers, None where nothing is known.

    Returns
    -------
    mapping
        `n_transitions`, `mean_distance`, `longest_distance`, `harmonic_share` (of the transitions with known
        keys), `n_known_keys`, `median_tempo_change_percent`, `largest_tempo_change_percent`,
        `mean_energy_step` (sizes) and `largest_energy_step`.
    """
    known = steps["harmonic"].drop_nulls()
    tempo, energy = steps["tempo_change_percent"].abs(), steps["energy_step"].abs()
    return {
        "n_transitions": steps.height,
        "mean_distance": steps["distance"].mean(),
        "longest_distance": steps["distance"].max(),
        "harmonic_share": known.mean(),
        "n_known_keys": len(known),
        "median_tempo_change_percent": tempo.median(),
        "largest_tempo_change_percent": tempo.max(),
        "mean_energy_step": energy.mean(),
        "largest_energy_step": energy.max(),
    }


def summary_sentence(summary: Mapping[str, Any], *, with_keys: bool = True) -> str:
    """Return the summary of a report in one sentence, with or without what it says of keys.

    Examples
    --------
    >>> columns = {"tempo_bpm": [100.0, 104.0], "key": [0, 7], "mode": [1, 1]}
    >>> songs = pl.DataFrame({"song_id": ["a", "b"], **columns})
    >>> summary_sentence(summarize(transitions(songs, np.zeros((2, 1)))))
    '1 transition: 1 of 1 harmonic; tempo changes by 4%; distance 0.00.'
    >>> summary_sentence({**summarize(transitions(songs, np.zeros((2, 1)))), "n_transitions": 9})
    '9 transitions: 1 of 1 harmonic; tempo changes by 4% (median; at most 4%); distance 0.00 (mean).'
    """
    n = summary["n_transitions"]
    if not n:
        return "One song, so no transition."
    said, one = [], n == 1
    if summary["n_known_keys"] and with_keys:
        count = round(summary["harmonic_share"] * summary["n_known_keys"])
        said.append(f"{count} of {summary['n_known_keys']} harmonic")
    if summary["median_tempo_change_percent"] is not None:
        middle, most = summary["median_tempo_change_percent"], summary["largest_tempo_change_percent"]
        said.append(f"tempo changes by {middle:.0f}%{'' if one else f' (median; at most {most:.0f}%)'}")
    if summary["mean_energy_step"] is not None:
        mean, most = summary["mean_energy_step"], summary["largest_energy_step"]
        said.append(f"energy by {mean:.2f}{'' if one else f' (mean; at most {most:.2f})'}")
    if summary["mean_distance"] is not None:
        said.append(f"distance {summary['mean_distance']:.2f}{'' if one else ' (mean)'}")
    return f"{n} transition{'' if one else 's'}: {'; '.join(said) or 'nothing is known of them'}."


def _values(songs: pl.DataFrame, column: str) -> _Float:
    """A column as numbers, NaN where unknown."""
    if column not in songs.columns:
        return np.full(songs.height, np.nan)
    return songs[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
