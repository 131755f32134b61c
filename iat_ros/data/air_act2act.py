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

"""Reader for the skeleton files of AIR-Act2Act.

Ko, Jang, Lee, Kim: "AIR-Act2Act: Human-human interaction dataset for teaching non-verbal social behaviors to robots",
IJRR 2021. Files are named ``C<camera>P<performer>A<scenario>S<setup>.joint`` and hold JSON: a list of frames, each a
list of bodies, each null or an object whose "joints" are 25 objects with x, y, z [m] (Kinect v2). An elderly person,
body 1, begins each interaction; a partner, body 0, answers. Camera C001 sees the person, C002 the partner, C003 both.
30 Hz.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction
from iat_ros.data.reading import Reading, by_key, read_bytes, without_zeros
from iat_ros.errors import DataError, describe

NAME, SKELETON = "AIR-Act2Act", "kinect_v2"
RATE_HZ = 30.0
JOINTS = 25
PERSON, PARTNER = 1, 0
"""Which body is who, in every file."""
_FILE = re.compile(r"C(00[123])((P\d{3})(A\d{3})S\d{3})\.joint")


def find_files(directory: Path) -> list[Path]:
    """List the ``.joint`` files in a directory and in the folders below it, by name."""
    return sorted(directory.rglob("*.joint"), key=lambda path: (path.name, path))


def read_body(path: Path, body: int) -> tuple[np.ndarray, np.ndarray]:
    """Read one body of a file.

    Returns:
        Numbers of the frames in which it was tracked, shape (F,), and positions [m], shape (F, 25, 3), NaN where a
        joint was not tracked.

    Raises:
        DataError: The file is damaged, or holds no such body.
    """
    content = _load(path)
    if not isinstance(content, list) or not content:
        raise DataError(f"{path}: expected a list of frames")
    frames, rows, others = [], [], set()
    for index, bodies in enumerate(content):
        where = f"{path}: frame {index}"
        if not isinstance(bodies, list) or not all(one is None or isinstance(one, dict) for one in bodies):
            raise DataError(f"{where}: expected a list of bodies, each null or an object")
        others |= {number for number, one in enumerate(bodies) if one is not None}
        if body < len(bodies) and bodies[body] is not None:
            frames.append(index)
            rows.append(_positions(bodies[body], f"{where}, body {body}"))
    if len(rows) < 2:
        found = ", ".join(str(number) for number in sorted(others)) or "none"
        role = "person who begins" if body == PERSON else "partner who answers"
        raise DataError(
            f"{path}: expected body {body}, the {role}, in 2 frames or more, found it in {len(rows)} (bodies here: "
            f"{found})"
        )
    return np.array(frames), without_zeros(np.stack(rows))


def read_interaction(name: str, files: dict[str, Path]) -> Interaction:
    """Read an interaction, from the cameras that face its people or, where they are missing, from the third.

    Args:
        name: ``P<performer>A<scenario>S<setup>``.
        files: Its files by camera.

    Raises:
        DataError: Files are missing or damaged.
    """
    both = {"001", "002"} <= files.keys()
    if not both and "003" not in files:
        here = ", ".join(sorted(path.name for path in files.values()))
        raise DataError(f"{name}: expected the files of C001 and C002, or that of C003; found only {here}")
    match = re.fullmatch(r"(P\d{3})(A\d{3})S\d{3}", name)
    if match is None:
        raise DataError(f"{name}: expected a name such as P001A005S003")
    person, partner = (("001", PERSON), ("002", PARTNER)) if both else (("003", PERSON), ("003", PARTNER))
    clips = []
    for (camera, body), who in ((person, match[1]), (partner, "partner")):
        frames, positions = read_body(files[camera], body)
        clips.append(Clip(f"C{camera}{name} body {body}", frames / RATE_HZ, positions, who, match[2]))
    return Interaction(name, clips[0], clips[1], first_acts=True)


def read_directory(directory: Path, reading: Reading) -> list[Interaction]:
    """Read all interactions of a data set directory.

    Raises:
        DataError: There is none, or a file is bad and bad ones are to be refused.
    """
    files, problems = by_key((path.name, path) for path in find_files(directory))
    interactions: dict[str, dict[str, Path]] = {}
    for name, path in files.items():
        if match := _FILE.fullmatch(name):
            interactions.setdefault(match[2], {})[match[1]] = path
        else:
            problems.append(f"{path}: expected a name such as C001P001A005S003.joint")
    if not interactions and not problems:
        raise DataError(f"{directory}: no files such as C001P001A005S003.joint here or in the folders below")
    reading.judge(str(directory), "files", problems, len(interactions) + len(problems))
    return reading.each(
        str(directory), "interactions", list(interactions.items()), lambda item: read_interaction(*item)
    )


def _load(path: Path) -> Any:
    content = read_bytes(path)
    if not content.strip():
        raise DataError(f"{path}: is empty")
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: line {error.lineno} is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # not text, numbers of thousands of digits, or too deep
        raise DataError(f"{path}: is not JSON: {describe(error)}") from error


def _positions(body: dict[str, Any], where: str) -> np.ndarray:
    joints = body.get("joints")
    if not isinstance(joints, list) or len(joints) != JOINTS:
        found = len(joints) if isinstance(joints, list) else "none"
        raise DataError(f"{where}: expected {JOINTS} joints, found {found}")
    rows = []
    for index, joint in enumerate(joints):
        values: list[Any] = [joint.get(axis) for axis in "xyz"] if isinstance(joint, dict) else []
        if len(values) != 3 or any(type(value) not in (int, float) or not abs(value) < 1e6 for value in values):
            raise DataError(f"{where}, joint {index}: expected numbers x, y, z, got {str(joint)[:60]}")
        rows.append(values)
    return np.array(rows, dtype=float)
