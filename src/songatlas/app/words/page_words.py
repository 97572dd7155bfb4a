"""Sentences of the library as the pages say them: controls instead of options of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

from songatlas.app.words.wording import plain_text

_LONGEST: Final = 900
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
    return sentence


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
