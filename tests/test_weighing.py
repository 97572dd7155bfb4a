"""Blocks that are fitted once give, under any weights, the points of a space fitted with these weights."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.errors import BadSettings
from songatlas.space import (
    WEIGHED,
    FittedBlock,
    SongSpace,
    belief_column,
    fit_unit_block,
    weighed_space,
)

FEATURES = ("energy", "tempo_bpm", "key")


@pytest.fixture(scope="module")
def songs() -> pl.DataFrame:
    random = np.random.default_rng(2)
    tags = [["rock", "pop"], ["jazz"], ["rock"], [], ["pop", "jazz"]]
    frame = pl.DataFrame(
        {
            "energy": random.random(100),
            "tempo_bpm": random.normal(120, 20, 100),
            "key": random.integers(0, 12, 100).astype(float),
            "year": random.integers(1960, 2020, 100).astype(float),
            "tags": [tags[row % 5] for row in range(100)],
        }
    )
    beliefs = random.dirichlet([1, 1, 1], size=100).astype(np.float32)
    return frame.with_columns(belief_column(beliefs, ["jazz", "pop", "rock"]))


@pytest.fixture(scope="module")
def blocks(songs: pl.DataFrame) -> dict[str, FittedBlock]:
    fitted = {name: fit_unit_block(name, songs, features=FEATURES) for name in WEIGHED}
    return {name: block for name, block in fitted.items() if isinstance(block, FittedBlock)}


@pytest.mark.parametrize(
    ("weights", "pull"),
    [
        ({"sound": 1.0, "era": 0.5}, None),
        ({"era": 2.0, "sound": 0.1}, None),
        ({"tags": 0.4}, None),
        ({"sound": 1.0, "era": 0.5, "tags": 1.0, "genre": 1.0}, 0.25),
        ({"sound": 1.0, "genre": 3.0}, 1.0),
        ({"sound": 1.0, "genre": 0.5}, None),
    ],
)
def test_weighed_points_are_those_of_a_fit(
    songs: pl.DataFrame, blocks: dict[str, FittedBlock], weights: dict[str, float], pull: float | None
) -> None:
    space = weighed_space(blocks, weights, features=FEATURES, genre_pull=pull)
    fitted = SongSpace.fit(songs, features=FEATURES, blocks=tuple(weights), weights=weights, genre_pull=pull)
    assert space.dimensions == fitted.dimensions
    np.testing.assert_allclose([b.weight for b in space.blocks], [b.weight for b in fitted.blocks])
    np.testing.assert_allclose(space.points(songs), fitted.points(songs), rtol=2e-6, atol=2e-6)
    again = SongSpace.from_dict(space.to_dict())
    assert again.points(songs).tobytes() == space.points(songs).tobytes()


def test_weights_of_features_stay_inside_the_sound(songs: pl.DataFrame) -> None:
    heavy = {"energy": 3.0}
    block = fit_unit_block("sound", songs, features=FEATURES, feature_weights=heavy)
    assert isinstance(block, FittedBlock)
    space = weighed_space({"sound": block}, {"sound": 2.0}, features=FEATURES)
    fitted = SongSpace.fit(
        songs, features=FEATURES, blocks=("sound",), weights={"sound": 2.0}, feature_weights=heavy
    )
    np.testing.assert_allclose(space.points(songs), fitted.points(songs), rtol=2e-6, atol=2e-6)


def test_a_block_that_cannot_be_fed_says_why(songs: pl.DataFrame) -> None:
    assert "no release years" in str(fit_unit_block("era", songs.drop("year"), features=FEATURES))


@pytest.mark.parametrize(
    ("weights", "words"),
    [({}, "no block has a weight"), ({"sound": 0.0}, "all 0"), ({"sound": -1.0}, "0 or more")],
)
def test_weights_that_make_no_space_are_refused(
    blocks: dict[str, FittedBlock], weights: dict[str, float], words: str
) -> None:
    with pytest.raises(BadSettings, match=words):
        weighed_space(blocks, weights, features=FEATURES)
