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
import re
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.faults.program import add_options, run
from benchmarks.faults.valid_files import KINDS
from iat_ros.errors import IatError

LONGEST_S = 10.0
"""Reading takes no longer; else it hangs [s]."""
_START_S = 120.0
_MOST_BYTES = 16 * 2**30
_MOST_DETAILS = 40


def run_files(count: int = 300, seed: int = 0, kinds: Sequence[str] = tuple(KINDS)) -> dict[str, Any]:
    """Damage files and read them.

    Args:
        count: How many of each kind.
        seed: Decides where and how.
        kinds: Which kinds of files, of `KINDS`.

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
        kind: One of `KINDS`.
        folder: An empty folder to work in.
        seed: Decides where and how files are damaged.

    Raises:
        IatError: The undamaged files cannot be read.
    """

    def __init__(self, kind: str, folder: Path, seed: int) -> None:
        make, self._load = KINDS[kind]
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
        name, harm = HARMS[int(rng.integers(len(HARMS)))]
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


def _spot(content: bytes, rng: np.random.Generator, longest: int = 40) -> slice:
    """Return a short piece of a file; half of them near its beginning, where headers are."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 512)
    at = int(rng.integers(max(1, end)))
    return slice(at, at + int(rng.integers(1, longest)))


def _cut_off(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: _spot(content, rng).start]


def _cut_begin(content: bytes, rng: np.random.Generator) -> bytes:
    return content[_spot(content, rng).start :]


def _empty(_content: bytes, _rng: np.random.Generator) -> bytes:
    return b""


def _flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    data = np.frombuffer(content, np.uint8).copy()
    if len(data):
        places = rng.integers(0, len(data) if rng.random() < 0.5 else min(512, len(data)), rng.integers(1, 20))
        data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return data.tobytes()


def _noise(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 200)
    noise = bytes(rng.integers(0, 256, spot.stop - spot.start, dtype=np.uint8))
    return content[: spot.start] + noise + content[spot.stop :]


def _zeros(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 5000)
    return content[: spot.start] + bytes(spot.stop - spot.start) + content[spot.stop :]


def _lose(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 400)
    return content[: spot.start] + content[spot.stop :]


def _double(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 400)
    return content[: spot.stop] + content[spot.start :]


def _twice(content: bytes, _rng: np.random.Generator) -> bytes:
    return content + content


def _swap_halves(content: bytes, _rng: np.random.Generator) -> bytes:
    return content[len(content) // 2 :] + content[: len(content) // 2]


def _printable(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng)
    text = bytes(rng.choice(np.frombuffer(b'0123456789.,-+eEnaif \n"{}[]:#&*!<>/=', np.uint8), spot.stop - spot.start))
    return content[: spot.start] + text + content[spot.stop :]


def _other_words(content: bytes, rng: np.random.Generator) -> bytes:
    """Replace a number or a word by something that a reader may stumble over."""
    words = [match.span() for match in _WORD.finditer(content[:200_000])]
    if not words:
        return _printable(content, rng)
    start, stop = words[int(rng.integers(len(words)))]
    return content[:start] + _TRAPS[int(rng.integers(len(_TRAPS)))] + content[stop:]


def _foreign(_content: bytes, rng: np.random.Generator) -> bytes:
    return _FOREIGN[int(rng.integers(len(_FOREIGN)))]


_WORD = re.compile(rb"[A-Za-z0-9_.+-]+")
_BOMB = b"\n".join([b"a0: &a0 [x, x]", *(b"a%d: &a%d [*a%d, *a%d]" % (i, i, i - 1, i - 1) for i in range(1, 40))])
_TRAPS = (
    b"nan", b"inf", b"-inf", b".nan", b".inf", b"1e400", b"-1", b"0", b"1e-320", b"9" * 5000, b"18446744073709551616",
    b"2147483648", b"true", b"null", b"~", b"{}", b"[]", b"''", b'""', b"2026-13-45",
    b"!!python/object/apply:os.getcwd []",
    b"!!binary xx", b"!!set {a, b}", b"!!timestamp 1", b"*missing", b"&again", b"<<", b"0x1F", b"1_000", b"12:30:45",
    "\u0660".encode(), b"\xff\xfe", b"\x00", b"[" * 3000, b"{a: " * 1500, b"../../../etc/passwd", b"/dev/zero", b"<!--",
    b"&lt;", b"&x;", b"\r", b"\t", b" ", b"a" * 100_000, b"%s", b"\\u0000", b"1e308", b"0.0", b"[x, y]",
)  # fmt: skip
_FOREIGN = (
    b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"PK\x03\x04", b"\x89MCAP0\r\n\x89MCAP0\r\n", b"SQLite format 3\x00",
    b"null", b"[]", b"{}", b"3", b"\n", b"\xff" * 1000, bytes(1000), b"MATLAB 5.0 MAT-file", b"<robot/>",
    b"<robot name='r'><link name='a'/></robot>", b"[" * 100_000, b"{" * 100_000, b'{"a":' * 50_000,
    b"- " * 2000, _BOMB, b"name: x\n", b"---\n---\n",
    b"\x93NUMPY\x01\x00", b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'xxxxxxxxxx'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10 if i > 1 else b"&a;" * 10) for i in range(1, 10))
    + b"]><robot name='&a9;'/>",
    b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><robot name='&a;'/>",
)  # fmt: skip
HARMS: tuple[tuple[str, Callable[[bytes, np.random.Generator], bytes]], ...] = (
    ("cut off", _cut_off), ("beginning lost", _cut_begin), ("empty", _empty), ("bits flipped", _flip_bits),
    ("bits flipped", _flip_bits), ("noise", _noise), ("zeros", _zeros), ("a piece lost", _lose),
    ("a piece doubled", _double), ("twice", _twice), ("halves swapped", _swap_halves), ("characters", _printable),
    ("characters", _printable), ("another word", _other_words), ("another word", _other_words),
    ("another word", _other_words), ("something else", _foreign),
)  # fmt: skip


def main() -> int:
    """Damage and read, print the figures, write them to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "count", 300)
    parser.add_argument("--worker", choices=tuple(KINDS), help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _work(options.worker, options.count, options.seed, options.first)
        return 0
    return run(run_files, options)


if __name__ == "__main__":
    sys.exit(main())
