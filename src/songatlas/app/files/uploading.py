"""Opening a table of one's own: drop it, see what is understood, correct it, build its atlas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import streamlit as st

from songatlas.app.files.dropped_table import (
    LEAVE_OUT,
    OURS,
    Corrections,
    DroppedReading,
    NamedBytes,
    read_dropped,
    units_of,
)
from songatlas.app.server.jobs import BUILDS, TABLES, Job, Place
from songatlas.app.server.serving import launched
from songatlas.app.server.visits import VISITS, end_absent, forget_uploads, this_visit
from songatlas.app.visit.menu import page_of
from songatlas.app.visit.opening import open_own
from songatlas.app.visit.waiting import OWN_JOB, OWN_READING, show_job
from songatlas.app.words.plain_tables import Heading, show_table
from songatlas.app.words.wording import label_help, plain_text
from songatlas.atlas import Atlas, build_atlas
from songatlas.features import FEATURES, label_of
from songatlas.progress import Progress
from songatlas.songs import CleanSongs, SongsTable

_MOST_K: Final = 200

_SURE: Final = {"certain": "certain", "likely": "likely", "named": "as you said"}
_HEADINGS: Final = (
    Heading(text="Column of the file"),
    Heading(text="Read as"),
    Heading(text="Unit"),
    Heading(text="How sure"),
    Heading(text="First values", long=True),
    Heading(text="Note", long=True),
)


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A file that was dropped in: its name, its content, and what no other file of this visit is called."""

    name: str
    content: bytes
    token: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of the file that was dropped: as it was first read, with corrections, and its room."""

    token: str
    first: DroppedReading
    corrections: Corrections
    reading: DroppedReading
    place: Place


def show_upload() -> None:
    """Draw everything from the place to drop a table to the building of its atlas."""
    if OWN_JOB in st.session_state:
        _show_build()
        return
    dropped = _dropped()
    if dropped is None:
        st.session_state.pop(OWN_READING, None)
        _show_what_it_takes()
        return
    reading = _read(dropped)
    if reading is None:
        _show_full()
        return
    if reading.error:
        st.error(plain_text(reading.error, longest=1500))
    if not reading.header:
        st.caption("Drop another file when you have one: nothing else has changed.")
        return
    if reading.table is not None:
        _show_understood(reading, reading.table)
    _show_corrections(dropped, st.session_state[OWN_READING].first, is_open=bool(reading.error))
    if reading.table is not None and reading.clean is not None:
        _show_left_out(reading.table, reading.clean)
        _show_start(dropped, reading.header)


def _dropped() -> Dropped | None:
    """The file that lies in the place to drop one."""
    file = st.file_uploader(
        f"Drop a table of songs: CSV, TSV, Parquet, JSON lines or Excel, up to {launched().upload_mb:,} MB",
        key="dropped",
    )
    if file is None:
        return None
    return Dropped(name=Path(file.name).name, content=file.getvalue(), token=file.file_id)


def _show_what_it_takes() -> None:
    st.markdown(
        "One row a song, with at least three columns that say how it sounds, such as danceability, energy, "
        "loudness and tempo. Headers, units and languages may be any: what is understood is shown before "
        "anything is built, and you can correct it."
    )
    st.caption(
        "The table stays on the computer that songatlas runs on. Nobody else who opens these pages sees it, "
        "and it is gone from there within a minute of closing the page. Larger files: start "
        "songatlas with the table, as in songatlas app my\\_songs.csv, or with a higher "
        "\\-\\-upload-limit."
    )


def _read(dropped: Dropped) -> DroppedReading | None:
    """What is understood of the file with the corrections so far; None where there is no room for it.

    It is read again only where a correction has changed.
    """
    known: Known | None = st.session_state.get(OWN_READING)
    if known is None or known.token != dropped.token:
        place = known.place if known else TABLES.place()
        if place is None:
            end_absent()
            return None
        first = _read_with(dropped, Corrections(), ())
        plain = Corrections()
        known = Known(token=dropped.token, first=first, corrections=plain, reading=first, place=place)
    corrections = _corrections(dropped, known.first)
    if known.corrections != corrections:
        reading = _read_with(dropped, corrections, known.first.header)
        known = replace(known, corrections=corrections, reading=reading)
    st.session_state[OWN_READING] = known
    return known.reading


def _show_full() -> None:
    """There is no room for another table now."""
    st.warning(
        f"songatlas holds {TABLES.n} tables of other visits, and that is as many as it may. There is room "
        "again as soon as somebody closes a page: try again in a minute. Nothing of your table was lost."
    )
    st.button("Try again", key="try_again")


def _read_with(dropped: Dropped, corrections: Corrections, header: Sequence[str]) -> DroppedReading:
    with st.spinner(f"Reading {plain_text(dropped.name)}"):
        return read_dropped(dropped.content, dropped.name, corrections, header)


def _corrections(dropped: Dropped, first: DroppedReading) -> Corrections:
    """What the person has corrected, out of the choices of the page."""
    places, units = {}, {}
    for column in OURS:
        place = st.session_state.get(_key(dropped, "place", column))
        unit = st.session_state.get(_key(dropped, "unit", column))
        if place is not None and (place != LEAVE_OUT or column in first.found):
            places[column] = place
        if unit is not None and place != LEAVE_OUT and (place is not None or column in first.found):
            units[column] = unit
    taken = set(places.values())
    for column in [each for each, place in places.items() if place == LEAVE_OUT]:
        if first.found[column] in taken:  # it is read as another one, so nothing is left to leave out
            del places[column]
    return Corrections(places=places, units=units, genre=st.session_state.get(_key(dropped, "genre")))


def _key(dropped: Dropped, what: str, column: str = "") -> str:
    return f"fix:{dropped.token}:{what}:{column}"


def _show_understood(reading: DroppedReading, table: SongsTable) -> None:
    """The columns that were understood, and those that were not."""
    rows = [
        (
            _called(reading, read.position),
            label_of(read.column),
            read.unit or "",
            _SURE.get(read.how_sure, ""),
            reading.samples[read.position],
            read.note,
        )
        for read in table.columns
        if read.column
    ]
    st.subheader("What was understood", anchor=False)
    show_table(_HEADINGS, rows)
    alone = [read for read in table.columns if not read.column]
    if alone:
        told = [
            f"{_called(reading, read.position)}{f' ({read.note})' if read.note else ''}" for read in alone
        ]
        st.caption(plain_text(f"Left alone: {', '.join(told)}.", longest=2000))
    for note in table.source.notes:
        st.caption(plain_text(f"{note[:1].upper()}{note[1:]}.", longest=600))


def _called(reading: DroppedReading, place: int) -> str:
    """What the page calls a column of the file."""
    text = reading.header[place].strip() if place < len(reading.header) else ""
    return text or f"column {place + 1}"


def _show_corrections(dropped: Dropped, first: DroppedReading, *, is_open: bool) -> None:
    """For each column of ours which of theirs it is, and its unit; a change reads the file again."""
    with st.expander("Correct what was understood", expanded=is_open, key="corrections"):
        st.caption("Every change is tried at once. What you leave as it is, songatlas finds by itself.")
        tabs = st.tabs(["How songs sound", "What songs are"])
        for tab, is_sound in zip(tabs, (True, False), strict=True):
            columns = [each for each in OURS if (each in FEATURES) == is_sound]
            with tab, st.container(horizontal=True, gap="medium"):
                for column in columns:
                    with st.container(width=260):
                        _show_choice(dropped, first, column)
                if not is_sound:
                    with st.container(width=260):
                        _show_genre(dropped, first)


def _show_choice(dropped: Dropped, first: DroppedReading, column: str) -> None:
    """Which column of the file is one of ours, and in which unit."""
    key, found = _key(dropped, "place", column), first.found.get(column)
    as_found = "none found" if found is None else f"as found: {_called(first, found)}"

    def words(place: int | None) -> str:
        if place is None:
            return as_found
        return "leave it out" if place == LEAVE_OUT else _with_samples(first, place)

    st.selectbox(label_of(column), [None, *range(len(first.header)), LEAVE_OUT], key=key, format_func=words)
    units, chosen = units_of(column), st.session_state.get(key)
    if units and chosen != LEAVE_OUT and (chosen is not None or found is not None):
        st.selectbox(
            f"Unit of {label_of(column)}",
            [None, *units],
            key=_key(dropped, "unit", column),
            format_func=lambda unit: "unit: as found" if unit is None else f"unit: {unit}",
            label_visibility="collapsed",
        )


def _show_genre(dropped: Dropped, first: DroppedReading) -> None:
    st.selectbox(
        "Genres to compare clusters with",
        [None, *range(len(first.header))],
        key=_key(dropped, "genre"),
        format_func=lambda place: "as found" if place is None else _with_samples(first, place),
    )


def _with_samples(reading: DroppedReading, place: int) -> str:
    samples = reading.samples[place] if place < len(reading.samples) else ""
    return f"{_called(reading, place)}: {samples}" if samples else _called(reading, place)


def _show_left_out(table: SongsTable, clean: CleanSongs) -> None:
    """How many songs there are, and what the rules do to the others."""
    st.subheader("What will be clustered", anchor=False)
    st.markdown(f"**{clean.songs.height:,} songs** of {table.source.n_rows:,} rows.")
    for count in clean.counts:
        if count.n_songs or count.n_rows:
            st.caption(plain_text(count.sentence, longest=600))


def _show_start(dropped: Dropped, header: Sequence[str]) -> None:
    """The number of clusters, and the button that builds."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_auto = st.toggle("Let the evidence choose the number of clusters", value=True, key="own_auto")
        k = 8
        if not is_auto:
            k = st.number_input(
                "Number of clusters", 2, _MOST_K, 8, key="own_k", help=label_help("k"), width=200
            )
        build = st.button("Build the atlas", type="primary", key="build")
    if build:
        corrections: Corrections = st.session_state[OWN_READING].corrections
        settings = corrections.settings(header).change(k="auto" if is_auto else int(k))

        def make(progress: Progress) -> Atlas:
            return build_atlas(NamedBytes(dropped.content, dropped.name), settings, progress=progress)

        st.session_state[OWN_JOB] = (_begun(make), dropped.name, make)
        st.rerun()


def _begun(make: Callable[[Progress], Atlas]) -> Job[Atlas]:
    """A build that stops where this visit ends."""
    job = Job(make, seats=BUILDS, of_visit=True)
    VISITS.works(this_visit(), job)
    return job


def _show_build() -> None:
    """How far the build is; the atlas is opened when it is done."""
    job, name, make = st.session_state[OWN_JOB]
    if job.state == "done":
        del st.session_state[OWN_JOB]
        known: Known | None = st.session_state.get(OWN_READING)
        place = known.place if known else None
        open_own(job.outcome(), title=Path(name).stem or "your table", place=place)
        forget_uploads()
        st.switch_page(page_of("atlas"))
    if show_job(job, title=f"Building the atlas of {name}"):
        st.session_state[OWN_JOB] = (_begun(make), name, make)
        st.rerun()
    if job.state != "running" and st.button("Choose another table", key="another"):
        del st.session_state[OWN_JOB]
        st.rerun()
