"""Bytes of any kind -> the rows and headers as they stand."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings, MissingColumns, SongAtlasError, UnreadableTable
from songatlas.songs import SongsTable, read_songs
from songatlas.songs.delimited import read_grid, split_rows

HEADER = ["title", "artist", "danceability", "energy", "valence", "tempo"]
ROWS = [
    ["Grün, so grün", "Ana", "0.51", "0.73", "0.334", "171.2"],
    ['The "Best"', "Bö", "0.55", "0.82", "0.557", "95.01"],
    ["two\nlines", "漢字", "0.702", "0.72", "0.732", "90.9"],
    ["😀", "D", "0.11", "0.05", "0.02", "61"],
]


def table_text(rows: list[list[str]] = ROWS, *, separator: str = ",", end: str = "\n") -> str:
    """A songs table as CSV text."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows([HEADER, *rows])
    return text.getvalue()


def cells_of(table: SongsTable) -> list[list[str | None]]:
    """The raw rows."""
    return [list(row) for row in table.raw.rows()]


def notes_of(table: SongsTable) -> str:
    """All notes in one text."""
    return " | ".join(table.source.notes)


PLAIN = [row for row in ROWS if row[0] != "😀" and row[1] != "漢字"]


@pytest.mark.parametrize(
    ("encoding", "mark", "named"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-32-le", b"\xff\xfe\0\0", "utf-32-le"),
        ("utf-32-be", b"\0\0\xfe\xff", "utf-32-be"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_encodings(encoding: str, mark: bytes, named: str) -> None:
    rows = PLAIN if encoding == "cp1252" else ROWS
    table = read_songs(mark + table_text(rows).encode(encoding))
    assert cells_of(table) == rows
    assert table.header == tuple(HEADER)
    assert table.source.encoding == named
    assert table.songs["title"][0] == "Grün, so grün"


def test_a_double_byte_order_mark_does_not_hide_the_first_header() -> None:
    text = "\ufeff".encode() + "ï»¿energy,valence,tempo\n0.5,0.25,120.5\n0.75,0.125,90\n".encode()
    table = read_songs(text)
    assert table.songs["energy"].to_list() == [0.5, 0.75]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_and_line_ends(separator: str, end: str) -> None:
    table = read_songs(table_text(separator=separator, end=end).encode())
    assert cells_of(table) == ROWS
    assert table.source.separator == separator
    assert table.source.format == ("tsv" if separator == "\t" else "csv")


def test_carriage_returns_alone_end_lines() -> None:
    rows = [row for row in ROWS if "\n" not in row[0]]
    assert cells_of(read_songs(table_text(rows, end="\r").encode())) == rows


def test_a_first_line_that_names_the_separator() -> None:
    assert cells_of(read_songs(("sep=;\r\n" + table_text(separator=";")).encode())) == ROWS


def test_padding_stays_in_raw_and_goes_from_songs() -> None:
    text = (
        "title      , artist         , danceability, energy  , valence\n"
        '"a, b"    , "Lady, Gaga   ",       0.5   , 0.25    ,   0.125\n'
        'plain      , "x ""y"" z"    ,       0.1   , 0.75    ,   0.5  \n'
    )
    table = read_songs(text.encode())
    assert table.songs["artist"].to_list() == ["Lady, Gaga", 'x "y" z']
    assert table.songs["title"].to_list() == ["a, b", "plain"]
    assert table.raw.row(0) == ("a, b    ", "Lady, Gaga   ", "       0.5   ", " 0.25    ", "   0.125")
    assert table.header[0] == "title      "


def test_rows_too_long_and_too_short_are_kept_and_told() -> None:
    text = "title,energy,valence,tempo\nA,0.5,0.4,120.5,x,y\nB,0.25\nC,0.125,0.5,99\n"
    table = read_songs(text.encode())
    assert cells_of(table) == [
        ["A", "0.5", "0.4", "120.5", "x", "y"],
        ["B", "0.25", None, None, None, None],
        ["C", "0.125", "0.5", "99", None, None],
    ]
    assert table.songs["tempo_bpm"].to_list() == [120.5, None, 99]
    assert "rows with more than 4 cells: 1" in notes_of(table)
    assert "rows with fewer than 4 cells: 1" in notes_of(table)


def test_a_file_cut_in_the_middle_of_a_row() -> None:
    table = read_songs(b"title,energy,valence,tempo\nA,0.5,0.4,120.5\nB,0.2")
    assert cells_of(table)[-1] == ["B", "0.2", None, None]
    assert "ends in the middle of a row; the last row has 2 of 4 cells" in notes_of(table)


def test_a_file_cut_inside_a_quoted_cell() -> None:
    table = read_songs(b'energy,valence,tempo,title\n0.5,0.4,120.5,A\n0.2,0.3,99,"B, and')
    assert cells_of(table)[-1] == ["0.2", "0.3", "99", "B, and"]
    assert "ends inside a quoted cell" in notes_of(table)


def test_a_stray_quote_does_not_swallow_the_rows_after_it() -> None:
    table = read_songs(b'title,energy,valence,tempo\n"A,0.5,0.4,120.5\nB,0.2,0.3,99\nC,0.3,0.3,98\n')
    assert table.songs.height == 3
    assert table.songs["title"].to_list() == ['"A', "B", "C"]


def many_songs(n_songs: int = 400) -> list[list[str]]:
    """Rows of which every fourth has a quoted artist."""
    names = ("Ann", "Bo", "Cy, Di", "Ed")
    return [
        [f"Song {n}", names[n % 4], f"0.{n % 89:02}", f"0.{n % 83:02}", f"0.{n % 79:02}", f"{90 + n % 60}.5"]
        for n in range(n_songs)
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("place", [1, 98, 99, 100, 101, 399, 400])
def test_a_stray_quote_that_another_quote_closes_swallows_no_row(place: int, end: str) -> None:
    rows = many_songs()
    lines = table_text(rows, end=end).split(end)
    lines[place] = '"' + lines[place]
    table = read_songs(end.join(lines).encode())
    rows[place - 1][0] = '"' + rows[place - 1][0]
    assert cells_of(table) == rows
    assert f"row {place + 1} (the header is row 1)" in notes_of(table)


@pytest.mark.parametrize("places", [(100, 200), (100, 101), (7, 8, 9, 10), (3, 50, 60, 70, 80, 90)])
@pytest.mark.parametrize("column", [0, 1, 5])
def test_stray_quotes_that_close_each_other_swallow_no_row(places: tuple[int, ...], column: int) -> None:
    rows = [row for row in many_songs(500) if "," not in row[1]]
    lines = table_text(rows).split("\n")
    for place in places:
        rows[place - 1][column] = '"' + rows[place - 1][column]
        lines[place] = ",".join(rows[place - 1])
    table = read_songs("\n".join(lines).encode())
    assert cells_of(table) == rows
    assert "kept as a plain character: row" in notes_of(table)
    assert f"rows {', '.join(str(place + 1) for place in places[:5])}" in notes_of(table)
    assert ("and 1 more" in notes_of(table)) == (len(places) == 6)


def test_a_stray_quote_in_the_header_swallows_no_row() -> None:
    rows = many_songs(12)
    table = read_songs(('"' + table_text(rows)).encode())
    assert cells_of(table) == rows
    assert table.header[1:] == tuple(HEADER[1:])


def test_stray_quotes_around_the_header_swallow_no_row() -> None:
    rows = [row for row in many_songs(12) if "," not in row[1]]
    lines = table_text(rows).split("\n")
    lines[0], lines[2] = '"' + lines[0], '"' + lines[2]
    rows[1][0] = '"' + rows[1][0]
    assert cells_of(read_songs("\n".join(lines).encode())) == rows


def test_a_stray_quote_that_closes_in_its_own_line_moves_no_cell() -> None:
    rows = many_songs(12)
    lines = table_text(rows).split("\n")
    lines[3] = '"' + lines[3]  # its artist is quoted
    rows[2][0] = '"' + rows[2][0]
    assert cells_of(read_songs("\n".join(lines).encode())) == rows


LYRICS = "oh, la, la, la, la\nla, 0.5, 0.25, 0.5, 99\n\nla, la, la, la, la, la, la\nend"


@pytest.mark.parametrize("column", range(6))
def test_line_breaks_with_separators_inside_cells_are_kept(column: int) -> None:
    rows = many_songs(60)
    for row in rows[5:50:3]:
        row[column] = LYRICS
    text = table_text(rows)
    assert [list(row) for row in read_grid(text.encode()).cells.rows()] == [HEADER, *rows]
    assert split_rows(text, ",") == ([HEADER, *rows], ())


def test_lyrics_with_more_lines_than_the_table_has_rows_are_kept() -> None:
    rows = [[f"Song {n}", "la, la\n" * 20 + "1, 2", *row[2:]] for n, row in enumerate(many_songs(12))]
    text = table_text(rows)
    assert split_rows(text, ",") == ([HEADER, *rows], ())
    assert [list(row) for row in read_grid(text.encode()).cells.rows()] == [HEADER, *rows]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_stray_quote_loses_a_row(data: st.DataObject) -> None:
    rows = many_songs(40)
    for place in data.draw(st.sets(st.integers(0, 39), max_size=5)):
        rows[place][0] = "two\nlines, or so"
    whole = [place for place, row in enumerate(rows) if "\n" not in row[0]]
    stray = data.draw(st.sets(st.sampled_from(whole), min_size=1, max_size=4))
    lines = [table_text([row]).split("\n", 1)[1] for row in rows]
    text = table_text([]) + "".join('"' + line if n in stray else line for n, line in enumerate(lines))
    for place in stray:
        rows[place][0] = '"' + rows[place][0]
    assert cells_of(read_songs(text.encode())) == rows


def test_quotes_inside_cells_that_are_not_quoted() -> None:
    rows = ('7" mix,0.5,0.4,120.5', '"Weird Al" Yankovic,0.2,0.3,99', '12" mix,0.1,0.3,98')
    text = "\n".join(["title,energy,valence,tempo", *rows])
    table = read_songs(text.encode())
    assert table.songs["title"].to_list() == ['7" mix', "Weird Al Yankovic", '12" mix']


def test_blank_lines_are_no_rows_but_empty_rows_are() -> None:
    table = read_songs(b"\n\ntitle,energy,valence,tempo\nA,0.5,0.4,120.5\n\n,,,\nB,0.2,0.3,99\n\n\n")
    assert cells_of(table) == [["A", "0.5", "0.4", "120.5"], [""] * 4, ["B", "0.2", "0.3", "99"]]
    assert table.songs.row(1, named=True)["energy"] is None
    assert "blank lines passed over: 1" in notes_of(table)


def test_blank_lines_on_the_fast_road() -> None:
    table = read_songs(b"title,energy,valence,tempo\nA,0.5,0.4,120.5\n\n\nB,0.2,0.3,99\n")
    assert table.songs["title"].to_list() == ["A", "B"]
    assert "blank lines passed over: 2" in notes_of(table)


def test_separators_at_the_end_of_every_line() -> None:
    table = read_songs(b"title;energy;valence;tempo;;\nA;0.5;0.4;120.5;;\nB;0.2;0.3;99;;\n")
    assert table.raw.width == 6
    assert [reading.note for reading in table.columns[-2:]] == ["empty", "empty"]


def test_row_names_without_a_header() -> None:
    table = read_songs(b"title,energy,valence,tempo\n1,A,0.5,0.4,120.5\n2,B,0.2,0.3,99\n")
    assert table.header == ("", "title", "energy", "valence", "tempo")
    assert table.songs["title"].to_list() == ["A", "B"]


def test_lines_above_the_header_are_passed_over() -> None:
    table = read_songs(b"My songs,2024,,\n,,,\ntitle,energy,valence,tempo\nA,0.5,0.4,120.5\nB,0.2,0.3,99\n")
    assert table.songs["title"].to_list() == ["A", "B"]
    assert "rows above the header, passed over: 2" in notes_of(table)


def test_equal_headers_get_unique_names_in_raw() -> None:
    table = read_songs(b"energy,energy,valence,tempo,\n,0.5,0.4,120.5,\n,0.2,0.3,99,\n")
    assert table.header == ("energy", "energy", "valence", "tempo", "")
    assert len(set(table.raw.columns)) == 5
    assert table.songs["energy"].to_list() == [0.5, 0.2]


def test_very_long_cells_and_zero_bytes() -> None:
    long = "x" * 10_000_000
    table = read_songs(f'title,energy,valence,tempo\n"{long}",0.5,0.4,120.5\nB\0C,0.2,0.3,99\n'.encode())
    assert table.songs["title"].str.len_chars().to_list() == [10_000_000, 3]


def test_a_file_whose_last_letter_is_cut() -> None:
    table = read_songs("energy,valence,tempo,title\n0.5,0.4,120.5,A\n0.2,0.3,99,漢".encode()[:-1])
    assert table.source.encoding == "utf-8"
    assert table.songs.height == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf  \r\n", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:40d\nsize 34626030\n", "git-LFS pointer"),
        (b"Data Set\r\n", "one line of text"),
        (b"a\nb\nc\n", "one column of text"),
        (b"<!DOCTYPE html>\n<html><body>Sign in, please; now</body></html>", "web page"),
        (b"<?xml version='1.0'?><plist></plist>", "an XML file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", "a picture"),
        (b"%PDF-1.7 ...", "a PDF file"),
        (b"ID3\x03\0\0\0", "an audio file"),
        (b"\0\0\0\x20ftypM4A \0\0", "an audio or video file"),
        (b"FORM\0\0\1\0AIFFCOMM", "an audio or video file"),
        (b"\xff\xfb\x90\x64\0\0", "an audio file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (bytes(range(256)) * 20, "a binary file"),
        (b"PAR1 and nothing", "damaged Parquet file"),
        (b"\x1f\x8b\x08 and nothing", "damaged gzip file"),
        (b"PK\x03\x04 and nothing", "ZIP archive that cannot be opened"),
        (b'{"playlists": [{"name": "x", "tracks": []}]}', "one JSON object"),
        (b'{\n "playlists": [\n {"name": "x"}\n ]\n}', "one JSON object"),
        (b"title,energy,valence,tempo\n", "no rows below it"),
        (b"," * 100_000, "rows of over 10,000 cells"),
    ],
)
def test_what_is_no_table_is_said_in_one_line(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableTable, match=words) as caught:
        read_songs(path)
    assert str(caught.value).startswith("'songs.csv' ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "songs.csv").write_text("x")
    with pytest.raises(UnreadableTable, match=r"did you mean 'songs\.csv'"):
        read_songs(tmp_path / "sogns.csv")
    with pytest.raises(UnreadableTable, match="is a folder: name the file in it"):
        read_songs(tmp_path)
    with pytest.raises(UnreadableTable, match="no folder"):
        read_songs(tmp_path / "nowhere" / "songs.csv")
    with pytest.raises(UnreadableTable, match="a int is no table"):
        read_songs(7)


def frame() -> pl.DataFrame:
    """A typed table."""
    return pl.DataFrame(
        {
            "id": ["4XU3UbQRXTkBR8VastbrFK", "4XxMVIDKRAYKlZ6pLt9zJ2", None],
            "title": ["A", "B", None],
            "artists": [["X", "Y"], ["Z"], []],
            "energy": [0.5, float("nan"), 0.25],
            "valence": pl.Series([0.125, 0.25, None], dtype=pl.Float32),
            "tempo": [120, 90, None],
            "explicit": [True, False, None],
            "genres": [["Pop", "pop"], [], None],
            "release_date": pl.Series(["2001-03-19", None, "1999-01-02"]).str.to_date(),
        }
    )


def assert_typed(table: SongsTable) -> None:
    """What the typed table must become."""
    songs = table.songs
    assert songs["energy"].to_list() == [0.5, None, 0.25]
    assert songs["valence"].to_list() == [0.125, 0.25, None]
    assert songs["tempo_bpm"].to_list() == [120, 90, None]
    assert songs["explicit"].to_list() == [True, False, None]
    assert songs["artists"].to_list() == [["X", "Y"], ["Z"], []]
    assert songs["artist"].to_list() == ["X, Y", "Z", None]
    assert songs["tags"].to_list() == [["pop"], [], []]
    assert songs["release_date"].to_list() == ["2001-03-19", None, "1999-01-02"]
    assert songs["song_id"][:2].to_list() == frame()["id"][:2].to_list()
    assert songs["song_id"].null_count() == 0


def test_parquet_whatever_its_name(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "songs.csv")
    table = read_songs(str(tmp_path / "songs.csv"))
    assert_typed(table)
    assert table.source.format == "parquet"
    assert table.raw.slice(0, table.raw.height).equals(frame(), null_equal=True)


def test_json_lines_and_arrays() -> None:
    rows = [
        {"title": "A", "energy": 0.5, "valence": 0.25, "tempo": 120},
        {"title": "B", "energy": 1, "valence": 0},
    ]
    lines = "\n".join(map(json.dumps, rows)).encode()
    for content in (lines, lines + b"\n", json.dumps(rows).encode(), b"\xef\xbb\xbf" + lines):
        table = read_songs(content)
        assert table.source.format == "jsonl"
        assert table.songs["energy"].to_list() == [0.5, 1]
        assert table.songs["tempo_bpm"].to_list() == [120, None]


def test_dataframes_of_other_libraries() -> None:
    assert_typed(read_songs(frame()))
    assert_typed(read_songs(frame().lazy()))
    assert_typed(read_songs(frame().to_arrow()))
    flat = frame().drop("artists", "genres", "release_date")
    table = read_songs(pd.DataFrame(flat.to_dict(as_series=False)))
    assert table.songs["energy"].to_list() == [0.5, None, 0.25]
    assert table.songs["explicit"].to_list() == [True, False, None]
    assert table.source.format == "dataframe"
    assert table.source.name == "pandas DataFrame"


def test_a_dataframe_that_cannot_be_taken_over() -> None:
    repeated = "has several columns called 'a': rename them, so that every column has a name of its own$"
    with pytest.raises(UnreadableTable, match="^the pandas DataFrame " + repeated):
        read_songs(pd.DataFrame([[1, 2, 3]], columns=["b", "a", "a"]))
    with pytest.raises(UnreadableTable, match="^the pyarrow Table " + repeated):
        read_songs(pa.table([[1], [2]], names=["a", "a"]))
    with pytest.raises(UnreadableTable, match="pandas DataFrame has several columns called '1'"):
        read_songs(pd.DataFrame([[1, 2]], columns=[1, "1"]))
    with pytest.raises(UnreadableTable, match="pandas DataFrame cannot be taken over"):
        read_songs(pd.DataFrame({"a": [1, "x"]}))
    with pytest.raises(UnreadableTable, match="has no rows"):
        read_songs(frame().clear())
    with pytest.raises(MissingColumns, match="has no columns"):
        read_songs(pl.DataFrame())


def test_workbooks(tmp_path: Path) -> None:
    book = pd.ExcelWriter(tmp_path / "songs.xlsx")
    with book:
        pd.DataFrame({"a": ["notes"]}).to_excel(book, sheet_name="about", index=False)
        flat = frame().drop("artists", "genres").to_dict(as_series=False)
        pd.DataFrame(flat).to_excel(book, sheet_name="songs", index=False)
    content = (tmp_path / "songs.xlsx").read_bytes()
    table = read_songs(content)
    assert table.source.format == "xlsx"
    assert "of 2 sheets 'songs' was read" in notes_of(table)
    assert table.songs["energy"].to_list() == [0.5, None, 0.25]
    assert table.songs["release_date"].to_list() == ["2001-03-19", None, "1999-01-02"]


def test_archives() -> None:
    text = table_text().encode()
    assert cells_of(read_songs(gzip.compress(text))) == ROWS
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("songs.csv", text)
    assert cells_of(read_songs(archive.getvalue())) == ROWS
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("more.csv", text)
    with pytest.raises(UnreadableTable, match=r"ZIP archive of 2 files \(songs.csv, more.csv\)"):
        read_songs(archive.getvalue())


def test_an_open_file_is_read_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_text(table_text(), encoding="utf-8", newline="")
    with path.open("rb") as file:
        opened = read_songs(file)
    assert opened.source.name == "songs.csv"
    assert opened.source == read_songs(path).source
    assert opened.songs.equals(read_songs(path).songs)


def test_csv_bytes_under_the_name_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "single_genre_artists.xls"
    path.write_text(table_text(), encoding="utf-8", newline="")
    assert read_songs(path).source.format == "csv"


def test_names_for_a_file_without_header() -> None:
    text = "\n".join(",".join(row) for row in ROWS if "," not in row[0] and "\n" not in row[0]).encode()
    table = read_songs(text, header=HEADER)
    assert table.header == tuple(HEADER)
    assert table.songs["tempo_bpm"].to_list() == [95.01, 61]
    with pytest.raises(MissingColumns, match=r"has no header row .* name its 6 columns"):
        read_songs(text)
    with pytest.raises(BadSettings, match="2 header names were given for 6 columns"):
        read_songs(text, header=["title", "artist"])
    with pytest.raises(BadSettings, match="give a list of names"):
        read_songs(text, header="title,artist")  # type: ignore[arg-type]


def test_columns_of_a_file_without_header_by_position() -> None:
    table = read_songs(
        b"A,0.5,0.4,120.5\nB,0.2,0.3,99\n", columns={"energy": "2", "valence": "3", "tempo": "4"}
    )
    assert table.songs["energy"].to_list() == [0.5, 0.2]
    assert table.songs["tempo_bpm"].to_list() == [120.5, 99]


def test_headers_without_meaning() -> None:
    text = b"ag-cell,ag-cell (2),ag-cell (3),ag-cell (4)\nA,0.5,0.4,120.5\nB,0.2,0.3,99\n"
    with pytest.raises(MissingColumns, match="has headers without meaning"):
        read_songs(text)
    for table in (
        read_songs(text, header=["title", "energy", "valence", "tempo"]),
        read_songs(text, columns={"title": "1", "energy": "2", "valence": "3", "tempo": "4"}),
    ):
        assert table.songs.height == 2
        assert table.songs["energy"].to_list() == [0.5, 0.2]


CELL = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\0"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_the_standard_writer_wrote_is_read_back(rows: list[list[str]], separator: str) -> None:
    text = io.StringIO(newline="")
    header = ["title", "energy", "valence"]
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows([header, *rows])
    grid = read_grid(text.getvalue().encode())
    if grid.separator == separator:
        assert [list(row) for row in grid.cells.rows()] == [header, *rows]
    tolerant, notes = split_rows(text.getvalue(), separator)
    assert [row for row in tolerant if row != [""]] == [header, *rows]
    assert notes == ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_rubbish_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(SongAtlasError) as caught:
        read_songs(content)
    assert "\n" not in str(caught.value)
    assert "\r" not in str(caught.value)


def test_the_hash_is_of_the_bytes_or_the_content() -> None:
    one, other = read_songs(table_text().encode()), read_songs(table_text(ROWS[::-1]).encode())
    assert one.source.sha256 != other.source.sha256
    assert read_songs(frame()).source.sha256 == read_songs(frame().clone()).source.sha256
    assert len(one.source.sha256) == 64


def test_quotes_that_were_not_doubled_are_kept() -> None:
    rows = ["\"b'One'\",0.5,0.4,120.5", '"b"It\'s so"",0.2,0.3,99', "\"b'Two'\",0.1,0.3,98"]
    table = read_songs("\n".join(["title,energy,valence,tempo", *rows]).encode())
    assert table.raw["title"].to_list() == ["b'One'", 'bIt\'s so""', "b'Two'"]
    assert table.songs["title"].to_list() == ["One", "It's so", "Two"]


@pytest.mark.parametrize("form", ["dataframe", "parquet", "csv"])
def test_headers_that_look_like_patterns_are_names(tmp_path, form):
    frame = simulate_catalogue(60, seed=3).rename({"energy": "^energy$", "track_name": "^.*$"})
    source = frame
    if form == "parquet":
        source = tmp_path / "songs.parquet"
        frame.write_parquet(source)
    if form == "csv":
        source = tmp_path / "songs.csv"
        source.write_text(frame.drop("genres").write_csv(), encoding="utf-8")
    table = read_songs(source, columns={"energy": "^energy$", "title": "^.*$"})
    assert table.songs["energy"].null_count() == frame.to_series(frame.columns.index("^energy$")).null_count()
    assert table.songs["title"].to_list() == frame.to_series(frame.columns.index("^.*$")).to_list()
    assert "^energy$" in table.header


def test_of_a_file_of_music_its_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.mp3"
    path.write_bytes(b"ID3\x03\0\0\0")
    with pytest.raises(UnreadableTable, match=f"with 'songatlas build {tmp_path}'"):
        read_songs(path)
    with pytest.raises(UnreadableTable, match="with 'songatlas build FOLDER'"):
        read_songs(path.read_bytes())


def test_a_header_that_begins_like_an_aiff_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_text("format,title,energy,valence,liveness\n" + "lp,a,0.1,0.2,0.3\ncd,b,0.3,0.4,0.2\n" * 5)
    assert read_songs(path).header[0] == "format"
