"""Files made to break their reader: what each is refused with, after how much time, in how much memory.

python -m benchmarks.giants [--quick] [--only NAME ...]

Every file is made in a folder that is taken away afterwards (up to 2 GB of disk; files of 8 GiB are holes),
and given to a command. Both are processes of their own, so that the memory of the command is its own. A file
passes where the command ends with one line and the status 2, within a minute of CPU time and 2 GB.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.answer import Goal, print_answer

_CHUNK: Final = 1 << 24
_UNIT: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, kw_only=True)
class Giant:
    """A file, and the command that meets it.

    Attributes
    ----------
    about : str
    make : callable
        Writes the file.
    is_quick : bool
        Whether it is made in seconds.
    command : tuple of str
        What comes before the file.
    """

    about: str
    make: Callable[[Path], None]
    is_quick: bool = True
    command: tuple[str, ...] = ("build", "--engine", "memory")


def _repeated(path: Path, head: bytes, letter: bytes, n_bytes: int, tail: bytes = b"") -> None:
    with path.open("wb") as file:
        file.write(head)
        for _ in range(n_bytes // _CHUNK):
            file.write(letter * _CHUNK)
        file.write(tail)


def _hollow(path: Path, head: bytes, n_bytes: int) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(n_bytes)


def _far_cell(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["XFD1048576"] = "track_name", 1
    book.save(path)


def _bomb_of_texts(path: Path) -> None:
    import polars as pl

    pl.DataFrame({"track_name": ["x" * 1_000_000] * 2_100, "energy": [0.5] * 2_100}).write_parquet(path)


def _bomb_of_gzip(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"track_name,energy\n")
        for _ in range(3_000_000_000 // _CHUNK):
            file.write(b"a,0.5\n" * (_CHUNK // 6))


def _bomb_of_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("songs.csv", "w") as file:
        for _ in range(1_000_000_000 // _CHUNK):
            file.write(bytes(_CHUNK))


def _lines(path: Path, head: str, line: str, n_lines: int) -> None:
    path.write_text(head + "".join(line.format(number) for number in range(n_lines)), encoding="utf-8")


_MEET: Final = ("playlist", "ATLAS", "--extend")
GIANTS: Final[dict[str, Giant]] = {
    "line.csv": Giant(
        about="2 GB in one line", make=lambda path: _repeated(path, b"", b"a", 2 << 30), is_quick=False
    ),
    "array.json": Giant(
        about="2 GB of JSON in one line",
        make=lambda path: _repeated(path, b'[{"title":"', b"a", 2 << 30, b'"}]'),
        is_quick=False,
    ),
    "million.csv": Giant(
        about="a row of 1 million columns",
        make=lambda path: _lines(path, "", "column {},", 1_000_000),
    ),
    "far.xlsx": Giant(about="a workbook with a cell in XFD1048576", make=_far_cell),
    "bomb.parquet": Giant(about="a small Parquet file with 2 GB of titles", make=_bomb_of_texts),
    "bomb.csv.gz": Giant(about="gzip of 3 GB", make=_bomb_of_gzip, is_quick=False),
    "bomb.csv": Giant(about="a ZIP of 1 GB called CSV", make=_bomb_of_zip),
    "hollow.xlsx": Giant(
        about="8 GiB that begin like a workbook", make=lambda path: _hollow(path, b"PK\x03\x04", 8 << 30)
    ),
    "hollow.csv": Giant(
        about="8 GiB that begin like gzip", make=lambda path: _hollow(path, b"\x1f\x8b\x08\x00", 8 << 30)
    ),
    "hollow.m3u8": Giant(
        about="a playlist of 2 GB", make=lambda path: _hollow(path, b"#EXTM3U\n", 2 << 30), command=_MEET
    ),
    "long.m3u8": Giant(
        about="a playlist of 400,000 songs, none of them in the atlas",
        make=lambda path: _lines(path, "#EXTM3U\n", "#EXTINF:181,Ana - Song {0}\nmusic/{0}.mp3\n", 400_000),
        command=_MEET,
    ),
}
"""Files by their names."""


def met(name: str, folder: Path, atlas: Path) -> dict[str, Any]:
    """Make a file, give it to its command, and return what came of it."""
    giant, path, log = GIANTS[name], folder / name, folder / "log"
    subprocess.run([sys.executable, "-m", "benchmarks.giants", "--make", str(path)], check=True)  # noqa: S603
    words = [str(atlas) if word == "ATLAS" else word for word in giant.command]
    with log.open("wb") as written:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "songatlas", *words, str(path)], stdout=written, stderr=written, cwd=folder
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    result = {
        "file": name,
        "about": giant.about,
        "bytes": path.stat().st_size,
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss * _UNIT / 1e6),
        "status": child.returncode,
        "said": said[-1][:300] if said else "",
        "as_it_should": child.returncode == 2
        and len(said) == 1
        and used.ru_utime < 60
        and used.ru_maxrss * _UNIT < 2e9,
    }
    path.unlink()
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="without files that take long to make")
    parser.add_argument("--only", nargs="+", choices=list(GIANTS), metavar="NAME")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        GIANTS[asked.make.name].make(asked.make)
        return
    names = asked.only or [name for name, giant in GIANTS.items() if giant.is_quick or not asked.quick]
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        built = f"from songatlas.atlas import build_demo; build_demo(400).save({str(folder / 'atlas')!r})"
        subprocess.run([sys.executable, "-c", built], check=True)  # noqa: S603
        for name in names:
            results.append(met(name, folder, folder / "atlas"))
            print(json.dumps(results[-1]), file=sys.stderr)
    wrong = [result["file"] for result in results if not result["as_it_should"]]
    goal = Goal("files not refused as they should be", len(wrong), 0, 0, at_least=False)
    print_answer("giants", results=results, goals=[goal])


if __name__ == "__main__":
    main()
