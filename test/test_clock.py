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

"""Times of a clock."""

from __future__ import annotations

from iat_ros.clock import of_one_instant


def test_two_clocks_are_read_at_one_instant() -> None:
    """A process that is held up between the two reads them again; one that always is, goes on."""
    held_up_ns = [3_000_000, 3_000_000, 1_000]
    time_ns = [0]

    def now_ns() -> int:
        read_ns = time_ns[0] + 10**18
        time_ns[0] += held_up_ns.pop(0) if held_up_ns else 3_000_000
        return read_ns

    now, steady = of_one_instant(now_ns, lambda: time_ns[0])
    assert (now - 10**18, steady) == (6_000_000, 6_001_000)
    now, steady = of_one_instant(now_ns, lambda: time_ns[0])
    assert steady - (now - 10**18) == 3_000_000
    held_up_ns.extend([3_000_000, 60_000, 3_000_000, 3_000_000, 3_000_000])
    now, steady = of_one_instant(now_ns, lambda: time_ns[0])
    assert steady - (now - 10**18) == 60_000, "of all readings, the one nearest to an instant"
