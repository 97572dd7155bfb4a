"""Orders of rows and columns in which a table is read best: what is alike side by side.

References
----------
Bar-Joseph, Gifford and Jaakkola (2001), Fast optimal leaf ordering for hierarchical clustering.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ordered_rows(matrix: NDArray[Any]) -> NDArray[np.intp]:
    """Return row numbers so that rows that are alike lie side by side.

    Average-linkage tree of the Euclidean distances, its leaves turned for the shortest walk.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_columns)
        What is not finite counts as 0.

    Examples
    --------
    >>> ordered_rows(np.array([[0.0], [9.0], [1.0], [8.0]])).tolist() in ([0, 2, 3, 1], [1, 3, 2, 0])
    True
    """
    if len(matrix) < 3:
        return np.arange(len(matrix))
    from scipy.cluster.hierarchy import leaves_list, linkage

    tree = linkage(np.nan_to_num(matrix), method="average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), dtype=np.intp)


def diagonal_orders(shares: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return orders of rows and columns that bring large shares near the diagonal: each at its barycentre.

    Parameters
    ----------
    shares : ndarray of float64, shape (n_rows, n_columns)
        0 or more.
    """
    weights = shares**2 / np.maximum(shares.mean(axis=0), 1e-9) + 1e-12
    rows, columns = ordered_rows(shares), np.arange(shares.shape[1])
    for _ in range(30):
        rank = np.argsort(rows)
        columns = np.argsort((weights * rank[:, None]).sum(axis=0) / weights.sum(axis=0), kind="stable")
        rank = np.argsort(columns)
        turned = np.argsort((weights * rank).sum(axis=1) / weights.sum(axis=1), kind="stable")
        if np.array_equal(turned, rows):
            break
        rows = turned
    return rows, columns
