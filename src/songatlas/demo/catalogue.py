"""The table of the simulated catalogue: names, dates, tags and sound of each row, some cells missing.

A row depends on (n_songs, seed, row) alone, so that ranges of rows can be made anywhere and in any
order and put together. Arrays and series have one entry a row.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from songatlas.demo import names
from songatlas.demo.cast import Cast, cast_rows
from songatlas.demo.draws import Floats, Ints, bits, choice, pick, uniform
from songatlas.demo.sound import VERSIONS, play
from songatlas.demo.statistics import statistics
from songatlas.errors import BadSettings

SIMULATED = (
    "These songs are simulated: drawn from statistics of real tracks. "
    "Their titles, artists and albums are invented; any likeness is chance."
)
# Share of songs that lack a cell, one audio feature, or all of them.
MISSING_SHARES: Mapping[str, float] = {
    "track_album_release_date": 0.006,
    "track_popularity": 0.004,
    "explicit": 0.003,
    "track_album_name": 0.003,
    "one feature": 0.005,
    "all features": 0.002,
}
UNTAGGED_ARTISTS = 0.06
AUDIO_FEATURES = (
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "duration_ms",
    "time_signature",
)
_WHOLE = ("track_popularity", "key", "mode", "duration_ms", "time_signature")
_COLUMNS = (
    "track_id",
    "track_name",
    "track_artist",
    "track_album_name",
    "track_album_release_date",
    "track_popularity",
    "playlist_genre",
    "genres",
    "explicit",
    *AUDIO_FEATURES,
)
_ODD_NAMES = {
    "spoken_word": ("track_name", "track_artist", "track_album_name"),
    "interlude": ("track_name",),
    "silence": ("track_name", "track_artist", "track_album_name"),
}
_ROWS_AT_ONCE = 200_000
_DIGITS = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)


def simulate_catalogue(n_songs: int = 2000, *, seed: int = 0, rows: range | None = None) -> pl.DataFrame:
    """Return a simulated table of songs with ordinary headers and units.

    Parameters
    ----------
    n_songs : int
        Rows of the catalogue, at least 1, dirt included.
    seed : int
        Another seed is another catalogue; the same `n_songs` and `seed` give the same table, bit by bit.
    rows : range, optional
        Only these rows of it, step 1, for making a large catalogue piece by piece.

    Returns
    -------
    polars.DataFrame
        `track_id` (22 letters and digits, "sim" first, as in no real id), `track_name`, `track_artist`,
        `track_album_name`, `track_album_release_date` (ISO, the year alone for some),
        `track_popularity` (0-100), `playlist_genre` (the genre it was drawn from, one of 6), `genres`
        (its artist's tags, comma-separated), `explicit`, the audio features (shares 0-1, loudness in dB,
        tempo in BPM, `key` 0-11, `mode` 0-1), `duration_ms`, `time_signature`. What is wrong with it
        on purpose is listed in `DIRT` and `MISSING_SHARES`.

    Raises
    ------
    BadSettings
        If `n_songs` is below 1, or `rows` are not within the catalogue.

    Examples
    --------
    >>> whole = simulate_catalogue(300, seed=7)
    >>> whole[100:120].equals(simulate_catalogue(300, seed=7, rows=range(100, 120)))
    True
    """
    if n_songs < 1:
        raise BadSettings(f"a catalogue of {n_songs} songs cannot be simulated: ask for 1 or more")
    rows = range(n_songs) if rows is None else rows
    if rows.step != 1 or rows.start < 0 or rows.stop > n_songs:
        raise BadSettings(
            f"{rows} are no rows of a catalogue of {n_songs}: give a range within it, of step 1"
        )
    starts = range(rows.start, max(rows.stop, rows.start + 1), _ROWS_AT_ONCE)
    pieces = [_piece(np.arange(at, min(at + _ROWS_AT_ONCE, rows.stop)), n_songs, seed) for at in starts]
    return pl.concat(pieces, rechunk=True)


def _piece(rows: Ints, n_songs: int, seed: int) -> pl.DataFrame:
    """The table of these rows."""
    cast = cast_rows(rows, n_songs, seed=seed)
    sound, version = play(cast, seed=seed)
    table = pl.DataFrame(
        {
            "track_id": _ids(cast.identity, seed),
            **_credits(cast, version, seed),
            "track_album_release_date": _dates(cast, sound["year"], seed),
            "track_popularity": sound["popularity"].round(),
            "playlist_genre": _genres(cast, seed),
            "genres": _tags(cast, seed),
            **sound,
            **_details(cast, sound, seed),
        }
    )
    return _lose_cells(table.select(_COLUMNS).cast(dict.fromkeys(_WHOLE, pl.Int64)), cast.identity, seed)


def _ids(identity: Ints, seed: int) -> pl.Series:
    """Ids of "sim" and 19 letters and digits, different for every identity."""
    letters = np.empty((len(identity), 22), dtype=np.uint8)
    letters[:, :3] = np.frombuffer(b"sim", dtype=np.uint8)
    for purpose, columns in (("id", range(3, 14)), ("id's end", range(14, 22))):
        rest = bits(seed, purpose, identity)
        for column in columns:
            letters[:, column] = _DIGITS[rest % np.uint64(62)]
            rest = rest // np.uint64(62)
    return pl.Series(letters.view("S22").ravel(), dtype=pl.Binary).cast(pl.String)


def _credits(cast: Cast, version: Ints, seed: int) -> dict[str, pl.Series]:
    """Titles with guests and versions, artists, albums; a single is called as its song."""
    genre_of = statistics().genre_of
    title = names.titles(seed, genre_of[cast.subgenre], cast.song)
    album = names.albums(seed, genre_of[cast.subgenre], cast.album)
    artist = names.artists(seed, genre_of[cast.home], cast.number)
    singles, guests = np.flatnonzero(cast.single), np.flatnonzero(cast.guest >= 0)
    album = names.put(album, singles, title.gather(singles))
    invited = names.artists(seed, genre_of[cast.home[guests]], cast.guest[guests])
    title = names.put(title, guests, title.gather(guests) + " (feat. " + invited + ")")
    columns = {"track_name": title, "track_artist": artist, "track_album_name": album}
    for kind, odd_columns in _ODD_NAMES.items():
        rows = np.flatnonzero(cast.are(kind))
        for column in odd_columns:
            columns[column] = names.put(columns[column], rows, names.odd(seed, kind, column, cast.song[rows]))
    endings = pl.Series([*VERSIONS, ""]).gather(np.where(version < 0, len(VERSIONS), version))
    return {**columns, "track_name": columns["track_name"] + endings}


def _dates(cast: Cast, year: Floats, seed: int) -> pl.Series:
    """ISO dates of the albums, the older ones often the year alone."""
    shares = statistics().year_only
    whole = np.floor(year).astype(np.int64)
    day = np.floor((year - whole) * 365).astype(np.int64)
    days = (whole - 1970).astype("datetime64[Y]").astype("datetime64[D]") + day
    dates = pl.Series(days).dt.to_string("%Y-%m-%d")
    decade = ((whole - 1960) // 10).clip(0, len(shares) - 1)
    year_only = np.flatnonzero(uniform(seed, "year only", cast.album) < shares[decade])
    return names.put(dates, year_only, dates.gather(year_only).str.slice(0, 4))


def _genres(cast: Cast, seed: int) -> pl.Series:
    """The genre each song was drawn from, or the second one that it stands under."""
    fitted = statistics()
    genre, second = fitted.genre_of[cast.subgenre], np.flatnonzero(cast.are("second_genre"))
    shares = fitted.second_genres[genre[second]]
    genre[second] = pick(shares, uniform(seed, "second genre", cast.song[second]))
    return pl.Series(fitted.genres).gather(genre)


def _tags(cast: Cast, seed: int) -> pl.Series:
    """Comma-separated tags of each artist: its subgenre, often a sister or the genre too, or none."""
    fitted = statistics()
    subgenres, genres = pl.Series(fitted.subgenres), pl.Series(fitted.genres)
    sister = fitted.sisters[cast.home, choice(seed, "tags' sister", cast.artist, fitted.sisters.shape[1])]
    form = choice(seed, "tags", cast.artist, 4)
    tags = subgenres.gather(cast.home)
    rows = np.flatnonzero((form % 2 == 1) & (sister != cast.home))
    tags = names.put(tags, rows, tags.gather(rows) + ", " + subgenres.gather(sister[rows]))
    rows = np.flatnonzero(form >= 2)
    tags = names.put(tags, rows, tags.gather(rows) + ", " + genres.gather(fitted.genre_of[cast.home[rows]]))
    rows = np.flatnonzero(cast.are("spoken_word"))
    tags = names.put(tags, rows, pl.Series(["spoken word, audiobook"]).gather(0 * rows))
    untagged = uniform(seed, "untagged", cast.artist) < UNTAGGED_ARTISTS
    rows = np.flatnonzero(untagged | cast.are("silence"))
    return names.put(tags, rows, pl.Series([None], dtype=pl.String).gather(0 * rows))


def _details(cast: Cast, sound: Mapping[str, Floats], seed: int) -> dict[str, Ints | pl.Series]:
    """Key and mode, time signature by danceability, explicit by speechiness and year."""
    fitted = statistics()
    key = pick(fitted.key_shares[cast.subgenre], uniform(seed, "key", cast.song))
    tenth = (sound["danceability"] * 10).astype(np.int64).clip(0, 9)
    beats = fitted.beats[pick(fitted.beat_shares[tenth], uniform(seed, "beats", cast.song))]
    lately = (sound["year"] >= fitted.explicit_since).astype(np.int64)
    share = fitted.explicit[lately, np.searchsorted(fitted.explicit_edges, sound["speechiness"])]
    explicit = (
        (uniform(seed, "explicit", cast.song) < share) & ~cast.are("spoken_word") & ~cast.are("silence")
    )
    return {
        "key": key // 2,
        "mode": key % 2,
        "time_signature": np.where(cast.are("silence"), 0, beats),
        "explicit": pl.Series(explicit),
    }


def _lose_cells(table: pl.DataFrame, identity: Ints, seed: int) -> pl.DataFrame:
    """Empty some cells; rows of one identity lose the same."""
    lost = {name: uniform(seed, f"lost {name}", identity) < share for name, share in MISSING_SHARES.items()}
    which = choice(seed, "lost feature", identity, len(AUDIO_FEATURES))
    everything, one = lost.pop("all features"), lost.pop("one feature")
    lost |= {name: everything | (one & (which == place)) for place, name in enumerate(AUDIO_FEATURES)}
    kept = {name: pl.lit(pl.Series(~gone)) for name, gone in lost.items()}
    return table.with_columns(pl.when(keep).then(pl.col(name)) for name, keep in kept.items())
