"""Sentences of the library as the pages say them: controls instead of options of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import streamlit as st

from songatlas.app.words.wording import plain_text

SURE_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"certain": "certain", "likely": "likely", "named": "as you said"}
)
"""How sure the reader is of a column, in words."""

_LONGEST: Final = 900
_WEIGH: Final = "under What counts on the page Atlas"
_READ: Final = "under Correct what was understood, where you open the table"
_PATTERNS: Final = (
    (re.compile(r"name (?:a|it|another one|its)(?: column)? with --column (\w+)=(?:\"[^\"]*\"|\S*\w)"),
     rf"choose the column of \1 {_READ}"),
    (re.compile(r"name another one with --genre"), f"choose another column of genres {_READ}"),
    (re.compile(r"as in --weights (\w+)=0\.2"), rf"by the slider for \1 {_WEIGH}"),
    (re.compile(r"name the features to use with --features"), f"{_READ}, choose “leave it out”"),
    (re.compile(r"leave ([\w, ()-]+?) out of --features"), rf"leave \1 out: {_READ}"),
    (re.compile(r",? or other --features"), ", or leave features out where you open the table"),
    (re.compile(r"; 'songatlas artists ATLAS' lists those of most songs"),
     "; All artists lists those of most songs"),
    (re.compile(r" \(?--unit (\w+)='[^']*'\)?"), r" \1"),
    (re.compile(r"switch off rules of cleaning with --keep all"), "switch off rules of cleaning"),
    (re.compile(r"ask for (more|fewer) clusters, as in --k (\d+)"),
     r"choose \1 clusters, such as \2, with the slider on the page Atlas"),
    (re.compile(r"ask for (fewer clusters|it) with --k"), r"choose \1 on the page Atlas"),
    (re.compile(r"try another --k"), "try another number of clusters"),
    (re.compile(r"ask for at most --k (\d+)"), r"ask for at most \1 clusters"),
    (re.compile(r"--genre names"), "the column of genres is"),
    (re.compile(r"leave --genre out"), "choose none"),
)  # fmt: skip
_SAID: Final = (
    ("(--per-artist 0 allows any number)", "(0 in the field for songs of one artist allows any number)"),
    ("any number is --per-artist 0, None in Python", "0 in the field allows any number"),
    ("say where your files are with --location, such as", "say above where your files are, such as"),
    ("say where your files are with --location, or write", "say above where your files are, or take"),
    ("so --location gives", "so the pattern gives"),
    ("leave it out of --location", "leave it out of the pattern"),
    (": name one with --like 'TITLE - ARTIST', or a playlist file", ": add one by its title"),
    (": build the atlas with --column artists=HEADER, where HEADER is the column of the artists",
     ": say which column holds the artists when you open the table"),
    ("build with --space sound", "build it from sound alone"),
    ("--songs", "number of songs"),
)  # fmt: skip


def page_words(sentence: str) -> str:
    """Return a sentence of the library in the words of the pages.

    Examples
    --------
    >>> page_words("a path of 1 song: give at least 2 (--songs)")
    'a path of 1 song: give at least 2 (number of songs)'
    """
    for option, control in _SAID:
        sentence = sentence.replace(option, control)
    for pattern, control in _PATTERNS:
        sentence = pattern.sub(control, sentence)
    return sentence


def page_sentence(text: str) -> str:
    """Return what the library says as a whole sentence of a page, every sign as it stands."""
    return plain_text(f"{_begun_well(page_words(text)).rstrip('.')}.", longest=_LONGEST)


def show_notes(notes: Iterable[str]) -> None:
    """Show what a person should know, a line each, every text as it is."""
    for note in dict.fromkeys(notes):
        st.caption(plain_text(_begun_well(page_words(note)), longest=_LONGEST))


def show_error(error: Exception) -> None:
    """Show why something was not done."""
    st.error(plain_text(_begun_well(page_words(str(error))), longest=_LONGEST))


def _begun_well(sentence: str) -> str:
    """A sentence with a capital, unless it begins with the name of a file."""
    first = sentence.partition(" ")[0]
    return sentence[:1].upper() + sentence[1:] if first.isalpha() else sentence
