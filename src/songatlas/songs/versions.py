"""Versions of one song: the same title by the same artist under several ids.

Remasters, live takes, radio edits, remixes and re-releases are songs of their own and are clustered; they
are marked, so that nobody is recommended one song three times.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import NOBODY, artist_key
from songatlas.songs import words
from songatlas.songs.song_rows import SLICE
from songatlas.songs.words import NO_LETTER, any_of

_NOT_BRACKET = r"[^()\[\]]"
_BLANK = r"[^\p{L}\p{N}()\[\]]"
_WORDS = any_of(words.VERSIONS)
_IN_BRACKETS = rf"[(\[](?:{_NOT_BRACKET}*{_BLANK})?{_WORDS}(?:{_BLANK}{_NOT_BRACKET}*)?[)\]]"
_AFTER_DASH = rf"\s[-–—]\s(?:.*{NO_LETTER})?{_WORDS}(?:{NO_LETTER}.*)?$"
_FEATURING = r"\s(?:feat\.?|ft\.|featuring)\s.*$"
_PARTS = rf"(?:^|{NO_LETTER}){any_of(words.PARTS)}\.?\s*(?:\d+|[ivx]+)"
_UNTOLD = rf"^(?:{any_of(words.UNTOLD_TITLES)}\s*[\divx\s]*|\d{{0,2}}|[ivx]*)$"

_SIGNS = rf"{NO_LETTER}+"
_BLANKS = " \t\n\v\f\r"
_MARKS = ("(", "[", "feat", "ft.", *(dash + blank for dash in "-–—" for blank in _BLANKS))
"""One of these stands in every title that names its version, once it is normalized."""
NORMAL = (
    *("\x00-\x7f", "À-ÖØ-öø-įıĴ-ľŁ-ňŊ-ž", "Ѐ-џ", "ぁ-ゖ", "ァ-ヺ", "一-\u9fff", "가-힣"),
    *("¡«°»¿", "‘-”", "–—", "\u2600-\u27bf", "\ufe0f", "\U0001f300-\U0001faff"),
)
"""Letters and signs that normalizing leaves as they are, and that have no ASCII letter as small letter."""
_NOT_NORMAL = f"[^{''.join(NORMAL)}]"


def versions(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Songs that are a version of a better known one."""
    return version_of(table, name_sums(table)).is_not_null().alias("applies")


def version_of(table: pl.DataFrame, sums: NDArray[np.uint64]) -> pl.Series:
    """Return for every song the `song_id` of the version that stands for all; null for songs of their own.

    The most popular version stands for all, then the oldest, then the one with the smallest id. The table has
    one row a song, and at least `song_id`; `sums` are its `name_sums`.
    """
    told = np.flatnonzero(sums)
    suspects = told[pl.Series(sums[told]).is_duplicated().to_numpy()]
    popularity = pl.col("popularity") if "popularity" in table.columns else pl.lit(0.0)
    year = pl.col("year") if "year" in table.columns else pl.lit(0.0)
    names = [name for name in ("title", "artist", "artists") if name in table.columns]
    known = table.select("song_id", *names, _popularity=-popularity, _year=year)
    n_parts = len(suspects) // SLICE + 1
    part_of = (sums[suspects] >> np.uint64(32)) % np.uint64(n_parts)
    found = [_matched(known, suspects[part_of == part]) for part in range(n_parts)]
    songs = np.concatenate([song for song, _ in found])
    stands_at = np.full(table.height, len(songs))
    stands_at[songs] = np.arange(len(songs))
    nothing = pl.Series("version_of", [None], dtype=pl.String)
    return pl.concat([*(best for _, best in found), nothing], rechunk=True).gather(stands_at)


def _matched(table: pl.DataFrame, suspects: NDArray[np.int64]) -> tuple[NDArray[np.int64], pl.Series]:
    """Those of the suspects that are versions of another, and the `song_id` of that other."""
    if not len(suspects):
        return suspects, pl.Series("version_of", [], dtype=pl.String)
    keys = _with_keys(table[suspects].with_columns(pl.Series("_song", suspects)))
    shared = keys.drop_nulls("_key").filter(pl.col("_key").is_duplicated())
    ranked = shared.sort("_popularity", "_year", "song_id", nulls_last=True)
    best = ranked.group_by("_key", maintain_order=True).agg(version_of=pl.col("song_id").first())
    matched = shared.join(best, on="_key").filter(pl.col("song_id") != pl.col("version_of"))
    return matched["_song"].to_numpy(), matched["version_of"]


def name_sums(table: pl.DataFrame) -> NDArray[np.uint64]:
    """Return a number for each row made of the letters of its artist and bare title.

    Versions of one song have the same number, other songs hardly ever; it is 0 where the title or the artist
    is not known. It costs a small part of what the names cost by which versions are told.
    """
    if "title" not in table.columns or not {"artist", "artists"} & set(table.columns):
        return np.zeros(table.height, dtype=np.uint64)
    titles, artists = table["title"], _first_artists(table)
    told = (titles.is_not_null() & artists.is_not_null()).to_numpy()
    sums = np.column_stack([_artist_sums(artists), _title_sums(titles)]).view(np.uint64).ravel()
    return np.where(told, np.maximum(sums, 1), 0)


def version_keys(table: pl.DataFrame) -> pl.Series:
    """Return artist and bare title of each row in one text, the same for versions of one song.

    It is null where the names say too little. The table has `title`, and `artist` or `artists`.

    Examples
    --------
    >>> keys = version_keys(pl.DataFrame({"title": ["Halo", "Halo - Live"], "artist": ["Ann", "ann"]}))
    >>> keys[0] == keys[1]
    True
    """
    return _with_keys(table)["_key"]


def _with_keys(table: pl.DataFrame) -> pl.DataFrame:
    """Add `_key`: artist, bare title and number of the part; null where they say too little."""
    title, bare, artist = pl.col("_title"), pl.col("_bare"), pl.col("_artist")
    parts = title.str.extract_all(_PARTS).list.join(" ").str.replace_all(_SIGNS, " ")
    told = ~bare.str.contains(_UNTOLD) & ~artist_key(artist).is_in(["", *NOBODY])
    return (
        table.with_columns(
            _title=_in_small_letters(pl.col("title")),
            _artist=_in_small_letters(pl.lit(_first_artists(table))),
        )
        .with_columns(_bare=_without_signs(_without_version(title)), _parts=parts)
        .with_columns(_key=pl.when(told).then(pl.concat_str("_artist", "_bare", "_parts", separator="\x00")))
    )


def _title_sums(titles: pl.Series) -> NDArray[np.uint32]:
    """The letter sum of each bare title; only strange and marked titles take the steps to it."""
    strange = _is_strange(titles)
    marked = (
        titles.str.contains_any(list(_MARKS), ascii_case_insensitive=True).fill_null(value=False) & ~strange
    )
    title = pl.col(titles.name)
    sums = _letter_sums(titles)
    for special, small in (
        (strange, _in_small_letters(title)),
        (marked, _in_small_letters(title, normal=True)),
    ):
        bare = titles.filter(special).to_frame().select(_without_version(small)).to_series()
        sums[special.to_numpy()] = _letter_sums(bare)
    return sums


def _artist_sums(artists: pl.Series) -> NDArray[np.uint32]:
    """The letter sum of each name in small letters."""
    strange = _is_strange(artists)
    sums = _letter_sums(artists)
    normalized = artists.filter(strange).to_frame().select(_in_small_letters(pl.col(artists.name)))
    sums[strange.to_numpy()] = _letter_sums(normalized.to_series())
    return sums


def _letter_sums(texts: pl.Series) -> NDArray[np.uint32]:
    """The numbers of all ASCII letters and digits of each text, added up: the same in either case."""
    text = texts.str.join().cast(pl.Binary).item() or b""
    sums = np.zeros(len(text) + 1, dtype=np.uint32)
    np.cumsum(_NUMBERS[np.frombuffer(text, dtype=np.uint8)], dtype=np.uint32, out=sums[1:])
    ends = np.concatenate([[0], texts.str.len_bytes().fill_null(0).cum_sum().to_numpy()])
    differences: NDArray[np.uint32] = np.diff(sums[ends])
    return differences


def _numbers() -> NDArray[np.uint32]:
    """A number for every byte: one for each digit, one for each letter of either case, 0 for all others."""
    numbers = np.zeros(256, dtype=np.uint32)
    letters = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
    numbers[letters] = np.random.default_rng(0).integers(1, 2**32, len(letters), dtype=np.uint32)
    numbers[65:91] = numbers[97:123]
    return numbers


_NUMBERS = _numbers()


def _is_strange(texts: pl.Series) -> pl.Series:
    """True for texts that normalizing may change."""
    wide = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(value=False)
    strange = wide.to_numpy().copy()
    strange[strange] = texts.filter(wide).str.contains(_NOT_NORMAL).to_numpy()
    return pl.Series(strange)


def _without_version(title: pl.Expr) -> pl.Expr:
    return title.str.replace_all(_IN_BRACKETS, " ").str.replace(_AFTER_DASH, "").str.replace(_FEATURING, "")


def _without_signs(title: pl.Expr) -> pl.Expr:
    return title.str.replace_all(_SIGNS, " ").str.strip_chars()


def _in_small_letters(text: pl.Expr, *, normal: bool = False) -> pl.Expr:
    return (text if normal else text.str.normalize("NFKC")).str.to_lowercase().str.strip_chars()


def _first_artists(table: pl.DataFrame) -> pl.Series:
    """The first artist; the display text where there is no list of names."""
    names = []
    if "artists" in table.columns:
        first, known = table["artists"].list.first(), table["artists"].list.len() > 0
        names.append(
            table["artists"].list.drop_nulls().list.first() if (first.is_null() & known).any() else first
        )
    if "artist" in table.columns:
        names.append(table["artist"])
    return pl.select(pl.coalesce(names)).to_series()
