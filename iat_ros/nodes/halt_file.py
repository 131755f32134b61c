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

"""Halts that outlive the node: a robot that somebody halted stays halted when its node crashes and is started again."""

from __future__ import annotations

import os
from pathlib import Path

from rclpy.node import Node

SWITCH = "IAT_ROS_HALTS"
_LONGEST = 300  # characters of a reason


class HaltFile:
    """Keeps a node's halt in a file in ROS's home directory, $ROS_HOME or ~/.ros, under iat_ros/halts.

    Where the variable IAT_ROS_HALTS is "none", as in what moves no real robot, it keeps nothing.

    Args:
        node: By its name, namespace and domain the next one of its kind finds the halt.

    Attributes:
        found: The halt that was there when the node was started, until it is lifted; empty if there was none.
    """

    def __init__(self, node: Node) -> None:
        self._keeps = os.environ.get(SWITCH) != "none"
        home = Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")
        name = node.get_fully_qualified_name().strip("/").replace("/", ".")
        self._node = node
        self._path = home / "iat_ros" / "halts" / f"domain_{node.context.get_domain_id()}.{name}.txt"
        self.found = self._kept = self._unkept = ""

    def read(self) -> str:
        """Return why the node before was halted; empty if it was not, or was asked to resume."""
        if not self._keeps:
            return ""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:  # in doubt it was
            text = f"the file that keeps halts cannot be read: {error}"
        self.found = self._kept = " ".join(text.split())[:_LONGEST] or "without a reason"
        return self.found

    def keep(self, reason: str, again: bool = False) -> str:
        """Keep a halt, or forget it where the reason is empty; writes, and logs, only what has changed.

        A disk that refuses is told, and keeps nobody from halting.

        Args:
            reason: Why the robot is halted.
            again: Also what the disk refused before.

        Returns:
            What the disk refused, in words; empty where all went well.
        """
        changed = reason != self._kept
        if not changed and not (again and self._unkept):
            return self._unkept
        was, told, self._kept, self._unkept = self._kept, self._unkept, reason, ""
        self.found = self.found if reason else ""
        if changed:
            self._node.get_logger().warning(f"halted: {reason}; call resume" if reason else f"no longer halted: {was}")
        if not self._keeps:
            return ""
        try:
            if reason:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                new = self._path.with_suffix(f".{os.getpid()}")
                new.write_text(reason + "\n", encoding="utf-8")
                new.replace(self._path)  # never half of it
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            what = "outlive this node" if reason else "be forgotten: the next node will be halted"
            self._unkept = f"; the halt cannot {what}: {error}"
            if self._unkept != told:
                self._node.get_logger().error(f"the halt cannot {what}: {error}")
        return self._unkept
