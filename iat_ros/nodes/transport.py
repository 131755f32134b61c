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

"""What carries messages between processes: UDP, and no shared memory."""

from __future__ import annotations

import os
from pathlib import Path

import rclpy

from iat_ros.resources import share_directory

_PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # before Fast DDS 3.0 and since
_BUILT_IN = "FASTDDS_BUILTIN_TRANSPORTS"
_CHOSEN_HERE = ("DEFAULT_FASTRTPS_PROFILES.xml", "DEFAULT_FASTDDS_PROFILES.xml")  # read in the folder of the start
_PEERS = ("ROS_STATIC_PEERS", "ROS_DISCOVERY_SERVER")
_RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"


def keep_to_this_machine() -> None:
    """Let this process, and those that it starts, talk to this machine alone, whatever the environment said."""
    os.environ[_RANGE] = "LOCALHOST"
    avoid_shared_memory()


def avoid_shared_memory() -> None:
    """Let Fast DDS send over UDP alone, unless the user has chosen; other middleware is left alone.

    Where a process that listens through shared memory starts or is killed, Fast DDS holds up every publisher on the
    machine, the robot's driver too, for a third of a second (eProsima/Fast-DDS#6535). These messages are small, and
    over UDP as fast.

    Kept to this machine (``ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST``), rmw_fastrtps takes shared memory whatever was
    chosen. So ``config/fastdds/loopback.xml`` keeps it there instead, and finds those that were told LOCALHOST.
    """
    profile = share_directory() / "config" / "fastdds" / "loopback.xml"
    chosen = {os.environ.get(name, "") for name in (_BUILT_IN, *_PROFILES)} - {""}
    if "fastrtps" not in rclpy.get_rmw_implementation_identifier():
        return
    if chosen - {str(profile), "UDPv4"} or any(Path(name).exists() for name in _CHOSEN_HERE):
        return
    if not _kept_to_this_machine():
        if not chosen:
            os.environ[_BUILT_IN] = "UDPv4"
    elif os.access(profile, os.R_OK) and not any(os.environ.get(name) for name in _PEERS):
        os.environ |= dict.fromkeys(_PROFILES, str(profile))
        os.environ[_RANGE] = "SYSTEM_DEFAULT"  # with any other, rmw_fastrtps chooses transports itself
        for name in (_BUILT_IN, "ROS_LOCALHOST_ONLY"):
            os.environ.pop(name, None)


def _kept_to_this_machine() -> bool:
    """Tell what the environment says as rcl reads it: ROS_LOCALHOST_ONLY wins, and an unknown range is LOCALHOST."""
    wide = os.environ.get(_RANGE, "") in ("", "SUBNET", "SYSTEM_DEFAULT", "OFF")
    return os.environ.get("ROS_LOCALHOST_ONLY") == "1" or not wide
