"""A killed or failed run leaves the old folder or the new one."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from limits import few_calls_in_one_another
from songatlas.atlas import folders, strangers
from songatlas.atlas.exchanging import exchange
from songatlas.atlas.folders import put_back, put_in_place, write_folder
from songatlas.errors import BadSettings, SongAtlasError

OURS = ("a.csv", "atlas", "figures/one.svg", "z.html")


def write_all(text: str) -> object:
    def write(folder: Path) -> None:
        for entry in ("a.csv", "atlas/songs", "figures/one.svg", "z.html"):
            (folder / entry).parent.mkdir(parents=True, exist_ok=True)
            (folder / entry).write_text(text)

    return write


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system where two folders cannot change places in one step."""
    monkeypatch.setattr(folders, "exchange", lambda one, other: False)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


EVERY = ("a.csv", "atlas/songs", "figures/one.svg", "z.html")


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    write_folder(tmp_path / "x" / "y", write_all("new"), ours=OURS)
    assert contents(tmp_path) == {f"x/y/{entry}": "new" for entry in EVERY}


def test_old_outputs_are_replaced_and_strangers_stay(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    for stranger in ("mine.txt", "figures/mine.png"):
        (tmp_path / "out" / stranger).write_text("mine")
    write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    assert contents(tmp_path / "out") == {
        **dict.fromkeys(EVERY, "new"), "mine.txt": "mine", "figures/mine.png": "mine",
    }  # fmt: skip


def test_what_is_no_longer_written_goes(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    write_folder(tmp_path / "out", lambda folder: (folder / "a.csv").write_text("new"), ours=OURS)
    assert contents(tmp_path / "out") == {"a.csv": "new"}


@pytest.mark.parametrize("existing", [True, False])
def test_a_failed_run_changes_nothing(tmp_path: Path, existing: bool) -> None:
    if existing:
        write_folder(tmp_path / "out", write_all("old"), ours=OURS)

    def full_disk(folder: Path) -> None:
        (folder / "a.csv").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SongAtlasError, match=r"^cannot write .*no space left on device; .* -o$"):
        write_folder(tmp_path / "out", full_disk, ours=OURS)
    assert contents(tmp_path) == ({f"out/{entry}": "old" for entry in EVERY} if existing else {})


def test_an_interrupted_run_changes_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)

    def stopped(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "out", stopped, ours=OURS)
    assert contents(tmp_path) == {f"out/{entry}": "old" for entry in EVERY}


@pytest.mark.usefixtures("no_exchange")
def test_an_exchange_that_fails_midway_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "z.html" and "new" in path.parts:
            raise PermissionError(errno.EACCES, "in use")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(SongAtlasError, match="in use"):
        write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    assert contents(tmp_path) == {**{f"out/{entry}": "old" for entry in EVERY}, "out/mine.txt": "mine"}


@pytest.mark.usefixtures("no_exchange")
def test_a_swap_that_fails_midway_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise PermissionError(errno.EACCES, "in use")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(SongAtlasError, match="in use"):
        write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    assert contents(tmp_path) == {f"out/{entry}": "old" for entry in EVERY}


def test_a_folder_set_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    (tmp_path / "out").rename(tmp_path / ".out.songatlas-old")
    put_back(tmp_path / "out")
    assert contents(tmp_path) == {f"out/{entry}": "old" for entry in EVERY}


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("n", [230, 245, 255])
def test_a_name_as_long_as_they_go_is_written_and_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, exchanges: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(folders, "exchange", lambda one, other: False)
    out, other = tmp_path / ("o" * n), tmp_path / ("o" * (n - 1) + "p")
    for text in ("old", "new"):
        write_folder(out, write_all(text), ours=OURS)
        assert contents(out) == dict.fromkeys(EVERY, text)
    aside = folders._aside(out)
    assert aside != folders._aside(other)
    out.rename(aside)
    put_back(other)
    put_back(out)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


@pytest.mark.skipif(os.name != "posix", reason="this system has no such modes")
@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("stranger", [True, False])
def test_who_may_read_what_is_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool, stranger: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(folders, "exchange", lambda one, other: False)
    out = tmp_path / "out"
    write_folder(out, write_all("old"), ours=OURS)
    if stranger:
        (out / "mine.txt").write_text("mine")
    usual = (out / "z.html").stat().st_mode
    for entry in ("a.csv", "atlas/songs"):
        (out / entry).chmod(0o600)
    write_folder(out, write_all("new"), ours=OURS)
    modes = {entry: (out / entry).stat().st_mode for entry in EVERY}
    assert {entry: mode & 0o777 for entry, mode in modes.items() if mode != usual} == {
        "a.csv": 0o600, "atlas/songs": 0o600,
    }  # fmt: skip
    assert (out / "a.csv").read_text() == "new"


def test_a_file_in_the_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadSettings, match="is a file"):
        write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    with pytest.raises(SongAtlasError, match="cannot write"):
        write_folder(tmp_path / "out" / "deeper", write_all("new"), ours=OURS)
    assert contents(tmp_path) == {"out": "a file"}


def test_leftovers_of_killed_runs_go(tmp_path: Path) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    killed, running, old = (
        tmp_path / f".songatlas-new-out-{pid}-1" for pid in (gone.stdout.strip(), os.getpid(), os.getppid())
    )
    for folder, age in ((killed, 60), (running, 60), (old, 90_000)):
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    assert {path.name for path in tmp_path.iterdir()} == {running.name, "out"}


def test_a_run_killed_while_it_exchanged_entries_is_finished_by_the_next(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, write_all("old"), ours=OURS)
    (out / "mine.txt").write_text("mine")
    code = (
        "import os\nfrom pathlib import Path\nfrom songatlas.atlas import folders\n"
        "folders.exchange = lambda *_: False\n"
        "rename, n = Path.rename, [0]\n"
        "def killed(self, target):\n"
        "    n[0] += 1\n"
        "    if n[0] == 5: os._exit(9)\n"
        "    return rename(self, target)\n"
        "Path.rename = killed\n"
        "def write(folder):\n"
        "    for entry in ('a.csv', 'atlas/songs', 'z.html'):\n"
        "        (folder / entry).parent.mkdir(parents=True, exist_ok=True)\n"
        "        (folder / entry).write_text('new')\n"
        f"folders.write_folder(Path({str(out)!r}), write, ours={OURS!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert not (out / "atlas").exists(), "it was killed between two renames"
    put_back(out)
    found = {path: text for path, text in contents(out).items() if not path.startswith(".songatlas-new")}
    assert found == {**dict.fromkeys(("a.csv", "atlas/songs", "z.html"), "new"), "mine.txt": "mine"}
    write_folder(out, write_all("last"), ours=OURS)
    assert contents(out) == {**dict.fromkeys(EVERY, "last"), "mine.txt": "mine"}


def test_strangers_inside_our_folders_stay(tmp_path: Path) -> None:
    ours = ("a.csv", "atlas/songs", "z.html")
    write_folder(tmp_path / "out", write_all("old"), ours=ours)
    (tmp_path / "out" / "atlas" / "names.toml~").write_text("mine")
    write_folder(tmp_path / "out", write_all("new"), ours=ours)
    assert contents(tmp_path / "out")["atlas/names.toml~"] == "mine"
    assert contents(tmp_path / "out")["atlas/songs"] == "new"


def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    if not exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this file system cannot exchange two names")
    assert contents(tmp_path) == {"one/file": "other", "other/file": "one"}
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "none")


def test_a_folder_is_never_missing_while_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    (tmp_path / "other").mkdir()
    if not exchange(tmp_path / "out" / "atlas", tmp_path / "other"):
        pytest.skip("this file system cannot exchange two names")
    exchange(tmp_path / "out" / "atlas", tmp_path / "other")
    (tmp_path / "other").rmdir()
    old, seen = contents(tmp_path / "out"), []

    def watched(one: Path, other: Path) -> bool:
        seen.append(contents(tmp_path / "out"))
        done = exchange(one, other)
        seen.append(contents(tmp_path / "out"))
        return done

    def no_rename(path: Path, target: Path) -> Path:
        raise AssertionError(f"{path} was renamed to {target}")

    monkeypatch.setattr(folders, "exchange", watched)
    monkeypatch.setattr(Path, "rename", no_rename)
    write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    assert seen == [old, {**dict.fromkeys(EVERY, "new"), "mine.txt": "mine"}]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_of_others_stay_the_very_same_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, write_all("old"), ours=OURS)
    (out / "music" / "deep").mkdir(parents=True)
    (out / "music" / "deep" / "song").write_text("mine")
    (out / "music").chmod(0o700)
    (out / "link").symlink_to("nowhere")
    out.chmod(0o750)
    was = (out / "music" / "deep" / "song").stat()
    write_folder(out, write_all("new"), ours=OURS)
    now = (out / "music" / "deep" / "song").stat()
    assert (now.st_ino, now.st_nlink) == (was.st_ino, 1)
    assert (out / "link").is_symlink()
    assert ((out / "music").stat().st_mode & 0o777, out.stat().st_mode & 0o777) == (0o700, 0o750)


def test_what_others_write_at_the_last_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_folder(out, write_all("old"), ours=OURS)
    (out / "mine.txt").write_text("mine")

    def late(one: Path, other: Path) -> bool:
        (out / "beside").write_text("edited")
        (out / "beside").replace(out / "mine.txt")
        (out / "late").mkdir()
        (out / "late" / "new.txt").write_text("late")
        return exchange(one, other)

    monkeypatch.setattr(folders, "exchange", late)
    write_folder(out, write_all("new"), ours=OURS)
    assert contents(out) == {**dict.fromkeys(EVERY, "new"), "mine.txt": "edited", "late/new.txt": "late"}


@pytest.mark.parametrize("most", [0, 1])
def test_where_files_of_others_cannot_come_along_entries_are_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    for name in ("one", "two"):
        (tmp_path / "out" / name).write_text(name)
    monkeypatch.setattr(strangers, "MOST", most)
    write_folder(tmp_path / "out", write_all("new"), ours=OURS)
    assert contents(tmp_path) == {
        **{f"out/{entry}": "new" for entry in EVERY}, "out/one": "one", "out/two": "two",
    }  # fmt: skip


def test_the_folder_that_a_person_stands_in_stays_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "out", write_all("old"), ours=OURS)
    monkeypatch.chdir(tmp_path / "out")
    before = Path().stat().st_ino
    write_folder(Path(), write_all("new"), ours=OURS)
    assert contents(Path()) == dict.fromkeys(EVERY, "new")
    assert Path().stat().st_ino == (tmp_path / "out").stat().st_ino == before


@pytest.mark.parametrize("can", [True, False])
def test_a_folder_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can: bool
) -> None:
    if not can:
        monkeypatch.setattr(folders, "exchange", lambda one, other: False)
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert contents(tmp_path) == {"old/file": "new"}


@pytest.mark.parametrize(
    "said",
    [
        {"ours": ["../precious.txt"], "new": []},
        {"ours": ["figures/../../precious.txt"], "new": []},
        {"ours": ["/etc/passwd"], "new": []},
        {"ours": ["away/precious.txt"], "new": []},
        {"ours": ["..\\precious.txt", ""], "new": [""]},
        {"ours": 7, "new": []},
        {"ours": ["a.csv"]},
        [],
        "not even JSON",
    ],
)
def test_a_list_of_entries_that_somebody_made_up_moves_nothing(tmp_path: Path, said: object) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    out = tmp_path / "given"
    staging = out / ".songatlas-new-given-999999999-1"
    (staging / "new").mkdir(parents=True)
    (out / "away").symlink_to(tmp_path, target_is_directory=True)
    (out / "a.csv").write_text("old")
    text = said if isinstance(said, str) else json.dumps(said)
    (staging / "entries.json").write_text(text)
    os.utime(staging, (0, 0))
    before = contents(out)
    put_back(out)
    assert contents(out) == before
    assert (tmp_path / "precious.txt").read_text() == "mine"
    write_folder(out, write_all("new"), ours=OURS)
    assert (out / "a.csv").read_text() == "new"
    assert (tmp_path / "precious.txt").read_text() == "mine"
    assert (staging / "entries.json").read_text() == text


def test_folders_of_a_list_that_are_links_move_nothing(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.csv").write_text("mine")
    staging = tmp_path / "given" / ".songatlas-new-given-999999999-1"
    staging.mkdir(parents=True)
    (staging / "new").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (staging / "entries.json").write_text(json.dumps({"ours": ["a.csv"], "new": ["a.csv"]}))
    os.utime(staging, (0, 0))
    put_back(tmp_path / "given")
    assert (tmp_path / "elsewhere" / "a.csv").read_text() == "mine"
    assert not (tmp_path / "given" / "a.csv").exists()


@pytest.mark.parametrize("can_exchange", [True, False])
def test_folders_of_others_may_lie_as_deep_as_they_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(folders, "exchange", lambda one, other: False)
    out = tmp_path / "out"
    write_folder(out, write_all("old"), ours=OURS)
    place = out / "figures"
    for _ in range(300):
        place /= "d"
        place.mkdir()
    (place / "mine").write_text("keep")
    with few_calls_in_one_another(200):
        write_folder(out, write_all("new"), ours=OURS)
    assert (out / "a.csv").read_text() == "new"
    assert (place / "mine").read_text() == "keep"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
