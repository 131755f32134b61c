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

"""Options that choose a data set, shared by the verbs that learn from one or judge with one."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable

from iat_ros.commands.entry import whole
from iat_ros.data.formats import FORMATS, detect_format
from iat_ros.data.opening import MADE_UP, open_source
from iat_ros.data.reading import ON_BAD, Reading
from iat_ros.data.source import Source
from iat_ros.data.uncut_robot import RESPONSES
from iat_ros.errors import OptionError
from iat_ros.resources import to_path


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the options ``--data``, ``--format`` and ``--on-bad``."""
    parser.add_argument(
        "--data",
        required=True,
        help=f"data set: a directory or an .npz file (docs/data.md), a bag or a directory of bags that nobody cut "
        f"(docs/own_data.md), or '{MADE_UP}'",
    )
    parser.add_argument(
        "--format", choices=("auto", *FORMATS), default="auto", help="format of --data; auto: told from what lies in it"
    )
    parser.add_argument(
        "--on-bad",
        choices=ON_BAD,
        default="refuse",
        help="a data set with bad files, which are all named: refuse it, or read it without them",
    )
    parser.add_argument(
        "--skeleton",
        help="with bags: skeleton definition of what was recorded, the name of one that ships or a YAML file; default: "
        "utd_mhad",
    )
    parser.add_argument(
        "--limbs", default="", help="limbs to use, separated by commas; default: those that the skeleton lists first"
    )
    add_stimulus(parser, "with bags: who acts, the others answer; default: learned from who acts first")
    parser.add_argument(
        "--response",
        choices=RESPONSES,
        default="auto",
        help="with bags: who answers, people or the joints of a robot that was steered; auto: a robot where its joint "
        "states were recorded and one person at a time was in view",
    )


def add_stimulus(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option ``--stimulus BODY_ID...``, whose meaning a text tells."""
    parser.add_argument("--stimulus", nargs="+", type=whole(0, 2**32 - 1), default=[], metavar="BODY_ID", help=text)


def tell(line: str) -> None:
    """Tell of a bad file, on stderr."""
    print(line, file=sys.stderr)


def open_data(args: argparse.Namespace, on_line: Callable[[str], None] = tell) -> Source:
    """Open the data set that the options choose.

    Args:
        args: What was chosen.
        on_line: Called with one line for every bad file.

    Raises:
        DataError: It cannot be read.
        ConfigError: An option is for other data than this.
    """
    _refuse_idle_options(args)
    reading = Reading(args.on_bad, on_line)
    return open_source(
        args.data,
        kind=args.format,
        reading=reading,
        skeleton=args.skeleton or "utd_mhad",
        stimulus_bodies=args.stimulus,
        response=args.response,
        limbs=args.limbs,
    )


def as_typed(verb: str, args: argparse.Namespace) -> str:
    """Return the command line of another verb that opens the same data set in the same way."""
    words = [verb, "--data", args.data]
    for option, value, default in (
        ("--format", args.format, "auto"),
        ("--on-bad", args.on_bad, "refuse"),
        ("--skeleton", args.skeleton, None),
        ("--limbs", args.limbs, ""),
        ("--response", args.response, "auto"),
    ):
        words += [option, value] if value != default else []
    words += ["--stimulus", *map(str, args.stimulus)] if args.stimulus else []
    return shlex.join(words)


def _refuse_idle_options(args: argparse.Namespace) -> None:
    """Refuse options that would change nothing: who gives one expects that it does."""
    if args.data == MADE_UP and args.format != "auto":
        raise OptionError(f"--format {args.format}: {MADE_UP} is read from no file; leave it out")
    options = (("--skeleton", args.skeleton), ("--stimulus", args.stimulus), ("--response", args.response != "auto"))
    given = [name for name, value in options if value]
    if not given:
        return
    path = to_path(args.data)
    kind = MADE_UP if args.data == MADE_UP else detect_format(path) if args.format == "auto" else args.format
    if kind != "bag":
        raise OptionError(f"{' and '.join(given)}: only for bags; {args.data} ({kind}) tells this itself: leave it out")
