"""Replays a recording through the chain's own nodes, faster than real time, and keeps all that they say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.recording import StreamFrame
from iat_ros.errors import MessageError
from iat_ros.nodes.clouds import decode_motion, encode_skeletons, stamp_s, to_stamp
from iat_ros.nodes.stepped_chain import TICK_NS, ChainOptions, SteppedChain, run_stepped
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

AFTERWARDS_S = 12.0
"""How long the robot has to finish after the last frame [s]; it ends when it rests."""


@dataclass(frozen=True)
class Said:
    """A window or an answer.

    Attributes:
        time_s: When it was published, from the start of the recording [s].
        action_end_s: Stamp of the last frame of its action, from the start of the recording [s].
        body: Whose action.
        motion: What it holds.
    """

    time_s: float
    action_end_s: float
    body: int
    motion: Motion


@dataclass(frozen=True)
class SentTrajectory:
    """A joint trajectory.

    Attributes:
        time_s: When it was sent, from the start of the recording [s].
        times_s: (N,) times of its points from then on [s].
        positions, velocities, accelerations: (N, J) [rad], [rad/s], [rad/s^2]; NaN where none was sent.
    """

    time_s: float
    times_s: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    accelerations: np.ndarray


@dataclass
class Replay:
    """What happened.

    Attributes:
        robot: The robot.
        duration_s: Of the recording [s].
        presence: First and last time at which each body was in view [s].
        windows, answers, trajectories: What was said.
        path: (S, J) where the simulated robot was, every 8 ms [rad].
        dropped: What was not used and why, by node.
        violations: Limits that the simulated robot was told to break.
        took_ms: How long each callback of a stage took, by this machine's clock [ms].
        wall_s: How long the replay took [s].
    """

    robot: RobotModel
    duration_s: float = 0.0
    presence: dict[int, tuple[float, float]] = field(default_factory=dict)
    windows: list[Said] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)
    trajectories: list[SentTrajectory] = field(default_factory=list)
    path: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    dropped: Counter[str] = field(default_factory=Counter)
    violations: dict[str, int] = field(default_factory=dict)
    took_ms: dict[str, list[float]] = field(default_factory=dict)
    wall_s: float = 0.0


def replay(
    frames: Sequence[StreamFrame], options: ChainOptions, progress: Callable[[float], None] = lambda _: None
) -> Replay:
    """Show a recording to the nodes, frame by frame at the times of its stamps.

    The same frames and options with a noise seed give the same result each time, but for what is measured of this
    machine (`took_ms`, `wall_s`).

    Args:
        frames: The recording.
        options: What the nodes are told; ``own_pace`` makes it repeatable.
        progress: Told how far it has come [s].

    Raises:
        MessageError: The recording's people have other joints than the skeleton definition.
        IatError: A node does not come up.
    """
    _check(frames, options.skeleton)
    with run_stepped(options, SteppedChain) as chain:
        found = Replay(chain.model)
        base_ns = chain.clock.ros_ns
        _listen(chain, found, base_ns)
        path = []

        def tick() -> None:
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
        return found


def _check(frames: Sequence[StreamFrame], skeleton: str) -> None:
    definition = load_skeleton(skeleton)
    joints = frames[0].positions.shape[1]
    if joints != len(definition.joints):
        raise MessageError(
            f"the recording's people have {joints} joints, the skeleton '{definition.name}' has "
            f"{len(definition.joints)}: choose the tracker's with --skeleton"
        )


def _listen(chain: SteppedChain, found: Replay, base_ns: int) -> None:
    limbs = len(load_skeleton(chain.options.skeleton).limbs)

    def now_s() -> float:
        return 1e-9 * (chain.clock.ros_ns - base_ns)

    def said(message: PointCloud2) -> Said:
        body = int(message.header.frame_id.removeprefix("body_"))
        ended_s = round(stamp_s(message.header.stamp) - 1e-9 * base_ns, 6)
        return Said(now_s(), ended_s, body, decode_motion(message, limbs))

    def sent(message: JointTrajectory) -> SentTrajectory:
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
