from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songatlas.atlas import Atlas
from songatlas.report import tables
from songatlas.report.tables import (
    APPENDED,
    appended_names,
    clusters_table,
    write_clustered_songs,
    write_clusters,
)
from songatlas.safe_cells import unguarded

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def fake_rows(raw: pl.DataFrame, header: tuple[str, ...]) -> Any:
    answer = pl.DataFrame(
        {
            "cluster": pl.Series([0] * raw.height, dtype=pl.Int32),
            "cluster_name": ["A, B"] * raw.height,
            "cluster_distance": [0.5] * raw.height,
            "excluded_because": pl.Series([None] * raw.height, dtype=pl.String),
        }
    )
    table = SimpleNamespace(raw=raw, header=header)
    return SimpleNamespace(
        table=table, n_rows=raw.height, columns=answer.slice, column_names=tuple(answer.columns)
    )


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@given(
    st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=6),
    st.lists(TEXTS, min_size=2, max_size=2),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_header_reads_back_equal(
    tmp_path: Path, rows: list[list[str]], header: list[str]
) -> None:
    raw = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    path = tmp_path / "out.csv"
    appended = write_clustered_songs(fake_rows(raw, tuple(header)), path)
    written = [[unguarded(cell) for cell in row] for row in read(path)]
    assert written[0] == [text.lstrip("\ufeff") for text in header] + list(appended.values())
    assert written[1:] == [[*row, "0", "A, B", "0.5", ""] for row in rows]
    write_clustered_songs(fake_rows(raw, tuple(header)), path, raw_cells=True)
    assert read(path)[1:] == [[*row, "0", "A, B", "", "0.5"] for row in rows]
    polars = pl.read_csv(path, has_header=False, skip_rows=0, infer_schema=False, truncate_ragged_lines=False)
    assert polars.height == len(rows) + 1
    assert [list(row[:2]) for row in polars.fill_null("").rows()][1:] == rows


def test_typed_cells_are_shortest_text_json_and_iso(tmp_path: Path) -> None:
    raw = pl.DataFrame(
        {
            "float": [0.1, 1e22, None],
            "single": pl.Series([0.1, 2.0, None], dtype=pl.Float32),
            "whole": [1, -2, None],
            "truth": [True, False, None],
            "day": [dt.date(2001, 3, 19), None, None],
            "moment": [dt.datetime(2001, 3, 19, 1, 2, 3), None, None],
            "time": [dt.time(1, 2, 3), None, None],
            "length": [dt.timedelta(seconds=185), None, None],
            "names": [["a", 'b"c'], [], None],
            "pair": [{"x": 1, "y": ["ü"]}, {"x": None, "y": None}, None],
            "bytes": [b"ab", None, None],
            "nothing": [None, None, None],
            "word": pl.Series(["x", "", None], dtype=pl.Categorical),
        }
    )
    path = tmp_path / "out.csv"
    write_clustered_songs(fake_rows(raw, tuple(raw.columns)), path)
    first, second, third = (row[: raw.width] for row in read(path)[1:])
    assert first == [
        "0.1", "0.1", "1", "true", "2001-03-19", "2001-03-19T01:02:03.000000", "01:02:03", "PT185S",
        '["a","b\\"c"]', '{"x":1,"y":["ü"]}', "ab", "", "x",
    ]  # fmt: skip
    assert second[:4] == ["1e22" if second[0] == "1e22" else "1e+22", "2.0", "-2", "false"]
    assert second[8] == "[]"
    assert third == [""] * raw.width


def test_a_table_is_written_alike_in_one_part_and_in_many(
    hostile_atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hostile_atlas.rows is not None
    write_clustered_songs(hostile_atlas.rows, tmp_path / "whole.csv")
    monkeypatch.setattr(tables, "_ROWS_AT_ONCE", 7)
    write_clustered_songs(hostile_atlas.rows, tmp_path / "parts.csv")
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_header_is_text_for_text_without_byte_order_mark(tmp_path: Path) -> None:
    raw = pl.DataFrame({"a": ["1"], "a_1": ["2"], "c": ["3"]})
    path = tmp_path / "out.csv"
    write_clustered_songs(fake_rows(raw, ("\ufeffnote", "note", "")), path)
    assert path.read_bytes().startswith(b"note,note,,cluster,")


def test_our_columns_step_aside_for_those_of_the_input() -> None:
    assert dict(appended_names(["title"])) == {name: name for name in APPENDED}
    names = appended_names(["cluster", " CLUSTER_2", "excluded_because"])
    assert dict(names) == {
        "cluster": "cluster_3",
        "cluster_name": "cluster_name",
        "cluster_distance": "cluster_distance",
        "excluded_because": "excluded_because_2",
    }


def test_clusters_table_tells_each_cluster(hostile_atlas: Atlas) -> None:
    table = clusters_table(hostile_atlas)
    assert table["cluster"].to_list() == list(range(hostile_atlas.k))
    assert table["name"].to_list() == list(hostile_atlas.cluster_names())
    assert table["size"].sum() == hostile_atlas.songs.height
    assert table["share"].sum() == pytest.approx(1.0, abs=1e-5)
    assert table.columns[:5] == ["cluster", "name", "size", "share", "danceability"]
    assert table.columns[-10:] == [
        "top_tags", "typical_songs", "evidence", "median_year", "n_core", "n_borderline", "n_bridge",
        "n_outlier", "exemplars", "n_subclusters",
    ]  # fmt: skip
    roles = table.select("n_core", "n_borderline", "n_bridge", "n_outlier")
    assert roles.sum_horizontal().to_list() == table["size"].to_list()
    assert table["n_subclusters"].sum() == hostile_atlas.division.k
    (first,) = hostile_atlas.songs.filter(pl.col("song_id") == hostile_atlas.exemplars[0][0])["title"]
    assert table["exemplars"][0].startswith(f"{first} - Artist & Söhne")
    of_first = hostile_atlas.songs.filter(pl.Series(hostile_atlas.clustering.labels == 0))
    assert table["energy"][0] == pytest.approx(of_first["energy"].mean(), rel=1e-5)
    assert " - Artist & Söhne" in table["typical_songs"][0]


def test_clusters_file_reads_back(hostile_atlas: Atlas, tmp_path: Path) -> None:
    write_clusters(hostile_atlas, tmp_path / "clusters.csv")
    written = read(tmp_path / "clusters.csv")
    assert len(written) == hostile_atlas.k + 1
    assert [row[1] for row in written[1:]] == list(hostile_atlas.cluster_names())
    assert all(len(row) == len(written[0]) for row in written)
