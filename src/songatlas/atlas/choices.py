"""`Choice`: which k and which weights of the blocks a view of an atlas has, and which there are to choose.

Weights are in units of distance, as in `AtlasSettings`; a block of weight 0 takes no part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.view_blocks import feature_weights_of, fed_block
from songatlas.errors import BadSettings, UnknownName, did_you_mean
from songatlas.space import BLOCKS, WEIGHED
from songatlas.space.audio import EMBEDDING
from songatlas.space.song_space import NO_BELIEFS, usual_weights

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

LABELS: Final = MappingProxyType(
    {"sound": "Sound", "audio": "Audio", "era": "Era", "tags": "Tags", "genre": "Genre"}
)

_PLAIN: Final = "the plain recipe has no weights: build an atlas with --space sound,era to weigh its blocks"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a view was made with.

    Attributes
    ----------
    k : int
        Number of clusters.
    weights : mapping of str to float
        Weight above 0 of each block that takes part, before genres pull; empty for the plain recipe.
    genre_pull : float or None
        Above 0, to 1; None where genres do not pull.
    """

    k: int
    weights: Mapping[str, float]
    genre_pull: float | None = None

    @property
    def space_key(self) -> tuple[tuple[tuple[str, float], ...], float | None]:
        """What tells one space from another."""
        return tuple(sorted(self.weights.items())), self.genre_pull

    def __hash__(self) -> int:
        return hash((self.k, self.space_key))


@dataclass(frozen=True, kw_only=True)
class BlockChoice:
    """A block that a view may weigh.

    Attributes
    ----------
    name : str
        "sound", "audio", "era", "tags" or "genre".
    label : str
        What a person reads.
    sentence : str
        What it is made of, such as "when songs came out".
    weight : float
        As the atlas was built; 0 where it takes no part.
    default_weight : float
        What it has where nobody says otherwise.
    usable : bool
        Whether the songs can feed it.
    why_not : str
        Why they cannot; empty where they can.
    """

    name: str
    label: str
    sentence: str
    weight: float
    default_weight: float
    usable: bool
    why_not: str


def block_choices(atlas: Atlas) -> tuple[BlockChoice, ...]:
    """Return the blocks that views of an atlas may weigh, with their weights as built.

    The audio block is among them only where songs were scanned: nobody misses it elsewhere.
    """
    built = built_choice(atlas).weights
    found = []
    heard = EMBEDDING in atlas.songs.columns
    for name in WEIGHED if heard else [name for name in WEIGHED if name != "audio"]:
        why_not = _why_not(atlas, name)
        found.append(
            BlockChoice(
                name=name,
                label=LABELS[name],
                sentence=BLOCKS[name].sentence,
                weight=built.get(name, 0.0),
                default_weight=usual_weights(list({**built, name: 0.0}))[name],
                usable=not why_not,
                why_not=why_not,
            )
        )
    return tuple(found)


def built_choice(atlas: Atlas) -> Choice:
    """Return the choice that an atlas was built with."""
    settings = atlas.settings
    blocks = [block.name for block in atlas.space.blocks]
    named = {name: settings.weights.get(name, usual) for name, usual in usual_weights(blocks).items()}
    return _tidied(atlas.k, {} if blocks == ["plain"] else named, settings.genre_pull or None)


def made_choice(
    atlas: Atlas, *, k: int | None, weights: Mapping[str, float] | None, genre_pull: float | None
) -> Choice:
    """Return what a person chose, beside what the atlas was built with.

    Raises
    ------
    BadSettings, UnknownName
        If a value is out of its range, a block does not exist or cannot be fed, or none takes part.
    """
    asked = AtlasSettings(k=atlas.k if k is None else k, weights=weights or {}, genre_pull=genre_pull)
    built = built_choice(atlas)
    for name in asked.weights:
        if name not in WEIGHED:
            known = f"(blocks: {', '.join(WEIGHED)})"
            raise UnknownName(f"no block is called {name!r}{did_you_mean(name, WEIGHED)} {known}")
    pull = built.genre_pull if asked.genre_pull is None else asked.genre_pull
    together = {**built.weights, **asked.weights}
    if pull and not together.get("genre"):
        together["genre"] = BLOCKS["genre"].default_weight
    if asked.genre_pull == 0 and "genre" not in asked.weights:
        together.pop("genre", None)
    choice = _tidied(int(asked.k), together, pull or None)
    changed = choice.space_key != built.space_key
    if changed and not built.weights:
        raise BadSettings(_PLAIN)
    if changed and not choice.weights:
        raise BadSettings("all blocks have the weight 0: give one a weight above 0")
    for name in choice.weights:
        if changed and (reason := _why_not(atlas, name)):
            raise BadSettings(f"the block {name!r} cannot take part: {reason}")
    return choice


def settings_of(atlas: Atlas, choice: Choice) -> AtlasSettings:
    """Return the settings that build what a choice shows."""
    settings = atlas.settings.change(k=choice.k, refine=False, feature_weights=feature_weights_of(atlas))
    if choice.space_key == built_choice(atlas).space_key:
        return settings
    usual = usual_weights(list(choice.weights))
    named = {name: weight for name, weight in choice.weights.items() if weight != usual[name]}
    blocks = [
        name for name in WEIGHED if name in choice.weights and not (name == "genre" and choice.genre_pull)
    ]
    return settings.change(space=tuple(blocks or ["genre"]), weights=named, genre_pull=choice.genre_pull)


def _tidied(k: int, weights: Mapping[str, float], genre_pull: float | None) -> Choice:
    """A choice without blocks of weight 0, its numbers as a command line would write them."""
    rounded = {name: float(f"{weights[name]:g}") for name in WEIGHED if weights.get(name)}
    pull = None if genre_pull is None else float(f"{genre_pull:g}")
    return Choice(k=k, weights=MappingProxyType(rounded), genre_pull=pull)


def _why_not(atlas: Atlas, name: str) -> str:
    """Why a block cannot be part of a view; empty where it can."""
    if "plain" in atlas.space.places():
        return _PLAIN
    if name == "genre":
        learned = atlas.genre is not None and atlas.genre["prediction"] is not None
        return "" if learned else NO_BELIEFS
    block = fed_block(atlas, name)
    return block if isinstance(block, str) else ""
