"""Values of any unit -> ours, or an error that says how to name the unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.errors import BadSettings, MissingColumns, UnknownName
from songatlas.songs import ColumnReading, SongsTable, read_songs
from songatlas.songs.numbers import has_decimal_commas, read_numbers

N = 60
RNG = np.random.default_rng(5)
TRUE = {
    "danceability": RNG.beta(6, 4, N).round(3),
    "energy": RNG.beta(5, 3, N).round(3),
    "valence": RNG.beta(3, 3, N).round(3),
    "speechiness": RNG.beta(1, 12, N).round(4),
    "loudness": (-3 - RNG.gamma(2, 3, N)).round(3),
    "tempo": RNG.normal(120, 25, N).clip(60, 210).round(3),
    "duration_ms": RNG.normal(215_000, 40_000, N).clip(90_000).round(),
}


def table_of(**changed: Sequence[object]) -> pl.DataFrame:
    """The true table with some columns written otherwise, every cell as text; None drops a column."""
    columns = {**TRUE, **changed}
    return pl.DataFrame(
        {
            name: pl.Series([None if cell is None else str(cell) for cell in cells], dtype=pl.String)
            for name, cells in columns.items()
            if cells is not None and len(cells)
        }
    )


def reading_of(table: SongsTable, column: str) -> ColumnReading:
    """What was understood of the column that became `column`."""
    return next(reading for reading in table.columns if reading.column == column)


def left_alone(table: SongsTable, header: str) -> ColumnReading:
    """What was said of a column that was left alone."""
    found = next(reading for reading in table.columns if reading.header == header)
    assert found.column is None
    assert found.how_sure == "left alone"
    return found


def test_the_true_table_is_read_as_it_is() -> None:
    table = read_songs(table_of())
    for name, column in [("energy", "energy"), ("loudness", "loudness_db"), ("tempo", "tempo_bpm")]:
        assert table.songs[column].to_list() == TRUE[name].tolist()
        assert reading_of(table, column).how_sure == "certain"
    assert reading_of(table, "loudness_db").unit == "dB"
    assert reading_of(table, "duration_ms").unit == "ms"


@pytest.mark.parametrize(
    ("write", "unit"),
    [
        (lambda x: f"{round(100 * x)}", "percent"),
        (lambda x: f"{100 * x:.1f}", "percent"),
        (lambda x: f"{round(100 * x)}%", "percent"),
        (lambda x: f"{100 * x:.2f} %", "percent"),
        (lambda x: f"{x:.6f}", "share"),
        (lambda x: f"{x:.3e}", "share"),
        (lambda x: f"  {x}  ", "share"),
    ],
)
def test_shares_in_every_spelling(write: object, unit: str) -> None:
    names = ["danceability", "energy", "valence", "speechiness"]
    changed = {name: [write(x) for x in TRUE[name]] for name in names}  # type: ignore[operator]
    table = read_songs(table_of(**changed))
    for name in names:
        assert reading_of(table, name).unit == unit
        assert np.abs(table.songs[name].to_numpy() - TRUE[name]).max() < 0.006


def test_a_percent_column_of_small_numbers_follows_the_others() -> None:
    percent = {name: (100 * TRUE[name]).round().astype(int) for name in ("danceability", "energy", "valence")}
    table = read_songs(table_of(**percent, speechiness=[0, 3, 4, 6, 1, 0] * 10))
    assert reading_of(table, "speechiness").unit == "percent"
    assert table.songs["speechiness"].max() == 0.06
    alone = read_songs(table_of(**percent, speechiness=[0] * 59 + [1]))
    assert alone.songs["speechiness"].max() == 0.01


def test_percent_and_shares_in_one_table_are_told_apart() -> None:
    table = read_songs(table_of(energy=(100 * TRUE["energy"]).round().astype(int)))
    assert reading_of(table, "energy").unit == "percent"
    assert reading_of(table, "valence").unit == "share"


def test_columns_of_zeros_do_not_mislead() -> None:
    table = read_songs(table_of(danceability=[0] * N, valence=["0.0"] * N, speechiness=[""] * N))
    assert table.songs["danceability"].max() == 0
    assert reading_of(table, "danceability").note == "every value is 0: it was not measured"
    assert left_alone(table, "speechiness").note == "empty"
    assert reading_of(table, "energy").unit == "share"


def test_a_few_shifted_rows_do_not_mislead() -> None:
    changed = {name: np.tile(values, 10).astype(object) for name, values in TRUE.items()}
    changed["energy"][3] = 353_733
    changed["tempo"][3] = 223_440
    changed["loudness"][3] = 0.5
    changed["valence"][3] = "Some artist"
    table = read_songs(table_of(**changed))
    assert reading_of(table, "energy").unit == "share"
    assert table.songs["energy"][3] == 353_733
    assert table.songs["tempo_bpm"][3] == 223_440
    assert reading_of(table, "valence").note == "cells that are no number: 1"
    assert "values outside 0 to 1: 1" in reading_of(table, "energy").note
    assert reading_of(table, "tempo_bpm").note == "values outside 20 to 320 BPM: 1"
    assert reading_of(table, "loudness_db").note == ""


@pytest.mark.parametrize(
    ("header", "value", "words"),
    [
        ("tempo", 1e12, "20 to 320 BPM"),
        ("loudness", 99, "-70 to 10 dB"),
        ("duration_ms", 1e12, "1 ms to 24 hours"),
        ("key", 12, "0 to 11"),
        ("mode", 5, "0 to 1"),
        ("time_signature", 40, "1 to 12"),
        ("valence", -3, "0 to 1"),
    ],
)
def test_values_that_no_song_has_are_told_of_every_feature(header: str, value: float, words: str) -> None:
    usual = {"key": [1, 5, 7], "mode": [0, 1, 1], "time_signature": [4, 4, 3]}
    changed = {name: np.tile(values, 100).astype(object) for name, values in usual.items()}
    changed |= {name: np.tile(values, 300 // N).astype(object) for name, values in TRUE.items()}
    changed[header][3] = value
    table = read_songs(table_of(**changed))
    notes = {reading.header: reading.note for reading in table.columns if "values outside" in reading.note}
    assert notes == {header: f"values outside {words}: 1"}


def test_values_of_percentages_that_no_song_has() -> None:
    percent = (100 * np.tile(TRUE["energy"], 10)).round()
    percent[[3, 7]] = (-5, 400)
    changed = {name: np.tile(values, 10) for name, values in TRUE.items()}
    table = read_songs(table_of(**{**changed, "energy": percent}))
    assert reading_of(table, "energy").note == "values outside 0 to 100: 2"


def test_codes_for_what_is_missing_are_not_told_as_values() -> None:
    table = read_songs(table_of(tempo=[0, *TRUE["tempo"][1:]], key=[-1, *[5] * (N - 1)]))
    assert reading_of(table, "tempo_bpm").note == ""
    assert "values outside" not in reading_of(table, "key").note


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([0, 1, 2, 5, 9, 10] * 10, "values from 0 to 10, median 3.5"),
        ([150, 400, 730, 999] * 15, "values from 150 to 999"),
        ([-40, -20.5, 30, 60] * 15, "values from -40 to 60"),
        ([0.4, 0.7, 55, 70, 0.2, 31] * 10, "values from 0.2 to 70"),
    ],
)
def test_an_unknown_share_is_an_error_that_says_how_to_name_it(cells: list[float], words: str) -> None:
    with pytest.raises(MissingColumns, match=words) as caught:
        read_songs(table_of(energy=cells))
    assert "--unit energy=percent" in str(caught.value)
    assert "units={'energy': 'percent'}" in str(caught.value)
    assert "\n" not in str(caught.value)
    named = read_songs(table_of(energy=cells), units={"Energy": "Percent"})
    assert named.songs["energy"].to_list() == pytest.approx([cell / 100 for cell in cells])
    assert reading_of(named, "energy").how_sure == "named"
    without = read_songs(table_of(energy=cells), units={"energy": "left alone"})
    assert "energy" not in without.songs.columns


@pytest.mark.parametrize("every", [2, 5, 12])
@pytest.mark.parametrize("name", ["energy", "speechiness"])
def test_shares_and_percentages_in_one_column_are_asked_about(name: str, every: int) -> None:
    for is_percent in (lambda place: place % every == 0, lambda place: place % every != 0):
        cells = [
            round(100 * value, 4) if is_percent(place) else value for place, value in enumerate(TRUE[name])
        ]
        with pytest.raises(MissingColumns, match=f"cannot tell the unit of {name}") as caught:
            read_songs(table_of(**{name: cells}))
        assert f"--unit {name}=percent (one of 'share', 'percent'" in str(caught.value)


def test_percentages_of_a_skewed_feature_are_no_mix() -> None:
    names = ["danceability", "energy", "valence"]
    percent = {name: (100 * TRUE[name]).round(2) for name in names}
    skewed = np.geomspace(0.01, 90, N).round(2)
    table = read_songs(table_of(**percent, speechiness=(100 * TRUE["speechiness"]).round(2), live=skewed))
    assert reading_of(table, "liveness").unit == "percent"
    assert reading_of(table, "speechiness").unit == "percent"


@pytest.mark.parametrize("code", [-5.0, -1, -99])
@pytest.mark.parametrize("scale", [1, 100])
def test_negative_codes_among_shares_stay_for_the_rules(code: float, scale: int) -> None:
    cells = [
        code if place % 7 == 0 else round(scale * x, 1 if scale > 1 else 3)
        for place, x in enumerate(TRUE["energy"])
    ]
    table = read_songs(table_of(energy=cells))
    assert reading_of(table, "energy").unit == ("share" if scale == 1 else "percent")
    assert "0" in reading_of(table, "energy").note
    assert int((table.songs["energy"] < 0).sum()) == 9
    kept = table.songs["energy"].to_numpy()[1:7]
    assert np.abs(kept - TRUE["energy"][1:7]).max() < 0.001


def test_units_that_do_not_exist() -> None:
    with pytest.raises(BadSettings, match="energy has no unit 'precent'; did you mean 'percent'"):
        read_songs(table_of(), units={"energy": "precent"})
    with pytest.raises(UnknownName, match="no column 'enrgy'; did you mean 'energy'"):
        read_songs(table_of(), units={"enrgy": "percent"})
    with pytest.raises(MissingColumns, match="no column was recognised as liveness"):
        read_songs(table_of(), units={"liveness": "percent"})


def test_z_scores_are_left_alone() -> None:
    scored = {
        name: ((values - values.mean()) / values.std()).round(5)
        for name, values in TRUE.items()
        if name != "duration_ms"
    }
    with pytest.raises(MissingColumns, match=r"standardized values \(z-scores\)"):
        read_songs(table_of(**scored))
    table = read_songs(table_of(loudness=scored["loudness"], tempo=scored["tempo"]))
    assert "z-scores" in left_alone(table, "loudness").note
    assert "z-scores" in left_alone(table, "tempo").note


def test_loudness_and_tempo_from_0_to_1_are_left_alone() -> None:
    table = read_songs(table_of(loudness=TRUE["energy"], tempo=TRUE["valence"], key=TRUE["energy"]))
    assert "cannot be turned into dB" in left_alone(table, "loudness").note
    assert "cannot be turned into beats a minute" in left_alone(table, "tempo").note
    assert "rescaled" in left_alone(table, "key").note
    assert "of the sound only" not in " ".join(table.source.notes)


@pytest.mark.parametrize(
    ("write", "unit"),
    [
        (lambda x: f"{x}", "dB"),
        (lambda x: f"{round(x)}", "dB"),
        (lambda x: f"{x} dB", "dB"),
        (lambda x: f"{x}".replace("-", "\u2212"), "dB"),
    ],
)
def test_loudness_in_every_spelling(write: object, unit: str) -> None:
    table = read_songs(table_of(loudness=[write(x) for x in TRUE["loudness"]]))  # type: ignore[operator]
    assert reading_of(table, "loudness_db").unit == unit
    assert np.abs(table.songs["loudness_db"].to_numpy() - TRUE["loudness"]).max() <= 0.5


def test_a_loudness_without_its_sign_is_asked_about() -> None:
    with pytest.raises(MissingColumns, match="cannot tell the unit of loudness_db"):
        read_songs(table_of(loudness=-TRUE["loudness"]))
    named = read_songs(table_of(loudness=-TRUE["loudness"]), units={"loudness": "dB without its sign"})
    assert named.songs["loudness_db"].to_list() == TRUE["loudness"].tolist()


def clock(ms: float) -> str:
    """Write milliseconds as m:ss."""
    return f"{int(ms // 60_000)}:{int(ms // 1000 % 60):02d}"


@pytest.mark.parametrize(
    ("header", "write", "unit", "within"),
    [
        ("duration_ms", lambda ms: f"{ms:.0f}", "ms", 0),
        ("duration", lambda ms: f"{ms:.0f}", "ms", 0),
        ("duration", lambda ms: f"{ms / 1000:.5f}", "s", 1),
        ("dur", lambda ms: f"{ms / 1000:.0f}", "s", 500),
        ("Length (Duration)", lambda ms: f"{ms / 1000:,.0f}", "s", 500),
        ("duration_min", lambda ms: f"{ms / 60_000:.2f}", "min", 400),
        ("length", lambda ms: f"{ms / 60_000:.3f}", "min", 40),
        ("Time", clock, "m:ss", 1000),
        ("Time", lambda ms: "0" + clock(ms), "m:ss", 1000),
        ("Time", lambda ms: "0:0" + clock(ms), "m:ss", 1000),
        ("Time", lambda ms: clock(ms) + ":00", "m:ss", 1000),
        ("duration", lambda ms: f"{int(ms // 60_000)} min {int(ms // 1000 % 60)} s", "m:ss", 1000),
        ("duration_ms", lambda ms: f"{ms / 1000:.3f}", "s", 1),
    ],
)
def test_durations_in_every_spelling(header: str, write: object, unit: str, within: float) -> None:
    cells = [write(ms) for ms in TRUE["duration_ms"]]  # type: ignore[operator]
    table = read_songs(table_of(**{"duration_ms": [], header: cells}))
    assert reading_of(table, "duration_ms").unit == unit
    assert np.abs(table.songs["duration_ms"].to_numpy() - TRUE["duration_ms"]).max() <= within


def test_a_thousands_separator_in_seconds() -> None:
    cells = ["1,412", *[f"{ms / 1000:.0f}" for ms in TRUE["duration_ms"][1:]]]
    table = read_songs(table_of(duration_ms=[], Length=cells))
    assert table.songs["duration_ms"][0] == 1_412_000
    assert "values with a thousands separator: 1" in reading_of(table, "duration_ms").note


def test_minutes_and_milliseconds_in_one_column() -> None:
    cells = [f"{ms / 60_000:.5f}" if place % 7 == 0 else ms for place, ms in enumerate(TRUE["duration_ms"])]
    for header in ("duration_in min/ms", "duration"):
        table = read_songs(table_of(**{"duration_ms": [], header: cells}))
        assert reading_of(table, "duration_ms").unit == "min or ms, by value"
        assert "values below 60 are minutes (9)" in reading_of(table, "duration_ms").note
        assert np.abs(table.songs["duration_ms"].to_numpy() - TRUE["duration_ms"]).max() < 1


@pytest.mark.parametrize("header", ["duration_ms", "duration"])
def test_seconds_and_milliseconds_in_one_column(header: str) -> None:
    cells = [f"{ms / 1000:.3f}" if place % 7 == 0 else ms for place, ms in enumerate(TRUE["duration_ms"])]
    table = read_songs(table_of(**{"duration_ms": [], header: cells}))
    reading = reading_of(table, "duration_ms")
    assert (reading.unit, reading.how_sure) == ("s or ms, by value", "likely")
    assert "values below 3,000 are seconds (9), the others milliseconds" in reading.note
    assert np.abs(table.songs["duration_ms"].to_numpy() - TRUE["duration_ms"]).max() < 1
    named = read_songs(
        table_of(**{"duration_ms": [], header: cells}), units={"duration": "s or ms, by value"}
    )
    assert named.songs["duration_ms"].to_list() == table.songs["duration_ms"].to_list()


def test_seconds_and_milliseconds_that_run_into_each_other_are_asked_about() -> None:
    cells = [[200, 300, 4_000, 200_000, 250_000, 180_000][place % 6] for place in range(N)]
    with pytest.raises(MissingColumns, match="cannot tell the unit of duration_ms"):
        read_songs(table_of(duration_ms=cells))


def test_short_noises_in_milliseconds_are_no_seconds() -> None:
    cells = [[1_200, 2_400, 2_900, 5_000][place % 4] if place < 8 else 200_000 for place in range(N)]
    assert reading_of(read_songs(table_of(duration_ms=cells)), "duration_ms").unit == "ms"


@pytest.mark.parametrize("every", [2, 3, 10])
@pytest.mark.parametrize("divisor", [1, 1000])
def test_clock_times_beside_plain_numbers(every: int, divisor: int) -> None:
    seconds = (TRUE["duration_ms"] // 1000).astype(int)
    plain = seconds * 1000 // divisor
    for is_clock in (lambda place: place % every == 0, lambda place: place % every != 0):
        cells = [
            clock(1000 * whole) if is_clock(place) else number
            for place, (whole, number) in enumerate(zip(seconds, plain, strict=True))
        ]
        table = read_songs(table_of(duration_ms=cells))
        reading = reading_of(table, "duration_ms")
        unit = "ms" if divisor == 1 else "s"
        assert reading.unit == f"m:ss beside {unit}"
        n_clock = sum(is_clock(place) for place in range(N))
        assert f"clock times: {n_clock}; plain numbers, read as {unit}: {N - n_clock}" in reading.note
        assert "no number" not in reading.note
        assert table.songs["duration_ms"].to_list() == (1000 * seconds).tolist()


def test_a_column_of_words_is_no_clock() -> None:
    with pytest.raises(MissingColumns, match="cannot be used: holds"):
        read_songs(table_of(duration_ms=[], d=["x", "y", "3:10"] * 20), columns={"duration_ms": "d"})
    with pytest.raises(MissingColumns, match="holds no times"):
        read_songs(
            table_of(duration_ms=[], d=["x"] * N), columns={"duration_ms": "d"}, units={"duration_ms": "m:ss"}
        )


def test_a_duration_that_may_be_two_things_is_asked_about() -> None:
    cells = [4_000 + 10 * place for place in range(N)]
    with pytest.raises(MissingColumns, match="cannot tell the unit of duration_ms"):
        read_songs(table_of(duration_ms=[], length=cells))
    table = read_songs(table_of(duration_ms=[], length=cells), units={"duration": "seconds"})
    assert table.songs["duration_ms"][0] == 4_000_000


def test_lost_decimal_points_are_mended_only_where_the_column_proves_it() -> None:
    def lose(x: float) -> str:
        text = f"{x:g}"
        return f"{round(x * 1000)}" if len(text.partition(".")[2]) == 3 else text

    energy = np.concatenate([TRUE["energy"], TRUE["energy"].round(2), TRUE["energy"].round(4)])
    triple = {name: np.tile(values, 3) for name, values in TRUE.items()}
    loudness = np.concatenate([TRUE["loudness"], TRUE["loudness"].round(2), TRUE["loudness"].round(1)])
    table = read_songs(
        table_of(
            **{
                **triple,
                "energy": [lose(x) for x in energy],
                "loudness": [lose(x) for x in loudness],
            }
        )
    )
    assert reading_of(table, "energy").unit == "lost decimals"
    apart = (table.songs["energy"] - pl.Series(energy)).abs().drop_nulls()
    assert apart.max() < 1e-9
    assert (table.songs["loudness_db"] - pl.Series(loudness)).abs().max() < 1e-9
    with pytest.raises(MissingColumns, match=r"--unit energy=percent .*'lost decimals'"):
        read_songs(table_of(energy=[lose(x) for x in TRUE["energy"]]))
    assert reading_of(read_songs(table_of(tempo=[120, 105.47, 99.5] * 20)), "tempo_bpm").unit == "BPM"


def test_decimal_commas() -> None:
    commas = {name: [str(x).replace(".", ",") for x in values] for name, values in TRUE.items()}
    table = read_songs(table_of(**commas))
    for name, column in [("energy", "energy"), ("loudness", "loudness_db"), ("tempo", "tempo_bpm")]:
        assert table.songs[column].to_list() == TRUE[name].tolist()


def test_decimal_commas_are_told_from_thousands() -> None:
    assert has_decimal_commas([read_numbers(pl.Series(["0,748", "122,036"]))])
    assert not has_decimal_commas([read_numbers(pl.Series(["1,412", "217"]))])
    assert not has_decimal_commas([read_numbers(pl.Series(["1,412.50"]))])
    assert not has_decimal_commas([read_numbers(pl.Series([1.5]))])
    assert read_numbers(pl.Series(["1.234,5"]), decimal_comma=True).values.to_list() == [1234.5]
    assert read_numbers(pl.Series(["1,234.5", "1.234.567"])).values.to_list() == [1234.5, 1_234_567]


def test_words_for_nothing_are_missing() -> None:
    cells = ["0.5", "NA", "NaN", "", " ", "unknown", "-", "null", "inf", "-Infinity", "#SPILL!", "N/A"]
    numbers = read_numbers(pl.Series(cells))
    assert numbers.values.to_list() == [0.5] + [None] * 11
    assert numbers.n_cells == 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1))
@settings(max_examples=50, deadline=None)
def test_numbers_are_read_exactly(values: list[float]) -> None:
    assert read_numbers(pl.Series([repr(value) for value in values])).values.to_list() == values


def test_few_songs_are_read_in_the_right_unit() -> None:
    table = read_songs(table_of().head(1))
    assert table.songs["energy"].to_list() == [TRUE["energy"][0]]
    assert table.songs["loudness_db"].to_list() == [TRUE["loudness"][0]]
    percent = pl.DataFrame({"energy": [73], "valence": [1], "danceability": [51], "dur": [201], "bpm": [95]})
    assert read_songs(percent).songs.row(0, named=True)["valence"] == 0.01
    assert reading_of(read_songs(percent), "energy").how_sure == "likely"


def test_flags_are_no_shares() -> None:
    table = read_songs(table_of(live=[0, 1, 1] * 20))
    assert "only 0 and 1" in left_alone(table, "live").note


def test_a_time_of_day_is_no_duration() -> None:
    table = read_songs(table_of(duration_ms=[], time=[1_700_000_000 + place for place in range(N)]))
    assert left_alone(table, "time").note == "holds no durations of songs"
