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

"""The trajectory node's parameters, and what they mean to planning and to the guard."""

from __future__ import annotations

from typing import Any

from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import LIMBS, SKELETON
from iat_ros.nodes.robot_description import PARAMETERS as ROBOT
from iat_ros.robot.guard import GuardConfig
from iat_ros.robot.trajectory import DELIVERY_S, Timing

_GUARD = GuardConfig()
_HELD_UP_S = 0.35
"""Where a process starts or is killed, Fast DDS's health check of its shared memory holds messages up for 0.33 s."""

OUTPUTS = ("auto", "topic", "action")

PARAMETERS = (
    SKELETON,
    LIMBS,
    *ROBOT,
    Parameter(
        "output",
        "auto",
        "Where trajectories go: joint_trajectory (topic), follow_joint_trajectory (action), or to the action where "
        "control_msgs is installed and all controllers serve it when the node is configured, else to the topic (auto).",
        choices=OUTPUTS,
    ),
    Parameter("check_collisions", True, "Bend or refuse answers in which the robot would touch itself."),
    Parameter("return_to_rest", True, "Go back to the rest pose after each answer.", live=True),
    Parameter(
        "rest_after", 0.0, "Stay in an answer's last pose for so long before going back [s].", 0.0, 20.0, live=True
    ),
    Parameter("lead_time", 0.4, "Shortest way into and out of an answer [s].", 0.1, 5.0, live=True),
    Parameter(
        "delivery_time",
        DELIVERY_S,
        "How long a trajectory may take to its controller, beside what joint states show to be late; the robot steps "
        "where it takes longer [s].",
        0.01,
        1.0,
        live=True,
    ),
    Parameter("speed_scale", 1.0, "Tempo of answers: 0.5 takes twice the time.", 0.05, 1.0, live=True),
    Parameter(
        "joint_states_timeout",
        _GUARD.joint_states_timeout_s,
        "Joint states older than this hold the robot, and halt it while it moves [s]; 0: it moves without any.",
        0.0,
        10.0,
        live=True,
    ),
    Parameter(
        "following_tolerance",
        _GUARD.following_tolerance_rad,
        "A joint so far from its command halts the robot [rad]; 0: never.",
        0.0,
        3.0,
        live=True,
    ),
    Parameter(
        "following_lag",
        _GUARD.following_lag_s,
        "How far the robot may trail its command, and how long it may differ before it is halted [s].",
        0.02,
        2.0,
        live=True,
    ),
    Parameter(
        "stream_timeout",
        _GUARD.stream_timeout_s,
        "Without skeletons for so long, and before the first, no answer starts, and a running one ends [s]; 0: never.",
        0.0,
        60.0,
        live=True,
    ),
    Parameter(
        "answer_timeout",
        5.0,
        "No answer to an action that ended longer before the newest skeletons is performed [s]; 0: any is.",
        0.0,
        600.0,
        live=True,
    ),
    Parameter(
        "stop_distance",
        _GUARD.stop_distance_m,
        "A person nearer to the robot than this holds it [m]; 0: never.",
        0.0,
        10.0,
        live=True,
    ),
    Parameter(
        "slow_distance",
        _GUARD.slow_distance_m,
        "A person nearer to the robot than this slows it down [m]; 0: never.",
        0.0,
        10.0,
        live=True,
    ),
    Parameter("slow_tempo", 0.3, "Tempo of the robot while a person is that near.", 0.05, 0.95, live=True),
    Parameter("robot_x", 0.0, "Where the robot is in the frame of the skeletons, x [m].", -100.0, 100.0, live=True),
    Parameter("robot_y", 0.0, "Where the robot is in the frame of the skeletons, y [m].", -100.0, 100.0, live=True),
    Parameter("robot_z", 0.0, "Where the robot is in the frame of the skeletons, z [m].", -100.0, 100.0, live=True),
)


def timing(values: dict[str, Any]) -> Timing:
    """Return how answers are performed."""
    names = ("lead_time", "speed_scale", "return_to_rest", "rest_after", "delivery_time")
    return Timing(*(values[name] for name in names))


def doubts(values: dict[str, Any]) -> list[str]:
    """Say what is allowed, and hardly meant."""
    said = []
    stop_m, slow_m, timeout_s = values["stop_distance"], values["slow_distance"], values["joint_states_timeout"]
    if 0.0 < slow_m <= stop_m:
        said.append(
            f"slow_distance {slow_m:g} m is not above stop_distance {stop_m:g} m: nobody slows the robot, only stops it"
        )
    if 0.0 < timeout_s < _HELD_UP_S:
        said.append(
            f"joint_states_timeout {timeout_s:g} s is below {_HELD_UP_S:g} s: Fast DDS's shared memory may hold up "
            "messages for as long, and the robot is halted then"
        )
    return said


def guard_config(values: dict[str, Any]) -> GuardConfig:
    """Return when the robot must not move."""
    return GuardConfig(
        joint_states_timeout_s=values["joint_states_timeout"],
        following_tolerance_rad=values["following_tolerance"],
        following_lag_s=values["following_lag"],
        stream_timeout_s=values["stream_timeout"],
        stop_distance_m=values["stop_distance"],
        slow_distance_m=values["slow_distance"],
    )
