"""What the colours of the map tell: clusters, named values such as genres, or a ramp of one feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from songatlas.errors import BadSettings

MOST_GROUPS = 255
"""Named values that one colouring tells apart."""

N_SHAPES = 8
"""Shapes of songs on the map: disc, square, triangle, diamond, triangle upside down, plus, cross, ring."""

_RANGE_ENDS = ("and less", "and more")


@dataclass(frozen=True, kw_only=True)
class MapGroup:
    """One colour of the legend.

    Attributes
    ----------
    name : str
        What it stands for.
    colour : str
        As ``#rrggbb``.
    size : int
        Songs of it.
    spot : (float, float) or None
        Where its name stands, in map coordinates; None lets the map find a place.
    shape : int
        Number of its shape, 0 to `N_SHAPES` - 1: what readers who see no colours go by.
    """

    name: str
    colour: str
    size: int
    spot: tuple[float, float] | None = None
    shape: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as the map reads it."""
        spot = None if self.spot is None else [float(at) for at in self.spot]
        told = {"name": self.name, "colour": self.colour, "shape": int(self.shape)}
        return told | {"size": int(self.size), "spot": spot}


@dataclass(frozen=True, kw_only=True)
class Colouring:
    """How the songs are coloured.

    Attributes
    ----------
    kind : {"clusters", "named", "ramp"}
        By cluster, by named values that `pack_labels` packed, or by values that `pack_values` packed.
    title : str
        Heading of the legend.
    groups : tuple of MapGroup
        The legend of "clusters" and "named", by number; empty for a ramp.
    low, high : str
        What the two ends of a ramp mean, in words.
    ticks : tuple of str
        Values written along a ramp, evenly spaced from low to high; the first and the last say where songs
        beyond them have their colour.
    ends : (float, float)
        Values at the ends of a ramp, in `unit`.
    cut : (bool, bool)
        Whether songs lie beyond the low end of a ramp, and beyond the high one.
    unit : str
        Unit of a ramp as a person reads it; empty for years and plain numbers.
    decimals : int
        Decimals of values of a ramp.
    """

    kind: Literal["clusters", "named", "ramp"]
    title: str
    groups: tuple[MapGroup, ...] = ()
    low: str = ""
    high: str = ""
    ticks: tuple[str, ...] = ()
    ends: tuple[float, float] = (0.0, 1.0)
    cut: tuple[bool, bool] = (False, False)
    unit: str = ""
    decimals: int = 0


def shape_of(colour: int) -> int:
    """Return the shape of a cluster by the number of its colour, so that both go on from one k to the next.

    Examples
    --------
    >>> shape_of(3), shape_of(11)
    (3, 3)
    """
    return int(colour) % N_SHAPES


def cluster_colouring(
    names: Sequence[str],
    colours: Sequence[str],
    sizes: Sequence[int],
    spots: NDArray[Any] | None = None,
    *,
    numbers: Sequence[int] | None = None,
) -> Colouring:
    """Return the colouring by clusters.

    Parameters
    ----------
    names, colours, sizes : sequences, one entry a cluster
        Name, colour as ``#rrggbb`` and number of songs.
    spots : array (k, 2), optional
        What `label_spots` gives; without it the map finds places for the names.
    numbers : sequence of int, optional
        Number of the colour of each cluster, which decides its shape; their place where None.

    Returns
    -------
    Colouring

    Examples
    --------
    >>> cluster_colouring(["calm", "loud"], ["#efb50c", "#4d1cb8"], [3, 2]).groups[1].name
    'loud'
    """
    return Colouring(kind="clusters", title="Clusters", groups=_groups(names, colours, sizes, spots, numbers))


def named_colouring(
    title: str,
    names: Sequence[str],
    colours: Sequence[str],
    sizes: Sequence[int],
    spots: NDArray[Any] | None = None,
) -> Colouring:
    """Return a colouring by named values, such as genres or decades.

    Parameters
    ----------
    title : str
        What the values are, as the heading of the legend: "Genre".
    names, colours, sizes : sequences, one entry a value
        Name, colour as ``#rrggbb`` and number of songs, in the order of the legend.
    spots : array (n_values, 2), optional
        Where the names stand on the map.

    Returns
    -------
    Colouring

    Raises
    ------
    BadSettings
        If there are more than `MOST_GROUPS` values.
    """
    if len(names) > MOST_GROUPS:
        raise BadSettings(
            f"{len(names):,} values of {title}: the map tells at most {MOST_GROUPS} apart; join the rare ones"
        )
    return Colouring(kind="named", title=title, groups=_groups(names, colours, sizes, spots))


def ramp_colouring(
    title: str,
    low_word: str,
    high_word: str,
    low: float,
    high: float,
    unit: str = "",
    *,
    cut: tuple[bool, bool] = (False, False),
) -> Colouring:
    """Return a colouring from low to high values of one feature.

    Parameters
    ----------
    title : str
        What is shown: "Energy".
    low_word, high_word : str
        What songs at the ends are like: "calm", "energetic".
    low, high : float
        Values at the ends, in `unit`.
    unit : str
        Unit as a person reads it: "BPM", "dB", "%", "min"; empty for years.
    cut : (bool, bool)
        Whether songs lie below `low`, and above `high`: they have the colours of the ends, and the legend
        says so.

    Returns
    -------
    Colouring

    Examples
    --------
    >>> ramp_colouring("Tempo", "slow", "fast", 60, 180, "BPM").ticks
    ('60 BPM', '120 BPM', '180 BPM')
    >>> ramp_colouring("Energy", "calm", "energetic", 28, 97, "%", cut=(True, False)).ticks
    ('28% and less', '62%', '97%')
    """
    span = high - low
    decimals = 0 if span >= 5 else 1 if span >= 0.5 else 2
    values = (low, (low + high) / 2, high) if high > low else (low,)
    ticks = [_tick(value, decimals, unit) for value in values]
    if high > low:
        for place, is_cut, words in zip((0, -1), cut, _RANGE_ENDS, strict=True):
            ticks[place] += f" {words}" if is_cut else ""
    return Colouring(
        kind="ramp",
        title=title,
        low=low_word,
        high=high_word,
        ticks=tuple(ticks),
        ends=(float(low), float(high)),
        cut=cut,
        unit=unit,
        decimals=decimals,
    )


def _tick(value: float, decimals: int, unit: str) -> str:
    """A value with its unit; no thousands comma, for it may be a year. Minutes are told with seconds."""
    if unit == "min":
        minutes, seconds = divmod(round(60 * value), 60)
        return f"{minutes}:{seconds:02d} min"
    number = f"{value:.{decimals}f}".replace("-", "−")
    if not float(number.replace("−", "-")):
        number = number.lstrip("−")
    return f"{number}{'' if unit in ('', '%') else ' '}{unit}"


def _groups(
    names: Sequence[str],
    colours: Sequence[str],
    sizes: Sequence[int],
    spots: NDArray[Any] | None,
    numbers: Sequence[int] | None = None,
) -> tuple[MapGroup, ...]:
    places: list[tuple[float, float] | None] = [None] * len(names)
    if spots is not None:
        places = [
            (float(spot[0]), float(spot[1])) if np.isfinite(spot).all() else None
            for spot in np.asarray(spots)
        ]
    return tuple(
        MapGroup(name=name, colour=colour, size=int(size), spot=spot, shape=shape_of(number))
        for name, colour, size, spot, number in zip(
            names, colours, sizes, places, range(len(names)) if numbers is None else numbers, strict=True
        )
    )
