"""Words of the pages: texts of songs that stay texts, what jargon means, what stands where nothing is yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import streamlit as st

from songatlas.errors import UnknownName, did_you_mean
from songatlas.features import FEATURES, amount

_MARKED: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])")
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain_text(text: str, *, longest: int = 300) -> str:
    r"""Return a text of a song or a file so that it reads as it stands where Markdown is understood.

    Control characters become spaces, and a text that is too long is cut.

    Examples
    --------
    >>> print(plain_text("*NSYNC <b> $x$"))
    \*NSYNC \<b\> \$x\$
    """
    shown = " ".join(_UNSEEN.sub(" ", text).split())
    if len(shown) > longest:
        shown = shown[: longest - 1].rstrip() + "…"
    return _MARKED.sub(r"\\\1", shown)


def amount_text(column: str, value: float) -> str:
    """Return a value, or a mean, of a column with its unit; shares from 0 to 1 in percent.

    Examples
    --------
    >>> amount_text("energy", 0.731), amount_text("tempo_bpm", 120.4)
    ('73%', '120 BPM')
    """
    is_share = column in FEATURES and FEATURES[column].unit == "share"
    return f"{value:.0%}" if is_share else amount(column, value)


def label_help(name: str) -> str:
    """Return what a word of the trade means, for the mark beside its label.

    Raises
    ------
    UnknownName
        If the glossary lacks it.

    Examples
    --------
    >>> label_help("k")
    'How many clusters the songs are sorted into.'
    """
    if name not in GLOSSARY:
        raise UnknownName(
            f"the glossary lacks {name!r}{did_you_mean(name, GLOSSARY)} (it has: {', '.join(GLOSSARY)})"
        )
    return GLOSSARY[name]


def empty(state: str, next_step: str) -> None:
    """Show why there is nothing to see yet, and what to do next.

    Parameters
    ----------
    state : str
        What is not there, such as "No song is picked."
    next_step : str
        What a person can do, such as "Click a point of the map."
    """
    with st.container(border=True, key=f"empty-{abs(hash((state, next_step)))}"):
        st.markdown(f"**{plain_text(state)}**")
        st.caption(plain_text(next_step, longest=600))


GLOSSARY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AMI": (
            "Adjusted mutual information: how much the clusters tell about the genres, beyond what chance "
            "would. 0 is chance, 1 is a perfect match."
        ),
        "artist breadth": (
            "Over how many clusters the songs of an artist spread: 1 where all lie in one cluster."
        ),
        "atlas": "A songs table sorted into clusters with names, with the map and all the evidence.",
        "bits": "A measure of surprise: each bit halves the number of possibilities.",
        "block": (
            "A family of things that songs are compared by: how they sound, when they came out, their tags, "
            "their genre."
        ),
        "borderline": "A song about as near to another cluster as to its own.",
        "bridge": "A song between two clusters: good for getting from one to the other.",
        "calinski_harabasz": (
            "Calinski-Harabasz index: how far clusters lie apart, compared with how wide they are. "
            "Higher is better; only values of the same songs can be compared."
        ),
        "ceiling": "The best score that clusters could reach when every genre were cut out perfectly.",
        "centroid": "The middle of a cluster: the average of all its songs.",
        "chance": "The score that clusters of the same sizes would get if songs were dealt out at random.",
        "cluster": "Songs that sound alike, found by k-means without looking at genres.",
        "core": "A song well inside its cluster: typical of it.",
        "davies_bouldin": (
            "Davies-Bouldin index: how much neighbouring clusters run into each other. Lower is better."
        ),
        "distance": "How unlike two songs are: 0 is the same sound; the unit has no name.",
        "diversity": "How unlike each other the songs are that are shown together.",
        "elbow": "The k after which more clusters bring little: the bend of the curve of inertia.",
        "exemplar": "One of a few songs that together show what is in a cluster.",
        "feature": "A column that says how a song sounds, such as energy or tempo.",
        "gap": (
            "Gap statistic: how much tighter the clusters are than in songs without any structure. "
            "Higher is better."
        ),
        "genre pull": (
            "How far genres pull songs together: 0 sorts by sound and era alone, 1 by genre alone."
        ),
        "hub": "A song that is everybody's neighbour, and so would be recommended to everybody.",
        "inertia": (
            "How far songs lie from the middle of their cluster, in all. It always falls as k grows, so that "
            "only the bend of the curve says something."
        ),
        "interval": "Where the value lies with 95% confidence, if other songs of the same kind were taken.",
        "k": "How many clusters the songs are sorted into.",
        "lint": "Checks of the songs and the clusters that say what to be careful about.",
        "margin": "How much nearer the middle of the own cluster is than that of the next.",
        "neighbour": "A song that sounds most like this one.",
        "outlier": "A song far from the middle of every cluster.",
        "percentile": (
            "How many of 100 songs of the catalogue have less of it: 90 means more than 90 of 100 songs."
        ),
        "point": "A song as numbers: what distances between songs are measured with.",
        "popularity": "How well known a song is, from 0 to 100, where the table says so. It is no sound.",
        "profile": "What a cluster sounds like, compared with the whole catalogue.",
        "purity": "Share of songs that are of the most frequent genre of their cluster.",
        "role": "The part of a song in its cluster: core, borderline, bridge or outlier.",
        "share": "Part of the songs, from 0 to 100%.",
        "silhouette": (
            "How much nearer songs are to their own cluster than to the next one, from -1 to 1. Songs have "
            "no sharp borders: 0.1 to 0.25 is usual, above 0.25 is clear."
        ),
        "space": "What songs are compared by: the blocks that take part, and their weights.",
        "stability": (
            "How much of the clusters stays when they are found again on other samples of the songs: 1 is "
            "all, above 0.8 can be relied on."
        ),
        "surprise": "How much is left to chance, so that the next list is another one.",
        "sweep": "All numbers of clusters that were tried, from the fewest to the most.",
        "tag": "A genre word that came with the song.",
        "transition": "The step from one song of a playlist to the next: tempo, key and energy.",
        "verdict": "Which number of clusters the evidence speaks for, and why.",
        "weight": "How much a block counts when songs are compared: 0 leaves it out, 2 counts twice.",
        "z-score": (
            "How far from the average of the catalogue, in steps of the usual spread: 0 is average, +1 is "
            "clearly more, -2 is far less."
        ),
    }
)
"""Word of the trade -> what it means, in one or two sentences."""
