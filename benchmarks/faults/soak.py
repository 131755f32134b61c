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

"""Soak: hours of people who act and a robot that answers them, in compressed time, in one loop without ROS.

A made-up person acts at 30 Hz in front of what the nodes are made of: People, make_window, the responder with the model
that ships, a performer with its collision checker, and a simulated robot whose controller works at 125 Hz. The clock
steps; everything else is as live. While the robot rests, its controller works once a frame.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.faults.memory import rss_mb
from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError, describe
from iat_ros.model.responder import Responder
from iat_ros.resources import find_config, find_model
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import BEHIND_S, Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.simulated import SimulatedRobot
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.stream.people import People
from iat_ros.stream.segment import LIVE
from iat_ros.stream.window import make_window

FRAME_NS = 33_333_333
STEP_NS = 8_000_000
SENDING_NS = 2_000_000
"""How long a message takes to the controller [ns]."""
MOST_GROWTH_MB = 50.0


class Soak:
    """The chain in one loop.

    Attributes:
        counts: What happened, by name.
        robot: The simulated robot; its watch counts violations.
        now_ns: The time [ns].
    """

    def __init__(self, model_name: str = "utd_mhad", robot_name: str = "g1") -> None:
        torch.set_num_threads(1)
        self.counts: Counter[str] = Counter()
        self._definition = load_skeleton("utd_mhad")
        self._responder = Responder.load(find_model(model_name), "cpu")
        self._rng = np.random.default_rng(0)
        self._people = People(self._definition, LIVE)
        model = RobotModel.load(find_config("robots", robot_name))
        self.robot = SimulatedRobot(model)
        self._performer = Performer(model, self._definition.limb_names, CollisionChecker(model), Timing())
        self.now_ns = self._updated_ns = 10**9
        self._waiting: tuple[Motion, float] | None = None
        self._rested = 0  # updates in which the robot stood still

    def run(self, seconds: float, answers: int = 0, progress: Any = None) -> None:
        """Let the person act for so much stream time [s], and on until there are so many answers."""
        begun_ns, told_s = self.now_ns, 0.0
        for pose in self._poses():
            passed_s = 1e-9 * (self.now_ns - begun_ns)
            if passed_s >= seconds and self.counts["answers"] >= answers:
                break
            if progress is not None and passed_s - told_s >= 60.0:
                progress.update(60)
                told_s += 60.0
            self.now_ns += FRAME_NS
            self._let_pass(self.now_ns)
            for _, segment in self._people.push(1e-9 * self.now_ns, np.array([1]), pose[None]):
                self.counts["windows"] += 1
                self._try_to_answer(make_window(self._definition, segment.times_s, segment.positions, 32))
            if self._waiting is not None and 1e-9 * self.now_ns >= self._waiting[1]:
                motion, self._waiting = self._waiting[0], None
                self._perform(motion)

    def _poses(self) -> Any:
        """Poses (J, 3) [m] of a person who acts without end, each time a little differently; counts the actions."""
        for seed in itertools.count():
            for clip in make_clips(people=1, trials=4, seed=seed % 50):
                still = with_stillness(clip, 0.3, 0.3)
                yield from still.positions
                self.counts["actions"] += 1

    def _try_to_answer(self, stimulus: Motion) -> None:
        try:
            self._answer(stimulus)
        except Exception as error:  # noqa: BLE001 - nobody foresaw it: that is what is counted
            self.counts["crashes"] += 1
            tqdm.write(f"soak: {describe(error)}")

    def _answer(self, stimulus: Motion) -> None:
        noise = self._responder.sample_noise(1, self._rng)
        given = MotionArray(stimulus.limbs_in_body[None], np.array([stimulus.duration_s]))
        answers = self._responder.answer(given, noise)
        motion = Motion(answers.limbs_in_body[0], float(answers.durations_s[0]))
        self.counts["not finite"] += not np.isfinite(motion.limbs_in_body).all()
        self.counts["answers"] += 1
        self._perform(motion)

    def _perform(self, motion: Motion) -> None:
        performer, now_s = self._performer, 1e-9 * self.now_ns
        self.counts["blended into a running answer"] += performer.timeline.moving(now_s)
        state = self.robot.joints.measure()
        measured = State(state.positions, np.array(state.velocities), np.zeros(len(state.positions)))
        try:
            outcome = performer.answer(motion, now_s, measured)
        except RobotError as error:
            self.counts[f"refused: {str(error).split(':')[0]}"] += 1
            self._go_home(measured)
            return
        begun = performer.perform(outcome.performance, now_s)
        if begun is None:
            self.counts["too late"] += 1
            return
        self._send(begun)
        self.counts["bent"] += outcome.bent
        if outcome.complete:
            self.counts["performed"] += 1
        else:
            self.counts["waited for a stop"] += 1
            self._waiting = motion, performer.timeline.ends_s

    def _go_home(self, measured: State) -> None:
        """Go back to the rest pose from where an answer stopped, as the trajectory node does."""
        now_s = 1e-9 * self.now_ns
        try:
            home = self._performer.go_home(now_s, measured)
        except RobotError as error:
            self.counts[f"refused: {str(error).split(':')[0]}"] += 1
            return
        begun = home and self._performer.perform(home, now_s)
        if begun:
            self._send(begun)

    def _send(self, begun: Performance) -> None:
        """Send a performance as the trajectory node does."""
        points = begun.points(1e-9 * self.now_ns)
        self.counts["wrong trajectories"] += not (
            points.times_s[1] > -BEHIND_S
            and (np.diff(points.times_s) > 0).all()
            and np.isfinite(points.positions).all()
        )
        self.robot.perform(begun, 1e-9 * self.now_ns, self.now_ns + SENDING_NS)

    def _let_pass(self, until_ns: int) -> None:
        """Let the controller work until a time [ns]."""
        while self._updated_ns + STEP_NS <= until_ns:
            step_ns = STEP_NS
            if not (self.robot.waiting or self._performer.timeline.moving(1e-9 * self._updated_ns - 0.1)):
                step_ns = (until_ns - self._updated_ns) // STEP_NS * STEP_NS
            self._updated_ns += step_ns
            self.robot.update(self._updated_ns, step_ns)
            self.counts["updates"] += 1


def run_soak(hours: float, answers: int) -> dict[str, Any]:
    """Let the loop run for so many hours of stream time, and on until it has given so many answers.

    Returns:
        soak_hours, answers, rss_mb (after warm-up, after everything), rss_growth_mb, counts, violations, crashes,
        wrong_outputs, limit_violations, failures.

    Raises:
        IatError: The model or the robot cannot be loaded.
    """
    soak = Soak()
    soak.run(min(600.0, 360.0 * hours))  # to warm up: caches, compiled code, buffers
    soak.counts.clear()
    before_mb, begun_ns, begun = rss_mb(), soak.now_ns, time.monotonic()
    with tqdm(total=round(3600 * hours), desc="soak", unit="s", disable=None) as progress:
        soak.run(3600.0 * hours, answers, progress)
    after_mb = rss_mb()
    counts, watch = soak.counts, soak.robot.watch
    failures = []
    if after_mb - before_mb > MOST_GROWTH_MB:
        failures.append(f"memory grew by {after_mb - before_mb:.0f} MB, expected at most {MOST_GROWTH_MB:g}")
    if counts["performed"] < 0.9 * counts["answers"]:
        failures.append(f"only {counts['performed']} of {counts['answers']} answers were performed")
    return {
        "soak_hours": round(1e-9 * (soak.now_ns - begun_ns) / 3600, 2),
        "answers": counts["answers"],
        "rss_growth_mb": round(after_mb - before_mb, 1),
        "rss_mb": {"after_warm_up": round(before_mb, 1), "after": round(after_mb, 1)},
        "took_s": round(time.monotonic() - begun),
        "counts": dict(sorted(counts.items())),
        "people_dropped": dict(soak._people.dropped),
        "violations": dict(watch.violations),
        "largest_violations": watch.largest,
        "crashes": counts["crashes"],
        "wrong_outputs": counts["not finite"] + counts["wrong trajectories"],
        "limit_violations": sum(watch.violations.values()),
        "failures": failures,
    }
