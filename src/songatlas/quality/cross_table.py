"""How many songs two groupings share, group by group, and every index of agreement made from these counts.

Conventions
-----------
Songs are counted once and all indices come from the counts, so a million songs cost little more than a
thousand. Groups are numbered from 0; the numbers do not matter.

References
----------
L. Hubert, P. Arabie (1985), "Comparing partitions", Journal of Classification 2.
N. X. Vinh, J. Epps, J. Bailey (2010), "Information theoretic measures for clusterings comparison",
Journal of Machine Learning Research 11.
A. Rosenberg, J. Hirschberg (2007), "V-measure", EMNLP-CoNLL.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CELLS_A_SONG = 4  # up to this many, counting into a full table is quicker than sorting
_TAIL = 80.0  # weights below e to the minus this are left out


@dataclass(frozen=True)
class Agreement:
    """How well clusters match genres.

    Attributes
    ----------
    ami : float
        Adjusted mutual information: 0 by chance, 1 at best.
    ari : float
        Adjusted Rand index: 0 by chance, 1 at best.
    nmi : float
        Normalised mutual information, 0 to 1, not adjusted for chance.
    v_measure : float
        Harmonic mean of homogeneity and completeness, 0 to 1, not adjusted for chance.
    purity : float
        Share of songs whose genre is the commonest of their cluster; grows with the number of clusters.
    """

    ami: float
    ari: float
    nmi: float
    v_measure: float
    purity: float


@dataclass(frozen=True)
class CrossTable:
    """Songs that a group of one grouping shares with a group of another.

    Attributes
    ----------
    rows, columns : ndarray of int64, shape (n_cells,)
        Group of the first and of the second grouping, for every two groups that share songs.
    counts : ndarray of int64, shape (n_cells,)
        Songs that they share, at least 1.
    row_sizes, column_sizes : ndarray of int64
        Songs of each group of the first and of the second grouping, none of them empty.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    counts: NDArray[np.int64]
    row_sizes: NDArray[np.int64]
    column_sizes: NDArray[np.int64]

    @classmethod
    def of(cls, first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]]) -> CrossTable:
        """Count the songs of two groupings, each int from 0, shape ``(n_songs,)``.

        Examples
        --------
        >>> table = CrossTable.of(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
        >>> table.counts.tolist(), table.adjusted_rand()
        ([2, 2], 1.0)
        """
        n_columns = int(second.max()) + 1
        cells = first.astype(np.int64) * n_columns + second
        if (int(first.max()) + 1) * n_columns <= _CELLS_A_SONG * len(cells):
            table = np.bincount(cells)
            filled = np.flatnonzero(table)
            counts = table[filled]
        else:
            filled, counts = np.unique(cells, return_counts=True)
        rows, columns = np.divmod(filled, n_columns)
        sizes = [np.bincount(side, weights=counts).astype(np.int64) for side in (rows, columns)]
        return cls(rows, columns, counts.astype(np.int64), *(each[each > 0] for each in sizes))

    @property
    def n_songs(self) -> int:
        """Number of songs."""
        return int(self.counts.sum())

    @cached_property
    def expected_information(self) -> float:
        """Mutual information that groups of these sizes share by chance, in nats."""
        sizes, times = np.unique(self.row_sizes, return_counts=True)
        others, other_times = np.unique(self.column_sizes, return_counts=True)
        rows = [other_times @ _expected_of_cells(size, others, self.n_songs) for size in sizes.tolist()]
        return float(times @ np.array(rows))

    def agreement(self) -> Agreement:
        """Return every index, for clusters in the rows and genres in the columns."""
        shared = self.normalized_mutual_information()
        return Agreement(
            ami=self.adjusted_mutual_information(),
            ari=self.adjusted_rand(),
            nmi=shared,
            v_measure=shared,
            purity=self.purity(),
        )

    def mutual_information(self) -> float:
        """Return the mutual information in nats, 0 or more."""
        in_row, in_column = (
            np.bincount(side, weights=self.counts)[side] for side in (self.rows, self.columns)
        )
        shared = self.counts * np.log(self.counts / in_row * (self.n_songs / in_column))
        return max(0.0, float(shared.sum() / self.n_songs))

    def adjusted_mutual_information(self) -> float:
        """Return the mutual information adjusted for chance: 0 by chance, 1 at best."""
        n_rows, n_columns = len(self.row_sizes), len(self.column_sizes)
        if n_rows == n_columns == len(self.counts):
            return 1.0  # equal groupings, and chance may be as good where all groups are of one song
        if n_rows == 1 or n_columns == 1:
            return 0.0
        chance = self.expected_information
        return (self.mutual_information() - chance) / (self._mean_entropy() - chance)

    def normalized_mutual_information(self) -> float:
        """Return the mutual information as a share of the mean entropy, 0 to 1: the V-measure, too."""
        entropy = self._mean_entropy()
        return self.mutual_information() / entropy if entropy else 1.0

    def adjusted_rand(self) -> float:
        """Return the adjusted Rand index, in whole numbers until the last division; 1 for equal groupings.

        `both`, `left` and `right` count the ordered pairs of different songs that share a group in both
        groupings, in the first and in the second.
        """
        n_songs = self.n_songs
        sizes = self.counts, self.row_sizes, self.column_sizes
        both, left, right = (int(np.square(each).sum()) - n_songs for each in sizes)
        if both == left == right:
            return 1.0
        n_pairs = n_songs * (n_songs - 1)
        return 2 * (both * n_pairs - left * right) / (n_pairs * (left + right) - 2 * left * right)

    def purity(self) -> float:
        """Return the share of songs in the largest cell of their row, above 0 up to 1."""
        largest = np.zeros(int(self.rows.max()) + 1, dtype=np.int64)
        np.maximum.at(largest, self.rows, self.counts)
        return float(largest.sum() / self.n_songs)

    def _mean_entropy(self) -> float:
        """Mean of the entropies of both groupings, in nats."""
        shares = (sizes / self.n_songs for sizes in (self.row_sizes, self.column_sizes))
        return float(np.mean([-(share * np.log(share)).sum() for share in shares]))


def _expected_of_cells(size: int, others: NDArray[np.int64], n_songs: int) -> NDArray[np.float64]:
    """What the cells of a group with groups of the sizes `others` add to the information shared by chance.

    The songs in a cell then follow the hypergeometric distribution. Its weights are built up from the
    ratios of neighbours, as far from the mean as weights above e^-80 can lie (Bernstein's inequality).
    """
    mean = size * (others / n_songs)
    reach = _TAIL / 3 + np.sqrt((_TAIL / 3) ** 2 + 2 * _TAIL * mean)
    low = np.maximum(np.floor(mean - reach).astype(np.int64), np.maximum(0, size + others - n_songs))
    high = np.minimum(np.ceil(mean + reach).astype(np.int64), np.minimum(size, others))
    lengths = high - low + 1
    starts = np.cumsum(lengths) - lengths
    other = np.repeat(others, lengths)
    shared = np.arange(lengths.sum()) - np.repeat(starts - low, lengths)
    more = (size - shared + 1.0) * (other - shared + 1.0)
    fewer = shared * (n_songs - size - other + shared).astype(np.float64)
    fewer[starts] = more[starts]
    weights = np.cumsum(np.log(more / fewer))
    weights = np.exp(weights - np.repeat(np.maximum.reduceat(weights, starts), lengths))
    gained = shared * np.log(np.maximum(shared, 1) / size * (n_songs / other))
    expected = np.add.reduceat(weights * gained, starts) / np.add.reduceat(weights, starts)
    return np.asarray(expected / n_songs)
