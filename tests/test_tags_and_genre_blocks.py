"""The blocks of words: tags as scikit-learn has them, genres as Hellinger distances."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import pdist

from songatlas.errors import BadSettings, MissingColumns
from songatlas.space import SongSpace, belief_column, check_blocks

TAGS = ("rock", "indie rock", "punk", "house", "techno", "deep house", "folk", "irish folk")


def tagged(n: int = 200, *, seed: int = 0, bare: float = 0.0) -> pl.DataFrame:
    """Songs with one to three tags of two artists' worth each; a share of them without."""
    random = np.random.default_rng(seed)
    lists = [list(random.choice(TAGS, random.integers(1, 4), replace=False)) for _ in range(n)]
    kept = [[] if random.random() < bare else tags for tags in lists]
    return pl.DataFrame(
        {
            "song_id": [f"s{row:04}" for row in range(n)],
            "artists": [[f"Artist {row // 3}"] for row in range(n)],
            "energy": random.random(n),
            "year": random.integers(1960, 2020, n).astype(float),
            "tags": pl.Series(kept, dtype=pl.List(pl.String)),
        }
    )


def with_beliefs(
    songs: pl.DataFrame, *, seed: int = 0, names: tuple[str, ...] = ("a", "b", "c")
) -> pl.DataFrame:
    drawn = np.random.default_rng(seed).dirichlet([0.4] * len(names), songs.height).astype(np.float32)
    return songs.with_columns(belief_column(drawn, names))


def tags_space(songs: pl.DataFrame, **more: object) -> SongSpace:
    return SongSpace.fit(songs, features=["energy"], blocks=("tags",), **more)  # type: ignore[arg-type]


def test_tags_are_those_of_scikit_learn() -> None:
    """TF-IDF, truncated SVD and unit length span the same space: all distances agree."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    songs = tagged()
    counts = np.array([[tag in tags for tag in TAGS] for tags in songs["tags"].to_list()], dtype=float)
    weighed = TfidfTransformer().fit_transform(counts)
    wanted = normalize(TruncatedSVD(7, algorithm="arpack", random_state=0).fit_transform(weighed))
    from songatlas.space import tags as module

    points = tags_space(songs).points(songs).astype(np.float64)
    assert points.shape[1] == len(TAGS)
    full = pdist(normalize(weighed.toarray()))
    ratio = pdist(points)[full > 0] / full[full > 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "N_DIMENSIONS", 7)
        fewer = tags_space(songs).points(songs).astype(np.float64)
    theirs = pdist(wanted)
    apart = theirs > 1e-6
    shares = pdist(fewer)[apart] / theirs[apart]
    np.testing.assert_allclose(shares, shares[0], rtol=1e-3)


@pytest.mark.parametrize("bare", [0.0, 0.4])
def test_tags_and_genres_have_unit_share_times_weight(bare: float) -> None:
    songs = with_beliefs(tagged(bare=bare))
    space = SongSpace.fit(
        songs, features=["energy"], blocks=("sound", "tags", "genre"), weights={"tags": 2.0, "genre": 0.5}
    )
    points = space.points(songs).astype(np.float64)
    shares = {name: points[:, places].var(axis=0).sum() for name, places in space.places().items()}
    assert shares == pytest.approx({"sound": 1.0, "tags": 4.0, "genre": 0.25}, rel=1e-4)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-5)
    assert list(space.dimension_features) == ["energy", *["tags"] * 8, *["genre"] * 3]


@pytest.mark.parametrize("pull", [0.25, 0.5, 1.0])
def test_the_pull_of_genres_is_their_part_of_the_variance(pull: float) -> None:
    songs = with_beliefs(tagged())
    space = SongSpace.fit(songs, features=["energy"], blocks=("sound",), genre_pull=pull)
    variances = space.points(songs).astype(np.float64).var(axis=0)
    genre = variances[space.places()["genre"]].sum()
    assert genre / variances.sum() == pytest.approx(pull, rel=1e-4)


def test_no_pull_at_all_is_the_space_without_genres() -> None:
    songs = with_beliefs(tagged())
    without = SongSpace.fit(songs, features=["energy"], blocks=("sound", "era"))
    assert (
        SongSpace.fit(songs, features=["energy"], blocks=("sound", "era", "genre"), genre_pull=0) == without
    )
    with pytest.raises(BadSettings, match="no other block"):
        check_blocks(("genre",), {}, genre_pull=0)


def test_genre_distances_are_hellinger_distances() -> None:
    songs = with_beliefs(tagged(40))
    points = SongSpace.fit(songs, features=["energy"], blocks=("genre",)).points(songs).astype(np.float64)
    roots = np.sqrt(songs["genre_belief"].struct.unnest().to_numpy().astype(float))
    ratio = pdist(points) / pdist(roots)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


@pytest.mark.parametrize("names", [("", "energy", "genre_belief"), ("other", "é🎵", "song_id")])
def test_genres_may_have_any_name(names: tuple[str, ...]) -> None:
    songs = with_beliefs(tagged(40), names=names)
    space = SongSpace.fit(songs, features=["energy"], blocks=("sound", "genre"))
    assert space.dimensions == ("Energy", *(f"Genre: {name}" for name in names))
    again = SongSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again.points(songs).tobytes() == space.points(songs).tobytes()


def test_a_saved_space_gives_the_same_points_bit_for_bit_in_any_order() -> None:
    songs = with_beliefs(tagged(bare=0.3))
    space = SongSpace.fit(songs, features=["energy"], blocks=("sound", "era", "tags", "genre"))
    points = space.points(songs)
    again = SongSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again.points(songs).tobytes() == points.tobytes()
    assert again.places() == space.places()
    full = songs.filter(pl.col("tags").list.len() > 0)
    rows = np.flatnonzero((songs["tags"].list.len() > 0).to_numpy())
    order = np.random.default_rng(0).permutation(full.height)
    assert space.points(full[order]).tobytes() == points[rows[order]].tobytes()


def test_songs_without_tags_take_the_mean_of_their_artist_or_the_middle() -> None:
    lists = [["rock"], ["rock", "punk"], [], ["house"], ["house", "techno"], [], ["rock"], ["house"]]
    artists = [["Ann"], [" ann"], ["ANN "], ["Bob"], ["Bob"], ["Nobody"], None, [""]]
    songs = pl.DataFrame({"tags": pl.Series(lists, dtype=pl.List(pl.String)), "artists": pl.Series(artists)})
    songs = pl.concat([songs, songs.tail(1).with_columns(tags=pl.lit([], dtype=pl.List(pl.String)))])
    points = tags_space(songs).points(songs)
    np.testing.assert_allclose(points[2], points[:2].mean(axis=0), atol=1e-6)
    assert (points[5] == 0).all()
    assert (points[8] == 0).all()  # no name is not an artist
    assert (tags_space(songs).points(songs.drop("tags")) == 0).all()
    of_nobody = songs.with_columns(artists=pl.Series([*artists[:3], *[["Diverse Interpreten"]] * 6]))
    assert (tags_space(of_nobody).points(of_nobody)[5] == 0).all()  # nor do compilations lend


def test_case_padding_and_repetition_of_tags_count_nothing() -> None:
    songs = tagged()
    loud = songs.with_columns(
        tags=pl.col("tags").list.eval(pl.concat([pl.element().str.to_uppercase() + " ", pl.element()]))
    )
    assert tags_space(loud).to_dict() == tags_space(songs).to_dict()
    assert tags_space(songs).points(loud).tobytes() == tags_space(songs).points(songs).tobytes()


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (None, "The table has no tags"),
        ([None] * 60, "Only 0%"),
        ([[]] * 60, "Only 0%"),
        ([["rock"]] * 60, "do not share two different tags"),
        ([[f"tag {row}"] for row in range(60)], "do not share two different tags"),
        ([["rock", "punk"]] + [[]] * 59, "Only 2%"),
    ],
)
def test_tables_that_cannot_feed_the_tags_say_so(tags: list[list[str] | None] | None, said: str) -> None:
    songs = tagged(60).drop("tags")
    if tags is not None:
        songs = songs.with_columns(tags=pl.Series(tags, dtype=pl.List(pl.String)))
    assert said in SongSpace.fit(songs, features=["energy"], blocks=("sound", "tags")).notes[0]
    with pytest.raises(BadSettings, match=said):
        tags_space(songs)


def test_genres_without_beliefs_are_refused() -> None:
    songs = tagged(60)
    with pytest.raises(BadSettings, match="too few songs have a genre"):
        SongSpace.fit(songs, features=["energy"], genre_pull=0.5)
    with pytest.raises(BadSettings, match="takes no genres"):
        SongSpace.fit(songs, features=["energy"], blocks=("plain",), genre_pull=0.5)
    space = SongSpace.fit(with_beliefs(songs), features=["energy"], genre_pull=0.5)
    with pytest.raises(MissingColumns, match="without beliefs"):
        space.points(songs)


def test_tags_and_beliefs_that_never_vary_move_no_song() -> None:
    songs = tagged(30).with_columns(tags=pl.lit(["rock", "punk", "live"]))
    assert (tags_space(songs).points(songs) == 0).all()
    same = np.full((30, 2), 0.5, dtype=np.float32)
    space = SongSpace.fit(
        songs.with_columns(belief_column(same, ["a", "b"])), features=["energy"], blocks=("sound", "genre")
    )
    points = space.points(songs.with_columns(belief_column(same, ["a", "b"])))
    assert (points[:, 1:] == 0).all()
