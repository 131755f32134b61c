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

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.timer import Timer
from sensor_msgs.msg import JointState, PointCloud2
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import RobotError
from iat_ros.nodes.answer_message import AnswerMessage, decode_answer
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS, IatNode
from iat_ros.nodes.clock_watch import ClockWatch
from iat_ros.nodes.clouds import decode_skeletons
from iat_ros.nodes.joint_states import Measurement, read_joint_states
from iat_ros.nodes.robot_description import read_robot
from iat_ros.nodes.trajectory_output import TrajectoryOutput
from iat_ros.nodes.trajectory_parameters import PARAMETERS, doubts, guard_config, timing
from iat_ros.nodes.trajectory_sender import TooLateError, TrajectorySender
from iat_ros.nodes.waiting import take_waiting
from iat_ros.robot.braking import stop
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.guard import Guard, Leave, Verdict
from iat_ros.robot.joint_answer import Answer, unmatched
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Outcome, Performance, Prepared
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import JointMotion
from iat_ros.skeleton.motion import Motion

_WATCH_S = 0.02
_NEWEST_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""How near people are now; perception counts frames, here the newest will do."""
_STRANGE_MOTION_S = 5.0
"""So long the first answer waits for the rest of a robot that moves already [s]; then it takes over as it can."""


class TrajectoryNode(IatNode):
    """Subscribes ``responses``, ``joint_states`` and ``skeletons``, publishes ``joint_trajectory``.

    Answers in the robot's own joints come in ``joint_responses``; they need no retargeting, all else is the same.

    With ``output`` at "action" it sends goals to ``follow_joint_trajectory`` instead.

    An answer that comes in ``coming_responses`` first is planned at once, and sent when it is given in ``responses``.
    An answer takes over from whatever the robot does, without a step in position, velocity or acceleration, and ends at
    rest. The guard decides whether the robot may move: services ``halt`` and ``resume``, joint states that are missing
    or disagree with the command, a stream of skeletons that stopped, a person who is too near.
    """

    PARAMETERS = PARAMETERS

    def __init__(self, **options: Any) -> None:
        super().__init__("trajectory", **options)
        self._output = TrajectoryOutput(self, self._on_lost)
        self._now_s = ClockWatch(self, self._on_clock_set).now_s
        self._sender = TrajectorySender(self, self._output, self._now_s)
        self._performer: Performer | None = None
        self._former: Performer | None = None
        self._guard = Guard(guard_config({each.name: each.default for each in PARAMETERS}))
        self._values: dict[str, Any] = {}
        self._measured = Measurement()
        self._waiting: tuple[Answer, float] | None = None  # an answer, and when the robot will stand [s]
        self._prepared: Prepared | None = None
        self._told_joints: tuple[str, ...] = ()
        self._slowed = self._held = False
        self._looked_s = -math.inf  # when people were last looked at, by the machine's own clock [s]
        self.create_subscription(PointCloud2, "responses", self.guarded(self._on_response), RESULT_QOS)
        self.create_subscription(PointCloud2, "coming_responses", self.guarded(self._on_coming_response), RESULT_QOS)
        for topic, callback in (
            ("joint_responses", self._on_response),
            ("coming_joint_responses", self._on_coming_response),
        ):
            self.create_subscription(JointTrajectory, topic, self.guarded(callback), RESULT_QOS)
        self._hear_joints = self.guarded(self._on_joint_states)
        self._joint_states = self.create_subscription(JointState, "joint_states", self._hear_joints, SENSOR_QOS)
        self.create_subscription(PointCloud2, "skeletons", self.guarded(self._on_skeletons), _NEWEST_QOS)
        self.create_service(Trigger, "halt", self._on_halt)
        self.create_service(Trigger, "resume", self._on_resume)
        watch = self.guarded(lambda _: self._watch())
        self._watching: Timer = self.create_timer(_WATCH_S, lambda: watch(None))
        self._watching.cancel()

    def setup(self, values: dict[str, Any]) -> None:
        """Load the robot and work out one answer, so that the first real one is as fast as the others."""
        definition = load_skeleton(values["skeleton"], values["limbs"])
        self._limb_names, self._joints = definition.limb_names, len(definition.sent)
        model = RobotModel(*read_robot(self, values))
        self._output.open(values["output"], model.config.controllers())
        checker = CollisionChecker(model) if values["check_collisions"] else None
        warm = Performer(model, self._limb_names, checker, timing(values))
        self.get_logger().info("preparing retargeting; the first time on a machine it is compiled, some 15 s")
        still = np.tile(np.array([0.0, 0.0, -1.0]), (32, len(self._limb_names), 1))
        warm.answer(Motion(still, 2.0), 0.0, None)
        self._performer = Performer(model, self._limb_names, checker, timing(values))
        if self._former is not None and self._former.model.joint_names == model.joint_names:
            self._performer.take_over(self._former)  # a robot that still comes to a stop
        self._guard.config = guard_config(values)
        self._say_doubts(values)
        self._values, self._measured = values, Measurement()
        self._forget()
        for pair in () if checker is None else checker.ignored:
            self.get_logger().info(f"{pair[0]} and {pair[1]} touch in the rest pose; they are not checked")
        self.get_logger().info(f"robot '{model.config.name}', {len(model.joint_names)} joints")

    def teardown(self) -> None:
        """Free the robot's model, but for what it last performed."""
        self._former, self._performer = self._performer or self._former, None
        self._output.close()
        self._forget()

    def change(self, values: dict[str, Any]) -> None:
        """Take new values of live parameters: from the next answer on, the guard's at once."""
        self._values = {**self._values, **values}
        self._guard.config = guard_config(self._values)
        self._say_doubts(self._values)
        if self._performer is not None:
            self._performer.timing = timing(self._values)

    def _say_doubts(self, values: dict[str, Any]) -> None:
        for doubt in doubts(values):
            self.get_logger().warning(doubt)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot, then stop working."""
        if self.active and self._performer is not None:
            self._stop_or_say(self._performer)
        self._forget()
        return super().on_deactivate(state)

    def trouble(self) -> str:
        """Say why the robot may not move."""
        if self._performer is None:
            return ""
        verdict = self._verdict(self._performer, self._now_s())
        return verdict.reason if verdict.leave in (Leave.HALT, Leave.HOLD) else ""

    def _on_clock_set(self, now: float, by_s: float) -> None:
        """Stop a moving robot, whose points are now wrongly timed."""
        self._guard.shift(by_s)
        self._measured.shift(by_s)
        self.drop(f"times before the clock was set {'back' if by_s < 0 else 'forward'}")
        if self._performer is not None:
            self._performer.shift(by_s)
            if self._waiting is not None:
                self._waiting = self._waiting[0], self._waiting[1] + by_s
            if self.active and self._performer.moving(now):
                self._stop(self._performer, 0.0)

    def _verdict(self, performer: Performer, now: float) -> Verdict:
        if not self._guard.measured_lately(now):  # on a busy machine this node may have been held up, not the robot
            for message in take_waiting(self._joint_states):
                self._hear_joints(message)
            now = self._now_s()
        return self._guard.verdict(now, performer.moving(now))

    def _where(self, performer: Performer, now: float) -> State | None:
        return self._measured.standing(performer) if self._guard.measured_lately(now) else None

    def _on_joint_states(self, message: JointState) -> None:
        performer = self._performer
        if performer is None:
            return
        names = performer.model.joint_names
        measured = read_joint_states(message, names)
        if measured is None:
            return
        now = self._now_s()
        self._measured.take(measured, now)
        lag_s = self._guard.config.following_lag_s
        moving = performer.moving(now) or performer.moving(now - lag_s)
        self._guard.saw_joints(now, measured.position, performer.band(now, lag_s) if moving else None, names)

    def _on_skeletons(self, message: PointCloud2) -> None:
        if 0.0 <= time.monotonic() - self._looked_s < _WATCH_S:
            return
        self._looked_s = time.monotonic()
        positions = decode_skeletons(message, self._joints).positions
        away = positions - np.array([self._values[f"robot_{axis}"] for axis in "xyz"])
        distances = np.linalg.norm(away, axis=-1)
        seen = distances[np.isfinite(distances)]
        self._guard.saw_people(self._now_s(), float(seen.min()) if seen.size else math.inf)

    def _on_response(self, message: AnswerMessage) -> None:
        if self._performer is not None:
            answer = decode_answer(message, len(self._limb_names))
            if isinstance(answer, JointMotion):
                self._tell_unmatched(self._performer, answer)
            self._answer(self._performer, answer)

    def _tell_unmatched(self, performer: Performer, answer: JointMotion) -> None:
        """Say once which joints of an answer go unused, or which of the robot it leaves at rest."""
        if answer.joint_names != self._told_joints:
            self._told_joints = answer.joint_names
            said = unmatched(performer.model, answer.joint_names)
            if said:
                self.get_logger().warning(f"joint_responses: {said}")

    def _on_coming_response(self, message: AnswerMessage) -> None:
        """Plan an answer that may be given soon, if the robot could perform it now."""
        performer = self._performer
        if performer is None or self._waiting is not None:
            return
        now = self._now_s()
        verdict = self._verdict(performer, now)
        if verdict.leave in (Leave.HALT, Leave.HOLD):
            return
        motion = decode_answer(message, len(self._limb_names))
        try:
            self._prepared = performer.prepare(motion, now, self._where(performer, now), self._tempo(verdict))
        except RobotError:
            self._prepared = None  # if it is given, it is refused then, with the reason

    def _tempo(self, verdict: Verdict) -> float:
        return float(self._values["slow_tempo"]) if verdict.leave is Leave.SLOW else 1.0

    def _answer(self, performer: Performer, motion: Answer, may_wait: bool = True) -> None:
        """Perform an answer now, or once the robot stands, or say why not."""
        started = time.perf_counter()
        now = self._now_s()
        verdict = self._verdict(performer, now)
        if verdict.leave in (Leave.HALT, Leave.HOLD):
            self.drop(f"answer, since the robot must not move: {verdict.reason}")
            return
        if self._waiting is not None:
            self._waiting = None
            self.drop("answer overtaken by a newer one while the robot came to a stop")
        tempo = self._tempo(verdict)
        if may_wait and self._moves_strangely(performer, now):
            self._waiting = motion, now
            self.counts["answers that waited for a stop"] += 1
            self._watching.reset()
            return
        measured = self._where(performer, now)
        prepared, self._prepared = self._prepared, None
        outcomes: list[Outcome] = []

        def make(now_s: float, reserve_s: float) -> Performance:
            outcomes.append(performer.answer(motion, now_s, measured, tempo, reserve_s, prepared))
            return outcomes[-1].performance

        try:
            self._begin(performer, make)
            complete = outcomes[-1].complete
        except TooLateError:  # a busy machine: stop first, then there is time
            self._stop_or_say(performer)
            complete = False
        self._slowed, self._held = verdict.leave is Leave.SLOW, False
        if not complete:
            self._waiting = motion, performer.ends_s
            self.counts["answers that waited for a stop"] += 1
            return
        outcome = outcomes[-1]
        self.counts["answers"] += 1
        self.counts["answers that were ready"] += (
            prepared is not None and outcome.performance.plan is prepared.outcome.performance.plan
        )
        self.counts["answers bent to keep clear of the robot itself"] += outcome.bent
        self.counts["answers slowed to keep limits"] += outcome.performance.plan.stretch > 1.001
        self.counts["mean direction error mrad"] = round(1e3 * outcome.error_rad)
        self.counts["last answer took us"] = round(1e6 * (time.perf_counter() - started))

    def _watch(self) -> None:
        """Look after a moving robot."""
        performer = self._performer
        if performer is None:
            self._watching.cancel()
            return
        now = self._now_s()
        verdict = self._verdict(performer, now)
        if verdict.leave in (Leave.HALT, Leave.HOLD):
            if not self._held and performer.moving(now):
                self.drop(f"rest of an answer: {verdict.reason}")
                self._stop(performer, 0.0)
            self._waiting = None
        elif verdict.leave is Leave.SLOW and not self._slowed and not self._held:
            self._stop(performer, self._values["slow_tempo"])  # if limits forbid it now, it is tried again
            self._slowed = True
            self.counts["answers slowed because a person is near"] += 1
        if performer.moving(now):
            return
        if self._waiting is not None and now >= self._waiting[1]:
            if self._moves_strangely(performer, now) and now < self._waiting[1] + _STRANGE_MOTION_S:
                return
            motion, self._waiting = self._waiting[0], None
            self._answer(performer, motion, may_wait=False)
        elif self._held and verdict.leave is Leave.MOVE and self._values["return_to_rest"]:
            self._go_home(performer, now)
        elif not self._held or verdict.leave is Leave.HALT:
            self._watching.cancel()

    def _moves_strangely(self, performer: Performer, now: float) -> bool:
        return self._guard.measured_lately(now) and self._measured.moves_strangely(performer, now)

    def _go_home(self, performer: Performer, now: float) -> None:
        self._held = False
        measured = self._where(performer, now)
        self._begin(performer, lambda now_s, _: performer.go_home(now_s, measured))

    def _stop(self, performer: Performer, tempo: float) -> None:
        """Slow the running plan down on its path, to a standstill at tempo 0; an unknown one from where it is."""
        measured = self._measured.state
        if tempo == 0.0 and measured is not None and self._moves_strangely(performer, self._now_s()):
            self._begin(performer, lambda now_s, _: Performance(stop(performer.model, measured), now_s))
            return
        self._begin(performer, lambda now_s, reserve_s: performer.slow(now_s, tempo, reserve_s))
        self._held = self._held or tempo == 0.0

    def _stop_or_say(self, performer: Performer) -> None:
        """Stop; where limits forbid it at this moment, say so: while halted or held it is tried again and again."""
        try:
            self._stop(performer, 0.0)
        except RobotError as error:
            self.drop(f"stop: {error}")
            self._watching.reset()

    def _begin(self, performer: Performer, make: Callable[[float, float], Performance | None]) -> None:
        if self._sender.begin(performer, make):
            self._watching.reset()

    def _on_lost(self, reason: str) -> None:
        """Halt where the controller holds the robot: the rest of the plan, or a stop on it, would be a jerk to it."""
        self._guard.halt(reason)
        self._forget()
        self._held = True
        if self._performer is not None:
            now = self._now_s()
            self._performer.held(now, self._measured.state if self._guard.measured_lately(now) else None)

    def _on_halt(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._guard.halt("on request")
        if self.active and self._performer is not None:
            self._stop_or_say(self._performer)
        response.success, response.message = True, "halted; call resume to go on"
        self._publish_diagnostics()  # whoever shows the state needs not wait
        return response

    def _on_resume(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        was = self._guard.halted
        reason = self._guard.resume(self._now_s()) if was else "not halted"
        self._held = False
        response.success = not reason
        response.message = reason or f"resumed; it was halted: {was}"
        self._publish_diagnostics()
        return response

    def _forget(self) -> None:
        self._waiting = self._prepared = None
        self._slowed = self._held = False
