"""Finding songs in a songs table by the words a person types: an id, a link, a title, a title and its artist.

Words are compared without case, accents and punctuation, in any script. What says most is tried first: the
id, then the whole title with or without its artist, then titles that begin with the words, so that "Angie"
finds "Angie - Remastered 2009" where no song has that very name.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import UnknownName
from songatlas.songs.text_cells import bare_ids

MOST_NAMED: Final = 5
"""Candidates named where words mean several songs."""

_DASH: Final = re.compile(r"\s+[-–—]\s+")
_MOST_COMPARED: Final = 20_000


def find_songs(songs: pl.DataFrame, text: str) -> NDArray[np.int64]:
    """Return the rows of the songs that some words mean.

    Parameters
    ----------
    songs : DataFrame
        Songs table with `song_id`, and `title` and `artists` where they are known.
    text : str
        A song id, a Spotify URI or link, "Title - Artist", "Artist - Title" or a title.

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
    rows = _by_id(songs["song_id"], text)
    if not len(rows) and "title" in songs.columns:
        rows = _by_words(songs, text)
    if not len(rows):
        raise UnknownName(_nothing_found(songs, text))
    return rows


def find_song(songs: pl.DataFrame, text: str) -> int:
    """Return the row of the one song that some words mean.

    Parameters
    ----------
    songs, text
        As in `find_songs`.

    Raises
    ------
    UnknownName
        If no song is meant, or several are; the message names them.
    """
    rows = find_songs(songs, text)
    if len(rows) == 1:
        return int(rows[0])
    named = [named_song(songs, int(row)) for row in rows]
    listed = "; ".join(
        f"{name} ({song_id})"
        for name, song_id in zip(named[:MOST_NAMED], songs["song_id"].gather(rows[:MOST_NAMED]), strict=True)
    )
    more = f"; and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
    several = len(set(named)) > 1 and " - " not in text
    by_artist = "name the artist, as in 'Title - Artist', or " if several else ""
    step = f"{by_artist}give the id in brackets"
    raise UnknownName(f"{len(rows)} songs are called {text!r}: {listed}{more}; {step}")


def named_song(songs: pl.DataFrame, row: int) -> str:
    """Return "Title - Artist" of a song, or what of it is known, down to the id."""
    values = songs.row(row, named=True)
    said = [values.get("title"), ", ".join(values.get("artists") or [])]
    return " - ".join(part for part in said if part) or str(values["song_id"])


def _by_id(song_ids: pl.Series, text: str) -> NDArray[np.int64]:
    """Rows of that id, bare or in a URI or link."""
    asked = text.strip()
    bare = bare_ids(pl.Series([asked]))[0] or asked
    return np.flatnonzero((song_ids == asked).to_numpy() | (song_ids == bare).to_numpy())


def _by_words(songs: pl.DataFrame, text: str) -> NDArray[np.int64]:
    """Rows by title and artist, the surest way that finds any."""
    asked = _folded(pl.Series([text]))[0]
    if not asked:  # a title of signs alone, such as "???"
        return np.flatnonzero((songs["title"].str.strip_chars() == text.strip()).fill_null(False).to_numpy())
    titles = _folded(songs["title"]).fill_null("")
    near = np.flatnonzero(titles.is_in(_ends_of(asked)).to_numpy())
    artists = _artist_names(songs, near)
    found = [
        row for row, names in zip(near, artists, strict=True) if _is_meant(titles[int(row)], names, asked)
    ]
    return np.array(found or _beginning_with(titles, songs, text), dtype=np.int64)


def _ends_of(asked: str) -> list[str]:
    """What of the words may be the title: the first ones, the last ones, all of them."""
    words = asked.split(" ")
    firsts = (" ".join(words[:count]) for count in range(1, len(words) + 1))
    return sorted({*firsts, *(" ".join(words[start:]) for start in range(1, len(words)))})


def _is_meant(title: str, artists: list[str], asked: str) -> bool:
    """Whether the words are the title, alone or with one or all of its artists."""
    names = {*artists, " ".join(artists)}
    return asked == title or any(asked in (f"{title} {name}", f"{name} {title}") for name in names)


def _beginning_with(titles: pl.Series, songs: pl.DataFrame, text: str) -> list[int]:
    """Rows whose title begins with the words, and of that artist where one is named."""
    rows = np.flatnonzero(titles.str.starts_with(f"{_folded(pl.Series([text]))[0]} ").to_numpy()).tolist()
    if rows:
        return rows
    for dash in reversed(list(_DASH.finditer(text))):
        title, artist = _folded(pl.Series([text[: dash.start()], text[dash.end() :]]))
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


def _folded(texts: pl.Series) -> pl.Series:
    """Texts without case, accents and punctuation, one space between words."""
    return texts.to_frame("text").select(_folding(pl.col("text"))).to_series()


def _folding(text: pl.Expr) -> pl.Expr:
    plain = text.cast(pl.String).str.normalize("NFKD").str.to_lowercase().str.replace_all(r"\p{M}", "")
    joined = plain.str.replace_all(r"['’`´]", "")
    return joined.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def _nothing_found(songs: pl.DataFrame, text: str) -> str:
    """What to say where no song is meant."""
    nearest = _nearest_title(songs, text) if "title" in songs.columns else None
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return (
        f"no song is called {text!r}{hint} (name it by its title, by 'Title - Artist' or by its id; songs "
        "that were left out cannot be found)"
    )


def _nearest_title(songs: pl.DataFrame, text: str) -> str | None:
    """The title most like what was asked for, among those that share its beginning or its longest word."""
    asked = _folded(pl.Series([_DASH.split(text)[0]]))[0]
    if not asked:
        return None
    titles = pl.DataFrame({"title": songs["title"], "folded": _folded(songs["title"])}).drop_nulls()
    longest = max(asked.split(" "), key=len)
    like = (pl.col("folded").str.head(2) == asked[:2]) | pl.col("folded").str.contains(longest, literal=True)
    known = titles.filter(like).unique("folded", maintain_order=True).head(_MOST_COMPARED)
    names = dict(zip(known["folded"], known["title"], strict=True))
    return next((names[name] for name in get_close_matches(asked, names, n=1)), None)
