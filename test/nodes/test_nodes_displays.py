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

"""The RViz configuration and the Foxglove layout name topics and services that the nodes have, with their types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from visualization_msgs.msg import Marker

from iat_ros.nodes.catalogue import INTERFACES
from iat_ros.nodes.clouds import to_stamp
from iat_ros.nodes.stage_markers import STAGE_FRAME, stage_markers

CONFIG = Path(__file__).parents[2] / "config"
KNOWN = {interface.name: interface for interface in INTERFACES}
SHOWS = {
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/PointCloud2": "sensor_msgs/msg/PointCloud2",
    "rviz_default_plugins/RobotModel": "std_msgs/msg/String",
}
"""What each kind of RViz's displays subscribes."""
RVIZ = yaml.safe_load((CONFIG / "rviz" / "interact.rviz").read_text(encoding="utf-8"))["Visualization Manager"]
FOXGLOVE = json.loads((CONFIG / "foxglove" / "interact.json").read_text(encoding="utf-8"))


def displays(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All displays, those in groups too."""
    for display in group["Displays"]:
        yield display
        if "Displays" in display:
            yield from displays(display)


def stage(*answers: np.ndarray | None) -> dict[tuple[str, int], Marker]:
    """The stage with a person, no robot and these answers."""
    bones = np.array([[0, 1]])
    made = stage_markers(
        to_stamp(3.5), (np.eye(3)[:2], bones), None, (answers, bones), ((255, 0, 0), (0, 255, 0)), "waiting"
    )
    return {(marker.ns, marker.id): marker for marker in made.markers}


def test_rviz_subscribes_what_the_nodes_publish() -> None:
    """Each display with a topic shows that topic's type; topics are relative, as the nodes' are."""
    topics = {}
    for display in displays(RVIZ):
        topic = display.get("Topic", display.get("Description Topic"))
        if topic is not None:
            topics[topic["Value"]] = display["Class"]
            interface = KNOWN[topic["Value"]]
            assert interface.type == SHOWS[display["Class"]]
            reliable = topic["Reliability Policy"] == "Reliable"
            assert reliable or topic["Value"] == "skeletons", "best effort is for sensors"
    assert set(topics) == {"stage", "markers", "skeletons", "robot_description"}
    assert RVIZ["Global Options"]["Fixed Frame"] == STAGE_FRAME


def test_rviz_shows_every_namespace_of_the_stage() -> None:
    """What RViz shows is chosen by namespace; none is forgotten."""
    (display,) = (each for each in displays(RVIZ) if each["Name"] == "Stage")
    assert display["Enabled"]
    assert {ns for ns, _ in stage(np.eye(3)[:2])} == set(display["Namespaces"])


def test_rviz_leaves_out_answers_in_frames_that_tf_does_not_know() -> None:
    """With TF, an answer in the frame of its body would be an error that never ends."""
    (display,) = (each for each in displays(RVIZ) if each["Name"] == "Person")
    assert display["Namespaces"] == {"answer": False, "person": True}


def test_foxglove_names_topics_and_services_of_the_nodes() -> None:
    """Topics and services are known, every panel has its place, and a button calls what its text says."""
    panels = FOXGLOVE["configById"]
    for topic, settings in panels["3D!stage"]["topics"].items():
        assert KNOWN[topic[1:]].type in SHOWS.values()
        assert settings["visible"] == (topic == "/stage")
    assert panels["3D!stage"]["followTf"] == STAGE_FRAME
    assert KNOWN[panels["DiagnosticSummary!nodes"]["topicToRender"]].type == "diagnostic_msgs/msg/DiagnosticArray"
    for path in panels["Plot!joints"]["paths"]:
        assert KNOWN[path["value"].split(".")[0][1:]].type == "sensor_msgs/msg/JointState"
    services = {panel["buttonText"]: panel["serviceName"] for name, panel in panels.items() if "CallService" in name}
    assert all(KNOWN[service[1:]].type == "std_srvs/srv/Trigger" for service in services.values())
    assert services["halt"] == "/halt"
    assert services["resume"] == "/resume"
    assert len(services) == 5

    def placed(part: Any) -> Iterator[str]:
        if isinstance(part, str):
            yield part
        else:
            yield from (*placed(part["first"]), *placed(part["second"]))

    assert sorted(placed(FOXGLOVE["layout"])) == sorted(panels)


def test_the_stage_is_in_one_frame_and_who_is_not_there_is_deleted() -> None:
    """Figures stand in their places in one frame; alternatives that are over vanish."""
    both, one = stage(np.eye(3)[:2], np.eye(3)[1:]), stage(np.eye(3)[:2])
    assert {marker.header.frame_id for marker in both.values()} == {STAGE_FRAME}
    assert all(marker.header.stamp == to_stamp(3.5) for marker in both.values())
    assert both[("answer", 0)].action == both[("alternative", 1)].action == one[("person", 0)].action == Marker.ADD
    assert one[("alternative", 1)].action == both[("robot", 0)].action == Marker.DELETE
    figures = ("person", "robot", "answer", "alternative")
    places = {(marker.pose.position.x, marker.pose.position.y) for key, marker in both.items() if key[0] in figures}
    assert len(places) == 6, "two figures stand in one place"


def test_labels_and_stands_come_and_go_with_their_figures() -> None:
    """Who is there is named, answers without legs stand on something, and spaces have the width that suits the text."""
    both, one = stage(np.eye(3)[:2], np.eye(3)[1:]), stage(np.eye(3)[:2])
    assert [both[("label", number)].text for number in range(3)] == ["person", "answer", "1"]
    assert both[("label", 2)].action == both[("stand", 1)].action == Marker.ADD
    assert one[("label", 2)].action == one[("stand", 1)].action == Marker.DELETE
    low, high = both[("stand", 0)].points
    assert low.z + both[("stand", 0)].pose.position.z == 0.0
    assert high.z == 0.0, "the torso begins elsewhere"
    texts = [marker for marker in both.values() if marker.type == Marker.TEXT_VIEW_FACING]
    assert all(0.0 < marker.scale.x < marker.scale.z for marker in texts)
