"""The file of secrets that a login needs: looked at before anything is started.

It is Streamlit's own `secrets.toml`: a table `[auth]` with what its `st.login` takes, of one provider or of
several, each in a table of its own.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import read_at_most
from songatlas.toml_text import toml_values

_NEEDED: Final = ("redirect_uri", "cookie_secret")
_OF_PROVIDER: Final = ("client_id", "client_secret", "server_metadata_url")

_LARGEST: Final = 20_000  # bytes; those with a dozen of providers have a few thousand

DEFAULT: Final = "default"
"""Name of the provider where the file names one alone."""


def read_login_file(path: Path) -> tuple[str, ...]:
    """Return the providers that a file of secrets names; what Streamlit's `st.login` needs has to be there.

    Raises
    ------
    BadSettings
        If it cannot be read, or lacks something.
    """
    found = _values(path).get("auth")
    if not isinstance(found, dict):
        raise BadSettings(f"{str(path)!r} has no table [auth]: see 'Logins' in docs/serving.md")
    if missing := [name for name in _NEEDED if not found.get(name)]:
        raise BadSettings(f"[auth] in {str(path)!r} lacks {', '.join(missing)}: see docs/serving.md")
    if len(str(found["cookie_secret"])) < 32:
        raise BadSettings(f"cookie_secret in {str(path)!r} is short: take 32 random characters or more")
    providers = tuple(name for name, each in found.items() if isinstance(each, dict) and "client_id" in each)
    if not providers and not all(found.get(name) for name in _OF_PROVIDER):
        raise BadSettings(f"[auth] in {str(path)!r} lacks {', '.join(_OF_PROVIDER)}: see docs/serving.md")
    return providers or (DEFAULT,)


def _values(path: Path) -> dict[str, Any]:
    """What the file says, read within bounds of time and memory."""
    try:
        content = read_at_most(path, _LARGEST + 1)
    except OSError as error:
        reason = error.strerror or error
        raise BadSettings(f"cannot read {str(path)!r} ({reason}): name a file with a table [auth]") from error
    if len(content) > _LARGEST:
        raise BadSettings(f"{str(path)!r} has more than {_LARGEST:,} bytes: name a file with a table [auth]")
    try:
        return toml_values(content.decode("utf-8"))
    except ValueError as error:
        raise BadSettings(f"cannot read {str(path)!r} as TOML: name a file with a table [auth]") from error


def require_login_parts() -> None:
    """Refuse to start where what a login is made with is missing."""
    missing = [name for name in ("authlib", "httpx") if find_spec(name) is None]
    if missing:
        raise SongAtlasError(
            f"--login needs {' and '.join(missing)}, not installed here: pip install 'streamlit[auth]'"
        )
