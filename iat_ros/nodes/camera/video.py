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

"""Pictures of a webcam or of a video file, each with its time."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import numpy as np

from iat_ros.errors import ConfigError

_USUAL_HZ = 30.0  # of files that do not say


class Video:
    """A webcam or a video file.

    Args:
        source: Number of a camera, /dev/videoN, or a file.
        rate_hz: Use at most so many pictures a second; 0: all.

    Raises:
        ConfigError: OpenCV is not installed, or there is no such camera or file, or it cannot be read.
    """

    def __init__(self, source: str, rate_hz: float) -> None:
        self._cv2 = load_opencv()
        device = re.fullmatch(r"(?:/dev/video)?(\d{1,3})", source)
        self.live = device is not None
        path = Path(source).expanduser()
        self._target: int | str = int(device[1]) if device else str(path)
        if not self.live and not path.is_file():
            raise ConfigError(f"parameter 'source': there is no camera or video file '{source}'")
        self._source = source
        self._every_s = 1.0 / rate_hz if rate_hz > 0 else 0.0
        self._capture: Any = self._open()

    def pictures(self, stop: Event, realtime: bool = True) -> Iterator[tuple[float, np.ndarray]]:
        """Yield time and picture, RGB of shape (H, W, 3), until the end, an error, or until told to stop.

        Times start at 0. Of a webcam they are those at which a picture came [s], of a file those at which it was
        filmed; with ``realtime`` each comes when its time has passed, else as soon as it is asked for.
        """
        hz = self._capture.get(self._cv2.CAP_PROP_FPS)
        step_s = 1.0 / (hz if 0.1 < hz < 1000.0 else _USUAL_HZ)
        began_s, due_s, number = time.monotonic(), 0.0, 0
        while not stop.is_set() and self._capture.grab():
            now_s = time.monotonic() - began_s if self.live else number * step_s
            number += 1
            if now_s < due_s - 0.5 * step_s:
                continue
            due_s = max(due_s, now_s - self._every_s) + self._every_s
            if not self.live and realtime and stop.wait(max(0.0, began_s + now_s - time.monotonic())):
                return
            readable, picture = self._capture.retrieve()
            if readable:
                yield now_s, self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB)

    def reopen(self) -> bool:
        """Start again from the beginning, or look for the camera again; return whether that worked."""
        self.close()
        try:
            self._capture = self._open()
        except ConfigError:
            return False
        return True

    def close(self) -> None:
        """Let the camera or file go."""
        self._capture.release()

    def _open(self) -> Any:
        capture = self._cv2.VideoCapture(self._target)
        if not capture.isOpened():
            capture.release()
            why = "no camera there, or another program has it" if self.live else "no video that OpenCV can read"
            raise ConfigError(f"parameter 'source': cannot open '{self._source}': {why}")
        if self.live:
            capture.set(self._cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not those that waited
        return capture


def load_opencv() -> ModuleType:
    """Import OpenCV.

    Raises:
        ConfigError: It is not installed.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # it tells each way to open a camera that failed
    try:
        import cv2
    except ImportError as error:
        raise ConfigError(
            "camera needs OpenCV, which is not installed: pip install -r requirements/camera.txt "
            "-c requirements/constraints.txt"
        ) from error
    module: ModuleType = cv2
    return module
