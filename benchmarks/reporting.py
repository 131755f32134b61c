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

"""How a benchmark ends: figures printed and written, or one line that says why there are none."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iat_ros.errors import IatError


def report(measure: Callable[[], dict[str, Any]], path: Path | None) -> int:
    """Measure, print the figures as JSON and write them to a file, if one is named; return 0, or 1 after an error."""
    try:
        figures = measure()
    except IatError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures, indent=2))
    write(figures, path)
    return 0


def report_lines(figures: dict[str, Any], path: Path | None) -> None:
    """Print one line for each figure, and write them to a file, if one is named."""
    width = max(map(len, figures), default=0)
    for name, values in figures.items():
        print(f"{name:{width}s} {values}")
    write(figures, path)


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Write figures as JSON, if a file is named."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
