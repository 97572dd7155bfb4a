from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.app.map.lasso_panel import (
    clusters_told,
    differences,
    differences_told,
    songs_csv,
    songs_listed,
)
from songatlas.app.songs.song_cards import (
    atlas_for_cards,
    bars_of,
    card_of,
    head_of,
    song_button,
    song_facts,
    songs_like,
)
from songatlas.app.words.markup import bar, chip, cluster_mark, page, paragraph, shape_mark, table, text
from songatlas.atlas import Atlas
from songatlas.atlas.song_card import song_card
from songatlas.atlas.views import view_of
from songatlas.starmap import shape_of

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def atlas(demo_of_four: Atlas) -> Atlas:
    return demo_of_four


def test_texts_are_escaped_in_every_piece() -> None:
    pieces = [
        text(HOSTILE),
        paragraph(HOSTILE),
        chip(HOSTILE, shape_mark('#fff"><script>', shape=3)),
        bar(label=HOSTILE, value=HOSTILE, percentile=3, mean=None, ends=(HOSTILE, HOSTILE), colour='"<'),
        table([HOSTILE], [[text(HOSTILE)]]),
    ]
    for piece in pieces:
        assert "<img" not in piece
        assert "<script" not in piece
    assert "&lt;img" in page(*pieces)


def test_a_mark_has_the_colour_and_the_shape_of_the_map(atlas: Atlas) -> None:
    view = view_of(atlas, k=7)
    marks = [cluster_mark(view, cluster) for cluster in range(7)]
    assert all(view.colour_of(cluster) in mark for cluster, mark in enumerate(marks))
    outlines = {shape_of(view.colours[cluster]): mark.split(";")[-1] for cluster, mark in enumerate(marks)}
    assert sum("polygon" in each for each in outlines.values()) == len(set(outlines) - {0, 7})
    assert "radial-gradient" in shape_mark("#123456", shape=7)


def test_control_characters_and_long_texts_are_cut() -> None:
    assert text("a\x00b\nc") == "ab c"
    assert len(text("x" * 500)) == 140


def test_a_bar_says_in_words_what_it_shows() -> None:
    drawn = bar(
        label="Energy", value="73%", percentile=81.4, mean=64.2, ends=("calm", "loud"), colour="#123456"
    )
    assert 'aria-label="Energy 73%: higher than 81 of 100 songs; its cluster stands at 64"' in drawn
    assert "left:81.4%" in drawn


def test_a_mark_at_the_end_stays_on_the_line() -> None:
    assert "left:98.0%" in bar(label="", value="", percentile=100, mean=None, ends=("", ""), colour="#000000")


def test_facts_are_told_as_far_as_they_are_known() -> None:
    assert song_facts({}) == []
    assert song_facts({"album": "A", "year": None, "duration_ms": 61_000.0}) == ["A", "1:01 min"]


def test_a_song_button_is_short() -> None:
    label = song_button({"title": "t" * 200, "artists": ["a"], "song_id": "x"})
    assert len(label) == 70
    assert song_button({"title": None, "song_id": "the id"}) == "the id"


def test_the_card_of_the_built_atlas_is_that_of_the_library(atlas: Atlas) -> None:
    view = view_of(atlas)
    card = card_of(view, view.names, 7)
    whole = song_card(atlas, 7)
    assert card.explanation.sentences == whole.explanation.sentences
    assert card.features == whole.features
    assert songs_like(atlas, 7)["song_id"].to_list() == whole.similar["song_id"].to_list()
    head = head_of(view, card, role=card.role)
    assert text(card.title) in head
    assert text(card.cluster_name) in head
    assert sum(piece.count("sa-song") for piece in bars_of(card, "#123456")) == len(card.features)


@pytest.mark.parametrize("changes", [{"k": 6}, {"weights": {"era": 1.5}}, {"weights": {"tags": 1.0}}])
def test_a_card_follows_the_view_without_the_whole_atlas_of_it(atlas: Atlas, changes: dict) -> None:
    view = view_of(atlas, **changes)
    names = [f"cluster {number}" for number in range(view.k)]
    card = card_of(view, names, 7)
    whole = song_card(view.atlas.with_names(names), 7, n_similar=0)
    assert card.cluster == view.labels[7]
    assert card.cluster_name == names[card.cluster]
    assert card.explanation.sentences == whole.explanation.sentences
    assert card.features == whole.features


def test_with_genres_the_whole_atlas_is_asked(atlas: Atlas) -> None:
    view = view_of(atlas, genre_pull=0.5)
    assert atlas_for_cards(view, view.names).beliefs is not None
    assert card_of(view, view.names, 3).cluster == view.labels[3]


def test_songs_like_one_do_not_depend_on_the_view(atlas: Atlas) -> None:
    assert songs_like(atlas, 9) is songs_like(view_of(atlas, k=6).base, 9)


def test_differences_are_those_of_the_means(atlas: Atlas) -> None:
    rows = np.flatnonzero((atlas.songs["energy"] > 0.9).to_numpy())
    found = {each.column: each for each in differences(atlas, rows)}
    assert found["energy"].mean == pytest.approx(atlas.songs["energy"].gather(rows).mean())
    assert found["energy"].usual == pytest.approx(atlas.songs["energy"].mean())
    assert found["energy"].words in ("more energetic", "much more energetic")
    assert not {"key", "mode"} & set(found)
    sizes = [abs(each.deviations) for each in differences(atlas, rows)]
    assert sizes == sorted(sizes, reverse=True)


def test_all_songs_sound_like_all_songs(atlas: Atlas) -> None:
    assert "sound like all songs" in differences_told(atlas, np.arange(atlas.songs.height))


def test_clusters_of_a_lasso_are_counted(atlas: Atlas) -> None:
    view = view_of(atlas)
    rows = np.flatnonzero(view.labels == 2)
    told = clusters_told(view, view.names, rows)
    assert told.count("<tr>") == 2
    assert f"{len(rows)}</td>" in told
    assert "100%" in told


def test_the_best_known_songs_of_a_lasso_are_listed_first(atlas: Atlas) -> None:
    view = view_of(atlas)
    listed = songs_listed(view, view.names, np.arange(atlas.songs.height))
    best = int(atlas.songs["popularity"].fill_null(-1).arg_max() or 0)
    assert listed.index(text(atlas.songs["title"][best])) < 400
    assert listed.count("<tr>") == 51


def test_the_download_of_a_lasso_reads_back(atlas: Atlas) -> None:
    view = view_of(atlas)
    rows = np.array([3, 1, 200])
    back = pl.read_csv(songs_csv(view, view.names, rows))
    assert back["song_id"].to_list() == atlas.songs["song_id"].gather(rows).to_list()
    assert back["cluster"].to_list() == view.labels[rows].tolist()
    assert back["cluster_name"].to_list() == [view.names[cluster] for cluster in view.labels[rows]]
