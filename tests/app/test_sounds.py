"""Files that the browser plays: only those of the songs that the app was started with, and only music."""

from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from songatlas.app.server.guarding import content_security_policy
from songatlas.app.server.serving import Launch
from songatlas.app.server.sounds import KINDS, SOUND_PATH, Sounds, open_music, sound_for, wanted_bytes
from songatlas.app.visit.opening import Catalogue, _opened
from songatlas.demo import simulate_catalogue
from songatlas.progress import silent

CONTENT = bytes(range(256)) * 4_000  # more than is read at a time


def answer(token: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """What the browser gets: status, headers and body."""
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http", "method": method, "headers": lines, "path_params": {"token": token},
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        response: Response = await sound_for(Request(scope))
        await response(scope, receive, send)

    asyncio.run(run())
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(each.get("body", b"") for each in sent[1:])


def token_of(sounds: Sounds, row: int = 0) -> str:
    sound = sounds.sound_of(row)
    assert sound is not None
    assert sound.address.startswith(f"{SOUND_PATH}/")
    return sound.address.rsplit("/", 1)[1]


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "Sønger" / "a song #1.mp3"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def test_a_song_comes_whole_or_in_the_part_that_is_asked_for(song: Path) -> None:
    token = token_of(sounds := Sounds([str(song), song.as_uri()]))
    status, headers, body = answer(token)
    assert (status, body) == (200, CONTENT)
    assert headers["content-type"] == "audio/mpeg"
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-length"] == str(len(CONTENT))
    status, headers, body = answer(token, range="bytes=300000-300099")
    assert (status, body) == (206, CONTENT[300_000:300_100])
    assert headers["content-range"] == f"bytes 300000-300099/{len(CONTENT)}"
    assert answer(token, range="bytes=-10")[2] == CONTENT[-10:]
    status, headers, body = answer(token, range=f"bytes={len(CONTENT)}-")
    assert (status, headers["content-range"], body) == (416, f"bytes */{len(CONTENT)}", b"")
    status, headers, body = answer(token, "HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(CONTENT)), b"")
    assert answer(token_of(sounds, 1))[2] == CONTENT  # the same file under its URI


def test_a_part_of_another_state_of_the_file_is_not_sent(song: Path) -> None:
    token = token_of(sounds := Sounds([str(song)]))
    tag = answer(token)[1]["etag"]
    assert answer(token, range="bytes=0-9", if_range=tag)[0] == 206
    song.write_bytes(CONTENT[:50_000])
    assert answer(token, range="bytes=0-9", if_range=tag)[:1] == (200,)
    assert sounds.sound_of(0) is not None


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None), ("", None), ("bytes=-", None), ("bytes=5-2", None), ("bytes=0-1,3-4", None),
        ("lines=0-1", None), ("bytes=" + "9" * 50 + "-", None), ("bytes=0-99999", (0, 10)),
        ("bytes=9-9", (9, 10)), ("bytes=-99", (0, 10)),
    ],
)  # fmt: skip
def test_ranges_are_read_or_passed_over(header: str | None, wanted: tuple[int, int] | None) -> None:
    assert wanted_bytes(header, 10) == wanted


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_ranges_beyond_the_file_are_refused(header: str) -> None:
    with pytest.raises(ValueError, match="of 10"):
        wanted_bytes(header, 10)


def test_nothing_but_music_is_ever_opened(tmp_path: Path, song: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    link = tmp_path / "link.mp3"
    link.symlink_to(secret)
    good_link = tmp_path / "good link.mp3"
    good_link.symlink_to(song)
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    folder = tmp_path / "folder.flac"
    folder.mkdir()
    ring = tmp_path / "ring.mp3"
    ring.symlink_to(ring)
    bad = [
        "/etc/hostname", str(secret), str(link), str(pipe), str(folder), str(ring), "/dev/zero",
        str(tmp_path / "gone.mp3"), "song.mp3", "../song.mp3", f"{song}\0.mp3", "https://host/song.mp3",
        "spotify:track:4XU3UbQRXTkBR8VastbrFK", "file:///etc/hostname", f"{secret}#.mp3", "", None,
        f"/{'x' * 5000}.mp3",
    ]  # fmt: skip
    sounds = Sounds([*bad, str(good_link)])
    assert [sounds.sound_of(row) for row in range(len(bad))] == [None] * len(bad)
    assert answer(token_of(sounds, len(bad)))[0] == 200
    for path in (secret, link, pipe, folder, tmp_path / "gone.mp3"):
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system says of it
            open_music(path)
    assert all(kind.startswith("audio/") for kind in KINDS.values())


def test_what_a_song_became_after_its_button_was_drawn_is_looked_at_again(tmp_path: Path, song: Path) -> None:
    token = token_of(sounds := Sounds([str(song)]))
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    song.unlink()
    assert answer(token)[0] == 404
    song.symlink_to(secret)
    assert answer(token)[0] == 404
    assert sounds.sound_of(0) is None


def test_tokens_are_no_paths_no_rows_and_die_with_their_catalogue(song: Path) -> None:
    sounds, others = Sounds([str(song)] * 2), Sounds([str(song)])
    tokens = {token_of(sounds, 0), token_of(sounds, 1), token_of(others, 0)}
    assert len(tokens) == 3
    assert token_of(sounds, 0) in tokens  # the same as long as the server runs
    assert {len(token) for token in tokens} == {64}
    for token in ("0", str(song), "../" + str(song), "0" * 64, ""):
        assert answer(token)[0] == 404
    assert sounds.sound_of(-1) is sounds.sound_of(2) is sounds.sound_of(None) is None
    token = token_of(others)
    assert answer(token)[0] == 200
    del others
    gc.collect()
    assert answer(token)[0] == 404


def test_only_what_the_app_was_started_with_has_sounds(tmp_path: Path, song: Path) -> None:
    table = simulate_catalogue(60, seed=1)
    path = tmp_path / "songs.parquet"
    with_files = table.with_columns(path=_all(str(song)))
    with_files.write_parquet(path)
    opened = _opened(Launch(target=str(path), settings={"k": 2}), "key", silent)
    assert opened.sounds.sound_of(0) is not None
    dropped = Catalogue(atlas=opened.atlas, key="own", title="own")
    assert "location" in dropped.atlas.songs.columns
    assert dropped.sounds.sound_of(0) is None


def _all(text: str) -> Any:
    import polars as pl

    return pl.lit(text)


def test_the_policy_lets_music_come_from_this_server_alone() -> None:
    assert "media-src 'self' blob:;" in content_security_policy("")
