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

"""No file from a stranger can run code, whether it is YAML, a model or an archive of arrays."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from iat_ros.data.opening import open_source
from iat_ros.errors import IatError
from iat_ros.model.responder import Responder
from iat_ros.report.figure_data import ARRAYS, NAMES, read_figure_data
from iat_ros.robot.description import load_robot_config
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.training.config import load_training_config

CODE = "!!python/object/apply:os.system ['mkdir {}']"
READERS: dict[str, Callable[[str], Any]] = {
    "robot": lambda path: load_robot_config(Path(path)),
    "skeleton": load_skeleton,
    "training": load_training_config,
    "dataset": lambda path: open_source(str(Path(path).parent)),
}


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        """Tell pickle what to call."""
        return os.mkdir, (str(self._folder),)


def test_the_payloads_work(tmp_path: Path) -> None:
    """Read carelessly, they run: what the other tests refuse is real."""
    yaml.unsafe_load(CODE.format(tmp_path / "yaml"))
    pickle.loads(pickle.dumps(Payload(tmp_path / "pickle")))  # noqa: S301 - on purpose
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pickle", "yaml"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("place", ["{}", "name: {}", "- {}"])
def test_yaml_runs_no_code(tmp_path: Path, reader: str, place: str) -> None:
    """A tag that calls a function is refused wherever it stands, in one line, and the function isn't called."""
    touched, path = tmp_path / "touched", tmp_path / "dataset.yaml"
    path.write_text(place.format(CODE.format(touched)) + "\n")
    with pytest.raises(IatError, match="is not plain YAML") as caught:
        READERS[reader](str(path))
    assert "\n" not in str(caught.value)
    assert not touched.exists()


@pytest.mark.parametrize("write", [pickle.dump, torch.save], ids=["pickle", "torch"])
@pytest.mark.parametrize("name", ["model.safetensors", "model.json"])
def test_a_model_runs_no_code(tmp_path: Path, attending_model: Path, write: Callable[..., None], name: str) -> None:
    """A pickle under the name of a model's file is refused, and nothing in it is called."""
    touched, model = tmp_path / "touched", tmp_path / "model"
    shutil.copytree(attending_model, model)
    with (model / name).open("wb") as file:
        write(Payload(touched), file)
    with pytest.raises(IatError, match=name.replace(".", r"\.")):
        Responder.load(model, "cpu")
    assert not touched.exists()


def test_arrays_run_no_code(tmp_path: Path) -> None:
    """Objects in NumPy archives are not unpickled: neither in a data set nor in what figures are drawn from."""
    touched = tmp_path / "touched"
    objects = np.array([Payload(touched)], dtype=object)
    np.savez(tmp_path / "data.npz", dataset=objects)
    with pytest.raises(IatError, match="not a readable array"):
        open_source(str(tmp_path / "data.npz"))
    np.savez(tmp_path / ARRAYS, embedding_pe_stimuli=objects)
    (tmp_path / NAMES).write_text("{}")
    with pytest.raises(IatError, match="damaged or unreadable"):
        read_figure_data(tmp_path)
    assert not touched.exists()
