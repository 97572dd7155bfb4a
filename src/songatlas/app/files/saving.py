"""Files that are made when a person asks for them, and stay until they have arrived.

Streamlit makes the bytes of a download when its button is pressed, but throws them away as soon as any two
pages, of whomever, have been drawn: on a busy server that is before the browser fetches them. What `lasting`
makes is held by the visit that asked for it, until its page is drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Thread


def lasting(make: Callable[[], bytes | str], *, file_name: str, mime: str) -> Callable[[], bytes]:
    """Return what makes the bytes of a download and holds them for the visit that runs now.

    Parameters
    ----------
    make : callable
        Gives the bytes, or text.
    file_name, mime : str
        The very ones of the button.
    """
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx(suppress_warning=True)

    def made() -> bytes:
        found = make()
        content = found.encode() if isinstance(found, str) else found
        if context is not None:
            _as_visit(context, partial(_hold, content, file_name, mime))
        return content

    return made


def _as_visit(context: object, call: Callable[[], None]) -> None:
    """Call something as the run of a visit would."""
    from streamlit.runtime.scriptrunner import ScriptRunContext, add_script_run_ctx

    thread = Thread(target=call, name="songatlas-saving", daemon=True)
    if isinstance(context, ScriptRunContext):
        add_script_run_ctx(thread, context)
    thread.start()
    thread.join()


def _hold(content: bytes, file_name: str, mime: str) -> None:
    """Have Streamlit hold a file for this visit; it goes by its content, so the download is the same file."""
    from streamlit import runtime

    if runtime.exists():
        runtime.get_instance().media_file_mgr.add(
            content, mime, f"songatlas:{file_name}", file_name=file_name, is_for_static_download=True
        )
