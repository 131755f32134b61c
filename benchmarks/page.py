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

"""The page of what was measured about speed and faults, from bench.json and faults.json in one directory.

python benchmarks/page.py docs/results
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SPEED = (
    ("reaction_ms", "reaction: last frame of an action to its JointTrajectory, `interact` in one process"),
    ("relay_ms", "the same messages through as many hops, nothing computed"),
    ("reaction_separate_ms", "reaction, each node a process of its own"),
    ("end_of_action_ms", "silence that tells that an action has ended, at 30 Hz"),
    ("generator_ms", "generator, one answer"),
    ("generator_batch64_ms", "generator, 64 answers at once"),
    ("generator_early_ms", "generator, one early answer"),
    ("generator_gpu_ms", "generator on a GPU, one answer"),
    ("generator_gpu_batch64_ms", "generator on a GPU, 64 answers at once"),
    ("retarget_ms", "retargeting 32 frames to a G1's arms"),
    ("mink_ms", "mink, the same"),
    ("pink_ms", "pink, the same"),
)
ERRORS = (("retarget_error_deg", "ours"), ("mink_error_deg", "mink"), ("pink_error_deg", "pink"))
MOST, LEAST = "at most", "at least"
GOALS: tuple[tuple[str, tuple[str, ...], str, float], ...] = (
    ("reaction p50, in relays", ("reaction_ms", "p50", "relay_ms"), MOST, 3.0),
    ("reaction p99 [ms]", ("reaction_ms", "p99"), MOST, 5.0),
    ("end of action p50 [ms]", ("end_of_action_ms", "p50"), MOST, 150.0),
    ("one answer p50 [ms]", ("generator_ms", "p50"), MOST, 0.5),
    ("one answer on a GPU p50 [ms]", ("generator_gpu_ms", "p50"), MOST, 0.2),
    ("retargeting p50, times faster than mink", ("mink_ms", "p50", "retarget_ms"), LEAST, 10.0),
    ("retargeting p50, times faster than pink", ("pink_ms", "p50", "retarget_ms"), LEAST, 10.0),
    ("mean direction error of retargeting, in that of mink", ("retarget_error_deg", "", "mink_error_deg"), MOST, 1.0),
    ("people at 30 Hz on a core", ("people_per_core",), LEAST, 64.0),
    ("share of a core for one person [%]", ("cpu_percent_one_person",), MOST, 10.0),
)
"""What, where it stands (a figure, a part of it, by what it is divided), and the goal."""


def write_page(directory: Path) -> Path:
    """Write speed_and_faults.md from what lies in a directory; return its path."""
    made = "Made by `make bench` and `make faults`; every figure comes from the JSON files beside this page."
    lines = ["# Speed and faults", "", made, ""]
    for name, section in (("bench.json", _speed), ("faults.json", _faults)):
        file = directory / name
        if file.is_file():
            lines += section(json.loads(file.read_text(encoding="utf-8")))
    path = directory / "speed_and_faults.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _speed(bench: dict[str, Any]) -> list[str]:
    gpu = bench.get("gpu", "without a GPU")
    lines = ["## Speed", "", f"All in one run, on {bench.get('machine', 'one machine')}, {gpu}.", ""]
    lines += ["| what | p50 [ms] | p99 [ms] |", "|---|---|---|"]
    for key, text in SPEED:
        lines.append(f"| {text} | {_show(_find(bench, key, 'p50'))} | {_show(_find(bench, key, 'p99'))} |")
    errors = [f"{text} {_show(bench.get(key))}" for key, text in ERRORS]
    lines += ["", f"Mean direction error of retargeting, under the same limits [deg]: {', '.join(errors)}.", ""]
    lines += ["| figure | goal | measured | reached |", "|---|---|---|---|"]
    for text, where, sense, bound in GOALS:
        found = _find(bench, *where)
        reached = found is not None and (found <= bound if sense == MOST else found >= bound)
        said = "-" if found is None else "yes" if reached else "no"
        lines.append(f"| {text} | {sense} {bound:g} | {_show(found)} | {said} |")
    if bench.get("early"):
        lines += ["", "Early answers on set B, by the share of the action that was seen:", ""]
        lines += ["| seen | figures |", "|---|---|"]
        lines += [f"| {share} | {_show(figures)} |" for share, figures in bench["early"].items()]
    return [*lines, ""]


def _faults(faults: dict[str, Any]) -> list[str]:
    lines = ["## Faults", "", "| what | figure |", "|---|---|"]
    lines += [f"| {key} | {_show(value)} |" for key, value in faults.items() if key != "parts"]
    for name, part in faults.get("parts", {}).items():
        lines += ["", f"### {name}", "", "| what | figure |", "|---|---|"]
        lines += [f"| {key} | {_show(value)} |" for key, value in part.items() if not _nested(value)]
        if by_node := part.get("by_node"):
            kinds = ("recovered", "rested", "recovery_s", "recovery_after_rest_s", "restart_to_active_s")
            lines += ["", f"| killed | {' | '.join(kinds)} |", "|---" * (1 + len(kinds)) + "|"]
            lines += [
                f"| {node} | {' | '.join(_show(figures.get(kind)) for kind in kinds)} |"
                for node, figures in by_node.items()
            ]
    return [*lines, ""]


def _nested(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(each, (dict, list)) for each in value.values())


def _find(bench: dict[str, Any], key: str, part: str = "", by: str = "") -> float | None:
    value = bench.get(key)
    if part:
        value = value.get(part) if isinstance(value, dict) else None
    if by:
        other = _find(bench, by, part)
        return None if value is None or not other else float(value) / other
    return value


def _show(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_show(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="where bench.json and faults.json lie")
    print(f"wrote {write_page(parser.parse_args(argv).directory)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
