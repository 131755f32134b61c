"""The fault suite: what the chain does when nodes die, sensors fail, messages and files are damaged, or it runs for hours.

    python -m benchmarks.faults --parts kills,sensor,fuzz,files,soak,flood

Parts can be run one after the other: figures are merged into the JSON file. The whole takes some two hours on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.faults import files, fuzz, kills, report, sensor, soak
from benchmarks.perception import measure_flood
from iat_ros.errors import IatError

ROOT = Path(__file__).parents[2]
PARTS = ("sensor", "files", "fuzz", "kills", "flood", "soak")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts, write and print the figures; return 0, or 1 when something failed."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--kills", type=int, default=50, help="how often each node is killed")
    parser.add_argument("--messages", type=int, default=1_000_000, help="generated messages")
    parser.add_argument("--damages", type=int, default=300, help="damages of each kind of file")
    parser.add_argument("--hours", type=float, default=8.0, help="stream time of the soak [h]")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the flood [s]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "faults.json", help="where the figures go")
    args = parser.parse_args(argv)
    run: dict[str, Callable[[], dict[str, Any]]] = {
        "sensor": lambda: sensor.measure(args.seed),
        "files": lambda: files.measure(args.damages, args.seed),
        "fuzz": lambda: fuzz.measure(args.messages, args.seed),
        "kills": lambda: kills.measure(args.kills, seed=args.seed),
        "flood": lambda: measure_flood(args.seconds),
        "soak": lambda: soak.measure(args.hours, args.seed),
    }
    parts = [name.strip() for name in args.parts.split(",")]
    for name in parts:
        if name not in run:
            parser.error(f"--parts: '{name}' is none of {', '.join(PARTS)}")
    try:
        for name in parts:
            machine = f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"
            figures = report.merge(args.json, name, {**run[name](), "machine": machine})
    except IatError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps({key: figures[key] for key in report.KEYS}, indent=2))
    failures = [line for name in parts for line in report.failures(name, figures["parts"][name])]
    for line in failures:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
