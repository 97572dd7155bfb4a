"""A killed or failed run leaves the old folder or the new one."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from songatlas.atlas.folders import put_back, write_folder
from songatlas.errors import BadSettings, SongAtlasError

OURS = ("a.csv", "atlas", "figures/one.svg", "z.html")


def write_all(text: str) -> object:
    def write(folder: Path) -> None:
        for entry in ("a.csv", "atlas/songs", "figures/one.svg", "z.html"):
            (folder / entry).parent.mkdir(parents=True, exist_ok=True)
            (folder / entry).write_text(text)

    return write


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
        "rename, n = Path.rename, [0]\n"
        "def killed(self, target):\n"
        "    n[0] += 1\n"
        "    if n[0] == 4: os._exit(9)\n"
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
