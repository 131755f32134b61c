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

"""index.html and index.md of a results directory, from its files alone: made again at any time without a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from iat_ros.data.protocol import DIVISIONS
from iat_ros.report.aggregation import TABLES, Tables, aggregate, read_tables
from iat_ros.report.answer_figure import draw_answers
from iat_ros.report.augmentation_figure import draw_augmentation
from iat_ros.report.document import Block, Bullets, Document, Heading, Paragraph, Pictures
from iat_ros.report.embedding_figure import draw_embedding
from iat_ros.report.figure_data import FigureData, read_figure_data
from iat_ros.report.goals import judge_goals
from iat_ros.report.html_page import to_html
from iat_ros.report.markdown_page import to_markdown
from iat_ros.report.methods import DIVISION_TEXTS, DIVISION_TITLES, METHODS, PAPER, PAPER_DATA_SET
from iat_ros.report.remarks import beside_paper, remarks, reservations
from iat_ros.report.results import RAW, Results, ResultsError, read_results, replace_file
from iat_ros.report.score_figure import draw_scores
from iat_ros.report.sections import (
    effort_blocks,
    goal_blocks,
    goal_summary,
    raw_blocks,
    reading_blocks,
    score_table,
)

HTML, MARKDOWN = "index.html", "index.md"


def write_page(directory: Path) -> tuple[Path, Path]:
    """Draw all figures and write index.html and index.md from raw.json, tables.json, figures.npz and figures.json.

    The same files give the same bytes.

    Args:
        directory: The results directory.

    Returns:
        The two pages.

    Raises:
        ResultsError: raw.json or tables.json is missing, a file is damaged, or the tables are not those of raw.json.
    """
    results, tables, data = read_results(directory), read_tables(directory), read_figure_data(directory)
    _require_same(directory, tables, results)
    document = _document(directory, results, tables, data)
    pages = directory / HTML, directory / MARKDOWN
    for page, write in zip(pages, (to_html, to_markdown), strict=True):
        replace_file(page, write(document).encode())
    return pages


def _document(directory: Path, results: Results, tables: Tables, data: FigureData) -> Document:
    records = results.parsed()
    divisions = [division for division in DIVISIONS if division in tables]
    with_paper = results.data_set.startswith(PAPER_DATA_SET)
    goals = judge_goals(tables, with_paper)
    methods = [method for method in METHODS.values() if any(method.name in tables[d] for d in divisions)]
    warnings: list[Block] = [Paragraph(text, notice=True) for text in reservations(tables, records)]
    if not with_paper:
        text = f"These are scores on {results.data_set}, not on {PAPER_DATA_SET}: the paper's numbers do not apply."
        warnings.insert(0, Paragraph(text, notice=True))
    blocks: list[Block] = [*warnings, *goal_blocks(goals)]
    for division in divisions:
        picture = draw_scores(tables, records, division, directory, with_paper)
        blocks += [
            Heading(DIVISION_TITLES[division]),
            Paragraph(DIVISION_TEXTS[division]),
            score_table(tables, division, with_paper),
            Pictures(
                ((picture, f"Scores of every method, {division}; the table above has the numbers."),),
                "Small dots: every seed. Large dots and bars: mean and standard deviation."
                + (" Diamonds: the paper's numbers." if with_paper else ""),
            ),
            Bullets(tuple(remarks(tables, division))),
        ]
        if with_paper and any(METHODS[name].paper for name in tables[division]):
            blocks += [Heading("Beside the paper", 3), Bullets(tuple(beside_paper(tables, division)))]
    blocks += reading_blocks(methods, results.recipe)
    blocks += _figure_blocks(directory, data)
    blocks += effort_blocks(records, divisions)
    blocks += raw_blocks(results, records, divisions)
    seeds = "1 seed" if len(tables["seeds"]) == 1 else f"{len(tables['seeds'])} seeds"
    lead = (
        f"A person acts, a model answers with a motion of its own. {len(methods)} ways to answer, learned from a few "
        f"dozen pairs of {results.data_set} and compared with {seeds} as the paper compares them ({PAPER}): do answers "
        f"follow the rules and look real, and are they as varied as people's? {goal_summary(goals)}"
    )
    return Document(f"Learning to answer motions: the comparison on {results.data_set}", lead, tuple(blocks))


def _figure_blocks(directory: Path, data: FigureData) -> list[Block]:
    blocks: list[Block] = [Heading("Figures")]
    blocks.append(Heading("Embedding space (the paper's figure 5)", 3))
    if data.embedding is None:
        blocks.append(_missing("embedding"))
    else:
        alt = "Four scatter plots: stimuli and responses, embedded with the VAE loss only and with the PE loss too."
        caption = (
            "Each point is an action. Colours tell the category, which the embedding never saw. The better categories "
            "keep apart, the safer it is to swap neighbours."
        )
        blocks.append(Pictures(((draw_embedding(data.embedding, directory), alt),), caption))
    blocks.append(Heading("Augmentation (the paper's figure 6)", 3))
    if data.augmentation is None:
        blocks.append(_missing("augmentation"))
    else:
        alt = "Effectiveness F and reliability R against the scale s and against the dimension of the embedding space."
        caption = (
            "F, the probability that an action is replaced by another, and R, the probability that its category is "
            "kept, both averaged over stimuli and responses. Good augmentation has both high."
        )
        blocks.append(Pictures(((draw_augmentation(data.augmentation, directory), alt),), caption))
    blocks.append(Heading("Answers (the paper's figure 7)", 3))
    if data.answers is None:
        blocks.append(_missing("answers"))
    else:
        texts = [f"Stimulus {name} and its answers as strips of stick figures." for name in data.answers.names]
        caption = (
            "Eight poses of each motion, evenly spaced in time, from the front and a little to the person's left; "
            "the duration stands at the right. z1 is the same noise vector in every picture, and so are the others."
        )
        drawn = draw_answers(data.answers, directory)
        blocks.append(Pictures(tuple(zip(drawn, texts, strict=True)), caption))
    return blocks


def _missing(figure: str) -> Paragraph:
    return Paragraph(f"No figure: figures.json has no data of '{figure}'.", notice=True)


def _require_same(directory: Path, tables: Tables, results: Results) -> None:
    """Refuse tables that are not those of raw.json."""
    divisions = [division for division in DIVISIONS if division in tables]
    try:
        expected = aggregate(results.records, results.methods, divisions, results.seeds)
    except ResultsError as error:
        raise ResultsError(f"{directory / RAW}: {error}") from error
    if not _same(expected, tables):
        raise ResultsError(f"{directory / TABLES}: does not follow from {RAW}; write the tables again")


def _same(first: object, second: object) -> bool:
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_same(first[key], second[key]) for key in first)
    if isinstance(first, Sequence) and isinstance(second, Sequence) and not isinstance(first, str):
        return len(first) == len(second) and all(_same(a, b) for a, b in zip(first, second, strict=True))
    if isinstance(first, float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)
    return first == second
