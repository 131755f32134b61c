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

"""From a bag of a person and a steered robot to a model that answers in the robot's joints, by the verbs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iat_ros.commands import evaluate_bag, inspect, train
from iat_ros.data.actions import find_segments
from iat_ros.data.bag import write_bag
from iat_ros.data.generic_writer import write_set
from iat_ros.data.joint_clip import JointClip
from iat_ros.data.made_up import make_clips
from iat_ros.data.made_up_session import Take, Turn, make_session
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Rule
from iat_ros.data.recording import JointFrame, StreamFrame
from iat_ros.errors import DataError
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.judge import JudgeConfig
from iat_ros.model.model_file import load_card
from iat_ros.model.responder import Responder
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import JointScale

UTD = load_skeleton("utd_mhad")
NAMES = ("left_elbow_joint", "right_elbow_joint")


def swing(times_s: np.ndarray, start_s: float, end_s: float, joint: int) -> np.ndarray:
    """Positions of two joints of which one goes up by 0.9 rad and comes back."""
    positions = np.full((len(times_s), 2), 1.2)
    positions[:, joint] -= 0.9 * np.sin(np.pi * np.clip((times_s - start_s) / (end_s - start_s), 0.0, 1.0)) ** 2
    return positions


def take(action: str, person: int, seed: int) -> Take:
    """One made-up action of one made-up person."""
    clip = make_clips(person + 1, 1, seed, (action,))[person]
    (segment,), _ = find_segments(UTD, clip)
    return Take(clip, float(segment.times_s[0]), float(segment.times_s[-1]))


def write_session(path: Path, unit: float = 1.0) -> Path:
    """Knocks are answered with the left elbow, throws with the right one, six of each; joints in a unit [rad]."""
    turns = [
        Turn(take(act, 0, seed), take(answer, 1, seed))
        for seed in range(6)
        for act, answer in (("knock", "wave"), ("throw", "catch"))
    ]
    frames, done = make_session(turns, seed=1)
    times_s = np.arange(0.0, frames[-1].time_s, 0.01)
    positions = np.full((len(times_s), 2), 1.2)
    for number, one in enumerate(each for each in done if each.body == 2):
        positions += swing(times_s, one.start_s, one.end_s, number % 2) - 1.2
    joints = [JointFrame(float(time_s), NAMES, pose / unit) for time_s, pose in zip(times_s, positions, strict=True)]
    alone = [
        StreamFrame(one.time_s, one.frame_id, one.body_ids[one.body_ids == 1], one.positions[one.body_ids == 1])
        for one in frames
    ]
    write_bag(path, alone, joints=joints)
    return path


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording as it should be."""
    return write_session(tmp_path_factory.mktemp("bags") / "monday")


@pytest.fixture(scope="module")
def model(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `train` makes of the bag, by a short recipe."""
    folder = tmp_path_factory.mktemp("learned")
    (folder / "short.yaml").write_text("width: 8\npool: 64\ngan: {steps: 4, batch: 8}\n")
    words = ["--data", str(bag), "--out", str(folder / "model"), "--config", str(folder / "short.yaml"), "--no-scores"]
    assert train.main(words) == 0
    return folder / "model"


def test_a_bag_of_a_steered_robot_becomes_a_model_of_its_joints(model: Path, bag: Path) -> None:
    """The card has the joints and where they have been; stimuli of the bag get the joint that answered them."""
    card = load_card(model)
    assert card.joints is not None
    assert card.joints.names == NAMES
    assert card.joints.lowest == pytest.approx((0.3, 0.3), abs=0.01)
    assert card.joints.highest == pytest.approx((1.2, 1.2), abs=0.01)
    assert (card.dimensions.limbs, card.dimensions.response_limbs) == (8, 2)
    responder = Responder.load(model, "cpu")
    pairs = open_source(str(bag)).divide(32, None, 0).pairs
    assert len(pairs) == 12
    motions = responder.to_joints(responder.answer(pairs.stimuli, np.zeros((12, card.dimensions.noise))))
    asked = card.joints.to_positions(pairs.responses.limbs_in_body)
    right = [np.ptp(motion.positions, axis=0).argmax() for motion in motions]
    assert right == np.ptp(asked, axis=1).argmax(axis=1).tolist()


def test_inspect_draws_a_steered_robot(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pairs are a person's strip and a robot's curves."""
    words = ["--data", str(bag), "--out", str(tmp_path / "page"), "--json", str(tmp_path / "j.json")]
    assert inspect.main(words) == 0
    assert "12 actions, 12 pairs, 0 warnings" in capsys.readouterr().out
    page = (tmp_path / "page" / "index.html").read_text()
    pictures = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert {"figures/pair_1.png", "figures/answer_1.png"} <= {picture.replace(".svg", ".png") for picture in pictures}
    assert all((tmp_path / "page" / picture).is_file() for picture in pictures)


def test_joint_states_in_degrees_are_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inspect gives exit code 1; train says the same and goes on."""
    bag = write_session(tmp_path / "degrees", unit=np.pi / 180)
    assert inspect.main(["--data", str(bag)]) == 1
    told = capsys.readouterr()
    assert "12 pairs, 1 warning" in told.out
    (warning,) = told.err.splitlines()
    assert warning.startswith(f"{bag}: not radians: positions of '")
    assert "reach 68.8" in warning
    (tmp_path / "short.yaml").write_text("width: 8\npool: 64\ngan: {steps: 2, batch: 8}\n")
    words = ["--data", str(bag), "--out", str(tmp_path / "model"), "--config", str(tmp_path / "short.yaml")]
    assert train.main([*words, "--no-scores"]) == 0
    assert warning in capsys.readouterr().err.splitlines()


def test_a_replay_refuses_a_model_of_joints(bag: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what judges it instead."""
    assert evaluate_bag.main([str(bag), "--model", str(model)]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert "answers in a robot's joints" in told[0]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled clips of people, answered by labelled clips of a robot."""
    people = make_clips(4, 2, actions=("throw", "knock"))
    robot = []
    for number, clip in enumerate(people):
        times_s = np.arange(0.0, 2.5, 0.01)
        action, joint = ("catch", 1) if clip.action == "throw" else ("wave", 0)
        positions = swing(times_s, 0.4, 2.0 + 0.02 * number, joint)
        robot.append(JointClip(f"r{number}", times_s, positions, NAMES, clip.person, action))
    path = tmp_path_factory.mktemp("labelled") / "set.npz"
    write_set(path, [*people, *robot], "utd_mhad", rules=[Rule("throw", "catch"), Rule("knock", "wave")])
    return path


def test_answers_in_joints_are_judged(labelled: Path) -> None:
    """E takes people's limbs beside a robot's joints: true responses fit, those of the other rule do not."""
    division = open_source(str(labelled)).divide(32, None, 0)
    evaluation = IatEvaluation(division, folds=2, config=JudgeConfig(steps=300, batch=16, width=8))
    assert division.responses[0].motion.limbs_in_body.shape == (32, 2, 3)
    assert evaluation.e_kfold > 90.0


def test_a_model_and_data_of_other_answers_are_refused(labelled: Path) -> None:
    """Joints for limbs, limbs for joints, and other joints are one line each; the model's own scale is taken over."""
    source = open_source(str(labelled))
    assert source.joint_scale is not None
    with pytest.raises(DataError, match=r"answers with limbs, in set.npz a robot's joints answer"):
        source.matching(None)
    with pytest.raises(DataError, match="answers with a robot's joints, in made_up limbs answer"):
        open_source("made_up").matching(source.joint_scale)
    with pytest.raises(DataError, match="only one of them has left_elbow_joint, waist"):
        source.matching(replace(source.joint_scale, names=("waist", "right_elbow_joint")))
    wider = JointScale(NAMES[::-1], (-2.0, -2.0), (2.0, 2.0))
    taken = source.matching(wider)
    assert taken.joint_scale is wider
    np.testing.assert_array_equal(taken.joint_clips[0].positions, source.joint_clips[0].positions[:, ::-1])
    assert open_source("made_up").matching(None).joint_scale is None
