from __future__ import annotations

from contextlib import suppress

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songatlas.errors import BadSettings, SongAtlasError, UnknownName
from songatlas.songs.filtering import allowed

SONGS = pl.DataFrame(
    {
        "song_id": ["a", "b", "c", "d"],
        "title": ["Love Me Do", "Glove", "Ça va?", None],
        "artists": [["Björk", "Daft Punk"], ["ABBA"], [], None],
        "year": [1962.0, 1984.0, None, 2010.0],
        "tempo_bpm": [90.0, 120.0, 128.0, 174.0],
        "duration_ms": [120_000.0, 240_000.0, 300_000.0, None],
        "energy": [0.1, 0.4, 0.8, 0.9],
        "explicit": [True, False, None, False],
        "tags": [["rock"], ["pop", "synth pop"], ["Chanson"], []],
        "key": [0.0, 0.0, 9.0, None],
        "mode": [1.0, 0.0, 0.0, 1.0],
        "release_date": ["1962-10-05", "1984", None, "2010-07"],
        "popularity": [10.0, 80.0, 50.0, 20.0],
        "cluster": [["Calm songs", "0"], ["Party tracks", "1"], ["Party tracks", "1"], ["Calm songs", "0"]],
    }
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("year=1984", "b"),
        ("Release Year = 1980..2010", "bd"),
        ("year>=1984", "bd"),
        ("year<1984", "a"),
        ("year!=1984", "ad"),
        ("year!=1980..2000", "ad"),
        ("tempo=..120", "ab"),
        ("BPM=128..", "cd"),
        ("duration<=4:00", "ab"),
        ("duration>240s", "c"),
        ("duration = 4min..5min", "bc"),
        ("duration_ms<=240000", "ab"),
        ("explicit=no", "bd"),
        ("explicit=TRUE", "a"),
        ("energy>=75%", "d"),
        ("energy=..50%", "ab"),
        ("artist=daft punk", "a"),
        ("artist!=daft punk", "b"),
        ("artist=ABBA|bjork", "ab"),
        ("tags=POP", "b"),
        ("tags~pop|rock", "ab"),
        ("title~love", "a"),
        ("title=ca va", "c"),
        ("cluster=party tracks", "bc"),
        ("cluster=0", "ad"),
        ("song_id=c", "c"),
        ("title~nowhere", ""),
        ("year=1960-1984", "ab"),
        ("year=1980s", "b"),
        ("key=C", "ab"),
        ("key=8A", "c"),
        ("key!=C major", "bc"),
        ("key=9", "c"),
        ("release_date>=1984", "bd"),
        ("release_date<2010-07", "a"),
        ("release_date=1962-10", "a"),
    ],
)
def test_a_filter_means_what_it_says(text: str, meant: str) -> None:
    assert "".join(SONGS["song_id"].filter(pl.Series(allowed(SONGS, [text])))) == meant


def test_songs_pass_all_filters_and_everything_passes_none() -> None:
    assert allowed(SONGS, []).all()
    assert np.flatnonzero(allowed(SONGS, ["tempo>=100", "popularity<60", "energy<0.85"])).tolist() == [2]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("year", BadSettings, "cannot be read"),
        ("year=", BadSettings, "cannot be read"),
        ("", BadSettings, "cannot be read"),
        ("yaer=1984", UnknownName, "did you mean 'year'"),
        ("album=Help", UnknownName, "no column 'album'"),
        ("year=soon", BadSettings, "needs a year, a range"),
        ("tempo=nan", BadSettings, "needs a number"),
        ("key=H9", BadSettings, "needs a key such as"),
        ("energy>90", BadSettings, "goes from 0 to 1: write 0.9, or 90%"),
        ("mood=happy", UnknownName, "'mood' is read as tags"),
        ("year=1990..1980", BadSettings, "begins above its end"),
        ("year>1980..1990", BadSettings, "use = or !="),
        ("year~19", BadSettings, "looks for words in numbers"),
        ("title>b", BadSettings, "compares texts"),
        ("explicit=maybe", BadSettings, "needs yes or no"),
        ("energy>=120%", BadSettings, "percentile"),
        ("duration<=240", BadSettings, "does not say a unit"),
        ("artist=Daft Pnk", UnknownName, "did you mean 'Daft Punk'"),
        ("cluster=party", UnknownName, "there are: Calm songs, Party tracks"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        allowed(SONGS, [text])


@given(st.text(max_size=30), st.sampled_from(["year", "title", "tags", "duration", "explicit", ""]))
def test_any_words_end_in_a_mask_or_in_our_error(text: str, column: str) -> None:
    with suppress(SongAtlasError):
        found = allowed(SONGS, [column + text])
        assert found.shape == (4,)
        assert found.dtype == np.bool_


def test_endless_lengths_and_filters_are_no_crash() -> None:
    songs = pl.DataFrame({"duration_ms": [60_000.0, None]})
    assert allowed(songs, [f"duration<={'9' * 400}:00"]).tolist() == [True, False]
    with pytest.raises(BadSettings, match="letters, and 2,000 at most are read") as caught:
        allowed(songs, ["duration" + " " * 3000 + "=1"])
    assert len(str(caught.value)) < 500


def test_what_songs_are_called_does_not_steer_the_error() -> None:
    songs = pl.DataFrame({"title": ["\x1b[31mHey"]})
    with pytest.raises(UnknownName) as caught:
        allowed(songs, ["title=Ho\x1b[0m"])
    assert str(caught.value).isprintable()
