"""Writes what is generated in docs/ from the code, or checks that it is fresh.

python tools/generate_docs.py             the pages of docs/reference/, and the tour where its cells changed
python tools/generate_docs.py --all       the tour and all pictures of concepts and gallery, too
python tools/generate_docs.py --check     exit with 1 and name what is stale; of the tour, cells are compared
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from docs_pages import PAGES
from docs_tour import cells_of_notebook, cells_of_script, executed, notebook_text

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTE = "<!-- Made by tools/generate_docs.py; change the code, then run `make docs`. -->\n\n"


def stale_pages() -> dict[str, str]:
    """Return the pages of the reference that differ from the code, by their paths in docs/."""
    made = {f"reference/{name}": NOTE + page() for name, page in PAGES.items()}
    return {name: text for name, text in made.items() if _text_of(DOCS / name) != text}


def tour_is_stale() -> bool:
    """Whether the cells of the notebook are others than those of the script."""
    text = _text_of(DOCS / "tour.ipynb")
    script = cells_of_script((DOCS / "tour.py").read_text(encoding="utf-8"))
    return text is None or cells_of_notebook(json.loads(text)) != script


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _write(name: str, text: str) -> None:
    (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
    (DOCS / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote docs/{name}")


def main() -> int:
    """Write or check everything."""
    pages, old_tour = stale_pages(), tour_is_stale()
    if "--check" in sys.argv:
        names = [f"docs/{name}" for name in (*pages, *(["tour.ipynb"] if old_tour else []))]
        if names:
            print(f"stale: {', '.join(names)}: run make docs")
        return 1 if names else 0
    for name, text in pages.items():
        _write(name, text)
    if old_tour or "--all" in sys.argv:
        notebook = executed(cells_of_script((DOCS / "tour.py").read_text(encoding="utf-8")))
        _write("tour.ipynb", notebook_text(notebook))
    if "--all" in sys.argv:
        from docs_pictures import draw_all

        for name in draw_all(DOCS / "images"):
            print(f"wrote docs/images/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
