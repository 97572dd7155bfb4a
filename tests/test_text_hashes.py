"""Hashes of texts: fixed for ever, the same in C and in NumPy, and well mixed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from songatlas import kernels
from songatlas.kernels import reference

_ENGINES = [reference.text_hashes, kernels.text_hashes]


def joined(texts):
    return b"".join(texts), np.cumsum([0, *map(len, texts)], dtype=np.int64)


def by_hand(text, seed):
    """The definition, byte by byte."""
    whole = 2**64

    def mixed(state):
        state = (state + 0x9E3779B97F4A7C15) % whole
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % whole
        state = (state ^ state >> 27) * 0x94D049BB133111EB % whole
        return state ^ state >> 31

    state = 0xCBF29CE484222325 ^ mixed(seed % whole)
    for byte in text:
        state = (state ^ byte) * 0x100000001B3 % whole
    return mixed(state)


@pytest.mark.parametrize("text_hashes", _ENGINES)
def test_hashes_stay_what_they_are(text_hashes):
    hashes = text_hashes(*joined([b"", b"a", b"4uLU6hMCjMI75M1A2tKUQC", "é".encode()]))
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [
        6566800829925814604,
        3051820978105488553,
        8401533047848047446,
        6929972005128889410,
    ]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(-(2**70), 2**70))
@example([], 0)
@example([b"", b"\0", b"\0\0"], -1)
def test_both_engines_follow_the_definition(texts, seed):
    content, edges = joined(texts)
    expected = [by_hand(text, seed) for text in texts]
    for text_hashes in _ENGINES:
        for given_as in (content, bytearray(content), np.frombuffer(content, dtype=np.uint8)):
            assert text_hashes(given_as, edges, seed=seed).tolist() == expected


def test_every_bit_of_many_similar_texts_is_a_fair_coin():
    hashes = kernels.text_hashes(*joined([b"song %d" % number for number in range(20_000)]))
    other = kernels.text_hashes(*joined([b"song %d" % number for number in range(20_000)]), seed=1)
    assert len(np.unique(hashes)) == 20_000
    for mixed in (hashes, other, hashes ^ other, hashes[1:] ^ hashes[:-1]):
        shares = np.unpackbits(mixed.view(np.uint8).reshape(-1, 8), axis=1).mean(axis=0)
        assert np.abs(shares - 0.5).max() < 0.02


@pytest.mark.parametrize("text_hashes", _ENGINES)
@pytest.mark.parametrize("edges", [[], [0, 2], [0, 4], [0, 2, 1, 3], [-1, 3]])
def test_edges_that_do_not_fit_are_refused(text_hashes, edges):
    with pytest.raises(ValueError, match="edges must rise to 3"):
        text_hashes(b"abc", np.array(edges, dtype=np.int64))
