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


"""The people that perception sees, over DDS: what is mended, who is who, who is answered, and what diagnostics tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import decode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import EventsExecutor, SingleThreadedExecutor, bring_up
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
CLIP = with_stillness(make_clips(1, 1, actions=("throw",))[0], 0.8, 1.0)
FRAMES = len(CLIP.times_s)
STILL = np.repeat(CLIP.positions[:1], FRAMES, axis=0)
BEHIND = np.array([0.0, 0.0, 1.5])

pytestmark = pytest.mark.ros


class Rig:
    """Perception, and in one process a tracker and who hears both."""

    def __init__(self, domain: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        # In a namespace: what is left of a lifecycle node's services must not answer to tests that come later.
        self._options: dict[str, Any] = {"context": self.context, "namespace": "people"}
        self.heard: dict[str, list[PointCloud2]] = {"windows": [], "coming_windows": [], "partial_windows": []}
        self.told: dict[str, str] = {}
        self.tracker = rclpy.create_node("tracker", **self._options)
        for topic, messages in self.heard.items():
            self.tracker.create_subscription(PointCloud2, topic, messages.append, 100)
        self.tracker.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.publisher = self.tracker.create_publisher(PointCloud2, "skeletons", qos_profile_sensor_data)
        self.executor = (EventsExecutor or SingleThreadedExecutor)(context=self.context)
        self.executor.add_node(self.tracker)
        self.perception: Any = None

    def start(self, **values: Any) -> bool:
        """Bring perception up with these parameters; return whether it came up."""
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        self.perception = PerceptionNode(parameter_overrides=overrides, **self._options)
        up = bring_up(self.perception)
        self.executor.add_node(self.perception)
        if up:
            self.until(lambda: self.publisher.get_subscription_count() == 1)
            self.until(lambda: self.perception._coming_windows.get_subscription_count() == 1)
        return up

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.told = {value.key: value.value for value in message.status[0].values}

    def show(
        self, bodies: Callable[[int], dict[int, np.ndarray]], frame: str = "camera", start_s: float = 100.0
    ) -> None:
        """Show the bodies of each frame, until all frames were used."""
        for k, time_s in enumerate(CLIP.times_s - CLIP.times_s[0] + start_s):
            now, before = bodies(k), self.perception.counts["frames"]
            poses = np.stack(list(now.values())) if now else np.empty((0, len(DEFINITION.joints), 3))
            self.publisher.publish(encode_skeletons(to_stamp(time_s), frame, np.array(list(now), np.uint32), poses))
            self.until(lambda before=before: self.perception.counts["frames"] == before + 1)

    def until(self, done: Callable[[], Any], rounds: int = 400) -> None:
        """Let the nodes work until something holds."""
        for _ in range(rounds):
            if done():
                return
            self.executor.spin_once(timeout_sec=0.02)
        pytest.fail(f"waited in vain: {self.perception.counts}, {self.perception.dropped}, {self.told}")

    def told_of(self, **values: str | int) -> None:
        """Wait until diagnostics tell this."""
        self.until(lambda: all(self.told.get(name) == str(value) for name, value in values.items()))

    def bodies(self, topic: str) -> set[str]:
        """Whose messages came on a topic."""
        return {message.header.frame_id for message in self.heard[topic]}

    def close(self) -> None:
        """Leave the domain."""
        self.executor.shutdown()
        for node in (self.perception, self.tracker):
            node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def rig(ros_domain: int) -> Iterator[Rig]:
    """Perception that is not started yet."""
    rig = Rig(ros_domain)
    yield rig
    rig.close()


def test_an_action_with_holes_and_spikes_gives_the_window_of_the_action(rig: Rig) -> None:
    """Joints are gone for three frames, and jump for one: one window, near to that of the clean frames, all counted."""
    joints = [DEFINITION.joints.index(name) for name in ("right_wrist", "left_elbow", "head", "spine")]
    broken = CLIP.positions.copy()
    for n, joint in enumerate(joints):
        for first in range(10 + 3 * n, FRAMES - 5, 17):
            broken[first : first + 3, joint] = np.nan
    broken[20::23, DEFINITION.joints.index("left_wrist")] += [0.0, 1.0, 1.0]
    assert rig.start()
    rig.show(lambda k: {1: CLIP.positions[k]})
    rig.show(lambda k: {2: broken[k]}, start_s=200.0)
    rig.until(lambda: len(rig.heard["windows"]) == 2)
    clean, mended = (decode_motion(message, 8) for message in rig.heard["windows"])
    cosine = np.einsum("tlx,tlx->tl", clean.limbs_in_body, mended.limbs_in_body)
    assert np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).mean() < 3.0
    missing = np.isnan(broken[:, joints, 0]).sum()
    rig.told_of(joints_bridged=missing, outliers=len(range(20, FRAMES, 23)))
    assert rig.perception.dropped == {}


def test_a_body_whose_number_changes_in_mid_action_gives_one_window(rig: Rig) -> None:
    """4 becomes 9: what was told before and the window itself are of 4, and the change is counted."""
    assert rig.start()
    rig.show(lambda k: {4 if k < FRAMES // 2 else 9: CLIP.positions[k]})
    rig.until(lambda: rig.heard["windows"] and rig.heard["coming_windows"])
    assert rig.bodies("windows") == rig.bodies("coming_windows") == {"body_4"}
    assert len(rig.heard["windows"]) == 1
    rig.told_of(ids_changed=1, person="all")
    assert rig.perception.dropped == {}


@pytest.mark.parametrize(
    ("person", "frame", "chosen"),
    [
        ("nearest", "camera", 2),
        ("central", "camera_optical_frame", 1),
        ("first", "camera", 1),
    ],
)
def test_only_the_chosen_person_is_answered(rig: Rig, person: str, frame: str, chosen: int) -> None:
    """Two throw at once, 1 far and straight ahead, 2 near and aside: every topic carries the chosen one alone."""
    centre = CLIP.positions[0][DEFINITION.torso_joints].mean(axis=0)
    ahead = CLIP.positions - [centre[0], centre[1], centre[2] - 4.0]
    aside = CLIP.positions - [centre[0] - 1.0, centre[1], centre[2] - 1.5]
    assert rig.start(person=person, early=True)
    rig.show(lambda k: {1: ahead[k], 2: aside[k]}, frame)
    rig.until(lambda: all(rig.heard.values()))
    for topic in rig.heard:
        assert rig.bodies(topic) == {f"body_{chosen}"}
    rig.told_of(person=f"{person}: body_{chosen}", actions_of_others=1)
    assert rig.told.get("forward") == ("z of camera_optical_frame" if person == "central" else None)


def test_when_the_chosen_person_leaves_the_next_one_is_answered(rig: Rig) -> None:
    """1 leaves, 2, who stood behind, acts later: a window of 2, one hand-over."""
    assert rig.start(person="nearest")
    rig.show(lambda k: {1: STILL[k], 2: STILL[k] + BEHIND} if k < 20 else {2: STILL[k] + BEHIND})
    rig.told_of(person="nearest: body_2", handovers=1)
    rig.show(lambda k: {2: CLIP.positions[k] + BEHIND}, start_s=100.0 + FRAMES / 30)
    rig.until(lambda: rig.heard["windows"])
    assert rig.bodies("windows") == {"body_2"}


@pytest.mark.parametrize(
    "values",
    [{"bridge_time": 1.0}, {"person": "tallest"}, {"forward_axis": "y"}, {"rejoin_distance": -1.0}],
)
def test_values_that_cannot_be_used_leave_the_node_unconfigured(
    rig: Rig, values: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """One line names the parameter."""
    assert not rig.start(**values)
    assert next(iter(values)) in capfd.readouterr().err
