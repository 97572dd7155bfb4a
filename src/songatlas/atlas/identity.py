"""What clusters keep from one build to the next: names and colours where asked, given names always.

`take_identity` makes a new atlas like an old one: a cluster that goes on for an old one keeps its name and
its colour. `carry_names` brings the names of `names.toml` from the atlas that lies in a folder to the one
that takes its place there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from songatlas.atlas.counterparts import match_atlas
from songatlas.atlas.folders import put_back
from songatlas.atlas.likeness import Likeness
from songatlas.atlas.measurers import unlike_measurers
from songatlas.atlas.names_file import NAMES, NamesFile, names_text, read_names
from songatlas.atlas.saved import load_atlas
from songatlas.colours import CLUSTER_COLOURS
from songatlas.errors import BadAtlas, SongAtlasError
from songatlas.matching import listed, quoted

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the clusters of a new atlas take from an old one.

    Attributes
    ----------
    kept : mapping of int to str
        New cluster -> the name that it keeps.
    given : mapping of int to str
        New cluster -> the name that a person had given to the old one.
    reserved : frozenset of str
        Names that no new cluster may get.
    colours : tuple of int
        Number of the colour of each new cluster.
    likeness : Likeness or None
        What the report says of it; None where there is no old atlas.
    """

    kept: Mapping[int, str]
    given: Mapping[int, str]
    reserved: frozenset[str]
    colours: tuple[int, ...]
    likeness: Likeness | None

    def shown_names(self, generated: Sequence[str]) -> tuple[str, ...]:
        """Return the names to show: those that a person had given, else the others."""
        return tuple(self.given.get(cluster, name) for cluster, name in enumerate(generated))


def take_identity(
    old: Atlas | None, songs: pl.DataFrame, labels: np.ndarray, *, k: int, features: Sequence[str]
) -> Identity:
    """Return what new clusters take from the clusters of an old atlas that go on in them.

    Parameters
    ----------
    old : Atlas or None
        Where None, clusters are coloured by their numbers and named anew.
    songs : DataFrame, n_songs rows
    labels : ndarray of int, shape (n_songs,)
        New clusters of the songs, 0 to `k` - 1.
    k : int
    features : sequence of str
        Columns that the new clusters are made of.
    """
    nothing: Mapping[int, str] = MappingProxyType({})
    if old is None:
        return Identity(
            kept=nothing, given=nothing, reserved=frozenset(), colours=tuple(range(k)), likeness=None
        )
    found = match_atlas(old, songs, labels, k=k, features=features)
    before = {new: cluster for cluster, new in found.matching.pairs.items()}
    shown, generated = old.cluster_names(), old.generated.names
    return Identity(
        kept=MappingProxyType({new: generated[before[new]] for new in sorted(before)}),
        given=MappingProxyType(
            {new: shown[each] for new, each in sorted(before.items()) if shown[each] != generated[each]}
        ),
        reserved=frozenset((*shown, *generated)),
        colours=keep_colours({new: old.colours[each] for new, each in before.items()}, k=k, old=old.colours),
        likeness=Likeness(
            source=old.source.name,
            created=old.created,
            k=old.k,
            kept=tuple(sorted(before)),
            by=found.matching.by,
            gone=tuple(name for each, name in enumerate(shown) if each not in found.matching.pairs),
            measurers=unlike_measurers(old.songs, songs, features={*old.space.features, *features}),
        ),
    )


def keep_colours(kept: Mapping[int, int], *, k: int, old: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the number of the colour of each cluster: those kept, and for the others free ones.

    Parameters
    ----------
    kept : mapping of int to int
        Cluster -> colour that it keeps.
    k : int
        Number of clusters.
    old : sequence of int
        Colours of the old atlas: while others are left, a new cluster gets none of them.

    Examples
    --------
    >>> keep_colours({0: 1, 2: 0}, k=4, old=(0, 1, 2))
    (1, 3, 0, 4)
    """
    n_plain, taken = len(CLUSTER_COLOURS), set(kept.values())
    unused = [each for each in range(n_plain) if each not in taken]
    order = [*(each for each in unused if each not in old), *(each for each in unused if each in old)]
    free = iter([*order, *(each for each in range(n_plain, n_plain + 2 * k) if each not in taken)])
    return tuple(kept[cluster] if cluster in kept else next(free) for cluster in range(k))


@dataclass(frozen=True, kw_only=True)
class CarriedNames:
    """An atlas under the names that a person gave in the folder where it is going to lie.

    Attributes
    ----------
    atlas : Atlas
    text : str
        What `names.toml` shall hold.
    before : NamesFile or None
        The file as it was read.
    notes : tuple of str
        What a person should know.
    """

    atlas: Atlas
    text: str
    before: NamesFile | None
    notes: tuple[str, ...] = ()

    def require_unchanged(self, folder: Path) -> None:
        """Refuse to go on where `names.toml` was edited since it was read: `SongAtlasError`."""
        now = read_names(folder)
        if (now.text if now else None) != (self.before.text if self.before else None):
            raise SongAtlasError(
                f"{str(folder / NAMES)!r} was edited while the outputs were being written, so nothing was "
                "replaced: run the build again"
            )


def check_names(folder: Path) -> None:
    """Refuse a bad `names.toml` in the folder of an atlas before the work of a new build begins.

    Raises
    ------
    BadSettings
        With the line, the rule and the next step.
    """
    if _file_in(folder) is not None:
        _atlas_in(folder)


def carry_names(atlas: Atlas, folder: Path) -> CarriedNames:
    """Bring the names that a person gave in `folder` to the atlas that is to take its place there.

    Parameters
    ----------
    atlas : Atlas
        The new atlas; names that it was given itself stay where the file gives none.
    folder : Path
        Folder of the saved atlas; need not exist.

    Raises
    ------
    BadSettings
        If the file of names there is bad; nothing is changed then.
    """
    file = _file_in(folder)
    if file is None or not file.has_names:
        return _carried(atlas, file, {}, gone={}, notes=())
    old = _atlas_in(folder)
    given, gone, notes = _names_for(atlas, old, file)
    return _carried(atlas, file, given, gone=gone, notes=notes)


def _file_in(folder: Path) -> NamesFile | None:
    """Read the file of names, also where a killed run has set its folder aside."""
    for place in (folder.absolute().parent, folder):
        put_back(place)
    return read_names(folder)


def _atlas_in(folder: Path) -> Atlas | None:
    """The atlas in a folder; None where it cannot be read, for its names are still worth keeping."""
    try:
        return load_atlas(folder)
    except BadAtlas:
        return None


def _names_for(
    atlas: Atlas, old: Atlas | None, file: NamesFile
) -> tuple[dict[int, str], dict[str, str], tuple[str, ...]]:
    """Given names by new cluster, those that have none at present, and what to say of it."""
    own = atlas.generated.names
    waiting = dict(file.gone)
    if old is None:  # nothing to match by, but equal names
        lines = {**file.gone, **{name: given for name, given in file.given.items() if given}}
        given = {cluster: lines[name] for cluster, name in enumerate(own) if lines.get(name)}
        gone = {name: each for name, each in lines.items() if name not in own}
        return (
            given,
            gone,
            ("The atlas that was here cannot be read: names went to clusters of equal names.",),
        )
    shared = match_atlas(old, atlas.songs, atlas.clustering.labels, k=atlas.k, features=atlas.space.features)
    pairs, given, lost = shared.matching.pairs, {}, {}
    for cluster, (name, shown) in enumerate(zip(old.generated.names, old.cluster_names(), strict=True)):
        if shown != name:
            waiting.pop(name, None)
            if cluster in pairs:
                given[pairs[cluster]] = shown
            else:
                lost[name] = shown
    for cluster, name in enumerate(own):
        if cluster not in given and waiting.get(name):
            given[cluster] = waiting.pop(name)
    gone = {**waiting, **lost}
    return given, gone, _notes(given, lost)


def _notes(given: Mapping[int, str], lost: Mapping[str, str]) -> tuple[str, ...]:
    notes = []
    if given:
        names = listed([quoted(name) for name in given.values()])
        notes.append(f"Given names carried over from names.toml: {names}.")
    if lost:
        names = listed([quoted(name) for name in lost.values()])
        notes.append(f"No cluster goes on for {names}: kept under [gone] in names.toml.")
    return tuple(notes)


def _carried(
    atlas: Atlas,
    file: NamesFile | None,
    given: Mapping[int, str],
    *,
    gone: Mapping[str, str],
    notes: tuple[str, ...],
) -> CarriedNames:
    """The atlas under its names, and its file: as it was where it says the same."""
    taken = {name.casefold() for name in given.values()}
    shown = [given.get(cluster, name) for cluster, name in enumerate(atlas.cluster_names())]
    own = list(atlas.generated.names)
    for cluster, name in enumerate(shown):
        if cluster not in given and name.casefold() in taken:
            others = {
                each.casefold() for place, each in enumerate((*shown, *own)) if place % len(own) != cluster
            }
            own[cluster] = shown[cluster] = _free(own[cluster], taken | others)
    atlas = atlas.called(own).with_names(shown)
    sizes = [profile.size for profile in atlas.profiles]
    text = names_text(own, shown, sizes, gone=gone, comments=file.comments() if file else ())
    if file and _says(file, own, shown, gone):
        text = file.text
    return CarriedNames(atlas=atlas, text=text, before=file, notes=notes)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where another has it."""
    choices = (name if number == 1 else f"{name} {number}" for number in count(1))
    return next(each for each in choices if each.casefold() not in taken)


def _says(file: NamesFile, own: Sequence[str], shown: Sequence[str], gone: Mapping[str, str]) -> bool:
    """Whether the file as it stands gives just these names to just these clusters."""
    given = {name: "" if called == name else called for name, called in zip(own, shown, strict=True)}
    return dict(file.given) == given and dict(file.gone) == dict(gone)
