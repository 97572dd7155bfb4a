"""The card of a song: what it is, where it stands, why it is in its cluster, and what is like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl
import streamlit as st

from songatlas.app.map.picking import PLAYLIST_SEEDS, on_like, on_pick, on_unpick
from songatlas.app.songs.liked_songs import disliked, liked
from songatlas.app.songs.playing import play_button
from songatlas.app.visit.state import put
from songatlas.app.words.markup import bar, chip, cluster_mark, page, paragraph, text
from songatlas.app.words.wording import label_help, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.song_card import SongCard, similar_songs, song_card
from songatlas.atlas.views import View
from songatlas.features import amount
from songatlas.playlists.keys import key_name
from songatlas.report.wording import brief

N_SIMILAR: Final = 8

ROLE_WORDS: Final = {
    "core": "a typical song of it",
    "borderline": "near its border",
    "bridge": "between it and the next cluster, at home in both",
    "outlier": "unlike most of its songs",
}
"""What the part of a song in its cluster is called, in words."""

_LONGEST_BUTTON: Final = 70


def card_of(shown: View, names: Sequence[str], row: int) -> SongCard:
    """Return the card of a song in a view; the last ones are kept with the atlas."""
    key = (shown.choice, tuple(names), row)
    return shown.base.kept.get(
        "song card", key, lambda: song_card(atlas_for_cards(shown, names), row, n_similar=0), most=64
    )


def songs_like(atlas: Atlas, row: int) -> pl.DataFrame:
    """Return the songs that go with one, whatever the view; the last ones are kept with the atlas."""
    return atlas.kept.get("songs like", row, lambda: similar_songs(atlas, row, n=N_SIMILAR), most=64)


def atlas_for_cards(shown: View, names: Sequence[str]) -> Atlas:
    """Return an atlas that knows of a view what cards say, except the part that a song plays.

    The whole atlas of a view takes seconds to make; a card has to follow the slider.
    """
    base = shown.base
    if not shown.is_base and shown.choice.genre_pull:
        return shown.atlas.with_names(names)
    profiles = tuple(replace(each, name=name) for each, name in zip(shown.profiles, names, strict=True))

    def make() -> Atlas:
        found = replace(
            base, clustering=shown.clustering, space=shown.space, colours=shown.colours, profiles=profiles
        )
        found.kept.share(base.kept, points=False)
        found.kept.get("points", None, shown.points)
        return found

    return base.kept.get("atlas for cards", (shown.choice, tuple(names)), make, most=4)


def show_card(shown: View, card: SongCard) -> bool:
    """Draw the card without the songs like it; return whether the person wants a playlist from the song."""
    colour = shown.colour_of(card.cluster)
    st.html(page(head_of(shown, card, role=card.role if shown.is_base else "")))
    wants_playlist = _buttons(card)
    st.html(page(*bars_of(card, colour)))
    with st.expander("Why it is here", expanded=True):
        st.html(page(*(paragraph(sentence) for sentence in card.explanation.sentences)))
    return wants_playlist


def head_of(shown: View, card: SongCard, *, role: str = "") -> str:
    """Return title, artist, facts, what was heard, cluster and part of a song as HTML."""
    known = song_facts(shown.base.songs.row(card.row, named=True))
    facts = "".join(f"<span>{text(fact)}</span>" for fact in known)
    by = f"<p>{text(card.artist)}</p>" if card.artist else ""
    part = f' <span class="sa-soft">· {text(ROLE_WORDS.get(role, role))}</span>' if role else ""
    heard = paragraph(f"Heard: {', '.join(card.heard)}", soft=True) if card.heard else ""
    return (
        f"<h3>{text(card.title or card.song_id)}</h3>{by}"
        f'<div class="sa-facts sa-soft">{facts}</div>{heard}'
        f"<p>{chip(card.cluster_name, cluster_mark(shown, card.cluster))}{part}</p>"
    )


def song_facts(song: dict[str, Any]) -> list[str]:
    """Return album, year, length, tempo and key of a song, as far as they are known.

    Examples
    --------
    >>> song_facts({"year": 1973.0, "duration_ms": 271_000.0, "tempo_bpm": 135.2, "key": 9.0, "mode": 0.0})
    ['1973', '4:31 min', '135 BPM', 'A minor']
    """
    found = [song["album"]] if song.get("album") else []
    if song.get("year") is not None:
        found.append(f"{song['year']:.0f}")
    if song.get("duration_ms") is not None:
        found.append(f"{amount('duration_ms', song['duration_ms'])} min")
    if song.get("tempo_bpm"):
        found.append(amount("tempo_bpm", song["tempo_bpm"]))
    key = key_name(song.get("key"), song.get("mode"))
    return [*found, key] if key else found


def bars_of(card: SongCard, colour: str) -> list[str]:
    """Return where the song stands in every feature, as HTML."""
    bars = "".join(
        bar(
            label=each.label,
            value=each.value_text,
            percentile=each.percentile,
            mean=each.cluster_percentile,
            ends=(each.low_word, each.high_word),
            colour=colour,
        )
        for each in card.features
        if each.percentile is not None
    )
    return [
        f'<div class="sa-bars">{bars}</div>',
        paragraph("Dot: this song among all songs, low to high. Line: the middle of its cluster.", soft=True),
    ]


def _buttons(card: SongCard) -> bool:
    """Play, like, dislike, playlist, close."""
    is_liked, is_disliked = card.song_id in liked(), card.song_id in disliked()
    with st.container(horizontal=True, gap="small"):
        play_button(
            card.row, song_id=card.song_id, name=brief(card.title or card.song_id), by=brief(card.artist)
        )
        st.button(
            "Liked ✓" if is_liked else "Like it",
            key="like",
            help="Take it back" if is_liked else "Discover finds songs that go with the songs you like",
            on_click=on_like,
            args=(card.song_id,),
            kwargs={"liking": True},
        )
        st.button(
            "Disliked ✓" if is_disliked else "Dislike it",
            key="dislike",
            help="Take it back" if is_disliked else "Discover keeps away from songs that you dislike",
            on_click=on_like,
            args=(card.song_id,),
            kwargs={"liking": False},
        )
        wanted = st.button(
            "Playlist from it", key="playlist_from", on_click=put, args=(PLAYLIST_SEEDS, [card.song_id])
        )
        st.button("Close", key="close_card", type="tertiary", on_click=on_unpick)
    return wanted


def show_similar(shown: View, names: Sequence[str], songs: pl.DataFrame) -> None:
    """Draw the songs like one, each with its cluster, its reason and a button that picks it."""
    if not songs.height:
        st.caption("There is no other song to compare it with.")
        return
    st.markdown("**Songs like it**", help=label_help("neighbour"))
    with st.container(key="similar_songs", gap=None):
        for song in songs.iter_rows(named=True):
            _similar_song(shown, names, song)


def _similar_song(shown: View, names: Sequence[str], song: dict[str, Any]) -> None:
    st.button(
        plain_text(song_button(song)),
        key=f"similar:{song['song_id']}",
        type="tertiary",
        on_click=on_pick,
        args=(song["song_id"],),
    )
    cluster = int(shown.labels[song["row"]])
    reason = f' <span class="sa-soft">· {text(song["reason"], longest=300)}</span>'
    st.html(page(f"<p>{chip(names[cluster], cluster_mark(shown, cluster))}{reason}</p>"))


def song_button(song: dict[str, Any]) -> str:
    """Return what a button that picks a song is called: "Title - Artist", cut where it is long."""
    artists = ", ".join(song.get("artists") or [])
    title = song.get("title") or song["song_id"]
    return brief(f"{title} - {artists}" if artists else title, longest=_LONGEST_BUTTON)
