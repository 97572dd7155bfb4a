"""Kernel density of some songs at every song of a catalogue, exactly, in blocks of rows.

The density of the liked songs keeps each of their kinds alive, where their mean may lie among songs that are
like none of them. It is divided by a power of the density of the whole catalogue at the same place: a song
that lies near to everything says little about anyone's taste, and would otherwise be everyone's neighbour.

Conventions
-----------
Densities are natural logarithms of means of kernels, float32. Sums run over fixed blocks in a fixed order:
the number of threads changes nothing.

References
----------
D. Schnitzer, A. Flexer, M. Schedl, G. Widmer (2012), "Local and global scaling reduce hubs in space", Journal
of Machine Learning Research 13 (what hubs are, and scaling by the density around a song).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from songatlas.kernels import map_in_order, one_blas_thread, thread_count
from songatlas.taste.blocks import Taste

HUB_CORRECTION: Final = 0.7
"""Power of the catalogue's own density that the density of liked songs is divided by. Chosen with the widths;
at 0 songs are recommended by nearness alone, and some to everybody."""

_MOST_REFERENCES, _FEWEST_REFERENCES = 2048, 512
_MOST_PAIRS: Final = 400_000_000
_ROWS_AT_ONCE: Final = 8192
_GIVEN_AT_ONCE: Final = 128
_NOTHING: Final = np.float32(-1e30)
_FEW_PAIRS: Final = 2_000_000  # done before a second thread has begun
_BOTTOM: Final = 0.01

_Float32: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Given:
    """What is worked out once for some songs, before all others are compared with them."""

    lengthened: _Float32  # (n_given, n_coordinates + 2), to be multiplied with `Taste.lengthened`
    by_kind: _Float32  # (n_given, n_kinds), the log kernel of the tags
    rows: NDArray[np.int64]  # songs that share an artist or an album, rising, with which, and what that adds
    places: NDArray[np.int64]
    amounts: _Float32


def log_density(
    taste: Taste, given: NDArray[np.int64], *, leave_out_own: bool = False, n_threads: int | None = None
) -> _Float32:
    """Return the density of some songs at every song.

    Parameters
    ----------
    taste : Taste
    given : ndarray of int64, shape (n_given,)
        Rows of the songs, at least one.
    leave_out_own : bool
        Whether a song that is among them counts as nothing at its own place.
    n_threads : int, optional
        All cores where None; no influence on the result.

    Returns
    -------
    ndarray of float32, shape (n_songs,)
        Logarithm of the mean kernel.

    Examples
    --------
    >>> from songatlas.taste.blocks import fit_taste
    >>> taste = fit_taste(3, sound=np.array([[0.0], [0.0], [3.0]]))
    >>> log_density(taste, np.array([0])).round(3).tolist()
    [0.0, 0.0, -4.5]
    """
    found = np.empty(taste.n_songs, dtype=np.float32)
    starts = range(0, taste.n_songs, _ROWS_AT_ONCE)
    threads = 1 if taste.n_songs * len(given) < _FEW_PAIRS else thread_count(n_threads)
    with one_blas_thread():
        for at in range(0, len(given), _GIVEN_AT_ONCE):
            part = _prepared(taste, given[at : at + _GIVEN_AT_ONCE])
            own = given[at : at + _GIVEN_AT_ONCE] if leave_out_own else None

            def summed(start: int, part: _Given = part, own: NDArray[np.int64] | None = own) -> _Float32:
                return _log_sums(_log_kernels(taste, part, start, own))

            for start, sums in zip(starts, map_in_order(summed, starts, n_threads=threads), strict=True):
                own_part = found[start : start + len(sums)]
                np.copyto(own_part, sums if at == 0 else np.logaddexp(own_part, sums))
    return found - np.float32(np.log(len(given)))


def background(taste: Taste, order: NDArray[np.int64], *, n_threads: int | None = None) -> _Float32:
    """Return the density of the catalogue at every song, measured with some of its songs.

    Parameters
    ----------
    taste : Taste
    order : ndarray of int64, shape (n_songs,)
        The songs in a random order, whose first ones are taken.
    n_threads : int, optional

    Returns
    -------
    ndarray of float32, shape (n_songs,)
        Never below a hundredth of what one song alone would give, so that it has a bottom in the void.
    """
    most = max(_FEWEST_REFERENCES, min(_MOST_REFERENCES, _MOST_PAIRS // max(taste.n_songs, 1)))
    references = np.sort(order[:most])
    found = log_density(taste, references, leave_out_own=True, n_threads=n_threads)
    bottom = np.float32(np.log(_BOTTOM / len(references)))
    return np.asarray(np.logaddexp(found, bottom), dtype=np.float32)


def preference(
    taste: Taste,
    liked: NDArray[np.int64],
    *,
    disliked: NDArray[np.int64],
    ground: _Float32,
    hub_correction: float = HUB_CORRECTION,
    n_threads: int | None = None,
) -> _Float32:
    """Return how well every song goes with liked songs and away from disliked ones.

    The density of the liked songs, less `hub_correction` times that of the catalogue; where songs are
    disliked, times the share that the liked ones have in the density of both.

    Parameters
    ----------
    taste : Taste
    liked, disliked : ndarray of int64
        Rows; at least one is liked.
    ground : ndarray of float32, shape (n_songs,)
        The `background`.
    hub_correction : float
        From 0, none.
    n_threads : int, optional

    Returns
    -------
    ndarray of float32, shape (n_songs,)
        A natural logarithm; differences between songs are what counts.
    """
    found = log_density(taste, liked, n_threads=n_threads)
    scores = found - np.float32(hub_correction) * ground
    if len(disliked):
        scores -= np.logaddexp(np.float32(0), log_density(taste, disliked, n_threads=n_threads) - found)
    return scores


def pair_kernels(taste: Taste, row: int, rows: NDArray[np.integer[Any]]) -> _Float32:
    """Return the kernels of one song with others, 0 to 1, shared artists and albums left aside."""
    apart = taste.points(np.asarray(rows)) - taste.points(np.array([row]))
    kernels: _Float32 = np.exp(-0.5 * np.square(apart).sum(axis=1))
    return kernels


def nearest_given(taste: Taste, rows: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of some songs the place in `given` of the song that it is nearest to."""
    places = np.empty(len(rows), dtype=np.int64)
    there = taste.points(given)
    for at, (row, here) in enumerate(zip(rows, taste.points(rows), strict=True)):
        kernels = -0.5 * np.square(there - here).sum(axis=1)
        for groups, amount in taste.shared:
            kernels += np.float32(amount) * np.isin(given, groups.sharing(int(row)))
        places[at] = int(kernels.argmax())
    return places


def _prepared(taste: Taste, given: NDArray[np.int64]) -> _Given:
    """What the kernels with some songs are made of."""
    own = taste.lengthened[given]
    kinds, back = np.unique(taste.kind[given], return_inverse=True)
    tags = taste.kind_points[kinds]
    lengths = np.square(taste.kind_points).sum(axis=1)
    by_kind = tags @ taste.kind_points.T - 0.5 * (lengths + np.square(tags).sum(axis=1)[:, None])
    shares = [
        (groups.sharing(int(row)), place, amount)
        for groups, amount in taste.shared
        for place, row in enumerate(given)
    ]
    rows = np.concatenate([each for each, _, _ in shares] or [np.zeros(0, dtype=np.int64)])
    sizes = [len(each) for each, _, _ in shares]
    order = np.argsort(rows, kind="stable")
    return _Given(
        lengthened=np.hstack([own[:, :-2], own[:, :-3:-1]]),
        by_kind=np.minimum(by_kind, 0)[back],
        rows=rows[order],
        places=np.repeat([place for _, place, _ in shares], sizes).astype(np.int64)[order],
        amounts=np.repeat([amount for _, _, amount in shares], sizes).astype(np.float32)[order],
    )


def _log_kernels(taste: Taste, given: _Given, start: int, own: NDArray[np.int64] | None) -> _Float32:
    """Log kernels of the given songs with a block of songs, (n_given, n_block)."""
    block = taste.lengthened[start : start + _ROWS_AT_ONCE]
    kernels: _Float32 = given.lengthened @ block.T
    np.minimum(kernels, 0, out=kernels)  # rounding may lift a song above itself
    if taste.kind_points.shape[1]:
        kinds = taste.kind[start : start + len(block)]
        kernels += given.by_kind.take(kinds, axis=1, mode="clip")
    low, high = np.searchsorted(given.rows, (start, start + len(block)))
    np.add.at(kernels, (given.places[low:high], given.rows[low:high] - start), given.amounts[low:high])
    if own is not None:
        inside = np.flatnonzero((own >= start) & (own < start + len(block)))
        kernels[inside, own[inside] - start] = _NOTHING
    return kernels


def _log_sums(kernels: _Float32) -> _Float32:
    """Logarithm of the sum over the given songs; the kernels are not needed afterwards."""
    if len(kernels) == 1:
        return np.asarray(kernels[0])
    largest: _Float32 = kernels.max(axis=0)
    kernels -= largest
    np.exp(kernels, out=kernels)
    sums: _Float32 = kernels.sum(axis=0)
    np.log(sums, out=sums)
    sums += largest
    return sums
