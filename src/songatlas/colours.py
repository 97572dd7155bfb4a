"""The colours of clusters, the same in every figure and on the page.

References
----------
Twenty colours, far apart in CAM02-UCS also for colour-blind eyes (least distance 9.1), early ones farthest.
"""

from __future__ import annotations

from collections.abc import Sequence

CLUSTER_COLOURS: tuple[str, ...] = (
    "#efb50c",
    "#4d1cb8",
    "#820602",
    "#41c7f3",
    "#fc678a",
    "#448b13",
    "#b656f1",
    "#645560",
    "#770666",
    "#c1a5b8",
    "#1a4f31",
    "#33689b",
    "#98d890",
    "#7d8361",
    "#12aa8f",
    "#8d8fc6",
    "#a60750",
    "#9da130",
    "#735917",
    "#9e7191",
)
NOT_CLUSTERED = "#9aa0aa"

LESS_TO_MORE: tuple[str, ...] = (
    "#1d4e79",
    "#4f8fbf",
    "#b5d3e7",
    "#f7f5f2",
    "#f2c6a0",
    "#d9803f",
    "#8f3d12",
)
"""Blue for less than usual, orange for more: told apart by colour-blind eyes, too."""

NONE_TO_ALL: tuple[str, ...] = ("#f7f7f4", "#cfe5df", "#85c1b6", "#33918a", "#13585b", "#07343b")
"""From nothing to everything."""

_SHADES = (0.0, 0.5, -0.45, 0.28, -0.25)


def colour_of(cluster: int, colours: Sequence[int] = ()) -> str:
    """Return the colour of a cluster, as ``#rrggbb``.

    Parameters
    ----------
    cluster : int
        Number of the cluster. Below 0 means not clustered and is grey.
    colours : sequence of int
        Number of the colour of each cluster, as `Atlas.colours` says; a cluster beyond its end, and any where
        it is empty, has the colour of its own number. From 20 on the colours come again lighter and darker.

    Examples
    --------
    >>> colour_of(0), colour_of(20) == colour_of(0), colour_of(1, (3, 0)) == colour_of(0)
    ('#efb50c', False, True)
    """
    if cluster < 0:
        return NOT_CLUSTERED
    number = colours[cluster] if cluster < len(colours) else cluster
    turn, place = divmod(int(number), len(CLUSTER_COLOURS))
    shade = _SHADES[turn % len(_SHADES)]
    target = 1.0 if shade > 0 else 0.0
    parts = [int(CLUSTER_COLOURS[place][at : at + 2], 16) / 255 for at in (1, 3, 5)]
    mixed = [part + (target - part) * abs(shade) for part in parts]
    return "#" + "".join(f"{round(part * 255):02x}" for part in mixed)


def ink_on(colour: str) -> str:
    """Return black or white, whichever is easier to read on `colour` (WCAG relative luminance).

    Parameters
    ----------
    colour : str
        As ``#rrggbb``.

    Examples
    --------
    >>> ink_on("#efb50c"), ink_on("#4d1cb8")
    ('#000000', '#ffffff')
    """
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"
