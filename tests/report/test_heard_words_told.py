"""What was heard in songs, and what was estimated from their sound, is told in the report and its tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.saved import plain
from songatlas.atlas.song_card import song_card
from songatlas.report import render_report
from songatlas.report.cards import cards
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
    measured = [replace(read, header=read.header.replace("_estimate", "")) for read in atlas.columns]
    assert estimates_told(measured) == ""
    assert estimates_told([each for each in atlas.columns if each.column == "energy"]).startswith(
        "Energy is an estimate"
    )


def test_a_song_card_and_a_saved_atlas_keep_what_was_heard(atlas: Atlas, tmp_path: object) -> None:
    row = atlas.songs["song_id"].to_list().index(f"audio:{0:032x}")
    assert song_card(atlas, row, n_similar=0).heard == ("ambient", "guitar")
    folder = f"{tmp_path}/atlas"
    atlas.save(folder)
    assert plain(Atlas.load(folder).profiles) == plain(atlas.profiles)
