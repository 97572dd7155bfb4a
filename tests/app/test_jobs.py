"""Work beside the pages: it ends with an outcome, an error in words, or stopped."""

from __future__ import annotations

from threading import Event

import pytest

from songatlas.app.server.jobs import SEATS, Job
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


def test_jobs_queue_for_their_seats_and_can_be_stopped_there() -> None:
    may_end = Event()

    def make(progress: Progress) -> bool:
        progress(0.1, "at work")
        return may_end.wait(5)

    running = [Job(make) for _ in range(SEATS)]
    while any(job.words != "at work" for job in running):
        running[0].wait(0.01)
    waiting, stopped = Job(make), Job(make)
    stopped.stop()
    stopped.wait(5)
    assert (waiting.state, waiting.words, stopped.state) == ("running", "waiting for its turn", "stopped")
    may_end.set()
    waiting.wait(5)
    assert waiting.outcome() is True
