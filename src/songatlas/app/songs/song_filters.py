"""Controls that say which songs may come, by year, tempo, sound, cluster and more; the filters they mean.

The controls of one page are kept under its own name. What stands at its ends, or is empty, filters nothing,
so that songs whose value nobody knows stay in. The filters are those of `songatlas.songs.filtering`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
import streamlit as st

from songatlas.app.visit.state import keep, kept
from songatlas.app.visit.walking import shown_names
from songatlas.app.words.wording import label_help, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.taste import filterable
from songatlas.features import FEATURES

_SOUND: Final = tuple(
    name for name, each in FEATURES.items() if each.unit in ("share", "dB")
)  # told as percentiles: measurers differ
_MOST_GENRES: Final = 300
_MINUTE: Final = 60_000
_ALL: Final = (0, 100)
_EXPLICIT: Final = ("any", "yes", "no")
_CONTROLS: Final = (
    "years",
    "tempo",
    "minutes",
    "popularity",
    "sound",
    "clusters",
    "genres",
    "tags",
    "artist",
    "words",
    "explicit",
    "more",
)


def filter_controls(atlas: Atlas, *, page: str) -> tuple[str, ...]:
    """Show the controls and return the filters that they mean.

    Parameters
    ----------
    atlas : Atlas
    page : str
        What the controls are kept under.
    """
    filters: list[str] = []
    left, right = st.columns(2)
    with left:
        filters += _ranges(atlas, page)
        filters += _sounds(atlas, page)
    with right:
        filters += _choices(atlas, page)
        filters += _words(atlas, page)
    filters += _more(page)
    if filters:
        st.button("Clear the filters", key=f"{page}.clear", on_click=clear_filters, args=(page,))
    return tuple(filters)


def clear_filters(page: str) -> None:
    """Take all filters of a page away."""
    for key in list(st.session_state):
        name = str(key).removeprefix("kept:")
        if name.startswith(tuple(f"{page}.only.{control}" for control in _CONTROLS)):
            del st.session_state[key]


def range_filter(column: str, chosen: Sequence[float], ends: Sequence[float], *, unit: str = "") -> list[str]:
    """Return the filters of a range, none for an end that is not moved.

    Examples
    --------
    >>> range_filter("tempo", (80, 200), (40, 200)), range_filter("energy", (80, 100), (0, 100), unit="%")
    (['tempo>=80'], ['energy>=80%'])
    """
    low, high = chosen
    at_least = [f"{column}>={low:g}{unit}"] if low > ends[0] else []
    return at_least + ([f"{column}<={high:g}{unit}"] if high < ends[1] else [])


def _kept_range(page: str, control: str, ends: tuple[int, int]) -> str:
    """Key of a kept range that lies within its ends."""
    return keep(
        f"{page}.only.{control}",
        ends,
        in_address=True,
        allowed=lambda range_: len(range_) == 2 and ends[0] <= range_[0] <= range_[1] <= ends[1],
    )


def _slider(label: str, page: str, control: str, ends: tuple[int, int], **more: Any) -> tuple[int, int]:
    """A slider with two ends."""
    key = _kept_range(page, control, ends)
    low, high = st.slider(label, *ends, key=key, **more)
    return int(low), int(high)


def _ends(songs: pl.DataFrame, column: str, *, per: float = 1.0) -> tuple[int, int] | None:
    """Whole numbers around all known values of a column; None where there is no range."""
    if column not in songs.columns:
        return None
    values = songs[column].cast(pl.Float64).drop_nulls().drop_nans() / per
    if not values.len() or values.min() == values.max():
        return None
    return int(np.floor(values.min())), int(np.ceil(values.max()))  # type: ignore[arg-type]


def _ranges(atlas: Atlas, page: str) -> list[str]:
    """Years, tempo, length and popularity."""
    filters: list[str] = []
    if ends := _ends(atlas.songs, "year"):
        chosen = _slider("Years", page, "years", ends, format="%d")
        filters += range_filter("year", chosen, ends)
    if ends := _ends(atlas.songs, "tempo_bpm"):
        chosen = _slider("Tempo (BPM)", page, "tempo", ends)
        filters += range_filter("tempo", chosen, ends)
    if ends := _ends(atlas.songs, "duration_ms", per=_MINUTE):
        ends = (ends[0], min(ends[1], 15))
        if ends[0] < ends[1]:
            chosen = _slider("Length (minutes)", page, "minutes", ends)
            filters += range_filter("duration", chosen, ends, unit="min")
    if ends := _ends(atlas.songs, "popularity"):
        chosen = _slider(
            "Popularity", page, "popularity", ends, help="As the table says it, mostly 0 to 100."
        )
        filters += range_filter("popularity", chosen, ends)
    return filters


def _sounds(atlas: Atlas, page: str) -> list[str]:
    """How songs sound, beside the others of the catalogue."""
    known = [name for name in _SOUND if name in atlas.songs.columns]
    if not known:
        return []
    labels = {name: FEATURES[name].label for name in known}
    key = keep(f"{page}.only.sound", [], in_address=True, allowed=lambda names: set(names) <= set(known))
    chosen = st.multiselect(
        "Sound",
        known,
        key=key,
        format_func=lambda name: labels[name],
        placeholder="Energy, mood, …",
        help="Each is told beside the other songs: 80 to 100 is the fifth of all songs that has most of it.",
    )
    filters: list[str] = []
    for name in chosen:
        feature = FEATURES[name]
        label = f"{feature.label}: from {feature.low_word} (0) to {feature.high_word} (100)"
        ends = _slider(label, page, f"sound.{name}", _ALL, format="%d%%", help=label_help("percentile"))
        filters += range_filter(name, ends, _ALL, unit="%")
    return filters


def _choices(atlas: Atlas, page: str) -> list[str]:
    """Clusters, genres, and explicit words."""
    filters: list[str] = []
    names = {str(number): f"{number} {name}" for number, name in enumerate(shown_names())}
    key = keep(f"{page}.only.clusters", [], in_address=True, allowed=lambda chosen: set(chosen) <= set(names))
    chosen = st.multiselect(
        "Clusters",
        list(names),
        key=key,
        format_func=names.__getitem__,
        placeholder="All of them",
    )
    if chosen:
        filters.append(f"cluster={'|'.join(chosen)}")
    genres = _genres(atlas)
    if genres:
        key = keep(
            f"{page}.only.genres", [], in_address=True, allowed=lambda chosen: set(chosen) <= set(genres)
        )
        wanted = st.multiselect("Genres", genres, key=key, placeholder="All of them")
        filters += [f"genre={'|'.join(wanted)}"] if wanted else []
    if "explicit" in atlas.songs.columns:
        key = keep(f"{page}.only.explicit", "any", in_address=True, allowed=_EXPLICIT.__contains__)
        word = st.segmented_control("Explicit words", _EXPLICIT, key=key, required=True)
        filters += [f"explicit={word}"] if word in ("yes", "no") else []
    return filters


def _genres(atlas: Atlas) -> list[str]:
    """Genres that songs have, the commonest first."""
    songs = filterable(atlas)
    if "genre" not in songs.columns or songs["genre"].dtype != pl.String:
        return []
    counts = songs["genre"].drop_nulls().value_counts(sort=True, name="n_songs")
    return [genre for genre in counts["genre"].head(_MOST_GENRES) if genre.strip() and "|" not in genre]


def _words(atlas: Atlas, page: str) -> list[str]:
    """Words in the names of artists, in titles and among the tags."""
    fields = (
        ("artists", "artist", "Artist", "artists~{}", "A name, or a part of one"),
        ("tags", "tags", "Tags", "tags~{}", "A tag, or several with commas"),
        ("title", "words", "Words in the title", "title~{}", "love, night"),
    )
    filters = []
    for column, control, label, form, example in fields:
        if column in atlas.songs.columns:
            key = keep(f"{page}.only.{control}", "", in_address=True)
            st.text_input(label, key=key, placeholder=example)
            said = [part.strip() for part in str(kept(f"{page}.only.{control}")).split(",")]
            words = "|".join(part for part in said if part)
            filters += [form.format(words)] if words else []
    return filters


def _more(page: str) -> list[str]:
    """Filters as they are written, a line each."""
    text = st.text_area(
        "More filters, one a line",
        key=keep(f"{page}.only.more", "", in_address=True),
        placeholder="year=1980s\nkey=8A\nrole=core",
        height=80,
        help="A column, a sign and a value: year=1980..1989, energy>=80%, key=8A, duration<=4:00, "
        "artist=Daft Punk, tags=jazz|soul, title~love, role=core.",
    )
    return [line.strip() for line in str(text).splitlines() if line.strip()]


def told_filters(filters: Sequence[str]) -> str:
    """Return filters in one line of Markdown."""
    return plain_text(", ".join(filters))
