"""The network against the golden outputs of the original, and on sounds it was never meant for."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from songatlas.audio.network import TAG_NAMES, listen, log_mel, patches_of, run_network

RATE = 16_000
SIGNALS = ("noise", "chirp", "song_soft", "song_loud", "silence")


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> dict[str, np.ndarray]:
    with np.load(shared_data / "audio" / "golden_musicnn.npz") as stored:
        return {name: stored[name] for name in stored.files}


def cut(mel: np.ndarray) -> np.ndarray:
    """One patch after another, as the golden outputs were made."""
    return mel[: len(mel) // 187 * 187].reshape(-1, 187, 96)


def patches(n: int, *, seed: int = 0) -> np.ndarray:
    """Patches of bands that rise and fall."""
    steps = np.random.default_rng(seed).normal(0, 0.2, (n, 187, 96))
    return np.clip(2 + np.cumsum(steps, axis=1), 0, 6).astype(np.float32)


@pytest.mark.parametrize("name", SIGNALS)
def test_answers_of_the_original_on_the_same_mel(golden: dict[str, np.ndarray], name: str) -> None:
    tags, embedding = run_network(cut(golden[f"{name}/mel"]))
    assert_allclose(tags, golden[f"{name}/msd_taggram"], rtol=0, atol=1e-5)
    assert_allclose(embedding, golden[f"{name}/msd_penultimate"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", SIGNALS)
def test_answers_of_the_original_from_sound(golden: dict[str, np.ndarray], name: str) -> None:
    tags, embedding = run_network(cut(log_mel(golden[f"{name}/audio"].astype(np.float32) / 32768)))
    assert_allclose(tags, golden[f"{name}/msd_taggram_asis"], rtol=0, atol=5e-4)
    assert_allclose(embedding, golden[f"{name}/msd_penultimate_asis"], rtol=0, atol=3e-3)


def test_the_names_are_the_original_s(golden: dict[str, np.ndarray]) -> None:
    assert tuple(golden["tags_msd"].tolist()) == TAG_NAMES


def test_answers_to_a_made_sound_stay_what_they_are() -> None:
    time = np.arange(4 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 277.2, 329.6))
    heard = listen((0.2 * chord * np.exp(-3 * (time % 0.5))).astype(np.float32))
    strongest = np.argsort(-heard.tags)[:3]
    assert [TAG_NAMES[tag] for tag in strongest] == ["electronic", "ambient", "chillout"]
    assert_allclose(heard.tags[strongest], [0.40858, 0.39651, 0.15467], atol=1e-3)
    assert_allclose(heard.embedding[:3], [-0.17718, -0.12703, -0.28483], atol=1e-2)


def test_batches_do_not_matter() -> None:
    many = patches(26)
    tags, embedding = run_network(many)
    alone = [run_network(one[None]) for one in many]
    assert_allclose(tags, np.concatenate([one for one, _ in alone]), rtol=0, atol=2e-6)
    assert_allclose(embedding, np.concatenate([one for _, one in alone]), rtol=0, atol=5e-5)
    backwards, _ = run_network(many[::-1])
    assert_allclose(backwards[::-1], tags, rtol=0, atol=2e-6)


def test_memory_does_not_grow_with_the_number_of_patches() -> None:
    many = np.broadcast_to(patches(1), (120, 187, 96))
    run_network(many[:1])
    tracemalloc.start()
    run_network(many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_no_patches_no_answers() -> None:
    tags, embedding = run_network(np.empty((0, 187, 96), np.float32))
    assert tags.shape == (0, 50)
    assert embedding.shape == (0, 200)


@pytest.mark.parametrize("shape", [(187, 96), (1, 96, 187), (2, 188, 96)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"it must be \(P, 187, 96\)"):
        run_network(np.zeros(shape, np.float32))


def test_a_song_is_the_mean_of_its_patches(golden: dict[str, np.ndarray]) -> None:
    mono = golden["song_loud/audio"].astype(np.float32) / 32768
    heard = listen(mono)
    tags, embedding = run_network(patches_of(mono))
    assert_array_equal(heard.tags, tags.mean(axis=0))
    assert_array_equal(heard.embedding, embedding.mean(axis=0))
    assert (heard.tags.shape, heard.embedding.shape) == ((50,), (200,))
    assert heard.tags.dtype == heard.embedding.dtype == np.float32


@pytest.mark.parametrize("seconds", [0, 0.01, 1, 30])
@pytest.mark.parametrize("level", [0.0, 1e-6, 1.0, 1e30])
def test_finite_on_every_sound(seconds: float, level: float) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, int(seconds * RATE)).astype(np.float32)
    heard = listen(sound * np.float32(level))
    assert np.isfinite(heard.embedding).all()
    assert heard.tags.min() >= 0
    assert heard.tags.max() <= 1
