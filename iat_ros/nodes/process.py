"""Running nodes in a process: executor, transitions, a clean end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

try:
    from rclpy.experimental import EventsExecutor
except ImportError:  # before Jazzy's rclpy 7.1.4
    EventsExecutor = None


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


def run_nodes(make: Callable[[], Sequence[Node]], ros_args: list[str], autostart: bool = True) -> int:
    """Run nodes until Ctrl-C or SIGTERM.

    Args:
        make: Makes the nodes; called after rclpy was initialised.
        ros_args: Command line from ``--ros-args`` on.
        autostart: Configure and activate lifecycle nodes at once. A node that refuses stays alive, unconfigured, so
            that its parameters can be set right and it can be configured again.

    Returns:
        0.
    """
    rclpy.init(args=["iat_ros", *ros_args], signal_handler_options=SignalHandlerOptions.NO)

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    nodes: Sequence[Node] = []
    try:
        nodes = make()
        executor = make_executor(nodes)
        for node in nodes:
            if autostart and isinstance(node, LifecycleNode) and bring_up(node):
                node.get_logger().info("active")
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass  # the asked-for end
    finally:
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
