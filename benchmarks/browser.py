"""Visits to a page in headless Chromium: how long until it stands still, and how many bytes came.

A server runs in a process of its own; a visit has a browser profile of its own, so nothing is cached from
the visit before. Bytes are those that came over the wire: answers as they were sent, and messages of the
WebSocket.
"""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)
LONGEST_MS = 180_000
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


@dataclass
class Traffic:
    """What came to one page: bytes of the front end itself, of answers to its requests, of messages."""

    front_end: int = 0
    answers: int = 0
    messages: int = 0
    sent: int = 0
    hosts: set[str] = field(default_factory=set)

    @property
    def ours(self) -> int:
        """Bytes beside the front end of Streamlit, which every page of it loads."""
        return self.answers + self.messages


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def server(command: Sequence[str], port: int) -> Iterator[str]:
    """Run a server until the block ends; gives its address."""
    address = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_for_server(address, running)
        yield address
    finally:
        running.terminate()
        running.wait(timeout=30)


def wait_for_server(address: str, running: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    for _ in range(600):
        if running.poll() is not None:
            raise RuntimeError(f"the server of {address} ended with status {running.returncode}")
        try:
            with urlopen(f"{address}/_stcore/health", timeout=5):  # noqa: S310 (our own address)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"no answer from {address}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run headless Chromium, drawing in software, until the block ends."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def visit(browser: Browser, *, width: int = 1280, height: int = 900) -> Iterator[tuple[Page, Traffic]]:
    """Open an empty page in a profile of its own, its traffic counted, until the block ends."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page, traffic = context.new_page(), Traffic()
    page.set_default_timeout(LONGEST_MS)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    addresses: dict[str, str] = {}

    def answered(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["response"]["url"]

    def ended(event: dict[str, Any]) -> None:
        address = addresses.get(event["requestId"], "")
        if "/songatlas/" in address or "/media/" in address:
            traffic.answers += int(event["encodedDataLength"])
        else:
            traffic.front_end += int(event["encodedDataLength"])

    wire.on("Network.responseReceived", answered)
    wire.on("Network.loadingFinished", ended)
    wire.on("Network.webSocketFrameReceived", lambda event: _count(traffic, "messages", event))
    wire.on("Network.webSocketFrameSent", lambda event: _count(traffic, "sent", event))
    yield page, traffic
    context.close()


def _count(traffic: Traffic, what: str, event: dict[str, Any]) -> None:
    """Add the length of a message; binary ones are told in base64."""
    message = event["response"]
    told = message["payloadData"]
    length = len(base64.b64decode(told)) if message["opcode"] == 2 else len(told)
    setattr(traffic, what, getattr(traffic, what) + length)


def until_still(page: Page, marker: str, *, every_ms: int = 100) -> None:
    """Wait until something is there, Streamlit is idle, and two pictures of the page are the same."""
    page.locator(marker).first.wait_for(state="attached")
    page.locator(IDLE).wait_for()
    before = page.screenshot()
    while True:
        page.wait_for_timeout(every_ms)
        now = page.screenshot()
        if now == before:
            return
        before = now


def frames_while_dragging(page: Page, marker: str, *, seconds: float = 3.0) -> float:
    """Return the pictures a second that the browser shows while something is dragged one way and back."""
    box = page.locator(marker).first.bounding_box()
    if box is None:
        raise RuntimeError(f"{marker} is not shown")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(
        "() => { window.pictures = 0; const count = () => { window.pictures += 1;"
        " window.counting = requestAnimationFrame(count); }; count(); }"
    )
    page.mouse.move(x, y)
    page.mouse.down()
    start = time.perf_counter()
    step = 0
    while time.perf_counter() - start < seconds:
        step += 1
        page.mouse.move(x + 60 * ((step // 10) % 2) + 6 * (step % 10), y + 3 * (step % 10))
    taken = time.perf_counter() - start
    page.mouse.up()
    pictures = page.evaluate("() => { cancelAnimationFrame(window.counting); return window.pictures; }")
    return float(pictures) / taken
