"""What the simulated catalogue knows of real tracks: aggregates by subgenre, and how to draw from them.

The sound of a subgenre is a Gaussian copula: normal scores with given correlations, put through each
variable's quantile function. A score is the sum of an artist's, an album's and the song's own part, so
that songs of one artist or album resemble each other as real ones do. Fitted by `tools/fit_demo.py`.

References
----------
Nelsen, *An Introduction to Copulas*, 2006, chapter 2; Kruskal, Ordinal measures of association, 1958
(correlation of normal scores from rank correlation).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from songatlas.demo.draws import Floats, Ints


@dataclass(frozen=True)
class Statistics:
    """The fitted aggregates as arrays; the first axis is the subgenre unless it says otherwise.

    Attributes
    ----------
    variables, genres, subgenres : tuple of str
        Names along the axes; subgenres of one genre stand together, the year is the last variable.
    genre_of : (n_subgenres,) int
    shares : (n_subgenres,) summing to 1
    scores : (n_scores,) evenly spaced normal scores at which quantiles are known
    quantiles : (n_subgenres, n_variables, n_scores) in ordinary units (dB, BPM, ms, years)
    rank_correlations : (n_subgenres, n_variables, n_variables)
    loadings : (n_subgenres, 3, n_variables, n_variables)
        ``score[v] = sum over part, u of normal[part, u] * loadings[subgenre, part, u, v]`` with the
        parts artist, album, song.
    key_shares : (n_subgenres, 24) by ``2 * key + mode``
    second_genres : (n_genres, n_genres) where a song of one genre also stands, rows summing to 1
    year_only : (n_decades,) share of dates that give the year alone, from the 1960s on
    explicit : (2, n_steps) share of explicit songs before and since `explicit_since`, by speechiness
    explicit_edges : (n_steps - 1,) of speechiness
    beats, beat_shares : (n_beats,), (10, n_beats) by tenth of danceability
    """

    variables: tuple[str, ...]
    genres: tuple[str, ...]
    subgenres: tuple[str, ...]
    genre_of: Ints
    shares: Floats
    scores: Floats
    quantiles: Floats
    rank_correlations: Floats
    loadings: Floats
    key_shares: Floats
    second_genres: Floats
    year_only: Floats
    explicit: Floats
    explicit_edges: Floats
    explicit_since: int
    beats: Ints
    beat_shares: Floats

    @property
    def sisters(self) -> Ints:
        """Subgenres of the same genre as each, itself among them, shape (n_subgenres, n_sisters)."""
        return np.array([np.flatnonzero(self.genre_of == genre) for genre in self.genre_of])

    def values(self, scores: Floats, subgenre: Ints) -> dict[str, Floats]:
        """Return each variable's values from normal scores (n_variables, n_songs).

        Linear between the known quantiles, and never outside them.
        """
        step = self.scores[1] - self.scores[0]
        at = np.clip((scores - self.scores[0]) / step, 0.0, len(self.scores) - 1.000001)
        left = at.astype(np.int64)
        part = at - left
        values = {}
        for variable, name in enumerate(self.variables):
            table = np.ascontiguousarray(self.quantiles[:, variable]).ravel()
            place = subgenre * len(self.scores) + left[variable]
            values[name] = table[place] * (1.0 - part[variable]) + table[place + 1] * part[variable]
        return values

    def mix(self, parts: Floats, subgenre: Ints) -> Floats:
        """Return normal scores (n_variables, n_songs) from parts (3, n_variables, n_songs).

        Added up one term at a time, because a matrix product would give other last bits for other
        ranges of rows.
        """
        scores = np.empty(parts.shape[1:])
        for number, loadings in enumerate(self.loadings):
            songs = np.flatnonzero(subgenre == number)
            own = parts[:, :, songs]
            mixed = np.zeros(own.shape[1:])
            for part, variable in np.argwhere(np.abs(loadings).max(axis=2) > 0):
                mixed += loadings[part, variable][:, None] * own[part, variable]
            scores[:, songs] = mixed
        return scores


def read_json(name: str) -> dict[str, Any]:
    """Return one of the package's JSON files."""
    content: dict[str, Any] = json.loads(files("songatlas").joinpath(name).read_text(encoding="utf-8"))
    return content


@cache
def statistics() -> Statistics:
    """Return the fitted aggregates, read once."""
    fitted = read_json("demo_statistics.json")
    subgenres, variables, genres = fitted["subgenres"], fitted["variables"], fitted["genres"]
    explicit, bars = fitted["explicit_shares"], fitted["time_signature_shares"]
    shares = np.array([part["share"] for part in subgenres])
    ranks = np.array([_square(part["rank_correlations"], len(variables)) for part in subgenres])
    artist, album = np.array(fitted["artist_shares"]), np.array(fitted["album_shares"])
    return Statistics(
        variables=tuple(variables),
        genres=tuple(genres),
        subgenres=tuple(part["subgenre"] for part in subgenres),
        genre_of=np.array([genres.index(part["genre"]) for part in subgenres]),
        shares=shares / shares.sum(),
        scores=np.array(fitted["normal_scores"]),
        quantiles=np.array([[part["quantiles"][name] for name in variables] for part in subgenres]),
        rank_correlations=ranks,
        loadings=np.array([_loadings(2.0 * np.sin(np.pi / 6.0 * rank), artist, album) for rank in ranks]),
        key_shares=np.array([part["key_mode_shares"] for part in subgenres]),
        second_genres=np.array(fitted["second_genre_shares"]),
        year_only=np.array(list(fitted["year_only_shares"].values())),
        explicit=np.array([explicit["before"], explicit["since"]]),
        explicit_edges=np.array(explicit["speechiness_edges"]),
        explicit_since=explicit["since_year"],
        beats=np.array(bars["beats"]),
        beat_shares=np.array(bars["by_danceability_tenth"]),
    )


def _square(triangle: list[float], n: int) -> Floats:
    """Symmetric matrix with ones on its diagonal, from its upper triangle row by row."""
    matrix = np.eye(n) / 2.0
    matrix[np.triu_indices(n, 1)] = triangle
    return np.asarray(matrix + matrix.T)


def _root(covariance: Floats, variances: Floats) -> Floats:
    """Root ``r`` with ``r.T @ r`` the covariance, negative eigenvalues cut, scaled to these variances."""
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(values.clip(0.0))) @ vectors.T
    lengths = np.sqrt((root**2).sum(axis=0))
    return np.asarray(root * np.sqrt(variances) / np.where(lengths > 0.0, lengths, 1.0))


def _loadings(scores: Floats, artist: Floats, album: Floats) -> Floats:
    """Weights (3, n, n) of artist, album and song, for score correlations (n, n) and variance shares (n,).

    All songs of an album have one year, the last variable: the song has no part in it, and what artists
    and albums share of it is correlated more strongly, to make up.
    """
    album = np.append(album[:-1], 1.0 - artist[-1])
    shares = np.array([artist, album, (1.0 - artist - album).clip(0.0)])
    artist, album, song = shares / shares.sum(axis=0)
    together = np.sqrt(np.outer(artist, artist)) + np.sqrt(np.outer(album, album))
    group = scores.copy()
    group[-1, :-1] = group[:-1, -1] = np.clip(scores[-1, :-1] / together[-1, :-1], -0.9, 0.9)
    root = _root(group, np.ones(len(group)))
    own = scores - together * (root.T @ root)
    own[-1, :] = own[:, -1] = 0.0
    return np.array([root * np.sqrt(artist), root * np.sqrt(album), _root(own, song)])
