"""Kernel density: the same as a sum written out in double precision, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from songatlas.atlas.taste import fit_song_taste
from songatlas.features import FEATURES
from songatlas.songs import clean_songs, read_songs
from songatlas.taste import background, best_songs, fit_taste, log_density, nearest_given, preference
from songatlas.taste.blocks import BONUSES, WIDTHS, Taste

NOBODY = np.zeros(0, dtype=np.int64)
ARTISTS = [f"artist {number}" for number in range(40)]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Songs with every block, as `fit_taste` takes them."""

    sound: NDArray[np.float64]
    years: NDArray[np.float64]
    popularity: NDArray[np.float64]
    kind: NDArray[np.int32]
    vectors: NDArray[np.float64]
    artists: list[list[str]]
    albums: list[str | None]

    @property
    def n_songs(self) -> int:
        return len(self.sound)

    def taste(self, **weights: float) -> Taste:
        return fit_taste(
            self.n_songs,
            sound=self.sound,
            years=self.years,
            popularity=self.popularity,
            tags=(self.kind, self.vectors),
            artists=pl.Series(self.artists, dtype=pl.List(pl.String)),
            albums=pl.Series(self.albums, dtype=pl.String),
            weights=weights,
        )

    def kernels(self, given: NDArray[np.int64], **weights: float) -> NDArray[np.float64]:
        """Log kernels of all songs with the given ones, written out."""

        def factor(block: str) -> float:
            return weights.get(block, 1.0)

        found = np.zeros((self.n_songs, len(given)))
        columns = {
            "sound": self.sound,
            "era": filled(self.years)[:, None],
            "popularity": filled(self.popularity)[:, None],
            "tags": self.vectors[self.kind],
        }
        for block, values in columns.items():
            apart = (values[:, None] - values[given][None]) * factor(block) / WIDTHS[block]
            found -= np.square(apart).sum(axis=2) / 2
        credited = np.array([[name in each for name in ARTISTS] for each in self.artists], dtype=float)
        found += BONUSES["artist"] * factor("artist") * (credited @ credited[given].T > 0)
        album = np.array([each or "" for each in self.albums])
        same = (album[:, None] == album[given]) & (album[given] != "")
        found += BONUSES["album"] * factor("album") * same
        return found


def filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(values), np.nanmedian(values), values)


def catalogue(n_songs: int = 700, *, seed: int = 0) -> Catalogue:
    rng = np.random.default_rng(seed)
    years = rng.integers(1960, 2024, n_songs).astype(np.float64)
    popularity = rng.uniform(0, 100, n_songs)
    years[rng.random(n_songs) < 0.1] = np.nan
    popularity[rng.random(n_songs) < 0.1] = np.nan
    vectors = rng.normal(size=(60, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Catalogue(
        sound=rng.normal(size=(n_songs, 5)) * 0.6,
        years=years,
        popularity=popularity,
        kind=rng.integers(0, 61, n_songs).astype(np.int32),
        vectors=np.vstack([np.zeros(12), vectors]),
        artists=[rng.choice(ARTISTS, rng.integers(0, 4), replace=False).tolist() for _ in range(n_songs)],
        albums=[None if number == 0 else f"album {number}" for number in rng.integers(0, 90, n_songs)],
    )


@pytest.fixture(scope="module")
def songs() -> Catalogue:
    return catalogue()


@pytest.mark.parametrize("n_given", [1, 2, 10, 128, 300])
def test_density_is_the_mean_kernel_written_out(songs: Catalogue, n_given: int) -> None:
    given = np.sort(np.random.default_rng(n_given).choice(songs.n_songs, n_given, replace=False))
    written_out = logsumexp(songs.kernels(given), axis=1) - np.log(n_given)
    np.testing.assert_allclose(log_density(songs.taste(), given), written_out, rtol=1e-4, atol=1e-4)


def test_a_song_of_many_given_ones_counts_as_nothing_at_its_own_place(songs: Catalogue) -> None:
    given = np.sort(np.random.default_rng(3).choice(songs.n_songs, 150, replace=False))
    kernels = songs.kernels(given)
    kernels[given, np.arange(len(given))] = -np.inf
    written_out = logsumexp(kernels, axis=1) - np.log(len(given))
    found = log_density(songs.taste(), given, leave_out_own=True)
    np.testing.assert_allclose(found, written_out, rtol=1e-4, atol=1e-4)
    assert (found[given] < log_density(songs.taste(), given)[given]).all()


@pytest.mark.parametrize("weights", [{"artist": 0.0, "tags": 2.0}, {"sound": 0.0, "album": 0.5, "era": 3.0}])
def test_a_weight_is_a_factor_of_distance_or_of_the_bonus(
    songs: Catalogue, weights: dict[str, float]
) -> None:
    given = np.array([4, 9, 200, 650])
    written_out = logsumexp(songs.kernels(given, **weights), axis=1) - np.log(4)
    np.testing.assert_allclose(log_density(songs.taste(**weights), given), written_out, rtol=1e-4, atol=1e-4)


def test_several_artists_in_common_count_once() -> None:
    artists = pl.Series([["Ann", "Bo"], ["bo ", "ANN"], ["Bo"], ["Cy"]])
    taste = fit_taste(4, artists=artists)
    bonus = BONUSES["artist"]
    assert log_density(taste, np.array([0])).tolist() == [bonus, bonus, bonus, 0.0]


def test_threads_change_nothing() -> None:
    many = catalogue(9_000, seed=2)
    taste = many.taste()
    given = np.sort(np.random.default_rng(1).choice(many.n_songs, 140, replace=False))
    order = np.random.default_rng(2).permutation(many.n_songs)
    one = log_density(taste, given, n_threads=1)
    ground = background(taste, order, n_threads=1)
    for n_threads in (2, 4):
        np.testing.assert_array_equal(log_density(taste, given, n_threads=n_threads), one)
        np.testing.assert_array_equal(background(taste, order, n_threads=n_threads), ground)


def test_background_is_the_density_of_songs_but_of_the_song_itself(songs: Catalogue) -> None:
    order = np.random.default_rng(0).permutation(songs.n_songs)[:600]
    kernels = songs.kernels(order)
    kernels[order, np.arange(600)] = -np.inf
    written_out = np.logaddexp(logsumexp(kernels, axis=1) - np.log(600), np.log(0.01 / 600))
    np.testing.assert_allclose(background(songs.taste(), order), written_out, rtol=1e-4, atol=1e-4)


def test_background_of_many_songs_is_measured_with_the_first_of_the_order() -> None:
    many = catalogue(3_000, seed=5)
    taste = many.taste()
    order = np.random.default_rng(1).permutation(3_000)
    mixed = np.concatenate([order[:2048][::-1], order[2048:]])
    np.testing.assert_array_equal(background(taste, order), background(taste, mixed))
    assert not np.array_equal(background(taste, order), background(taste, order[::-1]))


def test_songs_far_from_everything_have_finite_densities() -> None:
    sound = np.array([[0.0, 0.0], [0.1, 0.0], [1e4, -1e4], [0.0, 0.2]])
    taste = fit_taste(4, sound=sound)
    ground = background(taste, np.arange(4))
    scores = preference(taste, np.array([0, 3]), disliked=np.array([1]), ground=ground)
    assert np.isfinite(ground).all()
    assert np.isfinite(scores).all()


def test_disliked_songs_push_their_surroundings_down() -> None:
    rng = np.random.default_rng(0)
    centres = np.repeat([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], 50, axis=0)
    taste = fit_taste(150, sound=centres + rng.normal(size=(150, 2)))
    ground = np.zeros(150, dtype=np.float32)
    liked, disliked = np.array([0, 60]), np.array([61, 62])
    plain = preference(taste, liked, disliked=NOBODY, ground=ground)
    pushed = preference(taste, liked, disliked=disliked, ground=ground)
    change = pushed - plain
    assert (change <= 0).all()
    assert change[50:100].mean() < change[:50].mean() - 0.5
    density, against = log_density(taste, liked), log_density(taste, disliked)
    np.testing.assert_allclose(change, density - np.logaddexp(density, against), atol=1e-4)


def occurrences(taste: Taste, ground: NDArray[np.float32], hub_correction: float) -> NDArray[np.int64]:
    """How often each song is in the lists of 20 that all songs get alone."""
    counts = np.zeros(taste.n_songs, dtype=np.int64)
    for row in range(taste.n_songs):
        scores = preference(
            taste,
            np.array([row]),
            disliked=NOBODY,
            ground=ground,
            hub_correction=hub_correction,
            n_threads=1,
        )
        counts[best_songs(scores, np.arange(taste.n_songs) != row, n=20)] += 1
    return counts


def test_hub_correction_leaves_fewer_hubs_and_fewer_songs_that_nobody_gets() -> None:
    rng = np.random.default_rng(6)
    taste = fit_taste(800, sound=rng.normal(size=(800, 24)) * 0.3)
    ground = background(taste, rng.permutation(800))
    plain, corrected = occurrences(taste, ground, 0.0), occurrences(taste, ground, 0.7)
    assert plain.sum() == corrected.sum() == 800 * 20
    assert (plain == 0).sum() > 20
    assert corrected.max() < 0.6 * plain.max()
    assert (corrected == 0).sum() < 0.5 * (plain == 0).sum()


def test_the_song_because_of_which_a_song_is_near(songs: Catalogue) -> None:
    liked, rows = np.array([5, 90, 400]), np.arange(100, 200)
    places = nearest_given(songs.taste(), rows, liked)
    kernels = songs.kernels(liked)[rows]
    np.testing.assert_allclose(kernels[np.arange(100), places], kernels.max(axis=1), atol=1e-4)
    assert set(places.tolist()) == {0, 1, 2}


def test_real_playlists_are_found_far_better_than_by_the_usual_recipe(shared_data: Path) -> None:
    from sklearn.preprocessing import StandardScaler

    path = shared_data / "playlists.parquet"
    if not path.is_file():
        pytest.skip(f"no real playlists at {path}")
    table = pl.read_parquet(path)
    features = [each.column for each in FEATURES.values() if each.in_sound]
    read = read_songs(table.drop("playlist", "playlist_id")).songs
    clean = clean_songs(read, features=features, keep=["all"])
    fitted = fit_song_taste(clean.songs)
    usual = StandardScaler().fit_transform(clean.songs.select(pl.col(features).fill_null(0.0)).to_numpy())
    shares: dict[str, list[float]] = {"ours": [], "usual": []}
    for given, sought in halves(table["playlist_id"].to_numpy(), clean.row_to_song):
        scores: dict[str, NDArray[Any]] = {
            "ours": preference(fitted.taste, given, disliked=NOBODY, ground=fitted.ground),
            "usual": -np.square(usual - usual[given].mean(axis=0)).sum(axis=1),
        }
        allowed = np.ones(clean.songs.height, dtype=np.bool_)
        allowed[given] = False
        for name, own in scores.items():
            shares[name].append(np.isin(best_songs(own, allowed, n=len(sought)), sought).mean())
    assert len(shares["ours"]) == 60
    assert np.mean(shares["usual"]) > 0.005
    assert np.mean(shares["ours"]) >= 8 * np.mean(shares["usual"])


def halves(
    playlists: NDArray[Any], rows: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Given and sought songs of the first sixty playlists of 20 to 300 songs."""
    found = []
    for playlist in np.unique(playlists).tolist():
        songs = np.unique(rows[(playlists == playlist) & (rows >= 0)])
        if 20 <= len(songs) <= 300:
            mixed = np.random.default_rng([playlist, 1]).permutation(songs)
            found.append((np.sort(mixed[: len(mixed) // 2]), mixed[len(mixed) // 2 :]))
    return found[:60]
