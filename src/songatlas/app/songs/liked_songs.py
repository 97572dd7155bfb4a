"""The songs that a person likes and dislikes: two lists of ids, the same on all pages.

They stand in the address of the page, so that they are shared with it, while they are few. A song is in one
of the lists at most. Ids that the catalogue does not have are left alone: they may be of another one.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from songatlas.app.visit.state import keep, kept, put
from songatlas.songs.finding import rows_of_ids

LIKED: Final = "liked"
DISLIKED: Final = "disliked"

MOST_IN_ADDRESS: Final = 10
"""Songs of a list up to which it stands in the address of the page."""


def hold_lists() -> None:
    """Take both lists from the address of the page where they stand in it, and let short ones stand there."""
    for name in (LIKED, DISLIKED):
        keep(name, [], in_address=len(kept(name) or ()) <= MOST_IN_ADDRESS)


def liked() -> list[str]:
    """Return the ids of the liked songs, in the order in which they were liked."""
    return list(kept(LIKED) or ())


def disliked() -> list[str]:
    """Return the ids of the songs that are not liked."""
    return list(kept(DISLIKED) or ())


def like(*song_ids: str) -> None:
    """Like songs; they are disliked no more."""
    _move(song_ids, to=LIKED, out_of=DISLIKED)


def dislike(*song_ids: str) -> None:
    """Dislike songs; they are liked no more."""
    _move(song_ids, to=DISLIKED, out_of=LIKED)


def forget(*song_ids: str) -> None:
    """Take songs out of both lists."""
    for name in (LIKED, DISLIKED):
        put(name, [each for each in kept(name) or () if each not in song_ids])


def rows_of(songs: pl.DataFrame, song_ids: list[str]) -> list[int]:
    """Return the rows of the songs that the catalogue has, in their order."""
    return [row for row in rows_of_ids(songs["song_id"], song_ids) if row is not None]


def _move(song_ids: tuple[str, ...], *, to: str, out_of: str) -> None:
    put(out_of, [each for each in kept(out_of) or () if each not in song_ids])
    put(to, list(dict.fromkeys([*(kept(to) or ()), *song_ids])))
