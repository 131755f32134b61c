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

"""The viewer's page, asked for over HTTP."""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from threading import Thread

import numpy as np

_ASKED_EVERY_S = 0.2


class ServedPage:
    """A page at a port of this machine that was free.

    Attributes:
        port: The port.
        served_s: When the page was served first since `forget`, on the monotonic clock [s]; NaN if it was not.
    """

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._asking = Thread()
        self.forget()

    def forget(self) -> None:
        """Take note that who serves it has ended."""
        self.served_s = np.nan

    def ask(self) -> float:
        """Return `served_s`; while that is not known, the page is asked for in a thread, so that nobody waits."""
        if np.isnan(self.served_s) and not self._asking.is_alive():
            self._asking = Thread(target=self._ask, daemon=True)
            self._asking.start()
        return self.served_s

    def _ask(self) -> None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}", timeout=5.0) as page:
            if b"<html" in page.read(10_000).lower():
                self.served_s = time.monotonic()
        time.sleep(_ASKED_EVERY_S)
