"""What the pages look at: the atlas with the number of clusters, weights and names that the person chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from songatlas.app.map.picking import keep_picked, on_unpick, picked_row
from songatlas.app.visit.menu import page_of
from songatlas.app.visit.opening import catalogue
from songatlas.app.visit.state import keep, kept, put
from songatlas.app.words.page_words import page_sentence
from songatlas.atlas import Atlas
from songatlas.atlas.views import View, block_choices, ks_of, view_of
from songatlas.errors import SongAtlasError

WEIGHT: Final = "weight."
"""What the name of a kept weight begins with, before the name of its block."""

MOST_WEIGHT: Final = 3.0
"""The most that a person can give a block."""

_NAMES: Final = "given_names"


def hold_choice() -> None:
    """Take k, weights, genre pull and songs from the address; once a run, before `make_view`.

    What is chosen stands under the names "k", "pull" and "weight.BLOCK", and sliders of these keys can be
    shown on any page. A picked song that the atlas does not have is picked no more.
    """
    atlas = catalogue().atlas
    ks = ks_of(atlas)
    keep("k", atlas.k, in_address=True, allowed=lambda k: k in ks)
    keep("pull", built_pull(), in_address=True, allowed=lambda pull: 0 <= pull <= 1)
    for block in block_choices(atlas):
        keep(f"{WEIGHT}{block.name}", block.weight, in_address=True, allowed=_is_weight)
    keep_picked()
    if picked_row(atlas) is None:
        on_unpick()


def make_view() -> None:
    """Find the clusters that are chosen; once a run, after `hold_choice`.

    A choice that makes no clusters is told and taken back: the atlas as it was built is shown in its place.
    """
    try:
        with st.spinner("Finding the clusters"):
            view()
    except SongAtlasError as error:
        st.warning(f"{page_sentence(str(error))} Shown is the atlas as it was built.")
        atlas = catalogue().atlas
        put("k", atlas.k)
        put("pull", built_pull())
        for block in block_choices(atlas):
            put(f"{WEIGHT}{block.name}", block.weight)


def built_pull() -> float:
    """Return how far genres pull in the atlas as it was built, 0 to 1."""
    return catalogue().atlas.settings.genre_pull or 0.0


def chosen_weights() -> Mapping[str, float] | None:
    """Return the weights of blocks that the person moved; None where none."""
    moved = {}
    for block in block_choices(catalogue().atlas):
        weight = float(kept(f"{WEIGHT}{block.name}", block.weight))
        if weight != block.weight:
            moved[block.name] = weight
    return moved or None


def view() -> View:
    """Return the clusters as the person wants to see them: quick, with labels, colours and names only."""
    return view_of(catalogue().atlas, **_chosen())


def shown_atlas() -> Atlas:
    """Return the whole atlas of the view, under the names that the person gave in this visit."""
    found = view()
    names = given_names()
    if not names:
        return found.atlas
    return found.atlas.with_names([names.get(n, name) for n, name in enumerate(found.atlas.cluster_names())])


def given_names() -> dict[int, str]:
    """Return the names that the person gave to clusters of this view in this visit, by number."""
    names: dict[int, str] = st.session_state.setdefault(_NAMES, {}).setdefault(
        (catalogue().key, view().choice), {}
    )
    return names


def shown_names() -> tuple[str, ...]:
    """Return the name of every cluster of the view, as the pages call them."""
    given = given_names()
    return tuple(given.get(number, name) for number, name in enumerate(view().names))


def _chosen() -> dict[str, Any]:
    """What `view_of` is asked for: only what differs from the atlas as it was built."""
    atlas = catalogue().atlas
    k, pull = kept("k", atlas.k), float(kept("pull", built_pull()))
    return {
        "k": None if k == atlas.k else k,
        "weights": chosen_weights(),
        "genre_pull": None if pull == built_pull() else pull,
    }


def _is_weight(weight: float) -> bool:
    return 0 <= weight <= MOST_WEIGHT


def go_to(path: str) -> None:
    """Show another page by its address, such as "atlas"; called where a button was pressed."""
    st.switch_page(page_of(path))
