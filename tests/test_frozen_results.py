"""What the library gives back cannot be changed by accident: its dataclasses are frozen."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass
from inspect import getmembers, isclass

import pytest

ROOMS = ("choose_k", "quality", "kmeans", "playlists", "genres", "matching", "roles", "taste", "profiles")


def modules(room: str) -> Iterator[str]:
    """All modules of a room."""
    name = f"songatlas.{room}"
    yield name
    path = getattr(importlib.import_module(name), "__path__", ())
    yield from (found.name for found in pkgutil.walk_packages(path, f"{name}."))


@pytest.mark.parametrize("room", ROOMS)
def test_results_are_frozen(room: str) -> None:
    found = {
        value
        for name in modules(room)
        for _, value in getmembers(importlib.import_module(name), isclass)
        if is_dataclass(value) and value.__module__ == name and not value.__name__.startswith("_")
    }
    assert found
    assert {kind.__name__ for kind in found if not kind.__dataclass_params__.frozen} == set()
