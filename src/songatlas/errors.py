"""Errors a person can act on.

Every error says the wrong value, the rule it broke and the next step. The library raises them, the
command line prints one line and ends with exit status 2, the app shows a box.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LONGEST_NAME: Final = 500  # nobody means a name that is longer, and comparing would take long


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


def quoted(value: object, *, longest: int = 120) -> str:
    r"""Return a value as an error shows it: as Python writes it, what is too long left out.

    Examples
    --------
    >>> quoted("a\x1b[31m"), quoted("a" * 500, longest=10)
    ("'a\\x1b[31m'", "'aaaaaaaa…")
    >>> quoted(1 << 100_000)
    'an int that is too large to be shown'
    """
    try:
        said = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a list in a list in a list ...
        kind = type(value).__name__
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} that is too large to be shown"
    return said if len(said) <= longest else f"{said[: longest - 1]}…"


def in_brief(error: BaseException, *, longest: int = 200) -> str:
    r"""Return what an error of another library says, in one line that may be shown.

    Examples
    --------
    >>> in_brief(ValueError("no\n  such \x1b[31m column"))
    'no such \ufffd[31m column'
    """
    line = " ".join(str(error).split())[:longest] or type(error).__name__
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)


def one_line(said: object, *, longest: int = 1000) -> str:
    r"""Return the first line of what was said as a terminal may show it, what is too long left out.

    Examples
    --------
    >>> one_line("no column \x1b[31mred\nand more")
    'no column \\x1b[31mred'
    """
    first = (str(said).strip().splitlines() or ["unknown reason"])[0]
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in first[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of `known`, or an empty string.

    Examples
    --------
    >>> did_you_mean("enrgy", ["energy", "valence"])
    "; did you mean 'energy'?"
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    nearest = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
