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
    """

    name: str
    colour: str
    size: int
    spot: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as the map reads it."""
        spot = None if self.spot is None else [float(at) for at in self.spot]
        return {"name": self.name, "colour": self.colour, "size": int(self.size), "spot": spot}


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
        Values written along a ramp, evenly spaced from low to high.
    """

    kind: Literal["clusters", "named", "ramp"]
    title: str
    groups: tuple[MapGroup, ...] = ()
    low: str = ""
    high: str = ""
    ticks: tuple[str, ...] = ()


def cluster_colouring(
    names: Sequence[str], colours: Sequence[str], sizes: Sequence[int], spots: NDArray[Any] | None = None
) -> Colouring:
    """Return the colouring by clusters.

    Parameters
    ----------
    names, colours, sizes : sequences, one entry a cluster
        Name, colour as ``#rrggbb`` and number of songs.
    spots : array (k, 2), optional
        What `label_spots` gives; without it the map finds places for the names.

    Returns
    -------
    Colouring

    Examples
    --------
    >>> cluster_colouring(["calm", "loud"], ["#efb50c", "#4d1cb8"], [3, 2]).groups[1].name
    'loud'
    """
    return Colouring(kind="clusters", title="Clusters", groups=_groups(names, colours, sizes, spots))


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
    title: str, low_word: str, high_word: str, low: float, high: float, unit: str = ""
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
        Unit as a person reads it: "BPM", "dB", "%"; empty for years.

    Returns
    -------
    Colouring

    Examples
    --------
    >>> ramp_colouring("Tempo", "slow", "fast", 60, 180, "BPM").ticks
    ('60 BPM', '120 BPM', '180 BPM')
    """
    values = (low, (low + high) / 2, high) if high > low else (low,)
    return Colouring(
        kind="ramp",
        title=title,
        low=low_word,
        high=high_word,
        ticks=tuple(_tick(value, high - low, unit) for value in values),
    )


def _tick(value: float, span: float, unit: str) -> str:
    """A value with as many decimals as tell the ends apart; no thousands comma, for it may be a year."""
    decimals = 0 if span >= 5 else 1 if span >= 0.5 else 2
    number = f"{value:.{decimals}f}".replace("-", "−")
    if not float(number.replace("−", "-")):
        number = number.lstrip("−")
    return f"{number} {unit}" if unit else number


def _groups(
    names: Sequence[str], colours: Sequence[str], sizes: Sequence[int], spots: NDArray[Any] | None
) -> tuple[MapGroup, ...]:
    places: list[tuple[float, float] | None] = [None] * len(names)
    if spots is not None:
        places = [
            (float(spot[0]), float(spot[1])) if np.isfinite(spot).all() else None
            for spot in np.asarray(spots)
        ]
    return tuple(
        MapGroup(name=name, colour=colour, size=int(size), spot=spot)
        for name, colour, size, spot in zip(names, colours, sizes, places, strict=True)
    )
