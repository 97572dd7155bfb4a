"""Finding songs in a songs table by the words a person types: an id, a link, a title, a title and its artist.

Words are compared without case, accents and punctuation, in any script. What says most is tried first: the
id, then the whole title with or without its artist, then titles that begin with the words, so that "Angie"
finds "Angie - Remastered 2009" where no song has that very name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import UnknownName, quoted
from songatlas.songs.ids import bare_ids

MOST_NAMED: Final = 5
"""Candidates named where words mean several songs."""

LONGEST: Final = 10_000
"""Letters of words that may mean a song."""

_DASH: Final = re.compile(r"\s+[-–—]\s+")
_MOST_COMPARED: Final = 20_000
_MOST_WORDS: Final = 200  # of a title and an artist; of more, only all of them together are a title
_ALIKE: Final = 0.75


def find_songs(songs: pl.DataFrame, text: str, *, titles: pl.Series | None = None) -> NDArray[np.int64]:
    """Return the rows of the songs that some words mean.

    Parameters
    ----------
    songs : DataFrame
        Songs table with `song_id`, and `title` and `artists` where they are known.
    text : str
        A song id, a Spotify URI or link, "Title - Artist", "Artist - Title" or a title.
    titles : Series of String, optional
        The `folded_titles`, where somebody has kept them.

    Returns
    -------
    ndarray of int64
        Rows, rising; several where several songs are called so.

    Raises
    ------
    UnknownName
        If no song is meant; the message names the nearest title.

    Examples
    --------
    >>> artists = [["Zoë"], ["Zoë"]]
    >>> songs = pl.DataFrame({"song_id": ["a", "b"], "title": ["Ça va?", "Hey"], "artists": artists})
    >>> find_songs(songs, "ca va").tolist(), find_songs(songs, "Hey! - ZOE").tolist()
    ([0], [1])
    """
    text = valid_text(text)
    if len(text) > LONGEST:
        raise UnknownName(f"no song is called {quoted(text)}: a title has at most {LONGEST:,} letters")
    rows = np.array([row for row in rows_of_ids(songs["song_id"], [text]) if row is not None], dtype=np.int64)
    if not len(rows) and "title" in songs.columns:
        rows = _by_words(songs, text, folded_titles(songs) if titles is None else titles)
    if not len(rows):
        raise UnknownName(_nothing_found(songs, text))
    return rows


def several_meant(songs: pl.DataFrame, rows: NDArray[np.int64], text: str) -> str:
    """Return what to say where some words mean several songs: which they are, and how to name one."""
    named = [named_song(songs, int(row)) for row in rows]
    listed = "; ".join(
        f"{name} ({song_id})"
        for name, song_id in zip(named[:MOST_NAMED], songs["song_id"].gather(rows[:MOST_NAMED]), strict=True)
    )
    more = f"; and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
    several = len(set(named)) > 1 and " - " not in text
    by_artist = "name the artist, as in 'Title - Artist', or " if several else ""
    step = f"{by_artist}give the id in brackets"
    return f"{len(rows)} songs are called {quoted(text)}: {listed}{more}; {step}"


def named_song(songs: pl.DataFrame, row: int) -> str:
    """Return "Title - Artist" of a song, or what of it is known, down to the id."""
    values = songs.row(row, named=True)
    said = [values.get("title"), ", ".join(values.get("artists") or [])]
    return " - ".join(part for part in said if part) or str(values["song_id"])


def rows_of_ids(song_ids: pl.Series, texts: Sequence[str]) -> list[int | None]:
    """Return the row of each text that is an id, bare or in a URI or link; None of all others.

    Examples
    --------
    >>> rows_of_ids(pl.Series(["a1", "b2"]), ["b2", "spotify:track:a1", "c3"])
    [1, 0, None]
    """
    asked = [valid_text(text).strip() for text in texts]
    bare = bare_ids(pl.Series(asked, dtype=pl.String)).to_list()
    rows = np.flatnonzero(song_ids.is_in(list({*asked, *(each for each in bare if each)})).to_numpy())
    row_of = {str(song_ids[int(row)]): int(row) for row in rows}
    return [row_of.get(whole, row_of.get(short)) for whole, short in zip(asked, bare, strict=True)]


def folded_titles(songs: pl.DataFrame) -> pl.Series:
    """Return the titles as they are compared; empty where there are none."""
    return folded_texts(songs["title"]).fill_null("")


def valid_text(text: str) -> str:
    r"""Return text without halves of characters, which no table holds; U+FFFD stands in their places.

    Examples
    --------
    >>> valid_text("a\udcffb") == "a\ufffdb"
    True
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _by_words(songs: pl.DataFrame, text: str, titles: pl.Series) -> NDArray[np.int64]:
    """Rows by title and artist, the surest way that finds any."""
    asked = folded_texts(pl.Series([text]))[0]
    if not asked:  # a title of signs alone, such as "???"
        return np.flatnonzero((songs["title"].str.strip_chars() == text.strip()).fill_null(False).to_numpy())
    near = np.flatnonzero(titles.is_in(_ends_of(asked)).to_numpy())
    artists = _artist_names(songs, near)
    found = [
        row for row, names in zip(near, artists, strict=True) if _is_meant(titles[int(row)], names, asked)
    ]
    return np.array(found or _beginning_with(titles, songs, text), dtype=np.int64)


def _ends_of(asked: str) -> list[str]:
    """What of the words may be the title: the first ones, the last ones, all of them."""
    words = asked.split(" ")
    if len(words) > _MOST_WORDS:
        return [asked]
    firsts = (" ".join(words[:count]) for count in range(1, len(words) + 1))
    return sorted({*firsts, *(" ".join(words[start:]) for start in range(1, len(words)))})


def _is_meant(title: str, artists: list[str], asked: str) -> bool:
    """Whether the words are the title, alone or with one or all of its artists."""
    names = {*artists, " ".join(artists)}
    return asked == title or any(asked in (f"{title} {name}", f"{name} {title}") for name in names)


def _beginning_with(titles: pl.Series, songs: pl.DataFrame, text: str) -> list[int]:
    """Rows whose title begins with the words, and of that artist where one is named."""
    begun = f"{folded_texts(pl.Series([text]))[0]} "
    rows = np.flatnonzero(titles.str.starts_with(begun).to_numpy()).tolist()
    if rows:
        return rows
    for dash in reversed(list(_DASH.finditer(text))):
        title, artist = folded_texts(pl.Series([text[: dash.start()], text[dash.end() :]]))
        if title and artist:
            near = np.flatnonzero(((titles == title) | titles.str.starts_with(f"{title} ")).to_numpy())
            rows += [
                int(row)
                for row, names in zip(near, _artist_names(songs, near), strict=True)
                if f" {artist} " in f" {' '.join(names)} "
            ]
    return sorted(set(rows))


def _artist_names(songs: pl.DataFrame, rows: NDArray[np.int64]) -> list[list[str]]:
    """The folded names of the artists of some songs."""
    if "artists" not in songs.columns:
        return [[] for _ in rows]
    artists = songs["artists"].gather(rows)
    folded = artists.to_frame("names").select(pl.col("names").list.eval(_folding(pl.element()))).to_series()
    return [[name for name in names or [] if name] for names in folded.to_list()]


def folded_texts(texts: pl.Series) -> pl.Series:
    """Return texts as names are compared: without case, accents and punctuation, one space between words.

    Examples
    --------
    >>> folded_texts(pl.Series(["Björk!", "AC/DC"])).to_list()
    ['bjork', 'ac dc']
    """
    return texts.to_frame("text").select(_folding(pl.col("text"))).to_series()


def _folding(text: pl.Expr) -> pl.Expr:
    plain = text.cast(pl.String).str.normalize("NFKD").str.to_lowercase().str.replace_all(r"\p{M}", "")
    joined = plain.str.replace_all(r"['’`´]", "")
    return joined.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def _nothing_found(songs: pl.DataFrame, text: str) -> str:
    """What to say where no song is meant."""
    if (n_songs := _songs_of_artist(songs, text)) > 0:
        several = "1 song" if n_songs == 1 else f"{n_songs:,} songs"
        return (
            f"no song is called {quoted(text)}: that is an artist of {several}; name one, as in "
            "'Title - Artist'"
        )
    nearest = _nearest_song(songs, text) if "title" in songs.columns else None
    hint = f"; did you mean {quoted(nearest, longest=300)}?" if nearest else ""
    has_files = "location" in songs.columns and songs["location"].null_count() < songs.height
    by_file = ", by the path of its file" if has_files else ""
    return (
        f"no song is called {quoted(text)}{hint} (name it by its title, by 'Title - Artist'{by_file} or by "
        "its id; songs that were left out cannot be found)"
    )


def _songs_of_artist(songs: pl.DataFrame, text: str) -> int:
    """How many songs an artist has who is called so."""
    asked = folded_texts(pl.Series([text]))[0]
    if not asked or "artists" not in songs.columns:
        return 0
    names = songs["artists"].explode().drop_nulls()
    return int((folded_texts(names) == asked).sum())


def _nearest_song(songs: pl.DataFrame, text: str) -> str | None:
    """The song called most like what was asked for; its artist is told where one was asked for."""
    parts = _DASH.split(text)
    asked, title, turned = folded_texts(pl.Series([text, parts[0], parts[-1]]))
    if not title:
        return None
    folded = folded_texts(songs["title"])
    rows = _like(folded, title)
    if turned != title:  # "Artist - Title" is asked for, too
        rows = sorted({*rows, *(_like(folded, turned) if turned else ())})
    alone = {folded[row]: songs["title"][row] for row in reversed(rows)}
    if asked == title:
        return next((alone[name] for name in get_close_matches(title, alone, n=1)), None)
    artists = _artist_names(songs, np.array(rows, dtype=np.int64))
    whole = {
        f"{folded[row]} {' '.join(names)}": named_song(songs, row)
        for row, names in reversed(list(zip(rows, artists, strict=True)))
    }
    for order in (asked, f"{turned} {title}"):
        near = get_close_matches(order, whole, n=1, cutoff=_ALIKE)
        if near:
            return whole[near[0]]
    return next((alone[name] for name in get_close_matches(title, alone, n=1)), None)


def _like(titles: pl.Series, asked: str) -> list[int]:
    """Rows of titles that share the beginning or the longest word with what was asked; all of a few songs."""
    if len(titles) <= _MOST_COMPARED // 4:
        return [row for row, title in enumerate(titles) if title]
    longest = max(asked.split(" "), key=len)
    like = (titles.str.head(2) == asked[:2]) | titles.str.contains(longest, literal=True)
    return [int(row) for row in np.flatnonzero(like.fill_null(value=False).to_numpy())[:_MOST_COMPARED]]
