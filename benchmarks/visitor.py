"""A visitor of the dashboard without a browser: Streamlit's protocol over its WebSocket, and the
images of a page over HTTP, as a browser asks for them."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

CONNECTIONS = 6  # to one host, as browsers have
PATIENCE = 90.0  # seconds
KEPT_RUNS = 2  # for so many runs a browser keeps the messages that may be asked of it again


@dataclass
class Page:
    """What has arrived of a page.

    Attributes:
        seconds: until the script had ended and all its images were there.
        images, bytes: fetched of them, and received in messages and images.
        problems: what a visitor would have seen go wrong.
        buttons: ids by label.
        uploaders: ids of the places for files.
    """

    seconds: float = 0.0
    images: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)
    buttons: dict[str, str] = field(default_factory=dict)
    uploaders: list[str] = field(default_factory=list)
    session: str = ""


class Visitor:
    """One tab of a browser, with an empty cache at first."""

    def __init__(self, port: int, *, host: str = "localhost") -> None:
        self.address = f"http://{host}:{port}"
        self.fragments: dict[str, float] = {}
        """Seconds between reruns, by fragment."""
        self._messages: dict[str, int] = {}
        self._images: set[str] = set()
        self._runs = 0

    async def __aenter__(self) -> Self:
        # the server closes what is idle for 5 s, just as it may be used again: a browser asks anew
        connector = aiohttp.TCPConnector(limit=CONNECTIONS + 1, keepalive_timeout=4)
        self._http = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=PATIENCE)
        )
        for path in ("/", "/_stcore/health", "/_stcore/host-config"):  # as the browser's page does
            async with self._http.get(self.address + path) as answer:
                await answer.read()
        self._socket = await self._http.ws_connect(
            f"{self.address.replace('http', 'ws')}/_stcore/stream",
            protocols=("streamlit",),
            max_msg_size=0,
            headers={"Origin": self.address},
        )
        self._arrived = asyncio.Queue[aiohttp.WSMessage]()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.cancel()
        await asyncio.wait([self._listening])
        await self._socket.close()
        await self._http.close()

    async def view(
        self, page: str, query: str, widgets: Iterable[WidgetState] = (), *, fragment: str = ""
    ) -> Page:
        """Asks for a page (its path; "" for the first), and waits for all of it.

        Raises:
            TimeoutError: it does not come within `PATIENCE`.
            ConnectionError: the server has hung up.
        """
        asked = BackMsg()
        about = asked.rerun_script
        about.query_string, about.page_name, about.fragment_id = query, page, fragment
        about.is_auto_rerun = bool(fragment)
        about.widget_states.SetInParent()
        about.widget_states.widgets.extend(widgets)
        self._runs += 1
        about.cached_message_hashes.extend(self._known())
        if not fragment:
            self.fragments = {}
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            await self._socket.send_bytes(asked.SerializeToString())
            found = await self._received()
        found.seconds = time.perf_counter() - began
        return found

    async def upload(self, uploader: str, session: str, name: str, content: bytes) -> WidgetState:
        """Sends a file; what the page is to be told of it.

        Args:
            uploader: id of the place for it.
            session: of the `Page` that has the place.
        """
        asked = BackMsg()
        asked.file_urls_request.request_id = "1"
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = session
        await self._socket.send_bytes(asked.SerializeToString())
        while (message := await self._message()).WhichOneof("type") != "file_urls_response":
            pass
        urls = message.file_urls_response.file_urls[0]
        token = {each.key: each.value for each in self._http.cookie_jar}["_streamlit_xsrf"]
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="image/jpeg")
        headers = {"X-Xsrftoken": token, "Origin": self.address}
        async with self._http.put(
            self.address + urls.upload_url, data=form, headers=headers
        ) as answer:
            answer.raise_for_status()
        state = WidgetState(id=uploader)
        told = state.file_uploader_state_value.uploaded_file_info.add()
        told.file_id, told.name, told.size = urls.file_id, name, len(content)
        told.file_urls.CopyFrom(urls)
        return state

    async def pause(self, seconds: float, query: str) -> None:
        """Looks at the page for so long; what of it reruns by itself does so."""
        end = time.monotonic() + seconds
        due = {name: time.monotonic() + wait for name, wait in self.fragments.items()}
        while due and min(due.values()) < end:
            name = min(due, key=due.__getitem__)
            await self._rest(due.pop(name) - time.monotonic())
            await self.view("", query, fragment=name)
            if name in self.fragments:
                due[name] = time.monotonic() + self.fragments[name]
        await self._rest(end - time.monotonic())

    async def _listen(self) -> None:
        """Takes in what arrives, also while the visitor thinks: only who receives answers the
        server's pings, as a browser does, and is not hung up on."""
        while True:
            received = await self._socket.receive()
            self._arrived.put_nowait(received)
            if received.type is not aiohttp.WSMsgType.BINARY:
                return

    async def _rest(self, seconds: float) -> None:
        """Waits; what arrives meanwhile is of no view."""
        await asyncio.sleep(max(0.0, seconds))
        while not self._arrived.empty():
            _content(self._arrived.get_nowait())

    def _known(self) -> list[str]:
        """Hashes of the messages that are still here."""
        since = self._runs - KEPT_RUNS
        self._messages = {name: run for name, run in self._messages.items() if run >= since}
        return list(self._messages)

    async def _message(self) -> ForwardMsg:
        message = ForwardMsg()
        message.ParseFromString(_content(await self._arrived.get()))
        return message

    async def _received(self) -> Page:
        page, shown = Page(), dict[tuple[int, ...], list[str]]()
        fetched: dict[str, asyncio.Task[int]] = {}
        while True:
            message = await self._message()
            page.bytes += message.ByteSize()
            name = message.hash or message.ref_hash
            if (name and message.metadata.cacheable) or message.ref_hash:
                self._messages[name] = self._runs
            match message.WhichOneof("type"):
                case "delta":
                    urls = self._drawn(message, page)
                    shown[tuple(message.metadata.delta_path)] = urls
                    for url in set(urls) - self._images - set(fetched):
                        fetched[url] = asyncio.create_task(self._fetched(url))
                case "new_session":
                    page.session = message.new_session.initialize.session_id
                case "auto_rerun":
                    self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
                case "script_finished":
                    if message.script_finished in (
                        ForwardMsg.FINISHED_SUCCESSFULLY,
                        ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                    ):
                        break
                    if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                        page.problems.append("the script does not compile")
                        break
        seen = set(itertools.chain.from_iterable(shown.values()))
        for url, task in fetched.items():
            size = await task
            page.bytes += max(0, size)
            page.images += size >= 0
            if size < 0 and url in seen:  # another picture has not taken its place meanwhile
                page.problems.append(f"{url} is not there")
        self._images = seen
        return page

    def _drawn(self, message: ForwardMsg, page: Page) -> Sequence[str]:
        """Takes an element in; the addresses of its images."""
        if message.delta.WhichOneof("type") != "new_element":
            return []
        element: Any = message.delta.new_element
        match element.WhichOneof("type"):
            case "imgs":
                return [image.url for image in element.imgs.imgs if image.url.startswith("/")]
            case "button":
                page.buttons[element.button.label] = element.button.id
            case "file_uploader":
                page.uploaders.append(element.file_uploader.id)
            case "exception":
                page.problems.append(element.exception.message)
            case "alert" if element.alert.format == Alert.ERROR:
                page.problems.append(element.alert.body)
        return []

    async def _fetched(self, url: str) -> int:
        """Bytes of an image; −1 where it is not there. A connection that the server has given up
        meanwhile is opened anew, as browsers do."""
        try:
            return await self._asked(url)
        except aiohttp.ClientConnectionError:
            return await self._asked(url)

    async def _asked(self, url: str) -> int:
        async with self._http.get(self.address + url) as answer:
            content = await answer.read()
            return len(content) if answer.status == 200 else -1


def _content(received: aiohttp.WSMessage) -> bytes:
    """
    Raises:
        ConnectionError: the server has hung up.
    """
    if received.type is not aiohttp.WSMsgType.BINARY:
        raise ConnectionError(f"the server has hung up ({received.type.name})")
    content: bytes = received.data
    return content


def pressed(button: str) -> WidgetState:
    """What the page is told of a button that was pressed."""
    return WidgetState(id=button, trigger_value=True)
