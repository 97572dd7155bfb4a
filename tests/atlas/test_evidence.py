"""What is measured on a sample of many songs is close to what all of them give."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from songatlas.atlas import AtlasSettings, evidence
from songatlas.errors import TooFewSongs
from songatlas.kmeans import fit_clusters
from songatlas.quality import calinski_harabasz, compactness_indices, davies_bouldin, silhouette

SETTINGS = AtlasSettings(k_max=6)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    random = np.random.default_rng(0)
    middles = random.normal(size=(5, 3)) * 2
    return (middles[random.integers(5, size=3000)] + random.normal(size=(3000, 3))).astype(np.float32)


def test_the_plain_run_of_many_songs_takes_a_sample(
    points: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evidence.shown_run(points, 5, settings=SETTINGS)
    monkeypatch.setattr(evidence, "SHOWN_SONGS", 600)
    some = evidence.shown_run(points, 5, settings=SETTINGS)
    assert some[-1] / 600 == pytest.approx(whole[-1] / 3000, rel=0.1)
    assert list(some) == sorted(some, reverse=True)


def test_silhouettes_against_a_sample_are_close(points: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    clustering = fit_clusters(points, 5)
    monkeypatch.setattr(evidence, "SILHOUETTE_SAMPLE", 500)
    whole = evidence.sample_silhouettes(points, clustering, settings=SETTINGS)
    monkeypatch.setattr(evidence, "SHOWN_SONGS", 1500)
    some = evidence.sample_silhouettes(points, clustering, settings=SETTINGS)
    assert some.height == 500
    assert some["cluster"].equals(whole["cluster"])
    assert np.abs((some["silhouette"] - whole["silhouette"]).to_numpy()).max() < 0.06


def test_different_points_are_counted_as_far_as_needed(points: np.ndarray) -> None:
    assert evidence._count_different(points, enough=7) >= 7
    few = np.repeat(points[:4], 2000, axis=0)
    assert evidence._count_different(few, enough=7) == 4
    assert evidence.ks_to_try(few, settings=SETTINGS) == (2, 3)
    with pytest.raises(TooFewSongs, match="only 4 of them different"):
        evidence.ks_to_try(few, settings=AtlasSettings(k=4))


@pytest.mark.parametrize("k", ["auto", 2])
def test_a_smallest_k_out_of_reach_is_refused_and_not_lowered(
    points: np.ndarray, k: Literal["auto", 2]
) -> None:
    few = points[:50]
    asked = AtlasSettings(k=k, k_min=49, k_max=60)
    assert evidence.ks_to_try(few, settings=asked) == ((49,) if k == "auto" else (2, 49))
    with pytest.raises(TooFewSongs, match=r"50 songs .* k_min is 50: .* at most --k-min 49"):
        evidence.ks_to_try(few, settings=asked.change(k_min=50))
    with pytest.raises(TooFewSongs, match=r"only 20 of them different, and k_min is 49: .* --k-min 19"):
        evidence.ks_to_try(np.repeat(few[:20], 90, axis=0), settings=asked)


def test_the_silhouette_of_the_chosen_clustering_is_exact_up_to_a_size(
    points: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clustering = fit_clusters(points, 5)
    gathered = evidence.gather_evidence(points, [clustering], settings=SETTINGS, tell=lambda *_: None)
    exact = silhouette(points, clustering.labels, exact=True).value
    assert evidence.measure(points, clustering, gathered, settings=SETTINGS)["silhouette"] == {
        "value": pytest.approx(exact, abs=1e-12),
        "low": pytest.approx(exact, abs=1e-12),
        "high": pytest.approx(exact, abs=1e-12),
        "exact": True,
    }
    monkeypatch.setattr(evidence, "EXACT_SONGS", 1000)
    assert not evidence.measure(points, clustering, gathered, settings=SETTINGS)["silhouette"]["exact"]


def test_indices_from_known_centroids_are_the_indices(points: np.ndarray) -> None:
    clustering = fit_clusters(points, 5)
    found = compactness_indices(points, clustering.labels)
    assert found["davies_bouldin"] == pytest.approx(davies_bouldin(points, clustering.labels), rel=1e-9)
    assert found["calinski_harabasz"] == pytest.approx(calinski_harabasz(points, clustering.labels), rel=1e-9)
