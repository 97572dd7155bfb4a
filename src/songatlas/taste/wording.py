"""Why a song is recommended: what it shares with a liked song, and where it differs, in words.

Told are, in this order: album or artist that both share, the tags both carry (the rarest first) with the time
both come from, the difference in tempo, and the features in which a listener would hear the difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

HEARD_FEATURES: Final = (
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "speechiness",
    "liveness",
    "loudness_db",
)
"""Features in which a listener hears the difference; tempo and year are told in their own words."""

HEARD: Final = 0.8
"""Standard deviations from which a difference in a feature is told."""

_MOST_TAGS, _MOST_DIFFERENCES = 2, 2
_LIKE_TEMPO: Final = 6.0
_OTHER_TEMPO: Final = 15.0
_LIKE_YEARS: Final = 3
_FAR_YEARS: Final = 8


def spreads(songs: pl.DataFrame) -> dict[str, float]:
    """Return the standard deviation of each feature in which differences are told, where there is one."""
    found = {name: songs[name].cast(pl.Float64).std() for name in HEARD_FEATURES if name in songs.columns}
    return {name: float(spread) for name, spread in found.items() if isinstance(spread, float) and spread > 0}


def tell_likeness(
    song: Mapping[str, Any],
    liked: Mapping[str, Any],
    *,
    spread: Mapping[str, float],
    commonness: Mapping[str, int],
    comparatives: Mapping[str, tuple[str, str]],
    sounds_alike: bool | None = None,
) -> str:
    """Return what a song shares with a liked one, and where it differs.

    Parameters
    ----------
    song, liked : mapping
        Rows of the songs table.
    spread : mapping of str to float
        Standard deviations, see `spreads`.
    commonness : mapping of str to int
        Tag in small letters -> how many songs carry it.
    comparatives : mapping of str to (str, str)
        Feature -> words for a song that has less of it than another, and more.
    sounds_alike : bool, optional
        Whether a network hears both as alike; None where it cannot say.

    Returns
    -------
    str
        Pieces with commas between them.

    Examples
    --------
    >>> song = {"tags": ["pop", "synth pop"], "year": 1988.0, "tempo_bpm": 117.0, "energy": 0.5}
    >>> liked = {"tags": ["synth pop"], "year": 1987.0, "tempo_bpm": 120.0, "energy": 0.8}
    >>> words = {"energy": ("calmer", "more energetic")}
    >>> tell_likeness(song, liked, spread={"energy": 0.2}, commonness={"synth pop": 3}, comparatives=words)
    'same late-80s synth pop tags, 3 BPM apart, calmer'
    """
    years = _number(song, "year"), _number(liked, "year")
    together = _shared_time(*years)
    tags = _shared_tags(song, liked, commonness)
    pieces = [_shared_names(song, liked)]
    if tags:
        word = "tag" if len(tags) == 1 and not together else "tags"
        pieces.append(f"same {together + ' ' if together else ''}{' and '.join(tags)} {word}")
    elif together:
        pieces.append(f"both {together}")
    if not together:
        pieces.append(_years_apart(*years))
    pieces.append(_tempo_apart(_number(song, "tempo_bpm"), _number(liked, "tempo_bpm")))
    told = [piece for piece in pieces if piece]
    heard = _differences(song, liked, spread, comparatives)
    if sounds_alike is not None:
        return ", ".join([*told, "sounds alike" if sounds_alike else "sounds different", *heard])
    apart = any(piece.endswith(("faster", "slower", "later", "earlier")) for piece in told)
    alike = ["otherwise much the same sound" if apart else "much the same sound"] if spread else []
    return ", ".join([*told, *(heard or alike)])


def _shared_names(song: Mapping[str, Any], liked: Mapping[str, Any]) -> str:
    """What songs of one artist or one album share."""
    mine, theirs = _names(song.get("artists")), _names(liked.get("artists"))
    both = [name for key, name in mine.items() if key in theirs]
    album = next(iter(_names([song.get("album")])), "")
    same_album = album and album in _names([liked.get("album")])
    if same_album and (both or _number(song, "year") == _number(liked, "year")):
        return "from the same album"
    if not both:
        return ""
    return "by the same artist" if next(iter(mine)) == next(iter(theirs)) else f"also with {both[0]}"


def _names(values: Sequence[Any] | None) -> dict[str, str]:
    """Names by the way they are compared."""
    return {str(name).strip().lower(): str(name) for name in values or [] if name and str(name).strip()}


def _shared_tags(
    song: Mapping[str, Any], liked: Mapping[str, Any], commonness: Mapping[str, int]
) -> list[str]:
    """The rarest tags that both carry."""
    mine, theirs = _names(song.get("tags")), _names(liked.get("tags"))
    both = sorted(set(mine) & set(theirs), key=lambda tag: (commonness.get(tag, 0), tag))
    return both[:_MOST_TAGS]


def _shared_time(one: float | None, other: float | None) -> str:
    """The time that two years share: part of a decade, the decade, or nothing."""
    if one is None or other is None or int(one) // 10 != int(other) // 10 or abs(one - other) > _FAR_YEARS:
        return ""
    decade = f"{int(one) // 10 * 10}s" if one < 1930 or one >= 2000 else f"{int(one) // 10 % 10}0s"
    parts = {_part_of_decade(one), _part_of_decade(other)}
    return f"{parts.pop()}-{decade}" if len(parts) == 1 else decade


def _part_of_decade(year: float) -> str:
    """Early (0 to 3), mid (4 to 6) or late (7 to 9)."""
    return "early" if year % 10 < 4 else "mid" if year % 10 < 7 else "late"


def _years_apart(one: float | None, other: float | None) -> str:
    """How much later or earlier a song came out."""
    if one is None or other is None:
        return ""
    years = round(one - other)
    if abs(years) <= _LIKE_YEARS:
        return f"from {one:.0f}, about the same time"
    return f"{abs(years)} years {'later' if years > 0 else 'earlier'}"


def _tempo_apart(one: float | None, other: float | None) -> str:
    """How far two tempos lie apart, where they are alike or plainly not; half and double time are alike."""
    if one is None or other is None or min(one, other) <= 0:
        return ""
    apart = one - other
    if abs(apart) < 0.5:
        return "same tempo"
    if abs(apart) <= _LIKE_TEMPO:
        return f"{abs(apart):.0f} BPM apart"
    for factor, words in ((2.0, "double"), (0.5, "half")):
        if abs(one - other * factor) <= _LIKE_TEMPO * max(factor, 1.0):
            return f"about {words} the tempo"
    if abs(apart) >= _OTHER_TEMPO:
        return f"{abs(apart):.0f} BPM {'faster' if apart > 0 else 'slower'}"
    return ""


def _differences(
    song: Mapping[str, Any],
    liked: Mapping[str, Any],
    spread: Mapping[str, float],
    comparatives: Mapping[str, tuple[str, str]],
) -> list[str]:
    """What a listener would hear to be different, the greatest difference first."""
    apart = {}
    for name, size in spread.items():
        mine, theirs = _number(song, name), _number(liked, name)
        if mine is not None and theirs is not None:
            apart[name] = (mine - theirs) / size
    if "energy" in apart and apart.get("loudness_db", 0.0) * apart["energy"] > 0:
        del apart["loudness_db"]  # it says the same
    told = sorted((name for name in apart if abs(apart[name]) >= HEARD), key=lambda name: -abs(apart[name]))
    return [comparatives[name][int(apart[name] > 0)] for name in told[:_MOST_DIFFERENCES]]


def _number(song: Mapping[str, Any], name: str) -> float | None:
    """A value of a song; None where it is not known."""
    value = song.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
