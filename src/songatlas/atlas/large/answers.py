"""Several answers of a part in one: a row of frames packed as bytes, which every engine can carry."""

from __future__ import annotations

from io import BytesIO

import polars as pl


def packed(**frames: pl.DataFrame) -> pl.DataFrame:
    """Return one row with one Binary column for every frame.

    Examples
    --------
    >>> unpacked(pl.concat([packed(a=pl.DataFrame({"n": [n]})) for n in (1, 2)]), "a")["n"].to_list()
    [1, 2]
    """
    return pl.DataFrame({name: [_as_bytes(frame)] for name, frame in frames.items()})


def unpacked(answers: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the frames of one name in packed answers, at least one, below each other."""
    return pl.concat([pl.read_ipc_stream(BytesIO(each)) for each in answers[name]])


def _as_bytes(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_ipc_stream(content)
    return content.getvalue()
