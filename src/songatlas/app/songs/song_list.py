"""A list of songs in the page: dragged into another order, or each song with a few buttons.

`song_list.js` draws it and tells what a person did; here is what Python makes of that. Everything that a song
brings is shown as plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import streamlit as st

from songatlas.app.server.sounds import Sound
from songatlas.app.songs.playing import player_and, script_part
from songatlas.app.words.markup import fill_of, outline_of
from songatlas.playlists.tracks import brief_line

_LONGEST: Final = 120  # signs of a title or of the artists


@dataclass(frozen=True, kw_only=True)
class ListedSong:
    """One line of a list.

    Attributes
    ----------
    id : str
        Each once in a list.
    name, by : str
        Title, and artists or nothing.
    cluster, colour : str
        Name of its cluster and the colour of that, as ``#rrggbb``.
    shape : int
        Number of the shape that its cluster has on the map.
    lines : tuple of str
        What else is said of it, a line each.
    step, flag : str
        What happens between the song before and this one, and a word where that is much.
    sound : Sound or None
        What plays it, see `songatlas.app.songs.playing.sound_of`.
    """

    id: str
    name: str
    by: str = ""
    cluster: str = ""
    colour: str = ""
    shape: int = 0
    lines: tuple[str, ...] = ()
    step: str = ""
    flag: str = ""
    sound: Sound | None = None


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button of every song: what Python is told, its icon (of `ICONS` of the script), and what it does."""

    name: str
    icon: str
    help: str


def listed(song: Mapping[str, Any], **more: Any) -> ListedSong:
    """Return a song of a songs table as a line of a list; `more` are attributes of `ListedSong`.

    Examples
    --------
    >>> line = listed({"song_id": "a", "title": None, "artists": ["Zoë", None]}, step="5 BPM faster")
    >>> line.id, line.name, line.by, line.step
    ('a', 'a', 'Zoë', '5 BPM faster')
    """
    name = brief_line(song.get("title") or str(song["song_id"]), longest=_LONGEST)
    by = brief_line(", ".join(each for each in song.get("artists") or [] if each), longest=_LONGEST)
    return ListedSong(**({"id": str(song["song_id"]), "name": name, "by": by} | more))


def movable_list(songs: Sequence[ListedSong], *, key: str, label: str, on_order: Callable[..., None]) -> None:
    """Show songs that can be dragged, moved by buttons or keys, and removed.

    Parameters
    ----------
    songs : sequence of ListedSong
    key : str
    label : str
        What the list is, for who hears it.
    on_order : callable
        Given the ids of the songs in their new order, and those that were removed.
    """
    heard = f"{key}:heard"

    def changed() -> None:
        told = _told(key, "edit")
        if told is not None:
            number = told.get("n")
            st.session_state[heard] = number if isinstance(number, int) else 0
            on_order(_texts(told.get("order")), _texts(told.get("removed")))

    data = {
        "songs": [_line(song) for song in songs],
        "movable": True,
        "label": label,
        "heard": st.session_state.get(heard, 0),
    }
    _component()(key=key, data=data, on_edit_change=changed, on_act_change=_nothing)


def button_list(
    songs: Sequence[ListedSong],
    actions: Sequence[Action],
    *,
    key: str,
    label: str,
    on_action: Callable[[str, str], None],
) -> None:
    """Show songs with buttons.

    Parameters
    ----------
    songs : sequence of ListedSong
    actions : sequence of Action
        The buttons of every song.
    key : str
    label : str
        What the list is, for who hears it.
    on_action : callable
        Given the name of an action and the id of the song.
    """
    possible = {(action.name, song.id) for action in actions for song in songs}

    def pressed() -> None:
        told = _told(key, "act")
        if told is not None and (told.get("action"), told.get("id")) in possible:
            on_action(told["action"], told["id"])

    data = {
        "songs": [_line(song) for song in songs],
        "actions": [asdict(action) for action in actions],
        "label": label,
    }
    _component()(key=key, data=data, on_edit_change=_nothing, on_act_change=pressed)


def new_order(current: Sequence[str], order: Sequence[str], removed: Sequence[str]) -> list[str]:
    """Return ids as a person has put them, where the list may have changed meanwhile.

    Parameters
    ----------
    current : sequence of str
        Ids of the list as it is.
    order, removed : sequence of str
        What the page says: ids in order, and those taken out. Ids that the list does not have are no
        matter; one that the page did not know stays behind the one that it stood behind.

    Examples
    --------
    >>> new_order(["a", "b", "c", "new"], ["c", "a", "strange"], ["b"])
    ['c', 'new', 'a']
    """
    there = set(current)
    placed = [each for each in dict.fromkeys(order) if each in there and each not in removed]
    known = {*placed, *removed}
    for at, each in enumerate(current):
        if each not in known:
            before = next((other for other in reversed(current[:at]) if other in placed), None)
            placed.insert(0 if before is None else placed.index(before) + 1, each)
    return placed


def _line(song: ListedSong) -> dict[str, Any]:
    """A song as the script takes it; the mark of its cluster as values of CSS."""
    if not song.colour:
        return asdict(song)
    mark = {"colour": fill_of(song.colour, shape=song.shape), "outline": outline_of(song.shape)}
    return asdict(song) | mark


def _told(key: str, name: str) -> Mapping[str, Any] | None:
    """What the page says in this run; it comes from a browser, so it may be anything."""
    told = getattr(st.session_state.get(key), name, None)
    return told if isinstance(told, Mapping) else None


def _texts(values: Any) -> list[str]:
    """Those of some values that are texts."""
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _nothing() -> None:
    """Listen to what is not asked for, so that it is known to the page."""


def _component() -> Any:
    """The component, made known anew in every run: a second server in this process has forgotten it."""
    return st.components.v2.component(
        "songatlas_song_list", css=script_part("song_list.css"), js=player_and("song_list.js")
    )
