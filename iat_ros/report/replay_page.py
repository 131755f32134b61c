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

"""The page about a replayed recording, alone or beside another one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iat_ros.evaluation.replay_figures import TIMELINE, WALL, differences, numbers
from iat_ros.evaluation.replayed import Replayed
from iat_ros.report.document import Block, Bullets, Document, Heading, Paragraph, Pictures, Table
from iat_ros.report.html_page import to_html
from iat_ros.report.replay_figures import draw_joints, draw_stages, draw_timeline
from iat_ros.report.results import replace_file

HTML, FIGURES = "index.html", "report.json"
_NAMES = {
    "duration_s": "length of the recording [s]",
    "people": "people in view",
    "windows": "actions found",
    "answers": "answers",
    "trajectories": "trajectories sent",
    "end_of_action_ms.p50": "end of an action to its window, p50 [ms]",
    "end_of_action_ms.p99": "end of an action to its window, p99 [ms]",
    "follows_rules_percent": "answers that E takes for fitting [%]",
    "diversity": "diversity of answers to one action",
    "trajectory.position_margin_rad": "least distance from a position limit [rad]",
    "trajectory.velocity_percent": "largest share of a velocity limit [%]",
    "trajectory.acceleration_percent": "largest share of an acceleration limit [%]",
    "trajectory.jerk_rad_s3": "largest jerk [rad/s³]",
    "trajectory.turned_rad": "turned by all joints, mean of a trajectory [rad]",
}


@dataclass(frozen=True)
class Told:
    """One replay as the page tells it.

    Attributes:
        title: What was replayed by what.
        replayed: What happened.
        figures: The same in figures.
    """

    title: str
    replayed: Replayed
    figures: dict[str, Any]


def write_replay(told: Sequence[Told], directory: Path, notes: Sequence[str] = ()) -> Path:
    """Draw the pictures and write index.html and report.json.

    Args:
        told: One replay, or two to be compared.
        directory: Where to; made where it is missing.
        notes: What the reader should know first.

    Returns:
        The page.
    """
    directory.mkdir(parents=True, exist_ok=True)
    blocks: list[Block] = [Paragraph(note, notice=True) for note in notes]
    blocks += [Heading("In figures"), _table(told)]
    for number, each in enumerate(told):
        blocks += _replay(each, number, directory, several=len(told) > 1)
    lead = (
        "Replayed through the very code of the nodes, faster than real time; the same recording, model and seed give "
        "the same figures."
    )
    document = Document(f"Replay: {' against '.join(each.title for each in told)}", lead, tuple(blocks))
    replace_file(directory / HTML, to_html(document).encode())
    replace_file(directory / FIGURES, (json.dumps(report(told), indent=2) + "\n").encode())
    return directory / HTML


def report(told: Sequence[Told]) -> dict[str, Any]:
    """Return the figures for JSON: of one replay, or of two with their differences."""
    if len(told) == 1:
        return told[0].figures
    first, second = (each.figures for each in told)
    return {**first, "against": second, "differences": differences(first, second)}


def _table(told: Sequence[Told]) -> Table:
    columns = [numbers(each.figures) for each in told]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = []
    for name in names:
        cells = [_told(column.get(name)) for column in columns]
        if len(columns) == 2:
            cells.append(
                _told(columns[1][name] - columns[0][name] if name in columns[0] and name in columns[1] else None)
            )
        rows.append((_NAMES.get(name, name), *cells))
    titles = ("", *(each.title for each in told), *(["difference"] if len(told) == 2 else []))
    unit = told[0].figures["diversity_unit"]
    return Table(
        titles,
        tuple(rows),
        caption=f"Diversity in the unit of {unit}" + (" (1: as people)." if unit == "people" else "."),
    )


def _told(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def _replay(told: Told, number: int, directory: Path, several: bool) -> list[Block]:
    figures, replayed, end = told.figures, told.replayed, f"_{number + 1}" if several else ""
    wall = figures[WALL]
    stages = tuple(
        (stage, f"{took['p50']} ms at the median, p99 {took['p99']} ms, {len(replayed.took_ms[stage])} callbacks")
        for stage, took in wall["stage_ms"].items()
    )
    blocks: list[Block] = [
        Heading(told.title if several else "What happened when"),
        Pictures(
            ((draw_timeline(figures[TIMELINE], replayed.duration_s, directory, f"timeline{end}"), "timeline"),),
            "Grey: in view. Blue: an action. Triangle: its answer is given. Cross: an action that got none.",
        ),
        Heading("What it took", 3),
        Paragraph(
            f"{wall['took_s']} s for {figures['duration_s']} s of recording, {wall['times_real_time']} times as fast "
            "as it was recorded. These are times of this machine, without transport between processes."
        ),
        Bullets(stages),
        Pictures(
            ((draw_stages(replayed.took_ms, directory, f"stages{end}"), "times of the stages"),),
            "Every callback; answers that were prepared while the silence was awaited are only handed on here.",
        ),
        Heading("What the robot did", 3),
        Pictures(
            ((draw_joints(replayed, directory, f"joints{end}"), "joints over time"),),
            "The simulated robot; 0 and 100 % are a joint's limits.",
        ),
    ]
    broken, dropped = figures["violations"], figures["dropped"]
    blocks.append(
        Paragraph("No limit was broken." if not broken else f"Limits were broken: {broken}", notice=bool(broken))
    )
    if dropped:
        rows = tuple((reason, str(count)) for reason, count in dropped.items())
        blocks += [Heading("What was not used", 3), Table(("node and reason", "how often"), rows)]
    return blocks
