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

"""A document as one HTML file: readable on a phone, in light and dark, with nothing fetched from elsewhere."""

from __future__ import annotations

from html import escape

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

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #5b6472; --back: #f6f7f9; --card: #ffffff; --line: #dfe3e8;
  --accent: #0b66a8; --strong: #e8f2fa; --good: #0b6b4f; --goodback: #dff3ea; --part: #7a5200; --partback: #fdf0d0;
  --bad: #9c2f12; --badback: #fbe5dd; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaef; --soft: #a3acba; --back: #14171c; --card: #1d2127;
  --line: #343a44; --accent: #6db8ee; --strong: #1b3346; --good: #7fdcb8; --goodback: #123a2d; --part: #f3c766;
  --partback: #3b2e0d; --bad: #ffab8f; --badback: #46200f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 71rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: clamp(1.5rem, 4.5vw, 2.2rem); line-height: 1.2; margin: .5rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 2.8rem 0 .8rem; }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .5rem; }
p, ul { max-width: 46rem; }
ul { padding-left: 1.3rem; } li { margin: .3rem 0; }
.lead { font-size: 1.1rem; color: var(--soft); }
.notice { border-left: 4px solid var(--part); background: var(--partback); padding: .6rem .9rem; border-radius: 4px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: .8rem 0;
  background: linear-gradient(270deg, var(--card) 30%, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(270deg, rgb(0 0 0 / .2), transparent) right / .9rem 100% no-repeat scroll, var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .93rem; font-variant-numeric: tabular-nums; }
.caption { color: var(--soft); font-size: .9rem; margin: -.3rem 0 1rem; }
th, td { padding: .45rem .55rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { vertical-align: bottom; white-space: normal; min-width: 5.2rem; font-size: .85rem; line-height: 1.3; }
th:first-child { position: sticky; left: 0; background: var(--card); text-align: left; font-weight: 500; }
td.long, th.long { white-space: normal; min-width: 18rem; text-align: left; overflow-wrap: anywhere; }
th.long:first-child { min-width: 11rem; }
tbody tr:last-child > * { border-bottom: 0; }
tr.strong > * { background: var(--strong); font-weight: 650; } tr.strong > th:first-child { background: var(--strong); }
tr.faint > * { color: var(--soft); }
figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; margin-top: .4rem; }
.pictures { display: grid; gap: .8rem; }
.picture { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: .6rem; overflow-x: auto; }
.picture img { display: block; width: 100%; height: auto; min-width: 30rem; margin: 0 auto; }
.goal { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem;
  margin: .8rem 0; }
.goal h3 { margin: .4rem 0; } .goal h4 { margin: .7rem 0 .2rem; font-size: .93rem; color: var(--soft); }
.goal ul { list-style: none; padding: 0; margin: 0; max-width: none; font-size: .95rem; }
.goal li { padding-left: 1.6rem; position: relative; }
.goal li > span { position: absolute; left: 0; font-weight: 700; }
.badge { display: inline-block; border-radius: 99px; padding: .1rem .7rem; font-size: .85rem; font-weight: 650; }
.yes { color: var(--good); } .no { color: var(--bad); } .unknown { color: var(--part); }
.badge.yes { background: var(--goodback); } .badge.no { background: var(--badback); }
.badge.unknown { background: var(--partback); }
details { margin: .8rem 0; } summary { cursor: pointer; color: var(--accent); font-weight: 600; padding: .3rem 0; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem; overflow-x: auto;
  font-size: .85rem; line-height: 1.45; }
@media (max-width: 36rem) { th, td { padding: .4rem .5rem; } table { font-size: .86rem; }
  main { padding: 1rem .8rem 3rem; } }
"""
_SIGNS = {True: ("yes", "✓", "holds"), False: ("no", "✗", "does not hold"), None: ("unknown", "?", "cannot be told")}
_LONGEST_ON_ONE_LINE = 40
_BADGES = {"holds": "yes", "does not hold": "no"}


def to_html(document: Document) -> str:
    """Write a document as HTML."""
    body = "\n".join(_block(block) for block in document.blocks)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(document.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(document.title)}</h1>
<p class="lead">{escape(document.lead)}</p>
{body}
</main>
</body>
</html>
"""


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Paragraph():
            look = ' class="notice"' if block.notice else ""
            return f"<p{look}>{escape(block.text)}</p>"
        case Bullets():
            return "<ul>\n" + "\n".join(f"<li>{_item(item)}</li>" for item in block.items) + "\n</ul>"
        case Table():
            return _table(block)
        case Pictures():
            images = "\n".join(
                f'<a class="picture" href="{drawn.png}"><img src="{drawn.svg}" alt="{escape(text)}" '
                f'width="{drawn.width_px}" height="{drawn.height_px}"></a>'
                for drawn, text in block.drawn
            )
            caption = f"<figcaption>{escape(block.caption)}</figcaption>"
            return f'<figure>\n<div class="pictures">\n{images}\n</div>\n{caption}\n</figure>'
        case Verdict():
            return _verdict(block)
        case Code():
            return f"<pre><code>{escape(block.text)}</code></pre>"
        case Details():
            inner = "\n".join(_block(part) for part in block.blocks)
            return f"<details>\n<summary>{escape(block.summary)}</summary>\n{inner}\n</details>"


def _item(item: str | tuple[str, str]) -> str:
    return escape(item) if isinstance(item, str) else f"<b>{escape(item[0])}</b>: {escape(item[1])}"


def _table(table: Table) -> str:
    longest = [max((len(row[column]) for row in table.rows), default=0) for column in range(len(table.columns))]
    looks = [' class="long"' if length > _LONGEST_ON_ONE_LINE else "" for length in longest]
    head = "".join(
        f'<th scope="col"{look}>{escape(name)}</th>' for look, name in zip(looks, table.columns, strict=True)
    )
    rows = []
    for index, cells in enumerate(table.rows):
        kind = "strong" if index in table.strong else "faint" if index in table.faint else ""
        rest = "".join(f"<td{look}>{escape(cell)}</td>" for look, cell in zip(looks[1:], cells[1:], strict=True))
        look = f' class="{kind}"' if kind else ""
        rows.append(f'<tr{look}><th scope="row"{looks[0]}>{escape(cells[0])}</th>{rest}</tr>')
    caption = f'\n<p class="caption">{escape(table.caption)}</p>' if table.caption else ""
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>"
    return f'<div class="scroll"><table>\n{body}\n</table></div>{caption}'


def _verdict(block: Verdict) -> str:
    goal = block.goal
    groups = []
    for title, checks in goal.groups.items():
        lines = []
        for check in checks:
            look, sign, meaning = _SIGNS[check.holds]
            mark = f'<span class="{look}" role="img" aria-label="{meaning}">{sign}</span>'
            lines.append(f"<li>{mark}{escape(check.text)}</li>")
        groups.append(f"<h4>{escape(title)}</h4>\n<ul>\n" + "\n".join(lines) + "\n</ul>")
    badge = f'<span class="badge {_BADGES.get(goal.verdict, "unknown")}">{goal.verdict}</span>'
    return f'<section class="goal">\n{badge}\n<h3>{escape(goal.title)}</h3>\n' + "\n".join(groups) + "\n</section>"
