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

"""Replays a recording through the chain's own nodes, faster than real time, and keeps all that they say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.recording import StreamFrame, check_people
from iat_ros.errors import ModelError
from iat_ros.evaluation.replayed import Replayed, Said, SentTrajectory
from iat_ros.evaluation.trajectory_quality import Limits
from iat_ros.model.model_file import load_card
from iat_ros.nodes.chain_options import ChainOptions
from iat_ros.nodes.clouds import decode_motion, encode_skeletons, stamp_s, to_stamp
from iat_ros.nodes.stepped_chain import TICK_NS, SteppedChain, run_stepped
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import load_skeleton

AFTERWARDS_S = 12.0
"""How long the robot has to finish after the last frame [s]; it ends when it rests."""


def replay(
    frames: Sequence[StreamFrame], options: ChainOptions, progress: Callable[[float], None] = lambda _: None
) -> Replayed:
    """Show a recording to the nodes, frame by frame at the times of its stamps.

    The same frames and options with a noise seed give the same result each time, but for what is measured of this
    machine (`took_ms`, `wall_s`).

    Args:
        frames: The recording.
        options: What the nodes are told; ``own_pace`` makes it repeatable.
        progress: Told how far it has come [s].

    Raises:
        DataError: The recording's people are not those of the skeleton definition.
        ModelError: The model answers in a robot's joints, which have no figure to be drawn or judged here.
        IatError: A node does not come up.
    """
    check_people("the recording", frames, load_skeleton(options.skeleton, options.limbs))
    card = load_card(find_model(options.model))
    if card.joints is not None:
        raise ModelError(
            f"model '{options.model}' answers in a robot's joints; a replay draws and judges limbs. Where the data "
            "has labels, 'evaluate --live' judges it"
        )
    with run_stepped(options, SteppedChain) as chain:
        found = Replayed(chain.model.joint_names)
        base_ns = chain.clock.ros_ns
        _listen(chain, found, base_ns)
        path = []

        def tick() -> None:
            """Let the chain go on, and note where the robot is."""
            chain.tick()
            path.append(chain.position)

        started = time.perf_counter()
        shown_s = 0.0
        for frame in frames:
            shown_s = max(shown_s, frame.time_s)  # what was recorded later arrives later, whatever its stamp says
            while chain.clock.ros_ns - base_ns + TICK_NS <= 1e9 * shown_s:
                tick()
                if chain.ticks % 125 == 0:
                    progress(chain.true_s)
            for body in frame.body_ids[~np.isnan(frame.positions).all(axis=(1, 2))].tolist():
                found.presence[body] = found.presence.get(body, (shown_s, 0.0))[0], shown_s
            stamp = to_stamp(1e-9 * base_ns + frame.time_s)
            chain.show(encode_skeletons(stamp, frame.frame_id, frame.body_ids, frame.positions))
        found.duration_s = shown_s
        while not chain.rests and chain.true_s < shown_s + AFTERWARDS_S:
            tick()
        progress(shown_s)
        found.wall_s = time.perf_counter() - started
        found.path = np.array(path).reshape(len(path), len(chain.model.joint_names))
        found.dropped = Counter(chain.dropped)
        found.violations = {key.removeprefix("violations: "): count for key, count in chain.violations.items()}
        found.took_ms = chain.took_ms
        model = chain.model
        found.limits = Limits(model.lower, model.upper, model.max_velocity, model.max_acceleration)
        return found


def _listen(chain: SteppedChain, found: Replayed, base_ns: int) -> None:
    limbs = len(load_skeleton(chain.options.skeleton, chain.options.limbs).limbs)

    def now_s() -> float:
        """Return the recording's time [s]."""
        return 1e-9 * (chain.clock.ros_ns - base_ns)

    def said(message: PointCloud2) -> Said:
        """Note a window or an answer, and when it came."""
        body = int(message.header.frame_id.removeprefix("body_"))
        ended_s = round(stamp_s(message.header.stamp) - 1e-9 * base_ns, 6)
        return Said(now_s(), ended_s, body, decode_motion(message, limbs))

    def sent(message: JointTrajectory) -> SentTrajectory:
        """Note a trajectory, and when it came; what its points leave out is NaN."""
        points = message.points
        blank = [np.nan] * len(message.joint_names)
        return SentTrajectory(
            now_s(),
            np.array([point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in points]),
            np.array([point.positions for point in points]),
            np.array([point.velocities for point in points]),
            np.array([point.accelerations or blank for point in points]),
        )

    chain.on_window = lambda message: found.windows.append(said(message))
    chain.on_response = lambda message: found.answers.append(said(message))
    chain.on_trajectory = lambda message: found.trajectories.append(sent(message))
