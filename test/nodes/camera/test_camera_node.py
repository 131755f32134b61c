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

"""The camera node on videos that the test renders, with a detector whose answers are known; over DDS."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.camera.detector import LANDMARKS, Detection, MediaPipeDetector
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.camera.place import focal_length_px
from iat_ros.nodes.clouds import SkeletonCloud, decode_motion, decode_skeletons, encode_skeletons, to_stamp
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import bring_up
from iat_ros.skeleton.definition import load_skeleton

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (requirements/camera.txt)")
pytestmark = pytest.mark.ros

WIDTH, HEIGHT, HZ = 320, 240, 30.0
FOCAL = focal_length_px(WIDTH, math.radians(65.0))
SKELETON = f"""
name: mediapipe
joints: [{", ".join(LANDMARKS)}]
limbs:
  left_upper_arm: [left_shoulder, left_elbow]
  left_forearm: [left_elbow, left_wrist]
  right_upper_arm: [right_shoulder, right_elbow]
  right_forearm: [right_elbow, right_wrist]
body_frame: {{left: left_shoulder, right: right_shoulder, bottom: left_hip, top: left_shoulder}}
"""


def film(path: Path, count: int, hz: float = HZ) -> Path:
    """Render a video whose pictures show their number: eight stripes, white for 1."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), hz, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for number in range(count):
        stripes = np.repeat(np.unpackbits(np.array([number], np.uint8)) * 255, WIDTH // 8)
        writer.write(np.broadcast_to(stripes[None, :, None], (HEIGHT, WIDTH, 3)).copy())
    writer.release()
    return path


def landmarks(positions: np.ndarray) -> Detection:
    """What MediaPipe would find of somebody whose landmarks are here [m], shape (33, 3), from the camera."""
    pixels = FOCAL * positions[:, :2] / positions[:, 2:] + (WIDTH / 2, HEIGHT / 2)
    hips = positions[[LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]].mean(axis=0)
    return Detection(positions - hips, pixels, np.full(33, 0.9))


class Known:
    """Finds in each picture who is there by its number; remembers what it was shown."""

    def __init__(self, people: Callable[[int], list[Detection]]) -> None:
        self._people = people
        self.numbers: list[int] = []
        self.times_s: list[float] = []
        self.closed = False

    def detect(self, picture: np.ndarray, time_s: float) -> list[Detection]:
        """Answer what is known."""
        assert picture.shape == (HEIGHT, WIDTH, 3)
        bits = picture.reshape(HEIGHT, 8, -1).mean(axis=(0, 2)) > 128
        self.numbers.append(int(np.packbits(bits)[0]))
        self.times_s.append(time_s)
        return self._people(self.numbers[-1])

    def close(self) -> None:
        """Remember that."""
        self.closed = True


class CameraRig:
    """The camera node and a node that hears it, in one process."""

    def __init__(self, domain: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        # In a namespace: what is left of a lifecycle node's services must not answer to tests that come later.
        self.options: dict[str, Any] = {"context": self.context, "namespace": "filmed"}
        self.other = rclpy.create_node("other", **self.options)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.clouds: list[PointCloud2] = []
        self.other.create_subscription(PointCloud2, "skeletons", self.clouds.append, 200)
        self.nodes: list[Any] = []
        self.add(self.other)

    def add(self, node: Any) -> Any:
        """Let a node work, too."""
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def camera(self, detector: Any, **values: Any) -> CameraNode:
        """Make the node, not configured yet."""
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        make = MediaPipeDetector if detector is None else lambda _model, _people: detector
        return self.add(CameraNode(make, parameter_overrides=overrides, **self.options))  # type: ignore[no-any-return]

    def play(self, detector: Any, **values: Any) -> CameraNode:
        """Make the node and start it once it is heard."""
        node = self.camera(detector, **values)
        assert node.trigger_configure().name == "SUCCESS"
        self.until(lambda: node._publisher.get_subscription_count() >= len(self.nodes) - 1 and self.heard())
        assert node.trigger_activate().name == "SUCCESS"
        return node

    def heard(self) -> bool:
        """Whether the other side knows of the node, too."""
        return self.other.count_publishers("skeletons") == 1

    def until(self, done: Callable[[], Any], timeout_s: float = 10.0) -> None:
        """Let the nodes work until something holds."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline:
                pytest.fail(f"waited in vain: {[getattr(node, 'dropped', '') for node in self.nodes]}")
            self.executor.spin_once(timeout_sec=0.02)

    def people(self, count: int) -> list[SkeletonCloud]:
        """Wait for so many clouds and read them."""
        self.until(lambda: len(self.clouds) >= count)
        return [decode_skeletons(cloud, 33) for cloud in self.clouds[:count]]

    def close(self) -> None:
        """Leave the domain."""
        self.executor.shutdown()
        for node in self.nodes:
            node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def rig(ros_domain: int) -> Iterator[CameraRig]:
    """A rig of its own."""
    rig = CameraRig(ros_domain)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def throw() -> Any:
    """Times and landmarks [m], shape (T, 33, 3), of somebody who throws, three metres before the camera."""
    clip = with_stillness(make_clips(1, 1, actions=("throw",))[0], 0.8, 1.0)
    names = load_skeleton("utd_mhad").joints
    rows = [names.index(name if name in names else "head") for name in LANDMARKS]
    return clip.times_s - clip.times_s[0], clip.positions[:, rows] + (0.0, 0.0, 1.0)


@pytest.fixture
def somebody() -> np.ndarray:
    """Landmarks of somebody [m], shape (33, 3)."""
    return np.random.default_rng(0).uniform((-0.4, -0.7, 1.9), (0.4, 0.7, 2.2), (33, 3))


def test_perception_makes_the_same_window_of_a_video_as_of_clouds(rig: CameraRig, throw: Any, tmp_path: Path) -> None:
    """Every picture of a throw, in order, in the optical frame, as far away as it is; then the same window."""
    times, positions = throw
    skeleton = tmp_path / "mediapipe.yaml"
    skeleton.write_text(SKELETON)
    windows: list[PointCloud2] = []
    rig.other.create_subscription(PointCloud2, "windows", windows.append, 10)
    perception = PerceptionNode(parameter_overrides=[Parameter("skeleton", value=str(skeleton))], **rig.options)
    assert bring_up(rig.add(perception))
    detector = Known(lambda number: [landmarks(positions[number])])
    path = film(tmp_path / "throw.avi", len(times))
    node = rig.camera(detector, source=str(path), realtime=True, rate=0.0)
    assert node.trigger_configure().name == "SUCCESS"
    rig.until(lambda: node._publisher.get_subscription_count() == 2 and rig.heard())
    rig.until(lambda: perception._windows.get_subscription_count() == 1)
    node.trigger_activate()
    clouds = rig.people(len(times))
    assert detector.numbers == list(range(len(times)))
    for cloud, time_s, expected in zip(clouds, times, positions, strict=True):
        assert (cloud.frame_id, cloud.body_ids.tolist()) == ("camera_optical_frame", [0])
        assert abs(cloud.time_s - clouds[0].time_s - time_s) < 1e-4
        np.testing.assert_allclose(cloud.positions[0], expected, atol=1e-5)
    rig.until(lambda: windows)
    direct = PerceptionNode(
        parameter_overrides=[Parameter("skeleton", value=str(skeleton))], **{**rig.options, "namespace": "direct"}
    )
    assert bring_up(rig.add(direct))
    published: list[PointCloud2] = []
    direct._windows.publish = published.append
    for cloud, expected in zip(clouds, positions, strict=True):
        direct._take(encode_skeletons(to_stamp(cloud.time_s), "camera", np.array([0]), expected[None]))
    window, expected_window = decode_motion(windows[0], 4), decode_motion(published[0], 4)
    np.testing.assert_allclose(window.limbs_in_body, expected_window.limbs_in_body, atol=1e-4)
    assert window.duration_s == pytest.approx(expected_window.duration_s, abs=1e-6)
    assert node.dropped == {}


def test_what_cannot_be_seen_is_not_tracked(rig: CameraRig, somebody: np.ndarray, tmp_path: Path) -> None:
    """Landmarks that are hidden, people of whom nearly all is, and pictures with nobody in them."""
    hidden = landmarks(somebody)
    hidden.visibility[[0, 15]] = 0.1
    faint = landmarks(somebody)
    faint.visibility[:] = 0.2
    people = {0: [hidden], 1: [], 2: [faint, landmarks(somebody)]}
    path = film(tmp_path / "three.avi", 3)
    node = rig.play(Known(lambda number: people[number]), source=str(path), max_people=2)
    first, nobody, last = rig.people(3)
    assert np.isnan(first.positions[0]).any(axis=-1).nonzero()[0].tolist() == [0, 15]
    assert (nobody.body_ids.tolist(), last.body_ids.tolist()) == ([], [0])
    rig.until(lambda: node.dropped)
    assert node.dropped == {"person of whom too little is seen, or who fits nowhere before the camera": 1}
    points = {field.name: field.offset for field in rig.clouds[0].fields}
    confidence = np.frombuffer(rig.clouds[0].data, np.float32)[
        points["confidence"] // 4 :: rig.clouds[0].point_step // 4
    ]
    np.testing.assert_allclose(confidence, np.where(np.isin(np.arange(33), [0, 15]), 0.0, 0.9), atol=1e-6)


def test_a_given_distance_and_frame(rig: CameraRig, somebody: np.ndarray, tmp_path: Path) -> None:
    """Whoever knows how far away people stand says so; the hips are there, whatever the picture says."""
    rig.play(
        Known(lambda _: [landmarks(somebody)]), source=str(film(tmp_path / "a.avi", 1)), distance=4.0, frame_id="c"
    )
    (cloud,) = rig.people(1)
    hips = cloud.positions[0, [LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]].mean(axis=0)
    assert hips[2] == pytest.approx(4.0, abs=1e-5)
    assert cloud.frame_id == "c"


def test_a_file_is_played_as_it_was_filmed(rig: CameraRig, somebody: np.ndarray, tmp_path: Path) -> None:
    """Ten pictures a second take their time; at most five a second are every other one."""
    detector = Known(lambda _: [landmarks(somebody)])
    path = film(tmp_path / "slow.avi", 9, hz=10.0)
    began = time.monotonic()
    node = rig.play(detector, source=str(path), rate=5.0)
    clouds = rig.people(5)
    assert 0.75 < time.monotonic() - began < 5.0
    assert detector.numbers == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(np.diff([cloud.time_s for cloud in clouds]), 0.2, atol=1e-4)
    rig.until(lambda: node.trouble() == "the video is over")
    assert len(rig.clouds) == 5


def test_a_file_again_and_again(rig: CameraRig, somebody: np.ndarray, tmp_path: Path) -> None:
    """Stamps go on rising from one round to the next; deactivated it stops, and lets go of everything at the end."""
    detector = Known(lambda _: [landmarks(somebody)])
    node = rig.play(detector, source=str(film(tmp_path / "a.avi", 4)), realtime=False, loop=True)
    clouds = rig.people(12)
    assert detector.numbers[:12] == [0, 1, 2, 3] * 3
    assert np.diff([cloud.time_s for cloud in clouds]).min() > 0.02
    node.trigger_deactivate()
    count = len(detector.numbers)
    assert node._thread is None
    node.trigger_cleanup()
    assert detector.closed
    assert len(detector.numbers) == count


def test_an_error_in_the_detector_is_told(rig: CameraRig, tmp_path: Path) -> None:
    """The node lives and says why it looks no more."""

    def fail(_: int) -> list[Detection]:
        raise RuntimeError("out of memory")

    node = rig.play(Known(fail), source=str(film(tmp_path / "a.avi", 1)))
    rig.until(node.trouble)
    assert node.trouble() == "looks no more, because of an unexpected RuntimeError: out of memory"


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
    rig: CameraRig, tmp_path: Path, capfd: pytest.CaptureFixture[str], source: str | int, says: str
) -> None:
    """One line that names the parameter; a camera's number may come as a number, as ROS reads ``source:=97``."""
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    node = rig.camera(Known(lambda _: []), source=source if isinstance(source, int) else source.format(text=text))
    assert not bring_up(node)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert says in line


@pytest.mark.parametrize(("missing", "says"), [("mediapipe", "needs MediaPipe"), ("cv2", "needs OpenCV")])
def test_without_the_extra_one_line_says_what_to_install(
    rig: CameraRig,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    says: str,
) -> None:
    """Both come with requirements/camera.txt."""
    path = film(tmp_path / "a.avi", 1)
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
    rig: CameraRig, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sets the node up has to find both."""
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    assert not bring_up(rig.camera(None, source="/nowhere/film.mp4"))
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert "there is no camera or video file '/nowhere/film.mp4'; camera needs MediaPipe" in line


def test_without_a_model_one_line_says_what_to_download(
    rig: CameraRig, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The models of MediaPipe ship with nothing."""
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed (requirements/camera.txt)")
    path = film(tmp_path / "a.avi", 1)
    damaged = tmp_path / "damaged.task"
    damaged.write_bytes(b"no model")
    for model, says in (("", "pose_landmarker_full.task"), (str(damaged), "MediaPipe cannot use")):
        assert not bring_up(rig.camera(None, source=str(path), landmarker=model))
        (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
        assert "parameter 'landmarker'" in line
        assert says in line


@pytest.mark.skipif(not os.environ.get("IAT_POSE_MODEL"), reason="IAT_POSE_MODEL names no model of MediaPipe")
def test_mediapipe_finds_a_real_person(rig: CameraRig, tmp_path: Path) -> None:
    """A photograph of Grace Hopper, which Matplotlib ships: upright, she faces the camera, as near as a portrait is."""
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed (requirements/camera.txt)")
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        photograph = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    photograph = photograph[: photograph.shape[0] // 2 * 2, : photograph.shape[1] // 2 * 2]
    writer = cv2.VideoWriter(str(tmp_path / "her.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30.0, photograph.shape[1::-1])
    for _ in range(5):
        writer.write(photograph)
    writer.release()
    rig.play(None, source=str(tmp_path / "her.avi"), landmarker=os.environ["IAT_POSE_MODEL"])
    cloud = rig.people(5)[-1]
    assert cloud.body_ids.tolist() == [0]
    at = dict(zip(LANDMARKS, cloud.positions[0], strict=True))
    assert at["left_shoulder"][0] > at["nose"][0] > at["right_shoulder"][0], "x points right, and she faces us"
    assert at["left_shoulder"][1] > at["nose"][1], "y points down"
    assert at["nose"][2] < at["left_shoulder"][2], "z points away"
    assert 0.1 < at["nose"][2] < 3.0


def test_the_skeleton_has_the_landmarks_in_their_order() -> None:
    """What the camera sends is what `skeleton:=mediapipe` expects."""
    assert load_skeleton("mediapipe").sent == LANDMARKS
