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

"""Clouds: what is written comes back, in both implementations; what lies about itself is refused."""

from __future__ import annotations

import array
import warnings
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from iat_ros.errors import IatError, MessageError
from iat_ros.nodes import clouds
from iat_ros.nodes.answer_message import AnswerReader
from iat_ros.nodes.markers import PersonInView, body_bones, line_list
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import unit
from iat_ros.skeleton.motion import Motion
from iat_ros.stream.people import People
from iat_ros.stream.segment import LIVE

RNG = np.random.default_rng(0)
PEOPLE = RNG.normal(size=(2, 20, 3))


@pytest.fixture(params=["numpy", "sensor_msgs_py"], autouse=True)
def implementation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways are tested alike; sensor_msgs_py only where ROS provides it."""
    if request.param == "numpy":
        monkeypatch.setattr(clouds, "point_cloud2", None)
    elif clouds.point_cloud2 is None:
        pytest.skip("sensor_msgs_py is not installed here")
    return str(request.param)


def skeletons() -> PointCloud2:
    """Two people."""
    return clouds.encode_skeletons(Time(sec=5, nanosec=250_000_000), "camera", np.array([4, 9]), PEOPLE)


@pytest.mark.parametrize("time_s", [1_700_000_004.64, 1_700_000_000.0000002, 0.25, 0.9999999999, -0.5])
def test_stamps_are_right_to_the_nanosecond(time_s: float) -> None:
    """Seconds since 1970 keep all that a float holds of them; a nanosecond is never a thousand millions."""
    stamp = clouds.to_stamp(time_s)
    assert abs(stamp.sec + Fraction(stamp.nanosec, 10**9) - Fraction(time_s)) <= Fraction(1, 10**9)
    assert 0 <= stamp.nanosec < 10**9


def test_skeletons_survive() -> None:
    """Positions (to float32), ids, stamp and frame come back."""
    cloud = clouds.decode_skeletons(skeletons(), 20)
    np.testing.assert_allclose(cloud.positions, PEOPLE, atol=1e-6)
    assert cloud.body_ids.tolist() == [4, 9]
    assert (cloud.time_s, cloud.frame_id) == (5.25, "camera")


def test_nobody_in_view_is_an_empty_cloud() -> None:
    """Height 0 is a valid message."""
    message = clouds.encode_skeletons(Time(), "camera", np.zeros(0), np.zeros((0, 20, 3)))
    assert clouds.decode_skeletons(message, 20).positions.shape == (0, 20, 3)


def test_a_motion_that_comes_again_is_read_once() -> None:
    """The same points again are the same answer; other points are not, and damage is refused each time."""
    rng = np.random.default_rng(0)
    limbs = unit(rng.normal(size=(16, 8, 3)))
    reader = AnswerReader(8)
    first = reader.read(clouds.encode_motion(Header(), Motion(limbs, 1.5)))
    assert reader.read(clouds.encode_motion(Header(frame_id="body_3"), Motion(limbs, 1.5))) is first
    other = reader.read(clouds.encode_motion(Header(), Motion(limbs[::-1].copy(), 1.5)))
    assert isinstance(other, Motion)
    np.testing.assert_allclose(other.limbs_in_body, limbs[::-1], atol=1e-6)
    damaged = clouds.encode_motion(Header(), Motion(limbs, 1.5))
    damaged.data = damaged.data[:-1]
    for _ in range(2):
        with pytest.raises(MessageError):
            reader.read(damaged)


def test_motions_survive() -> None:
    """Limb vectors, duration and header come back."""
    vectors = RNG.normal(size=(32, 8, 3))
    motion = Motion(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), 1.7)
    message = clouds.encode_motion(Header(frame_id="body_3", stamp=Time(sec=1)), motion)
    again = clouds.decode_motion(message, 8)
    np.testing.assert_allclose(again.limbs_in_body, motion.limbs_in_body, atol=1e-6)
    assert again.duration_s == pytest.approx(1.7)
    assert message.header.frame_id == "body_3"
    assert (message.height, message.width) == (32, 8)


def test_other_layouts_are_read() -> None:
    """Fields in another order with padding, padded rows, big-endian values, confidence, no ids."""
    layout = np.dtype({"names": ["c", "z", "y", "x"], "formats": [">f4"] * 4, "offsets": [0, 4, 12, 8], "itemsize": 24})
    points = np.zeros((2, 20), layout)
    points["x"], points["y"], points["z"], points["c"] = *np.moveaxis(PEOPLE, -1, 0), 1.0
    points["c"][1, 3] = 0.0
    rows = np.zeros((2, 20 * 24 + 16), np.uint8)
    rows[:, : 20 * 24] = points.view(np.uint8).reshape(2, -1)
    names = {"x": 8, "y": 12, "z": 4, "confidence": 0}
    message = PointCloud2(
        height=2, width=20, point_step=24, row_step=rows.shape[1], is_bigendian=True,
        fields=[PointField(name=n, offset=o, datatype=PointField.FLOAT32, count=1) for n, o in names.items()],
        data=array.array("B", rows.tobytes()),
    )  # fmt: skip
    cloud = clouds.decode_skeletons(message, 20)
    np.testing.assert_allclose(cloud.positions[0], PEOPLE[0], atol=1e-6)
    assert np.isnan(cloud.positions[1, 3]).all()
    assert np.isfinite(np.delete(cloud.positions, 3, axis=1)).all()
    assert cloud.body_ids.tolist() == [0, 1]


def _set(message: PointCloud2, **values: object) -> None:
    for name, value in values.items():
        setattr(message, name, value)


BROKEN: dict[str, Callable[[PointCloud2], None]] = {
    "expected width 20, got 19": lambda m: _set(m, width=19),
    "field 'z' is missing": lambda m: m.fields.pop(2) and None,
    "field 'x' must be one f4, is 1 x f8": lambda m: _set(m.fields[0], datatype=PointField.FLOAT64),
    "field 'x' must be one f4, is 3 x f4": lambda m: _set(m.fields[0], count=3),
    "field 'x' must be one f4, is 1 x datatype 77": lambda m: _set(m.fields[0], datatype=77),
    "field 'body_id' must be one u4": lambda m: _set(m.fields[3], datatype=PointField.FLOAT32),
    "exceeds point_step": lambda m: _set(m.fields[1], offset=2**31),
    "named twice": lambda m: _set(m.fields[1], name="x"),
    "bytes of data, got": lambda m: _set(m, data=m.data[:-1]),
    "expected 4294967295": lambda m: _set(m, height=2**32 - 1, row_step=20 * 16 + 1) or _set(m, row_step=2**32 - 1),
    "row_step 5 is too small": lambda m: _set(m, row_step=5),
    "two people with one body_id": lambda m: _set(m, data=m.data[:320] + m.data[:320]),
}


def test_a_crowd_with_one_id_is_refused_in_few_words() -> None:
    """Whatever the number of people, the line names one id that is there twice."""
    crowd = clouds.encode_skeletons(Time(), "camera", np.arange(5000) // 2, np.zeros((5000, 20, 3)))
    with pytest.raises(MessageError) as caught:
        clouds.decode_skeletons(crowd, 20)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("says", BROKEN)
def test_clouds_that_lie_are_refused(says: str) -> None:
    """Each wrong field, type, size or number gives one line that says which."""
    message = skeletons()
    BROKEN[says](message)
    with pytest.raises(MessageError) as caught:
        clouds.decode_skeletons(message, 20)
    assert says.removesuffix("4294967295") in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_random_changes_never_crash(data: st.DataObject) -> None:
    """Whatever a stranger writes into the message, it is read or refused, never anything else."""
    message = skeletons()
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(
            st.sampled_from(["height", "width", "point_step", "row_step", "offset", "kind", "data", "name"])
        )
        number = data.draw(st.one_of(st.integers(0, 700), st.integers(0, 2**32 - 1)))
        field = message.fields[number % len(message.fields)]
        if where in {"height", "width", "point_step", "row_step"}:
            setattr(message, where, number)
        elif where == "offset":
            field.offset = number
        elif where == "kind":
            field.datatype = number % 256
        elif where == "data":
            message.data = message.data[: number % 700]
        else:
            field.name = data.draw(st.sampled_from(["x", "y", "z", "t", "confidence", "body_id", ""]))
    try:
        cloud = clouds.decode_skeletons(message, 20)
    except MessageError:
        return
    assert cloud.positions.shape == (len(cloud.body_ids), 20, 3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda v, t: (v * 1.1, t), "unit limb vectors"),
        (lambda v, t: (v * np.nan, t), "unit limb vectors"),
        (lambda v, t: (v, t[::-1]), "increase in even steps"),
        (lambda v, t: (v, t * np.nan), "increase in even steps"),
        (lambda v, t: (v, t**2), "increase in even steps"),
        (lambda v, t: (v[:1], t[:1]), "at least 2 frames"),
        (lambda v, t: (v, t * 1e-3), "a duration between 0.05 and 60 s, got 0.0015"),
        (lambda v, t: (v, t * 1e3), "a duration between 0.05 and 60 s, got 1500"),
    ],
)
def test_motions_that_are_none_are_refused(change: Callable[..., tuple[np.ndarray, np.ndarray]], says: str) -> None:
    """Limbs of other lengths, NaN, and times that don't run evenly are no motion."""
    vectors, times = change(np.tile([0.0, 0.0, 1.0], (8, 3, 1)), np.linspace(0, 1.5, 8))
    kinds = {**clouds._XYZ, "t": PointField.FLOAT32}
    points = np.zeros(vectors.shape[:2], clouds._dtype(kinds))
    points["x"], points["y"], points["z"] = np.moveaxis(vectors, -1, 0)
    points["t"] = times[:, None]
    with pytest.raises(IatError, match=says):
        clouds.decode_motion(clouds._write(Header(), kinds, points), 3)


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7FA00000, 0x7F800000, 0xFF800000])
def test_what_is_not_tracked_is_nan_without_a_word_from_numpy(bits: int) -> None:
    """Quiet and signalling NaN and infinities mean the same, downstream too; people who are half seen are normal."""
    definition = load_skeleton("utd_mhad")
    people, person = People(definition, LIVE), PersonInView(definition)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for frame in range(20):
            message = clouds.encode_skeletons(Time(sec=1 + frame), "camera", np.array([4, 9]), PEOPLE)
            values = np.frombuffer(message.data, np.uint32).reshape(2, 20, -1).copy()
            values[:, frame, 1] = values[1] = bits  # the second person is not seen at all
            message.data = array.array("B", values.tobytes())
            cloud = clouds.decode_skeletons(message, 20)
            assert np.isnan(cloud.positions[0, frame]).all()
            assert np.isfinite(np.delete(cloud.positions[0], frame, axis=0)).all()
            people.push(0.03 * frame, cloud.body_ids, cloud.positions)
            person.push(cloud, 0.03 * frame)
            bones = body_bones(definition)
            line_list("person", "camera", Time(), cloud.positions[0], bones, (0, 0, 0))
        message = clouds.encode_motion(Header(), Motion(unit(PEOPLE), 1.0))
        values = np.frombuffer(message.data, np.uint32).reshape(2, 20, -1).copy()
        for column in range(values.shape[2]):
            damaged = values.copy()
            damaged[1, :, column] = bits
            message.data = array.array("B", damaged.tobytes())
            with pytest.raises(MessageError):
                clouds.decode_motion(message, 20)
