"""The evidence of a name in one line: facts about the cluster, rounded, that anyone can compute again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from songatlas.profiles.labels import Era, TagShare
from songatlas.profiles.naming import Name
from songatlas.profiles.words import COMPARATIVES, HEARD_SAYS, is_detail

MOST_FACTS: Final = 4
"""Features told beyond those that the name speaks of, up to this many in all."""

ALL_DATED: Final = 0.95
"""Share of songs with a known year from which the few others go without saying."""

_TELLING: Final = 12.0  # percentile points from the middle that are worth telling


def tell_evidence(
    name: Name,
    *,
    percentiles: Mapping[str, float],
    tags: tuple[TagShare, ...],
    era: Era,
    speech: tuple[float, float],
    heard: tuple[TagShare, ...] = (),
    size: int = 0,
    is_all: bool = False,
) -> str:
    """Return one line: what the name rests on first, then the strongest other contrasts, tags and years.

    A feature that a heard word of the name speaks of is not told beside it.

    Parameters
    ----------
    name : Name
        The chosen name with its pieces.
    percentiles : mapping of str to float
        Mean percentile of the cluster in the catalogue for each feature that may be named.
    tags, era
        Of this cluster.
    speech : (float, float)
        Mean speechiness of the cluster and the catalogue's 95th percentile; told where the name is spoken.
    heard : tuple of TagShare
        Words that were heard in its songs, the most telling first.
    size : int
        Songs of the cluster: where the year of some is unknown, the evidence says of how many it is known.
    is_all : bool
        Whether the cluster is the whole catalogue.
    """
    parts = []
    if name.spoken:
        above = f", above {speech[1]:.2f}, the catalogue's 95th percentile" if speech[0] > speech[1] else ""
        parts.append(f"mean speechiness {speech[0]:.2f}{above}")
    covered = [feature for piece in name.pieces if piece.heard is None for feature, _ in piece.covers]
    covered = list(dict.fromkeys(covered))
    heard_of = {feature for feature, _ in name.covers} - set(covered)
    strongest = sorted(percentiles, key=lambda each: (-abs(percentiles[each] - 50), each))
    told = sorted(covered, key=strongest.index)
    for feature in strongest:
        is_new = feature not in told and feature not in heard_of
        if is_new and len(told) < MOST_FACTS and abs(percentiles[feature] - 50) >= _TELLING:
            told.append(feature)
    parts += [
        comparison(feature, percentiles[feature], first=place == 0) for place, feature in enumerate(told)
    ]
    middle = (
        "every song of the catalogue" if is_all else "close to the middle of the catalogue in every feature"
    )
    pieces = [", ".join(parts) or middle]
    others = () if is_all else heard
    more = (_tags_told(name, tags), _heard_told(name, others, told=told), _years_told(name, era, size))
    pieces += [part for part in more if part]
    return "; ".join(pieces)


def comparison(feature: str, percentile: float, *, first: bool) -> str:
    """Return where a cluster stands in a feature: "happier than 67%", "of the catalogue" after the first.

    Examples
    --------
    >>> comparison("valence", 67.2, first=True), comparison("energy", 20.0, first=False)
    ('happier than 67% of the catalogue', 'calmer than 80%')
    """
    words = COMPARATIVES.get(feature, (f"lower {feature}", f"higher {feature}"))
    above = percentile >= 50
    share = round(percentile if above else 100 - percentile)
    return f"{words[above]} than {share}%" + (" of the catalogue" if first else "")


def _tags_told(name: Name, tags: tuple[TagShare, ...]) -> str:
    """The tags of the name, then the most telling others, at most two in all (or all that are named)."""
    named = [piece.tag for piece in name.pieces if piece.tag is not None]
    others = [tag for tag in tags if tag not in named and tag.share >= 0.1 and tag.lift >= 1.2]
    told = [*named, *others][: max(2, len(named))]
    return (
        "tags: "
        + ", ".join(f"{tag.tag} {tag.share:.0%} ({tag.lift:.{int(tag.lift < 10)}f}x)" for tag in told)
        if told
        else ""
    )


def _heard_told(name: Name, heard: tuple[TagShare, ...], *, told: list[str]) -> str:
    """The heard words of the name, then the most telling others that no feature has told, as the tags."""
    named = [piece.heard for piece in name.pieces if piece.heard is not None]
    tags = {piece.tag.tag for piece in name.pieces if piece.tag is not None}
    others = [
        word
        for word in heard
        if word not in named
        and word.tag not in tags
        and word.share >= 0.1
        and word.lift >= 1.2
        and word.n_songs >= 3
        and not any(feature in told for feature, _ in HEARD_SAYS.get(word.tag.casefold(), ()))
    ]
    said = list(dict.fromkeys([*named, *others]))[: max(2, len(named))]
    parts = [
        f"{'with' if is_detail(word.tag) else 'as'} {word.tag} in {word.share:.0%}"
        f"{' of its songs' if place == 0 else ''}, {word.elsewhere:.0%} elsewhere"
        for place, word in enumerate(said)
    ]
    return f"heard {'; '.join(parts)}" if parts else ""


def _years_told(name: Name, era: Era, size: int) -> str:
    parts = []
    texts = [piece.text for piece in name.pieces if piece.role == "era"]
    if any(text[0].isdigit() for text in texts):
        decades = " and ".join(f"{(era.decade or 0) + 10 * step}s" for step in range(era.n_decades))
        parts.append(f"{era.decade_share:.0%} from the {decades}")
    if any(not text[0].isdigit() for text in texts):
        parts.append(comparison("year", era.percentile, first=True))
    if era.low is not None and era.high is not None and (texts or abs(era.percentile - 50) >= _TELLING):
        span = f"{era.low:.0f} to {era.high:.0f}" if era.low < era.high else f"of {era.low:.0f}"
        parts.append(f"mostly {span}")
    if parts and era.n_dated < ALL_DATED * size:
        parts.append(f"by the {era.n_dated:,} of {size:,} songs whose year is known")
    return ", ".join(parts)
