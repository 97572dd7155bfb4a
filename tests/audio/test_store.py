"""The store of a scan: what it keeps, whose it is, and what becomes of a damaged one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from songatlas.audio.scan.store import Store, StoredFile, StoredSound
from songatlas.errors import BadSettings, SongAtlasError


def a_file(path: str = "one.mp3", *, payload: str | None = "a", size: int = 3) -> StoredFile:
    return StoredFile(
        path=path,
        size=size,
        mtime_ns=2**62,
        version="1",
        payload=payload,
        outcome="ok",
        reason=None,
        retry_above_s=None,
        file_tags={"title": "Ночь", "artists": ["A", "B"]},
    )


def a_sound(payload: str = "a") -> StoredSound:
    return StoredSound(
        payload=payload,
        version="1",
        outcome="ok",
        reason="odd",
        numbers={"key": 3, "audio_tags": [0.25, 0.5]},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "songs.scan.sqlite") as opened:
        yield opened


def test_what_is_put_comes_back(store: Store) -> None:
    undecodable = os.fsdecode(b"\xfcber.mp3")
    store.put(a_file(), a_sound())
    store.put(a_file(undecodable, payload=None))
    assert store.file("one.mp3") == a_file()
    assert store.file("two.mp3") is None
    assert store.sound("a", "1") == a_sound()
    assert store.sound("a", "2") is None, "numbers of another version are no answer"
    assert list(store.files()) == [a_file(), a_file(undecodable, payload=None)]


def test_a_file_has_one_row(store: Store) -> None:
    store.put(a_file(), a_sound())
    store.put(a_file(size=4), a_sound())
    assert [file.size for file in store.files()] == [4]
    assert [[(file.size, sound) for file, sound in some] for some in store.rows()] == [[(4, a_sound())]]


def test_slices_are_in_the_order_of_the_paths(store: Store) -> None:
    for number in (3, 1, 2, 0, 4):
        store.put(a_file(f"{number}.mp3", payload=f"{number % 2}"))
    store.put(a_file("9.mp3", payload="1"), a_sound("1"))
    slices = list(store.rows(at_once=2))
    assert [len(some) for some in slices] == [2, 2, 2]
    rows = [row for some in slices for row in some]
    assert [file.path for file, _ in rows] == ["0.mp3", "1.mp3", "2.mp3", "3.mp3", "4.mp3", "9.mp3"]
    assert [sound is not None for _, sound in rows] == [False, True, False, True, False, True]


def test_a_sound_stays_until_its_last_file_goes(store: Store) -> None:
    store.put(a_file("one.mp3"), a_sound())
    store.put(a_file("two.mp3"))
    store.forget(["one.mp3"])
    assert store.sound("a", "1") == a_sound()
    store.forget(["two.mp3", "never.mp3"])
    assert store.sound("a", "1") is None
    assert list(store.files()) == []


def test_it_stays_when_the_program_is_gone(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as first:
        first.put(a_file(), a_sound())
    with Store(tmp_path / "s") as second:
        assert second.file("one.mp3") == a_file()
        assert second.notes == []


def test_only_one_has_it_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as first:
        with pytest.raises(SongAtlasError, match="another scan is writing"):
            Store(tmp_path / "s")
        first.put(a_file())
    with Store(tmp_path / "s") as later:
        assert later.file("one.mp3") == a_file()


def _overwritten(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says " * 40)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _mangled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    path.write_bytes(content)


def _strange(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


def _of_later_times(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("harm", [_overwritten, _cut, _mangled, _strange, _of_later_times])
def test_a_store_that_is_none_is_set_aside_and_told(tmp_path: Path, harm: object) -> None:
    path = tmp_path / "songs.scan.sqlite"
    with Store(path) as before:
        for number in range(200):
            before.put(a_file(f"{number}.mp3", payload=str(number)), a_sound(str(number)))
    harm(path)  # type: ignore[operator]
    harmed = path.read_bytes()
    with Store(path) as store:
        assert list(store.files()) == []
        assert len(store.notes) == 1
        assert "songs.scan.sqlite.damaged" in store.notes[0]
        store.put(a_file())
    assert (tmp_path / "songs.scan.sqlite.damaged").read_bytes() == harmed
    with Store(path) as again:
        assert again.notes == []
        assert again.file("one.mp3") == a_file()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE sounds SET numbers = x'00' WHERE payload = '1'",
        "UPDATE sounds SET numbers = 'text' WHERE payload = '1'",
        "UPDATE sounds SET numbers = NULL WHERE payload = '1'",
        "UPDATE files SET file_tags = '{' WHERE payload = '1'",
        "UPDATE files SET file_tags = x'ff' WHERE payload = '1'",
        "UPDATE files SET path = 'one.mp3' WHERE payload = '1'",
    ],
)
def test_a_damaged_row_costs_one_file(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "songs.scan.sqlite"
    with Store(path) as before:
        for number in range(3):
            before.put(a_file(f"{number}.mp3", payload=str(number)), a_sound(str(number)))
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_master SET sql = replace(sql, 'numbers BLOB NOT NULL', 'numbers BLOB');"
    )
    connection.close()
    connection = sqlite3.connect(path)
    connection.execute(harm)
    connection.commit()
    connection.close()
    with Store(path) as store:
        assert [file.path for file in store.files()] == ["0.mp3", "2.mp3"]
        assert store.notes == [
            "the store songs.scan.sqlite had a damaged entry: what belongs to it is read anew"
        ]
        assert sum(len(some) for some in store.rows()) == 2
    with Store(path) as again:
        assert again.notes == []


def test_text_that_is_no_utf8_is_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "songs.scan.sqlite"
    with Store(path) as before:
        before.put(a_file(), a_sound())
    connection = sqlite3.connect(path)
    connection.execute("UPDATE files SET file_tags = CAST(x'ff' AS TEXT)")
    connection.commit()
    connection.close()
    with Store(path) as store:
        assert list(store.files()) == []
        assert len(store.notes) == 1


def test_a_second_damaged_store_leaves_the_first(tmp_path: Path) -> None:
    path = tmp_path / "songs.scan.sqlite"
    for content in (b"first " * 900, b"second " * 900):
        path.write_bytes(content)
        with Store(path) as store:
            assert len(store.notes) == 1
    assert (tmp_path / "songs.scan.sqlite.damaged").read_bytes() == b"first " * 900
    assert (tmp_path / "songs.scan.sqlite.damaged2").read_bytes() == b"second " * 900
    assert "songs.scan.sqlite.damaged2" in store.notes[0]


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "s").touch()
    with Store(tmp_path / "s") as store:
        store.put(a_file())
        assert store.notes == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SongAtlasError, match="cannot write"):
        Store(tmp_path / "file" / "s")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SongAtlasError, match=r"is a folder.*name another table with -o"):
        Store(tmp_path / "folder")


def test_the_store_of_another_folder_is_refused(store: Store) -> None:
    store.claim("/music", {})
    store.claim("/music", {"one.mp3": 3})
    store.put(a_file())
    with pytest.raises(BadSettings, match="another folder, '/music'"):
        store.claim("/other", {"two.mp3": 3})
    with pytest.raises(BadSettings, match="another folder"):
        store.claim("/other", {"one.mp3": 99})
    assert store.file("one.mp3") == a_file()


def test_a_folder_that_moved_as_a_whole_keeps_its_store(store: Store) -> None:
    store.claim("/music", {})
    for name in ("one.mp3", "two.mp3"):
        store.put(a_file(name))
    store.claim("/mnt/music", {"one.mp3": 3, "three.mp3": 1})
    store.claim("/mnt/music", {})
    with pytest.raises(BadSettings, match="/mnt/music"):
        store.claim("/music", {})
