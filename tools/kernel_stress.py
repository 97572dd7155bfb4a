"""Calls every C kernel in every variant with edges and wrong arguments, for sanitizers to watch.

python tools/kernel_stress.py --rounds 30 [--seed 0] [--threads 4]

Answers beside those of the reference on shapes at the edges of blocks, tiles and strips; then calls with one
or two wrong arguments, which must end in an answer or in an error of Python; or, with --threads, only many
threads at once. Alone it compares answers; `tools/sanitize.sh` runs it where every false step is seen.
"""

from __future__ import annotations

import argparse
import random as plain_random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from songatlas.kernels import _kernels, iteration, native, native_silhouette, reference
from songatlas.kernels.threads import Stop

ROWS = (1, 2, 7, 15, 16, 17, 31, 33, 100, 255, 256, 257, 300)
DIMENSIONS = (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24)
CLUSTERS = (1, 2, 3, 4, 5, 8, 9, 17, 40)
SCALES = (1.0, 1.0, 1.0, 1e-300, 1e-30, 1e15, 1e140)  # beyond 2**500 points are refused
STRANGE = (0, 1, -1, 2**31 - 1, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63))
REFUSALS = (ValueError, TypeError, OverflowError, BufferError)


def exact_room(shape: tuple[int, ...]) -> np.ndarray:
    """An array with nothing behind its end, where `aligned` would leave some bytes that nobody watches."""
    return np.empty(shape, dtype=np.float32)


def points_of(random: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Points of either precision, of any scale, some of them equal."""
    points = random.normal(size=(n, d)) * random.choice(SCALES)
    if random.random() < 0.3:
        points = points[random.integers(max(1, n // 4), size=n)]
    with np.errstate(over="ignore"):
        single = points.astype(np.float32)
    return single if random.random() < 0.5 and np.isfinite(single).all() else points


def same_passes(random: np.random.Generator) -> None:
    """Four passes and a whole run, beside the reference."""
    n, d, k = int(random.choice(ROWS)), int(random.choice(DIMENSIONS)), int(random.choice(CLUSTERS))
    points = points_of(random, n, d)
    weights = random.random(n) if random.random() < 0.3 else None
    centroids = points[random.integers(n, size=k)].astype(np.float64)
    plain, fast = reference.Rows.of(points), native.Rows.of(points)
    one = other = None
    for _ in range(4):
        one = reference.lloyd_pass(plain, centroids, one, weights=weights)
        other = native.lloyd_pass(fast, centroids, other, weights=weights)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.sums, other.sums)
        spreads = native.cluster_spreads(points, centroids, other.labels)
        np.testing.assert_array_equal(reference.cluster_spreads(points, centroids, one.labels), spreads)
        filled = one.counts > 0
        centroids = centroids.copy()
        centroids[filled] = one.sums[filled] / one.counts[filled, None]
    if k > n:
        return
    total = float(np.square(points - fast.shift).sum())
    rules = iteration.Rules(total, 20, 0.0, np.inf, float(random.choice([1.0, 1.5])))
    runs = [engine.lloyd(rows, centroids, rules) for engine, rows in ((reference, plain), (native, fast))]
    np.testing.assert_array_equal(runs[0].labels, runs[1].labels)


def same_seeds(random: np.random.Generator) -> None:
    """Greedy k-means++ beside the reference."""
    points = points_of(random, int(random.choice(ROWS)), int(random.choice(DIMENSIONS)))
    k, seed = int(random.integers(1, len(points) + 1)), int(random.integers(2**31))
    chosen = [
        engine.seed_rows(points, k, random=np.random.default_rng(seed)) for engine in (reference, native)
    ]
    np.testing.assert_array_equal(*chosen)


def same_silhouettes(random: np.random.Generator) -> None:
    """Silhouettes of several labelings, and sides of borders."""
    n, d = int(random.choice(ROWS[4:])), int(random.choice(DIMENSIONS))
    points = random.normal(size=(n, d)).astype(random.choice([np.float32, np.float64]))
    ks = [int(k) for k in random.integers(2, 9, size=random.integers(1, 5))]
    labelings = [random.permutation(np.arange(n) % k) for k in ks]
    queries = random.integers(n, size=random.integers(1, 50))
    found = native_silhouette.silhouette_table(points, queries, labelings, ks)
    wanted = reference.silhouette_table(points, queries, labelings, ks)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    edges = np.cumsum([0, *ks], dtype=np.int64)
    own = np.stack(labelings).astype(np.int32)
    lines = random.normal(size=(int(edges[-1]), d + 1)).astype(np.float32)
    middle = points.mean(axis=0)
    native.find_sides(points, lines, edges, own, middle=middle, scale=1.0)


def same_hashes(random: np.random.Generator) -> None:
    """Hashes of texts, empty ones too."""
    content = random.integers(256, size=random.integers(0, 300)).astype(np.uint8).tobytes()
    edges = np.sort(random.integers(0, len(content) + 1, size=random.integers(1, 20)))
    edges[-1] = len(content)
    found = native.text_hashes(content, edges, seed=7)
    np.testing.assert_array_equal(found, reference.text_hashes(content, edges, seed=7))


def some_loudness(random: np.random.Generator) -> None:
    """Filtered sound of one to five channels."""
    n, channels = int(random.integers(0, 200)), int(random.integers(1, 6))
    frames = random.normal(size=(n, channels)).astype(np.float32)
    filters = random.normal(size=(2, 5)) / 10
    edges = np.sort(random.integers(0, n + 1, size=4))
    edges[0], edges[-1] = 0, n
    squares, peak = native.weighted_squares(frames, filters, np.zeros((channels, 4)), edges)
    np.testing.assert_equal(squares.shape, (3, channels))
    np.testing.assert_equal(peak, np.abs(frames).max(initial=0.0))


def valid_calls(random: np.random.Generator) -> list[tuple[Callable[..., Any], list[Any]]]:
    """Every function of the module with arguments that fit."""
    n, d, k = int(random.choice(ROWS)), int(random.choice(DIMENSIONS)), int(random.choice(CLUSTERS))
    points = points_of(random, n, d)
    rows = native.Rows.of(points)
    labels = random.integers(k, size=n).astype(np.int32)
    centroids, sums, counts = random.normal(size=(k, d)), np.zeros((k, d)), np.zeros(k)
    changed = random.permutation(n)[: n // 2 + 1].astype(np.int64)
    before = random.integers(k, size=len(changed)).astype(np.int32)
    blocks = len(rows.blocks)
    limits = (float(n), 0.0, np.inf, 3, 0.3, 1.0, 2)
    shape = (n, int(random.choice([1, 3])))
    runs = random.integers(5, size=(3, n)).astype(np.uint16)
    content = bytes(random.integers(256, size=40).astype(np.uint8))
    edges = np.array([0, 7, 7, 40])
    sides = np.zeros((1, blocks * 16), np.float32)
    own = np.zeros(sides.shape, np.int32)
    room = [np.empty(n, np.int64), np.empty(n, np.int32)]
    return [
        (_kernels.reach, [points, rows.shift, 0, n]),
        (
            _kernels.pack,
            [points, changed, rows.shift, 1.0, rows.blocks.copy(), rows.longest.copy(), 0, blocks],
        ),
        (_kernels.sum_rows, [points, labels, random.random(n), 0, n, sums, counts]),
        (_kernels.move_rows, [points, labels, changed, before, sums, sums + 0, counts, counts + 0]),
        (_kernels.distances, [points, centroids, labels, 0, n, np.empty(n)]),
        (_kernels.spread, [points, centroids, labels, 0, n, counts, counts + 0]),
        (_kernels.relabel, [points, rows.screen, centroids, labels, *room, np.zeros(blocks), 0.0, 0, blocks]),
        (
            _kernels.lloyd,
            [points, rows.screen, centroids, labels, np.empty(9), np.array([0, n]), limits, Stop().flag],
        ),
        (
            _kernels.candidate_distances,
            [np.ascontiguousarray(points.T), centroids, np.ones(n), np.empty((k, n))],
        ),
        (_kernels.tour, [runs, np.empty(n, np.int64)]),
        (_kernels.compare, comparison(random, n, d)),
        (
            _kernels.find_sides,
            [rows.blocks, np.zeros((k, d + 1), np.float32), np.array([0, k]), own, sides, sides + 0],
        ),
        (_kernels.text_hashes, [content, edges, 7, np.empty(3, np.int64)]),
        (
            _kernels.weighted_squares,
            [
                np.ones(shape, np.float32),
                np.ones((2, 5)),
                np.zeros((shape[1], 4)),
                np.array([0, n]),
                np.empty((1, shape[1])),
            ],
        ),
    ]


def comparison(random: np.random.Generator, n: int, d: int) -> list[Any]:
    """Arguments of `compare`: one labeling of two clusters, the first half and the second."""
    blocks, strips = -(-n // 16), -(-n // 256)
    half = n // 2
    segments = [
        (strip, max(low - strip * 256, 0), min(high - strip * 256, 256), row)
        for strip in range(strips)
        for row, (low, high) in enumerate([(0, half), (half, n)])
        if low < (strip + 1) * 256 and high > strip * 256
    ]
    starts = np.searchsorted([one[0] for one in segments], np.arange(strips + 1))
    return [
        random.normal(size=(-(-n // 8), d, 8)).astype(np.float32),
        n,
        random.normal(size=(blocks, d, 16)).astype(np.float32),
        starts.astype(np.int64),
        np.array([one[1:] for one in segments], np.int32),
        np.array([0, 2]),
        np.array([max(half, 1), n - half], dtype=float),
        (np.arange(n, dtype=np.int32)[:, None] >= half).astype(np.int32),
        np.empty((1, n)),
        0,
        blocks,
    ]


def spoilt(argument: Any, chance: plain_random.Random) -> Any:
    """The argument, made wrong in one way."""
    if isinstance(argument, tuple):
        place = chance.randrange(len(argument))
        return (*argument[:place], spoilt(argument[place], chance), *argument[place + 1 :])
    if not isinstance(argument, np.ndarray):
        return chance.choice([*STRANGE, None, "text", np.nan, b""])
    ways: list[Callable[[], Any]] = [
        lambda: None,
        lambda: argument[:0],
        lambda: np.ascontiguousarray(argument[: len(argument) // 2]),
        lambda: np.concatenate([argument, argument]),
        lambda: argument[::2],
        lambda: argument.astype(
            chance.choice([np.int16, np.int32, np.int64, np.float32, np.float64, object])
        ),
        lambda: argument[..., None],
        lambda: argument.astype(argument.dtype.newbyteorder()),
        lambda: with_strange(argument, chance),
        lambda: with_strange(argument, chance),
        lambda: with_strange(argument, chance),
    ]
    with np.errstate(all="ignore"):
        return chance.choice(ways)()


def with_strange(argument: np.ndarray, chance: plain_random.Random) -> np.ndarray:
    """A copy in which one number is far out of range, or no number."""
    wrong = argument.copy()
    if wrong.size:
        if wrong.dtype.kind == "f":
            value = chance.choice([np.nan, np.inf, -np.inf, 5e-324, 1e308])
        else:
            limits = np.iinfo(wrong.dtype)
            value = chance.choice([one for one in STRANGE if limits.min <= one <= limits.max])
        with np.errstate(over="ignore"):
            wrong.flat[chance.randrange(wrong.size)] = value
    return wrong


def wrong_calls(random: np.random.Generator) -> int:
    """Call everything with one or two wrong arguments; return how many calls were refused."""
    chance, refused = plain_random.Random(int(random.integers(2**31))), 0  # noqa: S311, it hides nothing
    for function, arguments in valid_calls(random):
        function(*arguments)
    for function, arguments in valid_calls(random):
        for _ in range(chance.choice([1, 1, 2])):
            place = chance.randrange(len(arguments))
            arguments[place] = spoilt(arguments[place], chance)
        try:
            function(*arguments)
        except REFUSALS:
            refused += 1
    return refused


def many_threads(random: np.random.Generator, n_threads: int) -> None:
    """The same answers from many threads at once, on the same points."""
    points = random.normal(size=(40_000, 6)).astype(np.float32)
    centroids = points[:30].astype(np.float64)
    rows = native.Rows.of(points)
    rules = iteration.Rules(float(np.square(points - rows.shift).sum()), 5)
    alone = native.lloyd(rows, centroids, rules)
    several = native.lloyd(rows, centroids, rules, n_threads=n_threads)
    with ThreadPoolExecutor(n_threads) as pool:
        runs = list(pool.map(lambda _: native.lloyd(rows, centroids, rules), range(n_threads)))
    for run in (several, *runs):
        np.testing.assert_array_equal(run.labels, alone.labels)
        np.testing.assert_array_equal(run.centroids, alone.centroids)
    queries, labelings = np.arange(2_000), [alone.labels]
    tables = [native.silhouette_table(points, queries, labelings, [30], n_threads=n) for n in (1, n_threads)]
    np.testing.assert_array_equal(*tables)


PARTS = (same_passes, same_passes, same_seeds, same_silhouettes, same_hashes, some_loudness)


def main(arguments: Sequence[str]) -> int:
    """Run the rounds, print what was done."""
    parser = argparse.ArgumentParser(description="Stress the C kernels")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="run only the part with so many threads")
    given = parser.parse_args(arguments)
    native.aligned = native_silhouette.aligned = exact_room
    native_silhouette.FEW_PAIRS = 0
    n_refused = 0
    for variant in _kernels.variants():
        _kernels.use_variant(variant)
        random = np.random.default_rng(given.seed)
        for _ in range(given.rounds):
            if given.threads:
                many_threads(random, given.threads)
                continue
            with np.errstate(all="ignore"):
                for part in PARTS:
                    part(random)
                n_refused += wrong_calls(random)
    print(f"{given.rounds} rounds each of {', '.join(_kernels.variants())}: {n_refused} wrong calls refused")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
