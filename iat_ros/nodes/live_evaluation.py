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

"""Live evaluation: set B streamed at true speed through separate node processes over DDS."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from tqdm import tqdm

from iat_ros.data.protocol import Division
from iat_ros.data.recording import from_clips
from iat_ros.data.source import Source
from iat_ros.errors import IatError
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.nodes.answer_message import decode_answer
from iat_ros.nodes.halt_file import SWITCH as HALTS
from iat_ros.nodes.monitor import MonitorNode, faults_of, percentiles
from iat_ros.nodes.play import PlayNode
from iat_ros.nodes.process import start_ros
from iat_ros.nodes.transport import keep_to_this_machine
from iat_ros.resources import find_config
from iat_ros.robot.joint_answer import Answer
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.joint_motion import JointScale
from iat_ros.skeleton.motion import Motion, MotionArray

_NODES = ("perception", "act2act", "trajectory", "robot")
_STILL_S = 1.5


def evaluate_live(
    model: Path, robot: str, source: Source, division: Division, seed: int, clips: int = 0
) -> dict[str, Any]:
    """Stream the stimuli of B through the chain and judge what comes out.

    Args:
        model: Model directory.
        robot: Robot, by name or YAML file.
        source: Where the clips are.
        division: Sets A and B.
        seed: Seed of E.
        clips: Only so many stimuli; 0 for all.

    Returns:
        Figures by name.

    Raises:
        IatError: A node does not come up.
    """
    robot_model = RobotModel.load(find_config("robots", robot))
    stimuli = division.stimuli
    # A few clips are spread over all rules, since B is in the order of the rules.
    order = np.linspace(0, len(stimuli) - 1, clips).round().astype(int) if clips else np.arange(len(stimuli))
    by_name = {clip.name: clip for clip in source.clips}
    # A domain of its own: other nodes on this machine and in this network neither disturb nor are disturbed.
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 101))
    keep_to_this_machine()
    os.environ[HALTS] = "none"
    stop = start_ros([])
    processes = _start(model, robot, source.definition.name, ", ".join(source.definition.limb_names))
    monitor, player = MonitorNode(tuple(robot_model.config.controllers())), PlayNode()
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)
    over = threading.Event()
    listener = threading.Thread(target=_spin, args=(executor, over), daemon=True)
    try:
        _wait_until_active(monitor, executor, processes, stop)
        listener.start()
        player.wait_for_subscriber(10.0, stop.is_set)
        for index in tqdm(order, desc="live", disable=None):
            frames = from_clips([by_name[stimuli[index].name]], _STILL_S)
            player.play([_as_body(frame, int(index)) for frame in frames], stopped=stop.is_set)
            if stop.is_set():
                raise KeyboardInterrupt
        time.sleep(0.5)
    finally:
        over.set()
        if listener.is_alive():
            listener.join()
        _end(processes)
        for node in (player, monitor):
            node.destroy_node()
        rclpy.try_shutdown()
    return _report(monitor, robot_model, division, order, seed, source.joint_scale)


def _as_body(frame: Any, body_id: int) -> Any:
    return type(frame)(frame.time_s, frame.frame_id, np.array([body_id]), frame.positions)


def _start(model: Path, robot: str, skeleton: str, limbs: str) -> dict[str, subprocess.Popen[bytes]]:
    parameters = {
        "perception": ["-p", "rejoin_distance:=0.0"],  # one body after the other at one place, each a person of its own
        "act2act": ["-p", f'model:="{model}"', "-p", "device:=cpu"],
        "trajectory": ["-p", f'robot:="{robot}"'],
        "robot": ["-p", f'robot:="{robot}"'],
    }
    shared = ["-p", f"skeleton:={skeleton}", "-p", f'limbs:="{limbs}"']
    return {
        name: subprocess.Popen([sys.executable, "-m", "iat_ros", name, "--ros-args", *shared, *parameters[name]])
        for name in _NODES
    }


def _end(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_active(
    node: Node,
    executor: SingleThreadedExecutor,
    processes: dict[str, subprocess.Popen[bytes]],
    stop: threading.Event,
    timeout_s: float = 60.0,
) -> None:
    deadline = time.monotonic() + timeout_s
    for name in _NODES:
        client = node.create_client(GetState, f"{name}/get_state")
        while True:
            if stop.is_set():
                raise KeyboardInterrupt
            if processes[name].poll() is not None:
                raise IatError(f"the node {name} ended with exit code {processes[name].returncode}")
            if time.monotonic() > deadline:
                raise IatError(f"the node {name} did not become active within {timeout_s:g} s; see its message above")
            if not client.wait_for_service(timeout_sec=1.0):
                continue
            future = client.call_async(GetState.Request())
            executor.spin_until_future_complete(future, timeout_sec=2.0)
            if future.done() and future.result().current_state.id == State.PRIMARY_STATE_ACTIVE:
                break
            time.sleep(0.1)


def _spin(executor: SingleThreadedExecutor, stop: threading.Event) -> None:
    while not stop.is_set():
        executor.spin_once(timeout_sec=0.1)


def _report(
    monitor: MonitorNode,
    robot: RobotModel,
    division: Division,
    order: np.ndarray,
    seed: int,
    joints: JointScale | None,
) -> dict[str, Any]:
    seen = monitor.seen
    windows = Counter(int(message.header.frame_id.removeprefix("body_")) for _, message in seen.windows)
    faults = [fault for _, message in seen.trajectories for fault in faults_of(message, robot)]
    limbs = division.pairs.stimuli.limbs_in_body.shape[2]
    answered = np.array([int(message.header.frame_id.removeprefix("body_")) for _, message in seen.responses])
    motions = [_as_judged(decode_answer(message, limbs), joints) for _, message in seen.responses]
    follows: float | None = None
    if motions:
        answers = MotionArray(
            np.stack([motion.limbs_in_body for motion in motions]), np.array([motion.duration_s for motion in motions])
        )
        evaluation = IatEvaluation(division, seed=seed)
        follows = round(100.0 * float(evaluation.follows_rules(answered, answers).mean()), 2)
    return {
        "stimuli": len(order),
        "windows": len(seen.windows),
        "stimuli_with_exactly_one_window": sum(windows[int(index)] == 1 for index in order),
        "answers": len(seen.trajectories),
        "answers_following_the_rules_percent": follows,
        "trajectory_faults": faults,
        "latency_ms": percentiles(seen.latencies_ms),
        "reaction_ms": percentiles(seen.reactions_ms),
    }


def _as_judged(answer: Answer, joints: JointScale | None) -> Motion:
    """Return an answer as E sees it: a robot's joints as vectors."""
    if isinstance(answer, Motion):
        return answer
    if joints is None:
        raise IatError("an answer in a robot's joints came, which this data has not")
    return Motion(joints.to_vectors(answer.positions), answer.duration_s)
