"""The mean over all songs, from a few songs measured dearly and all or many measured cheaply.

References
----------
W. G. Cochran (1977), *Sampling Techniques*, chapters 5A, 7 and 12 (strata, regression estimators, double
sampling).
J. G. MacKinnon, H. White (1985), "Some heteroskedasticity-consistent covariance matrix estimators with
improved finite sample properties", Journal of Econometrics 29 (the error: residuals by leverage).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from songatlas.quality.labelings import Labeling

_SONGS_A_STRATUM = 20
_MOST_LEVERAGE = 0.9


@dataclass(frozen=True)
class Mean:
    """An estimated mean and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Strata:
    """Groups of clusters that a sample is weighted by: the group of each sampled song, true shares."""

    of_sample: NDArray[np.intp]
    shares: NDArray[np.float64]
    n_songs: int

    @classmethod
    def of(cls, labeling: Labeling, rows: NDArray[np.int64]) -> Strata:
        """Clusters with enough sampled songs, each for itself; all others with the smallest of them."""
        sampled = np.bincount(labeling.codes[rows], minlength=labeling.k)
        own = np.flatnonzero(sampled >= _SONGS_A_STRATUM)
        stratum = np.full(labeling.k, max(len(own) - 1, 0))
        stratum[own[np.argsort(-sampled[own], kind="stable")]] = np.arange(len(own))
        sizes = np.bincount(stratum, weights=labeling.sizes)
        n_songs = int(labeling.sizes.sum())
        return cls(of_sample=stratum[labeling.codes[rows]], shares=sizes / n_songs, n_songs=n_songs)


def regression_mean(
    measured: NDArray[np.float64], cheap: NDArray[np.float64], means: list[Mean], strata: Strata
) -> Mean:
    """Return the mean of what was measured, over all songs.

    Parameters
    ----------
    measured : ndarray, shape (n_sampled,)
    cheap : ndarray, shape (n_cheap, n_sampled)
        Cheap figures of the same songs.
    means : list of Mean
        Mean of each cheap figure over all songs; its error is carried on.
    strata : Strata

    Notes
    -----
    Least squares with one intercept a stratum and one slope a cheap figure.
    """
    counts = np.bincount(strata.of_sample, minlength=len(strata.shares))
    aside = np.stack([_by_stratum(line, strata, counts) for line in cheap])
    inside = cheap - aside[:, strata.of_sample]
    turned = np.linalg.pinv(inside @ inside.T, hermitian=True) @ inside
    missing = np.array([mean.value for mean in means]) - aside @ strata.shares
    weights = (strata.shares / counts)[strata.of_sample] + missing @ turned
    slopes = turned @ measured
    residuals = measured - _by_stratum(measured, strata, counts)[strata.of_sample] - slopes @ inside
    leverage = 1.0 / counts[strata.of_sample] + np.einsum("ij,ij->j", inside, turned)
    residuals /= 1.0 - np.minimum(leverage, _MOST_LEVERAGE)
    drawn = np.square(weights * residuals).sum() * (1.0 - len(measured) / strata.n_songs)
    carried = np.square(slopes * [mean.error for mean in means]).sum()
    return Mean(value=float(measured @ weights), error=float(np.sqrt(drawn + carried)))


def _by_stratum(
    figures: NDArray[np.float64], strata: Strata, counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The mean of each stratum's sampled songs."""
    means: NDArray[np.float64] = np.bincount(strata.of_sample, figures, minlength=len(counts)) / counts
    return means
