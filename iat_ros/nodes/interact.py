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

"""The chain of nodes that one process holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.tracker.node import make_tracker
from iat_ros.nodes.trajectory import TrajectoryNode


def make_nodes(input_: str = "skeletons", **options: Any) -> Iterator[IatNode]:
    """Make the three nodes of the chain, and the tracker for inputs other than skeletons, one by one.

    The end of the chain comes first: who brings each node up before asking for the next one is not heard as a listener
    of skeletons before there is a robot to answer with. All that each says to the next is handed over at once, so that
    it keeps its order (`hand_over`); hence one executor of one thread must spin them. Options go to each node's
    constructor.
    """
    trajectory = TrajectoryNode(**options)
    yield trajectory
    act2act = Act2ActNode(**options)
    act2act.outlet.join(trajectory.responses, trajectory.joint_responses)
    act2act.outlet.join(trajectory.coming_responses, trajectory.coming_joint_responses)
    yield act2act
    perception = PerceptionNode(**options)
    perception.outlet.join(act2act.windows, act2act.coming_windows, act2act.partial_windows)
    yield perception
    if input_ != "skeletons":
        yield make_tracker(input_, **options)
