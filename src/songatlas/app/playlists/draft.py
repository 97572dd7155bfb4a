"""The playlist that a person is making: made once, then edited, with every earlier state for undo.

It belongs to one visit and to the songs it was made of: another catalogue has none. Songs are known by keys:
the id of a song of the atlas, or the place among those of a file that the atlas does not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st

from songatlas.app.visit.opening import catalogue
from songatlas.atlas import Atlas
from songatlas.atlas.playlist import Playlist, playlist_of_rows, reordered
from songatlas.playlists.tracks import Track

MOST_UNDONE: Final = 50
_DRAFT: Final = "draft"
_STRANGER: Final = "not in the atlas:"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A playlist as it is being edited.

    Attributes
    ----------
    catalogue : str
        Key of the catalogue whose rows it holds.
    name : str
    keys : tuple of str
        Songs in order.
    rows : mapping of str to int
        Row of each song of the atlas that is or was part of it, by key.
    strangers : mapping of str to Track
        Songs that are not in the atlas, by key.
    own : mapping of int to Track
        Songs of a playlist file as the file has them, by row.
    order : str
        What the order is called; "given" once a person has changed it.
    key_strictness : str
    notes : tuple of str
        What was said when it was made.
    before, after : tuple of (keys, order)
        Earlier states, and those that were undone, the nearest last.
    previous : Draft or None
        The playlist that was there before this one was made.
    """

    catalogue: str
    name: str
    keys: tuple[str, ...]
    rows: Mapping[str, int]
    strangers: Mapping[str, Track] = field(default_factory=dict)
    own: Mapping[int, Track] = field(default_factory=dict)
    order: str = "given"
    key_strictness: str = "usual"
    notes: tuple[str, ...] = ()
    before: tuple[tuple[tuple[str, ...], str], ...] = ()
    after: tuple[tuple[tuple[str, ...], str], ...] = ()
    previous: Draft | None = None

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to have back."""
        return bool(self.before) or self.previous is not None

    def after_draft(self, previous: Draft | None) -> Draft:
        """Return the draft with another one that can be had back, if it is not the same."""
        if previous is None or previous.keys == self.keys:
            return self
        return replace(self, previous=replace(previous, previous=None))

    def with_keys(self, keys: Sequence[str], *, order: str = "given") -> Draft:
        """Return the draft with other songs or in another order; what it was can be had back."""
        if tuple(keys) == self.keys:
            return self
        before = (*self.before, (self.keys, self.order))[-MOST_UNDONE:]
        return replace(self, keys=tuple(keys), order=order, before=before, after=())

    def undone(self) -> Draft:
        """Return the draft as it was before the last change, or the one that was there before it."""
        if not self.before:
            return self.previous or self
        keys, order = self.before[-1]
        after = (*self.after, (self.keys, self.order))
        return replace(self, keys=keys, order=order, before=self.before[:-1], after=after)

    def redone(self) -> Draft:
        """Return the draft as it was before the last change was undone."""
        if not self.after:
            return self
        keys, order = self.after[-1]
        before = (*self.before, (self.keys, self.order))
        return replace(self, keys=keys, order=order, before=before, after=self.after[:-1])

    def with_song(self, song_id: str, row: int, *, place: int) -> Draft:
        """Return the draft with a song at a place from 1; one that is part of it already moves there."""
        keys = [key for key in self.keys if key != song_id]
        keys.insert(max(0, min(place - 1, len(keys))), song_id)
        known = self if song_id in self.rows else replace(self, rows={**self.rows, song_id: row})
        return known.with_keys(keys)

    def entries(self) -> list[int | Track]:
        """Return rows, and songs that are not in the atlas, in order."""
        return [self.strangers[key] if key in self.strangers else self.rows[key] for key in self.keys]

    def playlist(self, atlas: Atlas) -> Playlist:
        """Return the songs and what happens between them."""
        return playlist_of_rows(
            atlas,
            self.entries(),
            name=self.name,
            own=self.own,
            order=self.order,
            key_strictness=self.key_strictness,
            notes=self.notes,
        )

    def in_order(self, atlas: Atlas, order: str, *, artist_gap: int, key_strictness: str, seed: int) -> Draft:
        """Return the draft with its songs put in an order."""
        found = reordered(
            atlas,
            self.playlist(atlas),
            order,
            artist_gap=artist_gap,
            key_strictness=key_strictness,
            seed=seed,
        )
        key_of = {self.rows[key]: key for key in self.keys if key in self.rows}
        keys = [key_of[int(row)] for row in found.rows]
        keys += [key for key in self.keys if key in self.strangers]
        chosen = replace(self, key_strictness=key_strictness, notes=found.notes)
        return chosen.with_keys(keys, order=order)


def drafted(atlas: Atlas, made: Playlist, *, key_strictness: str = "usual") -> Draft:
    """Return a playlist that was made as one to be edited."""
    ids = [str(song_id) for song_id in atlas.songs["song_id"].gather(made.rows)]
    ours = iter(ids)
    strangers = {f"{_STRANGER}{place}": track for place, track in made.strangers.items()}
    n_songs = len(ids) + len(strangers)
    keys = [f"{_STRANGER}{place}" if place in made.strangers else next(ours) for place in range(n_songs)]
    return Draft(
        catalogue=catalogue().key,
        name=made.name,
        keys=tuple(keys),
        rows=dict(zip(ids, made.rows.tolist(), strict=True)),
        strangers=strangers,
        own=dict(made.own),
        order=made.summary["order"],
        key_strictness=key_strictness,
        notes=made.notes,
    )


def draft() -> Draft | None:
    """Return the playlist of this visit; None where there is none of the open catalogue."""
    found: Draft | None = st.session_state.get(_DRAFT)
    return found if found is not None and found.catalogue == catalogue().key else None


def put_draft(new: Draft) -> None:
    """Keep a playlist as that of this visit."""
    st.session_state[_DRAFT] = new
