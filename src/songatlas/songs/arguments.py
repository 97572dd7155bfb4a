"""Arguments of functions that people call from Python: what is of another kind is told in words at once.

Numbers of NumPy are numbers, and any iterable of texts is a list of them, but one text is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real

from songatlas.errors import BadSettings, quoted


def texts_of(name: str, value: object, *, example: str) -> tuple[str, ...]:
    """Return a list of texts, empty where it is None; `BadSettings` where it is none.

    Examples
    --------
    >>> texts_of("like", ["Pocket"], example="Pocket")
    ('Pocket',)
    >>> texts_of("like", "Pocket", example="Pocket")
    Traceback (most recent call last):
    songatlas.errors.BadSettings: like is 'Pocket': it must be a list of texts, such as ['Pocket']
    """
    if value is None:
        return ()
    parts = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else (None,)
    if not all(isinstance(part, str) for part in parts):
        raise BadSettings(f"{name} is {quoted(value)}: it must be a list of texts, such as [{example!r}]")
    return parts


def pairs_of(name: str, value: object, *, example: str) -> dict[str, str]:
    """Return a mapping of texts to texts, or to numbers of columns as texts; `BadSettings` where it is none.

    Examples
    --------
    >>> pairs_of("columns", {"energy": 3}, example="energy")
    {'energy': '3'}
    """
    if not isinstance(value, Mapping) or not all(
        isinstance(ours, str) and isinstance(theirs, str | int) for ours, theirs in value.items()
    ):
        raise BadSettings(f"{name} is {quoted(value)}: it must be a mapping, such as {{{example}}}")
    return {ours: str(theirs) for ours, theirs in value.items()}


def require_text(name: str, value: object, *, words: str) -> None:
    """Refuse anything but a text with `BadSettings`; `words` say what it must be."""
    if not isinstance(value, str):
        raise BadSettings(f"{name} is {quoted(value)}: it must be {words}")


def require_whole(name: str, value: object, *, low: int | None = None) -> None:
    """Refuse anything but a whole number, from `low` on, with `BadSettings`.

    Examples
    --------
    >>> require_whole("subcluster", 0.5)
    Traceback (most recent call last):
    songatlas.errors.BadSettings: subcluster is 0.5: it must be a whole number
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or (low is not None and value < low):
        least = "" if low is None else f" from {low}"
        raise BadSettings(f"{name} is {quoted(value)}: it must be a whole number{least}")


def require_number(name: str, value: object) -> None:
    """Refuse anything but a number with `BadSettings`."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise BadSettings(f"{name} is {quoted(value)}: it must be a number")
