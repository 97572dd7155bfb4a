"""Tables understood from some rows: every part of a table is read as the whole is, whatever its cells are."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scanned_songs import as_json_text, scanned_songs
from songatlas.errors import MissingColumns
from songatlas.songs import SongsTable, Understanding, read_rows, read_songs, understand_songs

TABLES = (
    *("dialects/api_dump.csv", "dialects/bom.csv", "dialects/chosic.csv", "dialects/dotted_headers.csv"),
    *("dialects/duplicate_headers.csv", "dialects/exportify_liked_songs.csv", "dialects/reccobeats.csv"),
    *("dialects/genres_v2_numeric_only.csv", "dialects/lost_decimal_points.csv", "dialects/soundstat.csv"),
    *("dialects/million_song_bytes_repr.csv", "dialects/million_song_corgis.csv"),
    *("dialects/spotify_features_excel_damage.csv", "dialects/spotify_features_key_letters.csv"),
    *("dialects/tracks_1921_2020_reordered_dates.csv", "dialects/two_id_columns.csv"),
    *("dialects/space_padded.csv", "amazon_sample.csv", "spotify_songs.csv", "real_tracks.parquet"),
)
N = 40
STRANGE = (
    *(None, "", "NA", "loud", "12,5", "85%", "٣٫٥", "1/2/٢٠", "٣:١٢", "1e999", "-inf", "9" * 40),
    *(
        "['A', 'B']",
        "[1, .5]",
        "2020-13-45",
        "31/12/99",
        "b'x\\xff'",
        "8A",
        "C# minor",
        "4/4",
        "4-Apr",
        "1990's",
        "[]",
    ),
)


def cells_of(table: SongsTable) -> pl.DataFrame:
    return table.raw if isinstance(table.raw, pl.DataFrame) else table.raw.slice(0, table.raw.height)


def known_of(table: SongsTable) -> Understanding:
    """What is understood of all rows of a table, which must be what was read of it."""
    again, known = understand_songs(cells_of(table), header=table.header, name=table.source.name)
    assert again.columns == table.columns
    assert_frame_equal(again.songs, table.songs, check_exact=True)
    assert known.schema == dict(table.songs.schema)
    return known


def typed_otherwise(cells: pl.DataFrame) -> pl.DataFrame:
    """The same values in other types, as a part that was typed by itself has them."""
    columns = []
    for column in cells:
        whole = column.dtype.is_float() and not (column.round() != column).any()
        if column.null_count() == len(column):
            columns.append(pl.Series(column.name, [None] * len(column), dtype=pl.Null))
        elif whole and column.is_finite().all():
            columns.append(column.cast(pl.Int64))
        elif column.dtype.is_numeric():
            columns.append(column.cast(pl.String if len(column) % 2 else pl.Float64))
        else:
            columns.append(column)
    return pl.DataFrame(columns)


def in_parts(cells: pl.DataFrame, known: Understanding, *, seed: int = 0) -> pl.DataFrame:
    """Read rows in parts of any size, some of them empty, each typed otherwise, columns in any order."""
    rng = np.random.default_rng(seed)
    cuts = sorted(rng.integers(0, cells.height + 1, 3).tolist())
    parts = []
    for start, stop in pairwise(sorted([0, 1, *cuts, cuts[-1], cells.height])):
        part = cells.slice(start, stop - start)
        parts.append(read_rows(typed_otherwise(part).select(rng.permutation(cells.columns)), known))
    return pl.concat(parts)


@pytest.mark.parametrize("name", TABLES)
def test_real_tables_are_read_in_parts_as_a_whole(name: str, shared_data: Path) -> None:
    path = shared_data / name
    table = read_songs(path if path.suffix == ".csv" else pl.read_parquet(path).head(5000))
    cells, known = cells_of(table), known_of(table)
    assert_frame_equal(read_rows(cells.select(known.used), known), table.songs, check_exact=True)
    assert_frame_equal(in_parts(cells, known), table.songs, check_exact=True)
    for row in (0, 7, table.songs.height - 1):
        one = read_rows(typed_otherwise(cells.slice(row, 1)), known)
        assert_frame_equal(one, table.songs.slice(row, 1), check_exact=True)


@pytest.mark.parametrize("name", ["dialects/chosic.csv", "dialects/spotify_features_excel_damage.csv"])
def test_a_column_that_is_empty_in_a_part_may_have_any_type_or_be_missing(
    name: str, shared_data: Path
) -> None:
    table = read_songs(shared_data / name)
    known, few = known_of(table), cells_of(table).head(12)
    for column in known.used:
        empty = read_rows(few.with_columns(pl.lit(None, dtype=pl.String).alias(column)), known)
        untyped = read_rows(few.with_columns(pl.lit(None).alias(column)), known)
        assert_frame_equal(untyped, empty)
        assert_frame_equal(read_rows(few.drop(column), known), empty)
        assert untyped.schema == pl.Schema(known.schema)


@pytest.mark.parametrize("as_text", [False, True])
def test_scanned_tables_are_read_in_parts_as_a_whole(as_text: bool) -> None:
    scanned = scanned_songs(60, failed=3).drop("measured_by", "song_id", "path")
    table = read_songs(as_json_text(scanned) if as_text else scanned)
    cells, known = cells_of(table), known_of(table)
    assert table.songs["measured_by"].null_count() == 3
    assert_frame_equal(in_parts(cells, known), table.songs, check_exact=True)
    assert read_rows(cells.clear(), known).schema == table.songs.schema


FORMS: dict[str, tuple[str, ...]] = {
    "energy": ("share", "percent", "sign", "comma"),
    "valence": ("share", "percent", "comma"),
    "loudness": ("plain", "comma", "words"),
    "tempo": ("plain", "comma", "words"),
    "duration": ("ms", "s", "clock", "both", "shifted"),
    "key": ("number", "name", "camelot", "blank"),
    "artists": ("one", "list", "comma", "semicolon"),
    "date": ("iso", "day first", "month first", "year", "mixed"),
    "genre": ("label", "several", "list"),
    "popularity": ("plain", "share"),
}


def written(column: str, form: str, rng: np.random.Generator) -> str:
    """One cell of a made table."""
    share, number, k = round(float(rng.beta(4, 3)), 3), float(rng.normal()), int(rng.integers(1, 13))
    minutes = f"{2 + k % 4}:{7 * k % 60:02d}"
    name = f"{'ABCDE'[k % 5]} {'xyz'[k % 3]}"
    words = {
        "share": f"{share}",
        "percent": f"{100 * share:.0f}",
        "sign": f"{100 * share:.1f}%",
        "comma": {"loudness": f"-{7 + share}", "tempo": f"{100 + number:.2f}"}.get(column, f"{share}"),
        "words": {"loudness": f"-{7 + share} dB", "tempo": f"{100 + number:.1f} BPM"}.get(column, ""),
        "plain": {"loudness": f"-{7 + share}", "tempo": f"{100 + number:.2f}"}.get(column, f"{k}"),
        "ms": f"{180_000 + 1000 * k}",
        "s": f"{180 + k}",
        "clock": minutes,
        "both": minutes if k % 3 else f"{180_000 + 1000 * k}",
        "shifted": f"{minutes}:00",
        "number": f"{k - 2}",
        "name": ("C", "F# minor", "Bb major", "A#m")[k % 4],
        "camelot": f"{k}{'AB'[k % 2]}",
        "blank": "" if k % 5 == 0 else f"{k % 11 + 1}",
        "one": name,
        "list": f"['{name}', '{k}s']",
        "semicolon": f"{name};Other",
        "iso": f"20{k:02d}-0{k % 9 + 1}-11",
        "day first": f"{k + 12}/{k}/2001",
        "month first": f"{k}/{k + 12}/2001",
        "year": f"{1990 + k}.0",
        "mixed": ("1990's", "11 May 2001", "3-4-2001", "19991231")[k % 4],
        "label": ("Pop", "Rock", "R&B")[k % 3],
        "several": ("pop, rock", "jazz", "pop; soul")[k % 3],
    }
    text = words[form] if column != "artists" or form != "comma" else f"{name},Other"
    return text.replace(".", ",") if form == "comma" and column != "artists" else text


@st.composite
def dirty_tables(draw: st.DrawFn) -> pl.DataFrame:
    """Small tables, each column in one of its forms, with strange cells here and there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_rows, dirt = draw(st.integers(12, N)), draw(st.sampled_from([0.0, 0.02, 0.1]))
    columns = {}
    for column, forms in FORMS.items():
        form = draw(st.sampled_from(forms))
        cells = [written(column, form, rng) for _ in range(n_rows)]
        columns[column] = [
            STRANGE[rng.integers(len(STRANGE))] if rng.random() < dirt else cell for cell in cells
        ]
    columns["title"] = [("One", "NA", " Two ", "b'Three'", "[x]")[rng.integers(5)] for _ in range(n_rows)]
    if draw(st.booleans()):
        columns["id"] = [f"song {row}" if rng.random() > dirt else "" for row in range(n_rows)]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


@settings(max_examples=15, deadline=None)
@given(cells=dirty_tables(), seed=st.integers(0, 2**32))
def test_dirty_tables_are_read_in_parts_as_a_whole(cells: pl.DataFrame, seed: int) -> None:
    try:
        table, known = understand_songs(cells, name="dirty")
    except MissingColumns:
        assume(False)  # a unit cannot be told
    assert_frame_equal(read_songs(cells).songs, table.songs, check_exact=True)
    assert_frame_equal(in_parts(cells, known, seed=seed), table.songs, check_exact=True)
    singly = pl.concat([read_rows(cells.slice(row, 1), known) for row in range(0, cells.height, 9)])
    assert_frame_equal(singly, table.songs.gather_every(9), check_exact=True)
    assert Understanding.from_dict(json.loads(json.dumps(known.to_dict(), allow_nan=False))) == known


def plain_table(**changed: list[object]) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    columns = {
        "title": [f"Song {row}" for row in range(N)],
        "energy": rng.beta(5, 3, N).round(3).tolist(),
        "valence": rng.beta(3, 3, N).round(3).tolist(),
        "tempo": rng.normal(120, 10, N).round(2).tolist(),
    }
    return pl.DataFrame({**columns, **changed})


def test_what_is_known_goes_through_json_and_pickle(shared_data: Path) -> None:
    known = known_of(read_songs(shared_data / "dialects" / "spotify_features_excel_damage.csv"))
    assert Understanding.from_dict(json.loads(json.dumps(known.to_dict(), allow_nan=False))) == known
    assert pickle.loads(pickle.dumps(known)) == known  # noqa: S301


def test_the_table_says_how_many_rows_there_are_in_all_and_where_it_came_from() -> None:
    table, known = understand_songs(
        plain_table(), name="all of it", n_rows=10**9, format="csv", separator=",", notes=["two files"]
    )
    assert (table.source.name, table.source.n_rows, table.source.format) == ("all of it", 10**9, "csv")
    assert known.notes[0] == "two files"
    assert known.used == ("title", "energy", "valence", "tempo")


@pytest.mark.parametrize(
    ("column", "looked_at", "strange", "read"),
    [
        ("energy", ["81", "44"] * 20, ["lots", "1e999", "7"], [None, None, 0.07]),
        ("energy", ["0,81", "0,44"] * 20, ["0,5", "half", "1.234,5"], [0.5, None, 1234.5]),
        ("duration_ms", ["181000", "200500"] * 20, ["3:12", "1000", ""], [None, 1000.0, None]),
        ("duration", ["3:12", "2:59"] * 20, ["200500", "1:00", "٣:١٢"], [None, 60_000.0, None]),
        ("key", ["8A", "4B"] * 20, ["7", "H", "8A"], [None, None, 9.0]),
        ("key", ["3", "11"] * 20, ["C# minor", "-1", "0"], [None, None, 0.0]),
        ("mode", ["0", "1"] * 20, ["major", "x", "1"], [None, None, 1.0]),
        ("time_signature", ["4/4", "3/4"] * 20, ["5/4", "waltz", "٤/٤"], [5.0, None, None]),
        ("popularity", ["50", "61"] * 20, ["high", "-1", "0.5"], [None, None, 0.5]),
        ("explicit", ["true", "false"] * 20, ["maybe", "yes", "2"], [None, True, None]),
        ("release_date", ["31/12/1999"] * 40, ["1999-W5", "1/2/2003", "?"], [None, "2003-02-01", None]),
    ],
)
def test_cells_that_do_not_fit_are_missing(
    column: str, looked_at: list[object], strange: list[str], read: list[object]
) -> None:
    table, known = understand_songs(plain_table(**{column: looked_at}), name="songs")
    ours = next(each.column for each in table.columns if each.header == column)
    assert read_rows(pl.DataFrame({column: strange}), known)[ours or ""].to_list() == read


def test_other_types_than_those_looked_at_are_missing_where_they_do_not_fit() -> None:
    vectors = {"sound_vector": [[0.5, 1.0]] * N}
    _, known = understand_songs(plain_table(artist=["A; B", "C; D"] * 20, **vectors), name="songs")
    part = pl.DataFrame(
        {
            "title": [["a", "list"], None],
            "artist": [b"bytes", b""],
            "energy": pl.Series(["0.5", "much"], dtype=pl.Categorical),
            "valence": [True, None],
            "tempo": [{"bpm": 120}, None],
            "sound_vector": [[1.0, 2.0, 3.0], [4.0, None]],
        }
    )
    rows = read_rows(part, known)
    assert rows["title"].null_count() == rows["artist"].null_count() == rows["tempo_bpm"].null_count() == 2
    assert rows["energy"].to_list() == [0.5, None]
    assert rows["valence"].to_list() == [1.0, None]
    assert rows.schema == pl.Schema(known.schema)


def test_whole_numbers_in_the_look_do_not_cut_fractions_of_later_rows() -> None:
    _, known = understand_songs(plain_table(popularity=[50, 61] * 20), name="songs")
    rows = read_rows(pl.DataFrame({"popularity": [49.5, 50.0]}), known)
    assert rows["popularity"].to_list() == [49.5, 50.0]
