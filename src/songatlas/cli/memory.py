"""How much memory there is, and sizes as a person writes them.

Memory is counted in bytes; GB is 10**9 of them, GiB 2**30.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from songatlas.errors import BadSettings, quoted

_UNITS: Final[Mapping[str, int]] = {
    **{unit: 10 ** (3 * power) for power, unit in enumerate(("kb", "mb", "gb", "tb"), start=1)},
    **{unit: 2 ** (10 * power) for power, unit in enumerate(("kib", "mib", "gib", "tib"), start=1)},
}
_MOST_UNITS: Final = 1e12  # more than any machine has, whatever the unit
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt])(i?b)?\s*", re.IGNORECASE)


def memory_of_machine() -> int:
    """Return the bytes of memory that this process may use: of the machine, or of its control group."""
    try:
        least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30
    for limit in _control_groups():
        try:
            text = limit.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            least = min(least, int(text))
    return least


def _control_groups() -> list[Path]:
    """Files in which Linux says how much memory the group of this process, and those above it, may use."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    places = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = (
            (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes")
            if controllers
            else (Path("/sys/fs/cgroup"), "memory.max")
        )
        here = top / path.lstrip("/")
        places += [each / name for each in (here, *here.parents) if each.is_relative_to(top)]
    return places


def read_size(text: str, *, option: str = "--memory") -> int:
    """Read a size with its unit as bytes; `BadSettings` where it is none.

    Examples
    --------
    >>> read_size("2GB"), read_size("1.5 GiB"), read_size("500m")
    (2000000000, 1610612736, 500000000)
    """
    found = _SIZE.fullmatch(text)
    size = 0
    if found:
        number, letter, rest = found.groups()
        size = int(min(float(number), _MOST_UNITS) * _UNITS[(letter + (rest or "b")).lower()])
    if size < 1:
        raise BadSettings(f"{option} is {quoted(text)}: write a number and its unit, such as 2GB or 1.5GiB")
    return size


def told(size: int) -> str:
    """Return a number of bytes as a person writes it.

    Examples
    --------
    >>> told(2_000_000_000), told(516_000_000), told(12_345_678_901)
    ('2 GB', '516 MB', '12.3 GB')
    """
    return f"{size / 10**6:.0f} MB" if size < 10**9 else f"{size / 10**9:.1f}".removesuffix(".0") + " GB"
