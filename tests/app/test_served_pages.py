"""The pages as `songatlas app` serves them: start and end, who is let in, addresses, nobody else is asked."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from songatlas.demo import simulate_catalogue

FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
QUIET = ("--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync")
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


def start(*words: str, **options: Any) -> tuple[subprocess.Popen[str], str]:
    """Start the app on a free port, and return where it says that it is."""
    command = [sys.executable, "-P", "-m", "songatlas", "app", *words, "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    assert server.stdout is not None
    said = server.stdout.readline()
    found = re.search(r"http://\S+", said)
    assert found, said + (server.stderr.read() if server.stderr else "")
    return server, found[0]


def end(server: subprocess.Popen[str]) -> tuple[int, str]:
    """End it as Ctrl-C does; return its status and what it wrote to stderr."""
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=30)
    return server.returncode, errors


@pytest.fixture(scope="module")
def address(demo_folder: Path) -> Iterator[str]:
    server, address = start(str(demo_folder), "--port", "18620")
    yield address
    end(server)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *QUIET])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a visit of its own, which asks nobody but the server and breaks no rule of it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, asked, faults = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message) if message.type == "error" else None)
    yield page
    context.close()
    foreign = [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
    assert asked
    assert not foreign
    assert not [str(fault) for fault in faults if not is_looking_for_the_server(fault)]


def is_looking_for_the_server(fault: object) -> bool:
    """Streamlit looks for its server below the address of the page first, and does not find it there."""
    if not isinstance(fault, ConsoleMessage) or "404 (Not Found)" not in fault.text:
        return False
    return fault.location["url"].endswith(("/_stcore/health", "/_stcore/host-config"))


def go(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(READY, timeout=60_000)
    page.wait_for_selector(".st-key-header", timeout=60_000)


def until_at(page: Page, url: str) -> None:
    """Wait until the address of the page is this, and the page is drawn."""
    expect(page).to_have_url(url, timeout=90_000)
    page.wait_for_selector(READY, timeout=60_000)


def ask(address: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Ask for the first page; its status and headers."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", "/", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def test_answers_hold_the_browser_to_this_server(address: str) -> None:
    status, headers = ask(address)
    assert status == 200
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_first_page_is_found_by_its_name(address: str, page: Page) -> None:
    page.goto(f"{address}/atlas?k=5&colour=energy")
    expect(page).to_have_url(re.compile(rf"^{re.escape(address)}/\?(?=.*k=5)(?=.*colour=energy)"))
    page.wait_for_selector(".starmap[data-ready]", timeout=60_000)
    assert page.get_by_text("Page not found").count() == 0


def test_other_names_are_turned_away(address: str) -> None:
    status, headers = ask(address, Host="evil.example")
    assert status == 403
    assert "default-src 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "origin", [None, "http://evil.example", "http://127.0.0.1:1", "http://localhost:18620"]
)
def test_web_sockets_of_other_pages_are_turned_away(address: str, origin: str | None) -> None:
    stream = f"{address.replace('http', 'ws')}/_stcore/stream"
    with pytest.raises(InvalidStatus) as refused:
        connect(stream, origin=origin)
    assert refused.value.response.status_code == 403
    with connect(stream, origin=address):
        pass


def test_it_listens_to_this_computer_alone(address: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    listening = Path("/proc/net/tcp")
    if not listening.is_file():
        pytest.skip("no /proc/net/tcp on this system")
    lines = [line.split() for line in listening.read_text(encoding="ascii").splitlines()[1:]]
    own = {
        words[1].split(":")[0] for words in lines if words[3] == "0A" and words[1].endswith(f":{port:04X}")
    }
    assert own == {"0100007F"}


def test_the_address_follows_and_a_step_back_is_the_page_before(address: str, page: Page) -> None:
    go(page, f"{address}/data?k=5")
    page.get_by_role("link", name="Clusters").first.click()
    until_at(page, f"{address}/clusters?k=5")
    page.wait_for_selector(READY)
    page.get_by_role("link", name="Data").first.click()
    until_at(page, f"{address}/data?k=5")
    page.go_back()
    until_at(page, f"{address}/clusters?k=5")
    page.go_back()
    until_at(page, f"{address}/data?k=5")
    page.wait_for_selector("h1:has-text('Data')")
    assert "5 clusters" in page.locator(".st-key-header").inner_text()
    page.go_forward()
    until_at(page, f"{address}/clusters?k=5")


def test_two_people_with_two_files_see_their_own(address: str, browser: Browser, tmp_path: Path) -> None:
    visits = []
    for name, seed in (("anna", 1), ("ben", 2)):
        path = tmp_path / f"{name}.csv"
        simulate_catalogue(300, seed=seed).write_csv(path)
        page = browser.new_context().new_page()
        page.goto(f"{address}/open")
        page.wait_for_selector(READY, timeout=60_000)
        page.wait_for_selector("[data-testid=stFileUploaderDropzone]", timeout=60_000)
        page.set_input_files("input[type=file]", path)
        page.get_by_text("What was understood", exact=True).wait_for(timeout=90_000)
        page.get_by_role("button", name="Build the atlas").click(timeout=90_000)
        visits.append((name, page))
    for name, page in visits:
        page.get_by_text("Back to demo of 800").wait_for(timeout=120_000)
        assert page.locator(".st-key-header").inner_text().startswith(f"{name} ")
        page.reload()
        page.wait_for_selector(".st-key-header", timeout=60_000)
        assert page.locator(".st-key-header").inner_text().startswith("demo of 800 ")
        page.context.close()


HOSTILE = """
[server]
enableAgentApi = true
baseUrlPath = "elsewhere"
sslCertFile = "/no/such/file"
trustedUserHeaders = "no JSON"
"""


def test_files_of_the_current_folder_mean_nothing(demo_folder: Path, tmp_path: Path) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    for place, settings in ((home, HOSTILE), (here, "[[[no TOML")):
        (place / ".streamlit").mkdir(parents=True)
        (place / ".streamlit" / "config.toml").write_text(settings, encoding="utf-8")
        (place / ".streamlit" / "secrets.toml").write_text("[[[no TOML", encoding="utf-8")
    for name in ("streamlit", "uvicorn", "polars", "json"):
        (here / f"{name}.py").write_text("open('RUN', 'w').close(); raise SystemExit(1)", encoding="utf-8")
    atlas = os.path.relpath(demo_folder, here)
    kept = os.environ | {"HOME": str(home), "USERPROFILE": str(home)}
    server, address = start(atlas, "--port", "18680", cwd=here, env=kept)
    try:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        connection.request("POST", "/_stcore/agent/interact", body=b"{}")
        answer = connection.getresponse()
        assert answer.status >= 400
        assert b"does not serve the agent API" in answer.read()
        connection.close()
        assert ask(address)[0] == 200
    finally:
        status, errors = end(server)
    assert (status, errors) == (0, "")
    assert not (here / "RUN").exists()


def test_a_taken_port_is_passed_over_and_the_end_is_quiet(demo_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 18640)):
        server, address = start(str(demo_folder), "--port", "18640")
        status, errors = end(server)
    assert address == "http://127.0.0.1:18641"
    assert status == 0
    assert errors == "port 18640 is taken: using 18641\n"


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_server_ends_with_the_command_that_was_killed(demo_folder: Path) -> None:
    server, address = start(str(demo_folder), "--port", "18660")
    server.kill()
    server.communicate(timeout=10)
    port = int(address.rsplit(":", 1)[1])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            break
        subprocess.run(["sleep", "0.2"], check=True)
    else:
        pytest.fail("the server is still there")
