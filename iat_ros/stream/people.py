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

"""Several people at once: one segmenter for each, made and forgotten as they come and go."""

from __future__ import annotations

from collections import Counter

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.choice import ChoiceConfig, PersonChoice
from iat_ros.stream.cleaning import Cleaner, CleaningConfig
from iat_ros.stream.identity import Identities, IdentityConfig
from iat_ros.stream.pose import make_poses, torso_places
from iat_ros.stream.segment import Segment, SegmenterConfig
from iat_ros.stream.segmenter import ActionSegmenter
from iat_ros.stream.size import TOO_LARGE, too_large


class People:
    """Finds the actions of everybody in view.

    Args:
        definition: The skeleton.
        config: When an action starts and ends.
        forget_s: Somebody not seen for so long is forgotten [s].
        most: No more people than this are followed. Who came first stays until forgotten; the others are left out,
            and each of their frames is counted.
        cleaning: How frames are mended; None: they are used as they come.
        identity: When numbers that change are mended; None: numbers are used as they come.
        choice: Whose actions are answered; None: everybody's.

    Attributes:
        dropped: How many frames or actions were not used, by reason, over everybody so far.
        mended: What was mended, by name, and how often.

    Raises:
        ConfigError: Joints would be bridged for longer than a person may be gone.
    """

    def __init__(
        self,
        definition: SkeletonDefinition,
        config: SegmenterConfig,
        forget_s: float = 2.0,
        most: int = 64,
        cleaning: CleaningConfig | None = None,
        identity: IdentityConfig | None = None,
        choice: ChoiceConfig | None = None,
    ) -> None:
        self._definition = definition
        self._config = config
        self._forget_s = forget_s
        self._most = most
        self._segmenters: dict[int, ActionSegmenter] = {}
        self._coming: list[int] = []
        self.dropped: Counter[str] = Counter()
        self.mended: Counter[str] = Counter()
        self._identities = None if identity is None else Identities(identity, self.mended)
        self._choice = PersonChoice(choice or ChoiceConfig(), self.mended)
        self._cleaner = (
            None
            if cleaning is None
            else Cleaner(definition, cleaning, config, self.mended, self.dropped, most, forget_s)
        )

    def __len__(self) -> int:
        return len(self._segmenters)

    @property
    def chosen(self) -> int | None:
        """Who is chosen of all in view; None: nobody, or everybody."""
        return self._choice.chosen

    def push(
        self, time_s: float, body_ids: np.ndarray, positions: np.ndarray, frame_id: str = ""
    ) -> list[tuple[int, Segment]]:
        """Take everybody's next frame.

        Args:
            time_s: Stamp [s].
            body_ids: Shape (N,).
            positions: Joint positions [m], shape (N, J, 3); a row of NaN is nobody.
            frame_id: Their frame, for the choice of a person.

        Returns:
            The actions that ended, with the person's number, of those who are answered.
        """
        giants = too_large(positions[:, self._definition.needed_joints])
        if giants.any():  # before anything is mended: to what follows they would be people who jump about
            positions = np.where(giants[:, None, None], np.nan, positions)
            self.dropped[TOO_LARGE] += int(giants.sum())
        torsos = torso_places(self._definition, positions)
        if self._identities is not None:
            body_ids = self._identities.push(time_s, body_ids, torsos)
        ended: list[tuple[int, Segment]] = []
        self._coming.clear()
        if self._cleaner is not None:
            cleaned = self._cleaner.push(time_s, body_ids.tolist(), positions)
            for body_id, late_s, late in cleaned.late:
                self._step(late_s, np.array([body_id]), late[None], ended)
            body_ids_now, positions = body_ids[cleaned.ready], cleaned.positions[cleaned.ready]
        else:
            body_ids_now = body_ids
        self._step(time_s, body_ids_now, positions, ended)
        self._choose(time_s, body_ids, torsos, frame_id)
        self._forget(time_s)
        answered = [(body_id, segment) for body_id, segment in ended if self._choice.answers(body_id)]
        if len(answered) < len(ended):
            self.mended["actions_of_others"] += len(ended) - len(answered)
        return answered

    def _step(
        self, time_s: float, body_ids: np.ndarray, positions: np.ndarray, ended: list[tuple[int, Segment]]
    ) -> None:
        """Show everybody's poses to their segmenters."""
        for body_id, pose in make_poses(self._definition, body_ids, positions, self.dropped):
            segmenter = self._segmenters.get(body_id)
            if segmenter is None:
                if len(self._segmenters) >= self._most:
                    self.dropped["too many people"] += 1
                    continue
                segmenter = self._segmenters[body_id] = ActionSegmenter(self._definition, self._config, self.dropped)
            segment = segmenter.push_pose(time_s, pose)
            if segment is not None:
                ended.append((body_id, segment))
            elif segmenter.comes:
                self._coming.append(body_id)

    def _choose(self, time_s: float, body_ids: np.ndarray, torsos: np.ndarray, frame_id: str) -> None:
        if self._choice.everybody:
            return
        followed = {
            body_id: torso
            for body_id, torso in zip(body_ids.tolist(), torsos, strict=True)
            if body_id in self._segmenters and np.isfinite(torso).all()
        }
        chosen = self._segmenters.get(self.chosen) if self.chosen is not None else None
        self._choice.push(time_s, followed, chosen is not None and chosen.acting, frame_id)

    def coming(self) -> list[tuple[int, Segment]]:
        """Return the action of all answered who came to rest with the last frame; it ends so unless they go on."""
        found = [
            (body_id, self._segmenters[body_id].take_coming())
            for body_id in dict.fromkeys(self._coming)
            if self._choice.answers(body_id)
        ]
        return [(body_id, segment) for body_id, segment in found if segment is not None]

    def current(self) -> list[tuple[int, Segment]]:
        """Return what all answered who are in view did last, finished or not."""
        found = [(body_id, one.current()) for body_id, one in self._segmenters.items() if self._choice.answers(body_id)]
        return [(body_id, segment) for body_id, segment in found if segment is not None]

    def under_way(self) -> list[tuple[int, Segment]]:
        """Return the action so far of all answered who are acting now."""
        found = [
            (body_id, one.current())
            for body_id, one in self._segmenters.items()
            if one.acting and self._choice.answers(body_id)
        ]
        return [(body_id, segment) for body_id, segment in found if segment is not None]

    def _forget(self, now: float) -> None:
        for body_id, segmenter in list(self._segmenters.items()):
            last = segmenter.last_time_s
            if last is None or abs(now - last) > self._forget_s:
                if segmenter.acting:
                    self.dropped["person lost while acting"] += 1
                del self._segmenters[body_id]
