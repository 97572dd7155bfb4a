"""TOML is read within bounds of time and memory, which count nothing that stands in quotes."""

from __future__ import annotations

import tomllib
import tracemalloc
from pathlib import Path

import pytest

from songatlas.atlas.names_file import names_of, names_text
from songatlas.toml_text import BadToml, toml_values

_SIZE = 1_000_000
_MEMORY = 32_000_000  # bytes
_DEEP = ".".join("a" * 20)  # 19 dots


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"[{'.'.join('h' * 500)}]\n" + "k.a.a.a = 0\n" * 80_000, "a key holds more than 20 dots"),
        (f"k = {{ {'.'.join('h' * 22)} = 0 }}", "a key holds more than 20 dots"),
        (f"{' . '.join(['h'] * 22)} = 0", "a key holds more than 20 dots"),
        (f"""{'."a".b' * 11} = 0""", "a key holds more than 20 dots"),
        ("".join(f"k{place}.{_DEEP} = 0\n" for place in range(5_000)), "more than 10,000 dots"),
        ("[a.b]\n" * 40_000, "more than 10,000 dots"),
        ("".join(f"[k{place}]\n" for place in range(40_000)), "more than 20,000 tables"),
        ("".join(f"k{place} = {{}}\n" for place in range(40_000)), "more than 20,000 tables"),
        (f"k = [{'{},' * 300_000}]", "more than 20,000 tables"),
    ],
)
def test_a_text_that_would_make_many_or_deep_tables_is_refused(text: str, words: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadToml, match=words):
            toml_values(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < _MEMORY


@pytest.mark.parametrize(
    "text",
    [
        "".join(f'"{place}.a.b.c" = "{"a." * 300}"  # a. {"." * 50}\n' for place in range(300)),
        f"""k = '''{"a.'[" * 240_000}'''""",
        'k = """' + '\\".{' * 20_000 + '"""',
        'k = "' + '\\".[' * 20_000 + '"',
        "".join(f"{_DEEP}.k{place} = 0\n" for place in range(400)),
    ],
)
def test_a_large_text_is_read_in_little_memory(text: str) -> None:
    assert len(text) <= _SIZE
    tracemalloc.start()
    try:
        values = toml_values(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert values == tomllib.loads(text)
    assert peak < _MEMORY


@pytest.mark.parametrize(
    "quotes",
    ['"""a""""', '"""a"""""', '""""""', "'''a''''", "'''a'''''", r'"\""', r'"""\""""', "''", '""', "'\"'"],
)
def test_dots_after_quotes_of_every_kind_are_counted(quotes: str) -> None:
    key = ".".join("h" * 22)
    assert tomllib.loads(f"k = [{quotes}, {{ {key} = 0 }}, '']")
    with pytest.raises(BadToml, match="a key holds more than 20 dots"):
        toml_values(f"k = [{quotes}, {{ {key} = 0 }}, '']")


@pytest.mark.parametrize("start", ['"""', "'''", '"', "'", '"""\n\\', '"""x\\', "'''\n\\"])
def test_open_ends_are_refused_however_many_there_are(start: str) -> None:
    with pytest.raises(BadToml, match="at line 1"):
        toml_values(start * (_SIZE // len(start)))


def test_a_file_of_names_of_a_thousand_clusters_opens() -> None:
    own = [
        f"Vol. {place} of St. A.B.C.D.E.F.G.H.I.J.K.L.M.N.O.P.Q.R.S.T.U.V.W. songs" for place in range(1_000)
    ]
    names = [f"Mr. {place}..." for place in range(1_000)]
    text = names_text(own, names, [12] * 1_000, gone=dict(zip(names, own, strict=True)))
    found = names_of(text.encode(), Path("names.toml"))
    assert found.shown_names(own) == tuple(names)
    assert len(found.gone) == 1_000
