"""What tests in a browser share: the app on a free port, and Chromium."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the outputs of an atlas from a process of its own; gives the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = json.dumps({"target": str(folder), "port": port, "open_browser": False})
    log = subprocess.DEVNULL
    with subprocess.Popen([sys.executable, "-m", "songatlas.app", launch], stdout=log, stderr=log) as server:
        yield when_up(f"http://127.0.0.1:{port}", server)
        server.terminate()


def when_up(address: str, server: subprocess.Popen[bytes]) -> str:
    for _ in range(240):
        assert server.poll() is None, "the server has ended"
        try:
            with urlopen(f"{address}/_stcore/health", timeout=1):  # noqa: S310 (our own server)
                return address
        except (URLError, OSError):
            time.sleep(0.25)
    pytest.fail("the server did not come up within a minute")


@contextmanager
def launched(chromium: str, arguments: tuple[str, ...]) -> Iterator[Any]:
    """Chromium without a screen."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(arguments))
        yield found
        found.close()
