"""Texts that do harm wherever they are taken for more than texts, and a table of songs full of them."""

from __future__ import annotations

from typing import Final

import polars as pl

from songatlas.demo import simulate_catalogue

POISON: Final = (
    "<script>window.poisoned=1;alert(1)</script>",
    '</title></script><img src=x onerror="window.poisoned=1;alert(2)">',
    "javascript:alert(3)",
    "[click](javascript:alert(4)) ![x](https://example.org/x.png)",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "a;=1+cmd|' /C calc'!A0;",
    "a,\"=cmd|' /C calc'!A0",
    "＝1+1",
    "'=1+1",
    '\0=HYPERLINK("http://example.org/"&A1,"x")',
    "\0\x01@SUM(A1)",
    "a;\0=1+3",
    "a,\0\u200b+A1|\ufeff=A1",
    "\u3000=A1+1",
    "\x85\u2028=A1+1",
    "a person's own; '=c, '@d",
    "$x^2_{i}$ \\frac{1}{0} \\n %s {0} {{7*7}} {% raw %}",
    "[red]bold[/red] [link=https://example.org]x[/]",
    "\x1b[31m\x1b]0;title\x07 \x9b31m red",
    "\u202egnp.elif\u2066 right to left",
    "two\r\n#EXTINF:1,lines\n#EXTM3U",
    "NUL and \ufffe \x01 \x0b signs, ]]> &amp; <!ENTITY x>",
    "con",
    "COM1.txt. ",
    "../../etc/passwd",
    "C:\\Windows\\System32",
    "\"quoted\" '''triple''' \"\"\"",
    "🎷 月の図書館 \u0301\u0301 e\u0301",
    "x" * 3000,
)
"""Titles, artists, albums, genres; of every kind that some output has once taken for markup."""

HEADER: Final = "=cmd|' /C calc'!A0 <b>note</b>"
"""A column of the person's own."""


def poisoned_catalogue(n_songs: int = 240) -> pl.DataFrame:
    """The simulated catalogue with a poisonous title, artist and note in every row."""
    table = simulate_catalogue(n_songs, seed=5)
    n = table.height
    poison = pl.Series([POISON[row % len(POISON)] for row in range(n)])
    turned = pl.Series([POISON[(row // 3 + 7) % len(POISON)] for row in range(n)])
    numbers = pl.int_range(n, eager=True).cast(pl.String)
    return table.with_columns(
        (poison + " " + numbers).alias("track_name"), turned.alias("track_artist"), poison.alias(HEADER)
    )
