"""Artists of a clustered catalogue, and how its clusters are received.

`credits_of` says who made what, `artist_table` measures each artist (`shares`, `breadth`, `tags`),
`typical_artists` picks those that a cluster has more of than its size would give, `nearest_artists` and
`compare_artists` find artists that are alike and say why, and `market_view` tells popularity, followers, era
and growth of every cluster. None of it takes part in making the clusters.
"""

from songatlas.artists.credits import Credits, credits_of
from songatlas.artists.finding import find_artist
from songatlas.artists.market import Market, market_view
from songatlas.artists.nearest import (
    Likeness,
    artist_centres,
    centre_errors,
    compare_artists,
    nearest_artists,
    sound_of,
)
from songatlas.artists.shares import typical_artists
from songatlas.artists.table import ArtistTable, artist_table

__all__ = [
    "ArtistTable",
    "Credits",
    "Likeness",
    "Market",
    "artist_centres",
    "artist_table",
    "centre_errors",
    "compare_artists",
    "credits_of",
    "find_artist",
    "market_view",
    "nearest_artists",
    "sound_of",
    "typical_artists",
]
