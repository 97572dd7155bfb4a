"""Which rows are songs that can be clustered: what is missing, impossible, spoken, silent, too short or long.

Every function takes a table and the features in use, and returns one Boolean for every row of it. None of
them looks at any other row, so that the answer for a song depends neither on the order of the rows nor on
its company.

Conventions
-----------
The tables given to rules are complete: every column of FEATURES, and `title`, `artist`, `album`, `tags`, is
there, all-null where the input has none (`completed` sees to it).

References
----------
Spotify for Developers, *Get track's audio features*: speechiness "above 0.66 describe tracks that are
probably made entirely of spoken words", between 0.33 and 0.66 "may contain both music and speech". Among
real tracks rap, old tango and dusty beats pass 0.66 as well, so that loudness, energy, instrumentalness and
danceability have a say here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from songatlas.features import FEATURES
from songatlas.songs import words
from songatlas.songs.words import NO_LETTER, any_of

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
DISTRUSTED_SHARE = 0.2
"""A column with more impossible values than that is scaled, or in a unit nobody named: taken as it is."""
DISTRUSTED_FROM = 20
"""Known values a column needs before it can be distrusted."""
ROUNDING = 1e-6
"""How far past its range a value may lie through rounding, relative to the bound (absolute below 1)."""

PLACEHOLDERS = {"key": -1.0, "mode": -1.0, "time_signature": 0.0}
"""Values that say "not found" in these columns; they count as missing."""

_LENGTH = "duration_ms"
_PLAY_TAG = f"(?i){any_of(words.PLAY_TAGS)}"
_TALK_TAG = rf"(?i)\|{any_of(words.TALK_TAGS)}\|"
_RAP_TAG = f"(?i){NO_LETTER}{any_of(words.RAP_TAGS)}{NO_LETTER}"
_NOISE_WORDS = f"(?i){any_of(words.NOISES)}"
_SONG_TITLE = rf"(?i){any_of(words.SONG_TITLES)}(?:\s*\(.*\))?$"
_CHAPTER_TITLE = rf"(?i)(?:^|{NO_LETTER}){any_of(words.CHAPTERS)}\s*(?:nr\.?\s*|#\s*)?\d"


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
    """Whether a cell of that feature lies outside its range by more than rounding; never null.

    A tempo of 0 is no error: it says that a track has no beat.
    """
    feature = FEATURES[column]
    slack_low = ROUNDING * max(1.0, abs(feature.low))
    slack_high = ROUNDING * max(1.0, abs(feature.high))
    outside = (pl.col(column) < feature.low - slack_low) | (pl.col(column) > feature.high + slack_high)
    if column == "tempo_bpm":
        outside = outside & (pl.col(column) != 0.0)
    return outside.fill_null(value=False)


def without_placeholders(column: str) -> pl.Expr:
    """The column with null where it says "not found"."""
    if column not in PLACEHOLDERS:
        return pl.col(column)
    return pl.when(pl.col(column) != PLACEHOLDERS[column]).then(pl.col(column)).alias(column)


def possible(column: str) -> pl.Expr:
    """The column with null for impossible values, and what lies outside through rounding put on the bound."""
    feature = FEATURES[column]
    inside = pl.col(column).clip(feature.low, feature.high)
    if column == "tempo_bpm":
        inside = pl.when(pl.col(column) == 0.0).then(0.0).otherwise(inside)
    return pl.when(~impossible_cells(column)).then(inside).alias(column)


def cell_counts(table: pl.DataFrame) -> pl.DataFrame:
    """Return for every feature (`column`) how many cells are `known`, and how many `impossible`."""
    columns = [column for column in FEATURES if column in table.columns]
    outside = table.select(impossible_cells(column).sum() for column in columns)
    known = table.select(pl.col(column).count() for column in columns)
    counts = {"column": columns, "known": known.row(0), "impossible": outside.row(0)} if columns else {}
    schema = {"column": pl.String, "known": pl.Int64, "impossible": pl.Int64}
    return pl.DataFrame(counts, schema=schema)


def distrusted_columns(cells: pl.DataFrame) -> tuple[str, ...]:
    """Features with so many impossible values that the column is scaled, or in a unit that nobody named.

    `cells` are the `cell_counts` of the whole table.
    """
    many = (pl.col("known") >= DISTRUSTED_FROM) & (
        pl.col("impossible") > DISTRUSTED_SHARE * pl.col("known").cast(pl.Float64)
    )
    found = frozenset(cells.filter(many)["column"])
    return tuple(column for column in FEATURES if column in found)


def impossible_values(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows with several values that no song can have, as in a row shifted by one column."""
    count = pl.sum_horizontal(pl.lit(0), *(impossible_cells(column).cast(pl.Int32) for column in features))
    return _decided(table, count >= DAMAGED_FROM)


def blank_row(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows that hold nothing but an id; `features` are not needed."""
    told = [
        pl.col(column).list.len() > 0 if isinstance(dtype, pl.List) else pl.col(column).is_not_null()
        for column, dtype in table.schema.items()
        if column not in ("song_id", "isrc") and not column.startswith("_")
    ]
    known = (expression.fill_null(value=False) for expression in told)
    return _decided(table, ~pl.any_horizontal(pl.lit(value=False), *known))


def no_sound(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Files of music of which no feature but the length is known; `features` are not needed."""
    if "location" not in table.columns:
        return pl.repeat(False, table.height, eager=True).alias("_applies")
    heard = [pl.col(name).is_not_null() for name in FEATURES if name in table.columns and name != _LENGTH]
    is_file = pl.col("location").is_not_null()
    return _decided(table, is_file & ~pl.any_horizontal(pl.lit(value=False), *heard))


def not_heard(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Songs that no scan has heard, in a table of others that one has; `features` are not needed."""
    if "audio_embedding" not in table.columns:
        return pl.repeat(False, table.height, eager=True).alias("_applies")
    return _decided(table, pl.col("audio_embedding").is_null())


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
    its_song = pl.col("title").str.contains(_SONG_TITLE) & (speech < HALF_SPOKEN)
    tagged_play = pl.col("_tags").str.contains(_PLAY_TAG) & ~its_song.fill_null(value=False)
    talking = (speech >= HALF_SPOKEN) & (_quiet(-12.0) | (speech >= SPOKEN))
    tagged_talk = pl.col("_tags").str.contains(_TALK_TAG) & talking
    chapter = pl.col("title").str.contains(_CHAPTER_TITLE) & (speech >= HALF_SPOKEN) & _quiet(-9.0)
    spoken = [expression.fill_null(value=False) for expression in (tagged_play, tagged_talk, chapter)]
    may_be = (speech >= HALF_SPOKEN).fill_null(value=False) | pl.lit(_with_tag(table["tags"], _PLAY_TAG))
    return _decided_among(
        table,
        may_be,
        pl.any_horizontal(*spoken, _voice_alone().fill_null(value=False)),
        with_names=("title",),
    )


def silence_or_noise(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Tracks without a beat at all (tempo 0), and noise, rain and sleep sounds that bear such a name."""
    without_beat = (pl.col("tempo_bpm") == 0) | ((pl.col("danceability") == 0) & (pl.col("valence") == 0))
    names = pl.concat_str("title", "artist", "album", "_tags", separator=" | ", ignore_nulls=True)
    shapeless = (pl.col("valence") < 0.1) & (pl.col("danceability") < 0.36) & _quiet(-11.5)
    named = _decided_among(
        table, shapeless, names.str.contains(_NOISE_WORDS), with_names=("title", "artist", "album")
    )
    return _decided(table, without_beat.fill_null(value=False) | pl.lit(named))


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
    acted = (pl.col("energy") < 0.7).fill_null(value=True) & _quiet(-11.0) & (speech > 0.88)
    dance = pl.col("danceability")
    no_beat = ((dance < 0.8) | ((dance < 0.85) & (speech > 0.9))).fill_null(value=True)
    sure = (speech > 0.9) | _quiet(-13.0)
    not_rap = ~pl.col("_tags").str.contains(_RAP_TAG) | _quiet(-16.0) | (speech > 0.94)
    return speech.is_between(SPOKEN, 1.0) & no_band & no_beat & (calm | acted | on_stage) & sure & not_rap


def _quiet(loudness_db: float) -> pl.Expr:
    """Below that loudness, or of unknown loudness."""
    return (pl.col("loudness_db") < loudness_db).fill_null(value=True)


def _with_tag(tags: pl.Series, pattern: str) -> pl.Series:
    """Rows with a tag in which the pattern is found; each different tag is looked at once."""
    each = tags.explode(empty_as_null=False, keep_nulls=False)
    different = each.drop_nulls().unique()
    found = different.filter(different.str.contains(pattern))
    applies = np.zeros(len(tags), dtype=np.bool_)
    if len(found):
        row = np.repeat(np.arange(len(tags)), tags.list.len().fill_null(0).to_numpy())
        applies[row[each.is_in(found.implode()).fill_null(value=False).to_numpy()]] = True
    return pl.Series("_tagged", applies)


def _decided_among(
    table: pl.DataFrame, suspects: pl.Expr, expression: pl.Expr, *, with_names: Sequence[str]
) -> pl.Series:
    """Evaluate only for the suspects, all tags of each as one text between bars; no other row applies."""
    suspected = _decided(table, suspects)
    found = np.zeros(table.height, dtype=np.bool_)
    few = table.select(*FEATURES, "tags", *with_names).filter(suspected)
    joined = pl.col("tags").list.join("||", ignore_nulls=True).fill_null("")
    found[suspected.to_numpy()] = _decided(few.with_columns(_tags="|" + joined + "|"), expression).to_numpy()
    return pl.Series("_applies", found)


def _n_missing(features: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(pl.col(column).is_null().cast(pl.Int32) for column in features)


def _decided(table: pl.DataFrame, expression: pl.Expr) -> pl.Series:
    """Evaluate to a Boolean for every row; what is unknown is False."""
    return table.with_columns(expression.fill_null(value=False).alias("_applies"))["_applies"]
