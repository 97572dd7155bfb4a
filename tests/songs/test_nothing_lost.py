"""No row and no text is lost: whatever looks like a header, a blank line or a cut letter and is none."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from songatlas.errors import MissingColumns, UnreadableTable
from songatlas.songs import open_tables, read_rows, read_songs, understand_songs
from songatlas.songs.reading import read_raw

NAMES = ("title", "artist", "energy", "tempo", "valence")
SONGS = tuple(f"Song {number},Artist {number},0.{number},1{number}0,0.2" for number in range(1, 6))
UNKNOWN = "lied,band,platte,a,b,c"
LIKE_A_HEADER = "Tempo,Energy,Danceability,0.5,120,0.3"


def text_of(*lines: str) -> bytes:
    return "\n".join((*lines, "")).encode()


class Read(NamedTuple):
    """A table as it stands."""

    frame: pl.DataFrame
    header: tuple[str, ...]
    notes: tuple[str, ...]
    encoding: str | None


def read_twice(
    content: bytes, path: Path, *, header: Sequence[str] | None = None, by_position: bool = False
) -> Read:
    """What both readers read, which is the same in blocks of any size."""
    path.write_bytes(content)
    raw = read_raw(path, header=header, by_position=by_position)[0]
    assert isinstance(raw.frame, pl.DataFrame)
    for block_bytes in (70, 10**6):
        files = open_tables(path, header=header, by_position=by_position, block_bytes=block_bytes)
        rows = pl.concat([files.read(part) for part in files.parts(3)])
        assert rows.equals(raw.frame)
        assert (files.header, files.notes, files.encoding) == (raw.header, raw.notes, raw.encoding)
    return Read(raw.frame, raw.header, raw.notes, raw.encoding)


@pytest.mark.parametrize(
    "first",
    [
        "Song A,Artist A,,,",
        "Song A,Artist A,NA,-,unknown",
        "Tempo,Energy,,,",
        "Tempo,Energy,Valence,,",
        "Tempo,Energy,0.5,120,0.3",
        "Title,Tempo,,100,",
    ],
)
def test_a_first_song_without_numbers_is_no_header(first: str, tmp_path: Path) -> None:
    content = text_of(first, *SONGS)
    told = "the file has no header row; "
    raw = read_twice(content, tmp_path / "songs.csv", header=NAMES)
    assert (raw.frame.height, raw.header, raw.notes) == (6, NAMES, (told + "the names given were used",))
    raw = read_twice(content, tmp_path / "songs.csv", by_position=True)
    assert (raw.frame.height, raw.notes) == (6, (told + "columns were named by position",))
    assert raw.frame.row(0)[0] == first.split(",")[0]


@pytest.mark.parametrize(
    "first",
    [
        "title,artist,energy,tempo,valence",
        "Lied,Band,nrg,BPM?,val",
        "lied,band,energy,tempo,valence",
        ",band,a,b,c",
        "ag-cell,ag-cell (2),ag-cell (3),ag-cell (4),ag-cell (5)",
        "Lied,Band,,,",
    ],
)
def test_a_header_that_the_names_replace_is_no_song(first: str, tmp_path: Path) -> None:
    names = ("Lied", "Band", "energy", "tempo", "valence") if first == "Lied,Band,,," else NAMES
    raw = read_twice(text_of(first, *SONGS), tmp_path / "songs.csv", header=names)
    assert raw.frame.height == 5
    assert raw.header == names
    assert "was taken for a header row and replaced by the names given" in raw.notes[0]
    assert repr(first.split(",")[0]) in raw.notes[0]


def test_words_of_no_number_are_a_header_by_position_too(tmp_path: Path) -> None:
    raw = read_twice(text_of("lied,band,a,b,c", *SONGS), tmp_path / "songs.csv", by_position=True)
    assert raw.header == ("lied", "band", "a", "b", "c")
    raw = read_twice(
        b"Lied,Band,Dauer\nSong 1,Artist,3:01\nSong 2,Artist,4:10\n", tmp_path / "songs.csv", by_position=True
    )
    assert (raw.header, raw.frame.height) == (("Lied", "Band", "Dauer"), 2)


@pytest.mark.parametrize("first", ["Song A,Artist A,0.5,100", "Song A,Artist A,,"])
def test_a_first_song_that_is_a_cell_short_keeps_its_places(first: str, tmp_path: Path) -> None:
    raw = read_twice(text_of(first, *SONGS), tmp_path / "songs.csv", header=NAMES)
    assert list(raw.frame.row(0)) == [*first.split(","), None]
    assert raw.frame.height == 6


@pytest.mark.parametrize("place", [1, 2, 5, 10])
@pytest.mark.parametrize(
    "song", [LIKE_A_HEADER, "Tempo,Energy,Danceability,,,", "Tempo,Energy,Key,Mode,Title,"]
)
def test_a_song_with_the_names_of_features_is_no_header(place: int, song: str, tmp_path: Path) -> None:
    songs = [f"Song {number},Artist,Album,0.{number},{90 + number},0.2" for number in range(12)]
    songs.insert(place - 1, song)
    content = text_of(UNKNOWN, *songs)
    raw = read_twice(content, tmp_path / "songs.csv")
    assert raw.header == tuple(UNKNOWN.split(","))
    assert raw.frame.height == 13
    named = {"title": "lied", "artist": "band", "energy": "a", "tempo": "b", "valence": "c"}
    table = read_songs(content, columns=named)
    assert table.songs["title"][place - 1] == "Tempo"
    assert table.songs["tempo_bpm"].drop_nulls().len() >= 12


def test_a_header_below_songs_takes_none_of_them(tmp_path: Path) -> None:
    content = text_of(*SONGS[:2], ",".join(NAMES), *SONGS[2:])
    with pytest.raises(MissingColumns, match=r"row 3 looks like one, but songs stand above it\): name its 5"):
        read_songs(content)
    raw = read_twice(content, tmp_path / "songs.csv", header=NAMES)
    assert raw.frame.height == 6
    assert raw.frame.row(2) == NAMES


@pytest.mark.parametrize(
    "above",
    [
        ["My songs"],
        ["My songs,2024,,,", ",,,,"],
        ["My songs", "", "Exported by,me,on,1 May 2024,"],
        ["song,song,sound,sound,sound"],
    ],
)
def test_headings_above_the_header_are_passed_over(above: list[str], tmp_path: Path) -> None:
    content = text_of(*above, ",".join(NAMES), *SONGS)
    for header, by_position in ((None, False), (NAMES, False), (None, True)):
        raw = read_twice(content, tmp_path / "songs.csv", header=header, by_position=by_position)
        assert (raw.header, raw.frame.height) == (NAMES, 5)
        assert f"rows above the header, passed over: {len([line for line in above if line])}" in raw.notes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("empty", [",,,,", '"",,,,', ",,,", '""'])
def test_an_empty_row_beside_a_blank_line_and_a_short_row(empty: str, end: str, tmp_path: Path) -> None:
    lines = [",".join(NAMES), SONGS[0], empty, "", "abc", '"Two\n\nlines",B,0.5,100,0.1', SONGS[1], ""]
    raw = read_twice(end.join(lines).encode(), tmp_path / "songs.csv")
    is_row = "," in empty
    assert raw.frame["title"].to_list()[is_row + 1 :] == ["abc", "Two\n\nlines", "Song 2"]
    assert raw.frame.height == (5 if is_row else 4)
    assert f"blank lines passed over: {1 if is_row else 2}" in raw.notes


@pytest.mark.parametrize(
    ("end", "title"),
    [
        ("Zo\xe9,7", "Zo\xe9"),
        ("Zo\xe9\n", "Zo\xe9"),
        ("Zo\xe9", "Zo\xe9"),
        ("Zo\xe9s\n", "Zo\xe9s"),
        ("\xdf", "\xdf"),
    ],
)
def test_an_accent_of_a_code_page_at_the_end_of_a_file(end: str, title: str, tmp_path: Path) -> None:
    text = "energy,tempo,valence,title,year\n" + "0.5,100,0.2,A,1\n" * 3 + "0.1,90,0.2," + end
    raw = read_twice(text.encode("cp1252"), tmp_path / "songs.csv")
    assert raw.encoding == "cp1252"
    last = raw.frame.row(3, named=True)
    assert last["title"] == title
    assert last["year"] == ("7" if "," in end else None)


def test_a_letter_that_a_file_was_cut_in_is_told(tmp_path: Path) -> None:
    for rest in ("A,\u00e9", "A\u00e9,\u6f22", "A,\u6f22"):
        content = ("energy,tempo,valence,title,artist\n0.1,90,0.2," + rest).encode()
        raw = read_twice(content[:-1], tmp_path / "songs.csv")
        assert raw.encoding == "utf-8"
        assert "the file ends in the middle of a letter" in raw.notes


JSON_ROW = '{{"title": "{}", "energy": 0.{}, "tempo": 1{}0, "valence": 0.2}}'


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_json_in_a_code_page_keeps_its_letters(encoding: str, tmp_path: Path) -> None:
    titles = ["Zo\xe9", "B", "Caf\xe9" if encoding == "cp1252" else "C\x81", "D"]
    rows = [JSON_ROW.format(title, place, place) for place, title in enumerate(titles, start=1)]
    raw = read_twice("\n".join(rows).encode(encoding), tmp_path / "songs.jsonl")
    assert raw.frame["title"].to_list() == titles
    assert raw.notes[0].startswith(f"read as {encoding}, as it is no UTF-8")
    array = read_raw(f"[{','.join(rows)}]".encode(encoding))[0]
    assert isinstance(array.frame, pl.DataFrame)
    assert (array.frame["title"].to_list(), array.notes) == (titles, raw.notes)


def test_json_with_a_few_damaged_letters_says_so(tmp_path: Path) -> None:
    rows = [JSON_ROW.format("\xe9t\xe9" * 20, 1, 1), JSON_ROW.format("B", 2, 2)]
    content = "\n".join(rows).encode().replace(b"B", b"B\xff")
    raw = read_twice(content, tmp_path / "songs.jsonl")
    assert raw.frame["title"].to_list() == ["\xe9t\xe9" * 20, "B\ufffd"]
    assert raw.notes == ("bytes that are no UTF-8 text, replaced by \ufffd: 1",)
    raw = read_twice(("\ufeff" + "\n".join(rows)).encode(), tmp_path / "songs.jsonl")
    assert (raw.header[0], raw.notes) == ("title", ())


PACKED: Mapping[str, int] = {
    "lzma": zipfile.ZIP_LZMA,
    "bz2": zipfile.ZIP_BZIP2,
    "deflated": zipfile.ZIP_DEFLATED,
    "stored": zipfile.ZIP_STORED,
}


@pytest.mark.parametrize("kind", PACKED)
def test_a_damaged_archive_is_refused_in_words(kind: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", PACKED[kind]) as archive:
        archive.writestr("songs.csv", text_of(",".join(NAMES), *SONGS * 40))
    whole, dice = packed.getvalue(), random.Random(7)  # noqa: S311 - no secrets
    table = read_raw(whole)[0].frame
    assert isinstance(table, pl.DataFrame)
    refused = []
    for _ in range(120):
        damaged = bytearray(whole)
        damaged[dice.choice((dice.randrange(4, 60), dice.randrange(4, len(whole))))] ^= dice.randrange(1, 256)
        cut = damaged[: dice.choice((len(whole), len(whole), dice.randrange(30, len(whole))))]
        try:
            read = read_raw(bytes(cut))[0].frame
        except UnreadableTable as error:
            refused.append(str(error))
        else:
            assert isinstance(read, pl.DataFrame)
            assert read.equals(table)
    assert len(refused) > 60
    assert all(words.isprintable() for words in refused)


def songs_frame(ids: Sequence[str], titles: Sequence[str], sounds: Sequence[int]) -> pl.DataFrame:
    """Songs of which those of one number sound the same."""
    return pl.DataFrame(
        {
            "song_id": ids,
            "title": titles,
            "artist": ["The Same"] * len(ids),
            "energy": [sound * 37 % 100 / 100 for sound in sounds],
            "valence": [sound * 59 % 100 / 100 for sound in sounds],
            "tempo": [80.0 + sound * 17 % 90 for sound in sounds],
        }
    )


@pytest.mark.parametrize("named", [False, True])
def test_ids_that_begin_anew_are_no_ids(named: bool, tmp_path: Path) -> None:
    numbers = range(300)
    songs = songs_frame([f"T{i % 150:03}" for i in numbers], [f"Song {i}" for i in numbers], list(numbers))
    columns = {"song_id": "song_id"} if named else {}
    table = read_songs(songs, columns=columns)
    assert table.songs["song_id"].n_unique() == (150 if named else 300)
    told = "ids that different songs share: 150 of 150 that repeat, such as 'T000'"
    assert any(told in note for note in table.source.notes)
    column = next(column for column in table.columns if column.header == "song_id")
    assert column.column == ("song_id" if named else None)
    path = tmp_path / "songs.csv"
    songs.write_csv(path)
    files = open_tables(path, block_bytes=1_000)
    looked, known = understand_songs(
        files.look(10_000), name="songs", header=files.header, columns=columns, format="csv"
    )
    assert looked.source.notes == table.source.notes
    rows = pl.concat([read_rows(files.read(part), known) for part in files.parts(70)])
    assert rows["song_id"].equals(table.songs["song_id"])


def test_songs_in_several_playlists_keep_their_ids() -> None:
    """Under other titles too, where they are versions or sound the same."""
    numbers = [i % 50 for i in range(200)]
    ids, titles = [f"{i:022}" for i in numbers], [f"Song {i}" for i in numbers]
    for others, sounds in (
        (titles, list(range(200))),
        ([f"{title} - Live {i}" for i, title in enumerate(titles)], list(range(200))),
        ([f"{title} (Remix {i})" for i, title in enumerate(titles)], list(range(200))),
        ([f"Upload {i}" for i in range(200)], numbers),
    ):
        table = read_songs(songs_frame(ids, others, sounds))
        assert table.songs["song_id"].to_list() == ids
        assert table.source.notes == ()


def test_a_few_ids_of_different_songs_are_told() -> None:
    numbers = range(2_000)
    ids = [f"T{i:04}" for i in numbers]
    ids[1_017:1_020] = ids[:3]
    ids[1_020:1_027] = ids[3:10]
    titles = [f"Song {i}" if not 1_020 <= i < 1_027 else f"Song {i - 1_017}" for i in numbers]
    table = read_songs(songs_frame(ids, titles, list(numbers)))
    assert table.songs["song_id"].to_list() == ids
    assert table.source.notes == (
        "ids that different songs share: 3 of 10 that repeat, such as 'T0000'; the songs of each become one, "
        "which ids of their own keep apart",
    )
