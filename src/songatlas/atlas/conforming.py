"""Whether values that were read are of the types that a dataclass says, all the way down.

JSON keeps no types: where a text stands for a number, nothing is wrong until somebody reckons with it. Texts
must be such as UTF-8 can hold, numbers finite and of a size that a song can have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

MOST: Final = 1e300
"""Size from which a number is refused."""

_Check: TypeAlias = Callable[[Any], bool]


def misfit(value: Any, *, skip: Sequence[str] = ()) -> str:
    """Say which field of a dataclass is not of the type that it should be.

    Parameters
    ----------
    value : dataclass instance
    skip : sequence of str
        Fields that are not looked at.

    Returns
    -------
    str
        The way to the field ("profiles[1].size"); empty where all are as they should be.

    Examples
    --------
    >>> from songatlas.choose_k.verdict import Playlists
    >>> fine = Playlists(k=5, smallest=1, median=2, largest="3", n_outside=0, sentence="")
    >>> misfit(fine)
    'largest'
    """
    for name, kind in _kinds(value.__class__).items():
        if name in skip:
            continue
        way = _misfit(getattr(value, name), kind)
        if way is not None:
            return f"{name}{way}"
    return ""


def conforms(value: Any, kind: Any) -> bool:
    """Say whether a value is of a type: one that annotations know, such as ``Mapping[str, float]``."""
    return _misfit(value, kind) is None


@cache
def _kinds(home: Any) -> Mapping[str, Any]:
    """The type of each field of a dataclass."""
    hints = get_type_hints(home)
    return {each.name: hints[each.name] for each in fields(home) if each.init}


def _misfit(value: Any, kind: Any) -> str | None:
    """The way to what does not fit, from the value on; None where all fits."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        ways = [_misfit(value, each) for each in parts]
        return None if None in ways else max((way for way in ways if way is not None), key=len)
    if origin is Literal:
        return None if isinstance(value, str) and value in parts else ""
    if origin is tuple:
        return _misfit_of_tuple(value, parts)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _misfit_of_mapping(value, parts)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _misfit_of_tuple(tuple(value), (*parts, ...)) if isinstance(value, list | tuple) else ""
    if is_dataclass(kind):
        if not isinstance(value, kind if isinstance(kind, type) else type(kind)):
            return ""
        way = misfit(value)
        return f".{way}" if way else None
    return None if _PLAIN.get(kind, lambda _: True)(value) else ""


def _misfit_of_tuple(value: Any, parts: Sequence[Any]) -> str | None:
    """The same of a tuple; JSON's lists have become tuples by now."""
    if not isinstance(value, tuple):
        return ""
    kinds = [parts[0]] * len(value) if len(parts) == 2 and parts[1] is ... else list(parts)
    if len(kinds) != len(value):
        return ""
    ways = ((place, _misfit(each, kind)) for place, (each, kind) in enumerate(zip(value, kinds, strict=True)))
    return next((f"[{place}]{way}" for place, way in ways if way is not None), None)


def _misfit_of_mapping(value: Any, parts: Sequence[Any]) -> str | None:
    """The same of a mapping, keys first."""
    if not isinstance(value, Mapping):
        return ""
    for key, each in value.items():
        way = "" if _misfit(key, parts[0]) is not None else _misfit(each, parts[1])
        if way is not None:
            return f"[{str(key)[:40]!a}]{way}"
    return None


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_number(value: Any) -> bool:
    if _is_whole(value):
        return True
    return isinstance(value, float) and isfinite(value) and abs(value) < MOST


_PLAIN: Final[Mapping[Any, _Check]] = {
    bool: lambda value: isinstance(value, bool),
    int: _is_whole,
    float: _is_number,
    str: _is_text,
    NoneType: lambda value: value is None,
}
"""What is asked of a plain type; of all others (arrays, frames) nothing is known here."""
