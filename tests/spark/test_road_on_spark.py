"""The road on a real cluster: the atlas and the rows of a build on this machine, worker lost or not.

Centroids and labels are compared for equality, to the last bit: sums over points on a grid are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import songatlas
from songatlas.atlas import Atlas, AtlasSettings, fitting
from songatlas.atlas.large import road, sampled
from songatlas.demo import simulate_catalogue
from songatlas.kmeans import starts
from songatlas.report.record import quality_record
from songatlas.safe_cells import unguarded_table

SETTINGS = AtlasSettings(k=8, k_min=8, k_max=8, threads=2)
MILLION = 1_000_000


@pytest.fixture(scope="module", autouse=True)
def one_session(spark: Any) -> Iterator[None]:
    """A build ends its session; all of these share one."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(spark, "stop", lambda: None)
        yield


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample is 5,000 songs."""
    for module in (fitting, road, sampled, starts):
        monkeypatch.setattr(module, "SAMPLE_SONGS", 5_000)


def simulated(folder: Path, n_rows: int, n_files: int) -> Path:
    """Files of a simulated catalogue; without genres, an atlas is made sooner."""
    folder.mkdir()
    step = n_rows // n_files
    for start in range(0, n_rows, step):
        rows = simulate_catalogue(n_rows, seed=3, rows=range(start, start + step))
        rows.drop("playlist_genre", "genres").write_parquet(folder / f"songs-{start:07}.parquet")
    return folder


def written(folder: Path, atlas: Atlas) -> pl.DataFrame:
    """All rows of the clustered songs, as text, without the apostrophes that guard cells of CSV."""
    assert atlas.whole is not None
    files = [folder / "clustered_songs" / name for name in atlas.whole.files]
    assert set(files) == {path for path in (folder / "clustered_songs").rglob("*.*") if is_table(path)}
    return pl.concat(
        [pl.read_parquet(file) if file.suffix == ".parquet" else text_cells(file) for file in files]
    )


def text_cells(file: Path) -> pl.DataFrame:
    """Cells of a CSV file that songatlas wrote, as they were before."""
    rows = pl.read_csv(file, infer_schema=False)
    return unguarded_table(rows.columns, rows)[1]


def is_table(path: Path) -> bool:
    """Whether a file is none of Spark's checksums."""
    return path.suffix in (".parquet", ".csv") and not path.name.startswith((".", "_"))


def hashes(rows: pl.DataFrame, columns: list[str]) -> pl.Series:
    """Sorted hashes of rows: the same of two tables where these have the same rows as often."""
    return rows.select(columns).hash_rows(seed=1).sort()


def assert_same(found: Atlas, expected: Atlas, rows: pl.DataFrame, expected_rows: pl.DataFrame) -> None:
    """Assert that two builds give the same, to the last bit, in whatever order rows were written."""
    assert found.counts == expected.counts
    assert np.array_equal(found.clustering.centroids, expected.clustering.centroids)
    assert found.space == expected.space
    assert found.cluster_names() == expected.cluster_names()
    assert found.songs.equals(expected.songs)
    assert np.array_equal(found.clustering.labels, expected.clustering.labels)
    assert found.whole is not None
    assert expected.whole is not None
    assert found.whole.sizes == expected.whole.sizes
    assert (found.whole.inertia, found.whole.n_iter) == (expected.whole.inertia, expected.whole.n_iter)
    assert found.n_rows == rows.height == expected_rows.height
    assert rows.columns == expected_rows.columns
    rows = rows.cast(dict(expected_rows.schema))
    columns = [name for name in rows.columns if name != found.whole.columns["cluster_distance"]]
    assert hashes(rows, columns).equals(hashes(expected_rows, columns))


def test_a_real_table(cluster: Any, shared_data: Path, tmp_path: Path) -> None:
    table = shared_data / "spotify_songs.csv"
    here = songatlas.build_large_atlas(table, tmp_path / "here", SETTINGS)
    there = songatlas.build_large_atlas(
        table, tmp_path / "there", SETTINGS, engine="spark", master=cluster.url
    )
    assert_same(there, here, written(tmp_path / "there", there), written(tmp_path / "here", here))
    assert not there.is_sample


@pytest.mark.usefixtures("few")
def test_a_million_songs(cluster: Any, tmp_path: Path) -> None:
    table = simulated(tmp_path / "songs", MILLION, 8)
    here = songatlas.build_large_atlas(table, tmp_path / "here", SETTINGS)
    there = songatlas.build_large_atlas(
        table, tmp_path / "there", SETTINGS, engine="spark", master=cluster.url
    )
    rows = written(tmp_path / "there", there)
    assert_same(there, here, rows, written(tmp_path / "here", here))
    assert there.is_sample
    columns = pl.read_parquet_schema(next(table.iterdir())).keys()
    assert hashes(rows, list(columns)).equals(hashes(pl.read_parquet(table / "*.parquet"), list(columns)))


@pytest.mark.usefixtures("few")
def test_workers_that_are_lost_change_nothing(cluster: Any, tmp_path: Path) -> None:
    """One is killed while songs are cleaned, another while rows are written."""
    table = simulated(tmp_path / "songs", 24_000, 12)
    here = songatlas.build_large_atlas(table, tmp_path / "here", SETTINGS)
    killed: dict[str, float] = {}

    def tell(share: float, words: str) -> None:
        for moment in ("cleaning the songs", "writing the clustered songs"):
            if words.startswith(moment) and moment not in killed:
                cluster.kill_worker()
                cluster.add_worker()
                killed[moment] = share

    there = songatlas.build_large_atlas(
        table, tmp_path / "there", SETTINGS, engine="spark", master=cluster.url, progress=tell
    )
    assert list(killed) == ["cleaning the songs", "writing the clustered songs"]
    assert max(killed.values()) < 1
    assert_same(there, here, written(tmp_path / "there", there), written(tmp_path / "here", here))


def test_clusters_of_mllib_are_told_as_such(cluster: Any, tmp_path: Path) -> None:
    table = simulated(tmp_path / "songs", 2_000, 2)
    atlas = songatlas.build_large_atlas(
        table, tmp_path / "there", SETTINGS, engine="spark", master=cluster.url, spark_kmeans="mllib"
    )
    record = quality_record(atlas)
    assert (record["engine"], record["spark_kmeans"]) == ("spark", "mllib")
    told = written(tmp_path / "there", atlas)["cluster"].drop_nulls()
    assert told.n_unique() == 8
