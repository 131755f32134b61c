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

"""Which format a data set has, told from what lies in it."""

from __future__ import annotations

import re
from pathlib import Path

from iat_ros.data.description import DATASET
from iat_ros.errors import ConfigError, DataError

_SIGNS = {
    "generic": (DATASET, re.compile(re.escape(DATASET))),
    "utd_mhad": ("a1_s1_t1_skeleton.mat", re.compile(r"(Skeleton/)?a\d+_s\d+_t\d+_skeleton\.mat")),
    "ntu": ("S001C001P001R001A050.skeleton", re.compile(r"(.*/)?[^/]+\.skeleton")),
    "sbu": ("s01s02/01/001/skeleton_pos.txt", re.compile(r"(.*/)?skeleton_pos\.txt")),
    "nuisi": ("Waving_p1.txt, Waving_p2.txt", re.compile(r"(data/)?[^/]+_p[12]\.txt")),
    "air_act2act": ("C001P001A005S003.joint", re.compile(r"(.*/)?[^/]+\.joint")),
    "bag": ("metadata.yaml beside a .mcap or .db3 file", re.compile(r"(.*/)?[^/]+\.(mcap|db3)(\.zstd)?")),
}
FORMATS = tuple(_SIGNS)


def check_format(name: str) -> None:
    """Refuse a name that is no format's.

    Raises:
        ConfigError: Lists the formats.
    """
    if name not in FORMATS:
        raise ConfigError(f"data format '{name}' is unknown; choose one of: {', '.join(FORMATS)}")


def detect_format(path: Path) -> str:
    """Tell the format of a data set.

    A directory with ``dataset.yaml`` is in the generic form, whatever else lies in it.

    Args:
        path: A directory, an NPZ file, or a bag's .mcap or .db3 file.

    Returns:
        One of `FORMATS`.

    Raises:
        DataError: There is no such path, or it shows signs of no format, or of several.
    """
    if path.is_file():
        if path.suffix == ".npz":
            return "generic"
        if path.suffix in (".mcap", ".db3"):
            return "bag"
        raise DataError(f"{path}: expected a directory, a data set as one .npz file, or a bag's .mcap or .db3 file")
    if not path.is_dir():
        raise DataError(f"{path}: no such directory, and no .npz file")
    if (path / DATASET).is_file():
        return "generic"
    found = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    seen = [name for name, (_, sign) in _SIGNS.items() if any(sign.fullmatch(file) for file in found)]
    if not seen:
        known = "; ".join(f"{name}: {example}" for name, (example, _) in _SIGNS.items())
        raise DataError(f"{path}: no data set of a known format here; expected files such as {known}")
    if len(seen) > 1:
        raise DataError(f"{path}: holds files of several formats ({', '.join(seen)}); say which with --format")
    return seen[0]
