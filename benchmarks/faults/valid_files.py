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

"""Small valid files of every kind that the package reads, and how each is read: what the damage is done to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from iat_ros.data import bag
from iat_ros.data.actions import with_stillness
from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.opening import open_source
from iat_ros.data.recording import from_clips
from iat_ros.data.source import RULES
from iat_ros.data.utd_mhad import ACTIONS
from iat_ros.resources import share_directory
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.description import find_urdf, load_robot_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

TOY_URDF = """<?xml version="1.0"?>
<robot name="toy">
  <link name="base"><collision><geometry><box size="0.2 0.3 0.6"/></geometry></collision></link>
  <link name="upper"><collision><geometry><cylinder radius="0.04" length="0.3"/></geometry></collision></link>
  <link name="lower"><collision><geometry><sphere radius="0.05"/></geometry></collision></link>
  <link name="hand"/>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0.3 0.3" rpy="0 0 0"/>
    <axis xyz="0 1 0"/><limit lower="-2" upper="2" velocity="3" effort="10"/></joint>
  <joint name="elbow" type="revolute"><parent link="upper"/><child link="lower"/><origin xyz="0 0 -0.3"/>
    <axis xyz="0 1 0"/><limit lower="-2" upper="0.5" velocity="3" effort="10"/></joint>
  <joint name="wrist" type="fixed"><parent link="lower"/><child link="hand"/><origin xyz="0 0 -0.3"/></joint>
</robot>
"""
TOY = {
    "name": "toy", "urdf": "toy.urdf", "torso": "base", "joints": ["shoulder", "elbow"], "rest": {"elbow": -0.3},
    "limbs": {"left_upper_arm": ["upper", "lower"], "left_forearm": ["lower", "hand"]}, "torso_rpy": [0.0, 0.0, 0.1],
    "max_velocity": {"elbow": 2.0}, "max_acceleration": 5.0, "position_margin": 0.02, "splay": 0.1,
}  # fmt: skip


def _bag(storage: str, folder: Path) -> list[str]:
    frames = list(from_clips(make_clips(1, 1, actions=("knock",)), still_s=0.2))[:60]
    path = folder / "bag"
    if storage == "mcap":
        bag.write_bag(path, frames)
    else:
        store = get_typestore(Stores.ROS2_JAZZY)
        with Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
            connection = writer.add_connection("/skeletons", bag.CLOUD, typestore=store)
            for frame in frames:
                message = store.serialize_cdr(bag._message(store, frame), bag.CLOUD)
                writer.write(connection, round(frame.time_s * 1e9), message)
    data = next(file for file in path.iterdir() if file.suffix in (".mcap", ".db3"))
    return [f"bag/{data.name}"] * 3 + ["bag/metadata.yaml"]


def _read_bag(folder: Path) -> Any:
    return list(bag.read_bag(folder / "bag"))


def _model(name: str, folder: Path) -> list[str]:
    shutil.copytree(share_directory() / "models" / "utd_mhad", folder / "model")
    return [f"model/{name}"]


def _read_model(folder: Path) -> Any:
    from iat_ros.model.responder import Responder

    Responder.load(folder / "model", "cpu").require_limbs(load_skeleton("utd_mhad"))


def _robot(name: str, folder: Path) -> list[str]:
    (folder / "toy.urdf").write_text(TOY_URDF)
    (folder / "toy.yaml").write_text(yaml.safe_dump(TOY))
    return [name]


def _read_robot(folder: Path) -> Any:
    CollisionChecker(RobotModel.load(folder / "toy.yaml"))


def _g1(folder: Path) -> list[str]:
    shipped = share_directory() / "config" / "robots" / "g1.yaml"
    shutil.copyfile(find_urdf(load_robot_config(shipped)), folder / "g1.urdf")
    content = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    (folder / "g1.yaml").write_text(yaml.safe_dump({**content, "urdf": "g1.urdf"}))
    return ["g1.urdf"]


def _read_g1(folder: Path) -> Any:
    RobotModel.load(folder / "g1.yaml")


def _shipped_yaml(kind: str, name: str, folder: Path) -> list[str]:
    shutil.copyfile(share_directory() / "config" / kind / f"{name}.yaml", folder / "it.yaml")
    return ["it.yaml"]


def _read_skeleton(folder: Path) -> Any:
    return load_skeleton(str(folder / "it.yaml"))


def _read_training(folder: Path) -> Any:
    from iat_ros.training.config import load_training_config

    return load_training_config(str(folder / "it.yaml"))


def _read_set(kind: str, path: str, folder: Path) -> Any:
    return open_source(str(folder / path), kind=kind).divide(32, None, 0)


def _generic(path: str, kind: str, folder: Path) -> list[str]:
    clips = make_clips(2, 1, actions=tuple(label for rule in RULES for label in (rule.stimulus, rule.response)))
    write_set(folder / path, clips, "utd_mhad", rules=RULES, kind=kind)
    if path.endswith(".npz"):
        return [path]
    files = sorted(file.name for file in (folder / path).iterdir())
    return [f"{path}/{name}" for name in (*files[:2], "dataset.yaml")]


def _utd_mhad(folder: Path) -> list[str]:
    (folder / "set").mkdir()
    names = []
    for clip in make_clips(2, 1, actions=tuple(label for rule in RULES for label in (rule.stimulus, rule.response))):
        person = int("".join(letter for letter in clip.person if letter.isdigit())) + 1
        name = f"set/a{ACTIONS.index(clip.action) + 1}_s{person}_t1_skeleton.mat"
        scipy.io.savemat(str(folder / name), {"d_skel": clip.positions.transpose(1, 2, 0)})
        names.append(name)
    return names[:2]


def _together(skeleton: str) -> tuple[np.ndarray, np.ndarray]:
    """Return two people (F, J, 3) [m] who were recorded together; the second answers the first."""
    act, answer = make_clips(1, 1, 0, ("knock",))[0], make_clips(1, 1, 1, ("wave",))[0]
    people = [with_stillness(act, 0.5, 1.6), with_stillness(answer, 1.1, 1.0)]
    frames = min(len(clip.times_s) for clip in people)
    poses = [_joints_of(skeleton, clip)[:frames] for clip in people]
    return poses[0], poses[1] + np.array([1.2, 0.0, 0.0])


def _joints_of(skeleton: str, clip: Clip) -> np.ndarray:
    """Return a clip's positions (F, J, 3) [m] with another skeleton's joints; those that it lacks lie in the hips."""
    own, wanted = load_skeleton("utd_mhad").joints, load_skeleton(skeleton).joints
    same = {"spine_base": "hip_center", "waist": "hip_center", "spine_mid": "spine", "torso": "spine",
            "spine_shoulder": "shoulder_center", "neck": "shoulder_center"}  # fmt: skip
    columns = [
        own.index(name) if (name := same.get(joint, joint)) in own else own.index("hip_center") for joint in wanted
    ]
    return np.round(clip.positions[:, columns], 6)


def _text(path: Path, rows: list[list[object]], separator: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in rows))


def _ntu(folder: Path) -> list[str]:
    people = _together("kinect_v2")
    rows: list[list[object]] = [[len(people[0])]]
    for poses in zip(*people, strict=True):
        rows.append([2])
        for number, pose in enumerate(poses):
            rows += [[number, 0, 0, 0, 0, 0, 0, 0.1, 0.1, 2], [25]]
            rows += [[*joint, 1, 1, 1, 1, 0, 0, 0, 1, 2] for joint in pose.tolist()]
    _text(folder / "set/S001C001P001R001A050.skeleton", rows, " ")
    return ["set/S001C001P001R001A050.skeleton"]


def _sbu(folder: Path) -> list[str]:
    people = np.stack(_together("sbu"), axis=1)
    scaled = np.stack(
        [(1280 - 1e3 * people[..., 0]) / 2560, (960 - 1e3 * people[..., 1]) / 1920, 0.78125 * people[..., 2]], axis=-1
    )
    _text(folder / "set/s01s02/01/001/skeleton_pos.txt", [[i, *f.ravel().tolist()] for i, f in enumerate(scaled)], ",")
    return ["set/s01s02/01/001/skeleton_pos.txt"]


def _nuisi(folder: Path) -> list[str]:
    names = []
    for person, positions in enumerate(_together("nuitrack"), start=1):
        rows: list[list[object]] = []
        for index, pose in enumerate(positions):
            joints = [[kind, 0.75, 0, 0, 0, *joint] for kind, joint in enumerate((1e3 * pose).tolist())]
            rows.append([index, 1000 + 33 * index, 25, *(value for joint in joints for value in joint)])
        names.append(f"set/Waving_p{person}.txt")
        _text(folder / names[-1], rows, ",")
    return names


def _air_act2act(folder: Path) -> list[str]:
    people = _together("kinect_v2")
    frames = [
        [{"joints": [dict(zip("xyz", joint, strict=True)) for joint in pose.tolist()]} for pose in poses]
        for poses in zip(people[1], people[0], strict=True)
    ]
    (folder / "set").mkdir()
    (folder / "set/C003P001A005S001.joint").write_text(json.dumps(frames))
    return ["set/C003P001A005S001.joint"]


KINDS: dict[str, tuple[Callable[[Path], list[str]], Callable[[Path], Any]]] = {
    "bag (mcap)": (partial(_bag, "mcap"), _read_bag),
    "bag (sqlite3)": (partial(_bag, "sqlite3"), _read_bag),
    "model.json": (partial(_model, "model.json"), _read_model),
    "model.safetensors": (partial(_model, "model.safetensors"), _read_model),
    "URDF": (partial(_robot, "toy.urdf"), _read_robot),
    "URDF of a G1": (_g1, _read_g1),
    "robot YAML": (partial(_robot, "toy.yaml"), _read_robot),
    "skeleton YAML": (partial(_shipped_yaml, "skeletons", "utd_mhad"), _read_skeleton),
    "training YAML": (partial(_shipped_yaml, "training", "paper"), _read_training),
    "generic NPZ": (partial(_generic, "set.npz", "npz"), partial(_read_set, "generic", "set.npz")),
    "generic NPZ files": (partial(_generic, "set", "npz"), partial(_read_set, "generic", "set")),
    "generic CSV files": (partial(_generic, "set", "csv"), partial(_read_set, "generic", "set")),
    "UTD-MHAD": (_utd_mhad, partial(_read_set, "utd_mhad", "set")),
    "NTU RGB+D": (_ntu, partial(_read_set, "ntu", "set")),
    "SBU": (_sbu, partial(_read_set, "sbu", "set")),
    "NuiSI": (_nuisi, partial(_read_set, "nuisi", "set")),
    "AIR-Act2Act": (_air_act2act, partial(_read_set, "air_act2act", "set")),
}
"""For each kind: makes files in an empty folder and names those to be damaged; reads them."""
