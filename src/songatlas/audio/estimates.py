"""Columns like Spotify's, estimated from the sound, and the words one may say of a song.

Nobody outside knows how Spotify makes its columns, and there is no music to learn them from that comes with
both its sound and its values. So these are estimates, made in the open: what the network hears says what
values music of that kind usually has (`TYPICAL`), and what was measured of the sound moves the song up or
down from there (`FORMULAS`). The sum goes through a logistic curve, so that every value lies between 0 and 1,
and more of a thing never lowers what it is said to raise. `docs/audio_estimates.md` says how solid each is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, isfinite, log, log2, tanh
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas.audio.loudness import Loudness
from songatlas.audio.network.musicnn import TAG_NAMES
from songatlas.audio.statistics import STATISTICS

Singles: TypeAlias = npt.NDArray[np.float32]

ESTIMATES = ("energy", "danceability", "acousticness", "instrumentalness", "valence", "speechiness")
"""What is estimated, in the order of the values in `TYPICAL`."""

TYPICAL: Mapping[str, tuple[float, float, float, float, float, float]] = {
    "rock": (0.70, 0.47, 0.15, 0.15, 0.47, 0.05),
    "pop": (0.66, 0.60, 0.22, 0.05, 0.52, 0.06),
    "alternative": (0.70, 0.52, 0.15, 0.10, 0.46, 0.06),
    "indie": (0.63, 0.52, 0.27, 0.18, 0.46, 0.05),
    "electronic": (0.75, 0.66, 0.10, 0.50, 0.39, 0.07),
    "female vocalists": (0.52, 0.55, 0.38, 0.02, 0.44, 0.06),
    "dance": (0.73, 0.68, 0.14, 0.10, 0.51, 0.07),
    "00s": (0.68, 0.58, 0.18, 0.08, 0.48, 0.07),
    "alternative rock": (0.72, 0.47, 0.12, 0.10, 0.45, 0.05),
    "jazz": (0.45, 0.58, 0.50, 0.45, 0.50, 0.07),
    "beautiful": (0.40, 0.45, 0.50, 0.25, 0.28, 0.04),
    "metal": (0.88, 0.42, 0.04, 0.25, 0.33, 0.08),
    "chillout": (0.55, 0.57, 0.25, 0.50, 0.40, 0.06),
    "male vocalists": (0.55, 0.54, 0.33, 0.02, 0.46, 0.06),
    "classic rock": (0.62, 0.51, 0.25, 0.10, 0.55, 0.05),
    "soul": (0.57, 0.62, 0.33, 0.06, 0.58, 0.09),
    "indie rock": (0.71, 0.48, 0.18, 0.18, 0.48, 0.05),
    "Mellow": (0.40, 0.53, 0.50, 0.20, 0.38, 0.04),
    "electronica": (0.72, 0.60, 0.15, 0.60, 0.36, 0.06),
    "80s": (0.68, 0.60, 0.15, 0.08, 0.60, 0.05),
    "folk": (0.42, 0.50, 0.58, 0.15, 0.43, 0.04),
    "90s": (0.65, 0.58, 0.20, 0.10, 0.52, 0.06),
    "chill": (0.50, 0.60, 0.35, 0.35, 0.42, 0.06),
    "instrumental": (0.50, 0.42, 0.40, 0.85, 0.28, 0.05),
    "punk": (0.83, 0.46, 0.08, 0.08, 0.53, 0.07),
    "oldies": (0.52, 0.53, 0.50, 0.08, 0.65, 0.05),
    "blues": (0.58, 0.52, 0.35, 0.12, 0.54, 0.06),
    "hard rock": (0.78, 0.45, 0.10, 0.10, 0.50, 0.06),
    "ambient": (0.30, 0.38, 0.65, 0.85, 0.20, 0.05),
    "acoustic": (0.35, 0.50, 0.75, 0.25, 0.38, 0.04),
    "experimental": (0.55, 0.48, 0.35, 0.50, 0.33, 0.08),
    "female vocalist": (0.52, 0.55, 0.38, 0.02, 0.44, 0.06),
    "guitar": (0.50, 0.48, 0.45, 0.40, 0.42, 0.04),
    "Hip-Hop": (0.66, 0.72, 0.15, 0.05, 0.50, 0.30),
    "70s": (0.60, 0.53, 0.32, 0.12, 0.58, 0.05),
    "party": (0.82, 0.72, 0.08, 0.05, 0.65, 0.10),
    "country": (0.60, 0.57, 0.32, 0.02, 0.54, 0.04),
    "easy listening": (0.40, 0.50, 0.60, 0.25, 0.50, 0.04),
    "sexy": (0.60, 0.68, 0.20, 0.10, 0.52, 0.08),
    "catchy": (0.75, 0.64, 0.15, 0.05, 0.62, 0.06),
    "funk": (0.70, 0.70, 0.18, 0.15, 0.70, 0.09),
    "electro": (0.75, 0.72, 0.10, 0.40, 0.52, 0.08),
    "heavy metal": (0.85, 0.43, 0.05, 0.10, 0.40, 0.06),
    "Progressive rock": (0.58, 0.42, 0.25, 0.35, 0.38, 0.05),
    "60s": (0.55, 0.53, 0.40, 0.08, 0.63, 0.05),
    "rnb": (0.58, 0.67, 0.25, 0.03, 0.52, 0.11),
    "indie pop": (0.62, 0.56, 0.25, 0.15, 0.52, 0.05),
    "sad": (0.35, 0.45, 0.55, 0.15, 0.22, 0.04),
    "House": (0.76, 0.74, 0.07, 0.45, 0.48, 0.06),
    "happy": (0.70, 0.65, 0.25, 0.10, 0.72, 0.06),
}
"""Value of each of `ESTIMATES` that music of a tag usually has at Spotify, judged by songs of such genres."""

OUTRIGHT: Mapping[str, Mapping[str, float]] = {
    "danceability": {"dance": 2, "House": 2, "party": 2, "ambient": 2},
    "acousticness": {"acoustic": 3, "folk": 2, "electronic": 2, "electro": 2},
    "instrumentalness": {"instrumental": 4, "female vocalists": 4, "female vocalist": 4, "male vocalists": 4},
    "valence": {"happy": 4, "sad": 4, "party": 2, "funk": 2},
    "speechiness": {"Hip-Hop": 2},
}
"""Tags that speak of an estimate outright: how many times they count there; all others count once."""


@dataclass(frozen=True)
class Formula:
    """How one estimate is made: a logistic function of the sum of these weights times what was heard.

    Attributes
    ----------
    tags : float
        Weight of what the tags say: log odds of their mean value less those of `middle`.
    middle : float
        Mean value at which the tags say neither high nor low.
    offset : float
        What is added to all songs.
    loud, bright, restless, halting, beating : float
        Weights of what was measured (`SCALES`), none of which counts for more than two units.
    """

    tags: float
    middle: float
    offset: float = 0.0
    loud: float = 0.0
    bright: float = 0.0
    restless: float = 0.0
    halting: float = 0.0
    beating: float = 0.0


FORMULAS: Mapping[str, Formula] = {
    "energy": Formula(1.5, 0.60, offset=0.2, loud=0.9, bright=0.6, restless=0.2),
    "danceability": Formula(2.2, 0.54, offset=0.2, restless=0.8, beating=0.5),
    "acousticness": Formula(2.0, 0.30, offset=-0.5, loud=-0.5, bright=-0.5, restless=-0.3),
    "instrumentalness": Formula(4.0, 0.34),
    "valence": Formula(3.5, 0.43, restless=0.4),
    "speechiness": Formula(2.5, 0.07, offset=-3.6, restless=0.6, halting=0.8, beating=-0.7),
}
"""The weights of every estimate."""

SCALES: Mapping[str, tuple[float, float]] = {
    "loud": (-13.0, 5.0),
    "bright": (8.8, 0.9),
    "restless": (0.15, 0.7),
    "halting": (0.17, 0.12),
    "beating": (0.55, 0.2),
}
"""Middle and unit of integrated loudness (LUFS), spectral centroid (octaves above 1 Hz), spectral flux (log2
of dB), share of soft frames and clarity of the beat."""

WORDS: Mapping[str, tuple[str, float]] = {
    "rock": ("rock", 0.20),
    "pop": ("pop", 0.20),
    "alternative": ("alternative", 0.20),
    "indie": ("indie", 0.17),
    "electronic": ("electronic", 0.20),
    "electronica": ("electronic", 0.15),
    "female vocalists": ("female vocals", 0.20),
    "female vocalist": ("female vocals", 0.10),
    "male vocalists": ("male vocals", 0.12),
    "dance": ("dance", 0.15),
    "alternative rock": ("alternative rock", 0.20),
    "jazz": ("jazz", 0.13),
    "metal": ("metal", 0.15),
    "heavy metal": ("heavy metal", 0.10),
    "chillout": ("chillout", 0.13),
    "chill": ("chillout", 0.10),
    "classic rock": ("classic rock", 0.15),
    "soul": ("soul", 0.13),
    "indie rock": ("indie rock", 0.15),
    "indie pop": ("indie pop", 0.10),
    "Mellow": ("mellow", 0.10),
    "folk": ("folk", 0.13),
    "instrumental": ("instrumental", 0.12),
    "punk": ("punk", 0.12),
    "blues": ("blues", 0.10),
    "hard rock": ("hard rock", 0.10),
    "ambient": ("ambient", 0.15),
    "acoustic": ("acoustic", 0.12),
    "experimental": ("experimental", 0.12),
    "guitar": ("guitar", 0.08),
    "Hip-Hop": ("hip hop", 0.15),
    "country": ("country", 0.12),
    "easy listening": ("easy listening", 0.08),
    "funk": ("funk", 0.10),
    "electro": ("electro", 0.11),
    "Progressive rock": ("progressive rock", 0.10),
    "rnb": ("r&b", 0.10),
    "sad": ("sad", 0.08),
    "House": ("house", 0.10),
    "happy": ("happy", 0.08),
}
"""The word for a tag and the score from which it may be said: higher for tags that the network gives to many.
Years, oldies, judgements (beautiful, sexy, catchy) and occasions (party) are never said."""

MOST_WORDS = 5
FEWEST_WORDS = 2
NEARLY = 0.6
"""Share of its score at which a word is said where too few others are."""
EDGE = 1e-3


def estimate_columns(tags: Singles, statistics: Singles, loudness: Loudness) -> dict[str, float]:
    """Estimate the columns that Spotify has for a song.

    Parameters
    ----------
    tags : ndarray of float32, shape (50,)
        Scores of the network, 0 to 1, in the order of `TAG_NAMES`.
    statistics : ndarray of float32, shape (N_STATISTICS,)
        As `sound_statistics` measures them: centroid, flux, share of soft frames and clarity of the beat are
        looked at.
    loudness : Loudness
        Its integrated loudness is looked at; None counts as neither loud nor quiet.

    Returns
    -------
    dict of str to float
        ``energy_estimate`` and so on for each of `ESTIMATES`, 0 to 1.

    Raises
    ------
    ValueError
        When there are not as many tags or statistics.
    """
    scores = np.asarray(tags, dtype=np.float64)
    _check_length("tags", scores, len(TAG_NAMES))
    _check_length("statistics", statistics, len(STATISTICS))
    measured = _measured(dict(zip(STATISTICS, statistics.tolist(), strict=True)), loudness.integrated_lufs)
    estimates = {}
    for name, formula in FORMULAS.items():
        summed = formula.offset + formula.tags * (_logit(_typical(scores, name)) - _logit(formula.middle))
        summed += sum(getattr(formula, part) * value for part, value in measured.items())
        estimates[f"{name}_estimate"] = 1.0 / (1.0 + exp(-summed))
    return estimates


def heard_tags(tags: Singles) -> tuple[str, ...]:
    """Choose the words that one may say of a song.

    Parameters
    ----------
    tags : ndarray of float32, shape (50,)
        Scores of the network, 0 to 1, in the order of `TAG_NAMES`.

    Returns
    -------
    tuple of str
        At most five, the clearest first; a song to which nothing comes near has none.

    Examples
    --------
    >>> scores = np.zeros(50, dtype=np.float32)
    >>> scores[TAG_NAMES.index("ambient")], scores[TAG_NAMES.index("electronica")] = 0.4, 0.3
    >>> heard_tags(scores)
    ('ambient', 'electronic')
    """
    clear: dict[str, float] = {}
    for name, score in zip(TAG_NAMES, np.asarray(tags).tolist(), strict=True):
        if name in WORDS:
            word, needed = WORDS[name]
            clear[word] = max(clear.get(word, 0.0), score / needed)
    if clear["instrumental"] >= max(clear["female vocals"], clear["male vocals"]):
        del clear["female vocals"], clear["male vocals"]
    else:
        del clear["instrumental"]
    ranked = sorted(clear, key=lambda word: (-clear[word], word))
    said = [
        word for rank, word in enumerate(ranked) if clear[word] >= (NEARLY if rank < FEWEST_WORDS else 1.0)
    ]
    return tuple(said[:MOST_WORDS])


@cache
def _columns() -> Mapping[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Return how often each tag counts for an estimate, and what is typical of it."""
    columns = {}
    for column, name in enumerate(ESTIMATES):
        counts = np.array([OUTRIGHT.get(name, {}).get(tag, 1.0) for tag in TAG_NAMES])
        columns[name] = counts, np.array([TYPICAL[tag][column] for tag in TAG_NAMES])
    return columns


def _typical(scores: npt.NDArray[np.float64], name: str) -> float:
    """Return the mean of the typical values, each tag counting by its score; the middle without any."""
    counts, typical = _columns()[name]
    weights = counts * np.maximum(scores, 0.0)
    total = float(weights.sum())
    return float(weights @ typical) / total if total > EDGE else FORMULAS[name].middle


def _measured(statistics: Mapping[str, float], lufs: float | None) -> dict[str, float]:
    """Return what was measured in units of `SCALES`, bent to between -2 and 2; 0 where it was not."""
    found = {
        "loud": lufs,
        "bright": statistics["centroid_mean"],
        "restless": log2(max(statistics["flux_mean"], EDGE)),
        "halting": statistics["soft_share"],
        "beating": statistics["beat_clarity"],
    }
    bent = {}
    for part, value in found.items():
        middle, unit = SCALES[part]
        bent[part] = 0.0 if value is None or not isfinite(value) else 2 * tanh((value - middle) / unit / 2)
    return bent


def _check_length(what: str, numbers: npt.NDArray[np.generic], expected: int) -> None:
    """Refuse arrays of another length."""
    if numbers.shape != (expected,):
        raise ValueError(f"{what} have the shape {numbers.shape}: it must be ({expected},)")


def _logit(share: float) -> float:
    """Return the logarithm of the odds of a share."""
    bounded = min(max(share, EDGE), 1.0 - EDGE)
    return log(bounded / (1.0 - bounded))
