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

"""A bag on disk: messages of any recorder are read, and what is no bag, or no message, says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iat_ros.data.bag import CLOUD, JOINT_STATE, _joint_state, _message, read_bag, read_joint_states, write_bag
from iat_ros.data.bag_recorder import BagRecorder
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Rule
from iat_ros.data.recording import JointFrame, StreamFrame
from iat_ros.errors import DataError

FRAMES = [StreamFrame(0.1 * i, "camera", np.array([7]), np.full((1, 20, 3), 1.0 + i)) for i in range(3)]
NAMES = ("shoulder", "elbow")


def store_bag(path: Path, clouds: list[bytes], states: list[bytes]) -> Path:
    """Write serialised messages as they are."""
    recorder = BagRecorder(path, {"/skeletons": CLOUD, "/joint_states": JOINT_STATE})
    for i, message in enumerate(clouds):
        recorder.write("/skeletons", i, message)
    for i, message in enumerate(states):
        recorder.write("/joint_states", i, message)
    recorder.close()
    return path


def serialised(surplus: bytes) -> tuple[list[bytes], list[bytes]]:
    """Three clouds, and a message of joint states without velocities and efforts, each with more behind it."""
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    clouds = [bytes(store.serialize_cdr(_message(store, frame), CLOUD)) + surplus for frame in FRAMES]
    state = _joint_state(store, JointFrame(0.1, NAMES, np.array([0.25, -0.5])))
    return clouds, [bytes(store.serialize_cdr(state, JOINT_STATE)) + surplus]


@pytest.mark.parametrize("count", range(9))
def test_what_follows_a_message_is_passed_over(tmp_path: Path, count: int) -> None:
    """Up to eight bytes, whatever they hold: the memory behind a serialised message is not cleared."""
    bag = store_bag(tmp_path / "bag", *serialised(b"\x60\x7f\x00\x00\x40\x02\x01\x00"[:count]))
    assert [frame.positions[0, 0, 0] for frame in read_bag(bag)] == [1.0, 2.0, 3.0]
    (state,) = read_joint_states(bag)
    assert state.names == NAMES
    assert state.positions.tolist() == [0.25, -0.5]


@pytest.mark.ros
@pytest.mark.parametrize("joints", range(1, 5))
def test_what_rclpy_serialised_can_be_read(tmp_path: Path, joints: int) -> None:
    """Joint states of positions alone, as a recorder in Python stores them."""
    from rclpy.serialization import serialize_message
    from sensor_msgs.msg import JointState

    state = JointState(name=[f"joint_{'x' * i}" for i in range(joints)], position=[0.5 * i for i in range(joints)])
    bag = store_bag(tmp_path / "bag", serialised(b"")[0], [serialize_message(state)])
    (read,) = read_joint_states(bag)
    assert read.names == tuple(state.name)
    assert read.positions.tolist() == list(state.position)


@pytest.mark.parametrize("cut", [-60, 9])
def test_a_message_that_is_none_names_its_topic_and_needs_no_mending(tmp_path: Path, cut: int) -> None:
    """Too short, or more behind it than any alignment asks for: a mended bag would hold the same."""
    clouds, states = serialised(b"\x00" * 9)
    clouds[1] = clouds[1][: len(clouds[1]) - 9 + cut]
    states[0] = states[0][:-9]
    bag = store_bag(tmp_path / "bag", clouds, states)
    with pytest.raises(DataError, match=f"on /skeletons is no {CLOUD}: .*; record it as ROS 2") as caught:
        list(read_bag(bag))
    assert "--mend" not in str(caught.value)


def test_a_folder_without_a_bag_is_not_called_damaged(tmp_path: Path) -> None:
    """There is nothing to mend: what takes a data set is named, and what a bag is made of where there is none."""
    clips = make_clips(1, 1, actions=("throw", "catch"))
    for name in ("set", "set.npz"):
        write_set(tmp_path / name, clips, "utd_mhad", rules=[Rule("throw", "catch")], kind="csv")
        with pytest.raises(DataError, match=rf"no bag; .* data set \(generic\): `demo`.* --data .*{name}$"):
            list(read_bag(tmp_path / name))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("none")
    with pytest.raises(DataError, match=r"notes: no bag; expected metadata.yaml and .mcap or .db3 files in it$"):
        list(read_bag(tmp_path / "notes"))
    write_bag(tmp_path / "notes" / "week" / "monday", FRAMES)
    with pytest.raises(DataError, match=r"notes: no bag; its bags lie deeper: name one$"):
        list(read_bag(tmp_path / "notes"))
    (tmp_path / "notes" / "week" / "monday" / "monday.mcap").unlink()
    with pytest.raises(DataError, match=r"monday: a bag whose .mcap or .db3 files are gone"):
        list(read_bag(tmp_path / "notes" / "week" / "monday"))


def test_a_directory_of_bags_is_named_as_one(tmp_path: Path) -> None:
    """It is not damaged: which bags are in it, and that one was expected."""
    for name in ("monday", "tuesday"):
        write_bag(tmp_path / name, FRAMES)
    with pytest.raises(DataError, match=r"a directory of 2 bags \(monday, tuesday\), expected one: name it"):
        list(read_bag(tmp_path))
    assert len(list(read_bag(tmp_path / "tuesday"))) == len(FRAMES)
