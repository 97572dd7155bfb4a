"""`scan_folder`: a folder of music files becomes a songs table; `Scan` is what it tells.

Beside the table `songs.parquet` lies the store `songs.scan.sqlite` (`store`), which makes the next scan read
only what is new. Nothing is ever written into the folder of music itself, unless the table is.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from songatlas.audio.extra import require_audio
from songatlas.audio.listing import AudioFile, Listing, list_audio
from songatlas.audio.outcomes import MEASURED, OUTCOMES
from songatlas.audio.scan.cores import usable_cores
from songatlas.audio.scan.pace import Pace
from songatlas.audio.scan.rounds import Rounds, joined, sound_of
from songatlas.audio.scan.store import Store, StoredFile, telling
from songatlas.audio.scan.table import check_output, readable, write_table
from songatlas.audio.scan.workers import Crew
from songatlas.errors import BadSettings
from songatlas.files import path_of
from songatlas.progress import Progress, part, silent

PER_FILE_S: Final = 120.0
"""Seconds that reading one file may take; large files get more."""
_ANALYSER: Final = "songatlas.audio.analysis"
_READING: Final = 0.95  # share of the work


@dataclass(frozen=True, kw_only=True)
class NotOk:
    """A file that is not ok: its path under the folder, how it ended and why."""

    path: str
    outcome: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What became of the files of a folder.

    Attributes
    ----------
    folder, output, store : Path
        What was scanned, the songs table, and what the next scan goes on from.
    outcomes : mapping of str to int
        Files by how they ended, in the order of `OUTCOMES`; none that is 0.
    n_heard, n_recognised, n_unchanged, n_forgotten : int
        Files that were measured now; whose sound was known (moved, renamed, retagged, copied); that had not
        changed; and that are no longer there, not under another path either.
    seconds : float
        How long it took.
    not_ok : tuple of NotOk
        Files that are not ok, by path.
    skipped : tuple of (str, str)
        Files that were left out, such as hidden ones, and why.
    notes : tuple of str
        What else a person should know, a sentence each.
    """

    folder: Path
    output: Path
    store: Path
    outcomes: Mapping[str, int]
    n_heard: int
    n_recognised: int
    n_unchanged: int
    n_forgotten: int
    seconds: float
    not_ok: tuple[NotOk, ...]
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def n_files(self) -> int:
        """Rows of the table."""
        return sum(self.outcomes.values())

    @property
    def n_songs(self) -> int:
        """Rows with features."""
        return sum(self.outcomes.get(outcome, 0) for outcome in MEASURED)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "folder": str(self.folder),
            "output": str(self.output),
            "store": str(self.store),
            "n_files": self.n_files,
            "n_songs": self.n_songs,
            "outcomes": dict(self.outcomes),
            "n_heard": self.n_heard,
            "n_recognised": self.n_recognised,
            "n_unchanged": self.n_unchanged,
            "n_forgotten": self.n_forgotten,
            "seconds": round(self.seconds, 1),
            "not_ok": [{"path": e.path, "outcome": e.outcome, "reason": e.reason} for e in self.not_ok],
            "skipped": [{"path": path, "reason": reason} for path, reason in self.skipped],
            "notes": list(self.notes),
        }


def scan_folder(
    folder: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] = "songs.parquet",
    workers: int | None = None,
    per_file_s: float = PER_FILE_S,
    progress: Progress = silent,
    analyser: str = _ANALYSER,
    raw_cells: bool = False,
) -> Scan:
    """Measure all music files of a folder and write them as a songs table.

    A second scan reads only what is new or changed; one that was stopped or killed goes on where it was.

    Parameters
    ----------
    folder : path
        Folders in it are entered.
    output : path
        Songs table to write; the name ends in .parquet, .csv or .jsonl. The store lies beside it.
    workers : int, optional
        Processes that read files, from 1; all cores that may be used where it is None.
    per_file_s : float
        Seconds that one file may take, above 0; large files get more.
    progress : callable
        Told the share that is done, and in words how fast it goes.
    analyser : str
        Module that measures: it has `analyse` and `EXTRACTOR_VERSION` as `songatlas.audio.analysis` has.
    raw_cells : bool
        Whether texts stand in CSV as they are, though a spreadsheet may run them as formulas.

    Returns
    -------
    Scan
        Counts, and every file that is not ok. Where no file gave features (`n_songs` is 0) the table is
        written all the same.

    Raises
    ------
    BadSettings
        If the folder is none, holds no music files, or a setting is out of its range.
    SongAtlasError
        If packages are missing, another scan is at work, or a place cannot be written.
    """
    began = time.monotonic()
    require_audio()
    home, table = path_of("folder", folder), path_of("output", output)
    place = Path(os.path.abspath(home))  # noqa: PTH100 (links stay as they are)
    n_workers = _checked(workers, per_file_s)
    check_output(table)
    listing = _listed(place)
    version = import_module(analyser).EXTRACTOR_VERSION
    store_path = table.with_suffix(".scan.sqlite")
    with Store(store_path) as store, telling(store_path):
        store.claim(str(place), {file.path: file.size for file in listing.files})
        todo, lost = _sift(store, listing, version=version, per_file_s=per_file_s)
        new = [file.path for file in todo if store.file(file.path) is None] if lost else []
        with Crew(n_workers, analyser=analyser) as crew:
            rounds = Rounds(place, store=store, crew=crew, version=version, per_file_s=per_file_s)
            n_before = len(listing.files) - len(todo)
            pace = Pace(part(progress, 0.0, _READING), len(listing.files), n_before=n_before)
            rounds.run(todo, tell=lambda: pace.tell(rounds.n_done + len(rounds.gone)))
        if rounds.gone:
            _listed(place)  # a disk that was pulled out takes no song out of the table
        progress(_READING, "writing the songs table")
        n_gone = _n_gone(store, lost, new)
        store.forget([*lost, *rounds.gone])
        present = {file.path for file in listing.files}.difference(rounds.gone)
        write_table(store, place, table, present=present, raw_cells=raw_cells)
        outcomes, not_ok = _judged(store, present)
    progress(1.0, "done")
    return Scan(
        folder=place,
        output=table,
        store=store_path,
        outcomes=outcomes,
        n_heard=rounds.n_heard,
        n_recognised=rounds.n_recognised,
        n_unchanged=len(listing.files) - len(todo),
        n_forgotten=n_gone,
        seconds=time.monotonic() - began,
        not_ok=not_ok,
        skipped=tuple((readable(path), reason) for path, reason in listing.skipped),
        notes=tuple(store.notes),
    )


def _checked(workers: int | None, per_file_s: float) -> int:
    """The number of workers; wrong settings are refused."""
    if workers is not None and workers < 1:
        raise BadSettings(f"workers is {workers}: give 1 or more, or leave it out for all cores")
    if not per_file_s > 0:
        raise BadSettings(f"the limit for a file is {per_file_s:g} s: give more than 0")
    return workers or usable_cores()


def _listed(folder: Path) -> Listing:
    """The files of a folder that has some."""
    if folder.is_file():
        raise BadSettings(f"{str(folder)!r} is a file: name the folder that it lies in")
    listing = list_audio(folder)
    if not listing.files:
        raise BadSettings(
            f"no music files in {str(folder)!r} (mp3, flac, ogg, opus, m4a, wav, aiff, wma ...): "
            "name another folder"
        )
    return listing


def _sift(
    store: Store, listing: Listing, *, version: str, per_file_s: float
) -> tuple[list[AudioFile], list[str]]:
    """The files to read, and the paths of the store that are no longer there."""
    present = {file.path: file for file in listing.files}
    closed = tuple(path for path, _ in listing.skipped)
    known, lost = set(), []
    for stored in store.files():
        file = present.get(stored.path)
        if file is None:
            if not stored.path.startswith(tuple(f"{path}{os.sep}" for path in closed)):
                lost.append(stored.path)
        elif _is_done(stored, file, version=version, per_file_s=per_file_s):
            known.add(stored.path)
    return [file for file in listing.files if file.path not in known], lost


def _is_done(stored: StoredFile, file: AudioFile, *, version: str, per_file_s: float) -> bool:
    """Whether a file need not be opened again."""
    same = (stored.size, stored.mtime_ns, stored.version) == (file.size, file.mtime_ns, version)
    return same and (stored.retry_above_s is None or stored.retry_above_s >= per_file_s)


def _n_gone(store: Store, lost: Collection[str], new: Collection[str]) -> int:
    """How many of the lost files left their sound under no new path: the others were moved."""
    left, came = (Counter(map(sound_of, filter(None, map(store.file, paths)))) for paths in (lost, new))
    for sounds in (left, came):
        sounds.pop(None, None)
    return len(lost) - (left & came).total()


def _judged(store: Store, present: Collection[str]) -> tuple[dict[str, int], tuple[NotOk, ...]]:
    """Files by how they ended, and those that are not ok."""
    counts: Counter[str] = Counter()
    not_ok = []
    for path, outcome, *reasons in store.ends():
        if path in present:
            counts[outcome] += 1
            if outcome != "ok":
                not_ok.append(NotOk(path=readable(path), outcome=outcome, reason=joined(*reasons) or ""))
    return {name: counts[name] for name in OUTCOMES if counts[name]}, tuple(not_ok)
