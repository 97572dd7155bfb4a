"""Names of clusters: true words that cover the most of what sets each cluster apart, no two alike.

Every name is put together as mood, era, tag, kind and detail ("Happy 80s pop", "Latin party tracks", "Mellow
acoustic, guitar"), at most three of these. Tags come from the files of the songs, or else from what was heard
in them; a detail was always heard. A word may be used only where its evidence holds. Among the true names of
a cluster the one whose words explain the most contrast wins; where two clusters want one name, it goes to the
cluster it fits better and the other takes its next, or a comparative that tells the two apart ("Chill
acoustic, faster").
Nothing depends on how the clusters are numbered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest
from types import MappingProxyType
from typing import Final

import numpy as np

from songatlas.noticing import is_noticeable
from songatlas.profiles.contrasts import Contrasts
from songatlas.profiles.labels import Era, TagShare
from songatlas.profiles.pieces import (
    SONGS,
    Piece,
    Signed,
    Traits,
    comparatives,
    era_pieces,
    heard_pieces,
    importance,
    is_telling,
    tag_pieces,
    true_words,
)
from songatlas.profiles.words import COMPARATIVES, HEARD_SAYS, SPELLINGS, UNNAMED

TOLD_APART: Final = 4.0
"""Percentile points by which a cluster must differ from its namesake for a comparative."""

MOSTLY_SPEECH: Final = 0.5
"""Mean speechiness from which a spoken cluster is spoken word and no longer music with much speech."""

_PIECE_COST: Final = 0.25  # what a further word must add
_NEAR_BEST: Final = 0.35  # how much worth a second choice may give away before a comparative is better
_SECOND_MOOD_COST: Final = 0.2
_LEAST_WORTH: Final = -0.15

NONE_KEPT: Final[Mapping[int, str]] = MappingProxyType({})
"""No cluster keeps a name."""


@dataclass(frozen=True)
class Name:
    """A name and the pieces it is made of; `spoken` where the speech rule asked for it.

    A name that was kept though its words no longer hold has no pieces; `rather` is the truest name then.
    """

    text: str
    pieces: tuple[Piece, ...]
    worth: float
    spoken: bool = False
    holds: bool = True
    rather: str = ""

    @property
    def covers(self) -> tuple[Signed, ...]:
        """Every feature that the name speaks of, with its side."""
        return tuple(dict.fromkeys(each for piece in self.pieces for each in piece.covers))


def name_clusters(
    contrasts: Contrasts,
    tags: Sequence[tuple[TagShare, ...]],
    eras: Sequence[Era],
    *,
    heard: Sequence[tuple[TagShare, ...]] = (),
    kept: Mapping[int, str] = NONE_KEPT,
    reserved: Collection[str] = (),
) -> tuple[Name, ...]:
    """Return one name for each cluster, no two alike whatever their case.

    Parameters
    ----------
    contrasts : Contrasts
        Numbers of the clusters.
    tags, eras : sequences
        As `tag_shares` and `eras` give them, one for each cluster.
    heard : sequence
        As `heard_shares` gives it, one for each cluster; nothing was heard where it is empty.
    kept : mapping of int to str
        Clusters that keep a name they had, no two alike.
    reserved : collection of str
        Names that no other cluster may get.
    """
    traits = _traits(contrasts, tags, eras, heard or [()] * len(tags))
    choices = [_true_names(each) for each in traits]
    order = sorted(range(len(traits)), key=lambda cluster: traits[cluster].identity)
    offers = [
        (-name.worth, name.text, rank, cluster, name)
        for rank, cluster in enumerate(order)
        for name in choices[cluster]
        if name.worth >= choices[cluster][0].worth - _NEAR_BEST
    ]
    names = {cluster: _kept_name(text, choices[cluster], traits[cluster]) for cluster, text in kept.items()}
    taken: dict[str, int | None] = {text.casefold(): None for text in reserved}
    taken |= {name.text.casefold(): cluster for cluster, name in names.items()}
    for _, _, _, cluster, name in sorted(offers, key=lambda offer: offer[:3]):
        if cluster not in names and _is_free(name, cluster, names, traits, taken):
            names[cluster] = name
            taken[name.text.casefold()] = cluster
    for cluster in order:
        if cluster not in names:
            names[cluster] = _told_apart(choices[cluster][0], cluster, traits, taken)
            taken[names[cluster].text.casefold()] = cluster
    for cluster, name in names.items():
        if not name.holds:
            free = (choice.text for choice in choices[cluster] if choice.text.casefold() not in taken)
            names[cluster] = replace(name, rather=next(free, ""))
    return tuple(names[cluster] for cluster in range(len(traits)))


def believed_words(contrasts: Contrasts, heard: Sequence[tuple[TagShare, ...]]) -> list[tuple[TagShare, ...]]:
    """Return the heard words of each cluster, but for those that a feature which means the same denies.

    Where "instrumental" is heard in more songs than elsewhere, and instrumentalness is not higher by what a
    person could notice, one of the two is wrong, and nothing is said.

    Parameters
    ----------
    contrasts : Contrasts
        As `Contrasts.noticeable` gives them.
    heard : sequence
        As `heard_shares` gives it, one for each cluster.
    """
    places = {feature: place for place, feature in enumerate(contrasts.features)}
    return [
        tuple(
            word
            for word in words
            if all(
                side * contrasts.contrasts[cluster, places[feature]] > 0
                for feature, side in HEARD_SAYS.get(word.tag.casefold(), ())
                if feature in places
            )
        )
        for cluster, words in enumerate(heard)
    ]


def _traits(
    contrasts: Contrasts,
    tags: Sequence[tuple[TagShare, ...]],
    eras: Sequence[Era],
    heard: Sequence[tuple[TagShare, ...]],
) -> list[Traits]:
    named = [place for place, feature in enumerate(contrasts.features) if feature not in UNNAMED]
    total = int(contrasts.sizes.sum())

    def row(table: np.ndarray, cluster: int) -> dict[str, float]:
        return {contrasts.features[place]: float(table[cluster, place]) for place in named}

    return [
        Traits(
            contrasts=row(contrasts.contrasts, cluster),
            percentiles=row(contrasts.percentiles, cluster),
            means=row(contrasts.means, cluster),
            tags=tags[cluster],
            era=eras[cluster],
            spoken=bool(contrasts.spoken[cluster]),
            speechiness=float(contrasts.speechiness[cluster]),
            size=int(contrasts.sizes[cluster]),
            is_all=int(contrasts.sizes[cluster]) == total,
            heard=tuple(word for word in heard[cluster] if not _said_by(word.tag, tags[cluster])),
        )
        for cluster in range(len(contrasts.sizes))
    ]


def _said_by(word: str, tags: Sequence[TagShare]) -> bool:
    """Whether a tag that is fit for a name says what was heard, or a part of it."""
    heard = _plain(word)
    written = [_plain(tag.tag) for tag in tags if is_telling(tag)]
    return any(each == heard or each.endswith(f" {heard}") or heard.endswith(f" {each}") for each in written)


def _plain(word: str) -> str:
    """A word as it is compared: "Hip-Hop" and "hip hop" are one, and so are "rnb" and "R&B"."""
    return re.sub(r"[\s_-]+", " ", SPELLINGS.get(word.casefold(), word)).casefold().strip()


def _true_names(traits: Traits) -> list[Name]:
    """Every name that is true of a cluster, the worthiest first; never empty."""
    if traits.size == 0:
        return [Name("Empty", (), 0.0)]
    moods, kinds = true_words(traits, "mood"), true_words(traits, "kind")
    tags, heard = tag_pieces(traits, moods), heard_pieces(traits, moods)
    tags += [piece for piece in heard if piece.role == "tag"]
    kinds += [piece for piece in heard if piece.role == "kind"]
    details = [piece for piece in heard if piece.role == "detail"]
    moods += [piece for piece in heard if piece.role == "mood"]
    if traits.spoken:
        return _spoken_names(traits, (*tags, *kinds), moods)
    moods += comparatives(traits, {each for mood in moods for each in mood.covers})
    plain = _combinations(moods, era_pieces(traits.era), tags, kinds)
    names = [_compose(pieces, traits) for pieces in _with_details(plain, details)]
    worthy = sorted((name for name in names if name.worth >= _LEAST_WORTH), key=_by_worth)
    return worthy or [Name("All songs" if traits.is_all else "Middle ground", (), 0.0)]


def _spoken_names(traits: Traits, nouns: Sequence[Piece], moods: Sequence[Piece]) -> list[Name]:
    """Names by the speech rule: spoken word, or half-spoken music where the mean says both are heard."""
    if traits.speechiness >= MOSTLY_SPEECH:
        return [Name("Spoken word", (), traits.speechiness, spoken=True)]
    moods = [mood for mood in moods if ("speechiness", 1) not in mood.covers]
    choices = [(SONGS,), *((noun,) for noun in nouns), *((mood, SONGS) for mood in moods)]
    return sorted((_compose(pieces, traits, before="half-spoken") for pieces in choices), key=_by_worth)


def _by_worth(name: Name) -> tuple[float, str]:
    return -round(name.worth, 9), name.text


def _combinations(
    moods: Sequence[Piece], eras: Sequence[Piece], tags: Sequence[Piece], kinds: Sequence[Piece]
) -> Iterator[tuple[Piece, ...]]:
    """Every order-keeping choice of at most three pieces that reads as a name."""
    for before in _befores(moods, eras):
        for tag in (None, *tags):
            if tag is not None and before[:2] != before:
                continue
            for kind in (None, *kinds) if tag is not None else (SONGS, *kinds):
                pieces = tuple(each for each in (*before, tag, kind) if each is not None)
                needs_noun = tag is not None or any(piece.compares for piece in before)
                if needs_noun and kind is not None and not kind.text.endswith("s"):
                    continue  # "acoustic" is no noun behind a tag or a comparative
                if len(pieces) <= 3 and pieces != (SONGS,) and _reads_well(pieces):
                    yield pieces


def _with_details(
    choices: Iterable[tuple[Piece, ...]], details: Sequence[Piece]
) -> Iterator[tuple[Piece, ...]]:
    """Choices of pieces, alone and each with one detail that leaves it short enough."""
    for pieces in choices:
        yield pieces
        yield from ((*pieces, detail) for detail in details if len(pieces) < 3)
    yield from ((SONGS, detail) for detail in details)


def _befores(moods: Sequence[Piece], eras: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    yield ()
    yield from ((mood,) for mood in moods)
    yield from ((era,) for era in eras)
    yield from ((mood, era) for mood in moods for era in eras)
    plain = [mood for mood in moods if not mood.compares]
    yield from combinations(plain, 2)


def _reads_well(pieces: Sequence[Piece]) -> bool:
    """No word twice, in the plural neither, and no piece that says only what another says."""
    words = [word.rstrip("s") for piece in pieces for word in re.split(r"[\s-]+", piece.text.casefold())]
    if len(set(words)) < len(words) or len(words) > 4:
        return False
    return not any(
        one.covers and other.covers and set(one.covers) & set(other.covers)
        for one, other in combinations(pieces, 2)
        if set(one.covers) <= set(other.covers) or set(other.covers) <= set(one.covers)
    )


def _compose(pieces: tuple[Piece, ...], traits: Traits, *, before: str = "") -> Name:
    covered = {each for piece in pieces for each in piece.covers}
    worth = sum(importance(each) * abs(traits.contrasts[each[0]]) for each in sorted(covered))
    worth += sum(piece.bonus - _PIECE_COST * (piece is not SONGS) for piece in pieces)
    worth -= _SECOND_MOOD_COST * (sum(piece.role == "mood" for piece in pieces) > 1)
    text = " ".join([*([before] if before else []), *(_joined(pieces))])
    return Name(text[:1].upper() + text[1:], pieces, round(worth, 9), spoken=bool(before))


def _joined(pieces: Sequence[Piece]) -> Iterator[str]:
    """The words of a name; a detail stands behind a comma, or belongs to "songs"."""
    for piece, following in zip_longest(pieces, pieces[1:]):
        is_followed = following is not None and following.role == "detail"
        yield f"{piece.text}{' with' if piece is SONGS else ','}" if is_followed else piece.text


def _is_free(
    name: Name,
    cluster: int,
    names: Mapping[int, Name],
    traits: Sequence[Traits],
    taken: Mapping[str, int | None],
) -> bool:
    """Not taken, and every word more than a similar name has is truer here than there."""
    if name.text.casefold() in taken:
        return False
    for other, rival in names.items():
        mine, theirs = {piece.text for piece in name.pieces}, {piece.text for piece in rival.pieces}
        if rival.pieces and theirs < mine:
            more = [piece for piece in name.pieces if piece.text not in theirs]
            if not any(_differs(piece, traits[cluster], traits[other]) for piece in more):
                return False
    return True


def _differs(piece: Piece, mine: Traits, theirs: Traits) -> bool:
    """Whether a piece says more of one cluster than of the other."""
    if not piece.covers:
        return True
    return all(
        side * (mine.percentiles[feature] - theirs.percentiles[feature]) >= TOLD_APART
        for feature, side in piece.covers
    )


def _told_apart(
    name: Name,
    cluster: int,
    traits: Sequence[Traits],
    taken: Mapping[str, int | None],
) -> Name:
    """The name with a comparative, a decade or a tag that sets it off from its namesake, or a number."""
    mine, namesake = traits[cluster], taken.get(name.text.casefold())
    theirs = traits[namesake] if namesake is not None else None
    for piece in (None, *_qualifiers(name, mine, theirs)):
        text = name.text if piece is None else f"{name.text}, {piece.text}"
        if text.casefold() not in taken:
            pieces = name.pieces if piece is None else (*name.pieces, piece)
            return Name(text, pieces, name.worth, spoken=name.spoken)
    for plain in _comparative_names(mine):
        if plain.text.casefold() not in taken and not name.spoken:
            return plain
    number = 2
    while f"{name.text} {number}".casefold() in taken:
        number += 1
    return Name(f"{name.text} {number}", name.pieces, name.worth, spoken=name.spoken)


def _kept_name(text: str, choices: Sequence[Name], traits: Traits) -> Name:
    """The name of that text with the evidence it has now; without any where its words no longer hold."""
    true = {name.text.casefold(): name for name in (*_comparative_names(traits), *choices)}
    if found := true.get(text.casefold()):
        return replace(found, text=text)
    start, _, qualifier = text.rpartition(", ")
    plain = true.get((start or re.sub(r" \d+$", "", text)).casefold())
    if plain and not start:
        return replace(plain, text=text)
    pieces = [piece for piece in _qualifiers(plain, traits, None) if piece.text == qualifier] if plain else []
    if plain and pieces:
        return Name(text, (*plain.pieces, pieces[0]), plain.worth, spoken=plain.spoken)
    return Name(text, (), 0.0, holds=False)


def _comparative_names(traits: Traits) -> list[Name]:
    """Names of one or two comparatives, for a cluster whose plain words belong to a clearer one."""
    pieces = comparatives(traits, set())
    choices = [(piece, SONGS) for piece in pieces] + [(*pair, SONGS) for pair in combinations(pieces, 2)]
    names = [_compose(choice, traits) for choice in choices]
    paired = [replace(name, text=_with_comma(name)) for name in names]
    return sorted(paired, key=_by_worth)


def _with_comma(name: Name) -> str:
    text = ", ".join(piece.text for piece in name.pieces if piece is not SONGS) + " songs"
    return text[:1].upper() + text[1:]


def _qualifiers(name: Name, mine: Traits, theirs: Traits | None) -> Iterable[Piece]:
    """Comparatives true of the catalogue and of the namesake, the widest difference first; then tags."""
    gaps: list[tuple[float, Piece]] = []
    for feature, percentile in mine.percentiles.items():
        side = (feature, 1 if percentile > 50 else -1)
        gap = side[1] * (percentile - theirs.percentiles[feature]) if theirs else abs(percentile - 50)
        is_heard = theirs is None or is_noticeable(feature, mine.means[feature], theirs.means[feature])
        if is_heard and gap >= TOLD_APART and abs(percentile - 50) >= 3 and side not in name.covers:
            words = COMPARATIVES.get(feature, (f"lower {feature}", f"higher {feature}"))
            gaps.append((-gap * importance(side), Piece(words[side[1] > 0], "mood", (side,), compares=True)))
    yield from (piece for _, piece in sorted(gaps, key=lambda each: (each[0], each[1].text)))
    said = name.text.casefold()
    yield from (piece for piece in era_pieces(mine.era) if piece.text not in said)
    yield from (piece for piece in tag_pieces(mine) if piece.tag is None or piece.tag.tag not in said)
    heard = heard_pieces(mine)
    yield from (piece for piece in heard if piece.role != "kind" and piece.text.casefold() not in said)
