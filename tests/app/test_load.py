"""Many at once, and those who mean no good: each sees their own, and the server goes on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from benchmarks.visitor import Visitor
from tests.app.served import when_up

from songatlas.demo import simulate_catalogue

IMPATIENT = """
import json, sys
from songatlas.app.server import jobs, serving, visits
from songatlas.app.files import uploading
visits.CLOSED_S, visits._EVERY_S = 0.2, 0.1
uploading.TABLES = jobs.Room(2)
serving.serve(serving.Launch(**json.loads(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def address(demo_folder: Path) -> Iterator[str]:
    """A server with room for two tables of at most one megabyte, which ends closed visits at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = json.dumps({"target": str(demo_folder), "port": port, "upload_mb": 1})
    command = [sys.executable, "-c", IMPATIENT, launch]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        yield when_up(f"http://127.0.0.1:{port}", server)
        server.terminate()


def songs_of(visitor: Visitor) -> bytes:
    """A small table whose every title is of this visitor."""
    own = pl.format(f"{visitor.canary} {{}}", pl.col("track_name")).alias("track_name")
    return simulate_catalogue(20, seed=1).with_columns(own).write_csv().encode()


def at_open(address: str, seed: int = 1) -> Visitor:
    visitor = Visitor(address, seed=seed)
    visitor.open("open")
    return visitor


def is_understood(visitor: Visitor) -> bool:
    return any(each.heading.body == "What was understood" for each in visitor.of_kind("heading"))


def is_full(visitor: Visitor) -> bool:
    return any("as many as it may" in each.alert.body for each in visitor.of_kind("alert"))


def is_understood_in_time(visitor: Visitor) -> bool:
    """Whether a table is understood, once those of visits that have just been closed are forgotten."""
    until = time.monotonic() + 30.0
    while is_full(visitor) and time.monotonic() < until:
        visitor.set(visitor.first("button", "Try again"), True)
    return is_understood(visitor)


def test_there_is_room_again_as_soon_as_a_page_is_closed(address: str) -> None:
    first, second, third = at_open(address), at_open(address), at_open(address)
    for visitor in (first, second):
        assert visitor.upload("songs.csv", songs_of(visitor)) == 204
        assert is_understood_in_time(visitor)
    assert third.upload("songs.csv", songs_of(third)) == 204
    assert is_full(third)
    assert not is_understood(third)
    first.close()
    assert is_understood_in_time(third)
    assert is_understood(second)
    for visitor in (second, third):
        visitor.close()
    assert not [*first.seen.wrong, *second.seen.wrong, *third.seen.wrong]


def test_a_table_that_is_left_unbuilt_takes_no_room(address: str) -> None:
    visitor = at_open(address)
    for _ in range(3):
        assert visitor.upload("songs.csv", songs_of(visitor)) == 204
        assert is_understood_in_time(visitor)
        visitor.open("data")
        visitor.open("open")
    visitor.close()


def test_a_download_waits_for_who_asked_for_it(address: str) -> None:
    visitor, other = Visitor(address, seed=1), Visitor(address, seed=2)
    visitor.open("data")
    button = visitor.first("download_button", "settings.toml").download_button
    url = visitor._deferred(button.deferred_file_id)
    for page in ("clusters", "data", "clusters", "data"):
        other.open(page)
    status, headers, content = visitor.ask("GET", url)
    assert status == 200
    assert content == visitor.ask("GET", url)[2]
    assert 'filename="settings.toml"' in headers["content-disposition"]
    visitor.close()
    other.close()


def test_everybody_sees_their_own_table(address: str) -> None:
    visitors = [at_open(address, seed) for seed in range(2)]
    threads = [
        Thread(target=visitor.upload, args=(f"{visitor.canary}.csv", songs_of(visitor)))
        for visitor in visitors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for visitor in visitors:
        visitor.open("open")
        assert not visitor.seen.wrong
        assert not visitor.seen.errors
        visitor.close()


def test_uploads_are_refused_as_they_should_be(address: str) -> None:
    visitor = at_open(address)
    assert visitor.upload("large.csv", b"x" * (2**20 + 1)) == 413
    assert visitor.upload("larger.csv", b"x" * (3 * 2**20)) == 413
    for path, status in (("/_stcore/upload_file/nobody/x", 400), ("/_stcore/upload_file/../../etc/x", 400)):
        headers = {"X-Xsrftoken": visitor._xsrf, "Content-Type": "multipart/form-data; boundary=x"}
        assert visitor.ask("PUT", path, body=b"--x--\r\n", headers=headers)[0] == status
    assert visitor.ask("PUT", f"/_stcore/upload_file/{visitor._session}/x", body=b"x")[0] == 403
    for n_bytes in ("-1", "x", "1" * 400):
        host = address.removeprefix("http://")
        connection = HTTPConnection(host, timeout=30)
        connection.putrequest("PUT", f"/_stcore/upload_file/{visitor._session}/x")
        connection.putheader("Content-Length", n_bytes)
        connection.endheaders()
        assert connection.getresponse().status in (400, 403, 413)
        connection.close()
    assert visitor.upload("songs.csv", songs_of(visitor)) == 204
    assert is_understood_in_time(visitor)
    visitor.close()


def test_an_upload_that_breaks_off_leaves_nothing(address: str) -> None:
    visitor = at_open(address)
    path = visitor._ask_for_urls("songs.csv").upload_url
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: {address.removeprefix('http://')}\r\nContent-Length: 900000\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nX-Xsrftoken: {visitor._xsrf}\r\n"
        f"Cookie: {visitor._headers['Cookie']}\r\n\r\n--x\r\nContent-Disposition: form-data; "
        'name="f"; filename="f"\r\n\r\n'
    )
    for _ in range(8):  # more than could be on their way at a time
        with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1]))) as line:
            line.sendall(head.encode() + b"y" * 100_000)
    until = time.monotonic() + 30.0
    while (status := visitor.upload("songs.csv", songs_of(visitor))) == 503 and time.monotonic() < until:
        time.sleep(0.1)
    assert status == 204
    assert is_understood_in_time(visitor)
    visitor.close()


def zip_bomb() -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>" * 5_000_000)
    return held.getvalue()


NAMES = (
    "../../../../etc/passwd",
    "C:\\Windows\\system32\\songs.csv",
    "songs\x00.csv",
    "s" * 5_000 + ".csv",
    "CON",
    "..",
    "",
    "\u202egnp.csv",
    "<img src=x onerror=alert(1)>.csv",
    "a\r\nSet-Cookie: x=1\r\n.csv",
    '"; filename="other.csv',
)


def test_tricks_in_names_and_bombs_harm_nobody(address: str) -> None:
    visitor = at_open(address)
    for name in NAMES:
        status = visitor.upload(name, songs_of(visitor))
        assert status in (204, 400), name[:40]
        assert not visitor.seen.errors, name[:40]
    for name, content in (
        ("bomb.xlsx", zip_bomb()),
        ("a.csv.gz", b"\x1f\x8b\x08\x00half"),
        ("empty.csv", b""),
    ):
        assert visitor.upload(name, content) == 204
        assert len(visitor.boxes()) == 1, name
        assert not visitor.seen.errors, name
    assert visitor.upload("songs.csv", songs_of(visitor)) == 204
    assert is_understood_in_time(visitor)
    visitor.close()
