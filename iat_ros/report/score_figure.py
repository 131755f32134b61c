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

"""The scores of one division at a glance: every seed, mean and spread, the paper's numbers, E's ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from iat_ros.report.aggregation import Tables
from iat_ros.report.drawing import COLOURS, FAINT, Drawn, new_figure, save
from iat_ros.report.methods import METHODS, METRICS, OURS
from iat_ros.report.results import Record

_PANELS = (("iat_test", "iat_test"), ("iat_train_positives", "iat_train"), ("iat_train_balanced", "iat_train"))
"""Metric, and the paper's score that stands beside it."""
_COLOURS = {"without labels": COLOURS[0], "with labels": COLOURS[1], "generates nothing": FAINT}


def draw_scores(tables: Tables, records: Sequence[Record], division: str, directory: Path, with_paper: bool) -> Drawn:
    """Draw the scores of every method.

    Args:
        tables: Means and spreads.
        records: The scores of every seed.
        division: ``subject`` or ``random``.
        directory: The results directory.
        with_paper: Whether the paper's numbers stand beside them.
    """
    methods = [METHODS[name] for name in tables[division]]
    heights = np.arange(len(methods))[::-1]
    ceiling = tables["e_kfold"][division][0]
    with new_figure(8.6, 1.7 + 0.36 * len(methods)) as figure:
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (metric, paper) in zip(panels, _PANELS, strict=True):
            for method, y in zip(methods, heights, strict=True):
                colour = _COLOURS[_kind(method.name)]
                mean, std = tables[division][method.name][metric]
                seeds = [r.scores[metric] for r in records if (r.division, r.method) == (division, method.name)]
                axes.scatter(seeds, [y] * len(seeds), s=12, color=colour, alpha=0.35, linewidths=0)
                axes.plot(
                    [mean - (std or 0.0), mean + (std or 0.0)], [y, y], color=colour, linewidth=2.4, alpha=0.6,
                    solid_capstyle="butt",
                )  # fmt: skip
                axes.plot(mean, y, "o", color=colour, markersize=8 if method.name == OURS else 6.5)
                if with_paper and method.paper:
                    axes.plot(getattr(method.paper, paper), y, "D", color="black", fillstyle="none", markersize=6)
            if metric == "iat_test":
                axes.axvline(ceiling, color=FAINT, linestyle="--", linewidth=1.2)
            axes.set_title(METRICS[metric].title)
            axes.set_xlabel("%")
            axes.tick_params(axis="y", length=0)
            axes.grid(visible=False, axis="y")
            axes.set_ylim(-0.7, len(methods) - 0.3)
        panels[0].set_yticks(heights, [method.title for method in methods])
        for label, method in zip(panels[0].get_yticklabels(), methods, strict=True):
            label.set_fontweight("bold" if method.name == OURS else "normal")
        kinds = {_kind(method.name) for method in methods}
        handles = [
            Line2D([], [], color=colour, marker="o", markersize=6, label=kind)
            for kind, colour in _COLOURS.items()
            if kind in kinds
        ]
        if with_paper and any(method.paper for method in methods):
            handles.append(Line2D([], [], color="black", marker="D", fillstyle="none", linestyle="", label="paper"))
        handles.append(Line2D([], [], color=FAINT, linestyle="--", linewidth=1.2, label="E's K-fold"))
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9.5)
        return save(figure, directory, f"scores_{division}")


def _kind(name: str) -> str:
    method = METHODS[name]
    return "generates nothing" if method.sanity else "with labels" if method.labels else "without labels"
