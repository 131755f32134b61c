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

"""Compiling at the first call, and keeping the result on disk for as long as no file of this folder changes.

Numba's own cache looks at the file of the function that it holds, and not at those whose functions are compiled into
it: a new version of the package could go on running parts of the old one. So results are kept in a folder that is
named after the content of all these files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numba

_OPTIONS: dict[str, Any] = {"fastmath": {"contract", "reassoc", "arcp", "nsz"}, "error_model": "numpy"}
_PREFIX = "numba-"

inlined = numba.njit(inline="always")
"""Compile a function into each of its callers."""


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at the first call and keep the result on disk: in NUMBA_CACHE_DIR, beside this file, or in ~/.cache.

    Where none of these can be written, it is compiled anew in each process.
    """
    folder = cache_folder()
    if folder is None:
        return numba.njit(**_OPTIONS)(function)
    with _kept_in(folder):
        return numba.njit(cache=True, **_OPTIONS)(function)


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Return the folder for what these sources compile to; None if no place can be written.

    Beside this file, what older sources were compiled to is removed.
    """
    name = _PREFIX + _fingerprint()
    beside = Path(__file__).parent / "__pycache__"
    wide = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "iat_ros"
    for place in (numba.config.CACHE_DIR, beside, wide):
        if not place or not _can_write(Path(place) / name):
            continue
        if place == beside:
            for old in beside.glob(_PREFIX + "*"):
                if old.name != name:
                    shutil.rmtree(old, ignore_errors=True)
        return Path(place) / name
    return None


def _fingerprint() -> str:
    """Digest all sources of this folder, whether it lies on disk or in an archive."""
    sources = [each for each in resources.files(__package__).iterdir() if each.name.endswith(".py")]
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda each: each.name):
        text = source.read_bytes()
        digest.update(f"{source.name} {len(text)} ".encode() + text)
    return digest.hexdigest()[:16]


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Let Numba keep what is decorated meanwhile in a folder; it reads the setting when a function is decorated."""
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
