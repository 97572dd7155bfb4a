"""The page *Artists*: where the songs of an artist are, who is near it, and how clusters are received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from songatlas.app.charts.artist_charts import artist_shares, market_ranges
from songatlas.app.charts.charts import show_chart
from songatlas.app.files.saving import lasting
from songatlas.app.map import picking
from songatlas.app.songs.liked_songs import hold_lists, like
from songatlas.app.songs.playing import sound_of
from songatlas.app.songs.song_list import Action, button_list, listed
from songatlas.app.visit.state import keep, kept, put
from songatlas.app.visit.walking import go_to, shown_atlas
from songatlas.app.words import page_words
from songatlas.app.words.plain_tables import Cell, Heading, show_table
from songatlas.app.words.wording import empty, label_help, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.artist_lists import SORTS, flat_artists, sorted_artists
from songatlas.atlas.artist_view import ArtistView, artists_of_atlas, market_of_atlas
from songatlas.errors import MissingColumns, UnknownName
from songatlas.playlists.tracks import brief_line
from songatlas.safe_cells import text_of_cells
from songatlas.songs.finding import folded_texts, valid_text
from songatlas.starmap import shape_of

PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "artist": "One artist",
        "all": "All artists",
        "typical": "Typical of clusters",
        "market": "How clusters are received",
    }
)
"""What the page can show, in words."""

MOST_FOUND: Final = 8
"""Artists offered for some words."""

_ARTIST: Final = "artist"
_MOST_ROWS: Final = 1000
_MOST_SONGS: Final = 30
_MOST_NEAR: Final = 10
_MOST_TYPICAL: Final = 20
_N_EXAMPLES: Final = 3
_ROW_HEIGHT: Final = 66  # pixels: from here on names wrap, so that a phone shows them whole
_GOES: Final = "artists_go"
_RECEIVED: Final = (
    ("popularity", "Popularity of the songs", False),
    ("streams", "Streams of the songs", True),
    ("artist_popularity", "Popularity of the artists", False),
    ("followers", "Followers of the artists", True),
)


def show() -> None:
    """Draw the page."""
    hold_lists()
    if st.session_state.pop(_GOES, None):
        go_to("atlas")
    st.title("Artists")
    atlas = shown_atlas()
    try:
        with st.spinner("Looking at the artists"):
            view = artists_of_atlas(atlas)
    except MissingColumns as error:
        _nobody(atlas, error)
        return
    part = st.segmented_control(
        "Show",
        list(PARTS),
        key=keep("artists", "artist", in_address=True, allowed=PARTS.__contains__),
        format_func=PARTS.__getitem__,
        required=True,
        label_visibility="collapsed",
    )
    {"all": _all, "typical": _typical, "market": _received}.get(str(part), _one)(atlas, view)


def matching_artists(atlas: Atlas, view: ArtistView, words: str) -> list[int]:
    """Return rows of `view.artists` whose names have all of some words, or beginnings; most songs first."""
    names = view.artists["artist"]
    folded = atlas.kept.get("folded artists", None, lambda: " " + folded_texts(names).fill_null(""))
    asked = folded_texts(pl.Series([valid_text(words)]))[0] or ""
    found: NDArray[np.int64] = np.arange(len(names))
    for word in asked.split():
        found = found[folded.gather(found).str.contains(f" {word}", literal=True).to_numpy()]
    whole = (folded.gather(found) == f" {asked}").to_numpy() if asked else np.zeros(0, dtype=np.bool_)
    found = found if asked else found[:0]
    return [int(row) for row in found[np.argsort(~whole, kind="stable")][:MOST_FOUND]]


def on_artist(name: str) -> None:
    """Show an artist."""
    put(_ARTIST, name)
    put("find.artist", "")
    put("artists", "artist")


def on_action(action: str, song_id: str) -> None:
    """Do what the button of a song says."""
    if action == "like":
        like(song_id)
    else:
        picking.on_pick(song_id)
        st.session_state[_GOES] = True


def on_row(view: ArtistView, rows: Sequence[int], key: str) -> None:
    """Show the artist whose row was chosen in a table."""
    chosen = st.session_state[key].selection.rows
    if chosen and chosen[0] < len(rows):
        on_artist(view.artists["artist"][rows[chosen[0]]])


def _nobody(atlas: Atlas, error: MissingColumns) -> None:
    """What there is to see where no artist is known."""
    empty("No artists are known", page_words.page_words(str(error)))
    market = market_of_atlas(atlas)
    if any(market.table["sentence"]):
        st.subheader(PARTS["market"])
        _market(atlas, market.table, market.notes)


def _search(atlas: Atlas, view: ArtistView) -> None:
    key = keep("find.artist", "")
    st.text_input("Find an artist", key=key, placeholder="A name, or a part of one")
    words = str(kept("find.artist")).strip()
    if not words:
        return
    rows = matching_artists(atlas, view, words)
    if not rows:
        said = plain_text(brief_line(words))
        st.caption(f"No artist is called “{said}”. Try fewer letters.")
    _artist_buttons(view, rows, key="found_artist")


def _artist_buttons(view: ArtistView, rows: Sequence[int], *, key: str) -> None:
    with st.container(horizontal=True):
        for row in rows:
            _artist_button(view, row, key=key)


def _artist_button(view: ArtistView, row: int, *, key: str, quiet: bool = False) -> None:
    """A button that leads to an artist."""
    name, n_songs = view.artists["artist"][row], view.artists["n_songs"][row]
    label = f"{plain_text(brief_line(name))} ({n_songs:,} song{'s' * (n_songs != 1)})"
    kind: Literal["tertiary", "secondary"] = "tertiary" if quiet else "secondary"
    st.button(label, key=f"{key}:{row}", on_click=on_artist, args=(name,), type=kind)


def _one(atlas: Atlas, view: ArtistView) -> None:
    """One artist."""
    keep(_ARTIST, "", in_address=True)
    _search(atlas, view)
    name = kept(_ARTIST)
    row = _row_of(view, name) if name else None
    if row is None:
        empty("No artist is chosen", "Search for a name above, or begin with one of these:")
        _artist_buttons(view, range(min(_N_EXAMPLES, view.artists.height)), key="example_artist")
        return
    artist = view.artists.row(row, named=True)
    st.header(plain_text(brief_line(artist["artist"])))
    left, right = st.columns([1, 1], gap="large")
    with left:
        for sentence in view.sentences(row):
            st.markdown(f"- {plain_text(sentence)}")
        colours = [atlas.colour_of(cluster) for cluster in range(atlas.k)]
        show_chart(
            artist_shares(artist, view.cluster_names, colours),
            key="artist_shares",
            caption="Share of the artist's songs in each cluster.",
        )
    with right:
        _nearest(view, row)
    _songs(atlas, row, view)


def _row_of(view: ArtistView, name: str) -> int | None:
    try:
        return view.find(name)
    except UnknownName as error:
        page_words.show_error(error)
        return None


def _nearest(view: ArtistView, row: int) -> None:
    """The nearest artists, and why."""
    st.subheader("Nearest artists")
    with st.spinner("Looking for artists that are alike: this takes seconds the first time"):
        near, distances = view.nearest_rows([row], _MOST_NEAR)
    rows = [int(each) for each in near[0] if each >= 0]
    if not rows:
        st.caption("No other artist has songs of its own.")
        return
    st.caption("The nearest first. A name leads to the artist.", help=label_help("distance"))
    with st.container(gap=None, key="near_artists"):
        for other, distance in zip(rows, distances[0], strict=False):
            artist = view.artists.row(other, named=True)
            _artist_button(view, other, key="near_artist", quiet=True)
            told = f"{artist['home_name']} · {view.why(row, other)} · distance {distance:.2f}"
            st.caption(plain_text(told, longest=400))


def _songs(atlas: Atlas, row: int, view: ArtistView) -> None:
    """Songs of the artist, the best known first."""
    rows = view.songs_of(row)
    songs = atlas.songs[rows].with_columns(row_=pl.Series(rows))
    if "popularity" in songs.columns:
        songs = songs.sort("popularity", descending=True, nulls_last=True, maintain_order=True)
    st.subheader("Songs")
    names, labels = view.cluster_names, atlas.clustering.labels
    lines = []
    for song in songs.head(_MOST_SONGS).iter_rows(named=True):
        cluster = int(labels[song["row_"]])
        facts = " · ".join(
            filter(
                None, (brief_line(song.get("album") or ""), f"{song['year']:.0f}" if song.get("year") else "")
            )
        )
        more = {"lines": (facts,)} if facts else {}
        lines.append(
            listed(
                song,
                cluster=names[cluster],
                colour=atlas.colour_of(cluster),
                shape=shape_of(atlas.colours[cluster]),
                sound=sound_of(song["row_"]),
                **more,
            )
        )
    actions = (
        Action(name="like", icon="heart", help="Like"),
        Action(name="map", icon="map", help="Show on the map"),
    )
    button_list(lines, actions, key="artist_songs", label="Songs", on_action=on_action)
    if songs.height > _MOST_SONGS:
        st.caption(f"{_MOST_SONGS} of {songs.height:,} songs.")


def _all(atlas: Atlas, view: ArtistView) -> None:
    """The table of all artists."""
    known = [name for name in SORTS if name not in ("breadth", "popularity") or name in view.artists.columns]
    key = keep("artists_by", "songs", in_address=True, allowed=known.__contains__)
    order = st.selectbox("In order", known, key=key, format_func=SORTS.__getitem__, width=300)
    ordered = sorted_artists(view, order)
    rows = ordered[:_MOST_ROWS]
    st.dataframe(
        artists_table(view, rows),
        hide_index=True,
        width="stretch",
        height=600,
        row_height=_ROW_HEIGHT,
        key=f"artists_table_{order}",
        on_select=lambda: on_row(view, rows, f"artists_table_{order}"),
        selection_mode="single-row",
        column_config=_columns(),
    )
    n_all = view.artists.height
    first = f"The first {len(rows):,} of {n_all:,} artists. " if len(rows) < n_all else ""
    st.caption(f"{first}Click the box before a line to see the artist; click a heading to sort.")
    st.download_button(
        "Save all artists as CSV",
        data=lasting(
            lambda: text_of_cells(flat_artists(view, ordered)), file_name="artists.csv", mime="text/csv"
        ),
        file_name="artists.csv",
        mime="text/csv",
        on_click="ignore",
    )
    page_words.show_notes(view.notes)


def artists_table(view: ArtistView, rows: Sequence[int]) -> pl.DataFrame:
    """Return artists as a table for people."""
    table = view.artists[list(rows)]
    columns = [
        table["artist"].alias("Artist"),
        table["n_songs"].alias("Songs"),
        table["home_name"].alias("Home"),
        (table["home_share"] * 100).alias("Songs at home"),
        table["breadth"].alias("Breadth"),
    ]
    if "year_median" in table.columns:
        columns.append(table["year_median"].cast(pl.Int32, strict=False).alias("Middle year"))
    for name, label in (("popularity", "Popularity"), ("followers", "Followers"), ("streams", "Streams")):
        if name in table.columns:
            columns.append(table[name].alias(label))
    if "top_tags" in table.columns:
        columns.append(table["top_tags"].list.head(3).list.join(", ").alias("Tags"))
    return pl.DataFrame(columns)


def _columns() -> dict[str, Any]:
    return {
        "Songs at home": st.column_config.NumberColumn(
            format="%.0f%%", help="Share of its songs that lie in the home cluster."
        ),
        "Artist": st.column_config.TextColumn(width=130),
        "Songs": st.column_config.NumberColumn(width=60),
        "Home": st.column_config.TextColumn(
            width=125, help="The cluster that holds most of its songs, for its size."
        ),
        "Breadth": st.column_config.NumberColumn(
            format="%.2f", help="How different its songs are: 0 is one sound, 1 is as wide as all songs."
        ),
        "Middle year": st.column_config.NumberColumn(format="%d", help="Half of its songs came out before."),
        "Popularity": st.column_config.NumberColumn(format="%.0f"),
        "Followers": st.column_config.NumberColumn(format="localized"),
        "Streams": st.column_config.NumberColumn(format="localized"),
    }


def _typical(atlas: Atlas, view: ArtistView) -> None:
    """Who is typical of each cluster."""
    names = view.cluster_names
    key = keep("typical_of", -1, in_address=True, allowed=lambda number: -1 <= number < len(names))
    chosen = st.selectbox(
        "Cluster",
        range(-1, len(names)),
        key=key,
        width=360,
        format_func=lambda number: "All of them" if number < 0 else f"{number} {names[number]}",
    )
    if chosen < 0:
        _typical_of_all(atlas, view)
        return
    typical = view.clusters.filter(pl.col("cluster") == chosen).head(_MOST_TYPICAL)
    if not typical.height:
        empty("Nobody is typical of this cluster", "No artist has more songs in it than its size would give.")
        return
    lines = [
        (
            each["artist"],
            f"{each['n_songs']:,} of {each['of_songs']:,}",
            f"{each['share']:.0%}",
            f"{each['lift']:.1f} ×",
        )
        for each in typical.iter_rows(named=True)
    ]
    show_table(
        (
            Heading(text="Artist"),
            Heading(text="Songs here", number=True),
            Heading(text="Share", number=True),
            Heading(text="More than usual", number=True, meaning=_LIFT),
        ),
        lines,
    )


_LIFT: Final = (
    "How many times as many songs as anybody with as many songs would have here. Two songs more are counted "
    "on both sides, so that one song proves little."
)


def _typical_of_all(atlas: Atlas, view: ArtistView) -> None:
    lines = []
    for cluster, name in enumerate(view.cluster_names):
        artists = view.clusters.filter(pl.col("cluster") == cluster)["artist"].head(6)
        here = Cell(text=name, number=cluster, colour=atlas.colour_of(cluster))
        lines.append((here, ", ".join(map(brief_line, artists)) or "nobody more than others"))
    show_table((Heading(text="Cluster"), Heading(text="Typical artists", long=True)), lines)


def _received(atlas: Atlas, view: ArtistView) -> None:
    _market(atlas, view.market, view.market_notes)


def _market(atlas: Atlas, market: pl.DataFrame, notes: Sequence[str]) -> None:
    """How the clusters are received."""
    if not any(market["sentence"]):
        empty(
            "Nobody knows how these songs are received",
            "Open a table with popularity, followers or years.",
        )
        page_words.show_notes(notes)
        return
    lines = []
    for row in market.iter_rows(named=True):
        cluster = int(row["cluster"])
        here = Cell(text=row["name"], number=cluster, colour=atlas.colour_of(cluster))
        artists = [f"{row['n_artists']:,}"] if "n_artists" in market.columns else []
        lines.append((here, f"{row['n_songs']:,}", *artists, row["sentence"]))
    artists_heading = [Heading(text="Artists", number=True)] if "n_artists" in market.columns else []
    show_table(
        (
            Heading(text="Cluster"),
            Heading(text="Songs", number=True),
            *artists_heading,
            Heading(text="In words", long=True),
        ),
        lines,
    )
    colours = [atlas.colour_of(cluster) for cluster in range(atlas.k)]
    for column, label, log in _RECEIVED:
        if f"{column}_median" in market.columns and market[f"{column}_median"].count():
            st.subheader(label)
            show_chart(
                market_ranges(market, column, label=label, colours=colours, log=log),
                key=f"market_{column}",
                caption="The point is the middle of the cluster; half of it lies on the line.",
            )
    page_words.show_notes(notes)
