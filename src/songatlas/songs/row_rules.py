"""What was decided of the columns of a table, and reading any of its rows by it.

`sound_columns` and `detail_columns` decide; a rule holds all that it takes to read the cells of its column
one by one. What a cell becomes depends on its row and the rules alone.

Conventions
-----------
Rules are plain frozen values. `place` is the position of a column of the input, `column` a column of the
songs table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from songatlas.features import FEATURES
from songatlas.songs.cell_kinds import as_kind, as_number_cells
from songatlas.songs.dates import DateForm, dates_as, from_parts
from songatlas.songs.different import Different
from songatlas.songs.durations import in_milliseconds
from songatlas.songs.flags import as_flags
from songatlas.songs.ids import bare_ids, made_ids
from songatlas.songs.numbers import Numbers, read_numbers
from songatlas.songs.pitch import beats_a_bar, modes, modes_of_keys, pitch_classes
from songatlas.songs.scanned import ScanMarks, locations_in, measured_by_scan, vectors_of
from songatlas.songs.text_cells import (
    NamesForm,
    TextForm,
    as_names,
    as_text,
    genre_words,
    join_tags,
    listed_names,
    names_in,
    null_where,
    says_nothing,
    split_tags,
)
from songatlas.songs.units import in_our_unit


@dataclass(frozen=True, kw_only=True)
class FeatureRule:
    """How a feature is read; the fields as in `UnitReading`, and whether numbers have decimal commas."""

    column: str
    place: int
    unit: str
    by_commas: bool = False
    is_odd: bool = False
    text: TextForm | None = None


@dataclass(frozen=True, kw_only=True)
class TextRule:
    """How a column of text, yes and no, or words is read."""

    column: str
    place: int
    text: TextForm


@dataclass(frozen=True, kw_only=True)
class NamesRule:
    """How artists or their ids are read; `names` is None where the cells are lists already."""

    column: str
    place: int
    text: TextForm
    names: NamesForm | None


@dataclass(frozen=True, kw_only=True)
class DateRule:
    """How dates are read; `year`, `month` and `day` where they stand in columns of their own."""

    place: int
    dates: DateForm
    year: TextForm | None = None
    month: TextRule | None = None
    day: TextRule | None = None


@dataclass(frozen=True, kw_only=True)
class NumberRule:
    """How a detail that is a number is read: its unit as in `ColumnReading`."""

    column: str
    place: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class GenreRule:
    """How the genre to judge by is read: one label a row, or several."""

    place: int
    text: TextForm
    several: bool


@dataclass(frozen=True, kw_only=True)
class LocationRule:
    """How paths and URIs are read: as text, or as they stand where `text` is None."""

    place: int
    text: TextForm | None


@dataclass(frozen=True, kw_only=True)
class VectorRule:
    """How lists of numbers are read: those of so many."""

    column: str
    place: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All rules of a table.

    Attributes
    ----------
    features : tuple of FeatureRule
        Of features; "mode" may be read from a column of keys.
    texts, names, numbers, vectors : tuple
        Of details of these kinds.
    beside_titles : tuple of TextRule
        Columns of artists: where one and the title say ``NA``, there is no title.
    dates : tuple of DateRule
        The first gives the dates, the others fill its gaps.
    explicit, heard_tags, song_id : TextRule or None
        Of these columns; without a rule ids are made of the songs.
    tags : tuple of TextRule
        Columns whose tags are united, in order.
    genre : GenreRule or None
        The genre to judge by.
    location : LocationRule or None
        Where the files are.
    marks : ScanMarks or None
        By what songs of a scan are known.
    """

    features: tuple[FeatureRule, ...] = ()
    texts: tuple[TextRule, ...] = ()
    names: tuple[NamesRule, ...] = ()
    numbers: tuple[NumberRule, ...] = ()
    vectors: tuple[VectorRule, ...] = ()
    beside_titles: tuple[TextRule, ...] = ()
    dates: tuple[DateRule, ...] = ()
    explicit: TextRule | None = None
    heard_tags: TextRule | None = None
    song_id: TextRule | None = None
    tags: tuple[TextRule, ...] = ()
    genre: GenreRule | None = None
    location: LocationRule | None = None
    marks: ScanMarks | None = None


class RowReader:
    """Reads the rows of a part of a table by rules."""

    def __init__(self, cells: pl.DataFrame, names: Sequence[str], kinds: Sequence[str]) -> None:
        self._cells, self._names, self._kinds = cells, names, kinds
        self.values: dict[str, pl.Series] = {}

    def _column(self, place: int) -> pl.Series:
        """The cells of a column as they come."""
        if self._names[place] in self._cells.columns:
            return self._cells[self._names[place]]
        return pl.repeat(None, self._cells.height, dtype=pl.Null, eager=True)

    def _of(self, place: int) -> pl.Series:
        """The cells of a column in the type that they had where the table was understood."""
        return as_kind(self._column(place), self._kinds[place])

    def _numbers(self, place: int, *, by_commas: bool = False) -> Numbers:
        """The numbers of a column."""
        return read_numbers(as_number_cells(self._column(place), self._kinds[place]), decimal_comma=by_commas)

    def read(self, rules: Rules) -> dict[str, pl.Series]:
        """Read all columns of the songs table."""
        features = {rule.column: self._feature(rule) for rule in rules.features}
        self._read_texts(rules)
        self._read_dates(rules.dates)
        for number in rules.numbers:
            self.values[number.column] = ranks_in(self._numbers(number.place).values, number.unit)
        self._read_words(rules)
        for vector in rules.vectors:
            self.values[vector.column] = vectors_of(self._of(vector.place), vector.width)
        self._read_ids(rules.song_id, features)
        self.values |= features
        if rules.marks is not None:
            place = rules.marks.outcome
            outcomes = None if place is None else self._of(place)
            self.values["measured_by"] = measured_by_scan(self.values, rules.marks, outcomes)
        return self.values

    def _feature(self, rule: FeatureRule) -> pl.Series:
        """Read one feature."""
        numbers, cells = self._numbers(rule.place, by_commas=rule.by_commas), self._of(rule.place)
        spec = FEATURES[rule.column]
        if rule.column == "key":
            return pitch_classes(numbers, cells, rule.unit, rule.text, blanks_are_c=rule.is_odd)
        if rule.column == "mode":
            by_key = rule.unit == MODE_OF_KEY
            return modes_of_keys(cells, rule.text) if by_key else modes(numbers, cells, rule.unit, rule.text)
        if rule.column == "time_signature":
            return beats_a_bar(numbers, cells, rule.unit, rule.text)
        if spec.unit == "ms":
            return in_milliseconds(numbers, rule.unit, is_shifted=rule.is_odd)
        return in_our_unit(numbers.values, rule.unit, low=spec.low, high=spec.high)

    def _read_texts(self, rules: Rules) -> None:
        """Read titles, names and other text."""
        for rule in rules.texts:
            read = as_names if rule.column == "title" else as_text
            self.values[rule.column] = read(self._of(rule.place), rule.text)
        artists = pl.Series([], dtype=pl.String)
        for beside in rules.beside_titles:
            artists = as_names(self._of(beside.place), beside.text)
            if "title" in self.values:
                artists, self.values["title"] = names_and_titles(artists, self.values["title"])
        for names in rules.names:
            cells = self._of(names.place)
            text = artists if names.column == "artists" else as_text(cells, names.text)
            if names.names is None:
                lists = listed_names(cells)
            else:
                lists, text = names_in(text, names.names)
            self.values[names.column] = lists
            if names.column == "artists":
                self.values["artist"] = null_where(text, text == "")
            else:
                self.values[names.column] = bare_artist_ids(lists, text)

    def _read_dates(self, rules: Sequence[DateRule]) -> None:
        """Read dates and years; further columns fill gaps."""
        for rule in rules:
            cells = self._of(rule.place)
            if rule.year is not None:
                month, day = (
                    None if part is None else as_text(self._of(part.place), part.text)
                    for part in (rule.month, rule.day)
                )
                cells = from_parts(as_text(cells, rule.year), month, day)
            dates, years = dates_as(cells, rule.dates)
            if "year" in self.values:
                dates, years = filled_dates(self.values["release_date"], self.values["year"], dates, years)
            self.values |= {"release_date": dates, "year": years}

    def _read_words(self, rules: Rules) -> None:
        """Read yes and no, tags, the genre, what was heard, and where files are."""
        if rules.explicit is not None:
            self.values["explicit"] = as_flags(self._of(rules.explicit.place), rules.explicit.text)
        places = {rule.place for rule in (*rules.tags, rules.genre) if rule is not None}
        words = {place: Different.of(self._of(place)) for place in places}
        if rules.tags:
            self.values["tags"] = join_tags(
                [(words[rule.place], tags_in(words[rule.place].values, rule.text)) for rule in rules.tags]
            )
        if rules.genre is not None:
            several, form = rules.genre.several, rules.genre.text
            self.values["genre"] = genre_words(words[rules.genre.place], several=several, form=form)
        if rules.heard_tags is not None:
            self.values["heard_tags"] = tags_in(self._of(rules.heard_tags.place), rules.heard_tags.text)
        if rules.location is not None:
            cells, shown = self._of(rules.location.place), rules.location.text
            self.values["location"] = locations_in(cells) if shown is None else as_text(cells, shown)

    def _read_ids(self, rule: TextRule | None, features: Mapping[str, pl.Series]) -> None:
        """Read ids of songs, and make those that are missing."""
        if rule is None:
            ids = pl.repeat(None, self._cells.height, dtype=pl.String, eager=True)
        else:
            ids = bare_ids(self._of(rule.place), rule.text)
        self.values["song_id"] = with_made_ids(ids, self.values, features)


MODE_OF_KEY = "mode of a key"
"""The unit of modes that are read from the words of keys."""


def names_and_titles(names: pl.Series, titles: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Names and titles; where both say ``NA``, both are missing."""
    no_name, no_title = says_nothing(names) | names.is_null(), says_nothing(titles) | titles.is_null()
    is_missing = (no_name & no_title).fill_null(False)
    return null_where(names, is_missing), null_where(titles, is_missing)


def bare_artist_ids(lists: pl.Series, text: pl.Series) -> pl.Series:
    """Lists of ids of artists without what is wrapped around them; `text` holds them as they stood."""
    if not text.str.contains("spotify:artist:", literal=True).any():
        return lists
    return lists.list.eval(pl.element().str.replace("^spotify:artist:", ""))


def filled_dates(
    dates: pl.Series, years: pl.Series, more_dates: pl.Series, more_years: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """Dates and years, others taken where the year is missing."""
    return more_dates.zip_with(years.is_null(), dates), more_years.zip_with(years.is_null(), years)


def ranks_in(values: pl.Series, unit: str) -> pl.Series:
    """Popularity, streams or followers in our unit; what is below 0 is unknown."""
    is_unknown = values < 0
    values = values.set(is_unknown, None) if is_unknown.any() else values
    return values * 100 if unit == "share" else values


def tags_in(cells: pl.Series, form: TextForm) -> pl.Series:
    """Tags of cells that are lists or text."""
    return split_tags(cells if cells.dtype == pl.List(pl.String) else as_text(cells, form))


def with_made_ids(
    ids: pl.Series, known: Mapping[str, pl.Series], features: Mapping[str, pl.Series]
) -> pl.Series:
    """Ids of songs, the missing ones made of what is known of the song."""
    rows = ids.is_null()
    if not rows.any():
        return ids
    texts = [known[name].filter(rows) for name in ("title", "artist", "album") if name in known]
    made = made_ids(texts, [features[name].filter(rows) for name in sorted(features)])
    return ids.rechunk().scatter(rows.arg_true(), made)
