"""The evidence on k: which numbers of clusters are tried, and what every index says of each.

Songs come in canonical order (sorted by `song_id`), so every draw below is the same however the rows of
the table were ordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.settings import AtlasSettings
from songatlas.errors import TooFewSongs
from songatlas.kmeans import (
    Clustering,
    compare_with_clouds,
    fit_folds,
    plain_run,
    resample_labelings,
)
from songatlas.progress import Progress
from songatlas.quality import (
    CrossTable,
    compactness_indices,
    count_pairs,
    gaps,
    sampled_rows,
    silhouette,
    silhouette_values,
    silhouettes,
    stability,
    valley_of,
)

EXACT_SONGS = 100_000
"""Up to this many songs the silhouette of the chosen clustering is exact; above, it has an interval."""

SILHOUETTE_SAMPLE = 4_000
"""Songs whose own silhouette is kept for the figure."""

SHOWN_SONGS = 100_000
"""Most songs behind what is only shown: the plain run, and those that silhouettes are measured against."""

_FEW_SONGS = 2
"""Of n songs at most sqrt(n / this) clusters are tried: 5 of 50, 9 of 162, 20 of 800."""

_PLAIN_CLUSTER, _PLAIN_KS = 15, 14
"""So many clusters are tried of few songs too, while each may have so many songs: groups that lie far apart
are found however few songs they have."""

_FIRST_LOOK = 1024

LabelPair: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32]]

_PARTS = ("", "_low", "_high", "_surety")
_STRUCTURE_COLUMNS = ("gap", "gap_low", "gap_high", *(f"valley{part}" for part in _PARTS))
_UNSURE_COLUMNS = dict.fromkeys((*_STRUCTURE_COLUMNS, "ami"), pl.Float64)


def ks_to_try(points: np.ndarray, *, settings: AtlasSettings) -> tuple[int, ...]:
    """Return the numbers of clusters for the sweep: fewer for few songs, and always the asked one.

    Raises
    ------
    TooFewSongs
        If `k` or `k_min` is not below the number of different songs, or these are fewer than three.
    """
    wanted = 2 if settings.k == "auto" else int(settings.k)
    n_different = _count_different(points, enough=max(wanted, settings.k_max) + 1)
    if n_different <= wanted:
        raise TooFewSongs(_too_few(len(points), n_different, wanted))
    if n_different <= settings.k_min:
        raise TooFewSongs(_too_few_to_begin(len(points), n_different, settings.k_min))
    few = max(int(np.sqrt(len(points) / _FEW_SONGS)), min(_PLAIN_KS, len(points) // _PLAIN_CLUSTER))
    most = min(settings.k_max, n_different - 1, max(settings.k_min, few))
    ks = set(range(settings.k_min, most + 1))
    return tuple(sorted(ks if settings.k == "auto" else ks | {wanted}))


def _count_different(points: np.ndarray, *, enough: int) -> int:
    """How many points differ from one another; where `enough` do, no more are looked for."""
    n_rows = min(len(points), max(_FIRST_LOOK, enough))
    while True:
        n_different = len(np.unique(points[:n_rows], axis=0))
        if n_different >= enough or n_rows == len(points):
            return n_different
        n_rows = min(len(points), 8 * n_rows)


def _too_few(n_songs: int, n_different: int, wanted: int) -> str:
    """Say why this many songs cannot be clustered."""
    if n_different > 2:
        step = f"ask for at most --k {n_different - 1}, or give more songs"
    else:
        step = "give more songs, or switch off rules of cleaning with --keep all"
    return f"{_left(n_songs, n_different)}, and {wanted} clusters need at least {wanted + 1}: {step}"


def _too_few_to_begin(n_songs: int, n_different: int, k_min: int) -> str:
    """Say why the sweep cannot begin at `k_min`."""
    return (
        f"{_left(n_songs, n_different)}, and k_min is {k_min}: it must be below the number of different "
        f"songs; give at most --k-min {n_different - 1}, or more songs"
    )


def _left(n_songs: int, n_different: int) -> str:
    """Say how many songs there are to cluster."""
    songs = f"{n_songs:,} song{'s' * (n_songs != 1)} {'is' if n_songs == 1 else 'are'} left after cleaning"
    return songs if n_different == n_songs else f"{songs}, only {n_different:,} of them different"


def gather_evidence(
    points: np.ndarray,
    clusterings: Sequence[Clustering],
    *,
    settings: AtlasSettings,
    tell: Progress,
    genres: pl.Series | None = None,
    pairs: Mapping[int, Sequence[LabelPair]] | None = None,
) -> pl.DataFrame:
    """Return one row for every k, with every index.

    Parameters
    ----------
    points : ndarray of float32, shape (n_songs, n_dimensions)
    clusterings : sequence of Clustering
    settings : AtlasSettings
    tell : callable
        Progress, from 0 to 1.
    genres : Series, optional
        One genre a song, null where none is known.
    pairs : mapping of int to sequence of (labels, labels), optional
        As `resampled_pairs` gives them; made here where None.

    Returns
    -------
    DataFrame
        Columns `k`, `inertia`, `silhouette`, `silhouette_low`, `silhouette_high`, `davies_bouldin`,
        `calinski_harabasz`, `stability`, `stability_low`, `stability_high`, `gap`, `gap_low`, `gap_high`,
        `valley`, `valley_low`, `valley_high`, `valley_surety`, `ami`, `smallest_share`, `largest_share`,
        `n_iter`; null where a figure is not known for a k, `ami` throughout where there are no genres.
    """
    labelings = [clustering.labels for clustering in clusterings]
    tell(0.0, "measuring silhouettes")
    estimates = silhouettes(points, labelings, seed=settings.seed, n_threads=settings.threads)
    tell(0.4, "testing stability")
    centroids = {clustering.k: clustering.centroids for clustering in clusterings}
    if pairs is None:
        pairs = resampled_pairs(points, clusterings, settings=settings)
    tell(0.8, "comparing with clouds that have no clusters")
    structure = _structure(points, centroids, settings=settings)
    agreement = _agreement_with(genres)
    rows = []
    for clustering, estimate in zip(clusterings, estimates, strict=True):
        shares = np.bincount(clustering.labels, minlength=clustering.k) / len(points)
        steady = stability(pairs[clustering.k])
        rows.append(
            {
                "k": clustering.k,
                "inertia": clustering.inertia,
                "silhouette": estimate.value,
                "silhouette_low": estimate.low,
                "silhouette_high": estimate.high,
                **compactness_indices(points, clustering.labels),
                "stability": steady.value,
                "stability_low": steady.low,
                "stability_high": steady.high,
                **structure[clustering.k],
                "ami": agreement(clustering.labels),
                "smallest_share": float(shares.min()),
                "largest_share": float(shares.max()),
                "n_iter": clustering.n_iter,
            }
        )
    tell(1.0, "weighing the evidence")
    return pl.DataFrame(rows, schema_overrides=_UNSURE_COLUMNS, infer_schema_length=None)


def resampled_pairs(
    points: np.ndarray, clusterings: Sequence[Clustering], *, settings: AtlasSettings
) -> dict[int, list[LabelPair]]:
    """Return, for every k, labelings of the same songs by clusterings of other songs and by its own."""
    return resample_labelings(
        points,
        [clustering.k for clustering in clusterings],
        centroids={clustering.k: clustering.centroids for clustering in clusterings},
        seed=settings.seed,
        n_threads=settings.threads,
    )


def _structure(
    points: np.ndarray, centroids: Mapping[int, np.ndarray], *, settings: AtlasSettings
) -> dict[int, dict[str, float | None]]:
    """The gap and the valleys of every k; null where the samples are too small for it."""
    seed, n_threads = settings.seed, settings.threads
    found: dict[int, dict[str, float | None]] = {k: dict.fromkeys(_STRUCTURE_COLUMNS) for k in centroids}
    shares = compare_with_clouds(points, list(centroids), seed=seed, n_threads=n_threads)
    for k, estimate in zip(shares.ks, gaps(shares.songs, shares.clouds), strict=True):
        found[k] |= {"gap": estimate.value, "gap_low": estimate.low, "gap_high": estimate.high}
    folds = fit_folds(points, centroids, seed=seed, n_threads=n_threads)
    held_out = [points[fold.rows] for fold in folds]
    for k in folds[0].centroids:
        counts = [count_pairs(songs, fold.centroids[k]) for songs, fold in zip(held_out, folds, strict=True)]
        valley = valley_of(counts)
        found[k] |= {f"valley{part}": getattr(valley, part.strip("_") or "value") for part in _PARTS}
    return found


def _agreement_with(genres: pl.Series | None) -> Callable[[np.ndarray], float | None]:
    """What gives the adjusted mutual information of labels with the genres, null without two of them."""
    known = None if genres is None else genres.is_not_null().to_numpy()
    if genres is None or known is None or genres.drop_nulls().n_unique() < 2:
        return lambda labels: None
    codes = genres.drop_nulls().rank("dense").to_numpy().astype(np.int64) - 1
    return lambda labels: CrossTable.of(labels[known], codes).adjusted_mutual_information()


def measure(
    points: np.ndarray,
    clustering: Clustering,
    evidence: pl.DataFrame,
    *,
    settings: AtlasSettings,
    exact_songs: int | None = None,
) -> dict[str, Any]:
    """Return the indices of the chosen clustering, with an exact silhouette up to `exact_songs` songs."""
    row = evidence.row(by_predicate=pl.col("k") == clustering.k, named=True)
    value, low, high = (row[name] for name in ("silhouette", "silhouette_low", "silhouette_high"))
    exact = len(points) <= (EXACT_SONGS if exact_songs is None else exact_songs)
    if exact and low != high:
        threads = settings.threads
        value = low = high = silhouette(points, clustering.labels, exact=True, n_threads=threads).value
    return {
        "silhouette": {"value": value, "low": low, "high": high, "exact": exact},
        "davies_bouldin": row["davies_bouldin"],
        "calinski_harabasz": row["calinski_harabasz"],
        "inertia": clustering.inertia,
        "stability": row["stability"],
        "stability_interval": {"low": row["stability_low"], "high": row["stability_high"]},
    }


def shown_run(points: np.ndarray, k: int, *, settings: AtlasSettings) -> tuple[float, ...]:
    """Return the inertia after each iteration of one plain run of k-means from a k-means++ start.

    The sweep finds its clusterings by a longer search, whose last steps hardly move; this run shows what
    k-means itself does with these songs, and what the search gains over it. Of many songs it takes a
    sample of `SHOWN_SONGS`.
    """
    rows = sampled_rows(len(points), SHOWN_SONGS, seed=settings.seed)
    return plain_run(points[rows], k, seed=settings.seed, n_threads=settings.threads)


def with_exact_silhouette(evidence: pl.DataFrame, k: int, quality: dict[str, Any]) -> pl.DataFrame:
    """Return the evidence with the measured silhouette of the chosen k in place of its estimate."""
    found = quality["silhouette"]
    chosen = pl.col("k") == k
    return evidence.with_columns(
        pl.when(chosen).then(found[part]).otherwise(pl.col(name)).alias(name)
        for name, part in (("silhouette", "value"), ("silhouette_low", "low"), ("silhouette_high", "high"))
    )


def sample_silhouettes(
    points: np.ndarray, clustering: Clustering, *, settings: AtlasSettings
) -> pl.DataFrame:
    """Return `cluster` and `silhouette` of at most `SILHOUETTE_SAMPLE` songs drawn by the seed.

    They are compared with all songs, or with a sample of `SHOWN_SONGS` to which they belong.
    """
    n_songs = len(points)
    rng = np.random.default_rng(settings.seed)
    rows = np.sort(rng.permutation(n_songs)[:SILHOUETTE_SAMPLE])
    others = np.union1d(rows, sampled_rows(n_songs, SHOWN_SONGS, seed=settings.seed))
    labels, n_threads = clustering.labels, settings.threads
    within = np.searchsorted(others, rows)
    values = silhouette_values(points[others], labels[others], rows=within, n_threads=n_threads)
    return pl.DataFrame({"cluster": labels[rows], "silhouette": values})
