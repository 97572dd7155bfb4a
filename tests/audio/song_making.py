"""Makers of small songs and tags for tests."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile as sf
from numpy.typing import NDArray

RATE = 44_100
CODECS = {".m4a": "aac", ".aac": "aac", ".wma": "wmav2", ".mp4": "aac", ".oga": "flac"}

Sound = NDArray[np.float32]


def chords(*, seconds: float = 3.0, rate: int = RATE, n_channels: int = 2, seed: int = 0) -> Sound:
    """A little music, float32 (n, n_channels): three notes, clicks twice a second, some noise."""
    t = np.arange(int(seconds * rate)) / rate
    rng = np.random.default_rng(seed)
    notes = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 329.6)) / 10
    clicks = np.where(t % 0.5 < 0.01, rng.uniform(-0.4, 0.4, len(t)), 0.0)
    channels = [notes + clicks + rng.normal(0, 0.01, len(t)) for _ in range(n_channels)]
    return np.stack(channels, axis=1).astype(np.float32)


def write_by_av(
    path: Path, sound: Sound, *, rate: int = RATE, tags: dict[str, str] | None = None, codec: str = ""
) -> Path:
    """Write a file in a format that soundfile does not write."""
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        layout = "stereo" if sound.shape[1] == 2 else "mono"
        codec = codec or CODECS[path.suffix]
        stream: Any = container.add_stream(codec, rate=rate, layout=layout, bit_rate=128_000)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        for start in range(0, len(sound), 1024):
            part = np.ascontiguousarray(sound[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.rate, frame.pts = rate, start
            for fitting in resampler.resample(frame):
                container.mux(stream.encode(fitting))
        container.mux(stream.encode(None))
    return path


def id3v2(frames: dict[str, bytes | str]) -> bytes:
    """An ID3v2.3 tag; text is UTF-16, bytes come with their own mark of encoding."""
    body = b""
    for name, content in frames.items():
        text = b"\x01" + content.encode("utf-16") if isinstance(content, str) else content
        body += name.encode() + struct.pack(">IH", len(text), 0) + text
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def id3v1(title: str, *, genre: int = 17) -> bytes:
    """An old tag for the end of a file."""
    cells = title.encode("latin-1").ljust(30, b"\0") + b"Old artist".ljust(30) + b"\0" * 30
    return b"TAG" + cells + b"1999" + b"\0" * 30 + bytes([genre])


def write_song(path: Path, sound: Sound, *, rate: int = RATE, **settings: Any) -> Path:
    """Write a sound; the ending of the path says in which format (Opus is always at 48 kHz)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".opus":
        settings |= {"format": "OGG", "subtype": "OPUS"}
        rate = 48_000
    if path.suffix in CODECS:
        return write_by_av(path, sound, rate=rate, **settings)
    sf.write(path, sound, rate, **settings)
    return path
