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

"""Damaged files of every kind that the package reads: each is read, or refused with one line; nothing crashes or hangs.

A process of its own reads the files of one kind, so that a crash or a hang in a library's machine code is seen, too.

    python benchmarks/faults/damaged_files.py --count 300 --json FILE
"""

from __future__ import annotations

import argparse
import json
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.faults.descriptions import DESCRIPTIONS
from benchmarks.faults.descriptions import HARMS as URDF_HARMS
from benchmarks.faults.harms import HARMS
from benchmarks.faults.program import add_options, run
from benchmarks.faults.valid_files import KINDS
from iat_ros.errors import IatError

LONGEST_S = 10.0
"""Reading takes no longer; else it hangs [s]."""
_START_S = 120.0
_MOST_BYTES = 16 * 2**30
_MOST_DETAILS = 40
_ALL = {**KINDS, **DESCRIPTIONS}


def run_files(count: int = 300, seed: int = 0, kinds: Sequence[str] = tuple(KINDS)) -> dict[str, Any]:
    """Damage files and read them.

    Args:
        count: How many of each kind.
        seed: Decides where and how.
        kinds: Which kinds of files, of `KINDS` and `DESCRIPTIONS`.

    Returns:
        "files", "crashes" (anything but an `IatError` of one line), "hangs", "refused", "per_kind", "seconds" and
        "details" of what went wrong.
    """
    started = time.perf_counter()
    report: dict[str, Any] = {"files": 0, "crashes": 0, "hangs": 0, "refused": 0, "per_kind": {}, "details": []}
    for kind in kinds:
        outcomes = _read_kind(kind, count, seed)
        verdicts = [verdict for verdict, _ in outcomes]
        found = {"files": len(outcomes), "refused": verdicts.count("refused")}
        found |= {"crashes": verdicts.count("crash"), "hangs": verdicts.count("hang")}
        report["per_kind"][kind] = found
        for key, value in found.items():
            report[key] += value
        bad = [
            f"{kind} {turn}: {text}" for turn, (verdict, text) in enumerate(outcomes) if verdict in ("crash", "hang")
        ]
        report["details"] += bad[:_MOST_DETAILS]
    report["seconds"] = round(time.perf_counter() - started, 1)
    return report


def _read_kind(kind: str, count: int, seed: int) -> list[tuple[str, str]]:
    """Return for each damaged file "read", "refused", "crash" or "hang", and what was said."""
    outcomes: list[tuple[str, str]] = []
    while len(outcomes) < count:
        command = [sys.executable, __file__, "--worker", kind, "--seed", str(seed), "--count", str(count)]
        with subprocess.Popen([*command, "--first", str(len(outcomes))], stdout=subprocess.PIPE) as process:
            if _line(process, _START_S) != "ready":
                process.kill()
                raise SystemExit(f"{kind}: undamaged files cannot be read")
            while len(outcomes) < count:
                line = _line(process, LONGEST_S)
                if line:
                    verdict, text = json.loads(line)
                    outcomes.append((verdict, text))
                    continue
                hangs = line is None
                process.kill()
                code = process.wait()
                outcomes.append(("hang", f"over {LONGEST_S:g} s") if hangs else ("crash", f"process ended with {code}"))
                break
    return outcomes


def _line(process: subprocess.Popen[bytes], timeout_s: float) -> str | None:
    """Return the next line of a process; empty if it has ended, None if it said nothing for so long."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], timeout_s)[0]:
        return None
    return process.stdout.readline().decode().strip()


def _work(kind: str, count: int, seed: int, first: int) -> None:
    """Read damaged files one by one and say in a line of JSON what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    told, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        files = DamagedFiles(kind, Path(folder), seed)
        print("ready", file=told, flush=True)
        for turn in range(first, count):
            print(json.dumps(files.read(turn)), file=told, flush=True)


class DamagedFiles:
    """Files of one kind, undamaged at first.

    Args:
        kind: One of `KINDS` or `DESCRIPTIONS`.
        folder: An empty folder to work in.
        seed: Decides where and how files are damaged.

    Raises:
        IatError: The undamaged files cannot be read.
    """

    def __init__(self, kind: str, folder: Path, seed: int) -> None:
        make, self._load = _ALL[kind]
        self._harms = (*HARMS, *URDF_HARMS) if kind in DESCRIPTIONS else HARMS
        self._seed, self._whole, self._damaged = seed, folder / "whole", folder / "damaged"
        self._whole.mkdir()
        self._victims = make(self._whole)
        self._load(self._whole)

    def read(self, turn: int) -> tuple[str, str]:
        """Damage one file and read it; return "read", "refused" or "crash", and what was damaged and said."""
        rng = np.random.default_rng([self._seed, turn])
        shutil.rmtree(self._damaged, ignore_errors=True)
        shutil.copytree(self._whole, self._damaged)
        victim = self._damaged / self._victims[turn % len(self._victims)]
        name, harm = self._harms[int(rng.integers(len(self._harms)))]
        victim.write_bytes(harm(victim.read_bytes(), rng))
        verdict, text = _judge(self._load, self._damaged)
        return verdict, f"{victim.name}, {name}: {text}"


def _judge(load: Callable[[Path], Any], folder: Path) -> tuple[str, str]:
    try:
        load(folder)
    except IatError as error:
        message = str(error)
        return ("refused", message[:200]) if message and "\n" not in message else ("crash", f"not a line: {message!r}")
    except BaseException:  # noqa: BLE001 - whatever it is, nobody foresaw it
        return "crash", traceback.format_exc(limit=-4)[-1500:]
    return "read", ""


def main() -> int:
    """Damage and read, print the figures, write them to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "count", 300)
    parser.add_argument("--kind", choices=tuple(_ALL), help="files of this kind alone; else of all that lie on a disk")
    parser.add_argument("--worker", choices=tuple(_ALL), help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _work(options.worker, options.count, options.seed, options.first)
        return 0
    kinds = (options.kind,) if options.kind else tuple(KINDS)
    return run(partial(run_files, kinds=kinds), options)


if __name__ == "__main__":
    sys.exit(main())
