"""Invented titles, albums and artists, put together from `demo_words.json`.

A template such as ``"{adj} {noun} in {place}"`` takes a word from each named list, the family's own list
before the shared one; a code picks the words. Families are the genres. Large templates are used more
often than small ones, by the fourth root of the number of phrases that they can make.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import gcd, prod
from typing import Any

import numpy as np
import polars as pl

from songatlas.demo.draws import Bits, Ints, bits, choice
from songatlas.demo.statistics import read_json

_SLOTS = 64  # in which the templates of a family take turns
_ZERO = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True)
class Template:
    """A phrase with blanks: literal text and word lists, in order."""

    parts: tuple[str | pl.Series, ...]

    @property
    def n_phrases(self) -> int:
        """Number of phrases it can make."""
        return prod(len(part) for part in self.parts if isinstance(part, pl.Series))

    def write(self, codes: Bits) -> pl.Series:
        """Return the phrase of every code; the codes 0 to n_phrases - 1 give each phrase once."""
        pieces: list[pl.Expr] = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(pl.lit(part))
                continue
            size = np.uint64(len(part))
            pieces.append(pl.lit(part.gather((codes % size).astype(np.uint32))))
            codes = codes // size
        return pl.select(phrase=pl.concat_str(pieces))["phrase"]


def put(texts: pl.Series, rows: Ints, others: pl.Series) -> pl.Series:
    """Return `texts` with the rows of these numbers replaced, in order."""
    order = np.arange(len(texts), dtype=np.uint32)
    order[rows] = np.arange(len(texts), len(texts) + len(rows), dtype=np.uint32)
    return pl.concat([texts, others]).gather(order)


def titles(seed: int, family: Ints, songs: Ints) -> pl.Series:
    """Return a title for every song, in the manner of its family (genre index)."""
    return _in_turn(
        "titles", family, choice(seed, "title template", songs, _SLOTS), bits(seed, "title", songs)
    )


def albums(seed: int, family: Ints, album: Ints) -> pl.Series:
    """Return an album's title for every album id."""
    return _in_turn(
        "albums", family, choice(seed, "album template", album, _SLOTS), bits(seed, "album", album)
    )


def artists(seed: int, family: Ints, number: Ints) -> pl.Series:
    """Return the name of the artists with these numbers, from 0 on in each family; no two have the same.

    Where a template has run out of names, the next round of them bears a numeral.
    """
    slot = (number * 27 + choice(seed, "artist turn", family, _SLOTS)) % _SLOTS
    round_ = number // _SLOTS
    code, numeral = np.zeros(len(number), dtype=np.int64), np.ones(len(number), dtype=np.int64)
    for of_family in range(len(_families())):
        turns = _turns("artists", of_family)
        for which, template in enumerate(_templates("artists", of_family)):
            slots, n = np.flatnonzero(turns == which), template.n_phrases
            mine = np.flatnonzero((family == of_family) & np.isin(slot, slots))
            index = round_[mine] * len(slots) + np.searchsorted(slots, slot[mine])
            code[mine] = (index * _stride(n) + choice(seed, f"first {of_family} {which}", _ZERO, n)) % n
            numeral[mine] += index // n
    names = _in_turn("artists", family, slot, code.astype(np.uint64))
    again = np.flatnonzero(numeral > 1)
    return put(names, again, names.gather(again) + " " + pl.Series(numeral[again]).cast(pl.String))


def odd(seed: int, kind: str, column: str, songs: Ints) -> pl.Series:
    """Return names for songs of an odd kind: spoken word, interludes, silence."""
    return _template(_words()["odd"][kind][column], {}).write(bits(seed, f"{kind} {column}", songs))


@cache
def _words() -> dict[str, Any]:
    """The word lists and templates, read once."""
    return read_json("demo_words.json")


@cache
def _families() -> tuple[str, ...]:
    """The families in the order of the genres."""
    return tuple(sorted(_words()["families"]))


def _template(text: str, own: dict[str, Sequence[str]]) -> Template:
    """Parse a template, its lists looked up in the family's own and then in the shared ones."""
    shared = _words()["shared"]
    split = re.split(r"\{(\w+)\}", text)
    parts = [
        pl.Series(own.get(part) or shared[part]) if place % 2 else part for place, part in enumerate(split)
    ]
    return Template(tuple(part for part in parts if len(part)))


@cache
def _templates(subject: str, family: int) -> tuple[Template, ...]:
    """The templates of a subject ("titles", "albums", "artists") in a family."""
    name = _families()[family]
    own = _words()["families"][name]
    return tuple(_template(text, own) for text in _words()[subject][name])


@cache
def _turns(subject: str, family: int) -> Ints:
    """Index of the template that each of the slots takes, at least one slot for every template."""
    weights = np.array([template.n_phrases for template in _templates(subject, family)]) ** 0.25
    spare = _SLOTS - len(weights)
    edges = np.round(np.cumsum(weights) / weights.sum() * spare).astype(np.int64)
    return np.repeat(np.arange(len(weights)), np.diff(edges, prepend=0) + 1)


@cache
def _stride(n: int) -> int:
    """A stride through 0..n-1 that meets every number once and keeps neighbours far apart."""
    return next(step for step in range(int(n * 0.618) + 1, 2 * n + 2) if gcd(step, n) == 1)


def _in_turn(subject: str, family: Ints, slot: Ints, code: Bits) -> pl.Series:
    """Write each row's phrase with the template that its slot takes in its family."""
    places, written = [np.zeros(0, dtype=np.int64)], [pl.Series(dtype=pl.String)]
    for of_family in range(len(_families())):
        mine = np.flatnonzero(family == of_family)
        which = _turns(subject, of_family)[slot[mine]]
        for number, template in enumerate(_templates(subject, of_family)):
            rows = mine[which == number]
            if len(rows):
                places.append(rows)
                written.append(template.write(code[rows]))
    order = np.empty(len(family), dtype=np.uint32)
    order[np.concatenate(places)] = np.arange(len(family), dtype=np.uint32)
    return pl.concat(written).gather(order)
