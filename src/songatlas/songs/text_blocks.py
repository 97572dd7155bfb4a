"""A text table of any size, cut at ends of rows into blocks that are read one by one.

The file is gone through once. Each block is then read by itself to the very cells that the whole file would
give (see `delimited`): quotes may span lines, stray quotes stay plain characters, ragged rows are filled up
to the widest row of the file.

Conventions
-----------
Blocks are places in the bytes of the file, inside gzip those of the text in it. A row is never longer than
`LONGEST_ROW`, so that a file of one line is refused and never held. Rows are counted after blank lines were
passed over; the header row counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import polars as pl

from songatlas.errors import UnreadableTable
from songatlas.songs.delimited import (
    EMPTY_STAYS,
    ENDS_INSIDE,
    LACKS_HEADER,
    MOST_EXTRA,
    Row,
    blank_lines,
    each_row,
    ragged_rows,
    read_fast,
    stray_quotes,
)
from songatlas.songs.headers import may_lack_a_header
from songatlas.songs.limits import LONGEST_ROW, require_columns, require_dense
from songatlas.songs.marks import find_marks
from songatlas.songs.text_form import (
    BLOCK_BYTES,
    Content,
    TextForm,
    as_utf8,
    look_at,
    row_too_long,
    settle_encoding,
)


@dataclass(frozen=True)
class TextBlock:
    """Rows that follow each other in a text file.

    Attributes
    ----------
    offset, n_bytes : int
        Where they stand.
    n_ahead : int
        Bytes behind them that a tolerant reader looks at.
    n_rows, width : int
        Rows, and cells of the widest.
    road : {"plain", "fast", "tolerant"}
        How it is read.
    is_last : bool
        Whether the file ends with it.
    """

    offset: int
    n_bytes: int
    n_ahead: int
    n_rows: int
    width: int
    road: str
    is_last: bool


@dataclass(frozen=True)
class CutText:
    """A text file in blocks.

    Attributes
    ----------
    form : TextForm
    blocks : tuple of TextBlock
        Those that have rows.
    lacks_header_cell : bool
        Whether the header has one cell less than the rows: the first column has no header.
    sha256 : str
        Of the bytes as they were read.
    notes : tuple of str
        Dirt that was met.
    """

    form: TextForm
    blocks: tuple[TextBlock, ...]
    lacks_header_cell: bool
    sha256: str
    notes: tuple[str, ...]


def cut_text(content: Content, *, block_bytes: int = BLOCK_BYTES) -> CutText:
    """Cut a text table into blocks.

    Parameters
    ----------
    content : Content
        The file.
    block_bytes : int
        Size of a block; one is longer where a row is.

    Raises
    ------
    UnreadableTable
        If the text is no table, or a row is longer than `LONGEST_ROW`.
    """
    form, start, end, notes = look_at(content)
    try:
        return _Cutter(content, form, start, end, block_bytes).cut(notes)
    except UnicodeDecodeError:
        form, end, notes = settle_encoding(content, form)
        return _Cutter(content, form, start, end, block_bytes).cut(notes)


def read_block(
    content: Content,
    block: TextBlock,
    form: TextForm,
    columns: Sequence[int] | None = None,
    *,
    start: int = 0,
    n_rows: int | None = None,
) -> pl.DataFrame:
    """Return rows of a block as String columns ``c0``, ``c1`` ..., only some of them if asked for."""
    stop = block.n_rows if n_rows is None else min(block.n_rows, start + n_rows)
    text = as_utf8(content.read_at(block.offset, block.n_bytes + block.n_ahead), form)
    if block.road == "plain":
        some = columns if columns is not None and block.width == form.width else None
        grid = _read_plain(text, form.separator, some, start, stop - start)
        grid = grid if some is not None else _widened(grid, form, block.width)
    elif block.road == "fast":
        fast = read_fast(_trimmed(text, is_last=block.is_last), form.separator)
        if fast is None:
            raise UnreadableTable("was changed while it was read: start again, and let it be meanwhile")
        grid = _widened(fast[0], form, block.width).slice(start, stop - start)
    else:
        text = text.rstrip(b"\r\n") if block.is_last else text
        grid = _grid_of(_tolerant(text, form, stop)[start:], form)
    wanted = range(form.width) if columns is None else columns
    return grid.select(f"c{place}" for place in wanted)


def _read_plain(
    text: bytes, separator: str, columns: Sequence[int] | None, start: int, n_rows: int
) -> pl.DataFrame:
    """Read well-formed rows of one width."""
    wanted = None if columns is None else sorted(set(columns))
    grid = pl.read_csv(
        text,
        has_header=False,
        infer_schema=False,
        separator=separator,
        columns=wanted,
        skip_rows=start,
        n_rows=n_rows,
        **EMPTY_STAYS,
    )
    places = range(grid.width) if wanted is None else wanted
    grid.columns = [f"c{place}" for place in places]
    return grid


def _widened(grid: pl.DataFrame, form: TextForm, width: int) -> pl.DataFrame:
    """Rows as wide as the table: cells that a row is too short for are null, too many cells are joined."""
    if width > form.width:
        names = [f"c{place}" for place in range(form.width - 1, width)]
        last = pl.concat_str(names, separator=form.separator, ignore_nulls=True).alias(names[0])
        return grid.with_columns(last).drop(names[1:])
    if width < form.width:
        missing = [pl.lit(None, dtype=pl.String).alias(f"c{place}") for place in range(width, form.width)]
        return grid.with_columns(missing)
    return grid


def _grid_of(rows: list[list[str]], form: TextForm) -> pl.DataFrame:
    """Rows of any width as columns of text."""
    last = form.width - 1
    joined = (
        row if len(row) <= form.width else [*row[:last], form.separator.join(row[last:])] for row in rows
    )
    padded = (row + [None] * (form.width - len(row)) for row in joined)
    columns = list(zip(*padded, strict=True)) or [()] * form.width
    return pl.DataFrame(
        {f"c{place}": pl.Series(values, dtype=pl.String) for place, values in enumerate(columns)}
    )


def _tolerant(text: bytes, form: TextForm, n_rows: int) -> list[list[str]]:
    """So many rows that have cells, split tolerantly."""
    rows = each_row(text.decode("utf-8"), form.separator, lambda: form.rows)
    return list(islice((row.cells for row in rows if row.cells != [""]), n_rows))


def _trimmed(text: bytes, *, is_last: bool) -> bytes:
    """The text without blank lines at the end of the file."""
    end = text[-3:]
    is_usual = end[len(end.rstrip(b"\r\n")) :] in (b"", b"\n", b"\r\n")
    return text if is_usual or not is_last else text.rstrip(b"\r\n")


def require_ends_of_rows(content: Content) -> None:
    """Raise UnreadableTable if a line is longer than `LONGEST_ROW`; goes through the file once."""
    begin = offset = 0
    while raw := content.read_at(offset, min(BLOCK_BYTES, LONGEST_ROW)):
        ends = [place for place in (raw.find(b"\n"), raw.find(b"\r")) if place >= 0]
        if offset + min(ends, default=len(raw)) - begin > LONGEST_ROW:
            raise UnreadableTable(row_too_long(begin))
        if ends:
            begin = offset + max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1
        offset += len(raw)


@dataclass
class _Tally:
    """What the blocks of a file were found to be."""

    widths: Counter[int] = field(default_factory=Counter)
    stray: list[int] = field(default_factory=list)
    n_rows: int = 0  # with blank lines, as notes count
    n_blank: int = 0
    first: int = 0  # cells of the first row
    last: int = 0
    is_open: bool = False


class _Cutter:
    """Goes through a text file once."""

    def __init__(
        self, content: Content, form: TextForm, start: int, end: int | None, block_bytes: int
    ) -> None:
        self.content, self.form, self.start, self.end = content, form, start, end
        self.block_bytes = block_bytes
        self.tally = _Tally()
        self.hashed, self.hash = 0, hashlib.sha256()

    def cut(self, notes: tuple[str, ...]) -> CutText:
        """Return the blocks."""
        blocks, offset = [], self.start
        while (block := self._next(offset)) is not None:
            offset = block.offset + block.n_bytes
            if block.n_rows:
                blocks.append(block)
        self._hash_until(None)
        tally = self.tally
        if not blocks:
            raise UnreadableTable("holds no rows: fetch or export the table again")
        usual = tally.widths.most_common(1)[0][0]
        form = replace(self.form, width=max(tally.widths))
        lacks = tally.first == usual - 1 and self._lacks_header(blocks, form)
        first = usual if lacks else tally.first
        notes = (*notes, LACKS_HEADER) if lacks else notes
        whole = max(first, usual)
        require_columns(whole)
        form = replace(form, width=min(form.width, whole + MOST_EXTRA))
        require_dense(sum(block.n_rows for block in blocks), form.width, self.hashed)
        widths = tally.widths - Counter([tally.first]) + Counter([first])
        return CutText(
            form, tuple(blocks), lacks, self.hash.hexdigest(), (*notes, *self._notes(widths, whole))
        )

    def _notes(self, widths: Counter[int], whole: int) -> list[str]:
        """What a person should know of the rows."""
        tally = self.tally
        notes = [blank_lines(tally.n_blank)] if tally.n_blank else []
        notes += ragged_rows(widths, tally.last, whole)
        notes += [stray_quotes(tally.stray)] if tally.stray else []
        return [*notes, ENDS_INSIDE] if tally.is_open else notes

    def _lacks_header(self, blocks: Sequence[TextBlock], form: TextForm) -> bool:
        """Say whether the first row may be a header, and any row below it fills its last cell."""
        for place, block in enumerate(blocks):
            grid = read_block(self.content, block, form)
            if place == 0:
                if not may_lack_a_header(grid.row(0)[: self.tally.first]):
                    return False
                grid = grid.slice(1)
            last = pl.lit("")
            for name in grid.columns:
                last = pl.when(pl.col(name).is_not_null()).then(pl.col(name)).otherwise(last)
            if grid.select((last.str.strip_chars() != "").any()).item():
                return True
        return False

    def _hash_until(self, offset: int | None) -> None:
        """Take the bytes up to there into the checksum."""
        while offset is None or self.hashed < offset:
            raw = self.content.read_at(self.hashed, BLOCK_BYTES if offset is None else offset - self.hashed)
            if not raw:
                return
            self.hash.update(raw)
            self.hashed += len(raw)

    def _next(self, offset: int) -> TextBlock | None:
        """The block that begins here; None at the end of the file."""
        if offset > self.hashed:
            self._hash_until(offset)
        n_bytes = self.block_bytes
        while True:
            raw = self.content.read_at(offset, n_bytes + 1)
            is_end = len(raw) <= n_bytes
            raw = raw[:n_bytes]
            if self.end is not None and offset + len(raw) >= self.end:
                raw, is_end = raw[: max(0, self.end - offset)], True
            if not raw:
                return None
            is_longest = n_bytes >= max(LONGEST_ROW, self.block_bytes)
            if (block := self._cut(offset, raw, is_end=is_end, is_longest=is_longest)) is not None:
                if offset == self.hashed:
                    self.hash.update(raw[: block.n_bytes])
                    self.hashed += min(block.n_bytes, len(raw))
                return block
            if is_longest:
                raise UnreadableTable(row_too_long(offset))
            n_bytes = min(2 * n_bytes, max(LONGEST_ROW, self.block_bytes))

    def _cut(self, offset: int, raw: bytes, *, is_end: bool, is_longest: bool) -> TextBlock | None:
        """A block of the rows that begin these bytes; None if none of them ends here for certain."""
        raw = raw if is_end else self._whole_lines(raw)
        if not raw:
            return None
        text = as_utf8(raw, self.form)
        n_body = len(text) if is_end else _end_outside_quotes(text)
        body = text[:n_body]
        if body and (block := self._well_formed(offset, raw, body, is_last=is_end)) is not None:
            return block
        return self._ill_formed(offset, raw, text, is_end=is_end, is_longest=is_longest)

    def _whole_lines(self, raw: bytes) -> bytes:
        """The bytes up to the last line end among them."""
        if self.form.encoding.startswith(("utf-16", "utf-32")):
            unit = 2 if self.form.encoding.startswith("utf-16") else 4
            raw = raw[: len(raw) // unit * unit]
            end = ("\r" if self.form.has_lone_returns else "\n").encode(self.form.encoding)
            found = raw.rfind(end)
            while found >= 0 and found % unit:
                found = raw.rfind(end, 0, found + len(end) - 1)
            return raw[: found + unit] if found >= 0 else b""
        return raw[: raw.rfind(b"\r" if self.form.has_lone_returns else b"\n") + 1]

    def _raw_length(self, raw: bytes, text: bytes, n_body: int) -> int:
        """How many of the bytes of the file make so much of the text."""
        if n_body == len(text):
            return len(raw)
        if self.form.encoding.startswith("utf-") and not self.form.is_damaged:
            if self.form.encoding == "utf-8":
                return n_body
            return len(text[:n_body].decode().encode(self.form.encoding))
        end = b"\r" if self.form.has_lone_returns else b"\n"
        n_lines, place = text.count(b"\n", 0, n_body), 0
        for _ in range(n_lines):
            place = raw.index(end, place) + 1
        return place

    def _well_formed(self, offset: int, raw: bytes, body: bytes, *, is_last: bool) -> TextBlock | None:
        """A block that the fast reader reads; None if it does not."""
        text = _trimmed(body, is_last=is_last)
        fast = read_fast(text, self.form.separator)
        if fast is None or fast[0].width < 2 or not fast[0].height:
            return None
        cells, notes = fast
        n_bytes = self._raw_length(raw, body, len(body)) if is_last else self._raw_of_body(raw, body)
        tally = self.tally
        last = cells.width - cells.row(cells.height - 1).count(None)
        tally.first = tally.first or (cells.width if cells.height > 1 else last)
        tally.widths.update({cells.width: cells.height - 1})
        tally.widths.update([last])
        n_lines = find_marks(text, self.form.separator).n_lines if notes else cells.height
        tally.n_blank += n_lines - cells.height
        tally.n_rows += n_lines
        tally.last = last
        road = "fast" if notes or text is not body else "plain"
        return TextBlock(offset, n_bytes, 0, cells.height, cells.width, road, is_last)

    def _raw_of_body(self, raw: bytes, body: bytes) -> int:
        return self._raw_length(raw, as_utf8(raw, self.form), len(body))

    def _ill_formed(
        self, offset: int, raw: bytes, text: bytes, *, is_end: bool, is_longest: bool
    ) -> TextBlock | None:
        """A block that must be read tolerantly."""
        body = text.rstrip(b"\r\n") if is_end else text
        accepted: list[Row] = []
        letters, place, tally = body.decode("utf-8"), 0, self.tally
        for row in each_row(letters, self.form.separator, lambda: self.form.rows):
            if row.ran_out and not is_end:
                if accepted or not is_longest:
                    break
                if row.is_open:
                    return None
            accepted.append(row)
            place = row.end
        if not accepted:
            return None if not is_end else TextBlock(offset, len(raw), 0, 0, 0, "tolerant", True)
        is_whole = place >= len(letters)
        n_body = len(text) if is_whole else len(letters[:place].encode())
        for row in accepted:
            tally.n_rows += 1
            if row.has_stray:
                tally.stray.append(tally.n_rows)
        filled = [len(row.cells) for row in accepted if row.cells != [""]]
        tally.n_blank += len(accepted) - len(filled)
        tally.widths.update(filled)
        if filled:
            tally.first, tally.last = tally.first or filled[0], filled[-1]
        tally.is_open = accepted[-1].is_open
        n_bytes = self._raw_length(raw, text, n_body)
        ahead = len(raw) - n_bytes
        is_last = is_end and is_whole
        width = max(filled, default=0)
        return TextBlock(offset, n_bytes, ahead, len(filled), width, "tolerant", is_last)


def _end_outside_quotes(text: bytes) -> int:
    """Where the last line ends that an even number of quotes precedes."""
    n_quotes, end = text.count(b'"'), len(text)
    while n_quotes % 2:
        before = text.rfind(b"\n", 0, text.rfind(b'"', 0, end)) + 1
        n_quotes -= text.count(b'"', before, end)
        end = before
    return end
