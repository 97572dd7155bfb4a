"""How right songs of known kind are: the nearest song, the tempo and the key, each song against all others.

A folder of folders needs no more: the kind of a song is the folder it lies in (soundtracks, genres). With a
table of annotations (columns `file`, and any of `kind`, `tempo_bpm`, `key`, `mode`) tempo and key are
judged, too. Keys are pitch classes from C; modes are 1 for major and 0 for minor.

References
----------
F. Gouyon et al. (2006), "An experimental comparison of audio tempo induction algorithms", IEEE Transactions
on Audio, Speech, and Language Processing 14: accuracy 2, with a tolerance of 4% and octaves allowed.
MIREX, *Audio Key Detection*: weights 1, 0.5 (a fifth above), 0.3 (relative), 0.2
(parallel).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OCTAVES = (1.0, 2.0, 3.0, 1 / 2, 1 / 3)


def same_kind_share(points: NDArray[np.floating], kinds: Sequence[str], *, cosine: bool = False) -> float:
    """Return the share of songs whose nearest other song is of their kind.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
    kinds : sequence of str
    cosine : bool
        Nearest by angle in place of by distance.
    """
    wide = np.asarray(points, dtype=np.float64)
    if cosine:
        wide = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    distances = np.square(wide[:, None] - wide[None]).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    known = np.asarray(kinds)
    return float((known[distances.argmin(axis=1)] == known).mean())


def chance(kinds: Sequence[str]) -> float:
    """Return the share that a random other song would have right."""
    _, counts = np.unique(np.asarray(kinds), return_counts=True)
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))


def tempo_is_right(found: float | None, true: float, *, tolerance: float = 0.04) -> bool:
    """Say whether a tempo is within 4% of the true one, or of it in another octave."""
    return found is not None and any(abs(found - true * by) <= tolerance * true * by for by in OCTAVES)


def key_score(found: tuple[int, int] | None, true: tuple[int, int]) -> float:
    """Return the MIREX score of a key (pitch class, mode): 1, 0.5, 0.3, 0.2 or 0."""
    if found is None:
        return 0.0
    apart, major = (found[0] - true[0]) % 12, true[1] == 1
    if found[1] == true[1]:
        return {0: 1.0, 7: 0.5}.get(apart, 0.0)
    return {0: 0.2, 9 if major else 3: 0.3}.get(apart, 0.0)
