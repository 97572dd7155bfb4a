"""One pass over a file's sound: loudness at its own rate, and the song in mono at 22,050 Hz.

The song at its own rate is never held: each block goes to the loudness meter, becomes mono and goes
through the resampler (soxr, HQ). Where a decoder gives nothing, or clearly less than the header
promises, the other one is tried and the longer sound taken.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from songatlas.audio.decoding import Block, Decoder, DecoderName, open_sound
from songatlas.audio.headers import file_length, kind_of, open_file
from songatlas.audio.outcomes import LEAST_SECONDS, MOST_SECONDS, AudioFailure

if TYPE_CHECKING:
    from songatlas.audio.loudness import Loudness

RATE_22K: Final = 22_050

LEAST_SHARE: Final = 0.95
LEAST_GAP_S: Final = 1.0
"""Less than `LEAST_SHARE` of the promise, and more than this many seconds less, is a partial file."""
STILL: Final = 1e-4
"""A channel whose samples all lie this close together (-80 dB) is at rest, wherever it rests."""
CANCELLED: Final = 0.01
"""Mono with less than this share of the loudest channel's energy (-20 dB) has lost the song."""
EVERY: Final = 37
"""Energies are compared on one of so many samples; an odd number, so that no usual tone falls in step."""
LOUD_PEAK_DB: Final = 6.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came out of one file.

    Attributes
    ----------
    duration_s, decoded_s
        Length of the song and of the part that was decoded, in seconds; they differ only where a
        long file was cut at `MOST_SECONDS`.
    sample_rate, n_channels
        Of the file.
    mono_22k
        float32 (n,), 22,050 Hz, finite.
    loudness
        Of the file's own channels at its own rate.
    outcome
        "partial" where clearly less came out than the file promises.
    problems
        One plain phrase for each thing that is odd about the sound; for "partial" the first says how
        much could be decoded.
    """

    duration_s: float
    decoded_s: float
    sample_rate: int
    n_channels: int
    mono_22k: NDArray[np.float32]
    loudness: Loudness
    outcome: Literal["ok", "partial"]
    problems: tuple[str, ...] = ()


def hear(path: str | PathLike[str]) -> Heard:
    """Decode, measure the loudness and resample, in one pass over blocks.

    Parameters
    ----------
    path
        A file. Only its first `MOST_SECONDS` are decoded.

    Raises
    ------
    AudioFailure
        "unreadable", "too short" or "silent", with the reason.
    """
    kind = _look_at(path)
    heard = _longer_hearing(path, kind)
    if heard.seconds < LEAST_SECONDS:
        raise AudioFailure("too short", _why_short(heard))
    if heard.is_still or heard.loudness.integrated_lufs is None:
        raise AudioFailure("silent", _why_silent(heard))
    problems = _problems(heard)
    if heard.is_cancelled:
        problems.append("its channels cancel each other: the loudest one was measured")
        heard.mono_22k = _listen(path, heard.decoder, only=heard.loudest_channel).mono_22k
    return Heard(
        duration_s=max(heard.whole_s, heard.seconds) if heard.was_cut else heard.seconds,
        decoded_s=heard.seconds,
        sample_rate=heard.sample_rate,
        n_channels=heard.n_channels,
        mono_22k=heard.mono_22k,
        loudness=heard.loudness,
        outcome="partial" if heard.falls_short else "ok",
        problems=tuple(problems),
    )


def _look_at(path: str | PathLike[str]) -> str:
    """Return the kind of a file, or say why it cannot be listened to at all."""
    try:
        with open_file(path) as file:
            if file_length(file) == 0:
                raise AudioFailure("unreadable", "the file is empty")
            return kind_of(file)
    except OSError as error:
        raise AudioFailure("unreadable", refusal(error)) from error


def refusal(error: OSError) -> str:
    """Say in a few words why a file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return "the file is gone"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return f"it cannot be read: {(error.strerror or type(error).__name__).lower()}"


@dataclass(kw_only=True)
class _Hearing:
    """What one decoder gave."""

    decoder: DecoderName
    sample_rate: int
    n_channels: int
    promised_s: float | None
    whole_s: float
    n_frames: int
    n_bad_packets: int
    n_good_packets: int
    n_bad_samples: int
    mono_22k: NDArray[np.float32]
    loudness: Loudness
    loudest_channel: int
    is_still: bool
    is_uncounted: bool
    is_cancelled: bool
    was_cut: bool

    @property
    def seconds(self) -> float:
        return self.n_frames / self.sample_rate

    @property
    def bad_share(self) -> float:
        """Damaged packets among all; 0 where the decoder does not count the others."""
        return self.n_bad_packets / (self.n_bad_packets + self.n_good_packets) if self.n_good_packets else 0.0

    @property
    def falls_short(self) -> bool:
        """Whether clearly less came out than was promised, or than is there."""
        return self.bad_share > 1 - LEAST_SHARE or self.breaks_promise

    @property
    def breaks_promise(self) -> bool:
        """Whether clearly less came out than was promised."""
        if self.promised_s is None or self.was_cut:
            return False
        gap = self.promised_s - self.seconds
        return self.seconds < LEAST_SHARE * self.promised_s and gap > LEAST_GAP_S


def _longer_hearing(path: str | PathLike[str], kind: str) -> _Hearing:
    """Listen by soundfile and, where that gives too little, by PyAV."""
    heard: _Hearing | None = None
    reasons: list[str] = []
    decoders: tuple[DecoderName, DecoderName] = ("soundfile", "pyav")
    for decoder in decoders:
        try:
            other = _listen(path, decoder)
        except AudioFailure as failure:
            reasons.append(failure.reason)
            continue
        except OSError as error:
            raise AudioFailure("unreadable", refusal(error)) from error
        if heard is None or other.n_frames > heard.n_frames:
            heard = other
        if heard.n_frames and not heard.falls_short and not heard.n_bad_packets:
            return heard
    if heard is None or (heard.n_frames == 0 and heard.n_bad_packets):
        raise AudioFailure("unreadable", _why_unreadable(kind, reasons))
    return heard


def _why_unreadable(kind: str, reasons: list[str]) -> str:
    """Say what is wrong with a file that no decoder could open."""
    if kind == "":
        return "not audio: nothing in it is in a known format"
    for reason in reasons:
        if reason.startswith(("no sound", "damaged")):
            return reason
    if kind == "id3":
        return "damaged: it has tags, but no sound that can be decoded"
    if kind == "mp4":
        return "damaged: the index of the MP4 file is missing or broken"
    return f"damaged: it begins like {_NAMES.get(kind, kind)}, but no sound can be decoded"


_NAMES: Final = {
    "mpeg": "MP3",
    "aac": "AAC",
    "wav": "WAV",
    "aiff": "AIFF",
    "flac": "FLAC",
    "ogg": "Ogg",
    "asf": "WMA",
    "w64": "Wave64",
    "caf": "CAF",
    "ape": "Monkey's Audio",
    "wavpack": "WavPack",
    "matroska": "Matroska or WebM",
    "tta": "TTA",
    "mpc": "Musepack",
    "dsf": "DSF",
    "au": "AU",
    "ac3": "AC-3",
    "dts": "DTS",
    "amr": "AMR",
}


def _why_silent(heard: _Hearing) -> str:
    """Say of what kind the silence is."""
    if heard.is_still:
        what = "one value all along"
    elif heard.is_uncounted:
        what = "all there is lies in the channel of low frequencies, which does not count as heard"
    else:
        what = "nothing in it is louder than -70 dB"
    return f"no sound in {heard.seconds:.1f} s: {what}"


def _why_short(heard: _Hearing) -> str:
    if heard.falls_short:
        return _share_decoded(heard)
    return f"{heard.seconds:.2f} s of sound" if heard.n_frames else "no sound in it: 0 s"


def _share_decoded(heard: _Hearing) -> str:
    if heard.promised_s is None or not heard.breaks_promise:
        return f"damaged: {heard.bad_share:.0%} of it could not be decoded"
    return f"{heard.seconds:.1f} of {heard.promised_s:.1f} s could be decoded"


def _problems(heard: _Hearing) -> list[str]:
    """Say what is odd about a sound that can be measured."""
    found = []
    if heard.falls_short:
        found.append(_share_decoded(heard))
    elif heard.n_bad_packets:
        found.append(f"damaged: {heard.n_bad_packets} places were skipped")
    if heard.was_cut:
        found.append(f"long: only the first {MOST_SECONDS / 60:.0f} minutes were measured")
    if heard.n_bad_samples:
        found.append(f"{heard.n_bad_samples:,} samples that are no numbers were taken as silence")
    if heard.loudness.peak_db > LOUD_PEAK_DB:
        found.append(f"its peaks are {heard.loudness.peak_db:.0f} dB over full scale")
    return found


def _listen(path: str | PathLike[str], decoder: DecoderName, *, only: int | None = None) -> _Hearing:
    """Take all blocks of one decoder; mono from one channel where `only` names it."""
    with closing(open_sound(path, decoder=decoder)) as sound:
        return _Listener(sound, only=only).listen()


class _Listener:
    """Takes the blocks of one open file."""

    def __init__(self, sound: Decoder, *, only: int | None) -> None:
        from songatlas.audio.loudness import LoudnessMeter

        self.sound = sound
        self.only = only
        self.meter = LoudnessMeter(sound.sample_rate, sound.n_channels, speakers=sound.speakers)
        self.song = _Resampled(sound.sample_rate, RATE_22K)
        self.lowest = np.full(sound.n_channels, np.inf, dtype=np.float32)
        self.highest = -self.lowest
        self.energy = np.zeros(sound.n_channels)
        self.mono_energy = 0.0

    def listen(self) -> _Hearing:
        """Take block after block, `MOST_SECONDS` at most."""
        sound = self.sound
        most = round(MOST_SECONDS * sound.sample_rate)
        n_frames, was_cut = 0, False
        for block in sound:
            was_cut = n_frames + len(block) > most
            part = block[: most - n_frames]
            self._take(part)
            n_frames += len(part)
            if was_cut:
                break
        loudest = int(np.argmax(self.energy))
        return _Hearing(
            decoder=sound.decoder,
            sample_rate=sound.sample_rate,
            n_channels=sound.n_channels,
            promised_s=sound.promised_s,
            whole_s=sound.promised_s or sound.guessed_s or 0.0,
            n_frames=n_frames,
            n_bad_packets=sound.n_bad_packets,
            n_good_packets=sound.n_good_packets,
            n_bad_samples=sound.n_bad_samples,
            mono_22k=self.song.finish(),
            loudness=self.meter.result(),
            loudest_channel=loudest,
            is_still=bool(np.all(self.highest - self.lowest <= STILL)),
            is_uncounted=self.meter.weights[loudest] == 0 and self.energy[loudest] > 0,
            is_cancelled=self.mono_energy < CANCELLED * float(self.energy[loudest]),
            was_cut=was_cut,
        )

    def _take(self, block: Block) -> None:
        mono = mono_of(block) if self.only is None else np.ascontiguousarray(block[:, self.only])
        if self.only is None:
            self.meter.add(block)
            self._watch(block, mono)
        self.song.add(mono)

    def _watch(self, block: Block, mono: NDArray[np.float32]) -> None:
        """Note whether channels move at all, and how much of them is left in mono."""
        for c in range(block.shape[1]):
            if self.highest[c] - self.lowest[c] <= STILL:
                self.lowest[c] = min(self.lowest[c], block[:, c].min())
                self.highest[c] = max(self.highest[c], block[:, c].max())
            some = block[::EVERY, c]
            self.energy[c] += np.dot(some, some)
        some = mono[::EVERY]
        self.mono_energy += float(np.dot(some, some))


def mono_of(block: Block) -> NDArray[np.float32]:
    """Return the mean of the channels, float32 (n_frames,).

    Examples
    --------
    >>> mono_of(np.array([[1.0, 0.0], [0.5, -0.5]], dtype=np.float32)).tolist()
    [0.5, 0.0]
    """
    if block.shape[1] == 1:
        return block[:, 0]
    total = block[:, 0] + block[:, 1]
    for c in range(2, block.shape[1]):
        total += block[:, c]
    total *= np.float32(1 / block.shape[1])
    return total


class _Resampled:
    """A mono song at another rate, filled block by block.

    Room for `MOST_SECONDS` is asked for at once: pages that are never written cost no memory, and
    growing would copy.
    """

    def __init__(self, rate: int, new_rate: int) -> None:
        import soxr

        self.samples = np.empty(round((MOST_SECONDS + 1) * new_rate), dtype=np.float32)
        self.n = 0
        self.resampler: Any = None
        if rate != new_rate:
            self.resampler = soxr.ResampleStream(rate, new_rate, 1, dtype="float32", quality="HQ")

    def add(self, mono: NDArray[np.float32]) -> None:
        self._keep(self.resampler.resample_chunk(mono) if self.resampler else mono)

    def finish(self) -> NDArray[np.float32]:
        if self.resampler:
            self._keep(self.resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True))
        return self.samples[: self.n]

    def _keep(self, part: NDArray[np.float32]) -> None:
        part = part[: len(self.samples) - self.n]
        self.samples[self.n : self.n + len(part)] = part
        self.n += len(part)
