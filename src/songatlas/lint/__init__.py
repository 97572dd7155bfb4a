"""The lint: what a person should know before believing a result, each with the number that shows it."""

from __future__ import annotations

from songatlas.lint.checks import LINTS, find_flaws
from songatlas.lint.clusters import cluster_jaccard
from songatlas.lint.facts import Facts, Finding, Lint

__all__ = ["LINTS", "Facts", "Finding", "Lint", "cluster_jaccard", "find_flaws"]
