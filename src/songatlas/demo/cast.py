"""Who plays in each row of the simulated catalogue: kind of row, song, subgenre, artist, album.

Dirt has fixed places in every block of `ROWS_IN_BLOCK` rows, in another order in every block; copies and
versions borrow an ordinary song of their own block. Artists have a home subgenre and, by Zipf's law, few
of them many songs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from songatlas.demo.draws import Bools, Floats, Ints, choice, pick, uniform
from songatlas.demo.statistics import Statistics, statistics

ROWS_IN_BLOCK = 1000
# Rows of each kind in every full block; all others are ordinary. The first three borrow another row's song.
DIRT: Mapping[str, int] = {
    "exact_duplicate": 10,
    "second_genre": 30,
    "version": 30,
    "spoken_word": 5,
    "interlude": 3,
    "silence": 1,
}
GUEST_SHARE = 0.06
SINGLE_SHARE = 0.3
# Share of songs outside their artist's home subgenre: in any subgenre, in one of the same genre.
STRAY_SHARES = (0.05, 0.10)
SONGS_ON_ALBUM = 5

_KINDS = (*DIRT, "ordinary")
_BORROWERS = 3
_N_DIRT = sum(DIRT.values())
_KIND_OF_PLACE = np.repeat(np.arange(len(_KINDS)), [*DIRT.values(), ROWS_IN_BLOCK - _N_DIRT])
_STEPS = np.array([271, 353, 457, 619, 733, 877, 911, 967])
_STEPS_BACK = np.array([pow(int(step), -1, ROWS_IN_BLOCK) for step in _STEPS])


@dataclass(frozen=True)
class Cast:
    """Who plays in each row; every array has shape (n_rows,).

    Attributes
    ----------
    place : place in its block after shuffling, which decides the kind
    kind : kind of row, see `are`
    song : the row whose song this is: its own, or the one that it copies or varies
    identity : rows of one identity have one id
    subgenre, home : subgenre of the song and of its artist
    artist, album : ids
    single : whether the album is this song alone
    number : number of the artist within the genre of its home, low for those with many songs
    guest : the same of an invited artist, -1 for none
    """

    place: Ints
    kind: Ints
    song: Ints
    identity: Ints
    subgenre: Ints
    home: Ints
    artist: Ints
    album: Ints
    single: Bools
    number: Ints
    guest: Ints

    def are(self, kind: str) -> Bools:
        """Return which rows are of that kind, a key of `DIRT` or "ordinary"."""
        return np.asarray(self.kind == _KINDS.index(kind))


def cast_rows(rows: Ints, n_songs: int, *, seed: int) -> Cast:
    """Draw kind, song, subgenre, artist and album of each row of a catalogue of `n_songs` rows."""
    fitted = statistics()
    place, kind, song = _songs(rows, n_songs, seed)
    subgenre = pick(fitted.shares, uniform(seed, "subgenre", song))
    home = _homes(song, subgenre, seed, fitted)
    n_artists = np.maximum(1, np.round(1.2 * n_songs**0.8 * fitted.shares)).astype(np.int64)
    rank, n_own = _ranks(uniform(seed, "artist", song), n_artists[home], n_songs * fitted.shares[home])
    artist = home * 2**26 + rank
    n_albums = np.minimum(1 + n_own // SONGS_ON_ALBUM, 4000)
    of_artist = (artist * 32 + subgenre) * 4096 + (uniform(seed, "album", song) * n_albums).astype(np.int64)
    single = uniform(seed, "single", song) < SINGLE_SHARE
    invited = fitted.sisters[home, choice(seed, "guest's home", song, fitted.sisters.shape[1])]
    guest = (uniform(seed, "guest's rank", song) ** 2 * n_artists[invited]).astype(np.int64)
    return Cast(
        place=place,
        kind=kind,
        song=song,
        identity=np.where(kind == _KINDS.index("version"), rows, song),
        subgenre=subgenre,
        home=home,
        artist=artist,
        album=np.where(single, 2**60 + song, of_artist),
        single=single,
        number=_numbers(home, rank, fitted),
        guest=np.where(uniform(seed, "guest", song) < GUEST_SHARE, _numbers(invited, guest, fitted), -1),
    )


def _songs(rows: Ints, n_songs: int, seed: int) -> tuple[Ints, Ints, Ints]:
    """Place in its block, kind, and the row whose song each row has."""
    block = rows // ROWS_IN_BLOCK
    step = choice(seed, "step", block, len(_STEPS))
    shift = choice(seed, "shift", block, ROWS_IN_BLOCK)
    place = (rows % ROWS_IN_BLOCK * _STEPS[step] + shift) % ROWS_IN_BLOCK
    kind, song = _KIND_OF_PLACE[place], rows.copy()
    borrows = kind < _BORROWERS
    which = np.where(kind == _KINDS.index("version"), place // 2, place)  # two versions of one song
    for attempt in range(16):  # the last block may lack the wanted song
        wanted = _N_DIRT + (shift + 13 * which + 131 * attempt) % (ROWS_IN_BLOCK - _N_DIRT)
        other = block * ROWS_IN_BLOCK + (wanted - shift) * _STEPS_BACK[step] % ROWS_IN_BLOCK
        song = np.where(borrows & (song == rows) & (other < n_songs), other, song)
    return place, np.where(borrows & (song == rows), _KINDS.index("ordinary"), kind), song


def _homes(song: Ints, subgenre: Ints, seed: int, fitted: Statistics) -> Ints:
    """The subgenre of the artist: mostly the song's."""
    anywhere, nearby = STRAY_SHARES
    stray = uniform(seed, "stray", song)
    near = fitted.sisters[subgenre, choice(seed, "sister", song, fitted.sisters.shape[1])]
    home = np.where(stray < anywhere + nearby, near, subgenre)
    return np.where(stray < anywhere, choice(seed, "home", song, len(fitted.subgenres)), home)


def _numbers(home: Ints, rank: Ints, fitted: Statistics) -> Ints:
    """Numbers of artists within their genre, the sister subgenres taking turns."""
    n_sisters = fitted.sisters.shape[1]
    turn = np.array([np.flatnonzero(row == one)[0] for one, row in enumerate(fitted.sisters)])
    return np.asarray(rank * n_sisters + turn[home])


def _ranks(drawn: Floats, n_artists: Ints, n_songs: Floats) -> tuple[Ints, Floats]:
    """Rank of the artist in its subgenre and how many songs it has, by Zipf's law with power 0.8."""
    offset = 1.0 + 0.01 * n_artists
    first, last = offset**0.2, (n_artists + offset) ** 0.2
    rank = np.floor((first + drawn * (last - first)) ** 5.0 - offset).clip(0, n_artists - 1)
    return rank.astype(np.int64), n_songs * 0.2 * (rank + offset) ** -0.8 / (last - first)
