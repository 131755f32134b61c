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

"""Where trajectories go: topics like ``joint_trajectory``, or goals of actions like ``follow_joint_trajectory``."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import ConfigError, describe
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.process import stopping
from iat_ros.nodes.trajectory_message import Serialised, only

TOPIC, ACTION = "joint_trajectory", "follow_joint_trajectory"

_FOUND_S = 3.0
"""So long a controller that is there may take to be found [s]."""
_LOOK_S = 0.02
_ENDS = {GoalStatus.STATUS_ABORTED: "aborted", GoalStatus.STATUS_CANCELED: "cancelled"}


class TrajectoryOutput:
    """Sends trajectories to the robot's controllers: to each the part for its joints, all with the same stamp.

    As an action, each trajectory is a goal that replaces the one before. The controller then ends that one as aborted,
    which is no fault. One that it rejects ends what it still follows. Without a goal its joints stand where the
    controller holds them, which is what `lost` is for.

    Args:
        node: Publishes or calls.
        lost: Told why when a controller gave up the goal it was to follow, and of its joints.
    """

    def __init__(self, node: IatNode, lost: Callable[[str, tuple[str, ...]], None]) -> None:
        self._node = node
        self._lost = lost
        self._joints: dict[str, tuple[str, ...]] = {}
        # Until a robot is known: what most have, so that tools see the node's topic before it is configured.
        self._publishers = {TOPIC: node.create_lifecycle_publisher(JointTrajectory, TOPIC, RESULT_QOS)}
        self._goals: dict[str, _Goals] = {}
        self._prepared: tuple[JointTrajectory, dict[str, Serialised]] | None = None
        self._doubted = ""  # what was strange when somebody last asked

    def open(self, output: str, controllers: Mapping[str, tuple[str, ...]]) -> None:
        """Get ready to send.

        Args:
            output: "topic", "action", or "auto": the action where control_msgs is installed and all controllers serve
                it by now, else the topic.
            controllers: The joints that each controller takes, by its topic.

        Raises:
            ConfigError: The action is wanted and its messages are not installed, or a topic tells no action.
        """
        self._joints = dict(controllers)
        if output == "auto":
            why_not = self._try_actions()
            self._node.get_logger().info(f"trajectories go to {f'topics: {why_not}' if why_not else 'actions'}")
            output = "topic" if why_not else "action"
        if output == "action":
            self._open_goals()
            return
        for topic in (each for each in controllers if each not in self._publishers):
            self._publishers[topic] = self._node.create_lifecycle_publisher(JointTrajectory, topic, RESULT_QOS)
        for topic in set(self._publishers) - set(controllers):
            self._node.destroy_lifecycle_publisher(self._publishers.pop(topic))

    def _open_goals(self) -> None:
        kind = _action_type()
        if kind is None:
            raise ConfigError(
                "parameter 'output' is 'action', which needs control_msgs, which is not installed: "
                "apt install ros-jazzy-control-msgs, or set output to 'topic'"
            )
        for topic in (each for each in self._joints if each not in self._goals):
            self._goals[topic] = _Goals(self._node, kind, action_of(topic), partial(self._lost_goal, topic))

    def _try_actions(self) -> str:
        """Open the action clients, or say why not: a controller may be off, or its action forbidden by security."""
        other = next((topic for topic in self._joints if topic.rpartition("/")[2] != TOPIC), "")
        if other:
            return f"the controller '{other}' does not end in '{TOPIC}', so its action is not known"
        if _action_type() is None:
            return "control_msgs is not installed"
        try:
            self._open_goals()
        except RuntimeError as error:  # rclpy's RCLError
            self.close()
            return describe(error)
        until_s = time.monotonic() + _FOUND_S
        while (missing := self.missing()) and time.monotonic() < until_s and not stopping.wait(_LOOK_S):
            pass
        if missing:
            self.close()
            return f"nobody serves the action '{missing}'"
        return ""

    def close(self) -> None:
        """Free the action clients; what the controllers still follow, they follow to its end."""
        for goals in self._goals.values():
            goals.close()
        self._goals = {}

    def prepare(self, message: JointTrajectory) -> None:
        """Serialise a trajectory that may be sent soon and gets another stamp then; only the last one is kept."""
        topics = (each for each in self._joints.items() if each[0] not in self._goals)
        self._prepared = message, {topic: Serialised(only(message, joints)) for topic, joints in topics}

    def missing(self, left_out: Collection[str] = ()) -> str:
        """Name the action of a controller that is not there; then nothing must be sent, one arm shall not go alone.

        Args:
            left_out: Joints whose controllers are to be sent nothing.
        """
        needed = (goals for topic, goals in self._goals.items() if not self._only(topic, left_out))
        return next((goals.action for goals in needed if not goals.served()), "")

    def _only(self, topic: str, joints: Collection[str]) -> bool:
        """Tell whether a controller has no other joints than these."""
        return set(self._joints[topic]) <= set(joints)

    def doubt(self) -> str:
        """Say what is strange about who takes the trajectories, and who else sends some, and log it when it begins."""
        doubt = next(filter(None, map(self._doubt, set(self._joints) - set(self._goals))), "")
        if doubt and doubt != self._doubted:
            self._node.get_logger().warning(doubt)
        self._doubted = doubt
        return doubt

    def _doubt(self, topic: str) -> str:
        name = self._node.resolve_topic_name(topic)
        if not self._publishers[topic].get_subscription_count():
            return f"nobody takes {name}: is that the controller's topic?"
        others = self._node.count_publishers(name) - 1
        return f"{name} comes from {others} more: a second chain, or another program" if others > 0 else ""

    def send(self, message: JointTrajectory, left_out: Collection[str] = ()) -> None:
        """Send a trajectory; it replaces the one before, but for controllers of no other joints than those left out."""
        ready: dict[str, Serialised] = {}
        if self._prepared is not None and self._prepared[0] is message:
            ready = self._prepared[1]
        parts = {
            topic: ready[topic].stamped(message.header.stamp) if topic in ready else only(message, joints)
            for topic, joints in self._joints.items()
            if not self._only(topic, left_out)
        }
        for topic, part in parts.items():
            if topic in self._goals:
                self._goals[topic].send(part)
            else:
                self._publishers[topic].publish(part)

    def _lost_goal(self, topic: str, reason: str) -> None:
        self._lost(reason, self._joints[topic])

    def cancel(self, joints: Collection[str]) -> None:
        """Have controllers of no other joints end their goals and hold those; what was published cannot be revoked."""
        for topic, goals in self._goals.items():
            if self._only(topic, joints):
                goals.cancel()


def action_of(topic: str) -> str:
    """Return the action of the controller that has a topic.

    Raises:
        ConfigError: The topic isn't named as joint_trajectory_controller names it.
    """
    if topic.rpartition("/")[2] != TOPIC:
        raise ConfigError(
            f"parameter 'output' is 'action', but the controller '{topic}' does not end in '{TOPIC}', so its action is "
            "not known; correct the robot's file, or set output to 'topic'"
        )
    return topic.removesuffix(TOPIC) + ACTION


def _action_type() -> Any:
    """Return FollowJointTrajectory; None where control_msgs is not installed."""
    try:
        return importlib.import_module("control_msgs.action").FollowJointTrajectory
    except ImportError:
        return None


class _Goals:
    """The goals of one controller."""

    def __init__(self, node: IatNode, kind: Any, action: str, lost: Callable[[str], None]) -> None:
        self._node, self._lost, self.action = node, lost, action
        self._make_goal: Callable[..., Any] = kind.Goal
        self._client: ActionClient | None = ActionClient(node, kind, action)
        self._number = self._accepted = 0  # of the newest goal, and of the newest that was accepted
        self._cancelled = 0  # of the newest that was cancelled
        self._handle: Any = None  # of the newest that was accepted
        self._unanswered: set[int] = set()
        self._given_up: tuple[int, str] | None = None  # a goal that ended while newer ones were unanswered

    def close(self) -> None:
        """Free the client."""
        if self._client is not None:
            self._client.destroy()
        self._client = self._handle = self._given_up = None
        self._number += 1  # answers that still come belong to nothing
        self._unanswered.clear()

    def served(self) -> bool:
        """Tell whether the controller is there."""
        return self._client is not None and self._client.server_is_ready()

    def send(self, message: JointTrajectory) -> None:
        """Send a goal; it replaces the one before."""
        if self._client is None:
            return
        self._number += 1
        number = self._number
        self._unanswered.add(number)
        self._node.counts["goals"] += 1
        sent = self._client.send_goal_async(self._make_goal(trajectory=message))
        sent.add_done_callback(lambda future: self._on_answer(number, future.result()))

    def cancel(self) -> None:
        """Let the controller hold its joints where they are; that is no fault of it."""
        self._cancelled = self._number
        self._number += 1
        self._accepted = self._number
        if self._handle is not None:
            self._handle.cancel_goal_async()
            self._handle = None

    def _on_answer(self, number: int, handle: Any) -> None:
        if number not in self._unanswered:
            return  # closed meanwhile
        # A controller answers in order: whoever still owes an older answer has died meanwhile.
        self._unanswered = {each for each in self._unanswered if each > number}
        if not handle.accepted:
            self._on_rejected(number)
        elif number <= self._cancelled:
            handle.cancel_goal_async()  # cancelled before it was accepted
        else:
            self._accepted, self._handle = max(self._accepted, number), handle
            handle.get_result_async().add_done_callback(lambda future: self._on_end(number, future.result()))
        self._settle()

    def _on_rejected(self, number: int) -> None:
        reason = "the controller rejected the goal; its log says why"
        self._node.drop(f"trajectory: {reason}")
        if number == self._number and self._given_up is None:
            # It goes on with the one before, if any: not what the robot is thought to do, and no halt would stop it.
            self.cancel()
            self._lost(reason)

    def _on_end(self, number: int, response: Any) -> None:
        if number == self._accepted:
            self._handle = None
        if self._client is not None and response.status in _ENDS:
            end, said = _ENDS[response.status], response.result.error_string
            self._given_up = number, f"the controller {end} the goal" + (f": {said}" if said else "")
            self._settle()

    def _settle(self) -> None:
        """Tell of a goal that was given up, once it is sure that none took its place."""
        if self._given_up is None or self._unanswered:
            return
        (number, reason), self._given_up = self._given_up, None
        if number >= self._accepted:
            self._node.drop(f"rest of a trajectory: {reason}")
            self._lost(reason)
