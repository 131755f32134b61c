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

"""What is compared and by which scores, with the paper's numbers: the one list that tables and page go by."""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "arXiv 2007.08071"
PAPER_DATA_SET = "UTD-MHAD"
OURS, NEAREST, SHUFFLED, PEOPLE = "ours", "nearest", "shuffled", "people"


@dataclass(frozen=True)
class PaperScores:
    """What the paper tells of a method on UTD-MHAD, in percent.

    Attributes:
        iat_test: IAT-test.
        iat_train: IAT-train; the paper does not say whether its test set holds pairs that break the rules.
    """

    iat_test: float
    iat_train: float


@dataclass(frozen=True)
class Method:
    """One way to learn answers.

    Attributes:
        name: Key in records and tables.
        title: Name for readers.
        labels: Whether learning saw categories.
        text: What it does, in a sentence.
        paper: The paper's scores, where it has this method.
        sanity: It generates nothing; it shows what the scores are worth.
    """

    name: str
    title: str
    labels: bool
    text: str
    paper: PaperScores | None = None
    sanity: bool = False


METHODS = {
    method.name: method
    for method in (
        Method("original", "Original pairs", False, "learns from the pairs as they are", PaperScores(85.32, 53.92)),
        Method(
            "csgn",
            "CSGN samples",
            False,
            "adds as many whole pairs, drawn from an unconditional GAN, to the original ones",
            PaperScores(87.86, 58.97),
        ),
        Method(
            "pe",
            "Paired embedding",
            False,
            "the paper's method: actions swap partners inside their neighbourhood in the embedding space",
            PaperScores(91.03, 64.94),
        ),
        Method(
            "reassign",
            "Re-assign",
            True,
            "learns from all pairs that the labels allow",
            PaperScores(90.97, 68.93),
        ),
        Method(
            "split",
            "Split",
            True,
            "a classifier of stimuli, then a generator conditioned on the category",
            PaperScores(91.35, 71.64),
        ),
        Method(
            OURS,
            "Ours",
            False,
            "pairs are embedded jointly, actions swap partners where both sides "
            "are alike, the generator is told where a stimulus lies among them, and answers between the responses of "
            "the pairs around that place",
        ),
        Method(NEAREST, "Nearest copy", False, "copies the response of the nearest training stimulus", sanity=True),
        Method(SHUFFLED, "Shuffled", False, "answers with a response drawn at random", sanity=True),
        Method(
            PEOPLE,
            "People of A",
            True,
            "is told the rule of the stimulus, and copies a real response of set A to it, drawn at random: what the "
            "people who were learned from would score if they always followed the rules",
            sanity=True,
        ),
    )
}
"""All methods by name, in the order in which tables list them."""


@dataclass(frozen=True)
class Metric:
    """One score.

    Attributes:
        name: Key in records and tables.
        title: Name for readers.
        unit: Its unit, empty where it has none.
        text: How to read it.
    """

    name: str
    title: str
    unit: str
    text: str

    @property
    def heading(self) -> str:
        """The title with its unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "iat_test",
            "IAT-test",
            "%",
            "share of the answers to stimuli of set B that the judge E, trained on real pairs of B, takes for real "
            "ones that follow the rules: real and fitting. Higher is better; E's own K-fold accuracy is the ceiling.",
        ),
        Metric(
            "iat_train_positives",
            "IAT-train, positives",
            "%",
            "accuracy on the real pairs of set A of a judge trained on answers instead of real pairs: it fails where "
            "answers lack the variety of real responses. On positives only, a judge that always says yes scores 100.",
        ),
        Metric(
            "iat_train_balanced",
            "IAT-train, balanced",
            "%",
            "the same with as many pairs made from A that break the rules: a judge that always says yes scores 50.",
        ),
        Metric(
            "diversity",
            "Diversity",
            "",
            "mean distance between answers to one stimulus, as a ratio to that between real responses of the same "
            "rule. 1 = as diverse as people; 0 = always the same answer; above 1 = more scattered than people.",
        ),
        Metric(
            "frechet",
            "Fréchet distance",
            "",
            "between answered and real pairs, in E's feature space. Lower is nearer to real pairs.",
        ),
    )
}
"""All scores of a method by name, in the order in which tables list them."""

DIVISION_TITLES = {
    "subject": "By subject: people never seen in training",
    "random": "At random: the same people in training and test",
}
DIVISION_TEXTS = {
    "subject": "Half of the people are learned from, the others are answered. This is the main comparison.",
    "random": "Half of each action's clips are learned from, the others are answered, so that every person is on both "
    "sides. Easier, and perhaps what the paper did: it does not say how clips were divided.",
}
