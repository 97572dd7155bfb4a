"""The columns of a songs table: how songs sound, and what else is known about them.

Pure data, no computation beyond look-ups. `FEATURES` are the columns that say how a song sounds;
`DETAILS` are the columns that identify, date or rank it and are never part of the sound unless a person
asks for them by name.

Conventions
-----------
Shares run from 0 to 1. Units stand in the column's name where there is a unit: `duration_ms`
(milliseconds), `tempo_bpm` (beats a minute), `loudness_db` (dB relative to full scale). Keys are pitch
classes 0 (C) to 11 (B); modes are 1 (major) and 0 (minor). Aliases are written as `header_key` gives
them: lower case, letters and digits only.

References
----------
Spotify for Developers, *Get track's audio features* (names, ranges and meaning of the features).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from songatlas.errors import UnknownName, did_you_mean

Transform = Literal["none", "log", "circle"]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column that says how a song sounds.

    Attributes
    ----------
    column : str
        Name in the songs table, with its unit.
    label : str
        What a figure or a table calls it.
    aliases : tuple of str
        Header keys (see `header_key`) under which it is found in other people's tables.
    unit : {"share", "dB", "BPM", "ms", "pitch class", "mode", "beats a bar"}
        Unit of the values in the songs table.
    low, high : float
        Range outside which a value is impossible, inclusive.
    transform : {"none", "log", "circle"}
        What the sound block does before standardizing: nothing, a logarithm for skewed features,
        or two coordinates on a circle.
    in_sound : bool
        Whether the sound block uses it without being asked.
    log_offset : float
        Added before the logarithm, in the feature's unit: about the value below which differences
        are not heard.
    low_word, high_word : str
        Adjective for songs far below or above the rest of the catalogue.
    """

    column: str
    label: str
    aliases: tuple[str, ...]
    unit: str
    low: float
    high: float
    transform: Transform = "none"
    in_sound: bool = True
    log_offset: float = 0.0
    low_word: str
    high_word: str


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One column that identifies, dates, ranks or labels a song, and says nothing of its sound.

    Attributes
    ----------
    column : str
        Name in the songs table.
    label : str
        What a figure or a table calls it.
    aliases : tuple of str
        Header keys under which it is found; earlier ones win where a table has several.
    kind : {"id", "text", "names", "tags", "date", "flag", "number", "location", "vector"}
        How its cells are read. A location is the path or URI of a file of music, a vector a list of numbers
        of one length.
    """

    column: str
    label: str
    aliases: tuple[str, ...]
    kind: Literal["id", "text", "names", "tags", "date", "flag", "number", "location", "vector"]


_UNSAFE = re.compile(r"[^0-9a-z]+")


def header_key(header: str) -> str:
    """Return `header` as it is compared: without marks, case, accents and punctuation.

    Examples
    --------
    >>> header_key("Track.Name") == header_key(" track name  ") == "trackname"
    True
    >>> header_key("danceability_%")
    'danceability'
    """
    plain = unicodedata.normalize("NFKD", header.replace("ï»¿", "").replace("\ufeff", ""))
    return _UNSAFE.sub("", plain.lower())


def is_estimate(header: str) -> bool:
    """Say whether a header is that of a feature which `songatlas scan` estimates from the sound.

    Examples
    --------
    >>> is_estimate("energy_estimate"), is_estimate("tempo_bpm")
    (True, False)
    """
    return header_key(header) in _ESTIMATES


def _share(
    column: str,
    label: str,
    *aliases: str,
    low_word: str,
    high_word: str,
    log: float = 0.0,
    is_estimated: bool = True,
) -> Feature:
    """A feature from 0 to 1, logged where `log` gives an offset; a scan estimates most of them."""
    aliases = (*aliases, f"{column}estimate") if is_estimated else aliases
    return Feature(
        column=column,
        label=label,
        aliases=(column, *aliases),
        unit="share",
        low=0.0,
        high=1.0,
        transform="log" if log else "none",
        log_offset=log,
        low_word=low_word,
        high_word=high_word,
    )


# Headers of German, Spanish, French, Portuguese and Italian tables.
_DANCEABILITY_ABROAD = ("tanzbarkeit", "bailabilidad", "dansabilite", "dancabilidade", "ballabilita")
_LOUDNESS_ABROAD = ("lautstarke", "lautstaerke", "volumen", "sonoridad")
_VALENCE_ABROAD = ("valenz", "valencia", "valenza")

_FEATURES = (
    _share(
        "danceability",
        "Danceability",
        "dance",
        "dnce",
        *_DANCEABILITY_ABROAD,
        low_word="less danceable",
        high_word="danceable",
    ),
    _share(
        "energy", "Energy", "nrgy", "energia", "energie", "allenergy", low_word="calm", high_word="energetic"
    ),
    Feature(
        column="loudness_db",
        label="Loudness",
        aliases=("loudness", "loudnessdb", "songloudness", "loud", "decibel", "db", *_LOUDNESS_ABROAD),
        unit="dB",
        low=-70.0,
        high=10.0,
        low_word="quiet",
        high_word="loud",
    ),
    _share("speechiness", "Speechiness", "speech", "spch", low_word="sung", high_word="spoken", log=0.02),
    _share(
        "acousticness",
        "Acousticness",
        "acoustic",
        "acous",
        low_word="electric",
        high_word="acoustic",
        log=0.01,
    ),
    _share(
        "instrumentalness",
        "Instrumentalness",
        "instrumental",
        low_word="vocal",
        high_word="instrumental",
        log=0.001,
    ),
    _share("liveness", "Liveness", "live", low_word="studio", high_word="live", log=0.05, is_estimated=False),
    _share(
        "valence",
        "Valence",
        "val",
        "happy",
        "happiness",
        *_VALENCE_ABROAD,
        low_word="dark",
        high_word="happy",
    ),
    Feature(
        column="tempo_bpm",
        label="Tempo",
        aliases=("tempo", "tempobpm", "bpm", "beatsperminute", "beatsperminutebpm", "songtempo"),
        unit="BPM",
        low=20.0,
        high=320.0,
        low_word="slow",
        high_word="fast",
    ),
    Feature(
        column="duration_ms",
        label="Duration",
        aliases=(
            "durationms",
            "trackdurationms",
            "duration",
            "songduration",
            "dur",
            "length",
            "lengthduration",
            "time",
            "durationmin",
            "durations",
            "durationsec",
            "durationseconds",
            "durationinminms",
            "msplayed",
            *("dauer", "lange", "laenge", "duracion", "duracao", "duree", "durata"),
        ),
        unit="ms",
        low=1.0,
        high=86_400_000.0,
        transform="log",
        low_word="short",
        high_word="long",
    ),
    Feature(
        column="key",
        label="Key",
        aliases=(
            "key",
            "keysignature",
            "songkey",
            "chord",
            "keyname",
            "keymode",
            "camelot",
            "chave",
            *("tonart", "tonalidad", "tonalidade", "tonalite", "tonalita", "tom"),
        ),
        unit="pitch class",
        low=0.0,
        high=11.0,
        transform="circle",
        in_sound=False,
        low_word="flat-side",
        high_word="sharp-side",
    ),
    Feature(
        column="mode",
        label="Mode",
        aliases=("mode", "songmode", "modename", "modus", "modo"),
        unit="mode",
        low=0.0,
        high=1.0,
        in_sound=False,
        low_word="minor",
        high_word="major",
    ),
    Feature(
        column="time_signature",
        label="Time signature",
        aliases=("timesignature", "songtimesignature", "taktart"),
        unit="beats a bar",
        low=1.0,
        high=12.0,
        in_sound=False,
        low_word="odd-metre",
        high_word="many-beat",
    ),
)

_DETAILS = (
    Detail(
        column="song_id",
        label="Song id",
        aliases=(
            "trackid",
            "songid",
            "idsongs",
            "spotifytrackid",
            "spotifysongid",
            "trackuri",
            "spotifytrackuri",
            "spotifyuri",
            "spotifyid",
            "uri",
            "trackhref",
            "spotifyurl",
            "url",
            "isrc",
            "id",
            "songmask",
        ),
        kind="id",
    ),
    Detail(
        column="title",
        label="Title",
        aliases=(
            "trackname",
            "songname",
            "namesong",
            "songtitle",
            "tracktitle",
            "title",
            "song",
            "track",
            "name",
            *("titel", "liedtitel", "songtitel", "titulo", "cancion", "titre", "chanson", "musica"),
            *("titolo", "brano"),
        ),
        kind="text",
    ),
    Detail(
        column="artists",
        label="Artists",
        aliases=(
            "artistnames",
            "artistsnames",
            "trackartist",
            "trackartists",
            "artistname",
            "artistsname",
            "nameartists",
            "allartists",
            "artists",
            "artist",
            "albumartistnames",
            *("kunstler", "kuenstler", "interpret", "artista", "artistas", "artiste", "artistes", "artisti"),
            "interprete",
        ),
        kind="names",
    ),
    Detail(
        column="artist_ids",
        label="Artist ids",
        aliases=(
            "artistids",
            "artistsids",
            "idartists",
            "artistid",
            "spotifyartistid",
            "artisturis",
            "artisturi",
        ),
        kind="names",
    ),
    Detail(
        column="album",
        label="Album",
        aliases=("albumname", "trackalbumname", "releasename", "spotifyalbum", "album"),
        kind="text",
    ),
    Detail(
        column="album_artist",
        label="Album artist",
        aliases=("albumartist", "albumartists"),
        kind="text",
    ),
    Detail(
        column="isrc",
        label="ISRC",
        aliases=("isrc", "trackexternalidsisrc", "externalidsisrc"),
        kind="text",
    ),
    Detail(
        column="release_date",
        label="Release date",
        aliases=(
            "releasedate",
            "trackalbumreleasedate",
            "albumreleasedate",
            "albumdate",
            "releaseyear",
            "releasedyear",
            "songyear",
            "year",
            "decade",
            "era",
            *("erscheinungsdatum", "veroffentlichungsdatum", "erscheinungsjahr", "jahr"),
            *("fechadelanzamiento", "datadelancamento", "datedesortie", "datadiuscita"),
            *("ano", "annee", "anno"),
        ),
        kind="date",
    ),
    Detail(column="explicit", label="Explicit", aliases=("explicit", "trackexplicit"), kind="flag"),
    Detail(
        column="popularity",
        label="Popularity",
        aliases=(
            "popularitysongs",
            "trackpopularity",
            "popularitysong",
            "spotifypopularity",
            "popularity",
            "popularityscore",
            "trackpop",
            "songhotttnesss",
            "pop",
            *("popularitat", "popularidad", "popularidade", "popularite", "popolarita"),
        ),
        kind="number",
    ),
    Detail(column="streams", label="Streams", aliases=("streams",), kind="number"),
    Detail(
        column="artist_popularity",
        label="Artist popularity",
        aliases=(
            "popularityartists",
            "artistpopularity",
            "popularityartist",
            "artistpop",
            "artisthotttnesss",
        ),
        kind="number",
    ),
    Detail(
        column="followers",
        label="Followers",
        aliases=("followers", "artistfollowers", "follow"),
        kind="number",
    ),
    Detail(
        column="tags",
        label="Tags",
        aliases=(
            "genres",
            "artistgenres",
            "parentgenres",
            "artistterms",
            "terms",
            "artistmbtags",
            "songartistmbtags",
            "topgenre",
            "playlistgenre",
            "playlistsubgenre",
            "trackgenre",
            "primarygenre",
            "finalgenre",
            "artistgenre",
            "subgenre",
            "genre",
            "genero",
            "estilo",
            "mood",
            "emotion",
        ),
        kind="tags",
    ),
    Detail(
        column="playlist",
        label="Playlist",
        aliases=("playlistname", "playlist"),
        kind="text",
    ),
    Detail(
        column="heard_tags",
        label="Heard in it",
        aliases=("heardtags",),
        kind="tags",
    ),
    Detail(
        column="location",
        label="File",
        aliases=("path", "filepath", "trackpath", "songpath", "file", "filename", "location"),
        kind="location",
    ),
    Detail(column="measured_by", label="Measured by", aliases=("measuredby",), kind="text"),
    Detail(column="audio_tags", label="Tags of the network", aliases=("audiotags",), kind="vector"),
    Detail(
        column="audio_embedding", label="What the network hears", aliases=("audioembedding",), kind="vector"
    ),
    Detail(column="audio_statistics", label="Timbre and rhythm", aliases=("audiostatistics",), kind="vector"),
)


def feature_named(name: str) -> Feature:
    """Return the feature with that column name or alias, written in any way.

    Raises
    ------
    UnknownName
        If no feature is called so; the message names the nearest.

    Examples
    --------
    >>> feature_named("Tempo").column
    'tempo_bpm'
    """
    key = header_key(name)
    for feature in FEATURES.values():
        if key == header_key(feature.column) or key in feature.aliases:
            return feature
    known = [*FEATURES, *(alias for feature in FEATURES.values() for alias in feature.aliases)]
    raise UnknownName(
        f"no feature is called {name!r}{did_you_mean(name, known)} (features: {', '.join(FEATURES)})"
    )


def is_feature(name: str) -> bool:
    """Say whether `feature_named` knows a name.

    Examples
    --------
    >>> is_feature("BPM"), is_feature("genre")
    (True, False)
    """
    try:
        feature_named(name)
    except UnknownName:
        return False
    return True


def amount(column: str, value: float) -> str:
    """Return a value of a column as a person writes it, with its unit.

    Examples
    --------
    >>> amount("duration_ms", 221_400.0), amount("loudness_db", -6.24), amount("energy", 0.7312)
    ('3:41', '−6.2 dB', '0.73')
    """
    unit = FEATURES[column].unit if column in FEATURES else ""
    if unit == "ms":
        seconds = round(value / 1000)
        return f"{seconds // 60}:{seconds % 60:02d}"
    if unit == "dB":
        return f"{value:.1f} dB".replace("-", "−")
    if unit == "BPM":
        return f"{value:.0f} BPM"
    if column == "year":
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def label_of(column: str) -> str:
    """Return what a sentence or a figure calls a column of the songs table, or a block without columns.

    Examples
    --------
    >>> label_of("tempo_bpm"), label_of("artist_popularity"), label_of("year"), label_of("tags")
    ('Tempo', 'Artist popularity', 'Release year', 'Tags')
    >>> label_of("audio")
    'The sound itself'
    """
    if column in FEATURES:
        return FEATURES[column].label
    if column in DETAILS:
        return DETAILS[column].label
    return _OTHER_LABELS.get(column, column[:1].upper() + column[1:].replace("_", " "))


_OTHER_LABELS = {"year": "Release year", "audio": "The sound itself"}
_ESTIMATES = frozenset(
    alias for feature in _FEATURES for alias in feature.aliases if alias.endswith("estimate")
)

FEATURES: Mapping[str, Feature] = MappingProxyType({feature.column: feature for feature in _FEATURES})
DETAILS: Mapping[str, Detail] = MappingProxyType({detail.column: detail for detail in _DETAILS})
