"""The space that nobody chose: what "auto" comes to for the songs at hand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from songatlas.atlas.settings import AtlasSettings
from songatlas.errors import BadSettings
from songatlas.features import FEATURES
from songatlas.space import EMBEDDING, check_blocks, why_not_heard

AUTO: Final = "auto"
"""What stands in `AtlasSettings.space` for the blocks that fit the table."""

OF_FEATURES: Final = ("sound", "era")
OF_FILES: Final = ("audio", "era")
"""What it comes to where a scan has heard the songs: their features are estimates of what the audio block
knows at first hand."""


def usual_blocks(songs: pl.DataFrame) -> tuple[str, ...]:
    """Return the blocks that make the points of songs where nobody says otherwise.

    Examples
    --------
    >>> usual_blocks(pl.DataFrame({"energy": [0.1, 0.9]}))
    ('sound', 'era')
    """
    return OF_FEATURES if why_not_heard(songs) else OF_FILES


def with_space(settings: AtlasSettings, songs: pl.DataFrame) -> AtlasSettings:
    """Return settings that name the blocks of the space; the same ones where they do already.

    Parameters
    ----------
    settings : AtlasSettings
    songs : DataFrame
        Clean songs, of which it depends what "auto" stands for.
    """
    if AUTO not in settings.space:
        return settings
    usual = usual_blocks(songs)
    blocks = [each for name in settings.space for each in (usual if name == AUTO else (name,))]
    return settings.change(space=tuple(dict.fromkeys(blocks)))


def needs_hearing(blocks: Collection[str]) -> bool:
    """Say whether a song that no scan has heard has no place in a space: nothing else says how it sounds.

    Examples
    --------
    >>> needs_hearing(["audio", "era"]), needs_hearing(["sound", "audio"])
    (True, False)
    """
    return "audio" in blocks and not {"sound", "plain"} & set(blocks)


def will_hear(settings: AtlasSettings, songs: pl.DataFrame) -> bool:
    """Say of songs that are not cleaned yet whether their space will need that a scan has heard them.

    Parameters
    ----------
    settings : AtlasSettings
    songs : DataFrame
        A songs table; rows without any feature do not count.
    """
    if EMBEDDING not in songs.columns:
        return False
    told = [pl.col(name).is_not_null() for name in FEATURES if name in songs.columns]
    heard = pl.when(pl.col(EMBEDDING).is_not_null()).then(pl.lit(value=True)).alias(EMBEDDING)
    known = songs.select(heard, known=pl.any_horizontal(told)).filter("known")
    return not why_not_heard(known) and needs_hearing(with_space(settings, known).space)


def check_space(settings: AtlasSettings) -> None:
    """Refuse blocks and weights that no table could have, before there are songs.

    Raises
    ------
    UnknownName, BadSettings
        As in `SongSpace.fit`.
    """
    if AUTO not in settings.space:
        check_blocks(settings.space, settings.weights, settings.feature_weights, settings.genre_pull)
        return
    others = [name for name in settings.space if name != AUTO]
    problems: list[BadSettings] = []
    for usual in (OF_FEATURES, OF_FILES):
        weighed = settings.feature_weights if "sound" in usual else {}
        try:
            check_blocks((*usual, *others), settings.weights, weighed, settings.genre_pull)
        except BadSettings as problem:
            problems.append(problem)
    if len(problems) == 2:
        raise problems[0]
