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

"""What the viewer's panel tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from iat_ros.nodes.answer_stages import Stage

NOT_PERFORMED = "answer not performed"
"""The state while an answer plays, for the eye only: the robot is halted or held."""


@dataclass(frozen=True)
class Status:
    """What the panel tells.

    Attributes:
        state: ``waiting``, ``person acting``, ``answering`` or `NOT_PERFORMED`.
        actions: Actions found so far.
        answers: Answers so far.
        people: How many people are in view.
        measured: Whether joint_states tell where the robot is.
        trouble: Why the robot may not move; empty: it may; None: nobody says.
        stages: The times of the last answer.
        note: What came of the last button.
        ago_s: How long ago is shown what is shown [s]; 0: now.
    """

    state: str = "waiting"
    actions: int = 0
    answers: int = 0
    people: int = 0
    measured: bool = False
    trouble: str | None = None
    stages: Sequence[Stage] = field(default=())
    note: str = ""
    ago_s: float = 0.0
