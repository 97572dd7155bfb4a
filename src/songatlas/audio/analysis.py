"""One audio file -> everything that its row in the songs table holds.

`analyse` joins what the other modules of this room measure. It never raises for a bad file: how the
reading ended and why are part of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Final

import numpy as np
from numpy.typing import NDArray

from songatlas.audio.estimates import estimate_columns, heard_tags
from songatlas.audio.extra import require_audio
from songatlas.audio.file_tags import FileTags, read_file_tags
from songatlas.audio.hearing import RATE_22K, Heard, hear
from songatlas.audio.key import estimate_key
from songatlas.audio.network import listen
from songatlas.audio.outcomes import AudioFailure, Outcome
from songatlas.audio.spectra import Spectra
from songatlas.audio.statistics import sound_statistics
from songatlas.audio.tempo import estimate_tempo

EXTRACTOR_VERSION: Final = "1"
"""Changes whenever the same file would get other numbers; answers of other versions are measured anew."""

DIGITS: Final = 4
"""Significant digits of the long lists of numbers."""


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What one file is and sounds like; plain values, small, picklable, equal where the sound is.

    Every number is None where there are no features (`outcome` not "ok" or "partial"), and a single
    one is None where it could not be told (no tempo in a drone).

    Attributes
    ----------
    outcome, reason, problems
        How reading ended; why, where it is not "ok"; what else is odd about the file, a phrase each.
    file_tags
        What is written in the file.
    duration_ms
        Length of the sound, in milliseconds (of what could be decoded, where that is less).
    sample_rate
        Hertz, of the file.
    loudness_db, loudness_range
        LUFS and LU.
    tempo_bpm, key, mode
        Beats a minute, pitch class 0..11 from C, 1 major or 0 minor; confidences are 0..1.
    energy_estimate, danceability_estimate, acousticness_estimate, instrumentalness_estimate, \
valence_estimate, speechiness_estimate
        0..1.
    heard_tags
        At most five words, strongest first.
    audio_tags, audio_embedding, audio_statistics
        50, 200 and `N_STATISTICS` numbers of 4 significant digits.
    """

    outcome: Outcome
    reason: str | None = None
    problems: tuple[str, ...] = ()
    file_tags: FileTags = field(default_factory=FileTags)
    duration_ms: float | None = None
    sample_rate: int | None = None
    loudness_db: float | None = None
    loudness_range: float | None = None
    tempo_bpm: float | None = None
    tempo_confidence: float | None = None
    key: int | None = None
    mode: int | None = None
    key_confidence: float | None = None
    energy_estimate: float | None = None
    danceability_estimate: float | None = None
    acousticness_estimate: float | None = None
    instrumentalness_estimate: float | None = None
    valence_estimate: float | None = None
    speechiness_estimate: float | None = None
    heard_tags: tuple[str, ...] | None = None
    audio_tags: tuple[float, ...] | None = None
    audio_embedding: tuple[float, ...] | None = None
    audio_statistics: tuple[float, ...] | None = None


def analyse(path: str | PathLike[str]) -> Analysis:
    """Measure one audio file.

    Parameters
    ----------
    path
        Any file; what is wrong with it, or that it is not there, is part of the answer.

    Raises
    ------
    SongAtlasError
        If the packages of the extra 'audio' are not installed.
    """
    require_audio()
    file_tags = read_file_tags(path)
    try:
        heard = hear(path)
    except AudioFailure as failure:
        return Analysis(
            outcome=failure.outcome, reason=failure.reason, problems=file_tags.problems, file_tags=file_tags
        )
    return _measured(heard, file_tags)


def _measured(heard: Heard, file_tags: FileTags) -> Analysis:
    """Join all measurements of a sound."""
    spectra = Spectra.of(heard.mono_22k)
    statistics = sound_statistics(spectra)
    tempo = estimate_tempo(heard.mono_22k, spectra=spectra)
    key = estimate_key(heard.mono_22k, spectra=spectra)
    del spectra  # 20 MB, which the network can do without
    network = listen(heard.mono_22k, sample_rate=RATE_22K)
    estimates = estimate_columns(network.tags, statistics, heard.loudness)
    is_partial = heard.outcome == "partial"
    return Analysis(
        outcome=heard.outcome,
        reason=heard.problems[0] if is_partial else None,
        problems=heard.problems[is_partial:] + file_tags.problems,
        file_tags=file_tags,
        duration_ms=1000 * heard.duration_s,
        sample_rate=heard.sample_rate,
        loudness_db=heard.loudness.integrated_lufs,
        loudness_range=heard.loudness.range_lu,
        tempo_bpm=tempo.bpm if tempo else None,
        tempo_confidence=tempo.confidence if tempo else None,
        key=key.pitch_class if key else None,
        mode=key.mode if key else None,
        key_confidence=key.confidence if key else None,
        energy_estimate=estimates["energy_estimate"],
        danceability_estimate=estimates["danceability_estimate"],
        acousticness_estimate=estimates["acousticness_estimate"],
        instrumentalness_estimate=estimates["instrumentalness_estimate"],
        valence_estimate=estimates["valence_estimate"],
        speechiness_estimate=estimates["speechiness_estimate"],
        heard_tags=heard_tags(network.tags),
        audio_tags=short(network.tags),
        audio_embedding=short(network.embedding),
        audio_statistics=short(statistics),
    )


def short(numbers: NDArray[np.float32]) -> tuple[float, ...]:
    """Round numbers to `DIGITS` significant digits, which is more than they are sure of.

    Examples
    --------
    >>> short(np.array([0.123456, 12345.6, 0.0], dtype=np.float32))
    (0.1235, 12350.0, 0.0)
    """
    return tuple(float(f"{number:.{DIGITS}g}") for number in numbers.tolist())
