"""Tables that are broken or made to break: each is read with every row, or refused in one line."""

from __future__ import annotations

import gzip
import io
import os
import socket
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.errors import SongAtlasError, UnreadableTable
from songatlas.songs import limits, open_tables, read_songs, reading, text_blocks, text_form, unpacking
from songatlas.songs.limits import LONGEST_ROW, MOST_COLUMNS
from songatlas.songs.opened import read_whole
from songatlas.songs.reading import read_raw
from songatlas.songs.table import RawTable
from songatlas.songs.workbook_sheets import UnreadableBook, sheets_of
from typed import songatlas

HEADER = "track_id,track_name,artist,energy,danceability,valence\n"
ROW = "1,One,Two,0.5,0.25,0.3\n"


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("songs.csv", content)
    return packed.getvalue()


def book(cells: dict[str, object]) -> bytes:
    content = io.BytesIO()
    workbook = openpyxl.Workbook()
    for place, value in cells.items():
        workbook.active[place] = value
    workbook.save(content)
    return content.getvalue()


def check_refused(path: Path, words: str, *, in_parts: bool = True) -> None:
    """Library and command line refuse a table in one line, and leave nothing."""
    with pytest.raises(UnreadableTable, match=words) as refused:
        read_songs(path)
    assert str(refused.value).isprintable()
    if in_parts:
        with pytest.raises(UnreadableTable, match=words):
            open_tables(path)
    out = path.parent / "atlas of it"
    ended = songatlas("build", path, "-o", out)
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not out.exists()


def read_or_refuse(source: bytes | Path) -> RawTable | None:
    """What was read with all its cells; None where it was refused in one line."""
    words = ""
    try:
        raw = read_raw(source)[0]
        raw.frame.slice(0, 10)
    except SongAtlasError as error:
        words = str(error)
    else:
        return raw
    assert words.isprintable()
    return None


CELLS = st.text(
    st.one_of(
        st.sampled_from("\",;\t|\n\r\0 '=\ufeff\u202e\u2028\x85\x1b\ufffd5.-e:/%[]{}<&"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=2, max_size=6),
    separator=st.sampled_from(",;\t|"),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_cells_that_were_written_by_the_rules_are_read(rows: list[list[str]], separator: str) -> None:
    header = ["track_name", "artist", "energy"]
    quoted = [separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows]
    text = "\n".join([separator.join(header), *quoted, ""])
    raw = read_or_refuse(text.encode())
    if raw is not None:
        assert raw.header == tuple(header)
        assert raw.frame.rows() == [tuple(row) for row in rows]


@given(junk=st.binary(max_size=60), place=st.integers(0, 200), cut=st.integers(0, 20))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_bytes_amid_a_table_lose_no_row_above_them(junk: bytes, place: int, cut: int) -> None:
    content = (HEADER + ROW * 8).encode()
    content = content[:place] + junk + content[place + cut :]
    raw = read_or_refuse(content)
    if raw is not None:
        assert raw.frame.height >= 1
        assert set(raw.frame.dtypes) == {pl.String()}


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_a_bomb_is_refused_before_it_has_gone_off(
    tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_UNPACKED", 2**20)
    path = tmp_path / "songs.csv"
    path.write_bytes(pack((HEADER + ROW).encode() + bytes(8 * 2**20)))  # type: ignore[operator]
    with pytest.raises(UnreadableTable, match=r"'songs\.csv' unpacks to over 100 times its size"):
        read_songs(path)
    monkeypatch.setattr(unpacking, "MOST_HELD", 2**19)
    with pytest.raises(UnreadableTable, match="is not held as a whole: unpack it"):
        read_songs(path)


def test_a_workbook_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_HELD", 1000)
    with pytest.raises(UnreadableTable, match="is not held as a whole"):
        read_songs(book({"A1": "track_name"}))


def test_a_cell_at_the_end_of_a_sheet_ends_only_the_reader() -> None:
    content = book({"A1": "track_name", "B1": "energy", "XFD1048576": "x"})
    with pytest.raises(UnreadableTable, match=r"can be read \(its cells need over 4 GiB of memory"):
        read_songs(content)


def test_a_workbook_of_formulas_gives_their_values_and_runs_nothing() -> None:
    content = book({"A1": "track_name", "B1": "energy", "A2": '=HYPERLINK("file:///etc/passwd")', "B2": 0.5})
    ((_, cells),) = sheets_of(content, most_memory=2**32, seconds=60)
    assert cells.rows() == [("track_name", "energy"), ("", "0.5")]


@pytest.mark.parametrize("mark", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b\x08"])
def test_archives_that_are_too_large_are_refused_before_they_are_held(tmp_path: Path, mark: bytes) -> None:
    for name in ("songs.csv", "songs.xlsx"):
        path = tmp_path / name
        path.write_bytes(mark)
        os.truncate(path, 8 * 2**30)
        with pytest.raises(
            UnreadableTable, match=r"is an archive or a workbook of 8\.0 GiB, and at most 2 GiB"
        ):
            read_songs(path)
        for command in (("build", path, "--engine", "memory"), ("build", path), ("tune", path)):
            ended = songatlas(*command)
            assert ended.returncode == 2
            assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("begin", ['[{"title":"', '{"title":"', "[" + " " * 5_000 + '{"title":"'])
def test_json_in_one_piece_has_a_bound(tmp_path: Path, begin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_JSON", 2**20)
    monkeypatch.setattr(reading, "LONGEST_ROW", 2**20)
    path = tmp_path / "songs.json"
    path.write_text(begin + "a\n" * 2**20)
    words = r"is JSON in one piece of 2 MB, and at most 1 MB are read: write one flat object a line"
    for source in (path, path.read_bytes(), gzip.compress(path.read_bytes())):
        with pytest.raises(UnreadableTable, match=words):
            read_songs(source)
    assert limits.MOST_JSON == 2**20


def test_json_lines_inside_gzip_have_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blocks, "LONGEST_ROW", 2**20)
    content = b'{"title": "a", "energy": 0.5}\n{"title": "' + b"a" * 2**21
    with pytest.raises(UnreadableTable, match=r"holds a row of over \d+ million bytes"):
        read_songs(gzip.compress(content))


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="no such files here")
def test_files_that_say_that_they_are_empty_are_not_waited_for() -> None:
    for name in ("/proc/kmsg", "/proc/self/status"):
        with pytest.raises(UnreadableTable, match=f"'{Path(name).name}' is empty"):
            read_songs(name)
        with pytest.raises(UnreadableTable, match="is empty"):
            open_tables(name)


def test_a_file_that_grows_is_not_read_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "songs.csv"
    path.write_text(HEADER + ROW * 100)
    assert len(read_whole(path)) == path.stat().st_size
    is_long = os.fstat

    def shorter(number: int) -> os.stat_result:
        return os.stat_result([*is_long(number)[:6], 100, *is_long(number)[7:]])

    monkeypatch.setattr(os, "fstat", shorter)
    with pytest.raises(UnreadableTable, match=r"'songs\.csv' was changed while it was read"):
        read_whole(path)


def test_a_workbook_that_is_none() -> None:
    with pytest.raises(UnreadableBook):
        sheets_of(b"PK\x03\x04 and no more", most_memory=2**32, seconds=60)


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (text_blocks, text_form, reading):
        monkeypatch.setattr(module, "LONGEST_ROW", 2**20)
    path = tmp_path / "songs.csv"
    for text in ("x" * (2**20 + 1), HEADER + ROW * 3 + "1," * 2**20 + "\n" + ROW):
        path.write_text(text)
        check_refused(path, "'songs.csv' holds a row of over 1 million bytes", in_parts=False)
        with pytest.raises(UnreadableTable, match="holds a row of over 1 million bytes"):
            read_songs(path.read_bytes())
    assert LONGEST_ROW == 16 * 2**20


def test_too_many_columns(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    wide = ",".join(f"a_rather_long_name_of_a_column_{place}" for place in range(MOST_COLUMNS + 1))
    path.write_text(wide + "\n" + "1," * MOST_COLUMNS + "1\n")
    check_refused(path, "'songs.csv' holds rows of over 10,000 cells")
    path.write_text(
        '{"energy": 0.5, ' + ", ".join(f'"k{place}": 1' for place in range(MOST_COLUMNS)) + "}\n{}\n"
    )
    check_refused(path, "'songs.csv' holds rows of over 10,000 cells")
    frame = pl.DataFrame({f"c{place}": [1] for place in range(MOST_COLUMNS + 1)})
    with pytest.raises(UnreadableTable, match="over 10,000 cells"):
        read_songs(frame)


def test_few_bytes_that_make_many_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FREE_CELLS", 20_000)
    path = tmp_path / "songs.csv"
    path.write_text(
        ",".join(["track_name", "energy", *(f"c{place}" for place in range(98))]) + "\n" + "1,2\n" * 900
    )
    check_refused(path, r"'songs.csv' makes 90\d rows of 100 cells out of [\d,]+ bytes")
    names = ", ".join(f'"k{place}": 1' for place in range(100))
    path.write_text('{"energy": 0.5, ' + names + "}\n" + "{}\n" * 1000)
    check_refused(path, "makes 1,001 rows of 101 cells out of")
    path.write_text("[{" + names + "}" + ", {}" * 1000 + "]")
    check_refused(path, "makes 1,001 rows of 100 cells out of", in_parts=False)
    pl.select(pl.repeat(0.5, 200_000, dtype=pl.Float32).alias("energy")).write_parquet(path)
    check_refused(path, "makes 200,000 rows of 1 cells")
    with pytest.raises(UnreadableTable, match="makes 200,000 rows of 1 cells"):
        read_songs(path.read_bytes())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("ear")
        check_refused(tmp_path / "pipe", "is a pipe, no file: save what comes out of it as a file")
        check_refused(tmp_path / "ear", "is a socket, no file")
        for name in ("/dev/zero", "/dev/full"):
            with pytest.raises(UnreadableTable, match="is a device, no file"):
                read_songs(name)


def test_a_file_that_is_gone_or_has_no_such_name() -> None:
    for name in ("x" * 5000, "a\0b.csv", "no\x1b[31m such.csv", "\ud800.csv"):
        with pytest.raises(UnreadableTable) as refused:
            read_songs(name)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n{}",
        b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'[{"energy": 0.5, \x7f}]',
        b'{"energy": 0.5, 01"valence": 1}\n{"energy": 0.5}\n',
    ],
    ids=["objects", "lists", "a sign that steers a terminal", "broken"],
)
def test_json_that_is_no_table(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "songs.json"
    path.write_bytes(content)
    check_refused(path, "'songs.json' is .*JSON", in_parts=False)
    with pytest.raises(UnreadableTable) as refused:
        open_tables(path)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_marks_overrides_and_odd_numbers_in_every_encoding(encoding: str) -> None:
    odd = ["0.5", "1e400", "-1e400", "9" * 5000, "nan", "0x5", "\0", "\u202e0.5\u202c", "1e-320", "--1", "½"]
    energy = [*odd, *(f"0.{place}" for place in range(20, 69))]
    rows = (
        f"{place},\u202eevil\u202c {place},Ann,{value},0.{place},0.3\n" for place, value in enumerate(energy)
    )
    text = HEADER + "".join(rows)
    table = read_songs(text.encode(encoding))
    assert table.raw.height == table.songs.height == 60
    assert table.songs["title"][0] == "\u202eevil\u202c 0"
    assert table.songs["energy"].drop_nulls().is_between(0, 1).all()
    assert table.songs["energy"][20] == 0.29


@pytest.mark.parametrize(
    "tail",
    [
        '"' * 200_000,
        '",' * 100_000,
        '"\n' * 8_000,
        'a"b,' * 50_000,
        '1,"One,Two\n' * 5_000,
        "\n" * 300_000,
    ],
)
def test_quotes_without_end_take_no_time_that_grows_faster_than_they(tail: str) -> None:
    raw = read_raw((HEADER + ROW * 20 + tail).encode())[0]
    assert raw.frame.height >= 20
    assert raw.frame.head(20).select(raw.frame.columns[:6]).rows() == [tuple(ROW.strip().split(","))] * 20


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_return_before_a_separator_is_part_of_the_cell(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "songs.csv"
    path.write_bytes((HEADER + ROW * 3 + "2,One\r,Two,0.5,0.25,0.3\n").replace(",", separator).encode())
    assert read_raw(path)[0].frame["track_name"][3] == "One\r"
    files = open_tables(path, block_bytes=60)
    assert [files.read(part)["track_name"][0] for part in files.parts(1)] == ["One"] * 3 + ["One\r"]


@pytest.mark.parametrize("header", ["lou\x7fness", "loudness$(ls)", "loudness`ls`", 'loud"ness'])
def test_a_header_is_shown_so_that_no_terminal_or_shell_runs_it(header: str) -> None:
    text = f"track_name,danceability,nrgy_x,{header}\na,0.5,0.1,-5\nb,0.2,0.3,-6\nc,0.9,0.8,-9\n"
    with pytest.raises(SongAtlasError) as refused:
        read_songs(text.encode())
    assert str(refused.value).isprintable()
    assert f"={header}" not in str(refused.value)
    assert f'="{header}"' not in str(refused.value)


def test_a_cell_of_ten_million_bytes_is_kept() -> None:
    raw = read_raw((HEADER + ROW + '2,"' + 'x""' * 10**6 + '",Two,0.5,0.2,0.3\n').encode())[0]
    assert raw.frame["track_name"][1] == 'x"' * 10**6


def test_a_damaged_parquet_file_says_so(tmp_path: Path) -> None:
    whole = io.BytesIO()
    pl.DataFrame({"title": ["a", "b"], "energy": [0.1, 0.2]}).write_parquet(whole)
    content = whole.getvalue()
    path = tmp_path / "songs.parquet"
    for place in range(4, len(content) - 4, 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        raw = read_or_refuse(path)
        assert raw is None or raw.frame.width == 2
