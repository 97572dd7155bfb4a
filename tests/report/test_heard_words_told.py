"""What was heard in songs, and what was estimated from their sound, is told in the report and its tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.saved import plain
from songatlas.atlas.song_card import song_card
from songatlas.profiles import Profile
from songatlas.report import render_report
from songatlas.report.cards import card_of, cards
from songatlas.report.draw import TABLES
from songatlas.report.tables import clusters_table
from songatlas.report.wording import estimates_told

N_SONGS = 40


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """Two clusters, one heard as ambient and one as <rock>."""
    random = np.random.default_rng(0)
    calm = np.arange(N_SONGS) % 2 == 0
    names = ("energy", "danceability", "valence")
    table = pl.DataFrame(
        {
            "song_id": [f"audio:{place:032x}" for place in range(N_SONGS)],
            "title": [f"Song {place}" for place in range(N_SONGS)],
            "tempo_bpm": np.where(calm, 80, 140) + random.random(N_SONGS),
            "loudness_db": np.where(calm, -20, -8) + random.random(N_SONGS),
            **{f"{name}_estimate": np.where(calm, 0.2, 0.7) + 0.1 * random.random(N_SONGS) for name in names},
            "heard_tags": [["ambient", "guitar"] if each else ["<rock>"] for each in calm],
        }
    )
    return build_atlas(table, k=2)


def test_heard_words_have_a_column_and_a_line_of_their_own(atlas: Atlas) -> None:
    table = clusters_table(atlas)
    assert set(table["heard"]) == {"ambient (100%); guitar (100%)", "<rock> (100%)"}
    assert table["top_tags"].null_count() == 2
    told = cards(atlas)
    assert {each["tag"] for card in told for each in card["heard"]} == {"ambient", "guitar", "<rock>"}
    assert any("ambient" in profile.name.lower() for profile in atlas.profiles)
    page = render_report(atlas)
    assert "Heard</h4>" in page
    assert "&lt;rock&gt; <small>100%</small>" in page.replace("<bdi>", "").replace("</bdi>", "")
    assert "<rock>" not in page


def test_without_heard_words_nothing_is_said_of_them(atlas: Atlas) -> None:
    deaf = replace(atlas, profiles=tuple(replace(each, heard=()) for each in atlas.profiles))
    assert "heard" not in clusters_table(deaf).columns
    assert "Heard</h4>" not in render_report(deaf)


def test_estimates_are_told_once_and_plainly(atlas: Atlas) -> None:
    told = estimates_told(atlas.columns)
    assert told.startswith(
        "Energy, danceability and valence are estimates that songatlas made from the sound"
    )
    assert render_report(atlas).count(told) == 1
    measured = [replace(read, header=read.column or "", note="") for read in atlas.columns]
    assert estimates_told(measured) == ""
    assert estimates_told([each for each in atlas.columns if each.column == "energy"]).startswith(
        "Energy is an estimate"
    )


def test_estimates_keep_their_mark_in_tables_cards_and_figures(atlas: Atlas) -> None:
    marked = {"energy_estimate", "danceability_estimate", "valence_estimate"}
    columns = set(clusters_table(atlas).columns)
    assert marked | {"tempo_bpm", "loudness_db"} <= columns
    assert not {"energy", "danceability", "valence", "tempo_bpm_estimate"} & columns
    labels = {each["label"] for card in cards(atlas) for each in card["contrasts"]}
    assert {"Energy (estimate)", "Tempo"} <= labels
    assert "Energy" not in labels
    for name in ("profile_heatmap", "feature_bars"):
        drawn = TABLES[name](atlas)["feature_labels"]
        assert {"Energy (estimate)", "Loudness"} <= set(drawn)
    ridges = TABLES["feature_distributions"](atlas)["values"].columns
    assert {"Energy (estimate)", "Tempo (BPM)"} <= set(ridges)
    measured = tuple(replace(read, header=read.column or "", note="") for read in atlas.columns)
    plain_atlas = replace(atlas, columns=measured)
    assert {"energy", "danceability", "valence"} <= set(clusters_table(plain_atlas).columns)
    assert "(estimate)" not in render_report(plain_atlas)


def _card(**changes: Any) -> dict[str, Any]:
    """The card of a cluster with little speech, in a catalogue that may have some."""
    means = {"speechiness": 0.04, "instrumentalness": 0.1, **changes.pop("means", {})}
    elsewhere = {"speechiness": 0.3, "instrumentalness": 0.5, **changes.pop("elsewhere", {})}
    profile = Profile(
        cluster=0,
        name="Songs",
        evidence="",
        size=16,
        share=0.5,
        means=means,
        percentiles=changes.pop("percentiles", dict.fromkeys(means, 20.0)),
        z_means=means,
        top_tags=(),
        year_low=2012.0,
        year_median=2012.0,
        year_high=2013.0,
        typical=(),
        elsewhere=elsewhere,
        **changes,
    )
    roles = {"core": 16, "borderline": 0, "bridge": 0, "outlier": 0, "n_songs": 16}
    return card_of(profile, colour="#112233", songs=[], roles=roles)


def _words(**changes: Any) -> set[str]:
    return {each["word"] for each in _card(**changes)["contrasts"]}


def test_plain_words_stand_where_the_means_bear_them() -> None:
    assert _words() == {"sung", "vocal"}
    assert _words(elsewhere={"speechiness": 0.08}) == {"less wordy", "vocal"}, "nobody speaks there"
    assert _words(heard=(("instrumental", 1.0),)) == {"less wordy", "less instrumental"}
    assert _words(means={"instrumentalness": 0.8}, elsewhere={"instrumentalness": 0.9}) == {
        "less wordy",
        "less instrumental",
    }
    above = {"speechiness": 80.0, "instrumentalness": 80.0}
    assert _words(percentiles=above, means={"speechiness": 0.09}, elsewhere={"speechiness": 0.05}) == {
        "wordier",
        "more instrumental",
    }
    assert _words(percentiles=above, means={"speechiness": 0.4, "instrumentalness": 0.9}) == {
        "spoken",
        "instrumental",
    }


def test_a_card_is_silent_of_what_nobody_would_notice() -> None:
    assert _words(elsewhere={"speechiness": 0.05}) == {"vocal"}
    assert _words(elsewhere={"speechiness": 0.05, "instrumentalness": 0.12}) == set()


def test_a_card_says_of_how_many_songs_the_year_is_known() -> None:
    assert _card(n_dated=8)["era"] == {
        "years": "2012–2013",
        "middle": "2012",
        "known": "(the 8 songs whose year is known)",
    }
    assert _card(n_dated=16)["era"]["known"] == ""
    assert _card()["era"]["known"] == "", "an older atlas does not say"


def test_a_song_card_and_a_saved_atlas_keep_what_was_heard(atlas: Atlas, tmp_path: object) -> None:
    row = atlas.songs["song_id"].to_list().index(f"audio:{0:032x}")
    assert song_card(atlas, row, n_similar=0).heard == ("ambient", "guitar")
    folder = f"{tmp_path}/atlas"
    atlas.save(folder)
    assert plain(Atlas.load(folder).profiles) == plain(atlas.profiles)
