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

"""The web server of the viewer's page (viser): quiet, guarded, on the address that was asked for or none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import rich
import viser

from iat_ros.errors import ConfigError
from iat_ros.nodes.page_guard import RequestGuard, asked_first, turns_away


class PageServer(viser.ViserServer):
    """A server that pages of other sites cannot use.

    Attributes:
        guard: Knows what was refused.
        guarded: Whether other sites were seen to be refused. If not, nothing on the page may move a robot.
    """

    def __init__(self, host: str, port: int) -> None:
        """Start it."""
        self.guard = RequestGuard(host)
        with asked_first(self.guard):
            super().__init__(host, port, verbose=False)
        self.guarded = turns_away(host, self.get_port())
        self.guard.take_refused()

    def request_share_url(self, verbose: bool = True) -> None:
        """Never pass the page on to a server in the internet, even if a browser asks for it."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep viser from printing its banner."""
    console = rich.get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before


def require_free(host: str, port: int) -> None:
    """Raise ConfigError where nothing can listen: viser would try the next ports, or hang if the host is wrong."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except (OSError, UnicodeError) as error:
        raise _refusal(host, port, getattr(error, "strerror", None) or str(error)) from error


def _refusal(host: str, port: int, reason: str) -> ConfigError:
    return ConfigError(
        f"the viewer cannot listen on {host}:{port} ({reason}); set the parameter 'port' or 'host' (demo: --port)"
    )


def open_server(host: str, port: int) -> PageServer:
    """Start the server; raise ConfigError where it cannot listen."""
    require_free(host, port)
    with quiet():
        server = PageServer(host, port)
        if port not in (0, server.get_port()):
            server.stop()
            raise _refusal(host, port, "taken a moment ago")
    return server
