"""Hashes of texts that are the same on every machine, in NumPy.

References
----------
Fowler, Noll and Vo, "The FNV non-cryptographic hash algorithm", IETF draft (FNV-1a, 64 bits).
Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (the finisher).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Hashes: TypeAlias = npt.NDArray[np.uint64]
Indices: TypeAlias = npt.NDArray[np.int64]

FNV_BASIS = np.uint64(0xCBF29CE484222325)
FNV_PRIME = np.uint64(0x00000100000001B3)
SEEDS = 2**64


def text_hashes(content: bytes, edges: Indices, *, seed: int = 0) -> Hashes:
    """Return a well mixed 64-bit hash of each text: FNV-1a from a seeded start, finished by splitmix64.

    Parameters
    ----------
    content : bytes
        All texts, joined.
    edges : ndarray of int64, shape (n_texts + 1,)
        Where texts begin in `content`, and where the last one ends: rising, to its length.
    seed : int
        Any; only its last 64 bits count.

    Returns
    -------
    ndarray of uint64, shape (n_texts,)

    Raises
    ------
    ValueError
        When the edges do not rise, or not to the length of `content`.
    """
    letters, edges = np.frombuffer(content, dtype=np.uint8), np.asarray(edges, dtype=np.int64)
    if not len(edges) or edges[0] < 0 or edges[-1] != len(letters) or (np.diff(edges) < 0).any():
        raise ValueError(f"edges must rise to {len(letters)}")
    lengths = np.diff(edges)
    longest_first = np.argsort(-lengths, kind="stable")
    begins, rising = edges[:-1][longest_first], np.sort(lengths)
    states = np.full(len(lengths), FNV_BASIS ^ splitmix(np.array([seed % SEEDS], dtype=np.uint64))[0])
    for place in range(int(rising[-1]) if len(rising) else 0):
        n_left = len(rising) - int(np.searchsorted(rising, place, side="right"))
        states[:n_left] ^= letters[begins[:n_left] + place]
        states[:n_left] *= FNV_PRIME
    hashes = np.empty_like(states)
    hashes[longest_first] = splitmix(states)
    return hashes


def splitmix(states: Hashes) -> Hashes:
    """Return numbers that hang, each bit of them, on every bit of a state: the finisher of splitmix64.

    It is a bijection: states that differ have answers that differ.

    Parameters
    ----------
    states : ndarray of uint64
        Of any shape.
    """
    states = states + np.uint64(0x9E3779B97F4A7C15)
    states = (states ^ (states >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    states = (states ^ (states >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return states ^ (states >> np.uint64(31))
