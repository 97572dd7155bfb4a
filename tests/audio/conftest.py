"""Fixtures of the tests of audio: a small song in any format, and the folder of damaged files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from song_making import RATE, Sound, chords, write_song


@pytest.fixture
def make_song(tmp_path: Path) -> Callable[..., Path]:
    """Write a small song under a name; its ending says in which format."""

    def make(name: str, sound: Sound | None = None, *, rate: int = RATE, **settings: Any) -> Path:
        return write_song(
            tmp_path / name, chords(rate=rate) if sound is None else sound, rate=rate, **settings
        )

    return make


@pytest.fixture(scope="session")
def broken(shared_data: Path) -> Path:
    """Folder of damaged and odd files."""
    folder = shared_data / "audio" / "broken"
    if not folder.is_dir():
        pytest.skip(f"no damaged files at {folder}")
    return folder
