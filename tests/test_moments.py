"""A space fitted on songs in parts is, bit for bit, the one fitted on all of them at once."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.errors import BadSettings, MissingColumns, UnknownName
from songatlas.space import GRID, SongSpace, belief_column
from songatlas.space.moments import (
    Draft,
    draft_space,
    first_moments,
    fitted_space,
    last_moments,
    with_moments,
)

FEATURES = ("energy", "loudness_db", "acousticness", "tempo_bpm", "duration_ms", "key", "mode", "followers")


def make_songs(n: int, *, seed: int = 0, missing: float = 0.1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    columns = {
        "energy": random.beta(3, 2, n),
        "loudness_db": -60 * random.beta(1, 20, n) - 30 * (random.random(n) < 0.01),
        "acousticness": random.beta(0.2, 1, n).round(3),
        "tempo_bpm": 120.37 + random.choice([-1e-9, 0.0, 1e-9], n),
        "duration_ms": np.exp(random.normal(12.2, 0.4, n)).round(),
        "key": random.integers(0, 12, n).astype(float),
        "mode": np.ones(n),
        "followers": np.exp(random.normal(9, 3, n)),
        "year": random.integers(1960, 2025, n).astype(float),
    }
    return pl.DataFrame(
        {
            name: pl.Series(np.where(random.random(n) < missing, np.nan, values)).fill_nan(None)
            for name, values in columns.items()
        }
    )


def cut(songs: pl.DataFrame, ends: Sequence[int]) -> list[pl.DataFrame]:
    """The songs in parts that end at some rows, and a part of none."""
    bounds = [0, *sorted(ends), songs.height]
    return [songs[low:high] for low, high in pairwise(bounds)]


def travelled(draft: Draft) -> Draft:
    """The draft as another process gets it."""
    return pickle.loads(pickle.dumps(draft))  # noqa: S301


def asked(songs: Sequence[pl.DataFrame], look: pl.DataFrame, **settings: Any) -> tuple[SongSpace, int]:
    """The space fitted on parts, and how often first moments were asked for."""
    draft, n_times = draft_space(look, **settings), 0
    while not draft.is_ready:
        draft, n_times = travelled(draft), n_times + 1
        draft = with_moments(draft, pl.concat([first_moments(part, draft) for part in songs]))
    draft = travelled(draft)
    answers = pl.concat([last_moments(part, draft) for part in reversed(songs)])
    assert draft.has_outliers or not answers.height
    return fitted_space(draft, answers), n_times


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 250),
    ends=st.lists(st.floats(0, 1), max_size=5),
    blocks=st.sampled_from([("sound", "era"), ("sound",), ("plain",), ("era",)]),
    looked_at=st.floats(0, 1),
)
def test_parts_give_the_space_of_all_songs(
    seed: int, n: int, ends: list[float], blocks: tuple[str, ...], looked_at: float
) -> None:
    songs = make_songs(n, seed=seed)
    parts = cut(songs, [int(end * n) for end in ends])
    arguments = {"features": FEATURES, "blocks": blocks}
    look = songs[: int(looked_at * n)]
    if blocks == ("era",) and songs["year"].drop_nulls().n_unique() < 2:
        with pytest.raises(BadSettings, match="no era block"):
            asked(parts, look, **arguments)
        return
    fitted = SongSpace.fit(songs, **arguments)
    space, _ = asked(parts, look, **arguments)
    assert space == fitted
    assert space.to_dict() == fitted.to_dict()
    assert space.points(songs).tobytes() == fitted.points(songs).tobytes()


@pytest.mark.parametrize("blocks", [("sound", "era"), ("plain",)])
def test_a_look_that_is_no_fair_sample_is_asked_again(blocks: tuple[str, ...]) -> None:
    songs = make_songs(3_000, missing=0.02).sort("energy", nulls_last=True)
    fitted = SongSpace.fit(songs, features=FEATURES, blocks=blocks)
    parts = cut(songs, [0, 1, 700, 700, 2_999])
    for look, n_times in (
        (songs[:800], 2),
        (songs[-800:], 2),
        (songs.sample(800, seed=1), 1),
        (songs[:9], 1),
    ):
        space, n_asked = asked(parts, look, features=FEATURES, blocks=blocks)
        assert (space, n_asked) == (fitted, n_times)


def test_only_values_near_the_middle_travel() -> None:
    songs = make_songs(20_000)
    draft = draft_space(songs, features=FEATURES)
    answer = first_moments(songs, draft)
    assert answer["values"].list.len().max() < 0.15 * songs.height
    assert first_moments(songs[:0], draft).schema == answer.schema
    ready = with_moments(draft, answer)
    assert ready.has_outliers
    assert last_moments(songs[:0], ready).schema == last_moments(songs, ready).schema


def test_the_median_is_the_mean_of_both_middles() -> None:
    songs = pl.DataFrame({"energy": [0.9, 0.2, None, 0.3, 0.1], "valence": [None, 0.5, 0.1, 0.2, None]})
    space, _ = asked(cut(songs, [1, 3]), songs, features=songs.columns, blocks=("sound",))
    (energy, valence) = space.blocks[0].coordinates
    assert (energy.fill, valence.fill) == (0.25, 0.2)
    assert energy.mean == 0.35


def test_features_that_are_unknown_throughout_count_nothing() -> None:
    songs = make_songs(50).with_columns(energy=pl.lit(None, dtype=pl.Float64))
    parts = cut(songs, [20, 30])
    parts[1] = parts[1].drop("energy")
    space, _ = asked(parts, songs, features=FEATURES)
    assert space == SongSpace.fit(songs, features=FEATURES)
    assert (space.points(songs)[:, 0] == 0).all()


def test_years_decide_for_all_parts_together() -> None:
    songs = make_songs(60, missing=0.0)
    for years in ([2001.0] * 60, [1990.0] * 19 + [None] * 41, [1990.0, 1991.0] * 10 + [None] * 40):
        dated = songs.with_columns(year=pl.Series(years, dtype=pl.Float64))
        space, _ = asked(cut(dated, [10, 20]), dated[:10], features=FEATURES)
        assert space == SongSpace.fit(dated, features=FEATURES)
    assert [block.name for block in space.blocks] == ["sound", "era"]
    undated, _ = asked([songs.drop("year")], songs.drop("year"), features=FEATURES)
    assert undated.notes == ("The table has no release years, so there is no era block.",)
    lonely = songs.with_columns(year=pl.lit(2001.0))
    with pytest.raises(BadSettings, match="All songs are of one year"):
        asked([lonely], songs, features=FEATURES, blocks=("era",))


def test_weights_go_along() -> None:
    songs = make_songs(300)
    arguments: dict[str, Any] = {
        "features": FEATURES,
        "weights": {"era": 2.0},
        "feature_weights": {"energy": 0.0, "key": 3.0, "valence": 1.0},
    }
    space, _ = asked(cut(songs, [100]), songs, **arguments)
    assert space == SongSpace.fit(songs, **arguments)
    assert "valence" in space.notes[0]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"features": FEATURES, "blocks": ("sound", "tags")}, BadSettings, "'tags'.*--engine memory"),
        ({"features": FEATURES, "genre_pull": 0.5}, BadSettings, "'genre'.*--engine memory"),
        ({"features": FEATURES, "weights": {"era": -1.0}}, BadSettings, "0 or more"),
        ({"features": FEATURES, "weights": {"era": 0, "sound": 0}}, BadSettings, "all 0"),
        ({"features": FEATURES, "feature_weights": dict.fromkeys(FEATURES, 0)}, BadSettings, "all features"),
        ({"features": (), "blocks": ("sound",)}, BadSettings, "No feature"),
        ({"features": ("valence",)}, MissingColumns, "valence"),
        ({"features": ("enrgy",)}, UnknownName, "energy"),
    ],
)
def test_what_no_space_can_be_made_of_is_refused(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        draft_space(make_songs(20), **arguments)


def test_a_draft_that_is_not_ready_gives_no_space() -> None:
    songs = make_songs(20)
    draft = draft_space(songs, features=FEATURES)
    assert not draft.is_ready
    assert not draft.has_outliers
    with pytest.raises(ValueError, match="not ready"):
        last_moments(songs, draft)


def test_every_point_lies_on_the_grid_next_to_where_it_belongs() -> None:
    random = np.random.default_rng(0)
    songs = make_songs(200).with_columns(
        belief_column(random.dirichlet([1, 1, 1], 200).astype(np.float32), ["folk", "house", "rock"]),
        tags=pl.Series([["rock", "indie"], ["house"], ["house", "techno"], []] * 50),
        audio_embedding=pl.Series(random.normal(size=(200, 8)).tolist(), dtype=pl.List(pl.Float32)),
    )
    for blocks, weights in (
        (("sound", "audio", "era", "tags", "genre"), {"sound": 1.0}),
        (("sound",), {"sound": 100.0}),
        (("plain",), {}),
    ):
        space = SongSpace.fit(songs, features=FEATURES, blocks=blocks, weights=weights)
        points = space.points(songs).astype(np.float64)
        exact = np.hstack([block.points(songs) for block in space.blocks])
        assert (np.rint(points / GRID) * GRID == points).all()
        assert (abs(points - exact) <= GRID / 2 + abs(exact) * 2.0**-24).all()
        assert (space.points(songs[7:8]) == points[7:8]).all()
