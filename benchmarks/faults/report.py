"""The figures of all parts in one file, their sums, and what counts as failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KEYS = (
    "kills", "recovered", "recovery_s", "messages", "crashes", "wrong_outputs", "limit_violations", "soak_hours",
    "answers", "rss_growth_mb",
)  # fmt: skip
_SUMS = ("crashes", "wrong_outputs", "limit_violations")
_NEVER = (*_SUMS, "hung", "code_ran", "not_recovered", "unclear")


def merge(path: Path, part: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Put a part's figures into the file, and the sums over all parts that it holds.

    Returns:
        What the file holds: `KEYS` (None where the part was not run; sums over the parts where several count the
        same), and "parts", by name.
    """
    parts = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.is_file() else {}
    parts[part] = figures
    found: dict[str, Any] = {key: None for key in KEYS}
    for key, source in (
        ("kills", "kills"), ("recovered", "kills"), ("recovery_s", "kills"), ("messages", "fuzz"),
        ("soak_hours", "soak"), ("answers", "soak"), ("rss_growth_mb", "soak"),
    ):  # fmt: skip
        found[key] = parts.get(source, {}).get(key)
    for key in _SUMS:
        found[key] = sum(each[key] for each in parts.values() if key in each)
    found["parts"] = parts
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def failures(part: str, figures: dict[str, Any]) -> list[str]:
    """Name what failed in a part."""
    found = [f"{part}: {key}: {figures[key]}" for key in _NEVER if figures.get(key)]
    kills = figures.get("kills", 0)
    found += [
        f"{part}: {key} after {figures[key]} of {kills} kills"
        for key in ("recovered", "came_to_rest")
        if key in figures and figures[key] < kills
    ]
    robot = figures.get("robot_kills", {"kills": 0})
    found += [
        f"{part}: robot killed: {key} {robot[key]} of {robot['kills']} times"
        for key in ("halted", "recovered")
        if robot["kills"] and robot[key] < robot["kills"]
    ]
    if part == "soak" and (figures["halted"] or not figures["answers"]):
        found.append(f"soak: {figures['answers']} answers, halted: {figures['halted'] or 'no'}")
    return found
