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

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.camera.detector import LANDMARKS, Detection
from iat_ros.nodes.clouds import decode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import bring_up
from iat_ros.skeleton.definition import load_skeleton

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (requirements/camera.txt)")
pytestmark = pytest.mark.ros

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


@pytest.fixture(scope="module")
def throw() -> Any:
    """Times and landmarks [m], shape (T, 33, 3), of somebody who throws, three metres before the camera."""
    clip = with_stillness(make_clips(1, 1, actions=("throw",))[0], 0.8, 1.0)
    names = load_skeleton("utd_mhad").joints
    rows = [names.index(name if name in names else "head") for name in LANDMARKS]
    return clip.times_s - clip.times_s[0], clip.positions[:, rows] + (0.0, 0.0, 1.0)


def test_perception_makes_the_same_window_of_a_video_as_of_clouds(rig: Any, throw: Any, tmp_path: Path) -> None:
    """Every picture of a throw, in order, in the optical frame, as far away as it is; then the same window."""
    times, positions = throw
    skeleton = tmp_path / "mediapipe.yaml"
    skeleton.write_text(SKELETON)
    windows: list[PointCloud2] = []
    rig.other.create_subscription(PointCloud2, "windows", windows.append, 10)
    perception = PerceptionNode(parameter_overrides=[Parameter("skeleton", value=str(skeleton))], **rig.options)
    assert bring_up(rig.add(perception))
    detector = rig.known(lambda number: [rig.landmarks(positions[number])])
    path = rig.film(tmp_path / "throw.avi", len(times))
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
        message = encode_skeletons(to_stamp(cloud.time_s), "camera", np.array([0]), expected[None])
        direct._take(serialize_message(message))
    window, expected_window = decode_motion(windows[0], 4), decode_motion(published[0], 4)
    np.testing.assert_allclose(window.limbs_in_body, expected_window.limbs_in_body, atol=1e-4)
    assert window.duration_s == pytest.approx(expected_window.duration_s, abs=1e-6)
    assert node.dropped == {}


def test_what_cannot_be_seen_is_not_tracked(rig: Any, somebody: np.ndarray, tmp_path: Path) -> None:
    """Landmarks that are hidden, people of whom nearly all is, and pictures with nobody in them."""
    hidden = rig.landmarks(somebody)
    hidden.visibility[[0, 15]] = 0.1
    faint = rig.landmarks(somebody)
    faint.visibility[:] = 0.2
    people = {0: [hidden], 1: [], 2: [faint, rig.landmarks(somebody)]}
    path = rig.film(tmp_path / "three.avi", 3)
    node = rig.play(rig.known(lambda number: people[number]), source=str(path), max_people=2)
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


def test_a_given_distance_and_frame(rig: Any, somebody: np.ndarray, tmp_path: Path) -> None:
    """Whoever knows how far away people stand says so; the hips are there, whatever the picture says."""
    rig.play(
        rig.known(lambda _: [rig.landmarks(somebody)]),
        source=str(rig.film(tmp_path / "a.avi", 1)),
        distance=4.0,
        frame_id="c",
    )
    (cloud,) = rig.people(1)
    hips = cloud.positions[0, [LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]].mean(axis=0)
    assert hips[2] == pytest.approx(4.0, abs=1e-5)
    assert cloud.frame_id == "c"


def test_a_file_is_played_as_it_was_filmed(rig: Any, somebody: np.ndarray, tmp_path: Path) -> None:
    """Ten pictures a second take their time; at most five a second are every other one."""
    detector = rig.known(lambda _: [rig.landmarks(somebody)])
    path = rig.film(tmp_path / "slow.avi", 9, hz=10.0)
    began = time.monotonic()
    node = rig.play(detector, source=str(path), rate=5.0)
    clouds = rig.people(5)
    assert 0.75 < time.monotonic() - began < 5.0
    assert detector.numbers == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(np.diff([cloud.time_s for cloud in clouds]), 0.2, atol=1e-4)
    rig.until(lambda: node.trouble() == "the video is over")
    assert len(rig.clouds) == 5


def test_a_file_again_and_again(rig: Any, somebody: np.ndarray, tmp_path: Path) -> None:
    """Stamps go on rising from one round to the next; deactivated it stops, and lets go of everything at the end."""
    detector = rig.known(lambda _: [rig.landmarks(somebody)])
    node = rig.play(detector, source=str(rig.film(tmp_path / "a.avi", 4)), realtime=False, loop=True)
    clouds = rig.people(12)
    assert detector.numbers[:12] == [0, 1, 2, 3] * 3
    assert np.diff([cloud.time_s for cloud in clouds]).min() > 0.02
    node.trigger_deactivate()
    count = len(detector.numbers)
    assert node._thread is None
    node.trigger_cleanup()
    assert detector.closed
    assert len(detector.numbers) == count


def test_an_error_in_the_detector_is_told(rig: Any, tmp_path: Path) -> None:
    """The node lives and says why it looks no more."""

    def fail(_: int) -> list[Detection]:
        raise RuntimeError("out of memory")

    node = rig.play(rig.known(fail), source=str(rig.film(tmp_path / "a.avi", 1)))
    rig.until(node.trouble)
    assert node.trouble() == "looks no more, because of an unexpected RuntimeError: out of memory"


@pytest.mark.skipif(not os.environ.get("IAT_POSE_MODEL"), reason="IAT_POSE_MODEL names no model of MediaPipe")
def test_mediapipe_finds_a_real_person(rig: Any, tmp_path: Path) -> None:
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
