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
import socket
import struct
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.logging import get_logger
from rclpy.parameter import Parameter

from iat_ros.errors import ConfigError
from iat_ros.resources import share_directory

_RANGE, _OLDER_RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"
_BUILT_IN = "FASTDDS_BUILTIN_TRANSPORTS"
_PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # before Fast DDS 3.0 and since
_CHOSEN_HERE = ("DEFAULT_FASTRTPS_PROFILES.xml", "DEFAULT_FASTDDS_PROFILES.xml")  # read in the folder of the start
_NOT_THOSE = ("SKIP_DEFAULT_XML", "SKIP_DEFAULT_XML_FILE")
_ELSEWHERE = ("ROS_STATIC_PEERS", "ROS_DISCOVERY_SERVER", "ROS2_EASY_MODE", "FASTDDS_ENVIRONMENT_FILE")
_SOCKETS = Path("/proc/net/udp")


def keep_to_this_machine() -> None:
    """Let this process, and those that it starts, talk to this machine alone, whatever the environment said."""
    for name in (_BUILT_IN, *_PROFILES, *_ELSEWHERE, _OLDER_RANGE):
        os.environ.pop(name, None)
    os.environ |= dict.fromkeys(_NOT_THOSE, "1") | {_RANGE: "LOCALHOST"}
    avoid_shared_memory()


def avoid_shared_memory() -> None:
    """Let Fast DDS send over UDP alone, unless the user has chosen; other middleware is left alone.

    Where a process that listens through shared memory starts or is killed, Fast DDS holds up every publisher on the
    machine, the robot's driver too, for a third of a second (eProsima/Fast-DDS#6535). These messages are small, and
    over UDP as fast.

    Told to keep to this machine (``ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST``), rmw_fastrtps takes shared memory
    whatever was chosen. Then ``config/fastdds/loopback.xml`` does it instead, which must be there before Fast DDS is
    used for the first time in this process; `require_loopback` sees that it did.

    Raises:
        ConfigError: There is no such file of profiles as the environment names.
    """
    if "fastrtps" not in rclpy.get_rmw_implementation_identifier():
        return
    profile, chosen = _profile(), _chosen()
    if not _told_to_keep_to_this_machine():
        if not (chosen or _through_profile()):
            os.environ[_BUILT_IN] = "UDPv4"
        return
    ignored = ("ROS_STATIC_PEERS",) if os.environ.get(_OLDER_RANGE) == "1" else ()
    chosen += [name for name in _ELSEWHERE if os.environ.get(name) and name not in ignored]
    if chosen or not (os.access(profile, os.R_OK) and _SOCKETS.exists()):
        get_logger("iat_ros").warning(
            f"told to keep to this machine, but {' and '.join(chosen) or f'{profile} cannot be read'} stands against "
            "it: Fast DDS also listens to the network, and takes shared memory, which may hold joint_states up for a "
            "second where a process is killed (docs/safety.md)"
        )
        return
    os.environ |= dict.fromkeys(_PROFILES, str(profile))
    os.environ[_RANGE] = "SYSTEM_DEFAULT"  # with any other, rmw_fastrtps chooses transports itself
    for name in (_BUILT_IN, _OLDER_RANGE):
        os.environ.pop(name, None)


def require_loopback(context: Context | None = None) -> None:
    """See that a node of this context would be kept to this machine, where the profile is to do that.

    Raises:
        ConfigError: Others could reach it: the profile cannot be read, or Fast DDS was used before it was given.
    """
    if not _through_profile():
        return
    node = rclpy.create_node(
        "looks_at_its_sockets",
        context=context,
        use_global_arguments=False,
        enable_rosout=False,
        start_parameter_services=False,  # SROS2 allows this name no services
        parameter_overrides=[Parameter("start_type_description_service", value=False)],
    )
    try:
        reached = _addresses() - {"127.0.0.1"}
    finally:
        node.destroy_node()
    if reached:
        raise ConfigError(
            f"{_RANGE}=LOCALHOST, but Fast DDS listens at {', '.join(sorted(reached))}, in spite of {_profile()}: "
            f"leave {_RANGE} out, or choose transports by {_PROFILES[0]}"
        )


def _profile() -> Path:
    return share_directory() / "config" / "fastdds" / "loopback.xml"


def _chosen() -> list[str]:
    """Tell what the user has chosen that decides about transports, other than what is chosen here."""
    chosen = [f"{_BUILT_IN}={os.environ[_BUILT_IN]}"] if os.environ.get(_BUILT_IN, "UDPv4") not in ("", "UDPv4") else []
    for name in _PROFILES:
        path = os.environ.get(name)
        if path and not os.path.isfile(path):
            raise ConfigError(f"{name}={path}: no such file; expected Fast DDS's profiles, or leave {name} out")
        if path and os.path.realpath(path) != os.path.realpath(_profile()):
            chosen.append(f"{name}={path}")
    if not os.environ.get(_NOT_THOSE[0]):
        chosen += [f"{name} in this folder" for name in _CHOSEN_HERE if os.path.exists(name)]
    return chosen


def _through_profile() -> bool:
    """Tell whether this process, or the one that started it, left it to the profile to keep it to this machine."""
    given = {os.path.realpath(path) for name in _PROFILES if (path := os.environ.get(name))}
    return given == {os.path.realpath(_profile())} and os.environ.get(_RANGE) == "SYSTEM_DEFAULT"


def _told_to_keep_to_this_machine() -> bool:
    """Tell it as rcl reads the environment: ROS_LOCALHOST_ONLY wins, and a range that it does not know is LOCALHOST."""
    wide = os.environ.get(_RANGE, "") in ("", "SUBNET", "SYSTEM_DEFAULT", "OFF")
    return os.environ.get(_OLDER_RANGE) == "1" or not wide


def _addresses() -> set[str]:
    """Return the addresses that UDP sockets of this process are bound to."""
    links = (os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))  # gone since: its path
    own = {os.path.basename(link) for link in links}
    rows = [line.split() for line in _SOCKETS.read_text().splitlines()[1:]]
    bound = {row[1].split(":")[0] for row in rows if f"socket:[{row[9]}]" in own}
    return {socket.inet_ntoa(struct.pack("=I", int(address, 16))) for address in bound}
