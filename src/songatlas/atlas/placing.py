"""Where songs belong in an atlas: those that it was built of, and new ones.

A song that built the atlas has there what it was given then, whatever songs stand beside it. It is known by
its `song_id` and by its features together, because ids of other tables may mean other songs; where the space
is made of what a scan heard, by that too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import first_artist_keys
from songatlas.atlas.measurers import measured_by, measurers_in, strangers
from songatlas.atlas.usual_space import needs_hearing
from songatlas.features import label_of
from songatlas.genres import believe
from songatlas.kmeans import nearest_centroids
from songatlas.songs import CleanSongs
from songatlas.songs.scanned import UNHEARD
from songatlas.space import EMBEDDING, STATISTICS, AudioBlock, belief_column

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas


def placed_songs(atlas: Atlas) -> pl.DataFrame:
    """Return what is known of each song of an atlas, in the columns of `ClusteredRows.placed`."""
    told = atlas.genre_of_songs
    return pl.DataFrame(
        [
            pl.Series("subcluster", atlas.division.labels, dtype=pl.Int32),
            atlas.roles.role.cast(pl.String).alias("role"),
            told["predicted_genre"],
            told["genre_confidence"],
            pl.Series("cluster", atlas.clustering.labels, dtype=pl.Int32),
            pl.Series("cluster_distance", atlas.distances, dtype=pl.Float64),
        ]
    )


def place_songs(atlas: Atlas, songs: pl.DataFrame) -> pl.DataFrame:
    """Return where songs of another table belong.

    Parameters
    ----------
    atlas : Atlas
    songs : DataFrame
        Clean songs with the features of the atlas, sorted by `song_id`.

    Returns
    -------
    DataFrame, one row a song
        As `placed_songs`. New songs have no role, as roles are told among the songs of a catalogue. A genre
        is predicted for those that have none in their table.

    Raises
    ------
    MissingColumns
        If a column is lacking that the space was made of.
    """
    own = own_rows(atlas, songs)
    is_new, known = own < 0, placed_songs(atlas)
    if not is_new.any():
        return known[own]
    lines = np.where(is_new, atlas.songs.height + np.cumsum(is_new) - 1, own)
    return pl.concat([known, _placed_anew(atlas, songs.filter(pl.Series(is_new)))])[lines]


def own_rows(atlas: Atlas, songs: pl.DataFrame) -> NDArray[np.int64]:
    """Return the row that each song has in an atlas that it helped to build, -1 for a new song."""
    compared = [name for name in (*atlas.space.features, "year") if name in atlas.songs.columns]
    compared = [name for name in dict.fromkeys(compared) if name in songs.columns]
    theirs = atlas.songs.select("song_id", *compared).with_row_index("own")
    found = songs.select("song_id", *compared).join(
        theirs, on="song_id", how="left", maintain_order="left", suffix="\0"
    )
    same = pl.all_horizontal(
        [pl.col("own").is_not_null(), *(pl.col(name).eq_missing(pl.col(f"{name}\0")) for name in compared)]
    )
    rows = found.select(pl.when(same).then(pl.col("own").cast(pl.Int64)).otherwise(-1)).to_series()
    own = rows.to_numpy().astype(np.int64)
    for column in (EMBEDDING, STATISTICS) if "audio" in atlas.space.places() else ():
        if column in songs.columns and column in atlas.songs.columns:
            own = _alike(own, songs[column], atlas.songs[column])
    return own


def _alike(own: NDArray[np.int64], vectors: pl.Series, theirs: pl.Series) -> NDArray[np.int64]:
    """The same rows, -1 where the vector of a song is not the one that the atlas has."""
    places = np.flatnonzero(own >= 0)
    same = vectors.gather(places).eq_missing(theirs.gather(own[places])).to_numpy()
    kept = own.copy()
    kept[places[~same]] = -1
    return kept


def is_heard(atlas: Atlas) -> bool:
    """Say whether songs are placed by what a scan heard, so that a song which none heard has no place."""
    return needs_hearing(atlas.space.places())


def notes_on(atlas: Atlas, clean: CleanSongs) -> tuple[str, ...]:
    """Return what a person should know of songs of another table that were placed in an atlas."""
    left = next((count.n_songs for count in clean.counts if count.reason == "not_heard"), 0)
    unheard = (
        f"{left:,} of {clean.n_songs:,} songs are left out: no scan has heard them (no audio_embedding), and "
        "the clusters of this atlas are made of how songs sound.",
    )
    audio = [block for block in atlas.space.blocks if isinstance(block, AudioBlock)]
    told = [note for block in audio for note in block.unheard(clean.songs)]
    if told:
        new = clean.songs.filter(pl.Series(own_rows(atlas, clean.songs) < 0))
        told = [note for block in audio for note in block.unheard(new)]
    return (*(unheard if left else ()), *told, *other_measurers(atlas, clean.songs))


def unheard_features(atlas: Atlas, songs: pl.DataFrame) -> tuple[str, ...]:
    """Return features of an atlas that scanned songs lack, because no scan knows them."""
    if "measured_by" not in songs.columns:
        return ()
    return tuple(name for name in atlas.space.features if name in UNHEARD and name not in songs.columns)


def other_measurers(atlas: Atlas, songs: pl.DataFrame) -> tuple[str, ...]:
    """Say whether songs were measured by somebody who measured none of the songs of an atlas."""
    own, theirs = measurers_in(atlas.songs), measurers_in(songs)
    others = strangers(theirs, own)
    if not own or not others:
        return ()
    known = [name for name in atlas.space.features if songs[name].count()]
    shared = [label_of(name) for name in known]
    unknown = [label_of(name).lower() for name in atlas.space.features if name not in known]
    return (
        *(f"The {name} of these songs is not known: the middle of the atlas is taken." for name in unknown),
        f"These songs were measured {measured_by(others)}, those of the atlas {measured_by(own)}: "
        f"{', '.join(shared).lower()} need not be on one scale, so some songs may lie in a cluster that does "
        "not fit them. An atlas of songs that were all measured alike is surer.",
    )


def _placed_anew(atlas: Atlas, songs: pl.DataFrame) -> pl.DataFrame:
    """What `placed_songs` has, for songs that the atlas does not know."""
    threads = atlas.settings.threads
    beliefs = _beliefs(atlas, songs)
    points = _points(atlas, songs, beliefs)
    labels, distances = nearest_centroids(points, atlas.clustering.centroids, n_threads=threads)
    fine = atlas.division.nearest(points, labels, n_threads=threads)
    named = pl.repeat(None, songs.height, dtype=pl.String, eager=True)
    sure = pl.repeat(None, songs.height, dtype=pl.Float32, eager=True)
    if beliefs is not None:
        has_genre = ~_without_genre(songs)
        named = pl.Series(atlas.genre_names, dtype=pl.String).gather(beliefs.argmax(axis=1))
        named, sure = named.set(has_genre, None), pl.Series(beliefs.max(axis=1)).set(has_genre, None)
    return pl.DataFrame(
        [
            pl.Series("subcluster", fine, dtype=pl.Int32),
            pl.repeat(None, songs.height, dtype=pl.String, eager=True).alias("role"),
            named.alias("predicted_genre"),
            sure.alias("genre_confidence"),
            pl.Series("cluster", labels, dtype=pl.Int32),
            pl.Series("cluster_distance", distances, dtype=pl.Float64),
        ]
    )


def _points(atlas: Atlas, songs: pl.DataFrame, beliefs: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """The points of new songs; where tags count, songs of the atlas lend theirs to those of their artist."""
    if beliefs is not None:
        songs = songs.with_columns(belief_column(beliefs, atlas.genre_names))
    lend_tags = "tags" in atlas.space.places() and {"artists"} <= {*songs.columns} & {*atlas.songs.columns}
    if not lend_tags:
        return atlas.space.points(songs)
    named, known = first_artist_keys(songs["artists"]), first_artist_keys(atlas.songs["artists"])
    lenders = atlas.songs.select("artists", "tags").filter(known.is_in(named.drop_nulls().unique().implode()))
    return atlas.space.points(pl.concat([songs, lenders], how="diagonal"))[: songs.height]


def _beliefs(atlas: Atlas, songs: pl.DataFrame) -> NDArray[np.float32] | None:
    """What genre songs are believed to be of; None where the atlas learned none, or nobody asks."""
    learned = atlas.genre is not None and atlas.genre["prediction"] is not None
    if not learned or not ("genre" in atlas.space.places() or _without_genre(songs).any()):
        return None
    return believe(
        songs,
        atlas.songs,
        atlas.genre_of_songs["genre"],
        sharpness=atlas.genre_sharpness,
        seed=atlas.settings.seed,
        n_threads=atlas.settings.threads,
    )


def _without_genre(songs: pl.DataFrame) -> pl.Series:
    """Which songs have no genre in their own table."""
    if "genre" in songs.columns:
        return songs["genre"].is_null()
    if "tags" in songs.columns:
        return (songs["tags"].list.len() == 0).fill_null(value=True)
    return pl.repeat(True, songs.height, eager=True)
