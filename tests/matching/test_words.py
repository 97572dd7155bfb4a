"""Sentences that say what became of a cluster."""

from __future__ import annotations

from songatlas.matching import Change, Part, tell_change
from songatlas.matching.words import share_words

OLD, NEW = ("Calm", "Loud"), ("Calm", "Rock", "Pop")


def told(*, by_songs: bool = True, **values: object) -> str:
    return tell_change(Change(**values), old_names=OLD, new_names=NEW, by_songs=by_songs)  # type: ignore[arg-type]


def test_each_kind_is_a_sentence_with_its_numbers() -> None:
    kept = told(kind="kept", old=0, new=0, same=True, share_old=0.93)
    assert kept == "“Calm” stayed: 93% of its songs are still in it."
    moved = told(kind="moved", old=1, new=1, same=True, share_old=0.7, share_new=0.6, shift=0.31)
    assert moved == (
        "“Loud” moved: 70% of its songs are still in it, and 40% of it came from other clusters; its centre "
        "moved by 0.31 standard deviations. It is called “Rock” now."
    )
    parts = (Part(1, 6, 0.6), Part(2, 4, 0.4))
    assert told(kind="split", old=1, new=1, same=True, share_old=0.6, parts=parts) == (
        "“Loud” split: 60% of its songs stayed together as “Rock”, 40% went to “Pop”."
    )
    assert told(kind="split", old=1, new=2, share_old=0.4, parts=parts) == (
        "“Pop” is a part of what was “Loud”: 40% of its songs."
    )
    merged = told(kind="merged", old=0, new=0, same=True, parts=(Part(0, 9, 1.0), Part(1, 5, 0.8)))
    assert merged == "“Calm” merged: it holds 100% of the old “Calm” and 80% of the old “Loud”."
    assert told(kind="merged", old=1, new=0, share_old=0.8) == (
        "The old “Loud” merged into “Calm”: 80% of its songs are in it."
    )
    assert told(kind="new", old=None, new=2, parts=(Part(0, 3, 0.5),)) == (
        "“Pop” is new: of its songs that were there before 50% came from “Calm”."
    )
    assert (
        told(kind="gone", old=1, new=None) == "“Loud” is gone: hardly any of its songs are in the new atlas."
    )


def test_centres_speak_of_centres() -> None:
    assert "0.05 standard deviations" in told(kind="kept", old=0, new=0, shift=0.05, by_songs=False)
    assert "no old cluster" in told(kind="new", old=None, new=0, by_songs=False)
    assert "no new cluster" in told(kind="gone", old=0, new=None, by_songs=False)


def test_a_hostile_name_stays_on_its_line() -> None:
    change = Change(kind="gone", old=0, new=None)
    assert "\n" not in tell_change(change, old_names=["Two\nlines"], new_names=[], by_songs=True)


def test_shares_are_all_or_none_only_where_they_are() -> None:
    assert [share_words(share) for share in (0.0, 1e-9, 0.994, 0.9951, 1.0)] == [
        "0%", "under 1%", "99%", "over 99%", "100%",
    ]  # fmt: skip
