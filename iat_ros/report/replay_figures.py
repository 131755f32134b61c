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

"""Pictures of a replayed recording: who acted and was answered when, how long it took, what the joints did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from iat_ros.evaluation.replayed import Replayed
from iat_ros.report.drawing import COLOURS, FAINT, INK, Drawn, new_figure, save

_BAR = 0.34
_SAMPLE_S = 0.008


def draw_timeline(timeline: Mapping[str, Any], duration_s: float, directory: Path, name: str) -> Drawn:
    """Draw a row for each person: in view, actions, and when they were answered; crosses: windows without an answer."""
    bodies = list(timeline["people"])
    with new_figure(9.0, 1.1 + 0.42 * max(1, len(bodies))) as figure:
        axes = figure.subplots()
        for row, body in enumerate(bodies):
            first, last = timeline["people"][body]
            axes.plot([first, last], [row, row], color=FAINT, linewidth=1.2, alpha=0.6, zorder=1)
            spans = [(w["from_s"], w["to_s"] - w["from_s"]) for w in timeline["windows"] if str(w["body"]) == body]
            axes.broken_barh(spans, (row - _BAR / 2, _BAR), color=COLOURS[0], alpha=0.75, zorder=2)
            answered = {each["to_s"] for each in timeline["answers"] if str(each["body"]) == body}
            said = [each["said_s"] for each in timeline["answers"] if str(each["body"]) == body]
            axes.plot(said, [row] * len(said), "v", color=COLOURS[1], markersize=7, zorder=3)
            missed = [w["said_s"] for w in timeline["windows"] if str(w["body"]) == body and w["to_s"] not in answered]
            axes.plot(missed, [row] * len(missed), "x", color=INK, markersize=7, zorder=3)
        axes.set_yticks(range(len(bodies)), [f"body {body}" for body in bodies])
        axes.set_ylim(len(bodies) - 0.4, -0.6)
        axes.set_xlim(0.0, max(duration_s, 1e-3))
        axes.set_xlabel("time in the recording [s]")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        return save(figure, directory, name)


def draw_stages(took_ms: Mapping[str, Sequence[float]], directory: Path, name: str) -> Drawn:
    """Draw how the times of each stage are spread, on a logarithmic axis."""
    stages = [stage for stage, took in took_ms.items() if len(took)]
    with new_figure(9.0, 0.9 + 0.5 * max(1, len(stages))) as figure:
        axes = figure.subplots()
        rng = np.random.default_rng(0)
        for row, stage in enumerate(stages):
            took = np.asarray(took_ms[stage])[-2000:]
            axes.scatter(took, row + rng.uniform(-0.18, 0.18, len(took)), s=9, color=COLOURS[row], alpha=0.35, lw=0)
            median = float(np.median(took))
            axes.plot([median, median], [row - 0.32, row + 0.32], color=INK, linewidth=2.0)
        axes.set_yticks(range(len(stages)), stages)
        axes.set_ylim(len(stages) - 0.4, -0.6)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("time of one callback [ms]; line: median")
        axes.grid(visible=False, axis="y")
        return save(figure, directory, name)


def draw_joints(replayed: Replayed, directory: Path, name: str) -> Drawn:
    """Draw where each joint of the simulated robot was between its limits, over time; seven joints a panel."""
    path, limits, names = replayed.path, replayed.limits, replayed.joint_names
    firsts = range(0, max(1, len(names)), len(COLOURS))
    every = max(1, len(path) // 3000)
    times = np.arange(len(path))[::every] * _SAMPLE_S
    with new_figure(9.0, 0.6 + 2.3 * len(firsts)) as figure:
        panels = figure.subplots(len(firsts), sharex=True, squeeze=False)[:, 0]
        for first, axes in zip(firsts, panels, strict=True):
            axes.axhline(0.0, color=INK, linewidth=1.0)
            axes.axhline(100.0, color=INK, linewidth=1.0)
            for column, joint in enumerate(names[first : first + len(COLOURS)], first):
                share = np.full(len(times), np.nan)
                if len(path) and limits is not None:
                    reach = limits.upper[column] - limits.lower[column]
                    share = 100.0 * (path[::every, column] - limits.lower[column]) / reach
                label = joint.removesuffix("_joint")
                axes.plot(times, share, linewidth=1.0, color=COLOURS[column - first], label=label)
            axes.set_xlim(0.0, max(float(times[-1]) if len(times) else 0.0, 1e-3))
            axes.set_ylim(-4.0, 104.0)
            axes.set_ylabel("between its limits [%]")
            if names:
                axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        panels[-1].set_xlabel("time in the recording [s]")
        return save(figure, directory, name)
