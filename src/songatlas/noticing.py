"""What a person could notice: how far apart two means must lie to be spoken of, and what words they bear.

Pure data and two look-ups. Contrasts of ranks say how surely songs differ, and nothing of how much: among
songs of 16 to 24 seconds those of 22 are "longer than 80%". What no listener would notice is told of nobody.

Conventions
-----------
Units are those of the songs table (see `songatlas.features`). Means of columns that are not listed always
count as different, and bear every word.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NOTICEABLE: Final[Mapping[str, float]] = MappingProxyType(
    {  # least difference of two means: a twentieth of the range of shares, less where songs use little of it
        "danceability": 0.05,
        "energy": 0.05,
        "loudness_db": 1.0,
        "speechiness": 0.03,
        "acousticness": 0.05,
        "instrumentalness": 0.05,
        "liveness": 0.05,
        "valence": 0.05,
        "tempo_bpm": 4.0,
        "mode": 0.05,
    }
)

NOTICEABLE_RATIO: Final[Mapping[str, float]] = MappingProxyType({"duration_ms": 0.1})
"""Least difference of two means as a share of the larger, where a ratio is what is noticed."""

SPEECH_FROM: Final = 0.2
"""Mean speechiness from which songs may be called spoken; a catalogue has speech where some are."""

WORD_MEANS: Final[Mapping[str, tuple[float | None, float | None]]] = MappingProxyType(
    {  # means up to which the low word of a feature claims no more than is true, and from which the high word
        "danceability": (None, 0.55),
        "energy": (0.55, 0.55),
        "loudness_db": (-9.0, -9.0),
        "speechiness": (0.1, SPEECH_FROM),
        "acousticness": (0.2, 0.45),
        "instrumentalness": (0.2, 0.45),
        "liveness": (0.25, 0.5),
        "valence": (0.45, 0.55),
        "tempo_bpm": (115.0, 118.0),
        "duration_ms": (210_000.0, 240_000.0),
        "mode": (0.3, 0.7),
    }
)


def is_noticeable(column: str, one: float, other: float) -> bool:
    """Say whether a person could notice that two means of a column differ.

    Examples
    --------
    >>> is_noticeable("speechiness", 0.04, 0.05), is_noticeable("tempo_bpm", 118.0, 126.0)
    (False, True)
    >>> is_noticeable("duration_ms", 17_000.0, 18_000.0), is_noticeable("streams", 1.0, 2.0)
    (False, True)
    """
    least = NOTICEABLE.get(column, 0.0)
    least += NOTICEABLE_RATIO.get(column, 0.0) * max(abs(one), abs(other))
    return abs(one - other) >= least - 1e-9


def bears_word(column: str, mean: float, *, high: bool) -> bool:
    """Say whether a mean is low, or high, enough for the plain word of its feature: "spoken", "live".

    Examples
    --------
    >>> bears_word("speechiness", 0.04, high=True), bears_word("tempo_bpm", 84.0, high=False)
    (False, True)
    """
    low_to, high_from = WORD_MEANS.get(column, (None, None))
    if high:
        return high_from is None or mean >= high_from
    return low_to is None or mean <= low_to
