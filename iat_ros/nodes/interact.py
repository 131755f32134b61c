"""The chain of nodes that one process holds."""

from __future__ import annotations

from typing import Any

from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.tracker.node import make_tracker
from iat_ros.nodes.trajectory import TrajectoryNode


def make_nodes(input_: str = "skeletons", **options: Any) -> list[IatNode]:
    """Make the three nodes of the chain, and the tracker for inputs other than skeletons.

    Options go to each node's constructor.
    """
    nodes: list[IatNode] = [PerceptionNode(**options), Act2ActNode(**options), TrajectoryNode(**options)]
    if input_ != "skeletons":
        nodes.insert(0, make_tracker(input_, **options))
    return nodes
