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

"""Bones: pairs of joints whose distance stays what it is, learned from each person's own frames."""

from __future__ import annotations

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition

_LEARNED_AFTER = 15  # frames; half a second at 30 Hz
_SLOWEST_SHARE = 0.001


class BoneTree:
    """The limbs as a tree that grows from the top joint of the torso out to the hands.

    A bone of the wrong length tells that one of its joints is wrong. It is the outer one, unless several bones of the
    same inner joint are wrong at once.

    Attributes:
        definition: The skeleton.
        joints: Indices of the K joints that bones touch or the body frame needs.
        inner: The joint of each bone that is nearer to the root, as a place among these K, shape (B,).
        outer: The other joint of each bone, shape (B,); bones are in order from the root out.
        inner_bones: For each joint that several bones start at, these bones.
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        self.definition = definition
        self.joints = definition.needed_joints
        place = {int(joint): k for k, joint in enumerate(self.joints)}
        links = [
            (place[int(start)], place[int(end)])
            for start, end in zip(definition.limb_starts, definition.limb_ends, strict=True)
        ]
        known = {place[definition.joints.index(definition.body_frame.top)]}
        bones: list[tuple[int, int]] = []
        while links:
            found = [link for link in links if (link[0] in known) != (link[1] in known)]
            if not found:  # a loop, or a part of the body that hangs on nothing known
                links = [link for link in links if not known.issuperset(link)]
                known |= {links[0][0]} if links else set()
                continue
            start, end = found[0]
            links.remove(found[0])
            bones.append((start, end) if start in known else (end, start))
            known |= {start, end}
        self.inner = np.array([bone[0] for bone in bones], int)
        self.outer = np.array([bone[1] for bone in bones], int)
        self.inner_bones = {
            int(joint): np.flatnonzero(self.inner == joint)
            for joint in np.unique(self.inner)
            if (self.inner == joint).sum() > 1
        }

    def lengths(self, joints: np.ndarray) -> np.ndarray:
        """Return the lengths [m] of shape (..., B) of joint positions (..., K, 3); NaN where a joint is."""
        vectors = joints[..., self.outer, :] - joints[..., self.inner, :]
        lengths: np.ndarray = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
        return lengths

    def blame(self, off: np.ndarray, unknown: np.ndarray) -> np.ndarray:
        """Tell which joints are wrong when bones are.

        Args:
            off: Which bones have a wrong length, shape (B,).
            unknown: Joints of which it is known that they cannot be used, shape (K,).

        Returns:
            The joints that explain the wrong bones, shape (K,).
        """
        wrong = np.zeros(len(unknown), bool)
        for joint, bones in self.inner_bones.items():
            if off[bones].sum() > 1 and not unknown[joint]:
                wrong[joint] = True
        for bone in np.flatnonzero(off).tolist():
            inner, outer = self.inner[bone], self.outer[bone]
            # With its inner joint in doubt, a bone tells nothing of the outer one.
            if not (wrong[inner] or unknown[inner] or wrong[outer] or unknown[outer]):
                wrong[outer] = True
        return wrong

    def mend(self, joints: np.ndarray, which: np.ndarray, tolerance: float, lengths_m: np.ndarray) -> int:
        """Pull joints back on their bones' directions where these are off.

        Args:
            joints: Joint positions [m], shape (K, 3); changed in place, from the root out.
            which: The joints that may be moved, shape (K,).
            tolerance: Share by which a bone may differ from its length.
            lengths_m: The bones' lengths, shape (B,); NaN: not learned yet.

        Returns:
            How many joints were moved.
        """
        moved = 0
        for bone in np.flatnonzero(which[self.outer]).tolist():
            inner, outer = joints[self.inner[bone]], joints[self.outer[bone]]
            length, wanted = float(np.linalg.norm(outer - inner)), float(lengths_m[bone])
            if length > 0 and abs(length - wanted) > tolerance * wanted:
                joints[self.outer[bone]] = inner + (outer - inner) * (wanted / length)
                moved += 1
        return moved


class BoneLengths:
    """Each person's running medians of their bones' lengths.

    A median as a stream gives it: up by a share where a bone is longer, down where it is shorter; the share shrinks
    with the frames that were seen, and never to nothing, for a child may take an adult's number.

    Args:
        bones: B.
        places: For how many people there is room at first.
    """

    def __init__(self, bones: int, places: int) -> None:
        self.medians_m = np.ones((places, bones))
        self._seen = np.zeros((places, bones), int)

    def grow(self, places: int) -> None:
        """Make room for more people."""
        more = places - len(self._seen)
        self.medians_m = np.concatenate([self.medians_m, np.ones((more, self.medians_m.shape[1]))])
        self._seen = np.concatenate([self._seen, np.zeros((more, self._seen.shape[1]), int)])

    def forget(self, place: int) -> None:
        """Learn anew."""
        self._seen[place] = 0

    def learned_m(self, place: int) -> np.ndarray:
        """Return one person's lengths, shape (B,) [m]; NaN where too little was seen."""
        learned: np.ndarray = np.where(self._seen[place] >= _LEARNED_AFTER, self.medians_m[place], np.nan)
        return learned

    def off(self, places: np.ndarray, lengths_m: np.ndarray, tolerance: float) -> np.ndarray:
        """Tell which bones (N, B) differ from those learned by more than a share of these."""
        medians = self.medians_m[places]
        return (np.abs(lengths_m - medians) > tolerance * medians) & (self._seen[places] >= _LEARNED_AFTER)

    def learn(self, places: np.ndarray, lengths_m: np.ndarray) -> None:
        """Take lengths (N, B) [m] of the people at these places; NaN teaches nothing."""
        seen, medians = self._seen[places], self.medians_m[places]
        known = lengths_m > 0
        share = np.maximum(0.2 / (1.0 + seen), _SLOWEST_SHARE)
        moved = medians * np.where(lengths_m > medians, 1.0 + share, 1.0 - share)
        # No step further than the length itself.
        moved = np.where(lengths_m > medians, np.minimum(moved, lengths_m), np.maximum(moved, lengths_m))
        self.medians_m[places] = np.where(known, np.where(seen == 0, lengths_m, moved), medians)
        self._seen[places] = seen + known
