"""Estimates: within bounds, moved the right way by what is heard and measured; words that one may say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from songatlas.audio.estimates import (
    ESTIMATES,
    FORMULAS,
    OUTRIGHT,
    TYPICAL,
    WORDS,
    estimate_columns,
    heard_tags,
)
from songatlas.audio.hearing import hear
from songatlas.audio.loudness import Loudness
from songatlas.audio.network import TAG_NAMES, listen
from songatlas.audio.spectra import Spectra
from songatlas.audio.statistics import STATISTICS, sound_statistics

COLUMNS = [f"{name}_estimate" for name in ESTIMATES]
SCORES = arrays(np.float32, 50, elements=st.floats(0, 1, width=32))
NUMBERS = st.floats(-200, 20_000, width=32) | st.sampled_from([float("nan"), float("-inf"), float("inf")])


def scores(background: float = 0.02, **tags: float) -> np.ndarray:
    """Scores with some tags heard; a name is written with _ for a space or hyphen."""
    made = np.full(50, background, dtype=np.float32)
    names = [name.replace(" ", "_").replace("-", "_") for name in TAG_NAMES]
    for name, score in tags.items():
        made[names.index(name)] = score
    return made


AMBIENT = scores(
    ambient=0.40, instrumental=0.21, electronic=0.18, jazz=0.10, experimental=0.09, chillout=0.08
)
METAL = scores(metal=0.74, heavy_metal=0.11, punk=0.08, experimental=0.06, rock=0.05)
HOUSE = scores(electronic=0.50, dance=0.30, House=0.30, electro=0.20)
FOLK = scores(folk=0.40, acoustic=0.35, female_vocalists=0.25, indie=0.15, guitar=0.09)
VOICE = scores(Hip_Hop=0.33, electronic=0.19, experimental=0.06, electronica=0.05, electro=0.05, rock=0.04)
MEASURED = {
    "ambient": (-18.0, {"centroid_mean": 8.6, "flux_mean": 0.66, "soft_share": 0.20, "beat_clarity": 0.13}),
    "metal": (-7.8, {"centroid_mean": 10.1, "flux_mean": 0.89, "soft_share": 0.23, "beat_clarity": 0.37}),
    "house": (-8.0, {"centroid_mean": 9.4, "flux_mean": 2.0, "soft_share": 0.25, "beat_clarity": 0.74}),
    "folk": (-15.0, {"centroid_mean": 8.4, "flux_mean": 0.90, "soft_share": 0.10, "beat_clarity": 0.50}),
    "voice": (-20.0, {"centroid_mean": 9.8, "flux_mean": 2.9, "soft_share": 0.38, "beat_clarity": 0.10}),
}


def measured(**found: float) -> np.ndarray:
    """Statistics in the middle of what is usual, but for some."""
    usual = {"centroid_mean": 8.8, "flux_mean": 2**0.15, "soft_share": 0.17, "beat_clarity": 0.55}
    return np.array([(usual | found).get(name, 0.0) for name in STATISTICS], dtype=np.float32)


def loud(lufs: float | None = -13.0) -> Loudness:
    """A loudness of which only the first number matters."""
    return Loudness(integrated_lufs=lufs, range_lu=None, peak_db=0.0)


@pytest.fixture(scope="module")
def kinds() -> dict[str, dict[str, float]]:
    """Estimates of five songs of well known kinds."""
    heard = {"ambient": AMBIENT, "metal": METAL, "house": HOUSE, "folk": FOLK, "voice": VOICE}
    return {
        kind: estimate_columns(heard[kind], measured(**found), loud(lufs))
        for kind, (lufs, found) in MEASURED.items()
    }


def test_every_tag_has_its_values_and_every_name_is_a_tag() -> None:
    assert tuple(TYPICAL) == TAG_NAMES
    assert all(0 < value < 1 for values in TYPICAL.values() for value in values)
    assert tuple(FORMULAS) == ESTIMATES
    assert set(OUTRIGHT) <= set(ESTIMATES)
    assert {tag for counts in OUTRIGHT.values() for tag in counts} | set(WORDS) <= set(TAG_NAMES)


@settings(max_examples=40, deadline=None)
@given(
    tags=SCORES, statistics=arrays(np.float32, len(STATISTICS), elements=NUMBERS), lufs=st.none() | NUMBERS
)
def test_always_between_0_and_1(tags: np.ndarray, statistics: np.ndarray, lufs: float | None) -> None:
    estimates = estimate_columns(tags, statistics, loud(lufs))
    assert list(estimates) == COLUMNS
    assert all(0 <= value <= 1 for value in estimates.values())


@settings(max_examples=40, deadline=None)
@given(tags=SCORES, low=st.floats(-70, 5), more=st.floats(0, 40))
def test_louder_is_never_calmer(tags: np.ndarray, low: float, more: float) -> None:
    soft, strong = (estimate_columns(tags, measured(), loud(lufs)) for lufs in (low, low + more))
    assert strong["energy_estimate"] >= soft["energy_estimate"]
    assert strong["acousticness_estimate"] <= soft["acousticness_estimate"]


@settings(max_examples=40, deadline=None)
@given(tags=SCORES, low=st.floats(0, 5, width=32), more=st.floats(0, 5, width=32))
def test_more_flux_is_never_harder_to_dance_to(tags: np.ndarray, low: float, more: float) -> None:
    still, restless = (estimate_columns(tags, measured(flux_mean=flux), loud()) for flux in (low, low + more))
    assert restless["danceability_estimate"] >= still["danceability_estimate"]


@settings(max_examples=40, deadline=None)
@given(tags=SCORES, more=st.floats(0, 1))
def test_more_of_a_tag_never_lowers_what_it_speaks_of(tags: np.ndarray, more: float) -> None:
    for tag, column in (
        ("instrumental", "instrumentalness"),
        ("acoustic", "acousticness"),
        ("happy", "valence"),
    ):
        raised = tags.copy()
        raised[TAG_NAMES.index(tag)] += more
        before, after = (
            estimate_columns(heard, measured(), loud())[f"{column}_estimate"] for heard in (tags, raised)
        )
        assert after >= before - 1e-9


def test_loudness_that_was_not_measured_moves_nothing() -> None:
    expected = estimate_columns(FOLK, measured(), loud())
    assert estimate_columns(FOLK, measured(), loud(None)) == pytest.approx(expected)
    assert estimate_columns(FOLK, measured(), loud(float("-inf"))) == pytest.approx(expected)


def test_kinds_of_music_lie_where_one_expects_them(kinds: dict[str, dict[str, float]]) -> None:
    assert kinds["ambient"]["energy_estimate"] < 0.3
    assert kinds["ambient"]["instrumentalness_estimate"] > 0.9
    assert kinds["metal"]["energy_estimate"] > 0.9
    assert kinds["metal"]["acousticness_estimate"] < 0.1
    assert kinds["house"]["danceability_estimate"] > 0.8
    assert kinds["folk"]["acousticness_estimate"] > 0.8
    assert kinds["folk"]["instrumentalness_estimate"] < 0.1
    assert kinds["ambient"]["valence_estimate"] < kinds["house"]["valence_estimate"]


def test_a_voice_alone_is_speech_and_music_is_not(kinds: dict[str, dict[str, float]]) -> None:
    speech = {kind: estimates["speechiness_estimate"] for kind, estimates in kinds.items()}
    assert speech.pop("voice") > 0.66
    assert max(speech.values()) < 0.15


def test_real_music_is_told_apart(shared_data: Path) -> None:
    names = ("wesnoth/knolls.ogg", "nexuiz/neuronal-diving.ogg", "pushover/aztec.ogg", "asc/machine_wars.ogg")
    songs = {}
    for name in names:
        heard = hear(shared_data / "audio" / "free" / name)
        tags = listen(heard.mono_22k, sample_rate=22_050).tags
        estimates = estimate_columns(tags, sound_statistics(Spectra.of(heard.mono_22k)), heard.loudness)
        songs[name] = estimates | {"words": heard_tags(tags)}
    ambient, dance, folk, war = songs.values()
    assert {"ambient", "instrumental"} <= set(ambient["words"])
    assert {"electronic", "house"} <= set(dance["words"])
    assert ambient["instrumentalness_estimate"] > 0.9
    assert ambient["energy_estimate"] < 0.4 < 0.6 < war["energy_estimate"]
    assert ambient["danceability_estimate"] < 0.3 < 0.8 < dance["danceability_estimate"]
    assert dance["acousticness_estimate"] < 0.2 < 0.6 < folk["acousticness_estimate"]
    assert max(song["speechiness_estimate"] for song in songs.values()) < 0.2


def test_other_numbers_of_tags_or_statistics_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tags have the shape \(49,\): it must be \(50,\)"):
        estimate_columns(np.zeros(49, np.float32), measured(), loud())
    with pytest.raises(ValueError, match="statistics have the shape"):
        estimate_columns(FOLK, measured()[1:], loud())


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (AMBIENT, ("ambient", "instrumental")),
        (METAL, ("metal", "heavy metal")),
        (FOLK, ("folk", "acoustic", "female vocals", "guitar")),
        (
            scores(rnb=0.3, Hip_Hop=0.3, soul=0.15, female_vocalist=0.25),
            ("r&b", "female vocals", "hip hop", "soul"),
        ),
        (scores(beautiful=0.9, sexy=0.9, catchy=0.9, party=0.9, oldies=0.9, **{"80s": 0.9}), ()),
        (scores(0.0), ()),
    ],
)
def test_words_one_may_say(tags: np.ndarray, expected: tuple[str, ...]) -> None:
    assert heard_tags(tags) == expected


@settings(max_examples=40, deadline=None)
@given(tags=SCORES)
def test_words_are_few_different_and_no_contradiction(tags: np.ndarray) -> None:
    said = heard_tags(tags)
    assert len(said) == len(set(said)) <= 5
    assert set(said) <= {word for word, _ in WORDS.values()}
    assert not ("instrumental" in said and {"female vocals", "male vocals"} & set(said))
