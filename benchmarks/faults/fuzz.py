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

"""A million messages, malformed in every field, to every input of every node: nothing crashes, nothing wrong comes out.

All nodes live in this process, on a ROS domain of their own and in simulated time; their subscriptions' callbacks are
called directly, so that no message is lost or waited for. About two in five messages are right or nearly right: people
act, actions are answered, and a simulated robot performs the answers while the rubbish comes in.

    python benchmarks/faults/fuzz.py --messages 1000000 --json FILE
"""

from __future__ import annotations

import array
import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import rclpy
from rclpy.clock import ClockType
from rclpy.context import Context
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.time import Time
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.faults.malformed import Dice
from benchmarks.faults.memory import rss_mb
from benchmarks.faults.messages import DEFINITION, FRAMES, MOTIONS, Messages, copy_of
from benchmarks.faults.program import main
from benchmarks.faults.requests import FORESEEN, Requests
from benchmarks.faults.stepped import lies_in_the_past
from iat_ros.errors import IatError
from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.clouds import decode_motion, to_stamp
from iat_ros.nodes.monitor import faults_of
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.robot import RobotNode, read_path
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.viewer import ViewerNode
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.simulated import SimulatedRobot

TICK_NS = 8_000_000
"""How often the simulated robot tells where it is [ns]."""
_MESSAGES_A_TICK = 8
_MESSAGES_A_REQUEST = 40
_MOST_APART_NS = TICK_NS // _MESSAGES_A_TICK
_JITTER_NS = 100_000
"""How late a controller's update may be; exact ones would meet points that were sent at one of them too often [ns]."""
_START_NS = 1_700_000_000 * 10**9
_PHASE_TICKS = 1500
"""In every second phase of so many ticks no answer is right, so that the robot comes to rest."""
_MOST_DETAILS = 40
_ANSWERS = ("responses", "joint_responses")
_WEIGHTS = {
    ("perception", "skeletons"): 36, ("act2act", "windows"): 6, ("act2act", "partial_windows"): 6,
    ("act2act", "coming_windows"): 4, ("trajectory", "coming_responses"): 4,
    ("trajectory", "joint_responses"): 3, ("trajectory", "coming_joint_responses"): 2, ("viewer", "joint_responses"): 1,
    ("trajectory", "responses"): 5, ("trajectory", "joint_states"): 12, ("trajectory", "skeletons"): 10,
    ("robot", "joint_trajectory"): 6, ("viewer", "skeletons"): 6, ("viewer", "windows"): 1, ("viewer", "responses"): 4,
    ("viewer", "joint_trajectory"): 4, ("viewer", "joint_states"): 4,
}  # fmt: skip


def run_fuzz(messages: int = 1_000_000, seed: int = 0, domain: int | None = None) -> dict[str, Any]:
    """Send messages to all nodes, and judge what they do.

    Args:
        messages: How many.
        seed: Decides all of them.
        domain: ROS domain of the nodes, where nobody else may be; None: any.

    Returns:
        "messages", "crashes" (exceptions that nobody foresaw, whether or not the guard of the callback held them),
        "wrong_outputs" (messages that a node should not have sent), "limit_violations" (updates in which the simulated
        robot was commanded beyond its limits), "rss_growth_mb" (after a warm-up of 5 %), "per_node", "seconds",
        "messages_per_s" and "details" of what went wrong.
    """
    with _Rig(seed, domain) as rig:
        rig.send(messages // 20)
        before_mb, started = rss_mb(), time.perf_counter()
        rig.send(messages - messages // 20)
        seconds = time.perf_counter() - started
        return {
            "messages": sum(rig.sent.values()),
            "crashes": sum(rig.crashes.values()),
            "wrong_outputs": sum(rig.wrong.values()),
            "limit_violations": sum(rig.robot.watch.violations.values()),
            "rss_growth_mb": round(rss_mb() - before_mb, 1),
            "per_node": {name: rig.report(name) for name in rig.nodes},
            "seconds": round(seconds, 1),
            "messages_per_s": round((messages - messages // 20) / seconds),
            "details": {"violations": dict(rig.robot.watch.largest), "wrong": dict(rig.wrong), "first": rig.details},
        }


class _Rig:
    """All nodes, the robot that they move, and a judge of what they send."""

    def __init__(self, seed: int, domain: int | None = None) -> None:
        self._domain = domain or random.SystemRandom().randint(1, 101)
        self._dice = Dice(seed)
        self._now_ns = self._tick_ns = _START_NS
        self._ticks = 0
        self.sent: Counter[str] = Counter()
        self.published: Counter[str] = Counter()
        self.crashes: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.details: list[str] = []
        model = RobotModel.load(find_config("robots", "g1"))
        self._model, self.robot = model, SimulatedRobot(model)
        self._requests = Requests(self._dice)
        self._messages = Messages(self._dice, seed, lambda: self._now_ns)
        self._messages.state.name = list(model.joint_names)

    def __enter__(self) -> _Rig:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self._context = Context()
        rclpy.init(context=self._context, domain_id=self._domain)
        set_logger_level("rcl_lifecycle", LoggingSeverity.FATAL)
        self.nodes: dict[str, IatNode] = {}
        self._callbacks: dict[tuple[str, str], Callable[[Any], None]] = {}
        for kind, values in (
            (PerceptionNode, {"early": True}),
            (Act2ActNode, {"device": "cpu"}),
            (TrajectoryNode, {}),
            (RobotNode, {}),
            (ViewerNode, {"port": 0}),
        ):
            overrides = [Parameter(name, value=value) for name, value in {"use_sim_time": True, **values}.items()]
            node = kind(context=self._context, use_global_arguments=False, parameter_overrides=overrides)
            node.get_logger().set_level(LoggingSeverity.FATAL)
            self._add(node)
        self._targets = [target for target, weight in _WEIGHTS.items() for _ in range(weight)]
        page = self.nodes["viewer"]._page
        page.__class__ = type("Watched", (type(page),), {"clients": property(lambda _: 1)})  # as if a browser looked on
        self.nodes["viewer"]._markers.get_subscription_count = lambda: 1
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            node.get_logger().set_level(LoggingSeverity.INFO)  # levels belong to the process, not to the node
            node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _add(self, node: IatNode) -> None:
        name = node.get_name()
        self.nodes[name] = node
        for publisher in node.publishers:
            topic = publisher.topic_name.strip("/")
            publisher.publish = partial(self._judge, name, topic, publisher.msg_type)
        drop = node.drop

        def watched(reason: str, count: int = 1) -> None:
            if "unexpected" in reason or ("request to" in reason and not any(part in reason for part in FORESEEN)):
                self._crash(name, reason)
            drop(reason, count)

        node.drop = watched
        self._set_clock(node)
        if not bring_up(node):
            raise SystemExit(f"{name} refuses to come up")
        for subscription in node.subscriptions:
            self._callbacks[name, subscription.topic_name.strip("/")] = subscription.callback
        if isinstance(node, TrajectoryNode):
            self._callbacks[name, "skeletons"] = node._see_people  # those it polls for
            self._callbacks[name, "joint_states"] = lambda each: node._see_joints([(serialize_message(each), 0.0)])

    def send(self, messages: int) -> None:
        """Send so many messages to inputs drawn at random, and let time pass between them."""
        until = sum(self.sent.values()) + messages
        done = until - messages
        while done < until:
            if done % _MESSAGES_A_TICK == 0:
                self._tick()
            elif done % _MESSAGES_A_REQUEST == 1:
                self._ask(self._dice.one(list(self.nodes)))
            else:
                name, topic = self._dice.one(self._targets)
                self._now_ns += 1 + self._dice.below(_MOST_APART_NS)
                self._set_clock(self.nodes[name])
                self._pass(name, topic, self._messages.make(topic, self._at_rest(topic)))
            done += 1

    def _at_rest(self, topic: str) -> bool:
        """Whether no answer may be right now."""
        return topic in _ANSWERS and bool(self._ticks // _PHASE_TICKS % 2)

    def report(self, name: str) -> dict[str, Any]:
        """What became of a node."""
        node = self.nodes[name]
        return {
            "messages": self.sent[name],
            "published": {key[1]: count for key, count in self.published.items() if key[0] == name},
            "dropped": sum(node.dropped.values()),
            "crashes": self.crashes[name],
            "counts": {key: value for key, value in node.counts.items() if " us" not in key},
        }

    def _pass(self, name: str, topic: str, message: Any) -> None:
        self.sent[name] += 1
        self._call(name, self._callbacks[name, topic], message)

    def _ask(self, name: str) -> None:
        """Send a request to a service of rclpy's own."""
        service, request = self._requests.choose(list(self.nodes[name].services))
        self.sent[name] += 1
        self._call(name, service.callback, request, service.srv_type.Response())

    def _call(self, name: str, function: Callable[..., Any], *values: Any) -> None:
        try:
            function(*values)
        except Exception as error:  # noqa: BLE001 - what escapes a callback would end the node
            self._crash(name, f"escaped: {error!r}")

    def _crash(self, name: str, reason: str) -> None:
        self.crashes[name] += 1
        self._note(f"{name}: {reason}\n{traceback.format_exc(limit=-6)}")

    def _note(self, detail: str) -> None:
        if len(self.details) < _MOST_DETAILS:
            self.details.append(f"message {sum(self.sent.values())}, {detail}")
            print(self.details[-1], file=sys.stderr, flush=True)

    def _set_clock(self, node: IatNode) -> None:
        node.get_clock().set_ros_time_override(Time(nanoseconds=self._now_ns, clock_type=ClockType.ROS_TIME))

    def _tick(self) -> None:
        """Let 8 ms pass: the robot moves and says where it is, timers fire, and now and then somebody calls."""
        self._ticks += 1
        before_ns = self._tick_ns
        self._tick_ns = self._now_ns = _START_NS + self._ticks * TICK_NS + self._dice.below(_JITTER_NS)
        for node in self.nodes.values():
            self._set_clock(node)
        positions, velocities, broken = self.robot.update(self._now_ns, self._now_ns - before_ns)
        if broken:
            segment = next(iter(self.robot.controllers.values()))._segment
            span = "no segment" if segment is None else f"a segment of {segment._duration_s:.3g} s"
            self._note(f"robot: commanded beyond its limits in {span}: {broken}, largest {self.robot.watch.largest}")
        self._messages.state.header.stamp = to_stamp(1e-9 * self._now_ns)
        self._messages.state.position = array.array("d", positions.tobytes())
        self._messages.state.velocity = array.array("d", velocities.tobytes())
        self._pass("trajectory", "joint_states", self._messages.state)
        trajectory, robot, viewer = (self.nodes[name] for name in ("trajectory", "robot", "viewer"))
        if self._ticks % 3 == 0 and not trajectory._watching.is_canceled():
            self._call("trajectory", trajectory._watching.callback)
        if self._ticks % 7 == 0:
            self._call("robot", robot._timer.callback)
        if self._ticks % 50 == 0:
            self._call("viewer", viewer._timer.callback)
        if self._ticks % 125 == 0:
            for name, node in self.nodes.items():
                self._call(name, node._diagnostics_timer.callback)
            self._call("perception", self.nodes["perception"]._on_trigger, Trigger.Request(), Trigger.Response())
            service = trajectory._on_halt if self._dice.share() < 0.05 else trajectory._on_resume
            self._call("trajectory", service, Trigger.Request(), Trigger.Response())

    def _judge(self, name: str, topic: str, kind: type, message: Any) -> None:
        """Look at what a node sends, a message or one that was written already, as others would receive it."""
        self.published[name, topic] += 1
        try:
            message = deserialize_message(message, kind) if isinstance(message, bytes) else copy_of(message)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being sent
            self._wrong(name, topic, f"cannot be sent: {error!r}")
            return
        if topic in MOTIONS:
            try:
                motion = decode_motion(message, len(DEFINITION.limbs))
            except IatError as error:
                self._wrong(name, topic, str(error))
                return
            if len(motion.limbs_in_body) != FRAMES:
                self._wrong(name, topic, f"{len(motion.limbs_in_body)} frames")
        elif topic == "joint_trajectory":
            self._follow(message)

    def _follow(self, message: JointTrajectory) -> None:
        """Judge a trajectory and let the robot perform it."""
        for fault in faults_of(message, self._model):
            self._wrong("trajectory", "joint_trajectory", fault)
        stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        if not message.points or lies_in_the_past(message, self._now_ns):
            self._wrong("trajectory", "joint_trajectory", "lies in the past")
        try:
            self.robot.accept(read_path(message), stamp_ns, self._now_ns)
        except IatError as error:
            self._wrong("trajectory", "joint_trajectory", str(error))
        message.points = [*message.points[:6], message.points[-1]]  # short ones are as good to damage
        self._messages.path = message

    def _wrong(self, name: str, topic: str, why: str) -> None:
        self.wrong[f"{name} {topic}: {why}"[:200]] += 1
        self._note(f"{name} {topic}: {why}")


if __name__ == "__main__":
    sys.exit(main(run_fuzz, __doc__, 1_000_000))
