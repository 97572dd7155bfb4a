"""One file -> one answer: all numbers, or why there are none."""

from __future__ import annotations

import importlib.util
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
from song_making import RATE, chords

from songatlas.audio import extra
from songatlas.audio.analysis import Analysis, analyse, short
from songatlas.audio.outcomes import OUTCOMES, AudioFailure
from songatlas.errors import SongAtlasError

Make = Callable[..., Path]


def test_a_song_has_every_number(make_song: Make) -> None:
    found = analyse(make_song("song.flac", chords(seconds=12)))
    assert (found.outcome, found.reason, found.problems) == ("ok", None, ())
    assert {field.name for field in fields(found) if getattr(found, field.name) is None} == {"reason"}
    assert found.duration_ms == pytest.approx(12_000)
    assert found.sample_rate == RATE
    assert found.tempo_bpm == pytest.approx(120, rel=0.02)
    assert len(found.audio_tags or ()) == 50
    assert len(found.audio_embedding or ()) == 200
    assert found.key in range(12)
    assert found.mode in {0, 1}
    for name in ("energy", "danceability", "acousticness", "instrumentalness", "valence", "speechiness"):
        assert 0 <= getattr(found, f"{name}_estimate") <= 1, name


def test_an_answer_travels_unchanged(make_song: Make) -> None:
    found = analyse(make_song("song.mp3"))
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own value
    told = json.loads(json.dumps(asdict(found), allow_nan=False))
    assert told["audio_embedding"] == list(found.audio_embedding or ())
    assert len(json.dumps(told)) < 10_000


def test_the_same_file_gives_the_same_answer(make_song: Make) -> None:
    song = make_song("song.ogg", chords(seconds=6))
    assert analyse(song) == analyse(str(song))


def test_a_failure_has_its_reason_and_no_number(make_song: Make) -> None:
    found = analyse(make_song("silence.wav", np.zeros((2 * RATE, 2), dtype=np.float32)))
    assert found == Analysis(
        outcome="silent", reason="no sound in 2.0 s: one value all along", file_tags=found.file_tags
    )


def test_a_partial_file_says_how_much_and_has_numbers(make_song: Make) -> None:
    song = make_song("song.wav", chords(seconds=6))
    song.write_bytes(song.read_bytes()[: 44 + 3 * 4 * RATE])
    found = analyse(song)
    assert (found.outcome, found.reason, found.problems) == (
        "partial",
        "3.0 of 6.0 s could be decoded",
        (),
    )
    assert found.duration_ms == pytest.approx(3000)


@pytest.mark.parametrize("kind", ["click", "noise", "low tone", "square"])
def test_odd_sounds_have_finite_numbers(make_song: Make, kind: str) -> None:
    t = np.arange(4 * RATE) / RATE
    sounds = {
        "click": np.where(np.arange(len(t)) == RATE, 0.9, 0.0),
        "noise": np.random.default_rng(0).uniform(-1, 1, len(t)),
        "low tone": np.sin(2 * np.pi * 25 * t),
        "square": np.sign(np.sin(2 * np.pi * 1000 * t)),
    }
    found = analyse(make_song("odd.wav", sounds[kind][:, None].astype(np.float32)))
    assert found.outcome == "ok"
    told = json.dumps(asdict(found), allow_nan=False)
    assert found.loudness_db is not None
    assert str(found.loudness_db) in told


def test_numbers_are_short() -> None:
    assert short(np.array([1e-7, 0.123456, -1234.56], dtype=np.float32)) == (1e-07, 0.1235, -1235.0)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in {"av", "soxr"} else find(name))
    with pytest.raises(SongAtlasError, match=r"needs the extra 'audio' \(av, soxr not installed\): pip"):
        analyse(tmp_path / "song.mp3")


@pytest.mark.parametrize("outcome", OUTCOMES[2:])
def test_a_failure_travels_between_processes(outcome: str) -> None:
    failure = AudioFailure(outcome, "why")  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(failure))  # noqa: S301 - our own value
    assert (copy.outcome, copy.reason, str(copy)) == (outcome, "why", f"{outcome}: why")
