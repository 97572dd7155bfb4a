"""Tasks of the tests, and a run that asks all of them; as a program: the same run, to be killed."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import KEY, ROWS
from songatlas.progress import silent
from songatlas.songs import open_tables
from songatlas.streaming import FileCatalogue

LABELS = {"cluster": pl.Int32(), "excluded_because": pl.String()}


def keyed(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    songs = rows.select(
        pl.col("id").cast(pl.String).hash(seed=1).alias(KEY),
        pl.col("id").cast(pl.String).alias("song"),
        pl.col("energy").cast(pl.Float64, strict=False),
    )
    return songs, rows.select(pl.len().cast(pl.Int64).alias("n"), pl.lit("songs").alias("what"))


def slowly_keyed(rows: pl.DataFrame, *, log: str = "", seconds: float = 0.0) -> Any:
    time.sleep(seconds)
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(f"{rows['id'][0]}\n")
    return keyed(rows)


def energies(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("energy") > 0.9).select("song", "energy")


def picked(rows: pl.DataFrame, *, keys: NDArray[np.uint64]) -> pl.DataFrame:
    return rows.filter(pl.col(KEY).is_in(pl.Series(keys).implode()))


def grouped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(KEY, "song").agg(pl.col("energy").sum().round(6), pl.len().alias("n"))


def points_of(rows: pl.DataFrame) -> NDArray[np.float32]:
    energy = rows["energy"].drop_nulls().to_numpy()
    return np.stack([energy, (energy * 8).round()], axis=1).astype(np.float32)


def point_sums(block: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.array([len(block), block[:, 1].sum(dtype=np.float64)])


def highest(block: NDArray[np.float32]) -> NDArray[np.float64]:
    return block[block[:, 1] >= 8].astype(np.float64)


def labels(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        (pl.col("energy") * 4).floor().cast(pl.Int32).alias("cluster"),
        pl.when(pl.col("energy").is_null()).then(pl.lit("no energy")).alias("excluded_because"),
    )


def run(source: str, work: str, out: str, log: str, seconds: float = 0.0, memory: int = 10**9) -> None:
    catalogue = FileCatalogue(open_tables(source), work=work, memory=memory, fingerprint={"seed": 0})
    make = partial(slowly_keyed, log=log, seconds=seconds)
    catalogue.stage("songs", make, of=ROWS, tell=silent)
    catalogue.collect(energies, of="songs", name="energies", tell=silent)
    keys = catalogue.shared_keys(KEY, of="songs", tell=silent)
    pick = partial(picked, keys=keys)
    catalogue.gathered(pick, grouped, of="songs", name="groups", tell=silent)
    more = np.ones((1, 2), dtype=np.float32)
    points = catalogue.keep_points(points_of, more, of="songs", tell=silent)
    total = points.summed(point_sums)
    catalogue.write(labels, LABELS, out, of="songs", tell=silent)
    Path(log).with_suffix(".sums").write_text(repr(total.tolist()), encoding="utf-8")


if __name__ == "__main__":
    from songatlas.streaming import memory as limits

    limits._MOST_ROWS = 50
    run(*sys.argv[1:5], seconds=float(sys.argv[5]))
