"""How every figure looks: colours, numbers in words, and the settings under which all is drawn.

Conventions
-----------
A cluster keeps its colour in every figure. Colour is never its only sign: its number or its name always
stands beside. Nothing here touches pyplot; Matplotlib's settings are changed only inside `drawing`, which
one thread enters at a time, so that figures may be asked for from several threads and look alike whatever
style a person has set for themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap

from songatlas.colours import LESS_TO_MORE, NONE_TO_ALL, NOT_CLUSTERED
from songatlas.figures.lettering import families, printable

INK, QUIET, FAINT, LINE, PAPER = "#23262d", "#626874", NOT_CLUSTERED, "#d8dbe0", "#ffffff"
ACCENT = "#33689b"
DIVERGING: Colormap = LinearSegmentedColormap.from_list("songatlas_diverging", LESS_TO_MORE)
SEQUENTIAL: Colormap = LinearSegmentedColormap.from_list("songatlas_sequential", NONE_TO_ALL)

_LOCK = threading.RLock()


def count_of(number: float, one: str = "song", many: str = "songs") -> str:
    """Return a number with its noun, thousands apart by commas.

    Examples
    --------
    >>> count_of(1), count_of(28356)
    ('1 song', '28,356 songs')
    """
    return f"{number:,.0f} {one if number == 1 else many}"


def share_of(share: float) -> str:
    """Return a share from 0 to 1 as a percentage with as many digits as say something.

    Examples
    --------
    >>> share_of(0.1234), share_of(0.0004), share_of(0.0)
    ('12%', '<0.1%', '0%')
    """
    percent = 100 * share
    if not np.isfinite(percent):
        return "?"
    if percent == 0 or percent >= 9.95:
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if percent >= 0.1 else "<0.1%"


def magnitude_of(values: np.ndarray) -> tuple[float, str]:
    """Return a divisor and its word, so that an axis of `values` needs no long numbers.

    Examples
    --------
    >>> magnitude_of(np.array([658_336.0]))
    (1000.0, 'thousands')
    """
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    for divisor, word in ((1e9, "billions"), (1e6, "millions"), (1e3, "thousands")):
        if largest >= 10 * divisor or (divisor > 1e3 and largest >= divisor):
            return divisor, word
    return 1.0, ""


def cluster_names(names: Sequence[str], k: int) -> list[str]:
    """Return `k` names fit to be drawn; missing and empty ones are numbered."""
    shown = [printable(str(name)) for name in names[:k]]
    shown += [""] * (k - len(shown))
    return [name or f"Cluster {number}" for number, name in enumerate(shown)]


@contextmanager
def drawing() -> Iterator[None]:
    """Draw under the settings of songatlas, one thread at a time, and leave Matplotlib's as they were."""
    with _LOCK, mpl.rc_context():
        mpl.rcParams.update({**_PLAIN, **_SETTINGS, "font.family": families()[0]})
        yield


_PLAIN: dict[Any, Any] = {
    name: value
    for name, value in mpl.rcParamsDefault.items()
    if name.partition(".")[0]
    in {"agg", "axes", "figure", "font", "grid", "hatch", "image", "lines", "markers", "patch", "path"}
    | {"polaraxes", "savefig", "scatter", "svg", "text", "xaxis", "xtick", "yaxis", "ytick"}
}
_SETTINGS: dict[Any, Any] = {
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": "#b9bec6",
    "axes.labelcolor": QUIET,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "grid.color": "#eceef1",
    "grid.linewidth": 0.8,
    "xtick.color": "#b9bec6",
    "ytick.color": "#b9bec6",
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "path",
    "svg.hashsalt": "songatlas",
}
