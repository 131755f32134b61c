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

"""A million messages, malformed in every field, to chain, robot and viewer: nothing crashes, nothing wrong comes out.

All nodes live in this process, on a ROS domain of their own and in simulated time; their subscriptions' callbacks are
called directly, so that no message is lost or waited for. About two in five messages are right or nearly right: people
act, actions are answered, and a simulated robot performs the answers while the rubbish comes in.
What comes on robot_description is tried in descriptions.py; that the time is set, in sensor.py.

    python benchmarks/faults/fuzz.py --messages 1000000 --json FILE
"""

from __future__ import annotations

import array
import sys
import time
from pathlib import Path
from typing import Any

from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from std_srvs.srv import Trigger

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.faults.fuzzed_nodes import FuzzedNodes
from benchmarks.faults.judge import Judge
from benchmarks.faults.malformed import Dice, damaged_bytes
from benchmarks.faults.memory import rss_mb
from benchmarks.faults.messages import Messages
from benchmarks.faults.program import main
from benchmarks.faults.requests import Requests
from benchmarks.faults.simulated_time import MESSAGES_A_TICK, SimulatedTime
from benchmarks.faults.told_states import TOPIC as STATES
from iat_ros.nodes.clouds import to_stamp
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.simulated import SimulatedRobot

_MESSAGES_A_REQUEST = 40
_MESSAGES_A_DAMAGE = 12
"""Of so many messages one is damaged in its bytes, too."""
_PHASE_TICKS = 1500
"""In every second phase of so many ticks no answer is right, so that the robot comes to rest."""
_PHASES_A_WATCH = 4
"""In so many times two phases people who are near hold the robot once."""
_ANSWERS = ("responses", "joint_responses")
_WEIGHTS = {
    ("perception", "skeletons"): 36, ("act2act", "windows"): 6, ("act2act", "partial_windows"): 6,
    ("act2act", "coming_windows"): 4, ("trajectory", "coming_responses"): 4,
    ("trajectory", "joint_responses"): 3, ("trajectory", "coming_joint_responses"): 2, ("viewer", "joint_responses"): 1,
    ("trajectory", "responses"): 5, ("trajectory", "joint_states"): 12, ("trajectory", "skeletons"): 10,
    ("robot", "joint_trajectory"): 6, ("viewer", "skeletons"): 6, ("viewer", "windows"): 1, ("viewer", "responses"): 4,
    ("viewer", "joint_trajectory"): 4, ("viewer", "joint_states"): 4, ("trajectory", STATES): 6,
    **dict.fromkeys(((name, "clock") for name in ("perception", "act2act", "trajectory", "robot", "viewer")), 1),
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
            "messages": sum(rig.judge.sent.values()),
            "crashes": sum(rig.judge.crashes.values()),
            "wrong_outputs": sum(rig.judge.wrong.values()),
            "limit_violations": sum(rig.robot.watch.violations.values()),
            "rss_growth_mb": round(rss_mb() - before_mb, 1),
            "per_node": {name: rig.report(name) for name in rig.nodes},
            "seconds": round(seconds, 1),
            "messages_per_s": round((messages - messages // 20) / seconds),
            "details": {
                "violations": dict(rig.robot.watch.largest),
                "wrong": dict(rig.judge.wrong),
                "first": rig.judge.details,
            },
        }


class _Rig(FuzzedNodes):
    """All nodes, the robot that they move, the time that they have, and a judge of what they send."""

    def __init__(self, seed: int, domain: int | None = None) -> None:
        self._dice = Dice(seed)
        self._ticks = 0
        model = RobotModel.load(find_config("robots", "g1"))
        self.robot, time = SimulatedRobot(model), SimulatedTime(self._dice)
        self._requests = Requests(self._dice)
        self._messages = Messages(self._dice, seed, lambda: time.now_ns)
        self._messages.state.name = list(model.joint_names)
        self._targets = [target for target, weight in _WEIGHTS.items() for _ in range(weight)]
        super().__init__(Judge(model, self.robot, time, self._messages), time, domain)

    def send(self, messages: int) -> None:
        """Send so many messages to inputs drawn at random, and let time pass between them."""
        until = sum(self.judge.sent.values()) + messages
        done = until - messages
        while done < until:
            if done % MESSAGES_A_TICK == 0:
                self._tick()
            elif done % _MESSAGES_A_REQUEST == 1:
                self._ask(self._dice.one(list(self.nodes)))
            else:
                name, topic = self._dice.one(self._targets)
                self._time.go_on()
                self._time.give(self.nodes[name])
                if topic == "clock":
                    self.judge.sent[name] += 1
                    self.tell_time(name, self._time.strange())
                else:
                    self._pass(name, topic, self._messages.make(topic, self._at_rest(topic)))
            done += 1

    def _at_rest(self, topic: str) -> bool:
        """Whether no answer may be right now."""
        return topic in _ANSWERS and bool(self._ticks // _PHASE_TICKS % 2)

    def _pass(self, name: str, topic: str, message: Any, whole: bool = False) -> None:
        self.judge.sent[name] += 1
        if topic != STATES and not whole and self._dice.below(_MESSAGES_A_DAMAGE) == 0:
            message = damaged_bytes(self._dice, serialize_message(message))
        elif topic == "skeletons" and name != "viewer":  # who takes them as they come
            message = serialize_message(message)
        self.call(name, self.callbacks[name, topic], message)

    def _watch_people(self, near: bool) -> None:
        """Let people who are near hold the robot, or not: of those in rubbish somebody is near nearly all the time."""
        distances = (
            {"stop_distance": 0.5, "slow_distance": 1.0} if near else {"stop_distance": 0.0, "slow_distance": 0.0}
        )
        values = [Parameter(name, value=value) for name, value in distances.items()]
        self.nodes["trajectory"].set_parameters(values)

    def _ask(self, name: str) -> None:
        """Send a request to a service of rclpy's own."""
        service, request = self._requests.choose(list(self.nodes[name].services))
        self.judge.sent[name] += 1
        self.call(name, service.callback, request, service.srv_type.Response())

    def _tick(self) -> None:
        """Let 8 ms pass: the robot moves and says where it is, timers fire, and now and then somebody calls."""
        if self._ticks % (2 * _PHASE_TICKS) == 0:
            self._watch_people(self._ticks // (2 * _PHASE_TICKS) % _PHASES_A_WATCH == 1)
        self._ticks += 1
        period_ns = self._time.tick()
        for node in self.nodes.values():
            self._time.give(node)
        positions, velocities, broken = self.robot.update(self._time.now_ns, period_ns)
        if broken:
            segment = next(iter(self.robot.controllers.values()))._segment
            span = "no segment" if segment is None else f"a segment of {segment._duration_s:.3g} s"
            self.judge.note(
                f"robot: commanded beyond its limits in {span}: {broken}, largest {self.robot.watch.largest}"
            )
        self._messages.state.header.stamp = to_stamp(1e-9 * self._time.now_ns)
        self._messages.state.position = array.array("d", positions.tobytes())
        self._messages.state.velocity = array.array("d", velocities.tobytes())
        self._pass("trajectory", "joint_states", self._messages.state, whole=True)
        self.told.tell(self._messages.reference())
        trajectory, robot, viewer = (self.nodes[name] for name in ("trajectory", "robot", "viewer"))
        if self._ticks % 3 == 0 and not trajectory._watching.is_canceled():
            self.call("trajectory", trajectory._watching.callback)
        if self._ticks % 7 == 0:
            self.call("robot", robot._timer.callback)
        if self._ticks % 50 == 0:
            self.call("viewer", viewer._timer.callback)
        if self._ticks % 125 == 0:
            for name, node in self.nodes.items():
                self.call(name, node._diagnostics_timer.callback)
            self.call("perception", self.nodes["perception"]._on_trigger, Trigger.Request(), Trigger.Response())
            service = trajectory.halting.on_halt if self._dice.share() < 0.05 else trajectory.halting.on_resume
            self.call("trajectory", service, Trigger.Request(), Trigger.Response())


if __name__ == "__main__":
    sys.exit(main(run_fuzz, __doc__, 1_000_000))
