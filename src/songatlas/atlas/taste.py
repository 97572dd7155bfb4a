"""The songs of an atlas in the space of taste: worked out once, used by recommendations and playlists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import artist_keys
from songatlas.errors import BadSettings, quoted
from songatlas.features import FEATURES
from songatlas.songs.arguments import require_number, require_text
from songatlas.space import AudioBlock, SongSpace
from songatlas.space.coordinates import numbers_of
from songatlas.space.tags import TagsBlock
from songatlas.taste import N_TAG_DIMENSIONS, Groups, Taste, background, fit_taste

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas


_ALIKE: Final = 0.05  # share of pairs that sound alike
_MOST_PAIRED: Final = 4096  # songs whose pairs show what is usual
_MOST_KEPT: Final = 2  # spaces of an atlas: one with the usual weights, one with a person's


@dataclass(frozen=True, eq=False, kw_only=True)
class SongTaste:
    """A catalogue in the space of taste, with what is needed to choose from it.

    Attributes
    ----------
    taste : Taste
    artists : Groups
        Credited artists of the songs, nobody's names left out.
    versions : ndarray of int64, shape (n_songs,)
        The same number for versions of one song.
    order : ndarray of int64, shape (n_songs,)
        The songs as the seed mixed them; the catalogue's density is measured with the first ones.
    n_threads : int or None
        Threads for that; no influence on the result.
    """

    taste: Taste
    artists: Groups
    versions: NDArray[np.int64]
    order: NDArray[np.int64]
    n_threads: int | None

    @cached_property
    def ground(self) -> NDArray[np.float32]:
        """Density of the catalogue at every song, float32 (n_songs,)."""
        return background(self.taste, self.order, n_threads=self.n_threads)

    def alike(self, rows: NDArray[np.integer[Any]], others: NDArray[np.integer[Any]]) -> list[bool | None]:
        """Say of pairs of songs whether they sound alike to a network.

        Returns
        -------
        list of bool or None
            True where two lie nearer in the audio block than 19 of 20 pairs of the catalogue, False where
            they lie farther apart than half of them; None between, and where there is no such block.
        """
        place = self.taste.places.get("audio")
        if place is None:
            return [None] * len(rows)
        heard = self.taste.coordinates[:, place]
        near, far = self._usual_distances
        apart = np.square(heard[rows] - heard[others]).sum(axis=1)
        return [True if each <= near else False if each > far else None for each in apart.tolist()]

    @cached_property
    def _usual_distances(self) -> tuple[float, float]:
        """Squared distances in the audio block that one in 20 and one in two pairs of songs stay below."""
        heard = self.taste.coordinates[:, self.taste.places["audio"]]
        few = self.order[:_MOST_PAIRED]
        apart = np.square(heard[few] - heard[np.roll(few, 1)]).sum(axis=1)
        near, far = np.quantile(apart, (_ALIKE, 0.5))
        return float(near), float(far)

    @cached_property
    def points(self) -> NDArray[np.float32]:
        """Points in the space of taste, float32 (n_songs, n_dimensions)."""
        return self.taste.points()

    @cached_property
    def listening(self) -> NDArray[np.float32]:
        """Points without popularity, float32 (n_songs, n_dimensions): what is heard between two songs.

        Where a table feeds neither sound nor audio nor era nor tags, popularity is all there is.
        """
        coordinates = self.taste.coordinates
        if "popularity" in self.taste.blocks:
            coordinates = coordinates[:, :-1]
        heard = np.hstack([coordinates, self.taste.kind_points[self.taste.kind]])
        return heard if heard.shape[1] else self.points


def taste_of(atlas: Atlas, weights: Mapping[str, float] = MappingProxyType({})) -> SongTaste:
    """Return the space of taste of an atlas; it is kept, so that asking again costs nothing.

    Parameters
    ----------
    atlas : Atlas
    weights : mapping of str to float
        Weights of blocks of taste, see `songatlas.taste.BLOCKS`; 1 where none.

    Raises
    ------
    UnknownName, BadSettings
        If a weight is of no block or no number from 0 up.
    """
    if not isinstance(weights, Mapping):
        raise BadSettings(f"weights is {quoted(weights)}: it must be a mapping, such as {{'sound': 2}}")
    for block, weight in weights.items():
        require_text("a block of taste", block, words="its name, such as 'sound'")
        require_number(f"the weight of {quoted(block)}", weight)
    asked = tuple(sorted((name, float(weight)) for name, weight in weights.items()))
    settings = atlas.settings
    return atlas.kept.get(
        "taste",
        asked,
        lambda: fit_song_taste(atlas.songs, weights=weights, seed=settings.seed, n_threads=settings.threads),
        most=_MOST_KEPT,
    )


def filterable(atlas: Atlas) -> pl.DataFrame:
    """Return the songs of an atlas with all that they may be filtered by.

    Returns
    -------
    DataFrame, n_clustered rows
        The songs table, with `cluster` (its name, and its number as a text), `subcluster`, `role` and, where
        genres are known, `genre` and `predicted_genre`.
    """
    return atlas.kept.get("filterable", None, lambda: _filterable(atlas))


def _filterable(atlas: Atlas) -> pl.DataFrame:
    names = pl.Series(atlas.cluster_names(), dtype=pl.String)
    numbers = pl.Series(atlas.clustering.labels)
    genres = [each for each in atlas.genre_of_songs.select("genre", "predicted_genre") if each.count()]
    return atlas.songs.with_columns(
        pl.concat_list(names.gather(numbers.cast(pl.UInt32)), numbers.cast(pl.String)).alias("cluster"),
        pl.Series("subcluster", atlas.division.labels),
        atlas.roles.role.cast(pl.String).alias("role"),
        *genres,
    )


def fit_song_taste(
    songs: pl.DataFrame,
    *,
    weights: Mapping[str, float] = MappingProxyType({}),
    seed: int = 0,
    n_threads: int | None = None,
) -> SongTaste:
    """Put songs into the space of taste, with every block that their table feeds.

    Parameters
    ----------
    songs : DataFrame
        Clean songs, sorted by `song_id`.
    weights : mapping of str to float
        As in `taste_of`.
    seed : int
        Seed of the sample that the density of the catalogue is measured with.
    n_threads : int, optional
        No influence on the result.
    """
    artists = artist_keys(songs["artists"]) if "artists" in songs.columns else None
    taste = fit_taste(
        songs.height,
        sound=_sound(songs),
        audio=_audio(songs),
        years=numbers_of(songs, "year") if "year" in songs.columns else None,
        popularity=numbers_of(songs, "popularity") if "popularity" in songs.columns else None,
        tags=_tags(songs),
        artists=artists,
        albums=_albums(songs),
        weights=weights,
    )
    return SongTaste(
        taste=taste,
        artists=Groups.of(pl.Series([None] * songs.height, dtype=pl.String) if artists is None else artists),
        versions=versions_of(songs),
        order=np.random.default_rng([seed, 6]).permutation(songs.height),
        n_threads=n_threads,
    )


def _sound(songs: pl.DataFrame) -> NDArray[Any] | None:
    """How songs sound, all features of the sound that the table has; None where it has none."""
    features = [name for name, each in FEATURES.items() if each.in_sound and name in songs.columns]
    if not features:
        return None
    return SongSpace.fit(songs, features=features, blocks=("sound",)).points(songs)


def _audio(songs: pl.DataFrame) -> NDArray[Any] | None:
    """What a scan has heard of the songs; None where it has heard too few."""
    block = AudioBlock.fit(songs, features=(), weight=1.0)
    return None if isinstance(block, str) else block.points(songs)


def _tags(songs: pl.DataFrame) -> tuple[NDArray[np.int32], NDArray[Any]] | None:
    """The kinds of tags; None where too few songs have any."""
    block = TagsBlock.fit(songs, features=(), weight=1.0, n_dimensions=N_TAG_DIMENSIONS)
    if isinstance(block, str):
        return None
    kinds = block.kinds(songs)
    return kinds.kind, kinds.vectors


def _albums(songs: pl.DataFrame) -> pl.Series | None:
    """Something that only songs of one album have: its name with the day or year of its release."""
    if "album" not in songs.columns:
        return None
    dates = [name for name in ("release_date", "year") if name in songs.columns][:1]
    date = pl.col(dates[0]).cast(pl.String).fill_null("") if dates else pl.lit("")
    name = pl.col("album").cast(pl.String).str.strip_chars().str.to_lowercase()
    return songs.select(pl.when(name != "").then(pl.concat_str(name, date, separator="\x00"))).to_series()


def versions_of(songs: pl.DataFrame) -> NDArray[np.int64]:
    """Return a number for each song, the same for versions of one, int64 (n_songs,)."""
    numbers = np.arange(songs.height, dtype=np.int64)
    if "version_of" not in songs.columns:
        return numbers
    others = songs.select(pl.row_index("row"), "version_of").drop_nulls()
    stands_at = songs.select("song_id", pl.row_index("place"))
    found = others.join(stands_at, left_on="version_of", right_on="song_id", how="inner")
    numbers[found["row"].to_numpy()] = found["place"].to_numpy()
    return numbers
