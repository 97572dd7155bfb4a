"""The verdict on k: the true one where there is one, one that serves people elsewhere, and plain words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import kmeans_plusplus

from songatlas.choose_k import MOODS, RULES, Verdict, Vote, choose_k, verdict_for, with_playlists
from songatlas.quality import calinski_harabasz, davies_bouldin, inertia, silhouettes, stability


def lloyd(points: np.ndarray, centroids: np.ndarray, n_iter: int = 20) -> np.ndarray:
    """Centroids after a few plain passes; a cluster left empty keeps its place."""
    for _ in range(n_iter):
        labels = nearest(points, centroids)
        sums = np.eye(len(centroids))[labels].T @ points
        sizes = np.bincount(labels, minlength=len(centroids))[:, None]
        moved = np.where(sizes > 0, sums / np.maximum(sizes, 1), centroids)
        if np.allclose(moved, centroids):
            break
        centroids = moved
    return centroids


def nearest(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    return (np.square(centroids).sum(axis=1) - 2 * points @ centroids.T).argmin(axis=1)


def best_of(points: np.ndarray, ks: range, *, seed: int, n_starts: int) -> dict[int, np.ndarray]:
    """For each k the centroids of the lowest inertia of several starts; a start serves every k."""
    seeds = [
        kmeans_plusplus(points, max(ks), random_state=1000 * seed + start)[0] for start in range(n_starts)
    ]
    ends = {k: [lloyd(points, start[:k]) for start in seeds] for k in ks}
    return {k: min(ends[k], key=lambda end: inertia(points, nearest(points, end))) for k in ks}


def evidence_of(
    points: np.ndarray, ks: range, *, seed: int = 0, n_pairs: int = 4, n_starts: int = 10
) -> pl.DataFrame:
    """A sweep of our own making, so that only the verdict is on trial."""
    fits = best_of(points, ks, seed=seed, n_starts=n_starts)
    labelings = {k: nearest(points, centroids) for k, centroids in fits.items()}
    ks_made = [k for k in ks if len(np.unique(labelings[k])) == k]
    random = np.random.default_rng(seed)
    halves = [random.permutation(len(points))[: (len(points) + 1) // 2] for _ in range(2 * n_pairs)]
    refits = [best_of(points[half], ks, seed=seed + 1 + turn, n_starts=2) for turn, half in enumerate(halves)]
    rows = []
    for k, estimate in zip(ks_made, silhouettes(points, [labelings[k] for k in ks_made]), strict=True):
        labels = labelings[k]
        again = [nearest(points, refit[k]) for refit in refits]
        steady = stability(list(zip(again[::2], again[1::2], strict=True)))
        shares = np.bincount(labels) / len(points)
        rows.append(
            {
                "k": k,
                "inertia": inertia(points, labels),
                "silhouette": estimate.value,
                "silhouette_low": estimate.low,
                "silhouette_high": estimate.high,
                "davies_bouldin": davies_bouldin(points, labels),
                "calinski_harabasz": calinski_harabasz(points, labels),
                "stability": steady.value,
                "stability_low": steady.low,
                "stability_high": steady.high,
                "smallest_share": shares.min(),
                "largest_share": shares.max(),
            }
        )
    return pl.DataFrame(rows)


def catalogue(k: int, *, seed: int, n_songs: int = 240, apart: float = 7.0) -> np.ndarray:
    """Round clusters of unequal sizes and widths, centres at least `apart` standard deviations apart."""
    random = np.random.default_rng(seed)
    n_dimensions = (5, 8, 11)[seed % 3]
    shares = np.maximum(random.dirichlet(np.full(k, 3.0)), 0.4 / k)
    centres: list[np.ndarray] = []
    width = apart / np.sqrt(n_dimensions)
    while len(centres) < k:
        width *= 1.01
        centre = random.normal(size=n_dimensions) * width
        if all(np.linalg.norm(centre - other) >= apart for other in centres):
            centres.append(centre)
    members = random.choice(k, size=n_songs, p=shares / shares.sum())
    widths = random.uniform(0.7, 1.0, size=k)[members, None]
    return np.array(centres)[members] + random.normal(size=(n_songs, n_dimensions)) * widths


@pytest.fixture(scope="module")
def songlike() -> pl.DataFrame:
    """Evidence as real songs give it: silhouette highest at 2, stable at 2 and 6, no elbow."""
    ks = np.arange(2, 21)
    steady = np.array([0.98, 0.70, 0.85, 0.84, 0.95, 0.85, 0.83, 0.80, 0.82, *np.linspace(0.66, 0.54, 10)])
    return pl.DataFrame(
        {
            "k": ks,
            "inertia": 250_000 * ks**-0.28,
            "silhouette": 0.22 * (ks / 2) ** -0.35,
            "silhouette_low": 0.22 * (ks / 2) ** -0.35 - 0.002,
            "silhouette_high": 0.22 * (ks / 2) ** -0.35 + 0.002,
            "davies_bouldin": 2.5 - 0.6 * np.log(ks) + 0.14 * np.log(ks) ** 2,
            "calinski_harabasz": 4200 / np.sqrt(ks - 1),
            "stability": steady,
            "stability_low": steady - 0.05,
            "stability_high": np.minimum(steady + 0.05, 1),
            "smallest_share": 0.5 / ks,
            "largest_share": np.minimum(0.55, 1.8 / ks),
        }
    )


def test_the_true_k_of_well_separated_catalogues_is_found() -> None:
    truths = [2 + number % 11 for number in range(44)]
    verdicts = [
        choose_k(evidence_of(catalogue(k, seed=number), range(2, 15))) for number, k in enumerate(truths)
    ]
    right = [verdict.k == k for verdict, k in zip(verdicts, truths, strict=True)]
    assert np.mean(right) >= 0.95
    assert np.mean([verdict.strength == "clear" for verdict in verdicts]) >= 0.95


def test_structureless_songs_get_a_weak_verdict_that_says_so() -> None:
    cloud = np.random.default_rng(3).normal(size=(400, 10))
    verdict = choose_k(evidence_of(cloud, range(2, 13), n_starts=2))
    assert verdict.strength == "weak"
    assert MOODS[0] <= verdict.k <= MOODS[1]
    assert "slices of one cloud" in verdict.sentence


def test_songs_that_shade_into_each_other_get_moods_and_not_two_halves(songlike: pl.DataFrame) -> None:
    verdict = choose_k(songlike)
    assert verdict.k == 6
    assert verdict.strength == "weak"
    assert "The evidence is weak" in verdict.sentence
    assert "(silhouette 0.15, stability 0.95)" in verdict.sentence
    assert verdict.disagreement.startswith("The rules disagree: ")
    assert "silhouette and Calinski-Harabasz for 2" in verdict.disagreement
    assert "stability for 6" in verdict.disagreement
    assert "the elbow for none" in verdict.disagreement
    assert {vote.rule: vote.k for vote in verdict.votes}["elbow"] is None


def test_a_giant_cluster_with_crumbs_is_passed_over_in_words(songlike: pl.DataFrame) -> None:
    outliers = songlike.with_columns(
        silhouette=pl.when(pl.col("k") == 2).then(0.85).otherwise("silhouette"),
        silhouette_low=pl.when(pl.col("k") == 2).then(0.85).otherwise("silhouette_low"),
        silhouette_high=pl.when(pl.col("k") == 2).then(0.85).otherwise("silhouette_high"),
        largest_share=pl.when(pl.col("k") == 2).then(0.997).otherwise("largest_share"),
        smallest_share=pl.when(pl.col("k") == 2).then(0.003).otherwise("smallest_share"),
    )
    verdict = choose_k(outliers)
    assert verdict.k == 6
    assert "2 is passed over: one giant cluster and crumbs (99.7% and 0.3% of the songs)." in verdict.sentence


def test_crumbs_are_avoided_among_moods(songlike: pl.DataFrame) -> None:
    crumbs = songlike.with_columns(
        smallest_share=pl.when(pl.col("k") == 6).then(0.001).otherwise("smallest_share")
    )
    assert choose_k(crumbs).k in {4, 5, 7, 8, 9, 10, 11, 12}


def test_where_every_k_is_lopsided_there_is_still_a_verdict(songlike: pl.DataFrame) -> None:
    verdict = choose_k(songlike.with_columns(largest_share=0.99, smallest_share=0.001))
    assert verdict.k in songlike["k"]
    assert "passed over" not in verdict.sentence


def test_votes_of_the_rules(songlike: pl.DataFrame) -> None:
    bent = songlike.with_columns(
        inertia=pl.when(pl.col("k") <= 5).then(1000 / pl.col("k") ** 2).otherwise(41 - 0.1 * pl.col("k"))
    )
    votes = {vote.rule: vote for vote in choose_k(bent).votes}
    assert list(votes) == list(RULES)
    assert votes["elbow"].k == 5
    assert votes["silhouette"].k == 2
    assert votes["davies_bouldin"].k == 9
    assert votes["calinski_harabasz"].k == 2
    assert votes["stability"].k == 6
    for vote in votes.values():
        assert str(vote.k) in vote.sentence
        assert vote.sentence.endswith(".")


def test_of_silhouettes_that_cannot_be_told_apart_the_finer_wins() -> None:
    evidence = pl.DataFrame(
        {
            "k": [2, 3, 4],
            "silhouette": [0.300, 0.299, 0.2],
            "silhouette_low": [0.297, 0.296, 0.197],
            "silhouette_high": [0.303, 0.302, 0.203],
        }
    )
    vote = next(vote for vote in choose_k(evidence).votes if vote.rule == "silhouette")
    assert vote.k == 3
    assert "2 cannot be told from it" in vote.sentence


def test_the_elbow_of_a_smooth_curve_is_none() -> None:
    for power in (0.1, 0.3, 1.0, 2.0):
        evidence = pl.DataFrame({"k": range(2, 21)}).with_columns(inertia=1e5 * pl.col("k") ** -power)
        vote = next(vote for vote in choose_k(evidence).votes if vote.rule == "elbow")
        assert vote.k is None
        assert vote.sentence.startswith("No clear elbow")


@pytest.mark.parametrize("n_songs", [5, 12, 50])
def test_few_songs_work(n_songs: int) -> None:
    points = np.random.default_rng(n_songs).normal(size=(n_songs, 4))
    evidence = evidence_of(points, range(2, max(2, n_songs // 4) + 1), n_pairs=2)
    verdict = choose_k(evidence)
    assert verdict.k in evidence["k"]
    assert verdict.sentence.startswith(f"{verdict.k} clusters")


def test_one_row_is_the_only_number_tried() -> None:
    verdict = choose_k(pl.DataFrame({"k": [3], "silhouette": [0.31]}))
    assert verdict.sentence == "3 clusters, the only number that was tried (silhouette 0.31)."
    assert verdict.disagreement == ""
    bare = choose_k(pl.DataFrame({"k": [7]}))
    assert bare.sentence == "7 clusters, the only number that was tried."


def test_missing_stability_is_no_obstacle(songlike: pl.DataFrame) -> None:
    names = [name for name in songlike.columns if name.startswith("stability")]
    nulls = songlike.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in names)
    verdict = choose_k(nulls)
    assert verdict == choose_k(songlike.drop(names))
    assert MOODS[0] <= verdict.k <= MOODS[1]
    assert "stability" not in verdict.sentence
    holes = songlike.with_columns(pl.when(pl.col("k") != 6).then("stability").alias("stability"))
    assert choose_k(holes).k != 6


def test_a_person_who_chose_is_told_what_the_evidence_says(songlike: pl.DataFrame) -> None:
    verdict = verdict_for(3, songlike)
    assert verdict.k == 3
    assert verdict.sentence.startswith(
        "3 clusters, as asked for (silhouette 0.19, stability 0.70). The evidence"
    )
    assert "would have led to 6 clusters" in verdict.sentence
    assert "for 3" not in verdict.disagreement
    same = verdict_for(6, songlike)
    assert same.sentence.endswith("The evidence leads to the same number.")
    untried = verdict_for(77, songlike)
    assert untried.sentence.startswith("77 clusters, as asked for. The evidence would have led to 6")
    alone = verdict_for(4, songlike.filter(pl.col("k") == 4))
    assert alone.sentence == "4 clusters, as asked for (silhouette 0.17, stability 0.85)."


def test_row_order_and_repetition_change_nothing(songlike: pl.DataFrame) -> None:
    assert choose_k(songlike.sample(fraction=1.0, shuffle=True, seed=4)) == choose_k(songlike)


def test_a_verdict_survives_json(songlike: pl.DataFrame) -> None:
    verdict = choose_k(songlike)
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict
    assert verdict.to_dict()["votes"][0]["rule"] == "elbow"
    assert isinstance(verdict.votes[0], Vote)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (pl.DataFrame({"k": []}), "at least one row"),
        (pl.DataFrame({"inertia": [1.0]}), "a column 'k'"),
        (pl.DataFrame({"k": [2, 2]}), "a k twice"),
    ],
)
def test_evidence_that_is_none_is_refused(evidence: pl.DataFrame, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        choose_k(evidence)


_figure = st.one_of(st.none(), st.floats(0, 1))


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "k": st.integers(2, 40),
                "inertia": st.one_of(st.none(), st.floats(0, 1e9)),
                "silhouette": st.one_of(st.none(), st.floats(-1, 1)),
                "davies_bouldin": st.one_of(st.none(), st.floats(0, 50)),
                "calinski_harabasz": st.one_of(st.none(), st.floats(0, 1e6)),
                "stability": st.one_of(st.none(), st.floats(-0.5, 1)),
                "smallest_share": _figure,
                "largest_share": _figure,
            }
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row["k"],
    )
)
def test_any_evidence_gives_a_k_that_was_tried_and_votes_that_were_tried(rows: list[dict]) -> None:
    evidence = pl.DataFrame(rows, infer_schema_length=None)
    verdict = choose_k(evidence)
    tried = {row["k"] for row in rows}
    assert verdict.k in tried
    assert {vote.k for vote in verdict.votes} <= tried | {None}
    assert (verdict.disagreement == "") == ({vote.k for vote in verdict.votes} <= {verdict.k, None})
    assert "nan" not in verdict.sentence


@pytest.mark.parametrize("table", ["spotify_songs.csv", "amazon_shaped_standin.csv"])
def test_real_songs_get_a_number_that_serves_people(shared_data: Path, table: str) -> None:
    columns = ["danceability", "energy", "loudness", "acousticness", "liveness", "valence", "tempo"]
    songs = pl.read_csv(shared_data / table, columns=columns, infer_schema_length=None).drop_nulls()
    points = songs.sample(2000, seed=0).to_numpy().astype(np.float64)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    verdict = choose_k(evidence_of(points, range(2, 13), n_pairs=3, n_starts=3))
    assert MOODS[0] <= verdict.k <= MOODS[1]
    assert verdict.strength == "weak"
    assert verdict.disagreement


def with_structure(evidence: pl.DataFrame, *, gap: float, surety: float) -> pl.DataFrame:
    """The evidence with a gap and valleys that are the same for every k."""
    columns = {"gap": gap, "gap_low": gap - 0.02, "valley": -0.2, "valley_surety": surety}
    return evidence.with_columns(pl.lit(figure).alias(name) for name, figure in columns.items())


def test_without_gap_and_valleys_there_are_no_clusters(songlike: pl.DataFrame) -> None:
    verdict = choose_k(with_structure(songlike, gap=0.01, surety=1.0))
    assert (verdict.k, verdict.strength) == (6, "none")
    assert verdict.sentence == (
        "There are no clusters here: these songs cannot be told from one structureless cloud of the same "
        "spread (gap 0.01, valleys -0.20 at best, no more than such clouds show by chance). The 6 clusters "
        "are only slices of that cloud (silhouette 0.15, stability 0.95)."
    )
    assert "the elbow, the gap statistic and the valleys for none" in verdict.disagreement


def test_one_of_both_is_enough_for_weak_evidence(songlike: pl.DataFrame) -> None:
    for gap, surety in ((0.15, 0.0), (0.0, 6.0)):
        assert choose_k(with_structure(songlike, gap=gap, surety=surety)).strength == "weak"


def test_the_gap_votes_for_the_smallest_k_that_is_as_good() -> None:
    gap = [0.2, 0.5, 0.9, 0.92, 0.93]
    evidence = pl.DataFrame({"k": range(2, 7), "gap": gap, "gap_low": [each - 0.05 for each in gap]})
    vote = {vote.rule: vote for vote in choose_k(evidence).votes}["gap"]
    assert vote.k == 4
    assert "(gap 0.90)" in vote.sentence


def test_the_genres_vote_and_tell_ties(songlike: pl.DataFrame) -> None:
    ami = pl.Series("ami", [0.1, 0.2, 0.305, 0.3, 0.304, *[0.2] * 14])
    vote = {vote.rule: vote for vote in choose_k(songlike.with_columns(ami)).votes}["genres"]
    assert vote.k == 4
    assert vote.sentence == "4 clusters agree best with the genres (AMI 0.30; 5 and 6 are as good)."


def test_playlists_are_told_beside_the_moods(songlike: pl.DataFrame) -> None:
    verdict = with_playlists(choose_k(songlike), [198, 20, 61, 90])
    assert verdict.playlists is not None
    assert verdict.playlists.median == 75
    assert verdict.playlists.sentence == "For playlists: 4 fine clusters inside the 6, of 20 to 198 songs."
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict
    outside = with_playlists(verdict, [12, 30]).playlists
    assert outside is not None
    assert outside.n_outside == 1
    assert outside.sentence.endswith("of 12 to 30 songs. 1 of them is not of 20 to 200 songs.")


def test_a_verdict_that_was_stored_before_there_were_playlists_is_read(songlike: pl.DataFrame) -> None:
    stored = choose_k(songlike).to_dict()
    del stored["playlists"]
    for vote in stored["votes"]:
        del vote["known"]
    assert Verdict.from_dict(stored).playlists is None
