"""Random numbers that belong to a song, an artist or an album instead of to a place in a stream.

Every number is a hash of a seed, a purpose ("subgenre", "key") and an id, so that it is the same
whatever is drawn before it, in any order and on any machine's share of the rows.

References
----------
Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014 (SplitMix64's finalizer);
Box and Muller, A note on the generation of random normal deviates, 1958.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


def bits(seed: int, purpose: str, ids: Ints) -> Bits:
    """Return 64 even bits for every id; within one seed and purpose no two ids have the same."""
    key = int.from_bytes(blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest(), "little")
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def choice(seed: int, purpose: str, ids: Ints, n: int) -> Ints:
    """Return a whole number from 0 to n - 1 for every id."""
    return (bits(seed, purpose, ids) % np.uint64(n)).astype(np.int64)


def uniform(seed: int, purpose: str, ids: Ints) -> Floats:
    """Return a number strictly between 0 and 1 for every id."""
    return np.asarray(((bits(seed, purpose, ids) >> np.uint64(12)) + 0.5) * 2.0**-52)


def normals(seed: int, purpose: str, ids: Ints, n: int) -> Floats:
    """Return `n` (even) independent standard normal numbers for every id, shape (n, n_ids)."""
    drawn = np.empty((n, len(ids)))
    for pair in range(0, n, 2):
        radius = np.sqrt(-2.0 * np.log(uniform(seed, f"{purpose}, radius {pair}", ids)))
        angle = 2.0 * np.pi * uniform(seed, f"{purpose}, angle {pair}", ids)
        drawn[pair], drawn[pair + 1] = radius * np.cos(angle), radius * np.sin(angle)
    return drawn


def pick(shares: Floats, drawn: Floats) -> Ints:
    """Return an index by its share for every drawn uniform; `shares` for all (n,) or for each (n_ids, n)."""
    edges = np.cumsum(shares, axis=-1)
    edges = edges[..., :-1] / edges[..., -1:]
    if edges.ndim == 1:
        return np.searchsorted(edges, drawn).astype(np.int64)
    return np.asarray((drawn[:, None] > edges).sum(axis=1), dtype=np.int64)
