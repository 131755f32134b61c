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

"""Answers in joint space beside answers in limbs, on the same robot and the same data.

    python benchmarks/joint_space.py --data DIR [--robot g1] [--seeds 1] [--uncut] [--json FILE]

UTD-MHAD's responses are performed by the robot as the chain performs them, retargeted and inside its limits; the joints
of that, 100 times a second, stand for what somebody recorded who steered the robot. From them and the same stimuli one
model learns to answer in joints, another learns from the people's own limbs, as ever. On set B both answer, the robot
performs both, and E, trained on set B as the robot performed it, judges where the robot's limbs pointed.

With --uncut a third model learns from bags: the pairs of set A as long sessions in which one person is in view and the
steered robot answers, with pauses and unanswered actions between, and a robot that is never quite still.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.uncut import Truth, cut_pairs, judge, make_sessions, takes_of
from iat_ros.commands import train
from iat_ros.data.actions import Action, cut_action, with_stillness
from iat_ros.data.bag import write_bag
from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.joint_clip import JointClip, find_movements
from iat_ros.data.made_up_session import Take
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Division, divide
from iat_ros.data.recording import JointFrame, StreamFrame
from iat_ros.data.source import Source
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.errors import RobotError
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.model.responder import Responder
from iat_ros.resources import find_config
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.joint_answer import Answer
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.skeleton.resampling import resample

FRAMES = 32
RATE_HZ = 100.0
STILL_S = 0.5
SWAY_RAD, NOISE_RAD = 0.02, 0.0005
"""How far a steered robot sways, and how noisy its sensors are, as standard deviations [rad]."""

Truths = dict[str, Truth]
ROUNDS = 5


class Stage:
    """A robot that performs answers from rest, and what it then did.

    Attributes:
        model: The robot.
        refused: Answers that it could not perform.
        stretches: How many times slower than asked each performed answer was.
    """

    def __init__(self, robot: str, limb_names: Sequence[str]) -> None:
        self.model = RobotModel.load(find_config("robots", robot))
        self._limb_names = tuple(limb_names)
        self._checker = CollisionChecker(self.model)
        self.refused = 0
        self.stretches: list[float] = []

    def record(self, name: str, answer: Answer, person: str = "", action: str = "") -> JointClip:
        """Perform an answer, and record the joints from before it to after it."""
        performer = Performer(self.model, self._limb_names, self._checker, Timing())
        plan = performer.answer(answer, 0.0, None).performance.plan
        self.stretches.append(plan.stretch)
        times_s = np.arange(-STILL_S, plan.duration_s + STILL_S, 1.0 / RATE_HZ)
        positions = plan.sample(np.clip(times_s, 0.0, plan.duration_s))[0]
        return JointClip(name, times_s + STILL_S, positions, self.model.joint_names, person, action)

    def seen(self, clip: JointClip) -> Motion:
        """Return where the robot's limbs pointed while it moved, in T frames."""
        spans = find_movements(clip)
        span = slice(spans[0].start, spans[-1].stop)
        times_s = clip.times_s[span]
        directions = self.model.limb_directions(resample(times_s, clip.positions[span], FRAMES))
        return Motion(directions, float(times_s[-1] - times_s[0]))

    def seen_answers(self, answers: Sequence[Answer]) -> MotionArray:
        """Perform answers one by one, and return where the limbs pointed; what is refused stands still."""
        motions = []
        for answer in tqdm(answers, desc="performing", delay=2.0, disable=None):
            try:
                motions.append(self.seen(self.record("answer", answer)))
            except (RobotError, IndexError):
                self.refused += 1
                motions.append(Motion(np.repeat(self.model.limb_directions(self.model.rest), FRAMES, axis=0), 1.0))
        return MotionArray(
            np.stack([motion.limbs_in_body for motion in motions]), np.array([motion.duration_s for motion in motions])
        )


def steer(source: Source, stage: Stage) -> list[JointClip]:
    """Let the robot perform every response of a data set, as if somebody had steered it through them."""
    responses = {rule.response for rule in source.rules}
    clips = [clip for clip in source.clips if clip.action in responses]
    return [
        stage.record(clip.name, cut_action(source.definition, clip, FRAMES).motion, clip.person, clip.action)
        for clip in tqdm(clips, desc="steering", delay=2.0, disable=None)
    ]


def learn(data: Path | str, out: Path, seed: int, *more: str) -> Responder:
    """Run the verb `train`."""
    words = ["--data", str(data), "--out", str(out), "--seed", str(seed), "--device", "cpu", "--no-scores"]
    if train.main([*words, *more]) != 0:
        raise SystemExit("no model, no figures")
    return Responder.load(out, "cpu")


def performing(responder: Responder, stage: Stage, seed: int) -> Callable[[MotionArray], MotionArray]:
    """Make what answers stimuli with where the robot's limbs pointed while it performed the model's answers."""
    rng = np.random.default_rng(seed)

    def answer(stimuli: MotionArray) -> MotionArray:
        answers = responder.answer(stimuli, responder.sample_noise(len(stimuli), rng))
        if responder.card.joints is not None:
            return stage.seen_answers(responder.to_joints(answers))
        rows = zip(answers.limbs_in_body, answers.durations_s, strict=True)
        return stage.seen_answers([Motion(limbs, float(duration_s)) for limbs, duration_s in rows])

    return answer


def as_performed(source: Source, steered: Sequence[JointClip], stage: Stage, seed: int) -> Division:
    """Divide a data set whose responses are where the steered robot's limbs pointed."""
    actions = [cut_action(source.definition, clip, FRAMES) for clip in source.clips]
    seen = {clip.name: stage.seen(clip) for clip in steered}
    replaced: list[Action] = [
        replace(action, motion=seen[action.name]) if action.name in seen else action for action in actions
    ]
    return divide(replaced, source.rules, "subject", seed)


def write_sessions(source: Source, division: Division, steered: Sequence[JointClip], folder: Path, seed: int) -> Truths:
    """Write the pairs of set A as bags of a person and a robot; returns what was done in each."""
    robot = {clip.name: clip for clip in steered}
    takes = takes_of(source)
    for name, clip in robot.items():
        if name not in takes:
            continue
        span = find_movements(clip)
        lasts_s = float(clip.times_s[span[-1].stop - 1] - clip.times_s[span[0].start])
        longer = with_stillness(takes[name].clip, 0.0, lasts_s)
        takes[name] = Take(longer, takes[name].start_s, takes[name].start_s + lasts_s)
    truths = {}
    for name, (frames, truth) in make_sessions(takes, cut_pairs(source, division), [], seed, 0.0).items():
        rng = np.random.default_rng([seed, len(truths)])
        times_s = np.arange(0.0, frames[-1].time_s, 1.0 / RATE_HZ)
        rest = steered[0].positions[0]
        white = rng.standard_normal((len(times_s), len(rest)))
        positions = rest + SWAY_RAD * unit_noise(gaussian_filter1d(white, 0.7 * RATE_HZ, axis=0))
        for done in (each for each in truth.done if each.body == 2):
            clip = robot[done.take.clip.name]
            begin_s = done.start_s - clip.times_s[find_movements(clip)[0].start]
            first = round(begin_s * RATE_HZ)
            inside = np.arange(max(0, first), min(len(times_s), first + len(clip.times_s)))
            positions[inside] += clip.positions[inside - first] - rest
        positions += NOISE_RAD * rng.standard_normal(positions.shape)
        rows = zip(times_s.tolist(), positions, strict=True)
        write_bag(folder / name, _first_alone(frames), joints=(JointFrame(t, steered[0].joints, q) for t, q in rows))
        robots = [replace(one, body="robot") if one.body == 2 else one for one in truth.done]  # type: ignore[arg-type]
        truths[name] = Truth(robots)
    return truths


def _first_alone(frames: Sequence[StreamFrame]) -> list[StreamFrame]:
    return [
        StreamFrame(one.time_s, one.frame_id, one.body_ids[one.body_ids == 1], one.positions[one.body_ids == 1])
        for one in frames
    ]


def unit_noise(noise: np.ndarray) -> np.ndarray:
    """Scale noise (F, n) to a standard deviation of 1 in each column."""
    return np.asarray(noise / noise.std(axis=0))


def found_in(bags: Path, truths: Truths) -> dict[str, float]:
    """Find the pairs of bags, and compare them with what was done."""
    source = open_source(str(bags))
    given = source.account, source.stimulus_bodies, source.joint_scale
    found, made = find_pairs(source.definition, source.recordings, FRAMES, *given)
    return judge(truths, found, made)


def measure(data: str, robot: str, seed: int, folder: Path, uncut: bool) -> dict[str, Any]:
    """Train both models, and judge both."""
    source = open_source(data)
    stage = Stage(robot, source.definition.limb_names)
    steered = steer(source, stage)
    responses = {rule.response for rule in source.rules}
    people: list[Clip | JointClip] = [clip for clip in source.clips if clip.action not in responses]
    taught = folder / f"steered_{seed}.npz"
    write_set(taught, [*people, *steered], "utd_mhad", rules=source.rules)
    division = as_performed(source, steered, stage, seed)
    evaluation = IatEvaluation(division, 4, seed)
    figures: dict[str, Any] = {}
    sources: list[tuple[str, Path | str]] = [("joints", taught), ("limbs", data)]
    if uncut:
        sessions = folder / f"bags_{seed}"
        truths = write_sessions(source, source.divide(FRAMES, "subject", seed), steered, sessions, seed)
        figures["found in bags"] = found_in(sessions, truths)
        print(f"seed {seed}, found in bags: {json.dumps(figures['found in bags'])}", flush=True)
        sources.append(("joints, uncut", sessions))
    for name, learned_from in sources:
        out = folder / f"{name.replace(', ', '_')}_{seed}"
        bags = name == "joints, uncut"  # which hold nobody of B, and do not tell their skeleton
        more = ("--division", "all", "--skeleton", "utd_mhad") if bags else ("--division", "subject")
        responder = learn(learned_from, out, seed, *more)
        stage.refused, stage.stretches = 0, []
        scores = evaluation.score(performing(responder, stage, seed), ROUNDS).as_dict()
        performed = {"answers": len(stage.stretches), "refused": stage.refused}
        slowed = {"mean stretch": float(np.mean(stage.stretches)), "most stretch": max(stage.stretches)}
        figures[name] = {**scores, **performed, **slowed}
        print(f"seed {seed}, {name}: {json.dumps(figures[name])}", flush=True)
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="UTD-MHAD's directory, or made_up")
    parser.add_argument("--robot", default="g1")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--uncut", action="store_true", help="learn from bags that nobody cut, too")
    parser.add_argument("--keep", type=Path, help="directory for the steered data set and the models")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        figures = {str(seed): measure(args.data, args.robot, seed, folder, args.uncut) for seed in range(args.seeds)}
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
