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

"""A training that is cut short."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

from iat_ros.commands import train
from iat_ros.data import made_up


@pytest.mark.parametrize(
    ("phase", "says"),
    [("embedding", "interrupted"), ("act2act", "interrupted; the same command with --resume goes on")],
)
def test_ctrl_c_says_whether_the_training_can_go_on(
    phase: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can once there is a checkpoint; then it does."""

    class Interrupted(tqdm):
        def __init__(self, *, desc: str, total: int, **others: Any) -> None:
            if desc == phase:
                raise KeyboardInterrupt
            super().__init__(desc=desc, total=total, **others)

    monkeypatch.setattr(made_up, "make_clips", partial(made_up.make_clips, people=4, trials=2))
    (tmp_path / "short.yaml").write_text("method: joint\ngan: {steps: 3, batch: 8, noise: 4}\nwidth: 8\npool: 64\n")
    words = ["--data", "made_up", "--config", str(tmp_path / "short.yaml"), "--out", str(tmp_path / "model")]
    words.append("--no-scores")
    with monkeypatch.context() as context:
        context.setattr(train, "tqdm", Interrupted)
        assert train.main(words) == 130
    assert capsys.readouterr().err.splitlines()[-1] == f"iat_ros train: {says}"
    assert train.main([*words, *["--resume"] * ("--resume" in says)]) == 0
