"""What a reader is told before and beside the clusters: checks, roles, spaces, predictions, refining."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest
from markupsafe import escape

from songatlas.atlas import Atlas
from songatlas.atlas.refine import Refinement
from songatlas.atlas.spaces import AS_CHOSEN, SCHEMA
from songatlas.lint import LINTS, Finding
from songatlas.report import render_report
from songatlas.report.cards import cards
from songatlas.report.collect import collect
from songatlas.report.spaces import other_spaces, predicted_genres
from songatlas.report.trust import before_you_trust, refinement_told

MARKUP = "<script>alert(2)</script>"


def finding(severity: str, *, sentence: str = "Two clusters are thin.") -> Finding:
    return Finding(
        check="small_cluster",
        severity=severity,  # type: ignore[arg-type]
        numbers={"n_songs": 3},
        sentence=sentence,
        next_step="ask for fewer, as in --k 2",
    )


def refined(*, applied: bool) -> Refinement:
    return Refinement(
        feature_weights=MappingProxyType({"energy": 2.0}),
        changed=MappingProxyType({"energy": 2.0}),
        objective="stability",
        ks=(2, 3),
        n_songs=100,
        chosen_before=0.5,
        chosen_after=0.6,
        before=0.5,
        after=0.55,
        gain=0.05,
        gain_low=0.01,
        gain_high=0.09,
        trials=(),
        applied=applied,
        sentence=f"Weights {MARKUP} were tried.",
    )


def without_genres_of(atlas: Atlas, n_songs: int) -> Atlas:
    told = atlas.genre_of_songs.with_row_index("row").with_columns(
        pl.when(pl.col("row") < n_songs).then(pl.lit(MARKUP)).alias("predicted_genre"),
        pl.when(pl.col("row") < n_songs).then(pl.lit(0.5, dtype=pl.Float32)).alias("genre_confidence"),
    )
    return replace(atlas, genre_of_songs=told.drop("row"))


def test_warnings_come_with_their_next_step_and_notes_apart(hostile_atlas: Atlas) -> None:
    found = (finding("warning"), finding("note", sentence=f"A note on {MARKUP}."))
    told = before_you_trust(replace(hostile_atlas, findings=found))
    assert told["n_checks"] == len(LINTS)
    assert [each["sentence"] for each in told["warnings"]] == ["Two clusters are thin."]
    assert told["warnings"][0]["next_step"] == "Ask for fewer, as in --k 2."
    assert told["warnings"][0]["label"] == "A cluster of few songs"
    page = render_report(replace(hostile_atlas, findings=found), figures=False)
    assert '<h2 id="trust-title">Before you trust this</h2>' in page
    assert "1 note worth knowing" in page
    assert MARKUP not in page
    assert str(escape(MARKUP)) in page


def test_where_the_checks_find_nothing_one_quiet_line_says_so(hostile_atlas: Atlas) -> None:
    page = render_report(replace(hostile_atlas, findings=()), figures=False)
    assert f"All {len(LINTS)} checks of what may mislead found nothing</summary>" in page
    assert "Before you trust this</h2>" not in page
    noted = render_report(replace(hostile_atlas, findings=(finding("note"),)), figures=False)
    assert "found nothing that misleads, and 1 thing worth knowing" in noted


def test_songs_without_clusters_are_called_so_from_the_headline_on(hostile_atlas: Atlas) -> None:
    verdict = replace(hostile_atlas.verdict, strength="none")
    page = render_report(replace(hostile_atlas, verdict=verdict), figures=False)
    assert "regions of one cloud</h1>" in page
    assert "There are no clusters here: these songs cannot be told" in page
    assert "cannot be told from one structureless cloud" in page
    assert "Why there are no clusters</h2>" in page
    assert "Songs that belong together" not in page
    assert "For moods:" not in page


def test_the_verdict_tells_moods_and_playlists(hostile_atlas: Atlas) -> None:
    page = render_report(hostile_atlas, figures=False)
    playlists = hostile_atlas.verdict.playlists
    assert playlists is not None
    assert f"For moods: {hostile_atlas.k} clusters. {escape(playlists.sentence)}" in page
    assert "<bdi>subcluster</bdi>" in page


def test_cards_tell_exemplars_roles_parts_and_why(hostile_atlas: Atlas) -> None:
    for card, profile, exemplars in zip(
        cards(hostile_atlas), hostile_atlas.profiles, hostile_atlas.exemplars, strict=True
    ):
        assert len(card["songs"]) == len(exemplars)
        assert sum(role["n"] for role in card["roles"]) == profile.size
        assert sum(role["share"] for role in card["roles"]) == pytest.approx(1.0)
        assert card["parts"]["k"] == int((hostile_atlas.division.parents == profile.cluster).sum())
        assert card["why"]["title"] == card["songs"][0]["title"]
        assert 1 <= len(card["why"]["sentences"]) <= 6
        assert profile.name in card["why"]["sentences"][0]


def test_what_other_spaces_would_give(hostile_atlas: Atlas) -> None:
    rows = [
        {"space": "sound, era", "ami": 0.1, "purity": 0.4, "stability": 0.9, "silhouette": 0.2, "n_songs": 50,
         "chosen": False},
        {"space": "genre pull 0.5", "ami": 0.3, "purity": 0.5, "stability": float("nan"), "silhouette": 0.2,
         "n_songs": 50, "chosen": False},
        {"space": AS_CHOSEN, "ami": 0.2, "purity": 0.5, "stability": 0.8, "silhouette": 0.2, "n_songs": 50,
         "chosen": True},
    ]  # fmt: skip
    atlas = replace(
        hostile_atlas,
        spaces=pl.DataFrame(rows, schema=SCHEMA),
        settings=hostile_atlas.settings.change(genre_pull=0.2, weights={"era": 1}),
    )
    told = other_spaces(atlas)
    assert [row["option"] for row in told] == [
        "--space sound,era", "--genre-pull 0.5", "--weights era=1 --genre-pull 0.2",
    ]  # fmt: skip
    assert told[1]["stability"] is None
    page = render_report(atlas, figures=False)
    assert "What other spaces would give</h3>" in page
    assert page.count("(this atlas)") == 1
    bare = replace(hostile_atlas, spaces=pl.DataFrame(schema=SCHEMA))
    assert "What other spaces would give" not in render_report(bare, figures=False)


def test_predicted_genres_are_told_with_their_accuracy(hostile_atlas: Atlas) -> None:
    assert predicted_genres(hostile_atlas) is None
    atlas = without_genres_of(hostile_atlas, 7)
    told = predicted_genres(atlas)
    assert told is not None
    assert told["n_songs"] == 7
    assert told["columns"] == ["predicted_genre", "genre_confidence"]
    accuracy = (hostile_atlas.genre or {})["prediction"]
    assert told["new_artists"] == pytest.approx(accuracy["new_artists"])
    page = render_report(atlas, figures=False)
    assert "7 songs had none" in page
    assert "artists never met" in page
    assert MARKUP not in page


@pytest.mark.parametrize(("applied", "words"), [(True, "changed"), (False, "tried")])
def test_refining_is_told_where_it_was_asked_for(hostile_atlas: Atlas, applied: bool, words: str) -> None:
    assert refinement_told(hostile_atlas) is None
    atlas = replace(hostile_atlas, refinement=refined(applied=applied))
    told = refinement_told(atlas)
    assert told is not None
    assert (told["applied"], told["has_weights"]) == (applied, True)
    page = render_report(atlas, figures=False)
    assert f"What refining {words}</h2>" in page
    assert MARKUP not in page


def test_blocks_of_no_weight_are_not_said_to_make_the_points(hostile_atlas: Atlas) -> None:
    first, *others = hostile_atlas.space.blocks
    space = replace(hostile_atlas.space, blocks=(first, *(replace(each, weight=0.0) for each in others)))
    assert collect(replace(hostile_atlas, space=space))["headline"]["made_of"] == "how songs sound"


def test_every_song_of_a_card_is_of_its_cluster(hostile_atlas: Atlas) -> None:
    ids = hostile_atlas.songs["song_id"].to_list()
    for cluster, exemplars in enumerate(hostile_atlas.exemplars):
        places = [ids.index(song) for song in exemplars]
        assert (hostile_atlas.clustering.labels[np.array(places)] == cluster).all()
