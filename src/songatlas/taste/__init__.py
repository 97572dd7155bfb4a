"""Songs like these: the density of liked songs in the space of taste, chosen under caps, told in words."""

from __future__ import annotations

from songatlas.taste.blocks import BLOCKS, N_TAG_DIMENSIONS, Groups, Taste, fit_taste
from songatlas.taste.choosing import best_songs, diverse_songs, n_candidates
from songatlas.taste.density import (
    HUB_CORRECTION,
    background,
    log_density,
    nearest_given,
    pair_kernels,
    preference,
)
from songatlas.taste.wording import spreads, tell_likeness

__all__ = [
    "BLOCKS",
    "HUB_CORRECTION",
    "N_TAG_DIMENSIONS",
    "Groups",
    "Taste",
    "background",
    "best_songs",
    "diverse_songs",
    "fit_taste",
    "log_density",
    "n_candidates",
    "nearest_given",
    "pair_kernels",
    "preference",
    "spreads",
    "tell_likeness",
]
