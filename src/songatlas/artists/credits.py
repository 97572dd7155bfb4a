"""Who is credited with which song.

Every artist of a song is credited with it, not the first one alone: a listener who looks for an artist
expects the duets, too. What a table says of an artist and not of the song (followers, popularity of the
artist, tags) is believed of a song's first artist only, because tables carry the first artist's values; such
songs are the artist's *own*. An artist who is nowhere first has no others, so that all of its songs count as
own.

Conventions
-----------
Artists are numbered by falling number of songs, equal ones by name, whatever the order of the rows. Credits
are sorted by artist, then by song. Names that differ in case, padding or the way accents are encoded are one
artist, shown in the commonest spelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import NOBODY, artist_key, tidy_name

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Credits:
    """Which artist is credited with which song.

    Attributes
    ----------
    names : Series of String, length n_artists
        The commonest spelling of each artist.
    keys : Series of String, length n_artists
        The same as names are compared: `artist_key`.
    artist, song : ndarray of int64, shape (n_credits,)
        Number of the artist, and row of the song.
    first : ndarray of bool, shape (n_credits,)
        Whether the artist is the first one of that song.
    n_nobody : int
        Songs whose only artists are "Various Artists", "unknown" and the like, in any language.
    n_without : int
        Songs without any artist.
    """

    names: pl.Series
    keys: pl.Series
    artist: Ints
    song: Ints
    first: NDArray[np.bool_]
    n_nobody: int
    n_without: int

    @property
    def n_artists(self) -> int:
        """Number of artists."""
        return self.names.len()

    @cached_property
    def n_songs(self) -> Ints:
        """Songs of each artist, int64 (n_artists,)."""
        return np.bincount(self.artist, minlength=self.n_artists).astype(np.int64)

    @cached_property
    def starts(self) -> Ints:
        """Where the credits of each artist begin, int64 (n_artists + 1,), the last one is their end."""
        return np.concatenate([[0], np.cumsum(self.n_songs)]).astype(np.int64)

    @cached_property
    def own(self) -> NDArray[np.bool_]:
        """Whether each credit is one of the artist's own songs, bool (n_credits,)."""
        leads = np.bincount(self.artist[self.first], minlength=self.n_artists) > 0
        return self.first | ~leads[self.artist]

    def songs_of(self, artist: int, *, own: bool = False) -> Ints:
        """Return the rows of the songs of one artist, rising; with `own` only those it is judged by."""
        part = slice(*self.starts[artist : artist + 2])
        return self.song[part][self.own[part]] if own else self.song[part]


def credits_of(artists: pl.Series) -> Credits:
    """Return who is credited with which song.

    Parameters
    ----------
    artists : Series of String or of List(String), one entry a song
        Null, empty or blank where nobody is known.

    Examples
    --------
    >>> credited = credits_of(pl.Series([["Ann", "Bob"], ["ann "], ["Various Artists"]]))
    >>> credited.names.to_list(), credited.n_songs.tolist(), credited.songs_of(0).tolist()
    (['Ann', 'Bob'], [2, 1], [0, 1])
    """
    lists = artists if isinstance(artists.dtype, pl.List) else artists.cast(pl.String).reshape((-1, 1))
    given = pl.DataFrame({"name": lists.cast(pl.List(pl.String))}).with_row_index("song").explode("name")
    given, spellings = _spelled(given.drop_nulls())
    song, key = given["song"].to_numpy().astype(np.int64), spellings["key_number"].to_numpy()
    key = key[given["spelling"].to_numpy()]
    somebody = ~spellings.unique("key_number").sort("key_number")["nobody"].to_numpy()[key]
    n_known = int((np.diff(song) > 0).sum()) + bool(len(song))  # songs come in rising order
    n_keys = max(spellings.height, 1)
    song, key = song[somebody], key[somebody]
    kept = np.sort(np.unique(song * n_keys + key, return_index=True)[1])  # a name given twice counts once
    song, key = song[kept], key[kept]
    first = np.ones(len(song), dtype=np.bool_)
    first[1:] = np.diff(song) > 0
    named, number_of_key = _numbered(spellings, np.bincount(key, minlength=n_keys))
    artist = number_of_key[key]
    order = np.lexsort((song, artist))
    return Credits(
        names=named["name"],
        keys=named["key"],
        artist=artist[order],
        song=song[order],
        first=first[order],
        n_nobody=n_known - int(first.sum()),
        n_without=artists.len() - n_known,
    )


def _spelled(given: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`song` and `spelling` of each name, and `name`, `key`, `key_number`, `n`, `nobody` of each spelling."""
    spellings = given.group_by("name").len("n").with_columns(key=artist_key(pl.col("name")))
    spellings = spellings.filter(pl.col("key") != "").with_row_index("spelling")
    spellings = spellings.with_columns(
        key_number=pl.col("key").rank("dense").cast(pl.Int64) - 1,
        nobody=pl.col("key").is_in(list(NOBODY)),
    )
    found = given.join(spellings.select("name", "spelling"), on="name", maintain_order="left")
    found = found.drop_nulls()  # blank names
    return found.select("song", "spelling"), spellings


def _numbered(spellings: pl.DataFrame, n_songs: Ints) -> tuple[pl.DataFrame, Ints]:
    """`name` (the commonest spelling) and `key` of each artist by its number, and the number of each key."""
    tidy = spellings.select("key", "key_number", "n", name=tidy_name(pl.col("name")))
    tidy = tidy.group_by("key_number", "key", "name").agg(pl.col("n").sum())
    commonest = tidy.sort("key_number", "n", "name", descending=[False, True, False])
    named = commonest.unique("key_number", keep="first", maintain_order=True)
    n = n_songs[named["key_number"].to_numpy()]
    order = np.lexsort((np.arange(len(n)), -n))[: int((n > 0).sum())]
    number_of_key = np.full(len(n), -1, dtype=np.int64)
    number_of_key[order] = np.arange(len(order))
    return named.select("name", "key")[order], number_of_key
