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

"""Options that the verbs which run lifecycle nodes share."""

from __future__ import annotations

import argparse

INPUTS = ("skeletons", "markers", "tf", "pose_array", "zed", "hri")
"""Where people come from: clouds as this package sends them, or what the tracker node turns into these."""


def add_autostart(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--no-autostart``."""
    parser.add_argument(
        "--no-autostart",
        action="store_true",
        help="stay unconfigured until a lifecycle manager configures and activates the node",
    )
