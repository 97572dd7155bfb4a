"""Figures become files: PNG for the eye, SVG for print, the same bytes in every run."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from songatlas.errors import BadSettings
from songatlas.figures.style import drawing
from songatlas.files import replace_file, write_file

_DPI = 150
_DOCTYPE = re.compile(rb"<!DOCTYPE[^>]*>\s*")
_EMBEDDED = re.compile(rb"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")
_OUTLINE = re.compile(rb'\bd="[^"]*"')
_TAIL = re.compile(rb"(\.\d\d)\d+")  # a hundredth of a point is finer than any screen or printer
_METADATA = re.compile(rb"\s*<metadata>.*?</metadata>", re.DOTALL)


def save_figures(figures: Mapping[str, Figure], directory: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write every figure as NAME.png (150 dots an inch) and NAME.svg, and close it.

    The same figures give the same bytes: no dates, no random ids. The SVG holds nothing that is fetched
    from elsewhere: letters are outlines, points of the map one embedded image. A file is written beside and
    then renamed, so it is there as a whole or not at all.

    Parameters
    ----------
    figures : mapping of str to Figure
        Name of the file without its ending -> figure. The figures are empty afterwards.
    directory : path
        Folder of the files; made where it does not exist.

    Returns
    -------
    tuple of Path
        The files, in the order of `figures`, PNG before SVG.

    Raises
    ------
    OSError
        If the folder or a file cannot be written.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in figures.items():
        with drawing():
            pictures = {f"{name}.png": _png(figure), f"{name}.svg": _svg(figure)}
            figure.clear()
        for file_name, content in pictures.items():
            written.append(folder / file_name)
            replace_file(folder / file_name, content)
    return tuple(written)


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write one figure as the ending of the path says, and close it; else as `save_figures` does.

    Parameters
    ----------
    figure : Figure
        Empty afterwards.
    path : path
        Ends in .png or .svg; its folder is there.

    Raises
    ------
    BadSettings
        If the ending is another, or something lies there that is no file.
    SongAtlasError
        If the file cannot be written, with the reason in one line.
    """
    target = Path(path)
    make = {".png": _png, ".svg": _svg}.get(target.suffix.lower())
    if make is None:
        raise BadSettings(f"a figure cannot be written as {target.name!r}: let its name end in .png or .svg")
    with drawing():
        content = make(figure)
        figure.clear()
    write_file(target, content)
    return target


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=_DPI, metadata={"Software": None})
    return picture.getvalue()


def _svg(figure: Figure) -> bytes:
    """SVG without document type and metadata, which name outside addresses and say nothing."""
    picture = io.BytesIO()
    said = {
        "Title": str(figure.get_label()) or None,
        "Creator": None,
        "Date": None,
        "Format": None,
        "Type": None,
    }
    figure.savefig(picture, format="svg", dpi=_DPI, metadata=said)
    whole = _METADATA.sub(b"", _DOCTYPE.sub(b"", picture.getvalue()))
    whole = _OUTLINE.sub(lambda outline: _TAIL.sub(rb"\1", outline[0]), whole)
    return _EMBEDDED.sub(_slim, whole)


def _slim(embedded: re.Match[bytes]) -> bytes:
    """The embedded picture in 256 colours: a quarter of the size, and no eye can tell."""
    full = Image.open(io.BytesIO(base64.b64decode(embedded[1])))
    slim = io.BytesIO()
    full.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        slim, "PNG", optimize=True
    )
    return b"data:image/png;base64," + base64.b64encode(slim.getvalue())
