"""The road of a catalogue that is never held as a whole, on one page.

look -> read -> clean -> space -> sample: sweep, verdict -> points: Lloyd over all songs -> `Atlas` -> label.
The parts lie wherever the `Catalogue` keeps them; `tasks` are what they are asked. The atlas holds the songs
with the lowest keys, at most `SAMPLE_SONGS`: where these are all, it is bit for bit that of `build_atlas`.
Else its centroids and the sizes of its clusters are those of all songs.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from songatlas.atlas.atlas import Atlas
from songatlas.atlas.build import wanted_features
from songatlas.atlas.folders import put_in_place
from songatlas.atlas.identity import carry_names
from songatlas.atlas.large.cleaned import Cleaned, Cleaning
from songatlas.atlas.large.refusing import refuse_heard
from songatlas.atlas.large.sampled import Sample, Settling, fit_of, sample_of, settled_as, settled_by
from songatlas.atlas.large.tasks import CLEAN, SONGS, LabelHeldRows, LabelRows, ReadRows
from songatlas.atlas.large.telling import saying
from songatlas.atlas.making import make_atlas
from songatlas.atlas.placing import placed_songs
from songatlas.atlas.rows import APPENDED, TOLD, appended_names, column_names
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.usual_space import with_space
from songatlas.atlas.whole import Engine, SparkKMeans, Whole
from songatlas.catalogue import KEY, ROWS, Catalogue
from songatlas.keys import text_keys
from songatlas.kmeans import SAMPLE_SONGS, Settled
from songatlas.progress import Progress, part
from songatlas.safe_cells import raw_order
from songatlas.songs import (
    CleaningPolicy,
    SongsTable,
    Source,
    Understanding,
    first_policy,
    understand_songs,
)
from songatlas.songs.folder_files import CLUSTERED

LOOK_ROWS: Final = 200_000
"""Rows from which a table is understood; all where there are no more."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a catalogue is clustered with.

    Attributes
    ----------
    engine : {"stream", "spark"}
    settling : callable
        Clusters all points.
    kmeans : {"ours", "mllib"}
        Whose k-means `settling` is. MLlib's is asked even where the atlas holds all songs, which ours has
        clustered already then.
    rows_to : str or None
        Address that the clustered songs are written to, in place of the folder of the outputs.
    raw_cells : bool
        Whether text files are written with their texts as they are, though a spreadsheet may run them.
    """

    engine: Engine
    settling: Settling
    kmeans: SparkKMeans = "ours"
    rows_to: str | None = None
    raw_cells: bool = False


@dataclass(frozen=True)
class Watch:
    """Seconds of the steps of the road, in their order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look at a catalogue tells.

    Attributes
    ----------
    table : SongsTable
        Some of its rows, or all.
    policy : CleaningPolicy
        What these rows ask for.
    known : Understanding
        How all rows are to be read.
    settings : AtlasSettings
        Whose space names its blocks.
    """

    table: SongsTable
    policy: CleaningPolicy
    known: Understanding
    settings: AtlasSettings


def travel(
    catalogue: Catalogue,
    folder: Path,
    settings: AtlasSettings,
    means: Means,
    *,
    old: Atlas | None,
    tell: Progress,
) -> tuple[Atlas, Path | None]:
    """Build the atlas of a catalogue, and write its rows with their clusters beside their place.

    Parameters
    ----------
    catalogue : Catalogue
    folder : Path
        Of all outputs; `place_rows` makes what is written there its `clustered_songs/`.
    settings : AtlasSettings
    means : Means
        What clusters it.
    old : Atlas or None
        An older atlas whose names and colours are kept.
    tell : callable
        Progress, from 0 to 1.

    Returns
    -------
    Atlas, Path or None
        The atlas, and the folder of the files that were written; None where they are in a place of their own.
    """
    watch = Watch()
    with watch.step("reading"):
        tell(0.0, "looking at the songs")
        looked = understood(catalogue, settings)
        task = ReadRows(known=looked.known, seed=settings.seed)
        told = saying(part(tell, 0.02, 0.15), "reading the songs")
        catalogue.stage(SONGS, task, of=ROWS, tell=told, columns=looked.known.used)
    with watch.step("cleaning"):
        songs = looked.table.songs
        asking = Cleaning(catalogue, songs, settings=looked.settings, n_wanted=SAMPLE_SONGS)
        cleaned = asking.clean(looked.policy, part(tell, 0.15, 0.4))
    with watch.step("choosing k"):
        sample = sample_of(cleaned, looked.table, looked.settings, part(tell, 0.4, 0.55))
    with watch.step("clustering"):
        settled = _settled(sample, cleaned, catalogue, means, part(tell, 0.55, 0.75))
    with watch.step("describing"):
        whole = _whole_of(settled, cleaned, means)
        source = source_of(catalogue, looked.table)
        made = _atlas_of(
            looked, sample, cleaned, settled, source, whole, old=old, tell=part(tell, 0.75, 0.85)
        )
        atlas = carry_names(made, folder / "atlas").atlas
    with watch.step("writing"):
        beside, files, called = write_rows(
            catalogue, atlas, cleaned, folder, part(tell, 0.85, 1.0), means=means
        )
    whole = replace(whole, files=files, rows_to=means.rows_to, columns=called)
    return replace(atlas, whole=replace(whole, seconds=MappingProxyType(watch.seconds))), beside


def understood(catalogue: Catalogue, settings: AtlasSettings) -> Looked:
    """Return what a look at a catalogue tells."""
    origin, cells = catalogue.origin, catalogue.look(LOOK_ROWS)
    table, known = understand_songs(
        cells,
        header=origin.header,
        name=origin.name,
        columns=settings.columns,
        units=settings.units,
        genre=settings.genre,
        format=origin.format,
        encoding=origin.encoding,
        separator=origin.separator,
        notes=origin.notes,
        sha256=origin.sha256,
    )
    refuse_heard(table.songs, settings, origin.name)
    wanted = wanted_features(table.songs, settings.features)
    policy = first_policy(table.songs, features=wanted, keep=settings.keep)
    return Looked(table=table, policy=policy, known=known, settings=with_space(settings, table.songs))


def write_rows(
    catalogue: Catalogue,
    atlas: Atlas,
    cleaned: Cleaned,
    folder: Path,
    tell: Progress,
    *,
    means: Means,
) -> tuple[Path | None, tuple[str, ...], Mapping[str, str]]:
    """Write every row with its cluster; return the folder, its files, and what our columns are called.

    Rows that go to an address are where they belong at once; no folder is returned for them.
    """
    held = cleaned.n_clustered == atlas.songs.height
    predicted = bool(atlas.genre_of_songs["predicted_genre"].count())
    columns = column_names(predicted=predicted) if held else APPENDED
    columns = raw_order(columns) if means.raw_cells else columns
    called = appended_names(catalogue.origin.header, columns)
    label = _label_held(atlas, called) if held else _label_all(atlas, called)
    added = {called[column]: TOLD[column] for column in columns}
    said = hashlib.sha256(repr((atlas.cluster_names(), list(called.items()))).encode()).hexdigest()
    beside = folder / f"{CLUSTERED}.{said[:8]}.partial"  # other names are written anew
    told = saying(tell, "writing the clustered songs")
    files = catalogue.write(label, added, means.rows_to or str(beside), of=CLEAN, tell=told)
    return None if means.rows_to else beside, files, called


def place_rows(beside: Path | None, folder: Path) -> None:
    """Make what `travel` wrote the clustered songs of a folder, if nobody has; remove what others left."""
    if beside is not None and beside.is_dir():
        put_in_place(beside, folder / CLUSTERED)
    for leftover in folder.glob(f"{CLUSTERED}.*.partial"):
        shutil.rmtree(leftover, ignore_errors=True)


def _settled(sample: Sample, cleaned: Cleaned, catalogue: Catalogue, means: Means, tell: Progress) -> Settled:
    """Where the centroids of all songs end."""
    if sample.is_all and means.kmeans == "ours":
        return settled_as(sample.clusters)
    return settled_by(means.settling, catalogue, cleaned, sample.clusters.start, tell)


def _atlas_of(
    looked: Looked,
    sample: Sample,
    cleaned: Cleaned,
    settled: Settled,
    source: Source,
    whole: Whole,
    *,
    old: Atlas | None,
    tell: Progress,
) -> Atlas:
    """The atlas, under the names of an older one or its own."""
    settings = looked.settings
    return make_atlas(
        looked.table,
        sample.clean,
        fit_of(sample, cleaned, settled, settings, part(tell, 0.0, 0.5)),
        sample.known,
        settings=settings,
        old=old,
        tell=part(tell, 0.5, 1.0),
        source=source,
        whole=whole,
    )


def source_of(catalogue: Catalogue, table: SongsTable) -> Source:
    """Where the songs came from, all rows counted."""
    source, n_rows = table.source, catalogue.n_rows
    if source.n_rows == n_rows:
        return source
    note = f"What the columns mean was understood from {source.n_rows:,} of {n_rows:,} rows, spread over all."
    return replace(source, n_rows=n_rows, notes=(*source.notes, note))


def _whole_of(settled: Settled, cleaned: Cleaned, means: Means) -> Whole:
    """What is known of all songs."""
    return Whole(
        n_clustered=cleaned.n_clustered,
        sizes=tuple(settled.sizes.tolist()),
        inertia=settled.inertia,
        n_iter=settled.n_iter,
        engine=means.engine,
        kmeans=means.kmeans,
    )


def _label_all(atlas: Atlas, called: Mapping[str, str]) -> LabelRows:
    """What labels rows whose songs the atlas need not hold."""
    return LabelRows(
        space=atlas.space,
        centroids=atlas.clustering.centroids,
        names=atlas.cluster_names(),
        called=dict(called),
        n_threads=1,
    )


def _label_held(atlas: Atlas, called: Mapping[str, str]) -> LabelHeldRows:
    """What labels rows whose songs the atlas holds."""
    keys = text_keys(atlas.songs["song_id"], seed=atlas.settings.seed).alias(KEY)
    placed = placed_songs(atlas).with_columns(keys).sort(KEY)
    return LabelHeldRows(placed=placed, names=atlas.cluster_names(), called=dict(called))
