"""Nearest artists: exact, in one order, and their reasons are true of the songs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.artists import (
    artist_centres,
    centre_errors,
    compare_artists,
    credits_of,
    nearest_artists,
    sound_of,
)
from songatlas.artists.nearest import Likeness
from songatlas.artists.tags import artist_tags

WORDS = {"energy": ("calmer", "more energetic"), "valence": ("darker", "happier")}


def test_nearest_are_the_nearest_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(300, 5)).astype(np.float32)
    able = rng.random(300) < 0.7
    asked, errors = [0, 17, 299], rng.random(300) / 2
    rows, distances = nearest_artists(centres, asked, errors=errors, candidates=able, n=9)
    for place, artist in enumerate(asked):
        apart = np.square(centres.astype(float) - centres[artist]).sum(axis=1)
        ranked = np.where(able & (np.arange(300) != artist), apart + errors, np.inf)
        assert rows[place].tolist() == np.argsort(ranked, kind="stable")[:9].tolist()
        np.testing.assert_allclose(distances[place], np.sqrt(np.sort(ranked)[:9]), rtol=1e-6)
    monkeypatch.setattr("songatlas.artists.nearest._CELLS_AT_ONCE", 10)
    again, _ = nearest_artists(centres, asked, errors=errors, candidates=able, n=9)
    np.testing.assert_array_equal(again, rows)


def test_there_may_be_nobody_else() -> None:
    centres = np.zeros((1, 2), dtype=np.float32)
    for able, found in ((True, [[-1]]), (False, [[]])):
        candidates = np.array([able])
        rows, _ = nearest_artists(centres, [0], errors=np.zeros(1), candidates=candidates, n=3)
        assert rows.tolist() == found


def test_an_artist_of_one_song_has_to_be_nearer_than_one_of_many() -> None:
    rng = np.random.default_rng(2)
    names = ["Ann"] * 40 + ["Bob"] * 40 + [f"One {number}" for number in range(300)]
    points = rng.normal(size=(380, 4)).astype(np.float32)
    credits = credits_of(pl.Series(names))
    centres = artist_centres(points, credits)
    errors = centre_errors(points, centres, credits)
    assert errors[0] == pytest.approx(4 / 40, rel=0.2)
    assert errors[5] == pytest.approx(4, rel=0.2)
    able = np.ones(302, dtype=bool)
    assert nearest_artists(centres, [0], errors=errors, candidates=able, n=1)[0].tolist() == [[1]]


def test_the_middle_is_that_of_own_songs() -> None:
    credits = credits_of(pl.Series([["Ann"], ["Ann"], ["Bob", "Ann"]]))
    centres = artist_centres(np.array([[1.0], [3.0], [50.0]], dtype=np.float32), credits)
    assert centres[credits.names.to_list().index("Ann")].tolist() == [2.0]


@pytest.fixture
def compared() -> Likeness:
    artists = [["Ann"]] * 4 + [["Bob"]] * 3 + [["Bob", "Ann"]] + [[f"x{number}"] for number in range(12)]
    songs = pl.DataFrame(
        {
            "artists": artists,
            "energy": [0.2] * 4 + [0.05] * 4 + [0.8] * 12,
            "valence": [0.5] * 4 + [0.9] * 4 + [0.5] * 12,
            "year": [1990.0] * 4 + [1995.0, 1996.0, 1996.0, None] + [2000.0] * 12,
            "tags": [["indie pop", "pop"]] * 8 + [["pop"]] * 12,
        }
    )
    credits = credits_of(songs["artists"])
    ann, bob = (credits.names.to_list().index(name) for name in ("Ann", "Bob"))
    return compare_artists(
        ann, bob, songs, credits,
        sound=sound_of(songs, weights={}), tags=artist_tags(songs["tags"], credits), comparatives=WORDS,
    )  # fmt: skip


def test_reasons_say_what_is_shared_and_what_differs(compared: Likeness) -> None:
    assert compared.shared_tags == ("indie pop",), "'pop' is told by it, and everybody's"
    assert compared.both == ("calm",)
    assert compared.differences == ("happier", "calmer")
    assert compared.years_later == 6
    assert compared.together == 1
    assert compared.sentence == (
        "same indie pop tags, both calm, 1 song together; happier, calmer, 6 years later"
    )


def test_where_nothing_stands_out_that_is_said() -> None:
    nothing = Likeness(shared_tags=(), both=(), differences=(), years_later=None, together=0)
    assert nothing.sentence == "near the middle of the catalogue, both of them"


def test_a_table_without_sound_tags_and_years_is_compared_all_the_same() -> None:
    songs = pl.DataFrame(
        {"artists": [["Ann"], ["Bob"]], "energy": [None, None]}, schema_overrides={"energy": pl.Float64}
    )
    credits = credits_of(songs["artists"])
    tags = artist_tags(pl.Series([[], []], dtype=pl.List(pl.String)), credits)
    sound = sound_of(songs, weights={})
    assert compare_artists(0, 1, songs, credits, sound=sound, tags=tags, comparatives=WORDS).differences == ()
