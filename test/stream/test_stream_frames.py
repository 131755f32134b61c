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

"""The buffer of one person's last frames: what was put in comes out, and its arrays follow what is in it."""

from __future__ import annotations

import numpy as np

from iat_ros.stream.frames import FrameBuffer


def test_frames_come_out_as_they_went_in_while_it_grows_and_shrinks() -> None:
    """Over growing, forgetting and growing again, times, positions and limbs stay in step."""
    buffer, rng = FrameBuffer(2, 1, capacity=4), np.random.default_rng(0)
    kept: list[tuple[float, np.ndarray, np.ndarray]] = []
    for k in range(300):
        frame = (float(k), rng.normal(size=(2, 3)), rng.normal(size=(1, 3)))
        buffer.append(*frame)
        kept.append(frame)
        span = 100 if k < 200 else 3
        buffer.forget_before(k - span)
        kept = [frame for frame in kept if frame[0] >= k - span]
        assert buffer.times_s.tolist() == [frame[0] for frame in kept]
        np.testing.assert_array_equal(buffer.positions, [frame[1] for frame in kept])
        np.testing.assert_array_equal(buffer.limbs, [frame[2] for frame in kept])
    assert len(buffer._times_s) == 8


def test_two_frames_stay_and_clear_takes_all() -> None:
    """Speed needs two frames, however old; a reset forgets all."""
    buffer = FrameBuffer(1, 1)
    for time in (0.0, 1.0, 2.0):
        buffer.append(time, np.zeros((1, 3)), np.zeros((1, 3)))
    buffer.forget_before(100.0)
    assert buffer.times_s.tolist() == [1.0, 2.0]
    buffer.clear()
    assert len(buffer) == 0
