"""How many cores this process may use: those it is pinned to, within the quota of its container."""

from __future__ import annotations

import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Return the number of cores that may be kept busy, at least 1."""
    pinned = getattr(os, "sched_getaffinity", None)
    cores = len(pinned(0)) if pinned else os.cpu_count() or 1
    quota = _quota()
    return max(1, cores if quota is None else min(cores, round(quota)))


def _quota() -> float | None:
    """Cores that a container grants (cgroup 2, then 1); None where it grants all."""
    granted = [_cores_of(words) for words in (_read(path / "cpu.max").split() for path in _own_groups())]
    first = _GROUPS / "cpu"
    granted.append(_cores_of([_read(first / "cpu.cfs_quota_us"), _read(first / "cpu.cfs_period_us")]))
    return min((each for each in granted if each is not None), default=None)


def _own_groups() -> list[Path]:
    """Our group of cgroup 2 and those above it."""
    for line in _read(_OWN_GROUP).splitlines():
        if line.startswith("0::"):
            own = _GROUPS / line.removeprefix("0::").strip("/ ")
            return [own, *(above for above in own.parents if above.is_relative_to(_GROUPS))]
    return [_GROUPS]


def _cores_of(words: list[str]) -> float | None:
    """Cores of a quota and its period in microseconds; None for 'max', -1 or nothing."""
    if len(words) != 2 or not all(word.strip().isdigit() for word in words):
        return None
    quota, period = (int(word) for word in words)
    return quota / period if quota and period else None


def _read(path: Path) -> str:
    """Text of a file of the system; empty where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
