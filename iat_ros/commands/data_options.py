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
import sys

from iat_ros.commands.entry import whole
from iat_ros.data.formats import FORMATS
from iat_ros.data.reading import ON_BAD, Reading
from iat_ros.data.source import MADE_UP, Source, open_source


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the options ``--data``, ``--format`` and ``--on-bad``."""
    parser.add_argument(
        "--data",
        required=True,
        help=f"data set: a directory or an .npz file (docs/data.md), a bag or a directory of bags that nobody cut "
        f"(docs/own_data.md), or '{MADE_UP}'",
    )
    parser.add_argument(
        "--format", choices=("auto", *FORMATS), default="auto", help="of --data; auto: told from what lies in it"
    )
    parser.add_argument(
        "--on-bad", choices=ON_BAD, default="refuse", help="what happens to a data set with bad files; all are named"
    )
    parser.add_argument(
        "--skeleton", default="utd_mhad", help="with bags: what was recorded, by the name of a definition or YAML file"
    )
    parser.add_argument(
        "--limbs", default="", help="limbs to use, separated by commas; default: those that the skeleton lists first"
    )
    parser.add_argument(
        "--stimulus",
        nargs="+",
        type=whole(0, 2**32 - 1),
        default=[],
        metavar="BODY_ID",
        help="with bags: who acts, the others answer; default: learned from who acts first",
    )


def open_data(args: argparse.Namespace) -> Source:
    """Open the data set that the options choose; bad files are named on stderr.

    Raises:
        DataError: It cannot be read.
    """
    reading = Reading(args.on_bad, lambda line: print(line, file=sys.stderr))
    return open_source(
        args.data,
        kind=args.format,
        reading=reading,
        skeleton=args.skeleton,
        stimulus_bodies=args.stimulus,
        limbs=args.limbs,
    )
