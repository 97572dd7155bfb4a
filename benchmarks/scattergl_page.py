"""What `benchmarks.app` is held against: the page that one writes with Streamlit and Plotly alone.

Run by Streamlit with the folder of an atlas as its argument: the songs of the atlas as one scattergl, a
colour a cluster and without texts on hover, and a slider for the number of clusters. Points and centroids are
kept between runs.
"""

from __future__ import annotations

import sys
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from songatlas import Atlas
from songatlas.colours import colour_of
from songatlas.kmeans import nearest_centroids, sweep


@st.cache_resource
def opened(folder: str) -> tuple[Any, Any, Any]:
    """Places of the songs, their points, and the clusterings of the sweep."""
    atlas = Atlas.load(folder)
    points = atlas.points()
    return atlas.positions, points, sweep(points, range(2, 21), seed=atlas.settings.seed)


def main() -> None:
    """Draw the page."""
    st.set_page_config(layout="wide")
    positions, points, clusterings = opened(sys.argv[1])
    k = st.slider("k", 2, 20, 6)
    labels, _ = nearest_centroids(points, clusterings[k - 2].centroids)
    figure = go.Figure(
        [
            go.Scattergl(
                x=positions[labels == cluster, 0],
                y=positions[labels == cluster, 1],
                mode="markers",
                marker={"size": 2, "color": colour_of(cluster)},
                name=f"Cluster {cluster}",
                hoverinfo="skip",
            )
            for cluster in range(k)
        ]
    )
    figure.update_layout(height=620, uirevision="kept")
    st.plotly_chart(figure, key="map")


main()
