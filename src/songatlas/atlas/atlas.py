"""`Atlas`: everything that was found out about a table of songs, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from songatlas.atlas.kept import Kept
from songatlas.atlas.likeness import Likeness
from songatlas.atlas.names_file import Generated
from songatlas.atlas.placing import is_heard, notes_on, place_songs, unheard_features
from songatlas.atlas.refine import Refinement
from songatlas.atlas.rows import ClusteredRows, spread_over_rows
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.swept import Swept
from songatlas.atlas.whole import Whole
from songatlas.choose_k import Verdict
from songatlas.colours import colour_of
from songatlas.errors import MissingColumns, UnknownName
from songatlas.files import path_of
from songatlas.kmeans import Clustering, Division
from songatlas.lint import Finding
from songatlas.profiles import Profile
from songatlas.roles import Roles
from songatlas.songs import ColumnReading, RuleCount, Source, clean_songs, read_songs
from songatlas.songs.arguments import require_text
from songatlas.space import Layout, SongSpace, belief_column

if TYPE_CHECKING:
    from songatlas.atlas.why import Explanation


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """A clustered catalogue: songs, clusters with names, and the evidence for them.

    Made by `build_atlas`, or read from its folder by `Atlas.load`.

    Attributes
    ----------
    settings : AtlasSettings
        What it was built with.
    version, created : str
        Version of songatlas that built it, and when (ISO 8601, UTC).
    source, columns
        The file that was read, and what each of its columns was understood as.
    n_rows, n_songs : int
        Rows of the input, and different songs in them; `songs` holds those that were clustered.
    counts : tuple of RuleCount
        What each rule of cleaning did.
    dropped_features : mapping of str to str
        Features that could not be used, and why.
    songs : DataFrame, n_clustered rows
        The clustered songs, or a sample of them, sorted by `song_id`.
    space, layout, positions
        The fitted space, its map in two dimensions, and the float32 `(n_clustered, 2)` places on it.
    clustering : Clustering
        Labels 0..k-1 by falling size, centroids, inertia and its history.
    sweep : tuple of Swept
        The clusterings of every k that was tried, without labels; empty where an older songatlas saved it.
    plain_run : tuple of float
        Inertia after each iteration of one plain run of k-means with the chosen k, on a sample where the
        songs are many.
    distances : ndarray of float64, shape (n_clustered,)
        Distance of each song to the centroid of its cluster.
    evidence : DataFrame
        One row for each k that was tried, with every index.
    quality : mapping
        The indices of the chosen clustering.
    verdict : Verdict
        Which k, and why, in words.
    division : Division
        The playlist-sized clusters inside the clusters.
    roles : Roles
        The part of each song in its cluster: core, borderline, bridge or outlier, and the figures behind it.
    exemplars : tuple of tuple of str
        For each cluster `song_id` of songs that together show what is in it.
    findings : tuple of Finding
        What the lint warns about.
    refinement : Refinement or None
        The weights of features that were proposed, where a person asked for them.
    spaces : DataFrame
        What other spaces would give: one row a space; empty where there is nothing to judge them by.
    silhouette_sample : DataFrame
        `cluster` and `silhouette` of a sample of the songs.
    profiles : tuple of Profile
        What each cluster sounds like, with its name.
    generated : Generated
        What the clusters are called where no person renames them.
    colours : tuple of int
        Number of the colour of each cluster: its own number, but for clusters that kept an older colour.
    likeness : Likeness or None
        The old atlas whose names and colours it keeps, where it was built like one.
    genre : mapping or None
        Agreement with the genres, between chance and ceiling, where the table has genres.
    genre_counts : DataFrame
        Songs of each genre in each cluster; empty where there are no genres.
    genre_of_songs : DataFrame, n_clustered rows
        `genre`, and for songs without one `predicted_genre` and `genre_confidence`; null where unknown.
    genre_sharpness : float
        What beliefs on genres are multiplied by, as cross-fitting found it.
    beliefs : ndarray of float32, shape (n_clustered, n_genres), or None
        What genre each song is believed to be of, where genres are part of the space.
    whole : Whole or None
        What is known of all songs of a catalogue that was clustered in parts; `songs`, and all that is told
        of them, may then be a sample.
    rows : ClusteredRows or None
        Every row of the table with its cluster; only right after a build in memory.
    kept : Kept
        What others worked out of the atlas, such as `taste_of`, for who asks next.
    """

    settings: AtlasSettings
    version: str
    created: str
    source: Source
    columns: tuple[ColumnReading, ...]
    n_rows: int
    n_songs: int
    counts: tuple[RuleCount, ...]
    dropped_features: Mapping[str, str]
    songs: pl.DataFrame
    space: SongSpace
    layout: Layout
    positions: np.ndarray
    clustering: Clustering
    sweep: tuple[Swept, ...]
    plain_run: tuple[float, ...]
    distances: np.ndarray
    evidence: pl.DataFrame
    quality: Mapping[str, Any]
    verdict: Verdict
    division: Division
    roles: Roles
    exemplars: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]
    refinement: Refinement | None
    spaces: pl.DataFrame
    silhouette_sample: pl.DataFrame
    profiles: tuple[Profile, ...]
    generated: Generated
    colours: tuple[int, ...]
    likeness: Likeness | None
    genre: Mapping[str, Any] | None
    genre_counts: pl.DataFrame
    genre_of_songs: pl.DataFrame
    genre_sharpness: float
    beliefs: np.ndarray | None
    whole: Whole | None = None
    rows: ClusteredRows | None = None
    kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    @property
    def k(self) -> int:
        """Number of clusters."""
        return self.clustering.k

    @property
    def n_clustered(self) -> int:
        """Number of songs in a cluster, be they in `songs` or not."""
        return self.songs.height if self.whole is None else self.whole.n_clustered

    @property
    def is_sample(self) -> bool:
        """Whether `songs` is a sample of the clustered songs."""
        return self.n_clustered > self.songs.height

    def cluster_names(self) -> tuple[str, ...]:
        """Return the name of every cluster, in the order of their numbers."""
        return tuple(profile.name for profile in self.profiles)

    def colour_of(self, cluster: int) -> str:
        """Return the colour of a cluster, as ``#rrggbb``."""
        return colour_of(self.colours[cluster])

    def with_names(self, names: Sequence[str]) -> Atlas:
        """Return the atlas under other names, one for each cluster; the generated ones are not forgotten."""
        evidence = self.generated.evidence_called(names)
        profiles = tuple(
            replace(profile, name=name, evidence=said)
            for profile, name, said in zip(self.profiles, names, evidence, strict=True)
        )
        rows = self.rows and replace(self.rows, names=tuple(names))
        findings = self.generated.findings_called(names)
        renamed = replace(self, profiles=profiles, findings=findings, rows=rows)
        renamed.kept.share(self.kept, points=True)
        return renamed

    def called(self, names: Sequence[str]) -> Atlas:
        """Return the atlas with other generated names, no name of them given by a person."""
        findings = self.generated.findings_called(names)
        generated = replace(self.generated, names=tuple(names), findings=findings)
        return replace(self, generated=generated).with_names(names)

    @property
    def genre_names(self) -> tuple[str, ...]:
        """The genres of the songs, in the order of the alphabet."""
        return tuple(self.genre_of_songs["genre"].drop_nulls().unique().sort())

    def points(self) -> np.ndarray:
        """Return the points of the songs, float32 (n_clustered, n_dimensions), not to be written to."""
        return self.kept.get("points", None, self._made_points)

    def _made_points(self) -> np.ndarray:
        songs = self.songs
        if self.beliefs is not None:
            songs = songs.with_columns(belief_column(self.beliefs, self.genre_names))
        points = self.space.points(songs)
        points.setflags(write=False)
        return points

    def assign(
        self,
        source: Any,
        *,
        columns: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        header: tuple[str, ...] | None = None,
    ) -> ClusteredRows:
        """Find the cluster of every row of another table.

        The rules of cleaning are those of the build, and the songs that built the atlas get the very
        clusters they have in it.

        Parameters
        ----------
        source : path or dataframe
            Anything that `read_songs` reads.
        columns, units, header
            As in `read_songs`; by default those of the build.

        Returns
        -------
        ClusteredRows

        Raises
        ------
        MissingColumns
            If the table lacks a feature that the atlas is made of.
        """
        settings = self.settings
        told: dict[str, Any] = {
            "columns": settings.columns if columns is None else columns,
            "units": settings.units if units is None else units,
            "header": settings.header if header is None else header,
        }
        try:
            table = read_songs(source, genre=settings.genre, **told)
        except (UnknownName, MissingColumns):  # new songs need no genre, and may lack the column named then
            table = read_songs(source, **told)
        unheard = unheard_features(self, table.songs)
        missing = [name for name in self.space.features if name not in (*table.songs.columns, *unheard)]
        if missing:
            raise MissingColumns(
                f"{table.source.name} has no column for {', '.join(missing)}, which this atlas is made of: "
                f"name it with --column {missing[0]}=HEADER, or build an atlas without it (--features)"
            )
        switched_off = [count.reason for count in self.counts if count.action == "switched off"]
        clean = clean_songs(
            table.songs,
            features=self.space.features,
            keep=[*settings.keep, *switched_off],
            heard=is_heard(self),
            fixed_features=True,
        )
        placed = place_songs(self, clean.songs)
        notes = notes_on(self, clean)
        return spread_over_rows(table, clean, placed=placed, names=self.cluster_names(), notes=notes)

    def why(self, song: str) -> Explanation:
        """Return why a song is in its cluster: named by id, link, "Title - Artist" or title.

        `UnknownName` says where no song is meant, or several are.
        """
        from songatlas.atlas.why import explain

        require_text("song", song, words="the id, link or title of one song, or 'Title - Artist'")
        return explain(self, song)

    def save(self, directory: str | Path) -> None:
        """Write the atlas into a folder of Parquet, JSON and .npy, never half (see `saved.save_atlas`).

        Names that a person gave in the `names.toml` of that folder are carried over. `BadSettings` says where
        a file would be replaced that songatlas did not write.
        """
        from songatlas.atlas.identity import carry_names
        from songatlas.atlas.saved import save_atlas

        place = path_of("directory", directory)
        carried = carry_names(self, place)
        save_atlas(carried.atlas, place, names=carried.text)

    @classmethod
    def load(cls, directory: str | Path) -> Atlas:
        """Read an atlas from its folder, under the names of its `names.toml`.

        `BadAtlas` says what is wrong with the atlas, `BadSettings` what with the file of names.
        """
        from songatlas.atlas.saved import load_atlas

        return load_atlas(path_of("directory", directory))
