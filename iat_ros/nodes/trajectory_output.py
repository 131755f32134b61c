"""Where trajectories go: the topic ``joint_trajectory``, or goals of the action ``follow_joint_trajectory``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import ConfigError
from iat_ros.nodes.base import RESULT_QOS, IatNode

TOPIC, ACTION = "joint_trajectory", "follow_joint_trajectory"

_ENDS = {GoalStatus.STATUS_ABORTED: "aborted", GoalStatus.STATUS_CANCELED: "cancelled"}


class TrajectoryOutput:
    """Sends trajectories to the robot's controller.

    As an action, each trajectory is a goal that replaces the one before. The controller then ends that one as aborted,
    which is no fault. Without a goal the robot stands where the controller holds it, which is what `lost` is for.

    Args:
        node: Publishes or calls.
        lost: Told why when the controller gave up the goal it was to follow.
    """

    def __init__(self, node: IatNode, lost: Callable[[str], None]) -> None:
        self._node = node
        self._lost = lost
        self._publisher = node.create_lifecycle_publisher(JointTrajectory, TOPIC, RESULT_QOS)
        self._client: ActionClient | None = None
        self._make_goal: Callable[..., Any] | None = None
        self._number = self._accepted = 0  # of the newest goal, and of the newest that was accepted
        self._unanswered: set[int] = set()
        self._given_up: tuple[int, str] | None = None  # a goal that ended while newer ones were unanswered

    def open(self, output: str) -> None:
        """Get ready to send.

        Args:
            output: "topic" or "action".

        Raises:
            ConfigError: The action is wanted and its messages are not installed.
        """
        if output != "action" or self._client is not None:
            return
        try:
            action = importlib.import_module("control_msgs.action").FollowJointTrajectory
        except ImportError as error:
            raise ConfigError(
                "parameter 'output' is 'action', which needs control_msgs, which is not installed: "
                "apt install ros-jazzy-control-msgs, or set output to 'topic'"
            ) from error
        self._make_goal = action.Goal
        self._client = ActionClient(self._node, action, ACTION)

    def close(self) -> None:
        """Free the action client; what the controller still follows, it follows to its end."""
        if self._client is not None:
            self._client.destroy()
        self._client = self._make_goal = self._given_up = None
        self._number += 1  # answers that still come belong to nothing
        self._unanswered.clear()

    def send(self, message: JointTrajectory) -> None:
        """Send a trajectory; it replaces the one before."""
        if self._client is None or self._make_goal is None:
            self._publisher.publish(message)
            return
        if not self._client.server_is_ready():
            self._node.drop(f"trajectory: no controller serves the action '{ACTION}'")
            return
        self._number += 1
        number = self._number
        self._unanswered.add(number)
        self._node.counts["goals"] += 1
        sent = self._client.send_goal_async(self._make_goal(trajectory=message))
        sent.add_done_callback(lambda future: self._on_answer(number, future.result()))

    def _on_answer(self, number: int, handle: Any) -> None:
        if number not in self._unanswered:
            return  # closed meanwhile
        self._unanswered.discard(number)
        if handle.accepted:
            self._accepted = max(self._accepted, number)
            handle.get_result_async().add_done_callback(lambda future: self._on_end(number, future.result()))
        else:
            self._node.drop("trajectory: the controller rejected the goal; its log says why")
        self._settle()

    def _on_end(self, number: int, response: Any) -> None:
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
