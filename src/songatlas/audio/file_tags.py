"""What is written in an audio file: title, artists, album, genres, year, song number, ISRC.

Read by tinytag and chosen by the bytes of the file, not by its ending. Nothing in a tag is believed that
has not the shape of what it should be; what was mended or could not be read is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from typing import Any, BinaryIO, Final

from songatlas.audio.headers import bytes_at, end_of_id3v2, file_length, kind_of, open_file
from songatlas.audio.id3_frames import plain_tag
from songatlas.audio.tag_text import clean_text, is_garbage, mended, wrong_encoding

MOST_BYTES: Final = 1 << 25
"""No frame of text is longer; a header that claims so is not followed."""

_LOOKED_AT: Final = 1 << 16
_OLD_TAG: Final = 128
_BETWEEN_ARTISTS: Final = re.compile(r"\s*(?:;|\\\\|\s/\s)\s*")
_BETWEEN_GENRES: Final = re.compile(r"\s*[;/,|]\s*")
_NO_GENRES: Final = frozenset({"other", "unknown", "none", "genre", "undefined"})
_YEAR: Final = re.compile(r"(?<!\d)(?:18|19|20)\d\d(?!\d)")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_LARGEST_NUMBER: Final = 9999
_CODECS: Final = {"utf-8": "UTF-8", "cp932": "Shift JIS", "cp1251": "Cyrillic", "cp1252": "Windows-1252"}


@dataclass(frozen=True, kw_only=True)
class FileTags:
    """Tags of one file, cleaned; None or empty where the file says nothing usable.

    Attributes
    ----------
    title, album, album_artist
        Text for one cell: no control characters, no NUL.
    artists, genres
        One text each, none twice.
    year
        1800 to 2099.
    track_number
        Place on the album, 1 to 9999.
    isrc
        Twelve characters, without hyphens.
    problems
        One plain phrase for each thing that was mended or could not be read.
    """

    title: str | None = None
    artists: tuple[str, ...] = ()
    album: str | None = None
    album_artist: str | None = None
    genres: tuple[str, ...] = ()
    year: int | None = None
    track_number: int | None = None
    isrc: str | None = None
    problems: tuple[str, ...] = ()


def read_file_tags(path: str | PathLike[str]) -> FileTags:
    """Read the tags of a file; never raises for bad ones.

    Parameters
    ----------
    path
        Any file; one that cannot be opened has no tags.
    """
    try:
        with open_file(path) as file:
            kind = kind_of(file)
            written = _written(file)
    except OSError:
        return FileTags()
    if written is None:
        return FileTags(problems=("its tags are damaged",))
    texts, problems = _in_right_encoding(written)
    return FileTags(
        title=next(iter(texts["title"]), None),
        artists=_unique(part for text in texts["artist"] for part in _BETWEEN_ARTISTS.split(text)),
        album=next(iter(texts["album"]), None),
        album_artist=next(iter(texts["albumartist"]), None),
        genres=_genres(texts["genre"]),
        year=_year([*written.get("year", ()), *written.get("date", ())]),
        track_number=_track_number(written, kind),
        isrc=_isrc(written.get("isrc", ())),
        problems=problems,
    )


class _Bounded:
    """A file that never gives, nor makes room for, more bytes than there are."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.length = file.seek(0, os.SEEK_END)
        file.seek(0)
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int) -> bytes:
        count = min(count, max(self.length - self.tell(), 0))
        if count > MOST_BYTES:
            raise ValueError(f"{count} bytes of text in one frame")
        return self.file.read(count)


def _written(file: BinaryIO) -> dict[str, list[str]] | None:
    """Return all fields as lists of text; None where the tags cannot be read."""
    from tinytag import ParseError, TinyTag, UnsupportedFormatError

    plain = plain_tag(file)
    bounded: Any = _Bounded(file if plain is None else _retagged(file, plain))
    try:
        try:
            tag = TinyTag.get(file_obj=bounded, duration=False)
        except UnsupportedFormatError:
            # an old tag at the end of the file may be there all the same
            tag = TinyTag.get("song.mp3", file_obj=bounded, duration=False)
    except ParseError:
        return None
    return {key: [str(value) for value in values] for key, values in _lists(tag.as_dict())}


def _retagged(file: BinaryIO, tag: bytes) -> BinaryIO:
    """A file with another tag before it, as far as readers of tags look at it."""
    length, place = file_length(file), end_of_id3v2(file)
    after = bytes_at(file, place, _LOOKED_AT)
    old = bytes_at(file, max(length - _OLD_TAG, place + len(after)), _OLD_TAG)
    return BytesIO(tag + after + old)


def _lists(fields: dict[str, Any]) -> Iterable[tuple[str, list[str]]]:
    return ((key, value) for key, value in fields.items() if isinstance(value, list))


def _in_right_encoding(written: dict[str, list[str]]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Clean and mend the texts of a file; returns them, and what was wrong."""
    fields = ("title", "artist", "album", "albumartist", "genre")
    raw = {name: written.get(name, []) for name in fields}
    codec = wrong_encoding(text for texts in raw.values() for text in texts)
    problems = []
    if codec:
        raw = {name: [mended(text, codec) for text in texts] for name, texts in raw.items()}
        problems.append(f"its tags are {_CODECS[codec]} text declared as another encoding: mended")
    elif codec is not None:
        problems.append("its tags are in an encoding that could not be told: kept as they are")
    cleaned = {name: [clean for text in texts if (clean := clean_text(text))] for name, texts in raw.items()}
    if any("\ufffd" in text for texts in cleaned.values() for text in texts):
        problems.append("some characters of its tags could not be read")
    kept = {name: [text for text in texts if not is_garbage(text)] for name, texts in cleaned.items()}
    return kept, tuple(problems)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _genres(texts: list[str]) -> tuple[str, ...]:
    """Split joined genres; numbers and words that name no genre are left out."""
    parts = _unique(part for text in texts for part in _BETWEEN_GENRES.split(text))
    named = (part for part in parts if any(letter.isalpha() for letter in part))
    return tuple(part for part in named if part.lower() not in _NO_GENRES)


def _year(texts: Iterable[str]) -> int | None:
    """Return the first year that stands alone in a date."""
    for text in texts:
        if found := _YEAR.search(text):
            return int(found[0])
    return None


def _track_number(written: dict[str, list[str]], kind: str) -> int | None:
    """Return the place on the album; "7/0" is no such place, but MP4 writes 0 where it knows no total."""
    text = next(iter(written.get("track", ())), "")
    total = next(iter(written.get("track_total", ())), "")
    if not text.isdecimal() or (total == "0" and kind != "mp4"):
        return None
    number = int(text)
    return number if 1 <= number <= _LARGEST_NUMBER else None


def _isrc(texts: Iterable[str]) -> str | None:
    """Return the first text with the shape of an ISRC."""
    for text in texts:
        for part in re.split(r"[/;,\0\s]+", text):
            code = part.replace("-", "").upper()
            if _ISRC.fullmatch(code):
                return code
    return None
