"""The vocabulary of names: which words may be said of a cluster, and what must be true for each.

Pure data. A contrast runs from -1 to 1: with A the chance that a random song of the cluster lies above a
random song of the rest of the catalogue, the contrast is ``2 A - 1`` (Cliff's delta). Contrasts are
relative, because "energy" comes from several measurers; a bound on the mean is added only where a word
would otherwise claim more than it should ("instrumentals" whose mean instrumentalness is 0.1).

References
----------
N. Cliff, Dominance statistics: ordinal analyses to answer ordinal questions, 1993.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Role = Literal["mood", "kind"]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word or phrase of a name.

    Attributes
    ----------
    text : str
        As it stands inside a name, lower case.
    role : {"mood", "kind"}
        A mood stands before ("chill"), a kind ends the name ("ballads").
    high, low : tuple of str
        Features on which the cluster must lie clearly above or below the rest: the word's evidence.
    not_high, not_low : tuple of str
        Features on which it must not.
    least : float
        Contrast needed on every one of several features (a word of one feature needs a clear one anyway).
    mean_from, mean_to : mapping of str to float
        Bounds of the cluster's mean, in the feature's unit; only checked where the feature is used.
    """

    text: str
    role: Role
    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()
    not_high: tuple[str, ...] = ()
    not_low: tuple[str, ...] = ()
    least: float = 0.15
    mean_from: Mapping[str, float] = field(default_factory=dict)
    mean_to: Mapping[str, float] = field(default_factory=dict)


VOCABULARY: Final[tuple[Word, ...]] = (
    # moods, in the order in which two of them stand in a name
    Word(text="upbeat", role="mood", high=("valence", "energy"), mean_from={"valence": 0.5, "energy": 0.5}),
    Word(text="feel-good", role="mood", high=("valence", "danceability"), not_high=("energy",),
         mean_from={"valence": 0.5}),
    Word(text="chill", role="mood", low=("energy", "loudness_db"), not_low=("danceability",),
         mean_to={"energy": 0.6}),
    Word(text="mellow", role="mood", low=("energy",), high=("valence",), mean_to={"energy": 0.6}),
    Word(text="gentle", role="mood", low=("energy", "loudness_db", "danceability"), mean_to={"energy": 0.5}),
    Word(text="energetic", role="mood", high=("energy",), mean_from={"energy": 0.55}),
    Word(text="calm", role="mood", low=("energy",), mean_to={"energy": 0.55}),
    Word(text="loud", role="mood", high=("loudness_db",), mean_from={"loudness_db": -9.0}),
    Word(text="quiet", role="mood", low=("loudness_db",), mean_to={"loudness_db": -9.0}),
    Word(text="happy", role="mood", high=("valence",), mean_from={"valence": 0.55}),
    Word(text="fierce", role="mood", high=("energy", "loudness_db"), low=("danceability", "valence"),
         least=0.35, mean_from={"energy": 0.7}, mean_to={"valence": 0.45}),
    Word(text="intense", role="mood", high=("energy", "loudness_db"), low=("danceability", "valence"),
         mean_from={"energy": 0.6}, mean_to={"valence": 0.5}),
    Word(text="sad", role="mood", low=("valence", "energy"), least=0.25,
         mean_to={"valence": 0.4, "energy": 0.5}),
    Word(text="moody", role="mood", low=("valence",), high=("danceability",), mean_to={"valence": 0.45}),
    Word(text="dark", role="mood", low=("valence",), mean_to={"valence": 0.45}),
    Word(text="dreamy", role="mood", low=("energy", "valence"), high=("instrumentalness",),
         mean_from={"instrumentalness": 0.3}, mean_to={"energy": 0.5}),
    Word(text="danceable", role="mood", high=("danceability",), mean_from={"danceability": 0.55}),
    Word(text="fast", role="mood", high=("tempo_bpm",), mean_from={"tempo_bpm": 118.0}),
    Word(text="slow", role="mood", low=("tempo_bpm",), mean_to={"tempo_bpm": 115.0}),
    Word(text="wordy", role="mood", high=("speechiness",), mean_from={"speechiness": 0.1}),
    Word(text="long", role="mood", high=("duration_ms",), mean_from={"duration_ms": 240_000.0}),
    Word(text="short", role="mood", low=("duration_ms",), mean_to={"duration_ms": 210_000.0}),
    Word(text="popular", role="mood", high=("popularity",), mean_from={"popularity": 40.0}),
    Word(text="little-known", role="mood", low=("popularity",), mean_to={"popularity": 40.0}),
    Word(text="much-streamed", role="mood", high=("streams",)),
    Word(text="explicit", role="mood", high=("explicit",), mean_from={"explicit": 0.5}),
    Word(text="minor-key", role="mood", low=("mode",), mean_to={"mode": 0.3}),
    Word(text="major-key", role="mood", high=("mode",), mean_from={"mode": 0.7}),
    Word(text="live", role="mood", high=("liveness",), mean_from={"liveness": 0.5}),
    Word(text="live-sounding", role="mood", high=("liveness",), mean_from={"liveness": 0.25}),
    Word(text="acoustic", role="mood", high=("acousticness",), mean_from={"acousticness": 0.45}),
    Word(text="electric", role="mood", low=("acousticness",), mean_to={"acousticness": 0.2}),
    Word(text="instrumental", role="mood", high=("instrumentalness",), mean_from={"instrumentalness": 0.45}),
    # kinds
    Word(text="party tracks", role="kind", high=("danceability", "energy", "valence"), least=0.2,
         mean_from={"danceability": 0.55, "energy": 0.55, "valence": 0.5}),
    Word(text="dance tracks", role="kind", high=("danceability", "energy"), least=0.2,
         mean_from={"danceability": 0.55, "energy": 0.55}),
    Word(text="club tracks", role="kind", high=("danceability", "instrumentalness"), low=("acousticness",),
         mean_from={"danceability": 0.55, "instrumentalness": 0.3, "energy": 0.5}),
    Word(text="grooves", role="kind", high=("danceability",), not_high=("energy",),
         mean_from={"danceability": 0.55}),
    Word(text="acoustic", role="kind", high=("acousticness",), mean_from={"acousticness": 0.45}),
    Word(text="ballads", role="kind", low=("energy", "valence"), high=("acousticness",),
         not_high=("danceability", "instrumentalness", "tempo_bpm"),
         mean_to={"energy": 0.5, "instrumentalness": 0.2}),
    Word(text="instrumentals", role="kind", high=("instrumentalness",), mean_from={"instrumentalness": 0.45}),
    Word(text="soundscapes", role="kind", high=("instrumentalness",), low=("energy", "danceability"),
         mean_from={"instrumentalness": 0.5}, mean_to={"energy": 0.4, "danceability": 0.45}),
    Word(text="anthems", role="kind", high=("energy", "loudness_db"), least=0.25,
         not_high=("danceability", "instrumentalness"),
         mean_from={"energy": 0.65}, mean_to={"instrumentalness": 0.2}),
    Word(text="live recordings", role="kind", high=("liveness",), mean_from={"liveness": 0.5}),
    Word(text="hits", role="kind", high=("popularity",), mean_from={"popularity": 50.0}),
)  # fmt: skip

ALREADY_SAID: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {  # moods that a tag of that ending says by itself
        "rap": frozenset({"wordy"}),
        "hip hop": frozenset({"wordy"}),
        "hip-hop": frozenset({"wordy"}),
        "trap": frozenset({"wordy"}),
        "rock": frozenset({"electric"}),
        "metal": frozenset({"electric", "fierce", "loud"}),
        "edm": frozenset({"electric"}),
        "techno": frozenset({"electric"}),
        "house": frozenset({"electric"}),
    }
)

HeardRole = Literal["mood", "kind", "detail"]


@dataclass(frozen=True, kw_only=True)
class HeardWord:
    """How a word that was heard in songs stands in a name, where it is no genre.

    Attributes
    ----------
    text : str
        As it stands inside a name, lower case.
    role : {"mood", "kind", "detail"}
        As of `Word`; a detail follows the whole name ("mellow acoustic, guitar").
    """

    text: str
    role: HeardRole


HEARD_WORDS: Final[Mapping[str, tuple[HeardWord, ...]]] = MappingProxyType(
    {  # heard words not listed are genres, and stand where a tag stands
        "mellow": (HeardWord(text="mellow", role="mood"),),
        "chill": (HeardWord(text="chill", role="mood"),),
        "chillout": (HeardWord(text="chill", role="mood"),),
        "sad": (HeardWord(text="sad", role="mood"),),
        "happy": (HeardWord(text="happy", role="mood"),),
        "party": (HeardWord(text="party", role="mood"), HeardWord(text="party tracks", role="kind")),
        "dance": (HeardWord(text="dance tracks", role="kind"),),
        "acoustic": (HeardWord(text="acoustic", role="mood"), HeardWord(text="acoustic", role="kind")),
        "instrumental": (
            HeardWord(text="instrumental", role="mood"),
            HeardWord(text="instrumentals", role="kind"),
        ),
        "experimental": (HeardWord(text="experimental", role="mood"),),
        "guitar": (HeardWord(text="guitar", role="detail"),),
        "female vocals": (HeardWord(text="female vocals", role="detail"),),
        "male vocals": (HeardWord(text="male vocals", role="detail"),),
    }
)

HEARD_SAYS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = MappingProxyType(
    {  # features, with their side, that a heard word speaks of: they are not told a second time
        "mellow": (("energy", -1),),
        "chill": (("energy", -1),),
        "chillout": (("energy", -1),),
        "sad": (("valence", -1),),
        "happy": (("valence", 1),),
        "party": (("danceability", 1),),
        "dance": (("danceability", 1),),
        "acoustic": (("acousticness", 1),),
        "instrumental": (("instrumentalness", 1),),
    }
)

IMPORTANCE: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {  # what a low and a high value are worth in a name; (0.4, 0.4) where a feature is not listed
        "energy": (1.0, 1.0),
        "valence": (0.9, 0.9),
        "danceability": (0.5, 0.8),
        "acousticness": (0.3, 0.8),
        "instrumentalness": (0.15, 0.8),
        "speechiness": (0.15, 0.45),
        "tempo_bpm": (0.7, 0.7),
        "loudness_db": (0.5, 0.35),
        "liveness": (0.15, 0.6),
        "duration_ms": (0.45, 0.45),
        "popularity": (0.7, 0.8),
    }
)

COMPARATIVES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {  # less and more of a feature, as evidence says it: "... than 88% of the catalogue"
        "danceability": ("less danceable", "more danceable"),
        "energy": ("calmer", "more energetic"),
        "loudness_db": ("quieter", "louder"),
        "speechiness": ("less wordy", "wordier"),
        "acousticness": ("less acoustic", "more acoustic"),
        "instrumentalness": ("less instrumental", "more instrumental"),
        "liveness": ("less live", "more live"),
        "valence": ("darker", "happier"),
        "tempo_bpm": ("slower", "faster"),
        "duration_ms": ("shorter", "longer"),
        "mode": ("more often minor", "more often major"),
        "time_signature": ("of fewer beats", "of more beats"),
        "popularity": ("less known", "more popular"),
        "artist_popularity": ("by less known artists", "by more popular artists"),
        "followers": ("less followed", "more followed"),
        "streams": ("less streamed", "more streamed"),
        "explicit": ("cleaner", "more explicit"),
        "year": ("older", "newer"),
    }
)

UNNAMED: Final = frozenset({"key"})
"""Features that never enter a name or its evidence: a pitch class is neither high nor low."""

_PROPER_NAMES: Final = (
    "African", "American", "Arab", "Argentine", "Australian", "Austrian", "Baltic", "Balkan",
    "Brazilian", "British", "Bollywood", "Canadian", "Caribbean", "Celtic", "Chicago", "Chilean",
    "Chinese", "Christian", "Christmas", "Colombian", "Cuban", "Czech", "Danish", "Detroit", "Dutch",
    "English", "European", "Finnish", "French", "German", "Greek", "Hawaiian", "Hungarian", "Indian",
    "Indonesian", "Iranian", "Irish", "Israeli", "Italian", "Jamaican", "Japanese", "Korean", "Latin",
    "Latino", "Mexican", "Nordic", "Norwegian", "Persian", "Peruvian", "Polish", "Portuguese",
    "Romanian", "Russian", "Scandinavian", "Scottish", "Spanish", "Swedish", "Swiss", "Thai", "Turkish",
    "Ukrainian", "Vietnamese", "Welsh",
)  # fmt: skip

SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    # words of tags that are not written in lower case
    {name.lower(): name for name in _PROPER_NAMES}
    | {
        "r&b": "R&B",
        "rnb": "R&B",
        "edm": "EDM",
        "idm": "IDM",
        "uk": "UK",
        "us": "US",
        "usa": "USA",
        "nyc": "NYC",
        "la": "LA",
        "dj": "DJ",
        "ost": "OST",
        "mpb": "MPB",
        "k-pop": "K-pop",
        "j-pop": "J-pop",
        "c-pop": "C-pop",
        "j-rock": "J-rock",
    }
)


def is_detail(word: str) -> bool:
    """Say whether a heard word is something in a song, such as a guitar, and not what the song is.

    Examples
    --------
    >>> is_detail("female vocals"), is_detail("ambient")
    (True, False)
    """
    return any(each.role == "detail" for each in HEARD_WORDS.get(word.casefold(), ()))
