"""Hostile input, made by a machine: `python -m fuzz NAME --runs N` prints one JSON object.

`harness` tries inputs and keeps what breaks a promise, `mutating` draws them without a fuzzer, `running` is
one process of it, `ledger` counts; every other module holds targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TARGETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "playlists": "fuzz.playlists:TARGET",
        "settings": "fuzz.settings:TARGET",
        "names_file": "fuzz.settings:NAMES_FILE",
        "saved_atlas": "fuzz.saved_atlas:TARGET",
        "app_input": "fuzz.app_input:TARGET",
        "tables": "fuzz.tables:TABLES",
        "songs": "fuzz.tables:SONGS",
    }
)
"""Where each target stands: a module, and its name there."""
