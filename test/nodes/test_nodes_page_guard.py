# Copyright 2026 iat_ros maintainers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Who may use the page: real requests and WebSockets to a real server, as browsers and programs send them."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from iat_ros.nodes.viewer_status import Status
from iat_ros.resources import find_config
from iat_ros.robot.description import load_robot_config

viser = pytest.importorskip("viser")
connect = pytest.importorskip("websockets.sync.client").connect
connect_soon = pytest.importorskip("websockets.asyncio.client").connect
websocket_server = pytest.importorskip("websockets.asyncio.server")
InvalidStatus = pytest.importorskip("websockets.exceptions").InvalidStatus
chromium = pytest.importorskip("benchmarks.chromium")
page_guard = pytest.importorskip("iat_ros.nodes.page_guard")
page_server = pytest.importorskip("iat_ros.nodes.page_server")
viewer_page = pytest.importorskip("iat_ros.nodes.viewer_page")

ANOTHER_NAME, ANOTHER_SERVER, ANOTHER_SITE = page_guard.ANOTHER_NAME, page_guard.ANOTHER_SERVER, page_guard.ANOTHER_SITE
PROTOCOL = f"viser-v{viser.__version__}"
CHROMIUM = chromium.find_chromium()
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@contextlib.contextmanager
def running(host: str) -> Iterator[Any]:
    """A server on this address."""
    server = page_server.open_server(host, 0)
    try:
        assert server.guarded
        assert not server.guard.take_refused(), "what it tried on itself is counted"
        yield server
    finally:
        with page_server.quiet():
            server.stop()


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    """A server for this machine alone, and one for the whole network."""
    with running("127.0.0.1") as local, running("0.0.0.0") as public:
        yield {"local": local, "public": public}


@pytest.fixture
def local(servers: dict[str, Any]) -> Any:
    """The server for this machine, which has refused nothing yet."""
    servers["local"].guard.take_refused()
    return servers["local"]


@pytest.fixture
def public(servers: dict[str, Any]) -> Any:
    """The server for the network, which has refused nothing yet."""
    servers["public"].guard.take_refused()
    return servers["public"]


def opened(server: Any, host: str, origin: str | None) -> int:
    """Open a WebSocket to the server, called `host`; return the status, 101 only if it sends its first message."""
    port = server.get_port()
    way = socket.create_connection(("127.0.0.1", port))
    address = f"ws://{host.format(port)}/"
    options: dict[str, Any] = {"origin": origin and origin.format(port), "subprotocols": [PROTOCOL]}
    try:
        with connect(address, sock=way, compression=None, proxy=None, **options) as websocket:
            assert len(websocket.recv(timeout=5)) > 16
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code
    finally:
        way.close()


def got(server: Any, path: str, *headers: tuple[str, str]) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask for a file with just these headers; return the status, the answer's headers and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.get_port(), timeout=5)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in headers:
            connection.putheader(name, value.format(server.get_port()))
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read() if answer.status != 101 else b""
    finally:
        connection.close()


OWN = [
    ("localhost:{}", "http://localhost:{}"),
    ("127.0.0.1:{}", "http://127.0.0.1:{}"),
    ("[::1]:{}", "http://[::1]:{}"),
    ("LOCALHOST:{}", "HTTP://localhost:{}"),
    ("localhost:9", "http://localhost:9"),  # `ssh -L 9:localhost:8080`
    ("localhost", "http://localhost"),
    ("localhost:80", "http://localhost"),
    ("localhost:443", "https://localhost"),  # behind a proxy that encrypts
    ("localhost:{}", None),  # a program
]
FOREIGN = [
    ("localhost:{}", "http://example.com"),
    ("localhost:{}", "http://example.com:{}"),
    ("localhost:{}", "http://localhost.example.com:{}"),
    ("localhost:{}", "http://127.0.0.1:{}"),
    ("localhost:{}", "http://localhost:9"),  # another server on this machine
    ("localhost:{}", "http://localhost"),
    ("localhost:{}", "ftp://localhost:{}"),
    ("localhost:{}", "http://localhost:{}@example.com"),
    ("localhost:{}", "http://example.com@localhost:{}"),
    ("localhost:{}", "http://localhost:{}, http://example.com"),
    ("localhost:{}", "localhost:{}"),
    ("localhost:{}", "null"),  # a file, or a frame in a sandbox
]
REBOUND = [
    ("example.com:{}", "http://example.com:{}"),
    ("localhost.example.com:{}", "http://localhost.example.com:{}"),
    ("192.0.2.1:{}", "http://192.0.2.1:{}"),
    ("example.com:{}", None),
]


@pytest.mark.parametrize(("host", "origin"), OWN)
def test_the_page_itself_and_programs_are_answered(local: Any, host: str, origin: str | None) -> None:
    """Whatever a browser calls this machine, and through a tunnel, too; what has no Origin is no browser's page."""
    assert opened(local, host, origin) == 101
    headers = [("Host", host), *([("Origin", origin)] if origin else [])]
    status, told, body = got(local, "/", *headers)
    assert (status, told["Content-Security-Policy"]) == (200, "frame-ancestors 'self'"), "it can be framed"
    assert b"<html" in body
    assert got(local, "/index.html?darkMode&web=socket", *headers)[0] == 200
    assert not local.guard.take_refused()


@pytest.mark.parametrize("name", ["local", "public"])
@pytest.mark.parametrize(("host", "origin"), FOREIGN)
def test_pages_of_other_sites_are_refused(
    name: str, host: str, origin: str, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    """On any address; each is counted, and said to whoever asks, without a word on the terminal."""
    server = request.getfixturevalue(name)
    assert opened(server, host, origin) == 403
    status, _, body = got(server, "/", ("Host", host), ("Origin", origin))
    assert (status, body.decode()) == (403, f"Refused: {ANOTHER_SITE}.\n")
    assert server.guard.take_refused() == {ANOTHER_SITE: 2}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("host", "origin"), REBOUND)
def test_names_that_were_made_to_point_here_are_refused(local: Any, public: Any, host: str, origin: str | None) -> None:
    """Where only this machine reaches the page; where others do, it may have any name."""
    headers = [("Host", host), *([("Origin", origin)] if origin else [])]
    assert opened(local, host, origin) == 403
    status, _, body = got(local, "/", *headers)
    assert (status, body.decode()) == (403, f"Refused: {ANOTHER_NAME}.\n")
    assert local.guard.take_refused() == {ANOTHER_NAME: 2}
    assert opened(public, host, origin) == 101
    assert got(public, "/", *headers)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Host", "")],
        [("Host", "localhost"), ("Host", "example.com")],
        [("Host", "example.com@localhost")],
        [("Host", "localhost"), ("Origin", "")],
        [("Host", "localhost"), ("Origin", "http://localhost"), ("Origin", "http://example.com")],
    ],
)
def test_what_no_browser_sends_is_refused(local: Any, public: Any, headers: list[tuple[str, str]]) -> None:
    """A header that is missing, empty, doubled or no address."""
    for server in (local, public):
        assert got(server, "/", *headers)[0] == 403
        assert got(server, "/", *headers, *UPGRADE.items())[0] == 403


def test_an_address_of_ones_own_is_a_name_of_it() -> None:
    """A page that was put on 127.0.0.2 is found there, and at localhost, as through a tunnel."""
    with running("127.0.0.2") as server:
        for host, status in (("127.0.0.2", 200), ("localhost", 200), ("127.0.0.3", 403)):
            connection = http.client.HTTPConnection("127.0.0.2", server.get_port(), timeout=5)
            connection.request("GET", "/", headers={"Host": host})
            assert connection.getresponse().status == status
            connection.close()


@pytest.mark.parametrize(
    "query", ["websocket=ws://example.com", "darkMode&playbackPath=a", "%77ebsocket=ws://a", "websocket"]
)
def test_links_that_hand_the_page_to_another_server_are_refused(local: Any, query: str) -> None:
    """What that server has the page run would have this page's Origin."""
    assert got(local, f"/?{query}", ("Host", "localhost:{}"))[0] == 403
    assert local.guard.take_refused() == {ANOTHER_SERVER: 1}


def test_where_other_sites_are_not_refused_there_are_no_buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    """A viser that starts its server in another way leaves it unguarded; this is seen, and told in one line."""
    monkeypatch.setattr(page_server, "asked_first", lambda _: contextlib.nullcontext())
    bones = viewer_page.Bones(np.array([[0, 1]]))
    make = partial(viewer_page.ViewerPage, load_robot_config(find_config("robots", "g1")), bones, bones, port=0)
    page = make()
    try:
        assert opened(page._server, "localhost:{}", "http://example.com") == 101, "guarded all the same: test nothing"
        assert not page.panel._buttons
        assert "other sites" in page.controls_note
        assert "\n" not in page.controls_note
        page.panel.show(Status(trouble="halted: on request"))
    finally:
        page.stop()
    only_shows = make(controls=False)
    only_shows.stop()
    assert only_shows.controls_note is None, "nobody asked for buttons"


def test_other_servers_in_the_process_are_left_alone() -> None:
    """Whoever starts one while the viewer starts its own."""

    async def foreign_opens() -> bool:
        async with websocket_server.serve(lambda each: each.send("hello"), "127.0.0.1", 0) as server:
            address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with connect_soon(address, origin="http://example.com", proxy=None) as websocket:
                return await websocket.recv() == "hello"

    before = websocket_server.serve
    with page_guard.asked_first(page_guard.RequestGuard("127.0.0.1")):
        assert websocket_server.serve is not before
        assert asyncio.run(foreign_opens())
    assert websocket_server.serve is before


class _OtherSite(http.server.BaseHTTPRequestHandler):
    """Another site: a page with a frame around what its address names; it lets WebSockets in."""

    def do_GET(self) -> None:
        """Answer."""
        websocket = "Upgrade" in self.headers
        self.send_response(101 if websocket else 403 if "Origin" in self.headers else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if not websocket:
            self.wfile.write(f'<p>another site</p><iframe src="{self.path[1:]}" onload="loaded=1"></iframe>'.encode())

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def other_site() -> Iterator[int]:
    """Another server on this machine; returns its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OtherSite)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_server_is_guarded_only_if_it_refuses_all(other_site: int) -> None:
    """One that refuses files and lets WebSockets in is not; where nobody answers nothing is known."""
    assert not page_guard.turns_away("127.0.0.1", other_site)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert not page_guard.turns_away("127.0.0.1", port)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not installed: apt install chromium")
def test_a_browser_keeps_another_sites_page_out(local: Any, other_site: int) -> None:
    """A page of another server in the same browser opens no WebSocket and no frame; the page itself works."""
    port, connected = local.get_port(), []
    local._connection.on_client_connect(connected.append)
    page, other = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other_site}"
    script = (
        f"window.said = ''; const s = new WebSocket('ws://127.0.0.1:{port}/', '{PROTOCOL}');"
        "s.onopen = () => { window.said = 'open'; s.close(); }; s.onerror = () => { window.said = 'refused'; }; 0"
    )

    def tried(browser: Any, url: str) -> str:
        browser.open(url)
        browser.evaluate(script)
        assert chromium.until(lambda: browser.evaluate("window.said") != "", 20.0)
        return str(browser.evaluate("window.said"))

    with chromium.Browser(str(CHROMIUM), 400, 300) as browser:
        assert tried(browser, f"{other}/about:blank") == "refused"
        assert local.guard.take_refused() == {ANOTHER_SITE: 1}
        browser.open(f"{other}/{page}")
        assert chromium.until(lambda: browser.evaluate("window.loaded") == 1, 40.0)
        time.sleep(5.0)
        assert not connected, "it runs in another site's frame"
        browser.open(f"{page}/?websocket=ws://127.0.0.1:{port}")
        assert chromium.until(lambda: ANOTHER_SERVER in browser.text, 40.0), browser.text
        assert not connected
        assert tried(browser, page) == "open"
        assert chromium.until(lambda: len(local.get_clients()) == 1, 40.0), "the page itself is refused"
