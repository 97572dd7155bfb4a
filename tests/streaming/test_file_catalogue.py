"""A catalogue in files gives what one frame in memory gives, and takes up where it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from kept_in_memory import FrameCatalogue
from streamed_tasks import (
    LABELS,
    energies,
    grouped,
    highest,
    keyed,
    labels,
    picked,
    point_sums,
    points_of,
    run,
)

from songatlas.catalogue import KEY, ROWS
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.progress import silent
from songatlas.songs import open_tables
from songatlas.songs.reading import read_raw
from songatlas.streaming import FileCatalogue, bringing, mapped_points
from songatlas.streaming import memory as limits

N_ROWS = 1_000


def rows_of(n_rows: int, first: int = 0) -> pl.DataFrame:
    draw = np.random.default_rng(first)
    numbers = np.arange(first, first + n_rows)
    return pl.DataFrame(
        {
            "id": np.where(numbers % 7 == 0, numbers // 2, numbers),
            "title": [f'Song "{number}", part\n{number % 3}' for number in numbers],
            "energy": pl.Series(draw.random(n_rows).round(3)).set(pl.Series(numbers % 50 == 0), None),
            "cluster": ["theirs"] * n_rows,
        }
    )


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_ROWS", 64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place, (first, n_rows) in enumerate(((0, 300), (300, 0), (300, 699), (999, 1))):
        path = tmp_path / "in" / f"year={place}" / f"part-{place}.parquet"
        path.parent.mkdir(parents=True)
        rows_of(n_rows, first).write_parquet(path)
    return tmp_path / "in"


def opened(source: Path, work: Path, **fingerprint: int) -> FileCatalogue:
    return FileCatalogue(open_tables(source), work=work, memory=10**9, fingerprint=fingerprint)


def same(ours: pl.DataFrame, theirs: pl.DataFrame) -> bool:
    return ours.sort(ours.columns).equals(theirs.sort(theirs.columns))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("n_buckets", [1, 5])
def test_answers_are_those_of_one_frame(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_buckets: int
) -> None:
    monkeypatch.setattr(bringing, "_n_buckets", lambda *_: n_buckets)
    monkeypatch.setattr(mapped_points, "_ROWS", 128)
    ours = opened(folder, tmp_path / "work")
    theirs = FrameCatalogue(ours.look(10**9))
    assert ours.n_rows == theirs.stages[ROWS].height == N_ROWS
    told: list[tuple[float, str]] = []

    def tell(share: float, words: str) -> None:
        told.append((share, words))

    answer = ours.stage("songs", keyed, of=ROWS, tell=tell, columns=["id", "energy", "nothing"])
    assert answer["n"].sum() == theirs.stage("songs", keyed, of=ROWS)["n"].sum() == N_ROWS
    assert len(answer) > 10
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[-1][0] == 1.0
    assert told[-1][1].startswith("reading the songs: 1,000 of 1,000 rows, ")
    found = ours.collect(energies, of="songs", name="energies", tell=silent, columns=["song", "energy"])
    assert same(found, theirs.collect(energies, of="songs"))
    keys = ours.shared_keys(KEY, of="songs", tell=silent)
    assert np.array_equal(keys, theirs.shared_keys(KEY, of="songs"))
    assert len(keys) > 50
    for some in (keys, keys[:0]):
        pick = partial(picked, keys=some)
        groups = ours.gathered(pick, grouped, of="songs", name="groups", tell=silent)
        assert groups.height == len(some)
        assert same(groups, theirs.gathered(pick, grouped, of="songs"))
    more = np.array([[1.0, 8.0]], dtype=np.float32)
    mine = ours.keep_points(points_of, more, of="songs", tell=silent, columns=["energy"])
    other = theirs.keep_points(points_of, more, of="songs")
    assert mine.n_points == other.n_points == 981
    assert np.array_equal(mine.summed(point_sums), other.summed(point_sums))
    assert np.array_equal(mine.stacked(highest), other.stacked(highest))
    ours.close()
    assert not (tmp_path / "work").exists()


@pytest.mark.usefixtures("small_parts")
def test_a_stage_made_again_replaces_the_first(folder: Path, tmp_path: Path) -> None:
    ours = opened(folder, tmp_path / "work")
    ours.stage("songs", keyed, of=ROWS, tell=silent)
    ours.stage("high", lambda rows: (rows, rows.head(0)), of="songs", tell=silent)
    doubled = ours.stage("high", _doubled, of="songs", tell=silent)
    assert doubled.is_empty()
    kept = ours.collect(lambda rows: rows.select(pl.col("energy").sum()), of="high", name="sum", tell=silent)
    first = ours.collect(
        lambda rows: rows.select(pl.col("energy").sum()), of="songs", name="sum", tell=silent
    )
    assert kept["energy"].sum() == pytest.approx(2 * first["energy"].sum())
    with pytest.raises(SongAtlasError, match="there is no stage 'low'"):
        ours.collect(energies, of="low", name="low", tell=silent)


def _doubled(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return rows.with_columns(pl.col("energy") * 2), rows.select("energy").head(0)


@pytest.mark.usefixtures("small_parts")
def test_parquet_is_written_with_its_types(folder: Path, tmp_path: Path) -> None:
    ours = opened(folder, tmp_path / "work")
    ours.stage("songs", keyed, of=ROWS, tell=silent)
    names = ours.write(labels, LABELS, str(tmp_path / "out"), of="songs", tell=silent)
    assert names == tuple(f"year={place}/part-{place}.parquet" for place in range(4))
    for place, (first, n_rows) in enumerate(((0, 300), (300, 0), (300, 699), (999, 1))):
        own = rows_of(n_rows, first)
        written = pl.read_parquet(tmp_path / "out" / names[place], hive_partitioning=False)
        assert written.columns == [*own.columns, "cluster_2", "excluded_because"]
        assert written.select(own.columns).equals(own)
        assert written["cluster_2"].dtype == pl.Int32
        assert (written["excluded_because"].is_null() == own["energy"].is_not_null()).all()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("name", ["songs.csv", "songs.tsv", "songs.csv.gz", "songs.jsonl"])
def test_text_is_written_as_it_stands(tmp_path: Path, name: str) -> None:
    source = tmp_path / "in" / name
    source.parent.mkdir()
    rows = rows_of(200).with_columns(pl.col("energy").cast(pl.String) + "0")
    if name.endswith("jsonl"):
        rows.write_ndjson(source)
    else:
        text = rows.write_csv(separator="\t" if "tsv" in name else ",").replace("\n", "\r\n").encode("cp1252")
        source.write_bytes(text)
        if name.endswith("gz"):
            import gzip

            source.write_bytes(gzip.compress(text))
    ours = opened(source, tmp_path / "work")
    ours.stage("songs", keyed, of=ROWS, tell=silent)
    ours.write(labels, LABELS, str(tmp_path / "out"), of="songs", tell=silent)
    written, before = read_raw(tmp_path / "out" / name)[0], read_raw(source)[0]
    assert written.frame.drop("cluster_2", "excluded_because").equals(before.frame)
    assert written.header == (*before.header, "cluster_2", "excluded_because")
    assert (written.format, written.separator) == (before.format, before.separator)
    assert written.frame["cluster_2"].cast(pl.Int32, strict=False).drop_nulls().len() == 196


def test_a_killed_run_is_taken_up(folder: Path, tmp_path: Path) -> None:
    log, work, out = tmp_path / "log", tmp_path / "work", tmp_path / "out"
    program = [sys.executable, str(Path(__file__).parent / "streamed_tasks.py")]
    draw, n_killed = np.random.default_rng(3), 0
    for seconds in (0.9, 1.3, 1.8):
        child = subprocess.Popen([*program, str(folder), str(work), str(out), str(log), "0.1"])
        _wait_for(work / "manifest.json")
        time.sleep(seconds * draw.random())
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            n_killed += 1
        child.wait()
    assert n_killed
    done = {path.name for path in work.glob("001-*/*.answer.arrow")}
    before = log.read_text(encoding="utf-8").count("\n") if log.exists() else 0
    subprocess.run([*program, str(folder), str(work), str(out), str(log), "0"], check=True)
    n_parts = len(list(work.glob("001-*/*.answer.arrow")))
    assert log.read_text(encoding="utf-8").count("\n") - before == n_parts - len(done)
    assert n_parts == 6 + 14 + 1
    run(str(folder), str(tmp_path / "fresh"), str(tmp_path / "other"), str(tmp_path / "log2"))
    assert log.with_suffix(".sums").read_text() == (tmp_path / "log2.sums").read_text()
    for path in (tmp_path / "other").rglob("*.parquet"):
        again = out / path.relative_to(tmp_path / "other")
        assert pl.read_parquet(path).equals(pl.read_parquet(again))


def _wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


@pytest.mark.usefixtures("small_parts")
def test_other_settings_or_files_start_anew(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert opened(folder, work, seed=0).note == ""
    assert opened(folder, work, seed=0).note == "a run that was stopped is taken up where it was"
    assert "because the settings changed: started anew" in opened(folder, work, seed=1).note
    rows_of(2, 999).write_parquet(folder / "year=3" / "part-3.parquet")
    assert "because the files changed" in opened(folder, work, seed=1).note


def test_less_memory_starts_anew(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = (
        (500, "", 500),
        (300, "is taken up", 500),
        (200, "too large for the memory given now: started anew", 200),
        (500, "is taken up", 200),
    )
    for most_rows, words, largest in runs:
        monkeypatch.setattr(limits, "_MOST_ROWS", most_rows)
        ours = opened(folder, tmp_path / "work")
        assert words in ours.note
        sizes = ours.collect(lambda rows: rows.select(pl.len()), of=ROWS, name="sizes", tell=silent)["len"]
        assert sizes.max() == largest


@pytest.mark.usefixtures("small_parts")
def test_a_failed_task_leaves_what_is_done(folder: Path, tmp_path: Path) -> None:
    ours = opened(folder, tmp_path / "work")
    calls: list[int] = []

    def fails(rows: pl.DataFrame) -> pl.DataFrame:
        calls.append(int(rows["id"][0]))
        if len(calls) == 5:
            raise ZeroDivisionError
        return rows.select(pl.len())

    with pytest.raises(ZeroDivisionError):
        ours.collect(fails, of=ROWS, name="lengths", tell=silent)
    n_called = len(calls)
    again = opened(folder, tmp_path / "work").collect(fails, of=ROWS, name="lengths", tell=silent)
    assert again["len"].sum() == N_ROWS
    assert len(calls) - n_called == 17 - (n_called - 1)


def test_rows_of_a_part_are_few_where_they_are_heavy() -> None:
    assert limits.rows_at_once(10**9, row_bytes=100) > 2_000
    heavy = limits.rows_at_once(10**9, row_bytes=1_000_000)
    assert heavy * 1_000_000 * limits.parts_in_flight() < 10**8


def test_too_little_memory_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="need at least 1 GB"):
        FileCatalogue(open_tables(folder), work=tmp_path / "work", memory=10**8, fingerprint={})


def test_a_place_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    with pytest.raises(SongAtlasError, match="cannot write"):
        opened(folder, tmp_path / "work")


@pytest.mark.usefixtures("small_parts")
def test_a_full_disk_is_told_and_leaves_nothing_half(folder: Path, tmp_path: Path) -> None:
    program = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from songatlas.errors import SongAtlasError
from streamed_tasks import run
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
try:
    run({str(folder)!r}, {str(tmp_path / "work")!r}, "out", {str(tmp_path / "log")!r})
except SongAtlasError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.startswith("cannot write ")
    assert "run the same again: what is done is kept" in said.stdout
    assert not list((tmp_path / "work").rglob(".songatlas-new-*"))
