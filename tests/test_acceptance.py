"""The whole road on real tables, as a person would walk it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from songatlas import Atlas, KMeans, build_atlas, silhouette, write_outputs
from songatlas.safe_cells import unguarded, unguarded_cells
from typed import songatlas

AUDIO = (
    "danceability,energy,loudness,speechiness,acousticness,"
    "instrumentalness,liveness,valence,tempo,duration_ms"
)
WELL_KNOWN = AUDIO + ",popularity_songs,followers,popularity_artists"
APPENDED = ["cluster", "cluster_name", "cluster_distance", "excluded_because"]


def process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "songatlas", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=600, env={**os.environ, **environment}
    )


def read_cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def assert_nothing_lost(source: Path, clustered: Path) -> pl.DataFrame:
    """Rows in = rows out, same order, same columns, same text but for guards; a cluster or a reason each."""
    after = read_cells(clustered)
    if source.suffix == ".parquet":
        before = pl.read_parquet(source)
        assert after[0][: before.width] == before.columns
        kept = pl.read_csv(clustered, infer_schema_length=None, schema_overrides=before.schema)
        texts = [unguarded_cells(kept[name]) for name, kind in before.schema.items() if kind == pl.String]
        assert kept.with_columns(texts).select(before.columns).equals(before)
    else:
        cells = read_cells(source)
        assert [[unguarded(cell) for cell in row[: len(cells[0])]] for row in after] == cells
    assert after[0][-4:] == APPENDED
    answer = pl.DataFrame([row[-4:] for row in after[1:]], schema=APPENDED, orient="row")
    is_placed = answer["cluster"] != ""
    assert (is_placed == (answer["excluded_because"] == "")).all()
    assert (is_placed == (answer["cluster_name"] != "")).all()
    assert (is_placed == (answer["cluster_distance"] != "")).all()
    return answer


def without_report(record: bytes) -> bytes:
    """An outputs.json without the hash of the report, which tells a time, and without its own."""
    said = json.loads(record)
    assert set(said.pop("sha256")) <= set("0123456789abcdef")
    del said["files"]["report.html"]["sha256"]
    return json.dumps(said).encode()


@pytest.fixture(scope="module")
def spotify(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The clustered Spotify table: its source and its folder of outputs, made by the command line."""
    source, folder = shared_data / "spotify_songs.csv", tmp_path_factory.mktemp("spotify") / "atlas of songs"
    ran = process("build", source, "-o", folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return source, folder


def test_nothing_is_lost_on_a_real_table(spotify: tuple[Path, Path]) -> None:
    source, folder = spotify
    answer = assert_nothing_lost(source, folder / "clustered_songs.csv")
    quality = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    assert quality["n_rows"] == answer.height
    assert quality["n_songs"] == quality["n_clustered"] + quality["n_excluded"]
    assert quality["n_excluded"] == sum(quality["excluded"].values())
    reasons = set(answer["excluded_because"]) - {""}
    assert reasons <= set(quality["excluded"])


def test_the_outputs_are_those_of_the_design(spotify: tuple[Path, Path]) -> None:
    _, folder = spotify
    figures = {
        "pca_map",
        "profile_heatmap",
        "feature_bars",
        "feature_distributions",
        "elbow",
        "silhouette",
        "cluster_sizes",
        "genre_heatmap",
        "artists",
    }
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in figures for kind in ("png", "svg")
    }
    assert {path.name for path in folder.iterdir()} == {
        "atlas",
        "clustered_songs.csv",
        "clusters.csv",
        "figures",
        "outputs.json",
        "quality.json",
        "report.html",
    }
    quality = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    assert {"value", "low", "high"} <= set(quality["silhouette"])
    assert {"k", "verdict", "davies_bouldin", "calinski_harabasz", "inertia", "stability", "sweep"} <= set(
        quality
    )
    assert {
        "column",
        "ami",
        "ari",
        "nmi",
        "v_measure",
        "purity",
        "chance_ami",
        "ceiling_ami",
        "ceiling_accuracy",
    } <= set(quality["genre"])
    assert [row["k"] for row in quality["sweep"]] == list(range(2, 21))
    clusters = pl.read_csv(folder / "clusters.csv")
    assert clusters["size"].sum() == quality["n_clustered"]
    assert clusters["size"].is_sorted(descending=True)
    assert clusters["name"].n_unique() == quality["k"]


def test_assign_gives_the_songs_their_own_clusters(spotify: tuple[Path, Path], tmp_path: Path) -> None:
    source, folder = spotify
    ran = process("assign", folder, source, "-o", tmp_path / "again.csv")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "again.csv").read_bytes() == (folder / "clustered_songs.csv").read_bytes()


def test_two_runs_differ_in_the_time_stamp_alone(spotify: tuple[Path, Path], tmp_path: Path) -> None:
    source, folder = spotify
    ran = process("build", source, "-o", tmp_path / "atlas of songs", "--threads", 1, OMP_NUM_THREADS="2")
    assert ran.returncode == 0, ran.stderr
    first = json.loads((folder / "atlas" / "manifest.json").read_text(encoding="utf-8"))
    second = json.loads((tmp_path / "atlas of songs" / "atlas" / "manifest.json").read_text(encoding="utf-8"))
    stamps = (first.pop("created"), second.pop("created"))
    assert first == second
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            before = path.read_bytes()
            after = (tmp_path / "atlas of songs" / path.relative_to(folder)).read_bytes()
            if path.name == "report.html":
                assert stamps[0].encode() in before
                before, after = (re.sub(rb"<time id=.*?</time>", b"TIME", page) for page in (before, after))
            if path.name == "outputs.json":  # holds the hash of the report, and its own
                before, after = (without_report(record) for record in (before, after))
            is_same = before == after
            assert is_same, path.name


@pytest.mark.parametrize("name", ["amazon_sample.csv", "real_tracks.parquet"])
def test_other_real_tables_build_with_defaults(shared_data: Path, tmp_path: Path, name: str) -> None:
    table = shared_data / name
    if table.suffix == ".parquet":  # every fifth of 190,000 songs
        pl.read_parquet(table).gather_every(5).write_parquet(tmp_path / name)
        table = tmp_path / name
    ran = songatlas("build", table, "-o", tmp_path / "out", "--no-figures")
    assert ran.returncode == 0, ran.stderr
    assert_nothing_lost(table, tmp_path / "out" / "clustered_songs.csv")
    names = pl.read_csv(tmp_path / "out" / "clusters.csv")["name"]
    assert names.n_unique() == len(names)


def test_every_dialect_builds_or_ends_with_one_line(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "dialects").iterdir())
    assert len(files) >= 23
    for path in files:
        ran = songatlas("build", path, "-o", tmp_path / path.stem, "--no-figures", "--threads", 2)
        if ran.returncode == 0:
            rows = pl.read_csv(tmp_path / path.stem / "clustered_songs.csv", infer_schema=False)
            placed = rows.filter(pl.col("cluster") != "")
            assert placed.height > 0, path.name
        else:
            assert ran.returncode == 2, (path.name, ran.stderr)
            assert ran.stderr.count("\n") == 1, (path.name, ran.stderr)
            assert ran.stderr.startswith("songatlas: "), (path.name, ran.stderr)
            assert not (tmp_path / path.stem).exists(), path.name


def test_the_plain_recipe_is_that_of_scikit_learn(shared_data: Path) -> None:
    golden = json.loads((Path(__file__).parent / "golden" / "plain_recipe.json").read_text(encoding="utf-8"))
    # Learning the genres of 96,000 songs would take most of the time, and is no part of the recipe.
    table = pl.read_csv(shared_data / golden["table"], infer_schema_length=None)
    table = table.drop(name for name in table.columns if "genre" in name)
    atlas = build_atlas(table, space="plain", features=golden["features"], k=3, keep="all", k_max=4)
    scaled = StandardScaler().fit_transform(table.select(golden["features"].split(",")).to_numpy())
    assert atlas.rows is not None
    points = atlas.space.points(atlas.songs)
    by_row = points[atlas.rows.clean.row_to_song]
    assert np.allclose(by_row, scaled, rtol=1e-6, atol=1e-6)

    ours = KMeans(3, init=scaled[golden["start_rows"]], tol=0, max_iter=1000).fit(by_row)
    assert [int((ours.labels_ == label).sum()) for label in range(3)] == golden["sizes"]
    assert ours.inertia_ == pytest.approx(golden["inertia"], rel=1e-6)
    exact = silhouette(by_row, ours.labels_, exact=True)
    assert exact.value == pytest.approx(golden["silhouette"], abs=1e-6)

    theirs = SklearnKMeans(3, init=atlas.clustering.centroids, n_init=1, tol=0).fit(scaled)
    assert np.array_equal(theirs.labels_, atlas.rows.cluster)
    assert atlas.quality["inertia"] == pytest.approx(theirs.inertia_, rel=1e-6)
    assert atlas.quality["inertia"] <= golden["inertia"] * (1 + 1e-6)
    assert atlas.quality["silhouette"]["exact"]


def test_the_well_known_recipe_can_be_asked_for_exactly(shared_data: Path) -> None:
    table = pl.read_csv(shared_data / "amazon_shaped_standin.csv", infer_schema_length=None).head(3000)
    atlas = build_atlas(table, space="plain", features=WELL_KNOWN, k=3, keep="all", k_max=4)
    assert atlas.space.features == (
        "danceability",
        "energy",
        "loudness_db",
        "speechiness",
        "acousticness",
        "instrumentalness",
        "liveness",
        "valence",
        "tempo_bpm",
        "duration_ms",
        "popularity",
        "followers",
        "artist_popularity",
    )
    assert atlas.rows is not None
    placed = atlas.rows.cluster >= 0
    scaled = StandardScaler().fit_transform(
        table.filter(pl.Series(placed)).select(WELL_KNOWN.split(",")).to_numpy()
    )
    by_song = np.empty((int(placed.sum()), 13), dtype=np.float32)
    by_song[:] = atlas.space.points(atlas.songs)[atlas.rows.clean.row_to_song[placed]]
    assert np.allclose(by_song, scaled, atol=1e-5)
    exact = silhouette_score(scaled, atlas.rows.cluster[placed])
    assert atlas.quality["silhouette"]["value"] == pytest.approx(exact, abs=1e-6)


@pytest.fixture(scope="module")
def table(shared_data: Path) -> pl.DataFrame:
    return pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None).head(6000)


@pytest.fixture(scope="module")
def plain(table: pl.DataFrame) -> Atlas:
    return build_atlas(table, k=7, k_max=8, threads=2)


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_shuffled_rows_and_threads_give_the_same_clusters(
    table: pl.DataFrame, plain: Atlas, n_threads: int
) -> None:
    shuffled = table.with_row_index("row").sample(fraction=1.0, shuffle=True, seed=n_threads)
    again = build_atlas(shuffled.drop("row"), k=7, k_max=8, threads=n_threads)
    assert plain.rows is not None
    assert again.rows is not None
    assert np.array_equal(plain.rows.cluster[shuffled["row"].to_numpy()], again.rows.cluster)
    assert plain.cluster_names() == again.cluster_names()
    assert plain.clustering.centroids.tobytes() == again.clustering.centroids.tobytes()


def test_titles_survive(tmp_path: Path, shared_data: Path) -> None:
    titles = [
        'a, "b"',
        "two\nlines",
        "🎵",
        "名前",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "=1+1",
        "",
        "  padded ",
    ]
    table = pl.read_csv(shared_data / "amazon_sample.csv", infer_schema_length=None)
    table = table.with_columns(
        pl.Series("name_song", [titles[row % len(titles)] for row in range(table.height)])
    )
    source = tmp_path / "songs.csv"
    table.write_csv(source)
    ran = songatlas("build", source, "-o", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert_nothing_lost(source, tmp_path / "out" / "clustered_songs.csv")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in report
    assert "{{7*7}}" in report or "49" not in report


def few_songs(shared_data: Path, n: int) -> pl.DataFrame:
    return pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None).head(n)


@pytest.mark.parametrize("n_songs", [5, 50])
def test_few_songs_give_a_useful_result(shared_data: Path, tmp_path: Path, n_songs: int) -> None:
    few_songs(shared_data, n_songs).write_csv(tmp_path / "few.csv")
    ran = songatlas("build", tmp_path / "few.csv", "-o", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    clusters = pl.read_csv(tmp_path / "out" / "clusters.csv")
    assert 2 <= clusters.height <= max(2, n_songs // 8)
    assert_nothing_lost(tmp_path / "few.csv", tmp_path / "out" / "clustered_songs.csv")


def test_a_column_of_nan_is_told_and_not_used(shared_data: Path, tmp_path: Path) -> None:
    table = few_songs(shared_data, 400).with_columns(pl.lit("NaN").alias("valence"))
    table.write_csv(tmp_path / "nan.csv")
    ran = songatlas("build", tmp_path / "nan.csv", "-o", tmp_path / "out", "--no-figures")
    assert ran.returncode == 0, ran.stderr
    told = next(line for line in ran.stdout.splitlines() if line.strip().startswith("valence"))
    assert "left alone" in told
    assert "empty" in told
    atlas = Atlas.load(tmp_path / "out")
    assert "valence" not in atlas.space.features


def test_songs_that_are_all_alike_are_refused_with_a_reason(shared_data: Path, tmp_path: Path) -> None:
    table = few_songs(shared_data, 50)
    first = table.row(0, named=True)
    alike = table.with_columns(pl.lit(first[c]).alias(c) for c in table.columns[10:])
    alike.write_csv(tmp_path / "alike.csv")
    ran = songatlas("build", tmp_path / "alike.csv", "-o", tmp_path / "out")
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "same" in ran.stderr or "alike" in ran.stderr or "different" in ran.stderr


def test_an_atlas_is_saved_and_loaded_whole(shared_data: Path, tmp_path: Path) -> None:
    atlas = build_atlas(few_songs(shared_data, 500), k=4)
    write_outputs(atlas, tmp_path / "out", figures=False)
    loaded = Atlas.load(tmp_path / "out")
    assert loaded.cluster_names() == atlas.cluster_names()
    assert loaded.songs.equals(atlas.songs)
    assert np.array_equal(loaded.clustering.labels, atlas.clustering.labels)
    assert loaded.clustering.centroids.tobytes() == atlas.clustering.centroids.tobytes()
    assert loaded.profiles == atlas.profiles
    assert loaded.verdict == atlas.verdict
    assert loaded.evidence.equals(atlas.evidence)
    assert loaded.columns == atlas.columns
    assert loaded.counts == atlas.counts
    assert loaded.settings == atlas.settings
