"""The road of large catalogues: the same atlas however rows are parted, and the one of `build_atlas`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from frames import FrameCatalogue

from songatlas.atlas import Atlas, AtlasSettings, build_atlas, fitting
from songatlas.atlas.build import preview
from songatlas.atlas.large import cleaned, road, sampled
from songatlas.atlas.large.cleaned import Cleaning, lowest_songs
from songatlas.atlas.large.road import Means, place_rows, travel, understood
from songatlas.atlas.large.settling import OurSettling
from songatlas.atlas.large.tasks import SONGS, ReadRows
from songatlas.atlas.saved import load_atlas
from songatlas.catalogue import ROWS, Points
from songatlas.demo import simulate_catalogue
from songatlas.keys import lowest_rows, text_keys
from songatlas.kmeans import Settled, nearest_centroids, starts
from songatlas.progress import Progress, silent
from songatlas.space import SongSpace

PLAIN = AtlasSettings(k_max=3, threads=1)
QUICK = PLAIN.change(units={"energy": "share"})
OUR_OWN = {"whole", "rows", "kept", "created", "source", "layout"}
"""Fields of an atlas that differ, or are compared by themselves."""


def parted(rows: pl.DataFrame, n_parts: int, *, seed: int | None = None) -> list[pl.DataFrame]:
    """The rows in parts of different sizes, one of them empty; shuffled under a seed."""
    if seed is not None:
        rows = rows[np.random.default_rng(seed).permutation(rows.height)]
    cuts = np.linspace(0, 1, n_parts + 1) ** 1.5 * rows.height
    cuts = cuts.astype(int).tolist()
    return [rows[start:end] for start, end in pairwise(cuts)] + [rows.clear()]


def large(frames: Sequence[pl.DataFrame], folder: Path, settings: AtlasSettings = QUICK) -> Atlas:
    """The atlas of frames."""
    means = Means(engine="stream", settling=OurSettling())
    atlas, rows = travel(FrameCatalogue(frames), folder, settings, means, old=None, tell=silent)
    place_rows(rows, folder)
    return atlas


def dirty(n_rows: int = 700) -> pl.DataFrame:
    """Rows with everything that cleaning meets, many songs in several rows."""
    rows = simulate_catalogue(n_rows, seed=3)
    wrong = pl.when(pl.int_range(pl.len()) % 41 == 0).then(9.5).otherwise("energy").alias("energy")
    again = rows.gather_every(9).with_columns(pl.col("danceability") * 0.9, playlist_genre=pl.lit("again"))
    return pl.concat([rows.with_columns(wrong), again, rows.gather_every(50)])


def without_genres() -> pl.DataFrame:
    """The same, of which an atlas is made sooner."""
    return dirty().drop("playlist_genre", "genres")


def differing(one: Atlas, other: Atlas) -> list[str]:
    """Names of the fields in which two atlases differ by a bit."""
    names = [each.name for each in fields(Atlas) if each.name not in OUR_OWN]
    return [name for name in names if not is_same(getattr(one, name), getattr(other, name))]


def is_same(one: object, other: object) -> bool:
    """Whether two values are the same, arrays in them bit for bit."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, pl.DataFrame | pl.Series):
        return isinstance(other, type(one)) and one.equals(other)
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(is_same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return all(is_same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    return one == other


@pytest.fixture(scope="module")
def in_memory() -> Atlas:
    return build_atlas(dirty(), QUICK)


@pytest.mark.parametrize(("n_parts", "seed"), [(1, None), (15, 5)])
def test_an_atlas_that_holds_all_songs_is_that_of_memory(
    in_memory: Atlas, n_parts: int, seed: int | None, tmp_path: Path
) -> None:
    frames = parted(dirty(), n_parts, seed=seed)
    atlas = large(frames, tmp_path)
    assert differing(atlas, in_memory) == []
    assert atlas.source.n_rows == in_memory.n_rows
    assert atlas.whole is not None
    assert not atlas.is_sample
    assert atlas.whole.sizes == tuple(profile.size for profile in in_memory.profiles)
    rows = in_memory.rows
    assert rows is not None
    written = pl.concat(pl.read_parquet(tmp_path / "clustered_songs" / name) for name in atlas.whole.files)
    by = written.columns[: len(frames[0].columns)]
    expected = pl.concat([dirty(), rows.columns()], how="horizontal")
    assert written.height == expected.height
    assert written.sort(by).equals(expected.sort(by))


def test_a_large_atlas_comes_back_from_its_folder(tmp_path: Path) -> None:
    atlas = large(parted(without_genres(), 3), tmp_path)
    atlas.save(tmp_path / "atlas")
    again = load_atlas(tmp_path / "atlas")
    assert again.whole == atlas.whole
    assert again.n_clustered == atlas.songs.height
    assert again.save(tmp_path / "again") is None
    manifests = [(tmp_path / name / "manifest.json").read_bytes() for name in ("atlas", "again")]
    assert manifests[0] == manifests[1]
    replace(atlas, whole=None).save(tmp_path / "other")
    assert load_atlas(tmp_path / "other").whole is None


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaned, "_AT_ONCE", 50)


def cleaned_parts(
    frames: Sequence[pl.DataFrame], settings: AtlasSettings, *, n_wanted: int = 200_000
) -> cleaned.Cleaned:
    """Frames, cleaned in parts."""
    catalogue = FrameCatalogue(frames)
    looked = understood(catalogue, settings)
    catalogue.stage(SONGS, ReadRows(known=looked.known, seed=settings.seed), of=ROWS, tell=silent)
    asking = Cleaning(catalogue, looked.table.songs, settings=looked.settings, n_wanted=n_wanted)
    return asking.clean(looked.policy, silent)


@pytest.mark.parametrize("name", ["spotify_songs.csv", "amazon_sample.csv"])
def test_real_tables_are_cleaned_as_in_memory(name: str, shared_data: Path) -> None:
    table, clean = preview(shared_data / name, PLAIN)
    assert isinstance(table.raw, pl.DataFrame)
    found = cleaned_parts(parted(table.raw, 5, seed=2), PLAIN)
    assert found.counts == clean.counts
    assert found.n_clustered == clean.songs.height
    assert lowest_songs(found.drawn, 10**6).equals(clean.songs.drop("version_of"))
    assert found.space == SongSpace.fit(clean.songs, features=clean.features)
    assert dict(found.policy.dropped) == dict(clean.dropped_features)


def test_rules_that_are_off_are_off_in_parts() -> None:
    settings = QUICK.change(keep=("all",))
    _, clean = preview(dirty(), settings)
    found = cleaned_parts(parted(dirty(), 5, seed=2), settings)
    assert found.counts == clean.counts
    assert found.n_clustered == clean.songs.height


@pytest.mark.parametrize("n_twice", [0, 20, 60])
def test_versions_are_counted_among_songs_of_one_row_and_of_several(n_twice: int) -> None:
    """Three songs have each name, by one artist for half of them; the first rows stand twice."""
    rows = simulate_catalogue(60, seed=2).with_columns(
        pl.format("Song of {}", pl.int_range(pl.len()) % 20 + 1).alias("track_name"),
        pl.when(pl.int_range(pl.len()) % 20 < 10)
        .then(pl.lit("Ann"))
        .otherwise("track_artist")
        .alias("track_artist"),
    )
    rows = pl.concat([rows, rows[:n_twice].with_columns(pl.col("energy") * 0.9)])
    _, clean = preview(rows, QUICK)
    found = cleaned_parts(parted(rows, 3, seed=4), QUICK)
    assert found.counts == clean.counts
    assert clean.songs["version_of"].count() >= 20
    assert found.merged.made.height >= n_twice - 1


@pytest.mark.usefixtures("few_at_once")
def test_songs_in_several_rows_are_drawn_again_where_they_were_too_few() -> None:
    rows = pl.concat([dirty(300), dirty(300)])
    found = cleaned_parts(parted(rows, 4), QUICK, n_wanted=200)
    _, clean = preview(rows, QUICK)
    keys = text_keys(clean.songs["song_id"], seed=QUICK.seed)
    expected = clean.songs[lowest_rows(keys.to_numpy(), 200)]
    assert lowest_songs(found.drawn, 200).equals(expected.drop("version_of"))
    assert found.space == SongSpace.fit(clean.songs, features=clean.features)
    assert set(found.merged.made.dtypes[2:]) == {pl.Float64}


def test_a_look_that_misleads_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows lie about medians, and about features that are no use."""
    rows = dirty().with_columns(
        pl.when(pl.int_range(pl.len()) < 60).then(0.5).otherwise("valence").alias("valence")
    )
    monkeypatch.setattr(road, "LOOK_ROWS", 60)
    monkeypatch.setattr(FrameCatalogue, "look", lambda self, n_rows: rows[:n_rows])
    found = cleaned_parts(parted(rows, 4), QUICK)
    _, clean = preview(rows, QUICK)
    assert found.counts == clean.counts
    assert found.space == SongSpace.fit(clean.songs, features=clean.features)


@pytest.mark.parametrize("seed", [0, 7])
def test_centroids_of_a_sample_are_those_of_all_songs(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in (fitting, road, sampled, starts):
        monkeypatch.setattr(module, "SAMPLE_SONGS", 300)
    settings = QUICK.change(k=3, seed=seed)
    whole = build_atlas(without_genres(), settings)
    atlas = large(parted(without_genres(), 6, seed=1), tmp_path, settings)
    assert atlas.songs.height == 300
    assert atlas.is_sample
    assert atlas.n_clustered == whole.songs.height
    assert np.array_equal(atlas.clustering.centroids, whole.clustering.centroids)
    assert [profile.size for profile in atlas.profiles] == [profile.size for profile in whole.profiles]
    assert atlas.counts == whole.counts
    assert atlas.space == whole.space
    own = whole.songs.with_columns(label=pl.Series(whole.clustering.labels)).join(
        atlas.songs.select("song_id"), on="song_id", maintain_order="right"
    )
    assert own["label"].to_list() == atlas.clustering.labels.tolist()


def test_other_centroids_are_taken_where_they_are_asked_for(tmp_path: Path) -> None:
    """As MLlib's are, also where the atlas holds all songs."""

    def settling(points: Points, start: np.ndarray, tell: Progress) -> Settled:
        found = OurSettling()(points, start, tell)
        return replace(found, centroids=found.centroids + 0.25)

    catalogue = FrameCatalogue(parted(without_genres(), 3))
    means = Means(engine="spark", settling=settling, kmeans="mllib")
    atlas, _ = travel(catalogue, tmp_path, QUICK.change(k=2), means, old=None, tell=silent)
    labels, distances = nearest_centroids(atlas.points(), atlas.clustering.centroids)
    assert np.array_equal(atlas.clustering.labels, labels)
    assert np.array_equal(atlas.distances, distances)
    told = pl.concat(catalogue.written).drop_nulls("cluster")
    found = told.unique("track_id").sort("track_id")
    assert found["cluster"].to_list() == labels.tolist()
