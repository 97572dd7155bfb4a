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

import numpy as np
import polars as pl

_NO_NAME = ("", "#N/A", "<NA>")
_WORDS_FOR_NOTHING = ("NA", "NaN", "nan", "null", "NULL")  # there are songs and artists of these names
_NO_TEXT = (*_NO_NAME, *_WORDS_FOR_NOTHING)
_LIST = r"(?s)^\[.*\]$"
_QUOTED_LIST = r"""(?s)^\[\s*b?['"].*['"]\s*,?\s*\]$"""
_QUOTED = r"""(?s)'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_BYTES = r"""(?s)^b(?:'.*'|".*")$"""
_SPOTIFY_ID = r"^[0-9A-Za-z]{22}$"
_JOINED = 0.05  # share of artists with a comma from which on commas join artists: in names it is below 0.01
_SEMICOLONS = 0.005  # share of artists with a semicolon from which on it joins artists
_PLURAL_KEYS = ("artists", "artistnames", "artistsnames", "artistsname", "allartists", "trackartists")


def for_each_different(cells: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply `read` once to each different cell; null stays null."""
    different = cells.drop_nulls().unique()
    if len(different) > 0.7 * len(cells):
        return read(cells)
    table = pl.DataFrame({"cell": different, "value": read(different)})
    return cells.alias("cell").to_frame().join(table, on="cell", how="left", maintain_order="left")["value"]


def share_true(flags: pl.Series) -> float:
    """Share of the known values that are true; 0 if none is known."""
    known = flags.drop_nulls()
    return int(known.sum()) / len(known) if len(known) else 0.0


def as_text(cells: pl.Series) -> pl.Series:
    """Cells of any type as trimmed text, ``b'...'`` unwrapped; words for "nothing" become null."""
    text = _trimmed(cells)
    return text.set(text.is_in(_NO_TEXT), None)


def as_names(cells: pl.Series) -> pl.Series:
    """Titles or artists as text: a rare ``NA`` or ``null`` is a name there, many of them mean nothing."""
    text = _trimmed(cells)
    text = text.set(text.is_in(_NO_NAME), None)
    nothing = says_nothing(text)
    is_marker = int(nothing.sum()) > 2 and share_true(nothing) > 0.01
    return text.set(nothing, None) if is_marker else text


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
    text = cells.cast(pl.String).str.strip_chars()
    wrapped = text.str.contains(_BYTES)
    if wrapped.any():
        text = for_each_different(text, _unwrap_bytes)
    return text


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


def split_tags(cells: pl.Series) -> pl.Series:
    """Genre words of any form -> List(String), lower-cased, unique, in order; never null.

    Takes one word, ``a, b, c``, ``a; b``, ``a|b``, list text, or typed lists.
    """
    if cells.dtype == pl.List(pl.String):
        lists = cells.to_frame("text").select(_tidy(pl.col("text"))).to_series()
        return _unique_lower(lists)
    text = as_text(cells)

    def read(different: pl.Series) -> pl.Series:
        split = (
            pl.DataFrame({"text": different.str.replace_all(r"[;|]", ",")})
            .select(_tidy(pl.col("text").str.split(",")))
            .to_series()
        )
        return _unique_lower(_first_filled(parts_of_lists(different), split))

    return for_each_different(text, read).fill_null([])


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


def join_tags(columns: Sequence[pl.Series]) -> pl.Series:
    """Unite the tags of several columns, row by row."""
    frame = pl.DataFrame([column.alias(f"t{place}") for place, column in enumerate(columns)])
    if frame.width == 1:
        return frame.to_series()
    joined = frame.select(pl.concat_list(pl.all()).alias("lists"))
    return joined.select(pl.col("lists").list.unique(maintain_order=True)).to_series()


def is_label(cells: pl.Series) -> bool:
    """Say whether a column holds one label a row, not lists of them and not numbers."""
    if cells.dtype == pl.List(pl.String):
        return False
    text = as_text(cells).drop_nulls()
    text = text.filter(text != "[]")
    if not len(text):
        return False
    several = text.str.contains(r"^\[|,|[;|]\s*\S")
    numbers = text.cast(pl.Float64, strict=False).is_not_null()
    return share_true(several) < 0.05 and share_true(numbers) < 0.5


def labels(cells: pl.Series) -> pl.Series:
    """One label a row: the cell, trimmed; of a list its first part."""
    if cells.dtype == pl.List(pl.String):
        return cells.list.first().str.strip_chars()

    def read(different: pl.Series) -> pl.Series:
        first = parts_of_lists(different).list.first()
        is_list = different.str.contains(_LIST)
        plain = different.str.strip_chars_end(" ;,|")
        label = pl.DataFrame({"f": first, "l": is_list, "p": plain})
        chosen = label.select(pl.when("l").then("f").otherwise("p")).to_series()
        return chosen.set(chosen == "", None)

    return for_each_different(as_text(cells), read)


def are_lists(text: pl.Series) -> pl.Series:
    """Say of each cell of names whether it is list text.

    Names may stand in brackets themselves (``[bsd.u]``): without quotes inside, brackets are a list only
    where most of the different cells have them.
    """
    bracketed, quoted = text.str.contains(_LIST), text.str.contains(_QUOTED_LIST)
    if quoted.any():
        quoted |= text.str.contains(r"^\[\s*\]$")
    different = text.filter(bracketed.fill_null(False)).unique()
    is_usual = len(different) > 1 and len(different) > 0.5 * text.drop_nulls().n_unique()
    return (bracketed if is_usual else quoted).fill_null(False)


def split_names(cells: pl.Series, *, key: str) -> tuple[pl.Series, str]:
    """Names joined in one cell -> List(String), never null, and a note on how they were joined.

    Parameters
    ----------
    cells : polars.Series
        Artists or their ids.
    key : str
        Header key of the column: a plural lets a comma join names.

    Returns
    -------
    names : polars.Series
        List(String).
    note : str
        The joint that was found.
    """
    if cells.dtype == pl.List(pl.String):
        return cells.to_frame("text").select(_tidy(pl.col("text")).fill_null([])).to_series(), "lists"
    text = as_names(cells)
    is_list = are_lists(text)
    plain = text.filter(~is_list)
    joint = _joint(plain, key)
    names = for_each_different(text, lambda different: _split_at(different, joint))
    if is_list.any():
        in_lists = for_each_different(text.set(~is_list, None), parts_of_lists)
        names = _first_filled(in_lists, names)
    notes = ["list text" if is_list.any() else "", _joint_note(plain, joint)]
    return names.fill_null([]), " and ".join(filter(None, notes))


def _joint_note(text: pl.Series, joint: str) -> str:
    """Say how names are joined, and in how many cells."""
    n_semicolons = int(text.str.contains(";", literal=True).sum())
    if joint == ";":
        return f"joined by ';' (cells: {n_semicolons:,})"
    kept = f"cells with a ';' inside a name: {n_semicolons:,}" if n_semicolons else ""
    words = {"": "", ",": "joined by ','", "\\,": "joined by ',' ('\\,' inside names)"}[joint]
    return " and ".join(filter(None, [words, kept]))


def _split_at(text: pl.Series, joint: str) -> pl.Series:
    """Split names at a joint; none means that a cell is one name."""
    if joint == "\\,":
        hidden = text.str.replace_all("\\,", "\x00", literal=True)
        parts = hidden.str.split(",").to_frame("text")
        shown = pl.col("text").list.eval(pl.element().str.replace_all("\x00", ",", literal=True))
        return parts.select(_tidy(shown)).to_series()
    parts = (text.str.split(joint) if joint else text.str.split("\x00")).to_frame("text")
    return parts.select(_tidy(pl.col("text"))).to_series()


def _joint(text: pl.Series, key: str) -> str:
    """Find what joins the names of a column: a semicolon wins, and both it and a comma need evidence."""
    plain = text.drop_nulls()
    semicolons = plain.filter(plain.str.contains(";", literal=True)).unique()
    if len(semicolons):
        is_plural = key in _PLURAL_KEYS or key.endswith(("ids", "uris"))
        if is_plural or len(semicolons) >= 3 or len(semicolons) >= _SEMICOLONS * plain.n_unique():
            return ";"
    if plain.str.contains("\\,", literal=True).any():
        return "\\,"
    commas = plain.filter(plain.str.contains(",", literal=True)).unique()
    if not len(commas):
        return ""
    tight = commas.str.contains(r",\S") & ~commas.str.contains(r",\s")
    if len(commas) >= 5 and share_true(tight) > 0.9:
        return ","
    n_different = plain.n_unique()
    share = len(commas) / n_different
    if key in _PLURAL_KEYS:
        return "," if n_different < 50 or share >= 0.02 else ""
    return "," if n_different >= 20 and share >= _JOINED else ""


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
    found = text.str.extract(r"(?:^spotify:track:|(?:^|/)tracks?/)([0-9A-Za-z]+)(?:[?/#].*)?$")
    own = found.is_null() | text.str.starts_with("spotify:local:")
    return text.zip_with(own, found)


def share_of_spotify_ids(ids: pl.Series) -> float:
    """Share of the ids that are written like Spotify's: 22 letters and digits."""
    return share_true(ids.drop_nulls().str.contains(_SPOTIFY_ID))


def is_counter(ids: pl.Series) -> bool:
    """Say whether the cells merely count the rows."""
    numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count() or len(numbers) < 2:
        return False
    return bool((numbers.diff().drop_nulls() == 1).all()) and numbers[0] in (0, 1)


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
    text = as_text(cells).str.to_lowercase()
    value = text.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    return value if value.null_count() <= text.null_count() + 0.1 * len(text) else None


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_FLAGS = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "explicit", "wahr", "vrai"), True),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "clean", "falsch", "faux", "not explicit"), False),
}
