"""Versions of one song: the same title by the same artist under several ids.

Remasters, live takes, radio edits, remixes and re-releases are songs of their own and are clustered; they
are marked, so that nobody is recommended one song three times.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from songatlas.songs import words
from songatlas.songs.words import NO_LETTER, any_of

_NOT_BRACKET = r"[^()\[\]]"
_BLANK = r"[^\p{L}\p{N}()\[\]]"
_WORDS = any_of(words.VERSIONS)
_IN_BRACKETS = rf"[(\[](?:{_NOT_BRACKET}*{_BLANK})?{_WORDS}(?:{_BLANK}{_NOT_BRACKET}*)?[)\]]"
_AFTER_DASH = rf"\s[-–—]\s(?:.*{NO_LETTER})?{_WORDS}(?:{NO_LETTER}.*)?$"
_FEATURING = r"\s(?:feat\.?|ft\.|featuring)\s.*$"
_PARTS = rf"(?:^|{NO_LETTER}){any_of(words.PARTS)}\.?\s*(?:\d+|[ivx]+)"
_UNTOLD = rf"^(?:{any_of(words.UNTOLD_TITLES)}\s*[\divx\s]*|\d{{0,2}}|[ivx]*)$"


def versions(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Songs that are a version of a better known one."""
    return table.select(version_of(table).is_not_null().alias("applies"))["applies"]


def version_of(table: pl.DataFrame) -> pl.Series:
    """Return for every song the `song_id` of the version that stands for all; null for songs of their own.

    The most popular version stands for all, then the oldest, then the one with the smallest id. The table has
    one row a song, and at least `song_id`.
    """
    names = {"title", "artist", "artists"} & set(table.columns)
    if "title" not in names or len(names) < 2:
        return pl.Series("version_of", [None] * table.height, dtype=pl.String)
    popularity = pl.col("popularity") if "popularity" in table.columns else pl.lit(0.0)
    year = pl.col("year") if "year" in table.columns else pl.lit(0.0)
    keys = _with_keys(table).select("song_id", "_key", _popularity=-popularity, _year=year)
    shared = keys.drop_nulls("_key").filter(pl.col("_key").is_duplicated())
    ranked = shared.sort("_popularity", "_year", "song_id", nulls_last=True)
    best = ranked.group_by("_key", maintain_order=True).agg(version_of=pl.col("song_id").first())
    matched = shared.join(best, on="_key").filter(pl.col("song_id") != pl.col("version_of"))
    found = table.select("song_id").join(matched, on="song_id", how="left", maintain_order="left")
    return found["version_of"]


def _with_keys(table: pl.DataFrame) -> pl.DataFrame:
    """Add `_key`: artist, bare title and number of the part; null where they say too little."""
    title, bare, artist = pl.col("_title"), pl.col("_bare"), pl.col("_artist")
    signs = rf"{NO_LETTER}+"
    without = (
        title.str.replace_all(_IN_BRACKETS, " ").str.replace(_AFTER_DASH, "").str.replace(_FEATURING, "")
    )
    parts = title.str.extract_all(_PARTS).list.join(" ").str.replace_all(signs, " ")
    told = ~bare.str.contains(_UNTOLD) & ~artist.is_in(words.NOBODY)
    return (
        table.with_columns(_title=_in_small_letters(pl.col("title")), _artist=_first_artist(table))
        .with_columns(_bare=without.str.replace_all(signs, " ").str.strip_chars(), _parts=parts)
        .with_columns(_key=pl.when(told).then(pl.concat_str("_artist", "_bare", "_parts", separator="\x00")))
    )


def _in_small_letters(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.to_lowercase().str.strip_chars()


def _first_artist(table: pl.DataFrame) -> pl.Expr:
    """The first artist in small letters; the display text where there is no list of names."""
    columns = []
    if "artists" in table.columns:
        columns.append(pl.col("artists").list.drop_nulls().list.first())
    if "artist" in table.columns:
        columns.append(pl.col("artist"))
    return _in_small_letters(pl.coalesce(columns))
