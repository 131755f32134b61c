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

"""Act2act over DDS: windows that come together go through as a batch; actions are answered before they end, once."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.data.actions import cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import from_clips
from iat_ros.nodes.clouds import encode_motion, encode_skeletons, stamp_s, to_stamp
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
THROW = next(clip for clip in make_clips(people=4, trials=1, actions=("throw",)) if clip.person == "s4")

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def nodes(rig: Any, start: Callable[..., subprocess.Popen[str]], attending_model: Path) -> Any:
    """Perception with early mode, act2act, and an act2act in another namespace that is never sure enough."""
    model = f"model:={attending_model}"
    start("perception", "--ros-args", "-p", "early:=true")
    start("act2act", "--ros-args", "-p", model, "-p", "device:=cpu", "-p", "noise_seed:=3")
    start("act2act", "--ros-args", "-r", "__ns:=/silent", "-p", model, "-p", "early_confidence:=1.0")
    for topic in ("windows", "partial_windows", "responses", "silent/responses", "silent/coming_responses"):
        rig.listen(PointCloud2, topic)
    rig.wait_active("perception", "act2act", "silent/act2act")
    best_effort = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    rig.out = {"skeletons": rig.node.create_publisher(PointCloud2, "skeletons", best_effort)}
    for topic in ("windows", "silent/windows", "silent/partial_windows", "silent/coming_windows"):
        rig.out[topic] = rig.node.create_publisher(PointCloud2, topic, 64)
    assert rig.until(lambda: all(publisher.get_subscription_count() for publisher in rig.out.values()))
    assert rig.until(lambda: all(rig.node.count_publishers(topic) for topic in rig.heard))
    return rig


def count(rig: Any, key: str, node: str = "/act2act") -> int:
    """Newest count in the diagnostics of a node."""
    return int(rig.counts.get(node, {}).get(key, 0))


def windows_of(count: int) -> list[PointCloud2]:
    """The throw of so many people, each with a stamp of its own."""
    motion = cut_action(DEFINITION, THROW, 32).motion
    return [encode_motion(Header(stamp=to_stamp(100.0 + k), frame_id=f"body_{500 + k}"), motion) for k in range(count)]


def ask(rig: Any, name: str) -> Any:
    """Call a service of act2act."""
    return rig.call(Trigger, name, Trigger.Request())


def test_nothing_was_answered_so_nothing_is_answered_again(nodes: Any) -> None:
    """Before the first action each request is refused in words, and nothing is sent."""
    before = len(nodes.heard["silent/responses"])
    for name in ("again", "other_noise", "alternatives"):
        result = ask(nodes, f"silent/act2act/{name}")
        assert (result.success, result.message) == (False, "no action has been answered yet")
    assert len(nodes.heard["silent/responses"]) == before


def test_windows_that_come_together_are_answered_as_batches(nodes: Any) -> None:
    """48 windows back-to-back: 48 responses, each with its window's stamp and frame, in fewer batches."""
    messages = windows_of(48)
    for message in messages:
        nodes.out["windows"].publish(message)
    heard = nodes.heard["responses"]
    assert nodes.until(lambda: len(heard) == 48)
    told = {(response.header.frame_id, stamp_s(response.header.stamp)) for response in heard}
    assert told == {(message.header.frame_id, stamp_s(message.header.stamp)) for message in messages}
    assert nodes.until(lambda: count(nodes, "answers") == 48)
    assert 1 <= count(nodes, "batches") <= 24


def test_a_bad_window_does_not_take_its_batch_along(nodes: Any) -> None:
    """The one that cannot be read is a counted drop; the others are answered."""
    heard = nodes.heard["responses"]
    before = len(heard)
    messages = windows_of(6)
    messages[3].data = messages[3].data[:100]
    for message in messages:
        nodes.out["windows"].publish(message)
    assert nodes.until(lambda: len(heard) == before + 5)
    assert nodes.until(lambda: count(nodes, "dropped: cloud: expected 4096 bytes of data, got 100") == 1)
    assert [response.header.frame_id for response in heard[before:]] == [f"body_{500 + k}" for k in (0, 1, 2, 4, 5)]


def perform(rig: Any, clip: Clip, body: int, still_s: float = 0.8) -> None:
    """Publish a clip as a live person at its own speed."""
    start_s = rig.node.get_clock().now().nanoseconds * 1e-9
    done, clock = threading.Event(), threading.Event()

    def publish() -> None:
        for frame in from_clips([clip], still_s=still_s):
            clock.wait(1 / 30)
            stamp = to_stamp(start_s + frame.time_s)
            rig.out["skeletons"].publish(encode_skeletons(stamp, "camera", np.array([body]), frame.positions))
        done.set()

    threading.Thread(target=publish).start()
    assert rig.until(done.is_set)


def test_an_action_is_answered_once_before_its_end(nodes: Any) -> None:
    """A throw: the response comes from a partial window, and the whole window that follows gets none."""
    windows, partial, responses = (nodes.heard[topic] for topic in ("windows", "partial_windows", "responses"))
    windows.clear()
    responses.clear()
    perform(nodes, THROW, body=7)
    assert nodes.until(lambda: len(windows) == 1)
    assert nodes.until(lambda: count(nodes, "actions answered before their end") == 1)
    assert len(responses) == count(nodes, "early answers") == 1
    assert responses[0].header.frame_id == windows[0].header.frame_id == "body_7"
    ends_s, answered_s = stamp_s(windows[0].header.stamp), stamp_s(responses[0].header.stamp)
    assert answered_s < ends_s - 0.2
    stamps = [stamp_s(message.header.stamp) for message in partial]
    assert answered_s in stamps
    assert min(np.diff(stamps)) > 0.09


def test_a_threshold_of_one_is_silent(nodes: Any) -> None:
    """The partial windows of that throw are not answered; the whole window is."""
    for message in nodes.heard["partial_windows"]:
        nodes.out["silent/partial_windows"].publish(message)
    assert nodes.until(
        lambda: count(nodes, "partial windows", "/silent/act2act") == len(nodes.heard["partial_windows"])
    )
    assert nodes.heard["silent/responses"] == []
    nodes.out["silent/windows"].publish(nodes.heard["windows"][0])
    assert nodes.until(lambda: len(nodes.heard["silent/responses"]) == 1)
    assert nodes.heard["silent/responses"][0].header == nodes.heard["windows"][0].header


def test_the_answer_to_a_coming_window_is_given_when_it_comes(nodes: Any) -> None:
    """The same response; another window of that body gets an answer of its own."""
    coming, responses = nodes.heard["silent/coming_responses"], nodes.heard["silent/responses"]
    first, second, other = windows_of(3)
    other.header.frame_id = second.header.frame_id
    for foreseen, window in ((first, first), (second, other)):
        responses.clear()
        coming.clear()
        nodes.out["silent/coming_windows"].publish(foreseen)
        assert nodes.until(lambda: len(coming) == 1)
        assert responses == []
        nodes.out["silent/windows"].publish(window)
        assert nodes.until(lambda: len(responses) == 1)
        assert (responses[0] == coming[0]) is (window is foreseen)
        assert responses[0].header == window.header
    assert nodes.until(lambda: count(nodes, "answers that were ready", "/silent/act2act") == 1)


def test_who_stands_still_gives_no_partial_window(nodes: Any) -> None:
    """Perception publishes actions under way, not people."""
    partial, before = nodes.heard["partial_windows"], len(nodes.heard["partial_windows"])
    frames = count(nodes, "frames", "/perception")
    still = Clip("still", np.arange(20) / 30, np.repeat(THROW.positions[:1], 20, axis=0), "s9", "none")
    perform(nodes, still, body=9)
    assert nodes.until(lambda: count(nodes, "frames", "/perception") >= frames + 60)
    assert len(partial) == before


def test_an_answer_is_given_once_more_on_request(nodes: Any) -> None:
    """The same with a new stamp; another one, although noise_seed is set; three, which are no responses."""
    heard, others = nodes.heard["responses"], nodes.listen(PointCloud2, "alternatives")
    assert nodes.until(lambda: nodes.node.count_publishers("alternatives") == 1)
    heard.clear()
    (window,) = windows_of(1)
    nodes.out["windows"].publish(window)
    assert nodes.until(lambda: len(heard) == 1)
    asked_s = nodes.node.get_clock().now().nanoseconds * 1e-9
    for name in ("again", "other_noise", "again"):
        result = ask(nodes, f"act2act/{name}")
        assert result.success
        assert "halted or held does not perform it" in result.message
    assert nodes.until(lambda: len(heard) == 4)
    first, again, other, other_again = heard
    assert first.data == again.data != other.data == other_again.data
    assert {each.header.frame_id for each in heard} == {"body_500"}
    assert stamp_s(first.header.stamp) == 100.0
    for each in heard[1:]:
        assert 0.0 <= stamp_s(each.header.stamp) - asked_s < 30.0, "the stamp is not the time of the request"
    assert ask(nodes, "act2act/alternatives").success
    assert nodes.until(lambda: len(others) == 3)
    assert len({bytes(each.data) for each in (*others, *heard)}) == 5
    assert len({stamp_s(each.header.stamp) for each in others}) == 1
    assert nodes.until(lambda: count(nodes, "requests: again") == 2)
    assert len(heard) == 4
