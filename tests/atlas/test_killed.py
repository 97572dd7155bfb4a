"""Killed with signal 9 at each call in turn that changes the disk, outputs are old or new, never half."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KINDS = ("fresh", "ours", "strangers", "two steps", "entries", "file", "placed")
NEW, OLD, MINE = "new", "old", "mine"
OURS = ("a.csv", "atlas", "figures/one.svg")


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no signal 9 and no fork")
@pytest.mark.parametrize("kind", KINDS)
def test_old_or_new_wherever_it_is_killed(tmp_path: Path, kind: str) -> None:
    """A process forks once for each call and is killed there; see `kill_at_each_call`."""
    ran = subprocess.run(
        [sys.executable, __file__, kind, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert int(ran.stdout) >= 2, "it was killed at fewer calls than there must be"


def kill_at_each_call(kind: str, home: Path) -> int:
    """Kill at the first call, at the second, and so on until none is left; return how many there were."""
    for call in range(1, 200):
        place = home / f"{call}" / "out"
        place.parent.mkdir()
        prepare(kind, place)
        old = contents(place.parent)
        pid = os.fork()
        if pid == 0:
            kill_at(call, str(place.parent))
            act(kind, place)
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        look(kind, place, old, was_killed=os.WIFSIGNALED(status))
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return call - 1
        shutil.rmtree(place.parent)
    raise AssertionError("it never came to an end")


def prepare(kind: str, place: Path) -> None:
    """What lies there before."""
    if kind != "fresh":
        fill(place, OLD)
    if kind in ("strangers", "entries"):
        for name in ("mine.txt", "figures/mine.png"):
            (place / name).write_text(MINE)
    if kind == "placed":
        fill(place.with_name("made"), NEW)


def act(kind: str, place: Path) -> None:
    """What is killed."""
    from songatlas.atlas import folders
    from songatlas.files import write_file

    if kind in ("two steps", "entries"):
        folders.exchange = lambda one, other: False
    if kind == "file":
        write_file(place / "a.csv", NEW)
    elif kind == "placed":
        folders.put_in_place(place.with_name("made"), place)
    else:
        folders.write_folder(place, lambda folder: fill(folder, NEW), ours=OURS)


def look(kind: str, place: Path, old: dict[str, str], *, was_killed: bool) -> None:
    """Old or new, whole; and the next run leaves nothing about."""
    from songatlas.atlas.folders import put_back

    if kind in ("two steps", "entries"):  # where a system cannot do it in one step, the next command mends it
        put_back(place)
    new = {f"out/{name}": NEW for name in ("a.csv", "atlas/songs", "figures/one.svg")}
    new = {**old, **({"out/a.csv": NEW} if kind == "file" else new)}
    found = contents(place.parent)
    if kind == "placed":
        old, new, found = ({n: t for n, t in each.items() if n[:4] == "out/"} for each in (old, new, found))
    assert found in ((old, new) if was_killed else (new,)), found
    if kind != "placed":
        act(kind, place)
        assert contents(place.parent) == new
        assert not list(place.parent.rglob(".*"))


def fill(folder: Path, text: str) -> None:
    """Write all that is ours."""
    for name in ("a.csv", "atlas/songs", "figures/one.svg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def contents(folder: Path) -> dict[str, str]:
    """Files that a person sees, with their text."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    }


def kill_at(call: int, place: str) -> None:
    """Let this process die at its `call`-th call that changes something below a place."""
    left = [call]
    changing = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.copymode"}

    def look(event: str, given: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        is_here = any(place in str(each) for each in given[:2])
        within = event in ("os.remove", "os.rmdir") and given[-1] != -1  # named by the folder that is open
        if within or (is_here and (writes or event in changing)):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


if __name__ == "__main__":
    sys.stdout.write(str(kill_at_each_call(sys.argv[1], Path(sys.argv[2]))))
