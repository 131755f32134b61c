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

"""The linters of the ROS build farm accept the package; skipped where they are not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("iat_ros", "launch", "test", "benchmarks", "docs", "setup.py")
LINTERS = {
    "ament_flake8": ["--config", "setup.cfg", *CODE],
    "ament_pep257": ["--convention", "google", "--add-ignore", "D105", "D107", "--", *CODE],
    "ament_copyright": ["--exclude", ".venv", "build", "--", "."],
    "ament_xmllint": ["package.xml"],
}


@pytest.mark.parametrize("linter", LINTERS)
def test_linter_of_the_build_farm(linter: str) -> None:
    """No complaint; these tools belong to the system's Python and not to this environment."""
    program = shutil.which(linter)
    if program is None:
        pytest.skip(f"{linter} is not installed (python3-{linter.replace('_', '-')})")
    if linter == "ament_xmllint" and shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed (libxml2-utils)")
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "LD_LIBRARY_PATH"}}
    done = subprocess.run(
        [program, *LINTERS[linter]], cwd=ROOT, env=clean, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
