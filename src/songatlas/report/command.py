"""How an atlas is built again: its settings in words, and the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from songatlas.atlas.usual_space import OF_FEATURES

if TYPE_CHECKING:
    from songatlas.atlas.whole import Whole


def build_command(
    source: str | None,
    settings: Mapping[str, Any],
    *,
    simulated: bool,
    n_rows: int,
    like: bool = False,
    whole: Whole | None = None,
    usual_space: Sequence[str] = OF_FEATURES,
) -> str:
    """Return the command line that builds the same atlas from the same file.

    Parameters
    ----------
    source : str or None
        Name of the file that was read, or of the folder of music; None for a table in memory. Without its
        folder: a report is passed on, and says nothing of where its maker keeps things.
    settings : mapping
        As `AtlasSettings.to_dict` gives it; settings at their default are left out.
    simulated : bool
        Whether the table in memory is the simulated catalogue.
    n_rows : int
        Rows of the input.
    like : bool
        Whether the atlas was built like an older one, whose folder the reader has to name.
    whole : Whole, optional
        How a catalogue was clustered in parts; None where memory held it. Which Spark did it is not said: the
        reader has to name one.
    usual_space : sequence of str
        Blocks that this table gets where nobody names any.

    Returns
    -------
    str
        Words quoted as a POSIX shell needs them.

    Examples
    --------
    >>> build_command("my songs.csv", {"k": 8, "seed": 0}, simulated=False, n_rows=100)
    "songatlas build 'my songs.csv' --k 8 --seed 0"
    """
    words = ["songatlas", "build", source or "SONGS"]
    if simulated:
        words = ["songatlas", "demo", "--songs", str(n_rows)]
    space = list(settings.get("space") or [])
    asked = {**settings, "space": [] if space == list(usual_space) else space}
    words += [*_options(asked), *(["--like", "OLD_ATLAS"] if like else [])]
    return shlex.join([*words, *_engine_options(whole)])


def _engine_options(whole: Whole | None) -> list[str]:
    """The words of the options for what clustered the songs in parts."""
    if whole is None:
        return []
    words = ["--engine", whole.engine]
    if whole.engine == "spark":
        words += ["--master", "MASTER"]
    return words if whole.kmeans == "ours" else [*words, "--spark-kmeans", whole.kmeans]


def space_options(settings: Mapping[str, Any]) -> str:
    """Return the options that ask for the space of these settings.

    Examples
    --------
    >>> space_options({"k": 8, "space": ["sound"], "genre_pull": 0.3})
    '--space sound --genre-pull 0.3'
    """
    asked = ("space", "weights", "feature_weights", "genre_pull")
    given = {name: settings.get(name) for name in asked}
    return shlex.join(_options(given | ({"space": None} if given["space"] == list(OF_FEATURES) else {})))


def _options(settings: Mapping[str, Any]) -> list[str]:
    """The words of the options for settings that are not at their default."""
    words: list[str] = []
    for name, option in OPTIONS.items():
        value = settings.get(name)
        if value in (None, [], {}, "") or (name in _DEFAULTS and value == _DEFAULTS[name]):
            continue
        if isinstance(value, bool):
            words += [option] if value else []
        elif isinstance(value, Mapping):
            pairs = [f"{key}={_number(part)}" for key, part in value.items()]
            if name in ("weights", "feature_weights"):
                words += [option, ",".join(pairs)]
            else:
                words += [word for pair in pairs for word in (option, pair)]
        else:
            words += [option, ",".join(value) if isinstance(value, list) else _number(value)]
    return words


def setting_rows(settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the settings that say something as label and text, in their order; the rest in one row."""
    said = [{"label": LABELS.get(name, name), "value": _words(value)} for name, value in settings.items()]
    unsaid = [row["label"].lower() for row in said if not row["value"]]
    rows = [row for row in said if row["value"]]
    return [*rows, {"label": "Left at their default", "value": ", ".join(unsaid)}] if unsaid else rows


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_number(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else _number(value)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


_DEFAULTS: Mapping[str, Any] = {"k": "auto", "k_min": 2, "k_max": 20, "space": ["auto"]}

OPTIONS: Mapping[str, str] = {
    "k": "--k",
    "k_min": "--k-min",
    "k_max": "--k-max",
    "seed": "--seed",
    "genre": "--genre",
    "space": "--space",
    "weights": "--weights",
    "feature_weights": "--feature-weights",
    "genre_pull": "--genre-pull",
    "features": "--features",
    "refine": "--refine",
    "keep": "--keep",
    "columns": "--column",
    "units": "--unit",
    "header": "--header",
}
"""Setting -> option of the command line."""

LABELS: Mapping[str, str] = {
    "k": "Number of clusters",
    "k_min": "Fewest clusters tried",
    "k_max": "Most clusters tried",
    "seed": "Seed",
    "space": "Blocks of the space",
    "weights": "Weights of the blocks",
    "feature_weights": "Weights of features",
    "genre_pull": "Pull of genres",
    "features": "Features asked for",
    "refine": "Weights of features refined",
    "genre": "Genre column",
    "keep": "Rules switched off",
    "columns": "Columns named",
    "units": "Units named",
    "header": "Headers given",
}
"""Setting -> what a reader calls it."""
