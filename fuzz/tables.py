"""Hostile tables: any bytes, as a table of songs.

`TABLES` reads rows as they stand, as a whole and in parts, which must agree. `SONGS` understands and cleans
them, too, which takes far longer.

Conventions
-----------
The first byte of an input says how the rest is packed (see `PACKINGS`), so that what is inside gzip, ZIP and
workbooks is mutated, not their checksums. All else is refused by `SongAtlasError`, or read with every row.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from fuzz.harness import Target
from songatlas.errors import SongAtlasError
from songatlas.features import FEATURES
from songatlas.songs import clean_songs, open_tables, read_songs
from songatlas.songs.delimited import read_grid
from songatlas.songs.reading import read_raw

_WORDS: Final = (
    *(b'"', b'""', b",", b";", b"\t", b"|", b"\r\n", b"\r", b"\n", b"sep=;", b"\x00", b"\xef\xbb\xbf"),
    *(b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xff", b"PAR1"),
    *(b"track_id", b"track_name", b"artists", b"energy", b"danceability", b"valence", b"tempo", b"loudness"),
    *(b"duration_ms", b"release_date", b"year", b"genre", b"tags", b"key", b"mode", b"time_signature"),
    *(b"1e400", b"-1e400", b"nan", b"inf", b"0x10", b"1_000", b"1.234.567,8", b"3:45", b"1:02:03", b"4'33\""),
    *(b"0000-00-00", b"9999-12-31", b"99999", b"-0", b"1e-320", b"True", b"NULL", b"N/A", b"100%", b"-60 dB"),
    *(b"['pop', 'rock']", b"{}", b"[]", b"[[", b"null", b"true", b'{"energy":', b"\\u0000", b"\\ud800"),
    *(b"<row ", b"<c ", b'r="ZZZ99999999"', b't="s"', b't="e"', b"<f>", b"<v>", b"#REF!", b"&#x0;"),
)

_HEADERS = (
    "track_id,track_name,artists,energy,danceability,valence,tempo,loudness,duration_ms,release_date,genre"
)
_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData>'
    "</worksheet>"
)
_BOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Songs" '
    'sheetId="1" r:id="r1"/></sheets></workbook>',
}


def workbook(sheet: bytes, *, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """Return a workbook of which one part is given."""
    content = io.BytesIO()
    parts = {name: text.encode() for name, text in _BOOK.items()}
    parts["xl/worksheets/sheet1.xml"] = sheet_of(rows(3)).encode()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in {**parts, part: sheet}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


def _zipped(inside: bytes) -> bytes:
    """Return a ZIP archive of one table."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("songs.csv"), inside)
    return content.getvalue()


def _book_of_sheets(inside: bytes) -> bytes:
    """Return a workbook whose list of sheets is given."""
    return workbook(inside, part="xl/workbook.xml")


_BOOKS: Final = (workbook, _book_of_sheets)
_PARTS_EVERY: Final = 4  # going through a file takes far longer than reading bytes
_BOOKS_EVERY: Final = 50  # a workbook is read in a process of its own, which takes long to begin
PACKINGS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    bytes,
    lambda inside: gzip.compress(inside, 1),
    _zipped,
    workbook,
    _book_of_sheets,
    lambda inside: inside.decode("latin-1").encode("utf-16"),
    lambda inside: b"PAR1" + inside + b"PAR1",
)


def rows(n_rows: int) -> list[list[str]]:
    """Return a header row and so many rows of songs, every kind of cell among them."""
    table = [_HEADERS.split(",")]
    for number in range(n_rows):
        title = ('Song "{}", live', "Plain {}", "Ünïcode {}")[number % 3].format(number)
        sound = [f"0.{number % 9}{digit}" for digit in (1, 2, 3)]
        rest = [str(90 + number), f"-{number % 9}.5", str(180_000 + 1000 * number), f"{1990 + number}-05-01"]
        table.append([f"id{number}", title, f"Artist {number % 4}", *sound, *rest, "rock"])
    return table


def delimited(table: Sequence[Sequence[str]], separator: str = ",", end: str = "\n") -> bytes:
    """Return a table as text."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(table)
    return text.getvalue().encode()


def sheet_of(table: Sequence[Sequence[str]]) -> str:
    """Return a table as the sheet of a workbook."""
    cells = (
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
        for row in table
    )
    return _SHEET.format("".join(cells).replace("&", "&amp;"))


def seeds() -> list[bytes]:
    """Return inputs to begin with, one of every kind that is read."""
    table = rows(4)
    named = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    lines = "\n".join(map(json.dumps, named)).encode()
    stored = io.BytesIO()
    pl.DataFrame(named).with_columns(pl.col("energy").cast(pl.Float64)).write_parquet(
        stored, compression="uncompressed"
    )
    texts = [
        delimited(table),
        delimited(table, ";", "\r\n"),
        delimited(table, "\t"),
        delimited(table, "|", "\r"),
        b"\xef\xbb\xbfsep=;\n" + delimited(table, ";"),
        delimited(table).replace(b'"', b"", 3) + b'\n\n"never closed, x\ny',
        delimited([row[:-3] if place % 3 else [*row, "", "more"] for place, row in enumerate(table)]),
        lines,
        json.dumps(named).encode(),
    ]
    packed = [bytes([place]) + texts[0] for place in (1, 2, 5)] + [b"\x01" + lines]
    books = [b"\x03" + sheet_of(table).encode(), b"\x04" + _BOOK["xl/workbook.xml"].encode()]
    return [b"\x00" + text for text in texts] + packed + books + [b"\x06" + stored.getvalue()[4:-4]]


def unpacked(data: bytes) -> bytes:
    """Return the file that an input stands for."""
    place = data[0] % len(PACKINGS) if data else 0
    is_book = PACKINGS[place] in _BOOKS
    if is_book and zlib.crc32(data) % _BOOKS_EVERY:
        place = 0
    return PACKINGS[place](data[1:])


def try_tables(data: bytes) -> None:
    """Read a table as a whole and in parts; both give the same, or refuse it in the same words.

    Raises
    ------
    AssertionError
        If they do not, or rows are lost.
    """
    content = unpacked(data)
    if data and data[0] % len(PACKINGS) in (0, 1, 5) and zlib.crc32(data) % _PARTS_EVERY == 0:
        _check_parts(content)
    raw = read_raw(content)[0]
    assert raw.frame.height > 0
    assert raw.frame.width == len(raw.header) == len(set(raw.frame.columns))
    if raw.format in ("csv", "tsv"):
        assert set(raw.frame.dtypes) == {pl.String()}
        _check_cells(content)


def try_songs(data: bytes) -> None:
    """Read a table of songs and clean them: every row comes through.

    Raises
    ------
    AssertionError
        If rows are lost, or values are no numbers.
    """
    table = read_songs(unpacked(data))
    assert table.songs.height == table.raw.height == table.source.n_rows
    assert len(table.columns) == len(table.header) == table.raw.width
    assert table.songs["song_id"].null_count() == 0
    for values in table.songs.iter_columns():
        if values.dtype.is_float():
            assert values.drop_nulls().is_finite().all(), values.name
    features = [read.column for read in table.columns if read.column in FEATURES]
    clean = clean_songs(table.songs, features=[name for name in features if name is not None])
    assert len(clean.row_to_song) == len(clean.row_reasons) == table.songs.height
    assert (clean.row_reasons.is_null().to_numpy() == (clean.row_to_song >= 0)).all()


def _check_cells(content: bytes) -> None:
    """Check that text of which nobody doubts how it is split is split that way."""
    grid = read_grid(content)
    if grid.encoding != "utf-8" or grid.notes:
        return
    try:
        text = content.decode("utf-8-sig").strip("\r\n")
        if "\r" in text.replace("\r\n", "\n") or text.startswith(("sep=", '"sep=')):
            return
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=grid.separator, strict=True))
    except (csv.Error, UnicodeDecodeError):
        return
    if len({len(row) for row in table}) == 1 and f'{grid.separator} "' not in text and not _pads(text):
        assert grid.cells.height == len(table)


def _pads(text: str) -> bool:
    """Say whether blanks stand before a quote, which the standard reader takes for part of the cell."""
    return ' "' in text or '\t"' in text


def _check_parts(content: bytes) -> None:
    """Check that a file read in parts gives what the whole gives, or is refused as it is."""
    path = _written(content)
    words, told = "", ""
    try:
        raw, _, sha256 = read_raw(path)
    except SongAtlasError as error:
        words = str(error)
    try:
        files = open_tables(path, block_bytes=64)
        parts = [files.read(part) for part in files.parts(5)]
    except SongAtlasError as error:
        told = str(error)
    if told:
        assert words or "in parts" in told or "two kinds" in told, told
    elif files.format != "jsonl":  # types may differ: parts have those that hold the values of all
        assert not words, words
        assert pl.concat(parts).equals(raw.frame.slice(0, raw.frame.height))
        assert (files.header, files.format, files.sha256) == (raw.header, raw.format, sha256)


def _written(content: bytes) -> Path:
    """Return the path of a file with this content, the same for every input of a process."""
    path = Path(tempfile.gettempdir()) / f"fuzzed-{os.getpid()}" / "songs.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


TABLES: Final = Target(
    about="Any bytes are read as a table, the same as a whole and in parts, or refused.",
    seeds=seeds,
    run=try_tables,
    tokens=_WORDS,
)
SONGS: Final = Target(
    about="Any bytes are understood as songs and cleaned, every row accounted for, or refused.",
    seeds=seeds,
    run=try_songs,
    tokens=_WORDS,
    most_seconds=5.0,
)
