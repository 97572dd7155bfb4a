r"""Filters: which songs of a table are meant by words such as `year=1980..1989` or `artist=Daft Punk`.

A filter is a column, a sign and a value. Columns are named in any way: `tempo` and `BPM` are one.

- `=` and `!=`: a number, a range of numbers (`year=1980..1989`, `tempo=120..`, `year=1980s`), yes or no, a
  key (`key=8A`), a text, one of several texts (`tags=jazz|soul`; of a list one must fit);
- `>=`, `<=`, `>`, `<`: numbers, percentiles of the catalogue (`energy>=80%`), lengths (`duration<=4:00`);
- `~`: words that stand in a text (`title~love`).

Texts are compared without case, accents and punctuation. A song whose value is not known is never meant, not
by `!=` either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import BadSettings, UnknownName, did_you_mean, quoted
from songatlas.features import DETAILS, FEATURES, header_key
from songatlas.songs.finding import folded_texts, valid_text
from songatlas.songs.pitch import key_of
from songatlas.songs.scanned import VECTORS

_FILTER: Final = re.compile(r"^\s*(.+?)\s*(>=|<=|!=|==|=|>|<|~)\s*(.*?)\s*$", re.DOTALL)
_CLOCK: Final = re.compile(r"^(?:(\d+):)?(\d+):([0-5]\d(?:\.\d+)?)$")
_WITH_UNIT: Final = re.compile(r"^([\d.]+)\s*(ms|s|sec|min)$")
_MILLISECONDS: Final = {"ms": 1.0, "s": 1000.0, "sec": 1000.0, "min": 60_000.0}
_HYPHEN: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)$")
_DAY: Final = re.compile(r"^\d{4}(-\d\d(-\d\d)?)?$")
_DECADE: Final = re.compile(r"^(\d{3})0s$")
_WANTED: Final = {
    "year": "a year, a range such as 1990..1999, or 1990s",
    "key": "a key such as C, F minor or 8A, or a pitch class from 0 to 11",
    "duration_ms": "a length such as 4:00, or a range such as 2:00..4:00",
}
_FLAGS: Final = {"yes": 1.0, "true": 1.0, "1": 1.0, "no": 0.0, "false": 0.0, "0": 0.0}
_RULE: Final = "write COLUMN=VALUE, such as year=1980..1989, energy>=80%, explicit=no or 'artist=Daft Punk'"
_LONGEST: Final = 2000
_MOST_NAMES: Final = 50_000
_FEW_NAMES: Final = 20
_INNER: Final = ("artist", "version_of", "imputed", *VECTORS)


def allowed(songs: pl.DataFrame, filters: Sequence[str]) -> NDArray[np.bool_]:
    """Return which songs pass all filters.

    Parameters
    ----------
    songs : DataFrame
        A songs table; any other columns may be filtered by, too.
    filters : sequence of str
        None lets every song pass.

    Returns
    -------
    ndarray of bool, shape (n_songs,)

    Raises
    ------
    BadSettings
        If a filter cannot be read, or its sign or value does not fit the column.
    UnknownName
        If there is no such column, or no song has such a text; the message names the nearest.

    Examples
    --------
    >>> songs = pl.DataFrame({"year": [1979.0, 1984.0, None], "tags": [["Jazz"], ["pop", "soul"], []]})
    >>> allowed(songs, ["year=1980..1989"]).tolist(), allowed(songs, ["tags=jazz|soul"]).tolist()
    ([False, True, False], [True, True, False])
    """
    passed = np.ones(songs.height, dtype=np.bool_)
    for text in filters:
        passed &= _passes(songs, valid_text(text))
    return passed


def _passes(songs: pl.DataFrame, text: str) -> NDArray[np.bool_]:
    """Which songs pass one filter."""
    if len(text) > _LONGEST:
        raise BadSettings(
            f"{_the_filter(text)} has {len(text):,} letters, and {_LONGEST:,} at most are read: {_RULE}"
        )
    read = _FILTER.match(text)
    if read is None or not read[3]:
        raise BadSettings(f"{_the_filter(text)} cannot be read: {_RULE}")
    column = column_named(songs, read[1])
    sign = "=" if read[2] == "==" else read[2]
    values = songs[column]
    if column == "key" and sign in ("=", "!=") and (keys := _keys_of(read[3])):
        return _by_key(songs, sign, keys)
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return _by_number(values, sign, read[3], text)
    if column == "release_date" and _DAY.match(read[3]):
        return _by_day(values, sign, read[3])
    if sign not in ("=", "!=", "~"):
        raise BadSettings(f"{_the_filter(text)} compares texts by {sign!r}: use =, != or ~ (contains)")
    return _by_text(values, sign, read[3], asked=read[1])


def _the_filter(text: str) -> str:
    """A filter as an error names it."""
    return f"the filter {quoted(text)}"


def column_named(songs: pl.DataFrame, name: str) -> str:
    """Return the column of a songs table that is meant by a name, written in any way.

    Raises
    ------
    UnknownName
        If it is not there; the message says which are.
    """
    key = header_key(name)
    own = {header_key(column): column for column in songs.columns}
    meant = [own[key]] if key in own else []
    aliases = [*((each.column, each.aliases) for each in FEATURES.values())]
    aliases += [*((each.column, each.aliases) for each in DETAILS.values())]
    for column, keys in aliases:
        if key in keys:
            meant.append("year" if column == "release_date" and "year" in songs.columns else column)
    found = next((column for column in meant if column in songs.columns), None)
    if found is None:
        known = [column for column in songs.columns if column not in _INNER]
        raise UnknownName(
            f"the songs have no column {quoted(name.strip())}{did_you_mean(name, known)} "
            f"(columns: {', '.join(known)})"
        )
    return found


def _by_number(values: pl.Series, sign: str, value: str, text: str) -> NDArray[np.bool_]:
    """Songs whose number fits."""
    numbers: NDArray[np.float64] = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    if sign == "~":
        raise BadSettings(f"{_the_filter(text)} looks for words in numbers: use =, !=, >=, <=, > or <")
    if sign in ("=", "!="):
        value = _as_range(values.name, value)
    low, dots, high = value.partition("..")
    if dots and sign not in ("=", "!="):
        raise BadSettings(f"{_the_filter(text)} has a range: use = or != with it, such as year=1980..1989")
    if not dots:
        return _compared(numbers, sign, _number(values, numbers, low, text))
    least = _number(values, numbers, low, text) if low.strip() else -np.inf
    most = _number(values, numbers, high, text) if high.strip() else np.inf
    if least > most:
        raise BadSettings(f"{_the_filter(text)} begins above its end: write the smaller number first")
    inside = (numbers >= least) & (numbers <= most)
    return inside if sign == "=" else ~inside & ~np.isnan(numbers)


def _as_range(column: str, value: str) -> str:
    """A range as people write it, such as 1990-1999 or 1990s, as we do."""
    if (hyphen := _HYPHEN.match(value)) is not None:
        return f"{hyphen[1]}..{hyphen[2]}"
    if column == "year" and (decade := _DECADE.match(value)) is not None:
        return f"{decade[1]}0..{decade[1]}9"
    return value


def _keys_of(value: str) -> list[tuple[int, int | None]]:
    """Pitch classes and modes of keys in words, such as C, F minor or 8A; none where one is none."""
    found = [key_of(part.strip()) for part in value.split("|")]
    return [key for key in found if key is not None] if all(found) else []


def _by_key(songs: pl.DataFrame, sign: str, keys: Sequence[tuple[int, int | None]]) -> NDArray[np.bool_]:
    """Songs in one of several keys, or in another."""
    classes: NDArray[np.float64] = songs["key"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    modes = np.full(songs.height, np.nan)
    if "mode" in songs.columns:
        modes = songs["mode"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    meant = np.zeros(songs.height, dtype=np.bool_)
    for pitch, mode in keys:
        meant |= (classes == pitch) & (True if mode is None else modes == mode)
    return meant if sign == "=" else ~meant & ~np.isnan(classes)


def _by_day(values: pl.Series, sign: str, day: str) -> NDArray[np.bool_]:
    """Songs that came out by a day, month or year, each known as far as it is asked for."""
    known = values.str.len_chars() >= len(day)
    days = values.str.head(len(day))
    signs = {"=": days == day, "!=": days != day, ">=": days >= day, "<=": days <= day}
    found = signs.get(sign, days > day if sign == ">" else days < day)
    return np.asarray((found & known).fill_null(value=False).to_numpy())


def _compared(numbers: NDArray[np.float64], sign: str, value: float) -> NDArray[np.bool_]:
    """Where numbers compare with a value as the sign says; never where they are not known."""
    signs: dict[str, Any] = {
        "=": np.equal,
        "!=": np.not_equal,
        ">=": np.greater_equal,
        "<=": np.less_equal,
        ">": np.greater,
        "<": np.less,
    }
    found: NDArray[np.bool_] = signs[sign](numbers, value) & ~np.isnan(numbers)
    return found


def _number(values: pl.Series, numbers: NDArray[np.float64], said: str, text: str) -> float:
    """The number that a person wrote: plain, a percentile, yes or no, or a length."""
    word = said.strip().lower()
    if values.dtype == pl.Boolean and word in _FLAGS:
        return _FLAGS[word]
    clock, unit = _CLOCK.match(word), _WITH_UNIT.match(word)
    if values.name == "duration_ms" and clock:
        return (float(clock[1] or 0) * 3600 + float(clock[2]) * 60 + float(clock[3])) * 1000
    try:
        if values.name == "duration_ms" and unit:
            return float(unit[1]) * _MILLISECONDS[unit[2]]
        number = float("nan" if "_" in word else word.removesuffix("%"))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        wanted = _WANTED.get(values.name, "a number, a range such as 80..120, or 75%")
        wanted = "yes or no" if values.dtype == pl.Boolean else wanted
        raise BadSettings(
            f"{_the_filter(text)} has {quoted(said.strip())} where {values.name} needs {wanted}"
        )
    if word.endswith("%"):
        return _percentile(numbers, number, text)
    if values.name in FEATURES and FEATURES[values.name].unit == "share" and number > 1:
        raise BadSettings(
            f"{_the_filter(text)} lies beyond {values.name}, which goes from 0 to 1: write {number / 100:g}, "
            f"or {number:g}% for the percentile of the catalogue"
        )
    if values.name == "duration_ms" and not header_key(text).startswith("durationms"):
        raise BadSettings(f"{_the_filter(text)} does not say a unit: write 4:00, 240s or 240000ms")
    return number


def _percentile(numbers: NDArray[np.float64], share: float, text: str) -> float:
    """The value below which that percentage of the known numbers lies."""
    known = numbers[~np.isnan(numbers)]
    if not 0 <= share <= 100:
        raise BadSettings(f"{_the_filter(text)} names a percentile outside 0% to 100%")
    return float(np.percentile(known, share)) if len(known) else np.inf


def _by_text(values: pl.Series, sign: str, value: str, *, asked: str) -> NDArray[np.bool_]:
    """Songs of which a text is one of those asked for, or contains one."""
    rows, texts = _one_a_row(values)
    folded = folded_texts(texts)
    parts = [part.strip() for part in value.split("|")]
    if (texts == value.strip()).any():  # a name with a | in it
        parts = [value.strip()]
    wanted = folded_texts(pl.Series(parts, dtype=pl.String))
    if sign == "~":
        words = [word for word in wanted.to_list() if word]
        hits = (
            (" " + folded + " ").str.contains_any([f" {word}" for word in words])
            if words
            else folded.is_null()
        )
    else:
        hits = folded.is_in(wanted.filter(wanted != "").to_list()) | texts.is_in(parts)
        if not hits.any():
            raise UnknownName(_no_such_text(values.name, value, texts, asked=asked))
    found = np.zeros(len(values), dtype=np.bool_)
    found[rows[hits.fill_null(value=False).to_numpy()]] = True
    if sign != "!=":
        return found
    known = np.zeros(len(values), dtype=np.bool_)
    known[rows] = True
    return known & ~found


def _one_a_row(values: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """The row and text of every text, lists one by one."""
    frame = pl.DataFrame({"text": values}).with_row_index("row")
    if isinstance(values.dtype, pl.List):
        frame = frame.explode("text")
    known = frame.with_columns(pl.col("text").cast(pl.String)).drop_nulls("text")
    return known["row"].to_numpy().astype(np.int64), known["text"]


def _no_such_text(column: str, value: str, texts: pl.Series, *, asked: str) -> str:
    """What to say where no song has a text."""
    commonest = texts.value_counts(sort=True).head(_MOST_NAMES)[texts.name].to_list()
    by_folded = dict(
        zip(folded_texts(pl.Series(commonest, dtype=pl.String)).to_list(), commonest, strict=True)
    )
    read = (
        ""
        if header_key(asked) in (header_key(column), column[:-1])
        else f" ({quoted(asked)} is read as {column})"
    )
    near = did_you_mean(folded_texts(pl.Series([value]))[0] or "", [name for name in by_folded if name])
    hint = re.sub(r"'(.*)'", lambda found: repr(by_folded.get(found[1], found[1])), near)
    named = sorted(name for name in commonest if not name.isdigit())
    known = f" (there are: {', '.join(name if name.isprintable() else quoted(name) for name in named)})"
    step = f"; write {column}~WORD for songs in whose {column} a word stands"
    rest = known if 0 < len(named) <= _FEW_NAMES else step
    return f"no song has {column} {quoted(value)}{read}{hint}{rest}"
