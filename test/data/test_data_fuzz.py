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

"""Files with random damage: every reader reads them whole or refuses them with one line, and never stumbles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.opening import open_source
from iat_ros.errors import IatError

Made = Callable[..., Any]
FRAMES = 3


def text(rows: list[list[object]], separator: str) -> bytes:
    """Rows of values as lines."""
    return ("\n".join(separator.join(str(value) for value in row) for row in rows) + "\n").encode()


def ntu(made: Any) -> dict[str, bytes]:
    """A small NTU RGB+D."""
    rows: list[list[object]] = [[FRAMES]]
    for poses in zip(made.first[:FRAMES], made.second[:FRAMES], strict=True):
        rows.append([2])
        for number, pose in enumerate(poses):
            rows += [[number, 0, 0, 0, 0, 0, 0, 0.1, 0.1, 2], [25]]
            rows += [[*np.nan_to_num(joint).tolist(), 1, 1, 1, 1, 0, 0, 0, 1, 2] for joint in pose]
    return {"S001C001P001R001A050.skeleton": text(rows, " ")}


def sbu(made: Any) -> dict[str, bytes]:
    """A small SBU."""
    people = np.stack([made.first[:FRAMES, :15], made.second[:FRAMES, :15]], axis=1)
    rows = [[index, *np.nan_to_num(frame).ravel().tolist()] for index, frame in enumerate(people)]
    return {"s01s02/01/001/skeleton_pos.txt": text(rows, ",")}


def nuisi(made: Any) -> dict[str, bytes]:
    """A small NuiSI."""
    files = {}
    for person, positions in (("1", made.first), ("2", made.second)):
        rows: list[list[object]] = [[0, 1000, 0]]
        for index, pose in enumerate(positions[:FRAMES], start=1):
            joints = [[kind, 0.75, 0, 0, 0, *joint] for kind, joint in enumerate(np.nan_to_num(pose).tolist())]
            rows.append([index, 1000 + 33 * index, 25, *(value for joint in joints for value in joint)])
        files[f"Waving_p{person}.txt"] = text(rows, ",")
    return files


def air_act2act(made: Any) -> dict[str, bytes]:
    """A small AIR-Act2Act."""
    frames = [
        [{"joints": [dict(zip("xyz", joint, strict=True)) for joint in np.nan_to_num(pose).tolist()]} for pose in poses]
        for poses in zip(made.second[:FRAMES], made.first[:FRAMES], strict=True)
    ]
    return {"C003P001A005S001.joint": json.dumps(frames, indent=1).encode()}


def generic(made: Any, folder: Path, kind: str) -> dict[str, bytes]:
    """A small set of the package's own form."""
    clips = [
        Clip(name, made.times_s[:FRAMES], positions[:FRAMES], name, "")
        for name, positions in (("a", made.first), ("b", made.second))
    ]
    write_set(folder / kind, clips, "kinect_v2", {"b": "a"}, kind=kind)
    return {path.name: path.read_bytes() for path in (folder / kind).iterdir()}


@pytest.mark.parametrize("kind", ["ntu", "sbu", "nuisi", "air_act2act", "npz", "csv"])
def test_damage_never_gets_through(tmp_path: Path, together: Made, kind: str) -> None:
    """Bytes changed, lost, doubled or cut off anywhere: an `IatError` of one line, or a data set that is whole."""
    made = together("kinect_v2")
    makers = {"ntu": ntu, "sbu": sbu, "nuisi": nuisi, "air_act2act": air_act2act}
    files = makers[kind](made) if kind in makers else generic(made, tmp_path, kind)
    rng = np.random.default_rng(0)
    for turn in range(150):
        folder = tmp_path / "set"
        victim = sorted(files)[int(rng.integers(len(files)))]
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(_damaged(content, rng, turn % 5) if name == victim else content)
        with pytest.raises(IatError) as caught:  # read or not: three frames hold no action to learn from
            open_source(str(folder), kind=kind if kind in makers else "generic").divide(32, None, 0)
        assert "\n" not in str(caught.value)


def _damaged(content: bytes, rng: np.random.Generator, how: int) -> bytes:
    at, length = int(rng.integers(len(content))), int(rng.integers(1, 40))
    noise = bytes(rng.integers(0, 256, length, dtype=np.uint8))
    printable = bytes(rng.choice(np.frombuffer(b'0123456789.,-eEnaif \n"{}[]:#', np.uint8), length))
    return {
        0: content[:at],
        1: content[:at] + content[at + length :],
        2: content[:at] + noise + content[at + length :],
        3: content[:at] + printable + content[at + length :],
        4: content[: at + length] + content[at:],
    }[how]
