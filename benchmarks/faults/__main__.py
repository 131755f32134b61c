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

"""Break the chain in every way that a lab will, and count what it does then.

    python benchmarks/faults/__main__.py --parts sensor,soak

runs the parts one after another; each puts its figures into the JSON file beside those of earlier runs. Exits with 1
when something failed: a crash, a wrong output, a limit exceeded, or a chain that did not recover.

kills: processes, those of --victims, end by SIGKILL in mid-answer and come again. sensor: cameras that fail, and clocks
that are set. soak: hours of answers in compressed time, in one loop, then through the nodes. flood: 200 people at
1 kHz. fuzz: malformed messages, a tenth of them to the tracker, one in 5000 a damaged URDF on robot_description. files:
damaged files.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).parents[2])
)  # the package and the benchmarks beside this folder, installed or not

from benchmarks.faults.figures import PARTS, SUMMED, merge, read_parts, shortfalls
from benchmarks.faults.kill_figures import VICTIMS, of_earlier_run
from iat_ros.errors import ConfigError, IatError

ROOT = Path(__file__).parents[2]
SEED = 0


def run_part(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Run one part; return its figures.

    Raises:
        IatError: It cannot be run, or the nodes do not come up.
    """
    if name == "kills":
        earlier = of_earlier_run(read_parts(args.json).get("kills", {}), args.victims)
        keep = partial(merge, args.json, "kills")
        return dict(_load("kills", "run_kills")(args.kills, args.logs, args.victims, earlier, keep))
    if name == "sensor":
        return dict(_load("sensor", "run_sensor")())
    if name == "soak":
        figures = dict(_load("soak", "run_soak")(args.hours, args.answers))
        return figures if args.node_hours <= 0 else _with_nodes(figures, args.node_hours)
    if name == "flood":
        return dict(_load("flood", "run_flood")(args.flood_seconds))
    if name == "fuzz":
        to_tracker, described = args.messages // 10, args.messages // 5000
        chain = dict(_load("fuzz", "run_fuzz")(args.messages - to_tracker - described, SEED))
        chain = _with_tracker(chain, _load("fuzz_tracker", "run_fuzz")(to_tracker, SEED))
        kinds = (_load("descriptions", "KIND"),)
        return _with_descriptions(chain, _load("damaged_files", "run_files")(described, SEED, kinds))
    return dict(_load("damaged_files", "run_files")(args.files, SEED))


def _with_nodes(figures: dict[str, Any], hours: float) -> dict[str, Any]:
    """Add a soak through the nodes to that in a loop."""
    nodes = _load("nodes_soak", "run_nodes_soak")(hours)
    sums = {key: figures[key] + nodes[key] for key in SUMMED}
    return {**figures, **sums, "through_nodes": nodes, "failures": [*figures["failures"], *nodes["failures"]]}


def _with_tracker(figures: dict[str, Any], tracker: dict[str, Any]) -> dict[str, Any]:
    """Add what became of a tenth of the messages, which went to the tracker node."""
    sums = {key: figures[key] + tracker[key] for key in ("messages", "crashes", "wrong_outputs", "rss_growth_mb")}
    return {**figures, **sums, "tracker": tracker}


def _with_descriptions(figures: dict[str, Any], descriptions: dict[str, Any]) -> dict[str, Any]:
    """Add what became of the damaged URDFs; a node that hangs over one is as bad as one that crashes."""
    crashes = figures["crashes"] + descriptions["crashes"] + descriptions["hangs"]
    messages = figures["messages"] + descriptions["files"]
    return {**figures, "messages": messages, "crashes": crashes, "descriptions": descriptions}


def _load(module: str, function: str) -> Callable[..., Any]:
    """Import a part only when it runs, so that one that lacks a package does not stop the others."""
    try:
        loaded: Callable[..., Any] = getattr(importlib.import_module(f"benchmarks.faults.{module}"), function)
    except ImportError as error:
        raise ConfigError(
            f"benchmarks/faults/{module}.py cannot be imported ({error}); leave it out with --parts"
        ) from error
    return loaded


def _some_of(kind: str, known: Sequence[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown {kind} '{unknown[0]}'; choose from {','.join(known)}")
        return names

    return read


def _at_least_one(text: str) -> int:
    if not (text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got '{text}'")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts; return 0, or 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts, victims = _some_of("part", PARTS), _some_of("victim", VICTIMS)
    parser.add_argument("--parts", type=parts, default=list(PARTS), help=f"some of {','.join(PARTS)}; all by default")
    parser.add_argument("--kills", type=_at_least_one, default=50, help="how often each victim is killed")
    parser.add_argument(
        "--victims",
        type=victims,
        default=list(VICTIMS),
        help=f"who is killed, some of {','.join(VICTIMS)}; of the others the file keeps an earlier run's kills",
    )
    parser.add_argument("--hours", type=float, default=8.0, help="stream time of the soak [h]")
    parser.add_argument("--node-hours", type=float, default=1.0, help="of the soak through the nodes [h]; 0: none")
    parser.add_argument(
        "--answers", type=_at_least_one, default=10_000, help="answers that the soak must give at least"
    )
    parser.add_argument("--flood-seconds", type=float, default=20.0, help="how long the flood lasts [s]")
    parser.add_argument("--messages", type=_at_least_one, default=1_000_000, help="malformed messages")
    parser.add_argument("--files", type=_at_least_one, default=1000, help="damaged files")
    parser.add_argument("--logs", type=Path, default=ROOT / "build" / "faults_logs", help="what the nodes print")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "faults.json", help="the figures go here")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # nodes must not outlive this
    if importlib.util.find_spec("rclpy") is not None:  # before any part makes a node: Fast DDS reads its profile once
        importlib.import_module("iat_ros.nodes.transport").keep_to_this_machine()
    failed = False
    try:
        read_parts(args.json)  # better told before an hour of measuring than after
    except IatError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in args.parts:
        try:
            figures = run_part(name, args)
        except IatError as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            failed = True
            continue
        total = merge(args.json, name, figures)
        print(f"{name}: {json.dumps(figures, indent=2)}")
        for line in shortfalls(figures):
            print(f"failed: {name}: {line}", file=sys.stderr)
            failed = True
    if not failed:
        print(json.dumps({key: value for key, value in total.items() if key != "parts"}, indent=2))
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
