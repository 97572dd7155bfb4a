"""`build` and `demo` of large catalogues: which engine takes what, what is refused, and what comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import songatlas as library
from songatlas.cli import engines
from songatlas.cli.engines import Asked, choose_engine, engine_for_rows
from songatlas.cli.memory import memory_of_machine, read_size
from songatlas.cli.sources import what_lies_at
from songatlas.demo import simulate_catalogue
from songatlas.demo.parts import write_catalogue
from songatlas.errors import BadSettings, UnreadableTable
from typed import songatlas

ROWS = 900


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return simulate_catalogue(ROWS, seed=3)


@pytest.fixture(scope="module")
def folder(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists") / "catalogue"
    (folder / "new").mkdir(parents=True)
    table[:400].write_parquet(folder / "a.parquet")
    table[400:].write_parquet(folder / "new" / "b.parquet")
    return folder


@pytest.fixture
def both(folder: Path, tmp_path: Path) -> Path:
    place = tmp_path / "both"
    place.mkdir()
    (place / "list.csv").write_text("title,energy\na,0.5\n")
    (place / "one.mp3").write_bytes(b"ID3")
    return place


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--engine", "fast"], "--engine is 'fast': say auto, memory, stream or spark"),
        (["--engine", "spark", "--spark-kmeans", "theirs"], "--spark-kmeans is 'theirs'"),
        (["--engine", "stream", "--memory", "2"], "--memory is '2': write a number and its unit"),
        (["--memory", "lots"], "--memory is 'lots'"),
        (["--memory", "0GB"], "--memory is '0GB'"),
        (["--engine", "stream", "--master", "local[2]"], "--master local[2] names a Spark cluster"),
        (["--engine", "memory", "--master", "sc://x"], "take --engine spark, or leave --master out"),
        (["--engine", "spark", "--memory", "4GiB"], "--spark-conf spark.executor.memory=4096m"),
        (["--engine", "memory", "--memory", "4GB"], "take --engine stream, or leave --memory out"),
        (["--spark-kmeans", "ours"], "--spark-kmeans is for Spark alone"),
        (["--engine", "stream", "--spark-conf", "spark.b=c"], "--spark-conf is for Spark alone"),
        (["--engine", "spark", "--spark-conf", "fast"], "write for example spark.executor.memory=4g"),
        (["--engine", "memory"], "is a folder of tables, and --engine memory reads one table"),
        (["--memory", "99999TB"], "--memory is 99999TB, and this machine has"),
        (["--dry-run", "--memory", "500MB"], "the program and the sample need at least"),
        (["--engine", "stream", "--space", "sound,tags"], "'tags' needs all songs in memory"),
        (["--engine", "stream", "--refine"], "leave --refine out"),
        (["--engine", "stream", "--genre-pull", "0.5"], "leave --genre-pull out"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(
    folder: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    ran = songatlas("build", folder, *options, cwd=tmp_path)
    assert ran.returncode == 2
    assert words in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("songatlas: ")
    assert list(tmp_path.iterdir()) == []


def test_what_lies_in_a_folder_decides_and_doubt_is_told(both: Path, folder: Path, tmp_path: Path) -> None:
    assert what_lies_at(str(folder)) == "tables"
    assert what_lies_at("hdfs://name:9000/songs") == "address"
    assert what_lies_at(str(folder / "a.parquet")) == "file"
    with pytest.raises(BadSettings, match=r"holds both tables \(list.csv\) and 1 music files: add --engine"):
        choose_engine(str(both), Asked())
    assert what_lies_at(str(both), "stream") == "tables"
    assert what_lies_at(str(both), "memory") == "music"
    (both / "list.csv").unlink()
    assert choose_engine(str(both), Asked()).engine == "memory"
    with pytest.raises(BadSettings, match=r"'songatlas scan .* -o both.parquet', then build from both"):
        choose_engine(str(both), Asked(engine="stream"))
    (both / "one.mp3").unlink()
    with pytest.raises(BadSettings, match="is an empty folder"):
        choose_engine(str(both), Asked())
    (both / "cover.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(BadSettings, match=r"holds cover.jpg, but no tables \(Parquet"):
        choose_engine(str(both), Asked(engine="spark"))


def test_a_folder_of_music_that_was_built_before_is_still_one_of_music(both: Path) -> None:
    (both / "list.csv").rename(both / "songs.csv")
    (both / "songs.scan.sqlite").write_bytes(b"")
    (both / "both_atlas" / "atlas").mkdir(parents=True)
    (both / "both_atlas" / "atlas" / "manifest.json").write_text("{}")
    (both / "both_atlas" / "clustered_songs.csv").write_text("a,b\n")
    assert what_lies_at(str(both)) == "music"


def test_auto_streams_what_would_not_fit_and_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "a.parquet"
    size = file.stat().st_size
    assert choose_engine(str(file), Asked()).engine == "memory"
    assert choose_engine(str(folder), Asked(master="spark://a:7077")).engine == "spark"
    small = choose_engine(str(file), Asked(memory=f"{size / 1000:.3f}KB"))
    assert (small.engine, small.memory) == ("stream", size)
    assert f"would take about {engines.told(8 * size)} of memory at once, and --memory allows" in small.why
    assert choose_engine(str(file), Asked(memory="1GB")).engine == "memory"
    monkeypatch.setattr(engines, "memory_of_machine", lambda: size)
    crowded = choose_engine(str(file), Asked())
    assert crowded.engine == "stream"
    assert "and this machine allows" in crowded.why
    assert choose_engine(str(file), Asked(engine="memory")).engine == "memory"
    assert engine_for_rows(10_000_000, Asked()).engine == "stream"
    assert engine_for_rows(10_000_000, Asked(engine="memory")).engine == "memory"
    assert engine_for_rows(60, Asked(master="local[2]")).engine == "spark"


def test_an_address_is_for_spark(tmp_path: Path) -> None:
    ran = songatlas("build", "s3a://bucket/songs", cwd=tmp_path)
    assert ran.returncode == 2
    assert "'s3a://bucket/songs' is an address, which Spark alone reads: add --engine spark" in ran.stderr


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("500MB", 5 * 10**8), ("1.5 GiB", 3 * 2**29), ("64k", 64_000), ("1t", 10**12)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert read_size(text) == size


def test_the_memory_of_the_machine_is_known() -> None:
    assert 2**27 < memory_of_machine() < 2**50


def test_a_simulated_catalogue_is_written_once(tmp_path: Path) -> None:
    files = write_catalogue(tmp_path / "songs", 250, seed=5, rows_in_file=100)
    assert pl.concat([pl.read_parquet(file) for file in files]).equals(simulate_catalogue(250, seed=5))
    before = [file.stat().st_mtime_ns for file in files]
    files[1].unlink()
    again = write_catalogue(tmp_path / "songs", 250, seed=5, rows_in_file=100)
    assert again == files
    assert [files[0].stat().st_mtime_ns, files[2].stat().st_mtime_ns] == [before[0], before[2]]
    assert write_catalogue(tmp_path / "songs", 50, seed=5) != files
    assert len(list((tmp_path / "songs").iterdir())) == 1
    (tmp_path / "songs" / "mine.csv").write_text("a\n")
    with pytest.raises(BadSettings, match=r"holds 'mine.csv', which is no file of a simulated catalogue"):
        write_catalogue(tmp_path / "songs", 60)


def test_spark_is_told_what_the_options_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    def build_large_atlas(source: str, folder: Path, settings: Any, **options: Any) -> Any:
        told.update(options, source=source, folder=folder, k=settings.k)
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "build_large_atlas", build_large_atlas, raising=False)
    conf = ["--spark-conf", "spark.a=1", "--spark-conf", "spark.b=-Dx=y"]
    ran = songatlas("build", "s3a://b/new/", "--master", "sc://h", "--k", "5", *conf, cwd=tmp_path)
    assert ran.returncode == 130
    assert "stopped; the same command begins anew on Spark" in ran.stderr
    assert told["source"] == "s3a://b/new/"
    assert told["folder"] == Path("new_atlas")
    assert (told["engine"], told["master"], told["k"]) == ("spark", "sc://h", 5)
    assert (told["spark_kmeans"], told["spark_conf"]) == ("ours", {"spark.a": "1", "spark.b": "-Dx=y"})
    ran = songatlas("build", tmp_path / ".." / "x.csv", "--engine", "stream", cwd=tmp_path)
    assert "the same command goes on where it was" in ran.stderr
    songatlas("demo", "--songs", "70", "--engine", "spark", "--spark-kmeans", "mllib", cwd=tmp_path)
    assert (told["source"], told["spark_kmeans"]) == ("simulated:70", "mllib")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_tables_gives_what_one_table_gives(
    folder: Path, table: pl.DataFrame, tmp_path: Path
) -> None:
    options = ("--k", 4, "--no-figures", "-o")
    ran = songatlas("build", folder, *options, "parts", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "is a folder of tables: it is read in parts, in at most 2 GB of memory" in ran.stderr
    assert "every row with its cluster is in clustered_songs/ (2 files)" in ran.stdout
    table.write_parquet(tmp_path / "one.parquet")
    assert songatlas("build", "one.parquet", *options, "whole", cwd=tmp_path).returncode == 0
    quality = json.loads((tmp_path / "parts" / "quality.json").read_text(encoding="utf-8"))
    whole = json.loads((tmp_path / "whole" / "quality.json").read_text(encoding="utf-8"))
    same = ("n_rows", "n_songs", "n_clustered", "excluded", "excluded_rows", "k", "inertia", "clusters")
    assert {name: quality[name] for name in same} == {name: whole[name] for name in same}
    assert (quality["engine"], quality["of_sample"]) == ("stream", [])
    assert sum(quality["sizes"]) == quality["n_clustered"] == quality["n_sample"]
    assert "clustering" in quality["stage_seconds"]
    rows = [tmp_path / "parts" / "clustered_songs" / name for name in ("a.parquet", "new/b.parquet")]
    clustered = pl.concat([pl.read_parquet(file) for file in rows], how="vertical_relaxed")
    expected = pl.read_csv(tmp_path / "whole" / "clustered_songs.csv", infer_schema=False)
    assert clustered.select(table.columns).equals(table)
    for column in ("cluster", "cluster_name", "excluded_because"):
        assert clustered[column].cast(pl.String).to_list() == expected[column].to_list()


def test_a_demo_in_parts_is_one_command(tmp_path: Path) -> None:
    ran = songatlas("demo", "--songs", 400, "--k", 3, "--engine", "stream", "--memory", "1GB", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    directory = tmp_path / "demo_atlas"
    assert len(list((directory / "songs").iterdir())) == 1
    page = (directory / "report.html").read_text(encoding="utf-8")
    assert "The atlas of a simulated catalogue" in page
    assert "songatlas demo --songs 400 --k 3 --seed 0 --engine stream" in page
    assert library.Atlas.load(directory).source.name == "simulated catalogue of 400 rows"


def test_a_dry_run_of_a_folder_tells_what_a_look_tells(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = songatlas("build", folder, "--dry-run", "--json", cwd=tmp_path)
    told = json.loads(ran.stdout)
    assert (told["n_looked"], told["source"]["n_rows"]) == (ROWS, ROWS)
    monkeypatch.setattr("songatlas.atlas.large.road.LOOK_ROWS", 300)
    ran = songatlas("build", folder, "--dry-run", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "of a look at 300 of 900 rows:" in ran.stdout
    assert "songs in 300 rows" in ran.stdout
    assert list(tmp_path.iterdir()) == []
    ran = songatlas("build", "s3a://b/songs", "--engine", "spark", "--dry-run", cwd=tmp_path)
    assert "--dry-run reads files of this machine" in ran.stderr


def test_links_and_outputs_in_a_folder_are_told_at_a_glance(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "linked").symlink_to(folder)
    assert what_lies_at(str(home)) == "tables"
    (home / ".songatlas-work").mkdir()
    with pytest.raises(UnreadableTable, match="is a folder of what songatlas wrote: name the folder"):
        what_lies_at(str(home))
