"""Sessions that cannot be had say why, at once; frames come through packing as they were."""

from __future__ import annotations

import time
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from spark_cluster import free_port

from songatlas.errors import BadSettings, UnreadableTable
from songatlas.spark import SparkTrouble, open_session
from songatlas.spark.extra import need_java, need_packages
from songatlas.spark.jobs import _checked, _Watch, told_error
from songatlas.spark.packing import (
    ENOUGH_ROWS,
    array_bytes,
    array_of,
    in_pieces,
    joined,
    packed,
    united,
    unpacked,
)
from songatlas.spark.session import conf_of


@pytest.mark.parametrize("master", ["", "spark:7077", "local[x]", "http://host:1", "spark://host"])
def test_a_master_must_be_one(master: str) -> None:
    with pytest.raises(BadSettings, match=r"is no Spark master: give local\[N\], spark://HOST:PORT"):
        open_session(master)


@pytest.mark.parametrize(("scheme", "what"), [("spark", "Spark master"), ("sc", "Spark Connect server")])
def test_a_master_that_does_not_answer_is_told_at_once(scheme: str, what: str) -> None:
    pytest.importorskip("pyspark")
    pytest.importorskip("grpc_status")
    start = time.monotonic()
    with pytest.raises(SparkTrouble, match=rf"no {what} answers at {scheme}://127.0.0.1:\d+ .*refused"):
        open_session(f"{scheme}://127.0.0.1:{free_port()}")
    assert time.monotonic() - start < 20


def test_missing_packages_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_of_grpc(name: str) -> ModuleSpec | None:
        return None if name == "grpc" else ModuleSpec(name, None)

    monkeypatch.setattr("songatlas.spark.extra.find_spec", nothing_of_grpc)
    with pytest.raises(SparkTrouble, match=r"needs the extra 'spark' \(grpc not installed\): pip install"):
        need_packages(connect=True)


def test_missing_or_old_java_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SparkTrouble, match=r"on this machine; JAVA_HOME is .*, where there is none: install"):
        need_java()
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n")
    java.chmod(0o755)
    with pytest.raises(SparkTrouble, match=r"bin/java is Java 8: install a newer one"):
        need_java()


def test_settings_of_spark_are_pairs() -> None:
    assert conf_of(["spark.a=b=c", "spark.x = 1"]) == {"spark.a": "b=c", "spark.x": "1"}
    for pair in ("spark.a", "memory=4g"):
        with pytest.raises(BadSettings, match=r"is not of the form spark\.KEY=VALUE"):
            conf_of([pair])


def test_failures_are_told_in_words() -> None:
    remote = "job aborted\n  File x\nsongatlas.errors.UnreadableTable: no song: look again\n\tat org.apache"
    told = told_error(RuntimeError(remote))
    assert isinstance(told, UnreadableTable)
    assert str(told) == "no song: look again"
    assert "has no songatlas: install it" in str(told_error(RuntimeError("No module named 'songatlas'")))
    assert "another Python version" in str(told_error(RuntimeError("[PYTHON_VERSION_MISMATCH] 3.11")))
    assert "(KeyError: 'x'): the logs" in str(told_error(RuntimeError("Traceback\nKeyError: 'x'\n")))


def test_frames_come_through_packing_as_they_were() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [[1.5], []]})
    assert_frame_equal(unpacked(packed(frame)), frame)
    assert unpacked(packed(frame), ["b", "no"]).columns == ["b"]
    assert unpacked(packed(frame), ["no"]).height == 2
    assert_frame_equal(unpacked(packed(frame.head(0))), frame.head(0))
    wide = pl.DataFrame({"text": ["x" * 1000] * 40_000})
    pieces = [unpacked(piece) for piece in in_pieces(wide)]
    assert len(pieces) > 1
    assert_frame_equal(united(pieces), wide)
    assert [unpacked(piece).height for piece in in_pieces(frame.head(0))] == [0]
    array = np.arange(6.0).reshape(2, 3)
    assert array_of(array_bytes(array)).tolist() == array.tolist()


def test_small_frames_are_joined_in_order() -> None:
    rows = pl.DataFrame({"n": np.arange(ENOUGH_ROWS + 5)})
    frames = list(joined([rows.head(0), *rows.iter_slices(50_000)]))
    assert [frame.height for frame in frames] == [rows.height]
    assert_frame_equal(frames[0], rows)
    assert len(list(joined(rows.iter_slices(ENOUGH_ROWS)))) == 2
    assert list(joined([rows.head(0)])) == []


def test_the_innermost_error_of_java_is_told() -> None:
    remote = (
        "An error occurred while calling o252.parquet.\n: org.apache.spark.SparkException: aborted\n\tat x\n"
        "Caused by: org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme 'x'\n\tat y"
    )
    told = str(told_error(RuntimeError(remote)))
    assert "(UnsupportedFileSystemException: No FileSystem for scheme 'x'): the logs" in told


def test_a_package_that_is_broken_or_old_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pyspark")
    pytest.importorskip("pyarrow")

    def broken(name: str) -> ModuleType:
        raise ImportError("cannot import name 'x'")

    monkeypatch.setattr("songatlas.spark.extra.import_module", broken)
    with pytest.raises(SparkTrouble, match=r"the extra 'spark' \(pyspark cannot be imported: cannot import"):
        need_packages()
    old = ModuleType("pyspark")
    old.__dict__["__version__"] = "3.5.1"
    monkeypatch.setattr("songatlas.spark.extra.import_module", lambda name: old)
    with pytest.raises(SparkTrouble, match=r"PySpark 4\.0 or newer; here is 3\.5\.1"):
        need_packages()


def test_another_version_is_refused_by_every_task() -> None:
    checked = _checked(b"", "99.0")
    with pytest.raises(RuntimeError) as caught:
        checked(iter(()))
    told = told_error(RuntimeError(f"RuntimeError: {caught.value}"))
    assert isinstance(told, SparkTrouble)
    assert "and this is 99.0: install the same on every worker" in str(told)


def test_a_share_goes_over_all_stages_of_a_job() -> None:
    watch = _Watch(SimpleNamespace(), n_stages=2)
    watch._see({1: (4, 4)})
    assert watch._share == 0.5
    watch._see({2: (4, 1)})
    assert watch._share == 0.625


def test_workers_run_no_file_of_the_current_folder(spark: Any) -> None:
    def told(batches: Any) -> Any:
        """Run in an executor."""
        import sys

        import pyarrow

        for _ in batches:
            pass
        yield pyarrow.RecordBatch.from_arrays([pyarrow.array([sys.flags.safe_path])], names=["safe"])

    answers = spark.range(0, 4, 1, 4).mapInArrow(told, "safe boolean")
    assert {answer["safe"] for answer in answers.collect()} == {True}
