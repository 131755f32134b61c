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

"""A picture of a robot imitating a test motion: its links as sticks, below a person's limbs at the same moments."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from iat_ros.report.drawing import DOTS_PER_INCH, FAINT, GRID, new_figure
from iat_ros.report.results import replace_file
from iat_ros.robot.link_tree import LinkTree, rotation_of
from iat_ros.robot.model import RobotModel
from iat_ros.robot.trial import SHOWN, SKELETON, Trial
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limb_chain import LimbChain, default_lengths

COLUMNS = 7
_MARGIN_M = 0.03
_AZIMUTH, _ELEVATION = np.deg2rad(35.0), np.deg2rad(8.0)
"""The camera stands in front, to the left of the one it sees, a little above."""
_COLOURS = {"left": ("#003f66", "#7a2f00"), "right": ("#5aa9dd", "#f08a3c"), "": ("#0072B2", "#D55E00")}
"""Of the person's limbs, and of the robot's that follow them."""
_BOTH = ("", "left", "right")


def draw_robot(model: RobotModel, tree: LinkTree, trial: Trial, file: Path) -> None:
    """Draw a person and a robot at some moments of a test motion.

    Args:
        model: The robot.
        tree: Its links.
        trial: What it did.
        file: Where to; its suffix (.png, .svg, .pdf) says as what.
    """
    moments = np.linspace(0, len(trial.poses) - 1, COLUMNS).round().astype(int)
    with new_figure(1.55 * COLUMNS, 5.6) as figure:
        axes = figure.subplots(2, COLUMNS)
        for row, make in zip(axes, (_person, _robot), strict=True):
            sticks = [make(model, tree, trial, int(moment)) for moment in moments]
            flat = [ends @ _camera() for ends, _, _ in sticks]
            low = np.concatenate(flat).min(axis=(0, 1)) - _MARGIN_M
            high = np.concatenate(flat).max(axis=(0, 1)) + _MARGIN_M
            for axis, lines, (_, colours, widths) in zip(row, flat, sticks, strict=True):
                axis.add_collection(LineCollection(lines, colors=colours, linewidths=widths, capstyle="round"))
                axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
        for axis, moment in zip(axes[0], moments, strict=True):
            left, right = axis.get_xlim()
            above = -left / (right - left)  # the torso, not the middle of all that arms reach
            axis.set_title(
                f"{moment / (len(trial.poses) - 1):.0%}", loc="center", x=above, color=FAINT, fontweight="normal"
            )
        axes[0, 0].set_ylabel("person")
        axes[1, 0].set_ylabel(model.config.name)
        errors = ", ".join(f"{limb.replace('_', ' ')} {each.mean_deg:g}°" for limb, each in trial.limbs.items())
        title = f"{SHOWN.replace('_', ' ')}; mean error over {trial.motions} motions, unbent: {errors}"
        figure.suptitle(title, fontsize=10)
        sides = sorted(model.config.arms) or ("left", "right")
        keys = [("person", 0), (model.config.name, 1)]
        handles = [
            Line2D([], [], color=_COLOURS[side][who], label=f"{name}, {side}" if len(sides) > 1 else name)
            for name, who in keys
            for side in sides
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=file.suffix.lstrip(".") or "png", dpi=DOTS_PER_INCH)
    replace_file(file, buffer.getvalue())


_Sticks = tuple[np.ndarray, list[str], list[float]]  # ends (N, 2, 3) [m], colours, widths


def _side(name: str) -> str:
    return next((side for side in _BOTH[1:] if name.startswith(side)), "")


def _person(_model: RobotModel, _tree: LinkTree, trial: Trial, moment: int) -> _Sticks:
    definition = load_skeleton(SKELETON)
    chain = LimbChain(definition)
    joints = chain.place(trial.frames[moment], default_lengths(definition))
    ends = joints[chain.bones]
    return ends, [_COLOURS[_side(name)][0] for name in trial.limb_names], [3.0] * len(ends)


def _robot(model: RobotModel, tree: LinkTree, trial: Trial, moment: int) -> _Sticks:
    """All links as thin sticks, the limbs that follow the person as thick ones."""
    config = model.config
    angles = {**config.rest, **dict(zip(model.joint_names, trial.poses[moment].tolist(), strict=True))}
    places = tree.places(angles)
    rotation, origin = places[config.torso]
    body = rotation @ rotation_of(*config.torso_rpy)
    at = {link: (place[1] - origin) @ body for link, place in places.items()}
    bones = [(at[joint.parent], at[joint.child]) for joint in tree.joints.values()]
    bones = [bone for bone in bones if np.linalg.norm(bone[1] - bone[0]) > 1e-4]
    limbs = [(at[start], at[end]) for start, end in config.limbs.values()]
    colours = [GRID] * len(bones) + [_COLOURS[_side(limb)][1] for limb in config.limbs]
    return np.array(bones + limbs), colours, [1.5] * len(bones) + [3.5] * len(limbs)


def _camera() -> np.ndarray:
    """Return what takes points (..., 3) in the body frame to the picture (..., 2)."""
    cos, sin = np.cos(_ELEVATION), np.sin(_ELEVATION)
    away = -np.array([np.cos(_AZIMUTH) * cos, np.sin(_AZIMUTH) * cos, sin])
    right = np.cross(away, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, away)], axis=1)
