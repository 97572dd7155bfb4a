"""Artists in some order, and their table as plain columns for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from songatlas.errors import BadSettings

if TYPE_CHECKING:
    from songatlas.atlas.artist_view import ArtistView

SORTS: Final = {
    "songs": "those of most songs first",
    "breadth": "the widest first",
    "popularity": "the most popular first",
    "name": "by name",
}
"""Orders of the table of artists."""

MOST_WITH_NEAREST: Final = 1_000
"""Artists of a written table whose nearest ones are written, too: those that come first in it."""

_NEAREST_WRITTEN: Final = 3


def sorted_artists(view: ArtistView, sort: str) -> list[int]:
    """Return the rows of `view.artists` in an order of `SORTS`, unknown values last."""
    table = view.artists.with_row_index("row")
    if sort == "name":
        return table.sort(table["artist"].str.to_lowercase(), "row")["row"].to_list()
    if sort == "songs":
        return table["row"].to_list()
    if sort not in table.columns:
        raise BadSettings(f"--sort is {sort!r}, but the table has no {sort}: choose songs, breadth or name")
    return table.sort(sort, "row", descending=[True, False], nulls_last=True)["row"].to_list()


def flat_artists(view: ArtistView, ordered: Sequence[int]) -> pl.DataFrame:
    """Return the table of artists in some order with lists as text, and with the nearest of the first."""
    first = list(ordered[:MOST_WITH_NEAREST])
    found = view.nearest_rows(first, _NEAREST_WRITTEN)[0]
    names = view.artists["artist"]
    near = ["; ".join(names.gather(rows[rows >= 0])) for rows in found]
    near += [""] * (len(ordered) - len(near))
    clusters = pl.Series("name", view.cluster_names)
    table = view.artists[list(ordered)].with_row_index("row")
    long = table.select("row", "clusters", "shares").explode("clusters", "shares")
    share = (pl.col("shares") * 100).round(0).cast(pl.Int64).cast(pl.String)
    text = pl.concat_str(clusters.gather(long["clusters"]), pl.lit(" "), share, pl.lit("%")).alias("clusters")
    told = long.with_columns(text).group_by("row", maintain_order=True).agg(pl.col("clusters").str.join("; "))
    lists = [pl.col("top_tags").list.join("; ")] if "top_tags" in table.columns else []
    return table.with_columns(told["clusters"], *lists, nearest=pl.Series(near, dtype=pl.String)).drop(
        "row", "shares"
    )
