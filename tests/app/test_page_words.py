"""Sentences of the library on the pages: controls in place of options of the command line."""

from __future__ import annotations

import pytest

from songatlas.app.words.page_words import page_sentence, page_words


@pytest.mark.parametrize(
    ("sentence", "control"),
    [
        ("no column looks like a title: name it with --column title=HEADER", "Correct what was understood"),
        (
            "in seconds; name another one with --column duration_ms=HEADER",
            "choose the column of duration_ms under Correct what was understood",
        ),
        ("'x' is no artist; 'songatlas artists ATLAS' lists those of most songs", "All artists"),
        ("ask for more clusters, as in --k 12", "choose more clusters, such as 12, with the slider"),
        ("look for a k of higher stability, or ask for it with --k", "choose it on the page Atlas"),
        ("give more songs, or ask for fewer clusters with --k", "choose fewer clusters on the page Atlas"),
        ("regions of one cloud, or try another --k or other --features", "another number of clusters"),
        ("give it less weight, as in --weights era=0.2", "the slider for era under What counts"),
        (
            "give it less weight, or leave energy out: name the features to use with --features",
            "leave energy out: under Correct what was understood",
        ),
        ("leave popularity and streams out of --features", "leave popularity and streams out: under Correct"),
        ("give more songs, or switch off rules of cleaning with --keep all", "rules of cleaning"),
    ],
)
def test_options_become_controls(sentence: str, control: str) -> None:
    told = page_words(sentence)
    assert control in told
    assert "--" not in told
    assert "songatlas artists" not in told


def test_a_sentence_begins_with_a_capital_ends_and_is_plain() -> None:
    assert page_sentence("nothing counts: give *one* a weight") == r"Nothing counts\: give \*one\* a weight\."
