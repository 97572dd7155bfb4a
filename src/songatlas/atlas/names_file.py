"""`names.toml`: the names that a person gives to clusters, in a file of their own beside the atlas.

```
"Feel-good songs" = "Sunday kitchen"
"Danceable rap" = ""

[gone]
"Gentle acoustic" = "Rainy day"
```
On the left stands the name that songatlas gave, on the right the one to show in its place; an empty text
keeps the left one. Under `[gone]` wait the names of clusters that are not there at present: such a line
counts again where a cluster of that name is there and its own line is empty. Where a cluster itself is called
"gone", the table is `[gone_]`. The file belongs to the person: no manifest vouches for it, so that it may be
edited at any time.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from songatlas.errors import BadSettings, did_you_mean
from songatlas.files import read_at_most
from songatlas.lint import Finding
from songatlas.profiles import NO_LONGER_FITS
from songatlas.toml_text import BadToml, as_toml, toml_values

NAMES: Final = "names.toml"

LONGEST: Final = 80
"""Characters that a name may have."""

_GONE: Final = "gone"
_LARGEST = 1_000_000
_CURLY = re.compile(r"(?m)(?:^|=)\s*[“”„‟«»‘’]")  # what editors put where a person types a quote
_JOINERS = "\u200c\u200d"  # format characters that letters and emoji are written with
_TEMPLATE = (
    "# Names for the clusters of this atlas.",
    '# Left: the name that songatlas gave. Right: the name to show instead; "" keeps the left one.',
    "# Save the file, and every command uses the new names; a new build into the same folder keeps them.",
)
_GONE_TEMPLATE = "# Names of clusters that are no longer there; they come back with their cluster."


@dataclass(frozen=True)
class Generated:
    """What songatlas itself called the clusters, and told of them under these names.

    Attributes
    ----------
    names : tuple of str
        One for each cluster.
    findings : tuple of Finding
        What the lint warns about.
    evidence : tuple of str
        What each name rests on, and whether one that was kept still fits.
    """

    names: tuple[str, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[str, ...]

    def evidence_called(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the evidence under other names: whether a person's own name fits is not ours to say."""
        return tuple(
            said if shown == own else said.partition(NO_LONGER_FITS)[0]
            for said, shown, own in zip(self.evidence, names, self.names, strict=True)
        )

    def findings_called(self, names: Sequence[str]) -> tuple[Finding, ...]:
        """Return the findings with the clusters called by other names."""
        called = {before: after for before, after in zip(self.names, names, strict=True) if before != after}
        if not called:
            return self.findings
        longest_first = sorted(self.names, key=len, reverse=True)
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
        return tuple(
            Finding(
                **{
                    **vars(each),
                    "sentence": pattern.sub(lambda met: called.get(met[0], met[0]), each.sentence),
                }
            )
            for each in self.findings
        )


@dataclass(frozen=True, kw_only=True)
class NamesFile:
    """What a person wrote into `names.toml`.

    Attributes
    ----------
    path : Path
    text : str
        The file as it stands.
    given : mapping of str to str
        Name that songatlas gave -> name that the person gives; empty where it stays.
    gone : mapping of str to str
        The same of clusters that are not there.
    """

    path: Path
    text: str
    given: Mapping[str, str]
    gone: Mapping[str, str]

    @property
    def has_names(self) -> bool:
        """Whether a person gave any name."""
        return any(self.given.values()) or any(self.gone.values())

    def comments(self) -> tuple[str, ...]:
        """Return the lines of comment that a person wrote."""
        lines = [line.strip() for line in self.text.splitlines()]
        return tuple(
            line for line in lines if line.startswith("#") and line not in (*_TEMPLATE, _GONE_TEMPLATE)
        )

    def shown_names(self, generated: Sequence[str]) -> tuple[str, ...]:
        """Return the name to show of every cluster.

        Raises
        ------
        BadSettings
            If a line names no cluster, or two clusters would have one name.
        """
        for name in self.given:
            if name not in generated:
                raise BadSettings(
                    f"{self._place(name)}: no cluster is called {_short(name)}"
                    f"{did_you_mean(name, generated)}; the clusters are {', '.join(map(_short, generated))}: "
                    "correct the left side, or remove the line"
                )
        names = tuple(self.given.get(name) or self.gone.get(name) or name for name in generated)
        seen: dict[str, str] = {}
        for own, name in zip(generated, names, strict=True):
            other = seen.setdefault(_key(name), own)
            if other != own:
                wrong = own if name != own else other
                raise BadSettings(
                    f"{self._place(wrong)}: two clusters would be called {_short(name)}, {_short(other)} and "
                    f"{_short(own)}: every cluster needs a name of its own"
                )
        return names

    def _place(self, name: str) -> str:
        """The file, and the line that begins with a name where it can be found."""
        return _where(self.path, self.text, name)


def read_names(folder: Path) -> NamesFile | None:
    """Read `names.toml` in the folder of an atlas; None where there is none.

    Raises
    ------
    BadSettings
        If it is no TOML of names, or a name cannot be one, with the line and the rule.
    """
    path = folder / NAMES
    try:
        content = read_at_most(path, _LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadSettings(
            f"cannot read {str(path)!r}: {error.strerror or error}; make it a readable file"
        ) from None
    return names_of(content, path)


def names_of(content: bytes, path: Path) -> NamesFile:
    """Return what a person wrote into the file of names that lies at `path`.

    Raises
    ------
    BadSettings
        As `read_names`.
    """
    if len(content) > _LARGEST:
        raise BadSettings(f"{str(path)!r} has more than {_LARGEST:,} bytes: a file of names has fewer")
    try:
        text = content.decode("utf-8-sig")
        values = toml_values(text)
    except UnicodeDecodeError:
        raise BadSettings(f"{str(path)!r} is not UTF-8 text: save it as UTF-8") from None
    except BadToml as error:
        curly = ", not in curly ones," if _CURLY.search(text) else ""
        raise BadSettings(
            f'{str(path)!r} is not TOML ({error}): write lines like "Feel-good songs" = "My name", both '
            f"sides in straight quotes{curly} and each left side once"
        ) from None
    tables = [name for name, value in values.items() if isinstance(value, dict) and name.rstrip("_") == _GONE]
    gone = {name: value for table in tables for name, value in values.pop(table).items()}
    given = {name: _checked(name, value, path, text) for name, value in values.items()}
    return NamesFile(
        path=path,
        text=text,
        given=MappingProxyType(given),
        gone=MappingProxyType({name: _checked(name, value, path, text) for name, value in gone.items()}),
    )


def names_text(
    generated: Sequence[str],
    names: Sequence[str],
    sizes: Sequence[int],
    *,
    gone: Mapping[str, str] = MappingProxyType({}),
    comments: Sequence[str] = (),
) -> str:
    r"""Return the file of names of an atlas: a line for each cluster, empty where nobody renamed it.

    Examples
    --------
    >>> print(names_text(["Calm songs"], ["Sleep"], [12]).splitlines()[-1])
    "Calm songs" = "Sleep"  # cluster 0, 12 songs
    """
    lines = [*_TEMPLATE, *comments, ""]
    for cluster, (own, name, size) in enumerate(zip(generated, names, sizes, strict=True)):
        songs = "1 song" if size == 1 else f"{size:,} songs"
        given = "" if name == own else name
        lines.append(f"{as_toml(own)} = {as_toml(given)}  # cluster {cluster}, {songs}")
    if gone:
        table = next(name for number in count() if (name := f"{_GONE}{'_' * number}") not in generated)
        lines += [
            "",
            f"[{table}]",
            _GONE_TEMPLATE,
            *(f"{as_toml(own)} = {as_toml(name)}" for own, name in gone.items()),
        ]
    return "\n".join(lines) + "\n"


def _checked(own: str, value: Any, path: Path, text: str) -> str:
    """A name as a person gave it, without space around it; an error where it cannot be one."""
    if not isinstance(value, str):
        rule = "a name is a text in quotes, and so is the left side"
        raise BadSettings(f"{_where(path, text, own)}: the name of {_short(own)} is no text; {rule}")
    name = value.strip()
    if fault := _fault(own, name):
        raise BadSettings(f"{_where(path, text, own)}: {fault}")
    return name


def require_name(cluster: int, text: str, *, names: Sequence[str], own: str) -> str:
    """Return what a person typed as the name of a cluster, without space around it.

    Parameters
    ----------
    cluster : int
        Number of the cluster.
    text : str
        What was typed.
    names : sequence of str
        Name of every cluster at present.
    own : str
        What songatlas calls the cluster.

    Raises
    ------
    BadSettings
        If it cannot be a name, or another cluster has it, with the rule.

    Examples
    --------
    >>> require_name(0, " Sunday kitchen ", names=("Calm songs", "Loud rock"), own="Calm songs")
    'Sunday kitchen'
    """
    name = text.strip()
    if not name:
        raise BadSettings("a name needs at least one letter: type one, or go back to the generated name")
    if fault := _fault(own, name):
        raise BadSettings(fault)
    for other, taken in enumerate(names):
        if other != cluster and _key(taken) == _key(name):
            raise BadSettings(
                f"cluster {other} is called {_short(taken)} already: every cluster needs a name of its own"
            )
    return name


def _fault(own: str, name: str) -> str:
    """What is wrong with a name that a person gives to a cluster; empty where nothing is."""
    bad = next((letter for letter in name if _is_hidden(letter)), None)
    if bad is not None:
        return (
            f"the name of {_short(own)} holds the sign U+{ord(bad):04X}, which cannot be seen: a "
            "name is one line of visible text; remove it"
        )
    if len(name) > LONGEST:
        return f"the name of {_short(own)} has {len(name):,} characters: {LONGEST} at most; shorten it"
    if name.isdecimal():
        return f"{_short(name)} reads as the number of a cluster: add a word to the name"
    return ""


def _is_hidden(letter: str) -> bool:
    """Whether a character cannot be seen: control and format signs, line ends, halves of signs."""
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and letter not in _JOINERS


def _where(path: Path, text: str, name: str) -> str:
    """The file, and the line that begins with a name where it can be found."""
    starts = (as_toml(name), json.dumps(name), f"'{name}'", name)
    for number, line in enumerate(text.splitlines(), start=1):
        if any(re.match(rf"\s*{re.escape(start)}\s*[=.]", line) for start in starts):
            return f"{str(path)!r}, line {number}"
    return repr(str(path))


def _key(name: str) -> str:
    """What two names that look alike have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _short(name: str) -> str:
    """A name as an error shows it."""
    return repr(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
