"""Release dates of every precision and order -> ISO text and year.

Conventions
-----------
A date is written as far as it is known: "1922", "1981-12", "2001-03-19". Where a column cannot tell the day
from the month, the year alone is kept. Whether the day or the month stands first is decided by the values
over 12, for each separator apart (one column may hold ``4/6/2018`` and ``12-01-1928`` from two sources).
Years of two digits are read as Excel does: 30 to 99 as 19.., 00 to 29 as 20.. . Year 0 is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from songatlas.songs.different import Different
from songatlas.songs.text_cells import TextForm, as_text, null_where, read_text

_FIRST_YEAR, _LAST_YEAR = 1500, 2100


@dataclass(frozen=True)
class DateForm:
    """How the dates of one column are written.

    Attributes
    ----------
    slash, dash, dot : str
        Which of two short numbers between such marks comes first: "d-m-y", "m-d-y", "both" or "unknown";
        empty where no date is written so.
    lost_1905 : bool
        Whether 1905 is what a spreadsheet made of bare years.
    text : TextForm
        How cells become text.
    """

    slash: str = ""
    dash: str = ""
    dot: str = ""
    lost_1905: bool = False
    text: TextForm = field(default_factory=TextForm)

    @property
    def orders(self) -> dict[str, str]:
        """The order by its mark."""
        return {"/": self.slash, "-": self.dash, ".": self.dot}


@dataclass(frozen=True)
class Dates:
    """Dates of a column: `dates` (String) and `years` (Float64), null where unknown; unit, note and form."""

    dates: pl.Series
    years: pl.Series
    unit: str
    note: str
    form: DateForm


def read_dates(cells: pl.Series, *, order: str | None = None) -> Dates:
    """Read the dates of a column.

    Parameters
    ----------
    cells : polars.Series
        Text, whole numbers (years) or typed dates.
    order : {"d-m-y", "m-d-y"}, optional
        Order where the person named it.

    Returns
    -------
    Dates
        With a note on what was decided.
    """
    different = Different.of(cells)
    text, text_form = read_text(different.values)
    text = _without_unknown(text)
    slash, dash, dot = (order or _order(text, mark, different) for mark in ("/", "-", "."))
    form = DateForm(slash, dash, dot, text=text_form)
    plain, years, decades = _dates_in(text, form.orders)
    n_lost = different.count(text.is_not_null()) - different.count(years.is_not_null())
    note = _note(form.orders, n_lost, has_decades=bool(decades.any()))
    if (years == 1905).any() and _are_taken_for_days(different.spread(years)):
        n_damaged = different.count(years == 1905)
        form = replace(form, lost_1905=True)
        plain, years = _without_1905(plain, years)
        told = f"{n_damaged:,} dates of 1905 are years that a spreadsheet took for days, so they are unknown"
        note = f"{note}; {told}" if note else told
    unit = _unit(text, form.orders)
    return Dates(different.spread(plain), different.spread(years), unit, note, form)


def dates_as(cells: pl.Series, form: DateForm) -> tuple[pl.Series, pl.Series]:
    """Dates (String) and years (Float64) of cells whose form is known, null where they are none."""
    different = Different.of(cells)
    plain, years, _ = _dates_in(_without_unknown(as_text(different.values, form.text)), form.orders)
    if form.lost_1905:
        plain, years = _without_1905(plain, years)
    return different.spread(plain), different.spread(years)


def _without_unknown(text: pl.Series) -> pl.Series:
    """Text with words for an unknown date as null."""
    return null_where(text, text.str.to_lowercase().is_in(["unknown", "none", "-", "n/a"]))


def _dates_in(text: pl.Series, orders: dict[str, str]) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Dates and years in text, null where unknown; and which are decades, of which there is no date."""
    dates = _parse(text, orders)
    decades = dates.str.starts_with("~")
    plain = dates.str.strip_prefix("~")
    years = plain.str.head(4).cast(pl.Float64, strict=False)
    out = ~years.is_between(_FIRST_YEAR, _LAST_YEAR)
    return plain.set(out | decades, None), years.set(out, None), decades


def _without_1905(plain: pl.Series, years: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Dates and years without those of 1905."""
    damaged = years == 1905
    return plain.set(damaged, None), years.set(damaged, None)


def _are_taken_for_days(years: pl.Series) -> bool:
    """Say whether 1905 is what a spreadsheet made of bare years: day 1998 of its calendar lies in 1905.

    Real songs of 1905 have neighbours: only where no other song is of 1895 to 1925 and most are modern is
    the year a damaged one.
    """
    others = years.filter(years != 1905)
    alone = len(others) and not others.is_between(1895, 1925).any() and others.median() > 1950  # type: ignore[operator]
    return bool(alone) and int((years == 1905).sum()) >= 3


def _order(text: pl.Series, mark: str, different: Different) -> str:
    """Decide by values over 12 which of two numbers is the day: "d-m-y", "m-d-y", "both" or ""."""
    numbers = text.str.extract_groups(_short(mark)).struct.unnest().cast(pl.Int64, strict=False)
    n_dates = different.count(numbers["y"].is_not_null())
    if not n_dates:
        return ""
    day_first, month_first = different.count(numbers["a"] > 12), different.count(numbers["b"] > 12)
    if day_first and month_first:
        is_both = min(day_first, month_first) > 0.01 * n_dates
        return "both" if is_both else ("d-m-y" if day_first > month_first else "m-d-y")
    return "d-m-y" if day_first else "m-d-y" if month_first else "unknown"


def _short(mark: str) -> str:
    """Pattern of two short numbers and a year."""
    stop = f"[{mark}]"
    return rf"^(?<a>\d{{1,2}}){stop}(?<b>\d{{1,2}}){stop}(?<y>\d{{4}}|\d{{2}})(?:[ T].*)?$"


def _parse(text: pl.Series, orders: dict[str, str]) -> pl.Series:
    """Dates in ISO text, decades marked by "~"; null where nothing is understood."""
    cell = pl.col("text")
    iso = cell.str.extract_groups(
        r"^(?<y>\d{4})(?:[-/.](?<m>\d{1,2})(?:[-/.](?<d>\d{1,2}))?)?(?:[ T].*|\.0+)?$"
    )
    forms = [_iso(iso.struct.field("y"), iso.struct.field("m"), iso.struct.field("d"))]
    for mark, order in orders.items():
        found = cell.str.extract_groups(_short(mark))
        forms.append(_ordered(found, order))
    named = cell.str.to_lowercase()
    month = named.str.extract(r"\b([a-z]{3})[a-z]*\b").replace_strict(
        {name: str(number) for name, number in MONTHS.items()}, default=None, return_dtype=pl.String
    )
    day = named.str.extract(r"\b(\d{1,2})(?:st|nd|rd|th)?\b")
    year = named.str.extract(r"\b(\d{4})\b")
    forms.append(pl.when(month.is_not_null()).then(_iso(year, month, day)))
    forms.append(_iso(cell.str.extract(r"^(\d{4})\d{4}$"), cell.str.slice(4, 2), cell.str.slice(6, 2)))
    decade = cell.str.extract(r"^(?:\d{2})?(\d)0'?s$").cast(pl.Int64, strict=False)
    century = cell.str.extract(r"^(\d{2})\d0'?s$").cast(pl.Int64, strict=False)
    century = century.fill_null(pl.when(decade >= 3).then(19).otherwise(20))
    forms.append("~" + (century * 100 + decade * 10 + 5).cast(pl.String))
    return text.to_frame("text").select(pl.coalesce(forms).alias("date")).to_series()


def _ordered(found: pl.Expr, order: str) -> pl.Expr:
    """Dates of two short numbers and a year, by the order of the column."""
    first, second, year = (found.struct.field(name) for name in "aby")
    whole = (
        pl.when(year.str.len_chars() == 4)
        .then(year)
        .when(year.cast(pl.Int64, strict=False) >= 30)
        .then("19" + year)
        .otherwise("20" + year)
    )
    if order == "d-m-y":
        return _iso(whole, second, first)
    if order == "m-d-y":
        return _iso(whole, first, second)
    nobody = pl.lit(None, dtype=pl.String)
    if order == "both":
        return (
            pl.when(first.cast(pl.Int64, strict=False) > 12)
            .then(_iso(whole, second, first))
            .when(second.cast(pl.Int64, strict=False) > 12)
            .then(_iso(whole, first, second))
            .otherwise(_iso(whole, nobody, nobody))
        )
    return _iso(whole, nobody, nobody)


def _iso(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """ISO text as far as the parts are possible."""
    month_number, day_number = month.cast(pl.Int64, strict=False), day.cast(pl.Int64, strict=False)
    has_month = month_number.is_between(1, 12).fill_null(False)
    has_day = has_month & day_number.is_between(1, 31).fill_null(False)
    to_month = year + "-" + month.str.zfill(2)
    return (
        pl.when(has_day)
        .then(to_month + "-" + day.str.zfill(2))
        .when(has_month)
        .then(to_month)
        .otherwise(year)
    )


def _unit(text: pl.Series, orders: dict[str, str]) -> str:
    """Name the form of the dates."""
    met = [order for order in orders.values() if order in ("d-m-y", "m-d-y")]
    if met:
        return "date " + " and ".join(dict.fromkeys(met))
    filled = text.drop_nulls()
    if len(filled) and bool(filled.str.contains(r"^\d{1,4}(?:\.0+)?$").all()):
        return "year"
    return "decade" if bool(filled.str.contains(r"0'?s$").any()) else "date"


def _note(orders: dict[str, str], n_lost: int, *, has_decades: bool) -> str:
    """Say what was decided and what was lost."""
    notes = [
        f"in dates with {mark!r} the {'day' if order == 'd-m-y' else 'month'} stands first"
        for mark, order in orders.items()
        if order in ("d-m-y", "m-d-y")
    ]
    unsure = [mark for mark, order in orders.items() if order in ("unknown", "both")]
    if unsure:
        signs = " and ".join(repr(mark) for mark in unsure)
        notes.append(f"in dates with {signs} day and month cannot be told apart, so only the year is kept")
    if has_decades:
        notes.append("of a decade its middle year is taken")
    if n_lost:
        notes.append(f"cells that give no year: {n_lost:,}")
    return "; ".join(notes)


def from_parts(year: pl.Series, month: pl.Series | None, day: pl.Series | None) -> pl.Series:
    """Join the texts of year, month and day into ISO text."""
    nothing = pl.repeat(None, len(year), dtype=pl.String, eager=True)
    parts = pl.DataFrame(
        {
            "y": year,
            "m": nothing if month is None else month,
            "d": nothing if day is None else day,
        }
    )
    return parts.select(_iso(pl.col("y").str.extract(r"^(\d{4})"), pl.col("m"), pl.col("d"))).to_series()


MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
