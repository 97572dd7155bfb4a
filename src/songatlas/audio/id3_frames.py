"""ID3v2 tags written plainly: what some writers scrambled is undone before the tags are read.

"Unsynchronised" tags have a 0 after every 255, so that old players do not take them for sound: a mark of
UTF-16 comes apart, and the title is garbage. Frames that are packed or encrypted are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from songatlas.audio.headers import ID3V2_HEADER, bytes_at

MOST_BYTES: Final = 1 << 26
"""Larger tags are left as they are."""
_UNSYNCHRONISED: Final = 0x80
_EXTENDED: Final = 0x40
_FRAME: Final = {2: 6, 3: 10, 4: 10}


class _Flags(NamedTuple):
    """Bits of the second byte of flags of a frame, by version of the tag."""

    closed: int
    unsynchronised: int
    grouped: int
    measured: int


_FRAME_FLAGS: Final = {3: _Flags(0xC0, 0, 0x20, 0), 4: _Flags(0x0C, 0x02, 0x40, 0x01)}


def plain_tag(file: BinaryIO) -> bytes | None:
    """Return the ID3v2 tag at the beginning of a file with nothing scrambled in it.

    Returns
    -------
    bytes or None
        A whole tag of the same version, without extended header; None where there is none, where it is cut
        off or too large, or where nothing in it is scrambled.
    """
    header = bytes_at(file, 0, ID3V2_HEADER)
    if len(header) < ID3V2_HEADER or not header.startswith(b"ID3") or max(header[6:10]) > 0x7F:
        return None
    version, flags, size = header[3], header[5], _seven_bits(header[6:10])
    if version not in _FRAME or size > MOST_BYTES:
        return None
    body = bytes_at(file, ID3V2_HEADER, size)
    whole = flags & _UNSYNCHRONISED and version < 4
    if whole:
        body = _undone(body)
    if flags & _EXTENDED and version > 2:
        body = _without_extension(body, version)
    written = list(_frames(body, version))
    frames = [_opened(frame, version, all_of_them=bool(flags & _UNSYNCHRONISED)) for frame in written]
    if not whole and frames == written:
        return None
    plain = b"".join(frame for frame in frames if frame)
    return header[:5] + b"\0" + _as_seven_bits(len(plain)) + plain


def _frames(body: bytes, version: int) -> Iterator[bytes]:
    """Yield the frames of a tag whole, up to the padding or the first that is none."""
    head, place = _FRAME[version], 0
    while place + head <= len(body) and body[place : place + 3].isalnum():
        if version == 2:
            size = int.from_bytes(body[place + 3 : place + 6], "big")
        elif version == 3:
            size = struct.unpack_from(">I", body, place + 4)[0]
        else:
            size = _seven_bits(body[place + 4 : place + 8])
        end = place + head + size
        if end > len(body):
            return
        yield body[place:end]
        place = end


def _opened(frame: bytes, version: int, *, all_of_them: bool) -> bytes:
    """Undo what was done to one frame; empty where that cannot be."""
    if version == 2:
        return frame
    bits, marks, content = frame[9], _FRAME_FLAGS[version], frame[10:]
    if not bits and not (all_of_them and version == 4):
        return frame
    if bits & marks.closed:
        return b""
    content = content[bool(bits & marks.grouped) + 4 * bool(bits & marks.measured) :]
    if version == 4 and (all_of_them or bits & marks.unsynchronised):
        content = _undone(content)
    size = struct.pack(">I", len(content)) if version == 3 else _as_seven_bits(len(content))
    return frame[:4] + size + b"\0\0" + content


def _without_extension(body: bytes, version: int) -> bytes:
    """Drop the extended header; its size counts itself in version 4 only."""
    if version == 4:
        return body[_seven_bits(body[:4]) :]
    return body[4 + int.from_bytes(body[:4], "big") :]


def _undone(content: bytes) -> bytes:
    return content.replace(b"\xff\0", b"\xff")


def _seven_bits(four: bytes) -> int:
    """Return a number written in four times seven bits."""
    number = 0
    for byte in four:
        number = number << 7 | byte & 0x7F
    return number


def _as_seven_bits(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
