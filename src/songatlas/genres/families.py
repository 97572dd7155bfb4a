"""Families of tags: one genre a song out of thousands of messy tags.

A short list of seeds (`genre_seeds.json`) brings names; the songs decide the rest. A tag whose words hold
one seed belongs to it; one whose words hold several goes where the songs that carry it go, else to the last
of them ("jazz rap" is rap); a tag without a seed joins the family that it shares songs with most beyond
chance, over and over until nothing moves, else the family of tags with its words. A common tag that belongs
nowhere is a family of its own, a family that holds most songs is opened into its commonest tags, and
families of few songs are dissolved. Each song goes to the family its tags speak for most, where a tag says
the more the more it keeps to its family: broad ones such as "pop" say little.

Conventions
-----------
A list is a different set of tags that songs carry; lists weigh 1 + ln(songs), so that an artist with
hundreds of songs does not drown the others. Lists and tags are sorted, so that neither the order of rows nor
of tags matters. Arrays run over tags, `(n_tags,)`, or over lists, `(n_lists,)`; a family is a number, -1
for none.

References
----------
T. Dunning (1993), "Accurate methods for the statistics of surprise and coincidence", Computational
Linguistics 19 (counts times the logarithm of their ratio to chance).
X. Zhu, Z. Ghahramani (2002), "Learning from labeled and unlabeled data with label propagation", CMU.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.genres.artists import artist_groups

FEWEST_SONGS = 5
"""Genres of fewer songs are no genre here."""

MOST_FAMILIES = 25
"""Families that are kept, the largest."""

MEMBERS_TOLD = 12
"""Tags that are told of each family, the commonest."""

OWN_SHARE = 0.01
"""Share of the songs with tags from which on a tag that belongs nowhere is a family."""

_SMALL_SHARE = 0.002  # families of fewer songs are dissolved
_LARGE_SHARE = 0.6  # families of more songs are opened
_PART_SHARE = 0.02  # share of the songs that a tag of such a family needs to be a part of it
_MET_SHARE = 0.2  # share of a tag's lists that must hold another tag of the family
_BEYOND_CHANCE = 1.5  # how many times as often as by chance
_FEWEST_MET = 1.5  # weight of lists that must hold both: more than one list of one song
_RATHER = 1.3  # how much better than its last word another word of a tag must fit
_WORD_TAGS, _WORD_SHARE = 3, 0.7  # tags that share a word, and how many of them must be of one family
_NOTHING = 1e-12
_ROUNDS = 10
_ROUNDS_OF_ONE = 3  # after one more family
_MOST_LISTS = 50_000  # to learn from, evenly spread
_AT_A_TIME = 100_000  # lists that are put into families at a time
_SEVERAL_SHARE = 0.5  # where fewer songs carry several tags, artists tell which tags go together
_MOST_OF_AN_ARTIST = 12
_SEPARATORS = re.compile(r"[\s\-_/+,.:;|()\[\]{}\"]+")
_SHORTEST_ENDING = 4  # letters of a seed that may end a word ("synthfunk"), but for "pop"

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Families:
    """One family a song.

    Attributes
    ----------
    labels : Series of String
        Family of each song, null where its tags say none.
    members : mapping of str to tuple of str
        The commonest tags of each family, the largest family first.
    n_tags : int
        Different tags that songs carry.
    """

    labels: pl.Series
    members: Mapping[str, tuple[str, ...]]
    n_tags: int


def tag_families(tags: pl.Series, artists: pl.Series | None = None) -> Families | None:
    """Return the family of each song, made of the tags of all songs; None where no song has a tag.

    Parameters
    ----------
    tags : Series of List(String)
        Tags of each song in any spelling; null or empty where it has none.
    artists : Series of String or of List(String), optional
        Artist of each song; where most songs carry one tag, the tags of one artist belong together.

    Examples
    --------
    >>> tags = [["deep house", "miami"], ["tropical house"], ["hard bop", "cool jazz"], ["hard bop"]] * 5
    >>> tag_families(pl.Series(tags)).labels.to_list()[:4]
    ['electronic', 'electronic', 'jazz', 'jazz']
    """
    lists = _Lists.of(tags, artists)
    if not lists.tags:
        return None
    grouping = _Grouping.start(lists)
    grouping.settle()
    grouping.found_own()
    grouping.open_large()
    grouping.dissolve_small()
    family = grouping.of_lists()
    names = pl.Series(grouping.names, dtype=pl.String)
    of_list = names.gather(pl.Series(np.where(family >= 0, family, 0))).set(pl.Series(family < 0), None)
    return Families(of_list.gather(lists.of_song), _members(grouping), len(lists.tags))


@dataclass(frozen=True)
class _Lists:
    """The different lists of tags, and what shows which tags belong together.

    `has` (n_lists, n_tags) says which tags a list holds; `met` (n_tags, n_documents) is the weight of each
    document that holds a tag, a document being a list or all tags of an artist; `held` (n_documents, n_tags)
    says the same with ones. `step` lists apart lie those that are documents.
    """

    tags: list[str]
    n_songs: Floats
    of_song: pl.Series
    has: Any
    met: Any
    held: Any
    weights: Floats
    step: int

    @classmethod
    def of(cls, tags: pl.Series, artists: pl.Series | None) -> _Lists:
        from scipy import sparse

        of_song, entries = _different_lists(tags)
        names = entries["tag"].unique().sort()
        column = entries["tag"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
        row = entries["list"].to_numpy()
        n_lists = int(row.max()) + 1 if len(row) else 0
        has = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(n_lists, names.len()))
        has.sort_indices()
        n_songs = np.bincount(of_song.drop_nulls().to_numpy(), minlength=n_lists).astype(np.float64)
        step = -(-n_lists // _MOST_LISTS) or 1
        documents, weights = [has[::step]], [1 + np.log(n_songs[::step])]
        several = np.diff(has.indptr) > 1
        if artists is not None and n_songs[several].sum() < _SEVERAL_SHARE * n_songs.sum():
            documents.append(_tags_of_artists(of_song, artists, has))
            weights.append(np.ones(documents[1].shape[0]))
        weight = np.concatenate(weights)
        held = sparse.vstack(documents).tocsr()
        met = held.multiply(weight[:, None]).T.tocsr()
        return cls(names.to_list(), n_songs, of_song, has, met, held, weight, step)


def _different_lists(tags: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
    """For each song the number of its list, null where it is empty; and the tags of each list, sorted."""
    raw = tags.cast(pl.List(pl.String)).list.join("\x1f", ignore_nulls=True)
    cleaned = pl.element().str.strip_chars().str.to_lowercase()
    different = raw.drop_nulls().unique().alias("raw").to_frame()
    parts = pl.col("raw").str.split("\x1f").list.eval(cleaned.filter(cleaned != "").unique().sort())
    different = different.with_columns(parts.alias("parts")).with_columns(
        pl.col("parts").list.join("\x1f").alias("key")
    )
    keys = different.filter(pl.col("key") != "").unique("key").sort("key").with_row_index("list")
    places = different.join(keys.select("key", "list"), on="key", how="inner").select("raw", "list")
    of_song = raw.alias("raw").to_frame().join(places, on="raw", how="left", maintain_order="left")["list"]
    entries = keys.select("list", pl.col("parts").alias("tag")).explode("tag")
    return of_song, entries.with_columns(pl.col("list").cast(pl.Int64))


def _tags_of_artists(of_song: pl.Series, artists: pl.Series, has: Any) -> Any:
    """Tags of each artist with several of them, but not too many: `(n_artists, n_tags)`."""
    from scipy import sparse

    pairs = pl.DataFrame({"artist": artist_groups(artists, of_song.len()), "list": of_song})
    pairs = pairs.drop_nulls().unique().sort("artist", "list")
    pairs = pairs.filter(pl.len().over("artist") > 1)
    artist = pairs["artist"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(artist.max()) + 1 if len(artist) else 0, has.shape[0])
    of_artist = sparse.csr_matrix((np.ones(len(artist)), (artist, pairs["list"].to_numpy())), shape=shape)
    found = of_artist @ has
    found.data[:] = 1.0
    n_tags = np.diff(found.indptr)
    told = np.flatnonzero((n_tags > 1) & (n_tags <= _MOST_OF_AN_ARTIST))
    return found[told[:: -(-len(told) // _MOST_LISTS) or 1]]


@dataclass
class _Grouping:
    """Tags in families, as far as it has got."""

    lists: _Lists
    names: list[str]
    seeds: list[list[int]]  # families that the words of each tag name, in the order of its words
    family: Codes
    barred: NDArray[np.bool_] = field(init=False)  # tags of families that were dissolved
    whole: Floats = field(init=False)  # weight of the documents that hold each tag
    common: Floats = field(init=False)  # songs that carry each tag
    met: Floats = field(init=False)  # weight of the documents where a tag meets each family
    chance: Floats = field(init=False)  # weight of documents where a tag would meet each family by chance

    def __post_init__(self) -> None:
        self.barred = np.zeros(len(self.family), dtype=np.bool_)
        self.whole = np.asarray(self.lists.met.sum(axis=1)).ravel()
        self.common = np.asarray(self.lists.has.T @ self.lists.n_songs)

    @classmethod
    def start(cls, lists: _Lists) -> _Grouping:
        """Begin with the seeds alone."""
        names = list(seed_words())
        numbers = {name: number for number, name in enumerate(names)}
        seeds = [[numbers[name] for name in seeds_in(tag)] for tag in lists.tags]
        return cls(lists, names, seeds, np.array([each[-1] if each else -1 for each in seeds]))

    def settle(self, rounds: int = _ROUNDS) -> None:
        """Let tags join families by the songs they share, until nothing moves."""
        for _ in range(rounds):
            self.count()
            before, self.family = self.family, self.best()
            if np.array_equal(before, self.family):
                break
        self.join_by_words()
        self.count()

    def count(self) -> None:
        """Count how much each tag meets each family, and would by chance; a tag does not meet itself."""
        members = self.membership(np.ones(len(self.family)))
        held = (self.lists.held @ members).toarray()
        self.met = np.asarray(self.lists.met @ (held >= 1).astype(np.float64))
        others = np.asarray(self.lists.met @ (held >= 2).astype(np.float64))
        filled = np.tile(self.lists.weights @ (held >= 1), (len(self.family), 1))
        placed = np.flatnonzero(self.family >= 0)
        own = placed, self.family[placed]
        self.met[own] = others[own]
        filled[own] -= self.whole[placed] - others[own]  # documents that hold the family by this tag alone
        self.chance = np.maximum(self.whole[:, None] * filled / self.lists.weights.sum(), _NOTHING)

    def membership(self, values: Floats) -> Any:
        """The value of each tag in the column of its family: `(n_tags, n_families)`."""
        from scipy import sparse

        placed = np.flatnonzero(self.family >= 0)
        cells = (values[placed], (placed, self.family[placed]))
        return sparse.csr_matrix(cells, shape=(len(self.family), len(self.names)))

    def best(self) -> Codes:
        """The family of each tag by what its words name and whom it meets."""
        gain = np.where(self.met > 0, self.met * np.log(np.maximum(self.met, _NOTHING) / self.chance), 0.0)
        often = np.maximum(_MET_SHARE * self.whole[:, None], _BEYOND_CHANCE * self.chance)
        sure = np.where((self.met >= often) & (self.met >= _FEWEST_MET), gain, 0.0)
        best = np.where(sure.max(axis=1) > 0, sure.argmax(axis=1), -1)
        for tag, seeds in enumerate(self.seeds):
            if seeds:
                fits = gain[tag, seeds]
                other = int(fits.argmax())
                rather = fits[other] > max(_RATHER * fits[-1], _FEWEST_MET)
                best[tag] = seeds[other] if rather else seeds[-1]
        best[self.barred] = -1
        return best

    def join_by_words(self) -> None:
        """Tags that belong nowhere join the family of most tags that share a word with them."""
        holders: dict[str, list[int]] = defaultdict(list)
        for family, name in zip(self.family.tolist(), self.lists.tags, strict=True):
            if family >= 0:
                for word in set(_words(name).split()):
                    holders[word].append(family)
        for tag in np.flatnonzero((self.family < 0) & ~self.barred).tolist():
            found = [
                _agreed(holders[word]) for word in _words(self.lists.tags[tag]).split() if word in holders
            ]
            share, family = max((each for each in found if each), default=(0.0, -1))
            if share:
                self.family[tag] = family

    def found_own(self) -> None:
        """Make the commonest tag that belongs nowhere a family, as long as there is a common one."""
        least = max(FEWEST_SONGS, OWN_SHARE * self.lists.n_songs.sum())
        while len(self.names) < 2 * MOST_FAMILIES:
            free = np.where(self.family < 0, self.common, 0.0)
            tag = int(free.argmax())
            if free[tag] < least:
                break
            self.found(tag, range(len(self.family)))
            self.settle(_ROUNDS_OF_ONE)

    def found(self, tag: int, among: Sequence[int]) -> None:
        """A family of this tag, and of those without a seed whose words hold its words."""
        words = _words(self.lists.tags[tag])
        self.names.append(self.lists.tags[tag])
        for other in among:
            if other == tag or (self.family[other] < 0 and words in _words(self.lists.tags[other])):
                self.seeds[other] = [len(self.names) - 1]
                self.family[other] = len(self.names) - 1

    def open_large(self) -> None:
        """Make the commonest tags of a family that holds most songs families of their own."""
        n_songs = self.sizes()
        large = int(n_songs.argmax())
        if n_songs[large] <= _LARGE_SHARE * n_songs.sum():
            return
        members, name = np.flatnonzero(self.family == large), _words(self.names[large])
        least = max(FEWEST_SONGS, _PART_SHARE * n_songs.sum())
        parts: list[int] = []
        for tag in members[np.argsort(-self.common[members], kind="stable")].tolist():
            words = _words(self.lists.tags[tag])
            is_new = words != name and not any(_words(self.lists.tags[part]) in words for part in parts)
            if is_new and self.common[tag] >= least:
                parts.append(tag)
        parts = parts[: max(0, MOST_FAMILIES - int((n_songs > 0).sum()))]
        if len(parts) < 2:
            return
        self.family[members] = -1
        for tag in members.tolist():
            self.seeds[tag] = [large] if _words(self.lists.tags[tag]) == name else []
        for tag in sorted(parts, key=lambda tag: len(_words(self.lists.tags[tag])), reverse=True):
            self.found(tag, members.tolist())
        self.settle()

    def dissolve_small(self) -> None:
        """Take the seeds away from families of few songs, and from the smallest of too many."""
        for _ in range(_ROUNDS):
            n_songs = self.sizes()
            few = max(FEWEST_SONGS, _SMALL_SHARE * n_songs.sum())
            order = np.argsort(-n_songs, kind="stable")
            gone = {*np.flatnonzero(n_songs < few).tolist(), *order[MOST_FAMILIES:].tolist()}
            if not gone & set(self.family.tolist()):
                break
            had = np.array([bool(each) for each in self.seeds])
            self.seeds = [[seed for seed in each if seed not in gone] for each in self.seeds]
            self.barred |= had & ~np.array([bool(each) for each in self.seeds])
            self.family[np.isin(self.family, list(gone))] = -1
            self.settle()

    def of_lists(self, step: int = 1) -> Codes:
        """The family that the tags of each list, or of some, speak for most; -1 where they speak for none."""
        placed = np.flatnonzero(self.family >= 0)
        faithful = np.zeros(len(self.family))
        own = self.met[placed, self.family[placed]]
        faithful[placed] = (own + 1) / (self.met[placed].sum(axis=1) + 2)
        members, has = self.membership(faithful), self.lists.has[::step]
        found = np.empty(has.shape[0], dtype=np.int64)
        for start in range(0, len(found), _AT_A_TIME):
            votes = (has[start : start + _AT_A_TIME] @ members).toarray()
            best = np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), -1)
            found[start : start + _AT_A_TIME] = best
        return found

    def sizes(self) -> Floats:
        """Songs of each family, among the lists that families are learned from."""
        family, n_songs = self.of_lists(self.lists.step), self.lists.n_songs[:: self.lists.step]
        known = family >= 0
        counted = np.bincount(family[known], weights=n_songs[known], minlength=len(self.names))
        return counted.astype(np.float64)


def _agreed(families: Sequence[int]) -> tuple[float, int] | None:
    """The family that most of these are, and their share; None where too few agree."""
    counts = np.bincount(families)
    share = float(counts.max() / len(families))
    return (share, int(counts.argmax())) if len(families) >= _WORD_TAGS and share >= _WORD_SHARE else None


def _members(grouping: _Grouping) -> dict[str, tuple[str, ...]]:
    """The commonest tags of each family that songs belong to, the largest family first."""
    sizes = grouping.sizes()
    found = {}
    for family in np.argsort(-sizes, kind="stable").tolist():
        tags = np.flatnonzero(grouping.family == family)
        if len(tags):
            first = tags[np.argsort(-grouping.common[tags], kind="stable")][:MEMBERS_TOLD]
            found[grouping.names[family]] = tuple(grouping.lists.tags[tag] for tag in first.tolist())
    return found


@cache
def seed_words() -> Mapping[str, tuple[str, ...]]:
    """Return the seeds: families by name, each with the words that name it."""
    text = files("songatlas").joinpath("genre_seeds.json").read_text(encoding="utf-8")
    return {name: tuple(words) for name, words in json.loads(text).items()}


def seeds_in(tag: str) -> list[str]:
    """Return the families that the words of a tag name, in the order of its words, each once.

    Examples
    --------
    >>> seeds_in("Deep-House"), seeds_in("jazz rap"), seeds_in("synthpop"), seeds_in("microtonal")
    (['electronic'], ['jazz', 'hip hop'], ['pop'], [])
    """
    pattern, families = _seed_pattern()
    found = [families[match[match.lastgroup or 0]] for match in pattern.finditer(_words(tag.lower()))]
    return list(reversed(dict.fromkeys(reversed(found))))


@cache
def _seed_pattern() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """What finds seeds in the words of a tag, whole or at the end of a word, and whose they are."""
    families = {_words(word).strip(): name for name, words in seed_words().items() for word in words}
    longest = sorted(families, key=len, reverse=True)
    endings = [
        word for word in longest if " " not in word and (len(word) >= _SHORTEST_ENDING or word == "pop")
    ]
    whole, ending = ("|".join(map(re.escape, words)) for words in (longest, endings))
    return re.compile(rf"(?<= )(?:(?P<whole>{whole})|\S+?(?P<ending>{ending}))(?= )"), families


def _words(tag: str) -> str:
    """The words of a tag with one blank around each."""
    return f" {_SEPARATORS.sub(' ', tag).strip()} "
