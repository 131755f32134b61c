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

"""The page: every number, every figure, nothing from elsewhere, the same bytes each time."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from iat_ros.report.aggregation import aggregate, write_tables
from iat_ros.report.figure_data import FigureData
from iat_ros.report.methods import METHODS
from iat_ros.report.page import write_page
from iat_ros.report.results import ResultsError
from iat_ros.training.config import load_training_config

Records = list[dict[str, Any]]
METRICS = ("iat_test", "iat_train_positives", "iat_train_balanced", "diversity", "frechet")


class Page(HTMLParser):
    """A parsed page.

    Attributes:
        rows: Cells of every row of every table.
        links: What src and href name.
        tags: Every element, in order.
        text: All text outside of style.
    """

    def __init__(self, content: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._inside: list[str] = []
        self.feed(content)
        assert not self._inside, f"not closed: {self._inside}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the start of an element in."""
        self.tags.append(tag)
        self.links += [value or "" for key, value in attrs if key in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in ("meta", "img"):
            self._inside.append(tag)
        if tag == "img":
            assert dict(attrs)["alt"]

    def handle_endtag(self, tag: str) -> None:
        """Take the end of an element in."""
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take text in."""
        if "style" in self._inside:
            return
        self.text += data
        if self._inside and self._inside[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def expected_row(records: Records, division: str, method: str) -> list[str]:
    """Compute the cells of a row from the records, without the package's help."""
    mine = [record for record in records if (record["division"], record["method"]) == (division, method)]
    cells = []
    for metric in METRICS:
        values = [record[metric] for record in mine]
        cells.append(f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}")
    paper = METHODS[method].paper
    cells.insert(1, f"{paper.iat_test:.2f}" if paper else "–")
    cells.insert(4, f"{paper.iat_train:.2f}" if paper else "–")
    labels = "yes" if method in ("reassign", "split", "people") else "no"
    return [METHODS[method].title, labels, *cells]


def markdown_rows(text: str) -> list[list[str]]:
    """Split the rows of all tables, without emphasis and escapes."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [cell.strip().replace("**", "").replace("\\", "") for cell in line.strip("|").split(" | ")] for line in lines
    ]


def test_page_holds_every_number(
    records: Records, figure_data: FigureData, results_in: Callable[..., Path], tmp_path: Path
) -> None:
    """All tables, E's ceiling and every seed, in HTML and Markdown alike."""
    for division, method, seed in (("subject", "pe", 0), ("random", "ours", 2), ("random", "nearest", 1)):
        for record in records:  # make the divisions differ
            if (record["division"], record["method"], record["seed"]) == (division, method, seed):
                record["iat_test"] += 3.21
    html, markdown = write_page(results_in(tmp_path, records, figure_data))
    page = Page(html.read_text(encoding="utf-8"))
    for rows in (page.rows, markdown_rows(markdown.read_text(encoding="utf-8"))):
        for division in ("subject", "random"):
            for method in METHODS:
                assert expected_row(records, division, method) in rows
        assert any(row[:3] == ["E's K-fold, the ceiling", "–", "98.00 ± 1.00"] for row in rows)
        for record in records:
            seed = [f"{METHODS[record['method']].title}, seed {record['seed']}"]
            assert [*seed, *(f"{record[m]:.2f}" for m in METRICS), f"{record['e_kfold']:.2f}"] in [r[:7] for r in rows]
        assert ["Original pairs", "6.0 min", "6.0 min"] in rows
        assert ["Nearest copy", "–", "–"] in rows
    for text in ("2.13.0", "0.1.0", '"width": 32', "0, 1, 2"):
        assert text in page.text


def test_page_needs_nothing_from_elsewhere(
    records: Records, figure_data: FigureData, results_in: Callable[..., Path], tmp_path: Path
) -> None:
    """All links are figures beside it; no script; both pages show the same figures."""
    html, markdown = write_page(results_in(tmp_path, records, figure_data))
    page = Page(html.read_text(encoding="utf-8"))
    assert len(page.links) == 2 * 6
    for link in page.links:
        assert (tmp_path / link).is_file(), link
        assert f"({link})" in markdown.read_text(encoding="utf-8") or link.endswith(".svg")
    assert not {"script", "link", "iframe"} & set(page.tags)
    style = html.read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_made_again_the_page_is_the_same(
    records: Records, figure_data: FigureData, results_in: Callable[..., Path], tmp_path: Path
) -> None:
    """Every file, byte by byte."""
    write_page(results_in(tmp_path, records, figure_data))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_page(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_verdicts_on_the_page_flip(
    records_with: Callable[..., Records], results_in: Callable[..., Path], tmp_path: Path
) -> None:
    """The same code, other numbers, other words."""
    html, _ = write_page(results_in(tmp_path / "good", records_with()))
    assert "Of 3 goals, 3 hold." in Page(html.read_text(encoding="utf-8")).text
    poor = records_with(ours=(40.0, 50.0, 50.0, 0.0, 50.0))
    html, markdown = write_page(results_in(tmp_path / "poor", poor))
    assert "Of 3 goals, 3 do not hold." in Page(html.read_text(encoding="utf-8")).text
    assert "**Does not hold:**" in markdown.read_text(encoding="utf-8")


def test_missing_figures_are_named(records: Records, results_in: Callable[..., Path], tmp_path: Path) -> None:
    """A page without data of figures says so, one line for each."""
    html, _ = write_page(results_in(tmp_path, records))
    text = Page(html.read_text(encoding="utf-8")).text
    for name in ("embedding", "augmentation", "answers"):
        assert f"No figure: figures.json has no data of '{name}'." in text


def test_other_data_are_not_held_against_the_paper(
    records: Records, results_in: Callable[..., Path], tmp_path: Path
) -> None:
    """Made-up motions say nothing about the paper's numbers."""
    html, _ = write_page(results_in(tmp_path, records, data_set="made_up"))
    text = Page(html.read_text(encoding="utf-8")).text
    assert "These are scores on made_up, not on UTD-MHAD" in text
    assert "91.35" not in text
    assert "Of 2 goals" in text


def test_one_seed_is_told(
    records_with: Callable[..., Records], results_in: Callable[..., Path], tmp_path: Path
) -> None:
    """No deviation is shown where there is none."""
    html, _ = write_page(results_in(tmp_path, records_with(seeds=(7,))))
    page = Page(html.read_text(encoding="utf-8"))
    assert "One seed, so no spread." in page.text
    assert any(row[:3] == ["Split", "yes", "72.99"] for row in page.rows)
    assert not any("±" in cell for row in page.rows for cell in row)


def test_a_part_of_the_methods_makes_a_page(records: Records, results_in: Callable[..., Path], tmp_path: Path) -> None:
    """What was not run is not in the tables, and its goals cannot be told."""
    html, _ = write_page(results_in(tmp_path, [r for r in records if r["method"] in ("original", "ours")]))
    page = Page(html.read_text(encoding="utf-8"))
    assert "2 cannot be told" in page.text
    assert "no results of Split by subject" in page.text
    assert not any(row[0] == "Split" for row in page.rows)


def test_tables_must_be_those_of_the_records(records: Records, results_in: Callable[..., Path], tmp_path: Path) -> None:
    """Old tables beside new scores would tell two stories."""
    results_in(tmp_path, records)
    records[0]["iat_test"] += 1.0
    write_tables(tmp_path, aggregate(records))
    with pytest.raises(ResultsError, match=r"tables\.json: does not follow from raw\.json"):
        write_page(tmp_path)


@pytest.mark.parametrize("name", ["raw.json", "tables.json"])
def test_missing_files_give_one_line(
    records: Records, results_in: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    """No page from half of a results directory."""
    (results_in(tmp_path, records) / name).unlink()
    with pytest.raises(ResultsError, match="no such file; expected a results directory") as error:
        write_page(tmp_path)
    assert name in str(error.value)
    assert not (tmp_path / "index.html").exists()


def test_text_from_outside_is_no_markup(records: Records, results_in: Callable[..., Path], tmp_path: Path) -> None:
    """Names and recipes come from files that anybody may have written."""
    results_in(tmp_path, records, data_set="<script>alert(1)</script>|*x*")
    raw = json.loads((tmp_path / "raw.json").read_text(encoding="utf-8"))
    raw["recipe"] = {"<b>": "</code></pre><script>"}
    (tmp_path / "raw.json").write_text(json.dumps(raw), encoding="utf-8")
    html, markdown = write_page(tmp_path)
    assert "script" not in Page(html.read_text(encoding="utf-8")).tags
    assert "# Learning to answer motions: the comparison on \\<script\\>" in markdown.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ("default", "Ours: the recipe that this package ships: pairs are embedded jointly"),
        ("quick", "Ours: the recipe 'quick', not the default: pairs are embedded jointly"),
        (None, "Ours: a recipe of its own, which stands below: pairs are embedded jointly"),
    ],
)
def test_the_recipe_is_named(
    records: Records, results_in: Callable[..., Path], tmp_path: Path, recipe: str | None, says: str
) -> None:
    """A trial is not taken for what this package ships."""
    directory = results_in(tmp_path, records)
    raw = json.loads((directory / "raw.json").read_text())
    raw["recipe"] = {"ours": {"width": 3} if recipe is None else asdict(load_training_config(recipe))}
    (directory / "raw.json").write_text(json.dumps(raw))
    page = write_page(directory)[0].read_text()
    assert says in " ".join(Page(page).text.split())
