"""The verdict on k: how many clusters, why, and where the rules disagree."""

from __future__ import annotations

from songatlas.choose_k.rules import RULES, STABLE, Rule, Vote
from songatlas.choose_k.verdict import Playlists, Verdict, choose_k, verdict_for, with_playlists
from songatlas.choose_k.weighing import MOODS

__all__ = [
    "MOODS",
    "RULES",
    "STABLE",
    "Playlists",
    "Rule",
    "Verdict",
    "Vote",
    "choose_k",
    "verdict_for",
    "with_playlists",
]
