"""What it costs that no cell of a CSV table runs in a spreadsheet: against Polars' own writer, CPU seconds.

python -m benchmarks.cells [--quick]

Ten columns of texts and ten of numbers written as texts. "usual" texts have now and then a comma, a semicolon
or an apostrophe; two of five "hostile" ones hold a formula, and half of their numbers are negative, so that
each has to be looked at twice.
"""

from __future__ import annotations

import argparse
from functools import partial
from io import BytesIO
from typing import Final

import polars as pl

from benchmarks.answer import Goal, interleaved, print_answer
from songatlas.safe_cells import OUR_COLUMNS, unguarded_table, write_cells

TEXTS: Final = {
    "usual": (
        "Nothing's wrong with this title",
        "Zoë & the others",
        "Name (feat. B)",
        "Hey, you",
        "A;B",
        "x",
    ),
    "hostile": ("=cmd|' /C calc'!A0", "Zoë & the others", "Name (feat. B)", "a;=1+1", "x"),
}
NUMBERS: Final = {"usual": ("0.731", "120.4", "5", "181000"), "hostile": ("-5.31", "0.7", "-11.2", "9")}


def measure(kind: str, n_rows: int, *, repeats: int) -> dict[str, float | str]:
    """Write a table of 20 columns, and take the apostrophes away again."""
    texts, numbers = (_column(words[kind], n_rows) for words in (TEXTS, NUMBERS))
    table = pl.DataFrame({f"c{n}": texts if n < 10 else numbers for n in range(20)})
    names = (*OUR_COLUMNS[0], *table.columns[4:])
    measured = interleaved(
        {
            "polars": lambda: table.write_csv(BytesIO()),
            "safe": lambda: write_cells(table, BytesIO()),
            "reading": partial(unguarded_table, names, table),
        },
        repeats=repeats,
    )
    raw, safe, reading = (round(measured[name][0], 3) for name in ("polars", "safe", "reading"))
    return {
        "table": kind,
        "n_rows": n_rows,
        "n_columns": table.width,
        "polars_cpu_s": raw,
        "safe_cpu_s": safe,
        "unguarding_cpu_s": reading,
        "microseconds_more_a_row": round((safe - raw) / n_rows * 1e6, 2),
    }


def _column(words: tuple[str, ...], n_rows: int) -> pl.Series:
    return pl.Series(words * -(-n_rows // len(words))).head(n_rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="100,000 rows, in seconds")
    n_rows = 100_000 if parser.parse_args().quick else 1_000_000
    results = [measure(kind, n_rows, repeats=3) for kind in TEXTS]
    more = float(results[0]["microseconds_more_a_row"])
    goal = Goal("microseconds more a row of a usual table", more, 5, 2, at_least=False)
    print_answer("cells", results=results, goals=[goal])


if __name__ == "__main__":
    main()
