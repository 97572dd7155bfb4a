"""What may be said of a cluster, word by word: each piece of a name with the evidence that it is true.

A word of the vocabulary is true where the contrasts of its features hold, a tag or a heard word where it
holds for a good share of the cluster and far more than elsewhere, an era where most songs are of it. What a
piece is worth beside its contrasts stands here, too; `naming` puts pieces together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from songatlas.profiles.labels import Era, TagShare
from songatlas.profiles.words import (
    ALREADY_SAID,
    COMPARATIVES,
    HEARD_SAYS,
    HEARD_WORDS,
    IMPORTANCE,
    SPELLINGS,
    VOCABULARY,
    Word,
)

CLEAR: Final = 0.3
"""Contrast from which a word of one feature is true (65% of random pairs go its way)."""

SLIGHT: Final = 0.15
"""Contrast from which a comparative, or each feature of a word of several, is true."""

A_WHILE: Final = 4.0
"""Years between the medians of cluster and catalogue from which "older" or "newer" is worth saying."""

VINTAGE: Final = 40.0
"""Years by which a cluster's median must lie behind the catalogue's to be called vintage."""

_TAG_WORTH: Final = 1.3
_HEARD_WORTH: Final = 1.1  # less, as what a person wrote goes before what was heard
_DETAIL_WORTH: Final = 0.9
_HEARD_TOO: Final = 0.1  # what it adds to a feature that says the same
_ERA_WORTH: Final = 0.8

Signed = tuple[str, int]


@dataclass(frozen=True)
class Piece:
    """A part of a name with its evidence: features (with their side), a tag, a heard word or an era."""

    text: str
    role: Literal["mood", "era", "tag", "kind", "detail"]
    covers: tuple[Signed, ...] = ()
    bonus: float = 0.0
    tag: TagShare | None = None
    compares: bool = False
    heard: TagShare | None = None


SONGS: Final = Piece("songs", "kind")
"""The noun where no truer one is at hand."""


@dataclass(frozen=True)
class Traits:
    """What is known of one cluster when it is named."""

    contrasts: Mapping[str, float]
    percentiles: Mapping[str, float]
    means: Mapping[str, float]
    tags: tuple[TagShare, ...]
    era: Era
    spoken: bool
    speechiness: float
    size: int
    is_all: bool
    heard: tuple[TagShare, ...] = ()

    @property
    def identity(self) -> tuple[float, ...]:
        """What orders clusters whatever their numbers."""
        return (-self.size, *self.percentiles.values(), *self.means.values(), self.era.percentile)


def true_words(traits: Traits, role: Literal["mood", "kind"]) -> list[Piece]:
    """Return the words of the vocabulary that are true of a cluster."""
    return [_piece(word) for word in VOCABULARY if word.role == role and _is_true(word, traits)]


def tag_pieces(traits: Traits, moods: Sequence[Piece] = ()) -> list[Piece]:
    """Return the tags that are fit for a name; each covers what the true moods that it says would."""
    return [_tag_piece(tag, moods) for tag in traits.tags if _serves_in_name(tag, traits)]


def heard_pieces(traits: Traits, moods: Sequence[Piece] = ()) -> list[Piece]:
    """Return all that the heard words which are fit for a name can be in it."""
    return [
        piece
        for word in traits.heard
        if _serves_in_name(word, traits)
        for piece in _heard_pieces(word, traits, moods)
    ]


def importance(side: Signed) -> float:
    """Return how much a side of a feature counts in names."""
    return IMPORTANCE.get(side[0], (0.4, 0.4))[side[1] > 0]


def _piece(word: Word) -> Piece:
    covers = (*((each, 1) for each in word.high), *((each, -1) for each in word.low))
    return Piece(word.text, word.role, covers)


def _is_true(word: Word, traits: Traits) -> bool:
    """Whether the cluster lies clearly on the word's side on all its features."""
    sides = [(feature, 1) for feature in word.high] + [(feature, -1) for feature in word.low]
    if any(feature not in traits.contrasts for feature, _ in sides):
        return False
    heights = [side * traits.contrasts[feature] for feature, side in sides]
    least = word.least if len(heights) > 1 else CLEAR
    if min(heights) < least or sum(heights) / len(heights) < CLEAR:
        return False
    if any(traits.contrasts.get(feature, 0.0) > SLIGHT for feature in word.not_high):
        return False
    if any(traits.contrasts.get(feature, 0.0) < -SLIGHT for feature in word.not_low):
        return False
    bounds = [(feature, mean, 1) for feature, mean in word.mean_from.items()]
    bounds += [(feature, mean, -1) for feature, mean in word.mean_to.items()]
    return all(
        side * (traits.means[feature] - bound) >= 0
        for feature, bound, side in bounds
        if feature in traits.means
    )


def comparatives(traits: Traits, said: set[Signed]) -> list[Piece]:
    """Return comparatives of the features that no plain mood speaks of, where the contrast carries them."""
    pieces = []
    for feature, contrast in traits.contrasts.items():
        side = 1 if contrast > 0 else -1
        if abs(contrast) >= SLIGHT and (feature, side) not in said:
            words = COMPARATIVES.get(feature, (f"lower-{feature}", f"higher-{feature}"))
            pieces.append(Piece(words[side > 0], "mood", ((feature, side),), bonus=-0.1, compares=True))
    return pieces


def era_pieces(era: Era) -> list[Piece]:
    """Return what the years of a cluster may be called: by decades, or older and newer."""
    pieces = []
    if era.decade is not None and era.decade_lift >= 1.5 and era.decade_share >= 0.4 + 0.1 * era.n_decades:
        worth = _ERA_WORTH * era.decade_share * (1 - 1 / era.decade_lift)
        decades = [era.decade + 10 * step for step in range(era.n_decades)]
        text = "/".join(f"{year % 100}s" if 1950 <= year < 2000 else f"{year}s" for year in decades)
        pieces.append(Piece(text, "era", bonus=worth))
    if abs(era.contrast) >= CLEAR and abs(era.years_behind) >= A_WHILE:
        older = "vintage" if era.years_behind >= VINTAGE else "older"
        text = "newer" if era.contrast > 0 else older
        pieces.append(Piece(text, "era", bonus=0.6 * _ERA_WORTH * abs(era.contrast)))
    return pieces


def _serves_in_name(tag: TagShare, traits: Traits) -> bool:
    """Whether a tag holds for a good share of the cluster, far more than elsewhere, and reads as a word."""
    readable = len(tag.tag) <= 24 and any(letter.isalpha() for letter in tag.tag) and tag.tag.isprintable()
    return readable and is_telling(tag) and not traits.is_all


def is_telling(tag: TagShare) -> bool:
    """Say whether a tag holds for a good share of the cluster, far more than elsewhere."""
    return tag.share >= 0.2 and tag.strength >= 0.2 and tag.n_songs >= 3


def _tag_piece(tag: TagShare, moods: Sequence[Piece]) -> Piece:
    """A tag as part of a name; it covers what the true moods that it says by itself would."""
    words = [SPELLINGS.get(word, word) for word in tag.tag.split()]
    said = {text for ending, texts in ALREADY_SAID.items() if tag.tag.endswith(ending) for text in texts}
    covers = dict.fromkeys(each for mood in moods if mood.text in said for each in mood.covers)
    return Piece(" ".join(words), "tag", tuple(covers), bonus=_TAG_WORTH * tag.strength, tag=tag)


def _heard_pieces(word: TagShare, traits: Traits, moods: Sequence[Piece]) -> list[Piece]:
    """What a heard word can be in a name; features that say the same are worth nothing beside it."""
    covers = tuple(
        (feature, side)
        for feature, side in HEARD_SAYS.get(word.tag.casefold(), ())
        if side * traits.contrasts.get(feature, 0.0) >= SLIGHT
    )
    measured = sum(importance(each) * abs(traits.contrasts[each[0]]) for each in covers)
    known = HEARD_WORDS.get(word.tag.casefold())
    if known is None:
        plain = _tag_piece(word, moods)
        return [replace(plain, bonus=_HEARD_WORTH * word.strength, tag=None, heard=word)]
    worth = {each.role: _DETAIL_WORTH if each.role == "detail" else _HEARD_WORTH for each in known}
    return [
        Piece(
            each.text,
            each.role,
            covers,
            bonus=max(worth[each.role] * word.strength - measured, _HEARD_TOO * word.strength),
            heard=word,
        )
        for each in known
    ]
