"""Orders of a playlist: in which sequence the songs that were chosen follow each other.

Each order is one function of the songs and one row of `ORDERS`. All of them keep songs of one artist apart,
at the least cost to the order itself: tours and walks through keys do so during their search, as far as that
is possible at all. Orders along a curve are sorted first of all: songs change places only where nobody
notices, within `UNNOTICED` of each other, and artists that stand closer for that are told.

Missing values
--------------
A song without the value that an order needs stands where it fits best by sound: beside the songs that are
nearest to it. An order whose column is missing altogether is refused, with the orders that work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import BadSettings, MissingColumns, did_you_mean
from songatlas.playlists.keys import harmonic, wheel_places_of
from songatlas.playlists.spacing import first_artists, largest_gap, nearly_sorted, spaced, too_close
from songatlas.playlists.tours import (
    MOST_AT_ONCE,
    cheapest_order,
    distances_between,
    parts_in_turn,
    shortest_tour,
)

ARTIST_GAP: Final = 2
"""Songs between two of one artist, unless a person says otherwise."""

UNNOTICED: Final[Mapping[str, float]] = MappingProxyType({"energy": 0.02, "tempo_bpm": 2.0})
"""Differences within which songs may change places in a sorted order, so that artists stand apart."""

_BREAK, _UNKNOWN = 10.0, 5.0  # cost of a step that is not harmonic, and of one to or from an unknown key
_TEMPO_WEIGHT, _DISTANCE_WEIGHT = 2.0, 1.0  # beside each other at most a third of a break
_NEAREST = 3  # songs whose value stands in for a missing one
_SORTED: Final = ("energy-up", "energy-down", "energy-arc", "tempo")
_Float = NDArray[np.float64]
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The songs to be put in order, and how.

    Attributes
    ----------
    songs : DataFrame, n songs
    points : ndarray of float64, shape (n, n_dimensions)
    groups : ndarray of int64, shape (n,)
        Number of each song's artist, -1 where unknown.
    gap : int
        Songs between two of one artist.
    key_strictness : str
    seed : int
    """

    songs: pl.DataFrame
    points: _Float
    groups: _Rows
    gap: int
    key_strictness: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order: the columns it needs, one sentence for people, and the function."""

    columns: tuple[str, ...]
    sentence: str
    arrange: Callable[[Chosen], _Rows]


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Rows in order, and what has to be said about them."""

    rows: _Rows
    notes: tuple[str, ...] = ()


def order_songs(
    songs: pl.DataFrame,
    points: NDArray[Any],
    *,
    order: str = "smooth",
    artist_gap: int = ARTIST_GAP,
    key_strictness: str = "usual",
    seed: int = 0,
) -> Ordered:
    """Return the rows of some songs in an order.

    Parameters
    ----------
    songs : DataFrame, n songs
        `song_id`, and `artists`, `tempo_bpm`, `energy`, `key`, `mode` where known.
    points : ndarray, shape (n, n_dimensions)
        Finite; near songs follow each other well.
    order : str
        One of `ORDERS`.
    artist_gap : int
        Songs between two of one artist, at least 0, kept as far as that is possible.
    key_strictness : {"strict", "usual", "loose"}
        Which steps of keys are harmonic.
    seed : int
        Of everything random.

    Returns
    -------
    Ordered
        Every row once, and notes: what could not be kept.

    Raises
    ------
    BadSettings
        If the order or the strictness is unknown, or the gap negative.
    MissingColumns
        If no song has a value that the order needs; the message names the orders that work.

    Examples
    --------
    >>> songs = pl.DataFrame({"song_id": ["a", "b", "c"], "energy": [0.9, 0.1, 0.5]})
    >>> order_songs(songs, np.zeros((3, 1)), order="energy-up").rows.tolist()
    [1, 2, 0]
    """
    check_order(order)
    if artist_gap < 0:
        raise BadSettings(f"artist gap is {artist_gap}: give 0 or more songs between two of one artist")
    harmonic(-1, -1, strictness=key_strictness)
    _require_columns(songs, order)
    chosen = Chosen(
        songs=songs,
        points=np.asarray(points, dtype=np.float64),
        groups=first_artists(songs),
        gap=artist_gap,
        key_strictness=key_strictness,
        seed=seed,
    )
    rows = ORDERS[order].arrange(chosen) if songs.height > 1 else np.arange(songs.height, dtype=np.int64)
    return Ordered(rows=rows, notes=(*_missing_note(songs, order), *_gap_note(chosen, rows, order)))


def check_order(order: str) -> None:
    """Refuse a name that is no order with `BadSettings`."""
    if order not in ORDERS:
        raise BadSettings(
            f"order {order!r} is unknown{did_you_mean(order, ORDERS)} (one of {', '.join(ORDERS)})"
        )


def orders_that_work(songs: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the orders for which these songs have what is needed."""
    known = {name for name in songs.columns if songs[name].count()}
    return tuple(name for name, order in ORDERS.items() if known.issuperset(order.columns))


def _require_columns(songs: pl.DataFrame, order: str) -> None:
    missing = [name for name in ORDERS[order].columns if name not in songs.columns or not songs[name].count()]
    if missing:
        raise MissingColumns(
            f"order {order!r} needs {' and '.join(missing)}, and no song of the playlist has it: "
            f"choose one of {', '.join(orders_that_work(songs))}"
        )


def _missing_note(songs: pl.DataFrame, order: str) -> tuple[str, ...]:
    """Say how many songs lack what the order goes by."""
    columns = ORDERS[order].columns
    lacking = songs.select(pl.any_horizontal(pl.col(*columns).is_null()).sum()).item() if columns else 0
    if not lacking:
        return ()
    told = {"tempo_bpm": "tempo", "mode": "mode"}
    words = " or ".join(told.get(name, name) for name in columns)
    songs_have = "1 song has" if lacking == 1 else f"{lacking} songs have"
    return (f"{songs_have} no {words}: placed where the sound fits.",)


def _gap_note(chosen: Chosen, rows: _Rows, order: str) -> tuple[str, ...]:
    """Say where songs of one artist stand closer than was asked; not where all songs are of one artist."""
    close = too_close(chosen.groups[rows], chosen.gap) if chosen.gap else 0
    if not close or len(np.unique(chosen.groups)) == 1:
        return ()
    possible = largest_gap(chosen.groups)
    stand = (
        "1 pair of songs of one artist has" if close == 1 else f"{close} pairs of songs of one artist have"
    )
    reason = (
        f"more than {possible} between is not possible with so many songs of one artist"
        if possible < chosen.gap
        else f"order {order!r} goes before --artist-gap"
        if order in _SORTED
        else "no order was found that keeps all apart"
    )
    return (f"{stand} fewer than {chosen.gap} others between: {reason}.",)


def _smooth(chosen: Chosen) -> _Rows:
    """A short tour."""
    return shortest_tour(chosen.points, seed=chosen.seed, groups=chosen.groups, gap=chosen.gap)


def _energy_up(chosen: Chosen) -> _Rows:
    return _along(chosen, _filled(chosen, "energy"), UNNOTICED["energy"])


def _energy_down(chosen: Chosen) -> _Rows:
    return _along(chosen, -_filled(chosen, "energy"), UNNOTICED["energy"])


def _tempo(chosen: Chosen) -> _Rows:
    return _along(chosen, _filled(chosen, "tempo_bpm"), UNNOTICED["tempo_bpm"])


def _energy_arc(chosen: Chosen) -> _Rows:
    """Rising to a peak at two thirds, then falling; which songs go where is chosen for small steps."""
    energy = _filled(chosen, "energy")
    rising, falling = _both_sides(chosen, np.argsort(energy, kind="stable"))
    unfolded = energy.copy()  # the falling side mirrored at the peak, so that all of it rises
    unfolded[falling] = 2 * energy.max() - energy[falling]
    wished = np.array([*rising, *reversed(falling)], dtype=np.int64)
    return nearly_sorted(unfolded, _ranks(wished), chosen.groups, chosen.gap, spread=UNNOTICED["energy"])


def _key(chosen: Chosen) -> _Rows:
    """A walk through the keys with few steps that are not harmonic, then small changes of tempo and sound."""
    keys = wheel_places_of(chosen.songs)
    if len(keys) <= MOST_AT_ONCE:
        costs = _key_costs(chosen, np.arange(len(keys)), keys)
        return cheapest_order(costs, seed=chosen.seed, groups=chosen.groups, gap=chosen.gap)
    round_the_wheel = np.where(keys < 12, keys, 35 - keys)  # up through minor, back through major
    order = parts_in_turn(
        np.argsort(np.where(keys < 0, 24, round_the_wheel), kind="stable"),
        lambda rows: _key_costs(chosen, rows, keys),
        seed=chosen.seed,
        groups=chosen.groups,
        gap=chosen.gap,
    )
    return _spread(chosen, order)


def _key_costs(chosen: Chosen, rows: _Rows, keys: NDArray[np.int64]) -> _Float:
    """Cost of each step between some songs: what clashes most, then tempo and distance."""
    keys = keys[rows]
    unknown = keys < 0
    fits = harmonic(keys[:, None], keys[None, :], strictness=chosen.key_strictness)
    costs = np.where(fits, 0.0, _BREAK)
    costs[unknown[:, None] | unknown[None, :]] = _UNKNOWN
    costs += _TEMPO_WEIGHT * _tempo_costs(chosen.songs[rows])
    distances = distances_between(chosen.points[rows])
    costs += _DISTANCE_WEIGHT * distances / (distances.max() or 1.0)
    np.fill_diagonal(costs, 0.0)
    return costs


def _given(chosen: Chosen) -> _Rows:
    return _spread(chosen, np.arange(chosen.songs.height, dtype=np.int64))


def _along(chosen: Chosen, values: _Float, spread: float) -> _Rows:
    """Rising values; equal ones in the order of a short tour, near ones so that artists stand apart."""
    ties = np.empty(len(values), dtype=np.int64)
    has_ties = len(np.unique(values)) < len(values)
    ties[shortest_tour(chosen.points, seed=chosen.seed) if has_ties else np.arange(len(values))] = np.arange(
        len(values)
    )
    wished = np.lexsort((ties, values)).astype(np.int64)
    return nearly_sorted(values, _ranks(wished), chosen.groups, chosen.gap, spread=spread)


def _spread(chosen: Chosen, wished: _Rows) -> _Rows:
    """The wished order with songs of one artist moved apart."""
    return spaced(_ranks(wished), chosen.groups, chosen.gap)


def _ranks(wished: _Rows) -> _Rows:
    """The place of each song in an order."""
    ranks = np.empty(len(wished), dtype=np.int64)
    ranks[wished] = np.arange(len(wished))
    return ranks


def _filled(chosen: Chosen, column: str) -> _Float:
    """Values of a column; a missing one is the median of those of the nearest songs."""
    values = chosen.songs[column].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    known = np.flatnonzero(~np.isnan(values))
    for row in np.flatnonzero(np.isnan(values)):
        distances = np.square(chosen.points[known] - chosen.points[row]).sum(axis=1)
        values[row] = np.median(values[known[np.argsort(distances, kind="stable")[:_NEAREST]]])
    return values


def _tempo_costs(songs: pl.DataFrame) -> _Float:
    """Change of tempo of each pair from 0 to 1 at the time that fits best; a third where one is unknown."""
    n = songs.height
    if "tempo_bpm" not in songs.columns:
        return np.zeros((n, n))
    tempo = songs["tempo_bpm"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    tempo = np.where(tempo > 0, tempo, np.nan)
    octaves = np.abs(np.subtract.outer(np.log2(tempo), np.log2(tempo)))
    apart = np.minimum(2 * np.minimum(octaves, np.abs(1 - octaves)), 1.0)
    return np.where(np.isnan(apart), 1 / 3, apart)


def _both_sides(chosen: Chosen, upward: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Deal songs of rising energy to the rising and the falling side, by dynamic programming.

    Of every three songs in a row one goes to the falling side, so that both sides climb evenly; which one
    is chosen such that the steps of both sides together are short.
    """
    points = chosen.points
    spare = len(upward) % 3
    threes = upward[spare:].reshape(-1, 3)
    first_side = upward[:spare].tolist()
    if not len(threes):
        return first_side, []
    sides = [[(np.delete(three, which), three[which]) for which in range(3)] for three in threes]
    totals = np.array([_climb(points, first_side[-1:], up, None, down) for up, down in sides[0]])
    choices = []
    for before, now in pairwise(sides):
        steps = np.array(
            [[_climb(points, up[-1:], to_up, down, to_down) for up, down in before] for to_up, to_down in now]
        )
        choices.append((totals + steps).argmin(axis=1))
        totals = (totals + steps).min(axis=1)
    which = int(totals.argmin())
    picked = [which]
    for choice in reversed(choices):
        which = int(choice[which])
        picked.append(which)
    pairs = [side[which] for side, which in zip(sides, reversed(picked), strict=True)]
    return [*first_side, *(int(row) for up, _ in pairs for row in up)], [int(down) for _, down in pairs]


def _climb(points: _Float, last_up: Any, up: _Rows, last_down: Any, down: int) -> float:
    """Length of the steps that three more songs add to both sides."""
    line = points[[*last_up, *up]]
    length = float(np.sqrt(np.square(np.diff(line, axis=0)).sum(axis=1)).sum())
    if last_down is not None:
        length += float(np.sqrt(np.square(points[last_down] - points[down]).sum()))
    return length


ORDERS: Final[Mapping[str, Order]] = MappingProxyType(
    {
        "smooth": Order(
            columns=(), sentence="Small steps: each song is near the one before it.", arrange=_smooth
        ),
        "energy-up": Order(
            columns=("energy",), sentence="From the calmest song to the most energetic.", arrange=_energy_up
        ),
        "energy-down": Order(
            columns=("energy",), sentence="From the most energetic song to the calmest.", arrange=_energy_down
        ),
        "energy-arc": Order(
            columns=("energy",),
            sentence="Energy rises to a peak at about two thirds and falls again.",
            arrange=_energy_arc,
        ),
        "tempo": Order(
            columns=("tempo_bpm",),
            sentence="From the slowest song to the fastest, by the tempo that the table tells.",
            arrange=_tempo,
        ),
        "key": Order(
            columns=("key", "mode"),
            sentence="A walk round the Camelot wheel with as few clashing keys as possible.",
            arrange=_key,
        ),
        "given": Order(columns=(), sentence="As they were chosen or given.", arrange=_given),
    }
)
