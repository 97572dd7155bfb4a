"""`verify`: whether a saved atlas, and the outputs beside it, are still what a build wrote.

Nothing is changed, but for what a killed build left half exchanged, which is finished first as every command
does it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from songatlas.atlas.checked_parts import MOST_JSON
from songatlas.atlas.names_file import NAMES
from songatlas.atlas.rows import appended_names
from songatlas.atlas.saved import OURS, damaged_parts, folder_of, load_atlas
from songatlas.errors import BadAtlas, BadSettings, SongAtlasError
from songatlas.files import BESIDE, path_of, read_at_most, walked
from songatlas.report.outputs_record import RECORD, OutputsRecord, file_of, read_record
from songatlas.report.sampled import ROWS
from songatlas.safe_cells import unguarded_cells, unguarded_header, was_guarded
from songatlas.songs.folder_files import CLUSTERED, WORK

if TYPE_CHECKING:
    from songatlas.atlas import Atlas
    from songatlas.songs import ColumnReading

_MOST_ROWS: Final = 2**62
_PACKED: Final = (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"\x28\xb5\x2f\xfd")
"""How gzip, zlib and zstd begin: Polars would unpack the whole file, whatever it is called."""
_UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was looked at in a folder, and what is not as it was written.

    Attributes
    ----------
    directory : Path
        The folder.
    checked : tuple of str
        What was looked at and found well, one sentence each.
    problems : tuple of str
        What differs, is missing or cannot be read, one sentence each.
    notes : tuple of str
        What could not be looked at, and what a person should know.
    strangers : tuple of str
        Names of files and folders that songatlas did not write; they are never looked into.
    """

    directory: Path
    checked: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    strangers: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether everything that was looked at is as it was written."""
        return not self.problems

    @property
    def summary(self) -> str:
        """The result in one sentence."""
        if self.is_well:
            return f"All is well: what was looked at in {str(self.directory)!r} is as it was written."
        n = len(self.problems)
        things = "1 thing is" if n == 1 else f"{n} things are"
        return (
            f"{things} not as written in {str(self.directory)!r}: build it again, or bring back a copy of it."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "directory": str(self.directory),
            "is_well": self.is_well,
            "summary": self.summary,
            "checked": list(self.checked),
            "problems": list(self.problems),
            "notes": list(self.notes),
            "strangers": list(self.strangers),
        }


def verify(directory: str | Path) -> Verification:
    """Say whether a saved atlas, and the outputs beside it, are still what a build wrote.

    Looks at the manifest, the SHA-256 of every part, and whether the parts make an atlas; then at size and
    SHA-256 of each file that ``outputs.json`` lists, at the rows of the clustered songs and their clusters.
    Names that a person gave in ``names.toml`` may change at any time.

    Parameters
    ----------
    directory : str or Path
        Folder that `songatlas build` wrote, or one of a saved atlas alone.

    Returns
    -------
    Verification

    Raises
    ------
    BadAtlas
        If there is no atlas.

    Examples
    --------
    >>> verify("no/such/folder")
    Traceback (most recent call last):
    songatlas.errors.BadAtlas: 'no/such/folder': no such folder; name the folder that 'songatlas build -o \
FOLDER' wrote
    """
    place = path_of("directory", directory)
    found = _Findings(place, folder_of(place))
    atlas = found.look_at_atlas()
    record = None
    if not found.is_alone:
        record = found.look_at_files()
        found.look_at_rows(atlas)
    found.look_around(record)
    return Verification(
        directory=found.directory,
        checked=tuple(found.checked),
        problems=tuple(found.problems),
        notes=tuple(found.notes),
        strangers=tuple(found.strangers),
    )


class _Findings:
    """What is found, step by step."""

    def __init__(self, directory: Path, folder: Path) -> None:
        self.directory, self.folder = directory, folder
        self.is_alone = folder == directory
        self.checked: list[str] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.strangers: list[str] = []
        self.unlike: set[str] = set()

    def look_at_atlas(self) -> Atlas | None:
        """Look at manifest, parts and names; return the atlas where it opens."""
        try:
            damaged = damaged_parts(self.folder)
        except BadAtlas as error:
            self.problems.append(str(error))
            return None
        self.problems += [f"{self._place(name)} {what}." for name, what in damaged.items()]
        if damaged:
            return None
        try:
            atlas = load_atlas(self.folder)
        except BadSettings as error:
            self.problems.append(f"The names cannot be read: {error}")
            return None
        except SongAtlasError as error:
            self.problems.append(str(error))
            return None
        self.checked.append(
            f"The saved atlas: manifest, SHA-256 of every part, {atlas.songs.height:,} songs in {atlas.k} "
            "clusters."
        )
        return atlas

    def look_at_files(self) -> OutputsRecord | None:
        """Compare the files beside the atlas with their record."""
        try:
            record = read_record(self.directory)
        except BadAtlas as error:
            self.problems.append(str(error))
            return None
        if record is None:
            self.notes.append(
                f"There is no {RECORD}, so the files beside the atlas cannot be compared: an older songatlas "
                "wrote them, or it was removed."
            )
            return None
        before = len(self.problems)
        for name, written in record.files.items():
            self._compare(name, written.n_bytes, written.sha256)
        if _fingerprint_of(self.folder) not in (record.atlas, None):
            self.problems.append("The atlas is not the one that the files beside it were made of.")
        if len(self.problems) == before:
            self.checked.append(f"{len(record.files):,} files beside it: size and SHA-256.")
        return record

    def _compare(self, name: str, n_bytes: int, sha256: str) -> None:
        path = self.directory / name
        before = len(self.problems)
        try:
            if not path.is_file():
                self.problems.append(f"{name} is missing.")
            elif path.stat().st_size != n_bytes:
                self.problems.append(f"{name} has {path.stat().st_size:,} bytes, {n_bytes:,} were written.")
            elif file_of(path).sha256 != sha256:
                self.problems.append(f"{name} was changed (its SHA-256 differs).")
        except OSError as error:
            self.problems.append(f"{name} cannot be read ({error.strerror or error}).")
        if len(self.problems) > before:
            self.unlike.add(name)

    def look_at_rows(self, atlas: Atlas | None) -> None:
        """Count the clustered songs, and compare their clusters with the atlas."""
        try:
            record = json.loads(read_at_most(self.directory / "quality.json", MOST_JSON))
            n_rows, k = _count(record["n_rows"]), _count(record["k"])
            left_out = sum(map(_count, record["excluded_rows"].values()))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self.notes.append("No quality.json says how many rows there should be.")
            return
        if atlas is not None and (atlas.n_rows, atlas.k) != (n_rows, k):
            self.problems.append(
                f"quality.json tells of {n_rows:,} rows in {k} clusters, the atlas of {atlas.n_rows:,} in "
                f"{atlas.k}."
            )
        if atlas is not None and atlas.whole and atlas.whole.rows_to:
            self.notes.append(f"The clustered songs lie at {atlas.whole.rows_to}: they were not looked at.")
            return
        if any(name == ROWS or name.startswith(f"{CLUSTERED}/") for name in self.unlike):
            self.notes.append("The rows of the clustered songs were not counted: they are not as written.")
            return
        try:
            counted = self._counted(atlas)
        except _UNREADABLE as error:
            reason = " ".join(str(error).split())[:120]
            self.problems.append(f"The clustered songs cannot be read ({reason}).")
            return
        if counted is None:
            self.notes.append("The rows of the clustered songs were not counted, for their kind of file.")
            return
        self._compare_counts(counted, n_rows, k, left_out)

    def _counted(self, atlas: Atlas | None) -> Mapping[str, Any] | None:
        """How many rows there are, how many have no cluster, and the least and largest cluster."""
        found = list(_frames(self.directory))
        frames = [frame for frame in found if frame is not None]
        if not frames or len(frames) < len(found):
            return None
        name, ids = "cluster", None
        if atlas is not None:
            own = atlas.whole.columns.get(name) if atlas.whole else None
            name = own or appended_names([each.header for each in atlas.columns], (name,))[name]
            ids = next((each for each in atlas.columns if each.column == "song_id"), None)
        is_one = (self.directory / ROWS).is_file()
        cluster = pl.col(name).cast(pl.Int64, strict=False).alias("cluster")
        rows = pl.concat(frame.select(cluster, _songs_in(frame, ids, is_one=is_one)) for frame in frames)
        counts = rows.select(
            n=pl.len(),
            out=pl.col("cluster").null_count(),
            least=pl.col("cluster").min(),
            largest=pl.col("cluster").max(),
        )
        counted = counts.collect(engine="streaming").row(0, named=True)
        return counted if atlas is None or ids is None else {**counted, "moved": _moved(rows, atlas)}

    def _compare_counts(self, counted: Mapping[str, Any], n_rows: int, k: int, left_out: int) -> None:
        before = len(self.problems)
        n, out = counted["n"], counted["out"]
        if n != n_rows:
            self.problems.append(f"The clustered songs have {n:,} rows, quality.json tells of {n_rows:,}.")
        if out != left_out:
            self.problems.append(
                f"{out:,} rows of the clustered songs have no cluster, quality.json tells of {left_out:,}."
            )
        if counted["least"] is not None and not 0 <= counted["least"] <= counted["largest"] < k:
            self.problems.append(f"The clustered songs name clusters beyond the {k} of quality.json.")
        if counted.get("moved"):
            self.problems.append(f"{counted['moved']:,} clustered songs are in other clusters in the atlas.")
        if len(self.problems) == before:
            self.checked.append(
                f"{n:,} rows of clustered songs, {out:,} of them left out, as quality.json says."
            )

    def look_around(self, record: OutputsRecord | None) -> None:
        """Say what else lies there."""
        known = {RECORD, ROWS, CLUSTERED, "clusters.csv", "quality.json", "report.html", "figures", "atlas"}
        known |= {name.partition("/")[0] for name in record.files} if record else set()
        for path in sorted(self.directory.iterdir()):
            if path.name == WORK or path.name.startswith(BESIDE) or path.name.endswith(".partial"):
                self.notes.append("A build was stopped here, and its work is kept: the same command goes on.")
            elif path.name not in (OURS if self.is_alone else known):
                self.strangers.append(path.name)
        if (self.folder / NAMES).is_file() and self.checked:
            self.notes.append(f"{NAMES} is yours: it may change at any time.")
        self.notes = list(dict.fromkeys(self.notes))

    def _place(self, name: str) -> str:
        return name if self.is_alone else f"atlas/{name}"


def _count(value: object) -> int:
    """A number of rows or clusters that a record tells."""
    if type(value) is not int or not 0 <= value <= _MOST_ROWS:
        raise TypeError("no count")
    return value


def _songs_in(frame: pl.LazyFrame, ids: ColumnReading | None, *, is_one: bool) -> pl.Expr:
    """The ids of the songs in a file, null where it has none; of many files each has its own order."""
    names = frame.collect_schema().names()
    name = None
    if ids is not None:
        name = names[ids.position] if is_one and ids.position < len(names) else ids.header
    song = pl.col(name).cast(pl.String) if name in names else pl.lit(None, pl.String)
    return song.alias("song")


def _as_before(frame: pl.LazyFrame) -> pl.LazyFrame:
    """A table of text without the apostrophes before what a spreadsheet would run."""
    names = frame.collect_schema().names()
    if not was_guarded(names):
        return frame
    plain = frame.rename(dict(zip(names, unguarded_header(names), strict=True)))
    return plain.with_columns(pl.all().map_batches(unguarded_cells, pl.String, is_elementwise=True))


def _moved(rows: pl.LazyFrame, atlas: Atlas) -> int:
    """How many rows of songs that the atlas knows by their ids are in another cluster there."""
    labels = pl.LazyFrame(
        {"song": atlas.songs["song_id"], "label": pl.Series(atlas.clustering.labels, dtype=pl.Int64)}
    )
    unlike = rows.drop_nulls().join(labels, on="song").filter(pl.col("cluster") != pl.col("label"))
    return int(unlike.select(pl.len()).collect(engine="streaming").item())


def _frames(directory: Path) -> Iterator[pl.LazyFrame | None]:
    """The clustered songs, as they lie in a file or in a folder of files; None for what must be unpacked."""
    single, folder = directory / ROWS, directory / CLUSTERED
    homes = walked(folder) if folder.is_dir() else ()
    below = (home / entry.name for home, entries in homes for entry in entries if entry.is_file())
    for path in [single] if single.is_file() else sorted(below):
        endings = path.name.lower().split(".")[1:]
        if "parquet" in endings or "pq" in endings:
            yield pl.scan_parquet(path, glob=False, hive_partitioning=False)
        elif read_at_most(path, 4).startswith(_PACKED):
            yield None
        elif {"csv", "tsv", "tab"} & set(endings):
            separator = "," if "csv" in endings else "\t"
            yield _as_before(pl.scan_csv(path, separator=separator, infer_schema=False, glob=False))
        elif {"jsonl", "ndjson"} & set(endings):
            yield pl.scan_ndjson(path)


def _fingerprint_of(folder: Path) -> str | None:
    """Fingerprint of an atlas, by its manifest; None where it has none that can be read."""
    try:
        found = json.loads(read_at_most(folder / "manifest.json", MOST_JSON))["sha256"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return str(found)
