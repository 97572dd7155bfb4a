"""What a person is told while the parts of a catalogue are gone over."""

from __future__ import annotations

from songatlas.progress import Progress


def saying(tell: Progress, words: str) -> Progress:
    """Return the progress of one step under its own words, with what the engine says of rows.

    Examples
    --------
    >>> told = saying(lambda share, words: print(share, words), "cleaning the songs")
    >>> told(0.5, "clean: 5 of 10 rows, 3 rows a second")
    0.5 cleaning the songs: 5 of 10 rows, 3 rows a second
    >>> told(1.0, "")
    1.0 cleaning the songs
    """

    def told(share: float, said: str) -> None:
        rows = said.rpartition(": ")[2]
        tell(share, f"{words}: {rows}" if "rows" in rows else words)

    return told
