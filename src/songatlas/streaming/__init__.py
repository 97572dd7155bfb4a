"""A catalogue larger than memory on one machine: files read part by part, stages kept beside them."""

from __future__ import annotations

from songatlas.streaming.file_catalogue import FileCatalogue
from songatlas.streaming.mapped_points import MappedPoints
from songatlas.streaming.memory import LEAST_MEMORY

__all__ = ["LEAST_MEMORY", "FileCatalogue", "MappedPoints"]
