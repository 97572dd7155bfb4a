"""What `build` prints of a table that `songatlas scan` wrote: one line, unless it was changed."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from scanned_songs import scanned_songs
from songatlas.atlas import build_atlas, preview
from songatlas.cli import tell
from songatlas.report.outputs import WrittenOutputs


def printed(table: pl.DataFrame, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `build` prints at the end, on one line a paragraph."""
    text = StringIO()
    monkeypatch.setattr(tell, "stdout", lambda: Console(file=text, width=400))
    built = build_atlas(table, k=3, k_max=4, threads=1)
    tell.atlas(
        WrittenOutputs(directory=folder, entries=(), appended={}, atlas=built, notes=()), as_json=False
    )
    return text.getvalue()


def test_a_scan_is_told_in_a_line_and_what_its_clusters_are_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = printed(scanned_songs(60), tmp_path, monkeypatch)
    assert told.startswith("polars DataFrame is a table of songatlas scan: build --dry-run tells how every")
    assert "estimated from the sound" not in told
    assert "Clusters are made of: how songs sound to a network and when they came out" in told


def test_a_scan_with_another_column_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = printed(scanned_songs(60).with_columns(mood=pl.lit("blue")), tmp_path, monkeypatch)
    assert told.startswith("What was understood of")
    assert "estimated from the sound by songatlas scan" in told


def test_a_dry_run_tells_every_column(monkeypatch: pytest.MonkeyPatch) -> None:
    text = StringIO()
    monkeypatch.setattr(tell, "stdout", lambda: Console(file=text, width=400))
    tell.reading(*preview(scanned_songs(60)), as_json=False)
    assert "estimated from the sound by songatlas scan" in text.getvalue()
