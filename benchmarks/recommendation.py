"""Recommendation, measured: half of each playlist is given, the other half is to be found.

python -m benchmarks.recommendation [PLAYLISTS] [--seeds 3] [--quick] [--choose] [--index-million]

PLAYLISTS has one row a song in its place, with a column `playlist_id`; real ones are looked for beside the
project by default. Of every playlist of 20 to 300 different songs half is given, and the other half sought
among all songs of the file. Side by side: chance, fame, the usual recipe (nearest to the mean in scaled
sound), the same artist, and ours with blocks left out.

The playlists fall into two halves by a hash of their id. Widths, bonuses and hub correction of the package
were chosen on one (`--choose` shows how); goals are of the other. The usual recipe stands for the better of
two, with 10 and with 13 features, measure by measure. Ratios have the 95% interval of a bootstrap over
playlists. Hubs are counted in the lists of 20 that every song of the file gets alone. Latency is of ten
liked songs in a simulated catalogue; with `voyager` installed, an index stands beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.answer import Goal, print_answer
from benchmarks.hubness import MOST_SONGS, hubness
from benchmarks.kernel_widths import PACKAGE, around, search, worth
from benchmarks.playlist_halves import (
    DEFAULT,
    MEASURES,
    Found,
    Half,
    Playlists,
    apart,
    for_choosing,
    halves,
    mean_known,
    measured,
    ratio,
    read_playlists,
)
from benchmarks.recommendation_speed import measure_latency
from benchmarks.recommenders import BARE, CAPPED, OURS, UNTAGGED, USUAL, recommenders, scaled_sound
from songatlas.atlas.taste import fit_song_taste

QUICK_SONGS = 3_000
SIZES = (100_000, 1_000_000)
REPORT, CHOICE, EVERY = "report half", "choosing half", "all playlists"
RATIOS = tuple(
    (f"{name}, {words}", name, measure)
    for measure, words in (("r_precision", "R-precision"), ("r_precision_unseen", "artists not given"))
    for name in (OURS, CAPPED, UNTAGGED, BARE)
)

Kept = Mapping[str, NDArray[np.bool_]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("playlists", type=Path, nargs="?", default=DEFAULT)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one seed, small catalogues, under a minute")
    parser.add_argument("--choose", action="store_true", help="choose the widths anew; nothing else")
    parser.add_argument("--index-million", action="store_true", help="an index of 1,000,000 songs as well")
    asked = parser.parse_args()
    playlists = read_playlists(asked.playlists)
    cut = halves(playlists, 1 if asked.quick else asked.seeds)
    if asked.choose:
        print_answer("recommendation", results=chosen(playlists, cut))
        return
    results, goals = compared(playlists, cut, most=QUICK_SONGS if asked.quick else MOST_SONGS)
    for n_songs in SIZES[:1] if asked.quick else SIZES:
        with_index = not asked.quick and (n_songs == SIZES[0] or asked.index_million)
        latency = measure_latency(n_songs, with_index=with_index)
        results += latency
        goals.append(_latency_goal(n_songs, latency[0]["wall_ms"]))
    print_answer("recommendation", results=results, goals=goals)


def compared(
    playlists: Playlists, cut: Sequence[Half], *, most: int
) -> tuple[list[dict[str, Any]], list[Goal]]:
    """Every recommender on every half of the playlists, the ratios, the hubs."""
    full = fit_song_taste(playlists.songs)
    sound = scaled_sound(playlists.songs)
    found: dict[str, Found] = {}
    for name, recommender in recommenders(playlists.songs, full).items():
        print(name, file=sys.stderr)
        found[name] = measured(recommender, cut, artists=full.artists, sound=sound)
    kept = _parts(found[OURS].playlists)
    results = [_about(playlists, kept, cut, sound)]
    results += [_row(name, each, part, kept[part]) for part in kept for name, each in found.items()]
    ratios = [_ratio(found, part, kept[part], *each) for part in kept for each in RATIOS]
    print("hubs", file=sys.stderr)
    hubs = hubness(playlists.songs, full, most=most)
    return results + ratios + hubs, _goals(ratios, hubs)


def chosen(playlists: Playlists, cut: Sequence[Half]) -> list[dict[str, Any]]:
    """What a search on the one half chooses, and what that and the package's numbers give on both."""
    parts = {
        part: worth(playlists.songs, [half for half in cut if for_choosing(half.playlist) == choosing])
        for part, choosing in ((CHOICE, True), (REPORT, False))
    }
    best = search(parts[CHOICE])
    from_package = search(parts[CHOICE], PACKAGE)
    ways = {"chosen from scratch": best, "chosen from the package's": from_package, "package": PACKAGE}
    told: list[dict[str, Any]] = [
        {"numbers": name, **numbers} | {part: round(of(numbers), 4) for part, of in parts.items()}
        for name, numbers in ways.items()
    ]
    return [*told, {"around": "chosen from scratch", CHOICE: around(parts[CHOICE], best)}]


def _parts(playlists: Sequence[str]) -> Kept:
    choosing = np.array([for_choosing(name) for name in playlists])
    return {REPORT: ~choosing, CHOICE: choosing, EVERY: np.ones(len(choosing), dtype=np.bool_)}


def _about(
    playlists: Playlists, kept: Kept, cut: Sequence[Half], sound: NDArray[np.float64]
) -> dict[str, Any]:
    """What was measured with."""
    drawn = np.random.default_rng(0).choice(len(sound), min(1000, len(sound)), replace=False)
    return {
        "n_songs": playlists.songs.height,
        "n_playlists": {part: int(inside.sum()) for part, inside in kept.items()},
        "n_seeds": len({half.seed for half in cut}),
        "distance_of_random_songs": round(apart(sound[drawn]), 3),
    }


def _row(name: str, found: Found, part: str, kept: NDArray[np.bool_]) -> dict[str, Any]:
    """What one recommender finds of one half; the coverage is of all playlists."""
    values = {measure: _told(mean_known(found.of(measure, kept)), 4) for measure in MEASURES}
    row = {"recommender": name, "of": part} | values
    return row | {"coverage": round(found.coverage, 4)} if part == EVERY else row


def _ratio(
    found: Mapping[str, Found], part: str, kept: NDArray[np.bool_], words: str, name: str, measure: str
) -> dict[str, Any]:
    """One recommender over the better of the usual recipes."""
    usual = max((found[each].of(measure, kept) for each in USUAL), key=mean_known)
    middle, low, high = ratio(found[name].of(measure, kept), usual)
    return {
        "ratio": words,
        "of": part,
        "value": _told(middle, 2),
        "low": _told(low, 2),
        "high": _told(high, 2),
    }


def _told(number: Any, digits: int) -> float | None:
    """A rounded number; none where there was nothing to measure."""
    return round(float(number), digits) if np.isfinite(number) else None


def _goals(ratios: Sequence[Mapping[str, Any]], hubs: Sequence[Mapping[str, Any]]) -> list[Goal]:
    """The goals that the playlists are measured against, on the half that nothing was chosen on."""
    values = {each["ratio"]: each["value"] for each in ratios if each["of"] == REPORT}
    anti = {each["hubs_of"]: each["anti_hubs"] for each in hubs}
    usual = min(anti[each] for each in USUAL)
    wanted = (
        ("R-precision / usual recipe, all blocks", values[f"{OURS}, R-precision"], 10, 15),
        ("the same, only artists not given", values[f"{OURS}, artists not given"], 6, 9),
        ("R-precision / usual recipe, sound and era alone", values[f"{BARE}, R-precision"], 1.6, 2.5),
    )
    goals = [Goal(*each) for each in wanted if each[1] is not None]
    if usual:
        goals.append(
            Goal("anti-hubs / usual recipe's", round(anti[OURS] / usual, 3), 0.5, 0.2, at_least=False)
        )
    return goals


def _latency_goal(n_songs: int, wall_ms: float) -> Goal:
    goal, moonshot = {100_000: (20, 5), 1_000_000: (300, 50)}[n_songs]
    return Goal(f"ms from 10 liked songs, {n_songs:,} songs", wall_ms, goal, moonshot, at_least=False)


if __name__ == "__main__":
    main()
