"""What a playlist is to be: its songs, length and order, as a person says it with ordinary controls.

What the controls say becomes the arguments of `songatlas.atlas.playlist.make_playlist`. Other pages may ask
for a playlist, too: of songs chosen there, of one song, or of a cluster (`take_requests`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import streamlit as st

from songatlas.app.files.saving import lasting
from songatlas.app.map.picking import PLAYLIST_SEEDS, PLAYLIST_SONGS
from songatlas.app.playlists.draft import Draft, draft, drafted, put_draft
from songatlas.app.playlists.playlist_file import cluster_playlists
from songatlas.app.songs.cluster_cards import PLAYLIST_CLUSTER
from songatlas.app.songs.liked_songs import disliked, liked, rows_of
from songatlas.app.songs.song_filters import filter_controls, told_filters
from songatlas.app.songs.song_picker import song_search
from songatlas.app.visit.state import keep, kept, put
from songatlas.app.visit.walking import shown_names
from songatlas.app.words import page_words
from songatlas.app.words.wording import plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.playlist import make_playlist, playlist_of_rows, reordered
from songatlas.atlas.recommending import PLAYLIST_SUFFIXES
from songatlas.errors import SongAtlasError
from songatlas.playlists import ARTIST_GAP, ORDERS, PER_ARTIST, TrackList, playlist_of_bytes
from songatlas.playlists.tracks import brief_line
from songatlas.songs.finding import named_song

SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cluster": "a cluster",
        "liked": "songs that go with those you like",
        "seed": "one song, and what goes with it",
        "path": "a way from one song to another",
        "filters": "all songs that pass filters",
        "chosen": "songs chosen on the map",
        "found": "songs found in Discover",
        "file": "a playlist file, and more songs",
    }
)
"""What a playlist can be made of, in words."""

ORDER_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "smooth": "smooth: each song near the one before",
        "energy-arc": "an arc: energy rises to a peak, then falls",
        "energy-up": "rising energy",
        "energy-down": "falling energy",
        "tempo": "slow to fast",
        "key": "by key: few keys that clash",
        "given": "as they were chosen",
    }
)
"""The orders in words."""

STRICTNESS_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "strict": "strict: the same key, or one step round the wheel",
        "usual": "usual: also major and minor of the same notes",
        "loose": "loose: also two steps, and a semitone up or down",
    }
)
"""Which keys go together, in words."""

TITLE: Final = "playlist_title"
"""What the name of the songs that another page asks for is kept as."""

FOUND: Final = "found_songs"
"""What the songs that Discover found last are kept as."""

_ENDS: Final = ("playlist.from", "playlist.to")
_SEED: Final = "playlist.seed"
_SEED_SONG: Final = "playlist.seed_song"
_ALL_OF_IT: Final = -1
_NAME: Final = "playlist.name"
_LATELY_CHOSEN: Final = "playlist.chosen"
_FILE: Final = "playlist_file"
_COMMON: Final = ("minutes", "n_songs", "order", "artist_gap", "per_artist", "key_strictness", "filters")
_ERROR: Final = "playlist_error"


def show_wishes(atlas: Atlas) -> None:
    """Show the controls, and the buttons that make a playlist."""
    sources = [name for name in SOURCES if name not in ("chosen", "found") or _ids_of(atlas, name)]
    key = keep("made_of", "cluster", in_address=True, allowed=lambda name: name in sources)
    keep(_SEED, 0, in_address=True, allowed=lambda seed: seed >= 0)
    source = st.selectbox("Made of", sources, key=key, format_func=SOURCES.__getitem__)
    wishes = _source(atlas, source) | _length() | _order(atlas, source)
    wishes |= _finer(atlas, source)
    with st.container(horizontal=True):
        st.button("Make the playlist", type="primary", on_click=on_make, args=(atlas, wishes))
        if draft() is not None:
            st.button(
                "Another one",
                on_click=on_make,
                args=(atlas, wishes),
                kwargs={"again": True},
                help="Lets chance choose other songs of the same kind.",
            )
    if error := st.session_state.pop(_ERROR, None):
        page_words.show_error(error)
    _every_cluster(atlas, wishes)


def _every_cluster(atlas: Atlas, wishes: Mapping[str, Any]) -> None:
    """One playlist for each cluster, in one archive."""
    with st.expander("One playlist for each cluster", key="playlist_every"):
        st.caption(
            "With the length, order and filters above; the format and places are those of “Save as a file”."
        )
        form, template = kept("format", "m3u8"), kept("playlist.template")
        form = "m3u8" if form == "uris" else form  # may hold none of the songs
        common = {name: value for name, value in wishes.items() if name in _COMMON}
        st.download_button(
            "Save all as a ZIP archive",
            data=lasting(
                lambda: cluster_playlists(atlas, form, common, template=template),
                file_name="playlists.zip",
                mime="application/zip",
            ),
            file_name="playlists.zip",
            mime="application/zip",
            on_click="ignore",
        )


def on_make(atlas: Atlas, wishes: Mapping[str, Any], *, again: bool = False) -> None:
    """Make a playlist; the one that was there can be had back."""
    if again:
        put(_SEED, int(kept(_SEED, 0)) + 1)
    try:
        made = make_playlist(atlas, **wishes, seed=int(kept(_SEED, 0)))
    except SongAtlasError as error:
        st.session_state[_ERROR] = error
        return
    take(drafted(atlas, made, key_strictness=wishes.get("key_strictness", "usual")))


def take(new: Draft) -> None:
    """Keep a new playlist and its name."""
    put_draft(new.after_draft(draft()))
    put(_NAME, brief_line(new.name, longest=200))


def take_requests(atlas: Atlas) -> None:
    """Make the playlist that another page asked for, once; called before the controls are shown."""
    chosen, seeds, cluster = (
        list(kept(PLAYLIST_SONGS) or ()),
        list(kept(PLAYLIST_SEEDS) or ()),
        kept(PLAYLIST_CLUSTER),
    )
    title = kept(TITLE) or ""
    for name, nothing in (
        (PLAYLIST_SONGS, []),
        (PLAYLIST_SEEDS, []),
        (PLAYLIST_CLUSTER, None),
        (TITLE, ""),
    ):
        put(name, nothing)
    if rows := rows_of(atlas.songs, chosen):
        if not title:
            put(_LATELY_CHOSEN, chosen)
        put("made_of", "found" if title else "chosen")
        whole = playlist_of_rows(atlas, list(dict.fromkeys(rows)), name=title or "Chosen songs")
        take(drafted(atlas, reordered(atlas, whole, "smooth")))
    elif rows := rows_of(atlas.songs, seeds):
        put("made_of", "seed")
        put(_SEED_SONG, seeds[0])
        on_make(atlas, {"like": tuple(seeds), "with_liked": True})
    elif cluster is not None and 0 <= int(cluster) < atlas.k:
        put("made_of", "cluster")
        put("playlist.cluster", int(cluster))
        on_make(atlas, {"cluster": str(int(cluster))})


def _ids_of(atlas: Atlas, source: str) -> list[str]:
    """Songs chosen on the map, or found in Discover, that the catalogue has."""
    ids = list(kept(_LATELY_CHOSEN if source == "chosen" else FOUND) or ())
    return [str(song_id) for song_id in atlas.songs["song_id"].gather(rows_of(atlas.songs, ids))]


def _source(atlas: Atlas, source: str) -> dict[str, Any]:
    """What is said of the source."""
    if source == "cluster":
        names = shown_names()
        key = keep("playlist.cluster", 0, in_address=True, allowed=lambda number: 0 <= number < len(names))
        number = st.selectbox("Cluster", range(len(names)), key=key, format_func=lambda n: f"{n} {names[n]}")
        part = _part_of_cluster(atlas, int(number))
        return {"cluster": str(number)} if part is None else {"subcluster": part}
    if source == "liked":
        return _liked(atlas)
    if source == "seed":
        _one_song(atlas, "The song", _SEED_SONG)
        song_id = kept(_SEED_SONG, "")
        return {"like": (song_id,), "with_liked": True} if rows_of(atlas.songs, [song_id]) else {}
    if source == "path":
        for label, name in zip(("From", "To"), _ENDS, strict=True):
            _one_song(atlas, label, name)
        ends = tuple(kept(name, "") for name in _ENDS)
        return {"path": ends} if len(rows_of(atlas.songs, list(ends))) == len(ends) else {}
    if source == "file":
        return _extended()
    if source == "filters":
        return {}
    ids = _ids_of(atlas, source)
    st.caption(f"{len(ids)} songs to choose from.")
    return {"among": tuple(ids), "ranked": source == "found"}


def _part_of_cluster(atlas: Atlas, cluster: int) -> int | None:
    """The playlist-sized part of a cluster that is chosen; None where all of it."""
    division = atlas.division
    parts = np.flatnonzero(division.parents == cluster).tolist()
    if len(parts) < 2:
        return None
    sizes = np.bincount(division.labels, minlength=division.k)
    key = keep("playlist.part", _ALL_OF_IT, in_address=True, allowed=[_ALL_OF_IT, *parts].__contains__)
    part = st.selectbox(
        "Part of it",
        [_ALL_OF_IT, *parts],
        key=key,
        format_func=lambda n: (
            "all of it" if n == _ALL_OF_IT else f"part {n}: {sizes[n]:,} songs that are near each other"
        ),
    )
    return None if part == _ALL_OF_IT else int(part)


def _liked(atlas: Atlas) -> dict[str, Any]:
    rows = rows_of(atlas.songs, liked())
    if not rows:
        st.caption("No song is liked yet: like some on the pages Atlas or Discover.")
        return {}
    named = "; ".join(brief_line(named_song(atlas.songs, row), longest=50) for row in rows[:3])
    more = f"; and {len(rows) - 3} more" if len(rows) > 3 else ""
    st.caption(f"You like {plain_text(named)}{more}.")
    with_liked = st.toggle(
        "The songs you like are part of it", key=keep("playlist.with_liked", False, in_address=True)
    )
    ids = atlas.songs["song_id"]
    away = [str(ids[row]) for row in rows_of(atlas.songs, disliked())]
    return {"like": tuple(str(ids[row]) for row in rows), "unlike": tuple(away), "with_liked": with_liked}


def _one_song(atlas: Atlas, label: str, name: str) -> None:
    """A song that is chosen by a search, or the chosen one."""
    keep(name, "", in_address=True)
    rows = rows_of(atlas.songs, [kept(name)])
    if not rows:
        song_search(atlas, label, name=f"{name}.find", pick=lambda song_id: put(name, song_id), verb="Take")
        return
    st.markdown(f"{label}: **{plain_text(brief_line(named_song(atlas.songs, rows[0])))}**")
    st.button("Another song", key=f"{name}.change", on_click=put, args=(name, ""))


def _extended() -> dict[str, Any]:
    file = st.file_uploader(
        "Playlist file (M3U8, XSPF, JSPF, CSV or a list of links)",
        type=[each.removeprefix(".") for each in PLAYLIST_SUFFIXES],
        key=_FILE,
    )
    reorder = st.toggle(
        "Put all songs in the order",
        key=keep("playlist.reorder", False),
        help="Off: the songs of the file stay as they are, and new ones follow.",
    )
    if file is not None:
        st.session_state["playlist_read"] = (file.file_id, _read(file))
    held = st.session_state.get("playlist_read")
    if held is None or held[1] is None:
        return {}
    st.caption(f"{plain_text(held[1].name)}: {len(held[1].tracks)} songs.")
    return {"extend": held[1], "reorder": reorder}


def _read(file: Any) -> TrackList | None:
    """What a file holds; why it could not be read is shown."""
    held = st.session_state.get("playlist_read")
    if held is not None and held[0] == file.file_id:
        known: TrackList | None = held[1]
        return known
    try:
        return playlist_of_bytes(file.getvalue(), file.name)
    except SongAtlasError as error:
        page_words.show_error(error)
        return None


def _length() -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = st.segmented_control(
            "Length in",
            ("minutes", "songs"),
            key=keep("length_in", "minutes", in_address=True, allowed=("minutes", "songs").__contains__),
            required=True,
        )
        if unit == "songs":
            n_songs = st.number_input(
                "Songs",
                1,
                1000,
                key=keep("songs", 20, in_address=True, allowed=lambda n: 1 <= n <= 1000),
                width=130,
            )
            return {"n_songs": int(n_songs)}
        minutes = st.number_input(
            "Minutes",
            5,
            1440,
            key=keep("minutes", 60, in_address=True, allowed=lambda n: 5 <= n <= 1440),
            step=5,
            width=130,
        )
    return {"minutes": float(minutes)}


def possible_orders(atlas: Atlas) -> list[str]:
    """Return the orders that the columns of the songs allow."""
    return [name for name in ORDER_WORDS if set(ORDERS[name].columns) <= set(atlas.songs.columns)]


def _order(atlas: Atlas, source: str) -> dict[str, Any]:
    if source == "path":
        st.caption("The order is the way itself: in even steps from the first song to the last.")
        return {}
    orders = possible_orders(atlas)
    key = keep("order", "smooth", in_address=True, allowed=lambda name: name in orders)
    return {"order": st.selectbox("Order", orders, key=key, format_func=ORDER_WORDS.__getitem__)}


def _finer(atlas: Atlas, source: str) -> dict[str, Any]:
    """Artists, keys and filters."""
    with st.expander("Artists and keys", key="playlist_finer"):
        gap = st.number_input(
            "Songs between two of one artist",
            0,
            20,
            key=keep("artist_gap", ARTIST_GAP, in_address=True, allowed=lambda n: 0 <= n <= 20),
            help="As far as it is possible.",
        )
        most = st.number_input(
            "Most songs of one artist",
            0,
            100,
            key=keep("playlist.most", PER_ARTIST, in_address=True, allowed=lambda n: 0 <= n <= 100),
            help="0 allows any number.",
        )
        strictness = st.selectbox(
            "Keys that fit",
            list(STRICTNESS_WORDS),
            key=keep("keys_fit", "usual", in_address=True, allowed=STRICTNESS_WORDS.__contains__),
            format_func=STRICTNESS_WORDS.__getitem__,
        )
    with st.expander("Only some songs", key="playlist_only", expanded=source == "filters"):
        filters = filter_controls(atlas, page="playlist")
    if filters:
        st.caption(f"Only songs with {told_filters(filters)}.")
    return {
        "artist_gap": int(gap),
        "per_artist": int(most) or None,
        "key_strictness": strictness,
        "filters": filters,
    }
