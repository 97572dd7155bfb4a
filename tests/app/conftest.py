"""Fixtures of the app: one folder of outputs, and a page as Streamlit's own tests run it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import songatlas.app
from songatlas.app.server.serving import Launch, launch_with, launched
from songatlas.atlas import Atlas, build_demo
from songatlas.report import write_outputs

MAIN = Path(songatlas.app.__file__).parent / "script" / "visit.py"


class Pages:
    """Opens pages of the app as Streamlit's own tests run them, with nothing thrown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, page: str = "", *, target: Path | str | None = "", **address: str) -> AppTest:
        """Open a page in a new visit; `target` is the demo where nothing is said."""
        chosen = self._folder if target == "" else target
        launch_with(Launch(target=None if chosen is None else str(chosen)))
        test = AppTest.from_file(MAIN, default_timeout=60)
        test.query_params.update(address)
        return self.go_to(test, page)

    @staticmethod
    def go_to(test: AppTest, page: str) -> AppTest:
        """Show a page of the same visit, by its part of the address: "" or "atlas" is the first."""
        # AppTest.switch_page knows pages that are files; ours are functions, found by their address.
        test._page_hash = calc_hash("" if page == "atlas" else page)
        test.run()
        assert not test.exception, test.exception[0].message
        return test


@pytest.fixture(scope="session", autouse=True)
def _one_scan_of_packages() -> Iterator[None]:
    """Keep what Streamlit found in the installed packages, which it reads anew for every run of a page."""
    with pytest.MonkeyPatch.context() as patch:
        name = "scan_component_manifests"
        patch.setattr(manifest_scanner, name, cache(getattr(manifest_scanner, name)))
        yield


@pytest.fixture(scope="session")
def demo() -> Atlas:
    """A demo of 800 songs, as it was built."""
    return build_demo(800)


@pytest.fixture(scope="session")
def demo_folder(demo: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the outputs of the demo, without figures."""
    folder = tmp_path_factory.mktemp("app") / "demo of 800"
    write_outputs(demo, folder, figures=False)
    return folder


@pytest.fixture(scope="session")
def demo_of_four() -> Atlas:
    """A demo of 500 songs and four clusters, as it was built."""
    return build_demo(500, k=4)


@pytest.fixture
def app(demo_folder: Path) -> Iterator[Pages]:
    """Open a page of the app: `test = app("clusters", k="5")`, then `app.go_to(test, "data")`."""
    before = launched()
    yield Pages(demo_folder)
    launch_with(before)
