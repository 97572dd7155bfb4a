"""Opening a catalogue: an atlas from its folder, a table that is built first, or the demo.

What the app was started with is opened once and shared by all visits. A table that a person drops in is built
for that visit alone, and no other visit can see it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import streamlit as st

from songatlas.app.server.jobs import BUILDS, Job, Place
from songatlas.app.server.parts import Parts
from songatlas.app.server.serving import Launch, launched
from songatlas.app.server.sounds import Sounds
from songatlas.app.visit.state import forget
from songatlas.app.visit.waiting import show_job, watch_own_job
from songatlas.atlas import Atlas, AtlasSettings, build_atlas, build_demo
from songatlas.progress import Progress

DEMO_SONGS: Final = 4000
"""Songs of the demo catalogue."""

_OWN: Final = "catalogue"
_SOON: Final = 6.0  # seconds that a page waits for an atlas to be read before it shows a bar


@dataclass(frozen=True, eq=False, kw_only=True)
class Catalogue:
    """What is open.

    Attributes
    ----------
    atlas : Atlas
        As it was built or read: shared, never changed.
    key : str
        What stands for its content wherever something is kept; of a table that was dropped in, no other
        visit has the same.
    title : str
        What the page calls it.
    folder : Path or None
        Folder of outputs that it was read from.
    sounds : Sounds
        Files of music that the browser may play: those of what the app was started with, and no others.
    parts : Parts
        What the browser fetches of it; gone when the catalogue is.
    place : Place or None
        The room that a table of a visit takes, free again when the catalogue is gone.
    """

    atlas: Atlas
    key: str
    title: str
    folder: Path | None = None
    sounds: Sounds = field(default_factory=Sounds, repr=False)
    parts: Parts = field(default_factory=Parts, init=False, repr=False)
    place: Place | None = field(default=None, repr=False)


_jobs: dict[str, Job[Catalogue]] = {}
_lock = Lock()


def catalogue() -> Catalogue:
    """Return what is open in this visit; only where `show_opening` said that it is."""
    own: Catalogue | None = st.session_state.get(_OWN)
    return own or _job_of(launched()).outcome()


def show_opening() -> bool:
    """Say whether a catalogue is open; show how far the opening is where it is not."""
    watch_own_job()
    if _OWN in st.session_state:
        return True
    job = _job_of(launched())
    if not _needs_build(launched()):
        with st.spinner("Opening the atlas"):
            job.wait(_SOON)
    if job.state == "done":
        return True
    if show_job(job, title=_doing(launched())):
        with _lock:
            _jobs.pop(_key_of(launched()), None)
        st.rerun()
    return False


def has_own() -> bool:
    """Say whether this visit has opened a table of its own."""
    return _OWN in st.session_state


def open_own(atlas: Atlas, *, title: str, place: Place | None = None) -> None:
    """Open an atlas that was built of a person's own table, in this visit alone."""
    forget()
    key = f"own-{secrets.token_hex(16)}"
    own = Catalogue(atlas=atlas, key=key, title=title, place=place)
    st.session_state[_OWN] = own


def close_own() -> None:
    """Go back to what the app was started with."""
    st.session_state.pop(_OWN, None)
    forget()


def launched_title(launch: Launch) -> str:
    """Return what the pages call what the app was started with.

    Examples
    --------
    >>> launched_title(Launch()), launched_title(Launch(target="music/my songs.csv"))
    ('Demo catalogue', 'my songs')
    """
    if launch.target is None:
        return "Demo catalogue"
    path = Path(launch.target)
    return path.stem if _needs_build(launch) else path.resolve().name


def _needs_build(launch: Launch) -> bool:
    """Whether the clusters have to be found first."""
    return launch.target is None or not Path(launch.target).is_dir()


def _doing(launch: Launch) -> str:
    doing = "Building the atlas of" if _needs_build(launch) else "Opening"
    return f"{doing} {launched_title(launch)}"


def _key_of(launch: Launch) -> str:
    return json.dumps([launch.target, dict(launch.settings or {})], sort_keys=True, default=str)


def _job_of(launch: Launch) -> Job[Catalogue]:
    """The job that opens what the app was started with: one for all visits."""
    with _lock:
        key = _key_of(launch)
        if key not in _jobs:
            seats = BUILDS if _needs_build(launch) else None
            _jobs[key] = Job(lambda progress: _opened(launch, key, progress), seats=seats)
        return _jobs[key]


def _opened(launch: Launch, key: str, progress: Progress) -> Catalogue:
    settings = AtlasSettings.from_dict(launch.settings or {})
    title = launched_title(launch)
    if launch.target is None:
        return Catalogue(atlas=build_demo(DEMO_SONGS, settings, progress=progress), key=key, title=title)
    if _needs_build(launch):
        built = build_atlas(launch.target, settings, progress=progress)
        return Catalogue(atlas=built, key=key, title=title, sounds=_sounds_of(built))
    folder = Path(launch.target)
    progress(0.1, "reading the atlas")
    read = Atlas.load(folder)
    return Catalogue(atlas=read, key=key, title=title, folder=folder, sounds=_sounds_of(read))


def _sounds_of(atlas: Atlas) -> Sounds:
    """What may be played of an atlas that the app was started with; never called for one of a visit."""
    return Sounds(atlas.songs["location"].to_list()) if "location" in atlas.songs.columns else Sounds()
