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

"""Where actions come from: a data set on disk, or made-up motions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from iat_ros.data import air_act2act, generic, made_up, ntu, nuisi, sbu, utd_mhad
from iat_ros.data.actions import Action, ActionPair, cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.formats import check_format, detect_format
from iat_ros.data.interaction import Interaction, cut_interaction
from iat_ros.data.joint_clip import JointClip, cut_joint_action, in_order, scale_of
from iat_ros.data.pairing import PairingAccount, as_pairs
from iat_ros.data.protocol import Division, Rule, divide, divide_real_pairs
from iat_ros.data.reading import Reading
from iat_ros.data.rule_names import in_no_rule, unmatched
from iat_ros.data.uncut import UncutRecording, find_bags, read_recording
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.data.uncut_robot import choose_robots, read_robot
from iat_ros.errors import DataError
from iat_ros.resources import to_path
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton, split_names
from iat_ros.skeleton.joint_motion import JointScale

MADE_UP = "made_up"

RULES = (
    Rule("tennis_serve", "tennis_swing"),
    Rule("throw", "catch"),
    Rule("boxing", "arm_cross"),
    Rule("knock", "wave"),
    Rule("basketball_shoot", "clap"),
)
"""The interactions learned on UTD-MHAD; the paper names the first two, the others are this package's choice."""

_RECORDED_TOGETHER: dict[str, tuple[str, str, Callable[[Path, Reading], list[Interaction]]]] = {
    "ntu": (ntu.NAME, ntu.SKELETON, ntu.read_directory),
    "sbu": (sbu.NAME, sbu.SKELETON, sbu.read_directory),
    "nuisi": (nuisi.NAME, nuisi.SKELETON, nuisi.read_directory),
    "air_act2act": (air_act2act.NAME, air_act2act.SKELETON, air_act2act.read_directory),
}
"""Formats of people who were recorded together: name of the data set, its skeleton, its reader."""


@dataclass(frozen=True)
class Source:
    """Clips of one skeleton, and what answers what: rules between labels, or recordings of two people together.

    Attributes:
        name: Of the data set.
        definition: The skeleton.
        clips: All clips.
        rules: Which action is to be answered with which; none where interactions are given.
        interactions: Recordings of two people together; their pairs are real.
        reading: What happens to clips that cannot be cut, and what was left out so far.
        recordings: Recordings that nobody cut; their pairs are found.
        stimulus_bodies: Who acts in them, by person; learned where it is empty.
        account: What became of all that was found in them; of interactions, what is in no pair.
        joint_clips: Clips of a robot, which only answers.
        joint_scale: Where the robot's joints have been; None where people answer.
    """

    name: str
    definition: SkeletonDefinition
    clips: list[Clip]
    rules: tuple[Rule, ...]
    interactions: list[Interaction] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    recordings: list[UncutRecording] = field(default_factory=list)
    stimulus_bodies: frozenset[str] = frozenset()
    account: PairingAccount = field(default_factory=PairingAccount)
    joint_clips: list[JointClip] = field(default_factory=list)
    joint_scale: JointScale | None = None

    @property
    def labelled(self) -> bool:
        """Whether rules and labels are known, which all that judges answers needs."""
        return bool(self.rules)

    def actions(self, frames: int) -> list[Action]:
        """Cut every clip into a window of T frames.

        Raises:
            DataError: A clip does not hold exactly one action, and bad ones are to be refused.
        """
        found = self.reading.each(
            self.name, "clips", self.clips, lambda clip: cut_action(self.definition, clip, frames)
        )
        scale = self.joint_scale
        if scale is None:
            return found
        return found + self.reading.each(
            self.name, "clips", self.joint_clips, lambda clip: cut_joint_action(scale, clip, frames)
        )

    def real_pairs(self, frames: int) -> list[ActionPair]:
        """Cut every interaction into pairs of windows of T frames; in uncut recordings, find them.

        Raises:
            DataError: In an interaction nothing was answered, and bad ones are to be refused.
        """
        if self.recordings:
            bodies, scale = self.stimulus_bodies, self.joint_scale
            _, pairs = find_pairs(self.definition, self.recordings, frames, self.account, bodies, scale)
            return as_pairs(pairs)
        found = self.reading.each(
            self.name,
            "interactions",
            self.interactions,
            lambda interaction: cut_interaction(self.definition, interaction, frames, scale=self.joint_scale),
        )
        alone = sum(len(left_out) for _, left_out in found)
        if alone:
            self.account.alone["nobody answered it, or it answers nothing"] += alone
            self.reading.notes.append(f"{alone} actions that nobody answered, or that answered nothing")
        return [pair for pairs, _ in found for pair in pairs]

    def divide(self, frames: int, by: str | None, seed: int) -> Division:
        """Cut everything, and divide it into what is learned from and the rest.

        Args:
            frames: T.
            by: How; the default is ``subject`` where there are rules, and ``all`` where pairs are real.
            seed: Decides what is drawn.

        Raises:
            DataError: A rule names an action that no clip has, and as for `actions`, `real_pairs`, `divide` and
                `divide_real_pairs`.
        """
        if self.labelled:
            labels = {clip.action for clip in self.clips} | {clip.action for clip in self.joint_clips}
            lost = unmatched(self.rules, labels)
            if lost:
                raise DataError(f"{self.name}: {lost[0]}")
            return divide(self.actions(frames), self.rules, by or "subject", seed)
        return divide_real_pairs(self.real_pairs(frames), by or "all", seed)

    def matching(self, joints: JointScale | None) -> Source:
        """Return the same data with responses as a model sees them: what it answers must be what is answered here.

        Args:
            joints: The joints that the model's answers move; None where they are limb vectors.

        Raises:
            DataError: One has a robot's joints and the other has not, or they have different joints.
        """
        if joints is None or self.joint_scale is None:
            if joints is self.joint_scale:
                return self
            kinds = ("a robot's joints", "limbs")
            told = kinds if self.joint_scale is None else kinds[::-1]
            raise DataError(f"the model answers with {told[0]}, in {self.name} {told[1]} answer: choose other data")
        if set(joints.names) != set(self.joint_scale.names):
            other = ", ".join(sorted(set(joints.names) ^ set(self.joint_scale.names)))
            raise DataError(f"the model and {self.name} have different joints: only one of them has {other}")
        return replace(self, joint_scale=joints, joint_clips=in_order(joints.names, self.joint_clips))

    def summary(self) -> str:
        """Say in one line what was read, and what was not."""
        whose = "a person and a robot" if self.joint_scale is not None else "two people"
        parts = [f"{len(self.interactions)} interactions of {whose}"] if self.interactions else []
        if self.recordings:
            minutes = sum(recording.minutes for recording in self.recordings)
            count = len(self.recordings)
            parts += [f"{count} uncut recording{'s' * (count > 1)}", f"{minutes:.1f} minutes"]
        else:
            parts += [f"{len(self.clips)} clips"]
        people = len({clip.person for clip in self.clips})
        parts += [f"{people} {'person' if people == 1 else 'people'}"]
        parts += [f"skeleton '{self.definition.name}' ({len(self.definition.limbs)} limbs)"]
        if self.joint_scale is not None:
            clips = f"{len(self.joint_clips)} clips of " if self.joint_clips else ""
            parts += [f"{clips}{len(self.joint_scale.names)} joints of a robot"]
        text = f"{self.name}: {', '.join(parts)}"
        left_out = [*([f"{len(self.reading.bad)} bad"] if self.reading.bad else []), *self.reading.notes]
        return text + (f"; left out: {', '.join(left_out)}" if left_out else "")


def open_source(
    data: str,
    seed: int = 0,
    kind: str = "auto",
    reading: Reading | None = None,
    skeleton: str = "utd_mhad",
    stimulus_bodies: Sequence[int] = (),
    limbs: str = "",
    response: str = "auto",
) -> Source:
    """Open a data set, or make motions up.

    Args:
        data: A directory, a bag or an NPZ file, or ``made_up``.
        seed: Seed of made-up motions.
        kind: The format, one of `iat_ros.data.formats.FORMATS`, or ``auto``: told from the content.
        reading: What happens to what is bad; the default refuses it.
        skeleton: What was recorded, where the data is a bag: the name of a definition, or a YAML file.
        stimulus_bodies: Body ids of those who act, where the data is a bag; learned where there is none.
        limbs: The limbs to use, separated by commas; empty: those that the skeleton lists first.
        response: Who answers, where the data is a bag: one of `iat_ros.data.uncut_robot.RESPONSES`.

    Raises:
        SkeletonError: The skeleton cannot give a limb.
        DataError: There is no data set, or something in it is bad and bad things are to be refused.
        ConfigError: The format is unknown.
    """
    reading = reading or Reading()
    if data == MADE_UP:
        definition = load_skeleton("utd_mhad", limbs)
        return Source(MADE_UP, definition, made_up.make_clips(seed=seed), RULES, reading=reading)
    path = to_path(data)
    if kind == "auto":
        kind = detect_format(path)
    check_format(kind)
    if kind == "generic":
        read = generic.read_set(path, reading)
        source = Source(
            path.name,
            read.definition,
            read.clips,
            read.rules,
            read.interactions,
            reading,
            joint_clips=read.joint_clips,
            joint_scale=scale_of(read.joint_clips) if read.joint_clips else None,
        )
        unused = in_no_rule(read.rules, [*read.clips, *read.joint_clips]) if read.rules else []
        if unused:
            reading.notes.append(f"actions in no rule ({', '.join(unused)})")
    elif kind == "bag":
        source = _open_bags(path, load_skeleton(skeleton, limbs), reading, stimulus_bodies, response)
    elif not path.is_dir():
        raise DataError(f"{path}: no such directory")
    elif kind == "utd_mhad":
        labels = [label for rule in RULES for label in (rule.stimulus, rule.response)]
        clips = utd_mhad.read_directory(path, labels, reading)
        source = Source(utd_mhad.NAME, load_skeleton("utd_mhad"), clips, RULES, reading=reading)
    else:
        name, skeleton, reader = _RECORDED_TOGETHER[kind]
        interactions = reader(path, reading)
        people = [clip for interaction in interactions for clip in (interaction.first, interaction.second)]
        clips = [clip for clip in people if isinstance(clip, Clip)]
        source = Source(name, load_skeleton(skeleton), clips, (), interactions, reading)
    if limbs:
        source = replace(source, definition=source.definition.with_limbs(split_names(limbs)))
    return _without_copies(source)


def _open_bags(
    path: Path, definition: SkeletonDefinition, reading: Reading, stimulus_bodies: Sequence[int], response: str
) -> Source:
    """Open a bag, or a directory of bags, of people whom nobody cut.

    Raises:
        DataError: A bag cannot be read and bad ones are to be refused, or a body that is told to act is in none.
    """
    bags = find_bags(path)

    def read(bag: Path) -> UncutRecording:
        recording = read_recording(bag, definition)
        return recording if response == "people" else replace(recording, robot=read_robot(bag, recording.name))

    recordings = choose_robots(str(path), reading.each(str(path), "bags", bags, read), response)
    tracks = [track for recording in recordings for track in recording.tracks]
    acting = frozenset(track.person for track in tracks if int(track.person.rsplit("/")[-1]) in set(stimulus_bodies))
    seen = {int(track.person.rsplit("/")[-1]) for track in tracks}
    for body in stimulus_bodies:
        if body not in seen:
            raise DataError(
                f"{path}: --stimulus {body}: nobody of that body id is in it; seen: {', '.join(map(str, sorted(seen)))}"
            )
    robots = [recording.robot for recording in recordings if recording.robot is not None]
    scale = scale_of(robots) if robots else None
    return Source(path.name, definition, tracks, (), [], reading, recordings, acting, joint_scale=scale)


def _without_copies(source: Source) -> Source:
    """Leave out, or refuse, clips that hold the very same motion: one of them is something else under its name.

    Raises:
        DataError: There are such clips, and bad ones are to be refused.
    """
    by_content: dict[bytes, list[Clip | JointClip]] = {}
    every: list[Clip | JointClip] = [*source.clips, *source.joint_clips]
    for clip in every:
        by_content.setdefault(hashlib.sha256(clip.positions.tobytes()).digest(), []).append(clip)
    copies = [clips for clips in by_content.values() if len(clips) > 1]
    if not copies:
        return source
    problems = [f"{_named(clips)} hold the very same motion: files are mixed up" for clips in copies]
    source.reading.judge(source.name, "motions", problems, len(by_content))
    bad = {clip.name for clips in copies for clip in clips}
    interactions = [one for one in source.interactions if not {one.first.name, one.second.name} & bad]
    clips = [one for one in source.clips if one.name not in bad]
    joint_clips = [one for one in source.joint_clips if one.name not in bad]
    return replace(source, clips=clips, interactions=interactions, joint_clips=joint_clips)


def _named(clips: Sequence[Clip | JointClip]) -> str:
    return " and ".join(clip.name for clip in clips)
