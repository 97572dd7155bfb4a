"""The command line: one line for every mistake, JSON for programs, nothing heavy before it is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from songatlas.cli import options as opt
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings
from typed import songatlas


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What a process of its own prints, and how it ends: all other tests stay within this one."""
    return subprocess.run(
        [sys.executable, "-m", "songatlas", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / "my songs.csv"
    simulate_catalogue(300, seed=4).write_csv(path)
    return path


@pytest.fixture(scope="module")
def built(table: Path) -> Path:
    ran = songatlas("build", table, "--k", 4, "--no-figures", cwd=table.parent)
    assert ran.returncode == 0, ran.stderr
    return table.parent / "my songs_atlas"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build"], "Missing argument 'SONGS'"),
        (["bulid"], "No such command 'bulid'"),
        (["build", "x.csv", "--enrgy", "1"], "No such option"),
        (["build", "nowhere.csv"], "nowhere.csv"),
        (["build", "x.csv", "--k", "many"], "--k is 'many'"),
        (["build", "x.csv", "--k", "1"], "k is 1"),
        (["build", "x.csv", "--weights", "sound"], "NAME=VALUE"),
        (["build", "x.csv", "--weights", "sound=loud"], "write numbers"),
        (["build", "x.csv", "--feature-weights", "energy=big"], "such as energy=2"),
        (["build", "x.csv", "--column", "energy"], "such as energy=nrgy"),
        (["build", "x.csv", "--genre-pull", "2"], "genre_pull is 2.0"),
        (["build", "x.csv", "--genre-pull", "much"], "--genre-pull"),
        (["why", "nowhere", "Hello"], "no such folder"),
        (["why", "nowhere"], "Missing argument"),
        (["build", "x.csv", "--settings", "none.toml"], "cannot read the settings file"),
        (["assign", "nowhere", "x.csv"], "no such folder"),
        (["demo", "--songs", "3"], "greater than or equal to 50"),
    ],
)
def test_a_mistake_ends_with_one_line_and_status_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    ran = songatlas(*arguments, cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("songatlas: ")
    assert ran.stderr.count("\n") == 1
    assert words in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, songatlas.cli\n"
        "try: songatlas.cli.app(['build', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'sklearn', 'scipy', 'matplotlib', 'seaborn', 'polars', 'numpy', 'streamlit', 'pyspark'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_without_arguments_help_is_shown() -> None:
    ran = process()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Usage: ")
    assert "\n  build " in ran.stdout
    assert ran.stdout == process("--help").stdout


def test_a_process_ends_as_the_command_does() -> None:
    ran, within = process("why", "nowhere", "Hello"), songatlas("why", "nowhere", "Hello")
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", within.stderr)


def test_build_tells_what_it_understood_and_found(built: Path, table: Path) -> None:
    ran = process("build", table, "--k", 4, "--no-figures", "-o", built)
    assert ran.returncode == 0, ran.stderr
    for words in ("danceability", "certain", "songs to cluster", "Open", "report.html"):
        assert words in ran.stdout
    assert ran.stderr == ""


def test_json_is_the_quality_file(built: Path, table: Path) -> None:
    ran = songatlas("build", table, "--k", 4, "--no-figures", "-o", built, "--json")
    assert json.loads(ran.stdout) == json.loads((built / "quality.json").read_text(encoding="utf-8"))


def test_a_dry_run_writes_nothing(table: Path, tmp_path: Path) -> None:
    ran = songatlas("build", table, "--dry-run", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "Nothing was written" in ran.stdout
    as_json = songatlas("build", table, "--dry-run", "--json", cwd=tmp_path)
    understood = {c["header"]: c["column"] for c in json.loads(as_json.stdout)["columns"]}
    assert understood["tempo"] == "tempo_bpm"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--keep", "nonsense", "no rule"),
        ("--space", "foo", "no block"),
        ("--features", "enrgy", "energy"),
        ("--feature-weights", "enrgy=2", "energy"),
    ],
)
def test_a_dry_run_refuses_what_the_build_would(
    table: Path, tmp_path: Path, option: str, value: str, words: str
) -> None:
    ran = songatlas("build", table, "--dry-run", option, value, cwd=tmp_path)
    assert ran.returncode == 2
    assert words in ran.stderr


def test_as_many_clusters_as_songs_are_refused_with_the_most_there_can_be(tmp_path: Path) -> None:
    simulate_catalogue(60, seed=5).write_csv(tmp_path / "few.csv")
    ran = songatlas("build", "few.csv", "--k", 300, "--no-figures", cwd=tmp_path)
    assert ran.returncode == 2
    most = re.search(r"ask for at most --k (\d+)", ran.stderr)
    assert most is not None
    assert songatlas("build", "few.csv", "--k", most[1], "--no-figures", cwd=tmp_path).returncode == 0


def test_a_genre_column_without_genres_is_refused(table: Path, tmp_path: Path) -> None:
    ran = songatlas("build", table, "--genre", "track_id", cwd=tmp_path)
    assert ran.returncode == 2
    assert "no two genres" in ran.stderr


def test_options_win_over_the_settings_file(table: Path, tmp_path: Path) -> None:
    (tmp_path / "songs.toml").write_text('k = 3\nspace = ["sound"]\n', encoding="utf-8")
    ran = songatlas(
        "build",
        table,
        "--settings",
        "songs.toml",
        "--k",
        5,
        "--no-figures",
        "-o",
        "out",
        "--json",
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["k"] == 5
    settings = json.loads((tmp_path / "out" / "atlas" / "manifest.json").read_text(encoding="utf-8"))[
        "settings"
    ]
    assert settings["space"] == ["sound"]


def test_assign_tells_how_many_rows_each_cluster_got(built: Path, table: Path, tmp_path: Path) -> None:
    ran = songatlas("assign", built, table, "-o", tmp_path / "placed.csv", "--json")
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["n_rows"] == 300
    assert sum(answer["rows_in_cluster"].values()) + answer["n_left_out"] == 300
    assert (tmp_path / "placed.csv").read_bytes() == (built / "clustered_songs.csv").read_bytes()


def test_build_tells_what_the_clusters_are_worth(built: Path, table: Path) -> None:
    ran = songatlas("build", table, "--k", 4, "--no-figures", "-o", built, "--refine")
    assert ran.returncode == 0, ran.stderr
    told = {line.split(" ")[0] for line in ran.stdout.split("4 clusters, as asked for")[1].splitlines()}
    assert {"For", "Genres:", "Refining:"} <= told
    assert "a taught classifier 0." in ran.stdout
    record = json.loads((built / "quality.json").read_text(encoding="utf-8"))
    assert ran.stdout.count("Warning: ") == sum(each["severity"] == "warning" for each in record["lint"])


def test_the_pull_of_genres_makes_them_part_of_the_space(table: Path, tmp_path: Path) -> None:
    ran = songatlas(
        "build", table, "--k", 4, "--genre-pull", 0.6, "--no-figures", "-o", "out", "--json", cwd=tmp_path
    )
    record = json.loads(ran.stdout)
    assert record["settings"]["genre_pull"] == 0.6
    assert "genre" in record["space"]["blocks"]
    assert "no song was placed by its own" in record["genre"]["labels_hidden"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "the genres they are believed to be of" in page
    assert "--genre-pull 0.6" in page


def test_why_names_the_cluster_and_the_reasons(built: Path) -> None:
    songs = pl.read_csv(built / "clustered_songs.csv", infer_schema=False).filter(
        pl.col("cluster").is_not_null()
    )
    song_id, title, artist, cluster = songs.select("track_id", "track_name", "track_artist", "cluster").row(0)
    ran = songatlas("why", built, song_id, f"{title} - {artist}")
    assert ran.returncode == 0, ran.stderr
    assert f"is in cluster {cluster}, " in ran.stdout
    assert ran.stdout.count(f"{title} - ") == 2
    assert "% of what speaks for it." in ran.stdout
    (answer,) = json.loads(songatlas("why", built, song_id, "--json").stdout)
    assert (answer["song_id"], answer["cluster"]) == (song_id, int(cluster))
    assert answer["sentences"]
    assert answer["contributions"]
    lost = songatlas("why", built, "Qwertzuiop")
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "no song is called 'Qwertzuiop'" in lost.stderr


def test_tune_prints_a_table_and_writes_settings(tmp_path: Path) -> None:
    table, out = tmp_path / "few.csv", tmp_path / "tuned.toml"
    simulate_catalogue(60, seed=4).write_csv(table)
    ran = songatlas("tune", table, "--k", 4, "--threads", 1, "--settings-out", out, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    for words in ("Variant", "AMI", "as given", "Take '", "Build with it: songatlas build"):
        assert words in ran.stdout
    assert max(map(len, ran.stdout.split("Take '")[0].splitlines())) <= 100
    assert {path.name for path in tmp_path.iterdir()} == {"few.csv", "tuned.toml"}
    as_json = songatlas("tune", table, "--settings", out, "--threads", 1, "--json", cwd=tmp_path)
    answer = json.loads(as_json.stdout)
    assert answer["settings"]["k"] == 4
    assert sum(row["taken"] for row in answer["rows"]) == 1
    assert answer["command"].startswith("songatlas build")


def test_settings_that_cannot_be_written_are_named_before_the_work(tmp_path: Path) -> None:
    ran = songatlas("tune", "nowhere.csv", "--settings-out", "no/folder.toml", cwd=tmp_path)
    assert ran.returncode == 2
    assert "cannot write" in ran.stderr


def test_info_names_kernels_and_versions() -> None:
    facts = json.loads(songatlas("info", "--json").stdout)
    assert {"songatlas", "python", "kernels", "threads", "numpy", "polars"} <= set(facts)


def test_brackets_in_names_are_no_markup(tmp_path: Path) -> None:
    songs = simulate_catalogue(120, seed=1).rename({"playlist_genre": "[bold]odd[/bold]"})
    songs.write_csv(tmp_path / "odd.csv")
    ran = songatlas("build", "odd.csv", "--dry-run", cwd=tmp_path)
    assert "[bold]odd[/bold]" in ran.stdout


@pytest.mark.parametrize(("text", "value"), [(None, None), ("auto", "auto"), ("7", 7)])
def test_read_k(text: str | None, value: object) -> None:
    assert opt.read_k(text) == value


def test_read_weights() -> None:
    assert opt.read_weights("sound=1, era=0.5") == {"sound": 1.0, "era": 0.5}
    assert opt.read_weights(None) is None
    with pytest.raises(BadSettings, match="write numbers"):
        opt.read_weights("sound=x")
