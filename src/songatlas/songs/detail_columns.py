"""The columns that identify, date, rank and label songs: ids, titles, artists, dates, tags, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from songatlas.errors import MissingColumns
from songatlas.features import DETAILS, header_key
from songatlas.songs.dates import from_parts, read_dates
from songatlas.songs.different import Different, share_true
from songatlas.songs.duplicates import Repeated, find_repeated
from songatlas.songs.flags import read_flags
from songatlas.songs.headers import DATE_PARTS
from songatlas.songs.ids import bare_ids, ids_in, is_counter, share_of_spotify_ids
from songatlas.songs.numbers import read_numbers
from songatlas.songs.recognition import find_genre
from songatlas.songs.row_rules import (
    DateRule,
    GenreRule,
    LocationRule,
    NamesRule,
    NumberRule,
    Rules,
    TextRule,
    VectorRule,
    bare_artist_ids,
    filled_dates,
    names_and_titles,
    ranks_in,
    tags_in,
    with_made_ids,
)
from songatlas.songs.scanned import VECTORS, read_locations, read_vectors
from songatlas.songs.table import ColumnReading, RawTable, Sureness
from songatlas.songs.text_cells import (
    Names,
    TextForm,
    genre_words,
    hold_several,
    is_label,
    join_tags,
    listed_names,
    null_where,
    read_names,
    read_text,
    split_names,
    split_tags,
)
from songatlas.songs.units import LEFT_ALONE


@dataclass
class Details:
    """Details read so far: `values` by column, `readings` by position."""

    values: dict[str, pl.Series] = field(default_factory=dict)
    readings: dict[int, ColumnReading] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)

    def add(self, **rules: Any) -> None:
        """Write down rules: those of a kind that has several go behind the ones that are there."""
        more: dict[str, Any] = {
            kind: (*before, rule) if isinstance(before := getattr(self.rules, kind), tuple) else rule
            for kind, rule in rules.items()
        }
        self.rules = replace(self.rules, **more)


def read_details(
    raw: RawTable,
    candidates: Mapping[str, Sequence[int]],
    features: Mapping[str, pl.Series],
    *,
    taken: Mapping[int, ColumnReading],
    named: Mapping[str, int],
    units: Mapping[str, str],
    genre: str | None,
) -> Details:
    """Read every detail that the table has.

    Parameters
    ----------
    raw : RawTable
        The table as it was read.
    candidates : mapping of str to sequence of int
        Positions that may be a column, the best first.
    features : mapping of str to polars.Series
        Features read already, of which ids are made where the table has none.
    taken : mapping of int to ColumnReading
        Columns that are understood already.
    named, units : mapping
        Positions and units that a person named.
    genre : str or None
        Header of the genre to judge by.
    """
    reader = _Reader(raw, named, units)
    free = {
        column: [place for place in candidates.get(column, ()) if place not in taken]
        for column in DETAILS
        if units.get(column) != LEFT_ALONE
    }
    for column in ("title", "album", "album_artist", "isrc", "playlist", "measured_by"):
        reader.read_text(column, free.get(column, []))
    for column in ("artists", "artist_ids"):
        reader.read_names(column, free.get(column, []))
    reader.read_dates(free.get("release_date", []))
    reader.read_flag(free.get("explicit", []))
    for column in ("popularity", "streams", "artist_popularity", "followers"):
        reader.read_number(column, free.get(column, []))
    reader.read_tags(free.get("tags", []), genre, taken)
    reader.read_heard_tags(free.get("heard_tags", []))
    reader.read_location(free.get("location", []))
    for column in VECTORS:
        reader.read_vectors(column, free.get(column, []))
    reader.read_ids(free.get("song_id", []), features)
    for column, places in free.items():
        reader.note_unused(column, places)
    if "title" not in reader.details.values and "title" in free and not free["title"]:
        reader.details.notes.append("no column looks like a title: name it with --column title=HEADER")
    return reader.details


class _Reader:
    """Reads details one kind after another into `details`."""

    def __init__(self, raw: RawTable, named: Mapping[str, int], units: Mapping[str, str]) -> None:
        self.raw, self.named, self.units = raw, named, units
        self.details = Details()

    def _cells(self, place: int) -> pl.Series:
        """The cells of an input column."""
        return self.raw.frame.to_series(place)

    def _keep(
        self, column: str, place: int, unit: str | None, note: str = "", *, sure: Sureness = "certain"
    ) -> None:
        """Write down what a column turned out to be."""
        sure = "named" if column in self.named else sure
        header = self.raw.header[place]
        self.details.readings[place] = ColumnReading(header, place, column, unit, sure, note)

    def _leave(self, place: int, note: str) -> None:
        """Write down that a column is not used."""
        header = self.raw.header[place]
        self.details.readings[place] = ColumnReading(header, place, None, None, "left alone", note)

    def read_text(self, column: str, places: Sequence[int]) -> None:
        """Read the first column of text that holds any."""
        for place in places:
            text, form = (read_names if column == "title" else read_text)(self._cells(place))
            if (why := _says_nothing(text)) and column not in self.named:
                self._leave(place, why)
                continue
            self.details.values[column] = text
            self.details.add(texts=TextRule(column=column, place=place, text=form))
            self._keep(column, place, None)
            return

    def read_names(self, column: str, places: Sequence[int]) -> None:
        """Read artists or their ids, and the text of the artists as it is shown."""
        for place in places:
            cells = self._cells(place)
            text, form = self._artists(place) if column == "artists" else read_text(cells)
            if (why := _says_nothing(text)) and column not in self.named:
                self._leave(place, why)
                continue
            is_typed = cells.dtype == pl.List(pl.String)
            if is_typed:
                names = Names(listed_names(cells), text, "lists")
            else:
                names = split_names(text, key=header_key(self.raw.header[place]))
            self.details.values[column] = names.lists
            if column == "artists":
                self.details.values["artist"] = null_where(names.text, names.text == "")
            else:
                self.details.values[column] = bare_artist_ids(names.lists, text)
            joint = None if is_typed else names.form
            self.details.add(names=NamesRule(column=column, place=place, text=form, names=joint))
            self._keep(column, place, None, names.note)
            return

    def _artists(self, place: int) -> tuple[pl.Series, TextForm]:
        """Artists as text; where title and artist both say ``NA``, both are missing."""
        text, form = read_names(self._cells(place))
        self.details.add(beside_titles=TextRule(column="artists", place=place, text=form))
        if "title" in self.details.values:
            text, self.details.values["title"] = names_and_titles(text, self.details.values["title"])
        return text, form

    def read_dates(self, places: Sequence[int]) -> None:
        """Read the release date from the first column that has one; further ones fill its gaps."""
        parts = {
            DATE_PARTS[key]: place
            for place, text in enumerate(self.raw.header)
            if (key := header_key(text)) in DATE_PARTS
        }
        dates = years = None
        for place in places:
            cells = self._cells(place)
            is_year = header_key(self.raw.header[place]).endswith("year")
            joined: dict[str, Any] = {}
            if dates is None and is_year and "month" in parts:
                cells, joined = self._join_date_parts(cells, parts)
            read = read_dates(cells, order=self.units.get("release_date"))
            rule = DateRule(place=place, dates=read.form, **joined)
            n_years = len(read.years) - read.years.null_count()
            if n_years == 0:
                self._leave(place, read.note or "gives no dates")
            elif dates is None or years is None:
                dates, years = read.dates, read.years
                self.details.add(dates=rule)
                self._keep("release_date", place, read.unit, read.note)
            else:
                n_gaps = int((years.is_null() & read.years.is_not_null()).sum())
                if n_gaps:
                    dates, years = filled_dates(dates, years, read.dates, read.years)
                    self.details.add(dates=rule)
                    self._keep(
                        "release_date", place, read.unit, f"fills gaps of the release date: {n_gaps:,}"
                    )
        if dates is not None and years is not None:
            self.details.values |= {"release_date": dates, "year": years}

    def _join_date_parts(self, year: pl.Series, parts: Mapping[str, int]) -> tuple[pl.Series, dict[str, Any]]:
        """Join columns of year, month and day; also how each of them is read."""
        text, form = read_text(year)
        texts: dict[str, pl.Series] = {}
        forms: dict[str, Any] = {"year": form}
        for name, place in parts.items():
            texts[name], form = read_text(self._cells(place))
            forms[name] = TextRule(column="release_date", place=place, text=form)
            self._keep("release_date", place, name, f"the {name} of the release date")
        return from_parts(text, texts.get("month"), texts.get("day")), forms

    def read_flag(self, places: Sequence[int]) -> None:
        """Read yes and no."""
        for place in places:
            read, form = read_flags(self._cells(place))
            if read is None or read.null_count() == len(read):
                self._leave(place, "holds neither yes nor no")
                continue
            self.details.values["explicit"] = read
            self.details.add(explicit=TextRule(column="explicit", place=place, text=form))
            self._keep("explicit", place, "yes or no")
            return

    def read_number(self, column: str, places: Sequence[int]) -> None:
        """Read popularity, streams and followers; a popularity from 0 to 1 becomes 0 to 100."""
        for place in places:
            numbers = read_numbers(self._cells(place))
            if numbers.n_numbers == 0 or numbers.share_of_numbers < 0.5:
                self._leave(place, "empty" if not numbers.n_cells else "holds words, not numbers")
                continue
            notes = []
            if n_unknown := int((numbers.values < 0).sum()):
                notes.append(f"values below 0, which are unknown: {n_unknown:,}")
            if numbers.n_grouped:
                notes.append(f"values with a thousands separator: {numbers.n_grouped:,}")
            n_words = numbers.n_cells - numbers.n_numbers
            if n_words:
                notes.append(f"cells that are no number: {n_words:,}")
            unit = "number"
            if "popularity" in column:
                known = ranks_in(numbers.values, unit).drop_nulls()
                is_share = share_true(known <= 1) > 0.98 and bool((known != known.round()).any())
                unit = self.units.get(column) or ("share" if is_share else "0-100")
            self.details.values[column] = ranks_in(numbers.values, unit)
            self.details.add(numbers=NumberRule(column=column, place=place, unit=unit))
            self._keep(column, place, unit, "; ".join(notes))
            return

    def read_tags(self, places: Sequence[int], genre: str | None, taken: Mapping[int, ColumnReading]) -> None:
        """Unite the genre words of all columns, and take the genre to judge by."""
        cells = {place: Different.of(self._cells(place)) for place in places}
        chosen = find_genre(self.raw.header, cells, genre)
        if chosen is not None and chosen not in cells:
            cells[chosen] = Different.of(self._cells(chosen))
        lists = []
        for place, different in sorted(cells.items()):
            is_typed = different.values.dtype == pl.List(pl.String)
            text, form = (different.values, TextForm()) if is_typed else read_text(different.values)
            is_code = "" if is_typed else _is_code(different, text)
            why = "" if is_typed else _says_nothing(different.spread(text)) or is_code
            if place != chosen and why:
                self._leave(place, why)
                continue
            if not is_code:
                lists.append((different, split_tags(text)))
                self.details.add(tags=TextRule(column="tags", place=place, text=form))
            if place != chosen:
                self._keep("tags", place, None, "" if is_label(different) else "several words a song")
        if lists:
            self.details.values["tags"] = join_tags(lists)
        if chosen is not None:
            form = read_text(cells[chosen].values)[1]
            rule = GenreRule(place=chosen, text=form, several=hold_several(cells[chosen]))
            label = genre_words(cells[chosen], several=rule.several, form=form)
            self.details.add(genre=rule)
            self._keep_genre(chosen, label, genre is not None, taken)

    def read_heard_tags(self, places: Sequence[int]) -> None:
        """Read the words for what was heard in a song, which are no tags that came with it."""
        for place in places:
            cells = self._cells(place)
            form = TextForm() if cells.dtype == pl.List(pl.String) else read_text(cells)[1]
            words = tags_in(cells, form)
            if not (words.list.len() > 0).any():
                self._leave(place, "empty")
                continue
            self.details.values["heard_tags"] = words
            self.details.add(heard_tags=TextRule(column="heard_tags", place=place, text=form))
            self._keep("heard_tags", place, None, "heard in the sound, not given with the song")
            return

    def read_location(self, places: Sequence[int]) -> None:
        """Read where the files of the songs are, from the first column of such paths or URIs."""
        for place in places:
            found = read_locations(self._cells(place))
            if found is None and "location" not in self.named:
                self._leave(place, "holds no paths of music files")
                continue
            rule = LocationRule(place=place, text=None)
            if found is None:
                found, form = read_text(self._cells(place))
                rule = LocationRule(place=place, text=form)
            self.details.values["location"] = found
            self.details.add(location=rule)
            self._keep("location", place, None)
            return

    def read_vectors(self, column: str, places: Sequence[int]) -> None:
        """Read lists of numbers of one length."""
        for place in places:
            values, note = read_vectors(self._cells(place))
            if values is None:
                self._leave(place, note)
                continue
            self.details.values[column] = values
            width = int(values.list.len().max() or 0)  # type: ignore[arg-type]
            self.details.add(vectors=VectorRule(column=column, place=place, width=width))
            self._keep(column, place, None, note)
            return

    def _keep_genre(
        self, place: int, label: pl.Series, was_named: bool, taken: Mapping[int, ColumnReading]
    ) -> None:
        """Write down the genre to judge by."""
        header = self.raw.header[place]
        if label.null_count() == len(label):
            raise MissingColumns(
                f"column {header.strip()!r} was named as the genre, but it is empty: name another one "
                "with --genre"
            )
        self.details.values["genre"] = label
        before = taken.get(place) or self.details.readings.get(place)
        note = "the genre that clusters are judged by"
        if before is not None and before.column not in (None, "tags"):
            note += f"; read as {before.column} too"
        sure: Sureness = "named" if was_named else "certain"
        self.details.readings[place] = ColumnReading(header, place, "genre", None, sure, note)

    def read_ids(self, places: Sequence[int], features: Mapping[str, pl.Series]) -> None:
        """Take the best column of ids; rows without one get an id made of their content."""
        best: tuple[tuple[float, ...], TextRule, pl.Series, Repeated] | None = None
        for rank, place in enumerate(places):
            text, form = read_text(self._cells(place))
            ids = ids_in(text)
            is_spotify = share_of_spotify_ids(ids)
            repeated = find_repeated(ids, self.details.values.get("title"), features)
            if "song_id" not in self.named and (why := _is_no_id(ids, is_spotify, repeated)):
                self._leave_ids(place, why, repeated)
                continue
            filled = 1 - ids.null_count() / len(ids)
            score = (float(is_spotify > 0.5), float(filled > 0.9), round(filled, 2), -rank)
            if best is None or score > best[0]:
                best = (score, TextRule(column="song_id", place=place, text=form), ids, repeated)
        made = "title, artists, album and features"
        if best is None:
            none = pl.repeat(None, self.raw.frame.height, dtype=pl.String, eager=True)
            self.details.values["song_id"] = with_made_ids(none, self.details.values, features)
            self.details.notes.append(f"no column holds ids of songs: ids were made of {made}")
            return
        _, rule, ids, repeated = best
        self.details.add(song_id=rule)
        place = rule.place
        if repeated.n_mixed:
            self.details.notes.append(
                f"ids that different songs share: {repeated.shown}; the songs of each become one, which ids "
                "of their own keep apart"
            )
        if n_missing := ids.null_count():
            ids = with_made_ids(ids, self.details.values, features)
            self.details.notes.append(f"rows without a song id: {n_missing:,}; their ids were made of {made}")
        self.details.values["song_id"] = ids
        if place in self.details.readings:
            self.details.notes.append(f"{self.raw.header[place].strip()!r} serves as the song id too")
        else:
            self._keep("song_id", place, None)
        self._leave_other_ids(places, place, ids)

    def _leave_ids(self, place: int, why: str, repeated: Repeated) -> None:
        """Write down that a column does not tell songs apart, in a note too where one would think so."""
        if place not in self.details.readings:
            self._leave(place, why)
        if repeated.is_no_id:
            header = self.raw.header[place].strip()
            self.details.notes.append(f"{header!r} {why} (ids that different songs share: {repeated.shown})")

    def _leave_other_ids(self, places: Sequence[int], place: int, ids: pl.Series) -> None:
        """Write down of further columns of ids which one is used."""
        for other in places:
            if other not in self.details.readings:
                same = bool((bare_ids(self._cells(other)) == ids).all())
                note = "the same ids as" if same else "not used: ids are read from"
                self._leave(other, f"{note} {self.raw.header[place].strip()!r} (column {place + 1})")

    def note_unused(self, column: str, places: Sequence[int]) -> None:
        """Say of further candidates why they are not used."""
        used = {reading.column: reading for reading in self.details.readings.values() if reading.column}
        for place in places:
            if place not in self.details.readings:
                kept = used.get(column)
                by = (
                    f"{column} is read from {kept.header.strip()!r} (column {kept.position + 1})"
                    if kept
                    else column
                )
                self._leave(place, f"not used: {by}")


def _says_nothing(text: pl.Series) -> str:
    """Say why a column of text is of no use; empty if it is."""
    n_known = len(text) - text.null_count()
    if not n_known:
        return "empty"
    if n_known >= 10 and share_true(text.is_in(["0", "0.0"])) > 0.9:
        return "holds nothing but zeros"
    return ""


def _is_code(different: Different, text: pl.Series) -> str:
    """Say whether labels are mere numbers."""
    n_numbers = different.count(text.cast(pl.Float64, strict=False).is_not_null())
    return "holds numbers, not words" if n_numbers > 0.5 * different.count(text.is_not_null()) else ""


def _is_no_id(ids: pl.Series, share_of_spotify: float, repeated: Repeated) -> str:
    """Say why a column cannot tell songs apart; empty if it can."""
    n_known = len(ids) - ids.null_count()
    if not n_known:
        return "empty"
    if is_counter(ids):
        return "counts the rows, which is no id of a song"
    if n_known >= 10 and share_of_spotify < 0.5 and ids.drop_nulls().n_unique() < 0.5 * n_known:
        return "repeats too often to be the id of a song"
    return "gives different songs one id, so it was not used" if repeated.is_no_id else ""
