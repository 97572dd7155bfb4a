"""What the report tells of clusters against genres: each figure between its chance level and its ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from songatlas.colours import ink_on
from songatlas.report.record import plain
from songatlas.report.wording import brief

if TYPE_CHECKING:
    from songatlas.atlas import Atlas

_NO_CEILING = 0.02
_NO_REACH = 0.1
_FULL_REACH, _PASSED = 0.98, 1.05
_SPLIT_BY_ARTIST = (
    "The classifier is always split by artist: it names the genres of songs whose artists it never met."
)
_SPLIT_BY_SONG = (
    "The table names no artists, so songs were held out one by one: too kind where artists repeat."
)


def against_genres(atlas: Atlas) -> dict[str, Any] | None:
    """Return the score against the genres, genre by genre too; None where there are no genres.

    Returns
    -------
    dict or None
        The score as it is, and what a page shows of it: `summary`, `sentences` and `honesty` in words,
        `bars` for chance, these clusters and the ceiling, `figures` with the same for every index, `genres`
        with the cluster that matches each best, `families` with their commonest tags.
    """
    if atlas.genre is None:
        return None
    score = plain(atlas.genre)
    return {
        **score,
        "column": brief(score.get("column")),
        "sentences": [
            brief(text, longest=400) for text in (score.get("sentence"), *score.get("sentences", ()))
        ],
        "summary": _summary(score),
        "honesty": [text for text in (score.get("labels_hidden"), _ceiling_in_words(score)) if text],
        "bars": _bars(score),
        "figures": [
            {
                "label": label,
                "meaning": meaning,
                "value": score[name],
                "chance": score.get(f"chance_{name}"),
                "ceiling": score.get(f"ceiling_{name}"),
            }
            for name, (label, meaning) in FIGURES_OF_AGREEMENT.items()
            if score.get(name) is not None
        ],
        "genres": _genres(score, atlas),
        "families": [
            {"genre": brief(genre), "tags": [brief(tag, longest=40) for tag in tags]}
            for genre, tags in (score.get("families") or {}).items()
        ],
    }


def _bars(score: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A bar each for chance, this atlas and the ceiling."""
    bars: list[dict[str, Any]] = [
        {"kind": kind, "label": label, "value": score.get(name)}
        for kind, label, name in (
            ("chance", "Chance", "chance_ami"),
            ("ours", "These clusters", "ami"),
            ("ceiling", "Classifier", "ceiling_ami"),
        )
        if score.get(name) is not None
    ]
    longest = max((abs(bar["value"]) for bar in bars), default=0.0) or 1.0
    for bar in bars:
        bar["width"] = max(bar["value"], 0.0) / longest
    return bars


def _genres(score: Mapping[str, Any], atlas: Atlas) -> list[dict[str, Any]]:
    """Each genre with the cluster that matches it best, by name and colour."""
    names = atlas.cluster_names()
    return [
        {
            **each,
            "genre": brief(each["genre"]),
            "cluster_name": brief(names[each["cluster"]]),
            "number": each["cluster"],
            "colour": atlas.colour_of(each["cluster"]),
            "ink": ink_on(atlas.colour_of(each["cluster"])),
        }
        for each in score.get("per_genre") or ()
    ]


def _ceiling_in_words(score: Mapping[str, Any]) -> str:
    """How the ceiling was found, where there is one."""
    if score.get("ceiling_ami") is None:
        return ""
    return _SPLIT_BY_ARTIST if score.get("by_artist", True) else _SPLIT_BY_SONG


def _summary(score: Mapping[str, Any]) -> str:
    """The score in one sentence."""
    ours, chance, ceiling = (score.get(name) for name in ("ami", "chance_ami", "ceiling_ami"))
    if ours is None:
        return "Clusters and genres could not be compared."
    if ceiling is None or chance is None:
        by_chance = "" if chance is None else f" (AMI; by chance {abs(chance):.2f}, at best 1)"
        return f"Clusters and genres agree to {ours:.2f}{by_chance}."
    if ceiling - chance < _NO_CEILING:
        return "How songs sound says little of these genres, with clusters or without."
    reached = (ours - chance) / (ceiling - chance)
    if reached < _NO_REACH:
        return "The clusters follow other lines than the genres do."
    if reached > _PASSED:
        return "The clusters agree with the genres more than a classifier that was taught them."
    if reached >= _FULL_REACH:
        return "The clusters agree with the genres as well as a classifier that was taught them."
    return f"The clusters reach {reached:.0%} of the agreement with genres that a taught classifier reaches."


FIGURES_OF_AGREEMENT: Mapping[str, tuple[str, str]] = {
    "ami": (
        "Adjusted mutual information",
        "What clusters and genres tell of each other; 0 is chance, 1 is all",
    ),
    "ari": ("Adjusted Rand index", "Of pairs of songs, how many both groupings treat alike, beyond chance"),
    "nmi": ("Normalized mutual information", "As the first, but not corrected for chance"),
    "v_measure": ("V-measure", "Between clusters of one genre each and genres of one cluster each"),
    "purity": ("Purity", "Share of songs whose genre is the commonest of their cluster"),
}
