"""What the map is told, and the map as a part of a page that needs nothing else.

`map_settings` makes the JSON that `starmap.js` takes, in the app as in the report. `map_page_part` puts
it into HTML together with the packed parts, as base64; `script` and `styles` are the texts that the page
must hold beside it, so that a page can allow this very script by its hash and no other.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from songatlas.errors import BadSettings
from songatlas.starmap.colouring import Colouring
from songatlas.starmap.packing import CHUNK, MapFrame

Part = Mapping[str, str]
"""Where a packed part is: {"src": address}, {"base64": text} or {"element": id of an element}."""

HEIGHT = 620
"""Height of the map in CSS pixels, where the screen is wide."""


def map_settings(
    *,
    n: int,
    frame: MapFrame,
    places: Part,
    labels: Part,
    clusters: Colouring,
    colouring: Colouring | None = None,
    colouring_part: Part | None = None,
    names: Mapping[str, Any] | None = None,
    axis_words: tuple[tuple[str, str], tuple[str, str]] = (("", ""), ("", "")),
    note: str = "",
    height: int = HEIGHT,
    picked: int | None = None,
    marked: Sequence[int] = (),
    line: bool = False,
    lasso: Sequence[Sequence[float]] | None = None,
    fly_to: Mapping[str, int] | None = None,
    only: Mapping[str, int] | None = None,
    search: bool = False,
    still: bool = False,
) -> dict[str, Any]:
    """Return what the map is told, as plain JSON values.

    Parameters
    ----------
    n : int
        Songs on the map.
    frame : MapFrame
        What `map_frame` gives.
    places, labels : Part
        Where `pack_places` and `pack_labels` of the clusters are to be had. A part is fetched again only
        when its address changes.
    clusters : Colouring
        What `cluster_colouring` gives: a hover tells the cluster whatever the colours tell.
    colouring, colouring_part : Colouring and Part, optional
        Another colouring, and its packed numbers or values; by default the clusters are coloured.
    names : mapping, optional
        What `named_by_address` or `named_by_parts` gives; None where songs have no names.
    axis_words : ((left, right), (bottom, top))
        What songs at the four ends of the map are like.
    note : str
        A line under the map.
    height : int
        CSS pixels on a wide screen.
    picked : int, optional
        The chosen song, as its place in packed order.
    marked : sequence of int
        Songs that get a ring, as places in packed order.
    line : bool
        Whether a line runs through the marked songs, in their order.
    lasso : sequence of (x, y), optional
        The polygon to keep drawn, in map coordinates; None takes it away.
    fly_to : mapping, optional
        ``{"place": place in packed order, "n": counter}``: the map flies there when the counter changes.
    only : mapping, optional
        ``{"group": number in the legend, "n": counter}``: when the counter changes, the others are hidden.
    search : bool
        Whether the map has a search box of its own; every name is then loaded when it is first used.
    still : bool
        Whether to draw without WebGL even where it is there.

    Returns
    -------
    dict
    """
    (left, right), (bottom, top) = axis_words
    return {
        "n": int(n),
        "bounds": list(frame.bounds),
        "home": list(frame.home),
        "places": dict(places),
        "labels": dict(labels),
        "clusters": [group.to_dict() for group in clusters.groups],
        "colouring": _colouring(colouring, colouring_part),
        "names": None if names is None else dict(names),
        "axes": {"left": left, "right": right, "bottom": bottom, "top": top, "note": note},
        "height": int(height),
        "picked": None if picked is None else int(picked),
        "marked": [int(place) for place in marked],
        "line": bool(line),
        "lasso": None if lasso is None else [[float(x), float(y)] for x, y in lasso],
        "fly_to": None if fly_to is None else dict(fly_to),
        "only": None if only is None else dict(only),
        "search": bool(search),
        "still": bool(still),
    }


def named_by_address(address: str) -> dict[str, Any]:
    """Return where names are fetched, chunk by chunk: ``{chunk}`` in the address is its number."""
    return {"chunk": CHUNK, "src": address}


def named_by_parts(parts: Sequence[Part]) -> dict[str, Any]:
    """Return where names are, one part for every chunk: the map asks for those that it needs."""
    return {"chunk": CHUNK, "parts": [dict(part) for part in parts]}


def in_page(packed: bytes) -> dict[str, str]:
    """Return a packed part that travels inside the settings, as base64."""
    return {"base64": base64.b64encode(packed).decode("ascii")}


def map_page_part(settings: Mapping[str, Any], *, identity: str = "starmap", fallback: str = "") -> str:
    """Return the map as a part of an HTML page.

    Parameters
    ----------
    settings : mapping
        What `map_settings` gives.
    identity : str
        Id of the element, unique on the page.
    fallback : str
        HTML, already escaped, for readers without scripts, such as a still figure.

    Returns
    -------
    str
        An element and its settings. The page must also hold `script` in a ``<script type="module">`` and
        `styles` in a ``<style>``.
    """
    name = html.escape(identity, quote=True)
    without = f"<noscript>{fallback}</noscript>\n" if fallback else ""
    return (
        f'<div class="starmap-place" id="{name}" data-starmap="{name}-settings"></div>\n'
        f'<script type="application/json" id="{name}-settings">{script_json(settings)}</script>\n'
        f"{without}"
    )


def script_json(value: Any) -> str:
    r"""Return JSON that cannot end the script element it stands in, nor open a comment there.

    Examples
    --------
    >>> script_json({"title": "</script>"})
    '{"title":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


@cache
def script() -> str:
    """Return the text of the map's script, one ES module."""
    return _text("starmap.js")


@cache
def styles() -> str:
    """Return the text of the map's style sheet."""
    return _text("starmap.css")


def _text(name: str) -> str:
    return files("songatlas.starmap").joinpath(name).read_text(encoding="utf-8")


def _colouring(colouring: Colouring | None, part: Part | None) -> dict[str, Any]:
    if colouring is None or colouring.kind == "clusters":
        return {"kind": "clusters", "title": "Clusters" if colouring is None else colouring.title}
    if part is None:
        raise BadSettings(f"the colouring by {colouring.title} has no packed part: give colouring_part")
    return {
        "kind": colouring.kind,
        "title": colouring.title,
        "part": dict(part),
        "groups": [group.to_dict() for group in colouring.groups],
        "low": colouring.low,
        "high": colouring.high,
        "ticks": list(colouring.ticks),
        "ends": list(colouring.ends),
        "cut": list(colouring.cut),
        "unit": colouring.unit,
        "decimals": colouring.decimals,
    }
