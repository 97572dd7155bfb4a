"""Orders: each does what its sentence says, on any songs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.errors import BadSettings, MissingColumns
from songatlas.playlists import orders, tours
from songatlas.playlists.keys import harmonic, wheel_places_of
from songatlas.playlists.orders import ORDERS, UNNOTICED, order_songs
from songatlas.playlists.spacing import first_artists, too_close

N = 40


def _songs(n: int = N, n_artists: int = 12) -> tuple[pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    songs = pl.DataFrame(
        {
            "song_id": [f"{row:03d}" for row in range(n)],
            "artists": [[f"Artist {random.integers(n_artists)}"] for _ in range(n)],
            "energy": random.random(n),
            "tempo_bpm": random.uniform(60, 180, n),
            "key": random.integers(0, 12, n),
            "mode": random.integers(0, 2, n),
        }
    )
    return songs, random.normal(size=(n, 5))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, N])
def test_every_order_holds_every_song_once(order: str, n: int) -> None:
    songs, points = _songs(n)
    found = order_songs(songs, points, order=order, seed=1)
    assert sorted(found.rows.tolist()) == list(range(n))
    assert found.rows.tolist() == order_songs(songs, points, order=order, seed=1).rows.tolist()


SORTED = ("energy-up", "energy-down", "energy-arc", "tempo")


@pytest.mark.parametrize("order", [order for order in ORDERS if order not in SORTED])
def test_every_order_keeps_artists_apart(order: str) -> None:
    songs, points = _songs()
    found = order_songs(songs, points, order=order, artist_gap=2)
    assert too_close(first_artists(songs)[found.rows], 2) == 0
    assert found.notes == ()


@pytest.mark.parametrize(
    ("order", "column", "sign"),
    [("energy-up", "energy", 1), ("energy-down", "energy", -1), ("tempo", "tempo_bpm", 1)],
)
def test_a_sorted_order_goes_before_the_gap(order: str, column: str, sign: int) -> None:
    songs, points = _songs(120, n_artists=10)
    rows = order_songs(songs, points, order=order, artist_gap=2)
    values = sign * songs[column].gather(rows.rows).to_numpy()
    assert (np.maximum.accumulate(values) - values <= UNNOTICED[column] + 1e-12).all()
    plain = order_songs(songs, points, order=order, artist_gap=0).rows
    groups = first_artists(songs)
    close = too_close(groups[rows.rows], 2)
    assert 0 < close < too_close(groups[plain], 2)
    assert f"{close} pairs of songs of one artist have fewer than 2 others between" in rows.notes[0]
    assert f"order {order!r} goes before --artist-gap" in rows.notes[0]


def test_the_arc_stays_an_arc_with_a_gap() -> None:
    songs, points = _songs()
    energy = songs["energy"].to_numpy()[order_songs(songs, points, order="energy-arc", artist_gap=2).rows]
    peak = int(energy.argmax())
    assert (np.diff(energy[: peak + 1]) >= -0.02).all()
    assert (np.diff(energy[peak:]) <= 0.02).all()


def test_songs_of_one_artist_alone_need_no_note() -> None:
    songs = pl.DataFrame({"song_id": list("abc"), "artists": [["A"], ["A"], ["A"]]})
    assert order_songs(songs, np.zeros((3, 1)), artist_gap=2).notes == ()


def test_rising_and_falling() -> None:
    songs, points = _songs()
    for order, column, sign in (
        ("energy-up", "energy", 1),
        ("energy-down", "energy", -1),
        ("tempo", "tempo_bpm", 1),
    ):
        values = songs[column].gather(order_songs(songs, points, order=order, artist_gap=0).rows).to_numpy()
        assert (np.diff(sign * values) >= 0).all()


def test_two_songs_are_put_in_order_too() -> None:
    songs, points = _songs(2)
    low, high = np.argsort(songs["energy"].to_numpy())
    assert order_songs(songs, points, order="energy-up", artist_gap=0).rows.tolist() == [low, high]
    assert order_songs(songs, points, order="energy-down", artist_gap=0).rows.tolist() == [high, low]


def test_the_first_place_on_the_wheel_is_a_key_like_the_others() -> None:
    songs, _ = _songs(3)
    alike = songs.with_columns(tempo_bpm=pl.lit(120.0))
    chosen = orders.Chosen(
        songs=alike,
        points=np.zeros((3, 2)),
        groups=np.arange(3),
        gap=0,
        key_strictness="usual",
        seed=0,
    )
    costs = orders._key_costs(chosen, np.arange(3), np.array([0, 0, -1]))
    assert costs[0, 1] == 0.0
    assert costs[0, 2] > 0.0


def test_spacing_costs_a_rising_order_little() -> None:
    songs, points = _songs()
    rows = order_songs(songs, points, order="energy-up", artist_gap=2).rows
    moved = np.abs(np.argsort(np.argsort(songs["energy"].to_numpy()))[rows] - np.arange(N))
    assert moved.mean() < 2


def test_the_arc_has_its_peak_at_two_thirds() -> None:
    songs, points = _songs()
    energy = songs["energy"].to_numpy()[order_songs(songs, points, order="energy-arc", artist_gap=0).rows]
    peak = int(energy.argmax())
    assert peak in (26, 27)
    assert (np.diff(energy[: peak + 1]) >= 0).all()
    assert (np.diff(energy[peak:]) <= 0).all()


def test_few_keys_clash() -> None:
    songs, points = _songs()
    keys = wheel_places_of(songs)
    line = keys[order_songs(songs, points, order="key", artist_gap=0).rows]
    assert harmonic(line[:-1], line[1:]).mean() > 0.9
    assert harmonic(keys[:-1], keys[1:]).mean() < 0.5


def test_a_chain_of_keys_has_no_clash() -> None:
    songs = pl.DataFrame({"song_id": list("abcdef"), "key": [7, 0, 9, 5, 2, 4], "mode": [1, 1, 0, 1, 1, 0]})
    keys = wheel_places_of(songs)
    line = keys[order_songs(songs, np.zeros((6, 1)), order="key").rows]
    assert harmonic(line[:-1], line[1:]).all()


def test_a_song_without_a_value_stands_with_the_songs_it_sounds_like() -> None:
    energy = [0.1, 0.2, 0.3, 0.7, 0.8, 0.9, None]
    songs = pl.DataFrame({"song_id": list("abcdefg"), "energy": energy})
    points = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2], [9.1]])
    found = order_songs(songs, points, order="energy-up")
    assert found.rows.tolist().index(6) in (4, 5)
    assert found.notes == ("1 song has no energy: placed where the sound fits.",)


def test_a_missing_column_is_told_with_the_orders_that_work() -> None:
    songs = pl.DataFrame({"song_id": ["a", "b"], "tempo_bpm": [100.0, 90.0]})
    with pytest.raises(MissingColumns, match=r"'energy-arc' needs energy.*smooth, tempo, given"):
        order_songs(songs, np.zeros((2, 1)), order="energy-arc")


def test_what_cannot_be_kept_is_told() -> None:
    songs = pl.DataFrame({"song_id": list("abcd"), "artists": [["A"], ["A"], ["A"], ["B"]]})
    notes = order_songs(songs, np.zeros((4, 1)), artist_gap=2).notes
    assert len(notes) == 1
    assert "more than 0 between is not possible" in notes[0]


def test_bad_settings_are_refused() -> None:
    songs, points = _songs(3)
    with pytest.raises(BadSettings, match="did you mean 'smooth'"):
        order_songs(songs, points, order="smoth")
    with pytest.raises(BadSettings, match="artist gap is -1"):
        order_songs(songs, points, artist_gap=-1)
    with pytest.raises(BadSettings, match="key strictness"):
        order_songs(songs, points, key_strictness="wild")


def test_keys_of_more_songs_than_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST_AT_ONCE", 60)
    monkeypatch.setattr(tours, "MOST_AT_ONCE", 60)
    songs, points = _songs(200, n_artists=60)
    keys = wheel_places_of(songs)
    rows = order_songs(songs, points, order="key", artist_gap=0).rows
    assert sorted(rows.tolist()) == list(range(200))
    assert harmonic(keys[rows][:-1], keys[rows][1:]).mean() > 0.9
    spaced = order_songs(songs, points, order="key").rows
    assert too_close(first_artists(songs)[spaced], 2) == 0
