from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

def variants() -> list[str]: ...
def variant() -> str: ...
def use_variant(name: str, /) -> None: ...
def reach(points: Array, shift: Array, first: int, last: int, /) -> float: ...
def pack(
    points: Array,
    order: Array | None,
    shift: Array,
    scale: float,
    tiles: npt.NDArray[np.float32],
    longest: Array | None,
    first: int,
    last: int,
    /,
) -> None: ...
def sum_rows(
    points: Array,
    labels: Array,
    weights: Array | None,
    first: int,
    last: int,
    sums: Array,
    counts: Array,
    /,
) -> None: ...
def move_rows(
    points: Array,
    labels: Array,
    changed: Array,
    before: Array,
    gained: Array,
    lost: Array,
    gained_counts: Array,
    lost_counts: Array,
    /,
) -> None: ...
def distances(
    points: Array, centroids: Array, labels: Array, first: int, last: int, out: Array, /
) -> None: ...
def spread(
    points: Array,
    centroids: Array,
    labels: Array,
    first: int,
    last: int,
    squares: Array,
    lengths: Array,
    /,
) -> None: ...
def relabel(
    points: Array,
    blocks: Array,
    longest: Array,
    shift: Array,
    scale: float,
    centroids: Array,
    labels: Array,
    changed: Array | None,
    before: Array | None,
    first: int,
    last: int,
    /,
) -> int: ...
def candidate_distances(columns: Array, candidates: Array, closest: Array, updates: Array, /) -> None: ...
def tour(labels: npt.NDArray[np.uint16], order: npt.NDArray[np.int64], /) -> None: ...
def compare(
    songs: Array,
    n_songs: int,
    queries: Array,
    scale: float,
    ends: Array,
    ending: Array,
    edges: Array,
    sizes: Array,
    own: Array,
    values: Array,
    first: int,
    last: int,
    /,
) -> None: ...
