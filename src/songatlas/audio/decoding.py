"""The sound of a file as blocks of samples, by soundfile or by PyAV.

Blocks are float32 (n_frames, n_channels) at the file's own rate, about `FRAMES_AT_ONCE` frames, and may
share one buffer: use a block before asking for the next. Memory does not depend on what the header says.
Samples that are no numbers, or absurdly large, become 0 and are counted.

soundfile (libsndfile) is the quicker one and reads WAV, FLAC, Ogg, MP3 and AIFF; PyAV (FFmpeg) reads nearly
everything, skips damaged packets and goes on behind them. libsndfile may write warnings to the error stream
of the process, which is why scans decode in worker processes of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from os import PathLike
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from songatlas.audio.headers import file_length, kind_of, open_file, promised_seconds, trusts_decoder
from songatlas.audio.ogg import following_seconds
from songatlas.audio.outcomes import AudioFailure

Block = NDArray[np.float32]
DecoderName = Literal["soundfile", "pyav"]

FRAMES_AT_ONCE: Final = 1 << 15
VALUES_AT_ONCE: Final = 1 << 17
"""A block of many channels has fewer frames."""
LARGEST_SAMPLE: Final = 1e4
"""80 dB over full scale: what is larger is damage, no sound."""
RATES: Final = range(4_000, 1_000_001)
"""Hertz that loudness is defined for; telephones sample at 8,000."""
MOST_CHANNELS: Final = 64
LEAST_BITS_A_SECOND: Final = 200
"""A header that promises so much sound that even silence would take more bits is not believed."""

_FORMATS: Final = (
    "aac,ac3,eac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,flac,flv,mov,mp4,m4a,3gp,3g2,mj2,"
    "matroska,webm,mp3,mpc,mpc8,mpeg,mpegts,ogg,tak,tta,voc,w64,wav,wv"
)
"""Containers that FFmpeg may open: none that names other files or addresses."""


VORBIS_SPEAKERS: Final = {
    3: ("FL", "FC", "FR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}
"""Order of channels in Vorbis and Opus, which libsndfile leaves as it is (Vorbis I specification, 4.3.9)."""
_UNNAMED: Final = frozenset({"", "NONE", "UNK", "UNSD"})


class Decoder(Protocol):
    """An open file that yields its sound once.

    Attributes
    ----------
    decoder
        Who decodes.
    sample_rate, n_channels
        Of the file.
    promised_s
        Seconds of sound by the header; None where it says nothing that can be trusted.
    guessed_s
        Seconds by the library, good enough for the length of what was not decoded; or None.
    speakers
        Where each channel is heard, in FFmpeg's names ("FL", "LFE"); None where the order is that of WAV.
    n_bad_packets, n_good_packets
        Damaged places met so far, and sound ones where the library tells them one by one (0 elsewhere);
        final when the blocks have ended.
    n_bad_samples
        Samples so far that were no numbers and became 0.
    """

    decoder: DecoderName
    sample_rate: int
    n_channels: int
    promised_s: float | None
    guessed_s: float | None
    speakers: tuple[str, ...] | None
    n_bad_packets: int
    n_good_packets: int
    n_bad_samples: int

    def __iter__(self) -> Iterator[Block]: ...

    def close(self) -> None:
        """Let go of the file."""


def open_sound(path: str | PathLike[str], *, decoder: DecoderName = "soundfile") -> Decoder:
    """Open a file with one of the decoders.

    Raises
    ------
    AudioFailure
        "unreadable": this decoder finds no sound in it.
    OSError
        If the file itself cannot be opened.
    """
    sound: Decoder = SoundfileDecoder(path) if decoder == "soundfile" else PyavDecoder(path)
    if sound.sample_rate not in RATES or not 1 <= sound.n_channels <= MOST_CHANNELS:
        sound.close()
        what = f"{sound.n_channels} channels at {sound.sample_rate:,} Hz"
        raise AudioFailure("unreadable", f"damaged: no music has {what}")
    return sound


class SoundfileDecoder:
    """See `Decoder`; reads until a block is short, or the library gives up."""

    decoder: DecoderName = "soundfile"

    def __init__(self, path: str | PathLike[str]) -> None:
        import soundfile

        self._error: type[Exception] = soundfile.SoundFileError
        self.n_bad_packets = self.n_good_packets = self.n_bad_samples = 0
        with open_file(path) as file:
            self.promised_s, believed = _promise(file.fileno())
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            # soundfile closes the handle itself, also where it cannot open it
            self._file: Any = _one_way_file()(handle, closefd=True)
        except (self._error, TypeError, ValueError) as error:
            raise AudioFailure("unreadable", _plain(error)) from error
        self.sample_rate, self.n_channels = self._file.samplerate, self._file.channels
        is_vorbis = self._file.subtype in ("VORBIS", "OPUS")
        self.speakers = VORBIS_SPEAKERS.get(self.n_channels) if is_vorbis else None
        self.guessed_s = _believable(self._file.frames / max(self.sample_rate, 1), path)
        if self.promised_s is None and believed:
            self.promised_s = self.guessed_s

    def __iter__(self) -> Iterator[Block]:
        frames = min(FRAMES_AT_ONCE, VALUES_AT_ONCE // self.n_channels)
        buffer = np.empty((frames, self.n_channels), dtype=np.float32)
        while True:
            try:
                block = self._file.read(out=buffer)
            except self._error:
                self.n_bad_packets += 1
                return
            if len(block):
                self.n_bad_samples += clean(block)
                yield block
            if len(block) < frames:
                return

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class PyavDecoder:
    """See `Decoder`; packet by packet, damaged ones are skipped."""

    decoder: DecoderName = "pyav"

    def __init__(self, path: str | PathLike[str]) -> None:
        import av

        av.logging.set_level(None)
        self._error = av.FFmpegError
        self.n_bad_packets = self.n_good_packets = self.n_bad_samples = 0
        self._raw = open_file(path)
        self.promised_s, believed = _promise(self._raw.fileno())
        self._raw.seek(0)
        limits = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        self._container: Any = None
        try:
            self._container = av.open(self._raw, metadata_errors="replace", container_options=limits)
        except (self._error, ValueError, OSError) as error:
            self.close()
            raise AudioFailure("unreadable", _plain(error)) from error
        if not self._container.streams.audio:
            self.close()
            raise AudioFailure("unreadable", "no sound in it: pictures only")
        self._stream = self._container.streams.audio[0]
        self.sample_rate, self.n_channels = self._stream.rate or 0, self._stream.channels or 0
        names = tuple(channel.name for channel in self._stream.layout.channels)
        self.speakers = names if len(names) == self.n_channels and not _UNNAMED & {*names} else None
        seconds = float((self._stream.duration or 0) * (self._stream.time_base or 0))
        self.guessed_s = _believable(seconds, path)
        if self.promised_s is None and believed:
            self.promised_s = self.guessed_s

    def __iter__(self) -> Iterator[Block]:
        parts: list[Block] = []
        waiting = 0
        for part in self._frames():
            parts.append(part)
            waiting += len(part)
            if waiting >= min(FRAMES_AT_ONCE, VALUES_AT_ONCE // self.n_channels):
                yield self._joined(parts)
                parts, waiting = [], 0
        if parts:
            yield self._joined(parts)

    def _joined(self, parts: list[Block]) -> Block:
        block = np.concatenate(parts)
        self.n_bad_samples += clean(block)
        return block

    def _frames(self) -> Iterator[Block]:
        """Decode packet by packet; frames of another rate or other channels are damage too."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (self._error, ValueError, OSError):
                self.n_bad_packets += 1
                return
            try:
                frames = packet.decode()
            except (self._error, ValueError):
                self.n_bad_packets += 1
                continue
            for frame in frames:
                fits = frame.sample_rate == self.sample_rate and frame.layout.nb_channels == self.n_channels
                if fits:
                    self.n_good_packets += 1
                    yield _as_float(frame.to_ndarray(), n_channels=self.n_channels)
                else:
                    self.n_bad_packets += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
        self._raw.close()


@cache
def _one_way_file() -> type[Any]:
    """Return soundfile's file without seeking.

    It seeks after each block that it reads, which costs a third of the time with small blocks, and in
    damaged Ogg files skips to other places than reading on would.
    """
    import soundfile

    class OneWayFile(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    return OneWayFile


def clean(block: Block) -> int:
    """Set samples that are no numbers, or absurdly large, to 0 in place; returns how many."""
    flat = block.reshape(-1)
    with np.errstate(all="ignore"):
        # one quick product tells that a block is sound: any bad sample makes it too large or no number
        if np.dot(flat, flat) < LARGEST_SAMPLE**2:
            return 0
        bad = ~(np.abs(flat) < LARGEST_SAMPLE)
    n_bad = int(np.count_nonzero(bad))
    flat[bad] = 0.0
    return n_bad


def _as_float(samples: NDArray[Any], *, n_channels: int) -> Block:
    """Turn a frame of PyAV, (n_channels, n) or packed (1, n * n_channels), into a block."""
    packed = samples.shape[0] == 1 and n_channels > 1
    block = samples.reshape(-1, n_channels) if packed else samples.T
    if samples.dtype.kind == "u":
        return ((block.astype(np.float32) - 128.0) / 128.0).astype(np.float32)
    if samples.dtype.kind == "i":
        full_scale = float(1 << (8 * samples.dtype.itemsize - 1))
        return (block * np.float32(1 / full_scale)).astype(np.float32)
    return block.astype(np.float32, copy=False)


def _promise(descriptor: int) -> tuple[float | None, bool]:
    """Return what the header promises, and whether what the decoder says may stand in for it."""
    with open(descriptor, "rb", closefd=False) as file:
        kind = kind_of(file)
        promised = following_seconds(file) if kind == "ogg" else promised_seconds(file)
        return promised, trusts_decoder(kind)


def _believable(seconds: float, path: str | PathLike[str]) -> float | None:
    """Return a promise that the size of the file does not disprove."""
    with open_file(path) as file:
        bits = 8 * file_length(file)
    return seconds if 0 < seconds * LEAST_BITS_A_SECOND <= bits else None


def _plain(error: Exception) -> str:
    """Shorten what a library says to its own words, without paths and numbers of errors."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.split("] ")[-1].split(": '")[0].rstrip(".").lower()
