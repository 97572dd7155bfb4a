"""What a build writes, in words: every file, every column and every key, with its unit and its meaning.

Names come from the code where it has them as data; the words stand here. `tests/docs/test_references.py`
holds both against a real build. In a path of `quality.json` a part in braces stands for any name, `[]` for
each entry of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from songatlas.atlas.rows import TOLD
from songatlas.atlas.saved import BELIEFS, SWEEP
from songatlas.features import FEATURES
from songatlas.figures import FIGURES
from songatlas.roles import ROLES

FILES: Mapping[str, str] = {
    "report.html": "one page, no network: clusters, map, the verdict on k, what was read and left out",
    "clustered_songs.csv": "your table, all rows and columns in their order, and [ours](#clustered_songscsv)",
    "clustered_songs/": "the same in parts, where a catalogue was [clustered in parts](../scale.md)",
    "clusters.csv": "one row for each cluster, [below](#clusterscsv)",
    "quality.json": "every number, for a program to read, [below](#qualityjson)",
    "outputs.json": "size and SHA-256 of each of these files, for [`songatlas verify`](../verify.md)",
    "figures/": "[nine figures](#figures), each as PNG (150 dots an inch) and SVG; not with `--no-figures`",
    "atlas/": "the saved atlas, for all other commands, [below](#atlas)",
}
"""Entries of the folder, in the order in which a person wants them."""

ROW_COLUMNS: Mapping[str, tuple[str, str]] = {
    "subcluster": (
        "",
        "number of the playlist-sized part (20 to 200 songs where possible) inside the cluster",
    ),
    "role": (
        "",
        "`core` well inside its cluster, `borderline` near another, `bridge` near another and typical of "
        "both, `outlier` far from everything; none for songs that `assign` added",
    ),
    "predicted_genre": ("", "the likeliest genre, only where a song has none; not there where all have one"),
    "genre_confidence": ("0 to 1", "how often such predictions were right on songs whose genre is known"),
    "cluster": ("", "number of the cluster; 0 is the largest; empty where the row was left out"),
    "cluster_name": ("", "its name, yours where `names.toml` gives one"),
    "cluster_distance": (
        "length in the space",
        "distance to the centroid; compare it with songs of the same cluster only",
    ),
    "excluded_because": ("", "[why the row was left out](cleaning.md), else empty"),
}

CLUSTER_COLUMNS: Mapping[str, tuple[str, str]] = {
    "cluster": ("", "its number; 0 is the largest"),
    "name": ("", "its name"),
    "size": ("songs", "how many different songs it holds"),
    "share": ("0 to 1", "of all clustered songs"),
    "n_sample": ("songs", "how many of them the atlas holds; only of a catalogue that is told by a sample"),
    "top_tags": ("share in %", "its commonest tags, with the share of its songs that carry them"),
    "heard": ("share in %", "words that were heard in its songs; only of music files that were scanned"),
    "typical_songs": ("", 'songs nearest to its centroid, as "Title - Artist; ..."'),
    "evidence": ("", "what the name rests on"),
    "median_year": ("year", "half of its songs are older, half younger"),
    "exemplars": ("", "songs that together show what is in it"),
    "n_subclusters": ("", "playlist-sized parts inside it; not of a sample"),
}
"""Columns of clusters.csv but for the means of features and the counts of roles."""

_INTERVAL = "ends of its 95% interval"
_INDEX = "of the chosen clusters: "

QUALITY: Mapping[str, str] = {
    "n_rows": "rows of the table",
    "n_songs": "different songs in it, after rows of one song were joined",
    "n_clustered": "songs in a cluster",
    "n_excluded": "songs that were left out",
    "excluded.{reason}": "songs left out for a [reason](cleaning.md)",
    "excluded_rows.{reason}": "rows left out for it",
    "k": "number of clusters",
    "k_chosen_by": '"songatlas" or "a person"',
    "moods_k": "the same as k: the few, broad clusters",
    "playlists_k": "playlist-sized parts inside the clusters",
    "verdict.k": "the number that the verdict takes",
    "verdict.sentence": "the verdict in words",
    "verdict.votes[].rule": "one of the eight rules",
    "verdict.votes[].k": "the number it speaks for, null for none",
    "verdict.votes[].sentence": "why, in words",
    "verdict.votes[].known": "whether the rule could be asked",
    "verdict.disagreement": "where the rules differ, in words",
    "verdict.strength": '"clear", "weak" or "none"',
    "verdict.playlists.k": "playlist-sized parts",
    "verdict.playlists.smallest": "songs in the smallest",
    "verdict.playlists.median": "songs in the middle one",
    "verdict.playlists.largest": "songs in the largest",
    "verdict.playlists.n_outside": "parts that are not of 20 to 200 songs",
    "verdict.playlists.sentence": "the same in words",
    "lint[].check": "what was found, in a word",
    "lint[].severity": '"warning" (the result may mislead) or "note"',
    "lint[].numbers.{number}": "what shows it",
    "lint[].sentence": "the same in words",
    "lint[].next_step": "what to do about it",
    "silhouette.value": _INDEX + "mean silhouette, -1 to 1",
    "silhouette.low": _INTERVAL,
    "silhouette.high": _INTERVAL,
    "silhouette.exact": "whether every song was measured against every other; else it was estimated",
    "davies_bouldin": _INDEX + "how much neighbours overlap, from 0, lower is better",
    "calinski_harabasz": _INDEX + "how far clusters lie apart for their width, higher is better",
    "inertia": _INDEX + "sum of squared distances of songs to their centroids",
    "stability": _INDEX + "agreement of clusters made of parts of the songs, 1 is the same every time",
    "stability_interval.low": "lower end of what nine trials of ten give",
    "stability_interval.high": "upper end of what nine trials of ten give",
    "n_iterations": "iterations of k-means until nothing moved",
    "sweep[].k": "one entry for each k that was tried",
    "sweep[].inertia": "as above, of this k",
    "sweep[].silhouette": "as above, of this k",
    "sweep[].silhouette_low": _INTERVAL,
    "sweep[].silhouette_high": _INTERVAL,
    "sweep[].davies_bouldin": "as above, of this k",
    "sweep[].calinski_harabasz": "as above, of this k",
    "sweep[].stability": "as above, of this k",
    "sweep[].stability_low": "lower end of what nine trials of ten give",
    "sweep[].stability_high": "upper end of what nine trials of ten give",
    "sweep[].gap": "how much tighter the clusters are than those of structureless clouds",
    "sweep[].gap_low": "ends of its interval, two standard errors to each side",
    "sweep[].gap_high": "ends of its interval, two standard errors to each side",
    "sweep[].valley": "how much songs thin out between neighbouring clusters, 0 is not at all",
    "sweep[].valley_low": "ends of its interval, two standard errors to each side",
    "sweep[].valley_high": "ends of its interval, two standard errors to each side",
    "sweep[].valley_surety": "the valley, less what chance could make of it",
    "sweep[].ami": "agreement with the genres, 0 by chance, 1 the same; null without genres",
    "sweep[].smallest_share": "share of all songs in the smallest cluster, 0 to 1",
    "sweep[].largest_share": "share of all songs in the largest cluster, 0 to 1",
    "sweep[].n_iter": "iterations of the last fit",
    "engine": '"stream" or "spark"; only of a catalogue that was clustered in parts, as the next eight',
    "spark_kmeans": '"ours" or "mllib", on Spark',
    "n_sample": "songs that the atlas holds",
    "of_sample[]": "keys of this file that tell of these alone",
    "sizes[]": "songs in each cluster, all of them",
    "files[]": "files of the clustered songs",
    "stage_seconds.{stage}": "seconds that each stage took; differs from run to run",
    "genre.column": "header of the column of genres; the key `genre` is there only where there are any",
    "genre.coverage": "share of songs with a genre, 0 to 1",
    "genre.sentence": "where genres come from, in words",
    "genre.families.{family}[]": "tags that were taken for one genre",
    "genre.labels_hidden": "how genres were kept out of the space that is judged, in words",
    "genre.prediction.new_artists": "share of genres predicted rightly of artists never met",
    "genre.prediction.n_new_artists": "songs behind that",
    "genre.prediction.known_artists": "the same of artists that were met",
    "genre.prediction.n_known_artists": "songs behind that",
    "genre.ami": "adjusted mutual information, 0 by chance to 1",
    "genre.ari": "adjusted Rand index, 0 by chance to 1",
    "genre.nmi": "normalized mutual information, 0 to 1",
    "genre.v_measure": "V-measure, 0 to 1",
    "genre.purity": "share of songs whose genre is the commonest of their cluster",
    **{
        f"genre.chance_{name}": "the same of genres shuffled among artists"
        for name in ("ami", "ari", "nmi", "v_measure", "purity")
    },
    **{
        f"genre.ceiling_{name}": "the same of a classifier that knows the genres, on artists it never met"
        for name in ("ami", "ari", "nmi", "v_measure", "purity", "accuracy")
    },
    "genre.ceiling_n_songs": "songs behind the ceiling",
    "genre.n_songs": "songs with a genre",
    "genre.n_genres": "different genres",
    "genre.per_genre[].genre": "one entry for each genre",
    "genre.per_genre[].n": "its songs",
    "genre.per_genre[].share": "of all songs with a genre",
    "genre.per_genre[].cluster": "the cluster that fits it best",
    "genre.per_genre[].precision": "share of that cluster that is of the genre",
    "genre.per_genre[].recall": "share of the genre that is in that cluster",
    "genre.per_genre[].f1": "harmonic mean of both",
    "genre.per_genre[].chance_precision": "the same by chance",
    "genre.per_genre[].chance_recall": "the same by chance",
    "genre.per_genre[].ceiling_precision": "the same of the classifier",
    "genre.per_genre[].ceiling_recall": "the same of the classifier",
    "genre.by_artist": "whether songs were split by artist; else by song, as no artists are known",
    "genre.sentences[]": "what it comes to, in words",
    "roles.exact": "whether all songs were measured against all; else against the centroids",
    "roles.counts.{role}": "songs of each role",
    "roles.clusters[].cluster": "a cluster",
    "roles.clusters[].{role}": "its songs of each role",
    "spaces[].space": "another space, in words",
    "spaces[].ami": "agreement with the genres in it",
    "spaces[].purity": "as above",
    "spaces[].stability": "as above",
    "spaces[].silhouette": "as above",
    "spaces[].n_songs": "songs that it was tried on",
    "spaces[].chosen": "whether it is the space of this atlas",
    "refinement": "what `--refine` tried, proposed and applied; null where nobody asked",
    "clusters[].cluster": "a cluster",
    "clusters[].name": "its name",
    "clusters[].size": "its songs",
    "clusters[].share": "of all clustered songs, 0 to 1",
    "clusters[].exemplars[]": "ids of songs that together show what is in it",
    "clusters[].subclusters.k": "its playlist-sized parts",
    "clusters[].subclusters.smallest": "songs in the smallest",
    "clusters[].subclusters.median": "songs in the middle one",
    "clusters[].subclusters.largest": "songs in the largest",
    "clusters[].subclusters.n_outside": "parts that are not of 20 to 200 songs",
    "like": "null where the atlas was not built like an older one",
    "like.source": "the older atlas",
    "like.k": "its clusters",
    "like.kept[]": "number of the older cluster that each cluster goes on for, null for none",
    "like.by": '"songs" or "centres": what they were matched by',
    "space.blocks[]": "blocks of the space",
    "space.weights.{block}": "their weights, lengths in the space",
    "space.features[]": "features in it",
    "space.dimensions[]": "coordinates, in words",
    "space.notes[]": "what a person should know of it",
    "dropped_features.{feature}": "why a feature could not be used",
    "n_imputed": "songs with a feature filled in",
    "n_merged_rows": "rows that were joined to others",
    "rules[].reason": "a rule of cleaning",
    "rules[].action": '"merged", "excluded", "imputed", "marked" or "switched off"',
    "rules[].n_songs": "songs it met",
    "rules[].n_rows": "rows it met",
    "rules[].sentence": "the same in words",
    "source.name": "file that was read",
    "source.sha256": "its fingerprint",
    "source.format": "its format",
    "source.notes[]": "what was odd about it",
    "settings.{setting}": "[what the atlas was built with](settings.md)",
    "version": "of songatlas",
}
"""Paths of quality.json, in its order."""

ONLY_SOMETIMES = (
    "lint[]",
    "engine",
    "spark_kmeans",
    "n_sample",
    "of_sample[]",
    "sizes[]",
    "files[]",
    "stage_seconds",
    "genre.families",
    "like",
    "space.notes",
    "dropped_features",
    "source.notes",
)
"""Beginnings of paths that are not in every record."""

ATLAS_PARTS: Mapping[str, str] = {
    "manifest.json": "format and version, time, settings, SHA-256 of the input and of each part",
    "names.toml": "[the names that you give to clusters](../identity.md); yours, no hash vouches for it",
    "atlas.json": "what was read, cleaned and found, in words and numbers",
    "songs.parquet": "the clustered songs, with their clusters, places on the map, roles and genres",
    "silhouette_sample.parquet": "silhouettes of a sample of the songs",
    "centroids.npy": "float64 (k, dimensions): the centroids",
    "subclusters.npy": "float64 (parts, dimensions): centroids of the playlist-sized parts",
    SWEEP: "float64 (sum of the ks, dimensions): centroids of every k that was tried, k by k",
    BELIEFS: "float32 (songs, genres): beliefs on genres, only where these are part of the space",
}


def paths_in(record: object, path: str = "") -> Iterator[str]:
    """Yield the paths of all values of a JSON record; lists end in `[]`, empty ones and objects too."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from paths_in(value, f"{path}.{key}" if path else key)
        if not record:
            yield f"{path}.{{}}"
    elif isinstance(record, list):
        for value in record or [None]:
            yield from paths_in(value, f"{path}[]")
    else:
        yield path


def described(path: str) -> str | None:
    """Return the path of QUALITY that tells of a path in a record, None where none does."""
    if path in QUALITY:
        return path
    for each in QUALITY:
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(each)), path):
            return each
    stem = path.removesuffix("[]").removesuffix(".{}")  # an empty list or object
    inside = (f"{stem}[]", f"{stem}.")
    return next((each for each in QUALITY if stem != path and each.startswith(inside)), None)


def outputs_page() -> str:
    """Return the page on everything that a build writes."""
    return "\n".join(
        [
            "# What a build writes\n",
            "`songatlas build SONGS -o DIR` fills one folder. All is written beside, then put in place, so",
            "that a run that is ended half-way leaves the old outputs or the new ones. Your files stay.\n",
            *_table(("entry", "what it is"), [(f"`{name}`", words) for name, words in FILES.items()]),
            "\n## clustered_songs.csv\n",
            "Your columns first, then these. Where your table has such a column, ours gets a number.",
            "CSV, UTF-8, commas; an empty cell is empty.\n",
            *_table(
                ("column", "type", "unit", "meaning"),
                [(f"`{name}`", _type(TOLD[name]), *ROW_COLUMNS[name]) for name in TOLD],
            ),
            "\n## clusters.csv\n",
            "Means of features are those of the songs of the cluster; of estimates the column is called so:",
            "`energy_estimate`.\n",
            *_table(("column", "unit", "meaning"), _cluster_rows()),
            "\n## quality.json\n",
            "One JSON object. Numbers not known are null. Two builds of one table give the same text.",
            "`[]` stands for each entry of a list, a name in braces for any name.\n",
            *_table(("key", "meaning"), [(f"`{path}`", words) for path, words in QUALITY.items()]),
            "\n## figures\n",
            *_table(
                ("file", "what it shows"),
                [(f"`{name}.png`, `.svg`", f"{row.title}. {row.caption}") for name, row in FIGURES.items()],
            ),
            "\nPictures of all of them stand in the [gallery](../gallery.md).\n",
            "## atlas\n",
            "Parquet, JSON and NumPy arrays; nothing in it is ever executed or unpickled.\n",
            *_table(("part", "what it holds"), [(f"`{name}`", words) for name, words in ATLAS_PARTS.items()]),
        ]
    )


def _cluster_rows() -> list[tuple[str, str, str]]:
    """Rows on the columns of clusters.csv, in their order."""
    rows = [(f"`{name}`", *told) for name, told in CLUSTER_COLUMNS.items()]
    place = list(CLUSTER_COLUMNS).index("top_tags")
    means = [
        (f"`{name}`", feature.unit, f"mean {feature.label.lower()}, where the table has it")
        for name, feature in FEATURES.items()
        if feature.in_sound
    ]
    roles = [(f"`n_{role}`", "songs", f"how many of its songs are `{role}`") for role in ROLES]
    after = list(CLUSTER_COLUMNS).index("exemplars")
    return [*rows[:place], *means, *rows[place:after], *roles, *rows[after:]]


def _type(kind: Any) -> str:
    return {"Int32": "whole number", "Float32": "number", "Float64": "number"}.get(str(kind), "text")


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [header, ("---",) * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]
