"""What pages name is there: files, folders, registries, targets of make, programs and their options."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from songatlas.cli import app

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "songatlas"
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
WRITTEN = {"clustered_songs/", ".songatlas-work/"}
"""Folders that songatlas writes."""

GROUP: Any = typer.main.get_command(app)
COMMANDS = {
    name: {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)}
    for name, command in GROUP.commands.items()
}
OPTIONS = set().union({"--version"}, *COMMANDS.values())
PROGRAM = re.compile(
    r"(?:-m (?P<module>(?:benchmarks|fuzz)[\w.]*)|(?P<script>tools/\w+\.(?:py|sh)))(?P<rest>.*)"
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def spans(name: str) -> Iterator[str]:
    """Yield what a page shows as code: words inside lines, and lines of blocks."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for block in FENCED.findall(text):
        yield from block.splitlines()
    yield from SPAN.findall(FENCED.sub("", text))


def is_there(named: str) -> bool:
    """Say whether a file or folder is there, as seen from the root or from the package."""
    return (ROOT / named).exists() or (PACKAGE / named).exists()


def sources(program: re.Match[str]) -> str:
    """Return the code of a program of ours, with that of its package where it is one."""
    if program["script"]:
        paths = [ROOT / program["script"]]
    else:
        place = ROOT / program["module"].replace(".", "/")
        paths = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return "".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("name", PAGES)
def test_files_and_folders_that_a_page_names_are_there(name: str) -> None:
    words = [span for span in spans(name) if re.fullmatch(r"[\w./-]+", span) and not span.startswith("/")]
    files = [
        word for word in words if re.search(r"\w\.(?:py|c|h|sh|css|js|yml|ipynb)$|^(?:docs|tools)/", word)
    ]
    files += re.findall(r"(?:^|\s)((?:tests|tools|docs|src|fuzz)/[\w./-]*\w)", "\n".join(spans(name)))
    assert [word for word in files if not is_there(word)] == []
    folders = [word for word in words if re.fullmatch(r"(?:[\w.-]+/)+", word) and word not in WRITTEN]
    rooms = [path for path in PACKAGE.glob("*/") if path.is_dir()]
    missing = [
        word for word in folders if not is_there(word) and not any((at / word).is_dir() for at in rooms)
    ]
    assert missing == []


def test_registries_that_pages_name_are_in_their_modules() -> None:
    registries = {
        (name, *found)
        for name in PAGES
        for found in re.findall(r"`([A-Z_]+)` of `([\w/]+)\.py`", (ROOT / name).read_text(encoding="utf-8"))
    }
    assert len(registries) > 5
    for name, registry, path in registries:
        module = importlib.import_module(f"songatlas.{path.removesuffix('/__init__').replace('/', '.')}")
        assert hasattr(module, registry), f"{name}: {registry} of {path}.py"


def test_targets_of_make_that_pages_name_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        (name, target)
        for name in PAGES
        for span in spans(name)
        for target in re.findall(r"^make ([a-z]+)", span)
    }
    assert len(named) > 8
    assert [each for each in sorted(named) if each[1] not in targets] == []


@pytest.mark.parametrize("name", PAGES)
def test_options_that_a_page_names_are_those_of_their_program(name: str) -> None:
    for span in spans(name):
        command = re.search(r"^(?:.*/)?songatlas ([a-z]+)\b", span)
        program = PROGRAM.search(span)
        if command and not program:
            assert command[1] in COMMANDS, f"{name}: no command is called {command[1]!r}"
            known = COMMANDS[command[1]] | {"--help"}
            assert [word for word in OPTION.findall(span) if word not in known] == []
        if program:
            code = sources(program)
            assert [word for word in OPTION.findall(program["rest"]) if f'"{word}"' not in code] == []


def test_options_that_stand_alone_are_of_some_program() -> None:
    ours = "".join(
        path.read_text(encoding="utf-8")
        for place in ("benchmarks", "fuzz", "tools")
        for path in ROOT.glob(f"{place}/*.py")
    )
    alone = {(name, span) for name in PAGES for span in spans(name) if re.fullmatch(r"--[a-z][a-z-]+", span)}
    assert len(alone) > 40
    assert [each for each in sorted(alone) if each[1] not in OPTIONS and f'"{each[1]}"' not in ours] == []
