"""How each cluster differs from the rest of the catalogue, in numbers.

Conventions
-----------
Arrays have one row a cluster and one column a feature. Percentiles are mean mid-ranks in the catalogue,
0 to 100; 50 is like the rest. Contrasts run from -1 to 1 (Cliff's delta against the songs outside the
cluster). Missing values take part in nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.noticing import SPEECH_FROM, is_noticeable

SPOKEN_QUANTILE: Final = 0.95
"""A cluster whose mean speechiness lies above this quantile of the catalogue is spoken, if it is speech."""

ALL_SPEECH: Final = 0.66
"""Mean speechiness above which a cluster is spoken whatever the rest of the catalogue is, as where audio
books make up half of it: Spotify describes such tracks as probably made entirely of spoken words."""

_Float = NDArray[np.float64]
_GRIDS: Final = (1.0, 1e3, 1e4, 1e5, 1e6)  # steps to the unit
_CELLS_A_NUMBER: Final = 2.0
_CELLS_A_TABLE: Final = 4.0  # of clusters by cells, for each number
_FIRST_LOOK: Final = 256


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """Numbers of every cluster.

    Attributes
    ----------
    features : tuple of str
        Columns of the arrays.
    sizes : ndarray, int64 (k,)
    means, z_means : ndarray, float64 (k, n_features)
        Mean in the feature's unit, and in standard deviations from the catalogue's mean.
    elsewhere : ndarray, float64 (k, n_features)
        Mean of the songs outside the cluster; that of the cluster itself where there are none.
    percentiles, contrasts : ndarray, float64 (k, n_features)
    spoken : ndarray, bool (k,)
    speechiness : ndarray, float64 (k,)
        Mean speechiness, NaN where the table has none.
    spoken_from : float
        The catalogue's speechiness at SPOKEN_QUANTILE.
    """

    features: tuple[str, ...]
    sizes: NDArray[np.int64]
    means: _Float
    z_means: _Float
    elsewhere: _Float
    percentiles: _Float
    contrasts: _Float
    spoken: NDArray[np.bool_]
    speechiness: _Float
    spoken_from: float

    def noticeable(self) -> Contrasts:
        """Return the same numbers, like the rest in every feature whose means a person cannot tell apart."""
        heard = np.array(
            [
                [is_noticeable(*each) for each in zip(self.features, own, other, strict=True)]
                for own, other in zip(self.means, self.elsewhere, strict=True)
            ],
            dtype=np.bool_,
        ).reshape(self.means.shape)
        return replace(
            self,
            percentiles=np.where(heard, self.percentiles, 50.0),
            contrasts=np.where(heard, self.contrasts, 0.0),
        )


def measure_contrasts(
    songs: pl.DataFrame, labels: NDArray[np.integer], *, features: Sequence[str], k: int
) -> Contrasts:
    """Return what separates each cluster from the rest.

    Parameters
    ----------
    songs : polars.DataFrame
        Songs table with the columns `features`.
    labels : ndarray, int (n_songs,)
        Cluster of each song, 0 to k - 1.
    features : sequence of str
        Numeric columns.
    k : int
        Number of clusters; some may be empty (they are given the catalogue's means).
    """
    labels = labels.astype(np.intp)  # what is counted into bins
    columns = [_measure_column(songs[name], labels, k) for name in features]
    empty = np.zeros((k, 0))
    means, z_means, elsewhere, percentiles, contrasts = (
        np.column_stack(parts) if columns else empty
        for parts in (zip(*columns, strict=True) if columns else [()] * 5)
    )
    speechiness, spoken_from = np.full(k, np.nan), float("nan")
    if "speechiness" in songs.columns:
        values, clusters = _known(songs["speechiness"], labels)
        if len(values):
            speechiness = _means(values, clusters, k, otherwise=np.nan)
            spoken_from = float(np.quantile(values, SPOKEN_QUANTILE))
    return Contrasts(
        features=tuple(features),
        sizes=np.bincount(labels, minlength=k).astype(np.int64),
        means=means,
        z_means=z_means,
        elsewhere=elsewhere,
        percentiles=percentiles,
        contrasts=contrasts,
        spoken=((speechiness > spoken_from + 1e-12) & (speechiness >= SPEECH_FROM))
        | (speechiness > ALL_SPEECH),
        speechiness=speechiness,
        spoken_from=spoken_from,
    )


def percentile_contrast(
    values: pl.Series, labels: NDArray[np.integer], k: int
) -> tuple[_Float, _Float, NDArray[np.int64]]:
    """Return mean percentile, contrast and number of known values of each cluster, each ``(k,)``."""
    return _percentile_contrast(*_known(values, labels), k)


def _percentile_contrast(
    numbers: _Float, labels: NDArray[np.integer], k: int
) -> tuple[_Float, _Float, NDArray[np.int64]]:
    """As `percentile_contrast`, of known numbers."""
    n_known, counts = len(numbers), np.bincount(labels, minlength=k)
    sums = (_rank_sums(numbers, labels, k) - 0.5 * counts) / max(n_known, 1)
    inside = np.divide(sums, counts, out=np.full(k, 0.5), where=counts > 0)
    share = counts / max(n_known, 1)
    rest = 1.0 - share
    above = np.divide(inside - share / 2, rest, out=np.full(k, 0.5), where=(rest > 0) & (counts > 0))
    return 100.0 * inside, np.clip(2.0 * above - 1.0, -1.0, 1.0), counts.astype(np.int64)


def _measure_column(
    column: pl.Series, labels: NDArray[np.integer], k: int
) -> tuple[_Float, _Float, _Float, _Float, _Float]:
    """Means, z-means, means elsewhere, percentiles and contrasts of one feature."""
    values, labels = _known(column, labels)
    centre, spread = (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)
    means = _means(values, labels, k, otherwise=centre)
    z_means = (means - centre) / spread if spread > 1e-12 * max(abs(centre), 1e-300) else np.zeros(k)
    percentiles, contrasts, counts = _percentile_contrast(values, labels, k)
    n_other = len(values) - counts
    sums = centre * len(values) - means * counts
    elsewhere = np.divide(sums, n_other, out=means.copy(), where=(n_other > 0) & (counts > 0))
    return means, z_means, elsewhere, percentiles, contrasts


def mid_ranks(numbers: _Float) -> _Float:
    """Return the rank of each number, from 1; equal numbers share the mean of their ranks.

    Measurements mostly lie on a grid, such as thousandths or whole milliseconds. There ranks are counted,
    which is several times quicker than sorting and gives the same ranks.

    Parameters
    ----------
    numbers : ndarray, float64 (n,)
        Finite.

    Examples
    --------
    >>> mid_ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    cells = _cells(numbers)
    if cells is None:
        return pl.Series(numbers).rank("average").cast(pl.Float64).to_numpy()
    return _cell_ranks(np.bincount(cells))[cells]


def _rank_sums(numbers: _Float, labels: NDArray[np.integer], k: int) -> _Float:
    """Sum of the mid-ranks of each cluster; exact, for ranks are halves of whole numbers."""
    cells = _cells(numbers)
    n_cells = 0 if cells is None else int(cells.max()) + 1
    if cells is None or k * n_cells > _CELLS_A_TABLE * len(numbers):
        return np.asarray(np.bincount(labels, weights=mid_ranks(numbers), minlength=k), dtype=np.float64)
    counts = np.bincount(labels.astype(np.intp) * n_cells + cells, minlength=k * n_cells)
    table = counts.reshape(k, n_cells)
    return np.asarray((table * _cell_ranks(table.sum(axis=0))).sum(axis=1))


def _cell_ranks(counts: NDArray[np.int64]) -> _Float:
    """Mid-rank of the numbers in each cell, from how many there are."""
    return np.asarray(np.cumsum(counts) - (counts - 1) / 2)


def _cells(numbers: _Float) -> NDArray[np.int64] | None:
    """Cell of each number on the coarsest grid on which all lie; None where there is none."""
    found = (_grid_cells(numbers, steps) for steps in _GRIDS)
    return next((cells for cells in found if cells is not None), None)


def _grid_cells(numbers: _Float, steps: float) -> NDArray[np.int64] | None:
    """Cell of each number on a grid of that many steps to the unit; None where some lie beside it."""
    first = numbers[:_FIRST_LOOK]
    if len(first) == 0 or not (np.rint(first * steps) / steps == first).all():
        return None
    low, high = float(numbers.min()) * steps, float(numbers.max()) * steps
    if high - low > _CELLS_A_NUMBER * len(numbers):
        return None
    cells = np.rint(numbers * steps)
    if not (cells / steps == numbers).all():
        return None
    whole: NDArray[np.int64] = (cells - np.rint(low)).astype(np.int64)
    return whole


def _known(column: pl.Series, labels: NDArray[np.integer]) -> tuple[_Float, NDArray[np.integer]]:
    """The numbers that are known, and their clusters."""
    values: _Float = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = np.isfinite(values)
    return (values, labels) if known.all() else (values[known], labels[known])


def _means(values: _Float, labels: NDArray[np.integer], k: int, *, otherwise: float) -> _Float:
    """Mean of each cluster; `otherwise` where it has no value."""
    sums, counts = np.bincount(labels, weights=values, minlength=k), np.bincount(labels, minlength=k)
    return np.asarray(np.divide(sums, counts, out=np.full(k, otherwise), where=counts > 0))
