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

"""YAML is read strictly: what PyYAML would settle by itself is a mistake of whoever wrote the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from iat_ros.errors import ConfigError
from iat_ros.yaml_file import check_syntax, load_mapping


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to be written."""
    return tmp_path / "file.yaml"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("speed: 1\nreach: 2\nspeed: 3\n", "line 3: 'speed' stands twice, first in line 1; keep one of them"),
        ("arm: {speed: 1, speed: 1}\n", "line 1: 'speed' stands twice, first in line 1; keep one of them"),
        ("joints:\n- a: 1\n  b: 2\n  'a': 3\n", "line 4: 'a' stands twice, first in line 2; keep one of them"),
    ],
)
def test_a_key_that_stands_twice_is_refused(file: Path, content: str, says: str) -> None:
    """At any depth, whatever the values are: which one was meant is not known."""
    file.write_text(content)
    with pytest.raises(ConfigError) as raised:
        load_mapping(file)
    assert str(raised.value) == f"{file}: {says}"


def test_keys_of_different_mappings_may_be_alike(file: Path) -> None:
    """What merges another mapping may say some of it differently, as YAML has it."""
    file.write_text("left: &left {speed: 1, reach: 2}\nright: {<<: *left, speed: 3}\n")
    assert load_mapping(file) == {"left": {"speed": 1, "reach": 2}, "right": {"speed": 3, "reach": 2}}


def test_only_the_mappings_named_hold_everything_once(file: Path) -> None:
    """ROS puts two sections of one node together, and what is for one node goes before what is for all."""
    file.write_text("node: {ros__parameters: {a: 1}}\nnode: {ros__parameters: {b: 2, c: {a: 3}}}\n")
    check_syntax(file, once_in="ros__parameters")
    file.write_text(
        "/**:\n  ros__parameters: {a: 1}\nnode:\n  ros__parameters: {a: 2}\nother: {ros__parameters: {a: 3}}\n"
    )
    check_syntax(file, once_in="ros__parameters")
    with file.open("a") as more:
        more.write("node: {ros__parameters: {a: 4}}\n")
    with pytest.raises(ConfigError, match="line 6: 'a' stands twice, first in line 4"):
        check_syntax(file, once_in="ros__parameters")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "node:\n  ros__parameters:\n    inner:\n      b: 1\n      b: 2\n",
            "line 5: 'b' stands twice, first in line 4",
        ),
        (
            "node: {ros__parameters: {a: 1}}\nnode: {ros__parameters: {a: 1}}\n",
            "line 2: 'a' stands twice, first in line 1",
        ),
        (
            "/node: {ros__parameters: {a: 1}}\nnode: {ros__parameters: {a: 1}}\n",
            "line 2: 'a' stands twice, first in line 1",
        ),
        ("/x/node: {ros__parameters: {a: 1}}\nx:\n  node: {ros__parameters: {a: 1}}\n", "line 3: 'a' stands twice"),
        ("node: {ros__parameters: {a: 1}}\n---\nnode: {ros__parameters: {a: 1}}\n", "line 3: 'a' stands twice"),
        ("node:\n  ros__parameters: {a: 1}\n  ros__parameters: {a: 2}\n", "line 3: 'a' stands twice, first in line 2"),
    ],
)
def test_what_stands_twice_is_refused_wherever_its_section_is(file: Path, content: str, says: str) -> None:
    """A section that was pasted twice, say, or has a slash before its name in one place."""
    file.write_text(content)
    with pytest.raises(ConfigError) as raised:
        check_syntax(file, once_in="ros__parameters")
    assert f"{file}: {says}" in str(raised.value)


def test_a_file_whose_aliases_multiply_is_checked_at_once(file: Path) -> None:
    """Each mapping is looked at once, however many aliases lead to it, and though it holds itself."""
    levels = [f"l{n}: &l{n} {{x: *l{n - 1}, y: *l{n - 1}}}" for n in range(1, 60)]
    file.write_text("\n".join(["ros__parameters:", "  l0: &l0 {x: 1}", *(f"  {level}" for level in levels)]))
    check_syntax(file, once_in="ros__parameters")
    with file.open("a") as more:
        more.write("\n  l60: 1\n  l60: 2\n")
    with pytest.raises(ConfigError, match="'l60' stands twice"):
        check_syntax(file, once_in="ros__parameters")
    file.write_text("ros__parameters: &all {x: *all, y: 1, y: 2}\n")
    with pytest.raises(ConfigError, match="'y' stands twice"):
        check_syntax(file, once_in="ros__parameters")
