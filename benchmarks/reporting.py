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
