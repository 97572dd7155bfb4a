"""Which rows are songs that can be clustered: what is missing, impossible, spoken, silent, too short or long.

Every function takes a table and the features in use, and returns one Boolean for every row of it. None of
them looks at any other row, so that the answer for a song depends neither on the order of the rows nor on
its company.

Conventions
-----------
The tables given here are complete: every column of FEATURES, and `title`, `artist`, `album`, `tags`, is
there, all-null where the input has none (`completed` sees to it). What is unknown never speaks against a song.

References
----------
Spotify for Developers, *Get track's audio features*: speechiness "above 0.66 describe tracks that are
probably made entirely of spoken words", between 0.33 and 0.66 "may contain both music and speech". Among
real tracks rap, old tango and dusty beats pass 0.66 as well, so that loudness, energy, instrumentalness and
danceability have a say here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from songatlas.features import FEATURES

SPOKEN = 0.66
"""Speechiness above which a track is made of spoken words, unless it sounds like music."""
HALF_SPOKEN = 0.33
"""Speechiness above which a track may hold speech, and other evidence (a tag, a chapter title) decides."""
TOO_SHORT_MS = 30_000.0
"""Shorter than any play that is counted: skits, jingles, takes that broke off."""
TOO_LONG_MS = 1_800_000.0
"""Half an hour: symphony movements, ragas and long jams stay; DJ sets and whole albums in one track go."""
DAMAGED_FROM = 2
"""Impossible values in one row that make it a shifted or damaged row; fewer count as missing."""
MISSING_AT_MOST = 4
"""A song may lack one in so many of its features (and one in any case), and is kept with them filled in."""
DISTRUSTED_SHARE = 0.5
"""A column with more impossible values than that is in some other unit, or scaled: it is taken as it is."""
DISTRUSTED_FROM = 20
"""Known values a column needs before it can be distrusted."""
ROUNDING = 1e-6
"""How far past its range a value may lie through rounding, relative to the bound (absolute below 1)."""

NO_VALUE = {"key": -1.0, "mode": -1.0, "time_signature": 0.0, "tempo_bpm": 0.0}
"""Values that say "not found" rather than something impossible."""

_PLAYS = (
    *("hoerspiel", "hörspiel", "hoerbuch", "hörbuch", "audiobook", "audio book", "audio drama", "radio drama"),
    *("radio play", "podcast", "audiolibro", "livre audio", "livros falados", "luisterboek", "luisterverhaal"),
    *("ljudbok", "lydbok", "lydbog", "äänikirja", "słuchowisko", "аудиокнига", "lesung", "kabarett"),
    *("audio play", "barnsagor", "lasten satu"),
)
_TALKS = (
    *("spoken word", "słowo mówione", "spoken", "poetry", "slam poetry", "beat poetry", "poesia", "reading"),
    *("oratory", "speech", "drama", "comedy", "komedia", "comedia", "comédie", "comedie", "comic", "humor"),
    *("stand-up", "standup", "stand-up comedy", "new comedy", "british comedy", "deep comedy", "prank"),
    *("motivation", "guidance", "hypnosis", "sermon", "preaching", "storytelling", "story", "literature"),
)
_CHAPTERS = (
    *("chapter", "kapitel", "kap.", "capítulo", "capitulo", "cap.", "chapitre", "capitolo", "hoofdstuk"),
    *("rozdział", "rozdzial", "глава", "kapitola", "fejezet", "bölüm", "luku", "folge", "episode", "épisode"),
    *("episodio", "odcinek", "teil", "partie", "aflevering"),
)
_SONG_WORDS = ("lied", "song", "titelsong", "titelmelodie", "titelmusik", "musik", "hymne", "chanson", "theme")
_RAP = (
    *("rap", "hip hop", "hip-hop", "hiphop", "drill", "trap", "grime", "phonk", "boom bap", "hyphy", "crunk"),
    *("reggaeton", "dancehall", "dubstep", "breakcore", "lo-fi", "lofi", "tango"),
)
_NOISES = (
    *("white noise", "brown noise", "pink noise", "green noise", "grey noise", "gray noise", "fan noise"),
    *("fan sound", "rain sound", "rain recording", "rain library", "rain sample", "rain fx", "sound of rain"),
    *("sounds of rain", "nature sound", "sounds of nature", "natural sound", "nature recording"),
    *("natural sample", "nature music", "ocean sound", "ocean wave", "sound of the sea", "sea sound"),
    *("wave sound", "water sound", "forest sound", "sleep sound", "sleep helper", "womb sound", "heartbeat sound"),
    *("binaural", "loopable", "no fade", "weather factory", "thunder & rain", "rain & thunder", "thunderstorm"),
    *("storm sound", "rainfall", "asmr", "environmental", "field recording", "white noise baby", "solfeggio"),
    *("pet calming", "color noise", "regengeräusch", "naturgeräusch", "bruit blanc", "ruido blanco"),
    *("ruído branco", "sons da natureza", "sonidos de la naturaleza", "lluvia para", "biały szum"),
)


def _any_of(words: Sequence[str], *, whole: bool = False) -> str:
    """A case-blind pattern for any of `words`, as whole words where asked."""
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return rf"(?i)(?:^|[^\p{{L}}\p{{N}}])(?:{pattern})(?:$|[^\p{{L}}\p{{N}}])" if whole else f"(?i)(?:{pattern})"


_PLAY_TAG = _any_of(_PLAYS)
_TALK_TAG = r"(?i)\|(?:" + "|".join(re.escape(tag) for tag in _TALKS) + r")\|"
_RAP_TAG = _any_of(_RAP, whole=True)
_NOISE_WORDS = _any_of(_NOISES)
_SONG_TITLE = r"(?i)(?:" + "|".join(_SONG_WORDS) + r")(?:$|[^\p{L}])"
_CHAPTER_TITLE = (
    r"(?i)(?:^|[^\p{L}])(?:" + "|".join(re.escape(word) for word in _CHAPTERS) + r")\s*(?:nr\.?\s*|#\s*)?\d"
)


def completed(table: pl.DataFrame, *, distrusted: Sequence[str] = ()) -> pl.DataFrame:
    """Return the columns that the rules read, all-null where absent or distrusted, and what else there is."""
    absent = [
        *(
            pl.lit(None, dtype=pl.Float64).alias(column)
            for column in FEATURES
            if column not in table.columns or column in distrusted
        ),
        *(
            pl.lit(None, dtype=pl.String).alias(column)
            for column in ("title", "artist", "album")
            if column not in table.columns
        ),
    ]
    if "tags" not in table.columns:
        absent.append(pl.lit(None, dtype=pl.List(pl.String)).alias("tags"))
    return table.with_columns(absent)


def impossible_cells(column: str) -> pl.Expr:
    """Whether a cell of that feature lies outside its range by more than rounding; never null."""
    feature = FEATURES[column]
    slack_low = ROUNDING * max(1.0, abs(feature.low))
    slack_high = ROUNDING * max(1.0, abs(feature.high))
    outside = (pl.col(column) < feature.low - slack_low) | (pl.col(column) > feature.high + slack_high)
    if column in NO_VALUE:
        outside = outside & (pl.col(column) != NO_VALUE[column])
    return outside.fill_null(value=False)


def distrusted_columns(table: pl.DataFrame) -> tuple[str, ...]:
    """Features most of whose values are impossible: scaled, or in a unit that nobody named."""
    columns = [column for column in FEATURES if column in table.columns]
    if table.is_empty() or not columns:
        return ()
    outside = table.select(impossible_cells(column).sum().alias(column) for column in columns)
    known = table.select(pl.col(column).count() for column in columns)
    return tuple(
        column
        for column in columns
        if known[column][0] >= DISTRUSTED_FROM and outside[column][0] > DISTRUSTED_SHARE * known[column][0]
    )


def impossible_values(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows with several values that no song can have, as in a row shifted by one column."""
    count = pl.sum_horizontal(impossible_cells(column).cast(pl.Int32) for column in features)
    return _decided(table, count >= DAMAGED_FROM)


def blank_row(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows that hold nothing but an id; `features` are not needed."""
    told = [
        pl.col(column).list.len() > 0 if isinstance(dtype, pl.List) else pl.col(column).is_not_null()
        for column, dtype in table.schema.items()
        if column not in ("song_id", "isrc") and not column.startswith("_")
    ]
    return _decided(table, ~pl.any_horizontal(expression.fill_null(value=False) for expression in told))


def missing_features(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Songs that lack more than a quarter of the features (one may always be lacking, but never all)."""
    allowed = min(max(1, len(features) // MISSING_AT_MOST), len(features) - 1)
    return _decided(table, _n_missing(features) > allowed)


def imputed_features(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Songs that lack some feature."""
    return _decided(table, _n_missing(features) > 0)


def spoken_word(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Audio plays, audiobooks, speeches, comedy: by tag, by chapter title, or by a voice alone."""
    speech = pl.col("speechiness")
    tagged_play = pl.col("_tags").str.contains(_PLAY_TAG) & ~(
        pl.col("title").fill_null("").str.contains(_SONG_TITLE) & (speech < HALF_SPOKEN).fill_null(value=False)
    )
    tagged_talk = pl.col("_tags").str.contains(_TALK_TAG) & (speech >= HALF_SPOKEN)
    chapter = pl.col("title").str.contains(_CHAPTER_TITLE) & (speech >= HALF_SPOKEN) & _quiet(-9.0)
    spoken = [expression.fill_null(value=False) for expression in (tagged_play, tagged_talk, chapter)]
    return _decided(_with_tags(table), pl.any_horizontal(*spoken, _voice_alone().fill_null(value=False)))


def silence_or_noise(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Tracks without a beat at all (tempo 0), and noise, rain and sleep sounds that bear such a name."""
    without_beat = (pl.col("tempo_bpm") == 0) | ((pl.col("danceability") == 0) & (pl.col("valence") == 0))
    words = pl.concat_str("title", "artist", "album", "_tags", separator=" | ", ignore_nulls=True)
    shapeless = (pl.col("valence") < 0.1) & (pl.col("danceability") < 0.36)
    named = words.str.contains(_NOISE_WORDS) & shapeless
    expressions = [without_beat.fill_null(value=False), named.fill_null(value=False)]
    return _decided(_with_tags(table), pl.any_horizontal(expressions))


def too_short(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Tracks under 30 seconds."""
    return _decided(table, pl.col("duration_ms") < TOO_SHORT_MS)


def too_long(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Tracks over 30 minutes."""
    return _decided(table, pl.col("duration_ms") > TOO_LONG_MS)


def _voice_alone() -> pl.Expr:
    """High speechiness with nothing that sounds like music: quiet, no band, no beat to dance to."""
    speech = pl.col("speechiness")
    no_band = (pl.col("instrumentalness") < 0.2).fill_null(value=True)
    on_stage = (pl.col("liveness") > 0.6).fill_null(value=False) & (speech > 0.85)
    calm = (pl.col("energy") < 0.5).fill_null(value=True) & _quiet(-10.0)
    no_beat = (pl.col("danceability") < 0.8).fill_null(value=True) | (speech > 0.9)
    sure = (speech > 0.8) | _quiet(-14.0)
    not_rap = ~pl.col("_tags").str.contains(_RAP_TAG) | _quiet(-14.0) | (speech > 0.94)
    return speech.is_between(SPOKEN, 1.0) & no_band & no_beat & (calm | on_stage) & sure & not_rap


def _quiet(loudness_db: float) -> pl.Expr:
    """Below that loudness, or of unknown loudness."""
    return (pl.col("loudness_db") < loudness_db).fill_null(value=True)


def _with_tags(table: pl.DataFrame) -> pl.DataFrame:
    """Add the tags as one text, each between bars."""
    joined = pl.col("tags").list.join("||", ignore_nulls=True).fill_null("")
    return table.with_columns(_tags="|" + joined + "|")


def _n_missing(features: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(pl.col(column).is_null().cast(pl.Int32) for column in features)


def _decided(table: pl.DataFrame, expression: pl.Expr) -> pl.Series:
    """Evaluate to a Boolean for every row; what is unknown is False."""
    return table.select(expression.fill_null(value=False).alias("applies"))["applies"]
