from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import songatlas.report.song_map as module
from songatlas.atlas import Atlas
from songatlas.report import render_report
from songatlas.report.song_map import SongMap, song_map


def told(made: SongMap) -> dict[str, Any]:
    text = re.search(r'<script type="application/json"[^>]*>(.*)</script>', made.place)
    assert text
    return dict(json.loads(text[1]))


def names(settings: dict[str, Any]) -> list[list[str]]:
    chunks = [b64decode(part["base64"]) for part in settings["names"]["parts"]]
    return [pair for chunk in chunks for pair in json.loads(gzip.decompress(chunk))]


def test_every_song_is_on_the_map_with_its_name_and_cluster(hostile_atlas: Atlas) -> None:
    made = song_map(hostile_atlas)
    settings = told(made)
    n = hostile_atlas.songs.height
    assert (made.n_shown, made.n_songs, settings["n"]) == (n, n, n)
    labels = np.frombuffer(gzip.decompress(b64decode(settings["labels"]["base64"])), dtype=np.uint8)
    found = sorted(zip(names(settings), labels.tolist(), strict=True))
    songs = hostile_atlas.songs.select(pl.col("title", "artist").str.slice(0, 120))
    assert found == sorted(
        zip(map(list, songs.rows()), hostile_atlas.clustering.labels.tolist(), strict=True)
    )
    assert [group["name"] for group in settings["clusters"]] == list(hostile_atlas.cluster_names())
    assert [group["size"] for group in settings["clusters"]] == [p.size for p in hostile_atlas.profiles]


def test_of_many_songs_a_sample_is_shown_and_told(
    hostile_atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = song_map(hostile_atlas, most=40)
    assert (made.n_shown, len(names(told(made)))) == (40, 40)
    assert made == song_map(hostile_atlas, most=40)
    other = replace(hostile_atlas, settings=replace(hostile_atlas.settings, seed=9))
    assert made.place != song_map(other, most=40).place
    monkeypatch.setattr(module, "MOST_NAME_BYTES", 900)
    page = render_report(hostile_atlas, figures=False)
    shown = re.search(r"The map shows (\d+) of the 149 songs, drawn by chance", page)
    assert shown
    assert 0 < int(shown[1]) < 149


def test_a_whole_catalogue_is_not_called_a_sample(hostile_atlas: Atlas) -> None:
    assert "The map shows" not in render_report(hostile_atlas, figures=False)
