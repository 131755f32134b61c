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

"""Damaged URDFs on the topic robot_description: each is refused with one line or taken; harm would be seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.faults import damaged_files, descriptions
from benchmarks.faults.described_nodes import DescribedNodes
from benchmarks.faults.valid_files import TOY_URDF
from iat_ros.errors import RobotError
from iat_ros.nodes.robot import RobotNode

pytest.importorskip("viser")
pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings("ignore::RuntimeWarning")]  # NumPy, about overflow

WHOLE = TOY_URDF.encode()


@pytest.fixture(scope="module")
def files(ros_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[damaged_files.DamagedFiles]:
    """Descriptions to damage, and nodes that are configured with them."""
    yield damaged_files.DamagedFiles(descriptions.KIND, tmp_path_factory.mktemp("files"), seed=2)
    for nodes in _nodes():
        nodes.close()
    descriptions._nodes.cache_clear()


def _nodes() -> list[DescribedNodes]:
    """Return the nodes that were made."""
    return [] if descriptions._nodes.cache_info().currsize == 0 else [descriptions._nodes(_mapping())]


def _mapping() -> str:
    return str(descriptions.yaml.safe_dump({k: v for k, v in descriptions.TOY.items() if k != "urdf"}))


@pytest.fixture
def nodes(files: damaged_files.DamagedFiles) -> DescribedNodes:
    """The nodes, each of which waits for a description."""
    return descriptions._nodes(_mapping())


def test_damage_is_refused_with_one_line(files: damaged_files.DamagedFiles) -> None:
    """Whatever is damaged; and the node takes a whole one afterwards."""
    outcomes = [files.read(turn) for turn in range(30)]
    assert [text for verdict, text in outcomes if verdict == "crash"] == []
    assert {verdict for verdict, _ in outcomes} == {"refused", "read"}


@pytest.mark.parametrize("harm", dict(descriptions.HARMS).values(), ids=list(dict(descriptions.HARMS)))
def test_each_harm_does_none(nodes: DescribedNodes, harm: Any) -> None:
    """Each way to damage a URDF, with the trajectory node, which reads the most of it, and the others."""
    rng, changed, said = np.random.default_rng(1), 0, []
    for _ in range(3):
        damaged = harm(WHOLE, rng)
        changed += damaged != WHOLE
        try:
            nodes.try_out(damaged, WHOLE)
        except RobotError as error:
            said.append(str(error))
    assert changed
    assert not [each for each in said if "\n" in each]


def test_a_name_of_a_megabyte_is_not_repeated(nodes: DescribedNodes) -> None:
    """What is said stays a line that can be read."""
    for _ in range(3):
        with pytest.raises(RobotError) as caught:
            nodes.try_out(WHOLE.replace(b'"hand"', b'"' + b"h" * 10**6 + b'"').replace(b'"base"', b'"b"'), WHOLE)
        assert len(str(caught.value)) < 1100


@pytest.mark.parametrize(
    ("before", "after"),
    [(b'<parent link="base"/>', b'<parent link="hand"/>'), (b"0 0.3 0.3", b"0 1e308 0.3")],
    ids=["links in a circle", "a link out of this world"],
)
def test_what_cannot_be_drawn_is_refused(nodes: DescribedNodes, before: bytes, after: bytes) -> None:
    """The viewer says so."""
    nodes._turn = 2  # the viewer's
    with pytest.raises(RobotError, match="the URDF has no links of a size that can be drawn"):
        nodes.try_out(WHOLE.replace(before, after), WHOLE)


def test_a_joint_may_be_called_as_the_torso(nodes: DescribedNodes) -> None:
    """The viewer asks for the link of that name; the mapping, without its elbow, is refused elsewhere only."""
    nodes._turn = 2  # the viewer's
    assert nodes._bring_up(nodes._nodes[2], WHOLE.replace(b'"elbow"', b'"base"')) == "", "it is drawn"


def test_harm_is_seen(nodes: DescribedNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw, and a node that refuses what is whole."""

    def stumble(self: RobotNode, _: Any) -> None:
        raise KeyError("joint")

    nodes._turn = 0  # the robot's
    monkeypatch.setattr(RobotNode, "setup", stumble)
    with pytest.raises(AssertionError, match=r"a whole one is refused afterwards: .*unexpected KeyError"):
        nodes.try_out(WHOLE, WHOLE)


def test_a_process_reads_them(tmp_path: Path, ros_domain: int) -> None:
    """One of its own, so that an end and a hang are seen."""
    report = damaged_files.run_files(4, seed=0, kinds=(descriptions.KIND,))
    assert (report["files"], report["crashes"], report["hangs"]) == (4, 0, 0), report["details"]
