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

"""Everything about speed in one run on one machine, to build/bench.json, and a page beside it.

    python benchmarks/all.py --data DIR

Figures that need UTD-MHAD (early) are null without it; those of mink and pink without requirements/bench.txt.
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

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

import answering
import early
import page
import perception
import reaction
import retargeting
import torch

from iat_ros.errors import IatError

HERE = Path(__file__).parent
KEYS = (
    "reaction_ms", "relay_ms", "reaction_separate_ms", "end_of_action_ms", "generator_ms", "generator_batch64_ms",
    "retarget_ms", "mink_ms", "pink_ms", "retarget_error_deg", "mink_error_deg", "pink_error_deg", "people_per_core",
    "cpu_percent_one_person", "early",
)  # fmt: skip


def measure(data: str | None, actions: int, seconds: float, keep: Callable[[dict[str, Any]], None]) -> None:
    """Measure everything.

    Args:
        data: UTD-MHAD, or None.
        actions: How many actions each set-up of the reaction answers.
        seconds: How long each CPU share is measured [s].
        keep: Called with all figures so far, whenever there are more.
    """
    found: dict[str, Any] = {"machine": f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"}
    for part in (
        lambda: reaction.measure(actions),
        answering.measure,
        _on_a_gpu,
        lambda: retargeting.measure(data or retargeting.MADE_UP),
        lambda: perception.measure(Path(data) if data else None, seconds),
        lambda: {"early": early.measure(data) if data else None},
    ):
        found |= part()
        keep({key: found.get(key) for key in KEYS} | found)


def _on_a_gpu() -> dict[str, Any]:
    """Time the generator on a GPU; nothing where there is none."""
    if not torch.cuda.is_available():
        return {}
    found = answering.measure(device="cuda")
    return {"gpu": torch.cuda.get_device_name()} | {
        key.replace("generator", "generator_gpu"): value for key, value in found.items() if key.startswith("generator")
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write and print; return 0, or 1 after an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="directory of UTD-MHAD skeleton files")
    parser.add_argument("--actions", type=int, default=40, help="actions of each set-up of the reaction")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each CPU share is measured [s]")
    parser.add_argument("--json", type=Path, default=HERE.parent / "build" / "bench.json", help="where the figures go")
    args = parser.parse_args(argv)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    partial = args.json.with_suffix(".partial.json")

    def keep(figures: dict[str, Any]) -> None:
        """Write what there is: a part that fails takes nothing along that took minutes."""
        partial.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")

    try:
        measure(args.data, args.actions, args.seconds, keep)
    except IatError as error:
        print(f"error: {error}; what was measured before is in {partial}", file=sys.stderr)
        return 1
    partial.replace(args.json)
    print(f"wrote {args.json} and {page.write_page(args.json.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
