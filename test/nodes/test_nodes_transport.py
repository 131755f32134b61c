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


"""Which transport Fast DDS takes: none through which a process that starts holds the others up."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from iat_ros.nodes.process import avoid_shared_memory

pytestmark = pytest.mark.ros

CHOICES = ("FASTDDS_BUILTIN_TRANSPORTS", "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
SEGMENTS = """
import os
import sys
import rclpy
from iat_ros.nodes.process import avoid_shared_memory
if sys.argv[1] == "avoid":
    avoid_shared_memory()
rclpy.init(domain_id=int(sys.argv[2]))
node = rclpy.create_node("looks")
print(sum("/dev/shm/fastrtps" in line for line in open("/proc/self/maps")))
own = {os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if os.path.islink(entry.path)}
rows = [line.split() for line in open("/proc/net/udp")][1:]
print(*sorted({row[1].split(":")[0] for row in rows if f"socket:[{row[9]}]" in own}))
node.destroy_node()
rclpy.shutdown()
"""
LOOPBACK = Path(__file__).parents[2] / "config" / "fastdds" / "loopback.xml"


@pytest.mark.parametrize("chosen", CHOICES)
def test_what_the_user_chose_is_left_alone(monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    """By name of a transport, or by a file of profiles."""
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(chosen, "DEFAULT")
    avoid_shared_memory()
    assert {name: os.environ.get(name) for name in CHOICES} == {
        name: "DEFAULT" if name == chosen else None for name in CHOICES
    }


@pytest.mark.parametrize(("how", "shared"), [("avoid", False), ("default", True)])
def test_a_node_maps_no_shared_memory(ros_domain: int, how: str, shared: bool) -> None:
    """Fast DDS itself would; seen in what the process maps."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES}
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SUBNET"  # with LOCALHOST, rmw_fastrtps chooses itself
    done = subprocess.run(
        [sys.executable, "-c", SEGMENTS, how, str(ros_domain)],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert (int(done.stdout.split()[0]) > 0) == shared


def test_the_profile_that_ships_keeps_to_this_machine_without_shared_memory(ros_domain: int) -> None:
    """All its sockets are of 127.0.0.1, or of the group address that is joined there."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES}
    environment |= dict.fromkeys(CHOICES[1:], str(LOOPBACK))
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SYSTEM_DEFAULT"
    done = subprocess.run(
        [sys.executable, "-c", SEGMENTS, "avoid", str(ros_domain)],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    segments, *addresses = done.stdout.split()
    assert segments == "0"
    assert set(addresses) == {_hexadecimal("127.0.0.1"), _hexadecimal("239.255.0.1")}


def _hexadecimal(address: str) -> str:
    """As /proc/net/udp writes an address."""
    return f"{struct.unpack('=I', socket.inet_aton(address))[0]:08X}"
