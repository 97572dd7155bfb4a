"""The layout of neighbours keeps neighbours, comes out the same each time, and says what it lacks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from songatlas.errors import SongAtlasError
from songatlas.space.neighbour_layout import _imported, axis_words, landmark_rows, neighbour_layout

try:
    _imported()
    HAS_PACMAP = True
except SongAtlasError:
    HAS_PACMAP = False

needs_pacmap = pytest.mark.skipif(not HAS_PACMAP, reason="needs songatlas[layout]")


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Sixteen clouds in nine dimensions."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(16, 9)) * 2
    return (centres[np.arange(900) % 16] + random.normal(size=(900, 9))).astype(np.float32)


def share_kept(points: np.ndarray, places: np.ndarray, k: int = 10) -> float:
    """Share of the nearest neighbours that are still among the nearest on the map."""

    def nearest(rows: np.ndarray) -> np.ndarray:
        gaps = np.square(rows[:, None].astype(np.float64) - rows[None]).sum(axis=2)
        np.fill_diagonal(gaps, np.inf)
        return np.argsort(gaps, axis=1)[:, :k]

    both = zip(nearest(points), nearest(places), strict=True)
    return float(np.mean([len({*one} & {*other}) / k for one, other in both]))


def components(points: np.ndarray) -> np.ndarray:
    centred = points - points.mean(axis=0)
    return (centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T).astype(np.float32)


@needs_pacmap
def test_neighbours_stay_neighbours(points: np.ndarray) -> None:
    flat = components(points)
    places = neighbour_layout(points, seed=1, like=flat)
    assert places.shape == (900, 2)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()
    assert share_kept(points, places) > 2 * share_kept(points, flat)


@needs_pacmap
def test_songs_beside_the_landmarks_lie_with_their_neighbours(points: np.ndarray) -> None:
    flat = components(points)
    told: list[tuple[float, str]] = []
    places = neighbour_layout(
        points, seed=1, n_landmarks=500, progress=lambda share, words: told.append((share, words))
    )
    assert share_kept(points, places) > 1.5 * share_kept(points, flat)
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1.0
    assert any("500 songs" in words for _, words in told)


@needs_pacmap
def test_the_seed_decides_and_threads_do_not(points: np.ndarray) -> None:
    one = neighbour_layout(points, seed=3, n_landmarks=500, n_threads=1)
    again = neighbour_layout(points, seed=3, n_landmarks=500, n_threads=2)
    other = neighbour_layout(points, seed=4, n_landmarks=500)
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()
    assert neighbour_layout(points[:60], seed=2**63 - 1).shape == (60, 2)


@needs_pacmap
def test_the_map_is_turned_towards_another(points: np.ndarray) -> None:
    flat = components(points)
    turned = neighbour_layout(points, seed=1, like=flat)
    mirrored = neighbour_layout(points, seed=1, like=flat * np.float32([-1, 1]))
    np.testing.assert_allclose(turned[:, 0], -mirrored[:, 0], atol=1e-3)
    np.testing.assert_allclose(turned[:, 1], mirrored[:, 1], atol=1e-3)
    assert np.corrcoef(turned[:, 0], flat[:, 0])[0, 1] > 0


@needs_pacmap
def test_nothing_is_said_to_programmers(points: np.ndarray, capfd: pytest.CaptureFixture[str]) -> None:
    neighbour_layout(points[:80], seed=1)
    assert capfd.readouterr() == ("", "")


def test_a_missing_extra_says_how_to_get_it(points: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pacmap", None)
    with pytest.raises(SongAtlasError, match=r"pip install 'songatlas\[layout\]'"):
        neighbour_layout(points)


def test_few_songs_have_no_neighbourhoods(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least 30"):
        neighbour_layout(points[:29])


def test_landmarks_are_drawn_by_the_seed() -> None:
    assert landmark_rows(5, 9, seed=1).tolist() == [0, 1, 2, 3, 4]
    drawn = landmark_rows(1000, 50, seed=1)
    assert len(np.unique(drawn)) == 50
    assert (np.diff(drawn) > 0).all()
    assert drawn.tolist() != landmark_rows(1000, 50, seed=2).tolist()


def test_axes_are_named_by_the_feature_that_follows_them_most() -> None:
    random = np.random.default_rng(5)
    places = random.normal(size=(400, 2)).astype(np.float32)
    features = {
        "energy": pl.Series(np.exp(places[:, 0])),
        "valence": pl.Series(places[:, 0] + random.normal(size=400)),
        "tempo_bpm": pl.Series(-places[:, 1] + random.normal(size=400) * 0.5),
        "liveness": pl.Series(random.normal(size=400)),
        "mode": pl.Series([None] * 400, dtype=pl.Float64),
        "key": pl.Series([3.0] * 400),
    }
    words = {name: (f"low {name}", f"high {name}") for name in features}
    assert axis_words(places, features, words) == (
        ("low energy", "high energy"),
        ("high tempo_bpm", "low tempo_bpm"),
    )
    only = {"liveness": features["liveness"]}
    assert axis_words(places, only, words) == (("", ""), ("", ""))


def test_a_build_imports_none_of_it() -> None:
    code = (
        "import sys, songatlas.atlas.layouts, songatlas.atlas.views; "
        "assert not {'pacmap', 'numba', 'faiss', 'sklearn'} & {*sys.modules}"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
