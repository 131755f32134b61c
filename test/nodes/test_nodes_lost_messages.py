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

"""What the middleware throws away is counted, where it can be known, and never made up."""

from __future__ import annotations

import pytest

from iat_ros.nodes.lost_messages import LostMessages

ONE, OTHER = ["a"], ["b"]


def lost_of(numbers: list[int | None], publishers: list[str] | None = None) -> int:
    """How many are missing in a row of messages."""
    counter = LostMessages(lambda: ONE if publishers is None else publishers)
    return sum(counter.took(number) for number in numbers)


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([1, 2, 3], 0),
        ([5, 6, 9, 10], 2),
        ([5, None, None, 8, 9], 0),
        ([5, None, None, 9, 10], 1),
        ([None, None, 40, 41], 0),
        ([5, 9, 12], 5),
        ([5, 9, 1, 2, 4], 4),
        ([None, None, None], 0),
    ],
)
def test_numbers_that_are_missing(numbers: list[int | None], missing: int) -> None:
    """Between the first number that is known and the last; a publisher that begins again has lost nothing."""
    assert lost_of(numbers) == missing


def test_numbers_of_several_publishers_say_nothing() -> None:
    """Neither while two publish, nor of one that took over from another."""
    assert lost_of([5, 900, 6, 901], ["a", "b"]) == 0
    now = ONE
    counter = LostMessages(lambda: now)
    assert [counter.took(number) for number in (5, 6)] == [0, 0]
    now = OTHER
    assert [counter.took(number) for number in (900, 901, 903)] == [0, 0, 1]
