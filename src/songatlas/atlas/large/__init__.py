"""Catalogues larger than memory, and those that lie on a cluster: one road for all engines.

`road` says what is asked of a catalogue and in which order, `tasks` what its parts answer, `cleaned` how
decisions about all rows are made of these answers, `sampled` and `settling` how songs are clustered.
"""

from __future__ import annotations

from songatlas.atlas.large.building import build_large_atlas

__all__ = ["build_large_atlas"]
