"""Static figures: tables and arrays in, a Matplotlib figure out, no statistics.

Conventions
-----------
Every function takes what it draws by keyword and returns a `matplotlib.figure.Figure` that no pyplot
knows of, so figures may be drawn in threads. Names are anybody's text and never markup. A cluster has one
number and one colour in all figures. A figure that cannot be drawn is a figure that says why.

References
----------
Colours: twenty, far apart in CAM02-UCS also for colour-blind eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from matplotlib.figure import Figure

from songatlas.colours import CLUSTER_COLOURS, colour_of
from songatlas.figures.artists import artist_bars
from songatlas.figures.clusters import cluster_sizes, feature_bars
from songatlas.figures.evidence import elbow, silhouette
from songatlas.figures.heatmaps import genre_heatmap, profile_heatmap
from songatlas.figures.saving import save_figure, save_figures
from songatlas.figures.songmap import pca_map
from songatlas.figures.spreads import feature_distributions

__all__ = [
    "CLUSTER_COLOURS",
    "FIGURES",
    "FigureRow",
    "artist_bars",
    "cluster_sizes",
    "colour_of",
    "elbow",
    "feature_bars",
    "feature_distributions",
    "genre_heatmap",
    "pca_map",
    "profile_heatmap",
    "save_figure",
    "save_figures",
    "silhouette",
]


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """One static figure.

    Attributes
    ----------
    function : callable
        Draws it; every argument by keyword.
    title : str
        What it shows.
    caption : str
        One sentence that says how to read it.
    """

    function: Callable[..., Figure]
    title: str
    caption: str


FIGURES: Mapping[str, FigureRow] = MappingProxyType(
    {
        "pca_map": FigureRow(
            function=pca_map,
            title="The map of the songs",
            caption="Every point is a song and its colour is its cluster; songs near each other sound alike, "
            "and the words at the ends of the axes say what changes on the way.",
        ),
        "profile_heatmap": FigureRow(
            function=profile_heatmap,
            title="What the clusters sound like",
            caption="A row is a cluster and a column a feature: orange is more than in the whole catalogue, "
            "blue is less, in standard deviations.",
        ),
        "feature_bars": FigureRow(
            function=feature_bars,
            title="What sets each cluster apart",
            caption="Bars to the right mean that the cluster's songs stand higher than the rest in that "
            "feature, bars to the left lower; 50 is like the rest, and the strongest contrast comes first.",
        ),
        "feature_distributions": FigureRow(
            function=feature_distributions,
            title="How the features spread inside the clusters",
            caption="Each ridge is high where many of the cluster's songs lie; the line below it spans the "
            "middle half of them and the dot is the median.",
        ),
        "elbow": FigureRow(
            function=elbow,
            title="Inertia by number of clusters, and convergence",
            caption="Left, the sum of squared distances falls with every further cluster, and a clear bend "
            "would speak for that number; right, it falls with every iteration until nothing moves.",
        ),
        "silhouette": FigureRow(
            function=silhouette,
            title="Silhouettes by number of clusters and by song",
            caption="A silhouette near 1 is a song much nearer to its own cluster than to the next, near 0 "
            "a song on the border, below 0 a song that is nearer to another cluster.",
        ),
        "cluster_sizes": FigureRow(
            function=cluster_sizes,
            title="How large the clusters are",
            caption="A bar is a cluster, as long as it has songs; the dashed line is the size that each "
            "would have if all were alike large.",
        ),
        "genre_heatmap": FigureRow(
            function=genre_heatmap,
            title="Which genres the clusters hold",
            caption="A row is a cluster: the darker the field, the larger the share of its songs that belong "
            "to that genre.",
        ),
        "artists": FigureRow(
            function=artist_bars,
            title="Which clusters the artists are in",
            caption="A bar is an artist, cut by the clusters of its songs with its home first; the dot is "
            "its breadth, from 0, one sound, to 1, as wide as the catalogue.",
        ),
    }
)
