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

"""The one base of every error that this package raises on purpose."""

from __future__ import annotations


class IatError(Exception):
    """Something a user can mend: a file, a parameter, a message or a robot description.

    The message is one line. It names the file or parameter, says what was expected, what came, and what to do.
    """


class DataError(IatError):
    """A recording, clip or data set that cannot be used."""


class SkeletonError(IatError):
    """A skeleton definition that is wrong, or a skeleton that does not fit its definition."""


class ModelError(IatError):
    """A model directory that is missing, damaged, or made for something else."""


class RobotError(IatError):
    """A robot description or mapping that is wrong, or a motion that the robot cannot do."""


class ConfigError(IatError):
    """A configuration file or parameter with a value that cannot be used."""


class OptionError(ConfigError):
    """Options of a command that do not go together, or not with what they are given for."""


class MessageError(IatError):
    """A ROS message whose content does not hold what its type promises."""


def describe(error: BaseException) -> str:
    """Say in one line what an unexpected error was: its type and the beginning of its text."""
    text = printable(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def printable(text: str) -> str:
    """Return the beginning of a text that comes from somewhere else, as one line."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:300]
