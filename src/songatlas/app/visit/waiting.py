"""A job as a person sees it: a bar with words, a button that stops it, and what became of it."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from songatlas.app.server.jobs import Job
from songatlas.app.words.wording import plain_text

_POLLED_EVERY: Final = 0.5


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


@st.fragment(run_every=_POLLED_EVERY)
def _poll(job: Job[Any]) -> None:
    """The bar alone is drawn again and again, not the page."""
    if job.state != "running":
        st.rerun()
    st.progress(job.share, text=f"{job.words.capitalize()} ({job.share:.0%})")
    st.button("Stop", key="stop_job", on_click=job.stop)
