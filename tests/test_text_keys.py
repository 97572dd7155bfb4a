"""Keys of texts out of Polars, and the songs with the lowest ones."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas import kernels, keys
from songatlas.atlas.fitting import drawn_songs
from songatlas.atlas.settings import AtlasSettings
from songatlas.keys import lowest_rows, text_keys
from songatlas.kmeans import SAMPLE_SONGS

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=20)


def alone(text, seed):
    content = text.encode()
    return int(kernels.text_hashes(content, np.array([0, len(content)]), seed=seed)[0])


@settings(deadline=None)
@given(TEXTS, st.integers(0, 3), st.integers(1, 7))
def test_a_key_is_the_hash_of_its_text_alone(texts, seed, slice_rows):
    series = pl.Series("song_id", texts, dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "SLICE_ROWS", slice_rows)
        found = text_keys(series, seed=seed)
    assert (found.name, found.dtype) == ("song_id", pl.UInt64)
    assert found.to_list() == [None if text is None else alone(text, seed) for text in texts]
    in_parts = pl.concat([series[:3], series[3:]], rechunk=False)
    assert text_keys(in_parts, seed=seed).equals(found)


def test_texts_of_other_types_have_the_keys_of_what_they_say():
    assert text_keys(pl.Series("id", [7, None])).equals(text_keys(pl.Series("id", ["7", None])))
    assert text_keys(pl.Series("id", [None, None])).to_list() == [None, None]


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), max_size=30), st.integers(-1, 35))
def test_the_lowest_rows_are_the_first_of_a_stable_order(numbers, n):
    found = lowest_rows(np.array(numbers, dtype=np.uint64), n)
    expected = sorted(sorted(range(len(numbers)), key=lambda row: (numbers[row], row))[: max(n, 0)])
    assert found.dtype == np.int64
    assert found.tolist() == expected


def test_a_draw_by_keys_depends_on_the_seed_and_not_on_the_order():
    ids = pl.Series("song_id", [f"id{number}" for number in range(5_000)])
    shuffled = ids.shuffle(seed=3)
    draws = [
        set(texts.gather(lowest_rows(text_keys(texts, seed=seed).to_numpy(), 500)))
        for texts, seed in ((ids, 0), (shuffled, 0), (ids, 1))
    ]
    assert draws[0] == draws[1]
    assert len(draws[0] & draws[2]) < 100


def test_an_atlas_of_many_songs_looks_for_starts_among_those_with_the_lowest_keys():
    ids = pl.select(pl.int_range(SAMPLE_SONGS + 3).cast(pl.String).alias("song_id")).to_series()
    rows = drawn_songs(ids, AtlasSettings(seed=5))
    left_out = set(range(len(ids))) - set(rows.tolist())
    assert left_out == set(text_keys(ids, seed=5).to_numpy().argsort()[-3:])
    assert drawn_songs(ids.head(SAMPLE_SONGS), AtlasSettings()) is None
