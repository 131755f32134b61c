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

"""The panel on the viewer's page: what is going on, buttons, a slider over the last minute, times."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue

import viser

from iat_ros.nodes.answer_stages import Stage
from iat_ros.nodes.arrangement import ANSWER_RGB, PERSON_RGB
from iat_ros.nodes.last_minute import MINUTE_S
from iat_ros.nodes.viewer_status import NOT_PERFORMED, Status

_GREY, _RED, _AMBER, _GREEN = (120, 120, 120), (190, 30, 30), (176, 112, 0), (20, 120, 60)
_STATE_RGB = {"waiting": _GREY, "person acting": PERSON_RGB, "answering": ANSWER_RGB, NOT_PERFORMED: _AMBER}
_KEY = "opacity:.65;padding:1px 12px 1px 0"
_NUMBER = "text-align:right;padding:1px 0 1px 10px;font-variant-numeric:tabular-nums"
_TOP_PX = 74  # the headline, and three lines about the robot
_BUTTONS = {"halt": _RED, "resume": _GREEN, **dict.fromkeys(("answer again", "other noise", "three answers"))}


class ViewerPanel:
    """The panel; what browsers click waits until it is taken."""

    LIVE, SLIDER = "live", "seconds ago"

    def __init__(self, gui: viser.GuiApi, names: Mapping[str, str], controls: bool) -> None:
        """Add everything to the page.

        Args:
            gui: Where to add it.
            names: What does not change: the robot's name, and the model's if it has one.
            controls: Whether there are buttons that ask something of nodes.
        """
        self._names = names
        self._clicks: SimpleQueue[tuple[str, float]] = SimpleQueue()
        self._top = gui.add_html("")
        self._buttons: dict[str, viser.GuiButtonHandle] = {}
        for name, colour in _BUTTONS.items() if controls else ():
            button = gui.add_button(name, color=colour)
            button.on_click(lambda _, name=name: self._clicks.put((name, 0.0)))
            self._buttons[name] = button
        self._slider = gui.add_slider(self.SLIDER, 0.0, MINUTE_S, 0.1, 0.0)
        self._slider.on_update(lambda _: self._clicks.put((self.SLIDER, float(self._slider.value))))
        self._live = gui.add_button(self.LIVE, disabled=True)
        self._live.on_click(lambda _: self._clicks.put((self.LIVE, 0.0)))
        self._below = gui.add_html("")

    def take_clicks(self) -> list[tuple[str, float]]:
        """Take what was clicked since the last time: a button and 0, or the slider and its value [s]."""
        clicks = []
        while True:
            try:
                clicks.append(self._clicks.get_nowait())
            except Empty:
                return clicks

    def go_live(self) -> None:
        """Put the slider back."""
        self._slider.value = 0.0

    def show(self, status: Status) -> None:
        """Show a status; only what changed is sent."""
        top = _headline(status) + _robot_line(status.trouble)
        rows: dict[str, object] = {"people": status.people or "nobody in view", "actions": status.actions}
        rows |= {"answers": status.answers, **self._names}
        if not status.measured:
            rows["robot"] = f"{self._names['robot']}: not shown, no joint_states come"
        below = _note(status.note) + _times(status.stages) + _table(rows)
        # The top keeps its height, whatever it says: a button must not move away from under the finger.
        for part, style, content in ((self._top, f"height:{_TOP_PX}px;overflow:hidden", top), (self._below, "", below)):
            content = f'<div style="padding:2px 14px 6px;font-size:13px;line-height:17px;{style}">{content}</div>'
            if part.content != content:
                part.content = content
        halted = status.trouble is None or status.trouble.startswith("halted")
        for handle, disabled in ((self._buttons.get("resume"), not halted), (self._live, not status.ago_s)):
            if handle is not None and handle.disabled != disabled:
                handle.disabled = disabled


def _headline(status: Status) -> str:
    if status.ago_s:
        return _line(f"{status.ago_s:.1f} s ago: {status.state}", _AMBER, 19)
    return _line(status.state, _STATE_RGB.get(status.state, _GREY), 19)


def _robot_line(trouble: str | None) -> str:
    if trouble is None:
        return _line("robot: the trajectory node is silent", _GREY)
    if not trouble:
        return _line("robot: may move", _GREEN)
    return _line(f"robot: {trouble}", _RED if trouble.startswith("halted") else _AMBER)


def _note(note: str) -> str:
    return f'<div style="opacity:.75;margin-bottom:4px">{html.escape(note)}</div>' if note else ""


def _line(text: str, rgb: tuple[int, int, int], size: int = 13) -> str:
    style = f"font-size:{size}px;line-height:{size + 4}px;font-weight:700;color:rgb{rgb}"
    return f'<div style="{style}" title="{html.escape(text)}">{html.escape(text)}</div>'


def _times(stages: Sequence[Stage]) -> str:
    rows = [("last answer", "took", "in all"), *((each.name, _ms(each.took_ms), _ms(each.total_ms)) for each in stages)]
    body = "".join(
        f'<tr><td style="{_KEY}">{name}</td><td style="{_NUMBER};opacity:.8">{took}</td>'
        f'<td style="{_NUMBER};font-weight:600">{total}</td></tr>'
        for name, took, total in rows
    )
    return f'<table style="margin-bottom:6px">{body}</table>'


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _table(rows: Mapping[str, object]) -> str:
    lines = "".join(
        f'<tr><td style="{_KEY}">{html.escape(key)}</td><td style="font-weight:600">{html.escape(str(value))}</td></tr>'
        for key, value in rows.items()
    )
    return f"<table>{lines}</table>"
