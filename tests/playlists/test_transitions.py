"""The report on transitions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.playlists.transitions import (
    COLUMNS,
    summarize,
    summary_sentence,
    tempo_changes,
    transitions,
)


def test_a_report_tells_each_step() -> None:
    songs = pl.DataFrame(
        {
            "song_id": ["a", "b", "c", "d"],
            "tempo_bpm": [100.0, 51.0, 60.0, 0.0],
            "key": [0, 7, 1, None],
            "mode": [1, 1, 1, 1],
            "energy": [0.5, 0.7, 0.4, None],
        }
    )
    steps = transitions(songs, np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0], [3.0, 5.0]]))
    assert tuple(steps.columns) == COLUMNS
    assert steps["distance"].to_list() == [5.0, 0.0, 1.0]
    assert steps["tempo_change_percent"].to_list() == [
        pytest.approx(2.0),
        pytest.approx(17.647, abs=0.01),
        None,
    ]
    assert steps["tempo_at"].to_list() == ["half time", "same time", None]
    assert steps["tempo_change_bpm"].to_list() == [-49.0, 9.0, None]
    assert steps["key_to"].to_list() == ["9B", "3B", None]
    assert steps["harmonic"].to_list() == [True, False, None]
    assert steps["key_steps"].to_list() == [1, 6, None]
    summary = summarize(steps)
    assert (summary["harmonic_share"], summary["n_known_keys"]) == (0.5, 2)
    assert summary_sentence(summary).startswith("3 transitions: 1 of 2 harmonic")


@pytest.mark.parametrize(
    ("before", "after", "percent", "at"),
    [
        (93.0, 128.0, 37.6, "same time"),
        (100.0, 145.0, -27.5, "double time"),
        (140.0, 72.0, 2.9, "half time"),
        (128.0, 93.0, -27.3, "same time"),
    ],
)
def test_half_and_double_time_only_where_they_are_nearer(
    before: float, after: float, percent: float, at: str
) -> None:
    found, times = tempo_changes(np.array([before]), np.array([after]))
    assert found[0] == pytest.approx(percent, abs=0.1)
    assert times.to_list() == [at]


def test_keys_are_left_out_of_the_sentence() -> None:
    songs = pl.DataFrame({"song_id": ["a", "b"], "key": [0, 7], "mode": [1, 1]})
    summary = summarize(transitions(songs, np.zeros((2, 1))))
    assert "harmonic" not in summary_sentence(summary, with_keys=False)
    unknown = summarize(transitions(songs.drop("key"), np.full((2, 1), np.nan)))
    assert summary_sentence(unknown) == "1 transition: nothing is known of them."


@pytest.mark.parametrize("n", [0, 1])
def test_no_step_no_rows(n: int) -> None:
    steps = transitions(pl.DataFrame({"song_id": [str(row) for row in range(n)]}), np.zeros((n, 2)))
    assert steps.height == 0
    assert summary_sentence(summarize(steps)) == "One song, so no transition."
