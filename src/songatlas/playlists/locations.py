r"""Locations: the paths and URIs under which a player finds songs.

Conventions
-----------
A location is a URI where it begins with a scheme of two letters or more (``https://``, ``spotify:``), so that
``C:\Music`` is a path. File URIs are read as paths. Relative paths belong to the folder of the playlist and
are written with forward slashes. Paths of other computers (``\\host\share``) are never looked up on Windows,
where asking for one tells that host who asks. Bytes of a path that are no UTF-8 are held as Python holds
them (surrogateescape), and percent-encoded in URIs.

References
----------
RFC 3986, *Uniform Resource Identifier (URI): Generic Syntax*. RFC 8089, *The "file" URI Scheme*.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes, unquote

from songatlas.files import is_audio

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+:(?://|[^\s/\\]+$)", re.IGNORECASE)
_WINDOWS: Final = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_SHARE: Final = re.compile(r"[\\/]{2}|[\\/]\?\?[\\/]")
_MOST_FOLDERS_UP = 2
_IN_URIS = "/:@!$&'()*+,;=?#%-._~"
_IPV6: Final = re.compile(r"[^/]*//\[[0-9A-Fa-f:.]+\]")


def is_uri(location: str) -> bool:
    """Say whether a location is a URI and not a path.

    Examples
    --------
    >>> [is_uri(text) for text in ("https://a.b/c", "spotify:track:x", "C:/a.mp3", "Re: Stacks.mp3", "a/b")]
    [True, True, False, False, False]
    """
    if location[:5].lower() == "file:":
        return True
    found = _SCHEME.match(location)
    return bool(found) and ("://" in found[0] or not is_audio(location)) if found else False


def is_absolute(path: str) -> bool:
    """Say whether a path is absolute, here or on Windows."""
    return path.startswith("/") or bool(_WINDOWS.match(path))


def is_on_share(path: str, *, system: str = os.name) -> bool:
    r"""Say whether looking a path up might ask another computer, as ``\\host\share`` does on Windows alone.

    Paths of devices, which begin with two slashes as well, count as such.

    Examples
    --------
    >>> [is_on_share(path, system="nt") for path in (r"\\host\a.mp3", "//host/a.mp3", r"C:\a.mp3", r"\a.mp3")]
    [True, True, False, False]
    >>> is_on_share("//host/a.mp3", system="posix")
    False
    """
    return system == "nt" and _SHARE.match(path) is not None


def settled(location: str, directory: str | None = None) -> str:
    """Return a location as readers give it: a URI, or a path that is absolute where the folder is known.

    Parameters
    ----------
    location : str
        Path or URI; file URIs become paths.
    directory : str, optional
        Absolute folder to which relative paths belong.

    Examples
    --------
    >>> settled("../B%20side/a.mp3", "/music/lists"), settled("file:///music/B%20side.mp3")
    ('/music/B%20side/a.mp3', '/music/B side.mp3')
    """
    if location[:5].lower() == "file:":
        location = path_of_uri(location)
    elif is_uri(location):
        return location
    if _WINDOWS.match(location) and os.sep == "/":
        return location
    return os.path.normpath(os.path.join(directory or "", location))  # noqa: PTH118 - Path would drop bytes


def path_of_uri(reference: str) -> str:
    """Return the path that a file URI or a relative reference stands for, percent signs decoded.

    Examples
    --------
    >>> path_of_uri("file:///C:/a%20b.mp3"), path_of_uri("file://localhost/a%23"), path_of_uri("a%20b")
    ('C:/a b.mp3', '/a#', 'a b')
    """
    path = reference
    if reference[:5].lower() == "file:":
        path = reference[5:]
        if path.startswith("//"):
            host, slash, rest = path[2:].partition("/")
            path = f"/{rest}" if host.lower() in ("", "localhost") else f"//{host}{slash}{rest}"
    path = unquote(path, errors="surrogateescape")
    return path[1:] if re.match(r"/[A-Za-z]:[\\/]", path) else path


def uri_of_path(path: str) -> str:
    """Return a file URI of an absolute path, a relative reference of a relative one.

    Examples
    --------
    >>> uri_of_path("/music/a b#1.mp3"), uri_of_path("a b/ü.mp3")
    ('file:///music/a%20b%231.mp3', 'a%20b/%C3%BC.mp3')
    """
    if not is_absolute(path):
        return percent_encoded(path, keep="/")
    path = path.replace("\\", "/") if _WINDOWS.match(path) else path
    return f"file://{'' if path.startswith('/') else '/'}{percent_encoded(path, keep='/')}"


def reference_of(location: str) -> str:
    """Return a location as a URI reference, with what a URI may not hold percent-encoded.

    Examples
    --------
    >>> reference_of("https://a.b/c d%20e%zz"), reference_of("c d%.mp3")
    ('https://a.b/c%20d%20e%25zz', 'c%20d%25.mp3')
    """
    if not is_uri(location):
        return uri_of_path(location)
    host = found[0] if (found := _IPV6.match(location)) else ""
    encoded = percent_encoded(location[len(host) :], keep=_IN_URIS)
    head, sign, fragment = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded).partition("#")
    return f"{host}{head}{sign}{fragment.replace('#', '%23')}"


def beside(location: str, directory: str | None) -> str:
    """Return a location relative to the folder of a playlist, with forward slashes, where it lies near.

    Near is in the folder, or in one that is at most two folders further up and not the root. Everything else
    stays as it is.

    Examples
    --------
    >>> beside("/home/me/Music/A/b.mp3", "/home/me/Music/Lists"), beside("/mnt/a.mp3", "/home/me")
    ('../A/b.mp3', '/mnt/a.mp3')
    """
    if is_uri(location):
        return location
    if directory and Path(location).is_absolute() and Path(directory).is_absolute():
        try:
            shared = Path(os.path.commonpath([location, directory]))
        except ValueError:  # on another drive
            return location
        n_up = len(Path(directory).parts) - len(shared.parts)
        if shared.parent != shared and n_up <= _MOST_FOLDERS_UP:
            location = os.path.relpath(location, directory)
    return location if _WINDOWS.match(location) else location.replace(os.sep, "/")


def percent_encoded(text: str, *, keep: str = "") -> str:
    """Return text as it may stand in a URI; `keep` stays as it is.

    Examples
    --------
    >>> percent_encoded("AC/DC? Yes!"), percent_encoded("a/b c", keep="/")
    ('AC%2FDC%3F%20Yes%21', 'a/b%20c')
    """
    try:
        content = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        content = text.encode("utf-8", "replace")
    return quote_from_bytes(content, safe=keep)
