"""What a spreadsheet makes of a cell of text: an oracle that knows nothing of how songatlas guards cells.

LibreOffice drops NUL before it looks for a sign of formulas, others cut blanks, and full-width signs count
where they are typed. So the oracle drops whatever has no shape, takes every sign in its plain form, and finds
a formula wherever more than a number follows it; a number right before a quote or a bracket that nothing
opened is a mistake that no spreadsheet runs. An apostrophe makes a cell a text.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

SEPARATORS: Final = (",", ";", "\t", "|")
SHAPELESS: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of Unicode whose signs take no ink."""

_NUMBERS: Final = re.compile(r'[0-9eE.,;|+\-\s]*(?:|[\])].*|(?<=[0-9.])".*)', re.DOTALL)


def is_formula(cell: str) -> bool:
    """Say whether some spreadsheet may find a formula in a cell: a sign, and more than numbers after it."""
    seen = "".join(sign for sign in cell if unicodedata.category(sign) not in SHAPELESS)
    if unicodedata.normalize("NFKC", seen[:1]) not in {"=", "+", "-", "@"}:
        return False
    return _NUMBERS.fullmatch(seen[1:]) is None


def formulas_in(lines: Iterable[str], separator: str) -> list[str]:
    """Return the formulas in the text of a CSV file, if a program splits it at a sign."""
    return [cell for row in csv.reader(lines, delimiter=separator) for cell in row if is_formula(cell)]
