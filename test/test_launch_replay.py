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
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from iat_ros.data.bag import read_bag, write_bag
from iat_ros.errors import DataError

ROOT = Path(__file__).parents[1]
BAG = ROOT / "recordings" / "made_up"


class Configuration(str):
    """Stands for launch's LaunchConfiguration: a name that is looked up in the context."""

    def perform(self, context: dict[str, str]) -> str:
        """Look it up."""
        return context[self]


class Context(dict[str, str]):
    """Stands for launch's context: what was given, and whether the launch ends."""

    is_shutdown = False


def plan(
    monkeypatch: pytest.MonkeyPatch, nodes: Callable[[], list[str]] = lambda: ["perception"], **given: str
) -> list[SimpleNamespace]:
    """Execute the launch file with stand-ins for ROS 2's launch; return the included file and what comes after it."""
    names = ("launch", "launch.actions", "launch.launch_description_sources", "launch.substitutions", "launch.events",
             "launch.events.process", "launch_ros", "launch_ros.actions", "launch_ros.ros_adapters")  # fmt: skip
    modules: dict[str, Any] = {name: ModuleType(name) for name in names}
    modules["launch"].LaunchContext, modules["launch"].LaunchDescription = dict, list
    actions = modules["launch.actions"]
    actions.DeclareLaunchArgument = lambda name, **options: SimpleNamespace(
        name=name, default_value=options.get("default_value", ""), **{k: options[k] for k in ("description",)}
    )
    actions.OpaqueFunction = lambda function, args=(): SimpleNamespace(execute=lambda context: function(context, *args))
    actions.TimerAction = SimpleNamespace
    modules["launch.events.process"].ProcessExited = SimpleNamespace
    modules["launch_ros.ros_adapters"].get_ros_node = lambda context: SimpleNamespace(get_node_names=nodes)
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
    context = Context({**{one.name: one.default_value for one in declared}, **given})
    chain, start = make.execute(context)
    return [chain, *start.execute(context)]


def test_without_rosbag2_play_plays_on_the_machines_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb of this package, at the speed asked for; the chain has a simulated robot and no simulated time."""
    chain, player = plan(monkeypatch, bag=str(BAG), player="play", rate="2.0", robot="talos")
    assert chain.source.endswith("interact.launch.py")
    assert chain.given == {"simulate": "true", "viewer": "true", "use_sim_time": "false", "robot": "talos"}
    assert player.executable == "play"
    assert player.arguments == ["--bag", str(BAG), "--speed", "2.0", "--wait", "120"]


def test_rosbag2_gives_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its clock, which the nodes follow."""
    chain, player = plan(monkeypatch, bag=str(BAG), player="rosbag2", loop="true", viewer="false")
    assert chain.given == {"simulate": "true", "viewer": "false", "use_sim_time": "true"}
    assert player.cmd[:4] == ["ros2", "bag", "play", str(BAG)]
    assert "--clock" in player.cmd
    assert "--loop" in player.cmd


def test_rosbag2_plays_people_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A recorded joint_trajectory would move the robot; skeletons in a namespace come where the chain hears them."""
    frames = list(read_bag(BAG))[:3]
    write_bag(tmp_path / "bag", frames, topic="camera/skeletons")
    _, player = plan(monkeypatch, bag=str(tmp_path / "bag"), player="rosbag2")
    words = player.cmd[player.cmd.index("--topics") :]
    assert words[:4] == ["--topics", "/camera/skeletons", "--remap", "/camera/skeletons:=/skeletons"]
    assert words[4].startswith("--")


def test_the_player_waits_for_perception(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes up last: what is played before is lost."""
    there = ["trajectory", "viewer"]
    _, timer = plan(monkeypatch, nodes=lambda: there, bag=str(BAG), player="rosbag2")
    assert timer.period <= 0.5
    (start,) = timer.actions
    (again,) = start.execute(Context())
    assert again.period == timer.period
    there.append("perception")
    (player,) = start.execute(Context())
    assert player.cmd[:3] == ["ros2", "bag", "play"]


def test_a_player_that_fails_ends_the_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 1, which launch makes of an error; after the end of the recording, or Ctrl-C, it goes on."""
    _, player = plan(monkeypatch, bag=str(BAG), player="rosbag2")
    context = Context()
    player.on_exit(SimpleNamespace(returncode=0), context)
    with pytest.raises(RuntimeError, match="exit code 1"):
        player.on_exit(SimpleNamespace(returncode=1), context)
    context.is_shutdown = True
    player.on_exit(SimpleNamespace(returncode=-2), context)


def test_a_bag_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="bag: there is no bag '/nowhere/bag'"):
        plan(monkeypatch, bag="/nowhere/bag")


def test_a_bag_without_skeletons_or_damaged_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before anything is started: ros2 bag play itself ends with 0 on some of these."""
    write_bag(tmp_path / "other", list(read_bag(BAG))[:3], topic="people")
    with pytest.raises(DataError, match=r"no topic 'skeletons'.*/people"):
        plan(monkeypatch, bag=str(tmp_path / "other"))
    (tmp_path / "cut.mcap").write_bytes((BAG / "made_up.mcap").read_bytes()[:150_000])
    with pytest.raises(DataError, match="damaged bag"):
        plan(monkeypatch, bag=str(tmp_path / "cut.mcap"))
