"""What is written of a catalogue clustered in parts: sizes of all songs, the rest marked as a sample."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas
from songatlas.atlas.whole import Whole
from songatlas.cli import tell
from songatlas.report import write_outputs
from songatlas.report.collect import collect
from songatlas.report.outputs import render_report
from songatlas.report.record import quality_record
from songatlas.report.sampled import sample_line, whole_told

TIMES = 1_000_003
COLUMNS = {
    "cluster": "cluster_2",
    "cluster_name": "cluster_name",
    "cluster_distance": "cluster_distance",
    "excluded_because": "excluded_because",
}


def made_large(atlas: Atlas, times: int) -> Atlas:
    """The atlas as a large build would give it, of which `atlas` holds one song in so many."""
    sizes = times * np.bincount(atlas.clustering.labels, minlength=atlas.k)
    n_clustered = int(sizes.sum())
    profiles = tuple(
        replace(each, size=int(sizes[each.cluster]), share=float(sizes[each.cluster] / n_clustered))
        for each in atlas.profiles
    )
    whole = Whole(
        n_clustered=n_clustered,
        sizes=tuple(map(int, sizes)),
        inertia=123.5,
        n_iter=17,
        engine="stream",
        files=("a.parquet", "b.parquet"),
        columns=COLUMNS,
        seconds={"reading": 61.25, "clustering": 40.5},
    )
    n_songs = n_clustered + 5
    source = replace(atlas.source, n_rows=n_songs)
    return replace(
        atlas, whole=whole, rows=None, profiles=profiles, n_songs=n_songs, n_rows=n_songs, source=source
    )


@pytest.fixture(scope="module")
def large(hostile_atlas: Atlas) -> Atlas:
    return made_large(hostile_atlas, TIMES)


@pytest.fixture(scope="module")
def collected(large: Atlas) -> dict[str, Any]:
    return collect(large)


def test_sizes_shares_and_counts_are_of_all_songs(large: Atlas, collected: dict[str, Any]) -> None:
    headline = collected["headline"]
    assert headline["n_clustered"] == 149 * TIMES
    assert headline["n_excluded"] == 5
    assert sum(card["size"] for card in collected["clusters"]) == 149 * TIMES
    assert sum(role["n"] for card in collected["clusters"] for role in card["roles"]) == 149
    assert all(card["era"]["known"] == "" for card in collected["clusters"])
    assert collected["verdict"]["playlists"] is None
    assert json.loads(json.dumps(collected, allow_nan=False)) == collected


def test_the_page_says_at_its_top_what_is_a_sample(large: Atlas) -> None:
    page = render_report(large, figures=False)
    said = "149,000,447 songs were clustered; what you see below (map, evidence, typical songs, "
    assert said + "feature means) is a sample of 149 of them, drawn evenly." in page
    assert page.index(said) < page.index("<h1>149,000,447 songs")
    assert page.count("of the sample of 149 songs") >= 4
    assert "clustered_songs.csv" not in page
    assert "every row with its cluster is in clustered_songs/ (2 files)." in page
    assert "cluster_2" not in page  # the column of the reason keeps its name
    assert "--engine stream" in page


def test_an_atlas_that_holds_all_songs_of_a_large_build_marks_nothing(hostile_atlas: Atlas) -> None:
    page = render_report(made_large(hostile_atlas, 1), figures=False)
    assert "of the sample" not in page
    assert "149 songs were clustered in parts, from files (2 minutes in all); every row" in page
    assert sample_line(made_large(hostile_atlas, 1)) == ""


def test_quality_tells_engine_sizes_and_seconds(large: Atlas, hostile_atlas: Atlas) -> None:
    record = quality_record(large)
    assert (record["engine"], record["n_sample"], record["n_clustered"]) == ("stream", 149, 149 * TIMES)
    assert sum(record["sizes"]) == record["n_clustered"]
    assert record["stage_seconds"] == {"reading": 61.25, "clustering": 40.5}
    assert (record["inertia"], record["n_iterations"]) == (123.5, 17)
    assert {"sweep", "roles", "silhouette"} <= set(record["of_sample"]) <= set(record)
    in_memory = quality_record(hostile_atlas)
    assert "engine" not in in_memory
    assert in_memory["n_clustered"] == 149


def test_clusters_of_mllib_are_told_as_such(large: Atlas, tmp_path: Path) -> None:
    assert large.whole is not None
    on_spark = replace(large, whole=replace(large.whole, engine="spark"))
    assert quality_record(on_spark)["spark_kmeans"] == "ours"
    assert "MLlib" not in render_report(on_spark, figures=False)
    on_spark = replace(large, whole=replace(large.whole, engine="spark", kmeans="mllib"))
    on_spark.save(tmp_path / "atlas")
    again = Atlas.load(tmp_path / "atlas")
    assert again.whole == on_spark.whole
    assert quality_record(again)["spark_kmeans"] == "mllib"
    page = render_report(again, figures=False)
    assert "clustered on Spark by MLlib, from its own seeding (2 minutes in all)" in page
    assert "--engine spark --master MASTER --spark-kmeans mllib" in page
    assert "to the last bit" not in page


def test_outputs_leave_the_clustered_songs_where_they_lie(large: Atlas, tmp_path: Path) -> None:
    rows = tmp_path / "atlas" / "clustered_songs" / "a.parquet"
    rows.parent.mkdir(parents=True)
    rows.write_bytes(b"rows")
    written = write_outputs(large, tmp_path / "atlas", figures=False)
    assert rows.read_bytes() == b"rows"
    assert not (tmp_path / "atlas" / "clustered_songs.csv").exists()
    assert written.appended["cluster"] == "cluster_2"
    assert "clustered_songs" in written.entries
    clusters = pl.read_csv(tmp_path / "atlas" / "clusters.csv")
    assert clusters["size"].sum() == 149 * TIMES
    assert clusters["share"].sum() == pytest.approx(1, abs=1e-5)
    assert clusters["n_sample"].sum() == 149
    assert "n_subclusters" not in clusters.columns
    assert Atlas.load(tmp_path / "atlas").n_clustered == 149 * TIMES


def test_a_build_in_memory_takes_the_place_of_a_large_one(
    large: Atlas, hostile_atlas: Atlas, tmp_path: Path
) -> None:
    (tmp_path / "clustered_songs").mkdir()
    (tmp_path / "clustered_songs" / "mine.txt").write_text("a folder of a person")
    write_outputs(hostile_atlas, tmp_path, figures=False)
    assert (tmp_path / "clustered_songs" / "mine.txt").exists()
    write_outputs(large, tmp_path, figures=False)
    assert not (tmp_path / "clustered_songs.csv").exists()
    write_outputs(hostile_atlas, tmp_path, figures=False)
    assert (tmp_path / "clustered_songs.csv").exists()
    assert not (tmp_path / "clustered_songs").exists()


def test_the_terminal_tells_of_all_songs_and_of_the_sample(
    large: Atlas, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell.atlas(write_outputs(large, tmp_path / "atlas", figures=False), as_json=False)
    printed = capsys.readouterr().out
    assert "149,000,447 songs to cluster" in printed
    assert "in clustered_songs/ (2 files" in printed
    assert "come from a sample of 149 of them" in printed
    assert "playlist-sized" not in printed


def test_one_second_is_told_as_one(large: Atlas) -> None:
    assert large.whole is not None
    brief = replace(large, whole=replace(large.whole, seconds={"reading": 0.7, "writing": 0.4}))
    assert "(1 second in all)" in whole_told(brief)
