"""The page *Clusters*: what each cluster is, what sets them apart, and what they can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from songatlas.app.charts.charts import show_chart
from songatlas.app.charts.cluster_charts import (
    MOST_ROWS,
    Shown,
    differences,
    profile_chart,
    radar_chart,
    spread_chart,
    value_text,
)
from songatlas.app.songs.cluster_cards import cards_of_view, show_card
from songatlas.app.visit.opening import catalogue
from songatlas.app.visit.state import keep
from songatlas.app.visit.walking import given_names, shown_names, view
from songatlas.app.words.plain_tables import Cell, Heading, show_table
from songatlas.app.words.wording import empty, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.names_file import NAMES
from songatlas.atlas.names_keeping import keep_names, text_of_names
from songatlas.atlas.views import View
from songatlas.errors import SongAtlasError
from songatlas.features import label_of
from songatlas.profiles import Profile
from songatlas.report.draw import DISTRIBUTION_SONGS, drawn_rows, in_shown_unit
from songatlas.report.html import counted
from songatlas.report.wording import estimated, estimates_told, made_of
from songatlas.songs.finding import folded_texts

_REFUSED: Final = "names_not_kept"
_MANY: Final = 8
_AT_ONCE: Final = 24
_SIZE, _NAME = "size", "name"


def show() -> None:
    """Draw the page."""
    st.title("Clusters")
    found = view()
    names = shown_names()
    st.write(
        f"{counted(len(found.base.songs), 'song')} in {counted(found.k, 'cluster')}. "
        f"Each song lies in the cluster whose centre is nearest to it, going by {_goes_by(found)}."
    )
    if estimates := estimates_told(found.base.columns):
        st.caption(estimates)
    part = st.segmented_control(
        "Show",
        list(_PARTS),
        key=keep("part", "Cards", in_address=True, allowed=lambda part: part in _PARTS),
        required=True,
        label_visibility="collapsed",
    )
    shown = Shown(
        names=names,
        colours=[found.colour_of(cluster) for cluster in range(found.k)],
        estimates=estimated(found.base.columns),
    )
    _PARTS[part or "Cards"](found.profiles, shown)


def _goes_by(found: View) -> str:
    """What the points of a view tell of songs."""
    return made_of([block.name for block in found.space.blocks if block.weight > 0])


def _show_cards(profiles: Sequence[Profile], shown: Shown) -> None:
    """The cards, in the order and of the clusters that a person asks for."""
    chosen = _chosen(profiles, shown)
    _show_keeping()
    if not chosen:
        empty(
            "No cluster is called so, sounds so or carries such a tag.",
            "Type another word, or empty the field to see all of them.",
        )
        return
    with st.spinner("Looking at the songs of each cluster"):
        told = cards_of_view()
    own = _own_names(view())
    everything = st.session_state.get("all_cards", False)
    drawn = chosen if everything else chosen[:_AT_ONCE]
    for place in range(0, len(drawn), 2):  # row by row, so that on a phone the order stays
        for cluster, column in zip(drawn[place : place + 2], st.columns(2, gap="medium"), strict=False):
            with column:
                show_card(told[cluster], own=own[cluster])
    if len(drawn) < len(chosen):
        st.button(
            f"Show the other {len(chosen) - len(drawn)}",
            key="more_cards",
            on_click=st.session_state.update,
            kwargs={"all_cards": True},
        )


def _chosen(profiles: Sequence[Profile], shown: Shown) -> list[int]:
    """Numbers of the clusters to show, in order; draws the controls that say which."""
    features = tuple(profiles[0].means)
    orders = {
        _SIZE: "Size, the largest first",
        _NAME: "Name",
        **{name: _most_first(name) for name in features},
    }
    if len(profiles) == 1:
        return [0]
    many = len(profiles) > _MANY
    places = st.columns(2) if many else [st.container(), st.container()]
    with places[0]:
        order = st.selectbox(
            "Sorted by",
            list(orders),
            key=keep("sort", _SIZE, in_address=True, allowed=lambda name: name in orders),
            format_func=orders.__getitem__,
        )
    text = ""
    if many:
        with places[1]:
            text = st.text_input(
                "Only those with", key=keep("only", ""), placeholder="a word of name, sound, tags or evidence"
            )
    kept = _with_words(profiles, shown.names, text)
    return sorted(kept, key=lambda cluster: _rank(profiles[cluster], shown.names[cluster], order))


def _most_first(feature: str) -> str:
    return f"{label_of(feature)}, the most first"


def _rank(profile: Profile, name: str, order: str) -> tuple[Any, ...]:
    """What clusters are sorted by."""
    if order == _NAME:
        return (name.casefold(), profile.cluster)
    value = profile.size if order == _SIZE else profile.means.get(order, 0.0)
    return (-value, profile.cluster)


def _with_words(profiles: Sequence[Profile], names: Sequence[str], text: str) -> list[int]:
    """Numbers of the clusters that hold every word of a text; case and accents do not count."""
    words, *told = folded_texts(
        pl.Series(
            [
                text,
                *(
                    " ".join([names[each.cluster], each.evidence, *dict((*each.top_tags, *each.heard))])
                    for each in profiles
                ),
            ],
            dtype=pl.String,
        )
    ).to_list()
    return [
        cluster for cluster, said in enumerate(told) if all(word in said for word in (words or "").split())
    ]


def _show_keeping() -> None:
    """Names that the person gave: into the folder they came from, or to be taken away as a file."""
    if refused := st.session_state.pop(_REFUSED, None):
        st.error(plain_text(refused, longest=600))
    given, found = given_names(), view()
    if not given:
        return
    opened = catalogue()
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.write(f"{counted(len(given), 'name')} of your own in this visit.")
        if opened.folder is not None and found.is_base:
            st.button(
                "Keep these names in the folder",
                key="keep_names",
                on_click=_on_keep,
                help=f"Writes atlas/{NAMES} there: every command and the next visit use them.",
            )
            return
        try:
            text = text_of_names(_own_names(found), shown_names(), found.sizes)
        except SongAtlasError as error:
            st.error(plain_text(str(error), longest=600))
            return
        st.download_button(
            f"Download {NAMES}",
            text,
            file_name=NAMES,
            mime="application/toml",
            key="download_names",
            on_click="ignore",
            help="Put it into the folder of an atlas of these settings: every command uses the names.",
        )


def _own_names(found: View) -> tuple[str, ...]:
    """What songatlas calls the clusters of a view."""
    return found.base.generated.names if found.is_base else found.names


def _on_keep() -> None:
    """Write the names into the folder that the atlas was opened from."""
    opened = catalogue()
    if opened.folder is None:
        return
    try:
        path = keep_names(opened.folder, opened.atlas, given_names())
    except SongAtlasError as error:
        st.session_state[_REFUSED] = str(error)
        return
    st.toast(f"The names are kept in {plain_text(str(path))}.")


def _show_table(profiles: Sequence[Profile], shown: Shown) -> None:
    """What the clusters sound like, as a table of colours."""
    if not profiles[0].z_means:
        empty(
            "These clusters are made of no feature of the sound.",
            "Build the atlas with features of the sound.",
        )
        return
    largest = f" The {MOST_ROWS} largest clusters." if len(profiles) > MOST_ROWS else ""
    show_chart(
        profile_chart(profiles, shown),
        key="profile_chart",
        caption="Orange: more than the songs of the whole catalogue; blue: less. Clusters that are alike lie "
        f"side by side, and so do features that go together. Point at a field for its value.{largest}",
    )


def _show_pair(profiles: Sequence[Profile], shown: Shown) -> None:
    """Two clusters compared: a radar, and the same in words."""
    if len(profiles) < 2:
        empty("There is one cluster only.", "Choose a larger number of clusters to compare two.")
        return
    left, right = st.columns(2)
    with left:
        first = _choose_cluster("Compare", "first", shown, usual=0)
    with right:
        second = _choose_cluster("with", "second", shown, usual=1)
    if first == second:
        empty("A cluster is like itself in everything.", "Choose two different clusters.")
        return
    if len(profiles[first].percentiles) >= 3:
        show_chart(
            radar_chart(profiles[first], profiles[second], shown),
            key="radar_chart",
            caption="Where the songs of each cluster stand among all songs: on the dotted line they are like "
            "the rest, farther out they have more of it. Areas say nothing, as the order of the features is "
            "arbitrary; the table below tells the same exactly.",
        )
    _show_differences(profiles, first, second, shown)


def _choose_cluster(label: str, name: str, shown: Shown, *, usual: int) -> int:
    """Ask for a cluster, which the address keeps by that name."""
    clusters = range(len(shown.names))
    return st.selectbox(
        label,
        clusters,
        key=keep(name, usual, in_address=True, allowed=lambda cluster: cluster in clusters),
        format_func=lambda cluster: f"{cluster} {shown.names[cluster]}",
    )


def _show_differences(profiles: Sequence[Profile], first: int, second: int, shown: Shown) -> None:
    """In which features two clusters differ, in words."""
    show_table(
        [
            Heading(text="Feature"),
            Heading(text=shown.names[first], meaning="Mean of its songs"),
            Heading(text=shown.names[second], meaning="Mean of its songs"),
            Heading(
                text=f"Compared with {shown.names[second]}, {shown.names[first]} is", label="The first is"
            ),
        ],
        [
            [
                each["feature"],
                Cell(text=each["first"], number=first, colour=shown.colours[first]),
                Cell(text=each["second"], number=second, colour=shown.colours[second]),
                each["words"],
            ]
            for each in differences(profiles[first], profiles[second], estimates=shown.estimates)
        ],
    )


def _show_spread(profiles: Sequence[Profile], shown: Shown) -> None:
    """How one feature spreads in every cluster."""
    base = view().base
    features = [name for name in profiles[0].means if name in base.songs.columns]
    if not features:
        empty("No feature of these songs can be drawn.", "Build the atlas with features of the sound.")
        return
    ranked = sorted(features, key=lambda name: -sum(abs(each.percentiles[name] - 50) for each in profiles))
    feature = st.selectbox(
        "Feature",
        features,
        key=keep("feature", ranked[0], in_address=True, allowed=lambda name: name in features),
        format_func=shown.feature,
    )
    values, labels, n_drawn = _values_of(base, view().labels, feature)
    sampled = f" Drawn from a sample of {n_drawn:,} songs." if n_drawn < len(base.songs) else ""
    largest = f" The {MOST_ROWS} largest clusters." if len(profiles) > MOST_ROWS else ""
    show_chart(
        spread_chart(values, labels, shown, feature=feature),
        key="spread_chart",
        caption="Each ridge is a cluster: high where many of its songs lie. The line below it spans the "
        f"middle half of them, the dot is the median.{sampled}{largest}",
        alt=_medians(values, labels, shown, feature),
    )


def _values_of(
    base: Atlas, labels: NDArray[np.int32], feature: str
) -> tuple[NDArray[np.float64], NDArray[np.int32], int]:
    """Values of a feature of some songs in people's units, their clusters, and how many songs they are."""
    rows = base.kept.get("drawn rows", DISTRIBUTION_SONGS, lambda: drawn_rows(base, DISTRIBUTION_SONGS))
    column = base.songs.select(feature)[rows].select(in_shown_unit(feature)).to_series()
    return column.fill_null(np.nan).to_numpy(), labels[rows], len(rows)


def _medians(values: NDArray[np.float64], labels: NDArray[np.int32], shown: Shown, feature: str) -> str:
    """The median of every cluster in words, for who does not see the chart."""
    told = []
    for cluster, name in enumerate(shown.names[:MOST_ROWS]):
        own = values[(labels == cluster) & np.isfinite(values)]
        if own.size:
            told.append(f"{name} {value_text(feature, float(np.median(own)))}")
    return f"Median of {shown.feature(feature)}: {', '.join(told)}."


_PARTS: Final[Mapping[str, Callable[[Sequence[Profile], Shown], None]]] = MappingProxyType(
    {
        "Cards": _show_cards,
        "Sound": _show_table,
        "Compare": _show_pair,
        "Spread": _show_spread,
    }
)
