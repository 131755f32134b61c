"""Fuzzing: generated messages over all inputs of all nodes; whatever comes in, what goes out is right."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.messages import TOPICS, Fuzzer
from benchmarks.faults.soak import CHAIN, rss_mb
from benchmarks.faults.stage import MS, Stage
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.viewer import ViewerNode

_EVERY = 8
"""Messages between two updates of the robot."""
_WARM_UP = 0.1
_CLOCK_SET = 2e-5


def measure(messages: int = 1_000_000, seed: int = 0) -> dict[str, Any]:
    """Send messages to the chain, a simulated robot and the viewer.

    Nodes are linked as ever, so that what one makes of a message reaches the next one. Now and then the clock is set.
    What the robot was made to do by trajectories of strangers is not judged: it follows anyone, as a real one does.

    Args:
        messages: How many are generated.
        seed: Of the generator.

    Returns:
        "messages" (generated), "by_topic", "crashes" (exceptions that escaped a callback, or that a node caught
        without having foreseen them), "wrong_outputs", "outputs" (how many by topic), "rss_growth_mb" (after the first
        tenth), "messages_per_s", "dropped" (by node and reason).
    """
    rng, fuzzer = np.random.default_rng(seed + 1), Fuzzer(seed)
    values: list[tuple[Any, dict[str, Any]]] = [
        (CHAIN[0], {"early": True}), (CHAIN[1], {}), (CHAIN[2], {}), (RobotNode, {}), (ViewerNode, {"port": 0}),
    ]  # fmt: skip
    by_topic: Counter[str] = Counter()
    unexpected: Counter[str] = Counter()
    with Stage(values) as stage:
        stage.nodes["act2act"]._rng = np.random.default_rng(seed)
        for publisher in stage.nodes["viewer"].publishers:
            publisher.get_subscription_count = lambda: 1  # so that markers are made
        before_mb, began = rss_mb(), time.perf_counter()
        for number in tqdm(range(messages), desc="fuzz", disable=None, mininterval=1.0):
            topic, message = fuzzer.draw(stage.now_s)
            by_topic[topic] += 1
            stage.send(topic, message)
            if number % _EVERY == 0:
                stage.step(int(rng.integers(20, 60)) * MS)
            if rng.random() < _CLOCK_SET:
                stage.set_clock(int(rng.normal(0.0, 10.0) * 1e9))
            if number % 100 == 0 and stage.halted:
                stage.resume()
            if number == int(_WARM_UP * messages):
                before_mb = rss_mb()
        for node in stage.nodes.values():
            unexpected.update({f"{node.get_name()}: {k}": v for k, v in node.dropped.items() if "unexpected" in k})
        return {
            "messages": messages,
            "by_topic": {topic: by_topic[topic] for topic in TOPICS},
            "crashes": sum(stage.escaped.values()) + sum(unexpected.values()),
            "escaped": dict(stage.escaped),
            "unexpected": dict(unexpected),
            "wrong_outputs": sum(stage.judge.wrong.values()),
            "wrong": dict(stage.judge.wrong),
            "outputs": dict(stage.judge.count),
            "rss_growth_mb": round(rss_mb() - before_mb, 1),
            "messages_per_s": round(messages / (time.perf_counter() - began)),
            "dropped": {name: dict(node.dropped.most_common(20)) for name, node in stage.nodes.items()},
        }
