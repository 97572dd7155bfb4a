"""The flat picture of the points: two principal components, with words for both ends of both axes.

References
----------
K. Pearson, On lines and planes of closest fit to systems of points in space, 1901.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.errors import BadAtlas, in_brief
from songatlas.features import DETAILS, FEATURES
from songatlas.kernels import one_blas_thread
from songatlas.space.coordinates import FIFTHS

_Float = NDArray[np.float64]
_ROWS_AT_ONCE: Final = 16_384  # little enough to stay in the cache
_STRONG_LOADING: Final = 0.5  # of the strongest, from which a coordinate may name an axis
_TELLING_LOADING: Final = 0.25  # where the stronger ones have named the other axis


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A flat picture of the points: their first two principal components.

    Attributes
    ----------
    components : ndarray, float64 (2, n_dimensions)
        Unit vectors (zero where the points do not spread that far); the strongest loading is positive.
    mean : ndarray, float64 (n_dimensions,)
        Middle of the points, the origin of the layout.
    explained : (float, float)
        Share of the variance along each axis, 0 to 1.
    axis_words : ((str, str), (str, str))
        What songs are like at the low and the high end of each axis; empty where nothing spreads.
    """

    components: _Float
    mean: _Float
    explained: tuple[float, float]
    axis_words: tuple[tuple[str, str], tuple[str, str]]

    def positions(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return where points lie, float32 ``(n_songs, 2)``; each row depends on its own point only."""
        flat = np.empty((len(points), 2), dtype=np.float32)
        for start in range(0, len(points), _ROWS_AT_ONCE):
            rows = points[start : start + _ROWS_AT_ONCE]
            sums = np.zeros((2, len(rows)))
            for dimension in range(points.shape[1]):
                centred = rows[:, dimension].astype(np.float64) - self.mean[dimension]
                for axis in (0, 1):
                    sums[axis] += centred * self.components[axis, dimension]
            flat[start : start + _ROWS_AT_ONCE] = sums.T
        return flat

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; exact both ways."""
        return {
            "components": self.components.tolist(),
            "mean": self.mean.tolist(),
            "explained": list(self.explained),
            "axis_words": [list(words) for words in self.axis_words],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Layout:
        """Return the layout of `to_dict`, or raise BadAtlas where a part is missing."""
        try:
            (x_low, x_high), (y_low, y_high) = state["axis_words"]
            x_share, y_share = state["explained"]
            mean = np.asarray(state["mean"], dtype=np.float64)
            components = np.asarray(state["components"], dtype=np.float64).reshape(2, len(mean))
        except (KeyError, TypeError, ValueError) as problem:
            raise BadAtlas(
                f"the saved layout cannot be read ({in_brief(problem)}): build the atlas again"
            ) from problem
        words = ((x_low, x_high), (y_low, y_high))
        return cls(components=components, mean=mean, explained=(x_share, y_share), axis_words=words)


def fit_layout(points: NDArray[np.floating[Any]], dimensions: Sequence[str]) -> Layout:
    """Return the two principal components of points, with words for both ends of both axes.

    Parameters
    ----------
    points : ndarray (n_songs, n_dimensions)
        Finite; one song or one dimension is enough.
    dimensions : sequence of str
        Label of each coordinate, as `SongSpace.dimensions` gives them.

    Returns
    -------
    Layout
        The same for the same points on any number of threads.
    """
    n_dimensions = points.shape[1]
    with one_blas_thread():
        mean, scatter = _mean_and_scatter(points)
        _, spreads, directions = np.linalg.svd(scatter)
    components, shares = np.zeros((2, n_dimensions)), [0.0, 0.0]
    total = float(spreads.sum())
    for axis in range(min(2, n_dimensions)):
        if spreads[axis] > 1e-12 * total:
            strongest = int(np.argmax(np.abs(directions[axis]).round(9)))
            components[axis] = directions[axis] * np.sign(directions[axis, strongest])
            shares[axis] = float(spreads[axis]) / total
    x_words = _axis_words(components[0], dimensions)
    y_words = _axis_words(components[1], dimensions, said=x_words)
    return Layout(
        components=components, mean=mean, explained=(shares[0], shares[1]), axis_words=(x_words, y_words)
    )


def _mean_and_scatter(points: NDArray[np.floating[Any]]) -> tuple[_Float, _Float]:
    """Mean of the points, and the sums of products of what they differ from it by, some rows at a time."""
    n_songs, n_dimensions = points.shape
    pieces = [points[start : start + _ROWS_AT_ONCE] for start in range(0, n_songs, _ROWS_AT_ONCE)]
    mean, scatter = np.zeros(n_dimensions), np.zeros((n_dimensions, n_dimensions))
    for rows in pieces:
        mean += rows.sum(axis=0, dtype=np.float64) / n_songs
    for rows in pieces:
        centred = np.ascontiguousarray(rows.T, dtype=np.float64) - mean[:, None]
        scatter += centred @ centred.T
    return mean, scatter


def _axis_words(
    component: _Float, dimensions: Sequence[str], *, said: tuple[str, str] = ("", "")
) -> tuple[str, str]:
    """The words of the two strongest loadings, the second only where it is nearly as strong.

    A word that stands at an end already, of this axis or the one whose words were `said`, names no other end;
    an axis whose strong loadings are all spoken for takes the next that still tells something.
    """
    strengths = np.abs(component)
    strongest = strengths.max(initial=0.0)
    taken = {word for end in said for word in end.split(", ") if word}
    ends: list[tuple[str, str]] = []
    for place in np.argsort(-strengths.round(9), kind="stable"):
        least = _TELLING_LOADING if not ends and said != ("", "") else _STRONG_LOADING
        if strongest == 0 or strengths[place] < least * strongest or len(ends) == 2:
            break
        low, high = ends_of(dimensions[place])
        if not {low, high} & taken:
            taken |= {low, high}
            ends.append((low, high) if component[place] > 0 else (high, low))
    lows, highs = zip(*ends, strict=True) if ends else ((), ())
    return ", ".join(lows), ", ".join(highs)


def ends_of(dimension: str) -> tuple[str, str]:
    """Return what songs are like at the low and the high end of a coordinate, named by its label."""
    kind, _, what = dimension.partition(": ")
    if kind == "Genre":
        return f"less {what}", f"more {what}"
    if kind in ("Tags", "Audio"):
        low, _, high = what.rpartition(" to ")
        return (low or "other tags", high) if kind == "Tags" or low else ("one sound", "another sound")
    return _ENDS.get(dimension, (f"low {dimension}", f"high {dimension}"))


_ENDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {feature.label: (feature.low_word, feature.high_word) for feature in FEATURES.values()}
    | {
        FIFTHS[0]: ("near F sharp", "near C"),
        FIFTHS[1]: ("near E flat", "near A"),
        "Release year": ("older", "newer"),
        DETAILS["popularity"].label: ("little known", "popular"),
        DETAILS["artist_popularity"].label: ("little-known artists", "popular artists"),
        DETAILS["followers"].label: ("few followers", "many followers"),
        DETAILS["streams"].label: ("rarely streamed", "often streamed"),
        DETAILS["explicit"].label: ("clean", "explicit"),
    }
)
