"""What the songs of the map can be coloured by: clusters, genres, decades, keys, and every feature.

Conventions: codes of named values are int32 `(n_songs,)`, -1 where the value is not known. The ends of a ramp
are the values that 2% of the songs lie below and above, so that a few extreme songs do not take all colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas import Atlas
from songatlas.colours import colour_of
from songatlas.features import FEATURES, label_of
from songatlas.playlists.keys import key_name
from songatlas.space import ends_of
from songatlas.starmap import Colouring, named_colouring, pack_labels, pack_values, ramp_colouring

CLUSTER, GENRE, ERA = "cluster", "genre", "era"

_KNOWN: Final = ("popularity", "artist_popularity")
_MOST_GENRES: Final = 19
_OTHERS: Final = "other genres"
_OTHERS_COLOUR: Final = "#a7a3ad"
_ENDS: Final = (0.02, 0.98)
_FIRST_DECADE: Final = 1950
_MODES: Final = (("minor", "#33689b"), ("major", "#efb50c"))
_KEYS: Final = ("#e0473e", "#e07c3e", "#e0b23e", "#c3cf45", "#7fc04a", "#46b574",
                "#3fb5b0", "#4191cf", "#4b62d1", "#7c4fd0", "#b449c4", "#d9488f")  # fmt: skip
_OLD_TO_NEW: Final = ("#3b1f6b", "#4658a8", "#2f8fb3", "#35b28a", "#a5c14a", "#f2b134", "#ef6f3c", "#d2325f")
_NAMED_UNITS: Final = ("pitch class", "mode", "beats a bar")

_Codes: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class SongColours:
    """A colouring of the map other than by clusters.

    Attributes
    ----------
    colouring : Colouring
        What the legend says.
    pack : callable
        Order of the songs on the map -> one packed number a song.
    """

    colouring: Colouring
    pack: Callable[[NDArray[np.int64]], bytes]


def colour_choices(atlas: Atlas) -> dict[str, str]:
    """Return what the songs can be coloured by: name in the address of the page -> what a person reads."""
    songs = atlas.songs
    found = {CLUSTER: "Cluster"}
    if atlas.genre_names:
        found[GENRE] = "Genre"
    if _known(songs, "year"):
        found[ERA] = "Decade"
    found |= {name: feature.label for name, feature in FEATURES.items() if _known(songs, name)}
    return found | {name: label_of(name) for name in _KNOWN if _known(songs, name)}


def colours_of(atlas: Atlas, name: str) -> SongColours:
    """Return the colouring by one of `colour_choices`, any but the cluster; it is kept with the atlas."""
    return atlas.kept.get("map colours", name, lambda: _colours(atlas, name), most=6)


def _colours(atlas: Atlas, name: str) -> SongColours:
    if name == GENRE:
        return _by_genre(atlas)
    if name == ERA:
        return _by_decade(atlas.songs["year"])
    if name in FEATURES and FEATURES[name].unit in _NAMED_UNITS:
        return _by_number(atlas.songs[name], name)
    return _by_value(atlas.songs[name], name)


def _known(songs: pl.DataFrame, column: str) -> bool:
    """Whether a column says anything of the songs."""
    return column in songs.columns and songs[column].count() > 0


def _by_genre(atlas: Atlas) -> SongColours:
    """Genres, the commonest first; rare ones are joined."""
    genres = atlas.genre_of_songs["genre"]
    counted = genres.drop_nulls().value_counts(sort=True).to_dicts()
    names = [row[genres.name] for row in counted[:_MOST_GENRES]]
    colours = [colour_of(number) for number in range(len(names))]
    codes = _codes_of(genres, names)
    if len(counted) > len(names):
        codes[(codes < 0) & genres.is_not_null().to_numpy()] = len(names)
        names, colours = [*names, _OTHERS], [*colours, _OTHERS_COLOUR]
    return _named("Genre", names, colours, codes)


def _codes_of(values: pl.Series, names: Sequence[Any]) -> _Codes:
    """The place of each value in a list, -1 where it is not in it."""
    numbers = pl.Series("code", range(len(names)), dtype=pl.Int32)
    places = pl.DataFrame([pl.Series("value", names, dtype=values.dtype), numbers])
    joined = pl.DataFrame({"value": values}).join(places, on="value", how="left", maintain_order="left")
    return joined["code"].fill_null(-1).to_numpy().copy()


def _by_decade(years: pl.Series) -> SongColours:
    """Decades from old to new; those before the fifties are one."""
    known = years.is_not_null().to_numpy()
    decades = (years.fill_null(0.0).to_numpy() // 10 * 10).astype(np.int64)
    decades = np.maximum(decades, _FIRST_DECADE - 10)
    present = np.unique(decades[known])
    codes = np.where(known, np.searchsorted(present, decades), -1).astype(np.int32)
    names = [f"{decade}s" if decade >= _FIRST_DECADE else f"before {_FIRST_DECADE}" for decade in present]
    return _named("Decade", names, _ramp(len(names)), codes)


def _by_number(values: pl.Series, name: str) -> SongColours:
    """Keys, modes and metres: a name each."""
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known = np.isfinite(numbers)
    present = np.unique(numbers[known])
    codes = np.where(known, np.searchsorted(present, np.where(known, numbers, 0)), -1).astype(np.int32)
    if name == "key":
        names = [(key_name(number, 1) or "").removesuffix(" major") for number in present]
        colours = [_KEYS[round(7 * number) % 12] for number in present]  # neighbours in fifths look alike
    elif name == "mode":
        names = [_MODES[round(number)][0] for number in present]
        colours = [_MODES[round(number)][1] for number in present]
    else:
        names = [f"{number:.0f} beats a bar" for number in present]
        colours = [colour_of(place) for place in range(len(present))]
    return _named(label_of(name), names, colours, codes)


def _named(title: str, names: Sequence[str], colours: Sequence[str], codes: _Codes) -> SongColours:
    """A colouring by names; their places on the map are found by the browser."""
    sizes = np.bincount(codes[codes >= 0], minlength=len(names)).tolist()
    return SongColours(
        colouring=named_colouring(title, names, colours, sizes), pack=lambda order: pack_labels(codes, order)
    )


def _by_value(values: pl.Series, name: str) -> SongColours:
    """A ramp from low to high."""
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    low, high = (float(end) for end in np.nanquantile(numbers, _ENDS))
    low_word, high_word = ends_of(label_of(name))
    factor, unit = _scale(name)
    cut = bool(np.nanmin(numbers) < low), bool(np.nanmax(numbers) > high)
    ends = factor * low, factor * high
    colouring = ramp_colouring(label_of(name), low_word, high_word, *ends, unit, cut=cut)
    return SongColours(
        colouring=colouring, pack=lambda order: pack_values(numbers, order, low=low, high=high)
    )


def _scale(name: str) -> tuple[float, str]:
    """What a value is multiplied by, and its unit then, as people read it."""
    unit = FEATURES[name].unit if name in FEATURES else ""
    known = {"share": (100.0, "%"), "ms": (1 / 60_000, "min"), "BPM": (1.0, "BPM"), "dB": (1.0, "dB")}
    return known.get(unit, (1.0, ""))


def _ramp(n: int) -> list[str]:
    """Colours from old to new, evenly spaced."""
    stops = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in _OLD_TO_NEW]
    places = np.linspace(0, len(stops) - 1, n) if n > 1 else np.array([len(stops) - 1.0])
    parts = [np.interp(places, range(len(stops)), [stop[part] for stop in stops]) for part in range(3)]
    return ["#" + "".join(f"{round(part[at]):02x}" for part in parts) for at in range(n)]
