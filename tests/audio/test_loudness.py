"""The meter against the standards' own test signals, against pyloudnorm, and however sound is cut."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.audio.loudness import LoudnessMeter, channel_weights, k_weighting
from songatlas.errors import BadSettings
from songatlas.kernels import reference

RATES = [8_000, 11_025, 22_050, 44_100, 48_000, 96_000]


def sine(decibels: float, seconds: float, *, rate: int = 48_000, hertz: float = 1000.0) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * times)


def stereo(*parts: tuple[float, float], rate: int = 48_000) -> np.ndarray:
    mono = np.concatenate([sine(decibels, seconds, rate=rate) for decibels, seconds in parts])
    return np.stack([mono, mono], axis=1).astype(np.float32)


def measure(sound: np.ndarray, rate: int = 48_000, *, cut: int = 1 << 17):
    meter = LoudnessMeter(rate, sound.shape[1])
    for first in range(0, len(sound), cut):
        meter.add(sound[first : first + cut])
    return meter.result()


def pulsing_noise(rate: int, n_channels: int, seconds: float = 12.0, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    n_frames = int(seconds * rate)
    loud = np.repeat(10 ** (random.uniform(-40, -6, size=int(seconds * 2) + 1) / 20), -(-rate // 2))
    return (random.uniform(-1, 1, size=(n_frames, n_channels)) * loud[:n_frames, None]).astype(np.float32)


def test_filters_are_those_of_the_standard_at_48_khz():
    shelf, high_pass = k_weighting(48_000)
    told = [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(shelf, told, atol=1e-13)
    np.testing.assert_allclose(high_pass, [1, -2, 1, -1.99004745483398, 0.99007225036621], atol=1e-13)


@pytest.mark.parametrize("rate", RATES)
def test_full_scale_in_one_channel_is_minus_3(rate: int):
    sound = np.zeros((4 * rate, 2), dtype=np.float32)
    sound[:, 0] = sine(0, 4, rate=rate, hertz=997)
    heard = measure(sound, rate)
    assert heard.integrated_lufs == pytest.approx(-3.01, abs=0.25 if rate < 40_000 else 0.01)
    assert heard.peak_db == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_signals_of_ebu_tech_3341(parts, expected):
    assert measure(stereo(*parts)).integrated_lufs == pytest.approx(expected, abs=0.1)


def test_surround_weighs_more_and_low_frequencies_nothing():
    levels = [-28, -28, -24, -3, -30, -30]
    sound = np.stack([sine(level, 20) for level in levels], axis=1).astype(np.float32)
    assert measure(sound).integrated_lufs == pytest.approx(-23, abs=0.1)
    without = np.delete(sound, 3, axis=1)
    assert measure(without).integrated_lufs == pytest.approx(measure(sound).integrated_lufs, abs=1e-9)


@pytest.mark.parametrize(
    ("speakers", "weights"),
    [
        ("FL FR", (1, 1)),
        ("FL FR FC LFE", (1, 1, 1, 0)),
        ("FL FR BL BR", (1, 1, 1.41, 1.41)),
        ("FL FC FR BL BR LFE", (1, 1, 1, 1.41, 1.41, 0)),
        ("FL FR FC LFE BC SL SR", (1, 1, 1, 0, 1, 1.41, 1.41)),
        ("FL FR FC LFE BL BR SL SR", (1, 1, 1, 0, 1, 1, 1.41, 1.41)),
    ],
)
def test_channels_count_by_where_they_are_heard(speakers: str, weights: tuple[float, ...]):
    assert channel_weights(speakers.split()) == weights
    assert LoudnessMeter(48_000, len(weights), speakers=speakers.split()).weights.tolist() == list(weights)


def test_the_order_of_channels_is_that_of_their_names():
    sound = pulsing_noise(48_000, 6)
    in_wav = measure(sound).integrated_lufs
    meter = LoudnessMeter(48_000, 6, speakers=["LFE", "BR", "FL", "BL", "FR", "FC"])
    meter.add(np.ascontiguousarray(sound[:, [3, 5, 0, 4, 1, 2]]))
    assert meter.result().integrated_lufs == pytest.approx(in_wav, abs=1e-9)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_signals_of_ebu_tech_3342(parts, expected):
    assert measure(stereo(*parts)).range_lu == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("n_channels", [1, 2, 5])
def test_within_a_tenth_of_pyloudnorm(rate: int, n_channels: int):
    pyloudnorm = pytest.importorskip("pyloudnorm")
    sound = pulsing_noise(rate, n_channels, seed=rate + n_channels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pyloudnorm.Meter(rate).integrated_loudness(sound.astype(np.float64))
    assert measure(sound, rate).integrated_lufs == pytest.approx(expected, abs=0.1)


def test_music_within_a_tenth_of_pyloudnorm(shared_data):
    pyloudnorm = pytest.importorskip("pyloudnorm")
    soundfile = pytest.importorskip("soundfile")
    paths = sorted((shared_data / "audio" / "free").rglob("*.ogg"))
    assert len(paths) > 5
    for path in paths:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        expected = pyloudnorm.Meter(rate).integrated_loudness(sound.astype(np.float64))
        assert measure(sound, rate).integrated_lufs == pytest.approx(expected, abs=0.1), path.name


@pytest.mark.parametrize("rate", [11_025, 44_100])
@pytest.mark.parametrize("cut", [1, 7, 4410, 100_003])
def test_cutting_changes_nothing(rate: int, cut: int):
    sound = pulsing_noise(rate, 2, seconds=3.7 if cut > 1 else 0.6)
    whole, cut_up = measure(sound, rate, cut=len(sound)), measure(sound, rate, cut=cut)
    assert cut_up.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-9)
    assert cut_up.range_lu == (None if cut == 1 else pytest.approx(whole.range_lu, abs=1e-9))
    assert cut_up.peak_db == whole.peak_db


def test_blocks_need_not_lie_in_order():
    sound = pulsing_noise(22_050, 2)
    turned = np.asfortranarray(sound)
    assert measure(turned, 22_050) == measure(sound, 22_050)


def test_what_cannot_be_told_is_none():
    short = measure(stereo((-20, 0.39)))
    assert short.integrated_lufs is None
    assert short.peak_db == pytest.approx(-20, abs=0.01)
    assert measure(stereo((-20, 0.41))).integrated_lufs == pytest.approx(-20, abs=0.2)
    assert measure(stereo((-20, 2.9))).range_lu is None
    silent = measure(np.zeros((48_000, 2), dtype=np.float32))
    assert (silent.integrated_lufs, silent.range_lu, silent.peak_db) == (None, None, -np.inf)
    assert measure(stereo((-80, 5))).integrated_lufs is None
    assert LoudnessMeter(44_100, 2).result().integrated_lufs is None
    assert measure(np.zeros((0, 2), dtype=np.float32)).peak_db == -np.inf


def test_gain_moves_loudness_by_as_much():
    sound = pulsing_noise(44_100, 2)
    heard, softer = measure(sound, 44_100), measure(sound / 4, 44_100)
    assert heard.integrated_lufs - softer.integrated_lufs == pytest.approx(20 * np.log10(4), abs=1e-4)
    assert softer.range_lu == pytest.approx(heard.range_lu, abs=0.05)


def test_refuses_what_is_no_sound():
    with pytest.raises(BadSettings, match="3000 Hz"):
        LoudnessMeter(3000, 2)
    with pytest.raises(BadSettings, match="0 channels"):
        LoudnessMeter(44_100, 0)
    with pytest.raises(BadSettings, match=r"\(frames, 2\)"):
        LoudnessMeter(44_100, 2).add(np.zeros((10, 3), dtype=np.float32))


@settings(max_examples=60, deadline=None)
@given(
    n_frames=st.integers(0, 3000),
    n_channels=st.integers(1, 9),
    rate=st.sampled_from(RATES),
    loud=st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1e10]),
    seed=st.integers(0, 2**31),
)
def test_engines_agree(n_frames, n_channels, rate, loud, seed):
    native = pytest.importorskip("songatlas.kernels.native", reason="the C kernels were not built")
    random = np.random.default_rng(seed)
    frames = (loud * random.standard_normal((n_frames, n_channels))).astype(np.float32)
    inner = np.sort(random.integers(0, n_frames + 1, size=random.integers(0, 6)))
    edges = np.array([0, *inner, n_frames], dtype=np.int64)
    filters = k_weighting(rate)
    states = 1e-3 * loud * random.standard_normal((n_channels, 4))
    mine, theirs = states.copy(), states.copy()
    squares, peak = native.weighted_squares(frames, filters, mine, edges)
    expected, expected_peak = reference.weighted_squares(frames, filters, theirs, edges)
    assert peak == pytest.approx(expected_peak, rel=1e-6)
    np.testing.assert_allclose(squares, expected, rtol=1e-7, atol=1e-12 * loud**2)
    np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-9 * loud)


def test_the_c_engine_refuses_what_does_not_fit():
    _kernels = pytest.importorskip("songatlas.kernels._kernels", reason="the C kernels were not built")
    frames, filters = np.zeros((10, 2), dtype=np.float32), k_weighting(44_100)
    states, squares = np.zeros((2, 4)), np.zeros((1, 2))
    for edges in ([0, 11], [-1, 10], [0, 9], [5, 4]):
        with pytest.raises(ValueError, match="edges must rise to 10"):
            _kernels.weighted_squares(frames, filters, states, np.array(edges), squares)
    with pytest.raises(ValueError, match="states must be 2 long"):
        _kernels.weighted_squares(frames, filters, np.zeros((3, 4)), np.array([0, 10]), squares)
    with pytest.raises(ValueError, match="frames must be of float32"):
        _kernels.weighted_squares(frames.astype(float), filters, states, np.array([0, 10]), squares)
