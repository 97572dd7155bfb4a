"""What a person has chosen: kept over page changes, and written into the address of the page to be shared.

A value lives in `st.session_state` under the key that `keep` gives, which is also the key of its widget.
Streamlit forgets the values of widgets that a run does not show; `hold_on`, at the start of every run, makes
them stay.

The address says what is chosen now on the page that is shown, and what holds on all pages, without a step in
the browser's history for every change: a step back is a step back to the page before. What an address of the
history, or one that was sent, says otherwise is taken over; what it does not speak of stays as it is. What it
asks for that is not here is told once (`unmet_wishes`), and the address is put right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import streamlit as st

_KEPT: Final = "kept:"
_IN_ADDRESS: Final = "in_address"
_HERE: Final = "address_here"
_PAGE: Final = "address_page"
_SAID: Final = "address_said"
_ASKED: Final = "address_asked"
_WRITTEN: Final = "address_written"
_RUNS: Final = "address_runs"
_MOVES: Final = "page_moves"
_CATALOGUE: Final = "catalogue"
_LONGEST: Final = 500
_MOST_WRITTEN: Final = 6  # addresses that the browser may not have heard of yet

_LOOKS: Final = ("colour", "layout", "labels", "look.")
"""Names, or beginnings of names, of what is kept when another catalogue is opened."""

_ADDRESS_JS: Final = """
export default function ({ data }) {
  if (data.query === null) return;
  const wanted = data.query ? "?" + data.query : "";
  if (window.location.search !== wanted)
    window.history.replaceState(window.history.state, "", window.location.pathname + wanted);
}
"""


def hold_on(page: str = "") -> None:
    """Keep what was chosen on pages that are not shown now; called once at the start of a run.

    Parameters
    ----------
    page : str
        Address of the page that is to be shown.
    """
    here = st.session_state
    for key in list(here):
        if isinstance(key, str) and key.startswith(_KEPT):
            here[key] = here[key]
    said, moved = _said(), here.get(_PAGE) != page
    here[_HERE] = set()
    if moved:
        here[_WRITTEN] = []
        here[_MOVES] = moves() + 1
    is_ours = not moved and (said == here.get(_SAID) or said in here.get(_WRITTEN, []))
    if said and not is_ours:
        here[_ASKED] = said
        for name, default in here.get(_IN_ADDRESS, {}).items():
            value = read_value(said.get(name, []), default)
            if value is not None:
                put(name, value)
    here[_SAID], here[_PAGE] = said, page


def keep(
    name: str,
    default: Any,
    *,
    in_address: bool = False,
    allowed: Callable[[Any], bool] | None = None,
) -> str:
    """Return the key of a value that survives page changes, with the value set where there was none.

    Parameters
    ----------
    name : str
        Short and the same in the address of the page.
    default : bool, int, float, str, None, or list or tuple of str
        The first value, unless the address has one.
    in_address : bool
        Whether the value is written into the address where it is not the default.
    allowed : callable, optional
        Whether a value is possible; one that is not becomes the default.
    """
    key = f"{_KEPT}{name}"
    if key not in st.session_state:
        said = read_value(_asked().get(name, []), default) if in_address else None
        st.session_state[key] = default if said is None else said
    if allowed is not None and not allowed(st.session_state[key]):
        st.session_state[key] = default
    in_addresses = st.session_state.setdefault(_IN_ADDRESS, {})
    here: set[str] = st.session_state.setdefault(_HERE, set())
    if in_address:
        in_addresses[name] = default
        here.add(name)
    else:
        in_addresses.pop(name, None)
        here.discard(name)
    return key


def kept(name: str, default: Any = None) -> Any:
    """Return a value that was kept."""
    return st.session_state.get(f"{_KEPT}{name}", default)


def put(name: str, value: Any) -> None:
    """Set a value that is kept; only before its widget is shown, or in a callback."""
    st.session_state[f"{_KEPT}{name}"] = value


def forget() -> None:
    """Forget what was chosen and made of one catalogue, before another is shown; how things look stays."""
    for key in list(st.session_state):
        name = str(key).removeprefix(_KEPT)
        is_look = str(key).startswith(_KEPT) and name.startswith(_LOOKS)
        if not is_look and key not in (_CATALOGUE, _SAID, _PAGE, _RUNS, _MOVES):
            del st.session_state[key]
    st.session_state[_WRITTEN] = [_said()]


def read_value(texts: list[str], default: Any) -> Any:
    """Return the value that an address gives, of the kind of the default; None where it gives none.

    Examples
    --------
    >>> read_value(["7"], 5), read_value(["x"], 5), read_value(["a", "b"], []), read_value([], 5)
    (7, None, ['a', 'b'], None)
    """
    if not texts or any(len(text) > _LONGEST for text in texts):
        return None
    if isinstance(default, list | tuple):
        values = [read_value([text], default[0] if default else text) for text in texts]
        return None if None in values else type(default)(values)
    if isinstance(default, bool):
        return {"1": True, "0": False}.get(texts[0])
    if isinstance(default, int | float):
        try:
            number = type(default)(texts[0])
        except (ValueError, OverflowError):
            return None
        return number if abs(number) < 1e15 else None
    return texts[0]


def address() -> str:
    """Return what of the choices stands in the address of the page: the part behind its question mark."""
    wanted: dict[str, str | list[str]] = {}
    here = st.session_state.get(_HERE, ())
    for name, default in st.session_state.get(_IN_ADDRESS, {}).items():
        value = kept(name, default)
        if name not in here or value == default or value is None:
            continue
        if isinstance(value, str) and len(value) > _LONGEST:
            continue  # would not be read
        if isinstance(value, bool):
            wanted[name] = "1" if value else "0"
        elif isinstance(value, float):
            wanted[name] = f"{value:g}"
        else:
            wanted[name] = [str(each) for each in value] if isinstance(value, list | tuple) else str(value)
    return urlencode(wanted, doseq=True, errors="replace")


def unmet_wishes() -> list[str]:
    """Return what a sent address asked for and did not get, as it stood there; called at the end of a run."""
    asked, known = _asked(), st.session_state.get(_IN_ADDRESS, {})
    here = st.session_state.get(_HERE, ())
    return [
        f"{name}={', '.join(texts)}"
        for name, texts in asked.items()
        if name in here and any(texts) and kept(name) != read_value(texts, known[name])
    ]


def write_address(*, soon: bool = False) -> None:
    """Write what was chosen into the address of the page; called at the end of a run.

    Parameters
    ----------
    soon : bool
        Whether the run has only begun: a menu entry leads to a bare address, which gets what holds on all
        pages before the page is drawn, so that no step of the history is without it.
    """
    here = st.session_state
    query = None if soon and _said() else address()
    if query is not None:
        written = [*here.get(_WRITTEN, []), parse_qs(query, keep_blank_values=True)]
        here[_WRITTEN] = written[-_MOST_WRITTEN:]
    if not soon:
        here.pop(_ASKED, None)
    # Registered anew in every run: a server that is started twice in one process has forgotten it.
    mount = st.components.v2.component("songatlas_address", js=_ADDRESS_JS)
    # Counted, so that the browser compares after every run: a menu entry leads to a bare address.
    here[_RUNS] = here.get(_RUNS, 0) + 1
    mount(key="address_soon" if soon else "address", data={"query": query, "run": here[_RUNS]})


def _asked() -> dict[str, list[str]]:
    """What an address that was sent, or is of the history, asks for in this run; nothing where it is ours."""
    asked: dict[str, list[str]] = st.session_state.get(_ASKED, {})
    return asked


def moves() -> int:
    """Return how often this visit went to another page."""
    return int(st.session_state.get(_MOVES, 0))


def _said() -> dict[str, list[str]]:
    """What the address of the page says, as the browser sent it."""
    return {name: st.query_params.get_all(name) for name in st.query_params}
