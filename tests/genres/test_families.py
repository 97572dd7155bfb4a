"""Families out of messy tags: seeds name them, songs decide."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.genres import families as module
from songatlas.genres import genre_labels, tag_families
from songatlas.genres.families import Families, seed_words, seeds_in
from songatlas.quality import agreement
from songatlas.songs import read_songs


def families_of(tags: list[list[str]], artists: list[str] | None = None) -> Families:
    found = tag_families(pl.Series(tags, dtype=pl.List(pl.String)), artists and pl.Series(artists))
    assert found is not None
    return found


def family_of(found: Families, tag: str) -> str | None:
    return next((name for name, members in found.members.items() if tag in members), None)


def test_no_word_is_a_seed_of_two_families() -> None:
    words = [word for each in seed_words().values() for word in each]
    assert len(words) == len(set(words))
    assert 8 <= len(seed_words()) <= module.MOST_FAMILIES


@pytest.mark.parametrize(
    ("tag", "families"),
    [
        ("rock", ["rock"]),
        ("Hip-Hop", ["hip hop"]),
        ("east coast hip hop", ["hip hop"]),
        ("jazz rap", ["jazz", "hip hop"]),
        ("rock progresywny", ["rock"]),
        ("tropical house", ["electronic"]),
        ("britpop", ["rock"]),
        ("electropop", ["pop"]),
        ("r&b en espanol", ["r&b"]),
        ("scraped", []),
        ("k-pop", ["k-pop & j-pop"]),
        ("pop pop rock pop", ["rock", "pop"]),
        ("", []),
    ],
)
def test_seeds_are_found_in_the_words_of_a_tag(tag: str, families: list[str]) -> None:
    assert seeds_in(tag) == families


def test_a_tag_without_a_seed_joins_the_family_it_shares_songs_with() -> None:
    jazz = [["hard bop", f"{kind} jazz"] for kind in ("cool", "free", "nu", "soul")] * 3
    rock = [["permanent wave", f"{kind} rock"] for kind in ("art", "math", "soft")] * 4
    found = families_of([*jazz, *rock, ["permanent wave"]])
    assert family_of(found, "hard bop") == "jazz"
    assert family_of(found, "permanent wave") == "rock"
    assert found.labels[-1] == "rock"


def test_what_joined_draws_others_after_it() -> None:
    chain = [["techno", "minimal"]] * 3 + [["techno", "minimal", "berlin"]] * 2
    chain += [["minimal", "berlin"]] * 4 + [["berlin", "kraut"], ["minimal", "kraut"]] * 3
    found = families_of([*chain, *[["folk"], ["country"], ["opera"], ["blues"]] * 8])
    assert {family_of(found, tag) for tag in ("minimal", "berlin", "kraut")} == {"electronic"}


def test_songs_decide_between_two_words_of_a_tag() -> None:
    songs = [["folk metal", "black metal"], ["folk metal", "doom metal"], ["folk metal", "death metal"]] * 4
    songs += [["metal folk", "black metal"], ["metal folk", "doom metal"], ["metal folk", "heavy metal"]] * 4
    found = families_of([*songs, *[["irish folk"], ["jazz"], ["opera"]] * 20])
    assert family_of(found, "folk metal") == "metal"
    assert family_of(found, "metal folk") == "metal"


def test_a_common_tag_that_belongs_nowhere_is_a_family_of_its_own() -> None:
    songs = [["entehno"]] * 10 + [["entehno laiko"]] * 6 + [["rock"]] * 40 + [["jazz"]] * 40
    found = families_of(songs)
    assert found.members["entehno"] == ("entehno", "entehno laiko")
    assert found.labels.to_list()[:16] == ["entehno"] * 16


def test_artists_tell_which_single_tags_belong_together() -> None:
    tags = [[tag] for tag in ("hard bop", "jazz", "hard bop", "jazz", "rock", "mersey", "rock", "mersey")] * 4
    artists = [f"{'bop' if place % 8 < 4 else 'beat'} {place // 8}" for place in range(len(tags))]
    alone, together = families_of(tags), families_of(tags, artists)
    assert family_of(alone, "mersey") == "mersey"
    assert family_of(together, "mersey") == "rock"
    assert family_of(together, "hard bop") == "jazz"


def test_a_family_of_most_songs_is_opened() -> None:
    tags = [["metal", "black metal"], ["metal", "doom metal"], ["metal", "thrash metal"], ["metal"]] * 10
    found = families_of([*tags, *[["atmospheric black metal", "black metal"]] * 5, ["jazz"], ["jazz"]])
    assert set(found.members) >= {"black metal", "doom metal", "thrash metal", "metal"}
    assert "atmospheric black metal" in found.members["black metal"]
    assert found.labels.to_list()[:4] == ["black metal", "doom metal", "thrash metal", "metal"]


def test_families_of_few_songs_are_dissolved() -> None:
    found = families_of([["rock"]] * 2000 + [["jazz"]] * 2000 + [["polka", "opera"]] * 4)
    assert set(found.members) == {"rock", "jazz"}
    assert found.labels.null_count() == 4


def test_broad_tags_say_little_of_a_song() -> None:
    kinds = ("deep house", "trap", "bachata", "nu metal")
    songs = [["pop", kind] for kind in kinds] * 10 + [["pop"]] * 5
    found = families_of(songs)
    assert found.labels.to_list()[:4] == ["electronic", "hip hop", "latin", "metal"]
    assert found.labels[-1] == "pop"


def test_the_order_of_songs_and_tags_does_not_matter() -> None:
    draw = random.Random(3)  # noqa: S311 - nothing secret is drawn
    words = ["rock", "art rock", "jazz", "hard bop", "mersey", "minimal", "techno", "laiko", "deep house"]
    songs = [draw.sample(words, draw.randint(0, 4)) for _ in range(300)]
    artists = [f"artist {draw.randint(0, 60)}" for _ in songs]
    found = families_of(songs, artists)
    order = draw.sample(range(300), 300)
    other = families_of(
        [draw.sample(songs[row], len(songs[row])) for row in order], [artists[row] for row in order]
    )
    assert other.labels.to_list() == found.labels.gather(order).to_list()
    assert other.members == found.members


def test_of_very_many_lists_some_tell_the_families(monkeypatch: pytest.MonkeyPatch) -> None:
    songs = [["rock", f"band {number}"] for number in range(60)] + [
        ["jazz", f"trio {number}"] for number in range(60)
    ]
    monkeypatch.setattr(module, "_MOST_LISTS", 30)
    monkeypatch.setattr(module, "_AT_A_TIME", 50)
    assert families_of(songs).labels.to_list() == ["rock"] * 60 + ["jazz"] * 60


def test_without_any_tag_there_are_no_families() -> None:
    assert tag_families(pl.Series([[], None, [""], ["  "]], dtype=pl.List(pl.String))) is None
    assert tag_families(pl.Series([], dtype=pl.List(pl.String))) is None


def test_odd_tags_do_no_harm() -> None:
    songs = [["(", "[rock]", "rock\\", "🎷", "a" * 500, "-"]] * 5 + [["jazz", "|", "?*+"]] * 5
    assert families_of(songs).labels.to_list() == ["rock"] * 5 + ["jazz"] * 5


def test_lists_in_a_named_column_become_families(tmp_path: Path) -> None:
    """List text, comma lists and real lists say the same."""
    random_ = np.random.default_rng(0)
    tags = [["deep house", "techno"], ["hard bop", "jazz"], ["delta blues"], []] * 15
    sound = {name: random_.random(60) for name in ("danceability", "energy", "valence", "acousticness")}
    forms = {
        "text": [str(each) for each in tags],
        "commas": [", ".join(each) for each in tags],
        "semicolons": ["; ".join(each) for each in tags],
        "lists": tags,
    }
    said = []
    for cells in forms.values():
        table = pl.DataFrame({"title": [f"song {n}" for n in range(60)], **sound, "style of it": cells})
        songs = read_songs(table, genre="style of it").songs
        assert songs["genre"].dtype == pl.List(pl.String)
        found = genre_labels(songs)
        assert found is not None
        said.append(found.labels.to_list())
    assert said[0][:4] == ["electronic", "jazz", "blues", None]
    assert all(each == said[0] for each in said)


def test_real_tags_give_families_that_agree_with_playlist_genres(shared_data: Path) -> None:
    """Families of the tags of an artist's songs, against the genres of playlists that hold the same songs."""
    songs = read_songs(shared_data / "playlists.parquet").songs
    found = genre_labels(songs)
    assert found is not None
    assert 12 <= found.n_genres <= module.MOST_FAMILIES
    assert found.coverage > 0.75
    assert found.labels.value_counts()["count"].max() < 0.35 * songs.height
    judged = read_songs(shared_data / "spotify_songs.csv").songs.select("song_id", "genre").unique("song_id")
    both = songs.select("song_id").with_columns(family=found.labels).unique("song_id")
    both = both.join(judged, on="song_id").drop_nulls()
    assert both.height > 200
    assert agreement(both["family"].to_numpy(), both["genre"].to_numpy()).ami > 0.3
