"""What the bytes of a text table are: their encoding, their line ends and the separator of their cells.

It is seen at the top of the file; only where the bytes are no UTF-8 is all of it gone through.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from typing import Final, Protocol

from songatlas.errors import UnreadableTable
from songatlas.songs.delimited import CUT_LETTER, is_cut_letter, is_every_other_byte_zero, separator_of
from songatlas.songs.limits import LONGEST_ROW
from songatlas.songs.row_form import RowForm, form_of_text

BLOCK_BYTES: Final = 4 * 2**20
_HEAD = 65_536  # characters that show the separator, as for a whole file
_HEAD_BYTES = 4 * _HEAD
_FORM_BYTES = 4 * 2**20  # bytes at the top that show what rows look like
_LETTERS = 1_000_000  # bytes whose letters tell damaged UTF-8 from a code page
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


class Content(Protocol):
    """The bytes of a file, read from any place."""

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Return so many bytes from there, fewer at the end."""
        ...


@dataclass(frozen=True)
class TextForm:
    """What all blocks of a text file have in common.

    Attributes
    ----------
    encoding, separator : str
    has_lone_returns : bool
        Whether lines end with a carriage return alone.
    is_damaged : bool
        Whether some bytes are no text and are replaced.
    rows : RowForm or None
        What a row looks like, from the top of the file.
    width : int
        Columns of the table.
    """

    encoding: str
    separator: str
    has_lone_returns: bool
    is_damaged: bool
    rows: RowForm | None
    width: int


def look_at(content: Content) -> tuple[TextForm, int, int | None, tuple[str, ...]]:
    """Return the form of a text by its top, where its rows start and end (None: not known), and notes."""
    top = content.read_at(0, _HEAD_BYTES)
    mark, encoding = next(((mark, name) for mark, name in _MARKS if top.startswith(mark)), (b"", ""))
    if not encoding:
        wide = ((1, "utf-16-le"), (0, "utf-16-be"))
        encoding = next((name for at, name in wide if is_every_other_byte_zero(top[:4096], at)), "utf-8")
    form = TextForm(encoding, ",", False, False, None, 0)
    try:
        as_utf8(_whole_letters(top), form)
    except UnicodeDecodeError:
        form, end, notes = settle_encoding(content, form)
    else:
        end, notes = None, ()
    letters = _top_letters(content, mark, form, _HEAD_BYTES)
    if "\n" not in letters:
        form = replace(form, has_lone_returns=_has_lone_returns(content, form))
        letters = letters.replace("\r", "\n") if form.has_lone_returns else letters
    head = letters.encode()
    is_whole = len(head) <= _HEAD
    separator, start = separator_of(head[:_HEAD].decode(errors="replace"), is_whole=is_whole)
    letters = _top_letters(content, mark, form, _FORM_BYTES)
    letters = letters.replace("\r", "\n") if form.has_lone_returns else letters
    form = replace(form, separator=separator, rows=form_of_text(letters[start:], separator))
    skipped = len(mark) + len(letters[:start].encode(form.encoding))
    return form, skipped, end, notes


def _whole_letters(raw: bytes) -> bytes:
    """The bytes without a letter of UTF-8 that is cut at their end."""
    tail = raw[-3:]
    cut = next((place for place in (-1, -2, -3) if len(tail) >= -place and tail[place] >= 0xC0), None)
    return raw if cut is None else raw[:cut]


def _top_letters(content: Content, mark: bytes, form: TextForm, n_bytes: int) -> str:
    """The first letters of a file."""
    return content.read_at(len(mark), n_bytes).decode(form.encoding, errors="replace")


def _has_lone_returns(content: Content, form: TextForm) -> bool:
    """Say whether the lines of a file end with carriage returns; refuse one that is a single long line."""
    raw = content.read_at(0, LONGEST_ROW + 1)
    letters = raw.decode(form.encoding, errors="replace")
    if "\n" in letters:
        return False
    if "\r" not in letters and len(raw) > LONGEST_ROW:
        raise UnreadableTable(row_too_long(0))
    return "\r" in letters


def settle_encoding(content: Content, form: TextForm) -> tuple[TextForm, int | None, tuple[str, ...]]:
    """Find out what a file is that is not UTF-8, as `decode` does for a whole file."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    first, n_lost, n_letters, is_cp1252 = _first_bad(content), 0, 0, True
    offset, is_first = 0, True
    while raw := content.read_at(offset, BLOCK_BYTES):
        n_lost += decoder.decode(raw).count("\ufffd")
        if offset < _LETTERS:
            n_letters += sum(byte >= 0xC2 for byte in raw[: _LETTERS - offset])
        is_first = is_first and raw[: max(0, first - offset)].isascii()
        is_cp1252 = is_cp1252 and not set(raw) & {0x81, 0x8D, 0x8F, 0x90, 0x9D}
        offset += len(raw)
    n_lost += decoder.decode(b"", final=True).count("\ufffd")
    has_mark = content.read_at(0, 3) == codecs.BOM_UTF8
    if not has_mark and is_cut_letter(content.read_at(first, 4), is_first=is_first):
        return form, first, (CUT_LETTER,)
    if n_letters > 20 * n_lost or has_mark:
        note = f"bytes that are no UTF-8 text, replaced by \ufffd: {n_lost:,}"
        return replace(form, is_damaged=True), None, (note,)
    return replace(form, encoding="cp1252" if is_cp1252 else "latin-1"), None, ()


def _first_bad(content: Content) -> int:
    """Where the first byte stands that is no UTF-8."""
    offset, rest = 0, b""
    while True:
        raw = rest + content.read_at(offset + len(rest), BLOCK_BYTES)
        is_end = len(raw) == len(rest)
        try:
            text, used = codecs.utf_8_decode(raw, "strict", is_end)
        except UnicodeDecodeError as error:
            return offset + error.start
        del text
        if is_end:
            return offset + len(raw)
        offset, rest = offset + used, raw[used:]


def as_utf8(raw: bytes, form: TextForm) -> bytes:
    """The text of these bytes as UTF-8, lines ending with a line feed.

    Raises
    ------
    UnicodeDecodeError
        If they are no UTF-8, which nobody has said so far.
    """
    if form.encoding == "utf-8" and not form.is_damaged:
        if not raw.isascii():
            raw.decode("utf-8")
    else:
        raw = raw.decode(form.encoding, errors="replace").encode()
    return raw.replace(b"\r", b"\n") if form.has_lone_returns else raw


def row_too_long(offset: int) -> str:
    """Say that a row does not end."""
    return (
        f"holds a row of over {LONGEST_ROW // 2**20} million bytes (from byte {offset:,} on), which is no "
        "row of a table of songs: see whether the line ends are lost or a quote is never closed there"
    )
