"""From audio files to numbers: songs a minute, memory, and whether the nearest song is of the same kind.

python -m benchmarks.audio [--quick] [--songs FOLDER] [--annotations TABLE.csv]

Speed is measured on an invented stereo mp3 of 3.5 minutes, CPU seconds of one thread after the imports, each
program in a process of its own: all of ours, ours without the network, decoding alone, librosa's MFCCs and
bliss-audio (`pip install 'songatlas[peers]'`; those that are not there or do not run are named).

With `--songs`, a folder whose folders are the kinds of its songs (soundtracks, genres): is the nearest other
song of the same kind? Ours is the audio block of an atlas. With `--annotations`, tempo and key are judged,
too (see `benchmarks.labelled_clips`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.answer import Goal, print_answer
from benchmarks.audio_peers import Measured, measure_in_child, standardized
from benchmarks.invented_song import write_song
from benchmarks.labelled_clips import chance, key_score, same_kind_share, tempo_is_right
from songatlas import scan_folder
from songatlas.songs import read_songs
from songatlas.space import SongSpace

SECONDS = 210.0
RUNS = 5
OURS = "songatlas"
PARTS = (OURS, "songatlas without network", "songatlas, decoding alone")
PEERS = ("librosa, MFCC", "bliss-audio")


def measure_speed(*, seconds: float, runs: int) -> list[dict[str, Any]]:
    """Read one invented song several times with every program."""
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder) / "song.mp3"
        write_song(song, seconds=seconds)
        found = {name: measure_in_child(name, [song] * runs) for name in (*PARTS, *PEERS)}
    return [_speed(name, each, seconds=seconds, runs=runs) for name, each in found.items()]


def _speed(name: str, found: Measured, *, seconds: float, runs: int) -> dict[str, Any]:
    """One line of the answer."""
    if found.vectors is None:
        return {"program": name, "note": found.why}
    each = found.cpu_s / runs
    return {
        "program": name,
        "cpu_s_per_song": round(each, 3),
        "songs_a_minute_a_core": round(60 / each, 1),
        "times_real_time": round(seconds / each),
        "first_call_cpu_s": round(found.start_s, 2),
        "memory_mb": round(found.memory_mb),
    }


def scanned_songs(folder: Path) -> pl.DataFrame:
    """Scan a folder and read the table; one row a song that could be measured, with `file` and `kind`."""
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "songs.parquet"
        scan_folder(folder, output=table)
        songs = read_songs(table).songs.with_columns(pl.Series("path", pl.read_parquet(table)["path"]))
    inside = pl.col("path").str.strip_prefix(f"{folder.resolve()}/")
    return songs.filter(pl.col("audio_embedding").is_not_null()).with_columns(
        file=inside, kind=inside.str.split("/").list.first()
    )


def measure_kinds(songs: pl.DataFrame, folder: Path) -> list[dict[str, Any]]:
    """Is the nearest song of the same kind, by ours and by the peers."""
    kinds = songs["kind"].to_list()
    files = [folder.resolve() / each for each in songs["file"]]
    embedding = np.array(songs["audio_embedding"].to_list())
    space = SongSpace.fit(songs, features=(), blocks=("audio",))
    shares = {
        "songatlas, audio block": same_kind_share(space.points(songs), kinds),
        "network alone, cosine": same_kind_share(embedding, kinds, cosine=True),
        "network alone, mean taken off": same_kind_share(
            embedding - embedding.mean(axis=0), kinds, cosine=True
        ),
    }
    notes: dict[str, str] = {}
    for name in PEERS:
        found = measure_in_child(name, files)
        if found.vectors is None:
            notes[name] = found.why
        else:
            shares[name] = same_kind_share(found.points(), kinds)
            shares[f"{name}, standardized"] = same_kind_share(standardized(found.points()), kinds)
    table = {"n_songs": len(kinds), "chance": round(chance(kinds), 3)}
    return [table | {name: round(share, 3) for name, share in shares.items()} | notes]


def measure_annotations(songs: pl.DataFrame, annotations: pl.DataFrame) -> dict[str, Any]:
    """Tempo and key against a table of annotations."""
    both = annotations.join(songs.select("file", found="tempo_bpm", tonic="key", scale="mode"), on="file")
    answer: dict[str, Any] = {"n_annotated": both.height}
    if "tempo_bpm" in both.columns:
        told = both.drop_nulls("tempo_bpm")
        right = [tempo_is_right(found, true) for found, true in told.select("found", "tempo_bpm").iter_rows()]
        answer["tempo within 4%, octave allowed"] = round(float(np.mean(right)), 3)
    if {"key", "mode"} <= set(both.columns):
        told = both.drop_nulls(["key", "mode"])
        scores = [
            key_score(None if tonic is None else (int(tonic), int(scale)), (int(key), int(mode)))
            for tonic, scale, key, mode in told.select("tonic", "scale", "key", "mode").iter_rows()
        ]
        answer["key, MIREX score"] = round(float(np.mean(scores)), 3)
    return answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a song of half a minute, twice")
    parser.add_argument("--songs", type=Path, help="folder whose folders are the kinds of its songs")
    parser.add_argument("--annotations", type=Path, help="CSV: file, tempo_bpm, key, mode")
    given = parser.parse_args()
    seconds, runs = (30.0, 2) if given.quick else (SECONDS, RUNS)
    speed = measure_speed(seconds=seconds, runs=runs)
    results: list[dict[str, Any]] = [*speed]
    goals = [] if given.quick else _speed_goals(speed)
    if given.songs:
        print(f"scanning {given.songs}", file=sys.stderr)
        songs = scanned_songs(given.songs)
        kinds = measure_kinds(songs, given.songs)
        results += kinds
        goals.append(Goal("nearest song of the same kind", kinds[0]["songatlas, audio block"], 0.60, 0.75))
        if given.annotations:
            results.append(measure_annotations(songs, pl.read_csv(given.annotations)))
    print_answer("audio", results=results, goals=goals)


def _speed_goals(speed: list[dict[str, Any]]) -> list[Goal]:
    """What issue and users hope for of a song of three and a half minutes."""
    rows = {each["program"]: each for each in speed}
    return [
        Goal("songs a minute a core, with network", rows[OURS]["songs_a_minute_a_core"], 60, 110),
        Goal("songs a minute a core, without network", rows[PARTS[1]]["songs_a_minute_a_core"], 80, 130),
        Goal("MB of a worker", rows[OURS]["memory_mb"], 300, 200, at_least=False),
    ]


if __name__ == "__main__":
    main()
