"""Release dates of every precision and order, and years that a spreadsheet took for days."""

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


@pytest.mark.parametrize(
    ("cells", "dates", "years"),
    [
        (
            ["1922", "1981-12", "2001-03-19", "0", ""],
            ["1922", "1981-12", "2001-03-19", None, None],
            [1922, 1981, 2001],
        ),
        (["22-02-1922", "01-06-1922"], ["1922-02-22", "1922-06-01"], [1922, 1922]),
        (["10/27/82", "6/2/13"], ["1982-10-27", "2013-06-02"], [1982, 2013]),
        (["6/25/2013", "7/2/2021"], ["2013-06-25", "2021-07-02"], [2013, 2021]),
        (["1/2/2003", "3/4/2005"], ["2003", "2005"], [2003, 2005]),
        (
            ["4/16/2018", "22-01-1928", "2/3/2018", "2-3-1928"],
            ["2018-04-16", "1928-01-22", "2018-02-03", "1928-03-02"],
            [2018],
        ),
        (["2001-03-19T07:00:00Z", "2001-03-19 07:00"], ["2001-03-19", "2001-03-19"], [2001, 2001]),
        (
            ["Jan 5, 2019", "5 January 2019", "March 2001"],
            ["2019-01-05", "2019-01-05", "2001-03"],
            [2019, 2019, 2001],
        ),
        (["2019.0", "1990"], ["2019", "1990"], [2019, 1990]),
        (["90s", "1980s", "2000s"], [None, None, None], [1995, 1985, 2005]),
        (["x", "1", "2011-00-00"], [None, None, "2011"], [None, None, 2011]),
    ],
)
def test_dates(cells: list[str], dates: list[str | None], years: list[float | None]) -> None:
    read = read_dates(pl.Series(cells))
    assert read.dates.to_list() == dates
    assert read.years[: len(years)].to_list() == years


def test_a_named_order_of_dates() -> None:
    assert read_dates(pl.Series(["1/2/2003"]), order="d-m-y").dates.to_list() == ["2003-02-01"]
    songs = pl.DataFrame({"energy": [0.5], "valence": [0.25], "tempo": [120.0], "year": ["1/2/2003"]})
    table = read_songs(songs, units={"year": "m-d-y"})
    assert table.songs["release_date"][0] == "2003-01-02"
