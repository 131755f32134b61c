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

"""train and evaluate on people who were recorded together: no labels, any skeleton."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from iat_ros.commands import evaluate, train
from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.model.responder import Responder
from iat_ros.resources import find_config

RECIPE = "width: 16\npool: 64\ngan: {steps: 2, batch: 8}\n"


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """UTD-MHAD's joints with twelve limbs: the legs' upper and lower parts, too."""
    content = yaml.safe_load(find_config("skeletons", "utd_mhad").read_text())
    others = content.pop("other_limbs")
    content["limbs"] |= {name: ends for name, ends in others.items() if "hand" not in name}
    path = tmp_path / "twelve.yaml"
    path.write_text(yaml.safe_dump({**content, "name": "twelve"}, sort_keys=False))
    return path


@pytest.fixture
def pairs(tmp_path: Path, skeleton: Path) -> Path:
    """Ten pairs of people who were recorded together, in one NPZ file."""
    acts = make_clips(5, 2, actions=("knock",))
    answers = make_clips(5, 2, seed=1, actions=("wave",))
    clips = [
        Clip(f"{role}{index}", clip.times_s, clip.positions, person, "")
        for role, part in (("act", acts), ("answer", answers))
        for index, clip in enumerate(part)
        for person in [clip.person if role == "act" else "partner"]
    ]
    path = tmp_path / "pairs.npz"
    write_set(path, clips, str(skeleton), {f"answer{index}": f"act{index}" for index in range(10)})
    return path


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A few steps only."""
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def test_train_learns_real_pairs_of_any_skeleton(
    tmp_path: Path, pairs: Path, recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten real pairs of twelve limbs give a model that answers; labels are neither needed nor missed silently."""
    out = tmp_path / "model"
    words = ["--data", str(pairs), "--config", str(recipe), "--out", str(out), "--json", str(tmp_path / "t.json")]
    assert train.main(words) == 0
    told = capsys.readouterr().out
    assert "pairs.npz: 10 interactions of two people, 20 clips, 6 people, skeleton 'twelve' (12 limbs)" in told
    assert "pairs.npz: 10 pairs to learn from, people s1, s2, s3, s4, s5" in told
    assert told.count("real pairs carry no labels: IAT-test, IAT-train and the augmentation's reliability R") == 1
    card = json.loads((out / "model.json").read_text())
    assert card["data_set"] == {"name": "pairs.npz", "division": "all", "pairs": 10}
    assert list(json.loads((tmp_path / "t.json").read_text())["scores"]) == ["augmentation_effectiveness"]
    assert card["limb_names"][-1] == "right_shin"
    responder = Responder.load(out, "cpu")
    from iat_ros.data.opening import open_source

    stimuli = open_source(str(pairs)).divide(32, None, 0).pairs.stimuli
    answers = responder.answer(stimuli, responder.sample_noise(10, np.random.default_rng(0)))
    assert answers.limbs_in_body.shape == (10, 32, 12, 3)


def test_evaluate_says_that_it_needs_labels(tmp_path: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and no traceback."""
    assert evaluate.main(["--data", str(pairs)]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "pairs.npz: evaluate needs labels" in told


def test_bad_clips_are_named_on_stderr_and_skipped_by_choice(
    tmp_path: Path, pairs: Path, recipe: Path, skeleton: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refuse leaves no model directory behind; skip trains on the others and says what was left out."""
    with np.load(pairs) as archive:
        arrays = dict(archive)
    for index in (3, 4):
        arrays[f"act{index}/times"][5] = 0.0
    np.savez(pairs, **arrays)
    words = ["--data", str(pairs), "--config", str(recipe), "--out", str(tmp_path / "model")]
    assert train.main(words) == 1
    told = capsys.readouterr().err
    assert "clip 'act3': act3: times must be finite and strictly increase" in told
    assert "clip 'act4'" in told
    assert "2 of 20 clips cannot be used; mend or remove them, or --on-bad skip" in told
    assert not (tmp_path / "model").exists()
    assert train.main([*words, "--on-bad", "skip", "--no-scores"]) == 0
    told = capsys.readouterr()
    assert "left out: 2 bad, 2 pairs of which a clip was bad" in told.out
    assert "8 pairs to learn from" in told.out
    assert told.err.count("times must be finite") == 2


def test_a_forced_format_must_fit(tmp_path: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--format takes the user at their word."""
    assert train.main(["--data", str(tmp_path), "--format", "sbu", "--out", str(tmp_path / "model")]) == 1
    assert "no file skeleton_pos.txt here or in the folders below" in capsys.readouterr().err
    assert train.main(["--data", "made_up", "--division", "all", "--out", str(tmp_path / "model")]) == 1
    assert "division 'all' is unknown; choose one of: subject, random" in capsys.readouterr().err
