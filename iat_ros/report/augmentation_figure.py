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

"""Figure 6: effectiveness F and reliability R of the augmentation against s and against the dimension of L."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from iat_ros.report.drawing import COLOURS, FAINT, INK, MARKERS, Drawn, new_figure, save
from iat_ros.report.figure_data import AugmentationData

_PAPER_SCALE = 0.1


def draw_augmentation(data: AugmentationData, directory: Path) -> Drawn:
    """Draw F (solid) and R (dashed), one colour for each bandwidth."""
    with new_figure(8.6, 4.4) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        _draw(left, data.scales, data.scale_effectiveness, data.scale_reliability)
        _draw(right, data.dimensions, data.dimension_effectiveness, data.dimension_reliability)
        left.set_title("(a) against the scale s")
        left.set_xlabel("scale s of the bandwidth")
        left.set_ylabel("probability [%]")
        right.set_title("(b) against the dimension of L")
        right.set_xlabel("dimension of the embedding space L")
        right.xaxis.set_major_locator(FixedLocator(data.dimensions.tolist()))
        left.set_ylim(-3.0, 103.0)
        if data.scales[0] <= _PAPER_SCALE <= data.scales[-1]:
            left.axvline(_PAPER_SCALE, color=FAINT, linewidth=1.0, linestyle=":")
            left.annotate(
                "paper: s = 0.1", (_PAPER_SCALE, 1.0), xycoords=("data", "axes fraction"), xytext=(4, 2),
                textcoords="offset points", fontsize=8.5, color=FAINT, va="bottom", annotation_clip=False,
            )  # fmt: skip
            left.set_title("(a) against the scale s", pad=18)
            right.set_title("(b) against the dimension of L", pad=18)
        handles = [
            Line2D([], [], color=INK, label="F: an action is replaced"),
            Line2D([], [], color=INK, linestyle="--", label="R: its category is kept"),
        ]
        if len(data.bandwidths) > 1:
            handles += [
                Line2D([], [], color=COLOURS[index % len(COLOURS)], marker=MARKERS[index % len(MARKERS)], label=name)
                for index, name in enumerate(data.bandwidths)
            ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2 if len(handles) < 6 else 3, fontsize=9.5)
        return save(figure, directory, "fig6")


def _draw(axes: Any, x: np.ndarray, effectiveness: np.ndarray, reliability: np.ndarray) -> None:
    for index, (f, r) in enumerate(zip(effectiveness, reliability, strict=True)):
        look = {
            "color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)], "markersize": 4.5,
            "markeredgecolor": "white", "markeredgewidth": 0.5,
        }  # fmt: skip
        axes.plot(x, f, **look)
        axes.plot(x, r, linestyle="--", **look)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
