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

"""replay.launch.py starts the chain with a simulated robot, and what plays the bag."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
BAG = ROOT / "recordings" / "made_up"


class Configuration(str):
    """Stands for launch's LaunchConfiguration: a name that is looked up in the context."""

    def perform(self, context: dict[str, str]) -> str:
        """Look it up."""
        return context[self]


def plan(monkeypatch: pytest.MonkeyPatch, **given: str) -> list[SimpleNamespace]:
    """Execute the launch file with stand-ins for ROS 2's launch; return the included file and the player."""
    names = ("launch", "launch.actions", "launch.launch_description_sources", "launch.substitutions", "launch_ros",
             "launch_ros.actions")  # fmt: skip
    modules: dict[str, Any] = {name: ModuleType(name) for name in names}
    modules["launch"].LaunchContext, modules["launch"].LaunchDescription = dict, list
    actions = modules["launch.actions"]
    actions.DeclareLaunchArgument = lambda name, **options: SimpleNamespace(
        name=name, default_value=options.get("default_value", ""), **{k: options[k] for k in ("description",)}
    )
    actions.OpaqueFunction = lambda function: function
    actions.ExecuteProcess = SimpleNamespace
    actions.IncludeLaunchDescription = lambda source, launch_arguments: SimpleNamespace(
        source=source, given=dict(launch_arguments)
    )
    modules["launch.launch_description_sources"].PythonLaunchDescriptionSource = str
    modules["launch.substitutions"].LaunchConfiguration = Configuration
    modules["launch_ros.actions"].Node = SimpleNamespace
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    *declared, make = runpy.run_path(str(ROOT / "launch" / "replay.launch.py"))["generate_launch_description"]()
    assert all(argument.description for argument in declared)
    made: list[SimpleNamespace] = make({**{one.name: one.default_value for one in declared}, **given})
    return made


def test_without_rosbag2_play_plays_on_the_machines_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb of this package, at the speed asked for; the chain has a simulated robot and no simulated time."""
    chain, player = plan(monkeypatch, bag=str(BAG), player="play", rate="2.0", robot="talos")
    assert chain.source.endswith("interact.launch.py")
    assert chain.given == {"simulate": "true", "viewer": "true", "use_sim_time": "false", "robot": "talos"}
    assert player.executable == "play"
    assert player.arguments == ["--bag", str(BAG), "--speed", "2.0", "--wait", "60"]


def test_rosbag2_gives_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its clock, which the nodes follow."""
    chain, player = plan(monkeypatch, bag=str(BAG), player="rosbag2", loop="true", viewer="false")
    assert chain.given == {"simulate": "true", "viewer": "false", "use_sim_time": "true"}
    assert player.cmd[:4] == ["ros2", "bag", "play", str(BAG)]
    assert "--clock" in player.cmd
    assert "--loop" in player.cmd


def test_a_bag_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="bag: there is no bag '/nowhere/bag'"):
        plan(monkeypatch, bag="/nowhere/bag")
