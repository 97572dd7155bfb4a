"""A catalogue on a real cluster answers as plain functions do on the whole table, worker lost or not."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import spark_toys as toys
from polars.testing import assert_frame_equal
from spark_cluster import PATIENCE_S

from songatlas.catalogue import ROWS
from songatlas.errors import BadSettings, UnreadableTable
from songatlas.progress import silent
from songatlas.spark import (
    SparkCatalogue,
    SparkPoints,
    SparkTrouble,
    TextForm,
    mllib_kmeans,
    open_catalogue,
    simulated_catalogue,
)
from songatlas.spark.session import check_executors

N_ROWS = 3000
MORE = np.array([[1000.5, -1.0], [2.25, 3.0]], dtype=np.float32)
WHOLE = toys.table(range(N_ROWS))
SONGS, _ = toys.songs(WHOLE)
POINTS = np.concatenate([toys.points(SONGS), MORE])
ADDED = {"cluster": pl.UInt8(), "cluster name": pl.String()}


def no_text(name: str, head: bytes) -> TextForm:
    raise AssertionError(f"{name} is no text file")


def csv_form(name: str, head: bytes) -> TextForm:
    return TextForm(parse=toys.parse, encoding="utf-8", separator=",", notes=(f"{name}: {len(head)} bytes",))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parquet files in two folders, whose names tell a column."""
    folder = tmp_path_factory.mktemp("toys") / "my songs [all]"
    for number in range(4):
        part = WHOLE.slice(750 * number, 750)
        place = folder / f"half=0{number // 2}"
        place.mkdir(parents=True, exist_ok=True)
        part.write_parquet(place / f"part-{number}.parquet")
    return folder


@pytest.fixture(scope="module")
def catalogue(spark: Any, files: Path) -> SparkCatalogue:
    """The table of the files, with its stage "songs"."""
    catalogue = open_catalogue(spark, str(files), text=no_text)
    answers = catalogue.stage("songs", toys.songs, of=ROWS, tell=silent)
    assert answers["n"].sum() == N_ROWS
    assert answers["energy"].sum() == WHOLE["the.energy"].sum()
    return catalogue


@pytest.fixture(scope="module")
def points(catalogue: SparkCatalogue) -> SparkPoints:
    return catalogue.keep_points(toys.points, MORE, of="songs", tell=silent)


def test_what_it_is(catalogue: SparkCatalogue) -> None:
    origin = catalogue.origin
    assert (origin.name, origin.format, origin.n_files) == ("my songs [all]", "parquet", 4)
    assert origin.header == (*WHOLE.columns, "half")
    assert catalogue.n_rows == N_ROWS


def test_a_look_is_all_rows_in_order_or_some_of_them(catalogue: SparkCatalogue) -> None:
    everything = catalogue.look(N_ROWS)
    assert_frame_equal(everything.drop("half"), WHOLE)
    assert everything["half"].to_list() == ["00"] * 1500 + ["01"] * 1500
    some = catalogue.look(600)
    assert 500 < some.height < 700
    assert_frame_equal(some, catalogue.look(600))
    assert_frame_equal(some, everything.join(some, on="tempo", how="semi", maintain_order="left"))


def test_stages_and_answers(catalogue: SparkCatalogue) -> None:
    heard: list[tuple[float, str]] = []
    lowest = catalogue.stage(
        "louder", toys.louder, of="songs", tell=lambda *said: heard.append(said), columns=["_key", "energy"]
    )
    assert lowest["lowest"].min() == SONGS["_key"].min()
    assert heard[-1][0] == 1.0
    assert "rows a second" in heard[-1][1]
    names = catalogue.collect(toys.names_of, of="louder", name="names", tell=silent, columns=["energy", "no"])
    assert names["name"].unique().to_list() == ["energy"]
    assert names["n"].sum() == N_ROWS
    assert set(catalogue.collect(toys.names_of, of=ROWS, name="all", tell=silent)["name"]) == {
        *WHOLE.columns,
        "half",
    }


def test_rows_are_brought_together_by_keys(catalogue: SparkCatalogue) -> None:
    counts = SONGS.group_by("_key").len()
    shared = catalogue.shared_keys("_key", of="songs", tell=silent)
    assert shared.dtype == np.uint64
    assert shared.tolist() == counts.filter(pl.col("len") > 1)["_key"].sort().to_list()
    answer = catalogue.gathered(toys.not_low, toys.by_key, of="songs", name="low", tell=silent)
    assert_frame_equal(answer.sort("_key"), toys.by_key(toys.not_low(SONGS)).sort("_key"))


def test_points_are_summed_and_stacked(points: SparkPoints) -> None:
    assert (points.n_points, points.n_dimensions) == (len(POINTS), 2)
    assert points.summed(toys.sums).tolist() == toys.sums(POINTS).tolist()
    tops = points.stacked(toys.highest)
    assert tops.shape[1] == 2
    assert tops[:, 0].max() == POINTS[:, 0].max()


def test_points_come_from_files_or_where_there_is_no_room_from_spark(catalogue: SparkCatalogue) -> None:
    points = catalogue.keep_points(toys.points, MORE, of="songs", tell=silent)
    assert points.shelf is not None
    expected = toys.sums(POINTS).tolist()
    assert points.summed(toys.sums).tolist() == expected
    assert points.stacked(partial(toys.filed, folder=points.shelf.name)).all()
    points.summed(partial(toys.spoilt, folder=points.shelf.name))
    assert points.summed(toys.sums).tolist() == expected
    assert points.shelf is None
    assert points.summed(toys.sums).tolist() == expected
    points.close()


def test_rows_are_written_with_labels_in_folders_as_before(catalogue: SparkCatalogue, tmp_path: Path) -> None:
    folder = tmp_path / "clustered"
    names = catalogue.write(toys.label, ADDED, str(folder), of="songs", tell=silent)
    assert {Path(name).parent.name for name in names} == {"half=00", "half=01"}
    assert all((folder / name).is_file() for name in names)
    written = pl.concat(pl.read_parquet(folder / name, hive_partitioning=False) for name in names)
    expected = WHOLE.hstack(toys.label(SONGS).with_columns(pl.col("cluster").cast(pl.Int16)))
    assert_frame_equal(written.sort("tempo"), expected)
    for name in names:
        assert pl.read_parquet(folder / name, hive_partitioning=False)["tempo"].is_sorted()
    with pytest.raises(BadSettings, match="has files already: give a new folder"):
        catalogue.write(toys.label, ADDED, str(folder), of="songs", tell=silent)


def test_text_is_parsed_by_the_given_reader(spark: Any, tmp_path: Path) -> None:
    for number in range(3):
        columns = WHOLE.columns if number else WHOLE.columns[::-1]
        WHOLE.slice(1000 * number, 1000).select(columns).write_csv(tmp_path / f"part{number}.csv")
    catalogue = open_catalogue(spark, str(tmp_path), text=csv_form)
    cells = pl.concat(
        [toys.parse((tmp_path / f"part{n}.csv").read_bytes()).select(WHOLE.columns[::-1]) for n in range(3)]
    )
    assert_frame_equal(catalogue.look(10_000), cells)
    assert 250 < catalogue.look(300).height < 350
    assert catalogue.origin.encoding == "utf-8"
    assert catalogue.origin.notes[0].startswith("part0.csv: ")
    names = catalogue.write(toys.label_text, ADDED, str(tmp_path / "out"), of=ROWS, tell=silent)
    written = pl.concat(pl.read_parquet(tmp_path / "out" / name) for name in names)
    assert_frame_equal(written.sort("id", "tempo").select(cells.columns), cells.sort("id", "tempo"))
    catalogue.close()


def test_errors_of_tasks_come_back_as_they_were_raised(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n1,2\n")
    (tmp_path / "b.csv").write_text("id,y\n1,2\n")
    catalogue = open_catalogue(spark, str(tmp_path), text=csv_form)
    with pytest.raises(UnreadableTable, match=r"b.csv lacks the column 'x': all files .* with one header$"):
        catalogue.look(10)
    (tmp_path / "b.csv").write_text("!")
    with pytest.raises(UnreadableTable, match=r"^a file begins with '!': tables begin with a header$"):
        open_catalogue(spark, str(tmp_path), text=csv_form).look(10)
    (tmp_path / "c.tsv").write_text("id\n")
    with pytest.raises(UnreadableTable, match=r"several formats \(csv, tsv\)"):
        open_catalogue(spark, str(tmp_path), text=csv_form)
    with pytest.raises(UnreadableTable, match="Spark finds no files at"):
        open_catalogue(spark, str(tmp_path / "nowhere"), text=csv_form)
    with pytest.raises(SparkTrouble, match="ZeroDivisionError"):
        simulated_catalogue(spark, toys.table, 10).collect(toys.broken, of=ROWS, name="broken", tell=silent)


def test_a_table_without_rows_has_answers_without_rows(spark: Any, tmp_path: Path) -> None:
    WHOLE.head(0).write_parquet(tmp_path / "none.parquet")
    catalogue = open_catalogue(spark, str(tmp_path / "none.parquet"), text=no_text)
    assert_frame_equal(catalogue.look(5), WHOLE.head(0))
    assert catalogue.stage("songs", toys.songs, of=ROWS, tell=silent)["n"].sum() == 0
    assert catalogue.shared_keys("_key", of="songs", tell=silent).tolist() == []
    gathered = catalogue.gathered(toys.not_low, toys.by_key, of="songs", name="low", tell=silent)
    assert gathered.columns == ["_key", "n", "tempo"]
    points = catalogue.keep_points(toys.points, MORE, of="songs", tell=silent)
    assert points.summed(toys.sums).tolist() == toys.sums(MORE).tolist()


def test_rows_made_up_by_executors(spark: Any) -> None:
    catalogue = simulated_catalogue(spark, toys.table, 200_000)
    assert_frame_equal(catalogue.look(200_000), toys.table(range(200_000)))
    assert catalogue.n_rows == 200_000
    with pytest.raises(BadSettings, match="0 rows cannot be simulated"):
        simulated_catalogue(spark, toys.table, 0)
    catalogue.close()


def test_executors_of_another_version_are_refused(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    check_executors(spark, patience_s=PATIENCE_S)
    monkeypatch.setattr("songatlas.spark.session.__version__", "99.0")
    with pytest.raises(SparkTrouble, match=r"has songatlas .*, and this is 99\.0: install the same on every"):
        check_executors(spark, patience_s=PATIENCE_S)


def test_mllib_clusters_the_same_points(points: SparkPoints) -> None:
    run = mllib_kmeans(points, 2, seed=0, max_iter=3)
    distances = ((POINTS[:, None, :].astype(float) - run.centroids) ** 2).sum(axis=2)
    assert run.cost == pytest.approx(distances.min(axis=1).sum())
    assert run.n_iter >= 1


def test_a_lost_worker_changes_nothing(cluster: Any, catalogue: SparkCatalogue, points: SparkPoints) -> None:
    expected = toys.sums(POINTS).tolist()
    killer = threading.Timer(1.0, cluster.kill_worker)
    killer.start()
    try:
        assert points.summed(toys.slow_sums).tolist() == expected
        killer.join()
        assert points.summed(toys.sums).tolist() == expected
        answer = catalogue.gathered(toys.not_low, toys.by_key, of="songs", name="low", tell=silent)
        assert_frame_equal(answer.sort("_key"), toys.by_key(toys.not_low(SONGS)).sort("_key"))
    finally:
        cluster.add_worker()


def test_all_of_it_over_spark_connect(connect: Any, files: Path, tmp_path: Path) -> None:
    catalogue = open_catalogue(connect, str(files), text=no_text)
    assert_frame_equal(catalogue.look(N_ROWS).drop("half"), WHOLE)
    assert catalogue.stage("songs", toys.songs, of=ROWS, tell=silent)["n"].sum() == N_ROWS
    answer = catalogue.gathered(toys.not_low, toys.by_key, of="songs", name="low", tell=silent)
    assert_frame_equal(answer.sort("_key"), toys.by_key(toys.not_low(SONGS)).sort("_key"))
    points = catalogue.keep_points(toys.points, MORE, of="songs", tell=silent)
    assert points.summed(toys.sums).tolist() == toys.sums(POINTS).tolist()
    names = catalogue.write(toys.label, ADDED, str(tmp_path / "out"), of="songs", tell=silent)
    assert sum(pl.read_parquet(tmp_path / "out" / name).height for name in names) == N_ROWS
    with pytest.raises(UnreadableTable, match="Spark finds no files at"):
        open_catalogue(connect, str(tmp_path / "nowhere"), text=no_text)
    with pytest.raises(SparkTrouble, match="MLlib does not run over Spark Connect here"):
        mllib_kmeans(points, 2, seed=0)
    catalogue.close()
