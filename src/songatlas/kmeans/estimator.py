"""`KMeans`, a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral
from operator import itemgetter
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from songatlas import kernels
from songatlas.kmeans.clustering import Floats, Points, checked_points, require_spread
from songatlas.kmeans.inertia import scatter, summed_squares

Init: TypeAlias = Literal["k-means++", "random"] | npt.ArrayLike | Callable[..., npt.ArrayLike]

RESTARTS = 10  # for inits that n_init="auto" cannot trust at one go
PRECISIONS = (np.float64, np.float32)


class KMeans(TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """K-means clustering by Lloyd's iteration, with scikit-learn's rules and interface.

    From the same initial centroids it ends at the labels and the inertia of scikit-learn's own `KMeans`.
    Beyond that the order of the rows does not matter: seeds are drawn from the rows in an order made
    from their values, so that shuffled rows, and weights in place of repeated rows, give the same clusters.

    Parameters
    ----------
    n_clusters : int
    init : {"k-means++", "random"}, array-like of shape (n_clusters, n_features), or callable
        How to choose the initial centroids. A callable is called with the points, `n_clusters` and
        `random_state=` and returns an array.
    n_init : "auto" or int
        How many times to begin anew; the run of least inertia is kept. "auto" is 1 for "k-means++" and
        for an array, else 10.
    max_iter : int
        Most iterations of one run.
    tol : float
        A run ends when the squared moves of its centroids sum to at most `tol` times the mean variance
        of the features. It always ends when no label changes.
    random_state : int, RandomState instance or None
    n_threads : int or None
        None is every core. The result does not depend on it.

    Attributes
    ----------
    cluster_centers_ : ndarray of float64, shape (n_clusters, n_features)
        In the order of the initial centroids.
    labels_ : ndarray of int32, shape (n_samples,)
    inertia_ : float
        Summed (weighted) squared distance of the points to their centroids.
    n_iter_ : int
    history_ : tuple of float
        Inertia after each iteration of the run that was kept.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> fitted = KMeans(2, init=points[[0, 3]]).fit(points)
    >>> fitted.labels_.tolist(), fitted.cluster_centers_.ravel().tolist(), fitted.inertia_
    ([0, 0, 1, 1], [0.5, 10.5], 1.0)
    """

    cluster_centers_: Floats
    labels_: npt.NDArray[np.int32]
    inertia_: float
    n_iter_: int
    history_: tuple[float, ...]
    n_features_in_: int

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Init = "k-means++",
        n_init: int | Literal["auto"] = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_threads = n_threads

    def __sklearn_tags__(self) -> Any:
        """Say that transform keeps float32 as it is."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> KMeans:
        """Cluster the points.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            0 or more for each point.

        Returns
        -------
        KMeans
            The fitted estimator itself.

        Raises
        ------
        ValueError
            When a parameter is out of its range, there are fewer points than clusters, or squared distances
            of the points would be too large or too small to be numbers.
        """
        points = checked_points(
            validate_data(self, X, dtype=PRECISIONS, order="C", accept_large_sparse=False)
        )
        require_spread(points)
        self._check_parameters(len(points))
        weights = self._weights(points, sample_weight)
        rows = kernels.Rows.of(points)
        total = scatter(rows, weights)
        mean_variance = (total if weights is None else scatter(rows)) / points.size
        rules = kernels.Rules(total, self.max_iter, self.tol * mean_variance)
        n_threads = kernels.thread_count(self.n_threads)
        runs = []
        with kernels.one_blas_thread():
            for centroids in self._starts(points, weights):
                run = kernels.lloyd(rows, centroids, rules, weights=weights, n_threads=n_threads)
                runs.append((summed_squares(points, run.centroids, run.labels, weights), run))
        inertia, best = min(runs, key=itemgetter(0))
        self._keep(best, inertia)
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return the nearest centroid of each point, int32, shape ``(n_samples,)``."""
        points = self._fitted_points(X)
        threads = kernels.thread_count(self.n_threads)
        return kernels.nearest(kernels.Rows.of(points), self.cluster_centers_, n_threads=threads)

    def transform(self, X: npt.ArrayLike) -> Points:
        """Return the distance of each point to each centroid, shape ``(n_samples, n_clusters)``."""
        points = self._fitted_points(X)
        distances = np.empty((len(points), len(self.cluster_centers_)), dtype=points.dtype)
        for cluster in range(distances.shape[1]):
            own = np.full(len(points), cluster)
            squares = kernels.squared_distances(points, self.cluster_centers_, own)
            distances[:, cluster] = np.sqrt(squares)
        return distances

    def score(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return minus the inertia of the points about the fitted centroids."""
        points = self._fitted_points(X)
        weights = self._weights(points, sample_weight)
        return -summed_squares(points, self.cluster_centers_, self.predict(points), weights)

    @property
    def _n_features_out(self) -> int:
        """Tell scikit-learn how many columns `transform` has."""
        return len(self.cluster_centers_)

    def _fitted_points(self, X: npt.ArrayLike) -> Points:
        """Check points against the fitted ones."""
        check_is_fitted(self)
        return checked_points(
            validate_data(self, X, reset=False, dtype=PRECISIONS, order="C", accept_large_sparse=False)
        )

    def _weights(self, points: Points, sample_weight: npt.ArrayLike | None) -> Floats | None:
        """Return the weights in float64, None for all ones."""
        if sample_weight is None:
            return None
        weights: Floats = _check_sample_weight(
            sample_weight, points, dtype=np.float64, ensure_non_negative=True
        )
        if not weights.any():
            raise ValueError("every sample_weight is 0: give at least one point a weight above 0")
        return weights

    def _check_parameters(self, n_samples: int) -> None:
        """Refuse parameters out of their range, in words."""
        for name, least in (("n_clusters", 1), ("max_iter", 1), ("tol", 0)):
            value = getattr(self, name)
            if name != "tol" and (isinstance(value, bool) or not isinstance(value, Integral)):
                raise ValueError(f"{name} is {value!r}: it must be a whole number of at least {least}")
            if isinstance(value, str) or not value >= least:
                raise ValueError(f"{name} is {value!r}: it must be a number of at least {least}")
        if self.n_init != "auto" and (not isinstance(self.n_init, Integral) or self.n_init < 1):
            raise ValueError(f"n_init is {self.n_init!r}: it must be 'auto' or a number of at least 1")
        if isinstance(self.init, str) and self.init not in ("k-means++", "random"):
            raise ValueError(
                f"init is {self.init!r}: it must be 'k-means++', 'random', an array or a callable"
            )
        if n_samples < self.n_clusters:
            raise ValueError(
                f"n_samples={n_samples} is fewer than n_clusters={self.n_clusters}: "
                "ask for fewer clusters or give more points"
            )

    def _starts(self, points: Points, weights: Floats | None) -> list[Floats]:
        """Return the initial centroids of every run."""
        state = check_random_state(self.random_state)
        fixed = not isinstance(self.init, str) and not callable(self.init)
        n_runs = self.n_init
        if n_runs == "auto" or fixed:
            n_runs = 1 if fixed or self.init == "k-means++" else RESTARTS
        if fixed:
            return [self._checked_init(self.init, points)]
        if callable(self.init):
            made = [self.init(points, self.n_clusters, random_state=state) for _ in range(n_runs)]
            return [self._checked_init(centroids, points) for centroids in made]
        order = _order_by_value(points)
        ordered, masses = points[order], None if weights is None else weights[order]
        randoms = [np.random.default_rng(int(state.randint(2**31 - 1))) for _ in range(n_runs)]
        choose = kernels.seed_rows if self.init == "k-means++" else kernels.random_rows
        return [
            ordered[choose(ordered, self.n_clusters, random=random, weights=masses)].astype(np.float64)
            for random in randoms
        ]

    def _checked_init(self, centroids: Any, points: Points) -> Floats:
        """Check that given centroids fit the points and `n_clusters`."""
        array = np.array(centroids, dtype=np.float64, order="C")
        wanted = (self.n_clusters, points.shape[1])
        if array.shape != wanted:
            raise ValueError(f"the initial centroids have the shape {array.shape}: it must be {wanted}")
        if not np.isfinite(array).all():
            raise ValueError("an initial centroid has a value that is missing or infinite")
        return checked_points(array, name="initial centroids").astype(np.float64, copy=False)

    def _keep(self, run: kernels.Run, inertia: float) -> None:
        """Store the best run, and warn where points coincide so much that clusters stay empty."""
        self.cluster_centers_, self.labels_ = run.centroids, run.labels
        self.inertia_, self.n_iter_, self.history_ = inertia, run.n_iter, run.history
        n_found = np.count_nonzero(np.bincount(run.labels))
        if n_found < self.n_clusters:
            warnings.warn(
                f"only {n_found} of n_clusters={self.n_clusters} clusters have a point: "
                "the points may hold fewer distinct ones than that",
                ConvergenceWarning,
                stacklevel=3,
            )


def _order_by_value(points: Points) -> npt.NDArray[np.int64]:
    """Order rows by a fixed weighted sum of their values, so that the order they came in plays no part."""
    key = np.zeros(len(points))
    for dimension, column in enumerate(points.T):
        key += column * np.sqrt(dimension + 2.0)
    return np.argsort(key, kind="stable")
