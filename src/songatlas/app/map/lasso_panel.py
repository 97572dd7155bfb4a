"""The songs inside a lasso: how many, of which clusters, what they sound like, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from songatlas.app.files.saving import lasting
from songatlas.app.map.picking import PLAYLIST_SONGS
from songatlas.app.map.song_map import LASSO, PlacedSongs, take_lasso
from songatlas.app.visit.state import kept, put
from songatlas.app.words.markup import chip, cluster_mark, page, paragraph, table, text
from songatlas.atlas import Atlas
from songatlas.atlas.song_card import value_text
from songatlas.atlas.views import View
from songatlas.features import label_of
from songatlas.profiles.words import COMPARATIVES
from songatlas.safe_cells import text_of_cells
from songatlas.songs.finding import named_song
from songatlas.starmap import songs_inside

MOST_IN_PLAYLIST: Final = 500
"""Songs of a lasso that are taken to the page Playlist at most."""

MOST_LISTED: Final = 50
"""Songs of a lasso that are listed."""

_CSV: Final = "songs_in_the_lasso.csv"
_INSIDE: Final = "lasso_inside"
_PLAIN_DIFFERENCE: Final = 0.3  # standard deviations from which a difference is worth a word
_MOST_DIFFERENCES: Final = 6
_NO_MEAN: Final = ("key", "mode", "time_signature", "explicit")  # an average of them says little
_NO_CSV: Final = ("imputed", "version_of")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How the songs of a lasso differ from all songs in one feature.

    Attributes
    ----------
    column : str
    mean, usual : float
        Mean of these songs and of all, in the unit of the column.
    deviations : float
        The difference in standard deviations of all songs.
    """

    column: str
    mean: float
    usual: float
    deviations: float

    @property
    def words(self) -> str:
        """The difference in words: "calmer", "much calmer"."""
        lower, higher = COMPARATIVES.get(self.column, ("lower", "higher"))
        word = higher if self.deviations > 0 else lower
        return f"much {word}" if abs(self.deviations) >= 1 and " " not in word else word


def rows_of_lasso(placed: PlacedSongs) -> NDArray[np.int64] | None:
    """Return the rows of the songs inside the lasso; None where there is none."""
    polygon = kept(LASSO)
    if not polygon:
        return None
    key = (placed.name, tuple(map(tuple, polygon)))
    found = st.session_state.get(_INSIDE)
    if found is None or found[0] != key:
        found = (key, songs_inside(placed.layout.positions, polygon))
        st.session_state[_INSIDE] = found
    rows: NDArray[np.int64] = found[1]
    return rows


def differences(atlas: Atlas, rows: NDArray[np.int64]) -> tuple[Difference, ...]:
    """Return how some songs differ from all songs in every feature, the largest difference first."""
    columns = [name for name in dict.fromkeys((*atlas.space.features, "year")) if name in atlas.songs.columns]
    numbers = [pl.col(name).cast(pl.Float64) for name in columns if name not in _NO_MEAN]
    usual = atlas.kept.get(
        "usual values",
        None,
        lambda: (
            atlas.songs.select(each.mean() for each in numbers).row(0, named=True),
            atlas.songs.select(each.std() for each in numbers).row(0, named=True),
        ),
    )
    means = atlas.songs.select(numbers)[rows].mean().row(0, named=True)
    found = [
        Difference(
            column=name, mean=mean, usual=usual[0][name], deviations=(mean - usual[0][name]) / usual[1][name]
        )
        for name, mean in means.items()
        if mean is not None and usual[1][name]
    ]
    return tuple(sorted(found, key=lambda each: -abs(each.deviations)))


def show_lasso(shown: View, names: Sequence[str], rows: NDArray[np.int64]) -> bool:
    """Draw the panel; return whether the person wants a playlist of these songs."""
    atlas = shown.base
    if not len(rows):
        st.info("No songs inside the lasso. Draw it around some of the dots.")
        st.button("Clear", key="clear_lasso", on_click=take_lasso, args=(None,))
        return False
    share = 100 * len(rows) / atlas.songs.height
    heading = f"<h3>{_songs(len(rows))} inside the lasso</h3>"
    st.html(page(heading, paragraph(f"{share:.{0 if share >= 1 else 2}f}% of all songs", soft=True)))
    wants_playlist = _buttons(shown, names, rows)
    st.html(page(clusters_told(shown, names, rows), "<p></p>", differences_told(atlas, rows)))
    if len(rows) > MOST_LISTED:
        best = "best known" if "popularity" in atlas.songs.columns else "first"
        st.caption(f"The {best} {MOST_LISTED} of them; all are in the download.")
    st.html(page(songs_listed(shown, names, rows)))
    return wants_playlist


def clusters_told(shown: View, names: Sequence[str], rows: NDArray[np.int64]) -> str:
    """Return how many songs of each cluster there are, as a table in HTML."""
    counts = np.bincount(shown.labels[rows], minlength=shown.k)
    order = [cluster for cluster in np.argsort(-counts, kind="stable") if counts[cluster]]
    lines = [
        [
            chip(names[cluster], cluster_mark(shown, int(cluster))),
            f"{counts[cluster]:,}",
            f"{counts[cluster] / len(rows):.0%}",
        ]
        for cluster in order
    ]
    return table(["Cluster", "Songs", "Share"], lines, numbers=(1, 2))


def differences_told(atlas: Atlas, rows: NDArray[np.int64]) -> str:
    """Return in what the songs differ plainly from all songs, as a table in HTML."""
    plain = [each for each in differences(atlas, rows) if abs(each.deviations) >= _PLAIN_DIFFERENCE]
    if not plain:
        return paragraph("On average they sound like all songs together.", soft=True)
    lines = [
        [
            text(each.words),
            text(label_of(each.column)),
            text(value_text(each.column, each.mean)),
            text(value_text(each.column, each.usual)),
        ]
        for each in plain[:_MOST_DIFFERENCES]
    ]
    return table(["On average", "", "Here", "All songs"], lines, numbers=(2, 3))


def songs_listed(shown: View, names: Sequence[str], rows: NDArray[np.int64]) -> str:
    """Return the best known songs of a lasso, or the first where nothing says which those are, in HTML."""
    songs = shown.base.songs
    if "popularity" in songs.columns:
        known = songs["popularity"].gather(rows).fill_null(-1.0).to_numpy()
        rows = rows[np.argsort(-known, kind="stable")]
    lines = [
        [
            f'{text(named_song(songs, row))}<br><span class="sa-soft">{_year(songs, row)}</span>'
            f"{chip(names[shown.labels[row]], cluster_mark(shown, int(shown.labels[row])))}"
        ]
        for row in rows[:MOST_LISTED].tolist()
    ]
    return (
        f'<div class="sa-tall" tabindex="0" role="region" aria-label="Songs">{table(["Songs"], lines)}</div>'
    )


def _year(songs: pl.DataFrame, row: int) -> str:
    """The year of a song, with a dot behind it; empty where it is not known."""
    year = songs["year"][row] if "year" in songs.columns else None
    return "" if year is None else f"{year:.0f} · "


def songs_csv(shown: View, names: Sequence[str], rows: NDArray[np.int64]) -> bytes:
    """Return the songs of a lasso with their clusters as CSV."""
    songs = shown.base.songs[rows].drop([name for name in _NO_CSV if name in shown.base.songs.columns])
    lists = [name for name, kind in songs.schema.items() if isinstance(kind, pl.List)]
    clusters = shown.labels[rows]
    whole = songs.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join("; ")).with_columns(
        pl.Series("cluster", clusters, dtype=pl.Int32),
        pl.Series("cluster_name", [names[cluster] for cluster in clusters], dtype=pl.String),
    )
    return text_of_cells(whole).encode()


def on_playlist_of(atlas: Atlas, rows: NDArray[np.int64]) -> None:
    """Hand the songs of a lasso to the page Playlist: all, or evenly spaced ones where they are too many."""
    put(PLAYLIST_SONGS, atlas.songs["song_id"].gather(spread_rows(rows)).to_list())


def spread_rows(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows as they are, or `MOST_IN_PLAYLIST` of them, evenly spaced, where they are more."""
    if len(rows) <= MOST_IN_PLAYLIST:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_IN_PLAYLIST).round().astype(np.int64)]


def _buttons(shown: View, names: Sequence[str], rows: NDArray[np.int64]) -> bool:
    """Playlist, download, clear."""
    some = f"{MOST_IN_PLAYLIST} of these" if len(rows) > MOST_IN_PLAYLIST else "these"
    with st.container(horizontal=True, gap="small"):
        wanted = st.button(
            f"Playlist of {some}", key="playlist_of", on_click=on_playlist_of, args=(shown.base, rows)
        )
        st.download_button(
            "Download as CSV",
            lasting(lambda: songs_csv(shown, names, rows), file_name=_CSV, mime="text/csv"),
            file_name=_CSV,
            mime="text/csv",
            key="lasso_csv",
            on_click="ignore",
        )
        st.button("Clear", key="clear_lasso", type="tertiary", on_click=take_lasso, args=(None,))
    return wanted


def _songs(n: int) -> str:
    return "1 song" if n == 1 else f"{n:,} songs"
