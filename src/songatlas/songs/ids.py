"""Ids of songs and artists: bare of what is wrapped around them, told from counters, made where none are.

Every function takes Polars Series and returns one of the same length, or what it says of it as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from songatlas.songs.different import share_true
from songatlas.songs.text_cells import TextForm, as_text

_SPOTIFY_ID: Final = r"^[0-9A-Za-z]{22}$"


def bare_ids(cells: pl.Series, form: TextForm | None = None) -> pl.Series:
    """Ids of tracks or artists without what is wrapped around them.

    Spotify URIs, links and API addresses of tracks lose all but the id; local files, episodes and ids of
    other catalogues stay as they are.

    Examples
    --------
    >>> bare_ids(pl.Series(["spotify:track:4XU3UbQRXTkBR8VastbrFK", "spotify:local:a:b:c:12"])).to_list()
    ['4XU3UbQRXTkBR8VastbrFK', 'spotify:local:a:b:c:12']
    """
    return ids_in(as_text(cells, form))


def ids_in(text: pl.Series) -> pl.Series:
    """Ids in text without what is wrapped around them, see `bare_ids`."""
    if not text.str.contains("track", literal=True).any():
        return text
    found = text.str.extract(r"(?:^spotify:track:|(?:^|/)tracks?/)([0-9A-Za-z]+)(?:[?/#].*)?$")
    own = found.is_null() | text.str.starts_with("spotify:local:")
    return text.zip_with(own, found)


def share_of_spotify_ids(ids: pl.Series) -> float:
    """Share of the ids that are written like Spotify's: 22 letters and digits."""
    return share_true(ids.str.contains(_SPOTIFY_ID))


def is_counter(ids: pl.Series) -> bool:
    """Say whether the cells merely count the rows."""
    if len(ids) < 2 or ids.head(1).cast(pl.Int64, strict=False)[0] not in (0, 1):
        return False
    numbers = ids.cast(pl.Int64, strict=False)
    return not numbers.null_count() and bool((numbers.diff().drop_nulls() == 1).all())


def made_ids(texts: Sequence[pl.Series], numbers: Sequence[pl.Series]) -> pl.Series:
    """Ids made of what a song is: 16 hex digits that depend on nothing but its own values."""
    rows = np.column_stack([column.fill_null(float("nan")).to_numpy() for column in numbers])
    rows = np.ascontiguousarray(rows + 0.0, dtype="<f8")
    rows[np.isnan(rows)] = np.nan
    width = rows.shape[1] * 8
    blob = rows.tobytes()
    words: list[str] = [""] * rows.shape[0]
    if texts:
        frame = pl.DataFrame([text.alias(f"t{place}") for place, text in enumerate(texts)])
        words = frame.select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series().to_list()
    made = [
        hashlib.blake2b(blob[place * width : (place + 1) * width] + word.encode(), digest_size=8).hexdigest()
        for place, word in enumerate(words)
    ]
    return pl.Series("song_id", made, dtype=pl.String)
