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

"""A document as Markdown, as code hosts show it."""

from __future__ import annotations

import re

from iat_ros.report.document import (
    Block,
    Bullets,
    Code,
    Details,
    Document,
    Heading,
    Paragraph,
    Pictures,
    Table,
    Verdict,
)

_SIGNS = {True: "✓", False: "✗", None: "?"}


def to_markdown(document: Document) -> str:
    """Write a document as Markdown."""
    parts = [f"# {_escape(document.title)}", _escape(document.lead), *(_block(block) for block in document.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_escape(block.text)}"
        case Paragraph():
            return ("> " if block.notice else "") + _escape(block.text)
        case Bullets():
            return "\n".join(_item(item) for item in block.items)
        case Table():
            return _table(block)
        case Pictures():
            images = "\n".join(f"![{_escape(text)}]({drawn.png})" for drawn, text in block.drawn)
            return f"{images}\n\n*{_escape(block.caption)}*"
        case Verdict():
            lines = [f"**{block.goal.verdict.capitalize()}:** {_escape(block.goal.title)}.", ""]
            for title, checks in block.goal.groups.items():
                lines.append(f"- {_escape(title)}")
                lines += [f"  - {_SIGNS[check.holds]} {_escape(check.text)}" for check in checks]
            return "\n".join(lines)
        case Code():
            return f"```json\n{block.text}\n```"
        case Details():
            inner = "\n\n".join(_block(part) for part in block.blocks)
            return f"<details><summary>{_escape(block.summary)}</summary>\n\n{inner}\n\n</details>"


def _item(item: str | tuple[str, str]) -> str:
    return f"- {_escape(item)}" if isinstance(item, str) else f"- **{_escape(item[0])}**: {_escape(item[1])}"


def _table(table: Table) -> str:
    lines = [_row(table.columns), "|" + "|".join(["---", *["---:"] * (len(table.columns) - 1)]) + "|"]
    for index, cells in enumerate(table.rows):
        texts = [_escape(cell) for cell in cells]
        if index in table.strong:
            texts = [f"**{text}**" if text else "" for text in texts]
        lines.append("| " + " | ".join(texts) + " |")
    return (f"{_escape(table.caption)}\n\n" if table.caption else "") + "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """Keep text from being taken for markup."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)
