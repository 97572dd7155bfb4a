"""Several answers of a part in one: a row of frames packed as bytes, which every engine can carry."""

from __future__ import annotations

from io import BytesIO

import polars as pl


def packed(**frames: pl.DataFrame) -> pl.DataFrame:
    """Return one row with one Binary column for every frame.

    Examples
    --------
    >>> unpacked(pl.concat([packed(a=pl.DataFrame({"n": [n]})) for n in (1, 2)]))["a"]["n"].to_list()
    [1, 2]
    """
    return pl.DataFrame({name: [_as_bytes(frame)] for name, frame in frames.items()})


def unpacked(answers: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the frames of packed answers, at least one, those of each name below each other.

    Where nobody else holds the answers, each is let go of as soon as it is unpacked.
    """
    names, rows = answers.columns, list(answers.iter_slices(1))
    del answers
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in names}
    rows.reverse()
    while rows:
        for name, content in zip(names, rows.pop().row(0), strict=True):
            found[name].append(pl.read_ipc_stream(BytesIO(content)))
    return {name: pl.concat(frames) for name, frames in found.items()}


def _as_bytes(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_ipc_stream(content, compat_level=pl.CompatLevel.oldest())  # only the texts that are in it
    return content.getvalue()
