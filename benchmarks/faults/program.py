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

"""A part of the faults as a program of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reporting import report

_WRONG = ("crashes", "wrong_outputs", "limit_violations", "hangs")


def add_options(parser: argparse.ArgumentParser, counted: str, count: int) -> None:
    """Add how many of what are tried, the seed, and where the figures go."""
    parser.add_argument(f"--{counted}", type=int, default=count, dest="count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)


def run(measure: Callable[[int, int], dict[str, Any]], options: argparse.Namespace) -> int:
    """Measure, print the figures, write them to a file if one is named; return 1 where anything went wrong."""
    wrong: list[bool] = []

    def judged() -> dict[str, Any]:
        """Measure, and remember whether anything went wrong."""
        figures = measure(options.count, options.seed)
        wrong.append(any(figures.get(key) for key in _WRONG))
        return figures

    return report(judged, options.json) or int(any(wrong))


def main(
    measure: Callable[[int, int], dict[str, Any]], description: str, count: int, argv: Sequence[str] | None = None
) -> int:
    """Be the program of a part that sends messages; ``measure`` takes how many, and a seed."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    add_options(parser, "messages", count)
    return run(measure, parser.parse_args(argv))
