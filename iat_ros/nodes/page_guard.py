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

"""Who may ask the server of the viewer's page: browsers that show this page, and programs; no other site's page."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from websockets.asyncio import server as websocket_server
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

ANOTHER_SITE = "a request to the page by another site's page"
ANOTHER_NAME = "a request to the page under a name that is not this machine's: open it at localhost, or set 'host'"
ANOTHER_SERVER = "a link to the page that has it take commands from another server"

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?", re.ASCII | re.IGNORECASE)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>.+)", re.IGNORECASE)
_USUAL_PORT = {"http": "80", "https": "443"}
_COMMANDED_BY = {"websocket", "playbackPath"}  # what viser's page takes messages from, and these may hold JavaScript
_UNFRAMED = "frame-ancestors 'self'"  # in another site's frame its buttons could lie, unseen, under that site's own
_SWAPPING = threading.Lock()
_Answer = Callable[[ServerConnection, Request], Awaitable[Response | None] | Response | None]


class RequestGuard:
    """Finds what is wrong with a request, by what browsers tell of it and no page can forge: Origin and Host.

    A request without Origin passes, as programs send it: browsers send one with each WebSocket. On a server that only
    this machine reaches, Host must be a name of it. That is what stops a site whose name was made to point here (DNS
    rebinding), so that Origin and Host agree.
    """

    def __init__(self, host: str) -> None:
        """Take the address that the server listens on."""
        self._names = _names_here(host)
        self._refused: Counter[str] = Counter()
        self._counting = threading.Lock()

    def refusal(self, path: str, headers: Headers) -> str | None:
        """Say why a request must not be answered, and count it; None if nothing is wrong."""
        reason = self._find_wrong(path, headers)
        if reason is not None:
            with self._counting:
                self._refused[reason] += 1
        return reason

    def take_refused(self) -> Counter[str]:
        """Take how many requests were refused since the last time, by reason."""
        with self._counting:
            taken, self._refused = self._refused, Counter()
        return taken

    def _find_wrong(self, path: str, headers: Headers) -> str | None:
        hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
        host = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if host is None or (self._names is not None and host["name"].lower() not in self._names):
            return ANOTHER_NAME
        if origins and (len(origins) > 1 or not _is_same(origins[0], host)):
            return ANOTHER_SITE
        asked = {name for name, _ in parse_qsl(path.partition("?")[2], keep_blank_values=True)}
        return ANOTHER_SERVER if asked & _COMMANDED_BY else None


def _names_here(host: str) -> frozenset[str] | None:
    """Names under which a server on this address may be asked; None if others reach it, who may call it anything."""
    try:
        addresses = {str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        addresses = set()
    if not all(ip_address(address).is_loopback for address in addresses):
        return None
    return frozenset({"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host.lower()})


def _is_same(origin: str, host: re.Match[str]) -> bool:
    site = _ORIGIN.fullmatch(origin)
    place = _HOST.fullmatch(site["host"]) if site else None
    if site is None or place is None:  # "null" among others: a page in a sandbox, or a file
        return False
    usual = _USUAL_PORT[site["scheme"].lower()]
    return (place["name"].lower(), place["port"] or usual) == (host["name"].lower(), host["port"] or usual)


@contextmanager
def asked_first(guard: RequestGuard) -> Iterator[None]:
    """Have servers that viser starts in here ask the guard first; it has no parameter for that.

    Whether they do must be seen (`turns_away`): another viser may start its server in another way.
    """
    with _SWAPPING:
        serve = websocket_server.serve

        def guarded_serve(handler: Any, *args: Any, process_request: _Answer | None = None, **options: Any) -> Any:
            """Serve, and have the guard asked first where viser does."""
            if getattr(handler, "__module__", "").partition(".")[0] == "viser":
                process_request = _after(guard, process_request)
            return serve(handler, *args, process_request=process_request, **options)

        websocket_server.serve = guarded_serve  # type: ignore[assignment, misc]
        try:
            yield
        finally:
            websocket_server.serve = serve  # type: ignore[misc]


def _after(guard: RequestGuard, answer: _Answer | None) -> _Answer:
    async def ask(connection: ServerConnection, request: Request) -> Response | None:
        """Refuse what is wrong with a request; else answer as without the guard, but in no other site's frame."""
        reason = guard.refusal(request.path, request.headers)
        if reason is not None:
            return connection.respond(http.HTTPStatus.FORBIDDEN, f"Refused: {reason}.\n")
        response = answer(connection, request) if answer is not None else None
        if isawaitable(response):
            response = await response
        if response is not None:
            response.headers["Content-Security-Policy"] = _UNFRAMED
        return response

    return ask


def turns_away(host: str, port: int) -> bool:
    """Ask a running server as another site's page would, for a file and a WebSocket; tell whether it refuses both."""
    foreign = {"Host": f"localhost:{port}", "Origin": "http://elsewhere.invalid"}
    websocket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    websocket["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return all(_status(address, port, headers) == 403 for headers in (foreign, foreign | websocket))


def _status(address: str, port: int, headers: dict[str, str]) -> int | None:
    connection = http.client.HTTPConnection(address, port, timeout=5.0)
    try:
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
