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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iat_ros.commands.data_options import add_stimulus
from iat_ros.commands.entry import number
from iat_ros.data import utd_mhad
from iat_ros.data.bag import read_bag
from iat_ros.data.clip import Clip
from iat_ros.data.formats import detect_format
from iat_ros.data.made_up import make_clips
from iat_ros.data.opening import MADE_UP, open_source
from iat_ros.data.recording import StreamFrame, check_people, from_clips, of_people
from iat_ros.data.source import RULES, Source
from iat_ros.errors import ConfigError, DataError, OptionError
from iat_ros.model.model_file import ModelCard
from iat_ros.resources import share_directory, to_path
from iat_ros.skeleton.definition import load_skeleton

UTD_MHAD = "utd_mhad"
_PEOPLE = ("s2", "s4", "s6", "s8")
_STILL_S = 1.0


def add_skeleton(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option ``--skeleton``; what holds without it is said in words."""
    parser.add_argument(
        "--skeleton",
        help=f"skeleton definition of what was recorded, the name of one that ships or a YAML file; default: {default}",
    )


def skeleton_of(given: str | None, named: str, file: str = "") -> str:
    """Return the skeleton of a recording: the given one, or the one that a model, or a data set, names.

    Args:
        given: What the user gave.
        named: The name of a definition.
        file: The YAML file of that definition, where it is known and none that ships.

    Raises:
        ConfigError: That one does not ship, and none is given.
    """
    if given is not None or file:
        return given or file
    try:
        load_skeleton(named)
    except ConfigError as error:
        raise ConfigError(f"the skeleton '{named}' does not ship: give its YAML file with --skeleton") from error
    return named


def add_shown(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--stimulus``, which shows only some of the people of a bag."""
    text = "with a bag: only these people are shown, such as those who act and not those who answer; default: everybody"
    add_stimulus(parser, text)


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Add the options ``--bag``, ``--stimulus``, ``--data``, ``--clips``, ``--people`` and ``--still``."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--bag", type=Path, help="bag with the topic skeletons; default: the made-up one that ships")
    source.add_argument("--data", help=f"data set (docs/data.md), or '{MADE_UP}': plays its stimuli")
    add_shown(parser)
    parser.add_argument(
        "--clips",
        nargs="+",
        metavar="CLIP",
        help="with --data: only these, by their names there, such as a17_s2_t1; default: all of --people",
    )
    parser.add_argument(
        "--people",
        nargs="+",
        metavar="PERSON",
        help=f"with --data: whose clips; default: {' '.join(_PEOPLE)} of UTD-MHAD, else everybody's",
    )
    parser.add_argument(
        "--still",
        type=number(0.0, 60.0),
        help=f"with --data: stand still so long before and after each clip [s]; default: {_STILL_S:g}",
    )


def open_recording(args: argparse.Namespace, card: ModelCard | None = None) -> tuple[list[StreamFrame], str]:
    """Read the recording that the options choose.

    Args:
        args: The options.
        card: Of the model that is to answer; without one, a bag's people are checked only where their skeleton is
            given.

    Returns:
        The frames, and the skeleton that the nodes are to be told: a name that ships, or a YAML file.

    Raises:
        DataError: It cannot be read, or nobody in it can be used.
        ConfigError: The options leave nothing to play.
    """
    if args.data is not None:
        if args.stimulus:
            raise OptionError("--stimulus is for bags; with --data give --people or --clips")
        return _open_clips(args)
    for option, given in (("--clips", args.clips), ("--people", args.people), ("--still", args.still)):
        if given is not None:
            raise OptionError(f"{option} needs --data")
    bag = args.bag or share_directory() / "recordings" / "made_up"
    frames = list(read_bag(bag))
    if not frames:
        raise DataError(f"{bag}: holds no skeletons to play")
    if args.stimulus:
        frames = of_people(str(bag), frames, args.stimulus)
    skeleton = skeleton_of(args.skeleton, card.skeleton if card and args.bag else UTD_MHAD)
    if args.skeleton or card:
        limbs = ", ".join(card.limb_names) if card else ""
        check_people(str(bag), frames, load_skeleton(skeleton, limbs))
    return frames, skeleton


def _open_clips(args: argparse.Namespace) -> tuple[list[StreamFrame], str]:
    """String the clips of a data set together."""
    kind = UTD_MHAD if args.data == MADE_UP else detect_format(to_path(args.data))
    if kind == "bag":
        raise OptionError(f"--data {args.data}: holds bags, which are played with --bag, one at a time")
    if args.clips and args.data == MADE_UP:
        raise OptionError(f"--clips: {MADE_UP} has no clips by name; leave --clips out, or give a directory")
    people = args.people or (_PEOPLE if kind == UTD_MHAD else None)
    definition = load_skeleton(UTD_MHAD)
    if args.clips and kind == UTD_MHAD:
        clips = [utd_mhad.read_clip(_find(Path(args.data), name)) for name in args.clips]
    elif args.data == MADE_UP:
        clips = _of(people, make_clips(actions=tuple(rule.stimulus for rule in RULES)))
    elif kind == UTD_MHAD:
        clips = _of(people, utd_mhad.read_directory(Path(args.data), [rule.stimulus for rule in RULES]))
        clips.sort(key=lambda clip: (clip.person, clip.name.rsplit("_t")[1], clip.name))
    else:
        source = open_source(args.data, kind=kind)
        definition = source.definition
        clips = _of(people, _stimuli(source))
        unknown = set(args.clips or ()) - {clip.name for clip in clips}
        if unknown:
            raise ConfigError(f"--clips {sorted(unknown)[0]}: no such clip of anybody who acts in {args.data}")
        clips = [clip for clip in clips if not args.clips or clip.name in args.clips]
    if not clips:
        raise ConfigError(f"--people {' '.join(people or ())}: none of them in {args.data}")
    skeleton = skeleton_of(args.skeleton, definition.name, definition.file)
    if load_skeleton(skeleton).sent != definition.sent:
        raise ConfigError(f"--skeleton {skeleton}: {args.data} holds people of '{definition.name}'; leave it out")
    sent = len(definition.sent)  # clips have the derived joints too, which the nodes work out for themselves
    clips = [replace(clip, positions=clip.positions[:, :sent]) for clip in clips]
    return list(from_clips(clips, _STILL_S if args.still is None else args.still)), skeleton


def _stimuli(source: Source) -> list[Clip]:
    """Clips of those who act; where a recording does not say who does, of its first person."""
    if source.labelled:
        acts = {rule.stimulus for rule in source.rules}
        return [clip for clip in source.clips if clip.action in acts]
    return list({interaction.first.name: interaction.first for interaction in source.interactions}.values())


def _of(people: Sequence[str] | None, clips: list[Clip]) -> list[Clip]:
    return [clip for clip in clips if people is None or clip.person in people]


def _find(directory: Path, name: str) -> Path:
    stem = name.removesuffix(".mat").removesuffix("_skeleton")
    candidates = [folder / f"{stem}_skeleton.mat" for folder in (directory, directory / "Skeleton")]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise ConfigError(f"--clips {name}: no such clip in {directory}; expected a name such as a17_s2_t1")
    return found
