"""What the first bytes of a file say: which container it is, and how long its sound should be.

A file is known by its content, never by its ending. What a header promises is believed only where
something was counted when the file was made (sample counts, chunk sizes, a Xing header); a guess from
the bit rate is no promise. What is in the file counts too where the header promises less: frames of MPEG
audio behind those of the Xing header (`cat a.mp3 b.mp3`), and Ogg streams behind the first (see `ogg`).
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
import struct
from functools import lru_cache
from os import PathLike
from typing import BinaryIO, Final, NamedTuple

ID3V2_HEADER: Final = 10
UNKNOWN_SIZES: Final = frozenset({0, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF, 0xFFFFF000})
"""Sizes that programs write into a header when they do not know the length yet."""

MOST_LOST: Final = 10_000
"""Places between frames of MPEG audio that are looked at before giving up to count them."""

_MPEG_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MPEG_KILOBITS: Final = {
    (1, True): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (2, True): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, True): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (1, False): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, False): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by layer (2 stands for 3 too in MPEG 2) and whether it is MPEG 1."""
_MP4_BEGINNINGS: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_NAMES: Final = {
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"caff": "caf",
    b"MAC ": "ape",
    b"wvpk": "wavpack",
    b"\x1a\x45\xdf\xa3": "matroska",
    b"TTA1": "tta",
    b"MPCK": "mpc",
    b"MP+\x07": "mpc",
    b"DSD ": "dsf",
    b".snd": "au",
    b"#!AM": "amr",
    b"\x7f\xfe\x80\x01": "dts",
}
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_W64: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")


def open_file(path: str | PathLike[str]) -> BinaryIO:
    """Open a regular file for reading; names may be bytes that are no UTF-8, as `os.fsdecode` gives them.

    Raises
    ------
    OSError
        If it cannot be opened, or is a folder, pipe or device (opening a pipe would wait for ever).
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a Path would refuse such names
        raise OSError(errno.EINVAL, "Not a file but a pipe, a folder or a device", path)
    return open(path, "rb")  # noqa: PTH123


def file_length(file: BinaryIO) -> int:
    """Return the number of bytes of an open file."""
    return file.seek(0, os.SEEK_END)


def bytes_at(file: BinaryIO, place: int, count: int) -> bytes:
    """Read `count` bytes (fewer at the end of the file) from a place in it."""
    file.seek(place)
    return file.read(count)


def end_of_id3v2(file: BinaryIO) -> int:
    """Return where the ID3v2 tags at the beginning end; 0 without any, or where one goes past the file."""
    length, place = file_length(file), 0
    while True:
        header = bytes_at(file, place, ID3V2_HEADER)
        if len(header) < ID3V2_HEADER or not header.startswith(b"ID3") or max(header[6:10]) > 0x7F:
            return place
        size = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
        footer = ID3V2_HEADER if header[5] & 0x10 else 0
        if place + ID3V2_HEADER + size + footer > length:
            return place
        place += ID3V2_HEADER + size + footer


def kind_of(file: BinaryIO) -> str:
    """Name the container by its first bytes after any ID3v2 tags; "" where they tell nothing.

    Returns
    -------
    str
        "flac", "ogg", "wav", "aiff", "mp4", "asf", "w64", "caf", "ape", "wavpack", "matroska", "tta", "mpc",
        "dsf", "au", "ac3", "dts", "amr", "aac", "mpeg", "id3" (a tag and nothing known after it) or "".
    """
    place = end_of_id3v2(file)
    first = bytes_at(file, place, 16)
    return _named_beginning(first) or _frame_kind(first) or _without_zeros(file, place)


def _named_beginning(first: bytes) -> str:
    """Return the container whose name stands in the first bytes."""
    if first[:4] in (b"RIFF", b"RF64", b"BW64") and first[8:12] == b"WAVE":
        return "wav"
    if first[:4] == b"FORM" and first[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if first[4:8] in _MP4_BEGINNINGS:
        return "mp4"
    wide = {_ASF: "asf", _W64: "w64"}
    return _NAMES.get(first[:4], "") or wide.get(first, "") or ("ac3" if first[:2] == b"\x0b\x77" else "")


def _frame_kind(first: bytes) -> str:
    """Tell frames of AAC and MPEG audio, which have no name, by their first bits."""
    if len(first) < 4 or first[0] != 0xFF or first[1] & 0xE0 != 0xE0:
        return ""
    if first[1] & 0xF6 == 0xF0:
        return "aac"
    allowed = first[1] >> 3 & 3 != 1 and first[1] >> 1 & 3 and first[2] >> 4 not in (0, 15)
    return "mpeg" if allowed and first[2] >> 2 & 3 != 3 else ""


def _without_zeros(file: BinaryIO, place: int) -> str:
    """Look past padding after a tag; a tag with nothing known behind it is "id3"."""
    ahead = bytes_at(file, place, 1 << 16).lstrip(b"\0")[:16]
    found = _frame_kind(ahead)
    if found:
        return found
    return "id3" if bytes_at(file, 0, 3) == b"ID3" else ""


def promised_seconds(file: BinaryIO) -> float | None:
    """Return the length that the header of an MPEG or WAV file promises, in seconds.

    MPEG audio is counted frame by frame, and the header believed where it promises more. None where nothing
    can be trusted, and for the other containers, whose decoders tell it right.
    """
    kind = kind_of(file)
    if kind == "mpeg":
        return _mpeg_promise(file)
    if kind == "wav":
        return _chunked_promise(file, little=True)
    return None


def trusts_decoder(kind: str) -> bool:
    """Whether what a decoder says about the length of this kind of file was counted, not guessed."""
    return kind not in {"mpeg", "aac", "ac3", "dts", "amr", "id3", ""}


def _mpeg_promise(file: BinaryIO) -> float | None:
    """Frames by the Xing, Info or VBRI header in the first frame, or those in the file if they are more."""
    place = end_of_id3v2(file)
    ahead = bytes_at(file, place, 1 << 16)
    place += len(ahead) - len(ahead.lstrip(b"\0"))
    head = bytes_at(file, place, 256)
    frame = _mpeg_frame(head[:4])
    if frame is None:
        return None
    n_frames = 0
    for name in (b"Xing", b"Info"):
        at = head.find(name)
        if 0 < at <= len(head) - 12 and head[at + 7] & 1:
            n_frames = struct.unpack_from(">I", head, at + 8)[0]
    at = head.find(b"VBRI")
    if 0 < at <= len(head) - 18:
        n_frames = struct.unpack_from(">I", head, at + 14)[0]
    promised = n_frames * frame.n_samples / frame.rate
    return max(promised, _count_frames(file, place) or 0.0) or None


class _MpegFrame(NamedTuple):
    """What the four bytes before a frame of MPEG audio say."""

    length: int
    n_samples: int
    rate: int


@lru_cache(maxsize=4096)
def _mpeg_frame(head: bytes) -> _MpegFrame | None:
    """Read the four bytes before a frame; None for other bytes and for frames of no stated bit rate."""
    if _frame_kind(head) != "mpeg":
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate = _MPEG_RATES[version][head[2] >> 2 & 3]
    kilobits = _MPEG_KILOBITS[min(layer, 2 if version != 3 else 3), version == 3][(head[2] >> 4) - 1]
    padding = head[2] >> 1 & 1
    if layer == 1:
        return _MpegFrame((12_000 * kilobits // rate + padding) * 4, 384, rate)
    n_samples = 576 if layer == 3 and version != 3 else 1152
    return _MpegFrame(n_samples * 125 * kilobits // rate + padding, n_samples, rate)


def _count_frames(file: BinaryIO, place: int) -> float | None:
    """Add up all frames of MPEG audio, in seconds.

    Behind damage, a tag or a picture a frame counts only where another follows it: bytes may look like one.
    """
    seconds, n_lost, in_step = 0.0, 0, True
    try:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    with content:
        while 0 <= place < len(content) and n_lost < MOST_LOST:
            frame = _mpeg_frame(content[place : place + 4])
            if frame and (in_step or _mpeg_frame(content[place + frame.length : place + frame.length + 4])):
                seconds += frame.n_samples / frame.rate
                place += frame.length
                in_step = True
                continue
            place = content.find(b"\xff", place + 1)
            n_lost += 1
            in_step = False
    return seconds if n_lost < MOST_LOST else None


def chunks(file: BinaryIO, *, little: bool) -> list[tuple[bytes, int, int]]:
    """List the chunks of a RIFF (`little`) or AIFF file: name, first byte and claimed size.

    Stops at the sound if its size is unknown or goes past the end of the file.
    """
    length, place = file_length(file), 12
    found: list[tuple[bytes, int, int]] = []
    while place + 8 <= length and len(found) < 1000:
        head = bytes_at(file, place, 8)
        size = struct.unpack_from("<I" if little else ">I", head, 4)[0]
        found.append((head[:4], place + 8, size))
        if head[:4] in (b"data", b"SSND") and size in UNKNOWN_SIZES:
            break
        place += 8 + size + size % 2
    return found


def _chunked_promise(file: BinaryIO, *, little: bool) -> float | None:
    """Claimed bytes of sound by the bytes that a second takes."""
    per_second = 0
    for name, place, size in chunks(file, little=little):
        if name == b"fmt ":
            form = bytes_at(file, place, 16)
            per_second = struct.unpack_from("<I", form, 8)[0] if len(form) == 16 else 0
        if name == b"data":
            return size / per_second if per_second and size not in UNKNOWN_SIZES else None
    return None
