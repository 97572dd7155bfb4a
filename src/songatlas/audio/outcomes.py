"""How the reading of one audio file can end, in the words that the songs table uses.

======================= ==================================================================
``ok``                  the whole file was read (or its first `MOST_SECONDS`)
``partial``             clearly less sound came out than the file promises; it is measured
``silent``              no sound in it: zeros, a constant value, or far below any hearing
``too short``           less than `LEAST_SECONDS` of sound
``unreadable``          no audio, damaged beyond reading, empty, or not to be opened
``crashed``             a decoder took the program with it or went past its time, twice
======================= ==================================================================

Only the first two carry features.
"""

from __future__ import annotations

from typing import Final, Literal

from songatlas.errors import SongAtlasError

Outcome = Literal["ok", "partial", "silent", "too short", "unreadable", "crashed"]

OUTCOMES: Final[tuple[Outcome, ...]] = ("ok", "partial", "silent", "too short", "unreadable", "crashed")
MEASURED: Final[frozenset[Outcome]] = frozenset({"ok", "partial"})
"""Outcomes of files that have features."""

LEAST_SECONDS: Final = 1.0
"""Less sound than this has no tempo, key or loudness range to speak of."""
MOST_SECONDS: Final = 600.0
"""Decoding stops here: ten minutes tell what a mix or an audiobook sounds like, and a worker that decodes
them stays under 250 MB."""


class AudioFailure(SongAtlasError):
    """A file gives no features; says how it ended and why.

    Parameters
    ----------
    outcome
        One of `OUTCOMES` that is not in `MEASURED`.
    reason
        One plain phrase for the songs table: "the file is empty".
    """

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(f"{outcome}: {reason}")
        self.outcome: Outcome = outcome
        self.reason = reason

    def __reduce__(self) -> tuple[type[AudioFailure], tuple[Outcome, str]]:
        return type(self), (self.outcome, self.reason)
