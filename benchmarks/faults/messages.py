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

"""Messages to every input of the chain: most of them right, and then damaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from benchmarks.faults.malformed import Dice, Malformer
from iat_ros.data.actions import cut_action, with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.answer_message import encode_joints
from iat_ros.nodes.clouds import encode_motion, encode_skeletons, to_stamp
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import JointMotion

DEFINITION = load_skeleton("utd_mhad")
FRAMES = 32
MOTIONS = ("windows", "partial_windows", "coming_windows", "responses", "coming_responses")
"""Topics on which a motion of limbs is sent."""
JOINT_MOTIONS = ("joint_responses", "coming_joint_responses")
"""Topics on which a motion of the robot's joints is sent."""
_RIGHT = {
    "windows": 0.2, "partial_windows": 0.2, "coming_windows": 0.2, "responses": 0.03, "coming_responses": 0.2,
    "joint_responses": 0.03, "coming_joint_responses": 0.2,
}  # fmt: skip
"""Share of messages that are right, where it is not two in five: what costs the most comes more seldom."""


class Messages:
    """Makes messages.

    Args:
        dice: What is drawn with.
        seed: Decides the motions of the people.
        now: Tells the time [ns].

    Attributes:
        state: Where the robot is.
        path: A joint trajectory that was sent.
    """

    def __init__(self, dice: Dice, seed: int, now: Callable[[], int]) -> None:
        self._dice, self._now = dice, now
        self._malformer = Malformer(dice, now)
        clips = make_clips(2, 1, seed)
        self._acts = [with_stillness(clip, 1.0, 1.0).positions for clip in clips]
        self._motions = [cut_action(DEFINITION, clip, FRAMES).motion for clip in clips]
        self._act, self._frame, self._body, self._frame_s = self._acts[0], 0, 0, 1e-9 * now()
        self.state, self.path = JointState(), JointTrajectory()
        self._told: dict[str, Any] = {}  # by topic what was said to be coming, and may come then
        self._makers: dict[str, Callable[[], Any]] = {
            "skeletons": self._skeletons, "joint_states": self._joint_state, "joint_trajectory": self._trajectory,
            "controller_state": self.reference,
            **dict.fromkeys(MOTIONS, self._motion), **dict.fromkeys(JOINT_MOTIONS, self._joint_motion),
        }  # fmt: skip

    def make(self, topic: str, never_right: bool = False) -> Any:
        """Make a message for a topic: a right one in some share of the cases, else a damaged one."""
        right = not never_right and self._dice.share() < _RIGHT.get(topic, 0.4)
        if not never_right and topic in self._told and self._dice.share() < 0.5:
            return self._told.pop(topic)
        message = self._makers[topic]()
        if right:
            if topic.startswith("coming_"):
                self._told[topic.removeprefix("coming_")] = copy_of(message)
            return message
        if topic == "joint_states":
            return self._malformer.joint_state(message)
        if topic in ("joint_trajectory", "controller_state", *JOINT_MOTIONS):
            return self._malformer.trajectory(message)
        return self._malformer.cloud(message)

    def _skeletons(self) -> PointCloud2:
        """Return the next frame of a person who acts; after the last one another person comes."""
        if self._frame == len(self._act):
            self._act, self._frame = self._dice.one(self._acts), 0
            self._body = self._dice.one((self._body + 1, self._dice.below(2**32)))
        pose = self._act[self._frame]
        self._frame += 1
        self._frame_s += 1.0 / 30.0
        people, ids = pose[None], np.array([self._body])
        if self._dice.share() < 0.1:
            count = self._dice.one((0, 2, 3, 200))
            people, ids = np.repeat(people, count, axis=0), self._body + np.arange(count)
        return encode_skeletons(to_stamp(self._frame_s), "camera", ids % 2**32, people)

    def _motion(self) -> PointCloud2:
        header = Header(stamp=to_stamp(1e-9 * self._now()), frame_id=f"body_{self._dice.below(5)}")
        return encode_motion(header, self._dice.one(self._motions))

    def _joint_motion(self) -> JointTrajectory:
        """Return an answer in joints that swings about where the robot is, sometimes far beyond what it can do."""
        header = Header(stamp=to_stamp(1e-9 * self._now()), frame_id=f"body_{self._dice.below(5)}")
        swing = np.sin(np.linspace(0.0, np.pi, FRAMES))[:, None] * self._dice.one((0.1, 0.5, 3.0))
        positions = np.array(self.state.position)[None] + swing * self._dice.rng.uniform(
            -1.0, 1.0, len(self.state.name)
        )
        return encode_joints(header, JointMotion(tuple(self.state.name), positions, 0.3 + 3.0 * self._dice.share()))

    def reference(self) -> JointTrajectory:
        """Return what a controller follows, as a trajectory of one point: where the robot is, now."""
        point = JointTrajectoryPoint(positions=self.state.position, velocities=self.state.velocity)
        return JointTrajectory(header=copy_of(self.state.header), joint_names=list(self.state.name), points=[point])

    def _joint_state(self) -> JointState:
        return copy_of(self.state)

    def _trajectory(self) -> JointTrajectory:
        message = copy_of(self.path)
        message.header.stamp = self._dice.one((message.header.stamp, to_stamp(1e-9 * self._now())))
        return message


def copy_of(message: Any) -> Any:
    """Return a message as others would receive it."""
    return deserialize_message(serialize_message(message), type(message))
