"""How much sound the streams of an Ogg file hold, where several follow one another.

Internet radio and `cat a.ogg b.ogg` make such files ("chained"); decoders may stop, without an error, at
the end of the first. Only the headers of the pages are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from songatlas.audio.headers import bytes_at, end_of_id3v2, file_length

_PAGE: Final = 27
_BEGINS: Final = 2
_AT_ONCE_S: Final = 5
"""Whatever begins with so many seconds or less began at 0; streams cut out of others begin at any sample."""
_NOWHERE: Final = (1 << 64) - 1
"""Written where no packet ends on a page."""


class _Page(NamedTuple):
    """Flags, samples so far as written, serial number; first byte of its contents and of what follows."""

    flags: int
    samples: int
    serial: bytes
    body: int
    end: int


@dataclass
class _Stream:
    """A stream: samples a second, 0 where it holds no sound; samples before it and at its last page."""

    rate: int
    first: int | None = None
    last: int = 0

    @property
    def seconds(self) -> float:
        return max(self.last - (self.first or 0), 0) / self.rate if self.rate else 0.0

    def reach(self, samples: int) -> None:
        """Note how many samples a page ends with."""
        if self.first is None:
            self.first = samples if samples > _AT_ONCE_S * self.rate else 0
        self.last = samples


def following_seconds(file: BinaryIO) -> float | None:
    """Return the seconds of sound of all streams that follow one another; None where there is only one.

    Counted up to the first place where no page begins.
    """
    links: list[dict[bytes, _Stream]] = []
    is_begun = True
    for page in _pages(file):
        if page.flags & _BEGINS:
            if is_begun:
                links.append({})
            is_begun = False
            links[-1][page.serial] = _Stream(_rate(bytes_at(file, page.body, 64)))
            continue
        is_begun = True
        stream = links[-1].get(page.serial) if links else None
        if stream is not None and page.samples not in (0, _NOWHERE):
            stream.reach(page.samples)
    if len(links) < 2:
        return None
    return sum(max(stream.seconds for stream in link.values()) for link in links)


def _pages(file: BinaryIO) -> Iterator[_Page]:
    """Yield the pages up to the first place where none begins."""
    place, length = end_of_id3v2(file), file_length(file)
    while place + _PAGE <= length:
        head = bytes_at(file, place, _PAGE + 255)
        if not head.startswith(b"OggS"):
            return
        samples = struct.unpack_from("<Q", head, 6)[0]
        body = place + _PAGE + head[26]
        end = body + sum(head[_PAGE : _PAGE + head[26]])
        yield _Page(head[5], samples, head[14:18], body, end)
        place = end


def _rate(first: bytes) -> int:
    """Return the samples a second by the first packet of a stream; 0 where it is none of sound."""
    if first.startswith(b"OpusHead"):
        return 48_000
    if first.startswith(b"\x01vorbis") and len(first) >= 16:
        return int(struct.unpack_from("<I", first, 12)[0])
    if first.startswith(b"\x7fFLAC") and len(first) >= 31:
        return int.from_bytes(first[27:30], "big") >> 4
    if first.startswith(b"Speex   ") and len(first) >= 40:
        return int(struct.unpack_from("<I", first, 36)[0])
    return 0
