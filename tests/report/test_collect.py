from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songatlas.atlas import Atlas
from songatlas.colours import ink_on
from songatlas.features import amount
from songatlas.figures import CLUSTER_COLOURS
from songatlas.lint import Finding
from songatlas.report.collect import collect, is_simulated, source_words
from songatlas.report.record import plain, quality_record
from songatlas.report.wording import brief, separation_words
from songatlas.roles import ROLES


@pytest.fixture(scope="module")
def collected(hostile_atlas: Atlas) -> dict[str, Any]:
    return collect(hostile_atlas)


def test_it_is_plain_json(collected: dict[str, Any]) -> None:
    assert json.loads(json.dumps(collected, allow_nan=False)) == collected


def test_headline_counts_agree(collected: dict[str, Any]) -> None:
    headline = collected["headline"]
    assert headline["n_rows"] == 150
    assert headline["n_clustered"] + headline["n_excluded"] == headline["n_songs"]
    assert headline["n_excluded"] == 1
    assert headline["k"] == len(collected["clusters"])
    assert not headline["simulated"]
    assert sum(cluster["size"] for cluster in collected["clusters"]) == headline["n_clustered"]


def test_clusters_tell_contrasts_strongest_first(collected: dict[str, Any]) -> None:
    for cluster in collected["clusters"]:
        distances = [abs(contrast["percentile"] - 50) for contrast in cluster["contrasts"]]
        assert distances == sorted(distances, reverse=True)
        assert cluster["songs"]
        assert all(song["artist"].startswith("Artist & Söhne") for song in cluster["songs"])
        assert len(cluster["era"]["years"]) >= 4


def test_every_index_but_inertia_has_one_best_k(collected: dict[str, Any]) -> None:
    sweep = collected["sweep"]
    columns = {column["name"]: column for column in sweep["columns"]}
    assert columns["inertia"]["best"] is None
    best = {row["davies_bouldin"]: row["k"] for row in sweep["rows"]}
    assert columns["davies_bouldin"]["best"] == best[min(best)]
    best = {row["silhouette"]: row["k"] for row in sweep["rows"]}
    assert columns["silhouette"]["best"] == best[max(best)]


def test_reading_tells_understood_and_left_alone(collected: dict[str, Any]) -> None:
    reading = collected["reading"]
    understood = {column["header"]: column["label"] for column in reading["understood"]}
    assert understood["danceability"] == "Danceability"
    assert "<b>left alone</b>" in {column["header"] for column in reading["left_alone"]}
    assert len(reading["understood"]) + len(reading["left_alone"]) == reading["n_columns"]


def test_cleaning_tells_what_was_met_and_switched_off(collected: dict[str, Any]) -> None:
    cleaning = collected["cleaning"]
    assert {rule["reason"] for rule in cleaning["met"] if rule["action"] == "excluded"} <= {
        "missing_features", "blank_row",
    }  # fmt: skip
    assert [rule["reason"] for rule in cleaning["switched_off"]] == ["too_short"]
    assert cleaning["reason_column"] == "excluded_because"


def test_genre_score_stands_between_chance_and_ceiling(collected: dict[str, Any]) -> None:
    genre = collected["genre"]
    assert [bar["kind"] for bar in genre["bars"]] == ["chance", "ours", "ceiling"]
    assert max(bar["width"] for bar in genre["bars"]) == 1.0
    assert all(0 <= bar["width"] <= 1 for bar in genre["bars"])


def test_every_index_and_genre_is_told_beside_chance_and_ceiling(
    hostile_atlas: Atlas, collected: dict[str, Any]
) -> None:
    genre = collected["genre"]
    assert [row["label"] for row in genre["figures"]][::4] == ["Adjusted mutual information", "Purity"]
    assert all(row["chance"] < row["value"] for row in genre["figures"])
    assert {row["cluster_name"] for row in genre["genres"]} <= set(hostile_atlas.cluster_names())
    assert [row["n"] for row in genre["genres"]] == sorted(
        (row["n"] for row in genre["genres"]), reverse=True
    )
    assert any("took no part" in text for text in genre["honesty"])
    assert any("split by artist" in text for text in genre["honesty"])


def test_families_are_told_with_their_tags(hostile_atlas: Atlas) -> None:
    made = {**(hostile_atlas.genre or {}), "families": {"ro\nck": ["post\x00-rock", "x" * 90]}}
    (family,) = collect(replace(hostile_atlas, genre=made))["genre"]["families"]
    assert (family["genre"], family["tags"][0]) == ("ro ck", "post-rock")
    assert len(family["tags"][1]) == 40


def test_without_genres_there_is_no_score(hostile_atlas: Atlas) -> None:
    assert collect(replace(hostile_atlas, genre=None))["genre"] is None


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ({"ami": 0.3, "chance_ami": 0.0, "ceiling_ami": 0.4}, "reach 75%"),
        ({"ami": 0.4, "chance_ami": 0.0, "ceiling_ami": 0.4}, "as well as a classifier"),
        ({"ami": 0.5, "chance_ami": 0.0, "ceiling_ami": 0.4}, "more than a classifier"),
        ({"ami": 0.01, "chance_ami": 0.0, "ceiling_ami": 0.4}, "other lines"),
        ({"ami": 0.01, "chance_ami": 0.0, "ceiling_ami": 0.01}, "says little"),
        ({"ami": 0.3, "chance_ami": 0.0, "ceiling_ami": float("nan")}, "agree to 0.30 (AMI; by chance 0.00"),
        ({"ami": None}, "could not be compared"),
    ],
)
def test_genre_agreement_in_words(hostile_atlas: Atlas, score: dict[str, Any], words: str) -> None:
    told = collect(replace(hostile_atlas, genre={"column": "g", **score}))["genre"]
    assert words in told["summary"]


def test_simulated_songs_are_called_so(hostile_atlas: Atlas) -> None:
    ids = pl.Series([f"sim{place:019d}" for place in range(hostile_atlas.songs.height)])
    simulated = replace(
        hostile_atlas,
        songs=hostile_atlas.songs.with_columns(ids.alias("song_id")),
        source=replace(hostile_atlas.source, name="polars DataFrame", format="dataframe"),
    )
    assert is_simulated(simulated)
    assert source_words(simulated) == "a simulated catalogue"
    assert collect(simulated)["settings"]["command"].startswith("songatlas demo --songs 150")
    assert not is_simulated(hostile_atlas)


@given(st.text(max_size=400), st.integers(2, 200))
def test_brief_is_one_clean_line_of_bounded_length(text: str, longest: int) -> None:
    told = brief(text, longest=longest)
    assert len(told) <= longest
    assert told == brief(told, longest=longest)
    assert not any(sign in told for sign in "\n\r\x00\x07\x9f")


def test_ink_is_readable_on_every_cluster_colour() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in CLUSTER_COLOURS:
        low, high = sorted((luminance(colour), luminance(ink_on(colour))))
        assert (high + 0.05) / (low + 0.05) > 4.5


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("duration_ms", 59_600.0, "1:00"),
        ("loudness_db", -6.0, "−6.0 dB"),
        ("tempo_bpm", 119.6, "120 BPM"),
        ("energy", 0.5, "0.50"),
        ("followers", 1234567.0, "1,234,567"),
    ],
)
def test_amounts_as_a_person_writes_them(column: str, value: float, text: str) -> None:
    assert amount(column, value) == text


def test_separation_words_fall_with_the_silhouette() -> None:
    assert len({separation_words(value) for value in (0.8, 0.6, 0.4, 0.1)}) == 4


def test_quality_record_has_the_promised_keys(hostile_atlas: Atlas) -> None:
    record = quality_record(hostile_atlas)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    promised = (
        "n_songs", "n_clustered", "n_excluded", "excluded", "k", "verdict", "silhouette",
        "davies_bouldin", "calinski_harabasz", "inertia", "stability", "sweep", "genre", "moods_k",
        "playlists_k", "lint", "roles", "spaces", "refinement",
    )  # fmt: skip
    assert set(promised) <= set(record)
    assert sum(record["excluded"].values()) == record["n_excluded"]
    assert sum(cluster["size"] for cluster in record["clusters"]) == record["n_clustered"]
    assert {"value", "low", "high"} <= set(record["silhouette"])
    assert record["stability"] is None or 0 <= record["stability"] <= 1
    assert set(record["stability_interval"]) == {"low", "high"}
    assert {"ami", "ari", "nmi", "v_measure", "purity", "chance_ami", "ceiling_ami"} <= set(record["genre"])
    assert hostile_atlas.created not in json.dumps(record)
    assert (record["moods_k"], record["playlists_k"]) == (hostile_atlas.k, hostile_atlas.division.k)
    assert record["verdict"]["playlists"]["k"] == record["playlists_k"]
    assert sum(record["roles"]["counts"].values()) == record["n_clustered"]
    assert [sum(each[role] for role in ROLES) for each in record["roles"]["clusters"]] == [
        each["size"] for each in record["clusters"]
    ]
    assert sum(each["subclusters"]["k"] for each in record["clusters"]) == record["playlists_k"]
    assert all(each["exemplars"] for each in record["clusters"])
    assert record["refinement"] is None
    assert {"new_artists", "known_artists"} <= set(record["genre"]["prediction"])
    assert sum(row["chosen"] for row in record["spaces"]) == 1


def test_quality_record_without_genres_has_no_genre(hostile_atlas: Atlas) -> None:
    assert "genre" not in quality_record(replace(hostile_atlas, genre=None))


def test_plain_knows_no_nan() -> None:
    assert plain({"a": [float("inf"), 1.5], "b": {"x"}}) == {"a": [None, 1.5], "b": ["x"]}


def test_findings_stand_in_the_record_as_they_are(hostile_atlas: Atlas) -> None:
    finding = Finding(
        check="few_songs",
        severity="warning",
        numbers={"songs_a_cluster": float("nan")},
        sentence="Few.",
        next_step="more",
    )
    (found,) = quality_record(replace(hostile_atlas, findings=(finding,)))["lint"]
    assert found == {
        "check": "few_songs", "severity": "warning", "numbers": {"songs_a_cluster": None}, "sentence": "Few.",
        "next_step": "more",
    }  # fmt: skip
