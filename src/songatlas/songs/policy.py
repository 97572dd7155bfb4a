"""`CleaningPolicy`: what was decided about a whole table of songs, so that its parts can be cleaned alone.

The fate of a song depends on its company in few ways only: columns that are out of range too often are not
judged, rules that would leave out more than half switch themselves off, features that are empty in most
songs or alike in all are not used. A policy holds these decisions, and nothing else about the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Damage = Literal["on", "off", "idle"]


@dataclass(frozen=True)
class Stage:
    """Features that were tried together, and what followed from them.

    What is left out depends on the features in use, and which features are of use on what is left; so
    features are tried in stages until all that are left are of use.

    Attributes
    ----------
    features : tuple of str
        Features in use.
    idle : tuple of str
        Reasons of the rules that switched themselves off with them.
    """

    features: tuple[str, ...]
    idle: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CleaningPolicy:
    """What is decided for all songs of a table.

    Attributes
    ----------
    asked : tuple of str
        Features that clusters were to be made of.
    off : tuple of str
        Reasons of the rules that a person switched off, sorted.
    heard : bool
        Whether songs that no scan heard are left out.
    distrusted : tuple of str
        Columns so often out of range that their values are not judged.
    mostly_damaged : bool
        Whether more than half of the rows have several impossible values.
    stages : tuple of Stage
        At least one; the last holds.
    dropped : mapping of str to str
        Features that cannot be used, and why. It is told by the others and plays no part in comparisons.
    fixed : bool
        Whether features are used as they are given, and no rule switches itself off.
    """

    asked: tuple[str, ...]
    off: tuple[str, ...] = ()
    heard: bool = False
    distrusted: tuple[str, ...] = ()
    mostly_damaged: bool = False
    stages: tuple[Stage, ...]
    dropped: Mapping[str, str] = field(default_factory=dict, compare=False)
    fixed: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """Features that can be used."""
        return self.stages[-1].features

    @property
    def idle(self) -> tuple[str, ...]:
        """Reasons of the rules that switched themselves off, that of impossible values among them."""
        return (("impossible_values",) if self.damage == "idle" else ()) + self.stages[-1].idle

    @property
    def damage(self) -> Damage:
        """Whether rows with several impossible values are left out, or why not."""
        if "impossible_values" in self.off:
            return "off"
        return "idle" if self.mostly_damaged and not self.fixed else "on"

    @property
    def unasked(self) -> frozenset[str]:
        """Reasons of the rules that are not asked at all."""
        return frozenset(self.off if self.heard else (*self.off, "not_heard"))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CleaningPolicy:
        """Take up what `to_dict` returned, be it from JSON."""
        stages = tuple(Stage(tuple(stage["features"]), tuple(stage["idle"])) for stage in values["stages"])
        return cls(
            asked=tuple(values["asked"]),
            off=tuple(values["off"]),
            heard=values["heard"],
            distrusted=tuple(values["distrusted"]),
            mostly_damaged=values["mostly_damaged"],
            stages=stages,
            dropped=dict(values["dropped"]),
            fixed=values["fixed"],
        )
