"""Numbers and texts as a reader of the report meets them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from songatlas.features import FEATURES, is_estimate
from songatlas.noticing import bears_word
from songatlas.profiles.words import COMPARATIVES
from songatlas.songs import ColumnReading
from songatlas.songs.sound_columns import ESTIMATED

_LONGEST = 140
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def brief(text: str | None, *, longest: int = _LONGEST) -> str:
    r"""Return a text from a table fit for a page: one line, no control characters, cut if very long.

    Examples
    --------
    >>> brief("Two\nlines\x00")
    'Two lines'
    """
    clean = " ".join(_CONTROLS.sub("", (text or "").replace("\r", "\n")).split())
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"


def sentence(text: str) -> str:
    """Return a text as a sentence: a capital at its start and a full stop at its end."""
    ended = text if not text or text[-1] in ".!?…" else f"{text}."
    return ended[:1].upper() + ended[1:]


def when(created: str) -> str:
    """Return an ISO time stamp as a person writes it."""
    return created[:16].replace("T", " ") + (" UTC" if created.endswith(("+00:00", "Z")) else created[19:])


def separation_words(silhouette: float) -> str:
    """Say in words how far apart clusters with this mean silhouette are.

    References
    ----------
    Kaufman and Rousseeuw, *Finding Groups in Data* (1990), whose limits these are.
    """
    if silhouette > 0.7:
        return "The clusters are clearly apart"
    if silhouette > 0.5:
        return "The clusters are well apart"
    if silhouette > 0.25:
        return "The clusters are partly apart and partly shade into each other"
    return "The clusters shade into each other, as music mostly does: read them as regions, not as islands"


def made_of(blocks: Sequence[str]) -> str:
    """Say what points made of these blocks tell of a song.

    Examples
    --------
    >>> made_of(["sound", "era"])
    'how songs sound and when they came out'
    """
    words = {
        "sound": "how songs sound",
        "audio": "how songs sound to a network",
        "era": "when they came out",
        "plain": "the chosen columns, standardized",
        "tags": "the tags they carry",
        "genre": "the genres they are believed to be of",
    }
    parts = [words.get(block, block) for block in blocks]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def estimated(columns: Sequence[ColumnReading]) -> frozenset[str]:
    """Return the features that songatlas has estimated from the sound, of what was read of a table.

    Examples
    --------
    >>> sorted(estimated([ColumnReading("energy_estimate", 0, "energy", "share", "certain", "")]))
    ['energy']
    """
    return frozenset(
        read.column
        for read in columns
        if read.column is not None and read.column in FEATURES and is_marked(read)
    )


def estimates_told(columns: Sequence[ColumnReading]) -> str:
    """Say which features of an atlas songatlas has estimated from the sound; nothing where there are none.

    Parameters
    ----------
    columns : sequence of ColumnReading
        What was understood of each column of the table.

    Examples
    --------
    >>> estimates_told([ColumnReading("energy_estimate", 0, "energy", "share", "certain", "")])
    'Energy is an estimate that songatlas made from the sound: compare it within this atlas, not with the \
values of a streaming service.'
    """
    marked = estimated(columns)
    found = [FEATURES[read.column].label for read in columns if read.column in marked]
    if not found:
        return ""
    listed = " and ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
    listed = listed[:1] + listed[1:].lower()
    are, it = ("are estimates", "them") if len(found) > 1 else ("is an estimate", "it")
    return (
        f"{listed} {are} that songatlas made from the sound: compare {it} within this atlas, not with the "
        "values of a streaming service."
    )


def is_marked(read: ColumnReading) -> bool:
    """Say whether a column was understood as an estimate of a scan, by its header or by who measured."""
    return is_estimate(read.header) or read.note.startswith(ESTIMATED)


def feature_word(name: str, *, high: bool, mean: float | None = None) -> str:
    """Return the adjective for songs far above or far below the rest in a feature.

    Parameters
    ----------
    name : str
        Column of the songs table.
    high : bool
        Whether the songs lie above the rest.
    mean : float, optional
        Their mean, in the feature's unit: where it bears no plain word, they are compared.

    Examples
    --------
    >>> feature_word("speechiness", high=True), feature_word("speechiness", high=True, mean=0.04)
    ('spoken', 'wordier')
    """
    feature = FEATURES.get(name)
    if feature is None:
        return "higher" if high else "lower"
    if mean is None or name not in COMPARATIVES or bears_word(name, mean, high=high):
        return feature.high_word if high else feature.low_word
    return COMPARATIVES[name][high]
