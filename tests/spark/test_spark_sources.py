"""Which files at an address are tables, as far as that is told without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from songatlas.errors import BadSettings, UnreadableTable
from songatlas.spark import check_place, found, refuse_missing
from songatlas.spark.found import FoundFile, find_files


def files(*names: str) -> list[FoundFile]:
    return [FoundFile(path=f"hdfs://x/songs/{name}", n_bytes=10) for name in names]


def seen(monkeypatch: pytest.MonkeyPatch, *names: str) -> Any:
    monkeypatch.setattr(found, "files_at", lambda session, address: files(*names))
    return find_files(None, "hdfs://x/songs")  # type: ignore[arg-type]


def test_a_path_is_looked_up_before_spark_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HADOOP_CONF_DIR", raising=False)
    (tmp_path / "songs").mkdir()
    for address in (f"{tmp_path}/song", f"file://{tmp_path}/song"):
        with pytest.raises(UnreadableTable, match=r"there is no file or folder .*song': check the path"):
            refuse_missing(address, master=None, conf={})
    for address in (f"{tmp_path}/songs", f"{tmp_path}/*.csv", "hdfs://x/songs", "s3a://x/songs"):
        refuse_missing(address, master=None, conf={})
    refuse_missing("/songs", master="yarn", conf={"spark.hadoop.fs.defaultFS": "hdfs://x"})
    refuse_missing("/songs", master="sc://x", conf={})


def test_formats_are_told_by_endings_and_other_files_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = seen(monkeypatch, "b.csv.gz", "a.csv", "notes.docx")
    assert (tables.format, tables.endings) == ("csv", (".csv", ".csv.gz"))
    assert tables.notes == (
        "2 files of 20 bytes, read on Spark",
        "files in the folder that are no tables, passed over: notes.docx",
    )
    assert [file.path for file in seen(monkeypatch, "a.parquet", "README.txt").files] == [
        "hdfs://x/songs/a.parquet"
    ]
    assert seen(monkeypatch, "year=1/a.pq", "year=2/b.pq").folders == ("year",)
    assert seen(monkeypatch, "part-00000", "part-00001").format == "parquet"
    with pytest.raises(UnreadableTable, match=r"several formats \(csv, parquet\)"):
        seen(monkeypatch, "a.csv", "a.parquet")
    with pytest.raises(UnreadableTable, match=r"does not read as tables \(\.avro, \.json\): give Parquet"):
        seen(monkeypatch, "a.json", "b.avro")


def test_rows_go_to_a_new_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(found, "files_at", lambda session, address: files("a.parquet"))
    with pytest.raises(BadSettings, match="--rows-to hdfs://x/songs has files already: name a new or empty"):
        check_place(None, tmp_path, "hdfs://x/songs")  # type: ignore[arg-type]
