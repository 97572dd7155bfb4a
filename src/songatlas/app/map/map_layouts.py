"""Which layout the map has: by sound at once, by neighbours after some work, done once for all visits."""

from __future__ import annotations

from threading import Lock
from typing import Final

import streamlit as st

from songatlas.app.map.song_map import PlacedSongs, placed_songs, take_lasso
from songatlas.app.server.jobs import LAYOUTS, Job
from songatlas.app.visit.opening import Catalogue
from songatlas.app.visit.state import keep, kept, put
from songatlas.atlas import Atlas
from songatlas.atlas.layouts import MapLayout, neighbour_map, pca_map

LAYOUT: Final = "layout"
SOUND, NEIGHBOURS = "sound", "neighbours"
LABELS: Final = {SOUND: "By sound", NEIGHBOURS: "By neighbours"}

_HELP: Final = (
    "By sound: the two directions in which the songs differ most (PCA), so that the sides of the map have a "
    "meaning. By neighbours: songs that sound alike lie close together (PaCMAP); the sides mean little then."
)
_EVERY: Final = 1.0  # seconds between two looks at the work
_SONGS_A_SECOND: Final = 4_500
_START_SECONDS: Final = 30  # most of which is compiling

_lock = Lock()


def keep_layout() -> None:
    """Take the layout from the address of the page, and keep it."""
    keep(LAYOUT, SOUND, in_address=True, allowed=lambda name: name in LABELS)


def shown_layout(opened: Catalogue) -> PlacedSongs:
    """Return the songs as the chosen layout places them; by sound as long as the other is not there."""
    job = job_of(opened.atlas)
    if kept(LAYOUT) == NEIGHBOURS and job is not None and job.state == "done":
        return placed_songs(opened, NEIGHBOURS, job.outcome())
    return placed_songs(opened, SOUND, pca_map(opened.atlas))


def show_layout(atlas: Atlas) -> None:
    """Draw the choice of the layout."""
    st.selectbox(
        "Layout",
        list(LABELS),
        key=f"kept:{LAYOUT}",
        format_func=LABELS.__getitem__,
        help=_HELP,
        on_change=on_layout,
        args=(atlas,),
    )


def show_layout_state(atlas: Atlas) -> None:
    """Say what there is to say of the layout that was chosen: how long it takes, or how far it is."""
    if kept(LAYOUT) == NEIGHBOURS:
        _show_neighbours(atlas)


def seconds_needed(n_songs: int) -> int:
    """Return about how many seconds the layout by neighbours takes.

    Examples
    --------
    >>> seconds_needed(100_000)
    50
    """
    return round((_START_SECONDS + n_songs / _SONGS_A_SECOND) / 10) * 10


def job_of(atlas: Atlas) -> Job[MapLayout] | None:
    """Return the work on the layout by neighbours of an atlas; None where nobody has asked for it."""
    return _jobs_of(atlas).get(NEIGHBOURS)


def on_start(atlas: Atlas) -> None:
    """Begin the layout by neighbours, unless somebody has."""
    with _lock:
        job = job_of(atlas)
        if job is None or job.state in ("failed", "stopped"):
            _jobs_of(atlas)[NEIGHBOURS] = Job(
                lambda progress: neighbour_map(atlas, progress=progress), seats=LAYOUTS
            )


def on_layout(atlas: Atlas) -> None:
    """Begin the layout that was chosen where it is not there; a lasso of the other one is cleared."""
    take_lasso(None)
    if kept(LAYOUT) == NEIGHBOURS:
        on_start(atlas)


def _jobs_of(atlas: Atlas) -> dict[str, Job[MapLayout]]:
    """Where the work is held: with the atlas, so that it goes when the atlas goes."""
    return atlas.kept.get("layout jobs", None, dict)


def _show_neighbours(atlas: Atlas) -> None:
    """What is to be said of the layout by neighbours."""
    job = job_of(atlas)
    if job is None or job.state == "stopped":
        needed = seconds_needed(atlas.songs.height)
        words = f"{needed} seconds" if needed < 100 else f"{needed / 60:.0f} minutes"
        st.caption(f"It has to be worked out first, in about {words}; you can go on meanwhile.")
        st.button("Work it out", key="start_neighbours", on_click=on_start, args=(atlas,))
    elif job.state == "failed":
        st.warning(job.error)
        st.button("Stay with the layout by sound", key="leave_neighbours", on_click=put, args=(LAYOUT, SOUND))
    elif job.state == "running":
        _watch(job)


@st.fragment(run_every=_EVERY)
def _watch(job: Job[MapLayout]) -> None:
    """Show how far the work is; the page is drawn again when it ends."""
    if job.state != "running":
        st.rerun()
    st.progress(job.share, text=f"{job.words[:1].upper()}{job.words[1:]} …")
    st.caption("Until it is worked out, the map stays by sound.")
    st.button("Stop", key="stop_neighbours", on_click=job.stop)
