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

"""Skeleton definitions: what ships loads, and what contradicts itself is refused with one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iat_ros.errors import ConfigError, IatError, SkeletonError
from iat_ros.skeleton.definition import load_skeleton

VALID = """
name: small
joints: [a, b, c, d, e]
limbs: {up: [a, b], left: [c, d]}
body_frame: {left: d, right: c, bottom: a, top: b}
"""


def write(tmp_path: Path, text: str) -> str:
    """Write a definition and return its path."""
    path = tmp_path / "skeleton.yaml"
    path.write_text(text)
    return str(path)


def test_utd_mhad_has_eight_limbs_from_nine_joints() -> None:
    """The paper's representation: 9 upper-body joints of 20, hence 8 limbs."""
    definition = load_skeleton("utd_mhad")
    assert len(definition.joints) == 20
    assert len(definition.limbs) == 8
    assert len({joint for limb in definition.limbs for joint in (limb.start, limb.end)}) == 9


def test_needed_joints_are_those_of_limbs_and_frame(tmp_path: Path) -> None:
    """A joint that no limb and no axis needs may be untracked."""
    definition = load_skeleton(write(tmp_path, VALID))
    assert definition.needed_joints.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (("limbs: {up: [a, b]", "limbs: {up: [a, x]"), SkeletonError, "joint 'x'; valid joints: a, b, c, d, e"),
        (("up: [a, b]", "up: [a, a]"), SkeletonError, "starts and ends at 'a'"),
        (("up: [a, b]", "up: a"), SkeletonError, "limb 'up' must be [start joint, end joint]"),
        (("[a, b, c, d, e]", "[a, b, c, d, a]"), SkeletonError, "listed twice: a"),
        (("[a, b, c, d, e]", "[a, b, c, d, 5]"), SkeletonError, "joints must be a list of names"),
        (("top: b", "top: a"), SkeletonError, "two different joints for each axis"),
        ((", top: b", ""), ConfigError, "key 'top' is missing"),
        (
            ("name: small", "name: small\nderived: {f: [a, x]}"),
            SkeletonError,
            "mean of two or more joints that are sent",
        ),
        (("name: small", "name: small\nderived: {f: [a]}"), SkeletonError, "mean of two or more joints that are sent"),
        (("name: small", "name: small\nderived: {f: a}"), SkeletonError, "'f' must list the joints whose mean it is"),
        (("name: small", "name: small\nderived: {a: [b, c]}"), SkeletonError, "listed twice: a"),
        (("name: small", "name: small\nother_limbs: {up: [a, c]}"), SkeletonError, "limbs listed twice: up"),
        (("name: small", "name: small\nother_limbs: {leg: [a, x]}"), SkeletonError, "limb 'leg' names joint 'x'"),
        (("name: small", "name: small\nrate: 3"), ConfigError, "unknown key 'rate'; valid keys: body_frame"),
        (("name: small", "name: !!python/object/apply:os.system [true]"), ConfigError, "is not plain YAML"),
        (("name: small", "name: [small"), ConfigError, "is not plain YAML"),
        (("joints:", "- joints:"), ConfigError, "is not plain YAML"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, change: tuple[str, str], error: type, says: str) -> None:
    """Each wrong definition gives one line that names the file's mistake."""
    assert change[0] in VALID
    with pytest.raises(error) as caught:
        load_skeleton(write(tmp_path, VALID.replace(*change)))
    assert says in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_name_lists_what_ships() -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(IatError, match="utd_mhad"):
        load_skeleton("no_such_tracker")


def test_derived_joints_are_means_of_those_that_are_sent(tmp_path: Path) -> None:
    """They stand behind what is sent; of a joint that is not tracked none is derived."""
    text = VALID.replace("name: small", "name: small\nderived: {m: [a, b]}").replace("top: b", "top: m")
    definition = load_skeleton(write(tmp_path, text))
    assert definition.sent == ("a", "b", "c", "d", "e")
    assert definition.joints == (*definition.sent, "m")
    sent = np.arange(30.0).reshape(2, 5, 3)
    sent[1, 0] = np.nan
    whole = definition.complete(sent)
    np.testing.assert_array_equal(whole[:, :5], sent)
    np.testing.assert_array_equal(whole[0, 5], (sent[0, 0] + sent[0, 1]) / 2)
    assert np.isnan(whole[1, 5]).all()
    assert definition.complete(whole) is whole


def test_what_a_tracker_must_send_follows_from_limbs_and_frame(tmp_path: Path) -> None:
    """A derived joint is needed by way of those that it is made of."""
    text = VALID.replace("name: small", "name: small\nderived: {m: [b, e]}").replace("top: b", "top: m")
    assert load_skeleton(write(tmp_path, text)).needed_to_send == ("a", "b", "c", "d", "e")
    assert load_skeleton(write(tmp_path, VALID)).needed_to_send == ("a", "b", "c", "d")


def test_a_model_chooses_limbs_and_their_order(tmp_path: Path) -> None:
    """Limbs that are not used by default are there by name; what cannot be given is named, with what can."""
    path = write(tmp_path, VALID.replace("name: small", "name: small\nother_limbs: {leg: [a, e]}"))
    assert load_skeleton(path).limb_names == ("up", "left")
    chosen = load_skeleton(path, "leg, up")
    assert chosen.limb_names == ("leg", "up")
    assert chosen.needed_joints.tolist() == [0, 1, 2, 3, 4]
    assert chosen.with_limbs(("left", "leg")).limb_names == ("left", "leg")
    with pytest.raises(SkeletonError, match=r"cannot give limb hand, foot: .*; it can give: up, left, leg"):
        load_skeleton(path, "up, hand, foot")
    with pytest.raises(SkeletonError, match="names that are separated by single commas, got 'up,,left'"):
        load_skeleton(path, "up,,left")
