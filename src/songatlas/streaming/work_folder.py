"""`WorkFolder`: what a run keeps on disk, so that the next one takes up where a killed one was.

The manifest says of which table and settings the folder is; another table or other settings start anew. Each
thing that a run asks for is a step with a number and a folder of its own, in which the answer of each part
is a file: written beside and renamed, so that a file that is there is whole. A run asks for the same steps
in the same order each time.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import polars as pl

from songatlas.errors import SongAtlasError
from songatlas.files import BESIDE, beside_of
from songatlas.streaming.memory import plain_name

VERSION: Final = 1
_MANIFEST = "manifest.json"
_STEP = "step.json"


class WorkFolder:
    """A folder of steps.

    Parameters
    ----------
    place : Path
        Made where it does not exist.
    identity : mapping
        What the folder must be of, in JSON values.
    facts : callable
        Gives what is to be kept of a new run, in JSON values.

    Attributes
    ----------
    facts : dict
        As they were kept when the run began.
    note : str
        What became of a folder that was there; empty where none was.
    """

    def __init__(
        self, place: Path, identity: Mapping[str, Any], facts: Callable[[], Mapping[str, Any]]
    ) -> None:
        self.place = place
        wanted = json.loads(json.dumps({"version": VERSION, **identity}))
        kept = _read_json(place / _MANIFEST)
        self.note = ""
        if kept and kept.get("identity") == wanted:
            self.facts: dict[str, Any] = kept["facts"]
            self.note = "a run that was stopped is taken up where it was"
        else:
            if kept:
                self.note = _started_anew(kept.get("identity", {}), wanted)
            self.remove()
            self.facts = json.loads(json.dumps(facts()))
            write_json(place / _MANIFEST, {"identity": wanted, "facts": self.facts})
        self._n_steps = 0

    def step(self, kind: str, name: str, **what: Any) -> Path:
        """Return the folder of the next step; all that it has is of this very step."""
        what = {"kind": kind, "name": name, **what}
        self._n_steps += 1
        folder = self.place / f"{self._n_steps:03}-{plain_name(kind)}-{plain_name(name)}"
        if _read_json(folder / _STEP) != json.loads(json.dumps(what)):
            for later in self.place.glob("[0-9][0-9][0-9]-*"):
                if int(later.name[:3]) >= self._n_steps:
                    shutil.rmtree(later, ignore_errors=True)
            write_json(folder / _STEP, what)
        for beside in folder.glob(f"{BESIDE}*"):
            beside.unlink(missing_ok=True)
        return folder

    def remove(self) -> None:
        """Remove what is ours in the folder, and the folder where nothing else is in it."""
        if not self.place.is_dir():
            return
        (self.place / _MANIFEST).unlink(missing_ok=True)
        for step in self.place.glob("[0-9][0-9][0-9]-*"):
            shutil.rmtree(step, ignore_errors=True)
        for beside in self.place.glob(f"{BESIDE}*"):
            beside.unlink(missing_ok=True)
        if not any(self.place.iterdir()):
            self.place.rmdir()


def _started_anew(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Say why a folder that was there is of no use."""
    names = {"files": "the files", "fingerprint": "the settings", "version": "the program"}
    changed = [words for name, words in names.items() if kept.get(name) != wanted.get(name)]
    return f"a run that was stopped is not taken up, because {' and '.join(changed)} changed: started anew"


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a mapping, whole or not at all."""
    with placed_whole(path) as beside:
        beside.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    """Read a mapping; empty where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@contextmanager
def placed_whole(path: Path) -> Iterator[Path]:
    """Give a place beside to write to, which takes the place of `path` only when all went well.

    Raises
    ------
    SongAtlasError
        If the place cannot be written or the disk is full.
    """
    beside = beside_of(path.parent)
    with told_of_disk(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink()


@contextmanager
def told_of_disk(path: Path) -> Iterator[None]:
    """Tell a person of a disk that is full or a place that cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        free = ""
        if error.errno == errno.ENOSPC and path.parent.exists():
            free = f" ({shutil.disk_usage(path.parent).free / 1e9:,.1f} GB are free there)"
        raise SongAtlasError(
            f"cannot write {str(path)!r}: {reason[:1].lower()}{reason[1:]}{free}; free space or name another "
            "place, and run the same again: what is done is kept"
        ) from error


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Arrow IPC, whole or not at all."""
    with placed_whole(path) as beside, polars_to_disk(), beside.open("wb") as file:
        frame.write_ipc(file, compression="lz4")


@contextmanager
def polars_to_disk() -> Iterator[None]:
    """Make an OSError of what Polars says when it cannot write."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise OSError(str(error).splitlines()[0][:200]) from error


def read_frame(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a frame that `write_frame` wrote, all its columns or those of some that it has.

    Raises
    ------
    SongAtlasError
        If it is damaged or gone.
    """
    try:
        wanted = None
        if columns is not None:
            names = list(pl.read_ipc_schema(path))
            wanted = [name for name in columns if name in names] or names[:1]
        return pl.read_ipc(path, columns=wanted)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SongAtlasError(
            f"{str(path)!r} is damaged or gone ({str(error).splitlines()[0][:100]}): remove the folder "
            f"{str(path.parent.parent)!r} and start again"
        ) from error
