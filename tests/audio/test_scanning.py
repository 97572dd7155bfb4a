"""The scan of a folder: every file accounted for, none read twice, whatever happens on the way.

Files here are texts that tell `stub_analysis` what to do; `test_random_kills` takes the number of kills from
the environment variable SONGATLAS_KILLS for long runs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from songatlas.audio.scan import cores, pace
from songatlas.audio.scan.cores import usable_cores
from songatlas.audio.scan.pace import Pace
from songatlas.audio.scan.scanning import Scan, scan_folder
from songatlas.audio.scan.store import Store
from songatlas.errors import BadSettings, SongAtlasError

HERE = Path(__file__).parent


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the analyser writes which files it was given."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("SONGATLAS_STUB_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Five songs, one of them in a folder."""
    folder = tmp_path / "music"
    (folder / "inside").mkdir(parents=True)
    for number in range(4):
        (folder / f"{number}.mp3").write_text(f"song number {number}")
    (folder / "inside" / "4.flac").write_text("song number 4")
    return folder


def scan(folder: Path, **settings: Any) -> Scan:
    output = settings.pop("output", folder.parent / "songs.parquet")
    return scan_folder(folder, output=output, analyser="stub_analysis", **({"workers": 2} | settings))


def rows(found: Scan) -> dict[str, dict[str, Any]]:
    """The table by file name."""
    table = pl.read_parquet(found.output).rows(named=True)
    return {Path(row["path"]).name: row for row in table}


def analysed(log: Path) -> list[str]:
    """Names of the files that were analysed since the last question."""
    names = sorted(Path(line).name for line in log.read_text().splitlines()) if log.exists() else []
    log.write_text("")
    return names


def test_a_folder_becomes_a_table(music: Path, log: Path) -> None:
    told: list[tuple[float, str]] = []
    found = scan(music, progress=lambda share, words: told.append((share, words)))
    assert (found.n_files, found.n_songs, found.n_heard) == (5, 5, 5)
    assert found.outcomes == {"ok": 5}
    assert found.not_ok == found.notes == found.skipped == ()
    table = pl.read_parquet(found.output)
    assert table["title"].to_list() == [f"number {number}" for number in range(5)]
    assert table["path"].to_list()[-1] == str(music / "inside" / "4.flac")
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any(words.startswith("5 of 5 files") for _, words in told)
    assert sorted(path.name for path in music.parent.iterdir()) == [
        "log",
        "music",
        "songs.parquet",
        "songs.scan.sqlite",
    ]


def test_every_way_to_end_is_told_and_costs_one_file(music: Path, log: Path) -> None:
    ways = ("silent", "bad", "segfault", "kill", "exit", "raise", "eat", "sleep", "hold", "once", "prints")
    for word in ways:
        (music / f"{word}.mp3").write_text(f"{word} now")
    found = scan(music, per_file_s=1.5)
    told = {name: (row["outcome"], row["outcome_reason"]) for name, row in rows(found).items()}
    assert told["silent.mp3"] == ("silent", "it holds only zeros")
    assert told["bad.mp3"] == ("unreadable", "it is no audio")
    assert told["segfault.mp3"] == ("crashed", "the decoder was killed (signal 11)")
    assert told["kill.mp3"] == ("crashed", "the decoder was killed (signal 9)")
    assert told["exit.mp3"] == ("crashed", "the decoder ended without an answer (status 3)")
    assert told["raise.mp3"] == ("crashed", "ValueError: a mistake of the analysis")
    assert told["sleep.mp3"] == told["hold.mp3"] == ("crashed", "it took longer than 1.5 s")
    assert told["once.mp3"] == ("ok", None), "the second try, alone, is good"
    assert told["prints.mp3"] == ("ok", None)
    if sys.platform == "linux":
        assert told["eat.mp3"] == ("crashed", "it needs more than 2 GB of memory")
    assert all(told[name] == ("ok", None) for name in ("0.mp3", "1.mp3", "2.mp3", "3.mp3", "4.flac"))
    assert {each.path: (each.outcome, each.reason) for each in found.not_ok} == {
        name: end for name, end in told.items() if end[0] != "ok"
    }
    tries = analysed(log)
    assert {name: tries.count(name) for name in tries} == {
        name: 1 if told[name][0] != "crashed" and name != "once.mp3" else 2 for name in told
    }
    scan(music, per_file_s=1.5)
    assert analysed(log) == ["kill.mp3", "kill.mp3"], (
        "what killed it may be gone; the others stay as they are"
    )
    assert scan(music, per_file_s=1.6).outcomes == found.outcomes
    assert set(analysed(log)) == {"kill.mp3", "sleep.mp3", "hold.mp3"}, "more time may help these"


def test_a_second_scan_opens_nothing(music: Path, log: Path) -> None:
    first = scan(music)
    before = rows(first)
    assert len(analysed(log)) == 5
    again = scan(music)
    assert analysed(log) == []
    assert (again.n_heard, again.n_unchanged) == (0, 5)
    assert rows(again) == before


def test_new_and_changed_files_alone_are_read(music: Path, log: Path) -> None:
    scan(music)
    analysed(log)
    (music / "1.mp3").write_text("song that is new")
    (music / "5.mp3").write_text("song number 5")
    found = scan(music)
    assert analysed(log) == ["1.mp3", "5.mp3"]
    assert (found.n_heard, found.n_unchanged) == (2, 4)
    assert rows(found)["1.mp3"]["title"] == "that is new"


def test_moved_and_renamed_files_keep_their_numbers(music: Path, log: Path) -> None:
    before = rows(scan(music))
    analysed(log)
    (music / "0.mp3").rename(music / "renamed.mp3")
    shutil.move(music / "inside" / "4.flac", music / "4.flac")
    found = scan(music)
    assert analysed(log) == []
    assert (found.n_heard, found.n_recognised, found.n_forgotten) == (0, 2, 0)
    after = rows(found)
    assert len(after) == 5
    for old, new in (("0.mp3", "renamed.mp3"), ("4.flac", "4.flac")):
        kept = ("song_id", "duration_ms", "key", "audio_embedding", "measured_by", "outcome")
        assert [before[old][name] for name in kept] == [after[new][name] for name in kept]


def test_moved_files_are_not_gone_and_deleted_copies_are(music: Path, log: Path) -> None:
    (music / "copy.mp3").write_text("song number 0")
    scan(music)
    (music / "1.mp3").rename(music / "moved.mp3")
    (music / "2.mp3").unlink()
    (music / "copy.mp3").unlink()
    found = scan(music)
    assert (found.n_heard, found.n_recognised, found.n_forgotten) == (0, 1, 2)
    assert sorted(rows(found)) == ["0.mp3", "3.mp3", "4.flac", "moved.mp3"]


def test_a_place_that_takes_no_files_is_named(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr(sqlite3, "connect", closed)
    with pytest.raises(SongAtlasError, match="cannot write into the folder") as caught:
        scan(music)
    assert str(music.parent) in str(caught.value)
    assert "free the place" not in str(caught.value)


def test_the_time_left_is_told_once_it_can_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("songatlas.audio.scan.pace.time.monotonic", lambda: now[0])
    told: list[str] = []
    pace = Pace(lambda share, words: told.append(words), 100, n_before=0)
    for n_done in range(1, 12):
        now[0] += 1.0
        pace.tell(n_done)
    assert told[0] == "1 of 100 files"
    assert [" left" in words for words in told] == [False] * 5 + [True] * 6
    assert told[-1] == "11 of 100 files, 60 songs a minute, 89 seconds left"


def test_a_touched_file_is_known_by_its_sound(music: Path, log: Path) -> None:
    scan(music)
    analysed(log)
    os.utime(music / "0.mp3", (1, 1))
    assert scan(music).n_recognised == 1
    assert scan(music).n_unchanged == 5
    assert analysed(log) == []


def test_the_same_sound_is_analysed_once(music: Path, log: Path) -> None:
    for number in range(20):
        (music / f"copy {number}.mp3").write_text("song number 0")
    found = scan(music, workers=4)
    assert len(analysed(log)) == 5
    table = pl.read_parquet(found.output)
    same = table.filter(pl.col("song_id") == rows(found)["0.mp3"]["song_id"])
    assert same.height == 21
    assert same["duration_ms"].n_unique() == same["audio_tags"].n_unique() == 1
    assert found.n_recognised == 20


def test_a_bad_header_beside_good_sound_spoils_no_copy(
    music: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes may be good in one file and cut short by the header of another."""
    monkeypatch.setenv("SONGATLAS_STUB_SILENT", "0.mp3")
    (music / "copy.mp3").write_text("song number 0")
    found = scan(music, workers=1)
    told = rows(found)
    assert told["0.mp3"]["outcome"] == "silent"
    assert told["0.mp3"]["duration_ms"] is None
    assert told["copy.mp3"]["outcome"] == "ok"
    assert told["copy.mp3"]["duration_ms"] == 8000.0
    assert told["copy.mp3"]["song_id"] == told["0.mp3"]["song_id"]
    assert scan(music).n_unchanged == 6


def test_copies_of_a_deadly_file_each_end(music: Path, log: Path) -> None:
    for number in range(3):
        (music / f"copy {number}.mp3").write_text("segfault here")
    found = scan(music)
    assert found.outcomes == {"ok": 5, "crashed": 3}


def test_deleted_files_leave(music: Path, log: Path) -> None:
    scan(music)
    gone = rows(scan(music))["2.mp3"]["song_id"].removeprefix("audio:")
    (music / "2.mp3").unlink()
    found = scan(music)
    assert found.n_forgotten == 1
    assert sorted(rows(found)) == ["0.mp3", "1.mp3", "3.mp3", "4.flac"]
    with Store(found.store) as store:
        assert [file.path for file in store.files()] == ["0.mp3", "1.mp3", "3.mp3", "inside/4.flac"]
        assert store.sound(gone, "stub 1") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_files_of_a_closed_folder_are_not_forgotten(music: Path, log: Path) -> None:
    scan(music)
    analysed(log)
    (music / "inside").chmod(0)
    try:
        found = scan(music)
    finally:
        (music / "inside").chmod(0o700)
    assert "4.flac" not in rows(found)
    assert found.skipped
    assert "4.flac" in rows(scan(music))
    assert analysed(log) == []


def test_another_version_measures_anew(music: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(music)
    analysed(log)
    monkeypatch.setattr(sys.modules["stub_analysis"], "EXTRACTOR_VERSION", "stub 2")
    found = scan(music)
    assert len(analysed(log)) == 5
    assert {row["measured_by"] for row in rows(found).values()} == {"songatlas 0.1.0, audio stub 2"}
    assert scan(music).n_unchanged == 5


def test_an_empty_or_lost_folder_leaves_the_store_alone(music: Path, log: Path) -> None:
    found = scan(music)
    before = found.store.read_bytes()
    music.rename(music.with_name("elsewhere"))
    with pytest.raises(SongAtlasError, match="cannot read the folder"):
        scan(music)
    music.mkdir()
    with pytest.raises(BadSettings, match="no music files in"):
        scan(music)
    assert found.store.read_bytes() == before
    music.rmdir()
    analysed(log)
    moved = scan(music.with_name("elsewhere"))
    assert moved.n_unchanged == 5, "the whole folder has another name"
    assert analysed(log) == []
    assert rows(moved)["0.mp3"]["path"] == str(music.with_name("elsewhere") / "0.mp3")


def test_a_disk_that_is_pulled_out_takes_nothing_along(music: Path, log: Path) -> None:
    found = scan(music)
    before = found.output.read_bytes()
    shutil.copytree(music, music.with_name("kept"))
    for number in range(5, 9):
        (music / f"{number}.mp3").write_text("unplug now" if number == 5 else f"song number {number}")
    with pytest.raises(SongAtlasError, match="cannot read the folder"):
        scan(music, workers=1)
    assert found.output.read_bytes() == before
    music.with_name("kept").rename(music)
    assert scan(music).outcomes == {"ok": 5}


def test_a_file_that_goes_during_the_scan_leaves(
    music: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONGATLAS_STUB_REMOVES", str(music / "3.mp3"))
    found = scan(music, workers=1)
    assert found.outcomes == {"ok": 4}
    assert "3.mp3" not in rows(found)


def test_another_folder_needs_another_table(music: Path, log: Path) -> None:
    scan(music)
    other = music.with_name("other")
    other.mkdir()
    (other / "x.mp3").write_text("song of another folder")
    with pytest.raises(BadSettings, match="keeps the scan of another folder"):
        scan(other)
    assert scan(music).n_unchanged == 5


def test_a_damaged_store_is_told_and_made_anew(music: Path, log: Path) -> None:
    found = scan(music)
    found.store.write_bytes(b"no database" * 100)
    again = scan(music)
    assert len(again.notes) == 1
    assert again.n_heard == 5
    assert scan(music).notes == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workers": 0}, "workers is 0"),
        ({"per_file_s": 0.0}, "the limit for a file is 0 s"),
        ({"output": "songs.xlsx"}, "let the name end in"),
    ],
)
def test_wrong_settings_are_refused(music: Path, log: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        scan(music, **settings)


def test_a_file_for_a_folder_is_refused(music: Path, log: Path) -> None:
    with pytest.raises(BadSettings, match="name the folder that it lies in"):
        scan(music / "0.mp3", output=music.parent / "songs.parquet")


def test_names_that_are_no_text(music: Path, log: Path) -> None:
    name = os.fsdecode(b"\xfcber.mp3")
    try:
        (music / name).write_text("song of a strange name")
        (music / os.fsdecode(b"dead\xe9.mp3")).write_text("segfault there")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    found = scan(music)
    assert found.outcomes == {"ok": 6, "crashed": 1}
    json.dumps(found.to_dict(), ensure_ascii=False).encode()
    assert scan(music).n_unchanged == 7


def test_a_worker_has_one_thread_and_nothing_heavy(music: Path, log: Path) -> None:
    (music / "modules.mp3").write_text("modules")
    assert rows(scan(music))["modules.mp3"]["outcome_reason"] == "heavy []; threads ['1']"


def test_an_analyser_that_cannot_start_ends_the_scan(music: Path, log: Path, tmp_path: Path) -> None:
    (tmp_path / "broken_analysis.py").write_text(
        "import sys\nEXTRACTOR_VERSION = '1'\n"
        "if len(sys.argv) > 2 and sys.argv[2] == __name__:\n    import nowhere\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(SongAtlasError, match=r"do not start \(ModuleNotFoundError"):
            scan_folder(music, output=tmp_path / "songs.parquet", analyser="broken_analysis", workers=1)
    finally:
        sys.path.remove(str(tmp_path))
    assert scan(music).n_heard == 5


def start(music: Path, *, seconds: float) -> subprocess.Popen[bytes]:
    """A scan in a process of its own, of files that take `seconds` each."""
    code = (
        "import sys; from songatlas.audio.scan.scanning import scan_folder; "
        f"sys.path.insert(0, {str(HERE)!r}); "
        f"scan_folder({str(music)!r}, output={str(music.parent / 'songs.parquet')!r}, workers=2, "
        "analyser='stub_analysis')"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"SONGATLAS_STUB_S": str(seconds)},
        stderr=subprocess.PIPE,
    )


def until(holds: Callable[[], bool]) -> None:
    """Wait, at most a minute, until something holds."""
    last = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < last
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_scan(music: Path, log: Path, sign: signal.Signals) -> None:
    (music / "hold.mp3").write_text("sleep long")
    with start(music, seconds=0.3) as running:
        place = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        until(lambda: log.exists() and len(log.read_text().splitlines()) >= 4)
        workers = [int(pid) for pid in place.read_text().split()]
        running.send_signal(sign)
        running.communicate(timeout=60)
    assert workers
    until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))
    done = len(analysed(log))
    (music / "hold.mp3").unlink()
    found = scan(music)
    assert found.n_unchanged >= done - 2, "no more is lost than what the workers had in hand"
    assert found.outcomes == {"ok": 5}


def test_a_second_scan_at_once_is_refused(music: Path, log: Path) -> None:
    with start(music, seconds=0.5) as running:
        until(lambda: log.exists())
        with pytest.raises(SongAtlasError, match="another scan is writing"):
            scan(music)
        assert running.wait(timeout=60) == 0
        running.communicate()
    assert scan(music).n_unchanged == 5


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_random_kills(tmp_path: Path) -> None:
    wanted = os.environ.get("SONGATLAS_KILLS", "8")
    ran = subprocess.run(
        [sys.executable, str(HERE / "killing.py"), str(tmp_path / "killed"), wanted, "7"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ran.stdout)
    assert told["problems"] == []
    assert told["left_over"] == 0
    assert told["n_kills"] >= int(wanted)


def test_the_pace_is_that_of_the_last_two_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    told: list[tuple[float, str]] = []
    telling = pace.Pace(lambda share, words: told.append((share, words)), 1000, n_before=100)
    for now[0], n_done in ((30.0, 0), (40.0, 1), (50.0, 11), (170.0, 251), (180.0, 261), (400.0, 900)):
        telling.tell(n_done)
    assert told == [
        (0.1, "100 of 1,000 files"),
        (0.101, "101 of 1,000 files"),
        (0.111, "111 of 1,000 files, 60 songs a minute, 15 minutes left"),
        (0.351, "351 of 1,000 files, 120 songs a minute, 5 minutes left"),
        (0.361, "361 of 1,000 files, 60 songs a minute, 11 minutes left"),
        (1.0, "1,000 of 1,000 files"),
    ]


def test_cores_are_those_that_may_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_cores() >= 1
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(cores, "_GROUPS", tmp_path)
    monkeypatch.setattr(cores, "_OWN_GROUP", tmp_path / "own")
    assert usable_cores() == 16
    (tmp_path / "own").write_text("0::/box/inner\n")
    (tmp_path / "box" / "inner").mkdir(parents=True)
    (tmp_path / "box" / "inner" / "cpu.max").write_text("max 100000\n")
    (tmp_path / "box" / "cpu.max").write_text("250000 100000\n")
    assert usable_cores() == 2
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores() == 1
