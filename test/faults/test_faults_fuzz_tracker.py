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

"""The tracker's fuzzer: damaged messages do no harm, reach the deep code, and harm would be seen."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.faults import fuzz_tracker
from iat_ros.nodes.tracker.markers import MarkerSource

pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings("error::RuntimeWarning")]


@pytest.fixture(autouse=True)
def _stand_ins_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo afterwards what the fuzzer puts in the place of messages."""
    for module, name in (("transforms", "tf_message"), ("hri", "ids_message"), ("zed", "objects_message")):
        monkeypatch.setattr(f"iat_ros.nodes.tracker.{module}.{name}", lambda: None)
    monkeypatch.setattr("iat_ros.nodes.tracker.zed._KEYPOINTS", {0: 18})


def test_damaged_messages_do_no_harm(ros_domain: int) -> None:
    """No exception, no cloud that cannot be read, from any input; right messages in between still count."""
    report = fuzz_tracker.run_fuzz(1500, seed=1, domain=ros_domain)
    assert (report["crashes"], report["wrong_outputs"]) == (0, 0), report["details"]
    for source, part in report["per_input"].items():
        assert part["published"] > 30, source
        assert part["dropped"] > 10, source


def test_harm_is_seen(ros_domain: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw, and a cloud with too few joints, are counted."""
    read = MarkerSource.read

    def stumble(self: Any, message: Any) -> Any:
        frames = read(self, message)
        if not message.markers:
            raise KeyError("header")
        for frame in frames:
            object.__setattr__(frame, "positions", frame.positions[:, :7])
        return frames

    monkeypatch.setattr(MarkerSource, "read", stumble)
    report = fuzz_tracker.run_fuzz(1000, seed=1, domain=ros_domain)
    assert report["per_input"]["markers"]["crashes"] > 0
    assert report["per_input"]["markers"]["wrong_outputs"] > 50
