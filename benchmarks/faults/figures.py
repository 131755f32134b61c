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

"""The figures of the fault suite: one dictionary for each part, and the totals over those that have run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iat_ros.errors import DataError

PARTS = ("kills", "sensor", "soak", "flood", "fuzz", "files")
SUMMED = ("crashes", "wrong_outputs", "limit_violations")
"""Every part counts these; the totals are sums over the parts."""
_TAKEN = {
    "kills": ("kills", "recovered", "recovery_s"),
    "soak": ("soak_hours", "answers", "rss_growth_mb"),
    "fuzz": ("messages",),
}
"""Figures of the whole suite that one part measures."""


def merge(path: Path, name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Put a part's figures into the file, beside those of the parts that ran before.

    Returns:
        Everything that is in the file now: totals first, then each part under ``parts``.

    Raises:
        DataError: The file holds something else.
    """
    parts = {**read_parts(path), name: figures}
    total: dict[str, Any] = {}
    for part, keys in _TAKEN.items():
        total |= {key: parts[part][key] for key in keys if key in parts.get(part, {})}
    total |= {key: sum(each.get(key, 0) for each in parts.values()) for key in SUMMED}
    total["parts"] = {each: parts[each] for each in PARTS if each in parts}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(total, indent=2) + "\n", encoding="utf-8")
    return total


def read_parts(path: Path) -> dict[str, Any]:
    """Return the figures of the parts that are in the file; nothing where there is no file.

    Raises:
        DataError: It is no file of this suite.
    """
    if not path.exists():
        return {}
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))["parts"]
        if not all(name in PARTS and isinstance(each, dict) for name, each in parts.items()):
            raise KeyError("parts")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: expected the figures of an earlier run of this suite; delete or move it") from error
    return dict(parts)


def shortfalls(figures: dict[str, Any]) -> list[str]:
    """Return what a part failed in, in words: what it says itself, and what must be 0."""
    found = [f"{figures[key]} {key.replace('_', ' ')}" for key in (*SUMMED, "hangs") if figures.get(key, 0)]
    return found + list(figures.get("failures", []))
