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

"""Settings of a tracker of transforms that cannot be used, and messages that are not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from iat_ros.nodes.process import bring_up

pytestmark = pytest.mark.ros


@pytest.fixture(autouse=True)
def _messages(need_messages: Callable[[str], None]) -> None:
    need_messages("tf2_msgs")


@pytest.mark.parametrize(
    ("parameter", "value", "says"),
    [
        ("frame_pattern", "joint_{id}", "'frame_pattern' needs {joint} once"),
        ("joint_names", "head:Kopf", "'joint_names' must be 'joint=name in the frames, ...'; got 'head:Kopf'"),
        ("joint_names", "tail=Schwanz", "no joint 'tail'; the skeleton has head, shoulder_center"),
        ("joint_names", "head=spine", "two joints with one name"),
    ],
)
def test_settings_that_cannot_be_used(
    make_rig: Callable[..., Any], capfd: pytest.CaptureFixture[str], parameter: str, value: str, says: str
) -> None:
    """One line that names the parameter; the node lives on."""
    rig = make_rig(started=False, input="tf", **{parameter: value})
    assert not bring_up(rig.tracker)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert says in line


@pytest.mark.parametrize(("source", "package"), [("tf", "tf2_msgs"), ("hri", "hri_msgs"), ("zed", "zed_msgs")])
def test_without_the_messages_one_line_says_what_to_install(
    make_rig: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    package: str,
) -> None:
    """The package is imported all the same; only the node that was asked for that source refuses."""
    for name in (package, f"{package}.msg", "zed_interfaces", "zed_interfaces.msg"):
        monkeypatch.setitem(sys.modules, name, None)
    rig = make_rig(started=False, input=source)
    assert not bring_up(rig.tracker)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert f"needs {package}" in line
    assert "apt install" in line
