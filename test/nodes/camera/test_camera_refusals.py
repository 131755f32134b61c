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

"""What the camera node says of a source, an extra or a model that is missing or cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iat_ros.nodes.process import bring_up

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (requirements/camera.txt)")
pytestmark = pytest.mark.ros


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("/nowhere/film.mp4", "parameter 'source': there is no camera or video file '/nowhere/film.mp4'"),
        ("{text}", "no video that OpenCV can read"),
        (97, "cannot open '97': no camera there, or another program has it"),
        ("/dev/video97", "cannot open '/dev/video97': no camera there, or another program has it"),
    ],
)
def test_sources_that_cannot_be_used(
    rig: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], source: str | int, says: str
) -> None:
    """One line that names the parameter; a camera's number may come as a number, as ROS reads ``source:=97``."""
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    node = rig.camera(rig.known(lambda _: []), source=source if isinstance(source, int) else source.format(text=text))
    assert not bring_up(node)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert says in line


@pytest.mark.parametrize(("missing", "says"), [("mediapipe", "needs MediaPipe"), ("cv2", "needs OpenCV")])
def test_without_the_extra_one_line_says_what_to_install(
    rig: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    says: str,
) -> None:
    """Both come with requirements/camera.txt."""
    path = rig.film(tmp_path / "a.avi", 1)
    monkeypatch.setitem(sys.modules, missing, None)
    assert not bring_up(rig.camera(None, source=str(path)))
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert says in line
    assert "requirements/camera.txt" in line


def test_opencv_says_nothing_of_its_own_about_a_camera_that_is_not_there() -> None:
    """In a process of its own, which has not imported it yet; who wants to see it sets its variable."""
    code = "from iat_ros.nodes.camera.video import load_opencv; print(load_opencv().VideoCapture(97).isOpened())"

    def said(**variables: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "OPENCV_LOG_LEVEL"} | variables
        words = [sys.executable, "-c", code]
        return subprocess.run(
            words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, timeout=60
        ).stdout

    assert said() == "False\n"
    assert "WARN" in said(OPENCV_LOG_LEVEL="WARNING")


def test_a_camera_and_a_model_that_are_missing_are_named_together(
    rig: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sets the node up has to find both."""
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    assert not bring_up(rig.camera(None, source="/nowhere/film.mp4"))
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert "there is no camera or video file '/nowhere/film.mp4'; camera needs MediaPipe" in line


def test_without_a_model_one_line_says_what_to_download(
    rig: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The models of MediaPipe ship with nothing."""
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed (requirements/camera.txt)")
    path = rig.film(tmp_path / "a.avi", 1)
    damaged = tmp_path / "damaged.task"
    damaged.write_bytes(b"no model")
    for model, says in (("", "pose_landmarker_full.task"), (str(damaged), "MediaPipe cannot use")):
        assert not bring_up(rig.camera(None, source=str(path), landmarker=model))
        (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
        assert "parameter 'landmarker'" in line
        assert says in line
