"""Matching: which clusters of a new atlas are those of an old one, and what became of the others.

`match_clusters` pairs clusters by the songs that they share, or by their centres where too few songs are in
both (`pairs`); every cluster is kept, moved, split, merged, new or gone (`changes`), told in `words`.
"""

from __future__ import annotations

from songatlas.matching.changes import KINDS, Change, Matching, Part, match_clusters
from songatlas.matching.pairs import LEAST_PART, NEAR, STAYED, STILL, centre_gaps
from songatlas.matching.words import listed, quoted, share_words, tell_change

__all__ = [
    "KINDS",
    "LEAST_PART",
    "NEAR",
    "STAYED",
    "STILL",
    "Change",
    "Matching",
    "Part",
    "centre_gaps",
    "listed",
    "match_clusters",
    "quoted",
    "share_words",
    "tell_change",
]
