"""What this room asks of the files of a table (`songatlas.songs.TableFiles` offers it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl


class OneFile(Protocol):
    """A file of the table: `name` relative to its folder, `mark` its size and time of the last change."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def separator(self) -> str | None: ...  # noqa: D102
    @property
    def header(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def schema(self) -> pl.Schema: ...  # noqa: D102
    @property
    def n_rows(self) -> int: ...  # noqa: D102
    @property
    def n_bytes(self) -> int: ...  # noqa: D102
    @property
    def mark(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def is_gzip(self) -> bool: ...  # noqa: D102
    @property
    def folders(self) -> Mapping[str, str | None]: ...  # noqa: D102
    def require_unchanged(self) -> None: ...  # noqa: D102


class OnePart(Protocol):
    """Rows that follow each other in a file: its number, the first of them, how many."""

    @property
    def file(self) -> int: ...  # noqa: D102
    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def n_rows(self) -> int: ...  # noqa: D102


class Files(Protocol):
    """A table in files; `read` and `read_own` take a part that `parts` gave."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def encoding(self) -> str | None: ...  # noqa: D102
    @property
    def separator(self) -> str | None: ...  # noqa: D102
    @property
    def header(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def n_rows(self) -> int: ...  # noqa: D102
    @property
    def files(self) -> Sequence[OneFile]: ...  # noqa: D102
    def parts(self, n_rows_at_once: int) -> Sequence[OnePart]: ...  # noqa: D102
    def read(self, part: Any, columns: Sequence[str] | None = None) -> pl.DataFrame: ...  # noqa: D102
    def read_own(self, part: Any) -> pl.DataFrame: ...  # noqa: D102
    def look(self, n_rows: int) -> pl.DataFrame: ...  # noqa: D102
