"""The chain of nodes that one process holds."""

from __future__ import annotations

from typing import Any

from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.trajectory import TrajectoryNode


def make_nodes(**options: Any) -> list[IatNode]:
    """Make the three nodes of the chain; options go to each node's constructor."""
    return [PerceptionNode(**options), Act2ActNode(**options), TrajectoryNode(**options)]
