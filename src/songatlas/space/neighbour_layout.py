"""A flat picture that keeps neighbours: PaCMAP on landmarks, all other songs among their nearest landmarks.

Principal components keep the far order of the songs; here songs that lie near each other in the space mostly
do so on the map, too, and distances between far regions mean little. The layout is turned so that it
lies like another one, the principal components, as nearly as can be. PaCMAP is an extra of songatlas
(`songatlas[layout]`) and is imported when it is first used.

References
----------
Y. Wang, H. Huang, C. Rudin, Y. Shaposhnik (2021), "Understanding how dimension reduction tools work: an
empirical approach to deciphering t-SNE, UMAP, TriMap, and PaCMAP for data visualization", Journal of Machine
Learning Research 22.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import SongAtlasError
from songatlas.kernels import one_blas_thread, thread_count
from songatlas.progress import Progress, silent

N_LANDMARKS: Final = 30_000
"""Songs that PaCMAP lays out; more are placed among them."""

N_NEAREST: Final = 8
"""Landmarks that a song is placed by."""

FEWEST_SONGS: Final = 30
"""Below these there are no neighbourhoods to keep."""

TELLING: Final = 0.4
"""Rank correlation from which a feature names an axis."""

_ROWS_AT_ONCE: Final = 20_000
_CORRELATED_SONGS: Final = 20_000
_LARGEST_SEED: Final = 2**31 - 1 - 10_000_000  # it adds row numbers to its seed
_MISSING: Final = (
    "the map that keeps neighbours needs PaCMAP, which is not installed: pip install 'songatlas[layout]'"
)
_Words = tuple[str, str]


def neighbour_layout(
    points: NDArray[np.float32],
    *,
    seed: int = 0,
    like: NDArray[np.float32] | None = None,
    n_landmarks: int = N_LANDMARKS,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return places on a map that keeps neighbours.

    Parameters
    ----------
    points : ndarray of float32, shape (n_songs, n_dimensions)
        Finite, at least `FEWEST_SONGS`; in an order made from the songs themselves.
    seed : int
        Draws the landmarks and everything random in PaCMAP; same points and seed give the same places.
    like : ndarray of float32, shape (n_songs, 2), optional
        Places of the same songs that the map is turned and mirrored towards.
    n_landmarks : int
        Songs that PaCMAP lays out.
    n_threads : int, optional
        For the songs beside the landmarks; every core by default.
    progress : callable, optional
        Called with the share done, 0 to 1, and words for it.

    Returns
    -------
    ndarray of float32, shape (n_songs, 2)

    Raises
    ------
    SongAtlasError
        If PaCMAP is not installed.
    ValueError
        If there are too few songs.
    """
    if len(points) < FEWEST_SONGS:
        raise ValueError(f"{len(points)} songs: a layout of neighbours needs at least {FEWEST_SONGS}")
    tell = progress or silent
    tell(0.0, "getting PaCMAP ready, which takes half a minute the first time")
    pacmap = _imported()
    rows = landmark_rows(len(points), n_landmarks, seed=seed)
    tell(0.1, f"laying out {len(rows):,} songs")
    landmarks = np.ascontiguousarray(points[rows])
    with _quietly():
        mapper = pacmap.PaCMAP(n_components=2, n_neighbors=10, random_state=seed % _LARGEST_SEED)
        places = np.asarray(mapper.fit_transform(landmarks, save_pairs=False), dtype=np.float64)
    if len(rows) < len(points):
        places = _placed_among(points, landmarks, places, rows, n_threads=n_threads, tell=tell)
    flat = places - places.mean(axis=0)
    tell(1.0, "the map is ready")
    return (flat if like is None else _turned(flat, like)).astype(np.float32)


def landmark_rows(n_songs: int, n_landmarks: int, *, seed: int) -> NDArray[np.int64]:
    """Return the rows of the landmarks, rising: all songs where they are no more than are wanted."""
    if n_songs <= n_landmarks:
        return np.arange(n_songs)
    return np.sort(np.random.default_rng([seed, 8]).permutation(n_songs)[:n_landmarks])


def axis_words(
    positions: NDArray[np.float32], features: Mapping[str, pl.Series], words: Mapping[str, _Words]
) -> tuple[_Words, _Words]:
    """Return what songs are like at both ends of both axes.

    Parameters
    ----------
    positions : ndarray of float32, shape (n_songs, 2)
    features : mapping of str to Series
        Column -> its values, null where not known. A column names at most one axis.
    words : mapping of str to (str, str)
        Column -> what songs with little and with much of it are like.

    Returns
    -------
    ((str, str), (str, str))
        Left and right, bottom and top: the words of the feature whose ranks correlate most with the ranks of
        the places; empty where none reaches `TELLING`.

    Examples
    --------
    >>> places = np.array([[0.0, 5.0], [1.0, 2.0], [2.0, 7.0], [3.0, 1.0]], dtype=np.float32)
    >>> axis_words(places, {"energy": pl.Series([0.9, 0.5, 0.4, 0.1])}, {"energy": ("calm", "energetic")})
    (('energetic', 'calm'), ('', ''))
    """
    found = sorted(
        (
            (-abs(correlation), axis, column, correlation)
            for column, values in features.items()
            for axis, correlation in enumerate(_rank_correlations(positions, values))
        ),
    )
    named: dict[int, _Words] = {}
    used: set[str] = set()
    for _, axis, column, correlation in found:
        if abs(correlation) >= TELLING and axis not in named and column not in used:
            low, high = words[column]
            named[axis] = (low, high) if correlation > 0 else (high, low)
            used.add(column)
    return named.get(0, ("", "")), named.get(1, ("", ""))


def _rank_correlations(positions: NDArray[np.float32], values: pl.Series) -> tuple[float, float]:
    """Rank correlation (Spearman) of a feature with both axes, on some songs; 0 where there is none."""
    every = max(1, len(positions) // _CORRELATED_SONGS)
    table = pl.DataFrame(
        {"x": positions[::every, 0], "y": positions[::every, 1], "value": values.gather_every(every)}
    ).with_columns(pl.col("value").cast(pl.Float64).fill_nan(None))
    known = table.drop_nulls()
    if known.height < 3 or known["value"].n_unique() < 2:
        return 0.0, 0.0
    ranks = known.select(pl.all().rank("average")).to_numpy()
    spreads = ranks.std(axis=0)
    if not spreads.all():
        return 0.0, 0.0
    x, y = ((ranks - ranks.mean(axis=0)) / spreads)[:, :2].T @ (
        (ranks[:, 2] - ranks[:, 2].mean()) / spreads[2]
    )
    return float(x) / known.height, float(y) / known.height


def _placed_among(
    points: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    places: NDArray[np.float64],
    rows: NDArray[np.int64],
    *,
    n_threads: int | None,
    tell: Progress,
) -> NDArray[np.float64]:
    """Places of all songs: landmarks their own, others a mean of the nearest, near ones counting more."""
    index = _index_of(landmarks, n_threads=n_threads)
    found = np.empty((len(points), 2))
    for start in range(0, len(points), _ROWS_AT_ONCE):
        tell(0.5 + 0.5 * start / len(points), f"placing {len(points):,} songs")
        squares, neighbours = index.search(points[start : start + _ROWS_AT_ONCE], N_NEAREST)
        nearness = 1.0 / (np.maximum(squares, 0.0).astype(np.float64) + 1e-12)
        nearness /= nearness.sum(axis=1, keepdims=True)
        found[start : start + len(squares)] = (places[neighbours] * nearness[:, :, None]).sum(axis=1)
    found[rows] = places
    return found


def _index_of(landmarks: NDArray[np.float32], *, n_threads: int | None) -> Any:
    """What finds the nearest landmarks: a graph of neighbours, built on one thread to come out the same.

    The library comes with PaCMAP, and is several times quicker here than a tree.
    """
    with _quietly():
        faiss = import_module("faiss")
    index = faiss.IndexHNSWFlat(landmarks.shape[1], 16)
    index.hnsw.efConstruction, index.hnsw.efSearch = 80, 48
    faiss.omp_set_num_threads(1)
    index.add(landmarks)
    faiss.omp_set_num_threads(thread_count(n_threads))
    return index


def _turned(flat: NDArray[np.float64], like: NDArray[np.float32]) -> NDArray[np.float64]:
    """Places turned and mirrored to lie like others as nearly as can be (orthogonal Procrustes)."""
    target = like - like.mean(axis=0, dtype=np.float64)
    with one_blas_thread():
        left, _, right = np.linalg.svd(flat.T @ target)
        turned: NDArray[np.float64] = flat @ (left @ right)
    return turned


def _imported() -> Any:
    """PaCMAP, or the error that says how to get it."""
    try:
        with _quietly():
            import_module("faiss")  # which PaCMAP brings along
            return import_module("pacmap")
    except ImportError as error:
        raise SongAtlasError(_MISSING) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence what PaCMAP and the libraries under it say to programmers: that a seed is set, mostly."""
    logger = logging.getLogger("pacmap.pacmap")
    level = logger.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(numba|pacmap|faiss)(\.|$)")
        warnings.filterwarnings("ignore", message=r".*[sS]wig", category=DeprecationWarning)
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
