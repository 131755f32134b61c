"""Soak: hours of a person who acts without end, compressed: real nodes and a simulated robot under a stepped clock."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.actor import RATE_HZ, Actor, cloud
from benchmarks.faults.stage import MS, Stage
from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.trajectory import TrajectoryNode

CHAIN = (PerceptionNode, Act2ActNode, TrajectoryNode)

_STEP_NS = 8 * MS
_WARM_UP_S = 60.0


def rss_mb() -> float:
    """Memory that this process holds now [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def measure(hours: float = 8.0, seed: int = 0) -> dict[str, Any]:
    """Let one person act for hours of stream time; at 125 Hz, a simulated robot follows what comes.

    Args:
        hours: Stream time [h].
        seed: Of the order of actions.

    Returns:
        "soak_hours", "answers", "trajectories", "limit_violations", "wrong_outputs", "crashes", "rss_growth_mb" (after
        a minute of warm-up), "dropped" (by node and reason), "halted", "wall_s".
    """
    actor = Actor(still_s=0.3, seed=seed)
    with Stage([*((node, {}) for node in CHAIN), (RobotNode, {})]) as stage:
        stage.nodes["act2act"]._rng = np.random.default_rng(seed)
        began, begin_ns = time.perf_counter(), stage.now_ns
        frames, frame_number, before_mb = actor.frames(), 0, rss_mb()
        steps = round(hours * 3600e9 / _STEP_NS)
        for number in tqdm(range(steps), desc="soak", unit_scale=8e-3 / 3600, unit="h", disable=None, mininterval=1.0):
            stage.step(_STEP_NS)
            if (stage.now_ns - begin_ns) * 1e-9 * RATE_HZ >= frame_number:
                frame_number += 1
                stage.send("/skeletons", cloud(stage.now_s, (1, next(frames))))
            if number == round(_WARM_UP_S * 1e9 / _STEP_NS):
                before_mb = rss_mb()
        return {
            "soak_hours": round((stage.now_ns - begin_ns) / 3600e9, 3),
            "answers": stage.nodes["trajectory"].counts["answers"],
            "trajectories": stage.judge.count["/joint_trajectory"],
            "limit_violations": sum(stage.violations().values()),
            "violations": stage.violations(),
            "wrong_outputs": sum(stage.judge.wrong.values()),
            "wrong": dict(stage.judge.wrong),
            "crashes": sum(stage.escaped.values()) + sum(stage.unexpected().values()),
            "rss_growth_mb": round(rss_mb() - before_mb, 1),
            "dropped": {name: dict(node.dropped) for name, node in stage.nodes.items()},
            "counts": {name: dict(node.counts) for name, node in stage.nodes.items()},
            "halted": stage.halted,
            "wall_s": round(time.perf_counter() - began, 1),
        }
