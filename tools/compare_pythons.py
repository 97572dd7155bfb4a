"""Builds one atlas with several Pythons and with the plain kernels, and compares what comes out, bit for bit.

python tools/compare_pythons.py 3.11 3.12 3.13 [--songs 3000] [--keep DIR]

Each Python is an interpreter that is on this machine (python3.12, or one of pyenv's) and gets an environment
of its own with the versions of constraints.txt. Each builds the atlas of the same simulated songs twice, with
the C kernels and with `SONGATLAS_KERNELS=reference`. Prints JSON: hashes of labels, centroids and files, and
whether all are equal. Exits with 1 where they are not, with 2 where a Python is not to be found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("native", "reference")
MEASURE = """
import hashlib, json, sys
from pathlib import Path
import numpy as np
import songatlas
from songatlas.demo import simulate_catalogue

def digest(content):
    return hashlib.sha256(content).hexdigest()[:16]

atlas = songatlas.build_atlas(simulate_catalogue(int(sys.argv[1]), seed=0), k_max=8)
songatlas.write_outputs(atlas, sys.argv[2], figures=False)
found = {
    "labels": digest(np.ascontiguousarray(atlas.clustering.labels).tobytes()),
    "centroids": digest(np.ascontiguousarray(atlas.clustering.centroids).tobytes()),
}
for name in ("clustered_songs.csv", "clusters.csv"):
    found[name] = digest(Path(sys.argv[2], name).read_bytes())
print(json.dumps(found))
"""


def interpreter_of(version: str) -> str | None:
    """The path of a Python of this version, on the path or among pyenv's; None where there is none."""
    places = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for found in (shutil.which(f"python{version}"), *map(str, places)):
        if found and _says(found, "import sys; print('%d.%d' % sys.version_info[:2])") == version:
            return found
    return None


def _says(python: str, line: str) -> str:
    """What one line of Python prints; nothing where it fails, as pyenv's stand-ins do."""
    done = subprocess.run([python, "-c", line], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def environment(python: str, folder: Path) -> str:
    """Make an environment with songatlas in it, unless it is there; return its interpreter."""
    mine = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not mine.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [str(mine), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), str(ROOT)], check=True, stdout=sys.stderr)
    return str(mine)


def measured(python: str, engine: str, n_songs: int, folder: Path) -> dict[str, str]:
    """Hashes of what one Python builds with one engine."""
    variables = {**os.environ, "SONGATLAS_KERNELS": engine, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [python, "-I", "-c", MEASURE, str(n_songs), str(folder)],
        env=variables,
        cwd=tempfile.gettempdir(),
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def differing(results: Sequence[dict[str, Any]]) -> list[str]:
    """What is not the same in every result."""
    first = results[0]["hashes"]
    return [name for name in first if any(one["hashes"].get(name) != first[name] for one in results)]


def main(arguments: Sequence[str]) -> int:
    """Build everywhere, compare, print."""
    parser = argparse.ArgumentParser(description="Compare what several Pythons build")
    parser.add_argument("versions", nargs="+", metavar="VERSION")
    parser.add_argument("--songs", type=int, default=3_000)
    parser.add_argument("--keep", type=Path, help="folder of the environments, used again next time")
    given = parser.parse_args(arguments)
    found = {version: interpreter_of(version) for version in given.versions}
    if lacking := [version for version, python in found.items() if python is None]:
        print(f"no Python {', '.join(lacking)} here: install it, or leave it out", file=sys.stderr)
        return 2
    results = []
    with tempfile.TemporaryDirectory() as room:
        for version, python in found.items():
            mine = environment(str(python), (given.keep or Path(room)) / f"python{version}")
            for engine in ENGINES:
                print(f"building with {version}, {engine}", file=sys.stderr)
                hashes = measured(mine, engine, given.songs, Path(room, f"{version}_{engine}"))
                results.append({"python": version, "kernels": engine, "hashes": hashes})
    differs = differing(results)
    command = " ".join(["python tools/compare_pythons.py", *map(str, arguments)])
    print(
        json.dumps(
            {"command": command, "results": results, "differs": differs, "equal": not differs}, indent=2
        )
    )
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
