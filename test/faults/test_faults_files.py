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

"""Damaged files of every kind: read or refused with one line; crashes and hangs of the process that reads are seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults import damaged_files
from benchmarks.faults.valid_files import KINDS
from iat_ros.errors import DataError


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_refused_with_one_line(kind: str, tmp_path: Path) -> None:
    """Whatever is damaged, an `IatError` says so, or what was read is whole."""
    files = damaged_files.DamagedFiles(kind, tmp_path, seed=1)
    outcomes = [files.read(turn) for turn in range(6)]
    assert [text for verdict, text in outcomes if verdict == "crash"] == []
    assert any(verdict == "refused" for verdict, _ in outcomes)


def test_a_process_reads_them(tmp_path: Path) -> None:
    """The report counts what the process that reads says."""
    report = damaged_files.run_files(5, seed=0, kinds=("skeleton YAML",))
    assert report["files"] == report["per_kind"]["skeleton YAML"]["files"] == 5
    assert (report["crashes"], report["hangs"]) == (0, 0)
    assert report["refused"] > 0


def test_what_is_no_single_line_is_a_crash(tmp_path: Path) -> None:
    """An error that nobody foresaw counts, and so does a message of two lines."""

    def fail(error: BaseException) -> str:
        def load(_: Path) -> None:
            raise error

        return damaged_files._judge(load, tmp_path)[0]

    assert fail(DataError("one line")) == "refused"
    assert fail(DataError("two\nlines")) == fail(DataError("")) == fail(KeyError("x")) == fail(MemoryError()) == "crash"


def test_silence_is_told_from_an_end() -> None:
    """A process that hangs says nothing; one that died says that it ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert damaged_files._line(process, 0.2) is None
        process.kill()
        assert damaged_files._line(process, 20.0) == ""
