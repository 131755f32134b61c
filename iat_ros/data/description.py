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

"""What says what is in a data set of the generic form: its skeleton, its clips, and what answers what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from iat_ros.data.protocol import Rule
from iat_ros.errors import ConfigError, DataError, describe
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton
from iat_ros.yaml_file import check_keys

DATASET = "dataset.yaml"


@dataclass(frozen=True)
class ClipEntry:
    """What a description says of a clip.

    Attributes:
        file: Where it is, inside the data set.
        name: What the others call it.
        person: Who acts.
        action: What they do; empty where nobody says.
        answers: The name of the clip that it answers, or None.
        rate_hz: Frames a second, where the clip has no times.
    """

    file: str
    name: str
    person: str
    action: str
    answers: str | None
    rate_hz: float | None


@dataclass(frozen=True)
class Description:
    """What ``dataset.yaml`` says.

    Attributes:
        definition: The skeleton.
        joints: Names of the joints in clips that do not name them themselves.
        entries: The clips.
        rules: Which action is to be answered with which; none where clips say what they answer.
    """

    definition: SkeletonDefinition
    joints: tuple[str, ...]
    entries: list[ClipEntry]
    rules: tuple[Rule, ...]


def parse_description(where: str, folder: Path, content: Mapping[str, Any]) -> Description:
    """Check what a description says.

    Args:
        where: The file, for messages.
        folder: Where a skeleton file of the data set's own lies.
        content: What was read of it.

    Raises:
        DataError: It contradicts itself, or a value is of the wrong kind.
        ConfigError: A key is missing or unknown, or there is no such skeleton.
        SkeletonError: The skeleton contradicts itself.
    """
    check_keys(where, content, {"skeleton", "clips"}, {"rate_hz", "joints", "rules"})
    definition = _skeleton(where, folder, content["skeleton"])
    joints = _names(where, content["joints"]) if "joints" in content else definition.sent
    entries = _entries(where, content)
    rules = _rules(where, content.get("rules"))
    if rules and any(entry.answers for entry in entries):
        raise DataError(f"{where}: has rules and answers; clips that answer each other need no rules: give one of both")
    if not rules and not any(entry.answers for entry in entries):
        raise DataError(f"{where}: nothing says what answers what: give clips 'answers', or the set 'rules'")
    return Description(definition, joints, entries, rules)


def description_in(where: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Read the description that an NPZ file holds as the text ``dataset``.

    Raises:
        DataError: There is none, or it is not plain YAML.
    """
    text = arrays.get("dataset")
    if text is None or text.shape != () or text.dtype.kind != "U":
        raise DataError(f"{where}: expected the text of {DATASET} as the array 'dataset'")
    try:
        content = yaml.safe_load(str(text))
    except Exception as error:  # PyYAML lets through what its constructors stumble over
        raise DataError(f"{where}: 'dataset' is not plain YAML: {describe(error)}") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise DataError(f"{where}: 'dataset' must be a mapping with text keys, got {type(content).__name__}")
    return content


def _skeleton(where: str, folder: Path, value: Any) -> SkeletonDefinition:
    if not isinstance(value, str):
        raise DataError(f"{where}: skeleton must be a name or a YAML file, got {value!r}")
    return load_skeleton(str(folder / value) if value.endswith((".yaml", ".yml")) else value)


def _names(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise DataError(f"{where}: joints must be a list of names, got {str(value)[:60]}")
    return tuple(value)


def _rules(where: str, value: Any) -> tuple[Rule, ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise DataError(f"{where}: rules must map actions to the actions that answer them, got {str(value)[:60]}")
    return tuple(Rule(stimulus, response) for stimulus, response in value.items())


def _rate(where: str, content: Mapping[str, Any]) -> float | None:
    rate = content.get("rate_hz")
    if rate is not None and (type(rate) not in (int, float) or not 0 < rate < 10_000):
        raise DataError(f"{where}: rate_hz must be a number above 0, got {rate!r}")
    return None if rate is None else float(rate)


def _entries(where: str, content: Mapping[str, Any]) -> list[ClipEntry]:
    if not isinstance(content["clips"], list) or not content["clips"]:
        raise DataError(f"{where}: clips must be a list of at least one")
    rate_hz = _rate(where, content)
    entries = []
    for number, clip in enumerate(content["clips"], start=1):
        here = f"{where}: clip {number}"
        if not isinstance(clip, dict):
            raise DataError(f"{here}: expected a mapping, got {str(clip)[:60]}")
        try:
            check_keys(here, clip, {"file", "person"}, {"name", "action", "answers", "rate_hz"})
        except ConfigError as error:
            raise DataError(str(error)) from error
        for key, value in clip.items():
            if key != "rate_hz" and (not isinstance(value, str) or not value):
                raise DataError(f"{here}: {key} must be a text, got {value!r}")
        name = clip.get("name", Path(clip["file"]).stem)
        own = _rate(here, clip)
        entries.append(
            ClipEntry(clip["file"], name, clip["person"], clip.get("action", ""), clip.get("answers"), own or rate_hz)
        )
    _check_answers(where, entries)
    return entries


def _check_answers(where: str, entries: list[ClipEntry]) -> None:
    names = [entry.name for entry in entries]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"{where}: clips of the same name: {', '.join(doubled)}; give each its own 'name'")
    answers = {entry.name: entry.answers for entry in entries if entry.answers}
    for name, answered in answers.items():
        if answered not in names:
            raise DataError(f"{where}: clip '{name}' answers '{answered}', which is no clip here")
        if answered == name or answers.get(answered) == name:
            raise DataError(f"{where}: '{name}' and '{answered}' answer each other; one of them must come first")
