"""Playlists of a whole atlas, from every source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.playlist import (
    all_cluster_playlists,
    make_playlist,
    playlist_of_rows,
    playlist_tracks,
    playlists_index,
    reordered,
)
from songatlas.atlas.playlist_sources import typical_first
from songatlas.atlas.recommending import PLAYLIST_SUFFIXES, recommend
from songatlas.errors import BadSettings, UnknownName
from songatlas.playlists import FORMATS, Track, TrackList, read_playlist, write_playlist


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(600)


def _words(atlas: Atlas, row: int) -> str:
    return str(atlas.songs["song_id"][row])


def test_a_cluster_by_name_number_and_part_of_its_name(atlas: Atlas) -> None:
    name = atlas.cluster_names()[1]
    made = make_playlist(atlas, cluster=name, n_songs=10)
    assert made.name == name
    assert (atlas.clustering.labels[made.rows] == 1).all()
    for other in (1, "1", name.upper()):
        assert make_playlist(atlas, cluster=other, n_songs=10).rows.tolist() == made.rows.tolist()


def test_what_comes_back_belongs_together(atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster=0, n_songs=12, order="energy-up", artist_gap=0)
    assert made.songs["song_id"].to_list() == atlas.songs["song_id"].gather(made.rows).to_list()
    assert made.songs["place"].to_list() == list(range(1, 13))
    assert made.transitions.height == 11
    assert made.transitions["energy_step"].min() >= 0
    assert made.summary["n_songs"] == 12
    assert made.to_dict()["summary"]["order"] == "energy-up"


def test_minutes_are_met_and_told(atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster=0, minutes=40)
    assert made.summary["minutes"] == pytest.approx(40, abs=2)
    assert make_playlist(atlas, cluster=0).summary["minutes"] == pytest.approx(60, abs=2)


def test_filters_and_seeds(atlas: Atlas) -> None:
    made = make_playlist(atlas, filters=["tempo>=120"], n_songs=10)
    assert atlas.songs["tempo_bpm"].gather(made.rows).min() >= 120
    seeds = {tuple(make_playlist(atlas, cluster=0, n_songs=10, seed=seed).rows.tolist()) for seed in range(4)}
    assert len(seeds) > 1


def test_liked_songs_in_and_out(atlas: Atlas) -> None:
    liked = [_words(atlas, 5), _words(atlas, 9)]
    without = make_playlist(atlas, like=liked, n_songs=10)
    assert not {5, 9} & set(without.rows.tolist())
    assert len(without.rows) == 10
    assert {5, 9} <= set(make_playlist(atlas, like=liked, n_songs=10, with_liked=True).rows.tolist())


def test_a_path_goes_from_one_song_to_the_other(atlas: Atlas) -> None:
    made = make_playlist(atlas, path=(_words(atlas, 3), _words(atlas, 400)), n_songs=9)
    assert (made.rows[0], made.rows[-1], len(made.rows)) == (3, 400, 9)
    with pytest.raises(BadSettings, match="same song"):
        make_playlist(atlas, path=(_words(atlas, 3), _words(atlas, 3)))
    with pytest.raises(BadSettings, match="own order"):
        make_playlist(atlas, path=(_words(atlas, 3), _words(atlas, 4)), order="tempo")


def test_an_extended_playlist_keeps_its_songs_and_strangers(atlas: Atlas, tmp_path: Path) -> None:
    first = playlist_tracks(atlas, make_playlist(atlas, cluster=0, n_songs=5))
    stranger = Track(title="Nobody knows", artists=("Stranger",), duration_ms=200_000)
    tracks = (*first.tracks[:2], stranger, *first.tracks[2:], first.tracks[0])
    file = tmp_path / "mine.xspf"
    write_playlist(file, TrackList(name="Mine", tracks=tracks))
    made = make_playlist(atlas, extend=file, n_songs=4)
    out = playlist_tracks(atlas, made).tracks
    assert [track.title for track in out[:6]] == [track.title for track in tracks[:6]]
    assert len(out) == 10
    assert len(set(made.rows.tolist())) == 9
    assert any("Nobody knows" in note for note in made.notes)
    assert any("stood twice" in note for note in made.notes)
    again = make_playlist(atlas, extend=file, n_songs=4, reorder=True)
    assert sorted(again.rows.tolist()) == sorted(made.rows.tolist())
    assert playlist_tracks(atlas, again).tracks[-1].title == "Nobody knows"


@pytest.mark.parametrize("reorder", [False, True])
def test_other_versions_of_a_song_stay_in_an_extended_playlist(
    atlas: Atlas, tmp_path: Path, *, reorder: bool
) -> None:
    title, artist = atlas.songs["title"][3], atlas.songs["artists"][3][0]
    titles = (title, f"{title} (Live)", "Nobody knows", f"{title} - 2011 Remaster", title, f"{title} (Live)")
    files = ("studio", "live", "nobody", "remaster", "best_of", "live")
    tracks = tuple(
        Track(title=called, artists=(artist,), location=str(tmp_path / f"{file}.mp3"))
        for called, file in zip(titles, files, strict=True)
    )
    file = tmp_path / "mine.m3u8"
    write_playlist(file, TrackList(name="Mine", tracks=tracks))
    made = make_playlist(atlas, extend=file, n_songs=2, reorder=reorder)
    write_playlist(file, playlist_tracks(atlas, made))
    kept = [track.location for track in read_playlist(file).tracks]
    own = [track.location for track in tracks[:5]]
    assert set(own) <= set(kept)
    assert (kept[:5] == own) is not reorder
    assert len(kept) == 7
    assert "1 song stood twice in the file: kept once." in made.notes
    others = f"{artist} - {title} (Live); {artist} - {title} - 2011 Remaster; {artist} - {title}"
    assert f"other versions of songs in the list, so kept without being judged: {others}." in made.notes
    assert f"not in the atlas, so kept without being judged: {artist} - Nobody knows." in made.notes
    again = make_playlist(atlas, extend=file, n_songs=1, reorder=reorder)
    assert not any("stood twice" in note for note in again.notes)


@pytest.mark.parametrize(
    ("other", "n_kept"),
    [
        (Track(title="{title}", artists=("{artist}",)), 1),
        (Track(title="{title} (Live)", artists=("{artist}",)), 2),
        (Track(title="{title}", artists=("{artist}",), location="/other.mp3"), 2),
        (Track(title="{title}", artists=("{artist}",), isrc="GBAYE0601498"), 2),
        (Track(title="{title}", artists=("{artist}", "A Guest")), 2),
    ],
)
def test_songs_stand_twice_where_they_are_named_alike_and_have_no_place(
    atlas: Atlas, other: Track, n_kept: int
) -> None:
    title, artist = atlas.songs["title"][3], atlas.songs["artists"][3][0]
    one = Track(title=title, artists=(artist,))
    other = replace(
        other,
        title=str(other.title).format(title=title),
        artists=tuple(name.format(artist=artist) for name in other.artists),
    )
    made = make_playlist(atlas, extend=TrackList(name="Mine", tracks=(one, other)), n_songs=1)
    assert made.songs.height == n_kept + 1
    assert len(made.strangers) == n_kept - 1


def test_songs_of_one_id_stand_twice_wherever_they_are(atlas: Atlas) -> None:
    song_id = atlas.songs["song_id"][3]
    tracks = tuple(Track(song_id=song_id, title=title, location=f"/{title}.mp3") for title in ("a", "b"))
    made = make_playlist(atlas, extend=TrackList(name="Mine", tracks=tracks), n_songs=1)
    assert [made.own[3].title, made.songs.height] == ["a", 2]


@pytest.mark.parametrize("reorder", [False, True])
def test_songs_of_a_file_stay_exactly_as_the_file_has_them(
    atlas: Atlas, tmp_path: Path, *, reorder: bool
) -> None:
    known = [atlas.songs.row(row, named=True) for row in (3, 8)]
    own = tuple(
        Track(
            title=song["title"],
            artists=tuple(song["artists"]),
            album=f"My album {place}",
            duration_ms=100_000 + place,
            location=str(tmp_path / f"{place}.flac"),
            isrc=f"GBAYE060149{place}",
        )
        for place, song in enumerate(known)
    )
    stranger = Track(title="Nobody knows", artists=("Stranger",), location=str(tmp_path / "s.flac"))
    file = tmp_path / "mine.xspf"
    write_playlist(file, TrackList(name="Mine", tracks=(own[0], stranger, own[1])))
    made = make_playlist(atlas, extend=file, n_songs=3, reorder=reorder)
    out = playlist_tracks(atlas, made).tracks
    assert {*own, stranger} <= set(out)
    assert (out[:3] == (own[0], stranger, own[1])) is not reorder
    assert made.songs["added"].to_list() == [track not in (*own, stranger) for track in out]
    assert made.songs["title"].to_list() == [track.title for track in out]
    assert made.songs["row"].null_count() == 1
    assert (made.summary["n_songs"], made.summary["n_added"]) == (6, 3)
    assert made.transitions.height == 5
    write_playlist(file, playlist_tracks(atlas, made))
    assert {track.location for track in read_playlist(file).tracks} >= {track.location for track in own}
    liked = make_playlist(atlas, like=[str(file)], with_liked=True, n_songs=8)
    assert set(own) <= set(playlist_tracks(atlas, liked).tracks)
    ids = {track.song_id for track in playlist_tracks(atlas, liked, with_ids=True).tracks}
    assert {song["song_id"] for song in known} <= ids


def test_any_number_of_songs_of_an_artist(atlas: Atlas) -> None:
    artist = atlas.songs["artists"].list.first().value_counts(sort=True)["artists"][0]
    n = len(make_playlist(atlas, filters=[f"artist={artist}"], n_songs=9, per_artist=None).rows)
    assert n > 3
    few = make_playlist(atlas, filters=[f"artist={artist}"], n_songs=9)
    assert any("--per-artist" in note for note in few.notes)


def test_a_path_has_two_songs(atlas: Atlas) -> None:
    with pytest.raises(BadSettings, match="at least 2"):
        make_playlist(atlas, path=(_words(atlas, 3), _words(atlas, 4)), n_songs=1)


def test_a_cluster_begins_with_songs_that_fit_its_name(atlas: Atlas) -> None:
    cluster, tag = next(
        (number, profile.top_tags[0][0])
        for number, profile in enumerate(atlas.profiles)
        if profile.top_tags and profile.top_tags[0][1] < 0.9
    )
    rows = np.flatnonzero(atlas.clustering.labels == cluster)
    for seed in range(12):
        first = typical_first(atlas, rows, seed=seed, tags=[tag])[0]
        assert tag in [each.lower() for each in atlas.songs["tags"][int(first)]]


def test_written_and_read_back(atlas: Atlas, tmp_path: Path) -> None:
    tracks = playlist_tracks(atlas, make_playlist(atlas, cluster=0, n_songs=6))
    write_playlist(tmp_path / "a.jspf", tracks)
    titles = [track.title for track in read_playlist(tmp_path / "a.jspf").tracks]
    assert titles == [track.title for track in tracks.tracks]


def test_every_file_that_is_written_is_offered_to_be_read() -> None:
    written = {suffix for each in FORMATS.values() for suffix in each.suffixes}
    assert written | {".tsv", ".json"} == set(PLAYLIST_SUFFIXES)
    assert len(set(PLAYLIST_SUFFIXES)) == len(PLAYLIST_SUFFIXES)


def test_every_cluster_gets_its_playlist(atlas: Atlas) -> None:
    made = all_cluster_playlists(atlas, n_songs=5)
    assert [each.name for each in made] == list(atlas.cluster_names())
    assert [set(atlas.clustering.labels[each.rows]) for each in made] == [{c} for c in range(atlas.k)]


def test_versions_and_artists(atlas: Atlas) -> None:
    versions = atlas.songs.with_columns(
        version_of=pl.when(pl.int_range(pl.len()) < 300).then(pl.lit(atlas.songs["song_id"][0]))
    )
    made = make_playlist(replace(atlas, songs=versions), filters=["tempo>0"], n_songs=30)
    assert (made.rows < 300).sum() <= 1
    counts = made.songs["artists"].list.first().value_counts()["count"]
    assert counts.max() <= 3


@pytest.mark.parametrize("nobody", ["Various Artists", "Verschiedene Interpreten"])
def test_songs_of_a_compilation_are_neither_capped_nor_kept_apart(atlas: Atlas, nobody: str) -> None:
    names = pl.Series("artists", [[nobody]] * atlas.songs.height)
    compiled = replace(atlas, songs=atlas.songs.with_columns(names))
    made = make_playlist(compiled, cluster=0, n_songs=20, per_artist=3, order="energy-up")
    assert made.songs.height == 20
    assert not [note for note in made.notes if "artist" in note]
    liked = [_words(atlas, row) for row in (3, 40)]
    assert recommend(compiled, like=liked, n=20, per_artist=3).songs.height == 20


def test_the_list_of_playlists_names_their_files(atlas: Atlas) -> None:
    made = all_cluster_playlists(atlas, n_songs=3)
    index = playlists_index(made, [f"{place}.csv" for place in range(len(made))])
    assert index["file"].to_list() == [f"{place}.csv" for place in range(atlas.k)]
    assert index["name"].to_list() == list(atlas.cluster_names())
    assert index["n_songs"].to_list() == [3] * atlas.k
    assert index["minutes"].to_list() == [round(each.summary["minutes"], 1) for each in made]
    assert playlists_index((), ()).columns == index.columns == ["file", "name", "n_songs", "minutes", "order"]


def test_fewer_songs_than_asked_is_told(atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster=0, n_songs=5_000)
    assert "not 5000" in made.notes[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "say what the playlist is made of"),
        ({"cluster": 0, "like": ["a"]}, "one source"),
        ({"cluster": 0, "minutes": 0}, "0 minutes"),
        ({"cluster": 0, "minutes": 3, "n_songs": 3}, "one of the two"),
        ({"cluster": 0, "per_artist": 0}, "0 songs of an artist"),
        ({"cluster": 0, "order": "enrgy-up"}, "did you mean 'energy-up'"),
        ({"filters": ["tempo>=319"]}, "loosen a filter"),
        ({"cluster": 0, "unlike": ["a"]}, "name liked songs too"),
    ],
)
def test_bad_input_is_refused(atlas: Atlas, options: dict[str, object], words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        make_playlist(atlas, **options)


def test_unknown_clusters_are_refused(atlas: Atlas) -> None:
    with pytest.raises(UnknownName, match="no cluster is called 'zzz'"):
        make_playlist(atlas, cluster="zzz")
    with pytest.raises(UnknownName, match="no subcluster 9999"):
        make_playlist(atlas, subcluster=9999)


def test_imputed_values_are_not_told(atlas: Atlas) -> None:
    imputed = pl.Series("imputed", [["energy"]] * atlas.songs.height, dtype=pl.List(pl.String))
    made = make_playlist(replace(atlas, songs=atlas.songs.with_columns(imputed)), cluster=0, n_songs=4)
    assert made.songs["energy"].null_count() == 4
    assert np.isfinite(made.transitions["distance"].to_numpy()).all()


def test_what_was_read_is_extended_as_its_file_is(atlas: Atlas, tmp_path: Path) -> None:
    tracks = playlist_tracks(atlas, make_playlist(atlas, cluster=0, n_songs=5))
    write_playlist(tmp_path / "old.xspf", tracks)
    by_file = make_playlist(atlas, extend=tmp_path / "old.xspf", n_songs=5)
    read = make_playlist(atlas, extend=read_playlist(tmp_path / "old.xspf"), n_songs=5)
    assert read.rows.tolist() == by_file.rows.tolist()
    with pytest.raises(BadSettings, match="no song of Empty"):
        make_playlist(atlas, extend=TrackList(name="Empty"))


def test_songs_to_choose_from(atlas: Atlas) -> None:
    ids = [_words(atlas, row) for row in (7, 30, 31, 90, 200, 201, 300)]
    best = make_playlist(atlas, among=ids, ranked=True, n_songs=3, per_artist=None)
    assert sorted(best.rows.tolist()) == [7, 30, 31]
    every = make_playlist(atlas, among=[*ids, ids[0], "nobody"], n_songs=20, per_artist=None)
    assert set(every.rows.tolist()) <= {7, 30, 31, 90, 200, 201, 300}
    assert "1 of 9 songs to choose from is not in the atlas." in every.notes
    with pytest.raises(UnknownName, match="none of the 1 songs"):
        make_playlist(atlas, among=["nobody"])
    with pytest.raises(BadSettings, match="one source"):
        make_playlist(atlas, among=ids, cluster=0)


def test_any_songs_in_any_order_are_told_alike(atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster=0, n_songs=8, order="energy-up")
    same = playlist_of_rows(atlas, made.rows.tolist(), name=made.name, order="energy-up")
    assert same.songs.equals(made.songs)
    assert same.transitions.equals(made.transitions)
    assert same.summary == made.summary
    edited = playlist_of_rows(atlas, made.rows[::-1].tolist()[:5], name="Mine")
    assert edited.rows.tolist() == made.rows[::-1].tolist()[:5]
    assert edited.transitions["distance"].to_list() == pytest.approx(
        made.transitions["distance"].to_list()[::-1][:4]
    )
    assert playlist_of_rows(atlas, [], name="Mine").summary["n_songs"] == 0
    for wrong, words in (([1, 1], "twice"), ([-1], "rows 0 to"), ([atlas.songs.height], "rows 0 to")):
        with pytest.raises(BadSettings, match=words):
            playlist_of_rows(atlas, wrong, name="Mine")


def test_edited_and_reordered_playlists_keep_songs_of_a_file(atlas: Atlas) -> None:
    stranger = Track(title="Nobody knows", artists=("Stranger",), duration_ms=200_000)
    own = {4: Track(title="My name for it", location="/music/a.mp3")}
    edited = playlist_of_rows(atlas, [9, stranger, 4, 2], name="Mine", own=own)
    assert playlist_tracks(atlas, edited).tracks[1:3] == (stranger, own[4])
    assert edited.songs["title"].to_list()[1:3] == ["Nobody knows", "My name for it"]
    assert edited.songs["row"].to_list() == [9, None, 4, 2]
    louder = reordered(atlas, edited, "energy-up", artist_gap=0)
    assert louder.summary["order"] == "energy-up"
    assert sorted(louder.rows.tolist()) == [2, 4, 9]
    assert louder.songs["energy"].to_list()[:3] == sorted(louder.songs["energy"].to_list()[:3])
    assert playlist_tracks(atlas, louder).tracks[-1] == stranger
    assert own[4] in playlist_tracks(atlas, louder).tracks
