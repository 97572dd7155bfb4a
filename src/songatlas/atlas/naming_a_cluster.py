"""Which cluster a person means by some words or a number."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from songatlas.errors import UnknownName, did_you_mean
from songatlas.songs.finding import folded_texts, valid_text


def cluster_named(names: Sequence[str], text: str, *, generated: Sequence[str] = ()) -> int:
    """Return the number of the cluster that is meant by its name, a part of it, or its number.

    Case, accents, punctuation and blanks do not count. A whole name goes before a number, a number before
    the whole generated name of a cluster that a person has renamed, then come whole words of a name, and
    then a part of a word.

    Parameters
    ----------
    names : sequence of str
        Name of every cluster, in the order of their numbers.
    text : str
        What a person typed.
    generated : sequence of str
        What the clusters were called before a person named them, for who remembers that.

    Raises
    ------
    UnknownName
        If no cluster is meant, or several are; the message names them with their numbers.

    Examples
    --------
    >>> names = ("Gentle acoustic", "Loud rock", "Soft rock, acoustic")
    >>> cluster_named(names, "LOUD"), cluster_named(names, "2"), cluster_named(names, "soft rock acoustic")
    (1, 2, 2)
    >>> cluster_named(("Rainy day", *names[1:]), "gentle acoustic", generated=names)
    0
    """
    asked, *folded = folded_texts(pl.Series([valid_text(text), *names], dtype=pl.String)).to_list()
    number = text.strip()
    if asked and folded.count(asked) == 1:
        return folded.index(asked)
    if number.isascii() and number.isdigit() and int(number) < len(names):
        return int(number)
    alike = [at for at, name in enumerate(folded) if asked and name == asked]
    if not alike and asked:
        before = folded_texts(pl.Series(generated, dtype=pl.String)).to_list()
        alike = [at for at, name in enumerate(before) if name == asked]
    alike = alike or [at for at, name in enumerate(folded) if asked and f" {asked} " in f" {name} "]
    alike = alike or [at for at, name in enumerate(folded) if asked and asked in name]
    if len(alike) == 1:
        return alike[0]
    listed = "; ".join(f"{at} {names[at]}" for at in alike or range(len(names)))
    if alike:
        raise UnknownName(
            f"{len(alike)} clusters are called like {text!r}: {listed}; give one of the numbers"
        )
    raise UnknownName(
        f"no cluster is called {text!r}{did_you_mean(text, names)} (clusters: {listed}; give a name, a part "
        "of one, or a number)"
    )
