"""The tags block: songs that carry alike tags lie near each other.

Each song is the set of its tags, weighed by rarity (TF-IDF, unit length), then projected on the directions
in which tags vary together (truncated SVD) and scaled to unit length again. A song without tags takes the
mean of its artist's songs, and where those have none, the middle.

References
----------
K. Spärck Jones (1972), "A statistical interpretation of term specificity and its application in retrieval",
Journal of Documentation 28.
S. Deerwester, S. Dumais, G. Furnas, T. Landauer, R. Harshman (1990), "Indexing by latent semantic analysis",
Journal of the American Society for Information Science 41.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import first_artist_keys
from songatlas.kernels import one_blas_thread
from songatlas.space.blocks import NO_WEIGHTS, ROUNDING, FittedBlock
from songatlas.space.coordinates import Float
from songatlas.tag_sets import TagSets, different_sets

N_DIMENSIONS = 32
MOST_TAGS = 2_000
FEWEST_SONGS = 2
LEAST_TAGGED = 0.05
"""Share of songs with a tag below which there is no tags block."""


@dataclass(frozen=True)
class TagKinds:
    """The different places that songs have by their tags.

    Attributes
    ----------
    kind : ndarray of int32, shape (n_songs,)
        Line of `vectors` of each song; 0 where neither the song nor its artist has a tag.
    vectors : ndarray of float64, shape (n_kinds, n_coordinates)
        Unit vectors, means of such, and zeros in the first line.
    """

    kind: NDArray[np.int32]
    vectors: Float


@dataclass(frozen=True, kw_only=True)
class TagsBlock(FittedBlock):
    """Which tags songs carry: TF-IDF and truncated SVD, artists lending to songs without tags.

    Attributes
    ----------
    tags : tuple of str
        The tags that count, the commonest first.
    vectors : ndarray of float64, shape (n_tags, n_coordinates)
        What each tag adds to a song before its length becomes 1.
    mean : ndarray of float64, shape (n_coordinates,)
        Middle of the songs.
    gain : float
        Factor that gives the block its weight.
    labels : tuple of str
        Name of each coordinate: the tags at both of its ends.
    """

    name = "tags"
    default_weight = 1.0
    sentence = "the tags that songs carry"

    tags: tuple[str, ...]
    vectors: Float
    mean: Float
    gain: float
    labels: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
        n_dimensions: int | None = None,
    ) -> Self | str:
        """Fit on the column `tags`, at most `n_dimensions` (32) directions; see `FittedBlock.fit`."""
        if "tags" not in songs.columns:
            return "The table has no tags, so there is no tags block."
        tagged = float((songs["tags"].list.len() > 0).fill_null(value=False).to_numpy().mean())
        if tagged < LEAST_TAGGED:
            return f"Only {tagged:.0%} of the songs have a tag, so there is no tags block."
        sets = different_sets(songs["tags"])
        tags, carriers = _common_tags(sets)
        if len(tags) < 2:
            return "The songs do not share two different tags, so there is no tags block."
        rarity = 1.0 + np.log((1 + songs.height) / (1 + carriers))
        directions = _directions(
            _carried(sets.tags, tags), rarity, n_songs=sets.n_songs, n_dimensions=n_dimensions or N_DIMENSIONS
        )
        labels = tuple(_label(tags, direction) for direction in directions.T)
        draft = cls(
            weight=weight,
            coordinates=(),
            tags=tags,
            vectors=rarity[:, None] * directions,
            mean=np.zeros(directions.shape[1]),
            gain=1.0,
            labels=labels,
        )
        return draft._centred(songs)

    def _centred(self, songs: pl.DataFrame) -> Self:
        """The block with the songs' middle at 0 and unit share."""
        kinds = self.kinds(songs)
        n_songs = np.bincount(kinds.kind, minlength=len(kinds.vectors)).astype(np.float64)
        n_songs[0] = 0.0
        mean = n_songs @ kinds.vectors / max(n_songs.sum(), 1.0)
        total = float(n_songs @ np.square(kinds.vectors - mean).sum(axis=1)) / songs.height
        gain = self.weight / np.sqrt(total) if total > ROUNDING else 0.0
        return replace(self, mean=mean, gain=float(gain))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Label of each coordinate."""
        return self.labels

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the block's share of the points, float64 ``(n_songs, n_coordinates)``, finite.

        A song without tags is placed by the songs of its artist in the same table.
        """
        if "tags" not in songs.columns:
            return np.zeros((songs.height, len(self.labels)))
        kinds = self.kinds(songs)
        placed = (kinds.vectors - self.mean) * self.gain
        placed[0] = 0.0
        return placed[kinds.kind]

    def kinds(self, songs: pl.DataFrame) -> TagKinds:
        """Return the different vectors of songs: far fewer than songs, since songs of an artist share tags.

        A song without tags is of a kind with the mean of its artist's songs in the same table; where those
        have none, it is of kind 0, the middle.
        """
        if "tags" not in songs.columns:
            return TagKinds(np.zeros(songs.height, dtype=np.int32), np.zeros((1, len(self.labels))))
        sets = different_sets(songs["tags"])
        vectors: Float = np.asarray(_carried(sets.tags, self.tags) @ self.vectors)
        lengths = np.sqrt(np.square(vectors).sum(axis=1))
        tagged = lengths > 0
        kind = np.where(tagged, np.cumsum(tagged), 0)[sets.number]
        found = np.vstack([np.zeros(vectors.shape[1]), vectors[tagged] / lengths[tagged, None]])
        if tagged.all() or "artists" not in songs.columns:
            return TagKinds(kind.astype(np.int32), found)
        return _lend(TagKinds(kind.astype(np.int32), found), songs["artists"])

    def scaled(self, factor: float) -> Self:
        """Return the same block, `factor` times as long."""
        return replace(self, weight=self.weight * factor, gain=self.gain * factor)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "weight": self.weight,
            "tags": list(self.tags),
            "vectors": self.vectors.tolist(),
            "mean": self.mean.tolist(),
            "gain": self.gain,
            "labels": list(self.labels),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the block of `to_dict`."""
        return cls(
            weight=float(state["weight"]),
            coordinates=(),
            tags=tuple(state["tags"]),
            vectors=np.array(state["vectors"], dtype=np.float64).reshape(len(state["tags"]), -1),
            mean=np.array(state["mean"], dtype=np.float64),
            gain=float(state["gain"]),
            labels=tuple(state["labels"]),
        )


def _common_tags(sets: TagSets) -> tuple[tuple[str, ...], Float]:
    """The tags of at least two songs, the commonest first, and how many songs carry each."""
    sizes = pl.DataFrame({"n": sets.n_songs}).with_row_index("row")
    common = (
        _one_a_row(sets.tags)
        .join(sizes, on="row")
        .group_by("tag")
        .agg(pl.sum("n"))
        .filter(pl.col("n") >= FEWEST_SONGS)
        .sort("n", "tag", descending=[True, False])
        .head(MOST_TAGS)
    )
    return tuple(common["tag"]), common["n"].to_numpy().astype(np.float64)


def _one_a_row(column: pl.Series) -> pl.DataFrame:
    """`row` and `tag` of every tag that a song carries, each once, in the order of the rows."""
    frame = pl.DataFrame({"tag": column.cast(pl.List(pl.String))}).with_row_index("row")
    tag = pl.col("tag").str.strip_chars().str.to_lowercase()
    exploded = frame.explode("tag").drop_nulls("tag").with_columns(tag).filter(pl.col("tag") != "")
    return exploded.unique(["row", "tag"], maintain_order=True)


def _carried(column: pl.Series, tags: Sequence[str]) -> Any:
    """A sparse matrix (n_songs, n_tags) with 1 where a song carries a tag."""
    from scipy.sparse import csr_matrix

    places = pl.DataFrame(
        {"tag": list(tags), "place": np.arange(len(tags))}, schema_overrides={"tag": pl.String}
    )
    found = _one_a_row(column).join(places, on="tag", how="inner").sort("row", "place")
    cells = (found["row"].to_numpy(), found["place"].to_numpy())
    return csr_matrix((np.ones(found.height), cells), shape=(column.len(), len(tags)))


def _directions(carried: Any, rarity: Float, *, n_songs: Float, n_dimensions: int) -> Float:
    """The strongest right singular vectors of the weighed songs, (n_tags, n_coordinates), signs settled."""
    from scipy.linalg import eigh
    from scipy.sparse import diags

    weighed = carried @ diags(rarity)
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    weighed = diags(np.sqrt(n_songs) / np.where(lengths > 0, lengths, 1.0)) @ weighed
    together = np.asarray((weighed.T @ weighed).todense())
    n_tags = len(together)
    with one_blas_thread():
        strengths, vectors = eigh(together, subset_by_index=(max(0, n_tags - n_dimensions), n_tags - 1))
    kept = strengths[::-1] > 1e-9 * max(float(strengths[-1]), 1e-300)
    vectors = vectors[:, ::-1][:, kept]
    largest = np.abs(vectors).round(9).argmax(axis=0)
    return np.asarray(vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])]), dtype=np.float64)


def _label(tags: Sequence[str], direction: Float) -> str:
    """The tags at the two ends of a direction; one where it has no other end."""
    low, high = int(direction.argmin()), int(direction.argmax())
    return f"Tags: {tags[low]} to {tags[high]}" if direction[low] < -0.01 else f"Tags: {tags[high]}"


def _lend(own: TagKinds, artists: pl.Series) -> TagKinds:
    """Give songs without tags the mean of their artist's songs that have some."""
    from scipy.sparse import coo_matrix

    numbers = first_artist_keys(artists).rank("dense").fill_null(0).to_numpy().astype(np.int64)
    lends = (own.kind > 0) & (numbers > 0)
    counts = np.bincount(numbers[lends], minlength=int(numbers.max(initial=0)) + 1)
    wanting = (own.kind == 0) & (counts[numbers] > 0)
    receivers, receiver = np.unique(numbers[wanting], return_inverse=True)
    place = np.full(len(counts), -1)
    place[receivers] = np.arange(len(receivers))
    given = lends & (place[numbers] >= 0)
    cells = (np.ones(int(given.sum())), (place[numbers[given]], own.kind[given]))
    sums = coo_matrix(cells, shape=(len(receivers), len(own.vectors))).tocsr() @ own.vectors
    kind = own.kind.copy()
    kind[wanting] = len(own.vectors) + receiver
    return TagKinds(kind, np.vstack([own.vectors, sums / counts[receivers, None]]))
