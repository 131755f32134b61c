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

"""Reader for the skeleton files of NTU RGB+D and NTU RGB+D 120.

Shahroudy, Liu, Ng, Wang: "NTU RGB+D: A Large Scale Dataset for 3D Human Activity Analysis", CVPR 2016; Liu et al.:
"NTU RGB+D 120", TPAMI 2019. Files are named ``S<setup>C<camera>P<performer>R<replication>A<action>.skeleton`` and hold
text: the number of frames; for each frame the number of bodies; for each body a line of 10 values that begins with its
id, the number of joints (25), and for each joint a line of 12 values: x y z [m], where it lies in the depth and the
colour image, its orientation, and whether it was tracked. Kinect v2, 30 Hz.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction
from iat_ros.data.reading import Reading, by_key, numbers, read_lines, whole, without_zeros
from iat_ros.errors import DataError

NAME, SKELETON = "NTU RGB+D", "kinect_v2"
RATE_HZ = 30.0
JOINTS = 25
MUTUAL = (*range(50, 61), *range(106, 121))
"""The actions of two people: A50 to A60 and A106 to A120."""
FEWEST_FRAMES = 11
"""A body that was seen in fewer frames is taken for noise."""
_FIELDS_OF_BODY, _FIELDS_OF_JOINT = 10, 12
_FILE = re.compile(r"S\d{3}C\d{3}P(\d{3})R\d{3}A(\d{3})\.skeleton")
_WIDEST, _OFTEN = 0.8, 0.7


def find_files(directory: Path) -> list[Path]:
    """List the ``.skeleton`` files in a directory and in the folders below it, by name."""
    return sorted(directory.rglob("*.skeleton"), key=lambda path: (path.name, path))


def read_interaction(path: Path) -> Interaction:
    """Read a file of a mutual action.

    The data set does not say which of the two acts: whoever starts first does. It names one performer a file; both
    people carry that name, so that people who were recorded together stay together.

    Raises:
        DataError: The file is misnamed, damaged, or does not hold two people.
    """
    match = _FILE.fullmatch(path.name)
    if not match or int(match[2]) not in MUTUAL:
        raise DataError(f"{path}: expected a name such as S001C001P001R001A050.skeleton, with a mutual action")
    bodies = [body for body in _read_bodies(path) if _is_person(body[1])]
    if len(bodies) < 2:
        raise DataError(
            f"{path}: expected two people, found {len(bodies)} (seen in at least {FEWEST_FRAMES} frames, and not as "
            "wide as high)"
        )
    bodies.sort(key=lambda body: -_motion(body[1]))
    name = path.name.removesuffix(".skeleton")
    first, second = (
        Clip(f"{name} body {number}", frames / RATE_HZ, positions, f"P{match[1]}", f"A{match[2]}")
        for number, (frames, positions) in enumerate(bodies[:2], start=1)
    )
    return Interaction(name, first, second)


def read_directory(directory: Path, reading: Reading) -> list[Interaction]:
    """Read the mutual actions of a data set directory; single actions are left out, since nobody answers them.

    Raises:
        DataError: There is none, or a file is bad and bad ones are to be refused.
    """
    files = find_files(directory)
    single = {path for path in files if (match := _FILE.fullmatch(path.name)) and int(match[2]) not in MUTUAL}
    if single:
        reading.notes.append(f"{len(single)} files of actions that one person does alone")
    wanted, doubles = by_key((path.name, path) for path in files if path not in single)
    if not wanted and not doubles:
        raise DataError(
            f"{directory}: no mutual action of NTU RGB+D (A050 to A060, A106 to A120) among {len(files)} .skeleton "
            "files"
        )
    reading.judge(str(directory), "files", doubles, len(wanted) + len(doubles))
    return reading.each(str(directory), "files", list(wanted.values()), read_interaction)


class _Lines:
    """The lines of a file, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path, self._lines, self._next = path, read_lines(path), 0

    @property
    def where(self) -> str:
        """File and line read last, for messages."""
        return f"{self._path}: line {self._next}"

    def take(self, what: str) -> str:
        """Return the next line.

        Raises:
            DataError: The file ends here.
        """
        if self._next == len(self._lines):
            raise DataError(f"{self._path}: ends after line {self._next}, where {what} should follow: it is truncated")
        self._next += 1
        return self._lines[self._next - 1]

    def count(self, what: str, low: int, high: int) -> int:
        """Return the next line as a number of things."""
        return whole(self.take(what), self.where, what, low, high)

    def fields(self, what: str, count: int) -> list[str]:
        """Return the next line as so many fields."""
        fields = self.take(what).split()
        if len(fields) != count:
            raise DataError(f"{self.where}: expected {what} of {count} values, got {len(fields)}")
        return fields

    def end(self) -> None:
        """Refuse what follows."""
        if any(line.strip() for line in self._lines[self._next :]):
            raise DataError(f"{self._path}: line {self._next + 1}: expected the end, since all frames were read")


def _read_bodies(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read every body of a file: frame numbers (F,) and positions (F, 25, 3), NaN where not tracked."""
    lines = _Lines(path)
    bodies: dict[str, list[tuple[int, np.ndarray]]] = defaultdict(list)
    for frame in range(lines.count("the number of frames", 1, 100_000)):
        for _ in range(lines.count("the number of bodies", 0, 100)):
            body = lines.fields("a body", _FIELDS_OF_BODY)[0]
            if bodies[body] and bodies[body][-1][0] == frame:
                raise DataError(f"{lines.where}: body {body} comes twice in frame {frame + 1}")
            lines.count("the number of joints", JOINTS, JOINTS)
            bodies[body].append((frame, np.stack([_joint(lines) for _ in range(JOINTS)])))
    lines.end()
    if not bodies:
        raise DataError(f"{path}: nobody was tracked in any frame")
    read = []
    for seen in bodies.values():
        frames, positions = np.array([frame for frame, _ in seen]), without_zeros(np.stack([pose for _, pose in seen]))
        there = np.isfinite(positions).any(axis=(1, 2))
        read.append((frames[there], positions[there]))
    return read


def _joint(lines: _Lines) -> np.ndarray:
    fields = lines.fields("a joint", _FIELDS_OF_JOINT)
    position = numbers(fields[:3], lines.where)
    state = whole(fields[-1], lines.where, "a tracking state", 0, 2)
    return position if state else np.full(3, np.nan)


def _motion(positions: np.ndarray) -> float:
    """How much a body moves, as the data set's authors measure it: the variances of all its coordinates."""
    return float(np.ma.masked_invalid(positions).var(axis=0).sum())


def _is_person(positions: np.ndarray) -> bool:
    """Whether a body is none of the seats and tables that the tracker took for people."""
    if len(positions) < FEWEST_FRAMES:
        return False
    size = np.nanmax(positions, axis=1) - np.nanmin(positions, axis=1)
    return float((size[:, 0] > _WIDEST * size[:, 1]).mean()) < _OFTEN
