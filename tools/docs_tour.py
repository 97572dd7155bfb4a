"""The tour: a script in percent cells, the notebook made of it with its outputs, and a page of the site.

`docs/tour.py` is what a person edits. A cell begins with a line `# %%`, or `# %% [markdown]` for words, which
stand in comments; what stands before the first such line is for checkers alone. The notebook holds the same
cells with what they print and show, pictures made small.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WIDEST = 900  # pixels of a picture
_COLOURS = 64
_MARK = re.compile(r"^# %%( \[markdown\])?$", re.MULTILINE)
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_SIGN = re.compile(r"[*_`#|\\<>]")


@dataclass(frozen=True)
class Cell:
    """One cell: `kind` is "code" or "markdown"."""

    kind: str
    text: str


def cells_of_script(text: str) -> list[Cell]:
    """Return the cells of a script in percent cells."""
    pieces = _MARK.split(text)[1:]
    return [
        Cell("markdown", _words(body)) if mark else Cell("code", body.strip())
        for mark, body in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def cells_of_notebook(notebook: dict[str, Any]) -> list[Cell]:
    """Return the cells of a notebook, without what they gave."""
    return [Cell(each["cell_type"], _joined(each["source"])) for each in notebook["cells"]]


def executed(cells: Sequence[Cell]) -> dict[str, Any]:
    """Run the cells in a new kernel and an empty folder, and return the notebook with small outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    made = nbformat.v4.new_notebook(metadata={"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made.cells = [make[cell.kind](cell.text, id=f"cell-{place}") for place, cell in enumerate(cells)]
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(made, timeout=300, resources={"metadata": {"path": folder}}).execute()
    for cell in made.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            _slim(output.get("data", {}))
    return json.loads(nbformat.writes(made))


def notebook_text(notebook: dict[str, Any]) -> str:
    """Return a notebook as its file has it."""
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def texts_given(notebook: dict[str, Any]) -> list[str]:
    """Return what each cell of a notebook printed and showed as text; of pictures nothing."""
    return [
        "".join(_joined(each.get("text", "")) + _shown_text(each) for each in cell.get("outputs", ()))
        for cell in notebook["cells"]
    ]


def page_of(notebook: dict[str, Any], *, pictures: str) -> tuple[str, dict[str, bytes]]:
    """Return the page of a notebook in Markdown, and its pictures by their paths below `pictures`."""
    parts: list[str] = []
    files: dict[str, bytes] = {}
    for cell in notebook["cells"]:
        text = _joined(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                path = f"{pictures}/{len(files)}.png"
                files[path] = base64.b64decode(_joined(data["image/png"]))
                parts.append(f"![{_alternative(data)}]({path})")
            elif "text/html" in data:
                parts.append(_bare_table(_joined(data["text/html"])))
            else:
                said = _joined(output.get("text", "")) + _shown_text(output)
                parts.append(f'```{{ .text .no-copy title="Output" }}\n{said.rstrip()}\n```')
    return "\n\n".join(parts) + "\n", files


def _words(body: str) -> str:
    """The text of a cell of words, whose lines are comments."""
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.strip().split("\n"))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _shown_text(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    return "" if "image/png" in data else _joined(data.get("text/plain", ""))


def _alternative(data: dict[str, Any]) -> str:
    return _SIGN.sub("", _joined(data.get("text/plain", "A figure of the tour")).strip("'\""))


def _bare_table(html: str) -> str:
    """A table of Polars without its own style and without the remark on its shape and types."""
    bare = re.sub(r"<small>.*?</small>", "", _STYLE.sub("", html))
    bare = re.sub(r"</tr>\s*<tr>(<td>[a-z0-9\[\], ]+</td>)+</tr>(?=</thead>)", "</tr>", bare)
    bare = re.sub(r'<table [^>]*class="dataframe"[^>]*>', "<table>", bare)
    return "\n".join(line for line in bare.splitlines() if line.strip()).replace("&quot;", "")


def _slim(data: dict[str, Any]) -> None:
    """Make a picture small enough for a notebook: fewer pixels, few colours."""
    from PIL import Image

    if "image/png" not in data:
        return
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
    if picture.width > _WIDEST:
        picture = picture.resize((_WIDEST, round(picture.height * _WIDEST / picture.width)), Image.LANCZOS)
    small = io.BytesIO()
    picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    data["image/png"] = base64.b64encode(small.getvalue()).decode()


_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
