"""Cells that hold words: ids, titles, names of artists, tags and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.songs import read_songs
from songatlas.songs.ids import bare_ids
from songatlas.songs.text_cells import (
    Different,
    Names,
    as_names,
    join_tags,
    labels,
    parts_of_lists,
    split_names,
    split_tags,
)

N = 60
RNG = np.random.default_rng(5)
TRUE = {
    "danceability": RNG.beta(6, 4, N).round(3),
    "energy": RNG.beta(5, 3, N).round(3),
    "valence": RNG.beta(3, 3, N).round(3),
    "speechiness": RNG.beta(1, 12, N).round(4),
    "loudness": (-3 - RNG.gamma(2, 3, N)).round(3),
    "tempo": RNG.normal(120, 25, N).clip(60, 210).round(3),
    "duration_ms": RNG.normal(215_000, 40_000, N).clip(90_000).round(),
}


def table_of(**changed: Sequence[object]) -> pl.DataFrame:
    """The true table with some columns written otherwise, every cell as text; None drops a column."""
    columns = {**TRUE, **changed}
    return pl.DataFrame(
        {
            name: pl.Series([None if cell is None else str(cell) for cell in cells], dtype=pl.String)
            for name, cells in columns.items()
            if cells is not None and len(cells)
        }
    )


def names_in(cells: Sequence[str], *, key: str) -> Names:
    """The names of a column of text."""
    return split_names(as_names(pl.Series(cells)), key=key)


def test_ids() -> None:
    spotify = "4XU3UbQRXTkBR8VastbrFK"
    wrapped = [
        spotify,
        f"spotify:track:{spotify}",
        f"https://open.spotify.com/track/{spotify}?si=1",
        f"https://open.spotify.com/intl-de/track/{spotify}",
        f"https://api.spotify.com/v1/tracks/{spotify}",
        f"track/{spotify}",
        f"b'{spotify}'",
    ]
    assert bare_ids(pl.Series(wrapped)).to_list() == [spotify] * len(wrapped)
    kept = ["SOMZWCG12A8C13C480", "spotify:local:a:b:c:12", "spotify:episode:" + spotify, "17"]
    assert bare_ids(pl.Series(kept)).to_list() == kept


@pytest.mark.parametrize(
    ("cells", "key", "names"),
    [
        (["A;B, the C", "D"], "artist", [["A", "B, the C"], ["D"]]),
        (["A\\, the B, C", "D"], "artistnames", [["A, the B", "C"], ["D"]]),
        (["A, B", "C"], "artistsname", [["A", "B"], ["C"]]),
        (["Earth, Wind & Fire", "C"], "artistname", [["Earth, Wind & Fire"], ["C"]]),
        (["['A', \"B's\"]", "[]"], "artists", [["A", "B's"], []]),
        (["['A', 'B']", "C", ""], "artist", [["A", "B"], ["C"], []]),
        ([f"A{n},B{n}" for n in range(6)], "artist", [[f"A{n}", f"B{n}"] for n in range(6)]),
    ],
)
def test_names(cells: list[str], key: str, names: list[list[str]]) -> None:
    assert names_in(cells, key=key).lists.to_list() == names


def test_names_in_brackets_are_no_lists() -> None:
    names = ["[bsd.u]", "[dunkelbunt]", "[ALEXANDROS]", "[:SITD:]", "[]", *[f"Artist {n}" for n in range(9)]]
    read = names_in(names, key="artist")
    assert read.lists.to_list() == [[name] for name in names]
    assert read.text.to_list() == names
    assert read.note == ""
    mixed = ["[bsd.u]", "['A', 'B']", "[b'C']", "[]", *[f"Artist {n}" for n in range(9)]]
    assert names_in(mixed, key="artist").lists.to_list()[:4] == [["[bsd.u]"], ["A", "B"], ["C"], []]
    assert names_in(mixed, key="artist").text.to_list()[:3] == ["[bsd.u]", "A, B", "C"]
    bare = ["[A, B]", "[C]", "[]", "D"]
    assert names_in(bare, key="artist").lists.to_list() == [["A", "B"], ["C"], [], ["D"]]
    table = read_songs(table_of(artist=(names * 10)[:N]))
    assert table.songs["artist"][:4].to_list() == names[:4]


def test_a_semicolon_joins_names_only_with_evidence() -> None:
    artists = [f"Artist {n}" for n in range(500)]
    one = names_in(["Steins;Gate", *artists], key="artist")
    assert one.lists[0].to_list() == ["Steins;Gate"]
    assert one.note == "cells with a ';' inside a name: 1"
    three = names_in(["A;B", "A;B", "C;D", "E;F", *artists], key="artist")
    assert three.lists[:3].to_list() == [["A", "B"], ["A", "B"], ["C", "D"]]
    assert three.note == "joined by ';' (cells: 4)"
    plural = names_in(["A;B", *artists], key="artistnames")
    assert plural.lists[0].to_list() == ["A", "B"]
    few = names_in(["A;B", *artists[:150]], key="artist")
    assert few.lists[0].to_list() == ["A", "B"]


def test_a_song_may_be_called_na() -> None:
    titles, artists = [f"T{n}" for n in range(N)], [f"A{n}" for n in range(N)]
    titles[:4], artists[:4] = ["NA", "NA", "", "Null"], ["Someone", "NA", "NULL", "Nan"]
    table = read_songs(table_of(title=titles, artist=artists))
    assert table.songs["title"][:4].to_list() == ["NA", None, None, "Null"]
    assert table.songs["artist"][:4].to_list() == ["Someone", None, None, "Nan"]
    assert table.songs["artists"][:2].to_list() == [["Someone"], []]
    often = read_songs(table_of(title=["NA", "A", "B"] * 20, artist=artists))
    assert often.songs["title"].null_count() == 20


def test_lists_in_text_are_never_evaluated() -> None:
    hostile = ["['a', __import__('os').system('x')]", "[" * 5000 + "]" * 5000, "['a" + "\\" * 5000 + "']"]
    read = parts_of_lists(pl.Series(hostile)).to_list()
    assert read[0] == ["a", "os", "x"]
    assert all(isinstance(part, str) for parts in read for part in parts)


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)), min_size=1
    )
)
@settings(max_examples=80, deadline=None)
def test_lists_printed_by_python_are_read_back(lists: list[list[str]]) -> None:
    assert parts_of_lists(pl.Series([repr(parts) for parts in lists])).to_list() == lists


def test_tags_and_labels() -> None:
    cells = pl.Series(["Pop; ", "a, B ,a", "['X','Y']", "[]", "", "R&B"])
    assert split_tags(cells).to_list() == [["pop"], ["a", "b"], ["x", "y"], [], [], ["r&b"]]
    assert labels(Different.of(cells)).to_list() == ["Pop", "a, B ,a", "X", None, None, "R&B"]


CELLS = st.lists(st.none() | st.sampled_from(["", "a", "b, c", "['D']", "E;f"]), min_size=1, max_size=60)


@given(CELLS, CELLS)
@settings(max_examples=60, deadline=None)
def test_tags_of_several_columns_are_united_row_by_row(
    left: list[str | None], right: list[str | None]
) -> None:
    n_rows = min(len(left), len(right))
    columns = [pl.Series(cells[:n_rows], dtype=pl.String) for cells in (left, right)]
    different = [Different.of(cells) for cells in columns]
    joined = join_tags([(cells, split_tags(cells.values)) for cells in different]).to_list()
    each = [split_tags(cells).to_list() for cells in columns]
    assert joined == [list(dict.fromkeys([*one, *other])) for one, other in zip(*each, strict=True)]


@given(st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=200), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_what_is_read_once_for_each_different_cell_fits_every_row(
    cells: list[int | None], least: int
) -> None:
    column = pl.Series(cells, dtype=pl.Int64)
    different = Different.of(column)
    flags = different.values >= least
    assert different.spread(different.values * 2).to_list() == (column * 2).to_list()
    assert different.count(flags) == (column >= least).sum()
    known = [cell for cell in cells if cell is not None]
    assert different.share(flags) == (sum(cell >= least for cell in known) / len(known) if known else 0.0)
