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

"""What a page is made of, whatever it is written in: plain text in blocks."""

from __future__ import annotations

from dataclasses import dataclass

from iat_ros.report.drawing import Drawn
from iat_ros.report.goals import Goal


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Text; a notice stands out."""

    text: str
    notice: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list; each item may begin with a term."""

    items: tuple[str | tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Attributes:
        columns: Headings.
        rows: Cells, as many as columns.
        strong: Indices of the rows that stand out.
        faint: Indices of the rows that stand back.
        caption: What it shows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    faint: frozenset[int] = frozenset()
    caption: str = ""


@dataclass(frozen=True)
class Pictures:
    """Figures that belong together under one caption, each with the text for those who cannot see it."""

    drawn: tuple[tuple[Drawn, str], ...]
    caption: str


@dataclass(frozen=True)
class Verdict:
    """A goal with its verdict and all that it was judged by."""

    goal: Goal


@dataclass(frozen=True)
class Code:
    """Text kept as it is."""

    text: str


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away under a line of text."""

    summary: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Bullets | Table | Pictures | Verdict | Code | Details


@dataclass(frozen=True)
class Document:
    """A whole page."""

    title: str
    lead: str
    blocks: tuple[Block, ...]
