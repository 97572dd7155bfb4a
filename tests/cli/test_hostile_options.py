"""Texts of options that are no numbers of this world: one line that names the rule."""

from __future__ import annotations

import pytest

from songatlas.atlas import AtlasSettings
from songatlas.cli.memory import read_size
from songatlas.cli.options import read_k, read_pairs, read_weights
from songatlas.errors import BadSettings
from songatlas.space import SongSpace


def test_a_size_beyond_all_machines_is_a_size() -> None:
    assert read_size("9" * 400 + "GB") == 10**21


@pytest.mark.parametrize("text", ["9" * 5000, "²", "0x10", "\x1b[31m"])
def test_a_number_of_clusters_that_is_none_is_told(text: str) -> None:
    with pytest.raises(BadSettings, match="give a whole number from 2") as caught:
        read_k(text)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["sound=1e400", "sound=nan", "sound=-1", f"sound={'9' * 400}"])
def test_a_weight_that_is_none_is_told(text: str) -> None:
    with pytest.raises(BadSettings, match="it must be a number from 0 to 1,000,000"):
        AtlasSettings(weights=read_weights(text) or {})


def test_an_overlong_pair_is_shortened() -> None:
    with pytest.raises(BadSettings, match="write NAME=VALUE") as caught:
        read_pairs("--column", ["x" * 5000])
    assert len(str(caught.value)) < 300


def test_a_space_refuses_a_whole_number_that_no_float_holds() -> None:
    import polars as pl

    songs = pl.DataFrame({"song_id": ["a", "b"], "energy": [0.1, 0.9]})
    with pytest.raises(BadSettings, match="weight of 'energy' is 1000"):
        SongSpace.fit(songs, features=["energy"], feature_weights={"energy": 10**400})
