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

"""The viewer's page in use: what its slider looks back at, what its buttons ask, what its panel tells."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from iat_ros.nodes.last_minute import LastMinute, Moment
from iat_ros.nodes.shown_answers import AnswerFigure
from iat_ros.nodes.viewer_display import ViewerDisplay
from iat_ros.nodes.viewer_requests import Requests
from iat_ros.nodes.viewer_status import Status

_STATUS_S = 0.2
_NOTE_S = 15.0  # so long the page tells what came of a button


class PageControl:
    """Shows what is to be seen now, or what was to be seen when the slider says so.

    Args:
        page: A `ViewerPage`.
        figure: Places answers.
        requests: Takes what buttons ask for.
    """

    def __init__(self, page: Any, figure: AnswerFigure, requests: Requests) -> None:
        self._page, self._requests = page, requests
        self._display = ViewerDisplay(page, figure)
        self._history, self._past, self._ago_s = LastMinute(), LastMinute(), 0.0
        self._note: tuple[float, str] = -np.inf, ""  # since when it is told, and what
        self._status_s = -np.inf  # when the status was last told
        self._browsers = 0

    def note(self, text: str, now_s: float) -> None:
        """Tell something for a while."""
        self._note = now_s, text
        self.refresh()

    def refresh(self) -> None:
        """Tell the next status at once."""
        self._status_s = -np.inf

    def show(self, moment: Moment, alternatives: Sequence[np.ndarray], status: Status) -> None:
        """Do what was clicked, and show a moment, the newest, or what is looked back at.

        Args:
            moment: What is to be seen now.
            alternatives: Answers beside it, as joints (K, 3) [m] each; nobody looks back at them.
            status: What to tell of it; what came of buttons is added.
        """
        self._history.push(moment)
        self._take_clicks()
        if self._page.clients > self._browsers:
            self._display.forget()
        self._browsers = self._page.clients
        if not self._browsers:
            return
        past = self._past.before(self._ago_s) if self._ago_s else None
        shown = past or moment
        self._display.show(shown, [] if past else alternatives)
        now_s = moment.time_s
        if not 0.0 <= now_s - self._status_s < _STATUS_S:
            self._status_s = now_s
            noted_s, note = self._note
            note = note if abs(now_s - noted_s) < _NOTE_S else ""
            self._page.panel.show(replace(status, state=shown.state, note=note, ago_s=self._ago_s))

    def _take_clicks(self) -> None:
        panel, now = self._page.panel, time.monotonic()
        for what, value in panel.take_clicks():
            if what == panel.LIVE:
                panel.go_live()
            if what in (panel.LIVE, panel.SLIDER):
                if value and not self._ago_s:
                    self._past = self._history.copy()
                self._ago_s = value
                self.refresh()
            else:
                self._requests.ask(what, now)
        self._requests.give_up(now)
