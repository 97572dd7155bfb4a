"""What the report tells beside the score: what other spaces would give, and genres that were predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from songatlas.atlas.rows import PREDICTED
from songatlas.atlas.spaces import AS_CHOSEN
from songatlas.report.command import space_options
from songatlas.report.record import plain
from songatlas.report.sampled import has_column
from songatlas.report.tables import appended_column

if TYPE_CHECKING:
    from songatlas.atlas import Atlas


def other_spaces(atlas: Atlas) -> list[dict[str, Any]]:
    """Return what each space would give; empty where there is nothing to judge spaces by.

    Returns
    -------
    list of dict
        `space` in words, `option` that asks for it, `ami`, `purity`, `stability`, and whether it is the one
        that was `chosen`.
    """
    return [
        {**row, "space": _words(row["space"]), "option": _option(atlas, row["space"])}
        for row in plain(atlas.spaces.to_dicts())
    ]


def _words(name: str) -> str:
    """What the table calls a space."""
    if name == AS_CHOSEN:
        return "As asked for"
    pull = name.removeprefix("genre pull ")
    if pull == name:
        return name.capitalize()
    return "Genre alone" if pull == "1" else "Half sound and era, half genre"


def _option(atlas: Atlas, name: str) -> str:
    """How that space is asked for."""
    if name == AS_CHOSEN:
        return space_options(atlas.settings.to_dict())
    pull = name.removeprefix("genre pull ")
    return f"--space {name.replace(', ', ',')}" if pull == name else f"--genre-pull {pull}"


def predicted_genres(atlas: Atlas) -> dict[str, Any] | None:
    """Return for how many songs a genre was predicted and how often that is right; None where for none.

    Returns
    -------
    dict or None
        `n_songs`; the `columns` of the clustered songs that tell them (none of a sample); as shares
        `new_artists` and `known_artists`, with `n_new_artists` and `n_known_artists` the songs that they were
        measured on, None where unknown.
    """
    n_songs = atlas.genre_of_songs["predicted_genre"].count()
    if not n_songs:
        return None
    accuracy = plain((atlas.genre or {}).get("prediction") or {})
    figures = ("new_artists", "n_new_artists", "known_artists", "n_known_artists")
    return {
        "n_songs": n_songs,
        "columns": [appended_column(atlas, name) for name in PREDICTED if has_column(atlas, name)],
        **{name: accuracy.get(name) for name in figures},
    }
