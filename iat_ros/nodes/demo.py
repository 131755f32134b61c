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

"""The demonstration: player, chain, robot, viewer and monitor in one process, talking over DDS all the same."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import Any

import rclpy
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter

from iat_ros.data.recording import StreamFrame
from iat_ros.errors import IatError
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.given_parameters import misspelling, warn_of_unknown_parameters
from iat_ros.nodes.halt_file import SWITCH as HALTS
from iat_ros.nodes.interact import make_nodes
from iat_ros.nodes.monitor import MonitorNode, percentiles
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.play import PlayNode
from iat_ros.nodes.process import bring_up, make_executor, start_ros
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.trajectory import OVERTAKEN
from iat_ros.nodes.transport import keep_to_this_machine


def run_demo(
    frames: list[StreamFrame],
    parameters: dict[str, Any],
    page: bool,
    duration_s: float,
    ros_args: list[str],
    domain: int | None = None,
) -> dict[str, Any]:
    """Play frames in a loop to the chain until Ctrl-C or the time is over.

    Args:
        frames: The recording.
        parameters: Values for the nodes that declare them.
        page: Whether to serve the page.
        duration_s: How long [s]; 0: until Ctrl-C.
        ros_args: Command line from ``--ros-args`` on.
        domain: ROS domain; None: any but that of the environment, where a robot may be at work.

    Returns:
        ``frames`` (that perception could read), ``actions``, ``answers``, ``trajectories`` (an answer that takes over
        from another may need two), ``answers_still_to_come``, ``latency_ms``, ``reaction_ms``, ``dropped``,
        ``violations`` (of the robot's limits) and ``duration_s``.

    Raises:
        IatError: A node refused its parameters; its own line says why.
    """
    # What a demonstration publishes must not reach a robot, here or elsewhere in the network, unless somebody says so.
    keep_to_this_machine()
    others = [number for number in range(1, 102) if str(number) != os.environ.get("ROS_DOMAIN_ID")]
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().choice(others) if domain is None else domain)
    os.environ[HALTS] = "none"  # a halt of a real robot is not its own
    stop = start_ros(ros_args)
    nodes: list[Node] = []
    try:
        chain = _make_chain(parameters, page)
        nodes = list(chain)
        for node in chain:
            warn_of_unknown_parameters(node)
            node.unusable = misspelling(node, ros_args)
            if isinstance(node, LifecycleNode) and not bring_up(node):
                raise IatError(f"the node {node.get_name()} refused to start; its line above says why")
        controllers = next(node.controllers for node in chain if isinstance(node, RobotNode))
        monitor, player = MonitorNode(controllers), PlayNode()
        nodes += [monitor, player]
        for node in chain:
            if url := getattr(node, "url", None):
                print(f"open {url} in a browser; Ctrl-C ends", flush=True)
        started = time.monotonic()

        def over() -> bool:
            """Tell whether the demonstration is to end."""
            return stop.is_set() or bool(duration_s and time.monotonic() - started > duration_s)

        playing = threading.Thread(target=_play, args=(player, frames, over), daemon=True)
        executor = make_executor([*chain, monitor])
        playing.start()
        while not over():
            executor.spin_once(timeout_sec=0.1)
        playing.join()
        return _summary(monitor, chain, time.monotonic() - started)
    finally:
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()


def _make_chain(parameters: dict[str, Any], page: bool) -> list[IatNode]:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    chain = [*make_nodes(parameter_overrides=overrides), RobotNode(parameter_overrides=overrides)]
    if page:
        from iat_ros.nodes.viewer import ViewerNode

        chain.append(ViewerNode(parameter_overrides=overrides))
    return chain


def _play(player: PlayNode, frames: list[StreamFrame], over: Any) -> None:
    if player.wait_for_subscriber(10.0, over):
        while not over():
            player.play(frames, stopped=over)


def _overtaken(chain: list[IatNode]) -> int:
    dropped = (count for node in chain for reason, count in node.dropped.items() if reason.startswith("answer"))
    return sum(dropped) + sum(node.counts[OVERTAKEN] for node in chain)


def _summary(monitor: MonitorNode, chain: list[IatNode], duration_s: float) -> dict[str, Any]:
    seen = monitor.seen
    return {
        "frames": next(node.counts["frames"] for node in chain if isinstance(node, PerceptionNode)),
        "actions": len(seen.windows),
        "answers": len(seen.responses),
        "trajectories": len(seen.trajectories),
        "answers_still_to_come": max(0, len(seen.windows) - len(seen.trajectories) - _overtaken(chain)),
        "latency_ms": percentiles(seen.latencies_ms),
        "reaction_ms": percentiles(seen.reactions_ms),
        "violations": {
            kind: count for node in chain if isinstance(node, RobotNode) for kind, count in node.violations.items()
        },
        "dropped": {node.get_name(): dict(node.dropped) for node in chain if node.dropped},
        "duration_s": round(duration_s, 1),
    }
