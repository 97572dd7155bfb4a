"""What views of an atlas are made of: blocks fitted once with weight 1, genres learned once, weighed points.

Everything here is kept with the atlas (`Atlas.kept`), so that another weight costs no new fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from songatlas.atlas.artist_parts import artist_numbers, artists_of
from songatlas.atlas.judging import SongGenres, learn_genres, with_beliefs
from songatlas.errors import BadSettings
from songatlas.genres import Beliefs, Genres
from songatlas.progress import Progress, silent
from songatlas.space import WEIGHED, FittedBlock, SongSpace, fit_unit_block, named_features, weighed_space
from songatlas.space.song_space import NO_BELIEFS

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas
    from songatlas.atlas.choices import Choice

_MOST_SPACES = 2  # of which the points are kept


def weighed_points(
    atlas: Atlas, choice: Choice, *, tell: Progress = silent
) -> tuple[SongSpace, NDArray[np.float32]]:
    """Return the space of a choice that differs from the atlas's own, and the points of its songs in it.

    Parameters
    ----------
    atlas : Atlas
    choice : Choice
        Checked, with at least one block.
    tell : callable
        Progress, from 0 to 1: genres are learned when they are first weighed, which takes seconds.
    """
    return atlas.kept.get(
        "weighed points", choice.space_key, lambda: _weighed(atlas, choice, tell), most=_MOST_SPACES
    )


def _weighed(atlas: Atlas, choice: Choice, tell: Progress) -> tuple[SongSpace, NDArray[np.float32]]:
    songs = atlas.songs
    if "genre" in choice.weights:
        songs = with_beliefs(songs, learned_genres(atlas, tell=tell))
    tell(0.7, "placing the songs")
    blocks = {name: fed_block(atlas, name) for name in choice.weights}
    unfed = [reason for reason in blocks.values() if isinstance(reason, str)]
    if unfed:
        raise BadSettings(" ".join(unfed))
    space = weighed_space(
        {name: block for name, block in blocks.items() if isinstance(block, FittedBlock)},
        choice.weights,
        features=atlas.space.features,
        genre_pull=choice.genre_pull,
    )
    points = space.points(songs)
    points.setflags(write=False)
    return space, points


def fed_block(atlas: Atlas, name: str) -> FittedBlock | str:
    """Return a block of weight 1 fitted on the songs of an atlas, or why they cannot feed it."""
    return atlas.kept.get("unit block", name, lambda: _fed_block(atlas, name), most=len(WEIGHED))


def _fed_block(atlas: Atlas, name: str) -> FittedBlock | str:
    songs = with_beliefs(atlas.songs, learned_genres(atlas)) if name == "genre" else atlas.songs
    return fit_unit_block(
        name, songs, features=atlas.space.features, feature_weights=feature_weights_of(atlas)
    )


def feature_weights_of(atlas: Atlas) -> Mapping[str, float]:
    """Return the weights of features that the points were made with: those asked for, or refined ones."""
    refined = atlas.refinement
    named = refined.feature_weights if refined and refined.applied else atlas.settings.feature_weights
    return {named_features([name])[0]: weight for name, weight in named.items()}


def learned_genres(atlas: Atlas, *, tell: Progress = silent) -> SongGenres:
    """Return the genres of the songs with what is believed of every song, learned when first asked for.

    Raises
    ------
    BadSettings
        If too few songs have a genre.
    """
    known = atlas.kept.get("genres learned", None, lambda: _learned(atlas, tell))
    if known is None or known.beliefs is None:
        raise BadSettings(f"genres are to pull, but {NO_BELIEFS}")
    return known


def _learned(atlas: Atlas, tell: Progress) -> SongGenres | None:
    if atlas.genre is None:
        return None
    labels = atlas.genre_of_songs["genre"]
    told = atlas.genre
    genres = Genres(
        column=told["column"],
        labels=labels,
        coverage=told["coverage"],
        n_genres=labels.drop_nulls().n_unique(),
        sentence=told["sentence"],
        families={name: tuple(members) for name, members in told["families"].items()},
    )
    if atlas.beliefs is None or told["prediction"] is None:
        return learn_genres(
            atlas.songs, genres, settings=atlas.settings, of_all=True,
            tell=lambda share, words: tell(0.7 * share, words),
        )  # fmt: skip
    beliefs = Beliefs(
        rows=np.arange(atlas.songs.height),
        probabilities=atlas.beliefs,
        classes=atlas.genre_names,
        accuracy=told["prediction"],
        sharpness=atlas.genre_sharpness,
    )
    artists = artist_numbers(artists_of(atlas.songs), atlas.songs.height)
    return SongGenres(genres, beliefs, artists, np.empty(0, dtype=np.int64))
