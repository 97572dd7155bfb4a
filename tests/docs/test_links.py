"""Every link of README, documentation and code leads somewhere, and every page says where it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^()\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?<![\w/])docs/[\w/]+\.(?:md|py|ipynb|css|png|svg)\b")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub and MkDocs make them of its headings."""
    lines = FENCED.sub("", page.read_text(encoding="utf-8")).splitlines()
    headings = [line.lstrip("#").strip() for line in lines if re.match(r"#{1,6} ", line)]
    plain = [re.sub(r"[^\w\s-]", "", re.sub(r"\]\([^)]*\)", "", heading.lower())) for heading in headings]
    return {re.sub(r"\s+", "-", heading.strip()) for heading in plain}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        made = name.startswith("docs/") and path == "tour.md"
        assert target.is_file() or made, f"{name} links to {link}, which is not there"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name} links to {link}, and there is no such heading"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_title_and_pictures_have_words(name: str) -> None:
    text = FENCED.sub("", (ROOT / name).read_text(encoding="utf-8"))
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert "![](" not in text


def test_pages_that_code_and_tools_name_are_there() -> None:
    places = [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "mkdocs.yml", *ROOT.glob("*.md")]
    for folder in ("src", "tools", "benchmarks", "docs", "fuzz"):
        places += [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md", ".c", ".sh"}]
    named = {(word, path) for path in places for word in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 30
    assert [f"{path.name}: {word}" for word, path in named if not (ROOT / word).is_file()] == []
