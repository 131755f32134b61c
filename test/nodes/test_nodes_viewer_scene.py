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

"""What the viewer takes to be going on, on a clock of the test's own."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import SkeletonCloud
from iat_ros.nodes.viewer_scene import ANSWER, PERSON, Scene
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
CLIP = make_clips(people=1, trials=1, actions=("wave",))[0]
MOTION = cut_action(DEFINITION, CLIP, 32).motion

pytestmark = pytest.mark.ros


@pytest.fixture
def scene() -> Scene:
    """Nobody has been seen yet."""
    return Scene(DEFINITION)


def test_an_answer_plays_once_the_robot_is_free(scene: Scene) -> None:
    """While the robot performs another answer, the next one waits for its trajectory; then it is played through."""
    scene.saw_trajectory(10.0, 4.0, 10.0)
    scene.saw_answer(10.5, "body_1", MOTION, 11.0)
    assert scene.pass_time(12.0).state == "answering"
    assert scene.answer is not None
    assert scene.answer.since_s == np.inf
    scene.saw_trajectory(12.5, 4.0, 12.5)
    assert scene.answer.since_s == 12.5
    assert scene.pass_time(16.4).state == "answering"
    assert scene.pass_time(12.5 + 4.0 + MOTION.duration_s).state == "waiting"


def test_a_halted_or_held_robot_answers_nothing(scene: Scene) -> None:
    """An answer plays on as a figure, and the state says that it is not performed; nor is a stop an answer."""
    scene.saw_trouble("halted: on request", 10.0)
    scene.saw_trajectory(10.0, 0.6, 10.0)
    assert scene.pass_time(10.1).state == "waiting"
    scene.saw_answer(10.5, "body_1", MOTION, 11.0)
    assert scene.pass_time(11.1).state == "answer not performed"
    scene.saw_trouble("", 11.2)
    assert scene.pass_time(11.2).state == "answering"


def test_a_trajectory_with_a_stamp_of_another_clock_counts_from_its_receipt(scene: Scene) -> None:
    """A robot's controller may have a clock of its own."""
    scene.saw_trajectory(5000.0, 2.0, 10.0)
    assert scene.pass_time(11.9).state == "answering"
    assert scene.pass_time(12.1).state == "waiting"


def test_only_what_changed_is_told(scene: Scene) -> None:
    """A person who comes, moves and leaves, and an answer while it plays and once more at its end."""
    assert scene.take_changed() == set()
    scene.saw_people(SkeletonCloud(10.0, "camera", np.array([3]), CLIP.positions[:1]), 10.0)
    assert scene.pass_time(10.0).person is not None
    assert scene.take_changed() == {PERSON}
    assert scene.pass_time(10.5).person is not None
    assert scene.take_changed() == set()
    assert scene.pass_time(15.0).person is None
    assert scene.take_changed() == {PERSON}
    scene.saw_answer(19.9, "body_1", MOTION, 20.0)
    for time_s, changed in ((20.0, {ANSWER}), (20.1, {ANSWER}), (60.0, {ANSWER}), (60.1, set())):
        scene.pass_time(time_s)
        assert scene.take_changed() == changed, time_s


def test_old_news_of_the_robot_counts_for_nothing(scene: Scene) -> None:
    """Where it is, for a second; why it may not move, for three. Poses of the past stay as they were."""
    assert scene.trouble(0.0) is None
    scene.saw_joints({"elbow": 0.1}, 10.0)
    scene.saw_trouble("halted", 10.0)
    before = scene.pass_time(10.5)
    assert before.pose == {"elbow": 0.1}
    scene.saw_joints({"wrist": 0.2}, 10.6)
    assert scene.pass_time(10.7).pose == {"elbow": 0.1, "wrist": 0.2}
    assert before.pose == {"elbow": 0.1}
    assert scene.pass_time(12.0).pose is None
    assert not scene.measured(12.0)
    assert [scene.trouble(12.0), scene.trouble(14.0)] == ["halted", None]
