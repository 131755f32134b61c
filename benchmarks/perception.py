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

"""What perception costs, how much it bears, and how long it takes to see that an action is over.

    python benchmarks/perception.py --json FILE [--data DIR]

starts real nodes, each in a process of its own, and streams made-up people to them over DDS at 30 Hz. With --data, the
end of actions is measured on the people of UTD-MHAD from whom the package learns (1, 3, 5, 7), else on made-up ones.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import JointTrajectory

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package beside this folder, installed or not


from benchmarks.processes import ROOT
from benchmarks.reporting import report
from benchmarks.streaming import RATE_HZ, Streaming, running
from iat_ros.data import utd_mhad
from iat_ros.data.actions import with_stillness
from iat_ros.data.bag import read_bag
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.data.source import RULES
from iat_ros.errors import IatError
from iat_ros.nodes.base import UNEXPECTED
from iat_ros.nodes.clouds import stamp_s
from iat_ros.nodes.monitor import percentiles
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.stream.people import People
from iat_ros.stream.segment import LIVE
from iat_ros.stream.segmenter import ActionSegmenter

CROWDS = (1, 8, 64, 200)
MOST_PEOPLE = 1000
JITTER_S = 0.005
DEFINITION = load_skeleton("utd_mhad")
ROBOT_HZ, FAST_HZ = 125.0, 500.0
"""How often a robot tells where its joints are: as the simulated one does, and as fast robots do."""
CHAIN = ("interact", "--ros-args", "-p", "joint_states_timeout:=0.0")
"""The whole chain, moving a robot that nobody measures: one that waits for joint_states answers nothing."""


def measure(data: Path | None = None, seconds: float = 20.0) -> dict[str, Any]:
    """Measure everything; see the keys.

    Args:
        data: UTD-MHAD, for the end of actions; made-up people where None.
        seconds: How long each CPU share is measured [s].
    """
    return {
        "core_ms_per_frame": {str(count): time_core(count) for count in CROWDS},
        "end_of_action_ms": end_of_action(data),
        **measure_node(),
        **measure_interact(seconds),
        "flood": measure_flood(seconds),
    }


def crowd(count: int) -> Iterator[np.ndarray]:
    """Stream people who act again and again, out of step: joint positions [m], shape (count, J, 3), without end."""
    # Those whose action ends at rest: a held pose ends one only after hold_s, which would look like a late window.
    rng, quick_s = np.random.default_rng(0), 2 * LIVE.quiet_s
    at_rest = [clip for clip in make_clips(4, 1) if all(delay < quick_s for delay in _ends(clip, rng))]
    clips = [with_stillness(clip, 0.8, 1.0).positions for clip in at_rest]
    for frame in itertools.count():
        yield np.stack(
            [clip[max(0, frame - 2 * (n % 30)) % len(clip)] for n, clip in zip(range(count), itertools.cycle(clips))]
        )


def time_core(count: int, frames: int = 150) -> float:
    """Time a frame of so many people without ROS, in CPU time [ms]."""
    people, ids = People(DEFINITION, LIVE, most=count), np.arange(count)
    poses = list(itertools.islice(crowd(count), frames))
    started = time.process_time()
    for frame, positions in enumerate(poses):
        people.push(frame / RATE_HZ, ids, positions)
    return round(1e3 * (time.process_time() - started) / frames, 4)


def end_of_action(data: Path | None) -> dict[str, Any]:
    """Time from the last frame of an action to the frame that tells that it is over, by their stamps [ms].

    Stamps are a little uneven, as those of cameras are. Also tells how many clips gave exactly one window.
    """
    actions = tuple(name for rule in RULES for name in (rule.stimulus, rule.response))
    clips = make_clips(8, 2, actions=actions)
    if data is not None:
        clips = [clip for clip in utd_mhad.read_directory(data, actions) if clip.person in ("s1", "s3", "s5", "s7")]
    rng = np.random.default_rng(0)
    found = [_ends(clip, rng) for clip in clips]
    delays_ms = 1e3 * np.concatenate([np.array(delays) for delays in found])
    p50, p99 = np.percentile(delays_ms, [50, 99])
    return {
        "p50": round(float(p50), 1),
        "p99": round(float(p99), 1),
        "clips": len(clips),
        "clips_with_exactly_one_window": sum(len(delays) == 1 for delays in found),
        "people": "UTD-MHAD, 1 3 5 7" if data else "made up",
    }


def _ends(clip: Clip, rng: np.random.Generator) -> list[float]:
    still = with_stillness(clip, 0.8, 2.0)
    times_s = still.times_s + rng.uniform(-JITTER_S, JITTER_S, len(still.times_s))
    segmenter = ActionSegmenter(DEFINITION, LIVE)
    pushed = [(now, segmenter.push(now, pose)) for now, pose in zip(times_s, still.positions, strict=True)]
    return [float(now - segment.times_s[-1]) for now, segment in pushed if segment is not None]


def measure_node(seconds: float = 5.0) -> dict[str, Any]:
    """Measure the node perception over DDS: CPU by people, and how many there may be before it drops a frame."""
    cpu_percent, bears, fails = {}, 0, MOST_PEOPLE + 1
    with running("perception", "--ros-args", "-p", f"max_people:={MOST_PEOPLE}") as process:
        process.wait_active("perception")
        for count in (*CROWDS, 400, 800):
            dropped, cpu_percent[str(count)] = _load(process, count, seconds)
            if dropped:
                fails = count
                break
            bears = count
        while fails - bears > max(8, bears // 8):
            middle = (bears + fails) // 2
            bears, fails = (bears, middle) if _load(process, middle, seconds)[0] else (middle, fails)
        return {"node_cpu_percent": cpu_percent, "people_per_core": bears}


def _load(process: Streaming, count: int, seconds: float) -> tuple[int, float]:
    """Stream so many people; return how many frames were dropped, and the CPU share in percent of a core."""
    time.sleep(2.5)  # until those of the last round are forgotten
    process.hear_again()
    before = process.count("/perception", "frames")
    frames = list(itertools.islice(crowd(count), int(seconds * RATE_HZ) + 1))
    cpu_s, begin = process.cpu_s(), time.monotonic()
    sent = process.stream(iter(frames), seconds)
    cpu_percent = 100 * (process.cpu_s() - cpu_s) / (time.monotonic() - begin)
    process.hear_again()
    return sent - (process.count("/perception", "frames") - before), round(cpu_percent, 1)


def measure_interact(seconds: float) -> dict[str, Any]:
    """Measure the whole chain in one process: CPU with nobody, one idle and one acting person; memory before, after.

    A simulated robot, in a process of its own, performs the answers and tells where its joints are.
    """
    shares: dict[str, float] = {}
    told: dict[str, Any] = {}
    for rate_hz, people in ((FAST_HZ, ("acting",)), (ROBOT_HZ, ("nobody", "idle", "acting"))):
        with running("interact") as process:
            process.start("robot", "--ros-args", "-p", f"rate:={rate_hz}")
            process.wait_active("perception", "act2act", "trajectory", "robot")
            process.stream(itertools.cycle(_recorded()), 5.0)
            memory_mb = process.memory_mb()
            for name in people:
                share = _share(process, name, seconds)
                shares[name if rate_hz == ROBOT_HZ else f"{name}, joint states at {rate_hz:g} Hz"] = share
            process.hear_again()
            told = {
                "interact_answers": process.count("/act2act", "answers"),
                "interact_trajectories": process.count("/trajectory", "trajectories"),
                "interact_memory_mb": {"before": round(memory_mb, 1), "after": round(process.memory_mb(), 1)},
            }
    return {"cpu_percent_one_person": shares["acting"], "interact_cpu_percent": shares, **told}


def _recorded() -> list[np.ndarray]:
    return [frame.positions for frame in read_bag(ROOT / "recordings" / "made_up")]


def _share(process: Streaming, people: str, seconds: float) -> float:
    """Return the CPU share while people do something, in percent of a core."""
    recorded = _recorded()
    cpu_s, begin = process.cpu_s(), time.monotonic()
    if people == "nobody":
        time.sleep(seconds)
    else:
        process.stream(itertools.cycle(recorded if people == "acting" else recorded[:1]), seconds)
    return round(100 * (process.cpu_s() - cpu_s) / (time.monotonic() - begin), 2)


def measure_flood(seconds: float) -> dict[str, Any]:
    """Flood the whole chain with 200 people at 1 kHz: what it drops, and how old its answers are.

    The latency of a window runs from the stamp of the frame that ended the action, `quiet_s` after the last one
    used, to the arrival of the window; that of a trajectory from the same stamp, of the newest window that came before.

    Raises:
        IatError: The chain does not come up or ends, or not one window came.
    """
    with running(*CHAIN) as process:
        process.wait_active("perception", "act2act", "trajectory")
        latencies_ms: list[float] = []
        robot_ms: list[float] = []
        ended_s = math.nan

        def on_window(now_s: float, window: PointCloud2) -> None:
            """Take the time that a window took."""
            nonlocal ended_s
            ended_s = stamp_s(window.header.stamp) + LIVE.quiet_s
            latencies_ms.append(1e3 * (now_s - ended_s))

        process.on_arrival(PointCloud2, "windows", on_window)
        process.on_arrival(
            JointTrajectory, "joint_trajectory", lambda now_s, _: robot_ms.append(1e3 * (now_s - ended_s))
        )
        slow = itertools.chain.from_iterable(itertools.repeat(pose, 33) for pose in crowd(200))
        sent = process.stream(slow, seconds, 1000.0)
        process.hear_again()
        if not latencies_ms:
            raise IatError(f"not one window came in {seconds:g} s of 200 people at 1 kHz; give it longer to act")
        used = process.count("/perception", "frames")
        dropped = {
            node: {key: int(count) for key, count in process.counts[f"/{node}"].items() if key.startswith("dropped: ")}
            for node in ("perception", "act2act", "trajectory")
        }
        return {
            "sent": sent,
            "used": used,
            "lost_in_transport": sent - used - process.count("/perception", "dropped: frame overtaken by newer ones"),
            "dropped": dropped["perception"],
            "dropped_later": {node: dropped[node] for node in ("act2act", "trajectory")},
            "crashes": sum(n for each in dropped.values() for key, n in each.items() if UNEXPECTED in key),
            "windows": len(latencies_ms),
            "window_latency_ms": percentiles(latencies_ms),
            "trajectories": len(robot_ms),
            "trajectory_latency_ms": percentiles(robot_ms),
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 after an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="directory of UTD-MHAD skeleton files")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each CPU share is measured [s]")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    return report(lambda: measure(args.data, args.seconds), args.json)


if __name__ == "__main__":
    raise SystemExit(main())
