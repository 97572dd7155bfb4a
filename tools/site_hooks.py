"""What MkDocs is told beyond mkdocs.yml: pages that are made of other files of the project.

The tour becomes a page, with its pictures, from `docs/tour.ipynb`. CONTRIBUTING.md, CHANGELOG.md and
SECURITY.md join the site, and the icon of the app is that of the site. Links are those that hold in the
folder `docs/`; where such a file has another place on the site, they are turned there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs_tour import page_of

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
ICON = ROOT / "src" / "songatlas" / "app" / "icon.png"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages and pictures that do not lie in docs/."""
    notebook = json.loads((ROOT / "docs" / "tour.ipynb").read_text(encoding="utf-8"))
    page, pictures = page_of(notebook, pictures="images/tour")
    made: dict[str, str | bytes] = {"tour.md": page, **pictures, "images/icon.png": ICON.read_bytes()}
    for name in BESIDE:
        if (ROOT / name).is_file():
            made[name] = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Turn links to the files beside docs/, and to the notebook, to their pages."""
    for name in BESIDE:
        markdown = markdown.replace(f"](../{name}", f"]({name}")
    return markdown.replace("](tour.ipynb)", "](tour.md)").replace("](../tour.ipynb)", "](../tour.md)")
