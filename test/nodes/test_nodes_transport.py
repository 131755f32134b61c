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
import time
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from iat_ros.errors import ConfigError
from iat_ros.nodes.transport import avoid_shared_memory, keep_to_this_machine, require_loopback

pytestmark = pytest.mark.ros

CHOICES = ("FASTDDS_BUILTIN_TRANSPORTS", "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
ELSEWHERE = ("ROS_STATIC_PEERS", "ROS_DISCOVERY_SERVER", "ROS2_EASY_MODE", "FASTDDS_ENVIRONMENT_FILE")
OTHERS = ("ROS_LOCALHOST_ONLY", *ELSEWHERE)
SEGMENTS = """
import os
import sys
import rclpy
from iat_ros.nodes.transport import avoid_shared_memory
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
TOO_LATE = """
import sys
import rclpy
from iat_ros.errors import ConfigError
from iat_ros.nodes.transport import avoid_shared_memory, require_loopback
rclpy.init(domain_id=int(sys.argv[1]))
rclpy.create_node("earlier").destroy_node()
rclpy.shutdown()
avoid_shared_memory()
rclpy.init(domain_id=int(sys.argv[1]))
try:
    require_loopback()
except ConfigError as error:
    print(error)
rclpy.shutdown()
"""
PLAIN = """
import sys
import time
import rclpy
from std_msgs.msg import String
if sys.argv[1] == "avoid":
    from iat_ros.nodes.transport import avoid_shared_memory
    avoid_shared_memory()
rclpy.init(domain_id=int(sys.argv[2]))
node = rclpy.create_node(sys.argv[3])
heard = []
node.create_subscription(String, "said", lambda message: heard.append(message.data), 10)
publisher = node.create_publisher(String, "said", 10)
began_s = time.monotonic()
while not {"first", "second"} <= set(heard) or publisher.get_subscription_count() < 2:
    assert time.monotonic() < began_s + 30.0, f"{sys.argv[3]} heard {set(heard)}"
    publisher.publish(String(data=sys.argv[3]))
    rclpy.spin_once(node, timeout_sec=0.05)
for _ in range(20):
    publisher.publish(String(data=sys.argv[3]))
    time.sleep(0.05)
node.destroy_node()
rclpy.shutdown()
"""
LOOPBACK = Path(__file__).parents[2] / "config" / "fastdds" / "loopback.xml"
TOLD = (
    {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
    {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCAL"},
    {"ROS_LOCALHOST_ONLY": "1"},
)
"""What keeps rcl to this machine; a word that it does not know does so, too."""


@pytest.mark.parametrize("chosen", CHOICES)
def test_what_the_user_chose_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chosen: str) -> None:
    """By name of a transport, or by a file of profiles, which must be there."""
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    choice = "DEFAULT" if chosen == CHOICES[0] else str(tmp_path / "own.xml")
    monkeypatch.setenv(chosen, choice)
    if chosen != CHOICES[0]:
        with pytest.raises(ConfigError, match=f"{chosen}=.*own.xml: no such file"):
            avoid_shared_memory()
        (tmp_path / "own.xml").write_text("<profiles/>")
    avoid_shared_memory()
    assert {name: os.environ.get(name) for name in CHOICES} == {
        name: choice if name == chosen else None for name in CHOICES
    }


def test_a_file_of_profiles_in_the_folder_is_a_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fast DDS reads it where it is started, unless it was told not to."""
    for name in (*CHOICES, *OTHERS, "SKIP_DEFAULT_XML"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DEFAULT_FASTRTPS_PROFILES.xml").write_text("<profiles/>")
    avoid_shared_memory()
    assert CHOICES[0] not in os.environ
    monkeypatch.setenv("SKIP_DEFAULT_XML", "1")
    avoid_shared_memory()
    assert os.environ.pop(CHOICES[0]) == "UDPv4"


def test_the_profile_that_ships_is_known_by_any_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A link to it is no transport of the user's; peers count for nothing where the older word is given."""
    for name in (*CHOICES, *OTHERS):
        monkeypatch.setenv(name, "")
    link = tmp_path / "link.xml"
    link.symlink_to(LOOPBACK)
    for name, value in {CHOICES[2]: str(link), "ROS_LOCALHOST_ONLY": "1", ELSEWHERE[0]: "robot"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "")
    avoid_shared_memory()
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SYSTEM_DEFAULT"
    assert os.environ[CHOICES[1]] == str(LOOPBACK)


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


@pytest.mark.parametrize("told", TOLD)
def test_kept_to_this_machine_a_node_has_no_socket_to_the_network(ros_domain: int, told: dict[str, str]) -> None:
    """All its sockets are of 127.0.0.1; and it maps no shared memory."""
    done = subprocess.run(
        [sys.executable, "-c", SEGMENTS, "avoid", str(ros_domain)],
        env=_environment(told), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    segments, *addresses = done.stdout.split()
    assert segments == "0"
    assert addresses == [f"{struct.unpack('=I', socket.inet_aton('127.0.0.1'))[0]:08X}"]


@pytest.mark.parametrize("order", [("avoid", "default"), ("default", "avoid"), ("avoid", "avoid")])
def test_it_finds_those_that_were_told_localhost(ros_domain: int, order: tuple[str, str]) -> None:
    """Those that took shared memory, too, and whoever starts first; messages come both ways."""
    ends = []
    for how, name in zip(order, ("first", "second"), strict=True):
        words = [sys.executable, "-c", PLAIN, how, str(ros_domain), name]
        ends.append(subprocess.Popen(words, env=_environment(TOLD[0]), stderr=subprocess.PIPE, text=True))
        time.sleep(1.0)
    assert [(end.communicate(timeout=60)[1][-300:], end.returncode) for end in ends] == [("", 0), ("", 0)]


def test_a_profile_that_comes_too_late_is_no_start(ros_domain: int) -> None:
    """Fast DDS reads it once: a process that had a node before would talk to the whole network."""
    done = subprocess.run(
        [sys.executable, "-c", TOO_LATE, str(ros_domain)],
        env=_environment(TOLD[0]), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST, but Fast DDS listens at ")
    assert "0.0.0.0" in done.stdout


def test_to_look_at_the_sockets_takes_no_name_that_a_policy_forbids(
    ros_domain: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under SROS2 each enclave may publish parameter events, and have the services of its own nodes alone."""
    make, taken = rclpy.create_node, []

    def watched(*args: Any, **options: Any) -> Node:
        node = make(*args, **options)
        whose = node.get_name(), node.get_namespace()
        looks = node.get_publisher_names_and_types_by_node, node.get_service_names_and_types_by_node
        taken.append([[name for name, _ in look(*whose)] for look in looks])
        return node

    monkeypatch.setattr(rclpy, "create_node", watched)
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    require_loopback(context)
    rclpy.shutdown(context=context)
    assert taken == [[["/parameter_events"], []]]


@pytest.mark.parametrize(
    ("middleware", "more", "said"),
    [
        ("rmw_cyclonedds_cpp", {}, ""),
        ("rmw_fastrtps_cpp", {"ROS_STATIC_PEERS": "robot"}, "ROS_STATIC_PEERS stands against it"),
        ("rmw_fastrtps_cpp", {CHOICES[0]: "SHM"}, "FASTDDS_BUILTIN_TRANSPORTS=SHM stands against it"),
    ],
)
def test_what_a_profile_would_take_away_stays_told_localhost(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], middleware: str, more: dict[str, str], said: str
) -> None:
    """Another middleware, which does not read Fast DDS's profiles; peers elsewhere, and transports of the user's."""
    for name in (*CHOICES, *OTHERS):
        monkeypatch.delenv(name, raising=False)
    for name, value in (TOLD[0] | more).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rclpy, "get_rmw_implementation_identifier", lambda: middleware)
    avoid_shared_memory()
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert {name: os.environ[name] for name in CHOICES if name in os.environ} == {
        name: value for name, value in more.items() if name in CHOICES
    }
    err = capfd.readouterr().err
    assert said in err if said else not err


def test_kept_to_this_machine_nobody_elsewhere_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither peers nor a server nor a user's transports; told once more, or in a child, all is as it was."""
    for name in (*CHOICES, *OTHERS, "SKIP_DEFAULT_XML", "SKIP_DEFAULT_XML_FILE"):
        monkeypatch.setenv(name, "UDPv4")
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    for again in (keep_to_this_machine, keep_to_this_machine, avoid_shared_memory):
        again()
        assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SYSTEM_DEFAULT"
        assert [os.environ.get(name) for name in CHOICES] == [None, str(LOOPBACK), str(LOOPBACK)]
        assert not any(name in os.environ for name in OTHERS)


def _environment(more: dict[str, str]) -> dict[str, str]:
    """This environment without what decides about transports, and more."""
    kept = {**os.environ, "ROS_AUTOMATIC_DISCOVERY_RANGE": ""}
    return {name: value for name, value in kept.items() if name not in (*CHOICES, *OTHERS)} | more
