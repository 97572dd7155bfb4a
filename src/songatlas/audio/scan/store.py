"""The store of a scan: what was heard of every file, in SQLite, so that no file is heard twice.

Two tables. `files` has a row for every file: its path under the folder (bytes), size and time of change when
it was read, the version of the measurer, how that ended, and the hash of its sound. `sounds` has the numbers
of every sound. A file whose size, time or name changed is looked up by its sound before it is measured; where
the sound is known, only its tags are read. One process at a time has the store; it is written at once, so
that a killed scan loses only the files that were in hand.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, Self

from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import refusal

_APPLICATION: Final = 0x534F4E47  # "SONG"
_FORMAT: Final = 1
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CLOSED: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_ENDINGS: Final = ("", "-wal", "-shm", "-journal")  # SQLite's own files beside it
_SCHEMA: Final = """
CREATE TABLE scanned (folder BLOB NOT NULL);
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, version TEXT NOT NULL,
    payload TEXT, outcome TEXT NOT NULL, reason TEXT, retry_above_s REAL, file_tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE sounds (
    payload TEXT PRIMARY KEY, version TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT, numbers BLOB NOT NULL
);
CREATE INDEX files_by_payload ON files (payload);
"""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """What is known of one file.

    Attributes
    ----------
    path
        Under the folder; names that are no text have surrogates, as `os.fsdecode` makes them.
    size, mtime_ns
        Bytes, and nanoseconds since 1970.
    version
        Of the measurer.
    payload
        Hash of its sound; None where the file could not be read for it.
    outcome, reason
        How it ended; why, or what is odd about the file (not about its sound).
    retry_above_s
        Where the next scan may do better: with more seconds a file than this. None: it will not.
    file_tags
        What is written in it.
    """

    path: str
    size: int
    mtime_ns: int
    version: str
    payload: str | None
    outcome: str
    reason: str | None
    retry_above_s: float | None
    file_tags: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StoredSound:
    """What was heard: the outcome, what is odd about the sound, and its numbers by column."""

    payload: str
    version: str
    outcome: str
    reason: str | None
    numbers: Mapping[str, Any]


class Store:
    """The open store of one folder; use it as a context.

    Parameters
    ----------
    path : Path
        The SQLite file; made where there is none. One that is damaged or of another format is moved to
        `PATH.damaged` (`PATH.damaged2` and so on where there is one). Single rows that cannot be read are
        dropped.

    Attributes
    ----------
    notes : list of str
        What a person should know of its opening, a sentence each.

    Raises
    ------
    SongAtlasError
        If another scan has it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        if path.is_dir():
            raise SongAtlasError(
                f"{str(path)!r} is a folder, and a scan keeps what it heard in a file of that name: move the "
                "folder away, or name another table with -o"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with telling(path):
                trouble = self._open()
                if trouble:
                    self._move_aside(trouble)
                    self._open()
                self._drop_unreadable()
        except OSError as error:
            raise SongAtlasError(refusal(path, error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def claim(self, folder: str, present: Mapping[str, int]) -> None:
        """Make the store that of `folder`, unless it is another folder's.

        Parameters
        ----------
        folder : str
            Absolute.
        present : mapping of str to int
            Size of every file in it. A folder that was moved as a whole is known by its files: at least half
            of those in the store are there with the same size.

        Raises
        ------
        BadSettings
            If the store belongs to another folder.
        """
        name = os.fsencode(folder)
        before = self._connection.execute("SELECT folder FROM scanned").fetchone()
        if before is not None and bytes(before[0]) == name:
            return
        if before is not None:
            known = self._connection.execute("SELECT path, size FROM files").fetchall()
            shared = sum(present.get(os.fsdecode(path)) == size for path, size in known)
            if known and 2 * shared < len(known):
                other = os.fsdecode(before[0]).encode("utf-8", "replace").decode()
                raise BadSettings(
                    f"{str(self.path)!r} keeps the scan of another folder, {other!r}: name another table "
                    "with -o, or delete that file"
                )
        with self._connection:
            self._connection.execute("DELETE FROM scanned")
            self._connection.execute("INSERT INTO scanned VALUES (?)", (name,))

    def files(self) -> Iterator[StoredFile]:
        """All files, by path."""
        for row in self._connection.execute("SELECT * FROM files ORDER BY path"):
            yield _file(row)

    def file(self, path: str) -> StoredFile | None:
        """One file; None where it is not known."""
        found = self._connection.execute(
            "SELECT * FROM files WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return None if found is None else _file(found)

    def sound(self, payload: str, version: str) -> StoredSound | None:
        """A sound that this version measured; None where it is not known."""
        found = self._connection.execute(
            "SELECT * FROM sounds WHERE payload = ? AND version = ?", (payload, version)
        ).fetchone()
        return None if found is None else _sound(found)

    def put(self, file: StoredFile, sound: StoredSound | None = None) -> None:
        """Keep a file, and its sound where it was heard now; both or neither, at once."""
        tags = json.dumps(file.file_tags)
        row = (os.fsencode(file.path), file.size, file.mtime_ns, file.version, file.payload)
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, file.outcome, file.reason, file.retry_above_s, tags),
            )
            if sound is not None:
                self._connection.execute(
                    "INSERT OR REPLACE INTO sounds VALUES (?, ?, ?, ?, ?)",
                    (sound.payload, sound.version, sound.outcome, sound.reason, _packed(sound.numbers)),
                )

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files, and the sounds that no file has any more."""
        with self._connection:
            self._connection.executemany(
                "DELETE FROM files WHERE path = ?", ((os.fsencode(path),) for path in paths)
            )
            self._connection.execute(
                "DELETE FROM sounds WHERE NOT EXISTS "
                "(SELECT 1 FROM files WHERE files.payload = sounds.payload)"
            )

    def ends(self) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Of all files by path: path, outcome, what is odd about the sound (or why), and about the file."""
        for path, outcome, of_sound, of_file in self._connection.execute(
            "SELECT files.path, files.outcome, sounds.reason, files.reason FROM files LEFT JOIN sounds "
            "ON files.payload = sounds.payload AND files.version = sounds.version "
            "AND files.outcome = sounds.outcome ORDER BY files.path"
        ):
            yield os.fsdecode(path), outcome, of_sound, of_file

    def rows(self, *, at_once: int = 2000) -> Iterator[list[tuple[StoredFile, StoredSound | None]]]:
        """All files by path with what was heard of them, in slices of `at_once`."""
        found = self._connection.execute(
            "SELECT files.*, sounds.* FROM files LEFT JOIN sounds "
            "ON files.payload = sounds.payload AND files.version = sounds.version ORDER BY files.path"
        )
        while slice_of_rows := found.fetchmany(at_once):
            yield [(_file(row[:9]), None if row[9] is None else _sound(row[9:])) for row in slice_of_rows]

    def _open(self) -> str:
        """Open the file; return what is wrong with it, empty where nothing is."""
        self._connection = sqlite3.connect(self.path, timeout=0.0, check_same_thread=False)
        self._connection.text_factory = _text
        try:
            return self._trouble()
        except sqlite3.Error as error:
            self._connection.close()
            if _code(error) in _DAMAGED:
                return "was damaged"
            raise

    def _trouble(self) -> str:
        """Take the lock, and make or check the tables."""
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("BEGIN IMMEDIATE")
        is_new = not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        marks = execute("PRAGMA application_id").fetchone()[0], execute("PRAGMA user_version").fetchone()[0]
        execute("COMMIT")
        trouble = "" if is_new or marks == (_APPLICATION, _FORMAT) else "is of another version or program"
        if not trouble and execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            trouble = "was damaged"
        if trouble:
            self._connection.close()
            return trouble
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        if is_new:
            self._connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION}; "
                f"PRAGMA user_version = {_FORMAT}; COMMIT;"
            )
        return ""

    def _drop_unreadable(self) -> None:
        """Forget the rows that hold no numbers or tags: their files are read anew."""
        execute = self._connection.execute
        sounds = [row for row in execute("SELECT payload, numbers FROM sounds") if not _unpacks(row[1])]
        rows = execute("SELECT path, file_tags, payload, retry_above_s FROM files")
        files = [row for row in rows if not _is_plain(row)]
        if not sounds and not files:
            return
        with self._connection:
            self._connection.executemany("DELETE FROM sounds WHERE payload IS ?", [row[:1] for row in sounds])
            self._connection.executemany("DELETE FROM files WHERE payload IS ?", [row[:1] for row in sounds])
            self._connection.executemany("DELETE FROM files WHERE path IS ?", [row[:1] for row in files])
        n_rows = len(sounds) + len(files)
        what = "a damaged entry" if n_rows == 1 else f"{n_rows:,} damaged entries"
        self.notes.append(f"the store {self.path.name} had {what}: what belongs to it is read anew")

    def _move_aside(self, trouble: str) -> None:
        """Keep a file that is no store of ours under another name, one that no other has."""
        names = chain([f"{self.path.name}.damaged"], (f"{self.path.name}.damaged{n}" for n in count(2)))
        aside = next(name for name in names if not os.path.lexists(self.path.with_name(name)))
        for ending in _ENDINGS:
            part = self.path.with_name(f"{self.path.name}{ending}")
            if part.exists():
                part.replace(self.path.with_name(f"{aside}{ending}"))
        self.notes.append(
            f"the store {self.path.name} {trouble}: it is now {aside}, and every file is read anew"
        )


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into one line for the person."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise SongAtlasError(
                f"another scan is writing {str(path)!r}: wait until it ends, or name another table with -o"
            ) from error
        if code in _DAMAGED:
            raise SongAtlasError(
                f"{str(path)!r} was damaged while it was written ({error}): run the same command again"
            ) from error
        if code in _CLOSED:
            raise SongAtlasError(_closed(path)) from error
        raise SongAtlasError(
            f"cannot write {str(path)!r}: {error}; free the place, then run the same command again: "
            "it goes on where it was"
        ) from error


def _closed(path: Path) -> str:
    """Say that the folder of a table does not let files be made in it."""
    return (
        f"cannot write into the folder {str(path.absolute().parent)!r}: the songs table and, beside it, "
        f"{path.name!r}, from which the next scan goes on, need a folder that you may write into: name a "
        "file in one with -o"
    )


def _file(row: Sequence[Any]) -> StoredFile:
    """A row of `files`."""
    path, size, mtime_ns, version, payload, outcome, reason, retry_above_s, tags = row
    return StoredFile(
        path=os.fsdecode(path),
        size=size,
        mtime_ns=mtime_ns,
        version=version,
        payload=payload,
        outcome=outcome,
        reason=reason,
        retry_above_s=retry_above_s,
        file_tags=json.loads(tags),
    )


def _sound(row: Sequence[Any]) -> StoredSound:
    """A row of `sounds`."""
    payload, version, outcome, reason, numbers = row
    return StoredSound(
        payload=payload,
        version=version,
        outcome=outcome,
        reason=reason,
        numbers=json.loads(zlib.decompress(numbers)),
    )


def _text(raw: bytes) -> str:
    """A text of SQLite, which holds any bytes."""
    return raw.decode("utf-8", "replace")


def _unpacks(numbers: object) -> bool:
    """Whether the numbers of a sound are whole, by their checksum; reading each would take a scan seconds."""
    try:
        plain = zlib.decompress(numbers) if isinstance(numbers, bytes) else b""
    except zlib.error:
        return False
    return plain[:1] + plain[-1:] == b"{}"


def _is_plain(row: Sequence[object]) -> bool:
    """Whether path, tags, payload and limit of a file are what they should be."""
    path, tags, payload, retry_above_s = row
    try:
        is_tags = isinstance(tags, str) and isinstance(json.loads(tags), dict)
    except ValueError:
        return False
    is_named = isinstance(path, bytes) and isinstance(payload, str | None)
    return is_tags and is_named and isinstance(retry_above_s, float | None)


def _packed(numbers: Mapping[str, Any]) -> bytes:
    """Numbers as JSON, packed: a page of SQLite then holds several sounds."""
    return zlib.compress(json.dumps(numbers, separators=(",", ":")).encode(), 1)


def _code(error: sqlite3.Error) -> int:
    """The kind of an error of SQLite; 0 where it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
