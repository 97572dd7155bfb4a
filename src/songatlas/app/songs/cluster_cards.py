"""The card of a cluster: what it is, what it can be called, and where one can go with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from songatlas.app.map.picking import on_show_cluster
from songatlas.app.visit.state import put
from songatlas.app.visit.walking import given_names, go_to, shown_atlas, shown_names, view
from songatlas.app.words.markup import text
from songatlas.app.words.plain_tables import WORDS_STYLE, disc, term
from songatlas.app.words.wording import amount_text, plain_text
from songatlas.atlas.names_file import LONGEST, require_name
from songatlas.atlas.views import View
from songatlas.errors import BadSettings
from songatlas.kmeans import nearest_centroids
from songatlas.profiles import Profile
from songatlas.report.cards import card_of, songs_told
from songatlas.report.draw import feature_label
from songatlas.report.html import counted, percent
from songatlas.report.wording import estimated
from songatlas.roles import Roles, role_counts, song_roles

PLAYLIST_CLUSTER: Final = "playlist_cluster"
"""What the cluster that a playlist is to be made of is kept as: its number."""

_RENAMING: Final = "renaming"
_REFUSED: Final = "name_refused"
_ROLES: Final[Mapping[str, str]] = {
    "core": "Well inside the cluster",
    "borderline": "Near the border to another cluster, and not typical of both",
    "bridge": "Near the border to another cluster, and typical of both",
    "outlier": "Far from everything, and in the nearest cluster all the same",
}
_STYLE: Final = (
    """<style>
.sa-card {font-size: 0.92rem; line-height: 1.45; overflow-wrap: anywhere; border-left: 6px solid var(--sa-c);
  padding-left: 14px;}
.sa-card h3 {display: flex; gap: 10px; align-items: center; margin: 0; padding: 0; font-size: 1.25rem;
  line-height: 1.2; font-weight: 600;}
.sa-card p {margin: 0 0 0.55em;}
.sa-card .sa-quiet, .sa-card h4 {opacity: 0.75;}
.sa-card h4 {margin: 0.7em 0 0.1em; padding: 0; font-size: 0.82rem; font-weight: 600;}
.sa-card ul {list-style: none; margin: 0; padding: 0;}
.sa-card li {margin: 0; padding: 1px 0; display: flex; justify-content: space-between; gap: 12px;
  font-size: 0.9rem;}
.sa-card .sa-roles {display: flex; gap: 1px; height: 8px; margin: 5px 0 4px;}
.sa-card .sa-roles i {min-width: 2px; background: var(--sa-c);
  box-shadow: inset 0 0 0 1px rgba(128, 128, 140, 0.6);}
.sa-card li .sa-year {white-space: nowrap;}
.sa-card .sa-borderline {opacity: 0.6;} .sa-card .sa-bridge {opacity: 0.35;}
.sa-card .sa-roles .sa-outlier {background: rgb(128, 128, 140);}
"""
    + WORDS_STYLE
    + "</style>"
)


def cards_of_view() -> list[dict[str, Any]]:
    """Return what the cards of the view tell, under the names that the person gave.

    The complete atlas of a view takes seconds where songs are many, and its cards do without it.
    """
    found, names = view(), shown_names()
    base, exact = found.base, found.is_base
    profiles = shown_atlas().profiles if exact else found.profiles
    shown = base.exemplars if exact else tuple(profile.typical for profile in profiles)
    songs = songs_told(base.songs, [song for songs in shown for song in songs])
    roles = role_counts(base.roles if exact else _roles_of(found), found.labels, found.k).to_dicts()
    estimates = estimated(base.columns)
    cards = [
        card_of(
            replace(profile, name=names[profile.cluster]),
            colour=found.colour_of(profile.cluster),
            songs=[songs[song] for song in shown[profile.cluster] if song in songs],
            roles=roles[profile.cluster],
            estimates=estimates,
        )
        for profile in profiles
    ]
    return [_in_percent(card, profile, estimates) for card, profile in zip(cards, profiles, strict=True)]


def _in_percent(card: dict[str, Any], profile: Profile, estimates: Collection[str]) -> dict[str, Any]:
    """The card with its means as the other pages tell them: shares in percent."""
    means = {
        feature_label(name, estimates=estimates): amount_text(name, mean)
        for name, mean in profile.means.items()
    }
    contrasts = [{**each, "mean": means.get(each["label"], each["mean"])} for each in card["contrasts"]]
    return {**card, "contrasts": contrasts}


def _roles_of(found: View) -> Roles:
    """The part of every song in its cluster, in a view."""

    def measured() -> Roles:
        points, centroids = found.points(), found.clustering.centroids
        threads = found.base.settings.threads
        _, distances = nearest_centroids(points, centroids, n_threads=threads)
        return song_roles(points, centroids, found.labels, distances, n_threads=threads)

    return found.base.kept.get("view roles", found.choice, measured, most=4)


def show_card(card: Mapping[str, Any], *, own: str) -> None:
    """Draw the card of a cluster.

    Parameters
    ----------
    card : mapping
        As `songatlas.report.cards.cards` gives it.
    own : str
        The name that songatlas gave to the cluster.
    """
    cluster = int(card["number"])
    with st.container(border=True, key=f"card_{cluster}"):
        st.html(card_html(card, own=own))
        is_renamed = st.session_state.get(_RENAMING) == cluster
        if is_renamed:
            _show_renaming(cluster, card["name"], own=own)
        with st.container(horizontal=True, gap="small", key=f"card_{cluster}_buttons"):
            if not is_renamed:
                st.button("Rename", key=f"rename_{cluster}", on_click=_on_rename, args=(cluster,))
            if st.button(
                "Playlist of it", key=f"playlist_{cluster}", on_click=put, args=(PLAYLIST_CLUSTER, cluster)
            ):
                go_to("playlist")
            shown = (cluster, view().choice)
            if st.button("Show on the map", key=f"map_{cluster}", on_click=on_show_cluster, args=shown):
                go_to("atlas")


def card_html(card: Mapping[str, Any], *, own: str) -> str:
    """Return what a card tells, as HTML in which every text is escaped."""
    pieces = [
        f"<h3>{disc(card['number'], card['colour'])}<span>{text(card['name'])}</span></h3>",
        f'<p class="sa-quiet">{_size(card)}{_called(card, own)}</p>',
        f"<p>{text(card['evidence'], longest=600)}</p>",
        _sounds(card["contrasts"]),
        _facts(card),
        _songs(card["songs"]),
        _roles(card["roles"]),
    ]
    return f'{_STYLE}<div class="sa-card" style="--sa-c:{card["colour"]}">{"".join(pieces)}</div>'


def _size(card: Mapping[str, Any]) -> str:
    return f"{counted(card['size'], 'song')} · {percent(card['share'])} of all"


def _called(card: Mapping[str, Any], own: str) -> str:
    """What songatlas called a cluster that a person has renamed."""
    return "" if card["name"] == own else f" · named by you; before: {text(own)}"


def _sounds(contrasts: Sequence[Mapping[str, Any]]) -> str:
    """What a cluster sounds like: the features that set it apart, with their means on hover."""
    if not contrasts:
        return ""
    words = [
        term(
            each["word"],
            f"{each['label']}: {each['mean']} on average, at {each['percentile']:.0f} of 100 songs",
        )
        if each["word"] not in ("higher", "lower")
        else term(f"{each['word']} {each['label']}", f"{each['mean']} on average")
        for each in contrasts
    ]
    return f"<h4>Sounds</h4><p>{', '.join(words)}</p>"


def _facts(card: Mapping[str, Any]) -> str:
    """The years and the tags of a cluster, and what was heard in its songs."""
    parts = []
    if card["era"]:
        middle = f"Half of the songs came out by {card['era']['middle']}, most of them in these years"
        known = f" {text(card['era']['known'])}" if card["era"]["known"] else ""
        parts.append(f"<h4>Years</h4><p>{term(card['era']['years'], middle)}{known}</p>")
    if card["tags"]:
        tags = ", ".join(f"{text(each['tag'])} {percent(each['share'])}" for each in card["tags"])
        parts.append(f"<h4>Tags</h4><p>{tags}</p>")
    if card["heard"]:
        words = ", ".join(f"{text(each['tag'])} {percent(each['share'])}" for each in card["heard"])
        heard = term("Heard", "What songatlas heard in the sound of its songs; tags came with the files")
        parts.append(f"<h4>{heard}</h4><p>{words}</p>")
    return "".join(parts)


def _songs(songs: Sequence[Mapping[str, Any]]) -> str:
    if not songs:
        return ""
    lines = "".join(
        f'<li><span>{text(each["title"])} <span class="sa-quiet">{text(each["artist"])}</span></span>'
        f'<span class="sa-quiet sa-year">{text(each["year"])}</span></li>'
        for each in songs[:5]
    )
    return f"<h4>Typical songs</h4><ul>{lines}</ul>"


def _roles(roles: Sequence[Mapping[str, Any]]) -> str:
    """How the songs lie in their cluster: a bar, and the same in words."""
    bar = "".join(f'<i class="sa-{each["role"]}" style="flex:{each["n"]}"></i>' for each in roles)
    words = ", ".join(
        f"{percent(each['share'])} {term(each['word'], _ROLES[each['role']])}" for each in roles
    )
    return f'<h4>How its songs lie</h4><div class="sa-roles" aria-hidden="true">{bar}</div><p>{words}</p>'


def _on_rename(cluster: int) -> None:
    """Open the field for the name of a cluster."""
    st.session_state[_RENAMING] = cluster
    st.session_state[_typed(cluster)] = shown_names()[cluster]
    st.session_state.pop(_REFUSED, None)


def _show_renaming(cluster: int, name: str, *, own: str) -> None:
    """Draw the field for a new name, and the ways out."""
    with st.form(f"naming_{cluster}", border=False):
        st.text_input("Name of this cluster", key=_typed(cluster), max_chars=LONGEST)
        if refused := st.session_state.get(_REFUSED):
            st.error(plain_text(refused, longest=600))
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                "Use this name",
                key=f"use_name_{cluster}",
                type="primary",
                on_click=_on_name,
                args=(cluster, own),
            )
            if name != own:
                st.form_submit_button(
                    "Back to the generated name",
                    key=f"own_name_{cluster}",
                    on_click=_on_own,
                    args=(cluster, own),
                )
            st.form_submit_button("Cancel", key=f"no_name_{cluster}", on_click=_close)


def _typed(cluster: int) -> str:
    """Key of the field for the name of a cluster."""
    return f"new_name_{cluster}"


def _on_name(cluster: int, own: str) -> None:
    """Give a cluster the name that was typed, in this visit."""
    try:
        name = require_name(cluster, st.session_state[_typed(cluster)], names=shown_names(), own=own)
    except BadSettings as error:
        st.session_state[_REFUSED] = _as_sentence(str(error))
        return
    given_names()[cluster] = name
    _close()


def _on_own(cluster: int, own: str) -> None:
    """Give a cluster back the name that songatlas gave it."""
    try:
        given_names()[cluster] = require_name(cluster, own, names=shown_names(), own=own)
    except BadSettings as error:
        st.session_state[_REFUSED] = _as_sentence(str(error))
        return
    _close()


def _close() -> None:
    st.session_state[_RENAMING] = None
    st.session_state.pop(_REFUSED, None)


def _as_sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."
