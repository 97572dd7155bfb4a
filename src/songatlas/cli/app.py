"""`songatlas app`: the pages in a browser, served by a process of its own until Ctrl-C."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from songatlas.access.loopback import is_loopback
from songatlas.cli import options as opt
from songatlas.cli.scan import refuse_music
from songatlas.cli.terminal import shown, stdout
from songatlas.errors import BadAtlas, BadSettings, SongAtlasError

_Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="ATLAS|SONGS",
        help="Folder that 'songatlas build' wrote, or a table of songs. [default: the demo catalogue]",
        show_default=False,
    ),
]
_Address = Annotated[str, typer.Option("--address", metavar="IP", help="Network address to listen on.")]
_Port = Annotated[
    int, typer.Option("--port", metavar="N", help="Port; the next free one where taken.", min=1, max=65535)
]
_Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="NAME", help="Name that a proxy serves it under. Repeatable."),
]
_UploadLimit = Annotated[
    int,
    typer.Option(
        "--upload-limit", metavar="MB", help="Largest table that can be dropped in.", min=1, max=100_000
    ),
]
_Browser = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]

_PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="Ask everybody for the password of this file."),
]
_MakePassword = Annotated[
    Path | None,
    typer.Option(
        "--make-password-file", metavar="FILE", help="Ask for a new password, write its hash, and end."
    ),
]
_Login = Annotated[
    Path | None,
    typer.Option(
        "--login", metavar="FILE", help="Ask everybody to log in: file of secrets, see docs/serving.md."
    ),
]
_Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="WHO", help="With --login: address, or @domain. Repeatable."),
]
_TrustAddresses = Annotated[
    bool,
    typer.Option(
        "--trust-addresses", help="With --allow: the provider vouches for every address, see docs/serving.md."
    ),
]

_EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 (only compared with)
_TAKEN: Final = (errno.EADDRINUSE, errno.EACCES)
_MOST_PORTS: Final = 100
_ENOUGH: Final = 60.0  # seconds to start in
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def app(
    source: _Source = None,
    address: _Address = "127.0.0.1",
    port: _Port = 8501,
    host: _Hosts = None,
    upload_limit: _UploadLimit = 500,
    browser: _Browser = True,
    password_file: _PasswordFile = None,
    make_password_file: _MakePassword = None,
    login: _Login = None,
    allow: _Allow = None,
    trust_addresses: _TrustAddresses = False,
    k: opt.K = None,
    seed: opt.Seed = None,
    genre: opt.Genre = None,
    column: opt.Columns = None,
    unit: opt.Units = None,
    header: opt.Header = None,
    settings: opt.SettingsFile = None,
    threads: opt.Threads = None,
) -> None:
    """Walk through a catalogue in the browser: map, clusters, discovery, playlists.

    Serves pages to this computer alone until Ctrl-C. A table of songs is built first, with the options of
    'songatlas build'; nothing is written. With --address 0.0.0.0 whoever reaches this computer sees the
    songs, and plays and downloads the music files of the atlas: ask for a password, with --password-file, or
    for a login, with --login, and put a proxy with TLS before it.
    """
    if make_password_file is not None:
        _make_password(make_password_file)
        return
    _require_extra()
    access = _access(password_file, login, allow or [], trust_addresses=trust_addresses)
    columns, units = opt.read_pairs("--column", column), opt.read_pairs("--unit", unit)
    named = {"k": opt.read_k(k), "seed": seed, "genre": genre, "header": header, "threads": threads}
    given = {"columns": columns, "units": units} | named
    chosen = _settings({name: value for name, value in given.items() if value is not None}, settings, source)
    _check_source(source)
    where = {"address": address, "port": _told_port(address, port), "hosts": host or []}
    target = None if source is None else str(source)
    launch = {"target": target, "settings": chosen, "upload_mb": upload_limit, "parent": os.getpid()}
    raise typer.Exit(_serve(launch | where | access, browser=browser))


def _require_extra() -> None:
    """Refuse to start where what the pages are made with is not installed."""
    missing = [name for name in ("streamlit", "plotly") if find_spec(name) is None]
    if missing:
        raise SongAtlasError(
            f"the app needs {' and '.join(missing)}, which are not installed: pip install 'songatlas[app]'"
        )


def _make_password(path: Path) -> None:
    """Ask for a password twice, and write its hash."""
    from songatlas.access.passwords import write_password_file

    write_password_file(path, typer.prompt("New password", hide_input=True, confirmation_prompt=True))
    stdout().print(f"wrote {shown(str(path))}: start with songatlas app --password-file {shown(str(path))}")


def _access(
    password_file: Path | None, login: Path | None, allow: Sequence[str], *, trust_addresses: bool
) -> dict[str, Any]:
    """Who may enter, looked at before anything is started."""
    from songatlas.access.login_secrets import read_login_file, require_login_parts
    from songatlas.access.passwords import read_password_file

    if password_file is not None:
        read_password_file(password_file)
    if login is not None:
        read_login_file(login)
        require_login_parts()
    if allow and login is None:
        raise BadSettings("--allow says who may enter of those who log in: name the secrets with --login")
    if trust_addresses and not allow:
        raise BadSettings(
            "--trust-addresses is about the addresses of --allow: say with --allow who may enter"
        )
    if wrong := [each for each in allow if each.count("@") != 1 or each.endswith("@")]:
        raise BadSettings(f"--allow {wrong[0]!r} is no address: write anna@example.org, or @example.org")
    files = {"password_file": password_file, "login_file": login}
    who = {"allow": list(allow), "trust_addresses": trust_addresses}
    return {name: str(path) for name, path in files.items() if path} | who


def _settings(given: Mapping[str, Any], file: Path | None, source: Path | None) -> dict[str, Any] | None:
    """The settings of a build; None where nothing is built or nothing is said."""
    from songatlas.atlas import AtlasSettings

    if source is not None and source.is_dir() and (given or file):
        raise BadSettings(
            f"{str(source)!r} is an atlas, which is built already: leave out "
            f"{', '.join(f'--{name}' for name in given) or '--settings'}, or name a table of songs"
        )
    chosen = (AtlasSettings.from_toml(file) if file else AtlasSettings()).change(**given)
    return chosen.to_dict() | {"threads": chosen.threads} if given or file else None


def _check_source(source: Path | None) -> None:
    """Refuse a path that is no atlas and no file, before anything is started."""
    if source is None:
        return
    if source.is_dir():
        from songatlas.atlas.saved import folder_of

        try:
            folder_of(source)  # says where there is no atlas
        except BadAtlas:
            refuse_music(source)
            raise
    elif not source.is_file():
        from songatlas.songs import read_songs

        read_songs(source)  # says what is wrong with the path


def _told_port(address: str, wanted: int) -> int:
    """A free port; said where it is another one than that asked for."""
    free = _free_port(address, wanted)
    if free != wanted:
        typer.echo(f"port {wanted} is taken: using {free}", err=True)
    return free


def _free_port(address: str, wanted: int) -> int:
    """The first port from `wanted` on that nobody listens to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in range(wanted, min(wanted + _MOST_PORTS, 65_536)):
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            if os.name == "posix":  # a port that was just left may be taken
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((address, port))
            except OSError as error:
                if error.errno in _TAKEN:
                    continue
                break
            return port
    raise BadSettings(
        f"cannot listen on {address!r} from port {wanted} on: name an address of this computer, such as "
        "127.0.0.1, or another --port"
    )


def _is_taken(address: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((_reached(address), port), timeout=1.0):
            return True
    except OSError:
        return False


def _reached(address: str) -> str:
    """How this computer reaches an address that it listens on."""
    return "127.0.0.1" if address in _EVERYWHERE else address


def _serve(launch: Mapping[str, Any], *, browser: bool) -> int:
    """Run the server until it ends, or until somebody ends it; return its exit status."""
    # Python would otherwise take modules out of the folder that this is started in, whoever filled it.
    command = [sys.executable, "-P", "-m", "songatlas.app", json.dumps(launch)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    ended: list[int] = []

    def end(number: int, frame: object) -> None:
        ended.append(number)
        server.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        if _has_started(server, _reached(launch["address"]), launch["port"]):
            _tell(launch, browser=browser)
        status = server.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0 if ended else status


def _has_started(server: subprocess.Popen[bytes], address: str, port: int) -> bool:
    """Wait until the server answers; no where it ended instead."""
    until = time.monotonic() + _ENOUGH
    while server.poll() is None and time.monotonic() < until:
        if _is_taken(address, port):
            return True
        time.sleep(0.1)
    return False


def _tell(launch: Mapping[str, Any], *, browser: bool) -> None:
    """Say where the pages are, and open them."""
    name = _reached(launch["address"])
    page = f"http://{f'[{name}]' if ':' in name else name}:{launch['port']}"
    stdout().print(f"songatlas is at {shown(page)} (Ctrl-C ends it)")
    is_open = not launch.get("password_file") and not launch.get("login_file")
    if is_open and not is_loopback(launch["address"]):
        typer.echo("whoever reaches this computer over the network can open it: no password", err=True)
    has_screen = os.name != "posix" or sys.platform == "darwin" or _has_display()
    if browser and has_screen:
        webbrowser.open(page)


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
