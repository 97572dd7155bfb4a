"""Every damaged and odd file ends as it should: with features, or with its reason and none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path

import pytest

from songatlas.audio.analysis import Analysis, analyse
from songatlas.audio.listing import list_audio
from songatlas.audio.outcomes import MEASURED, Outcome

TOLERANCE_S = 0.06


@dataclass(frozen=True)
class Expected:
    """How one file ends."""

    outcome: Outcome
    seconds: float | None = None
    reason: str | None = None
    title: str | None = None
    artists: tuple[str, ...] = ()
    problem: str | None = None


def good(seconds: float, title: str | None = None, *artists: str, problem: str | None = None) -> Expected:
    return Expected("ok", seconds, title=title, artists=artists, problem=problem)


def partial(seconds: float, reason: str, title: str | None = None, *artists: str) -> Expected:
    return Expected("partial", seconds, reason, title, artists)


def bad(outcome: Outcome, reason: str, title: str | None = None, *artists: str) -> Expected:
    return Expected(outcome, None, reason, title, artists)


TAGS = ("Test Song", "Nobody")
NOT_AUDIO = bad("unreadable", "not audio: nothing in it is in a known format")
ONLY_TAGS = "damaged: it has tags, but no sound that can be decoded"
EMPTY = bad("unreadable", "the file is empty")
STILL = "no sound in {} s: one value all along"

CONTENT = {
    "ok_reference.mp3": good(12.0, *TAGS),
    "same_bytes_as_ok_reference.mp3": good(12.0, *TAGS),
    "UPPER_CASE.MP3": good(12.0, *TAGS),
    "no_extension": good(12.0, *TAGS),
    "truncated.mp3": partial(5.4, "5.4 of 12.0 s could be decoded", *TAGS),
    "truncated.flac": partial(5.43, "5.4 of 12.0 s could be decoded", *TAGS),
    "truncated.ogg": good(6.02, *TAGS),
    "truncated_no_index.m4a": bad("unreadable", "damaged: the index of the MP4 file is missing or broken"),
    "bitflip.ogg": partial(4.95, "4.9 of 12.0 s could be decoded", *TAGS),
    "bitflip.mp3": good(12.0, *TAGS),
    "zero_bytes.mp3": EMPTY,
    "zero_bytes.flac": EMPTY,
    "text.mp3": NOT_AUDIO,
    "html_error_page.mp3": NOT_AUDIO,
    "random.ogg": NOT_AUDIO,
    "random.flac": NOT_AUDIO,
    "header_only.wav": bad("too short", "no sound in it: 0 s"),
    "short_0.3s.wav": bad("too short", "0.30 s of sound"),
    "short_0.3s.mp3": bad("too short", "0.30 s of sound"),
    "silence.ogg": bad("silent", STILL.format("10.0")),
    "silence.flac": bad("silent", STILL.format("10.0")),
    "mostly_silence.ogg": good(12.0),
    "dc_offset.wav": bad("silent", STILL.format("6.0")),
    "one_side_only.ogg": good(12.0),
    "opposite_phase.flac": good(6.0, problem="its channels cancel each other: the loudest one was measured"),
    "float_nan_inf.wav": good(6.0, problem="12 samples that are no numbers were taken as silence"),
    "float_too_loud.wav": good(6.0, problem="its peaks are 29 dB over full scale"),
}

CONTAINERS = {
    "mono_8khz.wav": good(12.0),
    "mulaw_8khz.wav": good(12.0),
    "unsigned_8bit.wav": good(8.0),
    "stereo_96khz.flac": good(6.0),
    "six_channels.flac": good(6.0),
    "stereo.m4a": good(12.0, *TAGS),
    "mono.m4a": good(12.0, *TAGS),
    "alac.m4a": good(6.0, *TAGS),
    "stereo.aac": good(12.03),
    "stereo.opus": good(12.0, *TAGS),
    "stereo.wma": good(11.98, *TAGS),
    "video.mp4": good(12.0),
    "video_without_sound.mp4": bad("unreadable", "no sound in it: pictures only"),
    "flac_named.mp3": good(12.0, *TAGS),
    "wav_named.ogg": good(12.0),
    "m4a_named.mp3": good(12.0, *TAGS),
    "size_ffffffff.wav": good(8.0),
    "size_zero.wav": good(8.0),
    "size_too_big.wav": partial(8.0, "8.0 of 24.0 s could be decoded"),
    "rate_zero.wav": bad("unreadable", "damaged: it begins like WAV, but no sound can be decoded"),
}

UNREAD = "some characters of its tags could not be read"
WRITTEN = {
    "id3_garbage_200kB.mp3": good(8.0),
    "id3_size_beyond_end.mp3": bad("unreadable", ONLY_TAGS, "Broken Size"),
    "id3_frame_size_wrong.mp3": good(8.0, "Good title"),
    "id3_only.mp3": bad("unreadable", ONLY_TAGS, "Tag without audio", "Nobody"),
    "id3_twice.mp3": good(8.0, "First tag"),
    "id3_utf16.mp3": good(8.0, "Ночной поезд 夜の電車 🚆", "Björk Øst"),
    "id3_latin1.mp3": good(8.0, "Café à la crème - no", "Motörhead"),
    "id3_cp1251_as_latin1.mp3": good(
        8.0, "Привет", "Группа", problem="its tags are Cyrillic text declared as another encoding: mended"
    ),
    "id3_utf16_odd_length.mp3": good(8.0, "Odd"),
    "id3_invalid_utf8.mp3": good(8.0, "Bad \ufffd\ufffd\ufffd bytes", "Nobody", problem=UNREAD),
    "id3v1_only.mp3": good(8.0, "Old title", "Old artist"),
    "title_with_nul.mp3": good(8.0, "Before", "One", "Two"),
    "title_formula.mp3": good(8.0, "=1+1", "@SUM(A1:A9)"),
    "title_control_chars.mp3": good(8.0, "Bell  Escape [31m Line break tab", 'Quote " comma , semicolon'),
    "title_html.mp3": good(8.0, "<script>alert(1)</script>", "a & b <i>c</i>"),
    "title_very_long.mp3": good(8.0, ("long " * 20_000).strip(), "Nobody"),
    "title_blank.mp3": good(8.0),
    "title_rtl_bidi.mp3": good(8.0, "\u202eevil\u202c שלום", "e\u0301 versus \xe9 \u200b"),
    "numbers_odd.mp3": good(8.0, "Odd numbers"),
    "cover_picture.mp3": good(8.0, "With picture"),
    "x.mp3/inside.mp3": good(8.0),
    "-leading dash.mp3": good(8.0),
    "Zażółć gęślą jaźń – 名前 🎵.mp3": good(8.0),
    "comma, quote' and #hash%20.mp3": good(8.0),
}

EXPECTED = CONTENT | CONTAINERS | WRITTEN
PASSED_OVER = {".hidden.mp3", "._ok_reference.mp3"}
NO_SONGS = {"README.md", "cover.jpg", "playlist.m3u", os.path.join("empty.flac", "keep.txt")}  # noqa: PTH118
NUMBERS = [
    field.name
    for field in fields(Analysis)
    if field.name not in {"outcome", "reason", "problems", "file_tags", "heard_tags"}
]


@pytest.fixture(scope="module")
def analyses(broken: Path) -> dict[str, Analysis]:
    """What comes of each file."""
    return {name: analyse(broken / name) for name in EXPECTED}


def numbers_of(found: Analysis) -> dict[str, object]:
    return {name: getattr(found, name) for name in NUMBERS}


def test_every_file_is_accounted_for(broken: Path) -> None:
    listing = list_audio(broken)
    assert {path for path, _ in listing.skipped} == PASSED_OVER
    assert {file.path for file in listing.files} == set(EXPECTED) - {"no_extension"}
    everything = {str(path.relative_to(broken)) for path in broken.rglob("*") if path.is_file()}
    assert everything == set(EXPECTED) | PASSED_OVER | NO_SONGS


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_ends_as_expected(analyses: dict[str, Analysis], name: str) -> None:
    found, expected = analyses[name], EXPECTED[name]
    assert (found.outcome, found.reason) == (expected.outcome, expected.reason)
    assert (found.file_tags.title, found.file_tags.artists) == (expected.title, expected.artists)
    assert found.problems == ((expected.problem,) if expected.problem else ())
    if expected.seconds is None:
        assert set(numbers_of(found).values()) == {None}
        assert found.heard_tags is None
        return
    assert found.duration_ms == pytest.approx(1000 * expected.seconds, abs=1000 * TOLERANCE_S)
    told = numbers_of(found)
    assert None not in {name: told[name] for name in told if not name.startswith(("tempo", "key", "mode"))}
    for value in told.values():
        many = value if isinstance(value, tuple) else (value,)
        assert all(number is None or isfinite(number) for number in many)


def test_the_same_bytes_give_the_same_numbers_to_the_last_digit(analyses: dict[str, Analysis]) -> None:
    names = ("same_bytes_as_ok_reference.mp3", "UPPER_CASE.MP3", "no_extension")
    assert all(analyses[name] == analyses["ok_reference.mp3"] for name in names)
    tagged = [name for name, expected in WRITTEN.items() if expected.outcome in MEASURED]
    told = [numbers_of(analyses[name]) for name in tagged]
    assert all(one == told[0] for one in told)


def test_numbers_do_not_depend_on_what_was_read_before(broken: Path, analyses: dict[str, Analysis]) -> None:
    for name in ("opposite_phase.flac", "ok_reference.mp3", "stereo.m4a"):
        assert analyse(broken / name) == analyses[name]


def test_all_tags_of_a_good_file_are_read(analyses: dict[str, Analysis]) -> None:
    for name in ("ok_reference.mp3", "truncated.flac", "stereo.m4a", "stereo.opus", "flac_named.mp3"):
        tags = analyses[name].file_tags
        assert (tags.album, tags.genres, tags.year) == ("Made Up", ("Pop",), 2020), name
    assert analyses["id3_utf16.mp3"].file_tags.album == "Big endian – альбом"
    old = analyses["id3v1_only.mp3"].file_tags
    assert (old.year, old.track_number) == (1999, 7)
    odd = analyses["numbers_odd.mp3"].file_tags
    assert (odd.year, odd.track_number, odd.genres) == (None, None, ("Rock",))


def test_containers_of_one_song_agree(analyses: dict[str, Analysis]) -> None:
    loudness = {name: analyses[name].loudness_db or 0.0 for name in CONTAINERS | CONTENT}
    whole = ("flac_named.mp3", "stereo.m4a", "stereo.aac", "stereo.opus", "stereo.wma", "video.mp4")
    for name in (*whole, "mono.m4a", "mostly_silence.ogg"):
        assert loudness[name] == pytest.approx(loudness["ok_reference.mp3"], abs=0.7), name
    assert loudness["opposite_phase.flac"] == pytest.approx(loudness["alac.m4a"], abs=0.1)


def test_nothing_is_written_to_a_table_that_breaks_its_rows(analyses: dict[str, Analysis]) -> None:
    for found in analyses.values():
        tags = found.file_tags
        texts = [tags.title, tags.album, tags.album_artist, *tags.artists, *tags.genres, found.reason]
        written = "".join(text for text in (*texts, *found.problems) if text)
        assert not any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in written)
        written.encode()


def gone(folder: Path, song: Path) -> Path:
    path = folder / "gone.mp3"
    shutil.copy(song, path)
    path.unlink()
    return path


def dangling(folder: Path, song: Path) -> Path:
    path = folder / "dangling.mp3"
    path.symlink_to(song.with_name("nowhere.mp3"))
    return path


def circle(folder: Path, song: Path) -> Path:
    path = folder / song.name
    path.symlink_to(song.name)
    return path


def pipe(folder: Path, song: Path) -> Path:
    path = folder / f"{song.stem}.pipe.mp3"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (gone, "the file is gone"),
        (dangling, "the file is gone"),
        (circle, "it cannot be read: too many levels of symbolic links"),
        pytest.param(
            pipe,
            "it cannot be read: not a file but a pipe, a folder or a device",
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system"),
        ),
    ],
)
def test_what_cannot_be_opened_is_told(
    broken: Path, tmp_path: Path, make: Callable[[Path, Path], Path], reason: str
) -> None:
    found = analyse(make(tmp_path, broken / "ok_reference.mp3"))
    assert (found.outcome, found.reason) == ("unreadable", reason)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(broken: Path, tmp_path: Path) -> None:
    song = Path(shutil.copyfile(broken / "ok_reference.mp3", tmp_path / "song.mp3"))
    song.chmod(0)
    assert analyse(song).reason == "no permission to read it"


def test_a_name_that_is_no_text_is_analysed_as_any_other(
    broken: Path, tmp_path: Path, analyses: dict[str, Analysis]
) -> None:
    for name in ("ok_reference.mp3", "stereo.m4a"):
        song = tmp_path / os.fsdecode(b"caf\xe9 " + name.encode())
        try:
            shutil.copyfile(broken / name, song)
        except OSError:
            pytest.skip("this file system takes only names in UTF-8")
        assert analyse(str(song)) == analyses[name]
