"""The marks of a CSV text: how many rows and cells its quotes, separators and line ends make.

One pass over the bytes, whatever stands in the cells. A chunk of text becomes words of 64 bits, one bit a
byte, for each kind of mark; the bytes inside quoted cells are those that an odd number of quotes precedes,
which is a running XOR over the bits of the quotes (Langdale and Lemire, "Parsing gigabytes of JSON per
second", VLDB Journal 28, 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CHUNK = 1 << 18  # bytes, a multiple of 64 that stays in the cache
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_QUOTE, _LINE_END, _RETURN = b'"\n\r'

_Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
_Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]


@dataclass(frozen=True)
class Marks:
    """What the marks of a text say.

    Attributes
    ----------
    is_well_formed : bool
        Whether every quote opens a cell at its start, closes one at its end, or is doubled inside one, so
        that all readers read the same.
    n_lines : int
        Lines, those inside quoted cells not counted.
    n_separators : int
        Separators that stand outside quoted cells.
    n_breaks : int
        Line ends inside quoted cells.
    """

    is_well_formed: bool
    n_lines: int
    n_separators: int
    n_breaks: int


def find_marks(text: bytes, separator: str) -> Marks:
    r"""Count the marks of a text whose lines end with ``\n`` or ``\r\n``.

    Parameters
    ----------
    text : bytes
        In an encoding whose ASCII bytes mean ASCII, such as UTF-8.
    separator : str
        One ASCII character.

    Examples
    --------
    >>> find_marks(b'title,artist\n"A, ""B"" C",D\n', ",")
    Marks(is_well_formed=True, n_lines=2, n_separators=2, n_breaks=0)
    """
    pass_over = _Pass(ord(separator), has_returns=b"\r" in text)
    values = np.frombuffer(text, dtype=np.uint8)
    for start in range(0, len(values), _CHUNK):
        pass_over.take(values[start : start + _CHUNK])
    is_open_line = bool(text) and not text.endswith(b"\n")
    return Marks(
        is_well_formed=not (pass_over.has_strays or pass_over.inside),
        n_lines=pass_over.n_lines + is_open_line,
        n_separators=pass_over.n_separators,
        n_breaks=pass_over.n_breaks,
    )


class _Pass:
    """Takes the chunks of a text in order and counts what it meets."""

    def __init__(self, separator: int, *, has_returns: bool) -> None:
        self.separator, self.has_returns = separator, has_returns
        self.n_lines = self.n_separators = self.n_breaks = 0
        self.has_strays = False
        self.inside = 0  # whether the text so far ends inside a quoted cell
        self.may_open = 1  # whether a quote may stand next and open a cell
        self.was_closed = self.was_return = 0  # whether it ends with a closing quote, or with that and \r

    def take(self, values: _Bytes) -> None:
        """Count the marks of the next chunk."""
        quotes = values == _QUOTE
        if self.inside or self.was_closed or self.was_return or quotes.any():
            self._take_quoted(values, _bits(quotes))
            return
        self.n_separators += int(np.count_nonzero(values == self.separator))
        self.n_lines += int(np.count_nonzero(values == _LINE_END))
        self.may_open = int(values[-1] in (self.separator, _LINE_END))

    def _take_quoted(self, values: _Bytes, quotes: _Words) -> None:
        """Count the marks of a chunk with quotes."""
        separators, ends = _bits(values == self.separator), _bits(values == _LINE_END)
        returns = _bits(values == _RETURN) if self.has_returns else np.zeros_like(ends)
        within, self.inside = _running_xor(quotes, self.inside)
        opening, closing = quotes & within, quotes & ~within
        self.n_separators += _count(separators & ~within)
        self.n_lines += _count(ends & ~within)
        self.n_breaks += _count(ends & within)
        last = (len(values) - 1) % 64
        after_mark, self.may_open = _next_byte(separators | ends | closing, self.may_open, last)
        after_closing, self.was_closed = _next_byte(closing, self.was_closed, last)
        after_return, self.was_return = _next_byte(after_closing & returns, self.was_return, last)
        beyond = np.zeros_like(ends)
        beyond[-1] = ~(_ALL >> np.uint64(63 - last))
        strays = opening & ~after_mark
        strays |= after_closing & ~(separators | ends | opening | returns | beyond)
        strays |= after_return & ~(ends | beyond)
        self.has_strays |= bool(strays.any())


def _bits(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> _Words:
    """Pack flags into words, the first flag in the lowest bit; what is too much stays 0."""
    packed = np.zeros(-(-len(flags) // 64) * 8, dtype=np.uint8)
    packed[: -(-len(flags) // 8)] = np.packbits(flags, bitorder="little")
    return packed.view("<u8")


def _count(words: _Words) -> int:
    """How many bits are set."""
    return int.from_bytes(words.tobytes(), "little").bit_count()


def _running_xor(bits: _Words, before: int) -> tuple[_Words, int]:
    """Set each bit where the bits up to it, and `before`, are odd in number; also the last of all."""
    odd = bits.copy()
    for step in (1, 2, 4, 8, 16, 32):
        odd ^= odd << np.uint64(step)
    parities = np.bitwise_xor.accumulate(odd >> np.uint64(63)) ^ np.uint64(before)
    carried = np.concatenate([np.array([before], dtype=np.uint64), parities[:-1]])
    return odd ^ (carried * _ALL), int(parities[-1])


def _next_byte(bits: _Words, before: int, last: int) -> tuple[_Words, int]:
    """Move each bit to the byte after it; also whether the last byte of the chunk has its bit."""
    moved = bits << np.uint64(1)
    moved[1:] |= bits[:-1] >> np.uint64(63)
    moved[0] |= np.uint64(before)
    return moved, int(bits[-1] >> np.uint64(last)) & 1
