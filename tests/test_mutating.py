"""The tool that changes code in small ways: what it changes, what it draws, which tests a change meets."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SOURCE = '''"""A module."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    HIDDEN = 1 + 2
LEAST = 3

def wide(a: "int | None", b: int = 4) -> "int | str":
    """Whether."""
    found: int | None = 5
    return (a or 1) + b
'''


@pytest.fixture(scope="module")
def mutate() -> Iterator[ModuleType]:
    path = Path(__file__).parents[1] / "tools" / "mutate.py"
    spec = importlib.util.spec_from_file_location("mutate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutate"]


def mutant(mutate: ModuleType, line: int, *, operator: str = "core/NumberReplacer", **more: Any) -> Any:
    given = {"module": "a.py", "occurrence": 0, "column": 0} | more
    return mutate.Mutant(operator=operator, line=line, **given)


def test_types_are_told_apart_from_what_is_run(mutate: ModuleType) -> None:
    lines = SOURCE.splitlines()
    told = [lines[start - 1][from_:to] for (start, from_), (end, to) in mutate.annotations(SOURCE)[1:]]
    assert sorted(told) == sorted(['"int | str"', '"int | None"', "int", "int | None"])
    assert mutate.annotations(SOURCE)[0] == ((3, 0), (4, 18))


def test_one_replacement_is_drawn_of_each_operator_at_each_place(mutate: ModuleType) -> None:
    kinds = [f"core/ReplaceBinaryOperator_Add_{name}" for name in ("Sub", "Mul", "Div")]
    alike = [mutant(mutate, 10, operator=kind, column=20) for kind in kinds]
    numbers = [mutant(mutate, line) for line in (5, 7)]
    found = mutate.drawn([*alike, *numbers], 10, seed=1)
    assert len(found) == 3
    assert {each.line for each in found} == {5, 7, 10}
    assert found == mutate.drawn([*alike, *numbers], 10, seed=1)
    assert len(mutate.drawn([*alike, *numbers], 2, seed=1)) == 2
    chosen = {each.operator for seed in range(20) for each in mutate.drawn(alike, 1, seed=seed)}
    assert chosen == set(kinds)


def test_a_change_meets_the_tests_of_its_line_quickest_first(mutate: ModuleType) -> None:
    lines = {5: {"slow"}, 10: {"slow", "quick", "longest"}}
    seconds = {"slow": 2.0, "quick": 0.1, "longest": mutate.LONGEST_S}
    assert mutate.tests_for(mutant(mutate, 10), SOURCE, lines, seconds) == ["quick", "slow"]
    assert mutate.tests_for(mutant(mutate, 9), SOURCE, lines, seconds) == []
    # What is run when the module is imported can change every test of it.
    assert mutate.tests_for(mutant(mutate, 5), SOURCE, lines, seconds) == ["quick", "slow"]
    assert mutate.tests_for(mutant(mutate, 7), SOURCE, lines, seconds) == ["quick", "slow"]


def test_a_change_in_what_a_fixture_made_meets_the_other_tests_of_the_file(mutate: ModuleType) -> None:
    lines = {10: {"a.py::first"}}
    seconds = {"a.py::first": 3.0, "a.py::second": 0.1, "b.py::other": 0.1}
    assert mutate.tests_for(mutant(mutate, 10), SOURCE, lines, seconds) == ["a.py::first", "a.py::second"]


def test_what_no_test_killed_is_listed(mutate: ModuleType) -> None:
    fates = [
        mutate.Fate(mutant(mutate, line), fate, "3  ->  4", 1, 0.1)
        for line, fate in ((1, "killed"), (2, "timed out"), (3, "survived"), (4, "no test"))
    ]
    found = mutate.counted(fates)
    assert (found["tried"], found["killed"], found["of_these_timed_out"], found["alive"]) == (4, 2, 1, 2)
    assert found["modules"] == {"a.py": {"tried": 4, "killed": 2, "alive": 2}}
    assert [(each["line"], each["fate"]) for each in found["survivors"]] == [(3, "survived"), (4, "no test")]


def test_seconds_of_a_test_are_those_of_all_its_phases(mutate: ModuleType) -> None:
    log = [
        "1.50s call     tests/a.py::one[x y]",
        "0.25s setup    tests/a.py::one[x y]",
        "0.10s call     tests/a.py::two",
    ]
    assert mutate._seconds("\n".join(log)) == {"tests/a.py::one[x y]": 1.75, "tests/a.py::two": 0.1}


def test_a_change_is_told_by_its_first_line(mutate: ModuleType) -> None:
    assert mutate.told_change("a\n b < c\nd", "a\n b <= c\nd") == "b < c  ->  b <= c"
    assert mutate.told_change("@cached\nd", "d\n") == "@cached  ->  d"


def test_cosmic_ray_changes_a_place(mutate: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("cosmic_ray", reason="no cosmic-ray: pip install 'songatlas[mutation]'")
    (tmp_path / "a.py").write_text(SOURCE, encoding="utf-8")
    found = mutate.mutants_of(tmp_path / "a.py", tmp_path)
    assert {each.line for each in found} == {5, 7, 9, 10}
    changed = {mutate.mutated(SOURCE, each) for each in found}
    assert SOURCE.replace("LEAST = 3", "LEAST = 4") in changed
    assert SOURCE.replace("(a or 1)", "(a and 1)") in changed
    assert SOURCE not in changed
