"""Everything the report tells of an atlas, as one plain dictionary in the order a person wants it.

Conventions: values are texts, numbers, booleans, None, lists and dictionaries only, so the dictionary can
be written as JSON. Shares run from 0 to 1. Texts from the table are cut to a readable length and lose
their control characters; escaping is the business of whoever renders them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from songatlas.features import DETAILS, FEATURES
from songatlas.quality import INDICES
from songatlas.report.against_genres import against_genres
from songatlas.report.artists import artists_and_market
from songatlas.report.cards import cards
from songatlas.report.command import build_command, setting_rows
from songatlas.report.draw import feature_label
from songatlas.report.record import plain
from songatlas.report.sampled import has_column, rows_place, sampled, whole_told
from songatlas.report.spaces import other_spaces, predicted_genres
from songatlas.report.tables import appended_column
from songatlas.report.trust import before_you_trust, refinement_told
from songatlas.report.wording import (
    brief,
    estimated,
    estimates_told,
    made_of,
    sentence,
    separation_words,
    when,
)

if TYPE_CHECKING:
    from songatlas.atlas import Atlas
from songatlas.atlas.usual_space import usual_blocks

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DEMO = "simulated catalogue"
_SIMULATED_ID = re.compile("^sim[0-9A-Za-z]{19}$")


def collect(atlas: Atlas) -> dict[str, Any]:
    """Collect what the report tells.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.

    Returns
    -------
    dict
        Keys ``headline``, ``sample``, ``trust``, ``clusters``, ``map``, ``verdict``, ``quality``, ``sweep``,
        ``genre``, ``predicted``, ``artists``, ``spaces``, ``refinement``, ``reading``, ``cleaning``,
        ``settings`` and ``made``; only the times in ``made`` differ between two runs.
    """
    return {
        "headline": _headline(atlas),
        "sample": sampled(atlas),
        "trust": before_you_trust(atlas),
        "clusters": cards(atlas),
        "map": _map(atlas),
        "verdict": _verdict(atlas),
        "quality": plain(atlas.quality),
        "sweep": _sweep(atlas),
        "genre": against_genres(atlas),
        "predicted": predicted_genres(atlas),
        "artists": artists_and_market(atlas),
        "spaces": other_spaces(atlas),
        "refinement": refinement_told(atlas),
        "reading": _reading(atlas),
        "cleaning": _cleaning(atlas),
        "settings": _settings(atlas),
        "made": {"version": atlas.version, "created": atlas.created, "created_words": when(atlas.created)},
    }


def is_simulated(atlas: Atlas) -> bool:
    """Tell whether the songs are invented: the source says so, or every id is one of `demo`'s."""
    if any("simulated" in text.lower() for text in (atlas.source.name, *atlas.source.notes)):
        return True
    song_ids = atlas.songs["song_id"]  # sorted, so that all lie between the first and the last
    if not song_ids.len() or not all(_SIMULATED_ID.match(song_ids[end]) for end in (0, -1)):
        return False
    return bool((song_ids.str.len_bytes() == len(song_ids[0])).all())


def is_demo(atlas: Atlas) -> bool:
    """Tell whether `songatlas demo` made the songs, in memory or in files."""
    source = atlas.source
    return is_simulated(atlas) and (source.format == "dataframe" or source.name.startswith(_DEMO))


def source_words(atlas: Atlas) -> str:
    """Return what the songs came from, as it reads after "The atlas of"."""
    if is_demo(atlas):
        return "a simulated catalogue"
    name = brief(atlas.source.name)
    return f"a {name}" if atlas.source.format == "dataframe" else name


def _headline(atlas: Atlas) -> dict[str, Any]:
    by_size = sorted(atlas.profiles, key=lambda profile: -profile.size)
    return {
        "source": source_words(atlas),
        "page_title": f"The atlas of {_BIDI.sub('', source_words(atlas))}",
        "simulated": is_simulated(atlas),
        "n_rows": atlas.n_rows,
        "n_songs": atlas.n_songs,
        "n_clustered": atlas.n_clustered,
        "n_excluded": atlas.n_songs - atlas.n_clustered,
        "k": atlas.clustering.k,
        "biggest": {"name": brief(by_size[0].name), "share": float(by_size[0].share)},
        "smallest": {"name": brief(by_size[-1].name), "share": float(by_size[-1].share)},
        "strength": atlas.verdict.strength,
        "likeness": _likeness(atlas),
        "estimates": estimates_told(atlas.columns),
        "made_of": made_of([block.name for block in atlas.space.blocks if block.weight > 0]),
        "separation": separation_words(atlas.quality["silhouette"]["value"]),
    }


def _likeness(atlas: Atlas) -> str:
    """Which older atlas it was built like; empty where it was not."""
    if atlas.likeness is None:
        return ""
    source = brief(atlas.likeness.source)
    return replace(atlas.likeness, source=source).sentence([brief(name) for name in atlas.cluster_names()])


def _map(atlas: Atlas) -> dict[str, Any]:
    (left, right), (bottom, top) = atlas.layout.axis_words
    shares = [float(share) for share in atlas.layout.explained]
    return {"left": left, "right": right, "bottom": bottom, "top": top, "explained": sum(shares)}


def _verdict(atlas: Atlas) -> dict[str, Any]:
    """Return the verdict on k: `sentence`, labelled `votes`, `disagreement` and `strength`."""
    verdict, with_playlists = atlas.verdict, has_column(atlas, "subcluster")
    return {
        "k": verdict.k,
        "chosen_by_person": atlas.settings.k != "auto",
        "sentence": verdict.sentence,
        "votes": [
            {"rule": rule_label(vote.rule), "k": vote.k, "sentence": vote.sentence} for vote in verdict.votes
        ],
        "disagreement": verdict.disagreement,
        "strength": verdict.strength,
        "playlists": verdict.playlists.sentence if verdict.playlists and with_playlists else None,
        "playlists_column": appended_column(atlas, "subcluster"),
    }


def rule_label(rule: str) -> str:
    """Return what the page calls a rule that votes on k."""
    return INDICES[rule].label if rule in INDICES else rule.replace("_", " ").capitalize()


def _sweep(atlas: Atlas) -> dict[str, Any]:
    """Return the evidence, one row a k, with the best value of each index marked."""
    rows = plain(atlas.evidence.to_dicts())
    columns = [
        {
            "name": name,
            "label": index.label,
            "sentence": index.sentence,
            "better": index.better,
            "best": _best(rows, name, better=index.better),
        }
        for name, index in INDICES.items()
        if any(row.get(name) is not None for row in rows)
    ]
    return {"columns": columns, "rows": rows, "k": atlas.clustering.k}


def _best(rows: Sequence[Mapping[str, Any]], name: str, *, better: str) -> int | None:
    """The k at which an index is best; none for inertia, which always falls."""
    sign = 1.0 if better == "higher" else -1.0
    known = [(sign * float(row[name]), -int(row["k"])) for row in rows if row.get(name) is not None]
    return None if name == "inertia" or not known else -max(known)[1]


def _reading(atlas: Atlas) -> dict[str, Any]:
    understood, left_alone = [], []
    for reading in atlas.columns:
        header = brief(reading.header) or f"(column {reading.position + 1}, no header)"
        if reading.column is None:
            left_alone.append({"header": header, "note": brief(reading.note, longest=300)})
        else:
            understood.append(
                {
                    "header": header,
                    "label": _column_label(reading.column),
                    "column": reading.column,
                    "unit": reading.unit or "",
                    "how_sure": reading.how_sure,
                    "note": sentence(brief(reading.note, longest=300)),
                }
            )
    source = atlas.source
    return {
        "format": source.format,
        "encoding": source.encoding.upper() if source.encoding else None,
        "separator": {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}.get(
            source.separator or "", source.separator
        ),
        "n_columns": len(atlas.columns),
        "what": _what(atlas),
        "understood": understood,
        "with_notes": any(column["note"] for column in understood),
        "left_alone": left_alone,
        "notes": [sentence(brief(note, longest=300)) for note in source.notes],
        "whole": whole_told(atlas),
        "rows_place": rows_place(atlas),
    }


def _what(atlas: Atlas) -> str:
    """What was read, as a sentence begins with it."""
    if atlas.source.format == "dataframe":
        return "A table in memory"
    return "A simulated catalogue" if is_demo(atlas) else brief(atlas.source.name)


def _column_label(column: str) -> str:
    known = FEATURES.get(column) or DETAILS.get(column)
    return known.label if known else feature_label(column)


def _cleaning(atlas: Atlas) -> dict[str, Any]:
    rules = [
        {
            "reason": count.reason,
            "title": count.title,
            "action": count.action,
            "n_songs": count.n_songs,
            "n_rows": count.n_rows,
            "sentence": count.sentence,
            "examples": [brief(example) for example in count.examples],
        }
        for count in atlas.counts
    ]
    off = [rule for rule in rules if rule["action"] == "switched off"]
    active = [rule for rule in rules if rule["action"] != "switched off"]
    return {
        "met": [rule for rule in active if rule["n_rows"] or rule["n_songs"]],
        "not_met": [rule for rule in active if not (rule["n_rows"] or rule["n_songs"])],
        "switched_off": off,
        "reason_column": appended_column(atlas, "excluded_because"),
        "dropped_features": [
            {"label": feature_label(name), "why": brief(why, longest=300)}
            for name, why in atlas.dropped_features.items()
        ],
        "space_notes": list(atlas.space.notes),
    }


def _settings(atlas: Atlas) -> dict[str, Any]:
    settings, in_memory = atlas.settings.to_dict(), atlas.source.format == "dataframe"
    return {
        "rows": setting_rows(settings),
        "command": build_command(
            None if in_memory else brief(atlas.source.name),
            settings,
            simulated=is_demo(atlas),
            n_rows=atlas.n_rows,
            like=atlas.likeness is not None,
            whole=atlas.whole,
            usual_space=usual_blocks(atlas.songs),
        ),
        "by_mllib": atlas.whole is not None and atlas.whole.kmeans == "mllib",
        "runs_beside": None if in_memory or is_demo(atlas) else brief(atlas.source.name),
        "sha256": atlas.source.sha256,
        "features": [
            feature_label(name, estimates=estimated(atlas.columns)) for name in atlas.space.features
        ],
        "n_dimensions": len(atlas.space.dimensions),
    }
