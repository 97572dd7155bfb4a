"""One file or a folder of files as one table, read part by part to the very cells of the whole."""

from __future__ import annotations

import gzip
import os
import pickle
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from songatlas.cli.sources import name_of
from songatlas.errors import BadSettings, MissingColumns, SongAtlasError, UnreadableTable
from songatlas.songs import TableFiles, open_tables, read_songs, table_files
from songatlas.songs.folder_files import files_below
from songatlas.songs.limits import LONGEST_ROW
from songatlas.songs.reading import read_raw

HEADER = "track_id,track_name,artist,energy,danceability\n"


def rows_of(files: TableFiles, n_rows: int = 37, columns: Sequence[str] | None = None) -> pl.DataFrame:
    return pl.concat([files.read(part, columns) for part in files.parts(n_rows)])


def frame(n_rows: int, first: int = 0) -> pl.DataFrame:
    numbers = range(first, first + n_rows)
    return pl.DataFrame(
        {
            "track_id": [f"id{number}" for number in numbers],
            "track_name": [f'Song "{number}",\n{number}' if number % 3 else "Plain" for number in numbers],
            "energy": [number / 1000 for number in numbers],
            "tags": [["pop"] * (number % 3) for number in numbers],
        }
    )


def check(path: Path, block_bytes: int) -> None:
    """Blocks give what the whole gives, or refuse it in the same words."""
    try:
        raw, _, sha256 = read_raw(path)
    except SongAtlasError as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            open_tables(path, block_bytes=block_bytes)
        return
    files = open_tables(path, block_bytes=block_bytes)
    whole = raw.frame if isinstance(raw.frame, pl.DataFrame) else raw.frame.slice(0, 10**9)
    assert rows_of(files, 1_999).equals(whole)
    if whole.height < 300:
        assert rows_of(files, 7).equals(whole)
    assert files.columns == tuple(whole.columns)
    assert (files.header, files.format, files.encoding) == (raw.header, raw.format, raw.encoding)
    assert (files.separator, files.notes, files.sha256) == (raw.separator, raw.notes, sha256)


def test_real_tables_in_small_blocks(shared_data: Path) -> None:
    for path in sorted((shared_data / "dialects").iterdir()):
        check(path, 20_000)
    for name, block_bytes in (
        ("spotify_songs.csv", 500_000),
        ("amazon_sample.csv", 300),
        ("amazon_shaped_standin.csv", 4_000_000),
        ("playlists.parquet", 1),
    ):
        check(shared_data / name, block_bytes)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + '1,"A\nB",C,0.5,0.25\n2,"say ""hi""",D,0.1,0.2\n' * 20,
        HEADER + '1,"Stray quote,C,0.5,0.25\n' + "2,One,Two,0.5,0.25\n" * 40,
        HEADER + "1,One,Two,0.5,0.25\n" * 9 + '2,5" vinyl,"Two" tail,0.5,0.25,more\n\n3,short\n' * 5,
        "track_name,artist,energy\n" + "1,One,Two,0.5\n" * 30,
        "My songs\n\n" + HEADER + "1,One,Two,0.5,0.25\r\n" * 30 + "\n\n",
        HEADER.replace("\n", "\r") + "1,One,Two,0.5,0.25\r" * 30,
        HEADER + "1,One,Two,0.5,0.25\n" * 30 + '2,"never closed,Two',
        "sep=;\n" + HEADER.replace(",", ";") + "1;One;Two;0,5;0,25\n" * 30 + "2;One",
        HEADER + "1,One," + ",".join("x" * 130) + "\n" + "1,One,Two,0.5,0.25\n" * 30,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_dirt_in_small_blocks(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "songs.csv"
    path.write_bytes(text.encode(encoding))
    for block_bytes in (60, 400, 10**6):
        check(path, block_bytes)


@pytest.mark.parametrize("damage", [b"caf\xe9", b"caf\xe9 \x81", "été".encode() * 30 + b"\xff"])
def test_bytes_that_are_no_utf8(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "songs.csv"
    rows = b"1,One,Two,0.5,0.25\n" * 30
    path.write_bytes(HEADER.encode() + rows + b"2," + damage + b",Two,0.5,0.25\n" + rows)
    check(path, 100)
    path.write_bytes(HEADER.encode() + rows + b"2,caf\xc3")
    check(path, 100)


def test_a_file_of_one_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_bytes(b"1,One," * (LONGEST_ROW // 6 + 10))
    with pytest.raises(UnreadableTable, match=r"'songs.csv' holds a row of over 16 million bytes"):
        open_tables(path)
    path.write_bytes(HEADER.encode() + b"1,One," * (LONGEST_ROW // 6 + 10))
    with pytest.raises(UnreadableTable, match=r"from byte 47 on"):
        open_tables(path)


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    for genre, part in (
        ("rock", frame(50)),
        ("R%26B", frame(0)),
        ("__HIVE_DEFAULT_PARTITION__", frame(7, 50)),
    ):
        (folder / f"genre={genre}").mkdir(parents=True)
        part.select(reversed(part.columns)).write_parquet(folder / f"genre={genre}" / "part.parquet")
    for name in ("_SUCCESS", ".part.crc", "cover.jpg", "notes.txt"):
        (folder / name).write_bytes(b"Songs, some of them old\nand more, too\n")
    files = open_tables(folder)
    assert [file.name for file in files.files] == [
        "genre=R%26B/part.parquet",
        "genre=__HIVE_DEFAULT_PARTITION__/part.parquet",
        "genre=rock/part.parquet",
    ]
    assert files.header == ("tags", "energy", "track_name", "track_id", "genre")
    rows = rows_of(files)
    expected = pl.concat([frame(7, 50), frame(50)]).select("tags", "energy", "track_name", "track_id")
    assert rows.drop("genre").equals(expected)
    assert rows["genre"].to_list() == [None] * 7 + ["rock"] * 50
    assert rows.equals(files.look(100))
    assert rows.equals(rows_of(pickle.loads(pickle.dumps(files))))  # noqa: S301
    assert files.notes == (
        "files in the folder that are no tables, passed over: .part.crc, _SUCCESS, cover.jpg, notes.txt",
    )
    some = rows_of(files, columns=["genre", "nothing", "energy"])
    assert some.equals(rows.select("genre", "energy"))


def test_text_files_of_other_order_and_separator(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "1,One,Two,0.5,0.25\n")
    (tmp_path / "b.dat").write_text("artist\tenergy\ttrack_id\tdanceability\ttrack_name\nB\t1\t2\t3\tN\n")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress((HEADER + "3,C,D,1,\n").encode("utf-16")))
    files = open_tables(tmp_path)
    assert files.columns == ("track_id", "track_name", "artist", "energy", "danceability")
    assert rows_of(files).rows() == [
        ("1", "One", "Two", "0.5", "0.25"),
        ("2", "N", "B", "1", "3"),
        ("3", "C", "D", "1", ""),
    ]
    own = files.read_own(files.parts(10)[1])
    assert own.columns == ["artist", "energy", "track_id", "danceability", "track_name"]


def test_json_lines_have_types_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"track_name": "One", "energy": 1, "more": {"x": 1}}\n' * 30)
    (tmp_path / "b.jsonl").write_text('{"track_name": 2, "energy": 0.5, "more": {"y": null}}\n')
    whole = tmp_path / "whole"
    whole.write_bytes((tmp_path / "a.jsonl").read_bytes() + (tmp_path / "b.jsonl").read_bytes())
    expected = read_raw(whole)[0].frame
    whole.rename(tmp_path.parent / "whole.jsonl")
    for source in (tmp_path, tmp_path.parent / "whole.jsonl"):
        files = open_tables(source, block_bytes=200)
        assert rows_of(files).equals(expected)
        assert rows_of(files, columns=["energy"]).equals(expected.select("energy"))


def test_a_look_is_spread_over_all_rows(tmp_path: Path) -> None:
    for place in range(4):
        frame(1_000, 1_000 * place).write_parquet(tmp_path / f"{place}.parquet")
    files = open_tables(tmp_path)
    look = files.look(800)
    numbers = look["energy"] * 1000
    assert look.height == 800
    assert numbers.is_unique().all()
    assert [numbers.is_between(low, low + 999.5).sum() for low in range(0, 4000, 1000)] == [200] * 4
    assert numbers.diff().max() == pytest.approx(401)


def test_a_look_at_heavy_rows_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_WEIGHED", 50), ("_LOOK_BYTES", 150_000), ("_READ_BYTES", 30_000)):
        monkeypatch.setattr(table_files, name, value)
    rows = pl.concat([frame(300), frame(300, 300)]).with_columns(lyrics=pl.lit("lo la " * 500))
    for place in range(2):
        rows[300 * place : 300 * place + 300].write_parquet(tmp_path / f"{place}.parquet")
    begun = rows.with_columns(pl.col("lyrics").str.head(200))
    assert open_tables(tmp_path).look(600).equals(begun)
    look = open_tables(tmp_path).look(450)
    assert look.height == 450
    assert look.equals(begun.filter(pl.col("track_id").is_in(look["track_id"].implode())))
    monkeypatch.setattr(table_files, "_LOOK_BYTES", 30_000)
    assert open_tables(tmp_path).look(600).height in range(50, 150)
    monkeypatch.setattr(table_files, "_LOOK_BYTES", 10**7)
    assert open_tables(tmp_path).look(600).equals(rows)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="is an empty folder"):
        open_tables(tmp_path)
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(UnreadableTable, match=r"holds no table of songs .*, only song.mp3: name the folder"):
        open_tables(tmp_path)
    with pytest.raises(UnreadableTable, match=r"did you mean 'song.mp3'"):
        open_tables(tmp_path / "songs.mp3")
    good = tmp_path / "a.csv"
    good.write_text(HEADER)
    with pytest.raises(UnreadableTable, match="a header row and no rows below it"):
        open_tables(tmp_path)
    good.write_text(HEADER + "1,One,Two,0.5,0.25\n")
    (tmp_path / "b.csv").write_text("track_id,track_name,energy\n1,One,0.5\n")
    with pytest.raises(
        UnreadableTable, match=r"'b.csv' has no column 'artist' and 1 more, which 'a.csv' has"
    ):
        open_tables(tmp_path)
    (tmp_path / "b.csv").unlink()
    frame(3).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(UnreadableTable, match=r"'a.csv' is text and 'b.parquet' is Parquet"):
        open_tables(tmp_path)
    good.unlink()
    content = (tmp_path / "b.parquet").read_bytes()
    (tmp_path / "c.parquet").write_bytes(content[:-20])
    with pytest.raises(UnreadableTable, match=r"'c.parquet' is a damaged Parquet file"):
        open_tables(tmp_path)
    (tmp_path / "songs.json").write_text('[{"track_name": "One"}]')
    with pytest.raises(UnreadableTable, match="JSON in one piece"):
        open_tables(tmp_path / "songs.json")
    (tmp_path / "songs.csv.gz").write_bytes(gzip.compress(HEADER.encode() * 50)[:-20])
    with pytest.raises(UnreadableTable, match="damaged gzip file"):
        open_tables(tmp_path / "songs.csv.gz")


def test_header_names_for_files_without_one(tmp_path: Path) -> None:
    for place in range(2):
        (tmp_path / f"{place}.csv").write_text("id1,One,0.5\nid2,Two,0.25\n")
    names = ["track_id", "title", "energy"]
    files = open_tables(tmp_path, header=names)
    assert files.header == tuple(names)
    assert rows_of(files)["title"].to_list() == ["One", "Two"] * 2
    with pytest.raises(MissingColumns, match=r"'0.csv' has no header row"):
        open_tables(tmp_path)
    with pytest.raises(BadSettings, match="2 header names were given for 3 columns"):
        open_tables(tmp_path, header=names[:2])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"songs.{ending}"
    rows = frame(30).drop("tags")
    rows.write_csv(path) if ending == "csv" else rows.write_parquet(path)
    files = open_tables(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(UnreadableTable, match="was changed while it was read: start again"):
        rows_of(files)
    path.unlink()
    with pytest.raises(UnreadableTable, match="is gone"):
        rows_of(files)


def test_folders_behind_links_are_read_once(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    for place, title in ((home, "a"), (away, "b")):
        place.mkdir()
        (place / "list.csv").write_text(f"title,energy\n{title},0.5\n")
    (home / "linked").symlink_to(away)
    (home / "twice").symlink_to(away)
    (away / "round").symlink_to(home)
    (home / "one.csv").symlink_to(away / "list.csv")
    files = open_tables(home)
    assert [file.name for file in files.files] == ["linked/list.csv", "list.csv", "one.csv"]
    assert any("read already, passed over: linked/round, twice" in note for note in files.notes)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_utf8_are_text_and_stay_apart(tmp_path: Path) -> None:
    songs = "track_name,artist,energy,danceability,valence\nOne,Two,0.5,0.3,0.7\n"
    names = ["s\udcff.csv", "s\udcfe.csv", "s\ufffd.csv", "genre=\udcff/t.csv", "genre=\udcfe/t.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(songs)
    files = open_tables(tmp_path)
    shown = ["genre=\ufffd/2_t.csv", "genre=\ufffd/t.csv", "s\ufffd.csv", "2_s\ufffd.csv", "3_s\ufffd.csv"]
    assert sorted(file.name for file in files.files) == sorted(shown)
    assert sorted(str(file.path) for file in files.files) == sorted(str(tmp_path / name) for name in names)
    read = pl.concat(files.read(part) for part in files.parts(10))
    assert sorted(read["genre"].to_list(), key=str) == [None] * 3 + ["\ufffd"] * 2
    home = tmp_path.rename(f"{tmp_path}\udcff")
    assert open_tables(home).name.endswith("\ufffd")
    assert open_tables(home / "s\udcff.csv").name == "s\ufffd.csv"
    assert read_songs(home / "s\udcff.csv").source.name == "s\ufffd.csv"
    with (home / "s\udcff.csv").open("rb") as file:
        assert read_songs(file).source.name == "s\ufffd.csv"
    assert name_of(str(home / "s\udcff.csv")) == "s\ufffd"
    assert name_of(str(home)).endswith("\ufffd")


def test_folders_that_lie_too_deep_are_refused(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 99)
    deep.mkdir(parents=True)
    (deep / "songs.csv").write_text("track_name,artist,energy\nOne,Two,0.5\n")
    assert files_below(tmp_path).files == ["d/" * 99 + "songs.csv"]
    (deep / "d" / "d").mkdir(parents=True)
    with pytest.raises(UnreadableTable, match="holds more than 100 folders within one another"):
        open_tables(tmp_path)


def test_files_of_nothing_but_blank_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("title,energy\na,0.5\n")
    (tmp_path / "blank.csv").write_bytes(b"\xef\xbb\xbf\r\n \n" * 30_000)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(b"\n\n"))
    files = open_tables(tmp_path)
    assert [file.name for file in files.files] == ["list.csv"]
    assert any(note.endswith("no tables, passed over: blank.csv, packed.csv.gz") for note in files.notes)
