"""A small atlas of hostile songs: titles that are markup, templates, control signs and novels."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.report import write_outputs

HOSTILE = (
    "<script>alert(1)</script>",
    "{{7*7}} {% raw %}",
    "\u202egnp.elif",
    'Comma, "quote", and more',
    "Two\nlines",
    "</title><img src=x onerror=alert(1)>",
    "🎷 月の図書館",
    "=cmd|' /C calc'!A0",
    "Long " * 400,
    "  padded  ",
)
HEADER = (
    "track_id", "track_name", "track_artist", "track_album_release_date", "playlist_genre",
    "danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness",
    "liveness", "valence", "tempo", "duration_ms", "cluster", "note", "note", "<b>left alone</b>",
)  # fmt: skip
CENTRES = ((0.8, 0.8, -5.0, 0.02), (0.3, 0.2, -18.0, 0.9), (0.5, 0.95, -3.0, 0.01))


def hostile_rows(n_rows: int = 150) -> list[list[str]]:
    """Rows of three plain groups of songs, the last row without any feature."""
    rng = np.random.default_rng(0)
    rows = []
    for place in range(n_rows):
        group = place % 3
        dance, energy, loudness, acoustic = CENTRES[group]
        shares = np.clip(np.array([dance, energy, acoustic, 0.1, 0.5, 0.02]) + rng.normal(0, 0.04, 6), 0, 1)
        features = [
            f"{shares[0]:.4f}", f"{shares[1]:.4f}", f"{loudness + rng.normal():.3f}", "0.05",
            f"{shares[2]:.4f}", f"{shares[5]:.4f}", f"{shares[3]:.4f}", f"{shares[4]:.4f}",
            f"{rng.uniform(80, 160):.2f}", str(rng.integers(150_000, 250_000)),
        ]  # fmt: skip
        features = features if place < n_rows - 1 else [""] * len(features)
        rows.append(
            [
                f"id{place:020d}",
                f"{HOSTILE[place % len(HOSTILE)]}{place}",
                f"Artist & Söhne <u>{place % 40}</u>",
                f"{1970 + group * 15 + place % 9}-05-01", ("pop", "folk & <i>", "metal")[group],
                *features, "old", "", f"n{place}", "",
            ]
        )  # fmt: skip
    return rows


@pytest.fixture(scope="session")
def hostile_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / "my <songs> & more.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *hostile_rows()])
    return path


def build_hostile(path: Path) -> Atlas:
    return build_atlas(path, k_max=4, genre="playlist_genre", keep=("too_short",))


@pytest.fixture(scope="session")
def hostile_atlas(hostile_csv: Path) -> Atlas:
    return build_hostile(hostile_csv)


@pytest.fixture(scope="session")
def hostile_atlas_again(hostile_csv: Path) -> Atlas:
    return build_hostile(hostile_csv)


@pytest.fixture(scope="session")
def written(hostile_atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of outputs without figures, which no test changes."""
    return write_outputs(hostile_atlas, tmp_path_factory.mktemp("written") / "out", figures=False).directory


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(written, tmp_path / "out"))
