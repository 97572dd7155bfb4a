"""A job as a person sees it: a bar with words, a button that stops it, and what became of it."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from songatlas.app.server.jobs import Job
from songatlas.app.server.visits import forget_uploads
from songatlas.app.words.wording import plain_text

OWN_JOB: Final = "own_job"
"""Where the build of a person's own table is held: the job, the name of the file, and what it does."""

OWN_READING: Final = "own_reading"
"""Where it is held what was understood of a table that is not built yet."""

_POLLED_EVERY: Final = 0.5
_WATCHED_EVERY: Final = 5.0


def show_job(job: Job[Any], *, title: str) -> bool:
    """Show how far a job is; say whether the person asks to begin it again, after it failed or was stopped.

    The page is run again as soon as the job ends.
    """
    if job.state == "running":
        st.subheader(plain_text(title), anchor=False)
        _poll(job)
        return False
    if job.state == "failed":
        st.error(plain_text(job.error))
    else:
        st.info("Stopped. Nothing was kept of it.")
    return st.button("Start again", key="start_again")


def forget_unbuilt() -> None:
    """Forget a table that was dropped in and left without building it."""
    if OWN_JOB not in st.session_state and st.session_state.pop(OWN_READING, None) is not None:
        forget_uploads()


def watch_own_job() -> None:
    """Keep the build of a person's own table going while they look at other pages, and say how far it is."""
    if OWN_JOB in st.session_state:
        job, name, _ = st.session_state[OWN_JOB]
        _watch(job, name)


@st.fragment(run_every=_POLLED_EVERY)
def _poll(job: Job[Any]) -> None:
    """The bar alone is drawn again and again, not the page."""
    job.look()
    if job.state != "running":
        st.rerun()
    st.progress(job.share, text=f"{job.words.capitalize()} ({job.share:.0%})")
    st.button("Stop", key="stop_job", on_click=job.stop)


@st.fragment(run_every=_WATCHED_EVERY)
def _watch(job: Job[Any], name: str) -> None:
    """One line above a page."""
    job.look()
    told = {
        "running": f"is being built ({job.share:.0%}): go on here meanwhile.",
        "done": "is ready: *Open another table* shows it.",
        "failed": "could not be built: *Open another table* says why.",
        "stopped": "is no longer being built: *Open another table* can begin again.",
    }[job.state]
    st.caption(f"The atlas of {plain_text(name, longest=60)} {told}")
