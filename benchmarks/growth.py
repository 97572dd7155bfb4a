"""How the cost of a whole build grows with the rows: CPU seconds of one thread and peak memory by stage.

python -m benchmarks.growth [--quick] [--rows 10000,100000,1000000,10000000]

Ours alone, each size in a process of its own. Up to a million rows come from CSV and every k from 2 to 20
is tried; more come from Parquet with k=20 given.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.answer import Goal, print_answer
from benchmarks.pipeline import KS, in_child, rounded, write_simulated
from benchmarks.simulated import simulated_parquet

MOST_ROWS_OF_CSV = 1_000_000
GIVEN_K = 20


def measure(n_rows: int) -> dict[str, object]:
    """Build an atlas of that many simulated rows."""
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        if n_rows <= MOST_ROWS_OF_CSV:
            songs = Path(folder) / "simulated.csv"
            write_simulated(n_rows, songs)
            answer = in_child("songatlas", songs, tuple(KS))
        else:
            answer = in_child("songatlas", simulated_parquet(n_rows, Path(folder)), (GIVEN_K,))
    given = n_rows > MOST_ROWS_OF_CSV
    return {"n_rows": n_rows, "from": "Parquet" if given else "CSV", "k_given": given} | rounded(answer)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="5,000 and 20,000 rows, in under a minute")
    parser.add_argument("--rows", default="10000,100000,1000000,10000000", help="sizes, with commas")
    asked = parser.parse_args()
    sizes = [5_000, 20_000] if asked.quick else [int(part) for part in asked.rows.split(",")]
    results = [measure(n_rows) for n_rows in sizes]
    peaks = [float(str(result["peak_gb"])) for result in results if result["n_rows"] == 10_000_000]
    goals = [
        Goal("peak memory in GB, 10M rows of Parquet, k given", peak, 4.0, 4.0, at_least=False)
        for peak in peaks
    ]
    print_answer("growth", results=results, goals=goals)


if __name__ == "__main__":
    main()
