"""`AtlasSettings`: everything a person can decide about an atlas, with the defaults, in one place.

Conventions
-----------
Settings are frozen. They come from keyword arguments, from a dictionary or from a TOML file; an unknown
name or a value of the wrong kind is refused, never ignored. `threads` changes the speed only, so it is
not part of what is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from songatlas.errors import BadSettings, did_you_mean, quoted
from songatlas.files import read_at_most
from songatlas.toml_text import BadToml, as_toml, toml_values

MOST_WEIGHT: Final = 1e6
"""The most that a block or a feature may weigh: beyond it all else is below the precision of points."""

_NO_NAMES: Mapping[str, Any] = MappingProxyType({})
_LARGEST: Final = 250_000


@dataclass(frozen=True, kw_only=True)
class AtlasSettings:
    """What to build an atlas from, and how.

    Parameters
    ----------
    k : int or "auto"
        Number of clusters, at least 2; `"auto"` takes the verdict of the evidence.
    k_min, k_max : int
        Smallest and largest number of clusters that the sweep tries. Few songs lower `k_max`, never `k_min`,
        which must be below the number of different songs.
    seed : int
        Seed of everything random, from 0 to 2**63 - 1.
    space : tuple of str
        Blocks that make the points: `"sound"`, `"audio"`, `"era"`, `"tags"`, `"genre"`; or `"plain"` alone
        for standardized features. `"auto"` stands for audio and era where a scan has heard most songs, for
        sound and era where it has not; an atlas holds what that came to.
    weights : mapping of str to float
        Weight of a block, in units of distance; blocks not named keep their default.
    feature_weights : mapping of str to float
        Factor of a feature inside the sound, on top of what it counts by default; 0 leaves it out.
    genre_pull : float or None
        From 0, pure sound (and era), to 1, pure genre: what is believed of each song's genre by models that
        never met its artist. None leaves genres out of the space, unless `space` names them.
    features : tuple of str
        Features to use instead of all that the table has; popularity and followers only take part
        when they are named here.
    refine : bool
        Weigh the features anew where that raises the agreement with genres, or the stability where there
        are none, on artists that took no part in choosing the weights.
    genre : str or None
        Header of the column whose words are the genres that clusters are judged by.
    keep : tuple of str
        Reasons of the triage rules that are switched off; `"all"` switches off all of them.
    columns : mapping of str to str
        Our column -> header in the table, where the reader needs to be told.
    units : mapping of str to str
        Our column -> unit of its values in the table, where the reader needs to be told.
    header : tuple of str or None
        Names of the columns of a table that has no header row.
    threads : int or None
        Threads to use, all cores where None. Results do not depend on it.

    Raises
    ------
    BadSettings
        If a value is of the wrong kind or out of its range.

    Examples
    --------
    >>> AtlasSettings(k=8).k
    8
    >>> AtlasSettings().change(seed=3).seed
    3
    """

    k: int | Literal["auto"] = "auto"
    k_min: int = 2
    k_max: int = 20
    seed: int = 0
    space: tuple[str, ...] = ("auto",)
    weights: Mapping[str, float] = field(default_factory=lambda: _NO_NAMES)
    feature_weights: Mapping[str, float] = field(default_factory=lambda: _NO_NAMES)
    genre_pull: float | None = None
    features: tuple[str, ...] = ()
    refine: bool = False
    genre: str | None = None
    keep: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: _NO_NAMES)
    units: Mapping[str, str] = field(default_factory=lambda: _NO_NAMES)
    header: tuple[str, ...] | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check every value, and make lists and dictionaries immutable."""
        if self.k != "auto":
            _check_whole("k", self.k, low=2, high=65_535, words="a number of clusters, or 'auto'")
        _check_whole("k_min", self.k_min, low=2, high=65_535, words="the smallest number of clusters to try")
        _check_whole("k_max", self.k_max, low=self.k_min, high=65_535, words="at least k_min")
        _check_whole("seed", self.seed, low=0, high=2**63 - 1, words="any whole number from 0")
        if self.threads is not None:
            _check_whole("threads", self.threads, low=1, high=4096, words="a number of threads")
        for name in ("space", "features", "keep", "header"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        for name in ("columns", "units"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        for name, each in (("weights", "block"), ("feature_weights", "feature")):
            object.__setattr__(self, name, _weights(name, getattr(self, name), each=each))
        if not self.space:
            raise BadSettings("space is empty: name at least one block, such as 'sound'")
        if self.genre_pull is not None:
            object.__setattr__(self, "genre_pull", _pull(self.genre_pull))
        if not isinstance(self.refine, bool):
            raise BadSettings(f"refine is {quoted(self.refine)}: it must be true or false")
        if self.genre is not None and not isinstance(self.genre, str):
            raise BadSettings(f"genre is {quoted(self.genre)}: it must be the header of one column")

    @property
    def takes_genres(self) -> bool:
        """Whether genres are part of the space."""
        return bool(self.genre_pull) or ("genre" in self.space and self.genre_pull is None)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AtlasSettings:
        """Make settings from a dictionary; unknown names raise `BadSettings`."""
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known:
                raise BadSettings(
                    f"no setting is called {quoted(name)}{did_you_mean(name, known)} "
                    f"(settings: {', '.join(known)})"
                )
        return cls(**values)

    @classmethod
    def from_toml(cls, path: str | Path) -> AtlasSettings:
        """Read settings from a TOML file; `BadSettings` says what is wrong with it."""
        named = quoted(str(path), longest=300)
        try:
            content = read_at_most(Path(path), _LARGEST + 1)
        except OSError as error:
            raise BadSettings(f"cannot read the settings file {named}: {error.strerror or error}") from None
        return cls.from_toml_bytes(content, named=named)

    @classmethod
    def from_toml_bytes(cls, content: bytes, *, named: str = "the text") -> AtlasSettings:
        """Read settings from the content of a TOML file, which errors call `named`."""
        if len(content) > _LARGEST:
            raise BadSettings(f"{named} has more than {_LARGEST:,} bytes: a file of settings has far less")
        try:
            values = toml_values(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise BadSettings(f"{named} is not UTF-8 text: save it as UTF-8") from None
        except BadToml as error:
            raise BadSettings(f"{named} is not a TOML file: {error}") from None
        return cls.from_dict(values)

    def change(self, **changes: Any) -> AtlasSettings:
        """Return the settings with some of them changed; unknown names raise `BadSettings`."""
        return self.from_dict({f.name: getattr(self, f.name) for f in fields(self)} | changes)

    def to_dict(self) -> dict[str, Any]:
        """Return what decides the result, ready for JSON (`threads` does not)."""
        values: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Mapping):
                value = dict(value)
            values[f.name] = list(value) if isinstance(value, tuple) else value
        del values["threads"]
        return values

    def to_toml(self) -> str:
        """Return what differs from the defaults as TOML, which `from_toml` reads back."""
        usual = AtlasSettings().to_dict()
        changed = {name: value for name, value in self.to_dict().items() if value != usual[name]}
        lines = [
            f"{name} = {as_toml(value)}" for name, value in changed.items() if not isinstance(value, dict)
        ]
        for name, pairs in changed.items():
            if isinstance(pairs, dict):
                lines += [
                    "",
                    f"[{name}]",
                    *(f"{as_toml(key)} = {as_toml(value)}" for key, value in pairs.items()),
                ]
        return "\n".join(lines or ["# every setting is at its default"]).strip() + "\n"


def asked_settings(settings: object, changes: Mapping[str, Any]) -> AtlasSettings:
    """Return the settings that a function is given, the defaults where None, with some of them changed.

    Raises
    ------
    BadSettings
        If they are none, or a change is unknown or out of its range.

    Examples
    --------
    >>> asked_settings(None, {"k": 3}).k
    3
    """
    if settings is not None and not isinstance(settings, AtlasSettings):
        raise BadSettings(
            f"settings is {quoted(settings)}: give AtlasSettings(k=8), or the settings by their names, as k=8"
        )
    return (settings or AtlasSettings()).change(**changes)


def _pull(value: object) -> float:
    """Return the pull of genres as a number from 0 to 1."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, int | float) or not number or not 0 <= value <= 1:
        raise BadSettings(
            f"genre_pull is {quoted(value)}: it must be a number from 0, pure sound, to 1, pure genre"
        )
    return float(value)


def _check_whole(name: str, value: object, *, low: int, high: int, words: str) -> None:
    """Refuse anything but a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadSettings(
            f"{name} is {quoted(value)}: it must be a whole number from {low} to {high} ({words})"
        )


def _names(name: str, value: Sequence[str] | str | None) -> tuple[str, ...] | None:
    """Return a tuple of names; one text is split at its commas."""
    if value is None and name == "header":
        return None
    listed: Any = value.split(",") if isinstance(value, str) else value
    parts = list(listed) if isinstance(listed, Iterable) else [listed]
    if not all(isinstance(part, str) for part in parts):
        raise BadSettings(f"{name} is {quoted(value)}: it must be a list of names")
    if name == "header":
        return tuple(part.strip() for part in parts)
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _texts(name: str, value: Mapping[str, str]) -> Mapping[str, str]:
    """Return an immutable copy of a mapping of names to names."""
    if not isinstance(value, Mapping) or not all(isinstance(x, str) for pair in value.items() for x in pair):
        raise BadSettings(
            f"{name} is {quoted(value)}: it must give a text for each column, such as energy = 'nrgy'"
        )
    return MappingProxyType(dict(value))


def _weights(name: str, value: Mapping[str, float], *, each: str) -> Mapping[str, float]:
    """Return an immutable copy of the weights of blocks or features, each finite and not negative."""
    if not isinstance(value, Mapping):
        example = "sound = 1" if each == "block" else "energy = 2"
        raise BadSettings(
            f"{name} is {quoted(value)}: it must give a number for each {each}, such as {example}"
        )
    for weighted, weight in value.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 <= weight <= MOST_WEIGHT:
            raise BadSettings(
                f"the weight of {quoted(weighted)} is {quoted(weight)}: it must be a number from 0 to "
                f"{MOST_WEIGHT:,.0f}"
            )
    return MappingProxyType({str(weighted): float(weight) for weighted, weight in value.items()})
