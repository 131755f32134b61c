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

"""The arithmetic that Numba compiles: retargeting one arm at a time, and bounds on how near links come to each other.

In NumPy it is tens of thousands of operations on tiny arrays, whose calls take nearly all the time. `retargeting` calls
`path_search.find_path`, `smoothing.smooth` and `linearization.errors`; `collision` calls `proximity`.

Compiled functions call each other, and their constants are compiled in. So what is kept on disk is only good for this
folder exactly as it is (see `cache`), and a compiled function must not use code or constants from outside of it.
"""
