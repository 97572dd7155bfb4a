"""The simulated catalogue as Parquet files of some rows each, made one after the other.

A file is written whole or not at all, and its name says which catalogue it is of: a run that was killed goes
on with the first file that is not there.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from songatlas.demo.catalogue import simulate_catalogue
from songatlas.errors import BadSettings
from songatlas.files import write_file
from songatlas.progress import Progress, silent

ROWS_IN_FILE: Final = 500_000

_OURS: Final = "simulated-*.parquet"


def write_catalogue(
    folder: Path,
    n_songs: int,
    *,
    seed: int = 0,
    rows_in_file: int = ROWS_IN_FILE,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write a simulated catalogue into a folder.

    Parameters
    ----------
    folder : Path
        Made where it does not exist; files of other simulated catalogues in it are removed.
    n_songs : int
        Rows of the catalogue.
    seed : int
        As in `simulate_catalogue`.
    rows_in_file : int
        Rows of each file but the last.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.

    Returns
    -------
    tuple of Path
        The files, in the order of their rows.

    Raises
    ------
    BadSettings
        If other files lie in the folder, which would be taken for songs, too.
    """
    tell = progress or silent
    starts = range(0, n_songs, rows_in_file)
    files = tuple(
        folder / f"simulated-{n_songs}-seed-{seed}-by-{rows_in_file}-{place:05d}.parquet"
        for place in range(len(starts))
    )
    _make_room(folder, files)
    begun = time.perf_counter()
    n_made = 0
    for start, file in zip(starts, files, strict=True):
        if file.exists():
            continue
        speed = f", {n_made / (time.perf_counter() - begun):,.0f} rows a second" if n_made else ""
        tell(start / n_songs, f"simulating songs{speed}")
        rows = range(start, min(start + rows_in_file, n_songs))
        write_file(file, simulate_catalogue(n_songs, seed=seed, rows=rows).write_parquet)
        n_made += len(rows)
    tell(1.0, "simulated the songs")
    return files


def _make_room(folder: Path, files: tuple[Path, ...]) -> None:
    """Take out files of other simulated catalogues, and refuse files of a person."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadSettings(f"{str(folder)!r} is a file, and the simulated songs go there: name another folder")
    strange = sorted(each.name for each in folder.iterdir() if not each.match(_OURS))
    if strange:
        raise BadSettings(
            f"{str(folder)!r} holds {strange[0]!r}, which is no file of a simulated catalogue: name another "
            "folder with -o"
        )
    for each in set(folder.iterdir()).difference(files):
        each.unlink()
