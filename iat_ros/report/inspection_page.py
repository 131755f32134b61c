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

"""The page of a look at a data set."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from iat_ros.data.damage import KINDS
from iat_ros.report.document import Block, Bullets, Document, Heading, Paragraph, Pictures, Table
from iat_ros.report.html_page import to_html
from iat_ros.report.inspection import Inspection
from iat_ros.report.inspection_figures import draw_action, draw_clip, draw_help, draw_joints, draw_pair, draw_points
from iat_ros.report.results import replace_file

HTML = "index.html"
_MOST_CLIPS, _MOST_PAIRS, _MOST_DRAWN, _MOST_LISTED = 10, 4, 12, 200


def write_inspection(inspection: Inspection, directory: Path) -> Path:
    """Draw the pictures and write index.html.

    Args:
        inspection: What was seen.
        directory: Where the page and its folder of figures go; made where it is missing.

    Returns:
        The page.
    """
    directory.mkdir(parents=True, exist_ok=True)
    blocks = [
        *_warnings(inspection, directory),
        *_help(inspection, directory),
        *_pairs(inspection, directory),
        *_embedding(inspection, directory),
        *_clips(inspection, directory),
    ]
    name = inspection.source.name
    document = Document(f"A look at {name}", f"{inspection.source.summary()}. {_verdict(inspection)}", tuple(blocks))
    replace_file(directory / HTML, to_html(document).encode())
    return directory / HTML


def _verdict(inspection: Inspection) -> str:
    count = len({one.clip or one.why for one in inspection.damage})
    if not count:
        return "Nothing looks wrong."
    return f"{count} recording{'s' if count > 1 else ''} should be looked at before anything is learned from this."


def _warnings(inspection: Inspection, directory: Path) -> list[Block]:
    damage = inspection.damage
    if not damage:
        return []
    kinds = Counter(one.kind for one in damage)
    rows = tuple((one.clip or "-", one.kind, one.why) for one in damage[:_MOST_LISTED])
    blocks: list[Block] = [
        Heading("What looks wrong"),
        Bullets(tuple((f"{count} {kind}", KINDS[kind]) for kind, count in kinds.most_common())),
        Table(("recording", "what", "why"), rows),
    ]
    if len(damage) > _MOST_LISTED:
        blocks.append(Paragraph(f"And {len(damage) - _MOST_LISTED} more; --json lists all.", notice=True))
    named = dict.fromkeys(one.clip for one in damage if one.clip in inspection.clips)
    reasons = {name: ", ".join(one.kind for one in damage if one.clip == name) for name in named}
    drawn = []
    for number, name in enumerate(list(named)[:_MOST_DRAWN]):
        title = f"{name}: {reasons[name]}"
        picture = draw_clip(
            inspection.source.definition, inspection.clips[name], title, directory, f"warned_{number + 1}"
        )
        if picture is not None:
            drawn.append((picture, f"{title}, as a strip of stick figures."))
    if drawn:
        blocks.append(Pictures(tuple(drawn), "Seen from the front and a little to the person's left."))
    return blocks


def _help(inspection: Inspection, directory: Path) -> list[Block]:
    helps = inspection.helps
    blocks: list[Block] = [Heading("What would help most"), Paragraph(helps.advice)]
    if helps.people:
        text = "The error with fewer people, and with fewer pairs of the same people."
        caption = (
            "Error: how far the nearest known stimulus' response lies from what was answered indeed; 1 is no better "
            "than chance. Whoever acts is left out of what is known. It is a rough guide, and no score of a model."
        )
        if inspection.source.recordings:
            caption += " Each body id of each recording counts as a person."
        blocks.append(Pictures(((draw_help(helps, directory), text),), caption))
    return blocks


def _pairs(inspection: Inspection, directory: Path) -> list[Block]:
    pairs = inspection.pairs
    how = "made by the rules, whoever acted" if inspection.source.labelled else "as they were recorded"
    blocks: list[Block] = [Heading("Pairs"), Paragraph(f"{len(pairs)} pairs, {how}.")]
    if inspection.source.recordings:
        blocks.append(Bullets(tuple(inspection.source.account.lines())))
    chosen = np.unique(np.linspace(0, len(pairs) - 1, _MOST_PAIRS).round().astype(int)).tolist() if pairs else []
    drawn = [
        (
            draw_pair(inspection.source, pairs[index], directory, f"pair_{number + 1}"),
            f"{pairs[index].stimulus.name} and its answer.",
        )
        for number, index in enumerate(chosen)
    ]
    if drawn:
        caption = "Some of the pairs: eight poses of each motion, evenly spaced in time."
        blocks.append(Pictures(tuple(drawn), caption))
    scale = inspection.source.joint_scale
    if scale is not None and pairs:
        moved = [
            (
                draw_joints(scale, pairs[index].response, directory, f"answer_{number + 1}"),
                f"The robot's joints in {pairs[index].response.name}.",
            )
            for number, index in enumerate(chosen)
        ]
        blocks.append(Pictures(tuple(moved), "What the robot answered: the joints that move most."))
    return blocks


def _embedding(inspection: Inspection, directory: Path) -> list[Block]:
    blocks: list[Block] = [Heading("Embedding")]
    if inspection.points is None or inspection.points.shape[1] < 2:
        return [*blocks, Paragraph("Too few pairs for the embedding of the training.", notice=True)]
    labels = inspection.pair_labels
    caption = "Each point is a pair; pairs lie near each other where both sides are alike. " + (
        "Colours tell the labels, which the embedding never saw."
        if any(labels)
        else "Clusters are interactions that training can tell apart; there are no labels to colour them by."
    )
    text = "Scatter plot of all pairs in the joint embedding."
    return [*blocks, Pictures(((draw_points(inspection.points, labels, directory), text),), caption)]


def _clips(inspection: Inspection, directory: Path) -> list[Block]:
    actions = inspection.actions
    if not actions:
        return []
    by_label = {action.label: action for action in reversed(actions) if action.label}
    chosen = list(by_label.values())[:_MOST_CLIPS][::-1]
    if not chosen:
        chosen = [actions[i] for i in np.unique(np.linspace(0, len(actions) - 1, _MOST_CLIPS).round().astype(int))]
    drawn = tuple(
        (
            draw_action(inspection.source.definition, action, directory, f"action_{number + 1}"),
            f"{action.name} as a strip of stick figures.",
        )
        for number, action in enumerate(chosen)
    )
    return [Heading("Actions"), Pictures(drawn, f"{len(drawn)} of {len(actions)} actions, as they were cut.")]
