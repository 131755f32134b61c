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

"""What play and demo play: bags and clips of any skeleton, and what of it nobody could use."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iat_ros.commands.recordings import add_recording, add_skeleton, open_recording
from iat_ros.data.bag import write_bag
from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import StreamFrame, check_people, from_clips
from iat_ros.errors import ConfigError, DataError
from iat_ros.model.model_file import load_card
from iat_ros.resources import find_config, find_model
from iat_ros.skeleton.definition import load_skeleton

CARD = load_card(find_model("utd_mhad"))


def opened(*words: str, kinect: bool = False, skeleton: str = "kinect_v2") -> tuple[list[StreamFrame], str]:
    """Open what the options choose, for the model that ships or for one that was trained on another skeleton."""
    parser = argparse.ArgumentParser()
    add_recording(parser)
    add_skeleton(parser, "said in the test")
    return open_recording(parser.parse_args(words), replace(CARD, skeleton=skeleton) if kinect else CARD)


def kinect_frames(size: float = 1.0) -> list[StreamFrame]:
    """A person of 25 joints, about as large as given [m]."""
    rng = np.random.default_rng(0)
    return [StreamFrame(i / 30, "camera", np.array([3]), size * rng.random((1, 25, 3))) for i in range(20)]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A bag of a Kinect v2."""
    write_bag(tmp_path / "kinect", kinect_frames())
    return tmp_path / "kinect"


@pytest.fixture
def clips() -> list[Clip]:
    """Somebody who acts, and somebody who answers, with a Kinect's 25 joints."""
    made = make_clips(2, 1, actions=("knock", "wave"))
    rng = np.random.default_rng(0)
    return [
        replace(clip, positions=rng.random((len(clip.times_s), 25, 3)), name=f"{clip.action}_{clip.person}")
        for clip in made
    ]


def test_a_bag_goes_by_the_skeleton_of_the_model(bag: Path) -> None:
    """A model of its skeleton plays it; one of another refuses it before anything runs, unless it is told."""
    frames, skeleton = opened("--bag", str(bag), kinect=True)
    assert (len(frames), skeleton) == (20, "kinect_v2")
    with pytest.raises(DataError, match=r"kinect: its people have 25 joints, the skeleton 'utd_mhad' has 20.*--skel"):
        opened("--bag", str(bag))
    assert opened("--bag", str(bag), "--skeleton", "kinect_v2")[1] == "kinect_v2"
    assert opened(kinect=True)[1] == "utd_mhad"  # what ships was recorded with it, whatever the model was trained on


def test_only_the_named_people_of_a_bag_are_played(tmp_path: Path) -> None:
    """Frames stay where they leave, each keeps their joints; who is in no frame, or in no bag, is refused."""
    one = kinect_frames()
    two = [replace(a, body_ids=np.array([5, 3]), positions=np.concatenate([a.positions + 1, a.positions])) for a in one]
    two[:4] = [replace(frame, body_ids=np.array([5]), positions=frame.positions[:1]) for frame in two[:4]]
    write_bag(tmp_path / "two", two)
    words = ("--bag", str(tmp_path / "two"), "--skeleton", "kinect_v2", "--stimulus")
    frames, _ = opened(*words, "3")
    assert [frame.body_ids.tolist() for frame in frames] == [[]] * 4 + [[3]] * 16
    np.testing.assert_allclose([frame.positions[0] for frame in frames[4:]], [a.positions[0] for a in one[4:]])
    assert [frame.body_ids.tolist() for frame in opened(*words, "3", "5")[0]] == [[5]] * 4 + [[5, 3]] * 16
    with pytest.raises(DataError, match=r"two: --stimulus 0: nobody of that body id is in it; seen: 3, 5$"):
        opened(*words, "3", "0")
    with pytest.raises(ConfigError, match="--stimulus is for bags"):
        opened("--data", "made_up", "--stimulus", "3")


def test_a_skeleton_that_does_not_ship_is_asked_for(bag: Path, tmp_path: Path) -> None:
    """The model names only a name; its file must be given."""
    with pytest.raises(ConfigError, match="the skeleton 'my_tracker' does not ship: give its YAML file"):
        opened("--bag", str(bag), kinect=True, skeleton="my_tracker")
    file = tmp_path / "my_tracker.yaml"
    file.write_text(find_config("skeletons", "kinect_v2").read_text().replace("name: kinect_v2", "name: my_tracker"))
    words = ("--bag", str(bag), "--skeleton", str(file))
    assert opened(*words, kinect=True, skeleton="my_tracker")[1] == str(file)


def test_who_acts_in_any_data_set_is_played(tmp_path: Path, clips: list[Clip]) -> None:
    """Only stimuli, by their names or people, as a tracker would send them; the data says which skeleton it is."""
    acts, answers = ([clip for clip in clips if clip.action == action] for action in ("knock", "wave"))
    data = tmp_path / "set"
    write_set(data, clips, "kinect_v2", {b.name: a.name for a, b in zip(acts, answers, strict=True)})
    frames, skeleton = opened("--data", str(data), "--still", "0")
    assert skeleton == "kinect_v2"
    assert {int(frame.body_ids[0]) for frame in frames} == {0, 1}
    assert len(frames) == sum(len(clip.times_s) for clip in acts)
    np.testing.assert_allclose(frames[5].positions[0], acts[0].positions[5])
    one, _ = opened("--data", str(data), "--still", "0", "--clips", acts[1].name)
    np.testing.assert_allclose(one[5].positions[0], acts[1].positions[5])
    with pytest.raises(ConfigError, match="--clips nobody: no such clip of anybody who acts"):
        opened("--data", str(data), "--clips", "nobody")
    with pytest.raises(ConfigError, match="--people nobody: none of them"):
        opened("--data", str(data), "--people", "nobody")
    with pytest.raises(ConfigError, match="holds people of 'kinect_v2'; leave it out"):
        opened("--data", str(data), "--skeleton", "utd_mhad")


def test_a_data_set_brings_its_own_skeleton(tmp_path: Path, clips: list[Clip]) -> None:
    """A skeleton file that goes with the data is found without being named again."""
    own = tmp_path / "my_tracker.yaml"
    own.write_text(find_config("skeletons", "kinect_v2").read_text().replace("name: kinect_v2", "name: my_tracker"))
    act, answer = clips[0], next(clip for clip in clips if clip.action != clips[0].action)
    write_set(tmp_path / "set", [act, answer], str(own), {answer.name: act.name})
    own.unlink()
    frames, skeleton = opened("--data", str(tmp_path / "set"), "--still", "0", skeleton="my_tracker", kinect=True)
    assert skeleton == str(tmp_path / "set" / "skeleton.yaml")
    assert frames[0].positions.shape[1] == 25


def test_bags_are_no_data_set_to_play(bag: Path) -> None:
    """They are played with another option."""
    with pytest.raises(ConfigError, match="which are played with --bag"):
        opened("--data", str(bag))


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (kinect_frames(1000.0), r"bag: its people are \d{3} m large: millimetres\?"),
        ([StreamFrame(0.0, "camera", np.array([], int), np.zeros((0, 25, 3)))], "bag: nobody is in it"),
        (
            [replace(frame, positions=np.where(np.arange(25)[:, None] == 9, np.nan, frame.positions)) for frame in
             kinect_frames()],
            "of nobody in it right_elbow is ever tracked, which skeleton 'kinect_v2' needs",
        ),
    ],
    ids=["millimetres", "nobody", "untracked"],
)  # fmt: skip
def test_what_nobody_could_use_is_refused(frames: list[StreamFrame], says: str) -> None:
    """One line says why, before a robot waits in vain."""
    with pytest.raises(DataError, match=says):
        check_people("bag", frames, load_skeleton("kinect_v2"))


def test_people_of_usual_size_pass() -> None:
    """Some joints may be untracked at times, and somebody may be missing."""
    frames = list(from_clips(make_clips(1, 1, actions=("knock",))))
    frames[3].positions[0, 2] = np.nan
    definition = load_skeleton("utd_mhad")
    assert np.isnan(frames[3].positions[0, definition.needed_joints]).any()
    check_people("bag", frames, definition)  # raises where nobody could be used
    with pytest.raises(DataError, match="is ever tracked"):
        check_people("bag", frames[3:4], definition)
