"""A view says what a build with its settings would say, and costs next to nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas, build_demo
from songatlas.atlas.choices import settings_of
from songatlas.atlas.fitting import fitted
from songatlas.atlas.judging import with_beliefs
from songatlas.atlas.view_blocks import learned_genres
from songatlas.atlas.views import block_choices, ks_of, swept_ks, view_of
from songatlas.colours import CLUSTER_COLOURS
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings, TooFewSongs, UnknownName
from songatlas.kmeans import fit_clusters, sweep
from songatlas.report.command import build_command

pytestmark = pytest.mark.usefixtures("genres_in_full")


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(400, k=6, k_max=10)


@pytest.fixture(scope="module")
def loaded(atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    folder = tmp_path_factory.mktemp("views")
    atlas.save(folder)
    return Atlas.load(folder)


@pytest.fixture(scope="module")
def eight() -> Atlas:
    """What a build with another k gives."""
    return build_demo(400, k=8, k_max=10)


@pytest.fixture(scope="module")
def pulled() -> Atlas:
    return build_demo(300, k=4, k_max=5, space=("sound", "era", "tags"), genre_pull=0.5)


def test_the_view_of_what_was_built_is_the_atlas_itself(atlas: Atlas) -> None:
    renamed = atlas.with_names([f"Mine {cluster}" for cluster in range(atlas.k)])
    for view in (
        view_of(renamed),
        view_of(renamed, k=6, weights={"sound": 1.0}),
        view_of(renamed, genre_pull=0),
    ):
        assert view.is_base
        assert view.atlas is renamed
        assert view.names == tuple(f"Mine {cluster}" for cluster in range(6))
        assert view.labels is renamed.clustering.labels


def test_another_k_has_bitwise_the_labels_of_the_sweep(atlas: Atlas, loaded: Atlas) -> None:
    assert ks_of(atlas) == ks_of(loaded) == tuple(range(2, 11))
    for clustering in sweep(atlas.points(), ks_of(atlas), seed=atlas.settings.seed):
        for each in (atlas, loaded):
            view = view_of(each, k=clustering.k)
            assert view.labels.tobytes() == clustering.labels.tobytes()
            assert view.clustering.centroids.tobytes() == clustering.centroids.tobytes()
            assert view.clustering.history == clustering.history
            assert view.clustering.inertia == clustering.inertia


def test_names_and_sizes_are_those_of_a_build_with_that_k(atlas: Atlas, eight: Atlas) -> None:
    view = view_of(atlas, k=8)
    assert view.names == eight.cluster_names()
    assert view.sizes == tuple(profile.size for profile in eight.profiles)
    assert view.profiles == eight.profiles
    assert len(set(view.names)) == 8


def test_the_complete_atlas_of_another_k_is_that_of_a_build(atlas: Atlas, eight: Atlas) -> None:
    built, found = eight, view_of(atlas, k=8).atlas
    assert found.settings == built.settings
    for name in ("verdict", "quality", "exemplars", "profiles", "genre", "plain_run"):
        assert getattr(found, name) == getattr(built, name), name
    for name in ("evidence", "genre_counts", "genre_of_songs", "silhouette_sample"):
        assert getattr(found, name).equals(getattr(built, name)), name
    assert found.division.labels.tobytes() == built.division.labels.tobytes()
    assert found.roles.role.equals(built.roles.role)
    assert found.distances.tobytes() == built.distances.tobytes()
    assert found.positions is atlas.positions
    assert found.findings == ()
    assert found.rows is not None
    assert built.rows is not None
    assert np.array_equal(found.rows.cluster, built.rows.cluster)
    assert found.rows.names == built.cluster_names()


def test_the_complete_atlas_is_made_once_and_can_be_saved(loaded: Atlas, tmp_path: Path) -> None:
    view = view_of(loaded, k=4)
    assert view.atlas is view.atlas
    assert view_of(loaded, k=4) is view
    view.atlas.save(tmp_path)
    again = Atlas.load(tmp_path)
    assert again.cluster_names() == view.names
    assert again.colours == view.colours
    assert view_of(again, k=7).labels.tobytes() == view_of(loaded, k=7).labels.tobytes()


def test_an_atlas_without_a_sweep_makes_it_again(loaded: Atlas) -> None:
    old = replace(loaded, sweep=())
    assert [each.k for each in swept_ks(old)] == list(ks_of(loaded))
    assert view_of(old, k=5).labels.tobytes() == view_of(loaded, k=5).labels.tobytes()
    assert view_of(old, k=5).names == view_of(loaded, k=5).names


def test_a_k_beyond_the_sweep_is_found_anew(atlas: Atlas) -> None:
    view = view_of(atlas, k=14)
    assert view.k == len(set(view.names)) == len(set(view.colours)) == 14
    expected = fit_clusters(atlas.points(), 14, seed=atlas.settings.seed)
    assert view.labels.tobytes() == expected.labels.tobytes()
    assert view.atlas.evidence["k"].to_list() == [*range(2, 11), 14]
    assert view.atlas.verdict.k == 14


def test_colours_go_on_and_do_not_depend_on_the_road(atlas: Atlas, loaded: Atlas) -> None:
    there = {k: view_of(atlas, k=k).colours for k in (3, 9, 7, 10)}
    back = {k: view_of(loaded, k=k).colours for k in (10, 7, 9, 3)}
    assert there == back
    for k, colours in there.items():
        assert len(set(colours)) == k
        assert max(colours) < len(CLUSTER_COLOURS)
    before, now = view_of(atlas), view_of(atlas, k=7)
    for cluster in range(7):
        songs = now.labels == cluster
        sources = np.bincount(before.labels[songs], minlength=6)
        source = int(sources.argmax())
        if sources[source] > 0.6 * songs.sum() and sources[source] > 0.6 * (before.labels == source).sum():
            assert now.colour_of(cluster) == before.colour_of(source)


@pytest.mark.parametrize(
    ("weights", "pull"),
    [
        ({"era": 1.0}, None),
        ({"era": 0.0}, None),
        ({"sound": 0.3, "tags": 1.5}, None),
        ({"tags": 0.7, "era": 0.0}, 0.35),
        ({}, 1.0),
        ({"genre": 0.6}, None),
    ],
)
def test_weighed_points_are_those_that_a_build_would_make(
    atlas: Atlas, weights: dict[str, float], pull: float | None
) -> None:
    view = view_of(atlas, weights=weights, genre_pull=pull)
    settings = settings_of(atlas, view.choice)
    songs = atlas.songs
    if settings.takes_genres:
        songs = with_beliefs(songs, learned_genres(atlas))
    space, points = fitted(songs, atlas.space.features, settings)
    assert space.dimensions == view.space.dimensions
    np.testing.assert_allclose(view.points(), points, rtol=2e-6, atol=2e-6)
    expected = fit_clusters(view.points(), 6, seed=atlas.settings.seed)
    assert view.labels.tobytes() == expected.labels.tobytes()
    assert not view.is_base


def test_a_weighed_view_builds_again_from_its_settings(atlas: Atlas) -> None:
    found = view_of(atlas, k=4, weights={"era": 0.25, "tags": 1.0}, genre_pull=0.3).atlas
    built = build_atlas(simulate_catalogue(400, seed=0), found.settings)
    assert found.k == built.k == 4
    assert found.space.dimensions == built.space.dimensions
    assert found.beliefs is not None
    assert built.beliefs is not None
    assert found.beliefs.tobytes() == built.beliefs.tobytes()
    assert found.genre_of_songs.equals(built.genre_of_songs)
    assert (found.clustering.labels == built.clustering.labels).mean() > 0.9
    command = build_command("songs.csv", found.settings.to_dict(), simulated=False, n_rows=400)
    assert "--k 4" in command
    assert "--space sound,era,tags" in command
    assert "--weights era=0.25" in command
    assert "--genre-pull 0.3" in command


def test_a_saved_weighed_view_gives_back_its_clusters(atlas: Atlas, tmp_path: Path) -> None:
    found = view_of(atlas, weights={"tags": 0.8}, genre_pull=0.4).atlas
    found.save(tmp_path)
    again = Atlas.load(tmp_path)
    assert again.points().tobytes() == found.points().tobytes()
    assert again.clustering.labels.tobytes() == found.clustering.labels.tobytes()
    assert again.genre == found.genre


def test_the_scorecard_keeps_the_ceiling_and_says_what_was_hidden(atlas: Atlas) -> None:
    assert atlas.genre is not None
    sound = view_of(atlas, weights={"era": 1.0}).atlas.genre
    tags = view_of(atlas, weights={"tags": 1.0}).atlas.genre
    assert sound is not None
    assert tags is not None
    assert sound["ceiling_ami"] == tags["ceiling_ami"] == atlas.genre["ceiling_ami"]
    assert sound["labels_hidden"] == atlas.genre["labels_hidden"]
    assert "hidden" in tags["labels_hidden"]
    assert set(sound) == set(atlas.genre)
    assert sound["sentences"][-1] == atlas.genre["sentences"][-1]
    assert len(sound["sentences"]) == len(atlas.genre["sentences"])


def test_views_of_an_atlas_with_tags_and_genres(pulled: Atlas) -> None:
    other = view_of(pulled, k=5)
    assert pulled.beliefs is not None
    assert other.atlas.beliefs is not None
    assert other.atlas.beliefs.tobytes() == pulled.beliefs.tobytes()
    assert other.atlas.settings.genre_pull == 0.5
    without = view_of(pulled, genre_pull=0)
    assert [block.name for block in without.space.blocks] == ["sound", "era", "tags"]
    assert without.atlas.beliefs is None
    assert without.atlas.settings.genre_pull is None
    more = view_of(pulled, genre_pull=0.8)
    assert more.space.blocks[-1].weight == pytest.approx(np.sqrt(0.8))


def test_the_blocks_to_choose_from(atlas: Atlas, pulled: Atlas) -> None:
    found = {each.name: each for each in block_choices(atlas)}
    assert list(found) == ["sound", "era", "tags", "genre"]
    assert [found[name].weight for name in found] == [1.0, 0.5, 0.0, 0.0]
    assert all(each.usable and not each.why_not for each in found.values())
    assert found["era"].label == "Era"
    assert found["era"].sentence == "when songs came out"
    assert [each.weight for each in block_choices(pulled)] == [1.0, 0.5, 1.0, 1.0]


def test_blocks_that_the_songs_cannot_feed_say_why() -> None:
    table = simulate_catalogue(200, seed=3)
    bare = pl.DataFrame(table).drop("genres", "playlist_genre", "release_date", strict=False)
    bare = bare.select(name for name in bare.columns if "genre" not in name and "date" not in name)
    atlas = build_atlas(bare, k=3, k_max=4)
    found = {each.name: each for each in block_choices(atlas)}
    for name, words in (("era", "no release years"), ("tags", "no tags"), ("genre", "too few songs")):
        assert not found[name].usable
        assert words in found[name].why_not
        with pytest.raises(BadSettings, match=words):
            view_of(atlas, weights={name: 1.0})
    with pytest.raises(BadSettings, match="too few songs"):
        view_of(atlas, genre_pull=0.5)


def test_a_plain_atlas_changes_its_k_alone() -> None:
    plain = build_demo(200, k=3, k_max=5, space=("plain",))
    assert view_of(plain, k=4).k == 4
    assert view_of(plain, k=4).atlas.settings.space == ("plain",)
    assert not any(each.usable for each in block_choices(plain))
    with pytest.raises(BadSettings, match="plain recipe has no weights"):
        view_of(plain, weights={"sound": 2.0})


def test_refined_weights_of_features_stay() -> None:
    refined = build_demo(320, k=3, k_max=3, refine=True)
    found = view_of(refined, k=4, weights={"era": 0.8})
    settings = found.atlas.settings
    assert not settings.refine
    assert refined.refinement is not None
    applied = refined.refinement.feature_weights if refined.refinement.applied else {}
    assert dict(settings.feature_weights) == dict(applied)
    _, points = fitted(refined.songs, refined.space.features, settings)
    np.testing.assert_allclose(found.points(), points, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"k": 1}, BadSettings, "k is 1"),
        ({"k": 5000}, TooFewSongs, "5000 clusters"),
        ({"weights": {"sonud": 1.0}}, UnknownName, "did you mean 'sound'"),
        ({"weights": {"sound": -1.0}}, BadSettings, "number from 0 to 1,000,000"),
        ({"weights": {"sound": 0.0, "era": 0.0}}, BadSettings, "all blocks have the weight 0"),
        ({"genre_pull": 1.5}, BadSettings, "genre_pull is 1.5"),
    ],
)
def test_choices_that_cannot_be_are_refused(
    atlas: Atlas, changes: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        view_of(atlas, **changes)  # type: ignore[arg-type]


def test_threads_share_one_view(loaded: Atlas) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(view_of(loaded, k=9))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({id(view) for view in found}) == 1


def test_progress_tells_that_genres_are_learned(eight: Atlas) -> None:
    atlas = replace(eight)
    told: list[tuple[float, str]] = []
    view_of(atlas, genre_pull=0.5, progress=lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert any("learning genres" in words for _, words in told)
    told.clear()
    view_of(atlas, genre_pull=0.5, progress=lambda share, words: told.append((share, words)))
    assert told == []
