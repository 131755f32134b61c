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

"""What every verb does when the file system does not."""

from __future__ import annotations

import argparse
import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from iat_ros.__main__ import main
from iat_ros.commands.entry import run_verb
from iat_ros.commands.output import add_json


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path)
    add_json(parser)


def end_with(error: Exception, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a verb that fails so; return the one line that it says."""

    def run(_: argparse.Namespace) -> int:
        raise error

    assert run_verb("train", "Learn.", _add, run, list(words)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_full_disk_names_what_was_to_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its error holds no path: the options do."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    words = ("--out", "model", "--json", str(tmp_path / "figures.json"))
    line = end_with(full, capsys, *words)
    assert line.startswith(f"iat_ros train: cannot write --out model, --json {tmp_path / 'figures.json'} (or a temp")
    assert line.endswith(": No space left on device")


def test_an_error_with_a_path_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the options say."""
    with pytest.raises(NotADirectoryError) as caught:
        Path("/dev/null/nothing").read_bytes()
    assert end_with(caught.value, capsys, "--out", "model") == "iat_ros train: /dev/null/nothing: Not a directory"


def test_other_errors_of_the_system_stay_unexpected(capsys: pytest.CaptureFixture[str]) -> None:
    """A port in use has nothing to do with files."""
    line = end_with(OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)), capsys, "--out", "model")
    assert "unexpected OSError: [Errno 98]" in line


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("tracker --skeleton my.yaml", "--skeleton my.yaml; parameters come last: --ros-args -p skeleton:=my.yaml"),
        ("perception -p skeleton:=my.yaml", "; parameters come last: --ros-args -p skeleton:=my.yaml"),
        ("perception skeleton:=my.yaml --no-autostart", "; parameters come last: --ros-args -p skeleton:=my.yaml"),
        ("trajectory --speed-scale=1", "; parameters come last: --ros-args -p speed_scale:=1"),
        ("robot -p rate:=50 -p 'noise:=0.01'", "; parameters come last: --ros-args -p rate:=50 -p noise:=0.01"),
        ("viewer --port --host", "; parameters come last: --ros-args -p port:=VALUE -p host:=VALUE"),
        ("interact --limbs 'a, b'", "; parameters come last: --ros-args -p 'limbs:=a, b'"),
        ("demo --robot g1 --start_angle 1", "--start_angle 1; parameters come last: --ros-args -p start_angle:=1"),
        ("camera --params-file x.yaml", "; parameters come last: --ros-args --params-file x.yaml"),
        ("robot check -p rate:=50", "unrecognized arguments: -p"),
        ("perception --octopus 1", "unrecognized arguments: --octopus 1"),
        ("perception --port 1", "unrecognized arguments: --port 1"),
        ("make_up --out x --skeleton my.yaml", "unrecognized arguments: --skeleton my.yaml"),
    ],
)
def test_parameters_given_as_options_are_told(line: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The refusal ends with what the command line should have been; only for parameters of the verb's own nodes."""
    with pytest.raises(SystemExit) as refused:
        main(shlex.split(line))
    assert refused.value.code == 2
    assert capsys.readouterr().err.endswith(f"{hint}\n")


def test_an_interrupt_that_python_cannot_raise_comes_again() -> None:
    """In a finalizer, as in those of the import lock, it would be printed with a traceback, and lost."""
    program = """
import gc, signal, sys, time
from iat_ros.commands.entry import run_verb

class Held:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def run(args):
    held = Held()
    del held
    time.sleep(20.0)
    return 0

sys.exit(run_verb("train", "Learn.", lambda parser: None, run, []))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (130, "iat_ros train: interrupted\n")
