"""Text of tags: cleaned for a table, and mended where its encoding was declared wrongly.

Many files of the nineties and later hold Cyrillic, Japanese or UTF-8 bytes declared as ISO 8859-1. They
are mended only where it is certain enough; the rest stays as it is and is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_CONTROL: Final = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")
_KANA: Final = re.compile("[\u3041-\u30ff]")
_JAPANESE: Final = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
_COMMON_RUSSIAN: Final = frozenset("оеаинтсрвлкмдпу")
"""Four of five letters of Russian text are among these fifteen."""
LEAST_COMMON: Final = 0.6
LEAST_LETTERS: Final = 5
FOREIGN_SHARE: Final = 0.8
"""No language written in ISO 8859-1 has so many accented letters among its letters."""


def clean_text(text: str) -> str | None:
    r"""Return a text fit for one cell of a table, or None where nothing can be seen of it.

    It ends at the first NUL; control characters and line breaks become one blank; blanks and byte order
    marks at both ends go. Direction marks and combining characters stay.

    Examples
    --------
    >>> clean_text("Bell\x07 and\ttab ")
    'Bell  and tab'
    >>> clean_text("\ufeff  ") is None
    True
    """
    cut = text.split("\0", 1)[0].encode("utf-8", "replace").decode()
    cleaned = _CONTROL.sub(" ", cut).strip().strip("\ufeff").strip()
    seen = any(unicodedata.category(letter)[0] in "LNPS" for letter in cleaned)
    return cleaned if seen else None


def is_garbage(text: str) -> bool:
    """Whether most of a text could not be decoded."""
    return 2 * text.count("\ufffd") > len(text)


def wrong_encoding(texts: Iterable[str]) -> str | None:
    """Tell in which encoding the texts of one file really are, judged together.

    Returns
    -------
    str or None
        Name of a codec for `mended`; "" where the texts are in some other encoding than declared but
        which cannot be told; None where nothing is wrong.

    Examples
    --------
    >>> wrong_encoding(["Ïðèâåò", "Ãðóïïà"])
    'cp1251'
    >>> wrong_encoding(["Café à la crème", "Motörhead"]) is None
    True
    """
    suspects = [text for text in texts if _is_latin(text)]
    raw = [text.encode("latin-1") for text in suspects]
    if not raw:
        return None
    if all(_decodes(part, "utf-8") for part in raw):
        return "utf-8"
    if all(_decodes(part, "cp932") for part in raw) and _reads_japanese(raw):
        return "cp932"
    foreign = " ".join(text for text in suspects if _is_foreign(text))
    if sum(letter.isalpha() for letter in foreign) >= LEAST_LETTERS:
        return "cp1251" if _reads_russian(foreign) else ""
    return "cp1252" if any("\x80" <= letter <= "\x9f" for text in suspects for letter in text) else None


def mended(text: str, codec: str) -> str:
    """Return a text that was decoded as ISO 8859-1 in its own encoding; others are left as they are.

    Examples
    --------
    >>> mended("Ïðèâåò", "cp1251")
    'Привет'
    """
    if not _is_latin(text) or (codec == "cp1251" and not _is_foreign(text)):
        return text
    return text.encode("latin-1").decode(codec, "replace")


def _is_latin(text: str) -> bool:
    """Whether a text may be bytes over 127 read as ISO 8859-1."""
    return not text.isascii() and all(letter <= "\xff" for letter in text)


def _is_foreign(text: str) -> bool:
    """Whether nearly all letters are accented ones, as in no language of ISO 8859-1."""
    high = sum(letter >= "\xc0" for letter in text)
    letters = sum(letter.isalpha() or letter >= "\xc0" for letter in text)
    return high >= FOREIGN_SHARE * max(letters, 1)


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _reads_japanese(raw: list[bytes]) -> bool:
    """Whether the bytes read as cp932 give kana, and nothing but Japanese and ASCII."""
    text = "".join(part.decode("cp932") for part in raw)
    plain = all(letter.isascii() or _JAPANESE.match(letter) for letter in text)
    return plain and len(_KANA.findall(text)) >= 2


def _reads_russian(foreign: str) -> bool:
    """Whether the letters, read as cp1251, are as common as in Cyrillic text and rightly large or small."""
    text = foreign.encode("latin-1").decode("cp1251", "replace")
    letters = [letter for letter in text if letter.isalpha()]
    common = sum(letter.lower() in _COMMON_RUSSIAN for letter in letters) / max(len(letters), 1)
    words = [word for word in re.split(r"\W+", text) if word]
    cased = all(word.isupper() or word[1:].islower() or not word[1:].isalpha() for word in words)
    return common >= LEAST_COMMON and cased
