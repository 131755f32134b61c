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

"""Writing the package's own form of a data set, to convert what other tools recorded."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from iat_ros.data.clip import Clip
from iat_ros.data.clip_file import write_csv
from iat_ros.data.description import DATASET
from iat_ros.data.protocol import Rule
from iat_ros.errors import DataError
from iat_ros.resources import find_config
from iat_ros.skeleton.definition import load_skeleton


def write_set(
    path: Path,
    clips: Sequence[Clip],
    skeleton: str,
    answers: Mapping[str, str] | None = None,
    rules: Sequence[Rule] = (),
    kind: str = "npz",
) -> None:
    """Write clips as a data set.

    Args:
        path: What to make: one file where the name ends in ``.npz``, else a directory.
        clips: The clips, each with a name of its own, in the joint order of the skeleton.
        skeleton: Name of a skeleton definition that ships, or a YAML file; a copy of the file goes with the data.
        answers: Name of a clip -> name of the clip that it answers.
        rules: Which action is to be answered with which, for labelled clips without answers.
        kind: Of the clip files of a directory: ``npz`` or ``csv``.

    Raises:
        DataError: The path exists, clips share a name, or a clip does not fit the skeleton.
        ConfigError: There is no such skeleton.
    """
    definition = load_skeleton(skeleton)
    names = [clip.name for clip in clips]
    if path.exists():
        raise DataError(f"{path}: exists already; choose another name or remove it first")
    if kind not in ("npz", "csv"):
        raise DataError(f"clip files can be npz or csv, not '{kind}'")
    if len(set(names)) != len(names) or any("/" in name for name in names):
        raise DataError(f"{path}: clips need names of their own, without '/'")
    for clip in clips:
        if clip.positions.shape[1] != len(definition.joints):
            raise DataError(f"{clip.name}: {clip.positions.shape[1]} joints do not fit skeleton '{skeleton}'")
    one_file = path.suffix == ".npz"
    folder = path.parent if one_file else path
    folder.mkdir(parents=True, exist_ok=True)
    if skeleton.endswith((".yaml", ".yml")):
        copy = folder / (f"{path.stem}_skeleton.yaml" if one_file else "skeleton.yaml")
        shutil.copyfile(find_config("skeletons", skeleton), copy)
        skeleton = copy.name
    files = {clip.name: clip.name if one_file else f"{clip.name}.{kind}" for clip in clips}
    text = yaml.safe_dump(_description(clips, files, skeleton, answers or {}, rules), sort_keys=False)
    if one_file:
        arrays: dict[str, Any] = {
            f"{clip.name}/{key}": array for clip in clips for key, array in _arrays(clip, definition.sent).items()
        }
        np.savez_compressed(path, dataset=np.array(text), **arrays)
        return
    for clip in clips:
        if kind == "csv":
            write_csv(path / files[clip.name], clip.times_s, definition.sent, clip.positions[:, : len(definition.sent)])
        else:
            np.savez_compressed(path / files[clip.name], **_arrays(clip, definition.sent))
    (path / DATASET).write_text(text, encoding="utf-8")


def _description(
    clips: Sequence[Clip], files: Mapping[str, str], skeleton: str, answers: Mapping[str, str], rules: Sequence[Rule]
) -> dict[str, Any]:
    entries = []
    for clip in clips:
        entry = {"file": files[clip.name], "name": clip.name, "person": clip.person}
        if clip.action:
            entry["action"] = clip.action
        if clip.name in answers:
            entry["answers"] = answers[clip.name]
        entries.append(entry)
    content: dict[str, Any] = {"skeleton": skeleton, "clips": entries}
    if rules:
        content["rules"] = {rule.stimulus: rule.response for rule in rules}
    return content


def _arrays(clip: Clip, joints: tuple[str, ...]) -> dict[str, Any]:
    return {"positions": clip.positions[:, : len(joints)], "times": clip.times_s, "joints": np.array(joints)}
