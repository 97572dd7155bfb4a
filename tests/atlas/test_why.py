"""Why a song is in its cluster: the numbers add up, and the words say them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.why import explain_rows
from songatlas.errors import UnknownName


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(400, k=4, seed=3)


@pytest.fixture(scope="module")
def pulled() -> Atlas:
    return build_demo(400, k=4, seed=3, genre_pull=0.5)


def test_the_reasons_of_every_song_sum_to_its_margin(atlas: Atlas) -> None:
    points, centroids = atlas.points().astype(float), atlas.clustering.centroids
    for each in explain_rows(atlas, range(0, atlas.songs.height, 17)):
        row = each.reason.row
        own, other = (np.square(points[row] - centroids[c]).sum() for c in (each.cluster, each.runner_up))
        assert each.reason.margin == pytest.approx(other - own, abs=1e-6)
        assert sum(part.amount for part in each.reason.contributions) == pytest.approx(other - own, abs=1e-6)
        assert each.cluster == atlas.clustering.labels[row]
        assert each.runner_up == atlas.roles.runner_up[row]
        assert each.role == atlas.roles.role[row]
        assert each.subcluster == atlas.division.labels[row]
        assert each.song_id == atlas.songs["song_id"][row]


def test_the_border_that_is_told_is_the_border(atlas: Atlas) -> None:
    told = 0
    for each in explain_rows(atlas, range(0, atlas.songs.height, 9)):
        for part in each.reason.contributions:
            if part.border is None or (value := atlas.space.value_at(part.feature, part.border)) is None:
                continue
            song = atlas.songs[each.reason.row].with_columns(**{part.feature: value})
            near = np.square(atlas.space.points(song).astype(float)[0] - atlas.clustering.centroids).sum(
                axis=1
            )
            assert near[each.cluster] == pytest.approx(near[each.runner_up], abs=1e-3)
            told += 1
    assert told > 20


def test_words_name_the_song_and_both_clusters(atlas: Atlas) -> None:
    title, artist, song_id = atlas.songs.select("title", "artist", "song_id").row(5)
    by_id = atlas.why(song_id)
    assert (by_id.title, by_id.song_id) == (title, song_id)
    assert artist in by_id.artist
    assert by_id.cluster_name in by_id.sentences[0]
    assert by_id.runner_up_name in by_id.sentences[0]
    assert "%" in by_id.sentences[0]
    assert atlas.why(f"{title} - {artist}".upper()).title == title
    plain = json.loads(json.dumps(by_id.to_dict(), allow_nan=False))
    assert plain["contributions"][0]["feature"] == by_id.reason.contributions[0].feature
    with pytest.raises(UnknownName, match="no song is called 'Qwertzuiop'"):
        atlas.why("Qwertzuiop")


def test_a_saved_atlas_gives_the_same_reasons(pulled: Atlas, tmp_path: Path) -> None:
    song_id = pulled.songs["song_id"][11]
    pulled.save(tmp_path / "atlas")
    assert Atlas.load(tmp_path / "atlas").why(song_id) == replace(pulled.why(song_id))
    assert "genre" in {part.feature for part in pulled.why(song_id).reason.contributions}
