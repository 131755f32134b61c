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

"""A look at a data set before training: what is wrong with it, how its pairs lie, and what would help most."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from iat_ros.data.actions import Action, ActionPair, cut_action, stack
from iat_ros.data.clip import Clip
from iat_ros.data.damage import Damage
from iat_ros.data.enough import find_too_few
from iat_ros.data.first_look import look_at
from iat_ros.data.joint_clip import cut_joint_action
from iat_ros.data.likeness import Help, distances, find_doubled, find_mislabelled, what_helps
from iat_ros.data.pairing import as_pairs
from iat_ros.data.source import Source
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.errors import DataError
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.training.config import TrainingConfig
from iat_ros.training.joint_embedding import embed_jointly


@dataclass(frozen=True)
class Inspection:
    """What a look at a data set has shown.

    Attributes:
        source: The data set.
        actions: Every action of a person that could be cut or found.
        pairs: Real pairs, or pairs made by the rules.
        damage: Everything that is wrong, by clip.
        points: Where pairs lie in the joint embedding, shape (N, D); None where they are too few for it.
        helps: What would help most.
    """

    source: Source
    actions: list[Action]
    pairs: list[ActionPair]
    damage: list[Damage]
    points: np.ndarray | None
    helps: Help
    clips: dict[str, Clip] = field(default_factory=dict)

    @property
    def pair_labels(self) -> list[str]:
        """What each pair is called; empty texts where nobody says."""
        if not self.source.labelled:
            return [""] * len(self.pairs)
        return [f"{pair.stimulus.label} / {pair.response.label}" for pair in self.pairs]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "data": self.source.name,
            "clips": len(self.source.clips),
            "people": sorted({clip.person for clip in self.source.clips}),
            "actions": len(self.actions),
            "pairs": len(self.pairs),
            "warnings": [vars(one) for one in self.damage],
            "by_kind": dict(Counter(one.kind for one in self.damage)),
            "error_by_people": self.helps.people,
            "error_by_share_of_pairs": self.helps.repeats,
            "advice": self.helps.advice,
            **({"pairing": self.source.account.as_dict()} if self.source.recordings else {}),
        }


def inspect(source: Source, config: TrainingConfig, seed: int = 0) -> Inspection:
    """Look at a data set.

    Args:
        source: Opened so that what is bad is skipped.
        config: The recipe whose windows and embedding are used.
        seed: Decides how labelled clips are paired for the look, and what is left out to see what helps.
    """
    damage = [Damage("", "unreadable", line) for line in source.reading.bad]
    damage += look_at(source)
    known = {one.clip for one in damage}
    labelled: list[Action] = []
    if source.recordings:
        found, made = find_pairs(
            source.definition,
            source.recordings,
            config.frames,
            source.account,
            source.stimulus_bodies,
            source.joint_scale,
        )
        people = {track.person for recording in source.recordings for track in recording.tracks}
        actions, pairs = [one.action for one in found if one.body in people], as_pairs(made)
    elif source.labelled:
        actions = []
        for clip in source.clips:
            try:
                actions.append(cut_action(source.definition, clip, config.frames))
            except DataError as error:
                if clip.name not in known:
                    damage.append(Damage(clip.name, "not one action", str(error).removeprefix(f"{clip.name}: ")))
        labelled = actions + _of_robot(source, config.frames, damage, known)
        pairs = _by_rules(source, labelled, seed)
    else:
        before = len(source.reading.bad)
        pairs = source.real_pairs(config.frames)
        damage += [Damage("", "not one action", line) for line in source.reading.bad[before:]]
        of_robot = source.joint_scale is not None
        actions = [each for pair in pairs for each in ([pair.stimulus] if of_robot else [pair.stimulus, pair.response])]
    if len(actions) > 1:
        apart = distances(actions)
        damage += find_doubled(actions, apart)
        if source.labelled:
            mirrored = {one.clip for one in damage if one.kind == "mirrored"}  # of course it looks like something else
            damage += [one for one in find_mislabelled(actions, apart) if one.clip not in mirrored]
    damage += find_too_few(source, len(pairs), labelled)
    points = _embed(pairs, config, seed)
    clips = {clip.name: clip for clip in source.clips}
    return Inspection(source, actions, pairs, damage, points, what_helps(pairs, seed), clips)


def _of_robot(source: Source, frames: int, damage: list[Damage], known: set[str]) -> list[Action]:
    """Cut the clips of a robot; what cannot be cut is damage, unless something is known to be wrong with it."""
    actions: list[Action] = []
    scale = source.joint_scale
    if scale is None:
        return actions
    for clip in source.joint_clips:
        try:
            actions.append(cut_joint_action(scale, clip, frames))
        except DataError as error:
            if clip.name not in known:
                damage.append(Damage(clip.name, "not one action", str(error).removeprefix(f"{clip.name}: ")))
    return actions


def _by_rules(source: Source, actions: list[Action], seed: int) -> list[ActionPair]:
    """Pair stimuli and responses of each rule at random, whoever made them."""
    rng = np.random.default_rng(seed)
    pairs = []
    for rule in source.rules:
        sides = [[action for action in actions if action.label == label] for label in (rule.stimulus, rule.response)]
        order = rng.permutation(len(sides[1]))
        pairs += [ActionPair(first, sides[1][i]) for first, i in zip(sides[0], order, strict=False)]
    return pairs


def _embed(pairs: list[ActionPair], config: TrainingConfig, seed: int) -> np.ndarray | None:
    if len(pairs) < 2:
        return None
    sides = [stack([pair.stimulus for pair in pairs]), stack([pair.response for pair in pairs])]
    tensors = [to_tensor(side, DurationScale.of(side.durations_s)) for side in sides]
    dims = config.dimensions(sides[0].limbs_in_body.shape[2], len(pairs), sides[1].limbs_in_body.shape[2])
    try:
        generator = torch.Generator().manual_seed(seed)
        return embed_jointly(tensors[0], tensors[1], dims, config.embedding, generator).points
    except DataError:  # too few pairs: the page says so
        return None
