"""One visit to the app without a browser: Streamlit's own messages over its WebSocket, and plain HTTP.

A `Visitor` does what the page in a browser does: it keeps the values of all widgets that are shown, sends
them with every change, lets fragments run again when they ask for it, fetches what the map fetches, uploads
and downloads. It keeps what it is told, and says what was wrong: boxes with errors, pages that broke,
answers with an error, and text that belongs to another visitor.

A visitor's own text is its *canary*, `canary` and a word that stands in nothing else: it is searched for
in every byte that arrives, and a canary of another visitor is a wrong answer.
"""

from __future__ import annotations

import gzip
import random
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

LONGEST_S = 300.0
CANARY = re.compile(rb"canary[0-9a-f]{12}")
_PARTS = re.compile(r"/songatlas/[0-9a-f]{64}")
_BROKEN = "This page broke"
_EARLY = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
_FRAGMENT = ForwardMsg.ScriptFinishedStatus.FINISHED_FRAGMENT_RUN_SUCCESSFULLY


@dataclass
class Seen:
    """What one visitor met: seconds of what it did, by kind, and what was wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    n_messages: int = 0
    n_bytes: int = 0


class Visitor:
    """A visit that is open; `close` leaves it as a closed page does.

    Parameters
    ----------
    address : str
        Of the server, such as "http://127.0.0.1:8501".
    seed : int
        What the visitor does by chance follows from it.
    headers : mapping, optional
        Sent with every request, such as the cookie of a login.
    """

    def __init__(self, address: str, *, seed: int, headers: dict[str, str] | None = None) -> None:
        self.address = address
        self.chance = random.Random(seed)  # noqa: S311 (no secret)
        self.canary = f"canary{uuid.uuid4().hex[:12]}"
        self.seen = Seen()
        self.elements: dict[tuple[int, ...], Any] = {}
        self.pages: dict[str, str] = {}
        self.page = ""
        self._widgets: dict[str, WidgetState] = {}
        self._reruns: dict[str, tuple[float, float]] = {}
        self._fetched: set[str] = set()
        self._touched: set[tuple[int, ...]] = set()
        self._answers: dict[str, Any] = {}
        self._host = urlsplit(address).netloc
        self._headers = dict(headers or {})
        self._session = ""
        self._query = ""
        self._connect()

    def _connect(self) -> None:
        """Get the token against forged requests, as a page does, and open the WebSocket with it."""
        status, headers, _ = self.ask("GET", "/_stcore/health")
        found = re.search(r"_streamlit_xsrf=([^;]+)", headers.get("set-cookie", ""))
        if status != 200 or found is None:
            raise ConnectionError(f"the server answers {status}")
        self._xsrf = found[1]
        cookies = [f"_streamlit_xsrf={self._xsrf}", *filter(None, [self._headers.pop("Cookie", "")])]
        self._headers["Cookie"] = "; ".join(cookies)
        opening = connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            origin=self.address,  # type: ignore[arg-type]
            subprotocols=["streamlit", self._xsrf],  # type: ignore[list-item]
            additional_headers={"Cookie": self._headers["Cookie"]},
            max_size=2**28,
            open_timeout=LONGEST_S,
            ping_interval=None,  # as a browser, which answers pings and sends none
        )
        self.socket = opening.__enter__()  # left by `close`, whenever that is

    def close(self) -> None:
        """Close the page."""
        self.socket.close(code=1001)

    def cut(self) -> None:
        """Be gone without a word, as a computer that loses its network."""
        self.socket.socket.close()

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask over HTTP; return status, headers (names in lower case) and body, unpacked."""
        connection = HTTPConnection(self._host, timeout=LONGEST_S)
        try:
            connection.request(method, path, body=body, headers={**self._headers, **(headers or {})})
            answer = connection.getresponse()
            found = answer.read()
        finally:
            connection.close()
        self._look_for_canaries((found[:2] == b"\x1f\x8b" and _unpacked(found)) or found, path)
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, found

    def open(self, path: str) -> None:
        """Show a page by its part of the address; the first one is called ""."""
        before = self.page
        self.page = path
        if path != before:
            self._widgets.clear()
            self._query = ""
        self._timed(f"page {path or 'atlas'}", self._run)
        self._fetch_parts()

    def set(self, element: Any, value: Any) -> None:
        """Change a widget, and wait until the page is drawn anew."""
        kind = element.WhichOneof("type")
        state = state_of(kind, getattr(element, kind).id, value)
        self._widgets[state.id] = state
        self._timed(f"change on {self.page or 'atlas'}", self._run)
        if state.WhichOneof("value") == "trigger_value":
            del self._widgets[state.id]
        self._fetch_parts()

    def upload(self, name: str, content: bytes) -> int:
        """Drop a file into the first place for one; return the status of the answer to the upload."""
        element = self.first("file_uploader")
        urls = self._ask_for_urls(name)
        edge = uuid.uuid4().hex
        named = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")  # as browsers do
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{named}"\r\n\r\n'.encode(
            errors="replace"
        )
        body = head + content + f"\r\n--{edge}--\r\n".encode()
        headers = {
            "X-Xsrftoken": self._xsrf,
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "Origin": self.address,
        }
        start = time.monotonic()
        status, _, _ = self.ask("PUT", urls.upload_url, body=body, headers=headers)
        self._note("upload", time.monotonic() - start)
        if status < 300:
            state = WidgetState(id=element.file_uploader.id)
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(content), urls.file_id
            info.file_urls.CopyFrom(urls)
            self._widgets[state.id] = state
            self._timed("read an upload", self._run)
        return status

    def download(self, element: Any) -> bytes:
        """Press a button that downloads; return the bytes."""
        button = element.download_button
        start = time.monotonic()
        url = self._deferred(button.deferred_file_id) if button.deferred_file_id else button.url
        if not url:
            return b""
        status, _, found = self.ask("GET", url)
        self._note("download", time.monotonic() - start)
        if status != 200:
            self.seen.errors.append(f"the download {button.label!r} answers {status}")
        return found

    def wait_for(self, is_there: Callable[[Visitor], bool], *, seconds: float = LONGEST_S) -> bool:
        """Live on as an open page does, until something is there; say whether it came."""
        until = time.monotonic() + seconds
        while not is_there(self):
            if time.monotonic() > until:
                return False
            self._listen(self._next_rerun())
        return True

    def live(self, seconds: float) -> None:
        """Look at the page for some seconds: what it asks for by itself goes on."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._listen(min(left, self._next_rerun()))

    def of_kind(self, kind: str) -> list[Any]:
        """Return what is shown of a kind, as Streamlit calls it."""
        return [each for _, each in sorted(self.elements.items()) if each.WhichOneof("type") == kind]

    def first(self, kind: str, label: str = "") -> Any:
        """Return the first of a kind whose label begins so; `LookupError` where there is none."""
        for each in self.of_kind(kind):
            if getattr(each, kind).label.startswith(label):
                return each
        raise LookupError(f"no {kind} {label!r} on the page {self.page or 'atlas'!r}")

    def text(self) -> str:
        """Return all that the page says in words."""
        return "\n".join(each.markdown.body for each in self.of_kind("markdown"))

    def boxes(self) -> list[str]:
        """Return the texts of the boxes that tell an error."""
        return [each.alert.body for each in self.of_kind("alert") if each.alert.format == Alert.Format.ERROR]

    def _run(self, fragment: str = "") -> None:
        """Ask for a run, and take what it says until it ends."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._query
        asked.page_script_hash = self.pages.get(self.page, "")
        asked.page_name = self.page
        asked.widget_states.widgets.extend(self._widgets.values())
        asked.context_info.url = f"{self.address}/{self.page}"
        if fragment:
            asked.fragment_id, asked.is_auto_rerun = fragment, True
        else:
            self._reruns.clear()
            self._touched.clear()
        self.socket.send(message.SerializeToString())
        ended = self._take_until("script_finished")
        while ended.script_finished == _EARLY or (ended.script_finished == _FRAGMENT and not fragment):
            ended = self._take_until("script_finished")
        if not fragment:
            self.elements = {at: each for at, each in self.elements.items() if at in self._touched}

    def _take_until(self, kind: str) -> Any:
        """Take messages until one of a kind comes."""
        until = time.monotonic() + LONGEST_S
        while True:
            message = self._take(until - time.monotonic())
            if message.WhichOneof("type") == kind:
                return message

    def _listen(self, seconds: float) -> None:
        """Take what comes by itself, and let a fragment run that wants to."""
        try:
            self._take(max(seconds, 0.0))
        except TimeoutError:
            now = time.monotonic()
            for fragment, (every, at) in list(self._reruns.items()):
                if at <= now:
                    self._reruns[fragment] = every, now + every
                    self._run(fragment)

    def _next_rerun(self) -> float:
        """Seconds until a fragment wants to run again."""
        return max(0.0, min([1.0, *(at - time.monotonic() for _, at in self._reruns.values())]))

    def _take(self, seconds: float) -> ForwardMsg:
        """Take one message; `TimeoutError` where none comes."""
        found = self.socket.recv(timeout=max(seconds, 0.0))
        content = found if isinstance(found, bytes) else found.encode()
        self.seen.n_messages += 1
        self.seen.n_bytes += len(content)
        self._look_for_canaries(content, f"a message on {self.page or 'atlas'}")
        message = ForwardMsg.FromString(content)
        self._hear(message)
        return message

    def _hear(self, message: ForwardMsg) -> None:
        """Keep what a message says."""
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._keep(tuple(message.metadata.delta_path), message.delta)
        elif kind == "new_session":
            self._session = message.new_session.initialize.session_id
            if not message.metadata.run.fragment_ids:
                self._reruns.clear()
                self._touched.clear()
        elif kind == "navigation":
            self.pages = {each.url_pathname: each.page_script_hash for each in message.navigation.app_pages}
            shown = {own: path for path, own in self.pages.items()}
            self.page = shown.get(message.navigation.page_script_hash, self.page)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            every = message.auto_rerun.interval
            self._reruns[message.auto_rerun.fragment_id] = every, time.monotonic() + every
        elif kind == "stop_auto_rerun":
            for each in message.stop_auto_rerun.fragment_ids:
                self._reruns.pop(each, None)
        elif kind == "file_urls_response":
            self._answers[message.file_urls_response.response_id] = message.file_urls_response
        elif kind == "backend_operation_response":
            answer = message.backend_operation_response
            self._answers[answer.request_id] = answer

    def _keep(self, at: tuple[int, ...], delta: Any) -> None:
        """Put an element where it belongs, and say what is wrong with it."""
        self._touched.add(at)
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        self.elements[at] = element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.seen.errors.append(f"{self.page}: {element.exception.message[:300]}")
        elif kind == "alert" and element.alert.format == Alert.Format.ERROR and _BROKEN in element.alert.body:
            self.seen.errors.append(f"{self.page}: {element.alert.body[:300]}")

    def _ask_for_urls(self, name: str) -> Any:
        """Where a file may be sent to."""
        message = BackMsg()
        message.file_urls_request.request_id = number = uuid.uuid4().hex
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self._session
        self.socket.send(message.SerializeToString())
        return self._answer(number).file_urls[0]

    def _deferred(self, file_id: str) -> str:
        """Where a download lies that is made when it is asked for."""
        message = BackMsg()
        message.backend_operation_request.request_id = number = uuid.uuid4().hex
        message.backend_operation_request.session_id = self._session
        message.backend_operation_request.deferred_file.file_id = file_id
        self.socket.send(message.SerializeToString())
        answer = self._answer(number)
        if answer.error_msg:
            self.seen.errors.append(f"{self.page}: {answer.error_msg}")
        return str(answer.deferred_file.url)

    def _answer(self, number: str) -> Any:
        until = time.monotonic() + LONGEST_S
        while number not in self._answers:
            self._take(until - time.monotonic())
        return self._answers.pop(number)

    def _fetch_parts(self) -> None:
        """Fetch what the components of the page fetch, and what is new of it alone."""
        for each in self.of_kind("bidi_component"):
            for path in sorted(set(_PARTS.findall(str(each.bidi_component))) - self._fetched):
                self._fetched.add(path)
                start = time.monotonic()
                status, _, _ = self.ask("GET", f"{path}/0")
                self._note("part of a map", time.monotonic() - start)
                if status != 200:
                    self.seen.errors.append(f"{self.page}: {path[:24]}... answers {status}")

    def _look_for_canaries(self, content: bytes, where: str) -> None:
        for found in set(CANARY.findall(content)) - {self.canary.encode()}:
            self.seen.wrong.append(f"{where}: {found.decode()} shown to {self.canary}")

    def _timed(self, kind: str, run: Callable[[], None]) -> None:
        start = time.monotonic()
        run()
        self._note(kind, time.monotonic() - start)

    def _note(self, kind: str, seconds: float) -> None:
        self.seen.seconds.setdefault(kind, []).append(seconds)


def state_of(kind: str, widget: str, value: Any) -> WidgetState:
    """Return what the page sends of a widget of a kind."""
    state = WidgetState(id=widget)
    if kind == "button":
        state.trigger_value = True
    elif kind == "checkbox":
        state.bool_value = bool(value)
    elif kind == "slider" and not isinstance(value[0], str):
        state.double_array_value.data[:] = value
    elif kind == "number_input":
        state.double_value = value
    elif kind in ("slider", "button_group", "multiselect"):
        state.string_array_value.data[:] = value
    else:
        state.string_value = str(value)
    return state


def _unpacked(content: bytes) -> bytes:
    """What a gzip file holds; its own bytes where it is none."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError):
        return content
