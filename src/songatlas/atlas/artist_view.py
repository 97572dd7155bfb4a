"""`ArtistView`: the artists of an atlas, who is typical of which cluster, and how clusters are received.

Breadth, shares and typical songs are measured in the space of the clusters; nearest artists in the space of
`taste_of`, where everything counts that the table can feed. Nothing here changes the atlas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artists import (
    Credits,
    Market,
    artist_centres,
    artist_table,
    centre_errors,
    compare_artists,
    credits_of,
    find_artist,
    market_view,
    nearest_artists,
    sound_of,
    typical_artists,
)
from songatlas.artists.nearest import Sound
from songatlas.atlas.artist_parts import artists_of
from songatlas.atlas.naming_a_cluster import cluster_named
from songatlas.atlas.taste import taste_of
from songatlas.errors import MissingColumns
from songatlas.profiles.words import COMPARATIVES
from songatlas.songs.finding import folded_texts, valid_text
from songatlas.space.blocks import FEATURE_SHARES

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

MOST_TYPICAL: Final = 50
"""Typical artists kept of each cluster."""

FEWEST_COMPARED: Final = 20
"""Artists with a breadth that it takes to say how wide another is among them."""


@dataclass(frozen=True, kw_only=True)
class ArtistView:
    """Artists and market of an atlas.

    Attributes
    ----------
    artists : DataFrame
        One row an artist, those of most songs first: the columns of `artists.artist_table`, and `home_name`.
    clusters : DataFrame
        Typical artists of each cluster: `cluster`, `cluster_name` and the columns of `typical_artists`.
    market : DataFrame
        One row a cluster: the columns of `artists.market_view`.
    notes, market_notes : tuple of str
        Songs that are no artist's, and what a reader of the market view should know.
    """

    artists: pl.DataFrame
    clusters: pl.DataFrame
    market: pl.DataFrame
    notes: tuple[str, ...]
    market_notes: tuple[str, ...]
    _atlas: Atlas = field(repr=False, compare=False)
    _credits: Credits = field(repr=False, compare=False)
    _tags: pl.DataFrame = field(repr=False, compare=False)

    @property
    def cluster_names(self) -> tuple[str, ...]:
        """Name of every cluster, in the order of their numbers."""
        return self._atlas.cluster_names()

    def find(self, name: str) -> int:
        """Return the row in `artists` of the artist that some words mean.

        Raises
        ------
        UnknownName
            If no artist is meant, or several are; the message names the nearest.
        """
        return find_artist(self._credits, valid_text(name), folded=self._folded)

    def songs_of(self, row: int) -> NDArray[np.int64]:
        """Return the rows of the songs of the artist of a row, rising."""
        return np.asarray(self._credits.songs_of(row), dtype=np.int64)

    def nearest(self, name: str, n: int = 10) -> pl.DataFrame:
        """Return the artists nearest to one, and why.

        Parameters
        ----------
        name : str
            As in `find`.
        n : int
            How many, at most.

        Returns
        -------
        DataFrame
            `artist`, `n_songs`, `home_name`, `distance` (in the space of taste; few songs
            count as farther off) and `why`, the nearest first.
        """
        asked = self.find(name)
        rows, distances = self.nearest_rows([asked], n)
        found = rows[0][rows[0] >= 0]
        near = self.artists.select("artist", "n_songs", "home_name").select(pl.all().gather(found))
        return near.with_columns(
            distance=pl.Series(distances[0][: len(found)]),
            why=pl.Series([self.why(asked, int(other)) for other in found], dtype=pl.String),
        )

    def nearest_rows(self, asked: Sequence[int], n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return rows and distances of the nearest artists of several, as `artists.nearest_artists` does."""
        owners = (self.artists["n_own_songs"] > 0).to_numpy()
        centres, errors = self._centres
        return nearest_artists(centres, asked, errors=errors, candidates=owners, n=n)

    def why(self, first: int, second: int) -> str:
        """Return in words what two artists share, and how the second differs, by their rows."""
        likeness = compare_artists(
            first,
            second,
            self._atlas.songs,
            self._credits,
            sound=self._sound,
            tags=self._tags,
            comparatives=COMPARATIVES,
        )
        return likeness.sentence

    def sentences(self, row: int) -> tuple[str, ...]:
        """Return what is known of the artist of a row, in words."""
        breadth, known = self.artists["breadth"][row], self.artists["breadth"].drop_nulls().to_numpy()
        compared = breadth is not None and len(known) >= FEWEST_COMPARED
        narrower = float(np.mean(known < breadth)) if compared else None
        return _told(
            self.artists.row(row, named=True), k=self._atlas.k, narrower=narrower, years=self._years(row)
        )

    def _years(self, row: int) -> tuple[float, float] | None:
        """The first and the last year of an artist's songs."""
        if "year" not in self._atlas.songs.columns:
            return None
        years = self._atlas.songs["year"].gather(self._credits.songs_of(row)).cast(pl.Float64).drop_nulls()
        years = years.drop_nans()
        return (float(years.min()), float(years.max())) if years.len() else None  # type: ignore[arg-type]

    def bars(self, rows: Sequence[int]) -> dict[str, Any]:
        """Return what the figure of artists over clusters is drawn from, for the artists of some rows."""
        chosen = self.artists[list(rows)]
        shares = np.zeros((chosen.height, self._atlas.k))
        for place, (clusters, parts) in enumerate(chosen.select("clusters", "shares").iter_rows()):
            shares[place, clusters] = parts
        return {
            "artists": chosen["artist"].to_list(),
            "n_songs": chosen["n_songs"].to_list(),
            "shares": shares,
            "home": chosen["home_cluster"].to_list(),
            "breadth": chosen["breadth"].fill_null(np.nan).to_numpy(),
            "names": self._atlas.cluster_names(),
            "colours": self._atlas.colours,
        }

    def cluster_named(self, text: str) -> int:
        """Return the number of a cluster by its name, the one that a person replaced, a part, or its number.

        Raises
        ------
        UnknownName
            If no cluster is meant, or several are; the message names them.
        """
        return cluster_named(self._atlas.cluster_names(), text, generated=self._atlas.generated.names)

    @cached_property
    def _folded(self) -> Any:
        """What folds texts; the names of all artists only once."""
        names, folded = self._credits.names, folded_texts(self._credits.names)
        return lambda texts: folded if texts is names else folded_texts(texts)

    @cached_property
    def _centres(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Where artists lie in the space of taste, and how far that may be wrong."""
        points = taste_of(self._atlas).points
        centres = artist_centres(points, self._credits)
        return centres, centre_errors(points, centres, self._credits)

    @cached_property
    def _sound(self) -> Sound:
        return sound_of(self._atlas.songs, weights=FEATURE_SHARES)


def artists_of_atlas(atlas: Atlas) -> ArtistView:
    """Return the artists of an atlas: their clusters, home, breadth and era, and how clusters are received.

    They are counted once and then kept.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.

    Raises
    ------
    MissingColumns
        If the table has no artists.
    """
    return atlas.kept.get("artists", None, lambda: _view_of(atlas))


def _view_of(atlas: Atlas) -> ArtistView:
    credits, names = credits_of_atlas(atlas), list(atlas.cluster_names())
    found = artist_table(atlas.songs, credits, atlas.clustering.labels, atlas.points(), k=atlas.k)
    market = _market(atlas, credits)
    home = pl.Series("home_name", names).gather(found.artists["home_cluster"])
    typical = typical_artists(found.counts, credits, most=MOST_TYPICAL)
    of_cluster = pl.Series("cluster_name", names).gather(typical["cluster"])
    return ArtistView(
        artists=found.artists.insert_column(found.artists.columns.index("home_share"), home),
        clusters=typical.insert_column(1, of_cluster),
        market=market.table,
        notes=_notes(credits),
        market_notes=market.notes,
        _atlas=atlas,
        _credits=credits,
        _tags=found.tags,
    )


def no_bars(atlas: Atlas) -> dict[str, Any]:
    """Return what the figure of artists is drawn from where there are none."""
    nobody: dict[str, Any] = {"artists": [], "n_songs": [], "home": [], "breadth": []}
    return nobody | {"shares": np.zeros((0, atlas.k)), "names": atlas.cluster_names()}


def market_of_atlas(atlas: Atlas) -> Market:
    """Return how the clusters of an atlas are received, their era and growth; artists need not be known."""
    credits = credits_of(artists) if (artists := artists_of(atlas.songs)) is not None else None
    return _market(atlas, credits if credits is not None and credits.n_artists else None)


def credits_of_atlas(atlas: Atlas) -> Credits:
    """Return who is credited with which song of an atlas; `MissingColumns` where nobody is."""
    artists = artists_of(atlas.songs)
    credits = None if artists is None else credits_of(artists)
    if credits is None or not credits.n_artists:
        nobody = (
            "names no artist" if credits is None or not credits.n_nobody else "names only various artists"
        )
        raise MissingColumns(
            f"{atlas.source.name} {nobody}: build the atlas with --column artists=HEADER, where HEADER is "
            "the column of the artists"
        )
    return credits


def _market(atlas: Atlas, credits: Credits | None) -> Market:
    return market_view(
        atlas.songs,
        atlas.clustering.labels,
        names=atlas.cluster_names(),
        credits=credits,
        made_of=atlas.space.dimension_features,
    )


def _notes(credits: Credits) -> tuple[str, ...]:
    """Songs that belong to nobody."""
    notes = []
    if credits.n_nobody:
        notes.append(f"{_songs(credits.n_nobody)} of 'Various Artists', 'unknown' and the like: no artist's.")
    if credits.n_without:
        notes.append(f"{_songs(credits.n_without)} without an artist.")
    return tuple(notes)


def _told(
    artist: dict[str, Any], *, k: int, narrower: float | None, years: tuple[float, float] | None
) -> tuple[str, ...]:
    """What the table says of an artist, in words; `narrower` is the share of artists with less breadth."""
    n, guest = artist["n_songs"], artist["n_songs"] - artist["n_own_songs"]
    songs = f"{_songs(n)}{f' ({guest:,} of them behind another artist)' if guest else ''}"
    usual = artist["home_share"] / artist["home_lift"]
    home = f"{artist['home_name']} with {artist['home_share']:.0%} of them ({usual:.0%} of all songs)"
    lines = [
        f"{songs} in {artist['n_clusters']} of {k} clusters; home is {home}"
        if n > 1
        else f"{songs}, in {artist['home_name']}"
    ]
    if artist["breadth"] is not None:
        wider = "" if narrower is None else f", wider than {narrower:.0%} of the artists"
        lines.append(
            f"Breadth {artist['breadth']:.2f} (0 = one sound, 1 = as wide as the catalogue){wider}; as if "
            f"spread evenly over {artist['effective_clusters']:.1f} clusters"
        )
    if years is not None:
        lines.append(_years_told(artist["year_low"], artist["year_high"], years))
    if artist.get("top_tags"):
        lines.append(f"Tags: {', '.join(artist['top_tags'])}")
    if n > 1:
        lines.append(f"Typical song: {artist.get('typical_title') or artist['typical_song']}")
    return tuple(lines)


def _years_told(low: float, high: float, years: tuple[float, float]) -> str:
    """When an artist's songs came out: all of them, or most where some lie outside."""
    if low == high:
        return f"{'From' if years[0] == years[1] else 'Mostly of'} {low:.0f}"
    return f"{'From' if (low, high) == years else 'Mostly'} {low:.0f} to {high:.0f}"


def _songs(number: int) -> str:
    return f"{number:,} song{'s' * (number != 1)}"
