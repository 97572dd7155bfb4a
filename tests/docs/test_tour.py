"""The tour runs, as a notebook and as a script, and gives what its notebook shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import docs_tour

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    """The notebook as it stands in the documentation."""
    return json.loads((DOCS / "tour.ipynb").read_text(encoding="utf-8"))


def test_the_notebook_has_the_cells_of_the_script(stored: dict[str, Any]) -> None:
    cells = docs_tour.cells_of_script((DOCS / "tour.py").read_text(encoding="utf-8"))
    assert docs_tour.cells_of_notebook(stored) == cells
    assert {cell.kind for cell in cells} == {"code", "markdown"}


def test_notebook_and_script_run_and_say_what_the_notebook_shows(
    stored: dict[str, Any], tmp_path: Path
) -> None:
    command = [sys.executable, str(DOCS / "tour.py")]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as script:
        again = docs_tour.executed(docs_tour.cells_of_notebook(stored))
        printed = script.communicate()[0].decode()
    assert script.returncode == 0
    assert docs_tour.texts_given(again) == docs_tour.texts_given(stored), "stale: run make docs"
    for cell in stored["cells"]:
        for output in cell.get("outputs", ()):
            assert "".join(output.get("text", "")) in printed


def test_the_notebook_shows_every_figure_and_stays_small(stored: dict[str, Any]) -> None:
    from songatlas.figures import FIGURES

    page, pictures = docs_tour.page_of(stored, pictures="images/tour")
    assert len(pictures) == len(FIGURES)
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())
    assert all(f"![{row.title}](images/tour/" in page for row in FIGURES.values())
    assert (DOCS / "tour.ipynb").stat().st_size < 700_000
    assert str(Path.home()) not in json.dumps(stored)


def test_cells_of_a_script_are_words_and_code() -> None:
    script = "# for checkers\n# %% [markdown]\n# # Title\n#\n# words\n\n# %%\nx = 1\n\nx\n"
    cells = docs_tour.cells_of_script(script)
    assert [(cell.kind, cell.text) for cell in cells] == [
        ("markdown", "# Title\n\nwords"),
        ("code", "x = 1\n\nx"),
    ]
