"""names.toml: what a person may write into it, and what is refused with line, rule and next step."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songatlas.atlas.names_file import LONGEST, NAMES, Generated, names_text, read_names
from songatlas.errors import BadSettings
from songatlas.lint import Finding

CLUSTERS = ("Calm songs", "Loud rock", "Middle ground")


def shown(folder: Path, text: str | bytes) -> tuple[str, ...]:
    (folder / NAMES).write_bytes(text if isinstance(text, bytes) else text.encode())
    found = read_names(folder)
    assert found is not None
    return found.shown_names(CLUSTERS)


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert read_names(tmp_path) is None
    assert read_names(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", CLUSTERS),
        ('"Calm songs" = ""', CLUSTERS),
        ('"Calm songs" = "  "', CLUSTERS),
        ("\ufeff'Calm songs' = ' Sleep '\r\n", ("Sleep", *CLUSTERS[1:])),
        (
            '"Calm songs" = "Loud rock"\n"Loud rock" = "Calm songs"',
            ("Loud rock", "Calm songs", "Middle ground"),
        ),
        ('"Loud rock" = "<script>[bold]\\"🎸\\""', ("Calm songs", '<script>[bold]"🎸"', "Middle ground")),
        ('[gone]\n"Old one" = "Kept"\n"Calm songs" = "Back"', ("Back", *CLUSTERS[1:])),
        ('"Calm songs" = "Own"\n[gone]\n"Calm songs" = "Back"', ("Own", *CLUSTERS[1:])),
    ],
)
def test_names_that_a_person_gives(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    assert shown(tmp_path, text) == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Calm songs = Sleep", ["is not TOML", "line 1", "both sides in straight quotes and"]),
        ("“Calm songs” = “Sleep”", ["is not TOML", "in straight quotes, not in curly ones, and"]),
        ('"Calm songs" = “Sleep”', ["is not TOML", "line 1", "not in curly ones"]),
        ('"Calm songs" = "“Sleep”', ["is not TOML", "in straight quotes and"]),
        ('"Calm songs" = "a"\n"Calm songs" = "b"\n', ["is not TOML", "line 2"]),
        ('\n"Calm song" = "x"', ["line 2", "no cluster is called 'Calm song'", "did you mean 'Calm songs'"]),
        ('"Loud rock" = "Calm songs"', ["line 1", "two clusters would be called 'Calm songs'"]),
        ('"Calm songs" = "X y"\n"Loud rock" = "x  Y"', ["line 2", "two clusters"]),
        ('"Calm songs" = 3', ["line 1", "is no text"]),
        ("Calm.songs = 'x'", ["line 1", "is no text"]),
        ('"Calm songs" = "two\\nlines"', ["line 1", "U+000A", "one line of visible text"]),
        ('"Calm songs" = "\\u202egnp"', ["line 1", "U+202E"]),
        ('"Calm songs" = "\\u0000"', ["U+0000"]),
        (f'"Calm songs" = "{"x" * (LONGEST + 1)}"', ["line 1", f"{LONGEST} at most"]),
        ('"Calm songs" = "12"', ["number of a cluster"]),
        ('[gone]\n"Old" = 3', ["line 2", "is no text"]),
        (b"\xff\xfe\x00", ["not UTF-8"]),
        ("x = " + "[" * 5000, ["is not TOML"]),
    ],
)
def test_a_bad_file_is_refused_in_one_clear_sentence(
    tmp_path: Path, text: str | bytes, words: list[str]
) -> None:
    with pytest.raises(BadSettings) as caught:
        shown(tmp_path, text)
    for word in (NAMES, *words):
        assert word in str(caught.value)


def test_a_folder_or_a_huge_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAMES).mkdir()
    with pytest.raises(BadSettings, match="cannot read"):
        read_names(tmp_path)
    (tmp_path / NAMES).rmdir()
    with pytest.raises(BadSettings, match="bytes"):
        shown(tmp_path, b"#" * 1_000_001)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXTS, TEXTS, max_size=4), st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_what_is_written_is_valid_toml_that_says_the_same(
    names: dict[str, str], gone: dict[str, str]
) -> None:
    names.pop("gone", None)
    text = names_text(list(names), list(names.values()), [1] * len(names), gone=gone)
    read = tomllib.loads(text)
    assert read.pop("gone", {}) == gone
    assert read == {own: "" if name == own else name for own, name in names.items()}


def test_comments_of_a_person_are_told_from_ours(tmp_path: Path) -> None:
    text = names_text(CLUSTERS, CLUSTERS, [3, 2, 1], gone={"a": "b"}, comments=["# mine"])
    (tmp_path / NAMES).write_text(text, encoding="utf-8")
    found = read_names(tmp_path)
    assert found is not None
    assert found.comments() == ("# mine",)
    assert found.has_names


def test_findings_call_the_clusters_by_the_names_shown() -> None:
    finding = Finding(
        check="small_cluster",
        severity="note",
        numbers={},
        sentence="Calm songs (3 songs), Calm songs, faster (2) and Loud rocks",
        next_step="nothing",
    )
    generated = Generated(("Calm songs", "Calm songs, faster", "Loud rock"), (finding,), ("a", "b", "c"))
    told = generated.findings_called(("Calm songs, faster", "A", "B"))
    assert told[0].sentence == "Calm songs, faster (3 songs), A (2) and Loud rocks"
    assert generated.findings_called(generated.names) == (finding,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"a = {'9' * 5000}", "a number of thousands of digits"),
        (f"a = {'[' * 5000}", "too deep to be read"),
        (f"{'a.' * 5000}a = ''", "more than 20 dots"),
        ("# " + "x" * 1_100_000, "more than 1,000,000 bytes"),
    ],
)
def test_hostile_files_are_refused_in_a_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / NAMES).write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match=words) as caught:
        read_names(tmp_path)
    assert len(str(caught.value)) < 600


def test_a_cluster_called_gone_goes_with_names_that_are_gone(tmp_path: Path) -> None:
    clusters = ("gone", "gone_", "Loud rock")
    text = names_text(clusters, ("gone", "Away", "Loud rock"), (1, 2, 3), gone={"Calm songs": "Sleep"})
    (tmp_path / NAMES).write_text(text, encoding="utf-8")
    found = read_names(tmp_path)
    assert found is not None
    assert found.shown_names(clusters) == ("gone", "Away", "Loud rock")
    assert dict(found.gone) == {"Calm songs": "Sleep"}
    assert "\n[gone__]\n" in text
