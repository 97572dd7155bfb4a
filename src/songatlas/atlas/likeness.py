"""`Likeness`: the old atlas that a new one was made like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from songatlas.matching import listed, quoted


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What an atlas took from an old one.

    Attributes
    ----------
    source, created : str
        What the songs of the old atlas came from, and when it was built (ISO 8601).
    k : int
        Clusters of the old atlas.
    kept : tuple of int
        Clusters of the new atlas that go on for old ones, with their names and colours.
    by : {"songs", "centres"}
        What matched the clusters.
    gone : tuple of str
        Names of the clusters of the old atlas that do not go on.
    measurers : str
        What to say where the songs of the two were measured by different ones; empty where not.
    """

    source: str
    created: str
    k: int
    kept: tuple[int, ...]
    by: Literal["songs", "centres"]
    gone: tuple[str, ...] = ()
    measurers: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Likeness:
        """Make it out of plain values."""
        return cls(**{**values, "kept": tuple(values["kept"]), "gone": tuple(values.get("gone", ()))})

    def sentence(self, names: Sequence[str]) -> str:
        """Say it in a sentence.

        Parameters
        ----------
        names : sequence of str
            Names of the clusters of the new atlas.

        Examples
        --------
        >>> old = Likeness(source="old.csv", created="2026-01-02", k=2, kept=(1,), by="songs", gone=("Pop",))
        >>> print(old.sentence(["Loud", "Calm"]).partition(": ")[2])
        1 of 2 clusters keeps its name and colour; “Loud” is new; the old “Pop” does not go on.
        """
        new = [quoted(name) for cluster, name in enumerate(names) if cluster not in self.kept]
        n_kept, lost = len(self.kept), [quoted(name) for name in self.gone]
        keep = "keeps its name and colour" if n_kept == 1 else "keep their names and colours"
        others = f"; {listed(new)} {'is' if len(new) == 1 else 'are'} new" if new else ""
        gone = f"; the old {listed(lost)} {'does' if len(lost) == 1 else 'do'} not go on" if lost else ""
        matched = "" if self.by == "songs" else " (matched by their centres, for hardly any song is in both)"
        when = self.created[:16].replace("T", " ")
        return (
            f"Built like the atlas of {self.source} of {when} UTC: {n_kept} of {len(names)} clusters "
            f"{keep}{matched}{others}{gone}.{' ' if self.measurers else ''}{self.measurers}"
        )
