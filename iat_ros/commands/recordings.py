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

"""Options that choose a recording, shared by the verbs that play one."""

from __future__ import annotations

import argparse
from pathlib import Path

from iat_ros.commands.entry import number
from iat_ros.data import utd_mhad
from iat_ros.data.bag import read_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import StreamFrame, from_clips
from iat_ros.data.source import MADE_UP, RULES
from iat_ros.errors import ConfigError, DataError
from iat_ros.resources import share_directory

_PEOPLE = ("s2", "s4", "s6", "s8")
_STILL_S = 1.0


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Add the options ``--bag``, ``--data``, ``--clips``, ``--people`` and ``--still``."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--bag", type=Path, help="bag with the topic skeletons; default: the made-up one that ships")
    source.add_argument("--data", help=f"directory of UTD-MHAD skeleton files, or '{MADE_UP}': plays its stimuli")
    parser.add_argument(
        "--clips",
        nargs="+",
        metavar="CLIP",
        help="with --data: only these, such as a17_s2_t1; default: all of --people",
    )
    parser.add_argument(
        "--people", nargs="+", metavar="PERSON", help=f"with --data: whose clips; default: {' '.join(_PEOPLE)}"
    )
    parser.add_argument(
        "--still",
        type=number(0.0, 60.0),
        help=f"with --data: stand still so long before and after each clip [s]; default: {_STILL_S:g}",
    )


def open_recording(args: argparse.Namespace) -> list[StreamFrame]:
    """Read the recording that the options choose.

    Raises:
        DataError: It cannot be read.
        ConfigError: The options leave nothing to play.
    """
    if args.data is None:
        for option, given in (("--clips", args.clips), ("--people", args.people), ("--still", args.still)):
            if given is not None:
                raise ConfigError(f"{option} needs --data")
        bag = args.bag or share_directory() / "recordings" / "made_up"
        frames = list(read_bag(bag))
        if not frames:
            raise DataError(f"{bag}: holds no skeletons to play")
        return frames
    people = args.people or _PEOPLE
    if args.clips and args.data == MADE_UP:
        raise ConfigError(f"--clips: {MADE_UP} has no clips by name; leave --clips out, or give a directory")
    if args.clips:
        clips = [utd_mhad.read_clip(_find(Path(args.data), name)) for name in args.clips]
    elif args.data == MADE_UP:
        made_up = make_clips(actions=tuple(rule.stimulus for rule in RULES))
        clips = [clip for clip in made_up if clip.person in people]
    else:
        found = utd_mhad.read_directory(Path(args.data), [rule.stimulus for rule in RULES])
        clips = [clip for clip in found if clip.person in people]
        clips.sort(key=lambda clip: (clip.person, clip.name.rsplit("_t")[1], clip.name))
    if not clips:
        raise ConfigError(f"--people {' '.join(people)}: none of them in {args.data}")
    return list(from_clips(clips, _STILL_S if args.still is None else args.still))


def _find(directory: Path, name: str) -> Path:
    stem = name.removesuffix(".mat").removesuffix("_skeleton")
    candidates = [folder / f"{stem}_skeleton.mat" for folder in (directory, directory / "Skeleton")]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise ConfigError(f"--clips {name}: no such clip in {directory}; expected a name such as a17_s2_t1")
    return found
