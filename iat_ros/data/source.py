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
from iat_ros.data.pairing import PairingAccount, as_pairs
from iat_ros.data.protocol import Division, Rule, divide, divide_real_pairs
from iat_ros.data.reading import Reading
from iat_ros.data.uncut import UncutRecording, find_bags, read_recording
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.errors import DataError
from iat_ros.resources import to_path
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton, split_names

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
        account: What became of all that was found in them.
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

    @property
    def labelled(self) -> bool:
        """Whether rules and labels are known, which all that judges answers needs."""
        return bool(self.rules)

    def actions(self, frames: int) -> list[Action]:
        """Cut every clip into a window of T frames.

        Raises:
            DataError: A clip does not hold exactly one action, and bad ones are to be refused.
        """
        return self.reading.each(self.name, "clips", self.clips, lambda clip: cut_action(self.definition, clip, frames))

    def real_pairs(self, frames: int) -> list[ActionPair]:
        """Cut every interaction into pairs of windows of T frames; in uncut recordings, find them.

        Raises:
            DataError: In an interaction nothing was answered, and bad ones are to be refused.
        """
        if self.recordings:
            _, pairs = find_pairs(self.definition, self.recordings, frames, self.account, self.stimulus_bodies)
            return as_pairs(pairs)
        found = self.reading.each(
            self.name,
            "interactions",
            self.interactions,
            lambda interaction: cut_interaction(self.definition, interaction, frames),
        )
        alone = sum(len(left_out) for _, left_out in found)
        if alone:
            self.reading.notes.append(f"{alone} actions that nobody answered, or that answered nothing")
        return [pair for pairs, _ in found for pair in pairs]

    def divide(self, frames: int, by: str | None, seed: int) -> Division:
        """Cut everything, and divide it into what is learned from and the rest.

        Args:
            frames: T.
            by: How; the default is ``subject`` where there are rules, and ``all`` where pairs are real.
            seed: Decides what is drawn.

        Raises:
            DataError: As for `actions`, `real_pairs`, `divide` and `divide_real_pairs`.
        """
        if self.labelled:
            return divide(self.actions(frames), self.rules, by or "subject", seed)
        return divide_real_pairs(self.real_pairs(frames), by or "all", seed)

    def summary(self) -> str:
        """Say in one line what was read, and what was not."""
        parts = [f"{len(self.interactions)} interactions of two people"] if self.interactions else []
        if self.recordings:
            minutes = sum(recording.minutes for recording in self.recordings)
            parts += [f"{len(self.recordings)} uncut recordings", f"{minutes:.1f} minutes"]
        else:
            parts += [f"{len(self.clips)} clips"]
        parts += [f"{len({clip.person for clip in self.clips})} people"]
        parts += [f"skeleton '{self.definition.name}' ({len(self.definition.limbs)} limbs)"]
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
        source = Source(path.name, read.definition, read.clips, read.rules, read.interactions, reading)
    elif kind == "bag":
        source = _open_bags(path, load_skeleton(skeleton, limbs), reading, stimulus_bodies)
    elif not path.is_dir():
        raise DataError(f"{path}: no such directory")
    elif kind == "utd_mhad":
        labels = [label for rule in RULES for label in (rule.stimulus, rule.response)]
        clips = utd_mhad.read_directory(path, labels, reading)
        source = Source(utd_mhad.NAME, load_skeleton("utd_mhad"), clips, RULES, reading=reading)
    else:
        name, skeleton, reader = _RECORDED_TOGETHER[kind]
        interactions = reader(path, reading)
        clips = [clip for interaction in interactions for clip in (interaction.first, interaction.second)]
        source = Source(name, load_skeleton(skeleton), clips, (), interactions, reading)
    if limbs:
        source = replace(source, definition=source.definition.with_limbs(split_names(limbs)))
    return _without_copies(source)


def _open_bags(path: Path, definition: SkeletonDefinition, reading: Reading, stimulus_bodies: Sequence[int]) -> Source:
    """Open a bag, or a directory of bags, of people whom nobody cut.

    Raises:
        DataError: A bag cannot be read and bad ones are to be refused, or a body that is told to act is in none.
    """
    bags = find_bags(path)
    recordings = reading.each(str(path), "bags", bags, lambda bag: read_recording(bag, definition))
    tracks = [track for recording in recordings for track in recording.tracks]
    acting = frozenset(track.person for track in tracks if int(track.person.rsplit("/")[-1]) in set(stimulus_bodies))
    seen = {int(track.person.rsplit("/")[-1]) for track in tracks}
    for body in stimulus_bodies:
        if body not in seen:
            raise DataError(
                f"{path}: --stimulus {body}: nobody of that body id is in it; seen: {', '.join(map(str, sorted(seen)))}"
            )
    return Source(path.name, definition, tracks, (), [], reading, recordings, acting)


def _without_copies(source: Source) -> Source:
    """Leave out, or refuse, clips that hold the very same motion: one of them is something else under its name.

    Raises:
        DataError: There are such clips, and bad ones are to be refused.
    """
    by_content: dict[bytes, list[Clip]] = {}
    for clip in source.clips:
        by_content.setdefault(hashlib.sha256(clip.positions.tobytes()).digest(), []).append(clip)
    copies = [clips for clips in by_content.values() if len(clips) > 1]
    if not copies:
        return source
    problems = [f"{_named(clips)} hold the very same motion: files are mixed up" for clips in copies]
    source.reading.judge(source.name, "motions", problems, len(by_content))
    bad = {clip.name for clips in copies for clip in clips}
    interactions = [one for one in source.interactions if not {one.first.name, one.second.name} & bad]
    clips = [clip for clip in source.clips if clip.name not in bad]
    return replace(source, clips=clips, interactions=interactions)


def _named(clips: Sequence[Clip]) -> str:
    return " and ".join(clip.name for clip in clips)
