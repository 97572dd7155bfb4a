"""What a reader should know before trusting the clusters: what the checks found, and what refining gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from songatlas.lint import LINTS, Finding
from songatlas.report.wording import brief, sentence

if TYPE_CHECKING:
    from songatlas.atlas import Atlas


def before_you_trust(atlas: Atlas) -> dict[str, Any]:
    """Return what the checks found: `n_checks`, and `warnings` and `notes` with their next steps."""
    return {
        "n_checks": len(LINTS),
        "looked_for": [lint.label for lint in LINTS.values()],
        "warnings": [_told(each) for each in atlas.findings if each.severity == "warning"],
        "notes": [_told(each) for each in atlas.findings if each.severity != "warning"],
    }


def _told(finding: Finding) -> dict[str, str]:
    """A finding as the page tells it."""
    return {
        "label": sentence(LINTS[finding.check].label).rstrip("."),
        "sentence": brief(finding.sentence, longest=600),
        "next_step": sentence(brief(finding.next_step, longest=300)),
    }


def refinement_told(atlas: Atlas) -> dict[str, Any] | None:
    """Return what --refine proposed and what held-out artists gain; None where nobody asked for it.

    Returns
    -------
    dict or None
        `sentence`; `applied`, whether the weights are in use; `has_weights`, whether any were proposed.
    """
    found = atlas.refinement
    if found is None:
        return None
    return {
        "sentence": brief(found.sentence, longest=900),
        "applied": found.applied,
        "has_weights": bool(found.changed),
    }
