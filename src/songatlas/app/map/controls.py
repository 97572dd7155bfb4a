"""The controls beside the map: how many clusters, what counts, and what the colours show.

The values are kept (`state.keep`) and stand in the address of the page; `walking.hold_choice` has read k and
the weights before a page is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from songatlas.app.map.firmness import evidence_of, firmness, has_built_space, steadiness
from songatlas.app.map.map_colours import CLUSTER, colour_choices
from songatlas.app.visit.state import keep, kept, put
from songatlas.app.visit.walking import MOST_WEIGHT, WEIGHT, built_pull
from songatlas.atlas import Atlas
from songatlas.atlas.views import BlockChoice, View, block_choices, ks_of

K, PULL, COLOUR = "k", "pull", "colour"

_LEAST_WEIGHT: Final = 0.1
_GENRE: Final = "genre"
_HELP_K: Final = (
    "K-means puts every song into one of this many clusters. All of them were worked out when the atlas was "
    "built, so you can move freely; nothing is lost."
)
_HELP_WEIGHT: Final = (
    "0 leaves it out. Twice the weight makes differences of this kind count twice as much as they do at 1."
)
_HELP_PULL: Final = (
    "0 clusters by the sliders above alone, 1 by genre alone. Genres are learned from the tags, without "
    "looking at the song's own artist."
)


def keep_colour(atlas: Atlas) -> None:
    """Take what the colours show from the address of the page, and keep it."""
    known = colour_choices(atlas)
    keep(COLOUR, CLUSTER, in_address=True, allowed=lambda name: name in known)


def usable_blocks(atlas: Atlas) -> tuple[BlockChoice, ...]:
    """Return the blocks with a weight of their own that the songs can feed."""
    return tuple(each for each in block_choices(atlas) if each.usable and each.name != _GENRE)


def show_k(atlas: Atlas, shown: View) -> None:
    """Draw the slider of k, what is to be said of the k chosen, and the way back."""
    ks = ks_of(atlas)
    if len(ks) < 2:
        st.caption(f"These songs allow {ks[0]} clusters only: with more songs there is a slider here.")
        return
    st.select_slider(
        "How many clusters",
        ks,
        key=f"kept:{K}",
        format_func=lambda k: f"{k} (as built)" if k == atlas.k else str(k),
        help=_HELP_K,
    )
    figures = k_figures(atlas, shown.k) if has_built_space(shown) else None
    st.caption(k_words(shown), help=figures)
    if shown.k != atlas.k:
        st.button(f"Back to {atlas.k} clusters", key="back_to_k", on_click=put, args=(K, atlas.k))


def k_words(shown: View) -> str:
    """Return in words what the evidence says of the k of a view."""
    again = steadiness(shown)
    return f"{shown.k} clusters: {firmness(shown)}{f'. They {again}' if again else ''}."


def k_figures(atlas: Atlas, k: int) -> str | None:
    """Return the figures behind the words, for who hovers."""
    row = evidence_of(atlas, k)
    said = []
    if row.get("silhouette") is not None:
        said.append(
            f"Silhouette {row['silhouette']:.2f}{_interval(row, 'silhouette')}: how much nearer songs are to "
            "their own cluster than to the next one; 1 is best, 0 is no difference."
        )
    if row.get("stability") is not None:
        said.append(
            f"Stability {row['stability']:.2f}{_interval(row, 'stability')}: how alike the clusters come out "
            "when some songs are left out; 1 is the same."
        )
    return " ".join(said) or None


def show_weights(atlas: Atlas, shown: View) -> None:
    """Draw the sliders of what counts, why others cannot, and the way back."""
    for block in usable_blocks(atlas):
        st.slider(
            f"{block.label}: {block.sentence}",
            0.0,
            MOST_WEIGHT,
            step=0.1,
            key=f"kept:{WEIGHT}{block.name}",
            help=_HELP_WEIGHT,
            on_change=on_weight,
            args=(atlas, block.name),
        )
    if _genres_usable(atlas):
        st.slider(
            "Genre pull: how far genres gather songs",
            0.0,
            1.0,
            step=0.05,
            key=f"kept:{PULL}",
            help=_HELP_PULL,
        )
    for block in block_choices(atlas):
        if not block.usable:
            st.caption(f"{block.label} cannot count here: {block.why_not}.")
    if not has_built_space(shown):
        back = "Back to the weights of the build"
        st.button(back, key="back_to_weights", on_click=on_built_weights, args=(atlas,))
    elif usable_blocks(atlas):
        st.caption("Move a slider and the songs are clustered anew; their places on the map stay.")


def on_weight(atlas: Atlas, name: str) -> None:
    """See to it that something counts after a weight was moved."""
    if not _anything_counts(atlas):
        put(WEIGHT + name, _LEAST_WEIGHT)
        st.toast("Something has to count: the last weight stays a little above 0.")


def on_built_weights(atlas: Atlas) -> None:
    """Set all weights as they were when the atlas was built."""
    for block in usable_blocks(atlas):
        put(WEIGHT + block.name, block.weight)
    if _genres_usable(atlas):
        put(PULL, built_pull())


def show_colour(atlas: Atlas) -> None:
    """Draw the choice of what the colours show."""
    choices = colour_choices(atlas)
    st.selectbox("Colour by", list(choices), key=f"kept:{COLOUR}", format_func=choices.__getitem__)


def _genres_usable(atlas: Atlas) -> bool:
    return any(block.name == _GENRE and block.usable for block in block_choices(atlas))


def _anything_counts(atlas: Atlas) -> bool:
    """Whether a block that takes part has a weight above 0."""
    weights = [kept(WEIGHT + block.name, block.weight) for block in usable_blocks(atlas)]
    return not weights or any(weight > 0 for weight in weights)


def _interval(row: Mapping[str, Any], name: str) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None or high is None or f"{low:.2f}" == f"{high:.2f}":
        return ""
    return f" ({low:.2f} to {high:.2f})"
