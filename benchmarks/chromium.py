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

"""Headless Chromium, driven over its DevTools protocol: what a user does on a page, and what they see."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--remote-debugging-port=0",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--mute-audio",
)  # fmt: skip


def find_chromium() -> str | None:
    """Return Chromium's path, or None where it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One page of a headless Chromium of its own, which leaves the nodes the first call on the processor.

    It draws in software, as often as it can.
    Use it as a context, which ends the browser.
    """

    def __init__(self, program: str, width: int, height: int, phone: bool = False) -> None:
        """Start Chromium.

        Args:
            program: Its path.
            width: Of the page [px].
            height: Of the page [px].
            phone: Whether the page is touched, and drawn with a mobile's viewport.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="iat_ros_chromium_"))
        words = [*_FLAGS, f"--user-data-dir={self._folder}", f"--window-size={width},{height}", "about:blank"]
        self._process = subprocess.Popen(
            # setpriv ends it even where this process is killed, and could not.
            ["setpriv", "--pdeathsig", "KILL", "nice", "-n", "10", program, *words],
            env={**os.environ, "TMPDIR": str(self._folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._numbers, self._phone = itertools.count(1), phone
        try:
            self._socket = self._connect()
            self.call("Page.enable")
            size = {"width": width, "height": height, "deviceScaleFactor": 1}
            self.call("Emulation.setDeviceMetricsOverride", **size, mobile=phone)
            if phone:
                self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        except BaseException:
            self.close()
            raise

    def _connect(self) -> ClientConnection:
        told = self._folder / "DevToolsActivePort"
        if not until(lambda: told.exists() and len(told.read_text().split()) == 2, 30.0):
            raise RuntimeError("Chromium did not start within 30 s")
        port = told.read_text().split()[0]

        def pages() -> list[Any]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                return [page for page in json.load(answer) if page["type"] == "page"]

        until(lambda: bool(pages()), 10.0)
        return connect(pages()[0]["webSocketDebuggerUrl"], max_size=None, compression=None)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the browser and remove what it wrote."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, **values: Any) -> Any:
        """Call a method of the DevTools protocol and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": values}))
        while True:
            answer = json.loads(self._socket.recv(timeout=30.0))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, url: str) -> None:
        """Load a page."""
        self.call("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        """Evaluate JavaScript and return its value."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"].get("exception", result["exceptionDetails"])))
        return result["result"].get("value")

    @property
    def text(self) -> str:
        """All text that the page shows."""
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def find(self, text: str) -> dict[str, Any] | None:
        """Return where the smallest visible element with just this text is, or None.

        Returns:
            Its middle ``x``, ``y`` and size [px], ``disabled``, and ``reachable``: nothing lies on top of its middle.
        """
        return self.evaluate(
            f"""(() => {{
                const wanted = {json.dumps(text)};
                const found = [...document.querySelectorAll('button, label, div, span, p')]
                    .filter(e => e.innerText && e.innerText.trim() === wanted)
                    .map(e => [e, e.getBoundingClientRect()]).filter(([e, r]) => r.width > 0 && r.height > 0);
                if (!found.length) return null;
                const [e, r] = found.reduce((a, b) => a[1].width * a[1].height <= b[1].width * b[1].height ? a : b);
                const button = e.closest('button');
                return {{x: r.x + r.width / 2, y: r.y + r.height / 2, width: r.width, height: r.height,
                         disabled: !!button && button.disabled,
                         reachable: e.contains(document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2))
                                    || !!button && button.contains(
                                        document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2))}};
            }})()"""
        )

    def click(self, text: str, timeout_s: float = 10.0) -> None:
        """Click what shows this text, as soon as it is there and enabled."""
        place: dict[str, Any] | None = None

        def ready() -> bool:
            nonlocal place
            place = self.find(text)
            return place is not None and not place["disabled"]

        if not until(ready, timeout_s) or place is None:
            raise RuntimeError(f"'{text}' cannot be clicked: {place}; the page says: {self.text!r}")
        self.press(place["x"], place["y"])

    def press(self, x: float, y: float) -> None:
        """Press and release the mouse, or the finger, at a place of the page [px]."""
        if self._phone:
            self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
            self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            return
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path | None = None) -> bytes:
        """Take a picture of the page (PNG), and write it where a path is given."""
        picture = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        if path is not None:
            path.write_bytes(picture)
        return picture


def until(done: Callable[[], bool], timeout_s: float, every_s: float = 0.1) -> bool:
    """Wait for a condition; return whether it came true."""
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
