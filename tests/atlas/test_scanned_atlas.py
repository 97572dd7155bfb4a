"""Atlases of scanned songs: the space that nobody chose, what other spaces give, who measured what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from scanned_songs import ESTIMATES, scanned_songs
from songatlas.atlas import Atlas, AtlasSettings, build_atlas
from songatlas.atlas.build import check_names
from songatlas.atlas.choices import block_choices
from songatlas.atlas.comparing import compare
from songatlas.atlas.placing import own_rows
from songatlas.atlas.recommending import recommend
from songatlas.atlas.refine import propose_weights
from songatlas.atlas.taste import fit_song_taste
from songatlas.atlas.usual_space import usual_blocks, with_space
from songatlas.atlas.variants import VARIANTS
from songatlas.atlas.views import view_of
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings, MissingColumns
from songatlas.report import write_rows
from songatlas.report.command import build_command
from songatlas.songs import read_songs
from songatlas.taste.blocks import SOUND_BESIDE_AUDIO


def built(source: pl.DataFrame, **changes: Any) -> Atlas:
    """An atlas without a long search for the number of clusters."""
    return build_atlas(source, k_max=6, threads=1, **changes)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return scanned_songs(240, seed=4, failed=5)


@pytest.fixture(scope="module")
def atlas(table: pl.DataFrame) -> Atlas:
    return built(table, k=5)


@pytest.fixture(scope="module")
def ordinary() -> Atlas:
    return built(simulate_catalogue(200, seed=1), k=4)


def as_measured_elsewhere(table: pl.DataFrame) -> pl.DataFrame:
    """The songs as a service would give them."""
    kept = table.drop("measured_by", "outcome", "outcome_reason", "path", "heard_tags", "audio_tags")
    kept = kept.drop("audio_embedding", "audio_statistics").rename(
        {f"{name}_estimate": name for name in ESTIMATES}
    )
    return kept.with_columns(song_id="x" + pl.col("song_id"), liveness=pl.col("energy"))


def test_nobody_chose_and_scanned_songs_are_compared_by_their_sound(atlas: Atlas, ordinary: Atlas) -> None:
    assert atlas.settings.space == ("audio", "era")
    assert ordinary.settings.space == ("sound", "era")
    assert list(atlas.space.places()) == ["audio", "era"]
    genre = atlas.songs["location"].str.extract(r"/music/(\w+)/")
    counts = pl.DataFrame({"genre": genre, "cluster": atlas.clustering.labels}).group_by("cluster", "genre")
    largest = counts.len().group_by("cluster").agg(pl.col("len").max())["len"].sum()
    assert largest > 0.9 * atlas.songs.height


def test_a_space_that_was_chosen_stays(table: pl.DataFrame) -> None:
    songs = built(table, k=3, space=("sound", "era"))
    assert songs.settings.space == ("sound", "era")
    assert songs.space.places().keys() == {"sound", "era"}


def test_auto_stands_for_the_usual_blocks_beside_others(atlas: Atlas, ordinary: Atlas) -> None:
    asked = AtlasSettings(space="auto,tags")  # type: ignore[arg-type]
    assert with_space(asked, atlas.songs).space == ("audio", "era", "tags")
    assert with_space(asked, ordinary.songs).space == ("sound", "era", "tags")
    assert usual_blocks(atlas.songs.head(7)) == ("sound", "era")
    assert with_space(atlas.settings, atlas.songs) is atlas.settings


@pytest.mark.parametrize("weights", [{"audio": 2.0}, {"sound": 2.0}, {"era": 0.0}])
def test_weights_of_blocks_that_may_come_are_not_refused_before_there_are_songs(
    weights: dict[str, float],
) -> None:
    check_names(AtlasSettings(weights=weights))


def test_weights_are_refused_where_the_block_does_not_come(table: pl.DataFrame) -> None:
    with pytest.raises(BadSettings, match="weight of 'tags'"):
        check_names(AtlasSettings(weights={"tags": 2.0}))
    with pytest.raises(BadSettings, match=r"weight of 'sound': the space has no such block.*audio, era"):
        built(table, k=3, weights={"sound": 2.0})
    heavier = built(table, k=3, weights={"audio": 2.0})
    assert heavier.space.blocks[0].weight == 2.0


def test_an_atlas_comes_back_with_its_vectors(atlas: Atlas, tmp_path: Path) -> None:
    atlas.save(tmp_path / "atlas")
    again = Atlas.load(tmp_path / "atlas")
    np.testing.assert_array_equal(again.points(), atlas.points())
    assert again.songs.equals(atlas.songs)
    assert again.settings.space == ("audio", "era")


def test_spaces_beside_it_are_those_of_scanned_songs(atlas: Atlas) -> None:
    assert {"sound, era", "audio, era", "audio, era, tags"} <= set(atlas.spaces["space"])
    assert atlas.spaces.filter("chosen")["space"].to_list() == ["audio, era"]


def test_the_command_leaves_out_only_what_nobody_need_say(atlas: Atlas) -> None:
    settings = atlas.settings.to_dict()
    usual = usual_blocks(atlas.songs)
    told = build_command("a.parquet", settings, simulated=False, n_rows=9, usual_space=usual)
    assert told == "songatlas build a.parquet --k 5 --k-max 6 --seed 0"
    other = settings | {"space": ["sound", "era"]}
    assert "--space sound,era" in build_command(
        "a.parquet", other, simulated=False, n_rows=9, usual_space=usual
    )


def test_why_tells_of_the_sound_itself(atlas: Atlas) -> None:
    told = " ".join(atlas.why("Song 7").sentences)
    assert "The sound itself is nearer to" in told


def test_views_weigh_it_only_where_it_is(atlas: Atlas, ordinary: Atlas) -> None:
    choices = {choice.name: choice for choice in block_choices(atlas)}
    assert (choices["audio"].weight, choices["audio"].usable) == (1.0, True)
    assert (choices["sound"].weight, choices["sound"].usable) == (0.0, True)
    assert "audio" not in {choice.name for choice in block_choices(ordinary)}
    view = view_of(atlas, weights={"sound": 1.0, "audio": 0.5})
    assert list(view.space.places()) == ["sound", "audio", "era"]
    with pytest.raises(BadSettings, match="No scan has heard"):
        view_of(ordinary, weights={"audio": 1.0})


def test_there_is_nothing_to_refine_in_it(atlas: Atlas) -> None:
    found = propose_weights(
        atlas.songs, features=atlas.space.features, settings=AtlasSettings(), genres=None, artists=None, k=4
    )
    assert found.sentence == "The sound has no part in the space, so there are no features to weigh."


def test_variants_of_scans_are_tried_on_scans_alone() -> None:
    assert {name for name, variant in VARIANTS.items() if variant.scanned} == {"audio_era", "sound_audio_era"}


def test_taste_takes_most_of_what_sounds_alike_from_the_audio(atlas: Atlas) -> None:
    space = fit_song_taste(atlas.songs)
    assert space.taste.blocks[:3] == ("sound", "audio", "era")
    parts = {
        name: float(space.taste.coordinates[:, place].var(axis=0).sum())
        for name, place in space.taste.places.items()
    }
    assert parts["sound"] == pytest.approx(SOUND_BESIDE_AUDIO, rel=1e-4)
    assert parts["audio"] == pytest.approx(1 - SOUND_BESIDE_AUDIO, rel=1e-4)
    assert space.listening.shape[1] >= space.taste.coordinates.shape[1]
    alone = fit_song_taste(atlas.songs, weights={"audio": 0})
    assert "audio" not in alone.taste.blocks


def test_recommendations_say_what_sounds_alike(atlas: Atlas) -> None:
    found = recommend(atlas, like=["Song 7"], n=10, weights={"audio": 2.0, "era": 0, "tags": 0, "artist": 0})
    assert "audio" in found.blocks
    reasons = found.songs["reason"].to_list()
    assert any("sounds alike" in reason for reason in reasons)
    genre = atlas.songs["location"].str.extract(r"/music/(\w+)/")
    liked = genre.filter(atlas.songs["title"] == "Song 7")[0]
    assert (genre.gather(found.songs["row"]) == liked).mean() > 0.8


def test_pairs_sound_alike_by_what_is_usual_in_the_catalogue(atlas: Atlas) -> None:
    space = fit_song_taste(atlas.songs)
    rows = np.arange(atlas.songs.height)
    assert space.alike(rows[:3], rows[:3]) == [True] * 3
    told = space.alike(rows, np.roll(rows, 1))
    assert 0.3 < told.count(False) / len(told) < 0.7
    assert fit_song_taste(atlas.songs.drop("audio_embedding")).alike(rows[:2], rows[:2]) == [None, None]


def test_songs_of_another_measurer_are_placed_and_told(table: pl.DataFrame) -> None:
    by_features = built(table, k=3, space=("sound", "era"))
    placed = by_features.assign(as_measured_elsewhere(table.head(20)))
    (note,) = placed.notes
    assert note.startswith(
        "These songs were measured by others, those of the atlas by songatlas scan (audio 1): "
    )
    assert by_features.assign(table.head(20)).notes == ()
    newer = table.head(20).with_columns(measured_by=pl.lit("songatlas 1.0, audio 2"))
    assert "by songatlas scan (audio 2), those of the atlas" in by_features.assign(newer).notes[0]


def test_scanned_songs_in_an_atlas_of_measured_ones_are_told(table: pl.DataFrame) -> None:
    measured = built(as_measured_elsewhere(table), k=3)
    assert measured.settings.space == ("sound", "era")
    placed = measured.assign(table.head(20))
    assert (placed.cluster >= 0).all()
    unknown, note = placed.notes
    assert unknown == "The liveness of these songs is not known: the middle of the atlas is taken."
    assert "measured by songatlas scan (audio 1), those of the atlas by others" in note


def test_songs_that_nobody_heard_cannot_join_an_atlas_of_sounds(atlas: Atlas, table: pl.DataFrame) -> None:
    with pytest.raises(MissingColumns, match="scan their files"):
        atlas.assign(as_measured_elsewhere(table.head(20)))


def test_every_row_and_column_comes_out_again(atlas: Atlas, table: pl.DataFrame, tmp_path: Path) -> None:
    assert atlas.rows is not None
    write_rows(atlas.rows, tmp_path / "clustered.csv")
    written = pl.read_csv(tmp_path / "clustered.csv", infer_schema=False)
    assert written.columns[: table.width] == table.columns
    assert written["path"].to_list() == table["path"].to_list()
    assert written["excluded_because"].to_list()[-5:] == ["no_sound"] * 5
    assert written["outcome"].to_list()[-5:] == ["unreadable"] * 5
    vectors = written["audio_embedding"].str.json_decode(pl.List(pl.Float32))
    assert vectors.to_list() == table["audio_embedding"].to_list()


def unheard(table: pl.DataFrame, n_heard: int, *columns: str) -> pl.DataFrame:
    """The table, vectors in its first rows alone."""
    kept = pl.int_range(pl.len()) < n_heard
    return table.with_columns(pl.when(kept).then(name).alias(name) for name in columns)


def fresh(n_songs: int = 20) -> pl.DataFrame:
    """Songs that no atlas of these tests has."""
    return scanned_songs(n_songs, seed=77)


def test_new_songs_that_no_scan_heard_are_left_out_and_told(atlas: Atlas) -> None:
    placed = atlas.assign(unheard(fresh(), 2, "audio_embedding", "audio_statistics"))
    assert (placed.cluster >= 0).tolist() == [True] * 2 + [False] * 18
    assert placed.reasons.to_list() == [None] * 2 + ["not_heard"] * 18
    (note,) = placed.notes
    assert note.startswith("18 of 20 songs are left out: no scan has heard them")


def test_new_songs_without_statistics_are_told(atlas: Atlas) -> None:
    for table in (unheard(fresh(), 15, "audio_statistics"), fresh().drop("audio_statistics")):
        placed = atlas.assign(table)
        assert (placed.cluster >= 0).all()
        (note,) = placed.notes
        assert "songs come without timbre and rhythm (audio_statistics)" in note
    assert placed.notes[0].startswith("20 of 20")


def test_vectors_of_another_length_are_refused_with_both_lengths(atlas: Atlas) -> None:
    for column, width in (("audio_embedding", 200), ("audio_statistics", 48)):
        shorter = fresh().with_columns(pl.col(column).list.head(30))
        with pytest.raises(MissingColumns, match=rf"{column} has lists of 30 numbers.*of {width}: scan"):
            atlas.assign(shorter)


def test_an_empty_column_of_vectors_is_not_said_to_be_no_column(atlas: Atlas) -> None:
    empty = fresh().with_columns(audio_embedding=pl.lit(None, dtype=pl.List(pl.Float32)))
    with pytest.raises(MissingColumns, match="nothing in 'audio_embedding'"):
        atlas.assign(empty)


def test_a_song_with_a_known_id_and_another_sound_is_placed_anew(atlas: Atlas, table: pl.DataFrame) -> None:
    mirrored = table.head(40).with_columns(audio_embedding=pl.col("audio_embedding").reverse())
    given = atlas.assign(table.head(40)).cluster
    moved = atlas.assign(mirrored).cluster
    np.testing.assert_array_equal(own_rows(atlas, read_songs(table.head(40)).songs) >= 0, True)
    assert (own_rows(atlas, read_songs(mirrored).songs) < 0).all()
    assert (given != moved).any()


def test_songs_that_nobody_heard_are_not_clustered_by_their_year(table: pl.DataFrame) -> None:
    mixed = unheard(table.head(100), 80, "audio_embedding", "audio_statistics")
    by_sound = built(mixed, k=3)
    assert by_sound.settings.space == ("audio", "era")
    assert by_sound.songs.height == 80
    assert by_sound.rows is not None
    assert by_sound.rows.reasons.to_list() == [None] * 80 + ["not_heard"] * 20
    by_features = built(mixed, k=3, space=("sound", "era"))
    assert by_features.songs.height == 100
    both = built(mixed, k=3, space=("sound", "audio"))
    assert both.songs.height == 100
    assert both.space.notes[0].startswith("20 of 100 songs were not heard by a scan: they lie in the middle")
    few = built(unheard(table.head(100), 40, "audio_embedding"), k=3)
    assert (few.settings.space, few.songs.height) == (("sound", "era"), 100)


def test_atlases_of_two_measurers_are_told_when_one_is_compared_or_made_like_the_other(
    atlas: Atlas, table: pl.DataFrame
) -> None:
    served = built(as_measured_elsewhere(table.head(230)), k=5, like=atlas)
    told = "The songs of the old atlas were measured by songatlas scan (audio 1), those of the new one by"
    assert served.likeness is not None
    assert told in served.likeness.sentence(served.cluster_names())
    assert compare(atlas, served).notes[-1].startswith(told)
    assert not any("measured" in note for note in compare(atlas, atlas).notes)
    unnamed = built(table.drop("measured_by"), k=5, like=atlas)
    assert unnamed.likeness is not None
    assert not unnamed.likeness.measurers
    assert unnamed.assign(fresh()).notes == ()
