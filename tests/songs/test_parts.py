"""Cleaning in parts: however songs are parted, the songs, reasons and counts are those of `clean_songs`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ordinary_songs import SOUND, VOICE, a_song, table_of
from polars.testing import assert_frame_equal

from songatlas.demo import simulate_catalogue
from songatlas.errors import MissingColumns, SongAtlasError, TooFewSongs
from songatlas.songs import (
    CleaningPolicy,
    CleanPart,
    CleanSongs,
    Tally,
    clean_part,
    clean_songs,
    first_policy,
    mark_versions,
    read_songs,
    revised,
    rule_counts,
    version_candidates,
)
from songatlas.songs.policy import Stage
from songatlas.songs.verdicts import REASONS

MOST_ROUNDS = 6


@dataclass(frozen=True)
class InParts:
    """What cleaning in parts came to, and after how many rounds."""

    policy: CleaningPolicy
    tally: Tally
    parts: list[tuple[NDArray[np.int64], CleanPart]]
    n_rounds: int


def _split(table: pl.DataFrame, n_parts: int, seed: int) -> list[NDArray[np.int64]]:
    """Rows of each part, those of one song together, in no order."""
    random = np.random.default_rng(seed)
    songs = table["song_id"].unique(maintain_order=True)
    part_of_song = pl.DataFrame({"song_id": songs, "part": random.integers(0, n_parts, len(songs))})
    part = table.select("song_id").join(part_of_song, on="song_id", maintain_order="left")["part"].to_numpy()
    return [random.permutation(np.flatnonzero(part == number)) for number in range(n_parts)]


def _in_parts(
    table: pl.DataFrame,
    policy: CleaningPolicy,
    rows_of_parts: Sequence[NDArray[np.int64]],
) -> InParts:
    """Clean part by part, again and again until the policy holds."""
    for n_rounds in range(1, MOST_ROUNDS + 1):
        parts = [(rows, clean_part(table[rows], policy)) for rows in rows_of_parts]
        tally = Tally.united(pl.concat([part.tally.to_frame() for _, part in reversed(parts)]))
        asked_for = revised(policy, tally)
        if asked_for == policy:
            return InParts(asked_for, tally, parts, n_rounds)
        policy = asked_for
    raise AssertionError(f"no policy held after {MOST_ROUNDS} rounds: {policy}")


def _versions(found: InParts) -> Tally:
    """Count versions among songs that share a key, a few keys at a time."""
    songs = pl.concat([version_candidates(part) for _, part in found.parts])
    shared = songs.filter(pl.col("_key").is_duplicated())
    some = [
        shared.filter(pl.col("_key") % 3 == number).sample(fraction=1, shuffle=True) for number in range(3)
    ]
    return Tally.united(pl.concat([mark_versions(each).to_frame() for each in some]))


def _assert_alike(clean: CleanSongs, found: InParts) -> None:
    """Songs, reasons and counts are those of `clean_songs`, in every field."""
    songs = pl.concat([part.songs for _, part in found.parts]).sort("song_id")
    assert_frame_equal(songs, clean.songs.drop("version_of"), check_exact=True)
    for rows, part in found.parts:
        assert [REASONS[reason] for reason in part.reasons] == clean.row_reasons[rows].to_list()
        assert ((part.row_to_song >= 0) == (part.reasons == 0)).all()
        kept = rows[part.row_to_song >= 0]
        mine = part.songs["song_id"].gather(part.row_to_song[part.row_to_song >= 0])
        assert mine.equals(clean.songs["song_id"].gather(clean.row_to_song[kept]))
    versions = _versions(found)
    tally = Tally.united(pl.concat([versions.to_frame(), found.tally.to_frame()]))
    assert rule_counts(found.policy, tally) == clean.counts
    without = rule_counts(found.policy, found.tally)
    assert [count for count in without if count.reason != "versions"] == [
        count for count in clean.counts if count.reason != "versions"
    ]
    assert found.policy.features == clean.features
    assert found.policy.dropped == clean.dropped_features
    assert tally.n_songs == clean.n_songs
    assert tally.n_rows == len(clean.row_to_song)


def _assert_parts_are_as_the_whole(
    table: pl.DataFrame,
    features: Sequence[str],
    *,
    look: pl.DataFrame | None = None,
    n_parts: int = 2,
    **options: Any,
) -> int:
    """Clean the table both ways, and return the number of rounds."""
    clean = clean_songs(table, features=features, **options)
    policy = first_policy(table if look is None else look, features=features, **options)
    found = _in_parts(table, policy, _split(table, n_parts, seed=n_parts))
    _assert_alike(clean, found)
    return found.n_rounds


def _sound_of(table: pl.DataFrame) -> list[str]:
    return [column for column in (*SOUND, "key", "mode", "year") if column in table.columns]


def _real_tables(folder: Path) -> Iterator[Path]:
    yield from (folder / "spotify_songs.csv", folder / "amazon_sample.csv")
    yield from sorted(path for path in (folder / "dialects").iterdir() if path.is_file())


def test_real_tables_in_parts(shared_data: Path) -> None:
    n_cleaned = 0
    for path in _real_tables(shared_data):
        try:
            table = read_songs(path).songs
            features = _sound_of(table)
            clean_songs(table, features=features)
        except SongAtlasError:
            continue
        assert _assert_parts_are_as_the_whole(table, features) == 1, path.name
        n_cleaned += 1
    assert n_cleaned >= 10


def test_a_slice_of_the_real_tracks_in_parts(shared_data: Path, tmp_path: Path) -> None:
    pl.read_parquet(shared_data / "real_tracks.parquet").slice(50_000, 20_000).write_parquet(
        tmp_path / "some.parquet"
    )
    table = read_songs(tmp_path / "some.parquet").songs
    assert _assert_parts_are_as_the_whole(table, _sound_of(table), keep=["too_short"]) == 1


def _simulated(folder: Path, n_songs: int) -> pl.DataFrame:
    """A simulated catalogue as it is read, with dirt of every kind, and some songs in several rows."""
    simulate_catalogue(n_songs, seed=5).write_parquet(folder / "simulated.parquet")
    songs = read_songs(folder / "simulated.parquet").songs
    number = pl.int_range(pl.len())
    dirty = songs.with_columns(
        energy=pl.when(number % 50 == 0).then(7.0).otherwise("energy"),
        valence=pl.when(number % 150 == 0).then(-3.0).when(number % 31 == 0).then(None).otherwise("valence"),
        liveness=pl.when(number % 70 == 0).then(float("nan")).otherwise("liveness"),
        duration_ms=pl.when(number % 90 == 0).then(1_000.0).otherwise("duration_ms"),
        key=pl.when(number % 7 == 0).then(-1.0).otherwise("key"),
    )
    again = dirty.head(n_songs // 20)
    changed = dirty.slice(n_songs // 30, n_songs // 20).with_columns(
        energy=pl.col("energy") / 2, tags=pl.lit(["added"]), popularity=pl.col("popularity") + 1
    )
    return pl.concat([dirty, again, changed.select(dirty.columns)])


def test_a_dirty_simulated_catalogue_in_parts(tmp_path: Path) -> None:
    table = _simulated(tmp_path, 6_000)
    features = [*SOUND, "key", "mode", "year"]
    look = table.filter(pl.col("song_id").hash(3) % 4 == 0)
    assert _assert_parts_are_as_the_whole(table, features, look=look, n_parts=9) == 1
    assert _assert_parts_are_as_the_whole(table, features, keep="all") == 1
    assert _assert_parts_are_as_the_whole(table, SOUND, keep=["impossible_values"], look=look) == 1


def _with(table: pl.DataFrame, column: str, value: Any, *, where: pl.Expr) -> pl.DataFrame:
    return table.with_columns(pl.when(where).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))


_BAD = pl.int_range(pl.len()) >= 100
_DISAGREEING = {
    "a column distrusted only in the whole": {"energy": 3.0},
    "two columns distrusted, which damage most rows until they are": {"energy": 3.0, "valence": -9.0},
    "a rule idles only in the whole": {"duration_ms": 1_000.0},
    "a rule idles, and a feature is alike in all": {"tempo_bpm": 0.0, "liveness": 0.3},
    "a feature is empty only in the whole": {"energy": None},
    "features are empty, so that songs are not left out for them": dict.fromkeys(SOUND[:4]),
}


@pytest.mark.parametrize("kind", _DISAGREEING)
def test_a_look_that_misleads_is_put_right(kind: str) -> None:
    table = table_of(*(a_song(f"s{number:04d}") for number in range(250)), others=0)
    for column, value in _DISAGREEING[kind].items():
        table = _with(table, column, value, where=_BAD)
    look = table.head(100)
    assert 2 <= _assert_parts_are_as_the_whole(table, SOUND, look=look) <= 4
    bad_look = table.tail(150)
    assert _assert_parts_are_as_the_whole(table.head(110), SOUND, look=bad_look) <= 4


def test_a_look_without_the_damaged_half() -> None:
    table = table_of(*(a_song(f"s{number:04d}") for number in range(400)), others=0)
    number = pl.int_range(pl.len())
    for place, column in enumerate(SOUND):  # a tenth of each column, so that none is distrusted
        shifted = (number >= 100) & ((number % 10 == place) | (number % 10 == (place + 1) % 10))
        table = _with(table, column, 1e9, where=shifted)
    clean = clean_songs(table, features=SOUND)
    assert next(count for count in clean.counts if count.reason == "impossible_values").n_songs == 300
    assert 2 <= _assert_parts_are_as_the_whole(table, SOUND, look=table.head(100)) <= 4
    assert 2 <= _assert_parts_are_as_the_whole(table.head(150), SOUND, look=table) <= 4


def test_features_that_are_alike_only_in_what_is_left_of_the_whole() -> None:
    table = table_of(*(a_song(f"s{number:04d}", key=1.0 * (number % 5)) for number in range(60)), others=0)
    table = _with(table, "liveness", 0.3, where=pl.int_range(pl.len()) >= 5)
    table = _with(table, "tempo_bpm", 0.0, where=pl.int_range(pl.len()) < 5)
    clean = clean_songs(table, features=SOUND)
    assert clean.dropped_features == {"liveness": "the same in every song"}
    assert _assert_parts_are_as_the_whole(table, SOUND, look=table.head(8)) >= 2
    assert _assert_parts_are_as_the_whole(table, SOUND, look=table.tail(40)) <= 3


def test_what_the_whole_refuses_is_refused_in_the_same_words() -> None:
    alike = pl.DataFrame([a_song("a") | {"song_id": str(number)} for number in range(5)])
    few = table_of(a_song("a", **VOICE), a_song("b", tempo_bpm=0.0), a_song("c"), others=0)
    empty = table_of(others=3).with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in SOUND)
    for table, error in ((alike, MissingColumns), (few, TooFewSongs), (empty, TooFewSongs)):
        with pytest.raises(error) as refused:
            clean_songs(table, features=SOUND)
        for look in (table, table_of(others=9), table.head(1), table.clear()):
            policy = first_policy(look, features=SOUND)
            with pytest.raises(error) as refused_in_parts:
                _in_parts(table, policy, _split(table, 2, 0))
            assert str(refused_in_parts.value) == str(refused.value)


def test_small_and_poor_parts_are_cleaned_with_the_policy_of_the_whole() -> None:
    table = table_of(a_song("a", **VOICE), a_song("b", tempo_bpm=0.0))
    policy = first_policy(table, features=SOUND)
    none = clean_part(table.clear(), policy)
    assert (none.songs.height, len(none.reasons), len(none.row_to_song), none.tally.n_rows) == (0, 0, 0, 0)
    for place, reason in ((0, "spoken_word"), (1, "silence_or_noise"), (2, None)):
        one = clean_part(table[place], policy)
        assert [REASONS[number] for number in one.reasons] == [reason]
        assert one.songs.height == (reason is None)
        assert one.songs.schema == none.songs.schema
    no_energy = table.with_columns(energy=pl.lit(None, dtype=pl.Float64))
    lacking = clean_part(no_energy.tail(3), policy)
    assert lacking.songs["imputed"].to_list() == [["energy"]] * 3
    absent = clean_part(table.drop("energy").tail(3), policy)
    assert_frame_equal(absent.songs.select(lacking.songs.columns), lacking.songs)
    assert absent.tally.to_frame().schema == none.tally.to_frame().schema


def test_policies_and_tallies_travel() -> None:
    table = table_of(a_song("a", energy=None), a_song("b", duration_ms=1.0)).with_columns(
        liveness=pl.lit(0.3)
    )
    policy = first_policy(table, features=SOUND, keep="too_long", heard=True)
    again = CleaningPolicy.from_dict(json.loads(json.dumps(policy.to_dict())))
    assert again == policy
    assert again.dropped == policy.dropped == {"liveness": "the same in every song"}
    assert (again.off, again.heard, again.damage) == (("too_long",), True, "on")
    assert again.stages[-1] == Stage(tuple(name for name in SOUND if name != "liveness"))
    tally = clean_part(table, policy).tally
    assert Tally.united(tally.to_frame()) == tally
    first, second, third = (clean_part(part, policy).tally.to_frame() for part in table.iter_slices(5))
    some = Tally.united(pl.concat([third, first])).to_frame()
    assert Tally.united(pl.concat([second, some])) == tally
    assert tally != Tally.united(some)
    assert tally.to_frame().estimated_size() < 20_000
    nothing = Tally.united(tally.to_frame().clear())
    assert (nothing.n_songs, nothing.n_rows, nothing.to_frame().height) == (0, 0, 0)


def test_versions_that_were_not_counted_are_told_so() -> None:
    table = table_of(a_song("a", title="Yellow"), a_song("b", title="Yellow - Live"))
    policy = first_policy(table, features=SOUND)
    part = clean_part(table, policy)
    without = rule_counts(policy, part.tally)[-1]
    assert (without.reason, without.action, without.n_songs) == ("versions", "switched off", 0)
    assert "not counted" in without.sentence
    candidates = version_candidates(part)
    looked = [part.tally.to_frame(), mark_versions(candidates.clear()).to_frame()]
    none = rule_counts(policy, Tally.united(pl.concat(looked)))[-1]
    assert none.sentence.startswith("No song marked as a version")
    looked.append(mark_versions(candidates.filter(pl.col("_key").is_duplicated())).to_frame())
    assert rule_counts(policy, Tally.united(pl.concat(looked)))[-1].examples == ("Yellow - Live - Ann",)


_cell = st.sampled_from(
    [None, 0.0, -0.0, 0.3, 0.5, 0.94, 1.0, 1.0 + 1e-9, 7.0, -1.0, -20.0, 120.0, 1e4, 2e5, 3e6, float("nan")]
)
_FEW = ("energy", "valence", "loudness_db", "speechiness", "tempo_bpm", "duration_ms", "mode")
_COLUMNS = {
    "song_id": (pl.String, st.sampled_from([f"s{number}" for number in range(12)])),
    "title": (pl.String, st.sampled_from(["Yellow", "Yellow - Live", "Kapitel 3", "Rain Sounds", None])),
    "artists": (pl.List(pl.String), st.sampled_from([["Ann"], ["Bob", "Ann"], [], None])),
    "tags": (pl.List(pl.String), st.sampled_from([["pop", "rock"], ["rock"], ["hoerspiel"], [], None])),
    "genre": (pl.String, st.sampled_from(["pop", "rock", None])),
    "popularity": (pl.Float64, st.sampled_from([0.0, 50.0, None])),
    "location": (pl.String, st.sampled_from(["a.flac", None, None])),
    "audio_embedding": (pl.List(pl.Float32), st.sampled_from([[0.5, 1.0], [1.0, 0.0], None])),
    **dict.fromkeys(_FEW, (pl.Float64, _cell)),
}
_row = st.fixed_dictionaries({name: cells for name, (_, cells) in _COLUMNS.items()})
_keep = st.sampled_from([(), ("spoken_word",), ("impossible_values", "too_short"), "all"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(_row, min_size=1, max_size=60),
    st.integers(0, 60),
    st.integers(1, 4),
    _keep,
    st.booleans(),
    st.integers(0, 9),
)
def test_any_split_and_any_look_come_to_the_same(
    rows: list[dict[str, Any]], n_looked_at: int, n_parts: int, keep: Any, heard: bool, seed: int
) -> None:
    table = pl.DataFrame(rows, schema={name: dtype for name, (dtype, _) in _COLUMNS.items()})
    policy = first_policy(table.head(n_looked_at), features=_FEW, keep=keep, heard=heard)
    split = _split(table, n_parts, seed)
    clean, refusal = _outcome(table, keep, heard=heard)
    if clean is None:
        with pytest.raises((TooFewSongs, MissingColumns)) as refused:
            _in_parts(table, policy, split)
        assert str(refused.value) == refusal
        return
    _assert_alike(clean, _in_parts(table, policy, split))


def _outcome(table: pl.DataFrame, keep: Any, *, heard: bool) -> tuple[CleanSongs | None, str]:
    """What cleaning the whole gives, or the words in which it refuses."""
    try:
        return clean_songs(table, features=_FEW, keep=keep, heard=heard), ""
    except (TooFewSongs, MissingColumns) as error:
        return None, str(error)
