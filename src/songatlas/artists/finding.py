"""Finding an artist by the words that a person types."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

import polars as pl

from songatlas.artist_names import artist_key
from songatlas.artists.credits import Credits
from songatlas.errors import UnknownName

MOST_NAMED: Final = 5
"""Candidates named where words mean several artists."""

_MOST_COMPARED: Final = 20_000


def find_artist(credits: Credits, text: str, *, folded: Callable[[pl.Series], pl.Series]) -> int:
    """Return the number of the artist that some words mean.

    What says most is tried first: the very name, the name without accents and punctuation, the same without
    "the" and blanks, then names that hold the words, where only one does.

    Parameters
    ----------
    credits : Credits
    text : str
        A name, written in any way.
    folded : callable
        Series of String -> the same without case, accents and punctuation.

    Raises
    ------
    UnknownName
        If no artist is meant, or several are; the message names the nearest.

    Examples
    --------
    >>> from songatlas.artists.credits import credits_of
    >>> credited = credits_of(pl.Series(["The Zebras", "AC/DC", "Ann Lee"]))
    >>> [credited.names[find_artist(credited, name, folded=fold)]
    ...  for fold in [lambda names: names.str.to_lowercase().str.replace_all("/", " ")]
    ...  for name in ("zebras", "ac dc", "Lee")]
    ['The Zebras', 'AC/DC', 'Ann Lee']
    """
    key = pl.Series("key", [text]).to_frame().select(artist_key(pl.col("key"))).item()
    exact = credits.keys.index_of(key)
    if exact is not None:
        return int(exact)
    names, asked = folded(credits.names), str(folded(pl.Series([text]))[0] or "")
    for rows in _readings(names, asked):
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise UnknownName(_several(credits, text, rows))
    raise UnknownName(_nothing_found(credits, text, names, asked))


def _readings(names: pl.Series, asked: str) -> list[list[int]]:
    """Rows that are meant in each way of reading, the strictest first."""
    if not asked:
        return []
    short = _compact(pl.Series([asked]))[0]
    ways = (
        names == asked,
        _compact(names) == short,
        (" " + names + " ").str.contains(f" {asked} ", literal=True),
    )
    return [way.arg_true().to_list() for way in ways]


def _compact(names: pl.Series) -> pl.Series:
    """Folded names without a leading "the" and without blanks."""
    return names.str.replace(r"^the ", "").str.replace_all(" ", "", literal=True)


def _several(credits: Credits, text: str, rows: list[int]) -> str:
    """What to say where several artists are meant."""
    counts = [int(credits.n_songs[row]) for row in rows[:MOST_NAMED]]
    named = "; ".join(
        f"{credits.names[row]!r} ({n:,} song{'s' * (n != 1)})" for row, n in zip(rows, counts, strict=False)
    )
    more = f"; and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    return f"{len(rows):,} artists may be meant by {text!r}: {named}{more}; write one of these names in full"


def _nothing_found(credits: Credits, text: str, names: pl.Series, asked: str) -> str:
    """What to say where no artist is meant."""
    step = "name an artist as the table writes it; 'songatlas artists ATLAS' lists those of most songs"
    like = names.str.starts_with(asked[:2])
    if asked:
        longest = max(asked.split(" "), key=len)
        like |= names.str.contains(longest[:4], literal=True)
    rows = like.arg_true().head(_MOST_COMPARED).to_list()
    known = {str(names[row]): row for row in reversed(rows)}
    nearest = get_close_matches(asked, known, n=1) if asked else []
    hint = f"; did you mean {credits.names[known[nearest[0]]]!r}?" if nearest else ""
    return f"no artist is called {text!r}{hint} ({step})"
