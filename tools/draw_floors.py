"""Draws the floors of the house, room by room, out of the imports of the code.

python tools/draw_floors.py            write docs/images/floors.svg
python tools/draw_floors.py --check    exit with 1 where a room imports upward, or what is not in the picture

A room is as wide as the root of its lines of code. A line runs from a room to each lower room that it
imports; the floors are those of the contract in pyproject.toml.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "src" / "songatlas"
PICTURE: Final = ROOT / "docs" / "images" / "floors.svg"

_WIDTH, _MARGIN, _LEFT = 1240, 16, 132
_HIGH, _BETWEEN, _GAP, _IN_A_ROW = 46, 62, 8, 12
_SAID: Final = (
    "A room is as wide as the root of its lines of code (the number in it); "
    "a line runs down to each room that it imports."
)
_TITLES: Final = ("faces", "report", "the waist", "steps of the road", "nouns of the field", "ground")
_TINTS: Final = ("#c8553d", "#d98e04", "#5b7f2b", "#1f7a8c", "#4661a8", "#6b5b95")


@dataclass(frozen=True)
class Room:
    """A module or folder of the package: its floor from above, its lines of code, what it imports."""

    name: str
    floor: int
    n_lines: int
    imports: frozenset[str]


def floors() -> tuple[tuple[str, ...], ...]:
    """Names of the rooms, floor by floor from above, as the contract on imports has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return tuple(tuple(sorted(name.strip() for name in layer.split("|"))) for layer in layers)


def rooms() -> dict[str, Room]:
    """All rooms of the house, measured."""
    found = {}
    for floor, names in enumerate(floors()):
        for name in names:
            files = sorted((PACKAGE / name).rglob("*.py")) or [PACKAGE / f"{name}.py"]
            texts = [file.read_text(encoding="utf-8") for file in files]
            imports = {each for text in texts for each in _imported(ast.parse(text))} - {name}
            n_lines = sum(1 for text in texts for line in text.splitlines() if line.strip())
            found[name] = Room(name, floor, n_lines, frozenset(imports))
    return found


def _imported(node: ast.AST) -> Iterator[str]:
    """Rooms that a module imports as it runs, not those that only checkers of types look into."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and child.module == "songatlas":
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and (child.module or "").startswith("songatlas."):
            yield str(child.module).split(".")[1]
        elif isinstance(child, ast.Import):
            yield from (
                alias.name.split(".")[1] for alias in child.names if alias.name.startswith("songatlas.")
            )
        yield from _imported(child)


def upward(house: Mapping[str, Room]) -> list[str]:
    """Imports that do not run downward, one sentence each."""
    return [
        f"{room.name} imports {name}, which does not lie below it"
        for room in house.values()
        for name in sorted(room.imports)
        if name in house and house[name].floor <= room.floor
    ]


def drawn(house: Mapping[str, Room]) -> str:
    """The picture as SVG."""
    tops = _tops(house)
    places = _places(house, tops)
    height = tops[max(tops)] + _HIGH + 2 * _MARGIN + 24
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            'font-family="system-ui, sans-serif" role="img" '
            'aria-label="Six floors of rooms; lines run from each room to the lower rooms that it imports">',
            _described(house),
            f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#fcfbf8"/>',
            *_lines(house, places),
            *_floor_titles(tops),
            *(_box(house[name], *place) for name, place in places.items()),
            f'<text x="{_LEFT}" y="{height - _MARGIN}" font-size="12" fill="#777">{_SAID}</text>',
            "</svg>\n",
        ]
    )


def _described(house: Mapping[str, Room]) -> str:
    """What the picture shows, in words: by this a picture is known to be true, whatever the lines of code."""
    told = "; ".join(f"{room.name}: {' '.join(sorted(room.imports & set(house)))}" for room in house.values())
    return f"<desc>{told}</desc>"


def _rows(house: Mapping[str, Room], floor: int) -> int:
    """Rows that the rooms of a floor stand in."""
    return 1 + sum(room.floor == floor for room in house.values()) // _IN_A_ROW


def _tops(house: Mapping[str, Room]) -> dict[int, int]:
    """Top edge of each floor."""
    tops, top = {}, _MARGIN
    for floor in range(1 + max(room.floor for room in house.values())):
        tops[floor] = top
        top += _rows(house, floor) * (_HIGH + _GAP) - _GAP + _BETWEEN
    return tops


def _places(house: Mapping[str, Room], tops: Mapping[int, int]) -> dict[str, tuple[float, int, float]]:
    """Left edge, top edge and width of each room; rooms stand above what they import, as far as they can."""
    by_floor: dict[int, list[Room]] = defaultdict(list)
    for room in house.values():
        by_floor[room.floor].append(room)
    space = _WIDTH - _LEFT - _MARGIN
    places: dict[str, tuple[float, int, float]] = {}
    for floor in sorted(by_floor, reverse=True):
        ordered = sorted(by_floor[floor], key=lambda room: (_pull(room, places), room.name))
        n_rows = _rows(house, floor)
        for row in range(n_rows):
            here = ordered[row::n_rows]
            widths = _widths(here, space)
            left = _LEFT + (space - sum(widths) - _GAP * (len(widths) - 1)) / 2
            for room, width in zip(here, widths, strict=True):
                places[room.name] = (left, tops[floor] + row * (_HIGH + _GAP), width)
                left += width + _GAP
    return {name: places[name] for name in house}


def _pull(room: Room, places: Mapping[str, tuple[float, int, float]]) -> float:
    """Where the middle of what a room imports lies."""
    middles = [places[name][0] + places[name][2] / 2 for name in room.imports if name in places]
    return round(sum(middles) / len(middles), 3) if middles else _WIDTH / 2


def _widths(ordered: Sequence[Room], space: float) -> list[float]:
    """Width of each room: the root of its lines, its name at the least, all together no wider than a row."""
    least = [7.0 * len(room.name) + 10 for room in ordered]
    wanted = [max(float(room.n_lines) ** 0.5 * 1.9, low) for room, low in zip(ordered, least, strict=True)]
    free = space - _GAP * (len(ordered) - 1) - sum(least)
    more = sum(wanted) - sum(least)
    share = min(1.0, free / more) if more else 1.0
    return [low + (wish - low) * share for low, wish in zip(least, wanted, strict=True)]


def _floor_titles(tops: Mapping[int, int]) -> Iterator[str]:
    for floor, top in tops.items():
        middle = top + _HIGH / 2
        yield (
            f'<text x="{_MARGIN}" y="{middle - 2}" font-size="13" font-weight="600" fill="{_TINTS[floor]}">'
            f"floor {len(tops) - floor}</text>"
        )
        yield f'<text x="{_MARGIN}" y="{middle + 13}" font-size="11" fill="#777">{_TITLES[floor]}</text>'


def _box(room: Room, left: float, top: int, width: float) -> str:
    """A room with its name and its lines of code."""
    middle = left + width / 2
    return (
        f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_HIGH}" rx="5" '
        f'fill="{_TINTS[room.floor]}"/><text x="{middle:.1f}" y="{top + 20}" font-size="12" '
        f'text-anchor="middle" fill="#fff">{escape(room.name)}</text>'
        f'<text x="{middle:.1f}" y="{top + _HIGH - 9}" font-size="9" text-anchor="middle" '
        f'fill="#ffffffcc">{_rounded(room.n_lines)}</text>'
    )


def _rounded(n_lines: int) -> str:
    """Lines of code to two digits."""
    step = 10 ** max(len(str(n_lines)) - 2, 0)
    return f"{round(n_lines / step) * step:,}"


def _lines(house: Mapping[str, Room], places: Mapping[str, tuple[float, int, float]]) -> Iterator[str]:
    """A curve from each room to each that it imports."""
    for room in house.values():
        left, top, width = places[room.name]
        below = sorted((each for each in room.imports if each in places), key=lambda each: places[each][0])
        for turn, name in enumerate(below):
            end_left, end_top, end_width = places[name]
            start = left + width * (turn + 1) / (len(below) + 1)
            end = end_left + end_width / 2
            foot = top + _HIGH
            yield (
                f'<path d="M{start:.1f} {foot} C{start:.1f} {foot + 40} {end:.1f} {end_top - 40} {end:.1f} '
                f'{end_top}" fill="none" stroke="{_TINTS[room.floor]}" stroke-opacity=".28"/>'
            )


def main() -> int:
    """Write the picture, or say whether it is true."""
    house = rooms()
    if wrong := upward(house):
        print("\n".join(wrong), file=sys.stderr)
        return 1
    if "--check" in sys.argv[1:]:
        if not PICTURE.is_file() or _described(house) not in PICTURE.read_text(encoding="utf-8"):
            print(f"{PICTURE.relative_to(ROOT)} is no longer true: run make docs", file=sys.stderr)
            return 1
        return 0
    PICTURE.write_text(drawn(house), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
