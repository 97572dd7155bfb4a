from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Screen = tuple[Array, Array, Array, float]

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
    screen: Screen,
    centroids: Array,
    labels: Array,
    changed: Array | None,
    before: Array | None,
    until: Array | None,
    drift: float,
    first: int,
    last: int,
    /,
) -> int: ...
def lloyd(
    points: Array,
    screen: Screen,
    centroids: Array,
    labels: Array,
    history: Array,
    edges: Array,
    limits: tuple[float, float, float, float, float, float, int],
    flag: npt.NDArray[np.uint8],
    /,
) -> tuple[str, int]: ...
def candidate_distances(columns: Array, candidates: Array, closest: Array, updates: Array, /) -> None: ...
def find_sides(
    blocks: Array, lines: Array, edges: Array, own: Array, within: Array, nearest: Array, /
) -> None: ...
def tour(labels: npt.NDArray[np.uint16], order: npt.NDArray[np.int64], /) -> None: ...
def compare(
    songs: Array,
    n_songs: int,
    queries: Array,
    strips: Array,
    segments: Array,
    edges: Array,
    sizes: Array,
    own: Array,
    values: Array,
    first: int,
    last: int,
    /,
) -> None: ...
def text_hashes(
    content: bytes | npt.NDArray[np.uint8],
    edges: npt.NDArray[np.int64],
    seed: int,
    hashes: npt.NDArray[np.int64],
    /,
) -> None: ...
def weighted_squares(
    frames: npt.NDArray[np.float32],
    filters: npt.NDArray[np.float64],
    states: npt.NDArray[np.float64],
    edges: npt.NDArray[np.int64],
    squares: npt.NDArray[np.float64],
    /,
) -> float: ...
