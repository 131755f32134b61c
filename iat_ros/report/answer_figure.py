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

"""Figure 7: a stimulus and its answers from the same noise vectors, as strips of stick figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from iat_ros.report.drawing import FAINT, GRID, Drawn, new_figure, readable, save
from iat_ros.report.figure_data import AnswerData
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limb_chain import LimbChain, default_lengths, find_head

POSES = 8
_AZIMUTH, _ELEVATION = np.deg2rad(35.0), np.deg2rad(8.0)
"""The camera stands in front of the person, to their left, a little above: three-quarter view."""
_HEAD_M, _GAP_M = 0.085, 0.12
_STIMULUS = {"left": "#003f66", "right": "#5aa9dd", "": "#0072B2"}
_ANSWER = {"left": "#7a2f00", "right": "#f08a3c", "": "#D55E00"}
_WORDS = {"left": {"left", "l"}, "right": {"right", "r"}}


def limb_sides(definition: SkeletonDefinition) -> list[str]:
    """Tell of each limb whether it is ``left``, ``right`` or neither (empty).

    A limb's name or the joint where it ends says so; where they don't, whatever starts at the body frame's left or
    right joint, or hangs on a limb that does, is of that side.
    """
    frame = definition.body_frame
    middle = {frame.top, frame.bottom}
    joints = {"left": {frame.left} - middle, "right": {frame.right} - middle}
    sides = [_side(limb.name) or ("" if limb.end in middle else _side(limb.end)) for limb in definition.limbs]
    for _ in definition.limbs:
        for index, limb in enumerate(definition.limbs):
            for side in joints:
                if not sides[index] and limb.start in joints[side] and limb.end not in middle:
                    sides[index] = side
                if sides[index] == side and limb.end not in middle:
                    joints[side].add(limb.end)
    return sides


def draw_answers(data: AnswerData, directory: Path) -> list[Drawn]:
    """Draw one figure for each stimulus: its strip, and one strip for each of its answers."""
    figure = Strips(data.definition)
    return [
        figure.draw(
            readable(name),
            [data.stimuli.limbs_in_body[index], *(motions.limbs_in_body[index] for motions in data.answers)],
            [data.stimuli.durations_s[index], *(motions.durations_s[index] for motions in data.answers)],
            directory,
            f"fig7_{index + 1}",
        )
        for index, name in enumerate(data.names)
    ]


class Strips:
    """Draws motions of one skeleton as rows of poses.

    Args:
        definition: The skeleton.
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        self._chain = LimbChain(definition)
        self._lengths_m = default_lengths(definition)
        self._sides = limb_sides(definition)
        self._head = find_head(self._chain.joints)
        forward = -np.array([np.cos(_AZIMUTH), np.sin(_AZIMUTH), 0.0])
        right = np.cross(forward, (0.0, 0.0, 1.0))
        down = np.array([0.0, 0.0, -1.0])
        forward = np.cos(_ELEVATION) * forward + np.sin(_ELEVATION) * down
        self._camera = np.stack([right, np.cross(right, forward), forward])  # rows: right, up, away from the camera

    def draw(
        self,
        name: str,
        motions: list[np.ndarray],
        durations_s: list[float],
        directory: Path,
        file: str,
        titles: Sequence[str] = (),
    ) -> Drawn:
        """Draw motions (T, L, 3) of given durations [s] below each other; the titles are those of the first ones."""
        rows = [self._poses(limbs_in_body) for limbs_in_body in motions]
        right, left = (np.stack([extreme(poses[..., 0], axis=1) for poses in rows]) for extreme in (np.max, np.min))
        pitch = float((right[:, :-1] - left[:, 1:]).max()) + _GAP_M  # neighbours just do not touch
        low = [float(poses[..., 1].min()) - 0.06 for poses in rows]
        heights = [float(poses[..., 1].max()) + _HEAD_M + 0.03 - start for poses, start in zip(rows, low, strict=True)]
        first = float(left[:, 0].min()) - _GAP_M
        width = (POSES - 1) * pitch + float(right[:, -1].max()) + _GAP_M - first
        with new_figure(8.6, 0.5 + 0.3 * len(rows) + 8.5 * sum(heights) / width) as figure:
            strips = figure.subplots(len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
            for row, (axes, poses, duration) in enumerate(zip(strips, rows, durations_s, strict=True)):
                for column, pose in enumerate(poses):
                    self._pose(axes, pose + np.array([column * pitch, 0.0, 0.0]), _ANSWER if row else _STIMULUS)
                axes.set(xlim=(first, first + width), ylim=(low[row], low[row] + heights[row]))
                axes.set(aspect="equal", xticks=[], yticks=[])
                axes.spines[["left", "bottom"]].set_visible(False)
                axes.axhline(low[row], color=GRID, linewidth=1.6)
                title = f"Answer, noise vector z{row}" if row else f"Stimulus: {name}"
                title = titles[row] if row < len(titles) else title
                axes.set_title(title, color=(_ANSWER if row else _STIMULUS)[""], pad=3)
                axes.set_title(f"{duration:.1f} s", loc="right", fontweight="normal", color=FAINT, fontsize=9.5, pad=3)
            self._legend(figure, answers=len(rows) > 1)
            return save(figure, directory, file)

    def _poses(self, limbs_in_body: np.ndarray) -> np.ndarray:
        """Joints of evenly spaced frames as the camera sees them, shape (POSES, K, 3) [m]: right, up, away."""
        frames = np.linspace(0, len(limbs_in_body) - 1, POSES).round().astype(int)
        joints = [self._chain.place(limbs_in_body[frame], self._lengths_m) for frame in frames]
        return np.asarray(np.stack(joints) @ self._camera.T)

    def _pose(self, axes: Any, joints: np.ndarray, colours: dict[str, str]) -> None:
        outline = [effects.Stroke(linewidth=5.0, foreground="white", capstyle="butt"), effects.Normal()]
        bones = joints[self._chain.bones]  # (L, 2, 3)
        for limb in np.argsort(-bones[..., 2].mean(axis=1), kind="stable"):  # far ones first
            depth = float(-bones[limb, :, 2].mean())
            line = LineCollection(
                [bones[limb, :, :2]], colors=colours[self._sides[limb]], linewidths=2.6, capstyle="round",
                zorder=3.0 + 0.1 * depth, path_effects=outline,
            )  # fmt: skip
            axes.add_collection(line)
        if self._head is not None:
            x, y, away = joints[self._head]
            axes.add_patch(
                Circle(
                    (x, y), _HEAD_M, facecolor=colours[""], edgecolor="white", linewidth=0.8, zorder=3.0 - 0.1 * away
                )
            )

    def _legend(self, figure: Any, answers: bool) -> None:
        handles = [
            Line2D([], [], color=colours[side], linewidth=2.6, label=f"{who}{side} limbs")
            for who, colours in ((("stimulus, ", _STIMULUS), ("answer, ", _ANSWER)) if answers else (("", _STIMULUS),))
            for side in ("left", "right")
            if side in self._sides
        ]
        if handles:
            figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9)


def _side(name: str) -> str:
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))
    return next((side for side, known in _WORDS.items() if words & known), "")
