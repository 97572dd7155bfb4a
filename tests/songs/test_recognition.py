"""Headers of many tools -> columns; what a person names; what is said of the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from songatlas.errors import BadSettings, MissingColumns, UnknownName
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import SongsTable, read_songs
from songatlas.songs.headers import ALIASES, columns_of, unique_names
from songatlas.songs.recognition import column_named, named_units, position_of

RNG = np.random.default_rng(11)
N = 80
ARTISTS = ["Ana", "Bö", "Cé", "Dun", "Earth, Wind & Fire", "Ély"]


def percents(low: int = 5, high: int = 96) -> list[str]:
    """Whole percentages."""
    return [str(value) for value in RNG.integers(low, high, N)]


def shares() -> list[str]:
    """Shares with three decimals."""
    return [f"{value:.3f}" for value in RNG.beta(2, 2, N)]


def column_for(header: str, style: str) -> list[str]:
    """Cells that fit a header in the style of a tool."""
    key = header.lower()
    numbers = {
        "bpm": lambda: [f"{value:.0f}" for value in RNG.normal(120, 20, N).clip(60, 200)],
        "loud": lambda: [f"{value:.0f}" for value in -RNG.gamma(3, 3, N) - 1],
        "seconds": lambda: [f"{value:,.0f}" for value in RNG.normal(220, 40, N).clip(90)],
    }
    if any(word in key for word in ("bpm", "beats", "tempo")):
        return numbers["bpm"]()
    if "loud" in key or key in ("db", "decibel"):
        return numbers["loud"]()
    if any(word in key for word in ("dur", "length")):
        return numbers["seconds"]()
    if any(word in key for word in ("title", "track.name", "track_name", "song")):
        return [f"Song {place}, so" for place in range(N)]
    if "artist" in key:
        return [ARTISTS[place % 6] for place in range(N)]
    if "genre" in key:
        return [("pop", "rock", "edm")[place % 3] for place in range(N)]
    if "year" in key:
        return [str(1990 + place % 30) for place in range(N)]
    if "index" in key or not key:
        return [str(place + 1) for place in range(N)]
    return percents() if style == "percent" else shares()


def csv_bytes(
    headers: Sequence[str], cells: dict[str, list[str]], separator: str = ",", encoding: str = "utf-8"
) -> bytes:
    """A file of those headers, in that order."""
    frame = pl.DataFrame([pl.Series(f"c{place}", cells[text]) for place, text in enumerate(headers)])
    text = frame.write_csv(include_header=False, separator=separator)
    head = separator.join(f'"{text}"' if separator in text else text for text in headers)
    return f"{head}\n{text}".encode(encoding)


def meaning(table: SongsTable) -> dict[str, str | None]:
    """Header -> column."""
    return {reading.header: reading.column for reading in table.columns}


TOOLS = {
    "top10s": (
        "title,artist,top genre,year,bpm,nrgy,dnce,dB,live,val,dur,acous,spch,pop",
        "title artists genre release_date tempo_bpm energy danceability loudness_db liveness valence "
        "duration_ms acousticness speechiness popularity",
        ",",
        "cp1252",
    ),
    "Spotify-2000": (
        "Index;Title;Artist;Top Genre;Year;Beats Per Minute (BPM);Energy;Danceability;Loudness (dB);Liveness;"
        "Valence;Length (Duration);Acousticness;Speechiness;Popularity",
        "- title artists genre release_date tempo_bpm energy danceability loudness_db liveness valence "
        "duration_ms acousticness speechiness popularity",
        ";",
        "utf-8-sig",
    ),
    "top50": (
        ",Track.Name,Artist.Name,Genre,Beats.Per.Minute,Energy,Danceability,Loudness..dB..,Liveness,Valence.,"
        "Length.,Acousticness..,Speechiness.,Popularity",
        "- title artists genre tempo_bpm energy danceability loudness_db liveness valence duration_ms "
        "acousticness speechiness popularity",
        ",",
        "latin-1",
    ),
    "Tunebat": (
        "Song,Artist,BPM,Popularity,Energy,Danceability,Happiness,Acousticness,Instrumentalness,Liveness,"
        "Speechiness,Loudness",
        "title artists tempo_bpm popularity energy danceability valence acousticness instrumentalness "
        "liveness speechiness loudness_db",
        ",",
        "utf-8",
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_headers_of_tools_that_write_percent(tool: str) -> None:
    headers_text, columns, separator, encoding = TOOLS[tool]
    headers = headers_text.split(separator)
    cells = {text: column_for(text, "percent") for text in headers}
    table = read_songs(csv_bytes(headers, cells, separator, encoding))
    assert [meaning(table)[text] or "-" for text in headers] == columns.split()
    for column in set(table.songs.columns) & set(FEATURES):
        spec = FEATURES[column]
        assert table.songs[column].is_between(spec.low, spec.high).all()
    assert table.songs["energy"].max() > 0.5
    assert (
        60_000 < table.songs["duration_ms"].median() < 400_000
        if "duration_ms" in table.songs.columns
        else True
    )
    assert table.songs["artist"][:6].to_list() == ARTISTS
    assert table.songs["artists"][4].to_list() == ["Earth, Wind & Fire"]


def test_spotify_2023() -> None:
    headers = [
        "track_name",
        "artist(s)_name",
        "artist_count",
        "released_year",
        "released_month",
        "released_day",
        "in_spotify_playlists",
        "streams",
        "bpm",
        "key",
        "mode",
        "danceability_%",
        "valence_%",
        "energy_%",
        "acousticness_%",
        "instrumentalness_%",
        "liveness_%",
        "speechiness_%",
    ]
    cells = {text: column_for(text, "percent") for text in headers}
    cells |= {
        "artist(s)_name": ["Latto, Jung Kook", "Myke Towers"] * 40,
        "released_month": ["7", "12"] * 40,
        "released_day": ["14", "3"] * 40,
        "released_year": ["2023", "1946"] * 40,
        "streams": ["1.41E+08", "133,716,286"] * 40,
        "key": ["C#", ""] * 40,
        "mode": ["Major", "Minor"] * 40,
        "instrumentalness_%": ["0"] * 79 + ["3"],
    }
    table = read_songs(csv_bytes(headers, cells))
    songs = table.songs
    assert songs["artists"][0].to_list() == ["Latto", "Jung Kook"]
    assert songs["release_date"][:2].to_list() == ["2023-07-14", "1946-12-03"]
    assert songs["streams"][:2].to_list() == [141_000_000, 133_716_286]
    assert songs["key"][:2].to_list() == [1, None]
    assert songs["mode"][:2].to_list() == [1, 0]
    assert songs["instrumentalness"].max() == 0.03
    assert meaning(table)["in_spotify_playlists"] is None
    assert meaning(table)["released_month"] == "release_date"


def test_rekordbox_text() -> None:
    headers = [
        "#",
        "Artwork",
        "Track Title",
        "Artist",
        "Album",
        "Genre",
        "BPM",
        "Rating",
        "Time",
        "Key",
        "Date Added",
    ]
    rows = [
        [
            str(place),
            "",
            f"Track {place}",
            "Ana; Bö",
            "Álbum",
            "House",
            f"{118 + place / 4:.2f}",
            "",
            "06:01",
            "11A",
            "2024-01-02",
        ]
        for place in range(1, 40)
    ]
    text = "\r\n".join("\t".join(row) for row in [headers, *rows])
    table = read_songs(b"\xff\xfe" + text.encode("utf-16-le"))
    assert table.source.separator == "\t"
    assert table.songs["duration_ms"][0] == 361_000
    assert (table.songs["key"][0], table.songs["mode"][0]) == (6, 0)
    assert table.songs["artists"][0].to_list() == ["Ana", "Bö"]
    assert table.songs["genre"][0] == "House"
    assert "of the sound only" in " ".join(table.source.notes)


def test_machinehack() -> None:
    headers = (
        "Artist Name,Track Name,Popularity,danceability,energy,key,loudness,mode,tempo,duration_in min/ms,"
        "time_signature,Class"
    )
    cells = {text: column_for(text, "share") for text in headers.split(",")}
    cells["duration_in min/ms"] = ["234596.0", "3.907", "251733.0", "187000.0"] * 20
    cells["mode"], cells["time_signature"], cells["Class"] = ["1", "0"] * 40, ["4"] * 80, ["5", "10"] * 40
    cells["key"] = [str(1 + place % 11) for place in range(80)]
    table = read_songs(csv_bytes(headers.split(","), cells))
    assert table.songs["duration_ms"][:2].to_list() == [234_596, pytest.approx(234_420)]
    assert "genre" not in table.songs.columns
    assert "genre" in read_songs(csv_bytes(headers.split(","), cells), genre="Class").songs.columns


def test_min_max_scaled_columns_are_left_alone() -> None:
    headers = "name,artist,danceability,energy,loudness,tempo,key,duration_ms,valence"
    cells = {text: column_for(text, "share") for text in headers.split(",")}
    cells |= {text: shares() for text in ("loudness", "tempo", "key", "duration_ms")}
    cells["name"] = [f"N{place}" for place in range(N)]
    table = read_songs(csv_bytes(headers.split(","), cells))
    assert {"danceability", "energy", "valence"} == set(table.songs.columns) & set(FEATURES)


def small(**columns: object) -> pl.DataFrame:
    """Three songs with three features and more."""
    given = {
        "danceability": [0.5, 0.6, 0.7],
        "energy": [0.1, 0.9, 0.4],
        "valence": [0.2, 0.3, 0.4],
        **columns,
    }
    return pl.DataFrame({name: cells for name, cells in given.items() if cells is not None})


def test_a_person_may_name_columns() -> None:
    table = read_songs(
        small(energy=None, nrgy_x=[0.1, 0.9, 0.4], Stück=["A", "B", "C"]),
        columns={"energy": "nrgy_x", "title": "Stück"},
    )
    assert table.songs["energy"].to_list() == [0.1, 0.9, 0.4]
    assert table.songs["title"].to_list() == ["A", "B", "C"]
    assert {reading.how_sure for reading in table.columns if reading.column in ("energy", "title")} == {
        "named"
    }
    by_number = read_songs(small(speed=[120.5, 90.0, 100.0]), columns={"tempo": "4"})
    assert by_number.songs["tempo_bpm"].to_list() == [120.5, 90, 100]


def test_a_named_column_wins_over_a_recognised_one() -> None:
    table = read_songs(small(mine=[0.9, 0.8, 0.7]), columns={"energy": "mine"})
    assert table.songs["energy"].to_list() == [0.9, 0.8, 0.7]
    assert meaning(table)["energy"] is None


def test_names_that_do_not_exist() -> None:
    with pytest.raises(UnknownName, match="no column 'enrgy'; did you mean 'energy'"):
        read_songs(small(), columns={"enrgy": "energy"})
    with pytest.raises(
        UnknownName, match="the table has no column 'danceabilty'; did you mean 'danceability'"
    ):
        read_songs(small(), columns={"energy": "danceabilty"})
    with pytest.raises(UnknownName, match="a number from 1 to 3 will do"):
        read_songs(small(), columns={"energy": "9"})
    with pytest.raises(BadSettings, match="'energy' was named for energy and for valence"):
        read_songs(small(), columns={"energy": "energy", "valence": "energy"})
    with pytest.raises(BadSettings, match="two columns were named for tempo_bpm"):
        read_songs(small(), columns={"tempo": "energy", "bpm": "valence"})
    with pytest.raises(UnknownName, match="no column 'gerne'; did you mean 'genre'"):
        read_songs(small(genre=["a", "b", "c"]), genre="gerne")
    with pytest.raises(MissingColumns, match="named for tempo_bpm, but it cannot be used: holds words"):
        read_songs(small(speed=["fast", "slow", "fast"]), columns={"tempo": "speed"})


def test_a_header_that_is_nearly_right_is_pointed_out() -> None:
    with pytest.raises(
        MissingColumns,
        match=r"no column looks like 'energy'; the nearest is 'energy_x'.*--column energy=energy_x",
    ):
        read_songs(pl.DataFrame({"danceability": [0.5, 0.6], "energy_x": [0.1, 0.9], "name": ["a", "b"]}))
    table = read_songs(small(instrumentalnes=[0.0, 0.1, 0.2]))
    assert "nearest is 'instrumentalnes'" in " ".join(table.source.notes)


def test_too_few_features_name_what_was_found() -> None:
    with pytest.raises(
        MissingColumns, match=r"only danceability and duration_ms can be used, but it takes at least 3"
    ):
        read_songs(pl.DataFrame({"danceability": [0.5, 0.6], "duration_ms": [200_000, 180_000]}))
    with pytest.raises(MissingColumns, match=r"columns: age, gender, genre"):
        read_songs(pl.DataFrame({"age": [12, 13], "gender": [0, 1], "genre": ["Folk", "Blues"]}))


def test_ids_are_the_best_there_are() -> None:
    spotify = ["4XU3UbQRXTkBR8VastbrFK", "4XxMVIDKRAYKlZ6pLt9zJ2", "1gzIbdFnGJ226LTl0Cn2SX"]
    hrefs = [f"https://api.spotify.com/v1/tracks/{one}" for one in spotify]
    table = read_songs(small(id=[1, 2, 3], track_href=hrefs, uri=[f"spotify:track:{one}" for one in spotify]))
    assert table.songs["song_id"].to_list() == spotify
    notes = {reading.header: reading.note for reading in table.columns}
    assert notes["id"] == "counts the rows, which is no id of a song"
    assert notes["track_href"].startswith("the same ids as 'uri'")
    plain = read_songs(small(track_id=["17", "4", "99"]))
    assert plain.songs["song_id"].to_list() == ["17", "4", "99"]


def test_an_isrc_serves_as_the_id() -> None:
    table = read_songs(small(isrc=["USSM17700246", "USAT20001435", "USAR10000082"]))
    assert table.songs["song_id"].to_list() == table.songs["isrc"].to_list()
    assert "'isrc' serves as the song id too" in table.source.notes


def test_ids_made_of_content_do_not_depend_on_the_order() -> None:
    one = read_songs(small(title=["a", "b", "b"], artist=["x", "y", "y"]))
    again = read_songs(small(title=["a", "b", "b"], artist=["x", "y", "y"])[[2, 1, 0]])
    assert one.songs["song_id"].to_list() == again.songs["song_id"].to_list()[::-1]
    assert one.songs["song_id"].n_unique() == 3
    twice = small(title=["a", "b", "b"])[[0, 0, 1]]
    assert read_songs(twice).songs["song_id"].n_unique() == 2
    assert one.songs["song_id"].str.contains("^[0-9a-f]{16}$").all()
    assert "ids were made of" in " ".join(one.source.notes)


def test_rows_without_an_id_get_one() -> None:
    spotify = ["4XU3UbQRXTkBR8VastbrFK", None, "1gzIbdFnGJ226LTl0Cn2SX"]
    table = read_songs(small(track_id=spotify))
    assert table.songs["song_id"].null_count() == 0
    assert table.songs["song_id"][0] == spotify[0]
    assert "rows without a song id: 1" in " ".join(table.source.notes)


def test_the_broad_label_is_the_genre() -> None:
    table = read_songs(
        small(playlist_subgenre=["a", "b", "c"], playlist_genre=["X", "Y", "X"], terms=["p, q", "", "r"])
    )
    assert table.songs["genre"].to_list() == ["X", "Y", "X"]
    assert table.songs["tags"].to_list() == [["a", "x", "p", "q"], ["b", "y"], ["c", "x", "r"]]


def test_lists_of_genres_are_tags_only_unless_named() -> None:
    lists = ["['dance pop', 'pop']", "[]", "['rock']"]
    assert "genre" not in read_songs(small(genres=lists)).songs.columns
    named = read_songs(small(genres=lists), genre="genres")
    assert named.songs["genre"].to_list() == [["dance pop", "pop"], None, ["rock"]]
    assert named.songs["tags"].to_list() == [["dance pop", "pop"], [], ["rock"]]


def test_a_named_genre_may_be_any_column() -> None:
    table = read_songs(small(Type=["Top 2018", "Mine", "Mine"], playlist=["p", "q", "q"]), genre="Type")
    assert table.songs["genre"].to_list() == ["Top 2018", "Mine", "Mine"]
    both = read_songs(small(playlist=["p", "q", "q"]), genre="playlist")
    assert both.songs["playlist"].to_list() == both.songs["genre"].to_list()
    coded = read_songs(small(target=[0, 1, 1]), genre="target")
    assert coded.songs["genre"].to_list() == ["0", "1", "1"]
    assert "tags" not in coded.songs.columns


def test_popularity_from_0_to_1_becomes_0_to_100() -> None:
    table = read_songs(small(popularity=[0.25, 0.5, -1.0], artist_popularity=[20, 30, 40]))
    assert table.songs["popularity"].to_list() == [25, 50, None]
    assert table.songs["artist_popularity"].to_list() == [20, 30, 40]


def test_junk_is_left_alone_with_a_word() -> None:
    table = read_songs(small(type=["audio_features"] * 3, index=[0, 1, 2], note=[None, None, None]))
    notes = {reading.header: reading.note for reading in table.columns if reading.column is None}
    assert notes == {
        "type": "says 'audio_features' in every row",
        "index": "counts the rows",
        "note": "empty",
    }


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Track.Name", "title"),
        (" track name  ", "title"),
        ("danceability_%", "danceability"),
        ("Loudness..dB..", "loudness_db"),
        ("ï»¿energy", "energy"),
        ("audio_features.energy", "energy"),
        ("track.duration_ms", "duration_ms"),
        ("Énergie", "energy"),
        ("Fröhlichkeit", None),
        ("", None),
        ("%", None),
    ],
)
def test_headers(header: str, column: str | None) -> None:
    assert (columns_of(header) or ((None, 0),))[0][0] == column


@pytest.mark.parametrize(
    "headers",
    [
        "Titel,Künstler,Jahr,Tanzbarkeit,Energie,Lautstärke,Tempo,Tonart,Dauer,Genre",
        "Titel,Interpret,Erscheinungsdatum,Tanzbarkeit,Energie,Lautstärke,Tempo,Tonart,Länge,Genre",
        "Canción,Artista,Año,Bailabilidad,Energía,Sonoridad,Tempo,Tonalidad,Duración,Género",
        "Título,Artista,Año,Bailabilidad,Energía,Volumen,Tempo,Tonalidad,Duración,Género",
        "Chanson,Artiste,Année,Dansabilité,Énergie,Loudness,Tempo,Tonalité,Durée,Genre",
        "Música,Artista,Ano,Dançabilidade,Energia,Loudness,Tempo,Tom,Duração,Gênero",
        "Brano,Artista,Anno,Ballabilità,Energia,Loudness,Tempo,Tonalità,Durata,Genre",
    ],
)
def test_headers_of_other_languages(headers: str) -> None:
    wanted = ["title", "artists", "release_date", "danceability", "energy", "loudness_db", "tempo_bpm"]
    wanted += ["key", "duration_ms", "tags"]
    assert [columns_of(header)[0][0] for header in headers.split(",")] == wanted


def test_no_alias_means_two_columns() -> None:
    assert {alias for alias, meant in ALIASES.items() if len(meant) > 1} == {"isrc"}


def test_a_german_table_is_read() -> None:
    table = read_songs(
        pl.DataFrame(
            {
                "Titel": ["Eins", "Zwei", "Drei"],
                "Künstler": ["A", "B", "C"],
                "Jahr": [1999, 2004, 2011],
                "Tanzbarkeit": [0.51, 0.62, 0.73],
                "Energie": [0.31, 0.92, 0.43],
                "Lautstärke": [-8.5, -6.1, -7.2],
                "Dauer": ["3:10", "2:55", "4:01"],
            }
        )
    )
    assert table.songs["title"].to_list() == ["Eins", "Zwei", "Drei"]
    assert table.songs["year"].to_list() == [1999, 2004, 2011]
    assert table.songs["duration_ms"].to_list() == [190_000, 175_000, 241_000]
    assert "title" not in " ".join(table.source.notes).replace("of title", "")


def test_a_table_without_titles_says_how_to_name_them() -> None:
    said = "no column looks like a title: name it with --column title=HEADER"
    assert said in read_songs(small(song_words=["a", "b", "c"])).source.notes
    assert said not in read_songs(small(title=["a", "b", "c"])).source.notes
    assert "language" not in " ".join(read_songs(small(language=["a", "b", "c"])).source.notes)


@pytest.mark.parametrize("column", [*FEATURES, *DETAILS])
def test_every_column_of_ours_is_known_by_its_own_name(column: str) -> None:
    assert column_named(column) == column
    assert column in {meant for meant, _ in columns_of(column)}


def test_positions_and_names() -> None:
    assert position_of("Track Name", ["track_name", "Track Name"]) == 1
    assert position_of("trackname", ["x", "Track.Name"]) == 1
    assert position_of("2", ["x", "y"]) == 1
    assert position_of("2", ["2", "y"]) == 0
    assert unique_names(["a", "a", "", "a"]) == ["a", "a (column 2)", "column 3", "a (column 4)"]
    assert named_units({"tempo": "bpm", "duration": "Seconds", "energy": "%"}) == {
        "tempo_bpm": "BPM",
        "duration_ms": "s",
        "energy": "percent",
    }


def test_genre_may_be_named_as_a_column_too() -> None:
    table = read_songs(small(Type=["Top 2018", "Mine", "Mine"]), columns={"genre": "Type"})
    assert table.songs["genre"].to_list() == ["Top 2018", "Mine", "Mine"]
