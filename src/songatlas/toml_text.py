"""TOML: read as a person may leave it, within bounds of time and memory, and values as it writes them."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

_DEEPEST: Final = 20  # dots of a key: each one costs as much as all that stand before it
_MOST_DOTS: Final = 10_000  # each one that is no part of a text may be a table in a table
_MOST_TABLES: Final = 20_000
_LONGEST: Final = 200
_TEXTS: Final = re.compile(
    r'''"""(?:[^"\\]++|\\.?|"(?!""))*+(?:"{3,5}|\Z)|"(?:[^"\\\n]++|\\[^\n])*+"?|'''
    r"""'''(?:[^']++|'(?!''))*+(?:'{3,5}|\Z)|'[^'\n]*+'?|#[^\n]*+""",
    re.DOTALL,
)  # an open end counts as one, so that every sign is looked at once
_DEEP: Final = re.compile(rf"(?:\.[^\n=,\[\]{{}}.]*+){{{_DEEPEST + 1}}}")


class BadToml(ValueError):
    """A text is no TOML; the message says why, in a few words without the file."""


def toml_values(text: str) -> dict[str, Any]:
    """Return what a text in TOML says.

    Raises
    ------
    BadToml
        If it is no TOML, or such that reading it would take long.

    Examples
    --------
    >>> toml_values('k = 8')
    {'k': 8}
    """
    _require_bounded(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        raise BadToml(said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…") from None
    except RecursionError:
        raise BadToml("it holds lists or tables in one another, too deep to be read") from None
    except ValueError:
        raise BadToml("it holds a number of thousands of digits") from None


def _require_bounded(text: str) -> None:
    """Refuse what would make more tables than memory holds, or tables deep in one another."""
    bare = _TEXTS.sub("", text)
    if _DEEP.search(bare):
        raise BadToml(f"a key holds more than {_DEEPEST} dots outside quotes")
    if bare.count(".") > _MOST_DOTS:
        raise BadToml(f"it holds more than {_MOST_DOTS:,} dots outside quotes")
    if bare.count("[") + bare.count("{") > _MOST_TABLES:
        raise BadToml(f"it holds more than {_MOST_TABLES:,} tables and lists")


def as_toml(value: Any) -> str:
    """Return a text, number, truth or list of them as TOML writes it.

    It is JSON, in which only the character DEL would need another escape.

    Examples
    --------
    >>> print(as_toml(["sound", 0.5, True]))
    ["sound", 0.5, true]
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
