"""The simulated catalogue as one Parquet file of any size, some rows in memory at a time."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from songatlas.demo.parts import write_catalogue


def simulated_parquet(n_rows: int, folder: Path) -> Path:
    """Write the simulated catalogue as one Parquet file, unless it lies there; return its path."""
    whole = folder / f"simulated-{n_rows}.parquet"
    if not whole.exists():
        print(f"simulating {n_rows:,} rows", file=sys.stderr)
        pieces = write_catalogue(folder / f"pieces-{n_rows}", n_rows)
        beside = whole.with_suffix(".new")
        pl.concat([pl.scan_parquet(piece) for piece in pieces]).sink_parquet(beside)
        beside.rename(whole)
        for piece in pieces:
            piece.unlink()
        pieces[0].parent.rmdir()
    return whole
