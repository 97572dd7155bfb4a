"""The page *Genres*: how far the clusters follow the genres, and which genres lie where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

from songatlas.app.charts.charts import show_chart
from songatlas.app.charts.cluster_charts import MOST_ROWS, Shown
from songatlas.app.charts.genre_charts import MOST_GENRES, SHARES, agreement_chart, genre_chart
from songatlas.app.visit.opening import catalogue
from songatlas.app.visit.state import keep
from songatlas.app.visit.walking import shown_atlas, view
from songatlas.app.words.plain_tables import Cell, Heading, show_table
from songatlas.app.words.wording import GLOSSARY, empty, plain_text
from songatlas.atlas import Atlas
from songatlas.report.against_genres import against_genres
from songatlas.report.html import counted, index_value, percent
from songatlas.report.spaces import other_spaces, predicted_genres

_IN_THE_CHART: Final[Mapping[str, str]] = {
    "Adjusted mutual information": "Agreement",
    "Purity": "Purity",
}
_MOST_PREDICTED: Final = 200


def show() -> None:
    """Draw the page."""
    st.title("Genres")
    with st.spinner("Comparing the clusters with the genres"):
        atlas = shown_atlas()
        score = against_genres(atlas)
    if score is None:
        empty(
            "No genre of these songs is known, so there is nothing to compare the clusters with.",
            "Open the table with “Open another table” and say which column holds the genres, under “Correct "
            "what was understood”. A column of tags will do, such as the genres of artists.",
        )
        return
    st.subheader(plain_text(score["summary"]))
    _show_agreement(score)
    _show_map_of_genres(atlas)
    _show_each(score)
    _show_predicted(atlas)
    _show_spaces(catalogue().atlas)


def _show_agreement(score: Mapping[str, Any]) -> None:
    """How far clusters and genres agree, between chance and ceiling."""
    figures = [
        {**each, "label": _IN_THE_CHART[each["label"]]}
        for each in score["figures"]
        if each["label"] in _IN_THE_CHART
    ]
    if figures:
        show_chart(
            agreement_chart(figures),
            key="agreement_chart",
            caption="Agreement: what clusters and genres tell of each other, from 0%, nothing, to all. "
            "Purity: the share of songs of the commonest genre of their cluster. The line marks what the "
            "same clusters reach by chance, the diamond what a classifier reaches that was taught the "
            "genres.",
        )
    st.markdown(" ".join(plain_text(text, longest=500) for text in score["sentences"]))
    if score["honesty"]:
        st.caption(plain_text(" ".join(score["honesty"]), longest=600))
    with st.expander("All figures of agreement"):
        show_table(
            [
                Heading(text="Agreement"),
                Heading(text="Chance", meaning=GLOSSARY["chance"], number=True),
                Heading(text="These clusters", number=True),
                Heading(
                    text="Ceiling",
                    meaning="What a classifier reaches that was taught the genres",
                    number=True,
                ),
            ],
            [
                [
                    Cell(text=each["label"], meaning=each["meaning"]),
                    *(index_value(each[name]) for name in ("chance", "value", "ceiling")),
                ]
                for each in score["figures"]
            ],
        )
    _show_families(score["families"])


def _show_families(families: Sequence[Mapping[str, Any]]) -> None:
    """Which tags the genres are made of, where they are made of tags."""
    if not families:
        return
    with st.expander("Which tags the genres are made of"):
        show_table(
            [Heading(text="Genre"), Heading(text="Its commonest tags", long=True)],
            [[each["genre"], ", ".join(each["tags"])] for each in families],
        )


def _show_map_of_genres(atlas: Atlas) -> None:
    """Which genres lie in which clusters."""
    if not atlas.genre_counts.height or not atlas.genre_counts["n"].sum():
        return
    st.subheader("Which genres lie in which clusters")
    share = st.segmented_control(
        "Fields show",
        list(SHARES),
        key=keep("share", "cluster", in_address=True, allowed=lambda name: name in SHARES),
        format_func=SHARES.__getitem__,
        required=True,
    )
    found = view()
    shown = Shown(names=atlas.cluster_names(), colours=[found.colour_of(each) for each in range(atlas.k)])
    cut = f" The {MOST_ROWS} largest clusters." if atlas.k > MOST_ROWS else ""
    if atlas.genre_counts["genre"].n_unique() > MOST_GENRES:
        cut += f" The {MOST_GENRES} largest genres."
    show_chart(
        genre_chart(atlas.genre_counts, shown, share=share or "cluster"),
        key="genre_chart",
        caption="The darker the field, the more. Clusters and genres are turned so that strong fields lie "
        f"near the diagonal. Point at a field for all three figures.{cut}",
    )


def _show_each(score: Mapping[str, Any]) -> None:
    """The cluster that matches each genre best."""
    if not score["genres"]:
        return
    st.subheader("Genre by genre")
    st.caption("The cluster that matches each genre best.")
    show_table(
        [
            Heading(text="Genre"),
            Heading(text="Songs", number=True),
            Heading(text="Cluster"),
            Heading(text="Of the cluster", meaning=_PRECISION, number=True),
            Heading(text="Of the genre", meaning=_RECALL, number=True),
        ],
        [
            [
                each["genre"],
                f"{each['n']:,}",
                Cell(text=each["cluster_name"], number=each["number"], colour=each["colour"]),
                _between(each, "precision"),
                _between(each, "recall"),
            ]
            for each in score["genres"]
        ],
    )


_PRECISION: Final = (
    "How much of that cluster is of the genre (precision); then by chance, and the classifier's"
)
_RECALL: Final = "How much of the genre lies in that cluster (recall); then by chance, and the classifier's"


def _between(genre: Mapping[str, Any], name: str) -> Cell:
    """A share of a genre, with its chance level and its ceiling."""
    beside = f"chance {percent(genre[f'chance_{name}'])}"
    if genre[f"ceiling_{name}"] is not None:
        beside += f", ceiling {percent(genre[f'ceiling_{name}'])}"
    return Cell(text=percent(genre[name]), beside=beside)


def _show_predicted(atlas: Atlas) -> None:
    """The genres that songs without one are believed to be of."""
    told = predicted_genres(atlas)
    if told is None:
        return
    st.subheader("Songs without a genre")
    st.markdown(_predicted_words(told))
    songs = _predicted_songs(atlas)
    genres = songs["predicted_genre"].value_counts(sort=True)["predicted_genre"].to_list()
    asked = st.selectbox(
        "Believed to be",
        ["", *genres],
        key=keep("believed", "", allowed=lambda name: not name or name in genres),
        format_func=lambda name: name or "of any genre",
    )
    table = songs.filter(pl.col("predicted_genre") == asked) if asked else songs
    st.dataframe(
        table.head(_MOST_PREDICTED),
        hide_index=True,
        key="predicted",
        column_config={
            "predicted_genre": st.column_config.TextColumn("Believed genre"),
            "title": st.column_config.TextColumn("Title"),
            "artist": st.column_config.TextColumn("Artist"),
            "genre_confidence": st.column_config.ProgressColumn(
                "How sure",
                min_value=0.0,
                max_value=1.0,
                format="percent",
                help="As sure as such beliefs were right on songs whose genre is known",
            ),
        },
    )
    if table.height > _MOST_PREDICTED:
        st.caption(f"The {_MOST_PREDICTED} surest of {table.height:,}; clustered_songs.csv has all of them.")


def _predicted_words(told: Mapping[str, Any]) -> str:
    """For how many songs a genre was predicted, and how often that is right."""
    said = f"{counted(told['n_songs'], 'song')} had none; each is believed to be of the likeliest one."
    if told["new_artists"] is not None:
        said += (
            f" On songs whose genre is known, {percent(told['new_artists'])} of such beliefs are right for "
            "artists never met"
        )
        if told["known_artists"] is not None:
            said += f", and {percent(told['known_artists'])} for artists with other songs of a known genre"
        said += "."
    return said


def _predicted_songs(atlas: Atlas) -> pl.DataFrame:
    """Songs with a predicted genre, the surest first."""
    columns: list[str] = [name for name in ("title", "artist") if name in atlas.songs.columns]
    columns = columns or ["song_id"]
    songs = atlas.songs.select(columns).with_columns(
        atlas.genre_of_songs["predicted_genre"].cast(pl.String), atlas.genre_of_songs["genre_confidence"]
    )
    return (
        songs.filter(pl.col("predicted_genre").is_not_null())
        .sort("genre_confidence", descending=True, nulls_last=True, maintain_order=True)
        .select("predicted_genre", "genre_confidence", *columns)
    )


def _show_spaces(base: Atlas) -> None:
    """What other spaces would give."""
    spaces = other_spaces(base)
    if not spaces:
        return
    st.subheader("What else songs could be compared by")
    st.caption(
        f"{counted(spaces[0]['n_songs'], 'song')} in {counted(base.k, 'cluster')} each, clustered anew, so "
        "that figures differ a little from those above. The shaded row is the atlas as it was built. More "
        "agreement is not always better: clusters that follow genres say less of how songs sound."
    )
    chosen = [place for place, each in enumerate(spaces) if each["chosen"]]
    show_table(
        [
            Heading(text="Compared by", meaning=GLOSSARY["space"]),
            Heading(text="Agreement", meaning=GLOSSARY["AMI"], number=True),
            Heading(text="Purity", meaning=GLOSSARY["purity"], number=True),
            Heading(text="Stability", meaning=GLOSSARY["stability"], number=True),
        ],
        [
            [
                each["space"],
                index_value(each["ami"]),
                percent(each["purity"]),
                index_value(each["stability"]),
            ]
            for each in spaces
        ],
        marked=chosen[0] if chosen else None,
    )
    st.caption(
        "To see one of them: on the page Atlas, under “What counts”, give 0 to what shall not count, or move "
        "“Genre pull”."
    )
