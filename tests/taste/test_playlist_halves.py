"""What the benchmark of recommendation measures with: halves, measures and ratios."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.demo import simulate_catalogue
from songatlas.taste import Groups, best_songs

playlist_halves = pytest.importorskip(
    "benchmarks.playlist_halves", reason="benchmarks/ is beside src: run `python -m pytest` in the project"
)
MEASURES = playlist_halves.MEASURES


@pytest.fixture
def table() -> pl.DataFrame:
    """Six playlists of 30 songs, and one that is too short."""
    songs = simulate_catalogue(400, seed=2).unique("track_id", maintain_order=True)
    drawn = np.random.default_rng(0).permutation(songs.height)
    parts = [songs[drawn[30 * at : 30 * at + 30]].with_columns(playlist_id=pl.lit(at)) for at in range(6)]
    parts.append(songs[drawn[180:190]].with_columns(playlist_id=pl.lit(6)))
    told = pl.concat(parts)
    return told.with_columns(playlist=pl.format("songs of {}", "playlist_id"), pos=pl.lit(0))


def read(table: pl.DataFrame, folder: Path) -> playlist_halves.Playlists:
    table.write_parquet(folder / "playlists.parquet")
    return playlist_halves.read_playlists(folder / "playlists.parquet")


def test_playlists_that_are_long_enough_and_no_word_of_their_names(
    table: pl.DataFrame, tmp_path: Path
) -> None:
    found = read(table, tmp_path)
    assert list(found.rows) == ["0", "1", "2", "3", "4", "5"]
    assert found.songs.height == 190
    assert not [name for name in found.songs.columns if name.startswith("playlist")]
    told = found.songs.select(pl.col(pl.String).str.contains("songs of").any().fill_null(value=False))
    assert not any(told.row(0))


def test_halves_are_the_same_for_any_order_of_rows_and_differ_by_seed(
    table: pl.DataFrame, tmp_path: Path
) -> None:
    one = playlist_halves.halves(read(table, tmp_path), 2)
    other = playlist_halves.halves(read(table.reverse(), tmp_path), 2)
    assert len(one) == 12
    for half, again in zip(one, other, strict=True):
        np.testing.assert_array_equal(half.given, again.given)
        np.testing.assert_array_equal(half.sought, again.sought)
        assert len(np.union1d(half.given, half.sought)) == 30
        assert not set(half.given.tolist()) & set(half.sought.tolist())
    assert not np.array_equal(one[0].given, one[6].given)


def test_a_file_without_playlists_is_told(table: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no column 'playlist_id'"):
        read(table.drop("playlist_id"), tmp_path)
    with pytest.raises(SystemExit, match="no playlist of 20 to 300"):
        read(table.filter(pl.col("playlist_id") == 6), tmp_path)


def test_who_knows_the_other_half_finds_all_and_who_knows_the_rest_nothing(
    table: pl.DataFrame, tmp_path: Path
) -> None:
    playlists = read(table, tmp_path)
    n_songs = playlists.songs.height
    artists = Groups.of(playlists.songs["artists"])
    sound = np.random.default_rng(0).normal(size=(n_songs, 3))

    def knowing(sign: float) -> playlist_halves.Recommender:
        def recommender(given: np.ndarray) -> playlist_halves.Take:
            whole = next(rows for rows in playlists.rows.values() if set(given) <= set(rows))
            scores = sign * np.isin(np.arange(n_songs), whole)
            return lambda allowed, n: best_songs(scores, allowed, n=n)

        return recommender

    cut = playlist_halves.halves(playlists, 2)
    for sign, expected in ((1.0, 1.0), (-1.0, 0.0)):
        found = playlist_halves.measured(knowing(sign), cut, artists=artists, sound=sound)
        assert found.values.shape == (6, len(MEASURES))
        for measure in ("r_precision", "r_precision_unseen"):
            np.testing.assert_allclose(found.of(measure), expected)
        if sign > 0:
            np.testing.assert_allclose(found.of("recall_100"), 1)
            np.testing.assert_allclose(found.of("ndcg_100"), 1)


def test_ratio_lies_within_its_interval_and_leaves_out_what_has_nothing_to_find() -> None:
    rng = np.random.default_rng(1)
    others = rng.uniform(0.01, 0.1, 80)
    ours = 5 * others * rng.uniform(0.8, 1.2, 80)
    ours[3] = np.nan
    middle, low, high = playlist_halves.ratio(ours, others)
    assert low < middle < high
    assert middle == pytest.approx(5, rel=0.1)
    assert high - low < 1
    assert np.isnan(playlist_halves.ratio(np.ones(4), np.zeros(4))).all()
