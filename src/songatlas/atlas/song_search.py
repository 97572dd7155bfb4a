"""Quick search: the songs of an atlas that some typed words may mean, the best known first.

Case, accents and punctuation do not count, and the words may be begun only: "bohe queen" finds Bohemian
Rhapsody. The folded texts are made once and kept with the atlas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import BadSettings
from songatlas.songs.finding import folded_texts, folded_titles, rows_of_ids, valid_text

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_FAME: Final = ("popularity", "streams", "artist_popularity", "followers")
_LONGEST: Final = 200  # characters that are looked for
_MOST_WORDS: Final = 12


@dataclass(frozen=True, eq=False)
class SearchTexts:
    """What is searched.

    Attributes
    ----------
    titles : Series of String
        Folded titles; empty where there are none.
    whole : Series of String
        A space, the folded title, a space and the folded artists, so that every word has a space before it.
    fame_rank : ndarray of int64, shape (n_songs,)
        0 for the best known song; equally known ones in the order of the songs.
    """

    titles: pl.Series
    whole: pl.Series
    fame_rank: NDArray[np.int64]


def search_songs(atlas: Atlas, text: str, *, n: int = 20) -> NDArray[np.int64]:
    """Return the songs that some words may mean.

    Parameters
    ----------
    atlas : Atlas
    text : str
        Words of title and artist in any order, each whole or its beginning; or an id or a link.
    n : int
        Most songs to return, at least 1.

    Returns
    -------
    ndarray of int64
        Rows of `atlas.songs`: the song of that id, titles that are the words, titles that begin with them,
        songs that have all the words in title or artists; each kind by falling popularity. Where there are
        none, songs that hold the words inside of others.

    Raises
    ------
    BadSettings
        If `n` is below 1.

    Examples
    --------
    >>> from songatlas.atlas import build_demo
    >>> atlas = build_demo(300, k=3)
    >>> row = int(search_songs(atlas, atlas.songs["title"][7].upper())[0])
    >>> atlas.songs["title"][row] == atlas.songs["title"][7]
    True
    """
    if n < 1:
        raise BadSettings(f"n is {n}: ask for at least one song")
    asked = valid_text(text).strip()[:_LONGEST]
    if not asked:
        return np.empty(0, dtype=np.int64)
    named = [row for row in rows_of_ids(atlas.songs["song_id"], [asked]) if row is not None]
    if named:
        return np.array(named, dtype=np.int64)
    found = _found(atlas, search_texts(atlas), asked)
    return found[:n]


def search_texts(atlas: Atlas) -> SearchTexts:
    """Return the folded texts of an atlas; made once, which takes seconds for a million songs."""
    return atlas.kept.get("search texts", None, lambda: _made(atlas))


def _made(atlas: Atlas) -> SearchTexts:
    songs = atlas.songs
    nothing = pl.repeat("", songs.height, dtype=pl.String, eager=True)
    titles = nothing
    if "title" in songs.columns:
        titles = atlas.kept.get("folded titles", None, lambda: folded_titles(songs))
    artists = (
        folded_texts(songs["artists"].list.join(" ")).fill_null("") if "artists" in songs.columns else nothing
    )
    whole = pl.select(pl.concat_str(pl.lit(" "), titles, pl.lit(" "), artists)).to_series()
    return SearchTexts(titles.rename("title"), whole.rename("whole"), _fame_ranks(songs))


def _fame_ranks(songs: pl.DataFrame) -> NDArray[np.int64]:
    """Place of each song among all by what is known of its fame, 0 for the best known."""
    told = [name for name in _FAME if name in songs.columns]
    frame = songs.select(*told, pl.int_range(pl.len()).alias("\0row"))
    order = frame.sort(*told, "\0row", descending=[True] * len(told) + [False], nulls_last=True)["\0row"]
    ranks = np.empty(songs.height, dtype=np.int64)
    ranks[order.to_numpy()] = np.arange(songs.height)
    return ranks


def _found(atlas: Atlas, texts: SearchTexts, asked: str) -> NDArray[np.int64]:
    """Rows that some words mean, the surest kind first."""
    folded = folded_texts(pl.Series([asked]))[0]
    if not folded:  # a title of signs alone, such as "???"
        alone = pl.col("title").str.strip_chars() == asked
        if "title" not in atlas.songs.columns:
            return np.empty(0, dtype=np.int64)
        called_so = atlas.songs.select(alone.fill_null(value=False)).to_series().to_numpy()
        return _best_known(np.flatnonzero(called_so), texts)
    words = sorted(dict.fromkeys(folded.split(" ")), key=len, reverse=True)[:_MOST_WORDS]
    rows = _with_words(texts.whole, [f" {word}" for word in words])
    if not len(rows):
        rows = _with_words(texts.whole, words)
    titles = texts.titles.gather(rows)
    kinds = np.where(titles.str.starts_with(folded).to_numpy(), 1, 2)
    kinds[(titles == folded).to_numpy()] = 0
    return rows[np.lexsort((texts.fame_rank[rows], kinds))]


def _with_words(whole: pl.Series, words: Sequence[str]) -> NDArray[np.int64]:
    """Rows of the texts that hold all of some words, which are not empty."""
    rows = np.arange(len(whole), dtype=np.int64)
    for place, word in enumerate(words):
        among = whole.gather(rows) if place else whole
        rows = rows[among.str.contains(word, literal=True).to_numpy()]
    return rows


def _best_known(rows: NDArray[np.int64], texts: SearchTexts) -> NDArray[np.int64]:
    """Rows by falling fame."""
    return rows[np.argsort(texts.fame_rank[rows], kind="stable")]
