from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from songatlas.features import DETAILS, FEATURES
from songatlas.profiles import NO_LONGER_FITS, VOCABULARY, Profile, contrasts, profile_clusters, typical
from songatlas.profiles.contrasts import mid_ranks
from songatlas.profiles.words import COMPARATIVES, IMPORTANCE

FEATURES_USED = [
    "danceability",
    "energy",
    "loudness_db",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "valence",
    "tempo_bpm",
]
SCALES = dict.fromkeys(FEATURES_USED, 1.0) | {"loudness_db": -30.0, "tempo_bpm": 200.0}


def make_catalogue(n: int, k: int, *, seed: int = 0) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """Songs around random middles, every cluster filled, with tags, years and artists."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), random.integers(0, k, n - k)]).astype(np.int32)
    middles = random.random((k, len(FEATURES_USED)))
    values = np.clip(middles[labels] + 0.15 * random.normal(size=(n, len(FEATURES_USED))), 0, 1)
    songs = pl.DataFrame({name: values[:, i] * SCALES[name] for i, name in enumerate(FEATURES_USED)})
    words = np.array(["rock", "classic rock", "latin", "r&b", "hip hop", "jazz"])
    favourite = random.integers(0, len(words), k)[labels]
    tag = np.where(random.random(n) < 0.6, favourite, random.integers(0, len(words), n))
    years = 1960 + 10 * random.integers(0, 6, k)[labels] + random.integers(0, 10, n)
    return songs.with_columns(
        song_id=pl.Series([f"s{i:05d}" for i in range(n)]),
        tags=pl.Series([[words[t]] if t % 4 else [] for t in tag], dtype=pl.List(pl.String)),
        year=pl.Series(years.astype(float)),
        artists=pl.Series([[f"Artist {i}"] for i in random.integers(0, n // 2 + 1, n)]),
    ), labels


def profiles_of(songs: pl.DataFrame, labels: NDArray[np.int32], k: int) -> tuple[Profile, ...]:
    features = [name for name in FEATURES_USED if name in songs.columns]
    distances = np.random.default_rng(7).random(songs.height)
    return profile_clusters(songs, labels, distances, features=features, k=k)


def one_feature(**columns: list[float]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    return pl.DataFrame(columns).with_columns(song_id=pl.Series([f"s{i:04d}" for i in range(n)]))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 40), bare=st.booleans(), narrow=st.booleans())
def test_no_two_clusters_bear_one_name_whatever_their_numbers(
    seed: int, k: int, bare: bool, narrow: bool
) -> None:
    songs, labels = make_catalogue(300, k, seed=seed)
    if bare:
        songs = songs.drop("tags", "year", "artists")
    if narrow:
        songs = songs.drop(FEATURES_USED[2:])
    profiles = profiles_of(songs, labels, k)
    names = [profile.name for profile in profiles]
    assert len({name.casefold() for name in names}) == k
    assert all(name and name == name.strip() and name[0] == name[0].upper() for name in names)
    assert all(profile.evidence and "\n" not in profile.evidence for profile in profiles)
    renumbered = np.random.default_rng(seed).permutation(k).astype(np.int32)
    again = profiles_of(songs, renumbered[labels], k)
    assert [again[renumbered[cluster]].name for cluster in range(k)] == names
    assert [again[renumbered[cluster]].evidence for cluster in range(k)] == [p.evidence for p in profiles]


def test_two_hundred_clusters_of_two_features() -> None:
    songs, labels = make_catalogue(1200, 200)
    profiles = profiles_of(songs.select("song_id", "danceability", "energy"), labels, 200)
    assert len({profile.name for profile in profiles}) == 200


def test_numbers_are_what_they_say() -> None:
    songs, labels = make_catalogue(400, 5)
    profiles = profiles_of(songs, labels, 5)
    ranks = songs.select((pl.col(FEATURES_USED).rank() - 0.5) / songs.height * 100)
    for profile in profiles:
        members = labels == profile.cluster
        assert profile.size == members.sum()
        assert profile.share == pytest.approx(members.mean())
        for name in FEATURES_USED:
            values = songs[name].to_numpy()
            assert profile.means[name] == pytest.approx(values[members].mean())
            wanted = (values[members].mean() - values.mean()) / values.std()
            assert profile.z_means[name] == pytest.approx(wanted)
            assert profile.percentiles[name] == pytest.approx(ranks[name].to_numpy()[members].mean())
        years = np.sort(songs["year"].to_numpy()[members])
        assert profile.year_low is not None
        assert profile.year_median is not None
        assert profile.year_high is not None
        assert (years < profile.year_low).mean() <= 0.11 <= (years <= profile.year_low).mean() + 0.02
        assert years[0] <= profile.year_low <= profile.year_median <= profile.year_high <= years[-1]


COMPARED = {words[side]: (name, side) for name, words in COMPARATIVES.items() for side in (0, 1)}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 15))
def test_evidence_says_only_what_is_true(seed: int, k: int) -> None:
    songs, labels = make_catalogue(300, k, seed=seed)
    for profile in profiles_of(songs, labels, k):
        members = songs.filter(pl.Series(labels == profile.cluster))
        facts = re.findall(r"(?:^|[,;] )([a-z ]+?) than (\d+)%", profile.evidence)
        assert facts or "tags:" in profile.evidence or "middle" in profile.evidence
        for words, percent in facts:
            name, above = COMPARED[words]
            ranks = ((songs[name].rank() - 0.5) / songs.height * 100).to_numpy()
            inside = ranks[labels == profile.cluster].mean()
            assert int(percent) == pytest.approx(inside if above else 100 - inside, abs=0.501)
            assert int(percent) >= 50
        for tag, percent in re.findall(r"(?:tags: |, )([a-z &]+) (\d+)% \(", profile.evidence):
            bears = [any(one == tag or one.endswith(f" {tag}") for one in tags) for tags in members["tags"]]
            assert int(percent) == pytest.approx(100 * np.mean(bears), abs=0.501)
        for percent, decade in re.findall(r"(\d+)% from the (\d{4})s(?! and)", profile.evidence):
            inside = members["year"].is_between(int(decade), int(decade) + 9).mean()
            assert int(percent) == pytest.approx(100 * float(inside), abs=0.501)
        if span := re.search(r"mostly (\d{4}) to (\d{4})", profile.evidence):
            assert members["year"].is_between(float(span[1]), float(span[2])).mean() >= 0.75


def test_a_cluster_of_speech_is_called_spoken() -> None:
    random = np.random.default_rng(0)
    speech = np.concatenate([random.uniform(0.02, 0.2, 970), random.uniform(0.85, 0.95, 30)])
    labels = (np.arange(1000) >= 970).astype(np.int32)
    songs = one_feature(speechiness=list(speech), energy=list(random.random(1000)))
    distances = np.zeros(1000)
    quiet, spoken = profile_clusters(songs, labels, distances, features=["energy", "speechiness"], k=2)
    assert spoken.name == "Spoken word"
    assert "spoken" not in quiet.name.lower()
    assert spoken.evidence.startswith(f"mean speechiness {speech[970:].mean():.2f}")
    # the rule holds though speechiness is no feature of the space, and for two such clusters
    labels[985:] = 2
    profiles = profile_clusters(songs, labels, distances, features=["energy"], k=3)
    assert [("spoken" in profile.name.lower()) for profile in profiles] == [False, True, True]
    assert profiles[1].name != profiles[2].name


def test_speech_is_spoken_even_where_it_is_half_of_the_catalogue() -> None:
    songs = one_feature(speechiness=[0.9] * 60 + [0.05] * 40, valence=[0.9] * 60 + [0.1] * 40)
    labels = np.repeat([0, 1], [60, 40]).astype(np.int32)
    profiles = profile_clusters(songs, labels, np.zeros(100), features=["valence"], k=2)
    assert profiles[0].name == "Spoken word"
    assert profiles[0].evidence.startswith("mean speechiness 0.90, happier")
    assert "poken" not in profiles[1].name


def test_a_year_or_two_is_no_era() -> None:
    songs, labels = make_catalogue(400, 4, seed=5)
    years = [1923.0 + label % 2 for label in labels]
    profiles = profiles_of(songs.drop("tags").with_columns(year=pl.Series(years)), labels, 4)
    assert not any(word in profile.name.lower() for profile in profiles for word in ("newer", "older", "20s"))


def test_music_with_much_speech_is_half_spoken() -> None:
    speech = [0.05] * 970 + [0.3] * 30
    songs = one_feature(speechiness=speech, energy=list(np.random.default_rng(0).random(1000)))
    labels = np.array([0] * 500 + [1] * 470 + [2] * 30, dtype=np.int32)
    profiles = profile_clusters(songs, labels, np.zeros(1000), features=["energy"], k=3)
    assert "half-spoken" in profiles[2].name.lower()


def test_what_nobody_would_notice_is_not_spoken_of() -> None:
    """Ranks that never overlap, of differences that no listener hears."""
    songs = one_feature(
        duration_ms=[17_000.0 + row for row in range(50)] + [18_000.0 + row for row in range(50)],
        speechiness=[0.035 + row / 1e5 for row in range(50)] + [0.05 + row / 1e5 for row in range(50)],
        tempo_bpm=[90.0 + row / 100 for row in range(50)] + [140.0 + row / 100 for row in range(50)],
    )
    labels = np.repeat([0, 1], 50).astype(np.int32)
    features = ["duration_ms", "speechiness", "tempo_bpm"]
    profiles = profile_clusters(songs, labels, np.zeros(100), features=features, k=2)
    assert [profile.name for profile in profiles] == ["Slow songs", "Fast songs"]
    assert profiles[0].evidence == "slower than 75% of the catalogue"
    assert profiles[1].evidence == "faster than 75% of the catalogue"
    assert profiles[0].percentiles["duration_ms"] == 25.0, "the numbers themselves stay"
    assert profiles[0].elsewhere["tempo_bpm"] == pytest.approx(140.245)


def test_a_little_speech_is_no_spoken_word() -> None:
    songs = one_feature(speechiness=[0.03] * 97 + [0.09] * 3, energy=[0.5] * 100)
    labels = np.repeat([0, 1], [97, 3]).astype(np.int32)
    profiles = profile_clusters(songs, labels, np.zeros(100), features=["energy"], k=2)
    assert "poken" not in profiles[1].name


def test_tags_that_say_nothing_are_left_out() -> None:
    songs, labels = make_catalogue(400, 4, seed=3)
    tags = [["Unknown", "Music", "other"] if label == 0 else ["pop"] for label in labels]
    profiles = profiles_of(songs.with_columns(tags=pl.Series(tags)), labels, 4)
    assert profiles[0].top_tags == ()
    assert "tags:" not in profiles[0].evidence
    assert not any(word in profiles[0].name.lower() for word in ("unknown", "music", "other"))


def test_tags_serve_where_they_have_share_and_lift() -> None:
    songs, labels = make_catalogue(400, 4, seed=3)
    tags = [["latin"] if label == 0 else ["pop"] for label in labels]
    profiles = profiles_of(songs.with_columns(tags=pl.Series(tags)), labels, 4)
    assert "Latin" in profiles[0].name
    assert profiles[0].top_tags[0] == ("latin", 1.0)
    assert not any("Latin" in profile.name for profile in profiles[1:])
    # everywhere alike: no lift, so no tag in any name
    same = profiles_of(songs.with_columns(tags=pl.Series([["latin"]] * 400)), labels, 4)
    assert not any("latin" in profile.name.lower() for profile in same)


def test_endings_of_tags_count_where_they_are_tags() -> None:
    songs, labels = make_catalogue(100, 2)
    tags = [[["classic rock", "drum and bass"], ["rock", "jazz"]][label] for label in labels]
    first, second = profiles_of(songs.with_columns(tags=pl.Series(tags)), labels, 2)
    assert dict(first.top_tags)["rock"] == 1.0
    assert "bass" not in dict(first.top_tags)
    assert "classic rock" not in dict(second.top_tags)


def test_a_decade_is_named_where_it_holds_most_songs() -> None:
    songs, labels = make_catalogue(400, 4, seed=5)
    years = [1984.0 if label == 0 else 2015.0 for label in labels]
    flat = songs.with_columns(pl.lit(0.5).alias(name) for name in FEATURES_USED)
    profiles = profiles_of(flat.drop("tags").with_columns(year=pl.Series(years)), labels, 4)
    assert "80s" in profiles[0].name
    assert "100% from the 1980s" in profiles[0].evidence


@pytest.mark.parametrize(("n_dated", "is_told"), [(100, True), (80, True), (66, False), (50, False)])
def test_an_era_needs_songs_whose_year_is_known(n_dated: int, is_told: bool) -> None:
    songs, labels = make_catalogue(400, 4, seed=3)
    places = np.cumsum(labels == 0) - 1
    size = int((labels == 0).sum())
    unknown = (labels == 0) & (places >= round(n_dated / 100 * size))
    years = [None if hole else 1984.0 if label == 0 else 2015.0
             for hole, label in zip(unknown, labels, strict=True)]  # fmt: skip
    flat = songs.with_columns(pl.lit(0.5).alias(name) for name in FEATURES_USED).drop("tags")
    profile = profiles_of(flat.with_columns(year=pl.Series(years, dtype=pl.Float64)), labels, 4)[0]
    known = size - int(unknown.sum())
    assert profile.n_dated == known
    assert ("80s" in profile.name) == is_told
    told = f"by the {known} of {size} songs whose year is known"
    assert (told in profile.evidence) == (is_told and n_dated < 100)
    assert is_told or not re.search("older|1980|mostly", f"{profile.name} {profile.evidence}")


def test_few_dated_songs_are_no_era_unless_they_are_all() -> None:
    songs, labels = make_catalogue(400, 4, seed=3)
    flat = songs.with_columns(pl.lit(0.5).alias(name) for name in FEATURES_USED).drop("tags")
    few = np.concatenate([np.flatnonzero(labels == 0)[:10], np.flatnonzero(labels != 0)])
    years = [1984.0 if label == 0 else 2015.0 for label in labels[few]]
    dated = flat[few].with_columns(year=pl.Series(years))
    assert "80s" in profiles_of(dated, labels[few], 4)[0].name
    holed = dated.with_columns(year=pl.when(pl.int_range(pl.len()) > 0).then("year"))
    profile = profiles_of(holed, labels[few], 4)[0]
    assert profile.n_dated == 9
    assert "80s" not in f"{profile.name} {profile.evidence}"


def test_words_claim_no_more_than_the_means_carry() -> None:
    random = np.random.default_rng(1)
    labels = np.repeat([0, 1], 200).astype(np.int32)
    barely = one_feature(
        instrumentalness=list(random.uniform(0, 0.01, 200)) + list(random.uniform(0.05, 0.1, 200))
    )
    profiles = profile_clusters(barely, labels, np.zeros(400), features=["instrumentalness"], k=2)
    assert profiles[1].name == "More instrumental songs"
    truly = barely.with_columns(instrumentalness=pl.col("instrumentalness") * 9)
    profiles = profile_clusters(truly, labels, np.zeros(400), features=["instrumentalness"], k=2)
    assert "nstrumental" in profiles[1].name
    assert "More" not in profiles[1].name


def test_no_contrast_makes_no_claim() -> None:
    songs = one_feature(energy=[0.5] * 60, valence=[0.2] * 60)
    labels = np.repeat([0, 1, 2], 20).astype(np.int32)
    profiles = profile_clusters(songs, labels, np.zeros(60), features=["energy", "valence"], k=3)
    assert all(profile.name.startswith("Middle ground") for profile in profiles)
    assert all("close to the middle" in profile.evidence for profile in profiles)
    whole = profile_clusters(songs, np.zeros(60, dtype=np.int32), np.zeros(60), features=["energy"], k=1)
    assert whole[0].name == "All songs"
    assert whole[0].evidence == "every song of the catalogue"


def test_little_and_odd_tables() -> None:
    single = one_feature(energy=[0.5])
    (profile,) = profile_clusters(single, np.zeros(1, np.int32), np.zeros(1), features=["energy"], k=1)
    assert profile.typical == ("s0000",)
    popular = one_feature(popularity=[float(i) for i in range(90)])
    labels = np.repeat([0, 1, 2], 30).astype(np.int32)
    names = [p.name for p in profile_clusters(popular, labels, np.zeros(90), features=["popularity"], k=3)]
    assert names == ["Little-known songs", "Middle ground", "Hits"]
    holes = pl.DataFrame({"song_id": ["a", "b", "c"], "energy": [None, 0.2, None], "key": [1.0, 2.0, 3.0],
                          "tags": [None, [], [None, "rock"]], "year": [None, None, None]},
                         schema_overrides={"year": pl.Float64, "tags": pl.List(pl.String)})  # fmt: skip
    profiles = profile_clusters(holes, np.array([0, 1, 2]), np.zeros(3), features=["energy", "key"], k=4)
    assert len({profile.name for profile in profiles}) == 4
    assert all(np.isfinite(list(p.means.values()) + list(p.percentiles.values())).all() for p in profiles)
    assert profiles[3].evidence == "no song"


def test_typical_songs_are_near_of_different_artists_and_no_versions() -> None:
    songs = pl.DataFrame(
        {
            "song_id": list("abcdefgh"),
            "artists": [["A"], ["a ", "B"], ["B"], ["C"], ["D"], ["E"], ["F"], None],
            "version_of": [None, None, None, "a", None, None, None, None],
            "energy": np.linspace(0, 1, 8),
        },
        schema_overrides={"version_of": pl.String},
    )
    labels, distances = np.zeros(8, dtype=np.int32), np.array([0.1, 0.2, 0.3, 0.0, 0.5, 0.5, 0.9, 0.6])
    (profile,) = profile_clusters(songs, labels, distances, features=["energy"], k=1)
    assert profile.typical == ("a", "c", "e", "f", "h")
    alone = songs.with_columns(artists=pl.lit(["A"]))
    (profile,) = profile_clusters(alone, labels, distances, features=["energy"], k=1)
    assert profile.typical == ("a", "b", "c", "e", "f")
    compiled = songs.with_columns(artists=pl.Series([["Artisti Vari"]] * 5 + [["A"], ["B"], ["B"]]))
    (profile,) = profile_clusters(compiled, labels, distances, features=["energy"], k=1)
    assert profile.typical == ("a", "b", "c", "e", "f"), "songs of nobody are not one artist's"


def test_typical_songs_are_the_same_when_only_the_near_ones_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    songs, labels = make_catalogue(900, 4)
    random = np.random.default_rng(5)
    distances = random.random(900).round(2)
    few_artists = [[f"Artist {number}"] for number in random.integers(0, 3, 900)]
    versions = pl.Series([f"s{number:05d}" if number % 5 else None for number in range(900)])
    for change in (
        {},
        {"artists": pl.Series(few_artists)},
        {"version_of": versions},
        {"version_of": pl.Series(["s00001"] * 900)},
    ):
        table = songs.with_columns(**change)
        monkeypatch.setattr(typical, "_CANDIDATES", 10_000)
        whole = typical.typical_songs(table, labels, distances, k=4)
        monkeypatch.setattr(typical, "_CANDIDATES", 7)
        assert typical.typical_songs(table, labels, distances, k=4) == whole


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.one_of(st.integers(-50, 50), st.floats(-1e6, 1e6)), max_size=80),
    divisor=st.sampled_from([1, 3, 1000, 10_000]),
)
def test_counted_ranks_are_those_of_sorting(numbers: list[float], divisor: int) -> None:
    values = np.array(numbers, dtype=np.float64) / divisor
    assert mid_ranks(values).tolist() == pl.Series(values).rank("average").cast(pl.Float64).to_list()


def test_ranks_on_a_grid_are_counted() -> None:
    thousandths = np.random.default_rng(0).integers(0, 1000, 5000) / 1000
    assert contrasts._grid_cells(thousandths, 1000.0) is not None
    assert contrasts._grid_cells(thousandths, 1.0) is None
    assert mid_ranks(thousandths).tolist() == pl.Series(thousandths).rank("average").to_list()


@pytest.mark.parametrize("word", VOCABULARY, ids=lambda word: f"{word.role} {word.text}")
def test_every_word_rests_on_known_features(word) -> None:
    known = {*FEATURES, *DETAILS}
    named = {*word.high, *word.low, *word.not_high, *word.not_low, *word.mean_from, *word.mean_to}
    assert word.high or word.low
    assert named <= known
    assert not set(word.high) & set(word.low)
    assert word.text == word.text.lower()
    assert set(IMPORTANCE) | set(COMPARATIVES) <= {*known, "year"}


def test_names_of_real_songs_read_well(shared_data) -> None:
    from sklearn.cluster import KMeans

    from songatlas.space import SongSpace

    table = pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None).unique(
        "track_id", keep="first", maintain_order=True
    )
    songs = table.rename(
        {"track_id": "song_id", "loudness": "loudness_db", "tempo": "tempo_bpm"}
    ).with_columns(
        year=pl.col("track_album_release_date").str.slice(0, 4).cast(pl.Float64),
        tags=pl.concat_list("playlist_genre"),
        artists=pl.concat_list("track_artist"),
    )
    features = [*FEATURES_USED, "liveness", "duration_ms"]
    points = SongSpace.fit(songs, features=features).points(songs).astype(np.float64)
    fitted = KMeans(8, n_init=2, random_state=0).fit(points)
    distances = np.linalg.norm(points - fitted.cluster_centers_[fitted.labels_], axis=1)
    profiles = profile_clusters(songs, fitted.labels_, distances, features=features, k=8)
    names = {profile.name for profile in profiles}
    assert len(names) == 8
    assert any("rap" in name.lower() for name in names)
    assert any("rock" in name.lower() for name in names)
    assert all(len(name.split()) <= 4 for name in names)
    assert all(len(profile.typical) == 5 for profile in profiles)


def named_like(kept: dict[int, str], *, reserved: tuple[str, ...] = (), k: int = 5) -> tuple[Profile, ...]:
    songs, labels = make_catalogue(300, k, seed=3)
    distances = np.random.default_rng(7).random(songs.height)
    return profile_clusters(
        songs, labels, distances, features=FEATURES_USED, k=k, kept=kept, reserved=reserved
    )


def test_kept_names_stay_and_no_other_cluster_gets_them() -> None:
    anew = named_like({})
    kept = named_like({0: "Purple polka", 2: anew[1].name})
    assert (kept[0].name, kept[2].name) == ("Purple polka", anew[1].name)
    assert kept[1].name.casefold() not in ("purple polka", anew[1].name.casefold())
    assert len({profile.name.casefold() for profile in kept}) == 5
    assert NO_LONGER_FITS in kept[0].evidence
    assert kept[0].percentiles == anew[0].percentiles, "the facts are those of its own songs"


def test_a_kept_name_that_is_true_tells_the_same_evidence() -> None:
    anew = named_like({})
    assert named_like({profile.cluster: profile.name for profile in anew}) == anew


def test_reserved_names_go_to_no_cluster() -> None:
    taken = tuple(profile.name.upper() for profile in named_like({}))
    assert not {name.casefold() for name in taken} & {
        profile.name.casefold() for profile in named_like({}, reserved=taken)
    }
