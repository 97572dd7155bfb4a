"""Sums without rounding, against whole fractions."""

from __future__ import annotations

from fractions import Fraction
from math import fsum

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from songatlas.space.exact_sums import ExactSums

NUMBERS = st.floats(min_value=-(2.0**499), max_value=2.0**499)
TINIEST = 5e-324


def assert_true(values: list[float], sums: ExactSums) -> None:
    true = [Fraction(value) for value in values]
    assert sums.n == len(values)
    assert Fraction(sums.total, 2**1074) == sum(true)
    assert Fraction(sums.squares, 2**2148) == sum(one * one for one in true)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(NUMBERS, max_size=30))
@example(values=[TINIEST] * 3)
@example(values=[1e-310, -0.0, 2.0**-1022])
@example(values=[1e30, 1.0, -1e30, 1e-30, TINIEST])
@example(values=[np.nextafter(1.0, 0.0)] * 7)
def test_sums_are_those_of_whole_fractions(values: list[float]) -> None:
    sums = ExactSums.of(np.array(values, dtype=np.float64))
    assert_true(values, sums)
    assert ExactSums.from_text(sums.to_text()) == sums
    if values:
        true = [Fraction(value) for value in values]
        middle = sum(true) / len(true)
        assert sums.mean == float(middle)
        assert sums.variance == float(sum((one - middle) ** 2 for one in true) / len(true))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(0, 400), spread=st.sampled_from([0.0, 1.0, 30.0, 300.0]))
def test_parts_in_any_order_add_up_to_all(seed: int, n: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=n) * np.exp2(random.uniform(-spread, spread, n).round())
    cuts = np.sort(random.integers(0, n + 1, 5))
    parts = np.split(random.permutation(values), cuts)
    assert sum((ExactSums.of(part) for part in parts), start=ExactSums()) == ExactSums.of(values)
    whole, first = ExactSums.of(values), ExactSums.of(parts[0])
    assert whole - first + first == whole


@pytest.mark.parametrize("scale", [1e-320, 1e-140, 1e-9, 1.0, 1e30, 1e120])
def test_more_rows_than_are_taken_at_once(scale: float) -> None:
    random = np.random.default_rng(1)
    values = random.lognormal(0, 8, 10_000) * scale
    values[[3, 9_000]] = [0.0, np.ldexp(1.0, -1060)]
    assert_true(values.tolist(), ExactSums.of(values))
    assert ExactSums.of(values).mean == pytest.approx(fsum(values) / len(values), rel=1e-15, abs=TINIEST)


def test_rows_that_fill_the_pieces_to_the_brim() -> None:
    values = np.full(8_192 * 2, np.nextafter(2.0, 0.0))
    assert_true(values.tolist(), ExactSums.of(values))
    assert_true((-values).tolist(), ExactSums.of(-values))


def test_nearly_constant_numbers_keep_their_variance() -> None:
    distances = np.random.default_rng(0).choice([-1e-9, 1e-9], 5_000)
    values = 120.37 + distances
    true = values - 120.37  # exact, since both are close
    assert ExactSums.of(values).variance == pytest.approx(true.var(), rel=1e-12)
    assert ExactSums.of(np.full(1_000, 0.1)).variance == 0.0
    assert ExactSums.of(np.full(1_000, 0.1)).mean == 0.1


@given(value=NUMBERS, n=st.integers(0, 20))
def test_copies_are_summed_without_being_made(value: float, n: int) -> None:
    assert ExactSums.of_copies(value, n) == ExactSums.of(np.full(n, value))


def test_nothing_sums_to_nothing() -> None:
    assert ExactSums.of(np.empty(0)) == ExactSums()
    assert (ExactSums().mean, ExactSums().variance) == (0.0, 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_what_cannot_be_summed_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be summed"):
        ExactSums.of(np.array([1.0, value]))
