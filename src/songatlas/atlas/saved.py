"""A saved atlas: a folder of Parquet, JSON and .npy, with a manifest that vouches for every part.

```
manifest.json               format and package version, time, settings, SHA-256 of the input and of each part
atlas.json                  what was read, cleaned and found, in words and numbers
songs.parquet               the clustered songs, with their clusters, places on the map, roles and genres
silhouette_sample.parquet   silhouettes of a sample of songs
centroids.npy               float64 (k, n_dimensions)
sweep.npy                   float64 (sum of the ks, n_dimensions), centroids of every k that was tried, k by k
subclusters.npy             float64 (n_subclusters, n_dimensions), centroids of the playlist-sized clusters
beliefs.npy                 float32 (n_songs, n_genres), only where genres are part of the space
names.toml                  the names that a person gives to clusters; no hash vouches for it
```
Nothing in it is ever executed or unpickled, and nothing believed that was not looked at (`checked_parts`,
`checked_atlas`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from songatlas.atlas.atlas import Atlas
from songatlas.atlas.checked_atlas import check_atlas
from songatlas.atlas.checked_parts import READ_AS, frame_of, read_array, read_json, read_table
from songatlas.atlas.folders import put_back, write_folder
from songatlas.atlas.judging import GENRE_COLUMNS
from songatlas.atlas.likeness import Likeness
from songatlas.atlas.names_file import NAMES, Generated, read_names
from songatlas.atlas.refine import Refinement
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.swept import Swept, described, stacked, unstacked
from songatlas.atlas.whole import Whole
from songatlas.choose_k import Verdict
from songatlas.errors import BadAtlas, BadSettings, in_brief
from songatlas.files import told_by_polars
from songatlas.kmeans import Clustering, Division
from songatlas.lint import Finding
from songatlas.matching import listed
from songatlas.profiles import Profile
from songatlas.roles import ROLES, Roles
from songatlas.songs import ColumnReading, RuleCount, Source
from songatlas.space import Layout, SongSpace

FORMAT = "songatlas atlas"
FORMAT_VERSION = 4
READABLE = (2, 3, 4)
"""Versions of the format that this songatlas reads; 2 knew neither colours nor names of a
person, 3 not the centroids of the sweep."""
PARTS = (
    "atlas.json",
    "centroids.npy",
    "silhouette_sample.parquet",
    "songs.parquet",
    "subclusters.npy",
)
BELIEFS = "beliefs.npy"
"""The part that only an atlas has whose space takes genres."""

SWEEP = "sweep.npy"
"""The part that an atlas lacks which an older songatlas saved."""

OURS = (*PARTS, BELIEFS, SWEEP, NAMES, "manifest.json")
"""Every file that belongs to a saved atlas; all others in its folder are left alone."""

MISSING = "is missing"
_OF_SONGS = "songatlas_"
_ROLE_FIGURES = ("distance_percentile", "silhouette", "runner_up", "margin")
_TYPES_OF_SONGS: Mapping[str, Any] = {
    "cluster": pl.Int32(),
    "subcluster": pl.Int32(),
    "distance": pl.Float64(),
    "x": pl.Float32(),
    "y": pl.Float32(),
    "distance_percentile": pl.Float32(),
    "silhouette": pl.Float32(),
    "runner_up": pl.Int32(),
    "margin": pl.Float32(),
    "genre": pl.String(),
    "predicted_genre": pl.String(),
    "genre_confidence": pl.Float32(),
}
_NEVER_NULL = ("cluster", "subcluster", "distance", "x", "y", "role", *_ROLE_FIGURES)
_TYPES_OF_SAMPLE: Mapping[str, Any] = {"cluster": pl.Int32(), "silhouette": pl.Float64()}


def save_atlas(atlas: Atlas, directory: Path, *, names: str) -> None:
    """Write `atlas` into `directory`, which holds the old atlas or the new one, never half of it.

    Parameters
    ----------
    atlas : Atlas
    directory : Path
    names : str
        What its file of names shall hold (see `identity.carry_names`).

    Raises
    ------
    BadSettings
        If something would be replaced there that songatlas did not write.
    SongAtlasError
        If the place cannot be written.
    """
    _require_free(directory)
    write_folder(directory, lambda folder: write_parts(atlas, folder, names=names), ours=OURS)


def _require_free(directory: Path) -> None:
    """Refuse a folder without an atlas in which a file has the name of a part; names.toml is a person's."""
    put_back(directory)
    if is_atlas_folder(directory):
        return
    for name in OURS:
        if name != NAMES and os.path.lexists(directory / name):
            raise BadSettings(
                f"{str(directory / name)!r} is not from songatlas and would be replaced: save the atlas into "
                "another folder, or give that file another name"
            )


def write_parts(atlas: Atlas, folder: Path, *, names: str) -> None:
    """Write the parts, the file of names and the manifest into an empty folder."""
    (folder / NAMES).write_text(names, encoding="utf-8", newline="\n")
    found = _found_of_songs(atlas)
    songs = atlas.songs.with_columns(each.alias(f"{_OF_SONGS}{each.name}") for each in found)
    with told_by_polars():
        songs.write_parquet(folder / "songs.parquet", compression="snappy", statistics=False)
        atlas.silhouette_sample.write_parquet(folder / "silhouette_sample.parquet")
    np.save(folder / "centroids.npy", np.ascontiguousarray(atlas.clustering.centroids, dtype=np.float64))
    np.save(folder / "subclusters.npy", np.ascontiguousarray(atlas.division.centroids, dtype=np.float64))
    parts: tuple[str, ...] = PARTS
    if atlas.beliefs is not None:
        parts = (*parts, BELIEFS)
        np.save(folder / BELIEFS, np.ascontiguousarray(atlas.beliefs, dtype=np.float32))
    if atlas.sweep:
        parts = (*parts, SWEEP)
        np.save(folder / SWEEP, stacked(atlas.sweep))
    _write_json(folder / "atlas.json", _described(atlas))
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "version": atlas.version,
        "created": atlas.created,
        **({} if atlas.whole is None else {"seconds": dict(atlas.whole.seconds)}),
        "settings": atlas.settings.to_dict(),
        "input": {"name": atlas.source.name, "sha256": atlas.source.sha256},
        "parts": {name: _sha256(folder / name) for name in parts},
    }
    _write_json(folder / "manifest.json", {**manifest, "sha256": _fingerprint(manifest)})


def load_atlas(directory: Path) -> Atlas:
    """Read the atlas in `directory`, or in its sub-folder `atlas/`.

    Raises
    ------
    BadAtlas
        If it is not there, not whole, altered since it was written, or of another format.
    """
    folder = folder_of(directory)
    manifest = _read_manifest(folder)
    for name, what in _damaged(folder, manifest):
        if what == MISSING:
            raise BadAtlas(f"{str(folder)!r} lacks its part {name}: build the atlas again")
        raise BadAtlas(
            f"{name} in {str(folder)!r} {what}: "
            "it was changed or damaged since it was written; build the atlas again"
        )
    try:
        atlas = _read_parts(folder, manifest)
        check_atlas(atlas)
    except READ_AS as error:
        reason = in_brief(error)
        raise BadAtlas(
            f"{str(folder)!r} cannot be read as an atlas ({type(error).__name__}: {reason}): build it again"
        ) from error
    given = read_names(folder)
    return atlas.with_names(given.shown_names(atlas.generated.names)) if given else atlas


def damaged_parts(folder: Path) -> dict[str, str]:
    """Return the parts of the atlas in a folder that are missing or not what its manifest says, and why.

    Raises
    ------
    BadAtlas
        If the manifest itself cannot be believed.
    """
    return dict(_damaged(folder, _read_manifest(folder)))


def folder_of(directory: Path) -> Path:
    """Return the folder of the atlas: the one named, or `atlas/` inside it, or raise `BadAtlas`."""
    for folder in (directory, directory / "atlas"):
        put_back(folder)
        if (folder / "manifest.json").is_file():
            return folder
    what = "no such folder"
    if directory.is_dir():
        what = "no atlas in it (no manifest.json)"
    elif directory.exists():
        what = "this is no folder"
    raise BadAtlas(f"{str(directory)!r}: {what}; name the folder that 'songatlas build -o FOLDER' wrote")


def is_atlas_folder(folder: Path) -> bool:
    """Say whether a saved atlas lies in a folder itself, be it damaged: a manifest, and a part of ours."""
    return (folder / "manifest.json").is_file() and any((folder / name).is_file() for name in PARTS)


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Read a manifest that is one of ours, whole, of a known format, with known parts."""
    manifest = read_json(folder / "manifest.json")
    _check_format(manifest, folder)
    for name in sorted(manifest["parts"]):
        if name not in (*PARTS, BELIEFS, SWEEP):
            raise BadAtlas(
                f"the manifest in {str(folder)!r} lists {name[:80]!a}, which this songatlas does not know: "
                "build the atlas again, or use the version that built it"
            )
    return dict(manifest)


def _damaged(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Parts that are missing or differ, and what is wrong with each."""
    for name in sorted({*PARTS, *manifest["parts"]}):
        if not (folder / name).is_file():
            yield name, MISSING
        elif _sha256(folder / name) != manifest["parts"].get(name):
            yield name, "is not what the manifest says (its SHA-256 differs)"


def _check_format(manifest: Any, folder: Path) -> None:
    """Refuse what is no manifest of ours, or of another format version."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadAtlas(
            f"{str(folder / 'manifest.json')!r} is not the manifest of an atlas: name another folder"
        )
    try:
        found = _fingerprint(manifest)
    except RecursionError:
        found = "of what is nested too deeply"
    if manifest.get("sha256") != found:
        raise BadAtlas(
            f"{str(folder / 'manifest.json')!r} was changed or damaged since it was written: build it again"
        )
    version = manifest.get("format_version")
    if version not in READABLE or not isinstance(manifest.get("parts"), dict):
        raise BadAtlas(
            f"{str(folder)!r} has format version {version!r}, and this songatlas reads "
            f"{listed([str(each) for each in READABLE])}: "
            "build the atlas again, or use the version that built it"
        )


def _found_of_songs(atlas: Atlas) -> list[pl.Series]:
    """What was found out about each song."""
    roles, genres = atlas.roles, atlas.genre_of_songs
    return [
        pl.Series("cluster", atlas.clustering.labels),
        pl.Series("subcluster", atlas.division.labels),
        pl.Series("distance", atlas.distances),
        pl.Series("x", atlas.positions[:, 0]),
        pl.Series("y", atlas.positions[:, 1]),
        roles.role.alias("role"),
        *(pl.Series(name, getattr(roles, name)) for name in _ROLE_FIGURES),
        *genres.iter_columns(),
    ]


def _described(atlas: Atlas) -> dict[str, Any]:
    """Everything that is neither a song nor an array, as plain values."""
    clustering = atlas.clustering
    return {
        "source": plain(atlas.source),
        "columns": plain(atlas.columns),
        "n_rows": atlas.n_rows,
        "n_songs": atlas.n_songs,
        "counts": plain(atlas.counts),
        "dropped_features": dict(atlas.dropped_features),
        "space": atlas.space.to_dict(),
        "layout": atlas.layout.to_dict(),
        "clustering": {
            "k": clustering.k,
            "inertia": clustering.inertia,
            "n_iter": clustering.n_iter,
            "history": list(clustering.history),
        },
        "sweep": described(atlas.sweep),
        "plain_run": list(atlas.plain_run),
        "subcluster_parents": atlas.division.parents.tolist(),
        "roles_exact": atlas.roles.exact,
        "exemplars": [list(songs) for songs in atlas.exemplars],
        "findings": plain(atlas.generated.findings),
        "refinement": None if atlas.refinement is None else plain(atlas.refinement.to_dict()),
        "spaces": atlas.spaces.to_dicts(),
        "spaces_types": {name: str(dtype) for name, dtype in atlas.spaces.schema.items()},
        "genre_sharpness": atlas.genre_sharpness,
        "evidence": atlas.evidence.to_dicts(),
        "evidence_types": {name: str(dtype) for name, dtype in atlas.evidence.schema.items()},
        "quality": plain(atlas.quality),
        "verdict": plain(atlas.verdict.to_dict()),
        "profiles": plain(atlas.with_names(atlas.generated.names).profiles),
        "colours": list(atlas.colours),
        "likeness": plain(atlas.likeness),
        "whole": _whole_described(atlas.whole),
        "genre": plain(atlas.genre),
        "genre_counts": atlas.genre_counts.to_dicts(),
        "genre_counts_types": {name: str(dtype) for name, dtype in atlas.genre_counts.schema.items()},
    }


def _read_parts(folder: Path, manifest: Mapping[str, Any]) -> Atlas:
    """Make the atlas out of parts whose hashes are right."""
    found = read_json(folder / "atlas.json")
    songs = _read_songs(folder, n_rows=found["n_songs"])
    of_songs = {name: songs[f"{_OF_SONGS}{name}"].alias(name) for name in _of_songs()}
    profiles = tuple(_profile(values) for values in found["profiles"])
    findings = tuple(Finding(**finding) for finding in found["findings"])
    likeness, whole = found.get("likeness"), found.get("whole")
    return Atlas(
        settings=AtlasSettings.from_dict(manifest["settings"]),
        version=manifest["version"],
        created=manifest["created"],
        source=Source(**found["source"] | {"notes": tuple(found["source"]["notes"])}),
        columns=tuple(ColumnReading(**column) for column in found["columns"]),
        n_rows=found["n_rows"],
        n_songs=found["n_songs"],
        counts=tuple(_count(values) for values in found["counts"]),
        dropped_features=MappingProxyType(found["dropped_features"]),
        songs=songs.drop(f"{_OF_SONGS}{name}" for name in of_songs),
        space=SongSpace.from_dict(found["space"]),
        layout=Layout.from_dict(found["layout"]),
        positions=np.column_stack([of_songs["x"], of_songs["y"]]).astype(np.float32),
        clustering=_clustering(folder, found["clustering"], of_songs),
        sweep=_sweep(folder, found) if SWEEP in manifest["parts"] else (),
        plain_run=tuple(found["plain_run"]),
        distances=of_songs["distance"].to_numpy().astype(np.float64),
        evidence=frame_of(found["evidence"], found["evidence_types"]),
        quality=MappingProxyType(found["quality"]),
        verdict=Verdict.from_dict(found["verdict"]),
        division=_division(folder, found["subcluster_parents"], of_songs),
        roles=_roles(of_songs, exact=found["roles_exact"]),
        exemplars=tuple(tuple(exemplars) for exemplars in found["exemplars"]),
        findings=findings,
        refinement=found["refinement"] and Refinement.from_dict(found["refinement"]),
        spaces=frame_of(found["spaces"], found["spaces_types"]),
        silhouette_sample=_read_sample(folder, n_rows=found["n_songs"]),
        profiles=profiles,
        generated=_generated(profiles, findings),
        colours=tuple(found.get("colours", range(len(profiles)))),
        likeness=None if likeness is None else Likeness.from_dict(likeness),
        whole=whole and Whole.from_dict(whole, seconds=manifest.get("seconds", {})),
        genre=found["genre"],
        genre_counts=frame_of(found["genre_counts"], found["genre_counts_types"]),
        genre_of_songs=pl.DataFrame([of_songs[name] for name in GENRE_COLUMNS]),
        genre_sharpness=found["genre_sharpness"],
        beliefs=read_array(folder / BELIEFS, kind=np.float32) if BELIEFS in manifest["parts"] else None,
    )


def _read_songs(folder: Path, *, n_rows: int) -> pl.DataFrame:
    """Read the songs with what was found out about each."""
    wanted = {f"{_OF_SONGS}{name}": kind for name, kind in _TYPES_OF_SONGS.items()}
    songs = read_table(folder / "songs.parquet", wanted={"song_id": pl.String(), **wanted}, n_rows=n_rows)
    unknown = songs.select(pl.col(f"{_OF_SONGS}{name}").has_nulls() for name in _NEVER_NULL).row(0)
    if any(unknown):
        raise ValueError("songs.parquet lacks what was found out about some songs")
    return songs


def _read_sample(folder: Path, *, n_rows: int) -> pl.DataFrame:
    """Read the silhouettes of some songs."""
    return read_table(folder / "silhouette_sample.parquet", wanted=_TYPES_OF_SAMPLE, n_rows=n_rows)


def _whole_described(whole: Whole | None) -> dict[str, Any] | None:
    """What is known of a whole catalogue, as plain values; the seconds stand in the manifest."""
    if whole is None:
        return None
    return {name: value for name, value in plain(whole).items() if name != "seconds"}


def _count(values: Mapping[str, Any]) -> RuleCount:
    """Make what a rule did out of plain values."""
    return RuleCount(**{**values, "examples": tuple(values["examples"])})


def _clustering(folder: Path, values: Mapping[str, Any], of_songs: Mapping[str, pl.Series]) -> Clustering:
    """Make the clustering out of its centroids, its labels and plain values."""
    return Clustering(
        centroids=read_array(folder / "centroids.npy", kind=np.float64),
        labels=of_songs["cluster"].to_numpy().astype(np.int32),
        **{**values, "history": tuple(values["history"])},
    )


def _division(folder: Path, parents: Sequence[int], of_songs: Mapping[str, pl.Series]) -> Division:
    """Make the playlist-sized clusters out of their centroids and labels."""
    return Division(
        labels=of_songs["subcluster"].to_numpy().astype(np.int32),
        parents=np.array(parents, dtype=np.int32),
        centroids=read_array(folder / "subclusters.npy", kind=np.float64),
    )


def _generated(profiles: Sequence[Profile], findings: tuple[Finding, ...]) -> Generated:
    """Make what was said before a person named anything."""
    names = tuple(profile.name for profile in profiles)
    return Generated(names, findings, tuple(profile.evidence for profile in profiles))


def _sweep(folder: Path, found: Mapping[str, Any]) -> tuple[Swept, ...]:
    """Make the clusterings of every k out of their centroids."""
    return unstacked(read_array(folder / SWEEP, kind=np.float64), found["sweep"])


def _of_songs() -> tuple[str, ...]:
    """Names of what was found out about each song, as `_found_of_songs` gives them."""
    return ("cluster", "subcluster", "distance", "x", "y", "role", *_ROLE_FIGURES, *GENRE_COLUMNS)


def _roles(of_songs: Mapping[str, pl.Series], *, exact: bool) -> Roles:
    """Make the roles out of their columns."""
    figures = {name: of_songs[name].to_numpy() for name in _ROLE_FIGURES}
    return Roles(role=of_songs["role"].cast(pl.Enum(ROLES)), exact=exact, **figures)


def _profile(values: Mapping[str, Any]) -> Profile:
    """Make a profile out of plain values."""
    tags = tuple((tag, share) for tag, share in values["top_tags"])
    heard = tuple((word, share) for word, share in values.get("heard", ()))
    return Profile(**{**values, "top_tags": tags, "heard": heard, "typical": tuple(values["typical"])})


def plain(value: Any) -> Any:
    """Return `value` as dictionaries, lists, texts and numbers, ready for JSON.

    Examples
    --------
    >>> plain({"a": (1, np.float64(2.0))})
    {'a': [1, 2.0]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return value


def _write_json(path: Path, value: Any) -> None:
    """Write JSON that a person can read, the same bytes for the same value."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=True) + "\n", encoding="utf-8")


def _fingerprint(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of what a manifest says, but for times, so that two runs have the same."""
    said = {key: value for key, value in manifest.items() if key not in ("sha256", "created", "seconds")}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _sha256(path: Path) -> str:
    """SHA-256 of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadAtlas(
            f"{str(path)!r} cannot be read ({error.strerror or error}): allow reading it, or build it again"
        ) from error
