"""Pieces of HTML for what Streamlit has no element for: bars of features, chips of clusters, small tables.

Every text is escaped here, and control characters are taken out, so that whatever a song is called stays
text. Colours come from the page's own text colour: the pieces read in the light theme and in the dark one.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

from songatlas.atlas.views import View
from songatlas.report.wording import brief
from songatlas.starmap import shape_of

_PLUS: Final = ((-0.36, -1), (0.36, -1), (0.36, -0.36), (1, -0.36), (1, 0.36), (0.36, 0.36),
                (0.36, 1), (-0.36, 1), (-0.36, 0.36), (-1, 0.36), (-1, -0.36), (-0.36, -0.36))  # fmt: skip
_CORNERS: Final = (
    (),
    ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    ((0, -0.95), (0.95, 0.7), (-0.95, 0.7)),
    ((0, -1), (1, 0), (0, 1), (-1, 0)),
    ((0, 0.95), (0.95, -0.7), (-0.95, -0.7)),
    _PLUS,
    tuple((0.7071 * (across + down), 0.7071 * (across - down)) for across, down in _PLUS),
    (),
)
"""Outlines of the shapes of the map, from -1 to 1; a disc and, last, a ring have no corners."""

STYLE: Final = """<style>
.sa { font-size: 0.9rem; line-height: 1.4; overflow-wrap: anywhere; }
.sa h3 { font-size: 1.25rem; line-height: 1.25; margin: 0 0 0.1rem; padding: 0; font-weight: 650; }
.sa p { margin: 0 0 0.4rem; font-size: inherit; }
.sa .sa-soft { opacity: 0.72; }
.sa .sa-facts { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; margin: 0.3rem 0 0.5rem; }
.sa .sa-chip { display: inline-flex; align-items: center; gap: 0.4rem; font-weight: 600; }
.sa .sa-bars { display: grid; gap: 0.55rem 1.1rem;
  grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.sa .sa-top { display: flex; justify-content: space-between; gap: 0.5rem; }
.sa .sa-top b { font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sa .sa-track { position: relative; height: 8px; border-radius: 4px; margin: 3px 0 1px;
  background: color-mix(in srgb, currentColor 14%, transparent); }
.sa .sa-track i { position: absolute; display: block; }
.sa .sa-song { width: 12px; height: 12px; top: -2px; margin-left: -6px; border-radius: 50%;
  box-shadow: 0 0 0 1.5px currentColor; }
.sa .sa-mean { width: 3px; height: 14px; top: -3px; margin-left: -1.5px; border-radius: 1px;
  background: currentColor; opacity: 0.55; }
.sa .sa-ends { display: flex; justify-content: space-between; font-size: 0.75rem; opacity: 0.72; }
.sa .sa-wide { overflow-x: auto; }
.sa .sa-tall { max-height: 20rem; overflow-y: auto; }
.sa table { border-collapse: collapse; width: 100%; font-size: 0.85rem; }
.sa th, .sa td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem 0.3rem 0; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); overflow-wrap: normal; }
.sa th { font-weight: 600; white-space: nowrap; }
.sa td.sa-n, .sa th.sa-n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
</style>"""


def page(*pieces: str) -> str:
    """Return pieces as one part of the page, for `st.html`."""
    return f'{STYLE}<div class="sa">{"".join(pieces)}</div>'


def text(words: str | None, *, longest: int = 140) -> str:
    """Return a text as HTML shows it letter by letter, on one line, cut where it is very long.

    Examples
    --------
    >>> text("<b>Rock</b>")
    '&lt;b&gt;Rock&lt;/b&gt;'
    """
    return html.escape(brief(words, longest=longest))


def paragraph(words: str, *, soft: bool = False) -> str:
    """Return a paragraph of plain text."""
    kind = ' class="sa-soft"' if soft else ""
    return f"<p{kind}>{text(words, longest=400)}</p>"


def cluster_mark(view: View, cluster: int) -> str:
    """Return the mark of a cluster, in the colour and the shape that its songs have on the map, as HTML.

    It brings its style along, and can stand in any part of a page that `st.html` shows.
    """
    return shape_mark(view.colour_of(cluster), shape=shape_of(view.colours[cluster]))


def shape_mark(colour: str, *, shape: int) -> str:
    """Return a mark of some colour and shape as HTML; what a reader sees beside a name says the name."""
    outline, fill = outline_of(shape), fill_of(colour, shape=shape)
    outline = f"clip-path:{outline}" if outline else "border-radius:50%"
    return (
        '<span class="sa-mark" aria-hidden="true" style="display:inline-block;width:0.9em;height:0.9em;'
        'flex:none;filter:drop-shadow(0 0 0.6px currentColor)">'
        f'<i style="display:block;width:100%;height:100%;background:{text(fill)};{outline}"></i></span>'
    )


def outline_of(shape: int) -> str:
    """Return the outline of a shape of the map as a CSS value for `clip-path`; empty for what is round."""
    corners = ", ".join(f"{50 + 50 * x:.1f}% {50 + 50 * y:.1f}%" for x, y in _CORNERS[shape])
    return f"polygon({corners})" if corners else ""


def fill_of(colour: str, *, shape: int) -> str:
    """Return what a shape of the map is filled with as a CSS value for `background`."""
    is_ring = shape > 0 and not _CORNERS[shape]
    return f"radial-gradient(circle,transparent 40%,{colour} 44%)" if is_ring else colour


def chip(name: str, mark: str) -> str:
    """Return the name of a cluster behind its mark, which `cluster_mark` gives."""
    return f'<span class="sa-chip">{mark}<span>{text(name)}</span></span>'


def bar(
    *, label: str, value: str, percentile: float, mean: float | None, ends: tuple[str, str], colour: str
) -> str:
    """Return where a song stands among all songs in one feature, on a line with words at both ends.

    Parameters
    ----------
    label, value : str
        What it is, and the song's value with its unit.
    percentile : float
        Share of the songs with lower values, 0 to 100.
    mean : float or None
        Where the songs of the cluster stand in the middle, 0 to 100.
    ends : (str, str)
        What songs at the low and at the high end are like.
    colour : str
        Of the song's mark.
    """
    beside = "" if mean is None else f"; its cluster stands at {mean:.0f}"
    spoken = f"{label} {value}: higher than {percentile:.0f} of 100 songs{beside}"
    middle = "" if mean is None else f'<i class="sa-mean" style="left:{_within(mean):.1f}%"></i>'
    here = f"left:{_within(percentile):.1f}%;background:{text(colour)}"
    song = f'<i class="sa-song" style="{here}"></i>'
    return (
        f'<div title="{text(spoken)}">'
        f'<div class="sa-top"><span>{text(label)}</span><b>{text(value)}</b></div>'
        f'<div class="sa-track" role="img" aria-label="{text(spoken)}">{middle}{song}</div>'
        f'<div class="sa-ends"><span>{text(ends[0])}</span><span>{text(ends[1])}</span></div></div>'
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Return a table of ready cells: what comes from songs has been through `text` before.

    Parameters
    ----------
    header : sequence of str
        Plain texts.
    rows : sequence of sequences of str
        Cells as HTML.
    numbers : sequence of int
        Columns that are set to the right.
    """
    kinds = [' class="sa-n"' if place in numbers else "" for place in range(len(header))]
    named = zip(header, kinds, strict=True)
    head = "".join(f'<th scope="col"{kind}>{text(each)}</th>' for each, kind in named)
    lines = ("".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="sa-wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _within(percentile: float) -> float:
    """A place on the line that leaves room for the mark."""
    return min(max(percentile, 2.0), 98.0)
