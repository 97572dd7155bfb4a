"""TOML: read as a person may leave it, within bounds of time and memory, and values as it writes them."""

from __future__ import annotations

import json
import tomllib
from typing import Any, Final

_MOST_DOTS: Final = 500  # in a line: each one of a name costs as much as all that stand before it
_LONGEST: Final = 200


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
    if max((line.count(".") for line in text.split("\n")), default=0) > _MOST_DOTS:
        raise BadToml(f"a line holds more than {_MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        raise BadToml(said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…") from None
    except RecursionError:
        raise BadToml("it holds lists or tables in one another, too deep to be read") from None
    except ValueError:
        raise BadToml("it holds a number of thousands of digits") from None


def as_toml(value: Any) -> str:
    """Return a text, number, truth or list of them as TOML writes it.

    It is JSON, in which only the character DEL would need another escape.

    Examples
    --------
    >>> print(as_toml(["sound", 0.5, True]))
    ["sound", 0.5, true]
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
