"""A name for the sound of a file that stays when its tags change.

Only bytes that carry sound are hashed: no ID3, APE or Lyrics3 tags, no comments or pictures of FLAC, Ogg,
MP4, ASF, RIFF and AIFF. Where the structure of a container breaks, everything from there on is hashed: two
damaged songs keep two names. Of sounds over `MOST_BYTES` only samples are read. Two files with the same sound
in the same encoding have one name; the same song in another encoding has another. SHA-256, the fastest of
the hashes in Python on processors that have instructions for it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from os import PathLike
from typing import BinaryIO, Final, NamedTuple

from songatlas.audio.headers import (
    UNKNOWN_SIZES,
    bytes_at,
    chunks,
    end_of_id3v2,
    file_length,
    kind_of,
    open_file,
)

Span = tuple[int, int]

BYTES_AT_ONCE: Final = 1 << 20
MOST_BYTES: Final = 1 << 29
"""Of larger spans one of `EVERY` blocks is hashed, and the first and last `ENDS`: hours of sound, seconds."""
EVERY: Final = 16
ENDS: Final = 1 << 26
_APE_FOOTER: Final = 32
_ID3V1: Final = 128
_ASF_OBJECT: Final = 24
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_AFTER: Final = (b"\x90\x08\x00\x33", b"\xd3\x29\xe2\xd6", b"\xf8\x03\xb1\xfe", b"\xd0\x3f\xb7\x3c")
"""Beginnings of the names of indexes, which may stand behind the packets."""
_MP4_ATOMS: Final = frozenset(
    b"ftyp moov mdat free skip wide moof mfra sidx ssix styp uuid udta meta pdin emsg prft pnot junk".split()
)
_OGG_HEADERS: Final = {b"\x01vorbis": 3, b"OpusHead": 2, b"Speex   ": 2}


def payload_hash(path: str | PathLike[str]) -> str:
    """Hash what sounds in a file.

    Parameters
    ----------
    path
        A file of any kind; of one that is not known, or holds nothing but tags, all bytes are hashed.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with open_file(path) as raw:
        digest = hashlib.sha256()
        hashed = 0
        kind = kind_of(raw)
        if kind == "ogg":
            hashed = _hash_ogg(raw, digest.update)
        else:
            for span in _spans(raw, kind):
                hashed += _hash_span(raw, span, digest.update)
        if not hashed:
            _hash_span(raw, (0, file_length(raw)), digest.update)
        return digest.hexdigest()[:32]


def _spans(file: BinaryIO, kind: str) -> list[Span]:
    """Return the bytes of a file that carry sound, as (first, end)."""
    finders: dict[str, Callable[[BinaryIO], list[Span]]] = {
        "flac": _flac_spans,
        "mp4": _mp4_spans,
        "wav": _riff_spans,
        "aiff": _aiff_spans,
        "asf": _asf_spans,
    }
    if kind in finders and (found := finders[kind](file)):
        return found
    return [(end_of_id3v2(file), _end_without_tags(file))]


def _hash_span(file: BinaryIO, span: Span, update: Callable[[memoryview | bytes], None]) -> int:
    """Hash the bytes of a span that are there, or samples of a huge one; returns how many."""
    place, end = span
    if end - place <= MOST_BYTES:
        return _hash_all(file, span, update)
    update(struct.pack("<Q", end - place))
    step = EVERY * BYTES_AT_ONCE
    inside = ((at, at + BYTES_AT_ONCE) for at in range(place + ENDS, end - ENDS, step))
    return sum(_hash_all(file, part, update) for part in ((place, place + ENDS), *inside, (end - ENDS, end)))


def _hash_all(file: BinaryIO, span: Span, update: Callable[[memoryview | bytes], None]) -> int:
    """Hash every byte of a span that is there; returns how many."""
    place, end = span
    file.seek(place)
    buffer = memoryview(bytearray(min(BYTES_AT_ONCE, max(end - place, 1))))
    hashed = 0
    while place + hashed < end:
        n_read = file.readinto(buffer[: end - place - hashed])  # type: ignore[attr-defined]
        if not n_read:
            break
        update(buffer[:n_read])
        hashed += n_read
    return hashed


def _end_without_tags(file: BinaryIO) -> int:
    """Return where the sound ends: before ID3v1, APEv2 and Lyrics3 tags at the end of the file."""
    end = file_length(file)
    if end >= _ID3V1 and bytes_at(file, end - _ID3V1, 3) == b"TAG":
        end -= _ID3V1
    if end >= 15 and bytes_at(file, end - 9, 9) == b"LYRICS200":
        size = bytes_at(file, end - 15, 6)
        if size.isdigit() and int(size) + 15 <= end:
            end -= int(size) + 15
    footer = bytes_at(file, max(end - _APE_FOOTER, 0), _APE_FOOTER)
    if footer.startswith(b"APETAGEX") and len(footer) == _APE_FOOTER:
        size, _, flags = struct.unpack_from("<3I", footer, 12)
        has_header = flags >> 31
        whole = size + (_APE_FOOTER if has_header else 0)
        if whole <= end and (not has_header or bytes_at(file, end - whole, 8) == b"APETAGEX"):
            end -= whole
    return end


def _flac_spans(file: BinaryIO) -> list[Span]:
    """STREAMINFO and the frames."""
    start = end_of_id3v2(file)
    place, length = start + 4, file_length(file)
    stream_info: list[Span] = []
    while place + 4 <= length:
        head = bytes_at(file, place, 4)
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == 0:
            stream_info = [(place + 4, place + 4 + size)]
        place += 4 + size
        if head[0] & 0x80 and place < length:
            return [*stream_info, (place, _end_without_tags(file))]
    return []


def _mp4_spans(file: BinaryIO) -> list[Span]:
    """The contents of every mdat, and everything from where no atom follows."""
    place, length = end_of_id3v2(file), file_length(file)
    found: list[Span] = []
    while place + 8 <= length:
        head = bytes_at(file, place, 16)
        size, skipped = struct.unpack_from(">I", head)[0], 8
        if size == 1 and len(head) == 16:
            size, skipped = struct.unpack_from(">Q", head, 8)[0], 16
        if size == 0:
            size = length - place
        is_sound = head[4:8] == b"mdat"
        goes_past = place + size > length and not is_sound
        if size < skipped or head[4:8] not in _MP4_ATOMS or goes_past:
            return [*found, (place, _end_without_tags(file))]
        if is_sound:
            found.append((place + skipped, min(place + size, length)))
        place += size
    return found


def _riff_spans(file: BinaryIO) -> list[Span]:
    """The form and the samples, to the end of the file where their size is not known."""
    return _chunk_spans(file, little=True, wanted=(b"fmt ", b"data"))


def _aiff_spans(file: BinaryIO) -> list[Span]:
    return _chunk_spans(file, little=False, wanted=(b"COMM", b"SSND"))


def _chunk_spans(file: BinaryIO, *, little: bool, wanted: tuple[bytes, bytes]) -> list[Span]:
    """Spans of the wanted chunks, and the claimed size where the file ends before it; [] without sound."""
    length = file_length(file)
    found: list[Span] = []
    has_sound = False
    for name, place, size in chunks(file, little=little):
        is_sound = name == wanted[1]
        known = not (is_sound and size in UNKNOWN_SIZES)
        broken = not _is_chunk_name(name) or (not is_sound and place + size > length)
        if broken:
            found.append((place - 8, _end_without_tags(file)))
            break
        if name in wanted:
            if is_sound and known and place + size > length:
                found.append((place - 4, place))
            found.append((place, min(place + size, length) if known else length))
            has_sound |= is_sound
    return found if has_sound else []


def _is_chunk_name(name: bytes) -> bool:
    """Whether four bytes may name a chunk: letters, digits and the like."""
    return len(name) == 4 and all(0x20 <= letter < 0x7F or letter == 0xA9 for letter in name)


def _asf_spans(file: BinaryIO) -> list[Span]:
    """The packets of the data object, without the identity of the file before them; with what is no index."""
    place, length = end_of_id3v2(file), file_length(file)
    found: list[Span] = []
    while place + _ASF_OBJECT <= length:
        head = bytes_at(file, place, _ASF_OBJECT)
        size = struct.unpack_from("<Q", head, 16)[0]
        is_sound = head.startswith(_ASF_DATA)
        if is_sound:
            end = min(place + size, length) if size > 50 else length
            found.append((place + 50, end))
            size = end - place
        if size < _ASF_OBJECT or (found and not is_sound and not head.startswith(_ASF_AFTER)):
            return [*found, (place, _end_without_tags(file))] if found else []
        place += size
    return found


def _hash_ogg(file: BinaryIO, update: Callable[[memoryview | bytes], None]) -> int:
    """Hash the packets of every stream but its comments; page headers change with the tags.

    Where no page follows, the rest of the file is hashed as it is.
    """
    streams: dict[bytes, _OggHeaders] = {}
    hashed = 0
    with open(file.fileno(), "rb", buffering=BYTES_AT_ONCE, closefd=False) as raw:
        place, end = end_of_id3v2(raw), _end_without_tags(raw)
        for page in _ogg_pages(raw, place):
            if page.begins or page.serial not in streams:
                streams[page.serial] = _OggHeaders()
            kept = streams[page.serial].without_comments(page.lacing, page.body)
            update(kept)
            hashed += len(kept)
            place += page.length
        return hashed + (_hash_span(raw, (place, end), update) if place < end else 0)


class _OggPage(NamedTuple):
    """Serial number, whether a stream begins, packet lengths as written, contents, bytes of the whole."""

    serial: bytes
    begins: bool
    lacing: bytes
    body: bytes
    length: int


def _ogg_pages(file: BinaryIO, place: int) -> Iterator[_OggPage]:
    """Yield the pages up to the first place where none begins."""
    file.seek(place)
    while len(head := file.read(27)) == 27 and head.startswith(b"OggS"):
        lacing = file.read(head[26])
        body = file.read(sum(lacing))
        yield _OggPage(head[14:18], bool(head[5] & 2), lacing, body, 27 + len(lacing) + len(body))


class _OggHeaders:
    """Where one stream is among its first packets: identity, comments, set-up, then sound."""

    def __init__(self) -> None:
        self.number = 0
        self.n_headers: int | None = None
        self.begun = b""

    def without_comments(self, lacing: bytes, body: bytes) -> bytes:
        """Return the contents of a page without the bytes of comment packets."""
        if self.n_headers is not None and self.number >= self.n_headers:
            return body
        kept, place = [], 0
        for length in lacing:
            part = body[place : place + length]
            place += length
            if not self.begun and self.number == 0:
                self._identify(part)
            self.begun = self.begun or part[:1] or b"\0"
            if not self._is_comment():
                kept.append(part)
            if length < 255:
                self._end_packet()
        return b"".join(kept)

    def _identify(self, first: bytes) -> None:
        """Learn from the first packet how many headers the stream has; None: until FLAC says so."""
        self.flac = first.startswith(b"\x7fFLAC")
        if not self.flac:
            self.n_headers = next((n for name, n in _OGG_HEADERS.items() if first.startswith(name)), 3)

    def _is_comment(self) -> bool:
        """Whether the packet that goes on here holds no sound."""
        if self.n_headers is not None:
            return self.number == 1 and self.number < self.n_headers
        return self.number > 0

    def _end_packet(self) -> None:
        if self.n_headers is None and self.number > 0 and self.begun[0] & 0x80:
            self.n_headers = self.number + 1
        self.number += 1
        self.begun = b""
