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

"""reproduce: from raw data to tables, figures and a page, once; a second call finds everything there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from iat_ros.commands import reproduce
from iat_ros.comparison import baselines, figure_runs, runs
from iat_ros.comparison.methods import METHODS
from iat_ros.data import made_up
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.judge import JudgeConfig

GAN = "gan: {steps: 3, batch: 8, noise: 4}\nwidth: 8\npool: 64\n"
OURS = f"method: joint\n{GAN}"
PAPER = f"method: paper\nspread: 1.0\npvae: {{epochs: 2, latent: 16}}\n{GAN}"
SCORES = {"iat_test", "iat_train_positives", "iat_train_balanced", "diversity", "frechet"}


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options for a run on twenty pairs of four made-up people, with short recipes and one seed."""
    monkeypatch.setattr(made_up, "make_clips", partial(made_up.make_clips, people=4, trials=2))
    for name, text in (("ours", OURS), ("paper", PAPER)):
        (tmp_path / f"{name}.yaml").write_text(text)
    recipes = ["--config", str(tmp_path / "ours.yaml"), "--paper-config", str(tmp_path / "paper.yaml")]
    out = ["--out", str(tmp_path / "out")]
    return ["--data", "made_up", "--seeds", "1", "--divisions", "subject", "--jobs", "1", *recipes, *out]


@pytest.fixture
def short_runs(monkeypatch: pytest.MonkeyPatch) -> list[runs.Job]:
    """Jobs are run in this process with a short training of E; those that were run."""
    done: list[runs.Job] = []
    config = JudgeConfig(steps=20, batch=16, width=8)
    monkeypatch.setattr(runs, "IatEvaluation", partial(IatEvaluation, folds=2, config=config))
    monkeypatch.setattr(runs, "_evaluations", {})
    monkeypatch.setattr(baselines, "_CLASSIFIER_STEPS", 10)

    def one_by_one(jobs: Sequence[runs.Job], workers: int) -> Iterator[dict[str, Any]]:
        assert workers == 1
        for job in jobs:
            done.append(job)
            yield runs.run_job(job)

    monkeypatch.setattr(runs, "_side_by_side", one_by_one)
    return done


def test_all_methods_from_data_to_page(
    words: list[str],
    short_runs: list[runs.Job],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tables of every method and score, figures 5 to 7 and a page."""
    monkeypatch.setattr(figure_runs, "DIMENSIONS", (2, 16))
    out = tmp_path / "out"
    assert reproduce.main([*words, "--json", str(tmp_path / "told.json")]) == 0
    told = capsys.readouterr().out
    assert str(out / "index.html") in told
    tables = json.loads((out / "tables.json").read_text())
    assert tables == json.loads((tmp_path / "told.json").read_text())
    assert set(tables) == {"subject", "e_kfold", "seeds"}
    assert tables["seeds"] == [0]
    assert list(tables["e_kfold"]) == ["subject"]
    assert set(tables["subject"]) == set(METHODS)
    for row in tables["subject"].values():
        assert set(row) == SCORES
        for mean, deviation in row.values():
            assert isinstance(mean, float)
            assert deviation is None  # one seed has none
    assert tables["subject"]["nearest"]["diversity"][0] == pytest.approx(0.0, abs=1e-9)
    assert tables["subject"]["shuffled"]["diversity"][0] > 0.5
    page = (out / "index.html").read_text()
    assert "subject" in page.lower()
    assert (out / "figures.npz").exists()
    assert len(list(out.glob("records/*.json"))) == len(METHODS)
    assert sorted(job.method for job in short_runs) == sorted(METHODS)
    monkeypatch.setattr(reproduce, "figure_data", lambda *_: pytest.fail("the figures are there"))
    assert reproduce.main(words) == 0


def test_results_of_other_data_are_not_mixed_with_these(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory of another data set, or a file, is refused in one line before anything is read."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "raw.json").write_text('{"data_set": "UTD-MHAD"}')
    assert reproduce.main(words) == 1
    assert "holds results of UTD-MHAD, not of made_up; give another directory" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["raw.json"]
    (out / "raw.json").unlink()
    out.rmdir()
    out.write_text("a file")
    assert reproduce.main(words) == 1
    assert "is a file; give a directory" in capsys.readouterr().err


def test_a_directory_of_other_things_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is put beside files that have nothing to do with it."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("all there is")
    assert reproduce.main(words) == 1
    assert f"--out {out}: is not empty, and holds no results; choose another directory" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_a_second_call_runs_only_what_is_new(words: list[str], short_runs: list[runs.Job], tmp_path: Path) -> None:
    """The same call again runs nothing and gives the same; with another recipe of 'ours', only 'ours' is run."""
    out = tmp_path / "out"
    words += ["--methods", "ours", "nearest", "shuffled", "--no-figures"]
    assert reproduce.main(words) == 0
    assert sorted(job.method for job in short_runs) == ["nearest", "ours", "shuffled"]
    tables = (out / "tables.json").read_bytes()
    records = {path: path.read_bytes() for path in out.glob("records/*.json")}
    short_runs.clear()
    assert reproduce.main(words) == 0
    assert short_runs == []
    assert (out / "tables.json").read_bytes() == tables
    assert {path: path.read_bytes() for path in out.glob("records/*.json")} == records
    (tmp_path / "ours.yaml").write_text(OURS.replace("steps: 3", "steps: 4"))
    assert reproduce.main(words) == 0
    assert [job.method for job in short_runs] == ["ours"]
    assert set(json.loads((out / "tables.json").read_text())["subject"]) == {"ours", "nearest", "shuffled"}
    assert not (out / "figures.npz").exists()


def test_ray_that_is_not_installed_is_told_in_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, and what to do about it."""
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    assert reproduce.main([*words, "--ray", "auto", "--no-figures"]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("iat_ros")]
    assert told == ["iat_ros reproduce: --ray needs Ray: pip install ray, here and on every machine of the cluster"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--paper-config": "default"}, "--paper-config default: expected a recipe with 'method: paper'"),
        ({"--config": "frames16"}, "--config and --paper-config must have the same number of frames"),
        ({"--data": "pairs"}, "real pairs carry no labels, and the comparison needs them"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    message: str,
) -> None:
    """Recipes that do not fit and data without labels give one line, and leave no directory."""
    from iat_ros.data.generic_writer import write_set

    for option, value in changes.items():
        if value == "frames16":
            (tmp_path / "short.yaml").write_text("frames: 16\n")
            value = str(tmp_path / "short.yaml")
        if value == "pairs":
            acts, answers = made_up.make_clips(actions=("knock",)), made_up.make_clips(actions=("wave",))
            value = str(tmp_path / "pairs.npz")
            together = {answer.name: act.name for act, answer in zip(acts, answers, strict=True)}
            write_set(Path(value), [*acts, *answers], "utd_mhad", together)
        words[words.index(option) + 1] = value
    assert reproduce.main(words) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unknown_method_is_refused_with_those_that_there_are(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As an unusable option."""
    with pytest.raises(SystemExit) as caught:
        reproduce.main([*words, "--methods", "magic"])
    assert caught.value.code == 2
    assert "'magic'" in (told := capsys.readouterr().err)
    assert all(name in told for name in METHODS)
