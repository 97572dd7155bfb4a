"""What the documentation tells people to type can be typed: every command parses, what can run does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer

import songatlas
from songatlas.atlas import Atlas, build_demo
from songatlas.cli import app
from songatlas.demo import simulate_catalogue
from songatlas.report import write_outputs
from typed import songatlas as typed

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN = {"recommend", "playlist", "artists"}
"""Commands that are run, where they name the atlas of the demo."""

SLOW = "neighbour_map(atlas).positions"  # compiles for ten seconds; tests/atlas/test_layouts.py runs it


def blocks(page: str, *languages: str) -> list[str]:
    """Return the code blocks of a page."""
    found = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    return [text for language, text in found if language in languages]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every command that a page tells to type, as its words."""
    for page in PAGES:
        for block in blocks(page, "", "bash", "sh", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                line = re.split(r"\s{3,}(?=[a-z])", line.strip())[0]  # what it does, in a second column
                words = shlex.split(line, comments=True) if line.startswith("songatlas ") else []
                if words and not any(word.startswith("[") for word in words):
                    yield page, words[1:]


def named() -> list[Any]:
    """Every command with a name for its test."""
    told = {f"{page}: {shlex.join(words)}": (page, words) for page, words in commands()}
    return [pytest.param(*each, id=name) for name, each in told.items()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the atlas of the demo, a smaller one, and a table."""
    place = tmp_path_factory.mktemp("typed")
    build_demo(4000, k=6, k_min=6, k_max=6).save(place / "demo_atlas")
    write_outputs(build_demo(300, k=4), place / "my_atlas", figures=False)
    simulate_catalogue(200, seed=1).write_csv(place / "my_songs.csv")
    return place


def test_many_commands_are_told() -> None:
    assert len(named()) > 60
    assert {page for page, _ in commands()} >= {"README.md", "docs/playlists.md", "docs/first_atlas.md"}


@pytest.mark.parametrize(("page", "words"), named())
def test_a_command_of_the_documentation_parses(page: str, words: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    context = group.make_context("songatlas", words[:1] if words[0].startswith("-") else [])
    if not words[0].startswith("-"):
        command = group.get_command(context, words[0])
        assert command is not None, f"{page} tells of a command {words[0]!r}, which there is not"
        command.make_context(f"songatlas {words[0]}", words[1:], parent=context)


def test_commands_on_the_demo_run_as_they_stand(folder: Path) -> None:
    ran = 0
    for page, words in commands():
        if words[0] in RUN and words[1] == "demo_atlas":
            ended = typed(*words, cwd=folder)
            assert ended.returncode == 0, f"{page}: {shlex.join(words)}: {ended.stderr}"
            ran += 1
    assert ran > 15


@pytest.mark.parametrize("page", ["README.md", "docs/artists.md", "docs/recommend.md", "docs/views.md"])
def test_python_of_the_documentation_runs(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        "songatlas.write_outputs", partial(songatlas.write_outputs, figures=False), raising=False
    )
    if page == "README.md":
        song = songatlas.build_atlas("my_songs.csv", seed=0).songs.row(3, named=True)
    else:
        song = Atlas.load("my_atlas").songs.row(3, named=True)
    told: dict[str, Any] = {}
    for block in blocks(page, "python"):
        for example in ("Title - Artist", "bohe queen"):
            block = block.replace(f'"{example}"', repr(f"{song['title']} - {song['artist']}"))
        exec(compile(block.replace(SLOW, "neighbour_map"), page, "exec"), told)  # noqa: S102 (our own pages)
    assert told
    assert capsys.readouterr().err == ""
