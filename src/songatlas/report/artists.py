"""Who is typical of the clusters, and how these are received: the report's section on artists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from songatlas.atlas.artist_view import artists_of_atlas, market_of_atlas
from songatlas.errors import MissingColumns
from songatlas.report.wording import brief, sentence

if TYPE_CHECKING:
    from songatlas.atlas import Atlas

MOST_TYPICAL = 6
"""Typical artists told of each cluster."""


def artists_and_market(atlas: Atlas) -> dict[str, Any] | None:
    """Return what the report tells of artists and market.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.

    Returns
    -------
    dict or None
        ``n_artists``, ``clusters`` (a row each: `name`, `typical`, and `market`, a sentence or empty) and
        ``notes``; None where the table knows neither artists nor how songs are received.
    """
    typical: dict[int, list[str]] = {}
    n_artists, notes = 0, []
    try:
        view = artists_of_atlas(atlas)
    except MissingColumns:
        market = market_of_atlas(atlas)
        table, notes = market.table, list(market.notes)
    else:
        table, n_artists, notes = view.market, view.artists.height, [*view.notes, *view.market_notes]
        first = view.clusters.filter(pl.col("rank") <= MOST_TYPICAL)
        for cluster, artist in first.select("cluster", "artist").iter_rows():
            typical.setdefault(cluster, []).append(brief(artist, longest=60))
    if not n_artists and not any(table["sentence"]):
        return None
    return {
        "n_artists": n_artists,
        "clusters": [
            {
                "name": brief(row["name"]),
                "typical": typical.get(row["cluster"], []),
                "market": sentence(row["sentence"]),
            }
            for row in table.iter_rows(named=True)
        ],
        "notes": notes,
    }
