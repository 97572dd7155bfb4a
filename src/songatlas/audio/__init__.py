"""Your own music files: a folder of them becomes a songs table, offline.

A file goes one road: found (`listing`), known again by its sound (`payload`), decoded (`decoding`), heard
(`hearing`: loudness and mono sound), measured (`loudness`, `tempo`, `key`, `statistics`), listened to by a
network (`network/`), and estimated (`estimates`). `analysis.analyse` is that road for one file; `scan/` walks
it for a folder, in worker processes, and writes the table. soundfile, PyAV, soxr and tinytag are imported in
this room alone, and only where sound or tags are read; importing the room costs nothing.

Times are seconds (`_s`), loudness is LUFS, tempo beats a minute.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from songatlas.audio.scan.scanning import Scan, scan_folder

_HOMES = {
    "Scan": "songatlas.audio.scan.scanning",
    "scan_folder": "songatlas.audio.scan.scanning",
}

__all__ = ["Scan", "scan_folder"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a worker that decodes needs no table."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'songatlas.audio' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
