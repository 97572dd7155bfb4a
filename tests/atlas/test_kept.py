"""What is kept is made once, by whoever comes first, and one long job holds up no other."""

from __future__ import annotations

import threading

import pytest

from songatlas.atlas.kept import Kept, Turns


def test_a_value_is_made_once_by_many_threads() -> None:
    kept, made = Kept(), []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        kept.get("kind", 1, lambda: made.append(1))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_while_one_value_is_made_others_can_be_had() -> None:
    kept, go_on, begun = Kept(), threading.Event(), threading.Event()

    def long_job() -> str:
        begun.set()
        assert go_on.wait(10)
        return "long"

    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(kept.get("neighbour map", None, long_job)))
    thread.start()
    assert begun.wait(10)
    assert kept.get("points", None, lambda: "short") == "short"
    assert kept.get("view", 3, lambda: "short") == "short"
    assert not found
    go_on.set()
    thread.join()
    assert found == ["long"]


def test_only_the_last_ones_stay() -> None:
    kept = Kept()
    for key in (1, 2, 3):
        kept.get("kind", key, lambda key=key: key, most=2)
    assert kept.get("kind", 2, lambda: "anew", most=2) == 2
    assert kept.get("kind", 1, lambda: "anew", most=2) == "anew"


def test_what_fails_is_tried_again() -> None:
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("kind", None, lambda: 1 / 0)
    assert kept.get("kind", None, lambda: 5) == 5


def test_atlases_of_the_same_songs_share_what_depends_on_them() -> None:
    one, same_points, same_songs = Kept(), Kept(), Kept()
    one.get("taste", None, lambda: "taste")
    one.get("points", None, lambda: "points")
    one.get("view", None, lambda: "view")
    same_points.share(one, points=True)
    same_songs.share(one, points=False)
    asked = ("taste", "points", "view")
    assert [same_points.get(each, None, lambda: "own") for each in asked] == ["taste", "points", "own"]
    assert [same_songs.get(each, None, lambda: "own") for each in asked] == ["taste", "own", "own"]
    assert [one.get(each, None, lambda: "own") for each in asked] == ["taste", "points", "view"]


def test_nothing_is_held_for_what_was_made_or_failed() -> None:
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("kind", None, lambda: 1 / 0)
    kept.get("kind", None, lambda: 5)
    assert len(kept._own._making) == 0


def test_who_waits_and_who_comes_after_a_failure_take_turns() -> None:
    kept, first_makes, first_may_fail = Kept(), threading.Event(), threading.Event()
    at_work, most_at_work = [0], [0]
    lock, both = threading.Lock(), threading.Event()

    def fail() -> None:
        first_makes.set()
        assert first_may_fail.wait(10)
        raise ValueError

    def make() -> str:
        with lock:
            at_work[0] += 1
            most_at_work[0] = max(most_at_work[0], at_work[0])
        both.wait(0.2)
        with lock:
            at_work[0] -= 1
        return "made"

    def first() -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            kept.get("kind", 1, fail)

    def asks() -> threading.Thread:
        return threading.Thread(target=lambda: kept.get("kind", 1, make, most=1))

    failing, waiting, newcomer = threading.Thread(target=first), asks(), asks()
    failing.start()
    assert first_makes.wait(10)
    waiting.start()
    while kept._own._making._locks["kind", 1][1] < 2:
        both.wait(0.001)
    first_may_fail.set()
    failing.join(10)
    newcomer.start()
    waiting.join(10)
    newcomer.join(10)
    assert most_at_work == [1]
    assert len(kept._own._making) == 0


def test_a_turn_can_be_taken_again_by_who_has_it() -> None:
    turns = Turns()
    with turns.of("key"), turns.of("key"):
        assert len(turns) == 1
    assert len(turns) == 0
