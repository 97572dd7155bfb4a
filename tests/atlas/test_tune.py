"""Variants stand side by side, one is taken for a reason that holds, and nothing is judged by what it saw."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from scanned_songs import scanned_songs
from songatlas.atlas import AtlasSettings, build_atlas
from songatlas.atlas.bench import Bench, Judges, Tried, TuningRow
from songatlas.atlas.build import preview
from songatlas.atlas.refine import Refinement, propose_weights
from songatlas.atlas.tune import Tuning, _chosen, _chosen_k, _steadiest, tune
from songatlas.atlas.variants import VARIANTS, Facts, described, doubled_features
from songatlas.demo import simulate_catalogue
from songatlas.errors import UnknownName


def catalogue(n: int = 400, *, seed: int = 1) -> pl.DataFrame:
    return simulate_catalogue(n, seed=seed)


def without_genres(n: int = 400) -> pl.DataFrame:
    songs = catalogue(n)
    return songs.drop([name for name in songs.columns if "genre" in name])


@cache
def tuned() -> Tuning:
    return tune(catalogue(320), threads=1)


def untimed(tuning: Tuning) -> dict[str, Any]:
    values = tuning.to_dict()
    return values | {"rows": [row | {"seconds": 0} for row in values["rows"]]}


def test_every_variant_has_a_row_for_every_k_or_a_reason() -> None:
    tuning = tuned()
    ks = {row.k for row in tuning.rows if row.variant == "as_given"}
    names = list(dict.fromkeys(row.variant for row in tuning.rows))
    assert [row.variant for row in tuning.rows] == [name for name in names for _ in ks]
    silent = set(VARIANTS) - set(names) - {"sound_era"}  # which is what was given
    silent = {name for name in silent if not VARIANTS[name].scanned}
    assert all(any(VARIANTS[name].label in note for note in tuning.notes) for name in silent)
    assert all(-1 <= row.silhouette <= 1 and row.agreement is not None for row in tuning.rows)


def test_one_row_is_taken_and_its_settings_build(tmp_path) -> None:
    tuning = tuned()
    (taken,) = [row for row in tuning.rows if row.taken]
    assert f"'{taken.label}'" in tuning.sentence
    (tmp_path / "songs.toml").write_text(tuning.settings.to_toml(), encoding="utf-8")
    settings = AtlasSettings.from_toml(tmp_path / "songs.toml")
    assert settings == tuning.settings.change(threads=None)
    assert build_atlas(catalogue(100), settings.change(k=taken.k)).k == taken.k


def test_what_was_made_with_genres_is_marked_and_never_taken_unasked() -> None:
    tuning = tuned()
    marked = {row.variant for row in tuning.rows if row.hidden}
    assert marked <= {"tags", "half_pull", "full_pull", "refined"}
    assert not any(row.taken for row in tuning.rows if VARIANTS[row.variant].asked)


def test_order_of_rows_and_threads_change_nothing() -> None:
    for songs, threads in ((catalogue(100), 1), (without_genres(100), 2)):
        shuffled = songs.sample(fraction=1, shuffle=True, seed=5)
        assert untimed(tune(shuffled, k=3, threads=threads)) == untimed(tune(songs, k=3, threads=1))


def test_the_answer_is_plain_json() -> None:
    assert json.loads(json.dumps(tuned().to_dict()))["settings"]["seed"] == 0


def test_silhouettes_are_said_to_decide_nothing() -> None:
    assert any("Silhouettes" in note and "cannot be compared" in note for note in tuned().notes)


def test_without_genres_the_settings_given_are_kept_unless_another_is_clearly_steadier() -> None:
    tuning = tune(without_genres(320), k=3, threads=1)
    assert tuning.genre_column is None
    assert all(row.agreement is None and row.k == 3 for row in tuning.rows)
    assert "no genres to judge by" in tuning.sentence


def test_fifty_rows_are_enough_and_progress_is_told() -> None:
    told: list[float] = []
    tuning = tune(catalogue(50), progress=lambda share, words: told.append(share))
    assert sum(row.taken for row in tuning.rows) == 1
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_an_unknown_weighted_feature_is_refused_before_reading() -> None:
    with pytest.raises(UnknownName, match="energy"):
        tune("nowhere.csv", feature_weights={"enrgy": 2})


@cache
def facts(**changes: Any) -> Facts:
    settings = AtlasSettings(**changes)
    clean = preview(catalogue(), settings)[1]
    refinement = propose_weights(
        clean.songs.head(40), features=clean.features, settings=settings, genres=None, artists=None, k=3
    )
    return Facts(songs=clean.songs, features=clean.features, settings=settings, refinement=refinement)


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("space", [("sound", "era"), ("sound",), ("plain",), ("era",)])
def test_every_variant_changes_settings_or_says_why_not(name: str, space: tuple[str, ...]) -> None:
    known = facts(space=space)
    changes = VARIANTS[name].changes(known, None)
    if isinstance(changes, str):
        assert len(changes) > 10
    else:
        assert known.settings.change(**changes).seed == 0


def test_refined_weights_are_judged_by_parts_that_did_not_propose_them() -> None:
    trial = {"before": 0.0, "after": 0.0, "n_songs": 1}
    stored = facts().refinement.to_dict() | {
        "changed": {"energy": 2.0},
        "trials": [{"weights": {"energy": 0.5 * part}} | trial for part in range(3)],
    }
    known = replace(facts(), refinement=Refinement.from_dict(stored))
    weights = [VARIANTS["refined"].changes(known, part)["feature_weights"] for part in (0, 1, 2, None)]
    assert [each["energy"] for each in weights] == [0.0, 0.5, 1.0, 2.0]


def test_doubled_features_are_found_once() -> None:
    songs = facts().songs.with_columns(valence=pl.col("energy") * 0.5 + 0.1)
    doubled = doubled_features(songs, ("danceability", "energy", "valence"), AtlasSettings())
    assert len({"energy", "valence"} & set(doubled)) == 1
    assert "danceability" not in doubled


def test_changes_are_told_as_options() -> None:
    given = AtlasSettings()
    changed = given.change(space="sound", feature_weights={"energy": 2})
    assert described(given, given) == ""
    assert described(changed, given) == "--space sound --feature-weights energy=2"


def made_up(name: str, labels: list[np.ndarray], judges: Judges | None, **figures: float) -> Tried:
    rows = tuple(
        TuningRow(
            variant=name,
            label=VARIANTS[name].label,
            changes="",
            k=place + 2,
            silhouette=0.1,
            stability=figures.get("stability", 0.5),
            stability_low=figures.get("low", 0.4),
            stability_high=figures.get("high", 0.6),
            agreement=None if judges is None else judges.agreement(each),
            hidden=False,
            seconds=0.1,
        )
        for place, each in enumerate(labels)
    )
    return Tried(name=name, settings=AtlasSettings(), rows=rows, judged=tuple(labels))


def judged_songs() -> tuple[Judges, Callable[..., np.ndarray]]:
    """600 songs of 3 genres by 200 artists, and labels that match a share of them, from some song on."""
    random = np.random.default_rng(0)
    genres = random.integers(0, 3, 600)
    songs = pl.DataFrame({"artists": [[f"a{row // 3}"] for row in range(600)]})
    judges = Judges.of(pl.Series(["abc"[genre] for genre in genres]), songs, seed=0)
    noise = random.integers(0, 3, 600)

    def matching(share: float, start: int = 0) -> np.ndarray:
        return np.where((np.arange(600) - start) % 100 < 100 * share, genres, noise).astype(np.int32)

    return judges, matching


def test_the_variant_that_surely_agrees_better_is_taken_and_the_simpler_one_within_noise() -> None:
    judges, matching = judged_songs()
    tried = [
        made_up("as_given", [matching(0.3)], judges),
        made_up("plain", [matching(0.8)], judges),
        made_up("sound", [matching(0.81, start=50)], judges),
        made_up("full_pull", [matching(1.0)], judges),
    ]
    chosen, why = _chosen(tried, judges)
    assert chosen.name == "plain"
    assert "not surely" in why
    assert _chosen(tried[:1], judges)[0].name == "as_given"


def test_another_k_is_taken_only_where_it_surely_agrees_better() -> None:
    judges, matching = judged_songs()
    bench = Bench(facts(), (2, 3), judges)
    assert _chosen_k(made_up("as_given", [matching(0.4), matching(0.9)], judges), bench)[0] == 3
    assert _chosen_k(made_up("as_given", [matching(0.9), matching(0.4)], judges), bench)[0] == 2
    assert _chosen_k(made_up("as_given", [matching(0.9), matching(0.9)], judges), bench)[0] == 2


def test_by_stability_only_a_clear_winner_replaces_what_was_given() -> None:
    labels = [np.zeros(3, dtype=np.int32)]
    given = made_up("as_given", labels, None, stability=0.6, low=0.5, high=0.7)
    near = made_up("plain", labels, None, stability=0.7, low=0.6, high=0.8)
    clear = made_up("sound", labels, None, stability=0.9, low=0.85, high=0.95)
    assert _steadiest([given, near])[0] is given
    assert _steadiest([given, near, clear])[0] is clear


def test_what_a_scan_heard_is_kept_however_steady_other_variants_are() -> None:
    labels = [np.zeros(10, dtype=np.int32)]
    given = made_up("as_given", labels, None, stability=0.6, low=0.5, high=0.7)
    heard = replace(given, settings=AtlasSettings(space=("audio", "era")))
    clear = made_up("sound", labels, None, stability=0.9, low=0.85, high=0.95)
    chosen, why = _steadiest([heard, clear])
    assert chosen is heard
    assert "(audio,era)" in why
    assert "steadier (stability 0.90 against 0.60) is no reason to give up what was heard" in why


def test_one_genre_is_told_to_be_no_judge() -> None:
    table = scanned_songs(60).with_columns(genre=pl.Series([["Game"]] * 60))
    tuning = tune(table, k=3, threads=1)
    assert "no genres to judge by (one word, 'game', is all" in tuning.sentence.lower()
    (skipped,) = [note for note in tuning.notes if "no features to weigh" in note]
    assert skipped == (
        "Not tried (without length, liveness, tempo; all features alike; without doubled features; refined "
        "weights): the space has no sound block, so there are no features to weigh."
    )


def test_few_songs_are_judged_as_one_part() -> None:
    songs = pl.DataFrame({"artists": [[f"a{row}"] for row in range(40)]})
    judges = Judges.of(pl.Series(["a", "b", None, "a"] * 10), songs, seed=0)
    assert not judges.can_hide
    assert len(judges.rows) == 1
    assert len(judges.rows[0]) == 30
