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

"""Play a bag of skeletons to the whole chain and a simulated robot, live.

Where rosbag2 is installed, `ros2 bag play` plays it and gives the time, which the nodes follow; elsewhere `play` does,
on the machine's own time. Never beside a real robot: a simulated one is started.
"""

import shutil
import subprocess
import time
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction, TimerAction
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.ros_adapters import get_ros_node

from iat_ros.data.bag import find_skeletons

INTERACT = Path(__file__).resolve().with_name("interact.launch.py")
WAIT_S = 120.0  # the first time on a machine, retargeting is compiled
LOOK_S = 0.2
DELAY_S = "1"  # before each round: until the nodes have found the player
PASSED_ON = {
    "robot": "Robot: the name of one that ships, or a YAML file with mapping and, maybe, URDF.",
    "model": "Model directory, or the name of a model that ships.",
    "skeleton": "Skeleton definition of the recording: the name of one that ships, or a YAML file.",
}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments."""
    switch = {"choices": ["true", "false"]}
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "bag", description="Bag with the topic skeletons: a directory, or an .mcap or .db3 file."
            ),
            DeclareLaunchArgument("rate", default_value="1.0", description="1 is true speed, 2 twice as fast."),
            DeclareLaunchArgument("loop", default_value="false", description="Play the bag again and again.", **switch),
            DeclareLaunchArgument(
                "player",
                default_value="auto",
                choices=["auto", "rosbag2", "play"],
                description="What plays the bag: rosbag2, or this package's play; auto: rosbag2 where it is installed.",
            ),
            DeclareLaunchArgument(
                "viewer",
                default_value="true",
                description="Show person, answer and robot in a browser page, http://127.0.0.1:8080.",
                **switch,
            ),
            *(
                DeclareLaunchArgument(
                    name, default_value="", description=f"{text} Empty: as interact.launch.py has it."
                )
                for name, text in PASSED_ON.items()
            ),
            OpaqueFunction(function=make_actions),
        ]
    )


def make_actions(context: LaunchContext) -> list:
    """Start the chain, and what plays the bag."""
    given = {
        name: LaunchConfiguration(name).perform(context)
        for name in ("bag", "rate", "loop", "player", "viewer", *PASSED_ON)
    }
    bag = Path(given["bag"]).expanduser()
    if not bag.exists():
        raise ValueError(f"bag: there is no bag '{bag}'")
    topics = find_skeletons(bag)
    rosbag2 = given["player"] == "rosbag2" or (given["player"] == "auto" and has_rosbag2())
    chain = {"simulate": "true", "viewer": given["viewer"], "use_sim_time": "true" if rosbag2 else "false"}
    chain |= {name: given[name] for name in PASSED_ON if given[name]}
    again = ["--loop"] if given["loop"] == "true" else []
    if rosbag2:
        # Nothing but people: what the chain and a robot said in the recording must not reach those of today.
        names = [*("--topics", *topics), *("--remap", *(f"{topic}:=/skeletons" for topic in topics))]
        command = ["ros2", "bag", "play", str(bag), "--rate", given["rate"], "--clock", "100", *names, *again]
        player = ExecuteProcess(cmd=[*command, "--delay", DELAY_S], output="screen", on_exit=end_where_it_failed)
    else:
        words = ["--bag", str(bag), "--speed", given["rate"], "--wait", f"{WAIT_S:g}", *again]
        player = Node(
            package="iat_ros", executable="play", arguments=words, output="screen", on_exit=end_where_it_failed
        )
    source = PythonLaunchDescriptionSource(str(INTERACT))
    start = OpaqueFunction(function=start_when_heard, args=[player, time.monotonic() + WAIT_S])
    return [IncludeLaunchDescription(source, launch_arguments=list(chain.items())), start]


def start_when_heard(context: LaunchContext, player: ExecuteProcess, deadline_s: float) -> list:
    """Start the player once perception is there, which comes up last; models and robots take a while to load."""
    if "perception" in get_ros_node(context).get_node_names() or time.monotonic() > deadline_s:
        return [player]
    again = OpaqueFunction(function=start_when_heard, args=[player, deadline_s])
    return [TimerAction(period=LOOK_S, actions=[again])]


def end_where_it_failed(event: ProcessExited, context: LaunchContext) -> None:
    """End the launch with exit code 1 where nothing was played; after a recording's end the chain stays up."""
    if event.returncode and not context.is_shutdown:
        raise RuntimeError(f"the bag was not played: the player ended with exit code {event.returncode}, see above")


def has_rosbag2() -> bool:
    """Tell whether `ros2 bag play` is there."""
    if shutil.which("ros2") is None:
        return False
    return subprocess.run(["ros2", "bag", "play", "--help"], capture_output=True, check=False).returncode == 0
