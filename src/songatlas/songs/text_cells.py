"""Cells that hold words: titles, artists, tags, ids and flags.

Conventions
-----------
Every function takes one Polars Series of cells (String, unless it says otherwise) and returns one of the
same length. Cells are trimmed; a missing value is null. Costly reading is done once for each different
cell (`for_each_different`). List text such as ``['A', 'B']`` is taken apart by patterns; nothing in a
cell is ever evaluated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import polars as pl

_NO_NAME = ("", "#N/A", "<NA>")
_WORDS_FOR_NOTHING = ("NA", "NaN", "nan", "null", "NULL")  # there are songs and artists of these names
_NO_TEXT = (*_NO_NAME, *_WORDS_FOR_NOTHING)
_LIST = r"(?s)^\[.*\]$"
_QUOTED_LIST = r"""(?s)^\[\s*b?['"].*['"]\s*,?\s*\]$"""
_QUOTED = r"""(?s)'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_BYTES = r"""(?s)^b(?:'.*'|".*")$"""
_SAMPLE = 2000  # cells that show whether nearly every cell is different
_SLICE = 1 << 18  # cells that are trimmed at a time
_SPOTIFY_ID = r"^[0-9A-Za-z]{22}$"
_JOINED = 0.05  # share of artists with a comma from which on commas join artists: in names it is below 0.01
_SEVERAL = 0.05  # share of cells with several words from which on a column holds lists
_FEW_LABELS = 30  # labels up to which, each as often, a comma is part of a label
_SEMICOLONS = 0.005  # share of artists with a semicolon from which on it joins artists
_PLURAL_KEYS = ("artists", "artistnames", "artistsnames", "artistsname", "allartists", "trackartists")


@dataclass(frozen=True)
class Different:
    """The different cells of a column, so that costly reading is done once for each.

    Attributes
    ----------
    values : polars.Series
        Each different cell once; the whole column where nearly every cell is different.
    places : polars.Series or None
        For each row the place of its cell in `values`, null where the cell is null; None where `values` is
        the whole column.
    """

    values: pl.Series
    places: pl.Series | None

    @classmethod
    def of(cls, cells: pl.Series) -> Different:
        """Find the different cells of a column."""
        sample = cells.gather_every(max(1, len(cells) // _SAMPLE))
        if cells.dtype.is_nested() or cells.dtype == pl.Object or sample.n_unique() > 0.9 * len(sample):
            return cls(cells, None)
        values = cells.drop_nulls().unique()
        if len(values) > 0.7 * len(cells):
            return cls(cells, None)
        table = pl.DataFrame({"cell": values}).with_row_index("place")
        rows = cells.alias("cell").to_frame().join(table, on="cell", how="left", maintain_order="left")
        return cls(values, rows["place"])

    @cached_property
    def counts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """How many rows hold each of the values."""
        if self.places is None:
            return np.ones(len(self.values), dtype=np.int64)
        return np.bincount(self.places.drop_nulls().to_numpy(), minlength=len(self.values))

    def spread(self, read: pl.Series) -> pl.Series:
        """Give every row what was read from its cell; null stays null."""
        return read if self.places is None else read.gather(self.places)

    def count(self, flags: pl.Series) -> int:
        """How many rows hold a value whose flag is true."""
        return int(self.counts[flags.fill_null(False).to_numpy()].sum())

    def share(self, flags: pl.Series) -> float:
        """Share of the rows with a known flag whose flag is true; 0 if none is known."""
        n_known = self.count(flags.is_not_null())
        return self.count(flags) / n_known if n_known else 0.0


def for_each_different(cells: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply `read` once to each different cell; null stays null."""
    different = Different.of(cells)
    return different.spread(read(different.values))


def share_true(flags: pl.Series) -> float:
    """Share of the known values that are true; 0 if none is known."""
    known = flags.drop_nulls()
    return int(known.sum()) / len(known) if len(known) else 0.0


def as_text(cells: pl.Series) -> pl.Series:
    """Cells of any type as trimmed text, ``b'...'`` unwrapped; words for "nothing" become null."""
    text = _trimmed(cells)
    return null_where(text, text.is_in(_NO_TEXT))


def as_names(cells: pl.Series) -> pl.Series:
    """Titles or artists as text: a rare ``NA`` or ``null`` is a name there, many of them mean nothing."""
    text = _trimmed(cells)
    text = null_where(text, text.is_in(_NO_NAME))
    nothing = says_nothing(text)
    is_marker = int(nothing.sum()) > 2 and share_true(nothing) > 0.01
    return null_where(text, nothing) if is_marker else text


def null_where(cells: pl.Series, flags: pl.Series) -> pl.Series:
    """Cells without those flagged; the very same column where none is."""
    return cells.set(flags, None) if flags.any() else cells


def says_nothing(text: pl.Series) -> pl.Series:
    """Say of each cell whether it is a word such as ``NA``; null where it is missing."""
    return text.is_in(_WORDS_FOR_NOTHING)


def _trimmed(cells: pl.Series) -> pl.Series:
    """Cells of any type as trimmed text, ``b'...'`` unwrapped."""
    if cells.dtype == pl.List(pl.String):
        cells = cells.list.join(", ")
    elif cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Object):
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.String)
    elif cells.dtype.is_float() and bool((cells.drop_nulls().round() == cells.drop_nulls()).all()):
        cells = cells.cast(pl.Int64, strict=False)
    text = _without_padding(cells.cast(pl.String))
    if (text.str.starts_with("b'") | text.str.starts_with('b"')).any() and text.str.contains(_BYTES).any():
        text = for_each_different(text, _unwrap_bytes)
    return text


def _without_padding(text: pl.Series) -> pl.Series:
    """Trimmed text that shares its memory with the cells, but for those that had padding."""
    parts = [text.slice(start, _SLICE) for start in range(0, len(text), _SLICE)]
    padded = pl.concat([part.str.strip_chars() != part for part in parts]) if parts else text.is_null()
    places = padded.arg_true()
    return _with(text, places, text.gather(places).str.strip_chars())


def _with(cells: pl.Series, places: pl.Series, values: pl.Series) -> pl.Series:
    """Cells with other values at some places; the rest goes on sharing its memory."""
    if not len(places):
        return cells
    at = pl.repeat(None, len(cells), dtype=pl.UInt32, eager=True)
    at = at.scatter(places, pl.int_range(len(places), dtype=pl.UInt32, eager=True))
    return values.gather(at).zip_with(at.is_not_null(), cells)


def _unwrap_bytes(text: pl.Series) -> pl.Series:
    """Take the text out of ``b'...'``."""
    wrapped = text.str.contains(_BYTES)
    if share_true(wrapped) > 0.5:
        text = text.str.replace(r'(?s)^b([^\'"].*)""$', 'b"$1"')
        wrapped = text.str.contains(_BYTES)
    inner = text.str.slice(2).str.head(-1)
    if inner.filter(wrapped).str.contains("\\", literal=True).any():
        inner = inner.map_elements(_decode_escapes, return_dtype=pl.String)
    return inner.zip_with(wrapped, text)


def _decode_escapes(text: str) -> str:
    """Read the escapes of one bytes literal as UTF-8; text that is none is returned as it is."""

    def byte_of(found: re.Match[str]) -> str:
        code = found.group(1)
        return chr(int(code[1:], 16)) if code[0] == "x" and len(code) == 3 else _ESCAPES.get(code, code)

    try:
        return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", byte_of, text).encode("latin-1").decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return text


def parts_of_lists(text: pl.Series) -> pl.Series:
    r"""List text -> List(String), trimmed, without empty parts; cells that are no list text -> null.

    Examples
    --------
    >>> parts_of_lists(pl.Series(["['A', \"B's\"]", "[]", "A, B"])).to_list()
    [['A', "B's"], [], None]
    """
    cells = pl.DataFrame({"text": text}).with_columns(
        is_list=pl.col("text").str.contains(_LIST),
        inner=pl.col("text").str.slice(1).str.head(-1).str.strip_chars(),
    )
    quoted = (
        pl.col("inner")
        .str.extract_all(_QUOTED)
        .list.eval(pl.element().str.slice(1).str.head(-1).str.replace_all(r"""\\(['"\\])""", "$1"))
    )
    bare = pl.col("inner").str.split(",")
    starts_quoted = pl.col("inner").str.contains(r"""^b?['"]""")
    parts = pl.when(starts_quoted).then(quoted).otherwise(bare)
    return cells.select(pl.when("is_list").then(_tidy(parts)).alias("parts")).to_series()


def _tidy(parts: pl.Expr) -> pl.Expr:
    """Trim the parts of lists and drop empty ones."""
    return parts.list.eval(pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != ""))


def split_tags(text: pl.Series) -> pl.Series:
    """Genre words of any form -> List(String), lower-cased, unique, in order; never null.

    Takes one word, ``a, b, c``, ``a; b``, ``a|b``, list text, or typed lists.
    """
    if text.dtype == pl.List(pl.String):
        return _unique_lower(text.to_frame("text").select(_tidy(pl.col("text"))).to_series())
    split = (
        pl.DataFrame({"text": text.str.replace_all(r"[;|]", ",")})
        .select(_tidy(pl.col("text").str.split(",")))
        .to_series()
    )
    return _unique_lower(_first_filled(parts_of_lists(text), split))


def _first_filled(one: pl.Series, other: pl.Series) -> pl.Series:
    """Take values of the other Series where the first has none."""
    return pl.DataFrame({"one": one, "other": other}).select(pl.coalesce("one", "other")).to_series()


def _unique_lower(lists: pl.Series) -> pl.Series:
    """Lower-case lists of words and keep the first of equal ones."""
    lower = pl.col("lists").list.eval(pl.element().str.to_lowercase())
    return (
        pl.DataFrame({"lists": lists})
        .select(lower.list.eval(pl.element().unique(maintain_order=True)).fill_null([]))
        .to_series()
    )


def join_tags(columns: Sequence[tuple[Different, pl.Series]]) -> pl.Series:
    """Unite the tags of several columns, row by row.

    Parameters
    ----------
    columns : sequence of (Different, polars.Series)
        The cells of each column, and the tags of its different values.

    Returns
    -------
    polars.Series
        List(String), never null.
    """
    united = reduce(_unite, columns)
    return united[0].spread(united[1]).fill_null([])


def _unite(
    one: tuple[Different, pl.Series], other: tuple[Different, pl.Series]
) -> tuple[Different, pl.Series]:
    """Unite the tags of two columns, once for each different pair of cells."""
    (left, left_tags), (right, right_tags) = one, other
    n_left, n_right = len(left_tags), len(right_tags)
    pairs = Different.of(_places(left).fill_null(n_left) * (n_right + 1) + _places(right).fill_null(n_right))
    empty = pl.Series([[]], dtype=pl.List(pl.String))
    tags = pl.DataFrame(
        {
            "left": pl.concat([left_tags, empty]).gather(pairs.values // (n_right + 1)),
            "right": pl.concat([right_tags, empty]).gather(pairs.values % (n_right + 1)),
        }
    ).select(pl.concat_list("left", "right").list.unique(maintain_order=True).alias("tags"))
    return pairs, tags.to_series()


def _places(different: Different) -> pl.Series:
    """For each row the place of its cell among the different ones."""
    if different.places is None:
        return pl.int_range(len(different.values), dtype=pl.UInt64, eager=True)
    return different.places.cast(pl.UInt64)


def is_label(different: Different) -> bool:
    """Say whether a column holds one label a row, not lists of them and not numbers."""
    if different.values.dtype == pl.List(pl.String):
        return False
    text = as_text(different.values)
    text = text.set(text == "[]", None)
    if not len(text.drop_nulls()):
        return False
    several = text.str.contains(r"^\[|,|[;|]\s*\S")
    numbers = text.cast(pl.Float64, strict=False).is_not_null().set(text.is_null(), None)
    return different.share(several) < _SEVERAL and different.share(numbers) < 0.5


def genre_words(different: Different) -> pl.Series:
    """The genre to judge by: one label a row, or lists of tags where the cells hold several."""
    if not _hold_several(different):
        return labels(different)
    values = different.values
    tags = split_tags(values if values.dtype == pl.List(pl.String) else as_text(values))
    return different.spread(null_where(tags, tags.list.len() == 0))


def _hold_several(different: Different) -> bool:
    """Say whether cells hold lists of words; a few labels, often repeated, may have a comma inside."""
    if different.values.dtype == pl.List(pl.String):
        return different.share(different.values.list.len() > 1) >= _SEVERAL
    text = as_text(different.values)
    if different.share(split_tags(text).list.len() > 1) < _SEVERAL:
        return False
    n_labels, n_rows = text.n_unique(), different.count(text.is_not_null())
    return bool(text.str.contains(_LIST).any()) or not (n_labels <= _FEW_LABELS <= n_rows / n_labels)


def labels(different: Different) -> pl.Series:
    """One label a row: the cell, trimmed; of a list its first part."""
    if different.values.dtype == pl.List(pl.String):
        return different.spread(different.values.list.first().str.strip_chars())
    text = as_text(different.values)
    first = parts_of_lists(text).list.first()
    plain = text.str.strip_chars_end(" ;,|")
    label = pl.DataFrame({"f": first, "l": text.str.contains(_LIST), "p": plain})
    chosen = label.select(pl.when("l").then("f").otherwise("p")).to_series()
    return different.spread(null_where(chosen, chosen == ""))


def are_lists(text: pl.Series) -> pl.Series:
    """Say of each cell of names whether it is list text.

    Names may stand in brackets themselves (``[bsd.u]``): without quotes inside, brackets are a list only
    where most of the different cells have them.
    """
    places = text.str.starts_with("[").arg_true()
    opened = text.gather(places)
    bracketed, quoted = opened.str.contains(_LIST), opened.str.contains(_QUOTED_LIST)
    if quoted.any():
        quoted |= opened.str.contains(r"^\[\s*\]$")
    n_bracketed = opened.filter(bracketed).n_unique()
    is_usual = n_bracketed > 1 and all(  # a sample most often says no, which spares counting all
        n_bracketed > 0.5 * names.drop_nulls().n_unique() for names in (text.head(_SAMPLE), text)
    )
    flags = pl.repeat(False, len(text), eager=True)
    return flags.scatter(places, bracketed if is_usual else quoted) if len(places) else flags


@dataclass(frozen=True)
class Names:
    """Names of a column: `lists` (List(String), never null), `text` to show, a `note` on the joint."""

    lists: pl.Series
    text: pl.Series
    note: str


def split_names(text: pl.Series, *, key: str) -> Names:
    """Take names that are joined in one cell apart.

    Parameters
    ----------
    text : polars.Series
        Artists or their ids as `as_names` or `as_text` gives them.
    key : str
        Header key of the column: a plural lets a comma join names.

    Returns
    -------
    Names
    """
    is_list = are_lists(text)
    has_lists = bool(is_list.any())
    joint, note = _joint(text.filter(~is_list) if has_lists else text, key)
    lists = _split_at(text, joint)
    if not has_lists:
        return Names(lists, text, note)
    places = is_list.arg_true()
    inner = parts_of_lists(text.gather(places))
    shown = _with(text, places, inner.list.join(", "))
    return Names(_with(lists, places, inner), shown, " and ".join(filter(None, ["list text", note])))


def listed_names(cells: pl.Series) -> pl.Series:
    """Typed lists of names without blanks and empty names, never null."""
    return cells.to_frame("text").select(_tidy(pl.col("text")).fill_null([])).to_series()


def _one_each(text: pl.Series) -> pl.Series:
    """Lists of one name, empty where there is none."""
    lists = text.reshape((-1, 1)).arr.to_list()
    if not text.null_count():
        return lists
    empty = pl.Series([[]], dtype=pl.List(pl.String))
    return lists.to_frame("l").select(pl.when(text.is_not_null()).then("l").otherwise(empty)).to_series()


def _split_at(text: pl.Series, joint: str) -> pl.Series:
    """Split names at a joint; an empty joint means that a cell is one name."""
    if not joint:
        return _one_each(text)
    places = text.str.contains(joint[-1], literal=True).arg_true()
    joined = text.gather(places).to_frame("text")
    parts = pl.col("text").str.split(joint)
    if joint == "\\,":
        hidden = pl.col("text").str.replace_all(joint, "\x00", literal=True)
        parts = hidden.str.split(",").list.eval(pl.element().str.replace_all("\x00", ",", literal=True))
    return _with(_one_each(text), places, joined.select(_tidy(parts)).to_series())


def _joint(text: pl.Series, key: str) -> tuple[str, str]:
    """Find what joins the names of a column, and say so: both a semicolon and a comma need evidence."""
    with_semicolon = text.filter(text.str.contains(";", literal=True))
    n_semicolons = len(with_semicolon)
    if n_semicolons and _joins_by_semicolon(text, with_semicolon.unique(), key):
        return ";", f"joined by ';' (cells: {n_semicolons:,})"
    kept = f"cells with a ';' inside a name: {n_semicolons:,}" if n_semicolons else ""
    with_comma = text.filter(text.str.contains(",", literal=True))
    joint = ""
    if with_comma.str.contains("\\,", literal=True).any():
        joint = "\\,"
    elif len(with_comma) and _joins_by_comma(text, with_comma.unique(), key):
        joint = ","
    words = {"": "", ",": "joined by ','", "\\,": "joined by ',' ('\\,' inside names)"}[joint]
    return joint, " and ".join(filter(None, [words, kept]))


def _joins_by_semicolon(text: pl.Series, with_semicolon: pl.Series, key: str) -> bool:
    """Say whether the different cells with a semicolon are many enough."""
    is_plural = key in _PLURAL_KEYS or key.endswith(("ids", "uris"))
    n_joined = len(with_semicolon)
    return is_plural or n_joined >= 3 or n_joined >= _SEMICOLONS * text.drop_nulls().n_unique()


def _joins_by_comma(text: pl.Series, with_comma: pl.Series, key: str) -> bool:
    """Say whether the different cells with a comma are many enough, or written without blanks."""
    tight = with_comma.str.contains(r",\S") & ~with_comma.str.contains(r",\s")
    if len(with_comma) >= 5 and share_true(tight) > 0.9:
        return True
    n_different = text.drop_nulls().n_unique()
    share = len(with_comma) / n_different
    if key in _PLURAL_KEYS:
        return n_different < 50 or share >= 0.02
    return n_different >= 20 and share >= _JOINED


def bare_ids(cells: pl.Series) -> pl.Series:
    """Ids of tracks or artists without what is wrapped around them.

    Spotify URIs, links and API addresses of tracks lose all but the id; local files, episodes and ids of
    other catalogues stay as they are.

    Examples
    --------
    >>> bare_ids(pl.Series(["spotify:track:4XU3UbQRXTkBR8VastbrFK", "spotify:local:a:b:c:12"])).to_list()
    ['4XU3UbQRXTkBR8VastbrFK', 'spotify:local:a:b:c:12']
    """
    text = as_text(cells)
    if not text.str.contains("track", literal=True).any():
        return text
    found = text.str.extract(r"(?:^spotify:track:|(?:^|/)tracks?/)([0-9A-Za-z]+)(?:[?/#].*)?$")
    own = found.is_null() | text.str.starts_with("spotify:local:")
    return text.zip_with(own, found)


def share_of_spotify_ids(ids: pl.Series) -> float:
    """Share of the ids that are written like Spotify's: 22 letters and digits."""
    return share_true(ids.str.contains(_SPOTIFY_ID))


def is_counter(ids: pl.Series) -> bool:
    """Say whether the cells merely count the rows."""
    if len(ids) < 2 or ids.head(1).cast(pl.Int64, strict=False)[0] not in (0, 1):
        return False
    numbers = ids.cast(pl.Int64, strict=False)
    return not numbers.null_count() and bool((numbers.diff().drop_nulls() == 1).all())


def made_ids(texts: Sequence[pl.Series], numbers: Sequence[pl.Series]) -> pl.Series:
    """Ids made of what a song is: 16 hex digits that depend on nothing but its own values."""
    rows = np.column_stack([column.fill_null(float("nan")).to_numpy() for column in numbers])
    rows = np.ascontiguousarray(rows + 0.0, dtype="<f8")
    rows[np.isnan(rows)] = np.nan
    width = rows.shape[1] * 8
    blob = rows.tobytes()
    words: list[str] = [""] * rows.shape[0]
    if texts:
        frame = pl.DataFrame([text.alias(f"t{place}") for place, text in enumerate(texts)])
        words = frame.select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series().to_list()
    made = [
        hashlib.blake2b(blob[place * width : (place + 1) * width] + word.encode(), digest_size=8).hexdigest()
        for place, word in enumerate(words)
    ]
    return pl.Series("song_id", made, dtype=pl.String)


def flags(cells: pl.Series) -> pl.Series | None:
    """Yes and no in any spelling -> Boolean; None if the column holds something else."""
    if cells.dtype == pl.Boolean:
        return cells
    different = Different.of(cells)
    text = as_text(different.values).str.to_lowercase()
    value = text.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    n_lost = different.count(text.is_not_null()) - different.count(value.is_not_null())
    return different.spread(value) if n_lost <= 0.1 * len(cells) else None


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_FLAGS = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "explicit", "wahr", "vrai"), True),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "clean", "falsch", "faux", "not explicit"), False),
}
