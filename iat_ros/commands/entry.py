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

"""What every verb shares: options, one-line errors, exit codes."""

from __future__ import annotations

import _thread
import argparse
import errno
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn, TypeVar

from iat_ros.commands.output import refuse_unwritable
from iat_ros.commands.parameter_hint import parameter_help, parameter_hint
from iat_ros.errors import IatError, OptionError, describe

Arguments = Callable[[argparse.ArgumentParser], None]
EXIT_CODES = (
    "Exit code 0: all went well (nodes, play, record and demo: also after Ctrl-C). 1: an error, which one line on "
    "stderr explains. 2: unusable options. 130: work cut short by Ctrl-C or SIGTERM."
)
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
"""A disk that takes no more."""
_WITHOUT_ROS = ("evaluate", "evaluate_bag", "inspect", "make_up", "reproduce", "train")
"""Verbs that pass nothing on to ROS; launch files end every command line with ``--ros-args``, which does no harm."""
Number = TypeVar("Number", int, float)
Run = Callable[[argparse.Namespace], int]


def run_verb(verb: str, description: str, add_arguments: Arguments, run: Run, argv: Sequence[str] | None) -> int:
    """Parse the options of a verb, run it, and turn errors into one clear line and an exit code.

    Returns:
        0 when all went well, 1 after an error, 2 after unusable options, 130 after Ctrl-C.
    """
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _again_if_interrupted
    signal.signal(signal.SIGTERM, _interrupt)  # the nodes' verbs put their own handlers over this one
    parser = _Parser(prog=f"iat_ros {verb}", description=description, epilog=EXIT_CODES, formatter_class=HelpFormatter)
    add_arguments(parser)
    own, ros = split_ros_args(sys.argv[1:] if argv is None else list(argv))
    parser.hint = lambda: parameter_hint(verb, own, parser.options)
    parser.parameters = lambda: parameter_help(verb, shutil.get_terminal_size().columns - 2)
    args = parser.parse_args(own)
    args.ros_args = ros
    try:
        if verb in _WITHOUT_ROS and [word for word in ros if not word.startswith("--")]:
            raise OptionError(f"--ros-args: {verb} starts no node that would take them; leave them out")
        refuse_unwritable(args)
        return run(args)
    except IatError as error:
        print(f"iat_ros {verb}: {error}", file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 1
    except KeyboardInterrupt as interrupt:
        print(f"iat_ros {verb}: interrupted" + "".join(f"; {each}" for each in interrupt.args), file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("IAT_TRACEBACK"):
            raise
        if isinstance(error, OSError) and (where := _unwritten(error, args)):
            print(f"iat_ros {verb}: {where}: {error.strerror}", file=sys.stderr)
            return 1
        print(f"iat_ros {verb}: unexpected {describe(error)} (IAT_TRACEBACK=1 shows where)", file=sys.stderr)
        return 1


class _Parser(argparse.ArgumentParser):
    """Appends a hint to its refusals, and the parameters of its nodes to its help."""

    hint: Callable[[], str] = staticmethod(lambda: "")
    parameters: Callable[[], str] = staticmethod(lambda: "")

    @property
    def options(self) -> Collection[str]:
        """All options, as they are written."""
        return self._option_string_actions.keys()

    def format_help(self) -> str:
        """Return the help."""
        return super().format_help() + self.parameters()

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        super().error(message + self.hint())


class HelpFormatter(argparse.HelpFormatter):
    """Says of each option what it takes and what it is without, unless its own text does."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help
        if not text or action.nargs == 0:
            return text
        if action.choices and action.metavar:
            text += f": {', '.join(map(str, action.choices))}"
        default = action.default
        words = " ".join(map(str, default)) if isinstance(default, (list, tuple)) else str(default)
        if action.required or default in (None, argparse.SUPPRESS) or not words or "default:" in text.lower():
            return text
        return f"{text} (default: {words})"


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _again_if_interrupted(unraisable: sys.UnraisableHookArgs) -> None:
    """Interrupt once more where an interrupt came while Python was in what cannot raise, such as a finalizer."""
    if unraisable.exc_type is KeyboardInterrupt:
        again = threading.Timer(0.01, _thread.interrupt_main, (signal.SIGTERM,))  # raised here, it would be lost, too
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)


def number(low: float, high: float) -> Callable[[str], float]:
    """Make an argparse type: a finite number between two bounds."""
    return _between(float, "number", low, high)


def whole(low: int, high: int = 2**31 - 1) -> Callable[[str], int]:
    """Make an argparse type: a whole number between two bounds."""
    return _between(int, "whole number", low, high)


def _between(kind: Callable[[str], Number], name: str, low: Number, high: Number) -> Callable[[str], Number]:
    def parse(text: str) -> Number:
        """Read a number and hold it to the bounds."""
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must lie between {low} and {high}, got {text}")
        return value

    parse.__name__ = name  # argparse says it of what is no number at all
    return parse


def split_ros_args(argv: list[str]) -> tuple[list[str], list[str]]:
    """Divide a command line into a verb's own options and those between ``--ros-args`` and ``--``."""
    own: list[str] = []
    ros: list[str] = []
    inside = False
    for word in argv:
        if word == "--ros-args":
            inside = True
            ros.append(word)
        elif inside and word == "--":
            inside = False
            ros.append(word)
        else:
            (ros if inside else own).append(word)
    return own, ros


def _unwritten(error: OSError, args: argparse.Namespace) -> str | None:
    """Return the path of an error of the file system; of a full disk, whose error has none, what was to be written."""
    if error.filename is not None:
        return str(error.filename)
    if error.errno not in _DISK:
        return None
    given = [f"--{name} {getattr(args, name)}" for name in ("out", "json") if getattr(args, name, None) is not None]
    return f"cannot write {', '.join(given) or 'a file'} (or a temporary file in {tempfile.gettempdir()})"
