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

"""What a node drops: each reason is one short line, and many different ones do not fill the memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rclpy
from rclpy.context import Context
from rclpy.logging import LoggingSeverity

from iat_ros.nodes.base import IatNode
from iat_ros.nodes.drops import Drops

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def node(ros_domain: int) -> Iterator[IatNode]:
    """A node that does nothing."""
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    node = IatNode("drops", context=context)
    node.get_logger().set_level(LoggingSeverity.FATAL)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_a_reason_is_one_short_line(node: IatNode) -> None:
    """Names come from messages of strangers: of any length, with line ends in them."""
    node.drop("field 'a\nb' is missing; found " + 1_000_000 * "x")
    (reason,) = node.dropped
    assert reason.startswith("field 'a b' is missing")
    assert len(reason) <= 300
    assert all(len(said) <= 300 for said in node._said)


def test_many_reasons_are_counted_together(node: IatNode) -> None:
    """A thousand different reasons are kept as few; none is lost."""
    before = node.dropped.total()
    for number in range(1000):
        node.drop(f"field '{number}' is missing")
    assert node.dropped.total() == before + 1000
    assert len(node.dropped) <= 51
    assert len(node._said) <= 52


def test_numbers_do_not_make_another_reason() -> None:
    """The first is told in full; later those numbers are left out that differ, and none is lost. Names are kept."""
    drops = Drops()
    assert drops.note("expected 20 joints, got 3", 1) == ("expected 20 joints, got 3",) * 2
    assert drops == {"expected 20 joints, got 3": 1}
    assert drops.note("expected 20 joints, got -1.5e3", 2) == (
        "expected 20 joints, got -1.5e3",
        "expected 20 joints, got …",
    )
    drops.note("expected 20 joints, got 3", 4)
    assert drops == {"expected 20 joints, got …": 7}
    drops.note("expected 9 joints, got 3.", 1)
    drops.note("expected 9 joints, got 8.", 1)
    drops.note("expected 9 joints, got 3", 1)
    assert drops == {"expected … joints, got …": 8, "expected 9 joints, got ….": 2}
    assert drops.copy() == drops


@pytest.mark.parametrize("name", ["'left arm {} of two' is missing", "g{}", "'{}'", "{}.5m of g1"])
def test_numbers_of_names_are_kept(name: str) -> None:
    """What is quoted, and what is a part of a word."""
    drops = Drops()
    for number in (1, 2):
        drops.note(name.format(number), 1)
    assert drops.total() == 2
    assert "…" not in "".join(drops)


def test_a_flood_of_nonsense_fills_no_memory() -> None:
    """Neither with different words nor with different numbers in them; none is lost."""
    drops = Drops()
    for number in range(1000):
        drops.note(f"field '{number}' at {number} of {1000 - number}", 1)
        drops.note(f"{number} too late", 1)
    assert drops["… too late"] == 1000
    assert drops.total() == 2000
    assert len(drops) <= 51
    assert len(drops._numbers) <= 50


def test_messages_that_come_together_are_counted_one_by_one(node: IatNode) -> None:
    """A batch that fails as a whole is as many drops as it has messages; a single message is one."""

    def fail(_: object) -> None:
        raise ZeroDivisionError("of all")

    before = node.dropped.total()
    node.active = True
    node.guarded(fail)(["a", "b", "c"])
    node.guarded(fail)("a long message")
    node.active = False
    assert node.dropped.total() == before + 4
