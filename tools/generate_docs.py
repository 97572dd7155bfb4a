"""Writes the generated pages of docs/reference/ from the code, or checks that they are fresh.

python tools/generate_docs.py            write them
python tools/generate_docs.py --check    exit with 1, naming the stale ones, where they differ
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from songatlas.audio.statistics import STATISTICS
from songatlas.cli import app
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import RULES

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
WIDE = {"resilient_parsing": True, "max_content_width": 100, "terminal_width": 100}
NOTE = "<!-- Made by tools/generate_docs.py; change the code, then run `make docs`. -->\n\n"


def cli_page() -> str:
    """Every command with its help, as the command line prints it."""
    group = typer.main.get_command(app)
    context = group.make_context("songatlas", [], **WIDE)
    parts = ["# Command line\n", f"```\n{group.get_help(context).rstrip()}\n```\n"]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.make_context(f"songatlas {name}", [], **WIDE)
        parts.append(f"## songatlas {name}\n\n```\n{command.get_help(inner).rstrip()}\n```\n")
    return NOTE + "\n".join(parts)


def features_page() -> str:
    """Tables of the features and of the other columns."""
    lines = [
        "# Columns of a songs table\n",
        "Headers are compared without case, spaces and punctuation, so `Track.Name`, `track name` and",
        "`track_name` are one. Name any other header yourself: `--column energy=nrgy`.\n",
        "## Features: how a song sounds\n",
        "| column | unit | range | in the sound by default | found under |",
        "|---|---|---|---|---|",
    ]
    for feature in FEATURES.values():
        bounds = f"{feature.low:g} to {feature.high:g}"
        asked = "yes" if feature.in_sound else "only when asked for"
        names = ", ".join(f"`{alias}`" for alias in feature.aliases)
        lines.append(f"| `{feature.column}` | {feature.unit} | {bounds} | {asked} | {names} |")
    lines += ["\n## Details: what else is known of it\n", "| column | kind | found under |", "|---|---|---|"]
    for detail in DETAILS.values():
        names = ", ".join(f"`{alias}`" for alias in detail.aliases)
        lines.append(f"| `{detail.column}` | {detail.kind} | {names} |")
    return NOTE + "\n".join(lines) + "\n"


def rules_page() -> str:
    """Table of the rules of cleaning."""
    lines = [
        "# Rules of cleaning and triage\n",
        "Every row that is left out says why in the column `excluded_because`. A rule of triage is switched",
        "off with `--keep REASON`, all of them with `--keep all`.\n",
        "| reason | looks for | what becomes of them | can be switched off |",
        "|---|---|---|---|",
    ]
    for name, rule in RULES.items():
        sentence = rule.sentence.replace(" ({songs})", "")
        lines.append(
            f"| `{name}` | {rule.title.lower()} | {sentence} | {'yes' if rule.can_be_kept else 'no'} |"
        )
    return NOTE + "\n".join(lines) + "\n"


def statistics_page() -> str:
    """Table of the numbers of timbre and rhythm that a scan measures."""
    lines = [
        "# Statistics of the sound\n",
        "What `songatlas scan` puts into the column `audio_statistics`, in this order. A frame is 2,048",
        "samples at 22,050 Hz, one every 512; of songs longer than two minutes four stretches of half a",
        "minute are heard. sd is the standard deviation over frames.\n",
        "| | name | definition | unit | says of |",
        "|---|---|---|---|---|",
    ]
    for place, (name, each) in enumerate(STATISTICS.items()):
        lines.append(f"| {place} | `{name}` | {each.definition} | {each.unit or 'none'} | {each.source} |")
    return NOTE + "\n".join(lines) + "\n"


def main() -> int:
    """Write or check every page."""
    stale = []
    for name, page in PAGES.items():
        path = REFERENCE / name
        text = page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/reference/{name}")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}: run make docs")
        return 1
    return 0


PAGES = {
    "cli.md": cli_page,
    "features.md": features_page,
    "cleaning.md": rules_page,
    "statistics.md": statistics_page,
}

if __name__ == "__main__":
    sys.exit(main())
