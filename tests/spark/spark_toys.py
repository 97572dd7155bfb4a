"""Tasks of the tests, in a module of their own, which executors import."""

from __future__ import annotations

import io
import os
import shutil
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import UnreadableTable


def table(rows: range) -> pl.DataFrame:
    """Return rows of a toy catalogue: every seventh song is in two rows."""
    numbers = np.arange(rows.start, rows.stop)
    return pl.DataFrame(
        {
            "id": [f"song {number - number % 7 // 6}" for number in numbers.tolist()],
            "the.energy": (numbers * 37 % 101).astype(np.float64),
            "tempo": numbers,
            "title": [None if number % 5 == 0 else f"“{number}”" for number in numbers.tolist()],
        },
        schema={"id": pl.String, "the.energy": pl.Float64, "tempo": pl.Int64, "title": pl.String},
    )


def parse(content: bytes) -> pl.DataFrame:
    """Read a CSV file; one that begins with "!" is no table."""
    if content.startswith(b"!"):
        raise UnreadableTable("a file begins with '!': tables begin with a header")
    return pl.read_csv(io.BytesIO(content), infer_schema=False)


def songs(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make rows with keys, energy and tempo; answer with the number of rows and the sum of energy."""
    made = rows.select(
        pl.col("id").str.slice(5).cast(pl.UInt64).alias("_key"),
        pl.col("the.energy").cast(pl.Float32).alias("energy"),
        pl.col("tempo").cast(pl.Float32),
    )
    return made, pl.DataFrame({"n": [made.height], "energy": [made["energy"].cast(pl.Float64).sum()]})


def louder(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make a stage of a stage: twice the energy; answer with the lowest key, if there is one."""
    made = rows.with_columns(pl.col("energy") * 2)
    return made, rows.select(pl.col("_key").min().alias("lowest")).head(rows.height)


def names_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Answer with the columns that came."""
    return pl.DataFrame(
        {"name": rows.columns, "n": [rows.height] * rows.width}, schema={"name": pl.String, "n": pl.Int64}
    )


def not_low(rows: pl.DataFrame) -> pl.DataFrame:
    """Pick rows of keys from 100 on, with their tempo."""
    return rows.filter(pl.col("_key") >= 100).select("_key", "tempo")


def by_key(rows: pl.DataFrame) -> pl.DataFrame:
    """Answer with number of rows and sum of tempo of each key."""
    return rows.group_by("_key").agg(pl.len().alias("n"), pl.col("tempo").cast(pl.Float64).sum())


def points(rows: pl.DataFrame) -> NDArray[np.float32]:
    """Make points of two coordinates of the rows with an odd key."""
    return rows.filter(pl.col("_key") % 2 == 1).select("energy", "tempo").to_numpy()


def sums(block: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum the coordinates, and count."""
    return np.array([*block.sum(axis=0, dtype=np.float64), len(block)])


def slow_sums(block: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum, and take a while for it."""
    time.sleep(1.5)
    return sums(block)


def highest(block: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the point of the block that is highest in its first coordinate, as one row."""
    return block[[block[:, 0].argmax()]].astype(np.float64)


def shelves(folder: str) -> list[Path]:
    """Return where this executor may have files of blocks."""
    return [Path(place) / folder for place in os.environ["SPARK_LOCAL_DIRS"].split(",")]


def filed(block: NDArray[np.float32], *, folder: str) -> NDArray[np.float64]:
    """Say whether there is a file with the bytes of the block."""
    files = [file for shelf in shelves(folder) for file in shelf.glob("*")]
    return np.array([[float(block.tobytes() in {file.read_bytes() for file in files})]])


def spoilt(block: NDArray[np.float32], *, folder: str) -> NDArray[np.float64]:
    """Put a file where the folder of files was, as if there were no room for it."""
    for shelf in shelves(folder):
        shutil.rmtree(shelf, ignore_errors=True)
        shelf.write_bytes(b"")
    return sums(block)


def label(rows: pl.DataFrame) -> pl.DataFrame:
    """Label rows of the stage "songs" by their energy."""
    return rows.select(
        (pl.col("energy") > 50).cast(pl.UInt8).alias("cluster"),
        pl.format("energy {}", pl.col("energy").cast(pl.Int64)).alias("cluster name"),
    )


def label_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Label rows of text by their energy."""
    return label(rows.select(pl.col("the.energy").cast(pl.Float32).alias("energy")))


def broken(rows: pl.DataFrame) -> pl.DataFrame:
    """Fail."""
    return rows.head(rows.height // 0)
