"""What a person could notice, and which means bear a plain word."""

from __future__ import annotations

from songatlas.features import FEATURES
from songatlas.noticing import NOTICEABLE, NOTICEABLE_RATIO, WORD_MEANS, bears_word, is_noticeable
from songatlas.profiles.words import COMPARATIVES


def test_every_limit_is_that_of_a_feature_inside_its_range() -> None:
    assert {*NOTICEABLE, *NOTICEABLE_RATIO, *WORD_MEANS} <= set(FEATURES)
    assert not set(NOTICEABLE) & set(NOTICEABLE_RATIO)
    assert {name for name, each in FEATURES.items() if each.in_sound} <= {*NOTICEABLE, *NOTICEABLE_RATIO}
    assert set(WORD_MEANS) <= set(COMPARATIVES), "where a plain word claims too much, songs are compared"
    for name, (low_to, high_from) in WORD_MEANS.items():
        feature = FEATURES[name]
        assert all(feature.low < bound < feature.high for bound in (low_to, high_from) if bound is not None)
        assert low_to is None or high_from is None or low_to <= high_from


def test_differences_count_from_the_limit_on_and_both_ways() -> None:
    assert is_noticeable("energy", 0.5, 0.55)
    assert is_noticeable("energy", 0.55, 0.5)
    assert not is_noticeable("energy", 0.5, 0.549)
    assert is_noticeable("duration_ms", 200_000.0, 180_000.0)
    assert not is_noticeable("duration_ms", 20_000.0, 18_100.0)
    assert is_noticeable("popularity", 1.0, 1.1), "of other columns nothing is known"


def test_plain_words_need_means_that_bear_them() -> None:
    assert bears_word("speechiness", 0.2, high=True)
    assert not bears_word("speechiness", 0.04, high=True)
    assert not bears_word("instrumentalness", 0.8, high=False)
    assert bears_word("danceability", 0.9, high=False), "a comparison claims nothing"
    assert bears_word("popularity", 3.0, high=True)
