"""Checks that a wheel holds every file of the package, and nothing else.

python tools/check_wheel.py WHEEL [--pure]

Beside the code stand templates, styles, scripts, weights and licences; one that is missing is missed only by
the person who opens that page. --pure: the wheel has no C kernels (Windows). Exits with 1 where it differs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILT_FROM = (".c", ".h")  # what only the builder of the kernels needs


def files_wanted() -> set[str]:
    """Every file of the package that git knows, or would add, without what the kernels are built from."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/songatlas"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    there = [name for name in listed if (ROOT / name).is_file()]
    return {name.removeprefix("src/") for name in there if not name.endswith(BUILT_FROM)}


def files_held(wheel: Path) -> set[str]:
    """Every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def differences(wheel: Path, *, has_kernels: bool) -> list[str]:
    """What is missing and what does not belong, one line each."""
    wanted, held = files_wanted(), files_held(wheel)
    described = {name for name in held if name.split("/")[0].endswith(".dist-info")}
    built = {
        name
        for name in held
        if name.startswith("songatlas/kernels/_kernels.") and name.endswith((".so", ".pyd"))
    }
    lines = [f"missing: {name}" for name in sorted(wanted - held)]
    lines += [f"does not belong: {name}" for name in sorted(held - wanted - described - built)]
    if has_kernels and not built:
        lines.append("missing: the C kernels")
    if not any("/licenses/" in name for name in described):
        lines.append("missing: the licences")
    return lines


def main(arguments: Sequence[str]) -> int:
    """Print the differences."""
    parser = argparse.ArgumentParser(description="Check what a wheel holds")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--pure", action="store_true")
    given = parser.parse_args(arguments)
    found = differences(given.wheel, has_kernels=not given.pure)
    print("\n".join(found) or f"{given.wheel.name} holds all {len(files_wanted())} files and nothing else")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
