"""When two commits count as equally fast: by how much, and against what noise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from compare_commits import compared, lines_of


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ([1.0, 1.0, 1.0], [1.2, 1.21, 1.2], "slower"),
        ([1.0, 1.0, 1.0], [1.05, 1.05, 1.05], "the same"),
        ([1.0, 1.5, 1.0], [1.2, 1.2, 1.2], "the same"),  # the repeats of the old one differ by more
        ([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], "faster"),
    ],
)
def test_slower_is_what_is_beyond_the_limit_and_the_noise(old, new, verdict):
    assert compared(old, new, slower=10)["verdict"] == verdict


def test_the_ratio_is_of_medians_new_to_old():
    assert compared([1.0, 2.0, 9.0], [4.0, 4.0, 5.0], slower=10)["ratio"] == 2.0


def test_lines_are_named_by_their_sizes():
    results = [{"n_songs": 10, "k": 2, "songatlas_cpu_s": 0.5}, {"n_songs": 10, "ratio": 3}]
    assert lines_of(results) == {"n_songs 10, k 2": 0.5}
    with pytest.raises(ValueError, match="songatlas_cpu_s"):
        lines_of(results[1:])
