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

"""Draws moments on the viewer's page, and sends browsers only what changed since the last one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iat_ros.nodes.last_minute import Moment
from iat_ros.nodes.shown_answers import AnswerFigure

_NOTHING: Any = object()


class ViewerDisplay:
    """Remembers what the page shows."""

    def __init__(self, page: Any, figure: AnswerFigure) -> None:
        """Draw nothing yet.

        Args:
            page: A `ViewerPage`.
            figure: Places answers.
        """
        self._page, self._figure = page, figure
        self.forget()

    def forget(self) -> None:
        """Draw everything the next time, as for a browser that has just come."""
        self._person = self._answer = self._pose = _NOTHING
        self._alternatives = -1

    def show(self, moment: Moment, alternatives: Sequence[np.ndarray]) -> None:
        """Draw a moment, and alternatives as joints (K, 3) [m] each."""
        page, answer = self._page, moment.answer
        if moment.person is not self._person:
            self._person = moment.person
            page.show_person(moment.person)
        playing = answer is not None and answer.plays(moment.time_s)
        at_s = moment.time_s if playing else answer is not None and moment.time_s > answer.since_s
        if (answer, at_s) != self._answer:
            self._answer = answer, at_s
            page.show_answer(self._figure.place_answer(answer, moment.time_s, moment.limb_lengths_m), playing)
        if moment.pose is not self._pose:
            self._pose = moment.pose
            page.show_robot(moment.pose)
        if alternatives or self._alternatives:
            self._alternatives = len(alternatives)
            page.show_alternatives(alternatives)
