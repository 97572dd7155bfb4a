"""Cells that hold words: titles, artists and tags.

Conventions
-----------
Every function takes one Polars Series of cells (String, unless it says otherwise) and returns one of the
same length. Cells are trimmed; a missing value is null. Costly reading is done once for each different
cell (see `different`). List text such as ``['A', 'B']`` is taken apart by patterns; nothing in a
cell is ever evaluated.

What is decided from all cells of a column (`TextForm`, `NamesForm`) is a value of its own: functions that are
given it read every cell by itself, those that are not decide it first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import polars as pl

from songatlas.songs.different import Different, share_true

_NO_NAME = ("", "#N/A", "<NA>")
_WORDS_FOR_NOTHING = ("NA", "NaN", "nan", "null", "NULL")  # there are songs and artists of these names
_NO_TEXT = (*_NO_NAME, *_WORDS_FOR_NOTHING)
_LIST = r"(?s)^\[.*\]$"
_QUOTED_LIST = r"""(?s)^\[\s*b?['"].*['"]\s*,?\s*\]$"""
_QUOTED = r"""(?s)'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_BYTES = r"""(?s)^b(?:'.*'|".*")$"""
_SAMPLE = 2000  # cells that show whether brackets are usual
_SLICE = 1 << 18  # cells that are trimmed at a time
_JOINED = 0.05  # share of artists with a comma from which on commas join artists: in names it is below 0.01
_SEVERAL = 0.05  # share of cells with several words from which on a column holds lists
_FEW_LABELS = 30  # labels up to which, each as often, a comma is part of a label
_SEMICOLONS = 0.005  # share of artists with a semicolon from which on it joins artists
_PLURAL_KEYS = ("artists", "artistnames", "artistsnames", "artistsname", "allartists", "trackartists")


@dataclass(frozen=True)
class TextForm:
    """How the cells of one column become text.

    Attributes
    ----------
    is_whole : bool
        Whether numbers of type float are whole ones: 12.0 is written ``12``.
    is_bytes : bool
        Whether most cells are ``b'...'``, so that a quote doubled at their end is one.
    has_na : bool
        Whether ``NA``, ``null`` and the like are names and not words for nothing.
    """

    is_whole: bool = False
    is_bytes: bool = False
    has_na: bool = False


def as_text(cells: pl.Series, form: TextForm | None = None) -> pl.Series:
    """Cells of any type as trimmed text, ``b'...'`` unwrapped; words for "nothing" become null."""
    return read_text(cells, form)[0]


def read_text(cells: pl.Series, form: TextForm | None = None) -> tuple[pl.Series, TextForm]:
    """Cells as `as_text` gives them, and the form that was taken for theirs."""
    text, form = _trimmed(cells, form)
    return null_where(text, text.is_in(_NO_TEXT)), form


def as_names(cells: pl.Series, form: TextForm | None = None) -> pl.Series:
    """Titles or artists as text: a rare ``NA`` or ``null`` is a name there, many of them mean nothing."""
    return read_names(cells, form)[0]


def read_names(cells: pl.Series, form: TextForm | None = None) -> tuple[pl.Series, TextForm]:
    """Titles or artists as `as_names` gives them, and the form that was taken for theirs."""
    text, found = _trimmed(cells, form)
    text = null_where(text, text.is_in(_NO_NAME))
    nothing = says_nothing(text)
    if form is None:
        is_marker = int(nothing.sum()) > 2 and share_true(nothing) > 0.01
        found = replace(found, has_na=not is_marker)
    return text if found.has_na else null_where(text, nothing), found


def null_where(cells: pl.Series, flags: pl.Series) -> pl.Series:
    """Cells without those flagged; the very same column where none is."""
    return cells.set(flags, None) if flags.any() else cells


def says_nothing(text: pl.Series) -> pl.Series:
    """Say of each cell whether it is a word such as ``NA``; null where it is missing."""
    return text.is_in(_WORDS_FOR_NOTHING)


def _trimmed(cells: pl.Series, form: TextForm | None) -> tuple[pl.Series, TextForm]:
    """Cells of any type as trimmed text, ``b'...'`` unwrapped; the form is decided where it is not given."""
    found = form or TextForm()
    if cells.dtype == pl.List(pl.String):
        cells = cells.list.join(", ")
    elif cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Object):
        return pl.repeat(None, len(cells), dtype=pl.String, eager=True).alias(cells.name), found
    elif cells.dtype.is_float():
        is_odd = cells.round() != cells
        if form is None:
            found = TextForm(is_whole=not is_odd.any())
        if found.is_whole:
            cells = null_where(cells, is_odd).cast(pl.Int64, strict=False)
    text = _without_padding(cells.cast(pl.String))
    opened = text.str.starts_with("b'") | text.str.starts_with('b"')
    if found.is_bytes or (opened.any() and text.str.contains(_BYTES).any()):
        different = Different.of(text)
        if form is None:
            found = replace(found, is_bytes=share_true(different.values.str.contains(_BYTES)) > 0.5)
        text = different.spread(_unwrap_bytes(different.values, doubled=found.is_bytes))
    return text, found


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


def _unwrap_bytes(text: pl.Series, *, doubled: bool) -> pl.Series:
    """Take the text out of ``b'...'``, where a quote may be doubled at the end."""
    if doubled:
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


def genre_words(different: Different, *, several: bool, form: TextForm | None = None) -> pl.Series:
    """The genre to judge by: one label a row, or lists of tags where the cells hold several."""
    if not several:
        return labels(different, form)
    values = different.values
    tags = split_tags(values if values.dtype == pl.List(pl.String) else as_text(values, form))
    return different.spread(null_where(tags, tags.list.len() == 0))


def hold_several(different: Different) -> bool:
    """Say whether cells hold lists of words; a few labels, often repeated, may have a comma inside."""
    if different.values.dtype == pl.List(pl.String):
        return different.share(different.values.list.len() > 1) >= _SEVERAL
    text = as_text(different.values)
    if different.share(split_tags(text).list.len() > 1) < _SEVERAL:
        return False
    n_labels, n_rows = text.n_unique(), different.count(text.is_not_null())
    return bool(text.str.contains(_LIST).any()) or not (n_labels <= _FEW_LABELS <= n_rows / n_labels)


def labels(different: Different, form: TextForm | None = None) -> pl.Series:
    """One label a row: the cell, trimmed; of a list its first part."""
    if different.values.dtype == pl.List(pl.String):
        return different.spread(different.values.list.first().str.strip_chars())
    text = as_text(different.values, form)
    first = parts_of_lists(text).list.first()
    plain = text.str.strip_chars_end(" ;,|")
    label = pl.DataFrame({"f": first, "l": text.str.contains(_LIST), "p": plain})
    chosen = label.select(pl.when("l").then("f").otherwise("p")).to_series()
    return different.spread(null_where(chosen, chosen == ""))


@dataclass(frozen=True)
class NamesForm:
    r"""How the names of one column are joined in its cells.

    Attributes
    ----------
    joint : {"", ";", ",", "\\,"}
        What joins names; empty where a cell is one name. Behind a backslash a comma is part of a name.
    brackets : {"none", "quoted", "all"}
        Which cells in brackets are lists: those of quoted names (with "quoted" also empty brackets), or all.
    """

    joint: str = ""
    brackets: str = "none"


@dataclass(frozen=True)
class Names:
    """Names of a column: `lists` (List(String), never null), `text` to show, a `note` on the joint."""

    lists: pl.Series
    text: pl.Series
    note: str
    form: NamesForm = NamesForm()


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
    brackets = _brackets(text)
    is_list = _are_lists(text, brackets)
    has_lists = is_list is not None
    joint, note = _joint(text if is_list is None else text.filter(~is_list), key)
    form = NamesForm(joint, brackets)
    lists, shown = names_in(text, form)
    return Names(lists, shown, " and ".join(filter(None, ["list text" if has_lists else "", note])), form)


def names_in(text: pl.Series, form: NamesForm) -> tuple[pl.Series, pl.Series]:
    """Take names apart as decided: lists of them (never null), and their text as it is shown."""
    is_list = _are_lists(text, form.brackets)
    lists = _split_at(text, form.joint)
    if is_list is None:
        return lists, text
    places = is_list.arg_true()
    inner = parts_of_lists(text.gather(places))
    return _with(lists, places, inner), _with(text, places, inner.list.join(", "))


def _brackets(text: pl.Series) -> str:
    """Decide which cells in brackets are lists of names.

    Names may stand in brackets themselves (``[bsd.u]``): without quotes inside, brackets are a list only
    where most of the different cells have them.
    """
    opened = text.filter(text.str.starts_with("["))
    n_bracketed = opened.filter(opened.str.contains(_LIST)).n_unique()
    is_usual = n_bracketed > 1 and all(  # a sample most often says no, which spares counting all
        n_bracketed > 0.5 * names.drop_nulls().n_unique() for names in (text.head(_SAMPLE), text)
    )
    if is_usual:
        return "all"
    return "quoted" if opened.str.contains(_QUOTED_LIST).any() else "none"


def _are_lists(text: pl.Series, brackets: str) -> pl.Series | None:
    """Say of each cell of names whether it is list text; None where no cell is."""
    places = text.str.starts_with("[").arg_true()
    if not len(places):
        return None
    opened = text.gather(places)
    is_list = opened.str.contains(_LIST if brackets == "all" else _QUOTED_LIST)
    if brackets == "quoted":
        is_list |= opened.str.contains(r"^\[\s*\]$")
    if not is_list.any():
        return None
    return pl.repeat(False, len(text), eager=True).scatter(places, is_list)


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


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
