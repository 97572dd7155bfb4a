"""Fixtures for playlists: songs that can be played, and a player."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import wave
from pathlib import Path

import pytest

from songatlas.playlists import Track

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
ODD_NAMES = (
    *("plain.wav", "#1 hit.wav", "what?.wav", "a%20b.wav", "100% pure.wav", "re:stacks.wav", " lead.wav"),
    *(
        "Mu sic/Ça–va é.wav",
        "Mu sic/#x;y&z 'q'.wav",
        "<b>[i].wav",
        "\u202egnirts.wav",
        "~home.wav",
        "東京.wav",
    ),
    *("co:lon.wav", "back\\slash.wav", "-dash.wav", "+plus.wav", "tab\t.wav", "two\nlines.wav"),
)


@pytest.fixture(scope="session")
def vlc() -> str:
    """Name of VLC's library; tests without one are skipped, except in CI."""
    if name := (shutil.which("vlc") and ctypes.util.find_library("vlc")):
        return name
    if IN_CI:
        pytest.fail("CI must have VLC: see tools/install_player.sh")
    pytest.skip("no VLC on this machine: run tools/install_player.sh")


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Track, ...]:
    """Songs under odd file names, each of another length."""
    songs = []
    for place, name in enumerate(ODD_NAMES, 1):
        path = tmp_path / "Music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(640 * place))
        songs.append(
            Track(
                title=name, artists=("Zoë",), duration_ms=40 * place, location=str(path), isrc="GBAYE0601498"
            )
        )
    return tuple(songs)
