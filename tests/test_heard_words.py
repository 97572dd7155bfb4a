"""Names and evidence by what was heard in songs that came without tags, or with few."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from songatlas.profiles import Profile, profile_clusters
from songatlas.profiles.labels import heard_shares
from songatlas.profiles.words import COMPARATIVES, HEARD_SAYS, HEARD_WORDS, VOCABULARY

N = 60
WORDS = ("ambient", "electronic", "rock", "indie rock", "guitar", "female vocals", "mellow", "instrumental",
         "acoustic", "happy", "hip-hop")  # fmt: skip
NEUTRAL = {"energy": 0.5, "valence": 0.5, "tempo_bpm": 120.0, "instrumentalness": 0.3, "acousticness": 0.4}


def cluster_of(
    heard: Mapping[str, float], *, tags: Mapping[str, float] | None = None, **means: float
) -> pl.DataFrame:
    """Songs of one cluster: which share is heard as what, or is tagged so, and what they sound like."""
    n_heard, n_tagged = (
        {word: round(share * N) for word, share in given.items()} for given in (heard, tags or {})
    )
    spread = np.linspace(-0.05, 0.05, N)
    columns = {
        name: middle + spread * (1.0 if middle <= 1 else 100.0)
        for name, middle in {**NEUTRAL, **means}.items()
    }
    return pl.DataFrame(columns).with_columns(
        heard_tags=pl.Series(
            [[word for word, n in n_heard.items() if row < n] for row in range(N)], dtype=pl.List(pl.String)
        ),
        tags=pl.Series(
            [[word for word, n in n_tagged.items() if row < n] for row in range(N)], dtype=pl.List(pl.String)
        ),
    )


def profiles_of(*clusters: pl.DataFrame) -> tuple[Profile, ...]:
    songs = pl.concat(clusters).with_row_index("song_id").with_columns(pl.col("song_id").cast(pl.String))
    labels = np.repeat(np.arange(len(clusters), dtype=np.int32), [each.height for each in clusters])
    return profile_clusters(songs, labels, np.zeros(songs.height), features=list(NEUTRAL), k=len(clusters))


def test_a_genre_that_was_heard_is_named_and_told_with_its_share_elsewhere() -> None:
    slow, rest = profiles_of(
        cluster_of({"ambient": 0.75}, tempo_bpm=80.0), cluster_of({"ambient": 0.1, "rock": 0.5})
    )
    assert slow.name == "Slow ambient"
    assert "heard as ambient in 75% of its songs, 10% elsewhere" in slow.evidence
    assert "tags:" not in slow.evidence
    assert slow.heard == (("ambient", 0.75),)
    assert slow.top_tags == ()
    assert rest.name.endswith("rock")
    assert dict(rest.heard)["rock"] == 0.5


def test_what_is_in_a_song_follows_its_name() -> None:
    calm, _ = profiles_of(
        cluster_of({"mellow": 0.7, "guitar": 0.8}, acousticness=0.9, energy=0.2), cluster_of({"rock": 0.6})
    )
    assert calm.name == "Mellow acoustic, guitar"
    assert (
        "heard as mellow in 70% of its songs, 0% elsewhere; with guitar in 80%, 0% elsewhere" in calm.evidence
    )
    guitars, _ = profiles_of(cluster_of({"guitar": 0.9}), cluster_of({}))
    assert guitars.name == "Songs with guitar"


def test_no_word_stands_beside_its_plural() -> None:
    heard, _ = profiles_of(
        cluster_of({"instrumental": 1.0}, tags={"soundtrack": 0.7}, instrumentalness=0.9),
        cluster_of({"rock": 0.6}),
    )
    assert len(re.findall("instrumental", heard.name.lower())) == 1
    assert "soundtrack" in heard.name.lower()


@pytest.mark.parametrize("word", sorted(HEARD_SAYS))
def test_a_heard_word_and_an_estimate_that_say_the_same_are_said_once(word: str) -> None:
    feature, side = HEARD_SAYS[word][0]
    means = {feature: 0.5 + 0.4 * side}
    clusters = [cluster_of({word: 0.8}, **means), cluster_of({"rock": 0.6})]
    if feature not in NEUTRAL:
        clusters = [
            each.with_columns(pl.lit(0.5).alias(feature)) if feature not in each.columns else each
            for each in clusters
        ]
    profile, _ = profiles_of(*(each.select(sorted(each.columns)) for each in clusters))
    told = COMPARATIVES[feature][side > 0]
    assert (f"{told} than" in profile.evidence) + (f"heard as {word}" in profile.evidence) == 1
    texts = {each.text for each in HEARD_WORDS[word]}
    same = {each.text for each in VOCABULARY if (feature in each.high if side > 0 else feature in each.low)}
    said = [text for text in texts | same if re.search(rf"\b{text}\b", profile.name.lower())]
    assert len(said) <= 1 or max(map(len, said)) > min(
        map(len, said)
    )  # "instrumental" lies in "instrumentals"


@pytest.mark.parametrize(("word", "feature"), [("instrumental", "instrumentalness"), ("mellow", "energy")])
def test_a_heard_word_that_its_feature_denies_is_not_told(word: str, feature: str) -> None:
    side = dict(HEARD_SAYS[word])[feature]
    for less in (-0.2, 0.0, 0.03):  # the other way, no difference, and one that nobody would notice
        heard, _ = profiles_of(
            cluster_of({word: 1.0}, tempo_bpm=80.0, **{feature: 0.5 + side * less}),
            cluster_of({"rock": 0.6}, **{feature: 0.5}),
        )
        assert word not in heard.name.lower()
        assert f"heard as {word}" not in heard.evidence
        assert dict(heard.heard)[word] == 1.0  # what was heard stays counted
    borne, _ = profiles_of(
        cluster_of({word: 1.0}, tempo_bpm=80.0, **{feature: 0.5 + side * 0.3}),
        cluster_of({"rock": 0.6}, **{feature: 0.5}),
    )
    assert word in f"{borne.name} {borne.evidence}".lower()


def test_the_tags_of_files_go_before_what_was_heard() -> None:
    tagged, _ = profiles_of(
        cluster_of({"rock": 0.9, "hip-hop": 0.3}, tags={"classic rock": 0.6}), cluster_of({"ambient": 0.7})
    )
    assert "classic rock" in tagged.name.lower()
    assert "tags: classic rock 60%" in tagged.evidence
    assert "heard as rock" not in tagged.evidence.split(";")[0]
    assert tagged.top_tags == (("classic rock", 0.6),)
    assert dict(tagged.heard)["rock"] == 0.9  # counted apart, and nothing of it is lost


def test_few_tags_of_files_leave_the_name_to_what_was_heard() -> None:
    heard, _ = profiles_of(
        cluster_of({"jazz": 0.8}, tags={"jazz": 0.1}), cluster_of({"rock": 0.7}, tags={"pop": 0.1})
    )
    assert "jazz" in heard.name.lower()
    assert "heard as jazz in 80% of its songs" in heard.evidence


def test_a_word_needs_the_strength_of_a_tag() -> None:
    weak, _ = profiles_of(cluster_of({"ambient": 0.5}), cluster_of({"ambient": 0.45}))
    assert "ambient" not in weak.name.lower()
    rare, _ = profiles_of(cluster_of({"ambient": 0.1}), cluster_of({}))
    assert "ambient" not in rare.name.lower()


def test_songs_that_nobody_listened_to_take_no_part() -> None:
    listened = cluster_of({"ambient": 0.5})
    unknown = listened.with_columns(heard_tags=pl.lit(None, dtype=pl.List(pl.String)))
    songs = pl.concat([listened, unknown.head(20), unknown, cluster_of({}).head(10)])
    labels = np.repeat([0, 1], [80, 70])
    first, second = heard_shares(songs, labels, k=2)
    assert [(word.tag, word.share, word.n_songs) for word in first] == [("ambient", 0.5, 30)]
    assert first[0].elsewhere == 0.0
    assert second == ()  # 10 of 70 songs are too few to say anything
    nothing = profiles_of(listened.with_columns(heard_tags=pl.lit(None, dtype=pl.List(pl.String))))
    assert nothing[0].heard == ()
    assert heard_shares(songs.drop("heard_tags"), labels, k=2) == [(), ()]


def _songs(seed: int, k: int) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """Random songs: each cluster has words of its own beside common ones."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), random.integers(0, k, 200)]).astype(np.int32)
    likely = random.random((k, len(WORDS))) ** 3

    def heard(cluster: int) -> list[str] | None:
        given = [word for word, share in zip(WORDS, likely[cluster], strict=True) if random.random() < share]
        return None if random.random() < 0.1 else given

    songs = pl.DataFrame(
        {name: random.random(len(labels)) * (200 if name == "tempo_bpm" else 1) for name in NEUTRAL}
    )
    return songs.with_columns(
        song_id=pl.Series([f"s{row:03d}" for row in range(len(labels))]),
        heard_tags=pl.Series([heard(cluster) for cluster in labels], dtype=pl.List(pl.String)),
    ), labels


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 12))
def test_names_are_different_and_every_share_is_true(seed: int, k: int) -> None:
    songs, labels = _songs(seed, k)
    profiles = profile_clusters(songs, labels, np.zeros(len(labels)), features=list(NEUTRAL), k=k)
    assert len({each.name.casefold() for each in profiles}) == k
    listened = songs["heard_tags"].is_not_null().to_numpy()
    for profile in profiles:
        said = re.findall(
            r"(?:heard|;) (?:as|with) ([a-z -]+) in (\d+)%(?: of its songs)?, (\d+)% elsewhere",
            profile.evidence,
        )
        assert len(said) == profile.evidence.count("elsewhere")
        for word, inside, elsewhere in said:
            bears = np.array([_bears(each, word) for each in songs["heard_tags"]])
            here, there = (listened & (labels == profile.cluster)), (listened & (labels != profile.cluster))
            assert int(inside) == pytest.approx(100 * bears[here].mean(), abs=0.501)
            assert int(elsewhere) == pytest.approx(100 * bears[there].mean(), abs=0.501)


def _bears(words: Sequence[str] | None, wanted: str) -> bool:
    return any(word == wanted or word.endswith(f" {wanted}") for word in (words if words is not None else ()))
