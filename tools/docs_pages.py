"""The pages of docs/reference/ that are made from the code: one function each, which returns its Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import typer

import songatlas
from docs_outputs import outputs_page
from songatlas.atlas import AtlasSettings
from songatlas.audio.statistics import STATISTICS
from songatlas.cli import app
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import RULES

WIDE = {"resilient_parsing": True, "max_content_width": 100, "terminal_width": 100}


def cli_page() -> str:
    """Every command with its help, as the command line prints it."""
    group = typer.main.get_command(app)
    context = group.make_context("songatlas", [], **WIDE)
    parts = ["# Command line\n", f"```\n{group.get_help(context).rstrip()}\n```\n"]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.make_context(f"songatlas {name}", [], **WIDE)
        parts.append(f"## songatlas {name}\n\n```\n{command.get_help(inner).rstrip()}\n```\n")
    return "\n".join(parts)


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
    return "\n".join(lines) + "\n"


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
    return "\n".join(lines) + "\n"


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
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Every setting of a build: its name in Python and TOML, its option, default and meaning."""
    doc = inspect.getdoc(AtlasSettings) or ""
    told = {name: rest for names, *rest in _parameters(doc) for name in names}
    options = _build_options()
    lines = [
        "# Settings of a build\n",
        "The same names in Python (`build_atlas(SONGS, k=8)`, `AtlasSettings(k=8)`), in a TOML file",
        "(`--settings my.toml`), and as options of `songatlas build`; an option wins over the file. What an",
        "atlas was built with stands in its report and in `quality.json`.\n",
        "| setting | option | kind | default | meaning |",
        "|---|---|---|---|---|",
    ]
    for field in fields(AtlasSettings):
        kind, words = told[field.name]
        option = options.get(field.name.replace("_", "-"), "")
        default = "none" if field.default is MISSING else _default(field.default)
        shown = f"`{option}`" if option else ""
        lines.append(f"| `{field.name}` | {shown} | {_cell(kind)} | {default} | {_cell(words)} |")
    lines += [
        "\n## As a file\n",
        "```toml",
        AtlasSettings(
            k=8, space=("sound", "era"), weights={"era": 0.5}, keep=("too_short",), columns={"energy": "nrgy"}
        )
        .to_toml()
        .rstrip(),
        "```\n",
        "A name that is no setting is refused, with the nearest one; so is a value of the wrong kind.",
    ]
    return "\n".join(lines) + "\n"


def library_page() -> str:
    """Every public name of the package, from its docstring."""
    parts = [
        "# Python\n",
        "What `import songatlas` gives. A function takes what it works on first, the rest by name;",
        "results are frozen; an error is a `SongAtlasError` that says value, rule and next step.\n",
    ]
    for name in sorted(songatlas.__all__, key=str.lower):
        if not name.startswith("_"):
            parts.append("\n".join(_told_of(name, getattr(songatlas, name))))
    return "\n".join(parts).rstrip() + "\n"


def _told_of(name: str, thing: Any) -> Iterator[str]:
    """Lines on one public name."""
    yield f"## {name}\n"
    if not is_dataclass(thing):
        yield f"```python\n{_signature(name, thing)}\n```\n"
    doc = inspect.getdoc(thing) or ""
    yield _sections(doc)
    for method in _METHODS.get(name, ()):
        said = getattr(thing, method)
        yield f"### {name}.{method}\n\n```python\n{_signature(f'{name}.{method}', said)}\n```\n"
        yield _sections(inspect.getdoc(said) or "")


def _signature(name: str, thing: Any) -> str:
    """How it is called, one argument a line where they are many."""
    target = thing.__init__ if inspect.isclass(thing) else thing
    try:
        found = list(inspect.signature(target).parameters.values())
    except ValueError:
        found = []
    texts, starred = [], False
    for each in found:
        if each.name in {"self", "cls"}:
            continue
        if each.kind is each.KEYWORD_ONLY and not starred:
            texts, starred = [*texts, "*"], True
        sign = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        starred = starred or sign == "*"
        has_default = each.default is not each.empty
        texts.append(f"{sign}{each.name}{f'={_plain_default(each.default)}' if has_default else ''}")
    line = f"{name}({', '.join(texts)})"
    return line if len(line) <= 90 else f"{name}(\n    " + ",\n    ".join(texts) + ",\n)"


def _plain_default(value: object) -> str:
    """A default as a person types it; one that is an empty mapping behind a proxy is an empty dictionary."""
    if inspect.isfunction(value):
        return value.__name__
    return repr(dict(value)) if isinstance(value, Mapping) else repr(value)


def _sections(doc: str) -> str:
    """A numpydoc text as Markdown: a table for each list of names, examples as code."""
    pieces = re.split(r"(?m)^([A-Z][A-Za-z ]+)\n-+\n", doc)
    parts = [_prose(pieces[0])]
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if title == "Examples":
            parts.append(f"**{title}**\n\n```python\n{body.strip()}\n```\n")
            continue
        rows = list(_parameters(f"{title}\n{'-' * len(title)}\n{body}", every=True))
        parts.append(f"**{title}**\n")
        if title in {"References", "Notes"} or not rows:
            parts.append(_prose(body))
        else:
            table = ["| name | kind | meaning |", "|---|---|---|"]
            table += [
                f"| {', '.join(f'`{name}`' for name in names)} | {_cell(kind)} | {_cell(words)} |"
                for names, kind, words in rows
            ]
            parts.append("\n".join(table) + "\n")
    return "\n".join(parts)


def _parameters(doc: str, *, every: bool = False) -> Iterator[tuple[list[str], str, str]]:
    """Yield names, kind and meaning of what a numpydoc text lists: its parameters, or all."""
    section = doc if every else doc.partition("Parameters\n----------\n")[2].partition("\n\nRaises")[0]
    for heading, body in re.findall(
        r"(?m)^(\S[^\n]*)\n((?:^[ ]{4}[^\n]*\n?|^\n(?=[ ]{4}))+)", section + "\n"
    ):
        names, _, kind = heading.partition(" : ")
        words = " ".join(line.strip() for line in body.splitlines())
        yield names.split(", "), kind, words.strip()


def _prose(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text.strip()) + "\n"


def _cell(text: str) -> str:
    """A text that may stand in a table of Markdown."""
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", "\\|")


def _default(value: object) -> str:
    """A default in words."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"`{', '.join(map(str, value))}`" if value else "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _build_options() -> dict[str, str]:
    """The long options of `songatlas build`, by their names; those of columns and units in the plural."""
    group: Any = typer.main.get_command(app)
    told = [option for each in group.commands["build"].params for option in each.opts if option[:2] == "--"]
    names = {option.removeprefix("--"): option for option in told}
    return names | {f"{name}s": names[name] for name in ("column", "unit")}


_METHODS: Mapping[str, tuple[str, ...]] = {
    "Atlas": ("assign", "why", "save", "load", "points", "cluster_names"),
    "AtlasSettings": ("change", "from_toml", "to_toml"),
    "KMeans": ("fit", "predict", "transform"),
}

PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "library.md": library_page,
    "settings.md": settings_page,
    "features.md": features_page,
    "outputs.md": outputs_page,
    "cleaning.md": rules_page,
    "statistics.md": statistics_page,
}
"""Pages by their names in docs/reference/."""
