from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.demo import simulate_catalogue
from songatlas.kmeans import fit_clusters, nearest_centroids, resample_labelings
from songatlas.lint import LINTS, Facts, Finding, cluster_jaccard, find_flaws
from songatlas.songs import clean_songs, read_songs
from songatlas.space import SongSpace

SOUND = ("danceability", "energy", "loudness_db", "speechiness", "acousticness", "instrumentalness",
         "liveness", "valence", "tempo_bpm", "duration_ms")  # fmt: skip
SHARES = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")


def facts_of(
    source: Any,
    k: int = 4,
    *,
    features: tuple[str, ...] = SOUND,
    units: dict[str, str] | None = None,
    **options: Any,
) -> Facts:
    table = read_songs(source, units=units or {})
    clean = clean_songs(table.songs, features=[name for name in features if name in table.songs.columns])
    space = SongSpace.fit(clean.songs, features=clean.features, **options)
    points = space.points(clean.songs)
    fit = fit_clusters(points, k, seed=0)
    return Facts(
        points=points,
        dimension_features=[each.column for block in space.blocks for each in block.coordinates],
        dimension_blocks=[block.name for block in space.blocks for _ in block.coordinates],
        labels=fit.labels,
        centroids=fit.centroids,
        songs=clean.songs,
        features=clean.features,
        pairs=resample_labelings(points, [k], centroids={k: fit.centroids}, seed=0)[k],
        unread={each.header: each.note for each in table.columns if each.column is None},
        notes={each.column: each.note for each in table.columns if each.column is not None},
        n_rows=table.source.n_rows,
    )


def made_facts(points: np.ndarray, labels: np.ndarray, **changes: Any) -> Facts:
    points = points.astype(np.float32)
    names = [f"feature_{place}" for place in range(points.shape[1])]
    k = int(labels.max()) + 1
    whole: dict[str, Any] = {
        "points": points,
        "dimension_features": names,
        "dimension_blocks": ["sound"] * len(names),
        "labels": labels.astype(np.int32),
        "centroids": np.array([points[labels == cluster].mean(axis=0) for cluster in range(k)]),
        "songs": pl.DataFrame({name: points[:, place] for place, name in enumerate(names)}),
        "features": names,
    }
    return Facts(**(whole | changes))


def blobs(
    sizes: list[int], *, d: int = 5, apart: float = 6.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    middles = apart * np.vstack([np.eye(d), -np.eye(d), random.normal(size=(len(sizes), d))])
    return middles[labels] + random.normal(size=(len(labels), d)), labels


def only(findings: tuple[Finding, ...], check: str) -> Finding:
    found = [each for each in findings if each.check == check]
    assert len(found) == 1, [each.sentence for each in findings]
    return found[0]


def found(check: str, facts: Facts) -> tuple[Finding, ...]:
    return LINTS[check].find(facts)


def check_shape(findings: tuple[Finding, ...]) -> None:
    for each in findings:
        assert each.check in LINTS
        assert each.severity in ("note", "warning")
        assert each.numbers
        assert re.search(r"\d", each.sentence) or each.check == "rescaled_features"
        assert each.sentence.endswith(".")
        assert each.next_step
        assert not each.next_step.endswith(".")


def spotify(shared_data: Path, *changes: pl.Expr) -> pl.DataFrame:
    table = pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None)
    return table.gather_every(7).with_columns(*changes)


def test_nothing_is_said_of_a_healthy_table() -> None:
    facts = facts_of(simulate_catalogue(4000, seed=0), 6)
    assert find_flaws(facts) == ()


def test_every_check_has_a_label_and_is_silent_on_well_separated_clusters() -> None:
    points, labels = blobs([300, 250, 200, 150])
    facts = made_facts(points, labels, stability=0.95)
    for name, lint in LINTS.items():
        assert lint.label
        assert name == name.lower()
        assert lint.find(facts) == ()


def test_a_feature_that_dominates() -> None:
    points, labels = blobs([300, 200], d=6)
    points[:, 2] = 100.0 * np.where(labels == 0, 1.0, -1.0) + np.random.default_rng(0).normal(size=500)
    finding = only(found("dominant_feature", made_facts(points, labels)), "dominant_feature")
    assert finding.severity == "warning"
    assert finding.numbers["feature"] == "feature_2"
    assert finding.numbers["share_between_clusters"] > 0.98
    assert finding.numbers["share_of_spread"] > 0.98
    assert finding.numbers["even_share"] == pytest.approx(1 / 6)
    assert "Feature 2 carries 99% or more"[:17] in finding.sentence
    unscaled = found("dominant_feature", facts_of(simulate_catalogue(800, seed=1), weights={"era": 3.0}))
    assert unscaled[0].numbers["feature"] == "year"
    assert unscaled[0].numbers["share_of_spread"] == pytest.approx(0.9, abs=0.02)
    assert "--weights era=0.2" in unscaled[0].next_step
    chosen = made_facts(points, labels, dimension_blocks=["tags"] * 6, dimension_features=["tags"] * 6)
    assert found("dominant_feature", chosen) == ()


def test_shares_of_features_sum_to_one_and_count_the_key_once() -> None:
    points, labels = blobs([50, 50, 50], d=4)
    facts = made_facts(points, labels, dimension_features=["energy", "key", "key", "year"])
    assert set(facts.between) == {"energy", "key", "year"}
    assert sum(facts.between.values()) == pytest.approx(1)
    assert sum(facts.spread.values()) == pytest.approx(1)
    means = points.astype(np.float32).mean(axis=0)
    between = 50 * np.square(facts.centroids - means).sum(axis=0)
    assert facts.between["key"] == pytest.approx(between[1:3].sum() / between.sum(), rel=1e-4)


def test_features_that_repeat_each_other() -> None:
    points, labels = blobs([400, 300, 300], apart=1.0)
    points[:, 3] = -np.exp(points[:, 1] / 3)
    noisy = points.copy()
    noisy[:, 3] += 0.35 * np.random.default_rng(1).normal(size=1000) * points[:, 3].std()
    finding = only(found("duplicate_features", made_facts(points, labels)), "duplicate_features")
    assert finding.severity == "warning"
    assert (finding.numbers["feature"], finding.numbers["other"]) == ("feature_1", "feature_3")
    assert finding.numbers["rank_correlation"] == pytest.approx(-1.0)
    assert "turned round: their rank correlation is -1.00" in finding.sentence
    weaker = only(found("duplicate_features", made_facts(noisy, labels)), "duplicate_features")
    assert weaker.severity == ("warning" if weaker.numbers["rank_correlation"] <= -0.9 else "note")
    assert -1 < weaker.numbers["rank_correlation"] <= -0.8


def test_popularity_used_as_sound() -> None:
    catalogue = simulate_catalogue(800, seed=1)
    (finding,) = found("popularity_as_sound", facts_of(catalogue, features=(*SOUND, "popularity")))
    assert finding.severity == "warning"
    assert finding.numbers["features"] == "popularity"
    assert 0 < finding.numbers["share_between_clusters"] < 1
    assert finding.next_step == "leave popularity out of --features"
    assert finding.sentence.startswith("Popularity is used as if it were sound")
    assert found("popularity_as_sound", facts_of(catalogue)) == ()


@pytest.mark.parametrize(
    ("sizes", "severity", "share"),
    [([700, 200, 100], "warning", 0.7), ([700, 300], "note", 0.7), ([900, 100], "warning", 0.9),
     ([600, 400], None, 0.6)],
)  # fmt: skip
def test_a_cluster_of_most_songs(sizes: list[int], severity: str | None, share: float) -> None:
    findings = found("large_cluster", made_facts(*blobs(sizes), cluster_names=["party tracks"]))
    assert [each.severity for each in findings] == ([severity] if severity else [])
    if severity:
        assert findings[0].numbers["share"] == pytest.approx(share)
        assert findings[0].sentence.startswith(f"Party tracks holds {share:.0%} of the songs")


def test_clusters_of_few_songs() -> None:
    (finding,) = found("small_cluster", made_facts(*blobs([900, 600, 9, 3])))
    assert finding.severity == "warning"
    assert (finding.numbers["clusters"], finding.numbers["n_songs"]) == ("2, 3", 3)
    assert "cluster 2 (9 songs) and cluster 3 (3 songs)" in finding.sentence
    (finding,) = found("small_cluster", made_facts(*blobs([9000, 6000, 60])))
    assert finding.severity == "note"
    assert finding.numbers["share"] == pytest.approx(60 / 15060)
    assert found("small_cluster", made_facts(*blobs([20] * 60))) == ()  # most are below a hundredth


def test_few_songs_for_each_cluster() -> None:
    (finding,) = found("few_songs", made_facts(*blobs([8, 7, 6])))
    assert (finding.severity, finding.numbers["songs_a_cluster"]) == ("warning", 7.0)
    assert found("few_songs", made_facts(*blobs([16, 16])))[0].severity == "note"
    assert found("few_songs", made_facts(*blobs([30, 30]))) == ()


def test_jaccard_of_each_cluster_finds_the_one_that_does_not_last() -> None:
    own = np.repeat([0, 1, 2], 100)
    split = own.copy()
    split[200:250] = 3
    moved = own.copy()
    moved[250:] = 1
    jaccard = cluster_jaccard([(split, own), (moved, own)], 3)
    np.testing.assert_allclose(jaccard, [1.0, (1 + 100 / 150) / 2, 0.5])
    facts = made_facts(*blobs([100, 100, 100]), pairs=[(split, own), (moved, own)], stability=0.7)
    (finding,) = found("unstable_clusters", facts)
    assert finding.severity == "warning"
    assert finding.numbers == {"clusters": "2", "least_jaccard": 0.5, "stability": 0.7}
    assert "cluster 2 (0.50)" in finding.sentence
    assert np.isnan(cluster_jaccard([], 2)).all()
    assert np.isnan(cluster_jaccard([([0, 0], [0, 1])], 2)).all()  # too few songs to judge


@pytest.mark.parametrize(
    ("stability", "severity"), [(0.5, "warning"), (0.7, "note"), (0.9, None), (None, None)]
)
def test_stability_of_the_whole_where_clusters_were_not_resampled(
    stability: float | None, severity: str | None
) -> None:
    findings = found("unstable_clusters", made_facts(*blobs([100, 100]), stability=stability))
    assert [each.severity for each in findings] == ([severity] if severity else [])


def test_unstable_clusters_of_one_cloud() -> None:
    points = np.random.default_rng(0).normal(size=(2000, 6)).astype(np.float32)
    fit = fit_clusters(points, 8, seed=0)
    pairs = resample_labelings(points, [8], centroids={8: fit.centroids}, seed=0)[8]
    facts = made_facts(points, fit.labels, centroids=fit.centroids, pairs=pairs)
    (finding,) = found("unstable_clusters", facts)
    assert finding.severity == "warning"
    assert finding.numbers["least_jaccard"] < 0.6


def test_a_silhouette_that_chance_reaches() -> None:
    points = np.random.default_rng(0).normal(size=(3000, 10)).astype(np.float32)
    one_cloud = fit_clusters(points, 2, seed=0)
    (finding,) = found("silhouette_by_chance", made_facts(points, one_cloud.labels))
    assert finding.severity == "warning"
    assert finding.numbers["n_reached"] >= 2
    assert finding.numbers["best_random_centres"] >= finding.numbers["silhouette"]
    assert abs(finding.numbers["shuffled"]) < 0.01
    assert f"{finding.numbers['silhouette']:.2f} here" in finding.sentence
    blind = np.random.default_rng(1).integers(0, 4, 3000)
    (finding,) = found("silhouette_by_chance", made_facts(points, blind))
    assert finding.numbers["n_reached"] == finding.numbers["n_draws"] == 20
    for sizes in ([800, 700], [800, 700, 600], [500] * 8):  # random centres often find the same clusters
        assert found("silhouette_by_chance", made_facts(*blobs(sizes, d=8))) == ()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_tiny_tables_are_judged_without_errors(n: int) -> None:
    points = np.random.default_rng(0).normal(size=(n, 3))
    check_shape(find_flaws(made_facts(points, np.arange(n) % 2)))
    check_shape(find_flaws(made_facts(np.zeros((n, 3)), np.arange(n) % 2)))


def test_findings_do_not_depend_on_threads_and_warnings_come_first() -> None:
    points = np.random.default_rng(0).normal(size=(6000, 4)).astype(np.float32)
    labels, _ = nearest_centroids(points, points[:5])
    sizes = made_facts(points, labels, stability=0.7, songs=pl.DataFrame({"a": range(6000)}), features=())
    findings = [find_flaws(Facts(**(vars_of(sizes) | {"n_threads": n}))) for n in (1, 4)]
    assert findings[0] == findings[1]
    assert findings[0]
    ranks = [each.severity != "warning" for each in findings[0]]
    assert ranks == sorted(ranks)
    check_shape(findings[0])


def vars_of(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in Facts.__dataclass_fields__}


def standardized(name: str) -> pl.Expr:
    return (pl.col(name) - pl.col(name).mean()) / pl.col(name).std()


def stretched(name: str, *, low: float = 0.0) -> pl.Expr:
    share = (pl.col(name) - pl.col(name).min()) / (pl.col(name).max() - pl.col(name).min())
    return (low + (1 - low) * share).alias(name)


def rescaled(facts: Facts) -> list[str]:
    findings = found("rescaled_features", facts)
    check_shape(findings)
    assert all(each.severity == "warning" for each in findings)
    return [each.sentence for each in findings]


def test_a_table_as_measured_is_not_called_rescaled(shared_data: Path) -> None:
    facts = facts_of(spotify(shared_data))
    assert rescaled(facts) == []
    assert found("rounded_features", facts) == ()


def test_what_the_reader_left_alone_is_told(shared_data: Path) -> None:
    (said,) = rescaled(facts_of(spotify(shared_data, standardized("tempo"), standardized("loudness"))))
    assert said.startswith("The values of loudness and tempo are standardized, so that their unit is lost")
    (said,) = rescaled(facts_of(spotify(shared_data, standardized("tempo"), stretched("loudness"))))
    assert said.startswith("The values of loudness and tempo are standardized or run from 0 to 1")


def test_shares_stretched_to_their_own_range_are_told(shared_data: Path) -> None:
    (said,) = rescaled(facts_of(spotify(shared_data, *map(stretched, SHARES))))
    assert said.startswith("All 7 shares reach exactly 1, also Danceability, Speechiness and Acousticness")
    said_of_all = rescaled(facts_of(spotify(shared_data, *map(stretched, (*SHARES, "tempo", "loudness")))))
    assert len(said_of_all) == 2


def test_a_share_from_minus_one_to_one_is_told(shared_data: Path) -> None:
    facts = facts_of(spotify(shared_data, stretched("energy", low=-1.0)))
    (said,) = rescaled(facts)
    assert re.match(r"1\d% of the values of Energy lie outside 0 to 1", said)


@pytest.mark.parametrize(
    ("change", "unit", "words"),
    [
        (standardized("energy"), {"energy": "share"}, "Energy looks standardized (mean"),
        (standardized("tempo"), {"tempo_bpm": "BPM"}, "Tempo looks standardized (mean"),
        (stretched("loudness"), {"loudness_db": "dB"}, "Loudness looks scaled to"),
    ],
)
def test_units_that_were_named_wrongly_are_told(
    shared_data: Path, change: pl.Expr, unit: dict[str, str], words: str
) -> None:
    said = rescaled(facts_of(spotify(shared_data, change), units=unit))
    assert [each for each in said if words in each], said


def test_rounded_features_are_told(shared_data: Path) -> None:
    rounded = [pl.col(name).round(1) for name in ("energy", "valence")]
    facts = facts_of(spotify(shared_data, *rounded))
    (finding,) = found("rounded_features", facts)
    assert (finding.severity, finding.numbers["features"]) == ("note", "energy, valence")
    assert finding.numbers["fewest_values"] == 11
    percent = [(pl.col(name) * 100).round() for name in SHARES]
    assert found("rounded_features", facts_of(spotify(shared_data, *percent))) == ()
    assert rescaled(facts_of(spotify(shared_data, *percent))) == []
