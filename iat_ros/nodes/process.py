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

"""Running nodes in a process: executor, transitions, a clean end."""

from __future__ import annotations

import gc
import re
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from iat_ros.errors import ConfigError, describe
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.given_parameters import (
    check_ros_args,
    misspelling,
    misspelt_parameter,
    warn_of_ignored_parameters,
    warn_of_parameters_of_others,
    warn_of_unknown_parameters,
)
from iat_ros.nodes.transport import avoid_shared_memory, require_loopback

try:
    from rclpy.experimental import EventsExecutor
except ImportError:  # before Jazzy's rclpy 7.1.4
    EventsExecutor = None


_CLOCK_WITHIN_S = 5.0
_SEND_S = 0.1
"""So long the middleware has to send what nodes say last [s]."""

stopping = Event()
"""Set when the process is asked to end; what waits before the executor turns must look at it."""


def bring_up(node: LifecycleNode) -> bool:
    """Configure and activate a node; it stays where it is when it refuses.

    Returns:
        Whether it is active now.
    """
    success = TransitionCallbackReturn.SUCCESS
    return node.trigger_configure() == success and node.trigger_activate() == success


def make_executor(nodes: Sequence[Node]) -> SingleThreadedExecutor:
    """Make the executor with the least delay that this rclpy has, and add the nodes."""
    executor = (EventsExecutor or SingleThreadedExecutor)()
    for node in nodes:
        executor.add_node(node)
    return executor


def run_nodes(make: Callable[[], Iterable[Node]], ros_args: list[str], autostart: bool = True) -> int:
    """Run nodes until Ctrl-C or SIGTERM.

    Args:
        make: Makes the nodes; called after rclpy was initialised. Each is brought up before the next one is asked for.
        ros_args: Command line from ``--ros-args`` on.
        autostart: Configure and activate lifecycle nodes at once. A node that refuses stays alive, unconfigured, so
            that its parameters can be set right and it can be configured again.

    Returns:
        0.
    """
    stop = start_ros(ros_args)
    nodes: list[Node] = []
    try:
        executor = make_executor([])
        for node in make():
            nodes.append(node)
            if stop.is_set():  # while it came up, which takes seconds: what launches it does not wait for the others
                return 0
            executor.add_node(node)
            warn_of_unknown_parameters(node)
            if isinstance(node, IatNode):
                node.unusable = misspelt_parameter(node) or misspelling(node, ros_args)
                warn_of_ignored_parameters(node, ros_args)
            if autostart and isinstance(node, LifecycleNode) and bring_up(node):
                node.get_logger().info("active")
        warn_of_parameters_of_others(nodes, ros_args)
        gc.collect()
        gc.freeze()  # models and modules stay: looking for garbage among them would hold up an answer for tens of ms
        asked_s = time.monotonic()
        while not stop.is_set() and rclpy.ok():
            executor.spin_once(timeout_sec=0.1)
            if time.monotonic() > asked_s + _CLOCK_WITHIN_S:
                asked_s = time.monotonic()
                warn_of_missing_clock(nodes)
    finally:
        said = [rclpy.ok() and node.leave() for node in nodes if isinstance(node, IatNode)]
        if any(said):
            time.sleep(_SEND_S)
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def warn_of_missing_clock(nodes: Sequence[Node]) -> None:
    """Say that simulated time stands at 0: no timer of a node runs then, so its diagnostics cannot say it."""
    simulated = [node for node in nodes if node.get_parameter("use_sim_time").value]
    waiting = [node for node in simulated if node.get_clock().now().nanoseconds == 0]
    if waiting:
        names = ", ".join(node.get_name() for node in waiting)
        waiting[0].get_logger().warning(f"use_sim_time is set, and nothing comes on /clock: {names} stand still")


def start_ros(ros_args: list[str]) -> Event:
    """Initialise rclpy and catch SIGINT and SIGTERM; the event that is returned is set by either.

    rclpy's own handlers do not wake the EventsExecutor, so programs look at this event between two rounds of it.

    Args:
        ros_args: Command line from ``--ros-args`` on.

    Raises:
        ConfigError: ROS cannot read that command line, or would talk to others than it was told.
    """
    check_ros_args(ros_args)
    avoid_shared_memory()
    stopping.clear()
    for number in (signal.SIGINT, signal.SIGTERM):  # before: a KeyboardInterrupt in the C++ of rclpy ends in an abort
        signal.signal(number, lambda *_: stopping.set())
    set_logger_level("rcl", LoggingSeverity.FATAL)  # what is wrong is told once, in full, and not by its C layer before
    try:
        rclpy.init(args=["iat_ros", *ros_args], signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rclpy raises its C layer's errors, which have no common base
        raise ConfigError(_refused(ros_args, describe(error))) from error
    set_logger_level("rcl", LoggingSeverity.UNSET)
    require_loopback()
    return stopping


def _refused(ros_args: list[str], why: str) -> str:
    """Say what ROS refuses; of a file of parameters its name, and what its parser says."""
    of_file = re.search(r"params file: '--params-file (.+?)'. Error: (.+?) ?, at ", why)
    return f"{of_file[1]}: {of_file[2]}" if of_file else f"ROS refuses '{' '.join(ros_args)}': {why}"
