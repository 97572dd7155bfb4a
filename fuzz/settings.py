"""Settings as people and programs write them: TOML, JSON, texts of options, filters, names of clusters.

The first byte of an input chooses what the rest is given to (`_TAKEN_BY`). Settings that are taken must be
told as TOML and as JSON and come back equal; a filter must answer for every song; names must come back as
written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import polars as pl

from fuzz.harness import Target
from songatlas.atlas.names_file import NAMES, names_of, names_text, require_name
from songatlas.atlas.settings import AtlasSettings
from songatlas.cli.memory import read_size
from songatlas.cli.options import read_k, read_pairs, read_weights
from songatlas.errors import BadSettings
from songatlas.playlists.formats import format_named
from songatlas.playlists.templates import locate
from songatlas.playlists.tracks import Track
from songatlas.songs.filtering import allowed
from songatlas.songs.finding import find_songs
from songatlas.spark.session import conf_of

_PATH: Final = Path("atlas", NAMES)

_SONGS: Final = pl.DataFrame(
    {
        "song_id": ["a", "b", "c", "d"],
        "title": ["Hey", "Ho (Live)", None, "???"],
        "artists": [["Zoë", "Ana"], ["Ana"], [], ["A | B"]],
        "tags": [["Jazz", "soul"], ["pop"], [], None],
        "release_date": ["1979-05-01", "1984", None, "2001-02"],
        "year": [1979.0, 1984.0, None, 2001.0],
        "tempo": [120.0, 90.0, None, 200.5],
        "energy": [0.1, 0.9, None, 0.5],
        "duration_ms": [181_000.0, None, 60_000.0, 7e6],
        "key": [0.0, 9.0, None, 11.0],
        "mode": [1.0, 0.0, None, 1.0],
        "explicit": [True, False, None, False],
    }
)

_NAMES: Final = ("Calm songs", 'Loud "rock"', "Gone")

_TEXTS: Final = (
    (0, b'k = 8\nseed = 3\nspace = ["sound", "era"]\nk_min = 2\nk_max = 9\ngenre = "genre"\nrefine = true\n'
        b"[weights]\nsound = 1.5\n"),
    (0, b'features = "energy, valence"\nkeep = "all"\ngenre_pull = 0.5\n[columns]\nenergy = "nrgy"\n'
        b'[units]\ntempo_bpm = "Hz"\n'),
    (1, b'{"k": "auto", "seed": 0, "space": ["sound"], "weights": {"era": 0.5}, "feature_weights": {}, '
        b'"header": ["a", "b"], "threads": 2}'),
    (2, b"sound=1,era=0.5"), (3, b"energy=nrgy"), (4, b"12"), (5, b"1.5 GiB"),
    (6, b"spark.executor.memory=4g"), (7, b"year=1980..1989"), (7, b"energy>=80%"), (7, b"artist=Zoe|Ana"),
    (7, b"duration<=4:00"), (7, b"key!=8A"), (7, b"title~hey"), (7, b"explicit=no"),
    (7, b"release_date>=1984-01"), (7, b"year=1980s"), (7, b"duration=2min..1:01:02.5"), (7, b"BPM<128"),
    (8, "Hey - Zoë".encode()), (8, b"spotify:track:4XU3UbQRXTkBR8VastbrFK"), (9, b"{artist}/{title}.mp3"),
    (9, b"https://host/{song_id}"), (10, b"m3u8"), (11, b" Sunday kitchen "),
)  # fmt: skip

_TOKENS: Final = (
    b"k", b"k_min", b"k_max", b"seed", b"space", b"weights", b"feature_weights", b"genre_pull", b"features",
    b"refine", b"genre", b"keep", b"columns", b"units", b"header", b"threads", b"auto", b"true", b"null",
    b"nan", b"inf", b"-inf", b"1e400", b"0xffffffffffffffffffff", b"1979-05-27T07:32:00Z", b"[[", b"]]",
    b"[", b"]", b"{", b"}", b" = ", b"==", b"!=", b">=", b"<=", b"~", b"..", b"%", b"|", b":", b"'''",
    b'"""', b"\\u0000", b"\\ud800", b"\\U0010FFFF", b"\x00", b"\x1b[31m", "\u202e".encode(),
    "\u2028".encode(), "٣".encode(), "²".encode(), b"\xed\xa0\x80", b"GB", b"KiB", b"ms", b"sec", b"year",
    b"energy", b"duration", b"key", b"tempo", b"artist", b"tags", b"title", b"release_date", b"{artist}",
    b"{title}", b"{{", b"}}", b"{0}", b"{artist!r}", b"{artist.x}", b"{artist:9999999999}", b"file:///",
    b"C:\\", b"../",
)  # fmt: skip


def _toml(content: bytes) -> None:
    settings = AtlasSettings.from_toml_bytes(content)
    _same(AtlasSettings.from_toml_bytes(settings.to_toml().encode()), settings)
    _same(AtlasSettings.from_dict(json.loads(json.dumps(settings.to_dict()))), settings)


def _json(content: bytes) -> None:
    values = _loaded(content)
    if isinstance(values, dict):
        settings = AtlasSettings.from_dict(values)
        _same(AtlasSettings.from_dict(json.loads(json.dumps(settings.to_dict()))), settings)
        AtlasSettings().change(**values)


def _loaded(content: bytes) -> Any:
    """JSON of any shape, as far as Python itself reads it."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _same(again: AtlasSettings, settings: AtlasSettings) -> None:
    """What was told and read again must be equal, but for threads."""
    assert again.to_dict() == settings.to_dict(), "settings came back otherwise"


def _where(content: bytes) -> None:
    assert allowed(_SONGS, [_text(content)]).shape == (_SONGS.height,), "a filter answers for every song"


def _found(content: bytes) -> None:
    rows = find_songs(_SONGS, _text(content))
    assert len(rows) > 0, "nothing found, and nothing said"
    assert ((rows >= 0) & (rows < _SONGS.height)).all(), "a row that is not there"


def _located(content: bytes) -> None:
    song = Track(title="Hey/..", artists=("../Zoë",), album="A\nB", song_id="con")
    place = locate(song, template=_text(content))
    assert place is None or isinstance(place, str), "a location is a text"


def _named(content: bytes) -> None:
    name = require_name(0, _text(content), names=_NAMES, own="Calm songs")
    text = names_text(_NAMES, (name, *_NAMES[1:]), (1, 2, 3))
    assert names_of(text.encode(), _PATH).shown_names(_NAMES)[0] == name, "a name came back otherwise"


def _text(content: bytes) -> str:
    """A text as a command line has it: bytes that are no UTF-8 are halves of characters."""
    return content.decode("utf-8", "surrogateescape")


_TAKEN_BY: Final[tuple[Callable[[bytes], object], ...]] = (
    _toml,
    _json,
    lambda content: AtlasSettings(weights=read_weights(_text(content)) or {}),
    lambda content: AtlasSettings(columns=read_pairs("--column", [_text(content)]) or {}),
    lambda content: AtlasSettings(k=read_k(_text(content)) or "auto"),  # type: ignore[arg-type]
    lambda content: read_size(_text(content)),
    lambda content: conf_of([_text(content)]),
    _where,
    _found,
    _located,
    lambda content: format_named(_text(content)),
    _named,
)


def run(content: bytes) -> None:
    """Give one text to what takes it."""
    if content:
        _TAKEN_BY[content[0] % len(_TAKEN_BY)](content[1:])


def run_names(content: bytes) -> None:
    """Read one file of names, and write what it says."""
    found = names_of(content, _PATH)
    try:
        shown = found.shown_names(_NAMES)
    except BadSettings:
        shown = _NAMES
    text = names_text(_NAMES, shown, (1, 2, 3_000), gone=found.gone, comments=found.comments())
    again = names_of(text.encode(), _PATH)
    assert dict(again.gone) == dict(found.gone), "names of clusters that are gone were lost"
    if shown is not _NAMES:
        given = {own: name for own, name in zip(_NAMES, shown, strict=True) if own != name}
        assert {own: name for own, name in again.given.items() if name} == given, "names came back otherwise"


TARGET: Final = Target(
    about="settings from TOML, JSON and options; filters, sizes, weights, templates, names typed",
    seeds=lambda: [bytes([place]) + content for place, content in _TEXTS],
    run=run,
    tokens=_TOKENS,
    most_bytes=6000,
    most_seconds=1.0,
)

NAMES_FILE: Final = Target(
    about="names.toml as a person may leave it: read, told, written again",
    seeds=lambda: [
        names_text(
            _NAMES, ("Sleep", _NAMES[1], "x"), (1, 2, 3), gone={"Old songs": "Rain"}, comments=("# mine",)
        ).encode(),
        b'"Calm songs" = "Sunday kitchen"\n[gone]\n"Gentle acoustic" = "Rainy day"\n',
        "'Calm songs' = 'Süß'\r\n# x\n".encode("utf-8-sig"),
    ],
    run=run_names,
    tokens=(*_TOKENS[-40:], b"[gone]", b"Calm songs", b'Loud \\"rock\\"', b'""', b"# ", "“".encode()),
    most_bytes=6000,
    most_seconds=1.0,
)  # fmt: skip
