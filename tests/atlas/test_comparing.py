"""What became of the clusters of an atlas, told of real builds."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.comparing import compare
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadAtlas


@pytest.fixture(scope="module")
def catalogue() -> pl.DataFrame:
    return simulate_catalogue(400, seed=2)


@pytest.fixture(scope="module")
def atlas(catalogue: pl.DataFrame) -> Atlas:
    return build_atlas(catalogue, k=4, k_max=5)


@pytest.fixture(scope="module")
def finer(catalogue: pl.DataFrame) -> Atlas:
    return build_atlas(catalogue.head(360), k=7, k_max=8, seed=3, space=("sound",))


def test_the_same_atlas_twice_has_not_changed(atlas: Atlas, tmp_path: Path) -> None:
    atlas.save(tmp_path)
    for found in (compare(atlas, atlas), compare(tmp_path, atlas), compare(atlas, str(tmp_path))):
        assert found.is_same
        assert found.summary.startswith("Nothing changed: the same")
        assert found.songs.height == found.n_joined == found.n_left == 0
        assert found.ari == found.ami == 1.0
        assert found.counts()["kept"] == 4


def test_the_order_of_the_rows_changes_nothing(catalogue: pl.DataFrame, atlas: Atlas) -> None:
    assert compare(
        atlas, build_atlas(catalogue.sample(fraction=1.0, shuffle=True, seed=9), k=4, k_max=5)
    ).is_same


def test_songs_and_shares_of_two_builds_add_up(atlas: Atlas, finer: Atlas) -> None:
    found = compare(atlas, finer)
    assert not found.is_same
    assert found.n_shared + found.n_left == atlas.songs.height
    assert found.n_shared + found.n_joined == finer.songs.height
    assert found.left.height == found.n_left
    assert found.joined.height == found.n_joined
    assert sum(each.n_joined for each in found.clusters) == found.n_joined
    assert sum(each.n_left for each in found.clusters) == found.n_left
    stayed = sum(each.change.n_kept for each in found.clusters if each.change.same)
    assert stayed + found.songs.height == found.n_shared
    assert {each.new_name for each in found.clusters if each.new_name} == set(finer.cluster_names())
    assert 0 < found.ari < 1
    assert found.settings["k"] == (4, 7)
    assert set(found.settings) == {"k", "seed", "space"}
    assert "seed was 0 and is 3" in found.notes[-1]


def test_songs_that_changed_are_those_outside_the_pairs(atlas: Atlas, finer: Atlas) -> None:
    found = compare(atlas, finer)
    goes_on = {
        (each.old_name, each.new_name) for each in found.clusters if each.change.same and each.new_name
    }
    assert found.songs.columns == ["song_id", "title", "artists", "old_cluster", "new_cluster"]
    assert found.songs.select(pl.struct("old_cluster", "new_cluster")).n_unique() > 1
    assert not goes_on & set(found.songs.select("old_cluster", "new_cluster").iter_rows())
    old = dict(zip(atlas.songs["song_id"], atlas.clustering.labels.tolist(), strict=True))
    for row in found.songs.head(20).iter_rows(named=True):
        assert atlas.cluster_names()[old[row["song_id"]]] == row["old_cluster"]


def test_it_is_json_of_as_many_songs_as_asked(atlas: Atlas, finer: Atlas) -> None:
    found = compare(atlas, finer)
    told = json.loads(json.dumps(found.to_dict(rows=3), allow_nan=False))
    assert len(told["songs"]) == 3
    assert told["n_changed"] == found.songs.height == len(found.to_dict()["songs"])
    assert told["counts"] == found.counts()
    assert [each["sentence"] for each in told["clusters"]] == [each.sentence for each in found.clusters]


def test_atlases_without_a_common_song_are_matched_by_their_centres(catalogue: pl.DataFrame) -> None:
    halves = [build_atlas(catalogue[half::2], k=3, k_max=4) for half in (0, 1)]
    found = compare(*halves)
    assert found.matched_by == "centres"
    assert found.n_shared < 10, "but for songs that the catalogue holds twice"
    assert {each.change.kind for each in found.clusters} <= {"kept", "moved", "new", "gone"}
    assert any(each.change.same for each in found.clusters)
    assert any("Too few songs" in note for note in found.notes)
    assert found.ari is found.ami is None, "no index of a handful of songs"
    assert found.summary.startswith("The two atlases hardly share songs")
    assert "Rand" not in found.summary


def test_a_cluster_that_merged_away_has_a_row_of_its_own(catalogue: pl.DataFrame) -> None:
    fine, coarse = (build_atlas(catalogue, k=k, k_max=6) for k in (6, 2))
    found = compare(fine, coarse)
    merged = [each for each in found.clusters if each.change.kind == "merged"]
    assert len(merged) >= 2
    assert {each.old_name for each in found.clusters} >= set(fine.cluster_names())
    assert found.counts()["merged"] == len({each.new_name for each in merged}) < len(merged)
    assert f"{found.counts()['merged']} merged out of {len(merged)}" in found.summary
    assert sum(each.n_left for each in found.clusters) == found.n_left
    assert sum(each.n_joined for each in found.clusters) == found.n_joined


def test_ids_that_mean_other_songs_in_the_other_table_match_nothing(
    catalogue: pl.DataFrame, atlas: Atlas
) -> None:
    title = next(name for name in catalogue.columns if "name" in name or "title" in name)
    other = catalogue.with_columns(pl.lit("Other ").add(pl.col(title)).alias(title))
    found = compare(atlas, build_atlas(other, k=4, k_max=5))
    assert found.n_shared == 0
    assert any("mean different songs" in note for note in found.notes)


def test_no_atlas_is_refused(atlas: Atlas, tmp_path: Path) -> None:
    with pytest.raises(BadAtlas, match="no such folder"):
        compare(atlas, tmp_path / "nowhere")
