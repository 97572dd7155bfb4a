"""Reading playlist files of any program: the format is found by content first, then by suffix."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from encodings import normalize_encoding
from encodings.aliases import aliases
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from songatlas.errors import UnreadableTable, quoted
from songatlas.files import is_audio, read_at_most
from songatlas.playlists.csv_lists import columns_left_out, is_table
from songatlas.playlists.formats import FORMATS, Format
from songatlas.playlists.locations import is_on_share, is_uri
from songatlas.playlists.tracks import Track, TrackList
from songatlas.playlists.uris import track_of

MOST_BYTES: Final = 1 << 26
"""Largest playlist file that is read, in bytes."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,80}encoding\s*=\s*["']([\w.-]{1,30})["']""")
_ENCODINGS: Final = frozenset(
    (
        *("ascii", "utf_8", "utf_8_sig", "latin_1", *(f"iso8859_{part}" for part in range(2, 17))),
        *(f"cp{page}" for page in (437, 850, 852, 866, 874, 932, 936, 949, 950, *range(1250, 1259))),
        *("koi8_r", "koi8_u", "mac_roman", "mac_cyrillic", "tis_620"),
        *("shift_jis", "euc_jp", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "euc_kr"),
    )
)  # all that Python knows would include ones that are slow, or no encodings of text
_WIDE: Final = frozenset(f"utf_{bits}{end}" for bits in (16, 32) for end in ("", "_le", "_be"))
_MOST_LOOKED_AT = 200
_ENOUGH = 0.5  # share of the first lines that must be music, for a list without a header
_NEXT = "give an M3U8, XSPF, JSPF or CSV file (as Exportify writes it), or a list of Spotify links"


def read_playlist(path: Path | str) -> TrackList:
    """Return the playlist that a file of any program holds.

    Understood are M3U and M3U8 (with or without header, byte order mark, of any line ends; UTF-8, UTF-16 or
    Windows-1252), XSPF, JSPF, tables of Exportify and of services that move playlists, and lists of
    Spotify URIs, links or ids.

    Parameters
    ----------
    path : Path or str
        The file. Relative paths in it become absolute ones.

    Returns
    -------
    TrackList
        Called as the file says, else as the file is. `notes` say what was left out or guessed.

    Raises
    ------
    UnreadableTable
        If there is no such file, it is larger than `MOST_BYTES`, holds more lines, cells, tags or values
        than any playlist, or it is none; the message says what to do.
    """
    path = Path(path)
    return playlist_of_bytes(_content_of(path), path.name, directory=path.parent)


def playlist_of_bytes(content: bytes, name: str, *, directory: Path | None = None) -> TrackList:
    r"""Return the playlist in the content of a file, such as one that was uploaded.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the file: its suffix helps, and its stem names a playlist that has no name.
    directory : Path, optional
        Folder of the file, to which its relative paths belong.

    Raises
    ------
    UnreadableTable
        As `read_playlist`.

    Examples
    --------
    >>> playlist_of_bytes(b"#EXTINF:181,Zo\xeb - Hey\r\nhey.mp3", "calm.m3u").tracks[0].artists
    ('Zoë',)
    """
    if len(content) > MOST_BYTES:
        raise _too_large(name)
    folder = None if directory is None else os.path.normpath(directory.absolute())
    with _named_in_errors(name):
        text, note = _decoded(content)
        chosen = _format_of(text, Path(name).suffix.lower())
        _require_bounded(text, chosen)
        found = chosen.read(text, Path(name).stem or "Playlist", folder)
    if text.strip() and not found.tracks and chosen.name == "uris":
        raise UnreadableTable(f"{quoted(name)} holds no address of a song on Spotify: {_NEXT}")
    tracks = found.tracks
    if chosen.name in ("m3u8", "m3u") and folder:
        tracks = tuple(_on_disk(track) for track in tracks)
    return replace(found, tracks=tracks, notes=(*note, *found.notes))


def columns_lost(path: Path) -> tuple[str, ...]:
    """Return the columns of a table of songs that are lost where a playlist replaces it; none of other files.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableTable
        As `read_playlist`.
    """
    content = _content_of(path)
    with _named_in_errors(path.name):
        text, _ = _decoded(content)
        chosen = _format_of(text, path.suffix.lower())
        _require_bounded(text, chosen)
        return columns_left_out(text) if chosen.name == "csv" else ()


def _content_of(path: Path) -> bytes:
    """What a file holds, unless it is larger than any playlist."""
    try:
        content = read_at_most(path, MOST_BYTES + 1)
    except OSError as error:
        named = quoted(str(path), longest=300)
        raise UnreadableTable(f"cannot read {named}: {error.strerror or error}") from None
    if len(content) > MOST_BYTES:
        raise _too_large(path.name)
    return content


@contextmanager
def _named_in_errors(name: str) -> Iterator[None]:
    """Errors of a reader, with the name of the file."""
    try:
        yield
    except UnreadableTable as error:
        raise UnreadableTable(f"cannot read {quoted(name)} as a playlist: {error}") from None


def _too_large(name: str) -> UnreadableTable:
    """What to say of a file that no playlist fills."""
    return UnreadableTable(
        f"{quoted(name)} is larger than {MOST_BYTES >> 20} MiB, which no playlist is: {_NEXT}"
    )


def _require_bounded(text: str, format: Format) -> None:
    """Refuse a text of so many small pieces that what is made of them would fill the memory."""
    for sign, (pieces, most) in format.most.items():
        if text.count(sign) > most:
            raise UnreadableTable(f"it holds more than {most:,} {pieces}, which no playlist does: {_NEXT}")


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and a note where its encoding was guessed."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace").removeprefix("\ufeff"), ()
    if declared := _declared_encoding(content):
        try:
            return content.decode(declared), ()
        except UnicodeError:
            pass
    try:
        return content.decode(), ()
    except UnicodeDecodeError:
        note = "the file is not in UTF-8 and was read as Windows-1252: look at letters with accents"
        return content.decode("cp1252", "replace"), (note,)


def _declared_encoding(content: bytes) -> str | None:
    """The encoding that XML says it is in; None where it says none, or one that it cannot be in."""
    declared = _DECLARED.match(content[:200].lstrip())
    if declared is None:
        return None
    named = declared[1].decode()
    word = normalize_encoding(named).lower().removeprefix("x_").replace("windows_31j", "cp932")
    word = re.sub(r"^windows_(?=\d{3}$)", "cp", word)
    encoding = aliases.get(word, word)
    if encoding in _WIDE:  # its first line could not be read as it was just now
        return None
    if encoding not in _ENCODINGS:
        raise UnreadableTable(
            f"this XML says it is in {quoted(named)}, which is no encoding of playlists: save it as UTF-8"
        )
    return encoding


def _format_of(text: str, suffix: str) -> Format:
    """The format of a text."""
    start = text[:1000].lstrip()
    lines = [line.strip() for line in text[:100_000].splitlines()[:_MOST_LOOKED_AT] if line.strip()]
    if "\0" in text:
        raise UnreadableTable(f"it is no text: {_NEXT}")
    if start.startswith("<"):
        return FORMATS["xspf"]
    if start.startswith("{") or (start.startswith("[") and not start.lower().startswith("[playlist]")):
        return FORMATS["jspf"]
    is_csv = suffix not in (".m3u", ".m3u8") and is_table(text[:100_000])
    headed = is_csv and not lines[0].startswith("#")  # then such lines are titles
    if not headed and any(line.startswith(("#EXTM3U", "#EXTINF:")) for line in lines):
        return FORMATS["m3u8"]
    named = [line for line in lines if not line.startswith("#")]
    if named and sum(track_of(line) is not None for line in named) >= _ENOUGH * len(named):
        return FORMATS["uris"]
    if is_csv:
        return FORMATS["csv"]
    return _by_suffix(suffix, named, is_empty=not lines)


def _by_suffix(suffix: str, named: list[str], *, is_empty: bool) -> Format:
    """The format that the suffix means, where the content says none and does not speak against it."""
    for row in FORMATS.values():
        fits = row.name == "csv" or (row.name in ("m3u8", "m3u") and _looks_like_music(named, least=0.0))
        if suffix in row.suffixes and (is_empty or fits):
            return row
    if _looks_like_music(named, least=_ENOUGH):
        return FORMATS["m3u8"]
    if named and named[0].lower() == "[playlist]":
        raise UnreadableTable("it is a PLS file: open it in a player and save it as M3U8 or XSPF")
    raise UnreadableTable("it is empty" if is_empty else f"it is no playlist that songatlas knows: {_NEXT}")


def _looks_like_music(named: list[str], *, least: float) -> bool:
    """Say whether more than that share of the lines are files of music or addresses."""
    found = sum(is_audio(line) or is_uri(line) for line in named)
    return found > least * len(named)


def _on_disk(track: Track) -> Track:
    """A track with the spelling of its path under which there is a file: as written, or decoded."""
    location = track.location
    if location is None or is_uri(location) or "\0" in location:
        return track
    if "%" not in location and "\\" not in location:
        return track
    try:
        if not _is_there(location):
            decoded = unquote(location, errors="surrogateescape")
            for spelling in (decoded, location.replace("\\", "/"), decoded.replace("\\", "/")):
                if _is_there(spelling):
                    return replace(track, location=spelling)
    except OSError:  # a name that is too long for a file
        return track
    return track


def _is_there(path: str) -> bool:
    """Whether a file lies on this computer."""
    return "\0" not in path and not is_on_share(path) and Path(path).exists()
