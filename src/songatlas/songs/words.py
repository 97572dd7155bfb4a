"""Words by which cleaning knows audio plays, noise and versions: tags, titles and names, in many languages.

Pure data, small letters. A word that is missing is one word more in its list; words that mean music as well
do not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NO_LETTER = r"[^\p{L}\p{N}]"
"""A pattern for any sign that is neither a letter nor a digit."""


def any_of(words: Sequence[str]) -> str:
    r"""Return a pattern for any of `words`, the longest first.

    Examples
    --------
    >>> any_of(["cap", "cap."])
    '(?:cap\\.|cap)'
    """
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


PLAY_TAGS = (
    *("hoerspiel", "hörspiel", "hoerbuch", "hörbuch", "audiobook", "audio book", "audio drama", "audio play"),
    *("radio drama", "radio play", "podcast", "audiolibro", "livre audio", "livros falados", "luisterboek"),
    *("luisterverhaal", "ljudbok", "lydbok", "lydbog", "äänikirja", "słuchowisko", "аудиокнига", "lesung"),
    *("barnsagor", "lasten satu"),
)
"""Parts of tags that only spoken recordings bear."""

TALK_TAGS = (
    *("spoken word", "słowo mówione", "spoken", "poetry", "slam poetry", "beat poetry", "poesia", "reading"),
    *("oratory", "speech", "drama", "comedy", "komedia", "comedia", "comédie", "comedie", "comic", "humor"),
    *("stand-up", "standup", "stand-up comedy", "new comedy", "british comedy", "deep comedy", "prank"),
    *("motivation", "guidance", "hypnosis", "sermon", "preaching", "storytelling", "kabarett"),
)
"""Whole tags of people who speak, and who sing or play as well."""

CHAPTERS = (
    *("chapter", "kapitel", "kap.", "capítulo", "capitulo", "cap.", "chapitre", "capitolo", "hoofdstuk"),
    *("rozdział", "rozdzial", "глава", "kapitola", "fejezet", "bölüm", "luku", "folge", "episode", "épisode"),
    *("episodio", "odcinek", "teil", "partie", "aflevering"),
)
"""Words that stand before the number of a chapter."""

SONG_TITLES = ("lied", "song", "titelmelodie", "musik", "hymne", "chanson", "theme")
"""Ends of titles that tell the song of an audio play from the play."""

RAP_TAGS = (
    *("rap", "hip hop", "hip-hop", "hiphop", "drill", "trap", "grime", "phonk", "boom bap", "hyphy", "crunk"),
    *("reggaeton", "dancehall", "dubstep", "breakcore", "lo-fi", "lofi", "tango"),
)
"""Words in tags of music whose speechiness is often as high as that of speech."""

NOISES = (
    *("white noise", "brown noise", "pink noise", "green noise", "grey noise", "gray noise", "color noise"),
    *("fan noise", "fan sound", "rain sound", "rain recording", "rain library", "rain sample", "rain fx"),
    *("sound of rain", "sounds of rain", "rainfall", "thunderstorm", "thunder & rain", "rain & thunder"),
    *("storm sound", "weather factory", "nature sound", "sounds of nature", "natural sound", "nature music"),
    *("nature recording", "natural sample", "ocean sound", "ocean wave", "sound of the sea", "sea sound"),
    *("wave sound", "water sound", "forest sound", "field recording", "environmental", "sleep sound"),
    *("sleep helper", "womb sound", "heartbeat sound", "pet calming", "binaural", "solfeggio", "asmr"),
    *("loopable", "no fade", "regengeräusch", "naturgeräusch", "bruit blanc", "ruido blanco", "biały szum"),
    *("ruído branco", "sons da natureza", "sonidos de la naturaleza", "lluvia para"),
)
"""Parts of titles, names and tags of noise, rain and sounds to sleep by."""

VERSIONS = (
    *("remaster", "remastered", "remasterizado", "remasterizada", "remasterisé", "remasterisée", "reissue"),
    *("live", "ao vivo", "en vivo", "en directo", "en direct", "dal vivo", "unplugged", "session"),
    *("sessions", "edit", "mix", "remix", "version", "versión", "versão", "versione", "fassung", "wersja"),
    *("dub", "vip", "acoustic", "acústico", "acústica", "akustik", "instrumental", "karaoke", "a cappella"),
    *("acapella", "mono", "stereo", "demo", "take", "outtake", "alternate", "extended", "reprise", "rework"),
    *("reworked", "sped up", "slowed", "nightcore", "re-recorded", "rerecorded", "bonus track", "bonus"),
    *("single", "explicit", "clean", "deluxe", "anniversary", "feat", "ft", "featuring", "with", "from"),
    *("cover", "original"),
)
"""Words that, in brackets or behind a dash, say which version of a song it is."""

UNTOLD_TITLES = (
    *("untitled", "intro", "introduction", "outro", "interlude", "interludio", "skit", "prelude", "prélude"),
    *("overture", "ouverture", "opening", "ending", "finale", "theme", "main theme", "main title"),
    *("main titles", "end credits", "no title", "unknown", "unbekannt", "bonus track", "hidden track"),
    *("silence", "track", "allegro", "andante", "adagio", "presto", "largo", "menuetto", "minuet", "scherzo"),
    *("rondo", "aria", "kapitel", "chapter", "capítulo", "chapitre", "capitolo", "глава", "teil", "part"),
    *("folge", "episode"),
)
"""Titles, alone or with a number, that different songs of one artist bear."""

PARTS = (
    *("part", "pt", "parte", "partie", "teil", "vol", "volume", "no", "nr", "act", "acte", "scene"),
    *("kapitel", "chapter", "folge"),
)
"""Words before a number that tells two songs of one title apart."""
