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

"""Trajectory: turns each response into a joint trajectory of the robot, inside its limits and under its guard."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.timer import Timer
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import IatError
from iat_ros.nodes.answer_intake import AnswerIntake
from iat_ros.nodes.answer_message import AnswerMessage
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clock_watch import ClockWatch
from iat_ros.nodes.controller_states import ControllerStates
from iat_ros.nodes.halting import HaltServices
from iat_ros.nodes.hand_over import Inlet
from iat_ros.nodes.people_watch import PeopleWatch
from iat_ros.nodes.robot_description import read_robot
from iat_ros.nodes.robot_watch import RobotWatch
from iat_ros.nodes.trajectory_output import TrajectoryOutput
from iat_ros.nodes.trajectory_parameters import PARAMETERS, doubts, guard_config, timing
from iat_ros.nodes.trajectory_sender import TrajectorySender
from iat_ros.nodes.waiting import WaitingMessages, take_waiting
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.drivers import name_joints
from iat_ros.robot.guard import Guard
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performer import Performer
from iat_ros.robot.supervisor import WATCH_S, Means, Supervisor
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

_NEWEST_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""How near people are now; perception counts frames, here the newest will do."""
_STATES_QOS = QoSProfile(depth=256, reliability=ReliabilityPolicy.BEST_EFFORT)
"""They are read every `WATCH_S`, not one by one; at 1 kHz there is room while an answer is worked out."""

_LAST_S = 0.5
"""So long a node that ends tries to stop its robot [s]."""
OVERTAKEN = "answers overtaken by one that came with them"
"""What they are counted under."""


class TrajectoryNode(IatNode):
    """Subscribes ``responses``, ``joint_states`` and ``skeletons``, publishes ``joint_trajectory``.

    Answers in the robot's own joints come in ``joint_responses``; they need no retargeting, all else is the same.

    Where controllers serve ``follow_joint_trajectory`` it sends goals there instead (``output``).

    An answer that comes in ``coming_responses`` first is planned at once, and sent when it is given in ``responses``.
    Of answers that come together the last is performed. An answer takes over from whatever the robot does, without a
    step in position, velocity or acceleration, and ends at rest. The guard decides whether the robot may move: services
    ``halt`` and ``resume``, joint states that are missing or disagree with the command, a stream of skeletons that
    stopped, a person who is too near.

    Attributes:
        halting: The services ``halt`` and ``resume``.
        responses, coming_responses, joint_responses, coming_joint_responses: Where an act2act of the same process hands
            them over.
    """

    PARAMETERS = PARAMETERS

    def __init__(self, **options: Any) -> None:
        super().__init__("trajectory", **options)
        self._output = TrajectoryOutput(self, self._on_lost)
        self._now_s = ClockWatch(self, self._on_clock_set).now_s
        self._sender = TrajectorySender(self, self._output, self._now_s)
        self._guard = Guard(guard_config({each.name: each.default for each in PARAMETERS}))  # a halt outlives cleanup
        self._supervisor: Supervisor | None = None  # while configured
        self._controller_states: ControllerStates | None = None  # while configured
        self._robot: RobotWatch | None = None  # while configured
        self._former: Performer | None = None
        self.halting = HaltServices(self, self._guard, lambda: self._supervisor, lambda: self._former, self._now_s)
        self._values: dict[str, Any] = {}
        self._people = PeopleWatch(self._guard, self._now_s)
        self.responses = Inlet(self, PointCloud2, "responses", self._on_responses, RESULT_QOS)
        self.joint_responses = Inlet(self, JointTrajectory, "joint_responses", self._on_responses, RESULT_QOS)
        coming = self._on_coming_responses
        self.coming_responses = Inlet(self, PointCloud2, "coming_responses", coming, RESULT_QOS)
        self.coming_joint_responses = Inlet(self, JointTrajectory, "coming_joint_responses", coming, RESULT_QOS)
        self._see_joints = self.guarded(self._on_joint_states)
        came = self.guarded(self._on_driver_came)
        joint_states = self.create_polled_subscription(
            JointState, "joint_states", _STATES_QOS, raw=True, matched=lambda: came(None)
        )
        self._waiting_states = WaitingMessages(joint_states)
        self._skeletons = self.create_polled_subscription(PointCloud2, "skeletons", _NEWEST_QOS, raw=True)
        self._see_people = self.guarded(self._people.see)
        self.create_timer(WATCH_S, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        watch = self.guarded(lambda _: self._watch())
        self._watching: Timer = self.create_timer(WATCH_S, lambda: watch(None))
        self._watching.cancel()

    def setup(self, values: dict[str, Any]) -> None:
        """Load the robot and work out one answer, so that the first real one is as fast as the others."""
        definition = load_skeleton(values["skeleton"], values["limbs"])
        self._limb_names = definition.limb_names
        self._people.expect(len(definition.sent))
        self._people.locate(values)
        model = RobotModel(*read_robot(self, values))
        self._output.open(values["output"], model.config.controllers())
        checker = CollisionChecker(model) if values["check_collisions"] else None
        warm = Performer(model, self._limb_names, checker, timing(values))
        self.get_logger().info("preparing retargeting; the first time on a machine it is compiled, some 15 s")
        still = np.tile(np.array([0.0, 0.0, -1.0]), (32, len(self._limb_names), 1))
        warm.answer(Motion(still, 2.0), 0.0, None)
        performer = Performer(model, self._limb_names, checker, timing(values))
        self._controller_states = ControllerStates(self, model.config.controllers(), model.joint_names, self._now_s)
        if self._former is not None and self._former.model.joint_names == model.joint_names:
            performer.take_over(self._former)  # a robot that still comes to a stop
        if self._controller_states.silent:
            why = self._controller_states.silent
            self.get_logger().info(f"where the robot is held before its first answer is not known: {why}")
        self._guard.config = guard_config(values)
        self._say_doubts(values)
        self._values = values
        self._intake = AnswerIntake(
            model, len(self._limb_names), self._now_s, self._newest_people_s, self.get_logger().warning
        )
        self._supervisor = self._supervise(performer, values["slow_tempo"], self._controller_states)
        self._robot = RobotWatch(model.joint_names, self._supervisor.observer, self._now_s, self.drop)
        for pair in () if checker is None else checker.ignored:
            self.get_logger().info(f"{pair[0]} and {pair[1]} touch in the rest pose; they are not checked")
        self.get_logger().info(f"robot '{model.config.name}', {len(model.joint_names)} joints")

    def _supervise(self, performer: Performer, slow_tempo: float, controllers: ControllerStates) -> Supervisor:
        observer = Observer(performer, self._guard, self._now_s, self._look, controllers.held)
        means = Means(
            self._now_s,
            self._sender.begin,
            lambda joints: self._output.cancel(name_joints(performer.model.joint_names, joints)),
            partial(self._sender.write, performer),
            self._wake,
            self.drop,
            self.counts,
        )
        return Supervisor(performer, observer, means, slow_tempo)

    def teardown(self) -> None:
        """Free the robot's model, but for what it last performed."""
        if self._supervisor is not None:
            self._former, self._supervisor, self._robot = self._supervisor.performer, None, None
        if self._controller_states is not None:
            self._controller_states.close()
            self._controller_states = None
        self._output.close()

    def change(self, values: dict[str, Any]) -> None:
        """Take new values of live parameters: from the next answer on, the guard's at once."""
        self._values = {**self._values, **values}
        self._guard.config = guard_config(self._values)
        self._people.locate(self._values)
        self._say_doubts(self._values)
        if self._supervisor is not None:
            self._supervisor.performer.timing = timing(self._values)
            self._supervisor.slow_tempo = self._values["slow_tempo"]

    def _say_doubts(self, values: dict[str, Any]) -> None:
        for doubt in doubts(values):
            self.get_logger().warning(doubt)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to work, and look after a robot that may still move."""
        self._wake()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot, then stop working; a robot that cannot be stopped just now keeps its node active."""
        if not self._stop():
            return TransitionCallbackReturn.FAILURE
        return super().on_deactivate(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot, then free what was set up."""
        self._stop_at_last()
        return super().on_shutdown(state)

    def leave(self) -> bool:
        """Stop the robot before the process ends; a halt that the guard made since its start is over then."""
        sent = self.active and self._stop_at_last()
        self.halting.leave()
        return sent

    def _stop_at_last(self) -> bool:
        """Stop, though limits may forbid it at one moment: nobody tries it again later."""
        until_s = time.monotonic() + _LAST_S
        while not self._stop():
            if time.monotonic() > until_s:
                self.get_logger().error("the robot could not be told to stop: what it was sent goes on to its end")
                return False
            time.sleep(WATCH_S)
        return True

    def _stop(self) -> bool:
        supervisor = self._supervisor
        if supervisor is None or (self.active and not supervisor.stop()):
            return supervisor is None
        supervisor.forget("this node stops")
        if untold := self.halting.untold():
            self.get_logger().warning(f"this node stops, and looks after the robot no longer: {untold}")
        return True

    def trouble(self) -> str:
        """Say why the robot may not move."""
        return "" if self._supervisor is None else self._supervisor.trouble()

    def state(self) -> dict[str, str]:
        """Tell of a halt, also while the node is not active, and of what is strange and does not hold the robot."""
        told = {"halted": self._guard.halted, "controller": self._output.doubt() if self.active else ""}
        trackers = self.count_publishers(self._skeletons.topic_name)
        if trackers > 1:
            told["skeletons"] = f"come from {trackers}: if they number people alike, who is near may go unnoticed"
        return {name: what for name, what in told.items() if what}

    def _on_clock_set(self, now: float, by_s: float) -> None:
        """Stop a moving robot, whose points are now wrongly timed."""
        self._guard.shift(by_s)
        self._people.shift(by_s)
        if not self._watching.is_canceled():
            self._watching.reset()  # it is due at a time of the old clock
        self.drop(f"times before the clock was set {'back' if by_s < 0 else 'forward'}")
        if self._supervisor is not None:
            self._supervisor.shift(by_s)
            if self.active and self._supervisor.performer.timeline.moving(now):
                self._supervisor.stop()

    def _look(self) -> None:
        """Take in the joint states and skeletons that wait."""
        self._see_joints(list(self._waiting_states.take()))
        for message in take_waiting(self._skeletons):
            self._see_people(message)
        self.halting.keep()

    def _on_joint_states(self, waiting: Sequence[tuple[bytes, float]]) -> None:
        if self._robot is not None:
            self._robot.hear(waiting)

    def _on_driver_came(self, _: None) -> None:
        if self._supervisor is not None:
            self._supervisor.observer.driver_came(self._now_s())

    def _on_responses(self, messages: Sequence[AnswerMessage]) -> None:
        """Perform the last of the answers that come together; the robot would leave each of the others at once."""
        if self._supervisor is None:
            return
        for left, message in reversed(list(enumerate(messages))):
            try:
                self._supervisor.answer(self._intake.take(message, self._values["answer_timeout"]))
                self.counts[OVERTAKEN] += left
                break
            except IatError as error:
                self.drop(str(error))  # then the one before
        self._watch()  # what was taken in meanwhile may forbid to go on

    def _newest_people_s(self) -> float:
        self._look()
        return self._people.newest_s

    def _on_coming_responses(self, messages: Sequence[AnswerMessage]) -> None:
        if self._supervisor is not None:  # only one can be ready: the last
            self._supervisor.prepare(lambda: self._intake.read(messages[-1]))

    def _wake(self) -> None:
        """Begin to watch, if that is not done already.

        A timer that runs is left alone: each reset may have rclpy's EventsExecutor call all timers of its clock once
        more than they are due, and each such call puts off the next one by a period.
        """
        if self._watching.is_canceled():
            self._watching.reset()

    def _watch(self) -> None:
        self._look()
        if self._supervisor is None or not self._supervisor.watch():
            self._watching.cancel()

    def _on_lost(self, reason: str, joints: tuple[str, ...]) -> None:
        self._guard.halt(reason)
        if self._supervisor is not None:
            names = self._supervisor.performer.model.joint_names
            self._supervisor.lost(np.isin(names, joints))
