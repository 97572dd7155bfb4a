"""Which cluster some words mean."""

from __future__ import annotations

import pytest

from songatlas.atlas.naming_a_cluster import cluster_named
from songatlas.errors import UnknownName

NAMES = ("Gentle acoustic", "Loud rock", "Soft rock", "Été", "2", "Loud rock")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Gentle acoustic", 0),
        (" gentle  ACOUSTIC ", 0),
        ("soft", 2),
        ("gent", 0),
        ("ete", 3),
        ("1", 1),
        ("2", 4),  # a name goes before a number
        ("5", 5),
    ],
)
def test_names_parts_and_numbers(text: str, number: int) -> None:
    assert cluster_named(NAMES, text) == number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rock", "3 clusters are called like 'rock': 1 Loud rock; 2 Soft rock; 5 Loud rock"),
        ("Loud rock", "2 clusters are called like 'Loud rock': 1 Loud rock; 5 Loud rock; give one of"),
        ("Soft rok", "did you mean 'Soft rock'"),
        ("6", r"no cluster is called '6'.*0 Gentle acoustic"),
        ("", "no cluster is called ''"),
        ("?", "no cluster is called"),
    ],
)
def test_what_is_not_one_cluster_is_refused(text: str, words: str) -> None:
    with pytest.raises(UnknownName, match=words):
        cluster_named(NAMES, text)
