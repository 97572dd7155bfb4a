"""Measures what scikit-learn itself makes of the plain recipe on a real table, for the acceptance tests.

python tests/golden/plain_recipe.py SONGS.csv > tests/golden/plain_recipe.json

The silhouette of scikit-learn takes two minutes, so it is measured here once and kept. Nothing of songatlas
is used: k-means starts from three rows of the table and runs until no label changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

FEATURES = (
    "danceability,energy,loudness,speechiness,acousticness,"
    "instrumentalness,liveness,valence,tempo,duration_ms"
)
START_ROWS = [0, 1000, 2000]


def main() -> None:
    """Print the numbers as JSON."""
    table = pl.read_csv(sys.argv[1], infer_schema_length=None)
    scaled = StandardScaler().fit_transform(table.select(FEATURES.split(",")).to_numpy())
    found = KMeans(3, init=scaled[START_ROWS], n_init=1, tol=0, max_iter=1000).fit(scaled)
    answer = {
        "table": Path(sys.argv[1]).name,
        "features": FEATURES,
        "start_rows": START_ROWS,
        "inertia": found.inertia_,
        "sizes": [(found.labels_ == label).sum().item() for label in range(3)],
        "silhouette": float(silhouette_score(scaled, found.labels_)),
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
