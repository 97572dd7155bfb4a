"""The chart of a playlist: energy and tempo from the first song to the last."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from songatlas.app.charts.charts import ACCENT, CHOSEN, plotly_text, styled
from songatlas.app.words.wording import amount_text
from songatlas.atlas.playlist import Playlist

_PANELS: Final = (("energy", "Energy (%)", 100.0, ACCENT), ("tempo_bpm", "Tempo (BPM)", 1.0, CHOSEN))
_PANEL_HEIGHT: Final = 150


def energy_and_tempo(playlist: Playlist) -> go.Figure | None:
    """Draw energy and tempo of the songs over their places, each in a panel of its own.

    Parameters
    ----------
    playlist : Playlist

    Returns
    -------
    Figure or None
        None where neither is known of any song.
    """
    songs = playlist.songs
    panels = [each for each in _PANELS if each[0] in songs.columns and songs[each[0]].count()]
    if not panels:
        return None
    figure = make_subplots(rows=len(panels), shared_xaxes=True, vertical_spacing=0.08)
    names = [_called(song) for song in songs.to_dicts()]
    for row, (column, label, factor, colour) in enumerate(panels, start=1):
        values = songs[column].to_list()
        told = ["" if value is None else amount_text(column, value) for value in values]
        figure.add_trace(
            go.Scatter(
                x=songs["place"].to_list(),
                y=[None if value is None else value * factor for value in values],
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"color": colour, "size": 7},
                customdata=list(zip(names, told, strict=True)),
                hovertemplate="%{x}. %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
                showlegend=False,
                connectgaps=True,
            ),
            row=row,
            col=1,
        )
        figure.update_yaxes(title_text=label, row=row, col=1)
    figure.update_xaxes(title_text="Place in the playlist", row=len(panels), col=1)
    drawn = styled(figure, height=60 + _PANEL_HEIGHT * len(panels))
    drawn.update_xaxes(range=[0.5, songs.height + 0.5], tickformat="d")
    return drawn


def _called(song: dict[str, Any]) -> str:
    return plotly_text(song.get("title") or song["song_id"], longest=60)
