"""The server: Streamlit with our theme and settings, and addresses of our own for the map and for music."""

from __future__ import annotations

import logging
import os
import signal
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from songatlas.access.login_secrets import read_login_file
from songatlas.access.passwords import read_password_file
from songatlas.app.server.access import Gate, Keeper, PasswordKeeper
from songatlas.app.server.guarding import Guard, welcome_names
from songatlas.app.server.logins import LoginKeeper
from songatlas.app.server.parts import PATH, part_of
from songatlas.app.server.sounds import SOUND_PATH, sound_for
from songatlas.app.server.uploads import UploadGate
from songatlas.app.server.visits import Doorkeeper, keeping_house

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_HERE = Path(__file__).parent
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What `songatlas app` was started with.

    Attributes
    ----------
    target : str or None
        Folder of an atlas, or a table of songs; the demo catalogue where None.
    settings : mapping
        Settings of a build, where the target is a table.
    address : str
        Network address to listen on.
    port : int
    upload_mb : int
        Largest table that can be dropped in, in megabytes.
    hosts : sequence of str
        Names that people reach the server by, where a proxy stands before it.
    open_browser : bool
        Whether to open the page in a browser; `songatlas app` does that itself.
    parent : int
        Number of the process that the server ends with; 0 for none.
    password_file : str or None
        File with the hash of the password that everybody needs; none is needed where None.
    login_file : str or None
        Secrets of Streamlit's login, which everybody needs; none is needed where None.
    allow : sequence of str
        Who may enter of those who log in: addresses, or `@` and a domain; all where empty.
    trust_addresses : bool
        Whether addresses count that the provider of a login does not say to have verified.
    """

    target: str | None = None
    settings: Mapping[str, Any] | None = None
    address: str = "127.0.0.1"
    port: int = 8501
    upload_mb: int = 500
    hosts: Sequence[str] = ()
    open_browser: bool = False
    parent: int = 0
    password_file: str | None = None
    login_file: str | None = None
    allow: Sequence[str] = ()
    trust_addresses: bool = False


_launch = Launch()


def launched() -> Launch:
    """Return what the app was started with."""
    return _launch


def launch_with(launch: Launch) -> None:
    """Say what the app is started with; tests do without a server."""
    global _launch
    _launch = launch


def serve(launch: Launch) -> None:
    """Run the server until it is stopped."""
    import streamlit as st
    from starlette.middleware import Middleware
    from starlette.routing import Route

    launch = away_from_here(launch)
    launch_with(launch)
    app = st.App(
        _HERE.parent / "script" / "visit.py",
        routes=[
            Route(f"{SOUND_PATH}/{{token}}", sound_for),
            Route(f"{PATH}/{{token}}/{{part:int}}", part_of),
            Route("/atlas", to_first_page),
        ],
        middleware=[
            Middleware(Guard, names=welcome_names(launch.address, launch.hosts)),
            *(Middleware(Gate, keeper=keeper) for keeper in _keepers(launch)),
            Middleware(Doorkeeper),
            Middleware(UploadGate, most_bytes=launch.upload_mb * 2**20),
        ],
        lifespan=keeping_house,
        on_script_error=tell_of_break,
    )
    if launch.parent:
        Thread(target=_end_with, args=(launch.parent,), daemon=True).start()
    app.run(config=config_of(launch))


def away_from_here(launch: Launch) -> Launch:
    """Leave the folder that the app was started in: Streamlit would obey the settings that lie there.

    Returns
    -------
    Launch
        The same, with paths that hold from everywhere.
    """

    def kept(path: str | None) -> str | None:
        return None if path is None else str(Path(path).absolute())

    there = replace(
        launch,
        target=kept(launch.target),
        password_file=kept(launch.password_file),
        login_file=kept(launch.login_file),
    )
    os.chdir(_HERE.parent)
    return there


def _keepers(launch: Launch) -> list[Keeper]:
    """Who says who is let in; nobody where everybody is."""
    keepers: list[Keeper] = []
    if launch.password_file:
        line = read_password_file(Path(launch.password_file))
        keepers.append(PasswordKeeper(line, port=launch.port))
    if launch.login_file:
        providers = read_login_file(Path(launch.login_file))
        keepers.append(LoginKeeper(launch.allow, providers, trust_addresses=launch.trust_addresses))
    return keepers


async def to_first_page(request: Request) -> Response:
    """Send who asks for the first page by its name to where it is, with what the address says."""
    from starlette.responses import RedirectResponse

    query = request.url.query
    return RedirectResponse(f"./?{query}" if query else "./")


def tell_of_break(error: Exception) -> bool:
    """Show a box in place of what broke, and write what happened to the terminal."""
    import streamlit as st

    _LOG.error("a page broke", exc_info=error)
    st.error(
        "This page broke, and what happened stands in the terminal that songatlas runs in. Everything else "
        "works on: choose another page, or reload this one."
    )
    return True


def _end_with(parent: int) -> None:
    """Stop the server as soon as the process that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGINT)


def config_of(launch: Launch) -> dict[str, Any]:
    """Return the settings of Streamlit: those of `config.toml`, and those given at the start.

    They go before what a person set for all their apps in `~/.streamlit`; secrets are read from nowhere but
    the file that was named.
    """
    usual = tomllib.loads((_HERE / "config.toml").read_text(encoding="utf-8"))
    return flattened(usual) | {
        "server.address": launch.address,
        "server.port": launch.port,
        "server.maxUploadSize": launch.upload_mb,
        "server.headless": not launch.open_browser,
        "browser.serverAddress": launch.address,
        "secrets.files": [str(Path(launch.login_file).resolve())] if launch.login_file else [],
    }


def flattened(nested: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Return a nested mapping as one of dotted names.

    Examples
    --------
    >>> flattened({"theme": {"light": {"textColor": "#222"}}})
    {'theme.light.textColor': '#222'}
    """
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, prefix=f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
