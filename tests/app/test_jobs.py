"""Work beside the pages: it ends with an outcome, an error in words, or stopped."""

from __future__ import annotations

from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from songatlas.app.server import jobs
from songatlas.app.server.jobs import BUILDS, LEFT_S, UNSEEN_S, Job
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.progress import Progress


def test_a_job_tells_how_far_it_is_and_gives_its_outcome() -> None:
    may_end = Event()

    def make(progress: Progress) -> str:
        progress(0.5, "half way")
        assert may_end.wait(5)
        return "made"

    job = Job(make)
    while job.words != "half way":
        job.wait(0.01)
    assert (job.state, job.share) == ("running", 0.5)
    may_end.set()
    job.wait(5)
    assert (job.state, job.outcome()) == ("done", "made")


def test_an_error_is_kept_in_its_words() -> None:
    def make(progress: Progress) -> None:
        raise BadSettings("k is 1: give at least 2")

    job = Job(make)
    job.wait(5)
    assert (job.state, job.error) == ("failed", "k is 1: give at least 2")
    with pytest.raises(BadSettings):
        job.outcome()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_foresaw_fails_in_words_too() -> None:
    job = Job(lambda progress: 1 / 0)
    job.wait(5)
    assert job.state == "failed"
    assert "terminal" in job.error
    with pytest.raises(SongAtlasError):
        job.outcome()


def test_a_job_stops_at_its_next_step() -> None:
    def make(progress: Progress) -> None:
        while True:
            progress(0.1, "going on for ever")

    job = Job(make)
    job.stop()
    job.wait(5)
    assert job.state == "stopped"


NEXT = "waiting for its turn: 2 others are at work, and you are next"


def test_jobs_queue_for_their_seats_and_can_be_stopped_there() -> None:
    may_end = Event()

    def make(progress: Progress) -> bool:
        progress(0.1, "at work")
        return may_end.wait(5)

    running = [Job(make, seats=BUILDS) for _ in range(BUILDS.n)]
    while any(job.words != "at work" for job in running):
        running[0].wait(0.01)
    waiting, stopped = Job(make, seats=BUILDS), Job(make, seats=BUILDS)
    stopped.stop()
    stopped.wait(5)
    while waiting.words == "waiting for its turn":
        waiting.wait(0.01)
    assert (waiting.state, waiting.words, stopped.state) == ("running", NEXT, "stopped")
    short = Job(lambda progress: "needs no seat")
    short.wait(5)
    assert short.outcome() == "needs no seat"
    may_end.set()
    waiting.wait(5)
    assert waiting.outcome() is True


def test_a_job_that_ends_while_it_is_asked_has_not_failed() -> None:
    job = Job(lambda progress: 1)
    job.wait(5)
    job._outcome.clear()

    class Ending(Thread):
        """Has its outcome just before one sees that it ended."""

        def is_alive(self) -> bool:
            job._outcome.append(2)
            return False

    job._thread = Ending()
    assert job.state == "done"


class Visits:
    """A clock of its own, and jobs that go on until it says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.end = 0.0, Event()
        monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: self.now))

    def begun(self, **options: Any) -> Job[bool]:
        def make(progress: Progress) -> bool:
            while not self.end.wait(0.005):
                progress(0.5, "at work")
            return True

        job = Job(make, **options)
        while job.words != "at work" and not BUILDS.n_waiting:
            job.wait(0.005)
        return job


def test_a_build_that_nobody_looks_at_leaves_its_seat_to_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(monkeypatch)
    left = visits.begun(seats=BUILDS, of_visit=True)
    seen = visits.begun(seats=BUILDS, of_visit=True)
    visits.now += UNSEEN_S + 1
    left.wait(0.05)
    assert left.state == "running"  # nobody waits
    seen.look()
    waiting = visits.begun(seats=BUILDS, of_visit=True)
    left.wait(5)
    while waiting.words != "at work":
        waiting.wait(0.01)
    assert (left.state, seen.state, waiting.state) == ("stopped", "running", "running")
    visits.end.set()
    for job in (seen, waiting):
        job.wait(5)
        assert job.outcome()


def test_a_build_of_a_visit_that_is_gone_is_stopped_and_a_shared_one_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visits = Visits(monkeypatch)
    own, shared = visits.begun(seats=BUILDS, of_visit=True), visits.begun(seats=BUILDS)
    visits.now += LEFT_S + 1
    own.wait(5)
    shared.wait(0.05)
    assert (own.state, shared.state) == ("stopped", "running")
    visits.end.set()
    shared.wait(5)
    assert shared.outcome()
