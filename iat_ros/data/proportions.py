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

"""Whether a recording shows a body at all: bones that keep their length, two sides alike, and the size of a person.

What is told from bones alone: joints in another order than their names, and positions that are not in metres. Limits
leave all of UTD-MHAD in peace, where a bone's length varies by up to 0.7 of itself and arms measure 0.43 to 0.57 m.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.damage import Damage
from iat_ros.skeleton.definition import SkeletonDefinition

_VARIES = 1.0
"""No bone's length varies by more than itself between the 5th and the 95th percentile."""
_SIDES = 1.5
_ARM_PARTS = 1.8
"""No limb is as much longer than that of the other side, nor an upper arm than its forearm or the other way round."""
_ARM_M = (0.2, 1.0)
"""From shoulder to wrist: a small child's arm is longer, a giant's shorter."""
_HEIGHTS_OF_ARM = 3.2


def find_disproportions(definition: SkeletonDefinition, clips: Sequence[Clip]) -> list[Damage]:
    """Name clips whose bones cannot be those of a person, one line each.

    Args:
        definition: The skeleton.
        clips: Clips, or whole people of uncut recordings.
    """
    found = []
    for clip in clips:
        lengths = _lengths(definition, clip)
        if any(len(values) < 3 for values in lengths.values()):
            continue  # untracked, which is named elsewhere
        why = _order(lengths)
        size = _size({name: float(np.median(values)) for name, values in lengths.items()})
        if why:
            found.append(Damage(clip.name, "misnamed joints", f"{why}: joints in another order, or another skeleton?"))
        elif size:
            found.append(Damage(clip.name, "not metres", size))
    return found


def _lengths(definition: SkeletonDefinition, clip: Clip) -> dict[str, np.ndarray]:
    """Length of each limb in the frames in which it was tracked [m]."""
    found = {}
    for limb in definition.limbs:
        start, end = (clip.positions[:, definition.joints.index(joint)] for joint in (limb.start, limb.end))
        lengths = np.linalg.norm(end - start, axis=1)
        found[limb.name] = lengths[np.isfinite(lengths)]
    return found


def _order(lengths: dict[str, np.ndarray]) -> str:
    """Say which bone is none, if any."""
    middle = {name: float(np.median(values)) for name, values in lengths.items()}
    for name, values in lengths.items():
        low, high = np.percentile(values, [5, 95])
        if high - low > _VARIES * middle[name]:
            return f"'{name}' measures between {low:.2f} and {high:.2f} m"
    for name in middle:
        if not name.startswith("left_"):
            continue
        side = name.removeprefix("left_")
        comparisons = [(name, f"right_{side}", _SIDES)]
        if side == "upper_arm":
            comparisons += [(f"{which}_{side}", f"{which}_forearm", _ARM_PARTS) for which in ("left", "right")]
        for one, other, most in comparisons:
            if {one, other} <= middle.keys() and not 1 / most <= middle[one] / max(middle[other], 1e-9) <= most:
                return f"'{one}' measures {middle[one]:.2g} m, but '{other}' {middle[other]:.2g} m"
    return ""


def _size(middle: dict[str, float]) -> str:
    """Say how large a person with such arms would be, if there is none like that."""
    parts = [[length for name, length in middle.items() if name.endswith(part)] for part in ("upper_arm", "forearm")]
    if not all(parts):
        return ""
    arm_m = sum(float(np.mean(part)) for part in parts)
    if _ARM_M[0] <= arm_m <= _ARM_M[1]:
        return ""
    return (
        f"an arm of {arm_m:.2g} m from shoulder to wrist, so a person of about {_HEIGHTS_OF_ARM * arm_m:.2g} m: are "
        "positions in metres?"
    )
