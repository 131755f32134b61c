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

"""Where person, robot and answers stand and in which colours, on the viewer's page and in RViz."""

from __future__ import annotations

PERSON_AT = (-0.85, 0.0, 0.0)
ROBOT_AT = (0.55, 0.0, 0.0)
ANSWER_AT = (1.35, 0.3, 0.0)
ALTERNATIVES_AT = ((0.0, 1.5, 0.0), (1.45, 1.5, 0.0), (2.45, 1.5, 0.0))
"""Behind the others, in their gaps."""
TO_PERSON = (0.0, 0.0, 0.0, 1.0)
"""Half a turn about z, as w x y z: towards the person."""
TO_CAMERA = (0.7071067811865476, 0.0, 0.0, -0.7071067811865476)
"""A quarter turn about z, as w x y z: towards who looks on."""
STAND_M = 0.95
"""Height at which an answer's torso begins."""
PERSON_RGB = (38, 110, 180)
ANSWER_RGB = (224, 84, 26)
STAND_RGB = (205, 205, 208)
