"""Errors a person can act on.

Every error says the wrong value, the rule it broke and the next step. The library raises them, the
command line prints one line and ends with exit status 2, the app shows a box.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SongAtlasError(Exception):
    """Anything songatlas refuses to do, in words for the person who asked."""


class UnreadableTable(SongAtlasError):
    """The file is no table of songs, or is too damaged to be read as one."""


class MissingColumns(SongAtlasError):
    """The table lacks columns that are needed, or their meaning or unit cannot be decided."""


class TooFewSongs(SongAtlasError):
    """Fewer songs are left than the wanted clusters need."""


class UnknownName(SongAtlasError, LookupError):
    """A feature, cluster, song, artist or rule of that name does not exist."""


class BadSettings(SongAtlasError, ValueError):
    """A setting is unknown, of the wrong type or out of its range."""


class BadAtlas(SongAtlasError):
    """A saved atlas is missing parts, damaged, altered or of another format."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of `known`, or an empty string.

    Examples
    --------
    >>> did_you_mean("enrgy", ["energy", "valence"])
    "; did you mean 'energy'?"
    """
    nearest = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
