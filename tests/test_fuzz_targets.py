"""What the fuzzer tries, tried here without it: the seeds of every target, and some mutations of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from songatlas.errors import SongAtlasError

harness = pytest.importorskip(
    "fuzz.harness", reason="fuzz/ is beside src: run `python -m pytest` in the project"
)
MUTATIONS = {"playlists": 200, "settings": 200, "names_file": 200, "saved_atlas": 60, "app_input": 200}


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_input_breaks_a_promise(name: str, tmp_path: Path) -> None:
    target = harness.target_named(name)
    n_seeds = len(target.seeds())
    trial = harness.try_plainly(target, tmp_path, runs=MUTATIONS[name], seed=9)
    assert trial.inputs == n_seeds + MUTATIONS[name]
    assert not trial.kept, [path.read_text() for path in tmp_path.glob("*.txt")]
    assert n_seeds > 0
    assert trial.refused < trial.inputs, "nothing was understood"


def test_a_broken_promise_is_kept_and_the_run_goes_on(tmp_path: Path) -> None:
    def run(content: bytes) -> None:
        if content == b"refused":
            raise SongAtlasError("no such song: name another")
        if content == b"steers":
            raise SongAtlasError("no such song \x1b[31m: name another")
        if content:
            raise ValueError(f"{content!r}")

    target = harness.Target(about="", seeds=lambda: [b"", b"refused", b"steers", b"longer", b"ab"], run=run)
    trial = harness.try_plainly(target, tmp_path, runs=0)
    assert (trial.inputs, trial.refused, trial.findings) == (5, 2, 3)
    kept = {path.name.partition("-")[0]: path.read_bytes() for path in tmp_path.glob("*.input")}
    assert kept == {"BadlyTold": b"steers", "ValueError": b"ab"}


def test_an_input_that_takes_long_is_a_finding(tmp_path: Path) -> None:
    target = harness.Target(
        about="", seeds=lambda: [b"x"], run=lambda content: sum(range(10_000)), most_seconds=1e-9
    )
    trial = harness.try_plainly(target, tmp_path, runs=0)
    assert [name.partition("-")[0] for name in trial.kept] == ["TimeoutError"]


def test_the_ledger_adds_up_what_all_runs_have_tried(tmp_path: Path) -> None:
    ledger = pytest.importorskip("fuzz.ledger")
    target = harness.Target(about="", seeds=lambda: [b"x", b"y"], run=lambda content: None)
    for place, runs in enumerate((3, 5)):
        trial = harness.try_plainly(target, tmp_path, runs=runs)
        ledger.Ledger(tmp_path / f"ledger{place}", "some").note(trial, is_last=True)
    found = [page for place in range(2) for page in ledger.pages(tmp_path / f"ledger{place}")]
    (row,) = ledger.totals(iter(found))
    assert (row["target"], row["inputs"], row["runs"]) == ("some", 12, 2)


def test_mutations_are_the_same_for_the_same_seed() -> None:
    target = harness.target_named("playlists")
    seeds = target.seeds()
    first, again, other = (harness.drawn_inputs(target, seeds, seed=seed) for seed in (1, 1, 2))
    drawn = [next(first) for _ in range(50)]
    assert drawn == [next(again) for _ in range(50)]
    assert drawn != [next(other) for _ in range(50)]


def test_libfuzzer_is_given_a_dictionary_only_where_there_are_tokens(tmp_path: Path) -> None:
    running = pytest.importorskip("fuzz.running")
    corpus = tmp_path / "corpus" / "some"
    corpus.mkdir(parents=True)
    for tokens, lines in (((), []), ((b"#EXT", b'"\x00'), ['"#EXT"', '"\\x22\\x00"'])):
        target = harness.Target(about="", seeds=list, run=len, tokens=tokens)
        options = running.options_of(harness.Trial(target, tmp_path), corpus, seed=0)
        asked = [option.removeprefix("-dict=") for option in options if option.startswith("-dict=")]
        assert [line for name in asked for line in Path(name).read_text().splitlines()] == lines
        assert "-seed=1" in options  # libFuzzer draws a seed of its own for 0
