"""Parquet files that would fill the memory are refused in one line; all others are read."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from songatlas.atlas.checked_parts import read_table
from songatlas.errors import UnreadableTable
from songatlas.songs import open_tables, read_songs, stored_sizes
from songatlas.songs.stored_sizes import require_bounded_parquet, require_light_texts
from typed import songatlas

TEXT = "x" * 100_000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_sizes, "ALWAYS_UNPACKED", 2**20)


def written(path: Path, frame: pl.DataFrame, **how: object) -> Path:
    frame.with_columns(energy=pl.lit(0.5)).write_parquet(path, **how)  # type: ignore[arg-type]
    return path


def repeated(n_rows: int, text: str = TEXT) -> pl.DataFrame:
    return pl.DataFrame({"title": pl.Series([text]).gather([0] * n_rows)})


def check_refused(path: Path, words: str) -> None:
    """However it is read, the file is refused in one line."""
    with pytest.raises(UnreadableTable, match=rf"'songs\.parquet' {words}"):
        read_songs(path)
    with pytest.raises(UnreadableTable, match=words):
        read_songs(path.read_bytes())
    with pytest.raises(UnreadableTable, match=words):
        open_tables(path)
    for engine in ("memory", "stream"):
        ended = songatlas("build", path, "--engine", engine, "-o", path.parent / "out")
        assert ended.returncode == 2
        assert len(ended.stderr.strip().splitlines()) == 1
    with pytest.raises(ValueError, match=rf"songs\.parquet {words}"):
        read_table(path, wanted={"energy": pl.Float64}, n_rows=10**6)


def test_one_text_that_stands_for_many(tmp_path: Path) -> None:
    path = written(tmp_path / "songs.parquet", repeated(500))
    assert path.stat().st_size < 50_000
    check_refused(path, "makes over 1 MB of text out of")


def test_pages_that_are_packed_well(tmp_path: Path) -> None:
    texts = pl.DataFrame({"title": [f"{place}{TEXT}" for place in range(100)]})
    path = written(tmp_path / "songs.parquet", texts, compression="zstd")
    check_refused(path, "unpacks to over 100 times its size")


def test_lists_of_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_sizes, "FREE_CELLS", 1_000)
    many = pl.DataFrame({"numbers": [[[0] * 100_000] * 10]})
    check_refused(written(tmp_path / "songs.parquet", many), "makes 1,000,00[0-9] values out of")


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([["a", TEXT * 20]]),
        pl.Series([[["a"], [TEXT * 20]]]),
        pl.Series([{"a": 1, "b": {"c": TEXT * 20}}]),
        pl.Series([(TEXT * 20).encode()]),
        pl.Series([TEXT * 20], dtype=pl.Categorical),
        pl.Series([["a", TEXT * 20]], dtype=pl.Array(pl.String, 2)),
    ],
    ids=lambda column: str(column.dtype),
)
def test_a_text_that_is_too_long_wherever_it_stands(
    tmp_path: Path, column: pl.Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_sizes, "LONGEST_ROW", 10**6)
    monkeypatch.setattr(stored_sizes, "ALWAYS_UNPACKED", 10**9)
    path = written(tmp_path / "songs.parquet", pl.DataFrame({"note": column}), statistics=False)
    with pytest.raises(UnreadableTable, match="holds a text of 2,000,000 bytes in column 'note'"):
        require_bounded_parquet(path)


def test_texts_of_five_gigabytes_are_counted_and_not_held() -> None:
    rows = repeated(5_000, "x" * 10**6).lazy()
    with pytest.raises(
        UnreadableTable, match="holds over 2 GiB of text in column 'title', which is not held"
    ):
        require_light_texts(rows, 5_000, 10**12, are_held=True)
    require_light_texts(rows, 5_000, 10**12, are_held=False)


def test_texts_are_counted_over_all_rows_and_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_sizes, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(stored_sizes, "_TEXTS_AT_ONCE", 14)
    rows = pl.DataFrame({name: ["ab", None, ""] * 10 for name in "vwxyz"}).lazy()
    monkeypatch.setattr(stored_sizes, "ALWAYS_UNPACKED", 100)
    require_light_texts(rows, 30, 0, are_held=True)
    monkeypatch.setattr(stored_sizes, "ALWAYS_UNPACKED", 99)
    with pytest.raises(UnreadableTable, match="of text out of 0 bytes"):
        require_light_texts(rows, 30, 0, are_held=True)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "uncompressed"])
def test_honest_files_are_read(tmp_path: Path, compression: str) -> None:
    rows = pl.DataFrame({"title": [f"song {place}" for place in range(3_000)], "tags": [["a", "b"]] * 3_000})
    path = tmp_path / "songs.parquet"
    written(path, rows, compression=compression, row_group_size=100)
    require_bounded_parquet(path)
    assert read_table(path, wanted={"title": pl.String}, n_rows=3_000).height == 3_000


def test_footers_that_are_damaged_or_made_up(tmp_path: Path) -> None:
    content = written(tmp_path / "songs.parquet", pl.DataFrame({"title": ["a", "b"]})).read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    start = len(content) - 8 - length

    def refused(made: bytes, words: str) -> None:
        with pytest.raises(UnreadableTable, match=words):
            stored_sizes.require_unpackable(io.BytesIO(made), len(made))

    refused(content[:-1], "it has no footer")
    refused(content[:-8] + b"\xff\xff\xff\x7fPAR1", "it has no footer")
    refused(b"PAR1", "it has no footer")
    for footer in (
        b"\x19" * 500_000,
        b"\x1c" * 500_000,
        b"\x19\xfc" + b"\xff" * 20,
        b"\x1b",
        b"",
        b"\x18\x7f",
    ):
        refused(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1", "its footer cannot be read")
    n_refused = 0
    for place in range(start, len(content) - 8):  # read or refused, nothing else
        made = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        try:
            stored_sizes.require_unpackable(io.BytesIO(made), len(made))
        except UnreadableTable:
            n_refused += 1
    assert n_refused > 0.05 * length
    large = b"PAR1" + bytes(17 * 2**20)
    refused(large + (17 * 2**20).to_bytes(4, "little") + b"PAR1", "with 17 MB about its columns")
