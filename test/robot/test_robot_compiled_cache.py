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

"""What is compiled is kept on disk as long as no source of its folder changes, and is done without where it must be."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import iat_ros

PACKAGE = Path(iat_ros.__file__).parent
COMPILED = Path("robot") / "compiled"

INNER = """
from iat_ros.robot.compiled.cache import compiled
WEIGHT = 2.0
@compiled
def inner(x: float) -> float:
    return WEIGHT * x
"""
OUTER = """
from iat_ros.robot.compiled.cache import compiled
from iat_ros.robot.compiled.inner import inner
@compiled
def outer(x: float) -> float:
    return inner(x) + 1.0
"""
CALL = """
from iat_ros.robot.compiled.outer import outer
print(outer(1.0), sum(outer.stats.cache_hits.values()))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a copy of the package that may be changed."""
    copy = tmp_path / "iat_ros"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def run(package: Path, code: str, **variables: str) -> str:
    """Run code with a copy of the package, and return what it prints."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    environment |= {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package.parent, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("own_folder", [False, True])
def test_a_change_in_a_called_function_is_seen(package: Path, tmp_path: Path, own_folder: bool) -> None:
    """A function whose own file stays as it was is compiled anew when the file of one that it calls changes."""
    variables = {"NUMBA_CACHE_DIR": str(tmp_path / "mine")} if own_folder else {}
    (package / COMPILED / "inner.py").write_text(INNER)
    (package / COMPILED / "outer.py").write_text(OUTER)
    assert run(package, CALL, **variables) == "3.0 0"
    assert run(package, CALL, **variables) == "3.0 1", "it is not kept"
    (package / COMPILED / "inner.py").write_text(INNER.replace("2.0", "7.0"))
    assert run(package, CALL, **variables) == "8.0 0"
    if not own_folder:
        kept = list((package / COMPILED / "__pycache__").glob("numba-*"))
        assert len(kept) == 1, "what older sources were compiled to is left"


def test_runs_where_nothing_can_be_written(package: Path) -> None:
    """Installed read-only, without a home and a cache folder, the package imports and only loses the cache."""
    (package / COMPILED / "__pycache__").write_text("a file, so that no folder of that name can be made")
    code = """
import numpy as np
from iat_ros.robot.compiled import cache, solver
assert cache.cache_folder() is None
x = np.array([4.0])
solver.solve_band(np.array([[2.0]]), 0, x)
print(solver.__file__, x[0], solver.solve_band.stats.cache_path)
"""
    printed = run(package, code, HOME="/proc/no-home", XDG_CACHE_HOME="/proc/no-cache")
    assert printed == f"{package / COMPILED / 'solver.py'} 2.0 None"


def test_nothing_is_compiled_elsewhere_nor_from_elsewhere() -> None:
    """Numba is used in one folder alone, whose files import nothing of the package from outside: it would go unseen."""
    for path in PACKAGE.rglob("*.py"):
        inside = path.parent == PACKAGE / COMPILED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert inside or not name.startswith("numba"), path
                assert not inside or not name.startswith("iat_ros") or name.startswith("iat_ros.robot.compiled"), path
