"""Words in figures: which characters can be drawn, how wide they are, where they break.

Names of clusters and genres are anybody's text. What no installed font can draw becomes a box, what is
too long is broken into lines or ends in an ellipsis, and nothing is ever read as markup.

Conventions: widths in inches, sizes in points.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from matplotlib import font_manager
from matplotlib.textpath import text_to_path

_FIRST = "DejaVu Sans"
_FURTHER = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Micro Hei",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Nirmala UI",
    "Leelawadee UI",
    "Segoe UI Symbol",
    "Arial Unicode MS",
)
_BOX = "\N{WHITE SQUARE}"
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
_WORD = re.compile(r"\S+\s*")


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """Font families of every text, first to last: DejaVu Sans, then what is installed for other scripts."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return (_FIRST, *(name for name in _FURTHER if name in installed))


@lru_cache(maxsize=4096)
def _family_of(character: str) -> int:
    """Number of the first of `families` that can draw it, -1 = none."""
    for number, family in enumerate(families()):
        path = font_manager.findfont(font_manager.FontProperties(family=family))
        if font_manager.get_font(path).get_char_index(ord(character)):
            return number
    return -1


def families_for(text: str) -> list[str]:
    """Font families that `text` needs: mostly the first alone, which is drawn much faster."""
    needed = max((_family_of(character) for character in set(text)), default=0)
    return list(families()[: max(needed, 0) + 1])


ESTIMATE: Final = " (estimate)"
"""What the label of a feature that is an estimate ends with; no figure cuts it off."""


def printable(text: str) -> str:
    r"""Return `text` on one line with only what can be drawn.

    White space becomes single blanks; control and direction characters go; each run of characters that no
    installed font has becomes one box.

    Examples
    --------
    >>> printable(" calm,\n acoustic ")
    'calm, acoustic'
    """
    parts: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character.isspace():
            parts.append(" ")
        elif unicodedata.category(character) in _DROPPED:
            continue
        elif _family_of(character) >= 0:
            parts.append(character)
        elif not unicodedata.combining(character) and parts[-1:] != [_BOX]:
            parts.append(_BOX)
    return " ".join("".join(parts).split())


@lru_cache(maxsize=16384)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line of `text` in inches when set in `size` points."""
    if not text:
        return 0.0
    letters = font_manager.FontProperties(
        family=families_for(text), size=size, weight="bold" if bold else "normal"
    )
    width, _, _ = text_to_path.get_text_width_height_descent(text, letters, False)
    return float(width) / 72


def shortened(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return `text`, cut with an ellipsis where it is wider than `width` inches.

    Examples
    --------
    >>> shortened("acoustic", 9.0, 9)
    'acoustic'
    >>> shortened("acoustic", 0.4, 9).endswith("…")
    True
    """
    if text_width(text, size, bold=bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = text_width(text[:middle].rstrip(" ,;·") + "…", size, bold=bold) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip(" ,;·") + "…"


def wrapped(text: str, width: float, size: float, *, lines: int = 2, bold: bool = False) -> list[str]:
    """Return `text` broken into at most `lines` lines of `width` inches, the last one shortened.

    Lines break at blanks, and inside a word only where it is wider than a whole line.
    """
    broken: list[str] = []
    rest = text.strip()
    while rest and len(broken) < lines - 1 and text_width(rest, size, bold=bold) > width:
        head = _first_line(rest, width, size, bold=bold)
        broken.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    if rest:
        broken.append(shortened(rest, width, size, bold=bold))
    return broken or [""]


def _first_line(text: str, width: float, size: float, *, bold: bool) -> str:
    """Longest beginning of `text` that fits: whole words, or as many letters of one word."""
    head = ""
    for word in _WORD.findall(text):
        if text_width((head + word).rstrip(), size, bold=bold) > width:
            break
        head += word
    if head:
        return head
    letters = 1
    while letters < len(text) and text_width(text[: letters + 1], size, bold=bold) <= width:
        letters += 1
    return text[:letters]
