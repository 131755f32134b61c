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

"""interact.launch.py starts the right programs with the right parameters and topics."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from iat_ros.__main__ import VERBS
from iat_ros.commands.node_options import INPUTS
from iat_ros.nodes.camera.detector import LANDMARKS
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.tracker.node import SOURCES
from iat_ros.skeleton.definition import load_skeleton

ROOT = Path(__file__).parents[1]
FILE = ROOT / "launch" / "interact.launch.py"
ARGUMENTS = {
    "skeleton", "model", "device", "robot", "skeletons", "joint_states", "joint_trajectory",
    "robot_description", "processes", "namespace",
    "params_file", "enclaves", "simulate", "viewer", "rviz", "respawn", "use_sim_time",
    "log_level", "input", "input_topic", "limbs", "source", "landmarker", "person",
}  # fmt: skip


class Configuration(str):
    """Stands for launch's LaunchConfiguration: a name that is looked up in the context."""

    def perform(self, context: dict[str, str]) -> str:
        """Look it up."""
        return context[self]


class Context(dict[str, str]):
    """Stands for launch's LaunchContext."""

    @property
    def launch_configurations(self) -> dict[str, str]:
        """All names and values that are known."""
        return self


def plan(monkeypatch: pytest.MonkeyPatch, logs: Path, **given: str) -> list[SimpleNamespace]:
    """Execute the launch file with stand-ins for ROS 2's launch, which PyPI lacks.

    Returns:
        The nodes, as the keyword arguments that they were made with.
    """
    names = ("launch", "launch.actions", "launch.logging", "launch.substitutions", "launch_ros", "launch_ros.actions")
    modules: dict[str, Any] = {name: ModuleType(name) for name in names}
    launch = modules["launch"]
    launch.LaunchContext, launch.LaunchDescription = dict, list
    launch.actions, launch.logging = modules["launch.actions"], modules["launch.logging"]
    launch.actions.DeclareLaunchArgument = lambda name, **options: SimpleNamespace(name=name, **options)
    launch.actions.OpaqueFunction = lambda function: function
    launch.logging.launch_config = SimpleNamespace(log_dir=str(logs))
    modules["launch.substitutions"].LaunchConfiguration = Configuration
    modules["launch_ros.actions"].Node = SimpleNamespace
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    *declared, start = runpy.run_path(str(FILE))["generate_launch_description"]()
    assert {argument.name for argument in declared} == ARGUMENTS
    assert all(argument.description for argument in declared)
    nodes: list[SimpleNamespace] = start(Context({**{one.name: one.default_value for one in declared}, **given}))
    return nodes


@pytest.mark.parametrize(
    ("given", "programs"),
    [
        ({}, ["interact"]),
        ({"viewer": "true"}, ["interact", "viewer"]),
        ({"simulate": "true"}, ["interact", "robot"]),
        (
            {"simulate": "true", "viewer": "true", "processes": "several"},
            ["perception", "act2act", "trajectory", "robot", "viewer"],
        ),
        ({"processes": "several"}, ["perception", "act2act", "trajectory"]),
    ],
)
def test_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], programs: list[str]) -> None:
    """One process or several, with or without the viewer; without settings, only the parameter file that ships."""
    nodes = plan(monkeypatch, tmp_path, **given)
    assert [node.executable for node in nodes] == programs
    assert set(programs) <= set(VERBS)
    for node in nodes:
        assert node.parameters == [str(ROOT / "config" / "interact.yaml")]
        assert {name for name, _ in node.remappings} <= ARGUMENTS


def test_a_misspelt_argument_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Launch takes any name; what a launch file that includes this one calls its own is let pass."""
    for wrong, right in (("modle", "model"), ("simulated", "simulate"), ("name_space", "namespace")):
        with pytest.raises(ValueError, match=f"^{wrong}: .*did you mean '{right}'"):
            plan(monkeypatch, tmp_path, **{wrong: "x"})
    assert plan(monkeypatch, tmp_path, bag="x", rate="2", ros_namespace="/x", laboratory="upstairs")


def test_settings_are_parameters_of_the_nodes_and_go_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is given on the command line comes after the file, under a pattern that no such file uses."""
    settings = {"skeleton": "a", "limbs": "b, c", "person": "first", "model": "7", "device": "cpu", "robot": "talos"}
    (node,) = plan(monkeypatch, tmp_path, **settings, use_sim_time="true")
    shipped, written = (yaml.safe_load(Path(path).read_text(encoding="utf-8")) for path in node.parameters)
    assert written == {"/**/*": {"ros__parameters": {**settings, "use_sim_time": True}}}
    assert not set(written) & set(shipped)
    assert set(settings) <= {name for section in shipped.values() for name in section["ros__parameters"]}


def test_each_process_takes_the_enclave_of_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With enclaves every process has an identity of its own; without, none is told."""
    for processes, programs in (
        ("one", ["interact", "viewer"]),
        ("several", ["perception", "act2act", "trajectory", "viewer"]),
    ):
        nodes = plan(monkeypatch, tmp_path, processes=processes, viewer="true", enclaves="/iat_ros")
        assert [node.arguments[-2:] for node in nodes] == [["--enclave", f"/iat_ros/{name}"] for name in programs]
    (node,) = plan(monkeypatch, tmp_path)
    assert "--enclave" not in node.arguments


def test_an_input_that_is_no_cloud_starts_the_tracker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the chain's process or in one of its own, told its input as a word and its topic as a parameter."""
    given = {"input": "tf", "input_topic": "/other/tf"}
    for processes, programs in (("one", ["interact"]), ("several", ["tracker", "perception", "act2act", "trajectory"])):
        nodes = plan(monkeypatch, tmp_path, processes=processes, **given)
        assert [node.executable for node in nodes] == programs
        assert nodes[0].arguments[:3] == ["--input", "tf", "--ros-args"]
        assert all(node.arguments[0] == "--ros-args" for node in nodes[1:])
        written = yaml.safe_load(Path(nodes[0].parameters[1]).read_text(encoding="utf-8"))
        assert written == {"/**/*": {"ros__parameters": {"topic": "/other/tf"}}}
    assert runpy.run_path(str(FILE))["INPUTS"] == ("skeletons", "camera", *SOURCES)
    assert ("skeletons", *SOURCES) == INPUTS


def test_a_webcam_is_a_program_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It sends MediaPipe's joints, which all nodes are told; its settings are parameters that it has."""
    given = {"input": "camera", "source": "film.mp4", "landmarker": "pose.task"}
    nodes = plan(monkeypatch, tmp_path, **given)
    assert [node.executable for node in nodes] == ["camera", "interact"]
    assert all(node.arguments[0] == "--ros-args" for node in nodes)
    written = yaml.safe_load(Path(nodes[0].parameters[1]).read_text(encoding="utf-8"))
    told = written["/**/*"]["ros__parameters"]
    assert told == {"skeleton": "mediapipe", "source": "film.mp4", "landmarker": "pose.task"}
    assert {"source", "landmarker"} <= {parameter.name for parameter in CameraNode.PARAMETERS}
    assert load_skeleton(told["skeleton"]).sent == LANDMARKS


def test_rviz_comes_with_the_viewer_and_the_shipped_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the viewer publishes RViz shows, so both are started, in one namespace and with one clock."""
    *nodes, rviz = plan(monkeypatch, tmp_path, rviz="true", namespace="lab", use_sim_time="true")
    assert [node.executable for node in nodes] == ["interact", "viewer"]
    assert (rviz.package, rviz.namespace.perform({"namespace": "lab"})) == ("rviz2", "lab")
    assert rviz.arguments == ["-d", str(ROOT / "config" / "rviz" / "interact.rviz")]
    assert rviz.parameters == [{"use_sim_time": True}]


def test_nodes_that_end_are_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each process is started again after a moment, unless that is not wanted."""
    options = {"processes": "several", "simulate": "true", "viewer": "true"}
    assert all(node.respawn and 0.0 < node.respawn_delay <= 1.0 for node in plan(monkeypatch, tmp_path, **options))
    assert not any(node.respawn for node in plan(monkeypatch, tmp_path, **options, respawn="false"))


def test_a_parameter_file_that_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Launch alone would only warn, and start with other values than those meant."""
    with pytest.raises(ValueError, match=r"there is no file '/nowhere\.yaml'"):
        plan(monkeypatch, tmp_path, params_file="/nowhere.yaml")


def test_a_parameter_file_that_is_damaged_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each node would end for it, and be started again and again."""
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ValueError, match=r"bad\.yaml: no YAML: .*line 1"):
        plan(monkeypatch, tmp_path, params_file=str(tmp_path / "bad.yaml"))


@pytest.mark.ros
@pytest.mark.skipif(shutil.which("ros2") is None, reason="ros2 launch is not on PyPI: needs a ROS 2 distribution")
def test_ros2_launch_brings_the_nodes_up(ros_domain: int, tmp_path: Path) -> None:
    """The real launch: nodes become active or say why not, and Ctrl-C ends them."""
    pytest.importorskip("launch_ros")
    programs = tmp_path / "lib" / "iat_ros"
    programs.mkdir(parents=True)
    for verb in VERBS:
        (programs / verb).write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m iat_ros {verb} "$@"\n')
        (programs / verb).chmod(0o755)
    marker = tmp_path / "share" / "ament_index" / "resource_index" / "packages" / "iat_ros"
    marker.parent.mkdir(parents=True)
    marker.touch()
    prefixes = f"{tmp_path}{os.pathsep}{os.environ.get('AMENT_PREFIX_PATH', '')}"
    said = tmp_path / "said"
    with said.open("w") as out:
        launched = subprocess.Popen(
            ["ros2", "launch", FILE, "model:=/nowhere", "namespace:=one"],
            env={**os.environ, "AMENT_PREFIX_PATH": prefixes, "ROS_LOG_DIR": str(tmp_path / "log")},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    lines = ("[one.perception]: active", "[one.act2act]: refused to configure: no model", "[one.trajectory]: active")
    deadline = time.monotonic() + 60.0
    while not all(line in said.read_text() for line in lines) and time.monotonic() < deadline:
        time.sleep(0.2)
    launched.send_signal(signal.SIGINT)
    assert launched.wait(timeout=20) == 0
    assert all(line in said.read_text() for line in (*lines, "process has finished cleanly")), said.read_text()
