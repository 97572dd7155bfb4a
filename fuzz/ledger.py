"""The ledger: how many inputs every run has tried, kept in files, so that a killed run loses nothing."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fuzz.harness import Trial

_EVERY_SECONDS: Final = 5.0


class Ledger:
    """One page of the ledger: the counts of one process on one target.

    Parameters
    ----------
    folder : Path
        Folder of all pages.
    name : str
        The target.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._began = time.time()
        self._path = folder / f"{name}-{int(self._began * 1000)}-{os.getpid()}.json"
        self._name = name
        self._next = self._began

    def note(self, trial: Trial, *, is_last: bool = False) -> None:
        """Write the counts down, every few seconds and at last."""
        now = time.time()
        if now < self._next and not is_last:
            return
        self._next = now + _EVERY_SECONDS
        page = {
            "target": self._name,
            "inputs": trial.inputs,
            "refused": trial.refused,
            "findings": trial.findings,
            "seconds": round(now - self._began, 1),
            "slowest_seconds": round(trial.slowest_seconds, 3),
            "kept": sorted(trial.kept),
        }
        beside = self._path.with_suffix(".part")
        beside.write_text(json.dumps(page), encoding="utf-8")
        beside.replace(self._path)


def pages(folder: Path, *, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
    """Yield all pages of a ledger that were written at or after a time (seconds since 1970)."""
    for path in sorted(folder.glob("*.json")):
        if path.stat().st_mtime >= since:
            yield json.loads(path.read_text(encoding="utf-8"))


def totals(found: Iterator[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each target: inputs, refused, findings and seconds summed, the slowest input."""
    rows: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"inputs": 0, "refused": 0, "findings": 0, "seconds": 0.0, "slowest_seconds": 0.0, "runs": 0}
    )
    for page in found:
        row = rows[page["target"]]
        for name in ("inputs", "refused", "findings", "seconds"):
            row[name] = round(row[name] + page[name], 1)
        row["slowest_seconds"] = max(row["slowest_seconds"], page["slowest_seconds"])
        row["runs"] += 1
    for row in rows.values():
        row["per_second"] = round(row["inputs"] / row["seconds"]) if row["seconds"] else 0
    return [{"target": name} | row for name, row in sorted(rows.items())]
