"""What a browser sends: values of an address, names of uploads, polygons of a lasso, numbers of pieces.

The first byte of an input chooses what takes the rest. Nobody may make the server read a file, hang, or say
more than that there is no such thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from fuzz.harness import Target
from songatlas.app.files.dropped_table import Corrections, words_for_the_page
from songatlas.app.map.song_map import corners_of
from songatlas.app.server.parts import Parts, bytes_of
from songatlas.app.server.sounds import Sounds, wanted_bytes
from songatlas.app.visit.state import read_value
from songatlas.app.words.wording import plain_text
from songatlas.playlists import playlist_of_bytes, safe_file_name
from songatlas.starmap import songs_inside

_POSITIONS: Final = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
_PARTS: Final = Parts()
_ADDRESS: Final = _PARTS.address_of("songs", lambda part: [b"first", b"second"][part])
_SOUNDS: Final = Sounds(["/music/hey.mp3", None, "https://host/a.mp3", "../../etc/passwd", "/etc/passwd"])
_DEFAULTS: Final[tuple[Any, ...]] = ("", 0, 8, 0.5, False, "song", ["a"], [], (1.0,))
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_WINDOWS: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_SIZE: Final = 1000


def _text(content: bytes) -> str:
    """A text as a browser may send it, halves of characters too."""
    return content.decode("utf-8", "surrogateescape")


def _value(content: bytes) -> None:
    texts = _text(content).split("&")
    default = _DEFAULTS[len(content) % len(_DEFAULTS)]
    found = read_value(texts, default)
    assert found is None or isinstance(found, type(default)), "a value of another kind"
    assert not isinstance(found, float) or abs(found) < 1e300, "a number beyond all"


def _polygon(content: bytes) -> None:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return
    corners = corners_of(said)
    rows = songs_inside(_POSITIONS, corners) if corners else np.empty(0, dtype=np.int64)
    assert ((rows >= 0) & (rows < len(_POSITIONS))).all(), "a row that is not there"


def _range(content: bytes) -> None:
    try:
        found = wanted_bytes(content.decode("latin-1"), _SIZE)
    except ValueError:
        return
    assert found is None or 0 <= found[0] < found[1] <= _SIZE, f"bytes {found} of {_SIZE}"


def _token(content: bytes) -> None:
    token, _, number = _text(content).partition("/")
    try:
        part = int(number)
    except ValueError:
        part = 0
    for give in (lambda: bytes_of(token, part), lambda: _SOUNDS.file_of(token)):
        try:
            found = give()
        except (KeyError, IndexError):
            continue
        assert token == _ADDRESS.rpartition("/")[2], f"{found!r} was given for a token that nobody got"


def _file_name(content: bytes) -> None:
    text = _text(content)
    name = safe_file_name(text, {"calm", "Playlist"})
    assert name, "a file without a name"
    assert not _FORBIDDEN.search(name), f"a name that a system refuses: {name!r}"
    assert not _WINDOWS.fullmatch(name), f"a name that Windows keeps: {name!r}"
    assert name[-1] not in ". ", f"a name that Windows changes: {name!r}"
    assert len(name.encode()) <= 200, f"a name of {len(name.encode())} bytes"
    shown = plain_text(text)
    assert len(shown) <= 700, f"a text of {len(shown)} letters"
    assert "\n" not in shown, f"a text that breaks a page: {shown!r}"
    assert not re.search(r"(?<!\\)[<$`]", shown.replace("\\\\", "")), f"markup is left: {shown!r}"
    words_for_the_page(text)


def _upload(content: bytes) -> None:
    name, _, rest = content.partition(b"\n")
    playlist_of_bytes(rest, _text(name))


def _corrections(content: bytes) -> None:
    header = _text(content).split(",")
    places = {"energy": len(content) % len(header), "title": -1, "tempo_bpm": 0}
    Corrections(places=places, units={"energy": "percent"}, genre=0).settings(header)


_TAKEN_BY: Final[tuple[Callable[[bytes], object], ...]] = (
    _value, _polygon, _range, _token, _file_name, _upload, _corrections,
)  # fmt: skip

_SEEDS: Final = (
    (0, b"7"), (0, b"0.25"), (0, b"a&b"), (0, b"1"), (1, b"[[0, 0], [1, 0], [0, 1]]"),
    (1, b"[[0, 0], [1e308, null], [0.5, 1]]"), (2, b"bytes=0-"), (2, b"bytes=2-5"), (2, b"bytes=-3"),
    (3, _ADDRESS.rpartition("/")[2].encode() + b"/0"), (3, b"../../etc/passwd/1"), (4, b"Slow / sad"),
    (4, b"con"), (4, "Zo\u0308e \U0001f3b5 <b>$x$</b>".encode()), (4, b"../../.."),
    (5, b"../../a.m3u8\n#EXTM3U\na.mp3\n"), (5, b"C:\\x.csv\nTitle,Artist\nHey,Ana\n"),
    (6, b"id,Energy,x,x,"),
)  # fmt: skip

_TOKENS: Final = (
    b"../", b"C:\\", b"\\\\host\\", b"%2e%2e%2f", b"NUL", b"aux.txt", b"COM1", b" .", b"bytes=", b"-", b",",
    b"[[", b"]]", b"null", b"NaN", b"Infinity", b"1e400", b"true", b"{}", b'""', b"<script>", b"$", b"`",
    b"**", b"[a](javascript:x)", b":material/x:", b"\x00", b"\x1b[31m", "\u202e".encode(),
    "\u2028".encode(), b"\xed\xa0\x80", b"\xff", "\u0663".encode(), "\u00b2".encode(), "\uff0f".encode(),
    b"&", b"\n",
)  # fmt: skip


def seeds() -> Sequence[bytes]:
    """Return what the pages themselves send, and what somebody may put in its place."""
    return [bytes([place]) + content for place, content in _SEEDS]


def run(content: bytes) -> None:
    """Give one message to what takes it."""
    if content:
        _TAKEN_BY[content[0] % len(_TAKEN_BY)](content[1:])


TARGET: Final = Target(
    about="what a browser sends: addresses, tokens, ranges, polygons, names of uploads, headers",
    seeds=seeds,
    run=run,
    tokens=_TOKENS,
    most_bytes=1024,
    most_seconds=1.0,
)
