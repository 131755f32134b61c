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

"""Real nodes in real processes, and a node of the test's own that talks to them over DDS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Log, Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.generator import Act2Act
from iat_ros.model.model_file import ModelCard, save_model
from iat_ros.model.normalisation import DurationScale
from iat_ros.nodes import trajectory_output
from iat_ros.nodes.halt_file import SWITCH as HALTS
from iat_ros.skeleton.definition import load_skeleton

ROOT = Path(__file__).parents[2]
_LEADS_TO = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
}


class Rig:
    """A node of the test's own, on the test's own domain.

    Attributes:
        node: The node.
        heard: Messages by topic, in the order of arrival.
        log: Texts of the log lines of all nodes.
        counts: Newest diagnostics, by node and key.
    """

    def __init__(self, domain: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node("rig", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.heard: dict[str, list[Any]] = {}
        self.log: list[str] = []
        self.counts: dict[str, dict[str, str]] = {}
        self._clients: dict[str, Client] = {}
        self.node.create_subscription(Log, "/rosout", lambda message: self.log.append(message.msg), 100)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.counts[status.name] = {value.key: value.value for value in status.values}

    def listen(self, kind: type, topic: str) -> list[Any]:
        """Collect the messages of a topic."""
        heard = self.heard.setdefault(topic, [])
        self.node.create_subscription(kind, topic, heard.append, 50)
        return heard

    def until(self, done: Callable[[], Any], timeout_s: float = 20.0) -> bool:
        """Let time pass until something holds; return whether it does."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline:
                return False
            self.executor.spin_once(timeout_sec=0.05)
        return True

    def call(self, kind: type, name: str, request: Any, timeout_s: float = 20.0) -> Any:
        """Call a service; ask again where the answer is lost."""
        return self._ask(kind, name, request, timeout_s)[0]

    def _ask(self, kind: type, name: str, request: Any, timeout_s: float = 20.0) -> tuple[Any, int]:
        # A server that has not discovered the client's reader within 100 ms drops its answer for good (rmw's
        # "client will not receive response"); on a busy machine that happens. Clients are kept, so that each
        # service is discovered once, and the question is repeated.
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        assert self.until(client.service_is_ready, 3.0 * timeout_s), f"no service {name}"  # its process may be starting
        futures: list[Any] = []
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            futures.append(client.call_async(request))
            if self.until(lambda: any(future.done() for future in futures), timeout_s / 4.0):
                return next(future for future in futures if future.done()).result(), len(futures)
        raise AssertionError(f"no answer from {name}, asked {len(futures)} times")

    def state(self, name: str) -> int:
        """Lifecycle state of a node."""
        return int(self.call(GetState, f"/{name}/get_state", GetState.Request()).current_state.id)

    def change(self, name: str, transition: int) -> bool:
        """Ask for a lifecycle transition."""
        request = ChangeState.Request()
        request.transition.id = transition
        answer, asked = self._ask(ChangeState, f"/{name}/change_state", request)
        # asked twice, the second is refused where the first was done and only its answer lost
        return bool(answer.success) or (asked > 1 and self.state(name) == _LEADS_TO[transition])

    def set_text(self, name: str, parameter: str, value: str) -> Any:
        """Set a text parameter; return the node's result."""
        return self._set(name, parameter, ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value))

    def set_flag(self, name: str, parameter: str, value: bool) -> Any:
        """Set a parameter that is true or false; return the node's result."""
        return self._set(name, parameter, ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value))

    def _set(self, name: str, parameter: str, value: ParameterValue) -> Any:
        request = SetParameters.Request(parameters=[Parameter(name=parameter, value=value)])
        return self.call(SetParameters, f"/{name}/set_parameters", request).results[0]

    def wait_active(self, *names: str) -> None:
        """Wait until nodes are active."""
        for name in names:
            assert self.until(lambda name=name: self.state(name) == State.PRIMARY_STATE_ACTIVE, 40.0), name

    def wait_untroubled(self, name: str) -> None:
        """Wait until an active node says that nothing keeps it from its work, as robots that it does not hear do."""
        self.counts.pop(f"/{name}", None)  # what it said before
        assert self.until(lambda: self.counts.get(f"/{name}", {}).get("trouble") == "", 40.0), self.counts

    def close(self) -> None:
        """Leave the domain."""
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture(autouse=True)
def nobody_was_halted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that are made in this process find no halt of the test before."""
    monkeypatch.setenv("ROS_HOME", str(tmp_path / "ros_home"))
    monkeypatch.delenv(HALTS, raising=False)


@pytest.fixture(scope="module")
def rig(ros_domain: int) -> Iterator[Rig]:
    """The test's own node."""
    rig = Rig(ros_domain)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def start(ros_domain: int) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start verbs as processes; all are asked to end afterwards, and must do so cleanly."""
    running: list[subprocess.Popen[str]] = []
    environment = {**os.environ, "ROS_DOMAIN_ID": str(ros_domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}

    def run(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-m", "iat_ros", *words], cwd=ROOT, env=environment, text=True)
        running.append(process)
        return process

    yield run
    for process in running:
        process.send_signal(signal.SIGTERM)
    codes = []
    for process in running:
        try:
            codes.append(process.wait(timeout=15))
        except subprocess.TimeoutExpired:
            process.kill()
            codes.append(-9)
    assert codes == [0] * len(codes), "a process did not end cleanly"


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a model with random weights for a skeleton's limbs."""

    def make(limb_names: tuple[str, ...] = load_skeleton("utd_mhad").limb_names) -> Path:
        torch.manual_seed(0)
        dims = Dimensions(len(limb_names), width=8)
        scale = DurationScale(0.6, 0.2, 1.0, 3.0)
        card = ModelCard("utd_mhad", limb_names, dims, "convolutional", 0.7, scale, scale, {}, {}, seed=0)
        directory = tmp_path_factory.mktemp("model")
        save_model(directory, Act2Act(dims, "convolutional"), card)
        return directory

    return make


class Future:
    """Stands for rclpy's: done when the test says so."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Future], None]] = []
        self._result: Any = None

    def add_done_callback(self, callback: Callable[[Future], None]) -> None:
        """Call back once done."""
        self._callbacks.append(callback)

    def result(self) -> Any:
        """What came."""
        return self._result

    def finish(self, result: Any) -> None:
        """Be done."""
        self._result = result
        for callback in self._callbacks:
            callback(self)


class Goal:
    """A goal that was sent, and what the controller says to it."""

    def __init__(self, trajectory: Any) -> None:
        self.trajectory = trajectory
        self.answer, self.end = Future(), Future()
        self.cancelled = False

    def accept(self) -> None:
        """Follow it."""
        handle = SimpleNamespace(accepted=True, get_result_async=lambda: self.end, cancel_goal_async=self.cancel)
        self.answer.finish(handle)

    def cancel(self) -> None:
        """Be cancelled; the controller says so later."""
        self.cancelled = True

    def reject(self) -> None:
        """Refuse it."""
        self.answer.finish(SimpleNamespace(accepted=False))

    def finish(self, status: int, text: str = "") -> None:
        """End it."""
        self.end.finish(SimpleNamespace(status=status, result=SimpleNamespace(error_string=text)))


class Controller:
    """Stands for ActionClient and the controller behind it."""

    def __init__(self) -> None:
        self.goals: list[Goal] = []
        self.names: list[str] = []
        self.ready, self.destroyed = True, 0

    def __call__(self, _node: Any, _type: Any, name: str) -> Controller:
        """Be made as a client."""
        self.names.append(name)
        return self

    def server_is_ready(self) -> bool:
        """Whether a controller is there."""
        return self.ready

    def send_goal_async(self, goal: Goal) -> Future:
        """Take a goal."""
        self.goals.append(goal)
        return goal.answer

    def destroy(self) -> None:
        """Be freed."""
        self.destroyed += 1


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> Controller:
    """A controller of the action that the test plays; control_msgs is not on PyPI, so its module is a stand-in."""
    controller = Controller()
    package, module = ModuleType("control_msgs"), ModuleType("control_msgs.action")
    module.FollowJointTrajectory = SimpleNamespace(Goal=Goal)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "control_msgs", package)
    monkeypatch.setitem(sys.modules, "control_msgs.action", module)
    monkeypatch.setattr(trajectory_output, "ActionClient", controller)
    return controller
