"""The page *Discover*: songs that go with liked ones, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import polars as pl
import streamlit as st

from songatlas.app.files.saving import lasting
from songatlas.app.map import picking
from songatlas.app.playlists.playlist_wishes import FOUND, TITLE
from songatlas.app.songs.liked_songs import dislike, disliked, forget, hold_lists, like, liked, rows_of
from songatlas.app.songs.playing import sound_of
from songatlas.app.songs.song_filters import filter_controls, told_filters
from songatlas.app.songs.song_list import Action, ListedSong, button_list, listed
from songatlas.app.songs.song_picker import song_search
from songatlas.app.visit.opening import catalogue
from songatlas.app.visit.state import keep, kept, put
from songatlas.app.visit.walking import go_to, shown_atlas
from songatlas.app.words import page_words
from songatlas.app.words.wording import empty, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.extending import tracks_found
from songatlas.atlas.recommending import PLAYLIST_SUFFIXES, Recommendations, recommend
from songatlas.atlas.taste import taste_of
from songatlas.errors import SongAtlasError
from songatlas.playlists import PER_ARTIST, playlist_of_bytes, safe_file_name
from songatlas.playlists.tracks import brief_line, called
from songatlas.safe_cells import text_of_cells
from songatlas.songs.finding import named_song
from songatlas.starmap import shape_of
from songatlas.taste import BLOCKS, HUB_CORRECTION

_MOST_SONGS: Final = 100
_MOST_NAMED: Final = 3
_LIKINGS: Final = ("songs I like", "songs to keep away from")
_MOST_WEIGHT: Final = 3.0
_N_EXAMPLES: Final = 3
_RESULT: Final = "discover_result"
_NOTES: Final = "discover_notes"
_BLOCK_WORDS: Final = {
    "sound": ("Sound", "How songs sound: energy, mood, tempo and so on."),
    "audio": ("Heard in the files", "How songs sound to a network that listened to the files."),
    "era": ("Years", "When songs came out."),
    "tags": ("Tags", "Genre words that came with the songs."),
    "popularity": ("Popularity", "How well known songs are."),
    "artist": ("Artist", "Songs of the same artist come sooner. 0: it does not matter."),
    "album": ("Album", "Songs of the same album come sooner. 0: it does not matter."),
}
_LIKE = Action(name="like", icon="heart", help="Like")
_DISLIKE = Action(name="dislike", icon="away", help="Keep away from it")
_FORGET = Action(name="forget", icon="remove", help="Take out of the list")
_MAP = Action(name="map", icon="map", help="Show on the map")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What songs are asked for; the arguments of `recommend`."""

    like: tuple[str, ...]
    unlike: tuple[str, ...]
    n: int
    filters: tuple[str, ...]
    per_artist: int | None
    new_artists: bool
    diversity: float
    hub_correction: float
    surprise: float
    seed: int
    weights: tuple[tuple[str, float], ...]

    def found(self, atlas: Atlas) -> Recommendations:
        """Return the songs."""
        given: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return recommend(atlas, **(given | {"weights": dict(self.weights)}))


def show() -> None:
    """Draw the page."""
    hold_lists()
    st.title("Discover")
    st.caption("Songs of this library that go with songs you like, each with the reason.")
    atlas = shown_atlas()
    left, right = st.columns([2, 3], gap="large")
    with left:
        _given_songs(atlas)
        asked = _wishes(atlas)
    with right:
        if rows_of(atlas.songs, list(asked.like)):
            _answer(atlas, asked)
        else:
            _nothing_liked(atlas)


def on_action(action: str, song_id: str) -> None:
    """Do what the button of a song says."""
    if action == "like":
        like(song_id)
    elif action == "dislike":
        dislike(song_id)
    elif action == "forget":
        forget(song_id)
    else:
        picking.on_pick(song_id)
        st.session_state["discover_goes"] = "atlas"


def on_upload(atlas: Atlas, key: str, *, are_liked: bool = True) -> None:
    """Like, or dislike, all songs of the playlist files that were dropped in."""
    notes: list[str] = []
    for file in st.session_state.get(key) or ():
        try:
            found = tracks_found(atlas.songs, playlist_of_bytes(file.getvalue(), file.name))
        except SongAtlasError as error:
            notes.append(str(error))
            continue
        song_ids = [str(each) for each in atlas.songs["song_id"].gather(found.rows)]
        (like if are_liked else dislike)(*song_ids)
        told = "1 song" if len(song_ids) == 1 else f"{len(song_ids)} songs"
        strangers = _strangers([called(track) for track in found.unknown])
        notes += [f"{file.name}: {note}" for note in (f"{told} added.", *found.read, *strangers)]
    st.session_state[_NOTES] = tuple(notes)


def _strangers(songs: Sequence[str]) -> list[str]:
    """What to say of songs of a file that the library does not have."""
    if not songs:
        return []
    more = f"; and {len(songs) - _MOST_NAMED} more" if len(songs) > _MOST_NAMED else ""
    several = "1 song is" if len(songs) == 1 else f"{len(songs)} songs are"
    return [f"{several} not in this library: {'; '.join(map(brief_line, songs[:_MOST_NAMED]))}{more}."]


def example_songs(atlas: Atlas) -> list[int]:
    """Return rows of songs to begin with: the best known of each of the largest clusters."""
    fame = atlas.songs["popularity"].fill_null(-1) if "popularity" in atlas.songs.columns else None
    rows = []
    for cluster in range(min(_N_EXAMPLES, atlas.k)):
        members = (atlas.clustering.labels == cluster).nonzero()[0]
        if fame is not None:
            rows.append(int(members[int(fame.gather(members).arg_max() or 0)]))
        else:
            rows.append(rows_of(atlas.songs, list(atlas.exemplars[cluster]))[0])
    return rows


def _given_songs(atlas: Atlas) -> None:
    """The liked and the disliked songs."""
    if goal := st.session_state.pop("discover_goes", None):
        go_to(goal)
    st.subheader("Songs you like")
    song_search(atlas, "Add a song you like", name="find.like", pick=like, verb="Like")
    _list_of(atlas, liked(), key="liked_list", label="Songs you like", other=_DISLIKE)
    with st.expander(
        _counted("Songs you do not like", len(rows_of(atlas.songs, disliked()))), key="discover_disliked"
    ):
        song_search(
            atlas, "Add a song to keep away from", name="find.dislike", pick=dislike, verb="Keep away from"
        )
        _list_of(atlas, disliked(), key="disliked_list", label="Songs you do not like", other=_LIKE)
    with st.expander("Take all songs of a playlist file", key="discover_drop"):
        liking = st.segmented_control(
            "They are", _LIKINGS, key=keep("discover.liking", _LIKINGS[0]), required=True
        )
        st.file_uploader(
            "M3U8, XSPF, JSPF or CSV",
            type=[each.removeprefix(".") for each in PLAYLIST_SUFFIXES],
            accept_multiple_files=True,
            key="discover_files",
            on_change=on_upload,
            args=(atlas, "discover_files"),
            kwargs={"are_liked": liking != _LIKINGS[1]},
        )
        page_words.show_notes(st.session_state.get(_NOTES, ()))


def _list_of(atlas: Atlas, song_ids: list[str], *, key: str, label: str, other: Action) -> None:
    rows = rows_of(atlas.songs, song_ids)
    if not rows:
        return
    given = atlas.songs[rows].iter_rows(named=True)
    songs = [listed(song, sound=sound_of(row)) for row, song in zip(rows, given, strict=True)]
    button_list(songs, (other, _FORGET), key=key, label=label, on_action=on_action)
    if len(rows) > 1:
        st.button("Take all out", key=f"{key}.clear", on_click=forget, args=tuple(song_ids))


def _counted(label: str, n_songs: int) -> str:
    return f"{label} ({n_songs})" if n_songs else label


def _wishes(atlas: Atlas) -> Asked:
    """What else is wished, and all of it together."""
    st.subheader("What to look for")
    n = st.slider(
        "How many songs", 5, _MOST_SONGS, key=keep("n", 20, in_address=True, allowed=_is_number), step=5
    )
    new_artists = st.toggle(
        "New artists only",
        key=keep("new", False, in_address=True),
        help="Leaves out the artists of the songs you like.",
    )
    diversity, surprise = _chances()
    filters = _filters(atlas)
    per_artist, hub_correction, weights = _finer(atlas)
    return Asked(
        like=tuple(liked()),
        unlike=tuple(disliked()),
        n=int(n),
        filters=filters,
        per_artist=per_artist,
        new_artists=bool(new_artists),
        diversity=diversity,
        hub_correction=round(hub_correction, 2),
        surprise=surprise,
        seed=int(kept("discover.seed", 0)),
        weights=weights,
    )


def _chances() -> tuple[float, float]:
    """Variety and surprise."""
    diversity = st.slider(
        "Variety",
        0.0,
        1.0,
        key=keep("variety", 0.0, in_address=True, allowed=_is_share),
        step=0.1,
        help="0: the best songs. 1: songs as unlike each other as can be found among good ones.",
    )
    surprise = st.slider(
        "Surprise",
        0.0,
        1.0,
        key=keep("surprise", 0.0, in_address=True, allowed=_is_share),
        step=0.1,
        help="0: the same songs each time. 1: much is left to chance.",
    )
    if surprise > 0:
        st.button("Other songs", on_click=_other_songs, help="Lets chance draw again.")
    return round(diversity, 2), round(surprise, 2)


def _is_number(n: int) -> bool:
    return 5 <= n <= _MOST_SONGS and n % 5 == 0


def _is_share(share: float) -> bool:
    return 0 <= share <= 1


def _other_songs() -> None:
    put("discover.seed", int(kept("discover.seed", 0)) + 1)


def _filters(atlas: Atlas) -> tuple[str, ...]:
    with st.expander("Only some songs", key="discover_only"):
        filters = filter_controls(atlas, page="discover")
    if filters:
        st.caption(f"Only songs with {told_filters(filters)}.")
    return filters


def _finer(atlas: Atlas) -> tuple[int | None, float, tuple[tuple[str, float], ...]]:
    """Songs of an artist, hubs, and weights of the blocks."""
    with st.expander("What counts, and how much"):
        most = st.number_input(
            "Most songs of one artist",
            0,
            50,
            key=keep("discover.most", PER_ARTIST),
            help="0 allows any number.",
        )
        hubs = st.slider(
            "Pass over songs that go with everything",
            0.0,
            1.0,
            key=keep("discover.hubs", HUB_CORRECTION),
            step=0.1,
            help="Some songs are near to nearly all others, and would be found for everybody. 0: they come.",
        )
        weights = []
        for block in _usable_blocks(atlas):
            label, help = _BLOCK_WORDS[block]
            key = keep(f"discover.weight.{block}", 1.0)
            weight = st.slider(
                label, 0.0, _MOST_WEIGHT, key=key, step=0.25, help=f"{help} 1 is usual, 0 leaves it out."
            )
            weights += [(block, float(weight))] if weight != 1 else []
    return int(most) or None, float(hubs), tuple(weights)


def _usable_blocks(atlas: Atlas) -> tuple[str, ...]:
    """Blocks of taste that the table can feed, by its columns."""
    columns = set(atlas.songs.columns)
    needed = {
        "audio": "audio_embedding",
        "era": "year",
        "tags": "tags",
        "popularity": "popularity",
        "artist": "artists",
        "album": "album",
    }
    return tuple(block for block in BLOCKS if needed.get(block, "song_id") in columns)


def _answer(atlas: Atlas, asked: Asked) -> None:
    """The songs that were found, or why there are none."""
    try:
        found = _found(atlas, asked)
    except SongAtlasError as error:
        page_words.show_error(error)
        return
    st.subheader(f"{found.songs.height} songs that go with them" if found.songs.height != 1 else "One song")
    _what_next(found)
    button_list(
        found_lines(atlas, found),
        (_LIKE, _DISLIKE, _MAP),
        key="found_list",
        label="Songs that go with them",
        on_action=on_action,
    )
    page_words.show_notes(found.notes)
    st.caption(f"Compared by {', '.join(_BLOCK_WORDS[each][0].lower() for each in found.blocks)}.")


def _found(atlas: Atlas, asked: Asked) -> Recommendations:
    """The songs; worked out again only where something has changed."""
    key = (catalogue().key, atlas.cluster_names(), asked)
    old = st.session_state.get(_RESULT)
    if old is not None and old[0] == key:
        known: Recommendations = old[1]
        return known
    words = "Listening around"
    if atlas.songs.height > 20_000:
        words = f"Getting to know {atlas.songs.height:,} songs: takes seconds, the first time only"
    with st.spinner(words):
        taste_of(atlas)
        known_ids = set(atlas.songs["song_id"].gather(rows_of(atlas.songs, [*asked.like, *asked.unlike])))
        found = _without_strangers(asked, known_ids).found(atlas)
    st.session_state[_RESULT] = (key, found)
    put(FOUND, [str(song_id) for song_id in found.songs["song_id"]])
    return found


def _without_strangers(asked: Asked, known_ids: set[str]) -> Asked:
    """The same without songs that the catalogue does not have."""
    given = {each.name: getattr(asked, each.name) for each in fields(asked)}
    for name in ("like", "unlike"):
        given[name] = tuple(each for each in given[name] if each in known_ids)
    return Asked(**given)


def found_lines(atlas: Atlas, found: Recommendations) -> list[ListedSong]:
    """Return the songs that were found as lines of a list."""
    labels, several = atlas.clustering.labels, found.liked.height > 1
    lines = []
    for song in found.songs.iter_rows(named=True):
        said = [song["reason"][:1].upper() + song["reason"][1:]]
        if several:
            said.append(f"Because of {song['because_of']}")
        number = int(labels[song["row"]])
        lines.append(
            listed(
                song,
                cluster=song["cluster"],
                colour=atlas.colour_of(number),
                shape=shape_of(atlas.colours[number]),
                lines=tuple(brief_line(each, longest=300) for each in said),
                sound=sound_of(song["row"]),
            )
        )
    return lines


def _what_next(found: Recommendations) -> None:
    """A playlist of the songs, and a table."""
    file = f"{safe_file_name(name_of(found), set())}.csv"
    with st.container(horizontal=True):
        if st.button("Make a playlist of these", type="primary", disabled=not found.songs.height):
            put(picking.PLAYLIST_SONGS, [str(song_id) for song_id in found.songs["song_id"]])
            put(TITLE, name_of(found))
            go_to("playlist")
        st.download_button(
            "Download as CSV",
            data=lasting(lambda: found_csv(found), file_name=file, mime="text/csv"),
            file_name=file,
            mime="text/csv",
            on_click="ignore",
        )


def name_of(found: Recommendations) -> str:
    """Return what the songs are called together."""
    named: Sequence[str] = found.liked["song"].head(2).to_list()
    more = f" and {found.liked.height - 2} more" if found.liked.height > 2 else ""
    return f"Songs like {', '.join(named)}{more}"


def found_csv(found: Recommendations) -> str:
    """Return the songs as CSV, the best first, names of several artists with semicolons."""
    lists = [
        pl.col(name).list.join("; ")
        for name, dtype in found.songs.schema.items()
        if isinstance(dtype, pl.List)
    ]
    return text_of_cells(found.songs.drop("row").with_columns(lists))


def _nothing_liked(atlas: Atlas) -> None:
    """What to do first."""
    empty(
        "No song is liked yet",
        "Search for a song you like, drop in a playlist file, or begin with one of these:",
    )
    for row in example_songs(atlas):
        song = plain_text(brief_line(named_song(atlas.songs, row)))
        song_id = str(atlas.songs["song_id"][row])
        st.button(song, key=f"example:{song_id}", icon=":material/favorite:", on_click=like, args=(song_id,))
