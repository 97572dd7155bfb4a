"""Who logged in elsewhere: Streamlit's own login (OpenID Connect), asked for before anything is shown.

Streamlit keeps who logged in in a signed cookie, and looks at it where a script asks. Here every request is
looked at, so that files are guarded as pages are. What of Streamlit this needs is no promise of it; where a
version lacks it, nobody is let in and the server does not start.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from songatlas.access.login_secrets import DEFAULT
from songatlas.app.server.access import LOGOUT, own_page
from songatlas.errors import SongAtlasError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response


def may_enter(who: Mapping[str, Any], allow: Sequence[str], *, trust_addresses: bool = False) -> bool:
    """Say whether somebody who logged in may enter.

    Parameters
    ----------
    who : mapping
        What the provider says of them: `email`, and `email_verified` where it says that.
    allow : sequence of str
        Addresses, or `@` and a domain; all may enter where empty.
    trust_addresses : bool
        Whether an address counts of which the provider does not say that it verified it. One of which it
        says that it did not never counts.

    Examples
    --------
    >>> anna = {"is_logged_in": True, "email": "Anna@example.org", "email_verified": True}
    >>> may_enter(anna, ["@example.org"]), may_enter(anna, ["ben@example.org"]), may_enter({}, [])
    (True, False, False)
    """
    if who.get("is_logged_in") is not True:
        return False
    if not allow:
        return True
    address = str(who.get("email") or "").strip().lower()
    # A text where the provider keeps its claims as texts.
    is_verified = str(who.get("email_verified", trust_addresses)).lower() == "true"
    wanted = {each.strip().lower() for each in allow}
    is_wanted = address in wanted or f"@{address.partition('@')[2]}" in wanted
    return is_verified and address.count("@") == 1 and is_wanted


class LoginKeeper:
    """Lets in who logged in with a provider, and is among those who may enter.

    Parameters
    ----------
    allow : sequence of str
        As in `may_enter`.
    providers : sequence of str
        Names of their tables in the file of secrets.
    trust_addresses : bool
        As in `may_enter`.
    """

    open_paths: tuple[str, ...] = ("/auth/login", "/auth/logout", "/oauth2callback")

    def __init__(
        self, allow: Sequence[str], providers: Sequence[str], *, trust_addresses: bool = False
    ) -> None:
        self._allow = tuple(allow)
        self._providers = tuple(providers)
        self._trust_addresses = trust_addresses
        self._who = _reader()

    def is_let_in(self, asked: HTTPConnection) -> bool:
        """Say whether a request has the cookie of somebody who may enter."""
        return may_enter(self._who(asked), self._allow, trust_addresses=self._trust_addresses)

    async def page(self, request: Request) -> Response:
        """Answer with the ways to log in, or log out."""
        from starlette.responses import RedirectResponse

        if request.url.path == LOGOUT:
            return RedirectResponse("/auth/logout", status_code=303)
        if self.is_let_in(request):
            return RedirectResponse("/", status_code=303)
        who = self._who(request)
        if who.get("is_logged_in") is True:
            told = _why_not(who, self._allow)
            way = f'<a class="button" href="{LOGOUT}">Log out</a>'
            return own_page(way, said=told, status=403)
        return own_page("".join(_way(each) for each in self._providers))


def _why_not(who: Mapping[str, Any], allow: Sequence[str]) -> str:
    """Say to somebody who logged in why they may not enter."""
    address = who.get("email") or "This login"
    if may_enter({**who, "email_verified": True}, allow):
        return f"{address} does not count here: the provider of the login does not say that it verified it."
    return f"{address} is not among those who may enter here."


def _way(provider: str) -> str:
    """A link that leads to a provider."""
    from streamlit.auth_util import encode_provider_token

    words = "Log in" if provider == DEFAULT else f"Log in with {provider}"
    return (
        f'<p><a class="button" href="/auth/login?provider={html.escape(encode_provider_token(provider))}">'
        f"{html.escape(words)}</a></p>"
    )


def _reader() -> Any:
    """What tells who a request comes from, by Streamlit's signed cookie."""
    try:
        from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
        from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks
    except ImportError as error:
        raise SongAtlasError(
            "this version of streamlit keeps logins in another way: install streamlit 1.67, or use "
            "--password-file"
        ) from error

    def who(asked: HTTPConnection) -> Mapping[str, Any]:
        try:
            signed = _get_signed_cookie_with_chunks(dict(asked.cookies), USER_COOKIE_NAME)
            found = json.loads(signed) if signed else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    return who
