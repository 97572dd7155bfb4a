"""Release dates: years that a spreadsheet took for days."""

from __future__ import annotations

import polars as pl
import pytest

from songatlas.songs import read_songs
from songatlas.songs.dates import read_dates

MODERN = ["1968-11-22", "1984-06-04", "1998", "2003-05-01", "2012-01-30", "2019-08-09"]
DAMAGED = ["6/21/1905", "6/20/1905", "7/1/1905", "7/13/1905"]
TOLD = "4 dates of 1905 are years that a spreadsheet took for days, so they are unknown"


def test_dates_of_1905_alone_among_modern_ones_are_unknown() -> None:
    read = read_dates(pl.Series([*MODERN, *DAMAGED, None]))
    assert read.years.to_list() == [1968, 1984, 1998, 2003, 2012, 2019, *[None] * 5]
    assert read.dates.to_list() == [*MODERN, *[None] * 5]
    assert read.note.endswith(TOLD)


@pytest.mark.parametrize("form", ["1905-06-21", "1905-06", "1905", "21.06.1905", "Jun 21, 1905"])
def test_in_whatever_form_they_are_written(form: str) -> None:
    read = read_dates(pl.Series([form] * 3 + MODERN))
    assert read.years.to_list() == [None] * 3 + [1968, 1984, 1998, 2003, 2012, 2019]
    assert "3 dates of 1905" in read.note


@pytest.mark.parametrize(
    "others",
    [
        ["1900", "1903-02", "1910", "1914", "1920"],  # an old catalogue
        ["1903", *MODERN * 5],  # one neighbour among modern songs
        ["1921-04-01", *MODERN * 5],
        ["1930", "1935", "1941", "1948", "1999"],  # few are modern
        [],
    ],
)
def test_real_songs_of_1905_keep_their_year(others: list[str]) -> None:
    read = read_dates(pl.Series([*DAMAGED, *others]))
    assert read.years.to_list()[:4] == [1905] * 4
    assert read.dates.to_list()[0] == "1905-06-21"
    assert "spreadsheet" not in read.note


def test_fewer_than_three_keep_their_year() -> None:
    read = read_dates(pl.Series([*DAMAGED[:2], *MODERN * 5]))
    assert read.years.to_list()[:2] == [1905, 1905]
    assert "spreadsheet" not in read.note


def test_the_table_tells_of_them() -> None:
    dates = [*MODERN, *DAMAGED]
    lines = [f"Song {n},0.{n},0.5,12{n}.5,{date}" for n, date in enumerate(dates)]
    table = read_songs("\n".join(["title,energy,valence,tempo,release_date", *lines]).encode())
    assert table.songs["year"].to_list() == [1968, 1984, 1998, 2003, 2012, 2019, *[None] * 4]
    reading = next(column for column in table.columns if column.column == "release_date")
    assert TOLD in reading.note
