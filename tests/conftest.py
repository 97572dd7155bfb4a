"""For every test: threads, long files first, where the real tables lie, and which real parts are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# Threads of OpenMP that wait for each other use up the cores that two workers share.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The files that take longest, longest first: begun last, one of them would keep a single worker busy.
LONG = (
    "test_acceptance.py",
    "test_road_on_spark.py",
    "test_in_browser.py",
    "test_map_in_browser.py",
    "test_served_pages.py",
    "test_playlist_in_browser.py",
    "test_playing.py",
    "test_identity.py",
    "test_views.py",
    "test_saved.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first, which workers take in this order (see the Makefile)."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all files that need the Spark cluster to one worker, where others get them file by file."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class OneCluster(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/spark" if nodeid.startswith("tests/spark/") else super()._split_scope(nodeid)

    return OneCluster(config, log)


@pytest.fixture(scope="session", autouse=True)
def _genres_learned_soon() -> Iterator[int]:
    """Learn genres in a tenth of the steps: for a small atlas that takes longer than all else together.

    What is asserted of an atlas is mostly not how well its genres were learned; tests of that ask for
    `genres_in_full`. Commands that run in processes of their own always learn them in full.
    """
    from songatlas.genres import prediction

    in_full = prediction._STEPS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction, "_STEPS", in_full // 10)
        yield in_full


@pytest.fixture(scope="module")
def genres_in_full(_genres_learned_soon: int) -> Iterator[None]:
    """Learn genres as a build does, for all tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("songatlas.genres.prediction._STEPS", _genres_learned_soon)
        yield


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
