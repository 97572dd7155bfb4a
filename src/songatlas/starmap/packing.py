"""Songs packed small for the map: places, clusters, values and names, each a gzip stream.

The map holds its songs in *packed order*: sorted along a Morton curve (bits of the two quantised
coordinates interleaved), so that songs near each other on the map are near each other in every part.

- places: each coordinate in 65,536 steps between the bounds; the Morton codes (uint32) as differences
  from one song to the next, written as four planes of n bytes, the most significant first. Sorted codes
  lie close, so the upper planes are nearly empty and vanish in the gzip stream.
- labels: one unsigned number a song, uint8, or uint16 (little-endian) for more than 255 clusters. The
  largest number means "in none".
- values: uint16 (little-endian), 0 to 65,534 between low and high; 65,535 means not known.
- names: JSON ``[[title, artist], ...]`` in chunks of `CHUNK` songs.

The same input gives the same bytes: no time stands in the streams.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from songatlas.errors import BadSettings

if TYPE_CHECKING:
    import polars as pl

CHUNK = 4096
"""Songs in one chunk of names."""

LONGEST_NAME = 120
"""Characters of a title or an artist that are kept."""

LARGEST_STEP = 65_535
_UNKNOWN_VALUE = LARGEST_STEP
_MOST_IN_ONE_BYTE = 255
_GZIP = 31
_LEVEL = 5
_HOME_QUANTILES = (0.002, 0.998)
_FAR = 1.5
_MARGIN = 0.04
_LEAST_SIDE = 1e-3


@dataclass(frozen=True)
class MapFrame:
    """What of the plane the map shows.

    Attributes
    ----------
    bounds : (float, float, float, float)
        Left, bottom, right and top of the songs, in map coordinates: what the packed places are steps of.
    home : (float, float, float, float)
        The same of the first view, which leaves out a few songs far off where there are such.
    """

    bounds: tuple[float, float, float, float]
    home: tuple[float, float, float, float]


def map_frame(positions: NDArray[Any]) -> MapFrame:
    """Return what of the plane the map shows.

    Parameters
    ----------
    positions : array (n, 2)
        Place of every song in map coordinates, finite.

    Returns
    -------
    MapFrame

    Raises
    ------
    BadSettings
        If positions are not (n, 2) or not finite.
    """
    places = _checked(positions)
    low, high = _bounds(places)
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    if not len(places):
        return MapFrame(bounds, bounds)
    inner_low, inner_high = np.quantile(places, _HOME_QUANTILES, axis=0)
    inner, span = inner_high - inner_low, high - low
    far = (span > _FAR * inner) & (inner > _LEAST_SIDE * span)
    low = np.where(far, inner_low - 0.08 * inner, low)
    high = np.where(far, inner_high + 0.08 * inner, high)
    spare = _MARGIN * (high - low)
    low, high = low - spare, high + spare
    return MapFrame(bounds, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def pack_order(positions: NDArray[Any]) -> NDArray[np.int64]:
    """Return the order in which the map holds the songs.

    Parameters
    ----------
    positions : array (n, 2)
        Place of every song in map coordinates, finite.

    Returns
    -------
    ndarray of int64, shape (n,)
        Rows of the songs along the Morton curve; songs of one place in the order of their rows.
    """
    return np.argsort(_codes(_checked(positions)), kind="stable")


def pack_places(positions: NDArray[Any], order: NDArray[np.int64]) -> bytes:
    """Pack the places of the songs.

    Parameters
    ----------
    positions : array (n, 2)
        Place of every song in map coordinates, finite.
    order : int array (n,)
        What `pack_order` gives.

    Returns
    -------
    bytes
        A gzip stream, as the module describes it. `MapFrame.bounds` tells the map what the steps are of.
    """
    codes = _codes(_checked(positions))[order]
    steps = np.diff(codes, prepend=np.uint32(0)).astype(">u4")
    planes = steps.view(np.uint8).reshape(-1, 4).T
    return _gzip(np.ascontiguousarray(planes))


def pack_labels(labels: NDArray[Any], order: NDArray[np.int64]) -> bytes:
    """Pack one small number a song: its cluster, or its place in a list of named values.

    Parameters
    ----------
    labels : int array (n,)
        Numbers from 0; below 0 means in none.
    order : int array (n,)
        What `pack_order` gives.

    Returns
    -------
    bytes
        A gzip stream of uint8, or of uint16 where a number is above 254; the largest means in none.
    """
    numbers = np.asarray(labels)[order]
    wide = bool(numbers.size) and int(numbers.max()) >= _MOST_IN_ONE_BYTE
    if wide and int(numbers.max()) >= LARGEST_STEP:
        raise BadSettings(
            f"cluster {int(numbers.max())}: the map shows at most {LARGEST_STEP:,} clusters; choose a lower k"
        )
    kind = np.dtype("<u2") if wide else np.dtype("u1")
    return _gzip(np.where(numbers < 0, np.iinfo(kind).max, numbers).astype(kind))


def pack_values(values: NDArray[Any], order: NDArray[np.int64], *, low: float, high: float) -> bytes:
    """Pack one value a song for a ramp of colours.

    Parameters
    ----------
    values : float array (n,)
        Values in any unit; those that are not finite are not known.
    order : int array (n,)
        What `pack_order` gives.
    low, high : float
        Ends of the ramp; values beyond take the colour of the end.

    Returns
    -------
    bytes
        A gzip stream of uint16: 0 to 65,534 from low to high, 65,535 where the value is not known.

    Raises
    ------
    BadSettings
        If `low` or `high` is not finite, or `high` lies below `low`.
    """
    if not (np.isfinite(low) and np.isfinite(high) and high >= low):
        raise BadSettings(f"a ramp from {low} to {high}: both must be finite, the lower end first")
    taken = np.asarray(values, dtype=np.float64)[order]
    known = np.isfinite(taken)
    span = (high - low) or 1.0
    shares = np.clip((np.where(known, taken, low) - low) / span, 0.0, 1.0)
    return _gzip(np.where(known, np.rint(shares * (_UNKNOWN_VALUE - 1)), _UNKNOWN_VALUE).astype("<u2"))


def name_chunk(songs: pl.DataFrame, order: NDArray[np.int64], chunk: int) -> bytes:
    """Pack the names of one chunk of songs.

    Parameters
    ----------
    songs : DataFrame
        Songs; `title` and `artist` where it has them, else both are empty.
    order : int array
        Rows of the songs on the map, in packed order.
    chunk : int
        Which `CHUNK` songs of them, from 0.

    Returns
    -------
    bytes
        A gzip stream of JSON, ``[[title, artist], ...]``, texts cut to `LONGEST_NAME` characters.

    Raises
    ------
    BadSettings
        If there is no such chunk.
    """
    n_chunks = -(-len(order) // CHUNK)
    if not 0 <= chunk < n_chunks:
        raise BadSettings(f"chunk {chunk} of the names: there are {n_chunks}, counted from 0")
    rows = order[chunk * CHUNK : (chunk + 1) * CHUNK]
    columns = [_texts(songs, name, rows) for name in ("title", "artist")]
    pairs = [list(pair) for pair in zip(*columns, strict=True)]
    return _gzip(json.dumps(pairs, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def name_chunks(songs: pl.DataFrame, order: NDArray[np.int64]) -> Iterator[bytes]:
    """Yield every chunk of names, in order, as `name_chunk` packs it."""
    for chunk in range(-(-len(order) // CHUNK)):
        yield name_chunk(songs, order, chunk)


def _texts(songs: pl.DataFrame, column: str, rows: NDArray[np.int64]) -> list[str]:
    if column not in songs.columns:
        return [""] * len(rows)
    texts: list[str] = songs[column][rows].fill_null("").str.slice(0, LONGEST_NAME).to_list()
    return texts


def _checked(positions: NDArray[Any]) -> NDArray[np.float64]:
    places = np.asarray(positions, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 2:
        raise BadSettings(f"places of shape {places.shape}: the map takes (n, 2), one place a song")
    if not np.isfinite(places).all():
        bad = int((~np.isfinite(places)).any(axis=1).sum())
        raise BadSettings(f"{bad:,} songs have no finite place: leave them out of the map")
    return places


def _bounds(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of all places; a side without extent is given some, so that steps have a size."""
    if not len(places):
        return np.zeros(2), np.ones(2)
    low, high = places.min(axis=0), places.max(axis=0)
    least = _LEAST_SIDE * float((high - low).max()) or 1.0
    spare = np.maximum(least - (high - low), 0.0) / 2
    return low - spare, high + spare


def _codes(places: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Morton code of every place: bits of x at even, bits of y at odd positions."""
    low, high = _bounds(places)
    steps = np.rint((places - low) / (high - low) * LARGEST_STEP).astype(np.uint32)
    return np.asarray(_spread(steps[:, 0]) | (_spread(steps[:, 1]) << np.uint32(1)))


def _spread(steps: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Lower 16 bits moved apart, an empty bit between any two."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        steps = (steps | (steps << np.uint32(shift))) & np.uint32(mask)
    return steps


def _gzip(content: bytes | NDArray[Any]) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    raw = content if isinstance(content, bytes) else content.tobytes()
    return packer.compress(raw) + packer.flush()
