"""A saved atlas that was damaged, or made up by somebody who can also write its manifest.

An input is a list of changes of a small atlas. Its first byte says whether the manifest is written anew after
them, so that it vouches for what is made up. Each change is five bytes: which part, how, where, and what to
put there. JSON is changed value by value, tables column by column, arrays by their headers and numbers, and
every part byte by byte. What opens must be usable: clusters told, a song explained, songs assigned.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import polars as pl

from fuzz.harness import Target
from songatlas.atlas import Atlas, build_demo
from songatlas.errors import BadAtlas, SongAtlasError

_N_SONGS: Final = 60
_PER_CHANGE: Final = 5
_MOST_CHANGES: Final = 12
_ANEW: Final = 128  # a first byte below it leaves the manifest as it was

_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2, 3, 10**6, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308, -1e308,
    1e-320, float("nan"), float("inf"), float("-inf"), "", "a", "sound", "Int32", "Object",
    "../../etc/passwd", "/", "\x00", "\x1b[31m", "\ud800", "\u202e", "a" * 5000, "<script>", "$x$", [],
    [[]], [0], [None], ["a"], [[[[[[[[[[1]]]]]]]]]], {}, {"a": 1}, {"": None},
    {"a": {"b": [1, 2, {"c": None}]}}, list(range(500)),
)  # fmt: skip

_NUMBERS: Final = (
    0.0,
    -1.0,
    1.0,
    2.0,
    1e30,
    -1e30,
    1e308,
    float("nan"),
    float("inf"),
    65_536.0,
    2.0**31,
    -0.5,
)

_HEADERS: Final = (
    b"'descr': '<f8'", b"'descr': '|O'", b"'descr': '<c16'", b"'descr': '|V8'", b"'descr': '<U4'",
    b"'fortran_order': True", b"'shape': (9999999999, 9999999999)", b"'shape': (-1, 3)", b"'shape': ()",
    b"'shape': (0, 0)", b"'shape': (2, 0)", b"'shape': (1, 1, 1)", b"__import__('os')", b"((((((((((",
)  # fmt: skip

_TYPES: Final = (
    pl.String, pl.Int8, pl.Int64, pl.UInt64, pl.Float32, pl.Float64, pl.Boolean, pl.Date, pl.Binary,
    pl.Categorical, pl.Null,
)  # fmt: skip


@cache
def _whole() -> dict[str, bytes]:
    """The parts of a small atlas that is as it should be."""
    home = Path(tempfile.mkdtemp(prefix="songatlas-fuzz-"))
    try:
        build_demo(_N_SONGS, k=2, k_max=3, threads=1).save(home)
        return {path.name: path.read_bytes() for path in sorted(home.iterdir())}
    finally:
        shutil.rmtree(home)


def _in_json(content: bytes, where: int, what: int, how: int) -> bytes:
    """Replace, remove or add one value, wherever it stands."""
    found = json.loads(content)
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [found]
    while waiting:
        home = waiting.pop()
        inside = home.items() if isinstance(home, dict) else enumerate(home)
        for key, value in list(inside):
            places.append((home, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    if not places:
        return content
    home, key = places[where % len(places)]
    value = _VALUES[what % len(_VALUES)]
    if how == 0:
        home[key] = value
    elif how == 1:
        del home[key]
    elif isinstance(home, list):
        home.insert(key, home[key] if how == 2 else value)
    else:
        home[str(value)[:50] if how == 2 else f"{key}_"] = home[key]
    return json.dumps(found).encode()


def _in_table(content: bytes, where: int, what: int, how: int) -> bytes:
    """Drop, cast, rename or fill a column, drop or double rows."""
    frame = pl.read_parquet(io.BytesIO(content))
    name = frame.columns[where % frame.width] if frame.width else ""
    if not name or how == 0:
        frame = frame.drop(name) if name else frame
    elif how == 1:
        frame = frame.with_columns(pl.col(name).cast(_TYPES[what % len(_TYPES)], strict=False))
    elif how == 2:
        frame = frame.with_columns(_filled(frame[name], where, what))
    elif how == 3:
        frame = frame.rename({name: f"{name}_{what}"})
    elif how == 4:
        frame = frame.head(what % (frame.height + 1))
    elif how == 5:
        frame = pl.concat([frame, frame.head(1 + what % 3)])
    else:
        frame = frame.sample(fraction=1.0, shuffle=True, seed=what)
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


def _filled(values: pl.Series, where: int, what: int) -> pl.Series:
    """A column with another value in one row, or in all of them."""
    rows = list(range(len(values))) if where % 2 else [what % max(1, len(values))]
    told: list[Any] = values.to_list()
    value: Any = None
    if values.dtype.is_float():
        value = _NUMBERS[what % len(_NUMBERS)]
    elif values.dtype.is_integer():
        value = (-1, 0, 1, 127)[what % 4]
    elif values.dtype == pl.String:
        value = ("", "\x00", "a" * 3000, None, "\u202e")[what % 5]
    for row in rows if told else []:
        told[row] = value
    return pl.Series(values.name, told, dtype=values.dtype, strict=False)


def _in_array(content: bytes, where: int, what: int, how: int) -> bytes:
    """Put another number, shape, kind or header in an array."""
    if how == 0:
        start = content.find(b"'descr'")
        header = _HEADERS[what % len(_HEADERS)]
        return content[:start] + header + content[start + len(header) :]
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False).copy()
    except ValueError:
        return content
    if how == 1 and array.size and array.dtype.kind == "f":
        array.flat[where % array.size] = _NUMBERS[what % len(_NUMBERS)]
    elif how == 2:
        array = array.astype((np.float32, np.int64, np.complex128, np.bool_, ">f8", "U4")[what % 6])
    elif how == 3:
        array = (array[:-1], array.T, array.ravel(), array[None], np.concatenate([array, array]), array[:0])[
            what % 6
        ]
    elif array.ndim == 2:
        array = array[:, : what % (array.shape[1] + 1)]
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


def _in_bytes(content: bytes, where: int, what: int, how: int) -> bytes:
    """Change, cut, or double bytes of any part."""
    place = (where * 257 + what) % (len(content) + 1)
    if how < 3:
        return content[:place] + bytes([what]) + content[place + 1 :]
    if how == 3:
        return content[:place]
    if how == 4:
        return content[:place] + content[place + 1 + what :]
    return content[:place] + content[place : place + 1 + what] * 3 + content[place:]


def _changed(content: bytes, name: str, change: bytes) -> bytes:
    """One part after one change of it."""
    how, where, what = change[1], change[2] * 256 + change[3], change[4]
    if how >= 192 or name.endswith(".toml"):
        return _in_bytes(content, where, what, how % 6)
    try:
        if name.endswith(".json"):
            return _in_json(content, where, what, how % 4)
        if name.endswith(".parquet"):
            return _in_table(content, where, what, how % 7)
        return _in_array(content, where, what, how % 5)
    except (ValueError, TypeError, AttributeError, RecursionError, pl.exceptions.PolarsError):
        return content  # an earlier change has left nothing that could be changed this way


def made_up(data: bytes) -> dict[str, bytes]:
    """Return the parts of the atlas that an input means."""
    parts = dict(_whole())
    names = [*parts, "manifest.json"]
    for start in range(1, min(len(data), 1 + _PER_CHANGE * _MOST_CHANGES), _PER_CHANGE):
        change = data[start : start + _PER_CHANGE].ljust(_PER_CHANGE, b"\0")
        name = names[change[0] % len(names)]
        parts[name] = _changed(parts[name], name, change)
    if data and data[0] >= _ANEW:
        parts["manifest.json"] = _vouched(parts)
    return parts


def _vouched(parts: dict[str, bytes]) -> bytes:
    """The manifest with the hashes of what is there; as it is where it is no manifest any more."""
    try:
        manifest = json.loads(parts["manifest.json"])
        for name in manifest["parts"]:
            if name in parts:
                manifest["parts"][name] = hashlib.sha256(parts[name]).hexdigest()
        said = {key: value for key, value in manifest.items() if key not in ("sha256", "created", "seconds")}
        text = json.dumps(said, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return json.dumps({**manifest, "sha256": hashlib.sha256(text).hexdigest()}).encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        return parts["manifest.json"]


def run(data: bytes) -> None:
    """Open the atlas that an input means, and use it."""
    parts = made_up(data)
    home = Path(tempfile.mkdtemp(prefix="songatlas-fuzz-"))
    try:
        for name, content in parts.items():
            (home / name).write_bytes(content)
        atlas = Atlas.load(home)
    finally:
        shutil.rmtree(home)
    vouched_for = [name for name in parts if name not in ("names.toml", "manifest.json")]
    if not data or data[0] < _ANEW:
        altered = [name for name in vouched_for if parts[name] != _whole()[name]]
        assert not altered, f"opened although {altered} differ from what the manifest says"
    for use in _USES:
        try:
            use(atlas)
        except BadAtlas:
            raise
        except SongAtlasError:
            continue


_USES: Final[tuple[Callable[[Atlas], object], ...]] = (
    lambda atlas: (atlas.k, atlas.cluster_names(), [atlas.colour_of(label) for label in range(atlas.k)]),
    lambda atlas: atlas.why(atlas.songs["song_id"][0]),
    lambda atlas: atlas.points,
    lambda atlas: atlas.verdict.sentence,
    lambda atlas: atlas.with_names([f"Songs {label}" for label in range(atlas.k)]).profiles,
)


def mutated(data: bytes, seed: int) -> bytes:
    """Return an input of a few changes, most of which somebody vouches for."""
    random = Random(seed)  # noqa: S311 - it draws inputs to try, no secrets
    first = random.choice((0, _ANEW, _ANEW, _ANEW))
    changes = random.choice((1, 1, 1, 2, 3))
    return bytes([first]) + bytes(random.randrange(256) for _ in range(_PER_CHANGE * changes))


def seeds() -> Sequence[bytes]:
    """Return no change at all, and one change of every part in some ways."""
    n_parts = len(_whole()) + 1
    ones = [
        bytes([_ANEW, part, how, 0, 7, (part + how) % 256])
        for part in range(n_parts)
        for how in (0, 1, 2, 255)
    ]
    return [b"", bytes([_ANEW]), b"\0\0\xff\0\x05\x07", *ones]


TARGET: Final = Target(
    about="a saved atlas damaged or made up, with and without a manifest that vouches for it",
    seeds=seeds,
    run=run,
    most_bytes=1 + _PER_CHANGE * _MOST_CHANGES,
    most_seconds=5.0,
    mutate=mutated,
)
