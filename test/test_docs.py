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

"""What README.md, docs/ and config/interact.yaml say about the package is what the package says about itself."""

from __future__ import annotations

import argparse
import json
import re
import runpy
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml

from iat_ros.__main__ import VERBS
from iat_ros.comparison.methods import METHODS
from iat_ros.data.damage import KINDS
from iat_ros.data.first_look import look_at
from iat_ros.data.made_up import make_clips
from iat_ros.data.source import RULES, Source
from iat_ros.nodes.catalogue import NODES
from iat_ros.report.inspection import inspect
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.training.config import load_training_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
RESULTS = DOCS / "results"


def cells(line: str) -> list[str]:
    """Split a row of a Markdown table."""
    return [cell.strip().strip("`*") for cell in line.strip().strip("|").split("|")]


def rows(text: str, first: str) -> list[list[str]]:
    """Return the rows of tables whose first cell begins so."""
    return [row for row in map(cells, text.splitlines()) if len(row) > 1 and row[0].startswith(first)]


@pytest.mark.parametrize("name", NODES)
def test_reference_lists_every_parameter_with_its_default(name: str) -> None:
    """The reference has each parameter of each node, with default and description, and no other."""
    page = (DOCS / "reference.md").read_text(encoding="utf-8").split("## Parameters", 1)[1].split("## Commands", 1)[0]
    section = page.split(f"### {name}\n", 1)[1].split("\n### ", 1)[0]
    told = {row[0]: (row[1], row[-1]) for row in map(cells, section.splitlines()[3:]) if len(row) == 5}
    known = {}
    for parameter in NODES[name].PARAMETERS:
        default = str(parameter.default).lower() if isinstance(parameter.default, bool) else str(parameter.default)
        known[parameter.name] = (default or "empty", parameter.description)
    assert told == known


def test_readme_lists_every_verb() -> None:
    """The README's table of commands has every verb with what it does."""
    for verb, text in VERBS.items():
        assert f"| `{verb}` | {text} |" in README


def test_every_file_that_readme_names_exists() -> None:
    """Links and pictures lead somewhere."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_index_leads_to_every_page() -> None:
    """docs/index.md, to which README leads, has a link to each page."""
    assert "(docs/index.md)" in README
    linked = set(re.findall(r"\]\(([^)#]+)\)", (DOCS / "index.md").read_text(encoding="utf-8")))
    assert linked >= {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"index.md"}


def test_what_inspect_warns_of_and_what_train_does_not_are_told() -> None:
    """Each kind has its row; `train`, which takes the first look alone, says nothing of the kinds that are named so."""
    page = (DOCS / "own_data.md").read_text(encoding="utf-8")
    assert set(KINDS) <= {kind for first, *_ in rows(page, "") for kind in first.split(", ")}
    clips = make_clips(4, 3)
    noise = np.random.default_rng(0).normal(0.0, 5e-4, clips[5].positions.shape)
    wrong = next(index for index, clip in enumerate(clips) if clip.action == "wave")
    clips[wrong] = replace(clips[wrong], action="throw")
    clips.append(replace(clips[5], name="twin", positions=clips[5].positions + noise))
    source = Source("here", load_skeleton("utd_mhad"), clips, RULES)
    assert look_at(source) == []
    assert {one.kind for one in inspect(source, load_training_config("default")).damage} == {"doubled", "mislabelled"}
    assert "Only `inspect` looks for what is mislabelled, doubled or unanswered." in joined("own_data.md")


@cache
def parser_of() -> Callable[[str], argparse.ArgumentParser]:
    """Return what makes the parser of a verb."""
    made: Callable[[str], argparse.ArgumentParser] = runpy.run_path(str(DOCS / "make_reference.py"))["parser_of"]
    return made


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Return what a verb and its subcommands take."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options(inner)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_tells_exists(page: Path) -> None:
    """Verbs and their options, parameters of the nodes, arguments of the launch files, targets of make."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    parameters = {name: {parameter.name for parameter in node.PARAMETERS} for name, node in NODES.items()}
    for verb, rest in re.findall(r"(?:python -m|ros2 run) iat_ros ([a-z_0-9]+)([^`|#\n]*)", text):
        assert verb in VERBS, verb
        own, _, ros = rest.partition("--ros-args")
        for option in re.findall(r"(?<!\S)(--[a-z-]+)", own):
            assert option in set(options(parser_of()(verb))), f"{verb} {option}"
        for name in re.findall(r"-p \"?(?:\w+:)?(\w+):=", ros):
            known_to = parameters.get(verb, set().union(*parameters.values()))
            assert name in known_to, f"{verb} -p {name}"
    for file, rest in re.findall(r"ros2 launch iat_ros ([\w.]+)([^`|#\n]*)", text):
        known = (ROOT / "launch" / file).read_text(encoding="utf-8")
        for name in re.findall(r"(\w+):=", rest):
            assert f'"{name}"' in known, f"{file} {name}:="
    targets = re.findall(r"^([a-z_]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in re.findall(r"(?:`|^    )make ([a-z_]+)", text, re.MULTILINE):
        assert target in targets, f"make {target}"


def check_scores(text: str, names: dict[str, str]) -> None:
    """Check a table of scores by subject; its rows begin so and are the methods of these names."""
    scores = json.loads((RESULTS / "tables.json").read_text())["subject"]
    kinds = {"iat_test": 1, "iat_train_positives": 1, "iat_train_balanced": 1, "diversity": 2}
    for name, key in names.items():
        ((_, _, *told),) = rows(text, name)
        for figure, (kind, digits) in zip(told, kinds.items(), strict=True):
            assert abs(float(figure) - scores[key][kind][0]) <= 0.5001 * 10**-digits, f"{name}, {kind}: {figure}"


def test_the_figures_in_readme_are_the_measured_ones() -> None:
    """Rounded, they are those in docs/results."""
    names = {
        "Ours": "ours",
        "Paired embedding": "pe",
        "Re-assign": "reassign",
        "Split": "split",
        "Nearest copy": "nearest",
        "People of A": "people",
    }
    check_scores(README, names)
    bench = json.loads((RESULTS / "bench.json").read_text())
    faults = json.loads((RESULTS / "faults.json").read_text())
    reaction, silence = bench["reaction_ms"], bench["end_of_action_ms"]["p50"]
    assert rows(README, "from the last frame")[0][1] == f"p50 {reaction['p50']:.1f} ms, p99 {reaction['p99']:.1f} ms"
    assert rows(README, "that silence")[0][1] == f"p50 {silence:.0f} ms"
    assert (
        rows(README, "one answer")[0][1]
        == f"{bench['generator_ms']['p50']:.2f} ms; {bench['retarget_ms']['p50']:.1f} ms"
    )
    assert rows(README, "people at 30 Hz")[0][1] == str(bench["people_per_core"])
    assert f"{faults['answers']:,} answers" in rows(README, "eight hours")[0][0]
    soak = faults["parts"]["soak"]
    nodes_mb = soak["through_nodes"]["rss_growth_mb"]
    told = f"no limit broken, {soak['rss_growth_mb']:g} MB more memory (through nodes {nodes_mb:.0f} MB)"
    assert rows(README, "eight hours")[0][1] == told
    assert (faults["soak_hours"], faults["limit_violations"]) == (8.0, 0)
    kills = faults["parts"]["kills"]
    assert rows(README, "processes killed")[0][1].startswith(f"{kills['recovered']} of {kills['kills']}")
    assert kills["rested"] == kills["kills"]


def joined(name: str) -> str:
    """Return a page of docs/, its lines joined: a figure may stand anywhere in them."""
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


def test_the_figures_under_load_are_the_measured_ones() -> None:
    """What perception bears and costs, on each page that tells it: as in docs/results/bench.json."""
    bench = json.loads((RESULTS / "bench.json").read_text())
    measured = (DOCS / "measured.md").read_text(encoding="utf-8")
    end, node, chain, flood = (
        bench[key] for key in ("end_of_action_ms", "node_cpu_percent", "interact_cpu_percent", "flood")
    )
    told = rows(measured, "end of an action")[0][1]
    assert told.startswith(f"p50 {end['p50']:.0f} ms, p99 {end['p99']:.0f} ms; ")
    assert f"{end['clips_with_exactly_one_window']} of {end['clips']} actions" in told
    assert rows(measured, "people at 30 Hz")[0][1].startswith(
        f"{bench['people_per_core']} (800 take {node['800']} % of a core, 64 take {node['64']} %);"
    )
    assert rows(measured, "one acting person")[0][1].startswith(
        f"{chain['acting']} % of a core, {chain['idle']} % while the person is idle, {chain['nobody']} % while nobody"
    )
    sent, used, lost = (flood[key] for key in ("sent", "used", "lost_in_transport"))
    overtaken, latency = flood["dropped"]["dropped: frame overtaken by newer ones"], flood["window_latency_ms"]
    assert used + overtaken + lost == sent
    told = rows(measured, "200 people at 1 kHz")[0][1]
    assert told.startswith(
        f"{100 * used / sent:.0f} % of the frames used, {100 * overtaken / sent:.0f} % overtaken and counted, "
        f"{100 * lost / sent:.1f} % lost in transport"
    )
    assert f"windows p50 {latency['p50']} ms, p99 {latency['p99']} ms" in told
    latency = flood["trajectory_latency_ms"]
    assert f"{flood['trajectories']} trajectories, p50 {latency['p50']} ms, p99 {latency['p99']} ms" in told
    assert f"{node['64']} % of a core for 64 people at 30 Hz and {node['400']} % for 400" in joined("people.md")


def test_no_figure_of_the_benchmarks_is_missing() -> None:
    """Whoever cannot measure one, as that of mink without mink, has none to commit."""
    bench, faults = (json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in ("bench", "faults"))
    times = ("reaction", "relay", "reaction_separate", "end_of_action", "generator", "generator_batch64", "retarget")
    for name in (*times, "mink", "pink"):
        assert 0.0 < bench[f"{name}_ms"]["p50"] <= bench[f"{name}_ms"]["p99"], name
    for name in ("retarget_error_deg", "mink_error_deg", "people_per_core", "cpu_percent_one_person"):
        assert bench[name] > 0.0, name
    assert {"0.5", "0.7", "0.9", "1.0"} <= set(bench["early"])
    for name in ("kills", "recovered", "messages", "soak_hours", "answers", "rss_growth_mb"):
        assert faults[name] > 0.0, name
    assert [faults[name] for name in ("crashes", "wrong_outputs", "limit_violations")] == [0, 0, 0]
    assert faults["recovery_s"]["p50"] <= faults["recovery_s"]["p99"]


def test_the_other_figures_on_the_measured_page_are_the_measured_ones() -> None:
    """Reaction, generator, early answers, the GPU's and the paper's comparison: as in docs/results."""
    bench = json.loads((RESULTS / "bench.json").read_text())
    text, measured = joined("measured.md"), (DOCS / "measured.md").read_text(encoding="utf-8")
    reaction, mink = bench["reaction_ms"], bench["mink_ms"]["p50"] / bench["retarget_ms"]["p50"]
    assert (
        f"{reaction['p50']:.1f} ms (p99 {reaction['p99']:.1f}), {bench['reaction_to_relay']['p50']:.1f} times a" in text
    )
    assert f"retargeting {bench['retarget_ms']['p50']:.1f} ms, {mink:.1f} times faster than mink" in text
    answer, early, many = (bench[f"generator_{kind}ms"] for kind in ("", "early_", "batch64_"))
    assert (
        f"{answer['p50']:.2f} ms for an answer (p99 {answer['p99']:.2f}), {early['p50']:.2f} ms for an early one "
        f"(p99 {early['p99']:.2f}), and {many['p50']:.2f} ms for 64 at once (p99 {many['p99']:.2f})"
    ) in text
    for seen in ("0.5", "0.7", "0.9", "1.0"):
        figures = bench["early"][seen]
        told = rows(measured, f"{float(seen):.0%}".replace("%", " %"))[0][1:]
        assert told == [f"{figures[key]} %" for key in ("sure_percent", "right_percent", "right_percent_of_all")]
    live = bench["early"]["live"]
    told = rows(measured, "live: the first window")[0][1:3]
    assert told == [f"{live['answered_early_percent']} %", f"{live['right_percent']} %"]
    names = {
        "ours": "ours",
        "the paper's method": "pe",
        "Re-assign": "reassign",
        "Split": "split",
        "copy of the nearest": "nearest",
        "real responses": "people",
    }
    on_gpu, comparison = (
        measured.split(f"## {title}", 1)[1].split("\n## ", 1)[0] for title in ("On a GPU", "The paper's comparison")
    )
    check_scores(comparison, names)
    tables = [json.loads((RESULTS / "gpu" / f"{name}.json").read_text()) for name in ("tables", "tables_12_seeds")]
    assert [len(table["seeds"]) for table in tables] == [5, 12]
    kinds = ("iat_test", "iat_train_positives", "iat_train_balanced")
    for name, key in names.items():
        if key != "pe":
            told = [figures.split(" / ") for figures in rows(on_gpu, name)[0][1:]]
            for given, table in zip(told, tables, strict=True):
                measured_there = [table["subject"][key][kind][0] for kind in kinds]
                assert np.abs(np.array(given, float) - measured_there).max() <= 0.0501, name
    devices = ("cuda", "cpu")
    answering = {device: json.loads((RESULTS / "gpu" / f"answering_{device}.json").read_text()) for device in devices}
    for name, key in {
        "one answer": "generator_ms",
        "an early": "generator_early_ms",
        "64": "generator_batch64_ms",
    }.items():
        for cell, device in zip(rows(on_gpu, name)[0][1:], devices, strict=True):
            told = [float(figure) for figure in re.findall(r"\d+\.\d\d", cell)]
            assert told == [round(answering[device][key][share], 2) for share in ("p50", "p99")], f"{name}, {device}"
    training = json.loads((RESULTS / "gpu" / "training.json").read_text())
    seconds, ratio = training["model_s"], training["ratio_one_model"]
    row = rows(on_gpu, "training one model")[0]
    assert row[1:] == [
        f"{seconds['package']:.1f} s",
        f"{seconds['plain']:.1f} s, a plain loop on the same GPU: {ratio:.1f} times as long",
    ]
    assert f"on a GPU, {ratio:.1f} times" in joined("training.md")


def test_methods_and_their_swaps_are_the_measured_ones() -> None:
    """How many methods are compared, and how well each kind of embedding swaps partners, by subject."""
    results = json.loads((RESULTS / "raw.json").read_text())
    assert len(results["methods"]) == len(METHODS) == 9
    assert results["recipe"]["ours"] == asdict(load_training_config("default")), "measured with the recipe that ships"
    assert "runs nine methods" in joined("training.md")
    on_gpu = json.loads((RESULTS / "gpu" / "tables.json").read_text())
    assert set(on_gpu["subject"]) == set(on_gpu["random"]) == set(METHODS)
    assert "| the paper's comparison: nine methods, five seeds, both divisions (" in joined("measured.md")
    swaps = {
        (method, kind): statistics.mean(
            record[f"augmentation_{kind}"]
            for record in results["records"]
            if (record["division"], record["method"]) == ("subject", method)
        )
        for method in ("ours", "pe")
        for kind in ("effectiveness", "reliability")
    }
    assert (
        f"swaps {swaps['ours', 'effectiveness']:.0f} % of the actions and keeps the category in "
        f"{swaps['ours', 'reliability']:.1f} % of the swaps, where the paired VAEs reach "
        f"{swaps['pe', 'effectiveness']:.0f} % and {swaps['pe', 'reliability']:.1f} %"
    ) in joined("method.md")


def test_the_parameter_file_holds_the_nodes_own_defaults() -> None:
    """config/interact.yaml shows every parameter of the chain with the default that the code has."""
    content = yaml.safe_load((ROOT / "config" / "interact.yaml").read_text(encoding="utf-8"))
    told = {key.rsplit("/", 1)[-1]: value["ros__parameters"] for key, value in content.items()}
    for name, node in NODES.items():
        if name in told or name != "viewer":
            assert told[name] == {parameter.name: parameter.default for parameter in node.PARAMETERS}
