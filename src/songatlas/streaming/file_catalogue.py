"""`FileCatalogue`: a table in files, kept on one machine within a given memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import ROWS, Origin, RowMaker, RowTask
from songatlas.errors import SongAtlasError
from songatlas.progress import Progress
from songatlas.streaming.bringing import answer_files, grouped_answers, repeated_keys
from songatlas.streaming.files import Files
from songatlas.streaming.mapped_points import MappedPoints
from songatlas.streaming.memory import free_bytes, in_order, parts_in_flight, rows_at_once
from songatlas.streaming.pace import Pace
from songatlas.streaming.work_folder import WorkFolder, read_frame, told_of_disk, write_frame
from songatlas.streaming.writing import write_files

_SAMPLED = 2_000  # rows that show how large a row is
_TOO_LARGE = 2  # times the rows of a part that the memory is for


class FileCatalogue:
    """A table in files as a catalogue; implements `songatlas.catalogue.Catalogue`.

    What is asked is kept in a folder until `close`: a run that takes up a killed one asks the same in the
    same order, and parts that were finished are not done again.

    Parameters
    ----------
    files : Files
        As `songatlas.songs.open_tables` gives it.
    work : Path
        Folder for stages and answers.
    memory : int
        Bytes for the whole run.
    fingerprint : mapping
        All that decides what is asked and answered, in JSON values.
    raw_cells : bool
        Whether `write` leaves texts of text files as they are, though a spreadsheet may run them.

    Attributes
    ----------
    note : str
        What became of the work folder of an earlier run; empty where there was none.

    Raises
    ------
    BadSettings
        If the memory is too small.
    SongAtlasError
        If the work folder cannot be written.
    """

    def __init__(
        self,
        files: Files,
        *,
        work: str | Path,
        memory: int,
        fingerprint: Mapping[str, Any],
        raw_cells: bool = False,
    ) -> None:
        self._files, self._free, self._raw_cells = files, free_bytes(memory), raw_cells
        identity = {
            "files": [[file.name, *file.mark] for file in files.files],
            "fingerprint": dict(fingerprint),
        }
        facts = {"rows_at_once": _part_rows(files, memory)}
        self._work = WorkFolder(Path(work), identity, lambda: facts)
        self.note = self._work.note
        if self._work.facts["rows_at_once"] > _TOO_LARGE * facts["rows_at_once"]:
            self._work.remove()
            self._work = WorkFolder(Path(work), identity, lambda: facts)
            self.note = (
                "a run that was stopped is not taken up, because its parts are too large for the memory "
                "given now: started anew"
            )
        self._parts = list(files.parts(self._work.facts["rows_at_once"]))
        self._stages: dict[str, Path] = {}

    @property
    def origin(self) -> Origin:
        """Where it came from."""
        files = self._files
        return Origin(
            name=files.name,
            format=files.format,
            encoding=files.encoding,
            separator=files.separator,
            sha256=files.sha256,
            n_files=len(files.files),
            header=files.header,
            notes=files.notes,
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._files.n_rows

    def look(self, n_rows: int) -> pl.DataFrame:
        """Return about `n_rows` rows as they stand, spread evenly; every row, in order, if no more."""
        return self._files.look(n_rows)

    def stage(
        self, name: str, make: RowMaker, *, of: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Make a stage of another, and return the answers of all parts; see `Catalogue`."""
        folder = self._work.step("stage", name, of=of, columns=_listed(columns))

        def work(place: int) -> None:
            rows, answer = make(self._read(of, place, columns))
            if rows.height != self._parts[place].n_rows:
                raise ValueError(f"{rows.height} rows were made of {self._parts[place].n_rows}")
            write_frame(rows, _rows_file(folder, place))
            write_frame(answer, _answer_file(folder, place))

        words = f"reading the {name}" if of == ROWS else name
        answers = self._answers(folder, work, name=words, tell=tell)
        if name in self._stages:
            for place in range(len(self._parts)):
                _rows_file(self._stages[name], place).unlink(missing_ok=True)
        self._stages[name] = folder
        return answers

    def collect(
        self, task: RowTask, *, of: str, name: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the answers of all parts; see `Catalogue`."""
        folder = self._work.step("collect", name, of=of, columns=_listed(columns))

        def work(place: int) -> None:
            write_frame(task(self._read(of, place, columns)), _answer_file(folder, place))

        return self._answers(folder, work, name=name, tell=tell)

    def shared_keys(self, column: str, *, of: str, tell: Progress) -> NDArray[np.uint64]:
        """Return, sorted, the values that more than one row has in a column; see `Catalogue`."""
        folder = self._work.step("shared keys", column, of=of)
        kept = folder / "keys.arrow"
        if not kept.exists():
            pace = Pace(tell, "looking for rows of one song", self.n_rows)
            read = partial(self._keys, of, column)
            columns = in_order(read, range(len(self._parts)), at_once=parts_in_flight())
            told = (self._told(keys, place, pace) for place, keys in enumerate(columns))
            shared = repeated_keys(told, n_rows=self.n_rows, free=self._free, folder=folder)
            write_frame(pl.DataFrame({"keys": shared}), kept)
        return read_frame(kept)["keys"].to_numpy()

    def gathered(self, pick: RowTask, group: RowTask, *, of: str, name: str, tell: Progress) -> pl.DataFrame:
        """Bring together rows that have a key in common, and return what `group` answers; see `Catalogue`."""
        folder = self._work.step("gathered", name, of=of)
        kept = folder / "answer.arrow"
        if not kept.exists():

            def work(place: int) -> None:
                write_frame(pick(self._read(of, place, None)), _answer_file(folder, place))

            self._run(folder, work, name=name, tell=lambda share, words: tell(0.8 * share, words))
            picked = [_answer_file(folder, place) for place in range(len(self._parts))]
            tell(0.8, f"{name}: bringing rows of one song together")
            answers = grouped_answers(picked, group, free=self._free, folder=folder)
            write_frame(pl.DataFrame({"n_answers": [len(answers)]}), kept)
            for path in picked:
                path.unlink()
        tell(1.0, name)
        answers = answer_files(folder, read_frame(kept)["n_answers"][0])
        return pl.concat(map(read_frame, answers), how="vertical_relaxed")

    def keep_points(
        self,
        make: Callable[[pl.DataFrame], NDArray[np.float32]],
        more: NDArray[np.float32],
        *,
        of: str,
        tell: Progress,
        columns: Sequence[str] | None = None,
    ) -> MappedPoints:
        """Make points of every part, and keep them with `more` of them; see `Catalogue`."""
        width = int(more.shape[1])
        folder = self._work.step("points", of, of=of, columns=_listed(columns), more=list(more.shape))
        path, counts = folder / "points.f32", _kept_counts(folder, len(self._parts))
        done = sum(part.n_rows for part in self._parts[: len(counts)])
        pace = Pace(tell, "making points", self.n_rows, done)
        todo = range(len(counts), len(self._parts))

        def work(place: int) -> NDArray[np.float32]:
            return make(self._read(of, place, columns))

        with told_of_disk(path), path.open("ab") as file:
            file.truncate(sum(counts) * width * 4)
            for place, points in zip(todo, in_order(work, todo, at_once=parts_in_flight()), strict=True):
                _append(file, points, width)
                file.flush()
                write_frame(pl.DataFrame({"n_points": [len(points)]}), _answer_file(folder, place))
                counts.append(len(points))
                pace.add(self._parts[place].n_rows)
            _append(file, more, width)
        return MappedPoints(path, sum(counts) + len(more), width)

    def write(
        self, label: RowTask, added: Mapping[str, pl.DataType], folder: str, *, of: str, tell: Progress
    ) -> tuple[str, ...]:
        """Write every row as it stands with what `label` answers of it; see `Catalogue`."""
        step = self._work.step("write", Path(folder).name, of=of, folder=str(Path(folder).absolute()))
        return write_files(
            self._files,
            self._parts,
            lambda place: label(self._read(of, place, None)),
            added,
            Path(folder),
            step,
            tell=tell,
            raw_cells=self._raw_cells,
        )

    def close(self) -> None:
        """Remove the work folder; nothing can be asked afterwards."""
        self._work.remove()

    def _read(self, of: str, place: int, columns: Sequence[str] | None) -> pl.DataFrame:
        """The rows of a part at a stage."""
        if of == ROWS:
            return self._files.read(self._parts[place], columns)
        if of not in self._stages:
            known = ", ".join(repr(name) for name in (ROWS, *self._stages))
            raise SongAtlasError(f"there is no stage {of!r}: there are {known}")
        return read_frame(_rows_file(self._stages[of], place), columns)

    def _keys(self, of: str, column: str, place: int) -> NDArray[np.uint64]:
        """The values of a column of keys in a part."""
        return self._read(of, place, [column])[column].drop_nulls().to_numpy()

    def _told(self, keys: NDArray[np.uint64], place: int, pace: Pace) -> NDArray[np.uint64]:
        pace.add(self._parts[place].n_rows)
        return keys

    def _answers(
        self, folder: Path, work: Callable[[int], None], *, name: str, tell: Progress
    ) -> pl.DataFrame:
        """Do the parts that are not done yet, and return the answers of all."""
        self._run(folder, work, name=name, tell=tell)
        answers = [read_frame(_answer_file(folder, place)) for place in range(len(self._parts))]
        return pl.concat(answers, how="vertical_relaxed")

    def _run(self, folder: Path, work: Callable[[int], None], *, name: str, tell: Progress) -> None:
        """Do the parts that have no answer yet."""
        todo = [place for place in range(len(self._parts)) if not _answer_file(folder, place).exists()]
        done = self.n_rows - sum(self._parts[place].n_rows for place in todo)
        pace = Pace(tell, name, self.n_rows, done)
        for place, _ in zip(todo, in_order(work, todo, at_once=parts_in_flight()), strict=True):
            pace.add(self._parts[place].n_rows)


def _part_rows(files: Files, memory: int) -> int:
    """Rows of a part, by the size of some rows."""
    rows = files.look(_SAMPLED)
    return rows_at_once(memory, row_bytes=rows.estimated_size() / max(rows.height, 1))


def _listed(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)


def _rows_file(folder: Path, place: int) -> Path:
    return folder / f"{place:06}.rows.arrow"


def _answer_file(folder: Path, place: int) -> Path:
    return folder / f"{place:06}.answer.arrow"


def _kept_counts(folder: Path, n_parts: int) -> list[int]:
    """Points of the parts that are done, up to the first that is not."""
    counts: list[int] = []
    while len(counts) < n_parts and (path := _answer_file(folder, len(counts))).exists():
        counts.append(int(read_frame(path)["n_points"][0]))
    return counts


def _append(file: Any, points: NDArray[np.float32], width: int) -> None:
    """Write points at the end of their file."""
    if points.ndim != 2 or points.shape[1] != width:
        raise ValueError(f"points of shape {points.shape} do not have {width} dimensions")
    file.write(np.ascontiguousarray(points, dtype=np.float32).data)
