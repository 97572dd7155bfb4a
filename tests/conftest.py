"""Fixtures for every test: where the real tables lie, and which real parts are there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real song tables, which are not part of the project."""
    folder = Path(os.environ.get("SONGATLAS_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "spotify_songs.csv").is_file():
        pytest.skip(f"no real tables at {folder}: set SONGATLAS_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium browser; tests without one are skipped, except in CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if IN_CI:
        pytest.fail("CI must have Chromium: see tools/install_chromium.sh")
    pytest.skip("no Chromium on this machine: run tools/install_chromium.sh")
