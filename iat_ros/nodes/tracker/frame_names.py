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

"""How a tracker names the frames of people's joints, such as left_shoulder_1 or torso_a3f2c."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from iat_ros.errors import ConfigError

_ID = "[A-Za-z0-9]+"
_MOST_DIGITS = 9  # as a number, more of them may not fit into a body id of 32 bits


class FrameNames:
    """Tells joint and person of a frame's name.

    Args:
        pattern: The name with ``{joint}`` in it, and with ``{id}`` where there may be several people.
        joints: Names of the skeleton's joints.
        other_names: What the tracker calls joints that have another name in the skeleton.

    Raises:
        ConfigError: The pattern lacks ``{joint}``, or a name is given to a joint that the skeleton does not have.
    """

    def __init__(self, pattern: str, joints: Sequence[str], other_names: dict[str, str]) -> None:
        if pattern.count("{joint}") != 1 or pattern.count("{id}") > 1:
            raise ConfigError(
                "parameter 'frame_pattern' needs {joint} once and {id} once, or no {id} where there is one person, "
                f"such as '{{joint}}_{{id}}'; got '{pattern}'"
            )
        unknown = sorted(set(other_names) - set(joints))
        if unknown:
            raise ConfigError(f"parameter 'joint_names': no joint '{unknown[0]}'; the skeleton has {', '.join(joints)}")
        names = [other_names.get(joint, joint) for joint in joints]
        if len(set(names)) != len(names):
            raise ConfigError("parameter 'joint_names': two joints with one name")
        self._frame_of = [pattern.replace("{joint}", name) for name in names]
        self._joint_frame = re.compile(_expression(pattern, f"(?:{'|'.join(map(re.escape, names))})"))
        self._any_frame = re.compile(_expression(pattern, ".+")) if "{id}" in pattern else self._joint_frame

    def person_of_joint(self, frame: str) -> str | None:
        """Tell whose joint's frame it is; None where it is no joint's of the skeleton."""
        found = self._joint_frame.fullmatch(frame)
        return None if found is None else _person(found)

    def frames(self, person: str) -> list[str]:
        """Name the frames of all joints of a person, in the skeleton's order."""
        return [frame.replace("{id}", person) for frame in self._frame_of]

    def person(self, frame: str) -> str | None:
        """Tell whose frame it could be by its id, also where it is no joint of the skeleton."""
        found = self._any_frame.fullmatch(frame)
        return None if found is None else _person(found)


def read_joint_names(text: str) -> dict[str, str]:
    """Read the parameter ``joint_names``: "left_hand=l_wrist, torso=body".

    Raises:
        ConfigError: It is anything else.
    """
    names = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        joint, equals, name = (word.strip() for word in part.partition("="))
        if not (joint and equals and name):
            raise ConfigError(f"parameter 'joint_names' must be 'joint=name in the frames, ...'; got '{part}'")
        names[joint] = name
    return names


def body_id(person: str) -> int:
    """Make a number of a tracker's id: its own where it is one, else the CRC-32 of its letters."""
    if person.isdecimal() and len(person) <= _MOST_DIGITS:
        return int(person)
    return zlib.crc32(person.encode())


def _expression(pattern: str, joint: str) -> str:
    parts = re.split(r"(\{joint\}|\{id\})", pattern)
    inside = {"{joint}": joint, "{id}": f"(?P<id>{_ID})"}
    return "".join(inside.get(part, re.escape(part)) for part in parts)


def _person(found: re.Match[str]) -> str:
    return found.groupdict().get("id") or "0"
