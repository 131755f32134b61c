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

"""``reproduce``: the paper's whole comparison from raw data: tables, figures and a page."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

import iat_ros
from iat_ros.commands.data_options import add_data, open_data
from iat_ros.commands.entry import run_verb, whole
from iat_ros.commands.output import add_json, write_json
from iat_ros.comparison.figure_runs import figure_data, figure_steps
from iat_ros.comparison.methods import METHODS
from iat_ros.comparison.runs import RECORDS, collect, fingerprint, plan, run_jobs
from iat_ros.data.protocol import DIVISIONS
from iat_ros.errors import ConfigError
from iat_ros.model.responder import DEVICES, choose_device
from iat_ros.report.aggregation import aggregate, write_tables
from iat_ros.report.figure_data import has_figure_data, write_figure_data
from iat_ros.report.page import write_page
from iat_ros.report.results import Results, read_json, write_results
from iat_ros.report.results import write_json as write_record
from iat_ros.training.config import load_training_config

DESCRIPTION = "Reproduce the paper's comparison: every method, division and seed; tables, figures and a page."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_data(parser)
    parser.add_argument("--out", required=True, type=Path, help="results directory; what it holds already is kept")
    parser.add_argument("--seeds", type=whole(1, 1000), default=5, help="how many seeds, counted from 0")
    parser.add_argument(
        "--divisions",
        nargs="+",
        choices=DIVISIONS,
        default=list(DIVISIONS),
        help="how clips are divided; default: both",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        choices=list(METHODS),
        default=list(METHODS),
        help="which methods; default: all of these",
    )
    parser.add_argument("--config", default="default", help="recipe of the method 'ours', by name or YAML file")
    parser.add_argument("--paper-config", default="paper", help="recipe of the paper's methods, by name or YAML file")
    parser.add_argument("--jobs", type=whole(1, 1024), default=2, help="processes side by side")
    parser.add_argument("--ray", metavar="ADDRESS", help="run on this Ray cluster instead ('auto': the one here)")
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where generators are trained; auto: on a GPU where there is one, with --ray on CPUs",
    )
    parser.add_argument("--no-figures", action="store_true", help="leave figures 5 to 7 out")
    add_json(parser)


def refuse_other_data(directory: Path, data_set: str) -> None:
    """Refuse a directory that holds results of other data, or something else than results.

    Raises:
        ConfigError: It does.
    """
    if (directory / "raw.json").is_file():
        there = read_json(directory / "raw.json").get("data_set")
        if there != data_set:
            raise ConfigError(f"--out {directory}: holds results of {there}, not of {data_set}; give another directory")
    elif directory.exists() and any(directory.iterdir()) and not (directory / RECORDS).is_dir():
        raise ConfigError(f"--out {directory}: is not empty, and holds no results; choose another directory")


def run(args: argparse.Namespace) -> int:
    """Run what is missing, then write tables, figures and page."""
    torch.set_num_threads(1)
    recipes = {"ours": load_training_config(args.config), "paper": load_training_config(args.paper_config)}
    if recipes["paper"].method != "paper":
        raise ConfigError(f"--paper-config {args.paper_config}: expected a recipe with 'method: paper'")
    if recipes["ours"].frames != recipes["paper"].frames:
        raise ConfigError("--config and --paper-config must have the same number of frames")
    source = open_data(args)
    if not source.labelled:
        raise ConfigError(f"--data {args.data}: real pairs carry no labels, and the comparison needs them")
    refuse_other_data(args.out, source.name)
    print(source.summary())
    seeds = list(range(args.seeds))
    device = choose_device(args.device).type if not args.ray else args.device.replace("auto", "cpu")

    frames = recipes["ours"].frames
    jobs = plan(
        lambda by, seed: source.divide(frames, by, seed), args.divisions, seeds, args.methods, recipes, args.out, device
    )
    with tqdm(total=len(jobs), desc="methods", disable=None) as bar:
        for method in run_jobs(jobs, args.out, args.jobs, args.ray):
            bar.set_postfix_str(method, refresh=False)
            bar.update()
    records = collect(args.out, args.divisions, seeds, args.methods)
    recipe = {name: asdict(config) for name, config in recipes.items()}
    results = Results(source.name, seeds, args.methods, recipe, records, iat_ros.__version__, str(torch.__version__))
    write_results(args.out, results)
    tables = aggregate(records, args.methods, divisions=args.divisions, seeds=seeds)
    write_tables(args.out, tables)
    if not args.no_figures:
        division = source.divide(frames, args.divisions[0], 0)
        made_of = {"made_of": [fingerprint(method, recipes, division, "cpu") for method in ("ours", "pe")]}
        note = args.out / "figures_of.json"
        if not (note.is_file() and read_json(note) == made_of and has_figure_data(args.out)):
            with tqdm(total=figure_steps(), desc="figures", disable=None) as bar:
                write_figure_data(args.out, figure_data(division, source.definition, recipes, 0, bar.update))
            write_record(note, made_of)
    for page in write_page(args.out):
        print(page)
    write_json(args.json, tables)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("reproduce", DESCRIPTION, add_arguments, run, argv)
