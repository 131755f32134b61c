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

from dataclasses import dataclass, field, replace

from iat_ros.data.actions import Action, ActionPair, cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction, cut_interaction
from iat_ros.data.joint_clip import JointClip, cut_joint_action, in_order
from iat_ros.data.pairing import PairingAccount, as_pairs
from iat_ros.data.protocol import Division, Rule, divide, divide_real_pairs
from iat_ros.data.reading import Reading
from iat_ros.data.rule_names import unmatched
from iat_ros.data.uncut import UncutRecording
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.joint_motion import JointScale

RULES = (
    Rule("tennis_serve", "tennis_swing"),
    Rule("throw", "catch"),
    Rule("boxing", "arm_cross"),
    Rule("knock", "wave"),
    Rule("basketball_shoot", "clap"),
)
"""The interactions learned on UTD-MHAD; the paper names the first two, the others are this package's choice."""


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
