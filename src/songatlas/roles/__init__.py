"""Roles of songs in their clusters, and the exemplars that show a cluster."""

from __future__ import annotations

from songatlas.roles.exemplars import N_EXEMPLARS, exemplars
from songatlas.roles.parts import ROLES, Roles, role_counts, song_roles

__all__ = ["N_EXEMPLARS", "ROLES", "Roles", "exemplars", "role_counts", "song_roles"]
