"""The registry of all checks, and the one function that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from songatlas.lint.clusters import find_chance, find_large, find_small, find_sparse, find_unstable
from songatlas.lint.facts import Facts, Finding, Lint
from songatlas.lint.rescaled import find_rescaled, find_rounded
from songatlas.lint.sound import find_dominant, find_duplicates, find_popularity


def find_flaws(facts: Facts) -> tuple[Finding, ...]:
    """Return what all checks found, warnings first, in the order of `LINTS`.

    Parameters
    ----------
    facts : Facts
        The result to look at. The same facts and seed give the same findings.
    """
    found = [finding for lint in LINTS.values() for finding in lint.find(facts)]
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))


LINTS: Mapping[str, Lint] = MappingProxyType(
    {
        "rescaled_features": Lint(label="features that look rescaled", find=find_rescaled),
        "rounded_features": Lint(label="features that look rounded", find=find_rounded),
        "popularity_as_sound": Lint(label="popularity used as sound", find=find_popularity),
        "dominant_feature": Lint(label="one feature that dominates", find=find_dominant),
        "duplicate_features": Lint(label="features that repeat each other", find=find_duplicates),
        "large_cluster": Lint(label="a cluster of most songs", find=find_large),
        "small_cluster": Lint(label="a cluster of few songs", find=find_small),
        "few_songs": Lint(label="few songs for each cluster", find=find_sparse),
        "unstable_clusters": Lint(label="clusters that do not last", find=find_unstable),
        "silhouette_by_chance": Lint(label="a silhouette that chance reaches", find=find_chance),
    }
)
