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

"""Pictures of a look at a data set: clips and pairs as strips, the embedding, and what more data would bring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from iat_ros.data.actions import Action, ActionPair, tracked
from iat_ros.data.clip import Clip
from iat_ros.data.likeness import Help
from iat_ros.data.source import Source
from iat_ros.errors import DataError, SkeletonError
from iat_ros.report.answer_figure import Strips
from iat_ros.report.drawing import COLOURS, FAINT, MARKERS, Drawn, new_figure, readable, save
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.joint_motion import JointScale
from iat_ros.stream.window import make_window

_FRAMES = 32
_MOST_JOINTS = 6


def draw_clip(definition: SkeletonDefinition, clip: Clip, title: str, directory: Path, file: str) -> Drawn | None:
    """Draw a whole clip, as far as it can be drawn."""
    try:
        whole = tracked(definition, clip)
        motion = make_window(definition, whole.times_s, whole.positions, _FRAMES)
    except (DataError, SkeletonError):
        return None
    strips = Strips(definition)
    return strips.draw(clip.name, [motion.limbs_in_body], [motion.duration_s], directory, file, [title])


def draw_action(definition: SkeletonDefinition, action: Action, directory: Path, file: str) -> Drawn:
    """Draw an action as it was cut."""
    title = f"{readable(action.label)}: {action.name}" if action.label else action.name
    motion = action.motion
    return Strips(definition).draw(action.name, [motion.limbs_in_body], [motion.duration_s], directory, file, [title])


def draw_pair(source: Source, pair: ActionPair, directory: Path, file: str) -> Drawn:
    """Draw a stimulus and, where a person answered it, the answer."""
    sides = [pair.stimulus.motion, pair.response.motion]
    titles = [f"Stimulus: {pair.stimulus.name}", f"Answer: {pair.response.name}"]
    if source.joint_scale is not None:
        sides, titles = sides[:1], titles[:1]
    return Strips(source.definition).draw(
        pair.stimulus.name,
        [motion.limbs_in_body for motion in sides],
        [motion.duration_s for motion in sides],
        directory,
        file,
        titles,
    )


def draw_joints(scale: JointScale, action: Action, directory: Path, file: str) -> Drawn:
    """Draw what a robot's joints do in an action, those that move most."""
    positions = scale.to_positions(action.motion.limbs_in_body)
    shown = np.argsort(-np.ptp(positions, axis=0))[:_MOST_JOINTS]
    with new_figure(7.6, 3.0) as figure:
        axes = figure.subplots()
        for index, joint in enumerate(shown.tolist()):
            name, colour = readable(scale.names[joint].removesuffix("_joint")), COLOURS[index % len(COLOURS)]
            axes.plot(action.motion.times_s, positions[:, joint], color=colour, label=name)
        axes.set_title(f"Answer: {action.name}", fontsize=10, loc="left")
        axes.set_xlabel("time [s]")
        axes.set_ylabel("position [rad]")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handletextpad=0.4)
        return save(figure, directory, file)


def draw_points(points: np.ndarray, labels: Sequence[str], directory: Path) -> Drawn:
    """Draw where pairs lie (N, D), in the first two dimensions; coloured by label where there are any."""
    with new_figure(7.6, 5.0) as figure:
        axes = figure.subplots()
        for index, label in enumerate(sorted(set(labels))):
            mine = np.array([one == label for one in labels])
            axes.scatter(
                points[mine, 0], points[mine, 1], s=36, alpha=0.85, linewidths=0.5, edgecolors="white",
                color=COLOURS[index % len(COLOURS)], marker=MARKERS[index % len(MARKERS)], label=readable(label),
            )  # fmt: skip
        axes.set_xlabel("first axis of the joint embedding")
        axes.set_ylabel("second axis")
        if any(labels):
            axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handletextpad=0.2)
        return save(figure, directory, "embedding")


def draw_help(helps: Help, directory: Path) -> Drawn:
    """Draw the error with less data, by people and by pairs."""
    with new_figure(7.6, 3.0) as figure:
        columns = figure.subplots(1, 2, sharey=True)
        sides = ((helps.people, "other people known"), (helps.repeats, "share of the others' pairs known [%]"))
        for axes, (curve, name), colour in zip(columns, sides, COLOURS, strict=False):
            axes.plot(list(curve), list(curve.values()), marker="o", color=colour)
            axes.set_xlabel(name)
            axes.set_xticks(list(curve))
            axes.axhline(1.0, color=FAINT, linewidth=1.0, linestyle="--")
        columns[0].set_ylabel("error (1: chance)")
        columns[0].set_ylim(bottom=0.0)
        return save(figure, directory, "help")
