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

"""``inspect``: a look at a data set or a bag before training, as a page."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

import torch

from iat_ros.commands.data_options import add_data, open_data
from iat_ros.commands.entry import run_verb
from iat_ros.commands.output import add_json, refuse_filled, write_json
from iat_ros.data.damage import Damage
from iat_ros.data.reading import first_of_alike
from iat_ros.report.inspection import inspect
from iat_ros.report.inspection_page import write_inspection
from iat_ros.training.config import load_training_config

_HINT = "; --out DIR or --json FILE tells all"
_LONGEST = 80
_TOLD = 5
"""Clips of a kind of damage, and files of which the very same is said, that are told of one by one."""

DESCRIPTION = (
    "Look at a data set before training: clips, pairs and embedding as a page; warns of recordings that are mirrored, "
    "frozen, jumping, mislabelled and so on, and says what would help most. Exit code 1 also when something looks "
    "wrong; warnings are lines on stderr, of five clips of a kind, and of five files of which the very same is said."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_data(parser)
    parser.set_defaults(on_bad="skip")
    parser.add_argument("--out", type=Path, help="directory for the page; must be empty or missing. Default: no page")
    parser.add_argument(
        "--config",
        default="default",
        help="recipe whose windows and embedding are used, the name of one that ships or a YAML file",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Inspect, tell, and write the page."""
    torch.set_num_threads(1)
    if args.out:
        refuse_filled(args.out)
    bad: list[str] = []
    try:
        inspection = inspect(open_data(args, bad.append), load_training_config(args.config))
    except BaseException:
        _tell_bad(bad)  # there is no more to tell: nothing is left to look at, or the look was cut short
        raise
    print(inspection.source.summary())
    _warn(inspection.damage, args.data)
    if inspection.source.recordings:
        print("\n".join(inspection.source.account.lines()))
    warnings = len(inspection.damage)
    count = f"{warnings} warning{'s' * (warnings != 1)}"
    print(f"{len(inspection.actions)} actions, {len(inspection.pairs)} pairs, {count}")
    print(inspection.helps.advice)
    if args.out:
        print(f"page: {write_inspection(inspection, args.out)}")
    write_json(args.json, inspection.as_dict())
    return 1 if inspection.damage else 0


def _warn(damage: Sequence[Damage], data: str) -> None:
    """Tell of the first clips of each kind and of the first files that are alike: many hide what else is wrong."""
    for kind in dict.fromkeys(one.kind for one in damage if not one.clip):
        _tell_bad([one.why for one in damage if one.kind == kind and not one.clip], f"{data}: {kind}: ", _HINT)
    told: Counter[str] = Counter()
    for one in damage:
        told[one.kind] += bool(one.clip)
        if one.clip and told[one.kind] <= _TOLD:
            print(f"{one.clip}: {one.kind}: {one.why}", file=sys.stderr)
    for kind, count in told.items():
        if count > _TOLD:
            print(f"{data}: {kind}: {count - _TOLD} more clips{_HINT}", file=sys.stderr)


def _tell_bad(lines: Sequence[str], where: str = "", hint: str = "") -> None:
    """Tell of what is bad; where the very same is said of many files or clips, of the first ones and how many more."""
    picked, more = first_of_alike(lines, _TOLD)
    for line in picked:
        print(f"{where}{line}", file=sys.stderr)
    for text, count in more.items():
        print(f"{where}the same of {count} more: {shorten(text, _LONGEST, placeholder=' ...')}{hint}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("inspect", DESCRIPTION, add_arguments, run, argv)
