"""What a format has no place for: carried beside it as one line of JSON, so that nothing is lost.

A writer writes what its format holds, reads that back as any program would, and carries only the fields that
came back otherwise. A program that does not know of this sees an ordinary playlist. The JSON is pure ASCII,
so every format can hold it: breaks of lines, NUL and halves of characters are escaped.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, Final

from songatlas.playlists.tracks import Track, known_duration

_FIELDS: Final = tuple(field.name for field in fields(Track))


def unsaid(track: Track, plain: Track) -> str:
    r"""Return the fields of a track that its plain reading gives otherwise, as JSON; empty where none is.

    Examples
    --------
    >>> unsaid(Track(title="A\nB", isrc="X"), Track(title="A B"))
    '{"title":"A\\nB","isrc":"X"}'
    """
    rest = {name: getattr(track, name) for name in _FIELDS if getattr(track, name) != getattr(plain, name)}
    return json.dumps(rest, separators=(",", ":")) if rest else ""


def restored(plain: Track, text: str) -> Track:
    """Return the plain reading of a track with the fields that were carried beside it.

    What is damaged or of a wrong type is passed over: the plain reading is right but for details.

    Examples
    --------
    >>> restored(Track(title="A B"), unsaid(Track(title="A", isrc="X"), Track(title="A B"))).isrc
    'X'
    """
    values: dict[str, Any] = {}
    for name, value in read_object(text).items():
        if name == "artists" and isinstance(value, list) and all(isinstance(part, str) for part in value):
            values[name] = tuple(value)
        elif name == "duration_ms":
            values[name] = known_duration(value)
        elif name in _FIELDS and name != "artists" and (value is None or isinstance(value, str)):
            values[name] = value
    return replace(plain, **values)


def carried_name(name: str, plain: str) -> str:
    """Return JSON that carries the name of a playlist where its plain reading differs; else nothing."""
    return json.dumps({"name": name}) if name != plain else ""


def restored_name(plain: str, text: str) -> str:
    """Return the carried name of a playlist, the plain one where none was carried."""
    name = read_object(text).get("name")
    return name if isinstance(name, str) and name else plain


def read_object(text: str) -> dict[str, Any]:
    """A JSON object; an empty one if the text is none."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
