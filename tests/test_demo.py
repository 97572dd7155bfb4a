"""The simulated catalogue: like the real tracks it was fitted from, invented throughout, dirty as said."""

from __future__ import annotations

import importlib.util
import io
import json
import re
from importlib.resources import files
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score

from songatlas.demo import DIRT, MISSING_SHARES, ROWS_IN_BLOCK, SIMULATED, VERSIONS, simulate_catalogue
from songatlas.demo.cast import cast_rows
from songatlas.demo.draws import normals, uniform
from songatlas.demo.sound import play
from songatlas.demo.statistics import statistics
from songatlas.errors import BadSettings

ROOT = Path(__file__).resolve().parents[1]
SOUND = [
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "duration_ms",
]
FITTED = {**{name: name for name in SOUND}, "track_popularity": "popularity", "year": "year"}
SHARES = [name for name in SOUND if name not in {"loudness", "tempo", "duration_ms"}]
YEAR = pl.col("track_album_release_date").str.slice(0, 4).cast(pl.Float64).alias("year")


@pytest.fixture(scope="module")
def catalogue() -> pl.DataFrame:
    return simulate_catalogue(50_000)


@pytest.fixture(scope="module")
def ordinary(catalogue: pl.DataFrame) -> pl.DataFrame:
    """Ordinary rows of the catalogue, with their year."""
    cast = cast_rows(np.arange(catalogue.height), catalogue.height, seed=0)
    return catalogue.filter(pl.Series(cast.are("ordinary"))).with_columns(YEAR)


@pytest.fixture(scope="module")
def small() -> pl.DataFrame:
    return simulate_catalogue(2000)


def fit_demo() -> Any:
    spec = importlib.util.spec_from_file_location("fit_demo", ROOT / "tools" / "fit_demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def genre_quantiles(genre: int, variable: int, shares: list[float]) -> np.ndarray:
    """Quantiles of a whole genre from those stored of its subgenres."""
    fitted = statistics()
    scores = np.array([NormalDist().inv_cdf(p) for p in np.linspace(0.0005, 0.9995, 1000)])
    sisters = np.flatnonzero(fitted.genre_of == genre)
    values = [np.interp(scores, fitted.scores, fitted.quantiles[one, variable]) for one in sisters]
    repeats = np.round(fitted.shares[sisters] * 1000).astype(int)
    whole = np.concatenate([np.repeat(value, n) for value, n in zip(values, repeats, strict=True)])
    return np.append(np.quantile(whole, shares), whole.mean())


def test_says_that_it_is_simulated() -> None:
    assert SIMULATED.startswith("These songs are simulated")
    assert "invented" in SIMULATED


@pytest.mark.parametrize("n_songs", [1, 5, 50, 999, 2001])
def test_has_the_rows_and_columns_asked_for(n_songs: int) -> None:
    table = simulate_catalogue(n_songs, seed=3)
    assert table.height == n_songs
    assert table.columns[:4] == ["track_id", "track_name", "track_artist", "track_album_name"]
    assert table.schema == simulate_catalogue(7).schema
    assert table["track_id"].str.contains(r"^sim[0-9A-Za-z]{19}$").all()
    assert table.select("track_name", "track_artist", "playlist_genre").null_count().row(0) == (0, 0, 0)


def test_same_seed_same_bytes_other_seed_other_songs(small: pl.DataFrame) -> None:
    again, other = simulate_catalogue(2000, seed=0), simulate_catalogue(2000, seed=1)
    assert small.write_csv() == again.write_csv()
    assert not set(small["track_id"]) & set(other["track_id"])
    assert (small["energy"].eq_missing(other["energy"])).mean() < 0.05


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3000), st.integers(-5, 2**40), st.data())
def test_any_range_of_rows_is_that_part_of_the_whole(n_songs: int, seed: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, n_songs))
    stop = data.draw(st.integers(start, n_songs))
    part = simulate_catalogue(n_songs, seed=seed, rows=range(start, stop))
    assert part.equals(simulate_catalogue(n_songs, seed=seed)[start:stop])


def test_pieces_join_without_a_seam(catalogue: pl.DataFrame) -> None:
    larger = simulate_catalogue(120_000, rows=range(49_000, 101_000))
    assert larger.height == 52_000
    assert larger[2_000:2_500].equals(simulate_catalogue(120_000, rows=range(51_000, 51_500)))
    assert catalogue["track_id"].n_unique() == 48_000


@pytest.mark.parametrize(
    ("n_songs", "rows", "said"),
    [(0, None, "0 songs"), (-3, None, "-3 songs"), (10, range(5, 11), "10"), (10, range(0, 10, 2), "step 1")],
)
def test_refuses_what_cannot_be_made(n_songs: int, rows: range | None, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        simulate_catalogue(n_songs, rows=rows)


def test_every_value_is_in_its_bounds(catalogue: pl.DataFrame) -> None:
    bounds = dict.fromkeys(SHARES, (0.0, 1.0)) | {
        "loudness": (-60.0, 4.0),
        "tempo": (0.0, 250.0),
        "duration_ms": (1000, 900_000),
        "key": (0, 11),
        "mode": (0, 1),
        "time_signature": (0, 5),
        "track_popularity": (0, 100),
    }
    for name, (low, high) in bounds.items():
        assert catalogue[name].drop_nulls().is_between(low, high).all(), name
        assert not catalogue[name].cast(pl.Float64).is_nan().any()
    dates = catalogue["track_album_release_date"].drop_nulls()
    assert dates.str.contains(r"^(19|20)\d\d(-\d\d-\d\d)?$").all()
    assert dates.filter(dates.str.len_chars() == 10).str.to_date("%Y-%m-%d", strict=True).is_not_null().all()


@pytest.mark.parametrize("column", FITTED)
def test_quantiles_and_means_by_genre_are_the_real_ones(ordinary: pl.DataFrame, column: str) -> None:
    fitted = statistics()
    shares = [0.1, 0.25, 0.5, 0.75, 0.9]
    for number, genre in enumerate(fitted.genres):
        drawn = ordinary.filter(pl.col("playlist_genre") == genre)[column].drop_nulls().to_numpy()
        wanted = genre_quantiles(number, fitted.variables.index(FITTED[column]), shares)
        wanted -= 0.5 if column == "year" else 0.0  # the table has whole years
        spread = drawn.std()
        assert np.append(np.quantile(drawn, shares), drawn.mean()) == pytest.approx(wanted, abs=0.2 * spread)
        assert drawn.mean() == pytest.approx(wanted[-1], abs=0.1 * spread)


def test_rank_correlations_by_subgenre_are_the_real_ones() -> None:
    fitted = statistics()
    cast = cast_rows(np.arange(50_000), 50_000, seed=0)
    sound, _ = play(cast, seed=0)
    table = pl.DataFrame(sound).with_columns(pl.Series("subgenre", cast.subgenre))
    table = table.filter(pl.Series(cast.are("ordinary")))
    off = []
    for number, wanted in enumerate(fitted.rank_correlations):
        songs = table.filter(pl.col("subgenre") == number).select(pl.col(fitted.variables).rank())
        off.append(np.corrcoef(songs.to_numpy(), rowvar=False) - wanted)
    assert np.sqrt(np.mean(np.square(off))) < 0.05
    assert np.abs(np.mean(off, axis=0)).max() < 0.08


def test_genres_keys_and_metres_have_their_shares(ordinary: pl.DataFrame) -> None:
    fitted = statistics()
    share = np.bincount(fitted.genre_of, weights=fitted.shares)
    drawn = [(ordinary["playlist_genre"] == genre).mean() for genre in fitted.genres]
    assert drawn == pytest.approx(share, abs=0.01)
    known = ordinary.drop_nulls(["key", "mode", "time_signature"])
    key = np.bincount(known["key"].to_numpy() * 2 + known["mode"].to_numpy(), minlength=24) / known.height
    assert key == pytest.approx(fitted.shares @ fitted.key_shares, abs=0.01)
    assert 0.88 < (known["time_signature"] == 4).mean() < 0.98
    rap, rock = (
        ordinary.filter(pl.col("playlist_genre") == genre)["explicit"].mean() for genre in ("rap", "rock")
    )
    assert rap > 3 * rock > 0


def test_songs_of_an_artist_resemble_each_other(ordinary: pl.DataFrame) -> None:
    several = ordinary.filter(pl.len().over("track_artist") > 3).drop_nulls(SOUND)
    for name in ("danceability", "energy", "acousticness", "year"):
        rank = several.select(
            "track_artist", (pl.col(name).rank() / pl.len()).over("playlist_genre").alias("rank")
        )
        within = rank.select(
            (pl.col("rank") - pl.col("rank").mean().over("track_artist")).pow(2).mean()
        ).item()
        assert within < 0.8 * rank["rank"].var()


def test_an_album_has_one_date_and_its_songs_one_artist(ordinary: pl.DataFrame) -> None:
    albums = ordinary.drop_nulls(["track_album_name", "track_album_release_date"])
    dates = albums.group_by("track_artist", "track_album_name").agg(
        pl.len(), pl.col("track_album_release_date").n_unique().alias("n_dates")
    )
    several = dates.filter(pl.col("len") > 1)
    assert several.height > 1000
    assert (several["n_dates"] == 1).mean() > 0.95  # the rest are two albums that chance gave one title


def test_no_two_artists_share_a_name_and_few_songs_a_title(catalogue: pl.DataFrame) -> None:
    cast = cast_rows(np.arange(catalogue.height), catalogue.height, seed=0)
    odd = cast.are("spoken_word") | cast.are("silence")
    pairs = catalogue.select("track_artist", artist=pl.Series(cast.artist)).filter(pl.Series(~odd)).unique()
    assert pairs["artist"].n_unique() == pairs["track_artist"].n_unique() == pairs.height > 3000
    songs = catalogue.unique("track_id").select("track_name", "track_artist")
    assert songs["track_name"].n_unique() > 0.7 * songs.height
    assert songs.unique().height > 0.999 * songs.height


def test_most_songs_belong_to_few_artists(catalogue: pl.DataFrame) -> None:
    counts = catalogue["track_artist"].value_counts(sort=True)["count"]
    assert counts[: len(counts) // 5].sum() > 0.4 * catalogue.height
    assert counts[0] < 0.01 * catalogue.height


def test_titles_are_varied_in_script_and_signs(small: pl.DataFrame) -> None:
    text = small["track_name"]
    for pattern in ("[áéíóúñ]", "[一-鿿]", "[\U0001f300-\U0001faff]", ",", '"', r"\(feat\. "):
        assert text.str.contains(pattern).sum() >= 5, pattern
    assert small["track_artist"].str.contains("[가-힣]").any()
    assert not text.str.contains(r"[{}]").any()
    assert text.str.strip_chars().eq(text).all()


def test_every_block_has_its_dirt() -> None:
    cast = cast_rows(np.arange(20 * ROWS_IN_BLOCK), 20 * ROWS_IN_BLOCK + 1, seed=5)
    for kind, n in DIRT.items():
        assert set(cast.are(kind).reshape(20, -1).sum(axis=1)) == {n}, kind


def test_dirt_shows_in_the_table(small: pl.DataFrame) -> None:
    n_blocks = small.height // ROWS_IN_BLOCK
    assert small.height - small.unique().height == n_blocks * DIRT["exact_duplicate"]
    second = small.unique().filter(pl.col("track_id").is_duplicated())
    assert second["track_id"].n_unique() == n_blocks * DIRT["second_genre"]
    assert second.group_by("track_id").agg(pl.col("playlist_genre").n_unique())[
        "playlist_genre"
    ].to_list() == ([2] * second["track_id"].n_unique())
    assert second.drop("playlist_genre").unique().height == second["track_id"].n_unique()
    assert (small["tempo"] == 0).sum() == n_blocks * DIRT["silence"]
    assert (small["speechiness"] > 0.88).sum() >= n_blocks * DIRT["spoken_word"] - 1  # one may lack the cell
    assert (small["duration_ms"] < 30_000).sum() >= n_blocks * DIRT["interlude"] - 1
    assert small["track_name"].str.contains("Minutes of Nothing").sum() == n_blocks * DIRT["silence"]


def test_versions_stand_beside_their_song(small: pl.DataFrame) -> None:
    endings = "|".join(re.escape(ending) for ending in VERSIONS)
    versions = small.filter(pl.col("track_name").str.contains(f"({endings})$"))
    assert (
        versions["track_id"].n_unique() == versions.height == small.height // ROWS_IN_BLOCK * DIRT["version"]
    )
    assert set(versions["track_name"].str.extract(f"({endings})$")) == set(VERSIONS)
    assert not versions.select("track_name", "track_artist").is_duplicated().any()
    parents = versions.with_columns(pl.col("track_name").str.replace(f"({endings})$", ""))
    joined = parents.join(small.unique("track_id"), on=["track_name", "track_artist"], suffix="_first")
    assert joined["track_id"].n_unique() == versions.height
    live = simulate_catalogue(30_000).filter(pl.col("track_name").str.ends_with(" - Live"))
    assert live["liveness"].median() > 0.3
    remasters = small.filter(pl.col("track_name").str.ends_with("2009")).select(YEAR)["year"]
    assert remasters.drop_nulls().max() < 2009


def test_cells_are_missing_at_their_shares(catalogue: pl.DataFrame) -> None:
    missing = {name: catalogue[name].null_count() / catalogue.height for name in catalogue.columns}
    for name in ("track_album_release_date", "track_popularity", "explicit", "track_album_name"):
        assert missing[name] == pytest.approx(MISSING_SHARES[name], abs=0.0015)
    empty = catalogue.select(pl.all_horizontal(pl.col(SOUND).is_null())).to_series().mean()
    assert empty == pytest.approx(MISSING_SHARES["all features"], abs=0.001)
    holes = catalogue.select(pl.any_horizontal(pl.col(*SOUND, "key", "mode", "time_signature").is_null()))
    wanted = MISSING_SHARES["all features"] + MISSING_SHARES["one feature"]
    assert holes.to_series().mean() == pytest.approx(wanted, abs=0.002)
    assert 0.03 < missing["genres"] < 0.09


@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_meet_genres_about_as_well_as_real_songs_do(seed: int) -> None:
    songs = (
        simulate_catalogue(12_000, seed=seed)
        .with_columns(YEAR)
        .drop_nulls([*SOUND, "year"])
        .unique("track_id")
    )
    points = songs.select(*SOUND, "year").to_numpy()
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    labels = KMeans(6, n_init=3, random_state=0).fit_predict(points)
    assert 0.08 < adjusted_mutual_info_score(songs["playlist_genre"], labels) < 0.22


def test_survives_a_csv_file(small: pl.DataFrame) -> None:
    back = pl.read_csv(io.BytesIO(small.write_csv().encode()), schema=small.schema)
    assert back.equals(small)


def test_draws_are_even_and_independent() -> None:
    ids = np.arange(40_000)
    drawn = np.array([uniform(0, "one", ids), uniform(0, "two", ids), uniform(1, "one", ids)])
    assert ((drawn > 0) & (drawn < 1)).all()
    assert np.histogram(drawn[0], 20, (0, 1))[0] == pytest.approx(2000, abs=200)
    assert np.corrcoef(drawn) == pytest.approx(np.eye(3), abs=0.02)
    both = normals(0, "n", ids, 4)
    assert both.mean(axis=1) == pytest.approx(0, abs=0.02)
    assert np.cov(both) == pytest.approx(np.eye(4), abs=0.03)


def test_statistics_are_small_and_hold_aggregates_only() -> None:
    source = files("songatlas").joinpath("demo_statistics.json").read_text(encoding="utf-8")
    assert len(source.encode()) < 120_000
    fitted = statistics()
    words = set(re.findall(r'"([^"]+)"', source))
    known = {*fitted.variables, *fitted.genres, *fitted.subgenres}
    keys = {key for key in words - known if not re.fullmatch(r"[a-z_0-9]+", key)}
    assert keys == {json.loads(source)["about"]}
    assert (np.diff(fitted.quantiles, axis=2) >= 0).all()
    assert len(fitted.subgenres) == 24


def test_no_simulated_artist_or_title_is_a_real_one(shared_data: Path) -> None:
    real = pl.read_csv(shared_data / "spotify_songs.csv", columns=["track_artist", "track_name"])
    names = {name.casefold() for name in real["track_artist"]}
    for seed in (0, 1):
        songs = simulate_catalogue(20_000, seed=seed)
        assert not names & {name.casefold() for name in songs["track_artist"]}
        assert songs["track_name"].is_in(real["track_name"].unique().to_list()).mean() < 0.001


def test_statistics_are_fresh(shared_data: Path) -> None:
    stored = json.loads(files("songatlas").joinpath("demo_statistics.json").read_text(encoding="utf-8"))
    fitted = fit_demo().fit(shared_data / "spotify_songs.csv", shared_data / "real_tracks.parquet")
    assert fitted == stored
