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

"""Bring up perception, act2act and trajectory, active, and a simulated robot and the viewer where they are wanted.

What is not given here stays as `params_file` says, and what that leaves out keeps the node's own default.
"""

import difflib
import tempfile
from collections.abc import Iterable
from pathlib import Path

import launch.logging
import yaml
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(__file__).resolve().parents[1] / "config"
PARAMS_FILE = CONFIG / "interact.yaml"
RVIZ_FILE = CONFIG / "rviz" / "interact.rviz"
NODES = ("perception", "act2act", "trajectory")
SETTINGS = {
    "skeleton": "Skeleton definition: the name of one that ships, or a YAML file.",
    "limbs": "Limbs to use, separated by commas, in the model's order.",
    "person": "Who is answered: all, nearest, central or first.",
    "model": "Model directory, or the name of a model that ships.",
    "device": "Where the model computes: auto, cpu or cuda.",
    "robot": "Robot: the name of one that ships, or a YAML file with mapping and, maybe, URDF.",
}
INPUTS = ("skeletons", "camera", "markers", "tf", "pose_array", "zed", "hri")
CAMERA = {
    "source": "With input:=camera: 0, 1, ... for a webcam, or a video file.",
    "landmarker": "With input:=camera: MediaPipe's pose landmarker, a .task file; docs/trackers.md tells where it is.",
}
RESPAWN_DELAY_S = 0.5  # a node that cannot even start must not keep a core busy
TOPICS = {
    "skeletons": "Topic on which the tracker publishes people (sensor_msgs/PointCloud2).",
    "joint_states": "Topic that tells where the robot's joints are (sensor_msgs/JointState).",
    "joint_trajectory": "Topic of the controller, /arm_controller/joint_trajectory, unless the robot's file has one.",
    "robot_description": "Topic of the robot's URDF (std_msgs/String), used where the robot's file names none.",
}


def generate_launch_description() -> LaunchDescription:
    """Declare an argument for each parameter and topic, and start the nodes that they ask for."""
    shipped: dict[str, str] = {}
    for node in yaml.safe_load(PARAMS_FILE.read_text(encoding="utf-8")).values():
        shipped = {**node["ros__parameters"], **shipped}
    switch = {"choices": ["true", "false"]}
    levels = ["debug", "info", "warn", "error", "fatal"]
    arguments = [
        *(
            DeclareLaunchArgument(
                name,
                default_value="",
                description=f"{text} Empty: as params_file says; the one that ships has {shipped[name] or 'none'}.",
            )
            for name, text in SETTINGS.items()
        ),
        *(DeclareLaunchArgument(name, default_value=name, description=text) for name, text in TOPICS.items()),
        DeclareLaunchArgument(
            "input",
            default_value=INPUTS[0],
            choices=list(INPUTS),
            description="What your tracker sends; all but skeletons start a node that makes these of it.",
        ),
        DeclareLaunchArgument(
            "input_topic",
            default_value="",
            description="Topic on which your tracker sends that. Empty: as params_file says.",
        ),
        *(DeclareLaunchArgument(name, default_value="", description=text) for name, text in CAMERA.items()),
        DeclareLaunchArgument(
            "processes",
            default_value="one",
            choices=["one", "several"],
            description="one: all nodes share a process, the fastest way; several: each has its own.",
        ),
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of all nodes and topics."),
        DeclareLaunchArgument(
            "params_file",
            default_value=str(PARAMS_FILE),
            description="Parameters of the nodes; start from a copy of the one that ships.",
        ),
        DeclareLaunchArgument(
            "enclaves",
            default_value="",
            description="Where the SROS2 enclaves are, such as /iat_ros; each process takes its own. Empty: none.",
        ),
        DeclareLaunchArgument(
            "simulate",
            default_value="false",
            description="Start a simulated robot too, which follows the trajectories; not beside a real one.",
            **switch,
        ),
        DeclareLaunchArgument(
            "viewer",
            default_value="false",
            description="Show person, answer and robot in a browser page: http://127.0.0.1:8080 by default.",
            **switch,
        ),
        DeclareLaunchArgument(
            "rviz",
            default_value="false",
            description="Show them in RViz 2; starts the viewer too, whose markers it shows.",
            **switch,
        ),
        DeclareLaunchArgument(
            "respawn",
            default_value="true",
            description="Start a node again that ended, whatever ended it.",
            **switch,
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="false",
            description="Take the time from /clock, as with a simulator or ros2 bag play --clock.",
            **switch,
        ),
        DeclareLaunchArgument(
            "log_level",
            default_value="info",
            description="The nodes say nothing less severe than this.",
            choices=levels,
        ),
    ]

    def start(context: LaunchContext) -> list[Node]:
        refuse_misspelt(context.launch_configurations, [argument.name for argument in arguments])
        return make_nodes(context)

    return LaunchDescription([*arguments, OpaqueFunction(function=start)])


def refuse_misspelt(given: Iterable[str], names: list[str]) -> None:
    """Refuse a name that is almost an argument's: launch itself takes any, and a robot would go at full speed.

    What is like none of them may be meant for a launch file that includes this one.
    """
    for name in given:
        near = difflib.get_close_matches(name, names, 1, cutoff=0.8)
        if near and name not in names and not name.startswith("ros_"):  # launch_ros's own
            raise ValueError(f"{name}: no argument has this name; did you mean '{near[0]}'?")


def make_nodes(context: LaunchContext) -> list[Node]:
    """Return the chain as one process or as one for each node, and the robot and the viewer where they are wanted."""
    executables = ["interact"] if LaunchConfiguration("processes").perform(context) == "one" else list(NODES)
    source = LaunchConfiguration("input").perform(context)
    words = [] if source in ("skeletons", "camera") else ["--input", source]
    if words and "interact" not in executables:
        executables.insert(0, "tracker")
    if source == "camera":  # always a process of its own: finding people takes long
        executables.insert(0, "camera")
    wanted = {name: LaunchConfiguration(name).perform(context) == "true" for name in ("simulate", "viewer", "rviz")}
    if wanted["simulate"]:
        executables.append("robot")
    if wanted["viewer"] or wanted["rviz"]:
        executables.append("viewer")
    params_file = Path(LaunchConfiguration("params_file").perform(context)).expanduser()
    if not params_file.is_file():  # launch itself would warn and go on without
        raise ValueError(f"params_file: there is no file '{params_file}'")
    try:  # each process would end for it, and be started again and again
        yaml.safe_load(params_file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"params_file {params_file}: no YAML: {' '.join(str(error).split())}") from error
    parameters = [str(params_file), *write_settings(context)]
    respawn = LaunchConfiguration("respawn").perform(context) == "true"
    enclaves = LaunchConfiguration("enclaves").perform(context).rstrip("/")
    # No node gets a name here: a process would give it to each of its nodes.
    nodes = [
        Node(
            package="iat_ros",
            executable=executable,
            namespace=LaunchConfiguration("namespace"),
            parameters=parameters,
            remappings=[(name, LaunchConfiguration(name)) for name in TOPICS],
            arguments=[
                *(words if executable in ("interact", "tracker") else []),
                "--ros-args",
                "--log-level",
                LaunchConfiguration("log_level"),
                *(["--enclave", f"{enclaves}/{executable}"] if enclaves else []),
            ],
            output="screen",
            respawn=respawn,
            respawn_delay=RESPAWN_DELAY_S,
        )
        for executable in executables
    ]
    if wanted["rviz"]:
        nodes.append(
            Node(
                package="rviz2",
                executable="rviz2",
                namespace=LaunchConfiguration("namespace"),
                parameters=[{"use_sim_time": LaunchConfiguration("use_sim_time").perform(context) == "true"}],
                remappings=[(name, LaunchConfiguration(name)) for name in TOPICS],
                arguments=["-d", str(RVIZ_FILE)],
                output="screen",
            )
        )
    return nodes


def write_settings(context: LaunchContext) -> list[str]:
    """Write what was given as arguments to a file of parameters, beside the logs; without any, no file."""
    given = {name: LaunchConfiguration(name).perform(context) for name in (*SETTINGS, *CAMERA)}
    if LaunchConfiguration("input").perform(context) == "camera":
        given["skeleton"] = given["skeleton"] or "mediapipe"
    settings: dict[str, str | bool] = {name: value for name, value in given.items() if value}
    if topic := LaunchConfiguration("input_topic").perform(context):
        settings["topic"] = topic
    if LaunchConfiguration("use_sim_time").perform(context) == "true":
        settings["use_sim_time"] = True
    if not settings:
        return []
    # Among files, the pattern that is met last decides, not the file. Params files use /** and /**/NODE; if this one
    # used /** too, a params file with both would win over the arguments.
    with tempfile.NamedTemporaryFile(
        "w", prefix="iat_ros_", suffix=".yaml", dir=launch.logging.launch_config.log_dir, delete=False
    ) as file:
        yaml.safe_dump({"/**/*": {"ros__parameters": settings}}, file)
    return [file.name]
