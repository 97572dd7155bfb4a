"""Views: the songs of one atlas under another k or other weights of the blocks, answered at once.

The centroids of every k of the sweep are kept with an atlas, so another k costs only the search for the
nearest of them. Other weights lengthen blocks that were fitted once, and cost one k-means. Every view has
labels, names and colours; `View.atlas` makes all the rest when it is first asked for. Places on the map stay
those of the atlas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from songatlas.atlas.choices import BlockChoice, Choice, block_choices, built_choice, made_choice
from songatlas.atlas.identity import keep_colours
from songatlas.atlas.swept import Swept
from songatlas.atlas.view_blocks import weighed_points
from songatlas.colours import colour_of
from songatlas.kmeans import Clustering, fit_clusters, nearest_centroids, sweep
from songatlas.matching.pairs import count_shared, pair_by_songs
from songatlas.profiles import Profile, profile_clusters
from songatlas.progress import Progress, part, silent
from songatlas.quality import sampled_rows
from songatlas.space import SongSpace

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

__all__ = ["BlockChoice", "Choice", "View", "block_choices", "built_choice", "ks_of", "view_of"]

MOST_VIEWS = 24
"""Views that are kept with an atlas: those of a whole sweep, and some more."""

MOST_COMPLETE = 4
"""Complete atlases of views that are kept."""

MATCHED_SONGS = 20_000
"""Songs by which the clusters of two views are matched, to give them one colour."""


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """The songs of an atlas under some k and weights.

    Attributes
    ----------
    base : Atlas
        The atlas that it is a view of.
    choice : Choice
    clustering : Clustering
        Labels of `base.songs`, in their order.
    space : SongSpace
        What the points were made with.
    colours : tuple of int
        Number of the colour of each cluster; clusters that go on from one k to the next keep theirs.
    profiles : tuple of Profile
        What each cluster sounds like, with its name and the evidence for it.
    is_base : bool
        Whether nothing is changed, so that `atlas` is `base` itself.
    """

    base: Atlas
    choice: Choice
    clustering: Clustering
    space: SongSpace
    colours: tuple[int, ...]
    profiles: tuple[Profile, ...]
    is_base: bool

    @property
    def k(self) -> int:
        """Number of clusters."""
        return self.clustering.k

    @property
    def labels(self) -> NDArray[np.int32]:
        """Cluster of each song of `base.songs`, int32 (n_songs,)."""
        return self.clustering.labels

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each cluster."""
        return tuple(profile.name for profile in self.profiles)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Songs of each cluster."""
        return tuple(profile.size for profile in self.profiles)

    def colour_of(self, cluster: int) -> str:
        """Return the colour of a cluster, as ``#rrggbb``."""
        return colour_of(self.colours[cluster])

    def points(self) -> NDArray[np.float32]:
        """Return the points of the songs, float32 (n_songs, n_dimensions), not to be written to."""
        return _points(self.base, self.choice)[1]

    @property
    def atlas(self) -> Atlas:
        """The complete atlas of this view, made when it is first asked for; `base` where nothing is changed.

        Its evidence is that of the build for another k, and that of its own k alone for other weights. It
        has no findings: the lint looks at the table, which only the build has.
        """
        from songatlas.atlas.view_atlas import complete

        if self.is_base:
            return self.base
        return self.base.kept.get("view atlas", self.choice, lambda: complete(self), most=MOST_COMPLETE)


def ks_of(atlas: Atlas) -> tuple[int, ...]:
    """Return the numbers of clusters that the sweep of an atlas tried, rising."""
    return tuple(sorted(atlas.evidence["k"].to_list()))


def view_of(
    atlas: Atlas,
    *,
    k: int | None = None,
    weights: Mapping[str, float] | None = None,
    genre_pull: float | None = None,
    progress: Progress | None = None,
) -> View:
    """Return an atlas under another k or other weights; what was asked for before is answered at once.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.
    k : int, optional
        Number of clusters; that of the atlas where None. Any number will do; those of `ks_of` are quick.
    weights : mapping of str to float, optional
        Weight of each block to change, in units of distance: blocks that are not part of the atlas join,
        0 leaves a block out, blocks that are not named keep their weight.
    genre_pull : float, optional
        From 0, no genres, to 1, genres alone; that of the atlas where None.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.

    Returns
    -------
    View

    Raises
    ------
    BadSettings, UnknownName
        If a value is out of its range, or the songs cannot feed a block.
    TooFewSongs
        If there are fewer different songs than clusters.

    Examples
    --------
    >>> from songatlas.atlas import build_demo
    >>> view = view_of(build_demo(300, k=4), k=5)
    >>> view.k, len(set(view.names)), view.is_base
    (5, 5, False)
    """
    choice = made_choice(atlas, k=k, weights=weights, genre_pull=genre_pull)
    tell = progress or silent
    return atlas.kept.get("view", choice, lambda: _made(atlas, choice, tell), most=MOST_VIEWS)


def swept_ks(atlas: Atlas) -> tuple[Swept, ...]:
    """Return the sweep of an atlas; made again where an older songatlas saved it."""
    if atlas.sweep:
        return atlas.sweep
    return atlas.kept.get("sweep", None, lambda: _swept_again(atlas))


def _swept_again(atlas: Atlas) -> tuple[Swept, ...]:
    settings = atlas.settings
    found = sweep(atlas.points(), ks_of(atlas), seed=settings.seed, n_threads=settings.threads)
    return tuple(Swept.of(atlas.clustering if each.k == atlas.k else each) for each in found)


def _made(atlas: Atlas, choice: Choice, tell: Progress) -> View:
    """Make a view."""
    if choice == built_choice(atlas):
        return _base_view(atlas, choice)
    tell(0.0, "placing the songs")
    space, points = _points(atlas, choice, tell=part(tell, 0.0, 0.6))
    tell(0.6, "clustering")
    clustering = _clustering(atlas, choice, points)
    tell(0.8, "naming the clusters")
    threads = atlas.settings.threads
    _, distances = nearest_centroids(points, clustering.centroids, n_threads=threads)
    profiles = profile_clusters(
        atlas.songs, clustering.labels, distances, features=atlas.space.features, k=choice.k
    )
    return View(
        base=atlas,
        choice=choice,
        clustering=clustering,
        space=space,
        colours=_colours(atlas, choice, clustering),
        profiles=profiles,
        is_base=False,
    )


def _base_view(atlas: Atlas, choice: Choice) -> View:
    """The view in which nothing is changed."""
    return View(
        base=atlas,
        choice=choice,
        clustering=atlas.clustering,
        space=atlas.space,
        colours=atlas.colours,
        profiles=atlas.profiles,
        is_base=True,
    )


def _points(
    atlas: Atlas, choice: Choice, *, tell: Progress = silent
) -> tuple[SongSpace, NDArray[np.float32]]:
    """The space of a choice, and the points of the songs in it."""
    if choice.space_key == built_choice(atlas).space_key:
        return atlas.space, atlas.points()
    return weighed_points(atlas, choice, tell=tell)


def _clustering(atlas: Atlas, choice: Choice, points: NDArray[np.float32]) -> Clustering:
    """The clustering of a choice."""
    settings = atlas.settings
    if choice.space_key == built_choice(atlas).space_key:
        return _built_swept(atlas, choice.k).clustering(points, n_threads=settings.threads)
    return fit_clusters(points, choice.k, seed=settings.seed, n_threads=settings.threads)


def _built_swept(atlas: Atlas, k: int) -> Swept:
    """The clustering of some k in the atlas's own space: of the sweep, or found now."""
    found = next((each for each in swept_ks(atlas) if each.k == k), None)
    return found or atlas.kept.get("swept beyond", k, lambda: _swept_beyond(atlas, k), most=4)


def _swept_beyond(atlas: Atlas, k: int) -> Swept:
    settings = atlas.settings
    return Swept.of(fit_clusters(atlas.points(), k, seed=settings.seed, n_threads=settings.threads))


def _colours(atlas: Atlas, choice: Choice, clustering: Clustering) -> tuple[int, ...]:
    """The colours of a view: those of the same k in the atlas's own space, where clusters go on for them."""
    colours = _built_colours(atlas, choice.k)
    if choice.space_key == built_choice(atlas).space_key:
        return colours
    labels = clustering.labels[_matched_rows(atlas)]
    return _colours_gone_on(_built_labels(atlas, choice.k), labels, colours, k=choice.k)


def _built_colours(atlas: Atlas, k: int) -> tuple[int, ...]:
    """The colours of the clusters of some k in the atlas's own space, matched from its own k outward."""
    if k == atlas.k:
        return atlas.colours
    between = [each for each in ks_of(atlas) if min(k, atlas.k) < each < max(k, atlas.k)]
    neighbour = atlas.k if not between else min(between, key=lambda each: abs(each - k))
    return atlas.kept.get("view colours", k, lambda: _next_colours(atlas, neighbour, k), most=64)


def _next_colours(atlas: Atlas, neighbour: int, k: int) -> tuple[int, ...]:
    before = _built_labels(atlas, neighbour)
    return _colours_gone_on(before, _built_labels(atlas, k), _built_colours(atlas, neighbour), k=k)


def _colours_gone_on(
    before: NDArray[np.int32], now: NDArray[np.int32], colours: tuple[int, ...], *, k: int
) -> tuple[int, ...]:
    """The colours of clusters, those that go on for others keeping theirs."""
    pairs = pair_by_songs(count_shared(before, now, (len(colours), k)))
    return keep_colours({new: colours[old] for old, new in pairs.items()}, k=k, old=colours)


def _matched_rows(atlas: Atlas) -> NDArray[np.int64]:
    """Rows of the songs by which clusters are matched."""
    return sampled_rows(atlas.songs.height, MATCHED_SONGS, seed=atlas.settings.seed)


def _built_labels(atlas: Atlas, k: int) -> NDArray[np.int32]:
    """Labels of these songs for some k in the atlas's own space."""
    rows = _matched_rows(atlas)
    if k == atlas.k:
        return atlas.clustering.labels[rows]
    centroids = _built_swept(atlas, k).centroids
    return nearest_centroids(atlas.points()[rows], centroids, n_threads=atlas.settings.threads)[0]
