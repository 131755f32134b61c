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

"""The viewer's page as people see it: in headless Chromium, clicked, and compared with what the nodes did."""

from __future__ import annotations

import io
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import JointTrajectory

pytest.importorskip("viser")
from benchmarks.chromium import Browser, find_chromium, until
from iat_ros.nodes.viewer_requests import SERVICES

CHROMIUM = find_chromium()
SCENE = (slice(250, 480), slice(0, 290))
"""Part of the picture where most of person and robot is: rows, columns [px]."""

pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not installed: apt install chromium"),
]


@pytest.fixture(scope="module")
def demo(rig: Any, start: Callable[..., subprocess.Popen[str]], ros_domain: int) -> str:
    """The demonstration with its page; its topics are listened to. Returns the page's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for topic in ("windows", "responses", "alternatives"):
        rig.listen(PointCloud2, topic)
    rig.listen(JointTrajectory, "joint_trajectory")
    # A browser that draws in software may keep both cores busy: what that delays is no fault here.
    patient = ("trajectory:joint_states_timeout:=10.0", "trajectory:following_tolerance:=0.0", "viewer:rate:=10.0")
    settings = [word for setting in patient for word in ("-p", setting)]
    words = ("--port", str(port), "--device", "cpu", "--domain", str(ros_domain))
    start("demo", *words, "--ros-args", *settings)
    assert rig.until(lambda: len(rig.heard["responses"]) > 0, 120.0), "the demonstration answers nobody"
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser(demo: str) -> Iterator[Browser]:
    """A browser that shows the page."""
    with Browser(str(CHROMIUM), 800, 600) as browser:
        browser.open(demo)
        assert until(lambda: "robot: may move" in browser.text, 40.0), browser.text
        yield browser


def says(rig: Any, browser: Browser, text: str) -> bool:
    """Wait until the page says something; the nodes' messages are heard meanwhile."""
    return bool(rig.until(lambda: text in browser.text, 20.0))


def asked_for(rig: Any) -> list[PointCloud2]:
    """Answers that belong to no window: somebody asked for them."""
    stamps = {(message.header.stamp.sec, message.header.stamp.nanosec) for message in rig.heard["windows"]}
    return [each for each in rig.heard["responses"] if (each.header.stamp.sec, each.header.stamp.nanosec) not in stamps]


def pixels(browser: Browser) -> np.ndarray:
    """The page as it looks, shape (600, 800, 3)."""
    return np.asarray(Image.open(io.BytesIO(browser.picture())).convert("RGB")).astype(int)


def scene(browser: Browser) -> np.ndarray:
    """What the page draws where the figures are."""
    return pixels(browser)[SCENE]


def differ(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pixels that differ visibly."""
    return float((np.abs(one - other).max(axis=-1) > 40).mean())


def orange(browser: Browser) -> float:
    """The share of pixels in the colour of answers, where the first of three answers stands."""
    red, green, blue = np.moveaxis(pixels(browser)[200:290, 100:220], -1, 0)
    return float(((red - blue > 50) & (red > green)).mean())


def settled(rig: Any, browser: Browser) -> np.ndarray:
    """Wait until the picture stands still, and return it."""
    pictures = [scene(browser)]

    def still() -> bool:
        pictures.append(scene(browser))
        return differ(pictures[-1], pictures[-2]) == 0.0

    assert rig.until(still, 20.0), "the picture does not come to rest"
    return pictures[-1]


def slide(browser: Browser, share: float) -> None:
    """Press the slider at a share of its length."""
    place = browser.evaluate(
        "(() => { const r = document.querySelector('.mantine-Slider-trackContainer').getBoundingClientRect();"
        " return {x: r.x, y: r.y + r.height / 2, width: r.width}; })()"
    )
    browser.press(place["x"] + share * place["width"], place["y"])


def test_page_tells_the_times_of_the_last_answer(rig: Any, browser: Browser) -> None:
    """Each stage has a time in ms, and people, actions and answers are counted."""
    assert rig.until(lambda: browser.text.count(" ms") >= 8, 20.0), browser.text
    for word in ("window", "response", "trajectory", "robot moves", "people", "g1", "utd_mhad"):
        assert word in browser.text


def test_answer_again_and_other_noise_give_the_robot_an_answer(rig: Any, browser: Browser) -> None:
    """The same answer, then another one, each stamped with the request, and each moves the robot."""
    before = len(asked_for(rig))
    trajectories = len(rig.heard["joint_trajectory"])
    browser.click("answer again")
    assert says(rig, browser, "answer again: the same answer again"), browser.text
    assert rig.until(lambda: len(asked_for(rig)) == before + 1)
    again = asked_for(rig)[-1]
    heard = rig.heard["responses"]
    place = next(i for i, each in enumerate(heard) if each is again)
    assert again.data == heard[place - 1].data
    assert rig.until(lambda: len(rig.heard["joint_trajectory"]) > trajectories)
    browser.click("other noise")
    assert says(rig, browser, "other noise: another answer to the same action"), browser.text
    assert rig.until(lambda: len(asked_for(rig)) == before + 2)
    other = asked_for(rig)[-1]
    place = next(i for i, each in enumerate(heard) if each is other)
    assert other.data != heard[place - 1].data
    assert other.header.frame_id.startswith("body_")
    assert rig.until(lambda: rig.counts.get("/act2act", {}).get("requests: other_noise") == "1")


def test_buttons_stay_where_they_are(rig: Any, browser: Browser) -> None:
    """What the page says is longer or shorter; a button must not move away from under the finger."""
    before = browser.find("halt")
    browser.click("halt")
    assert says(rig, browser, "robot: halted: on request; call resume"), browser.text
    assert says(rig, browser, "halt: halted; call resume to go on"), browser.text
    assert browser.find("halt") == before
    browser.click("resume")
    assert says(rig, browser, "robot: may move"), browser.text
    assert browser.find("halt") == before


def test_three_answers_are_shown_and_move_nothing(rig: Any, browser: Browser) -> None:
    """Three different alternatives with one stamp, the first of them drawn; none of them comes as a response."""
    assert orange(browser) == 0.0
    browser.click("three answers")
    assert says(rig, browser, "three answers: 3 answers to the same action"), browser.text
    assert rig.until(lambda: len(rig.heard["alternatives"]) == 3)
    shown = rig.heard["alternatives"]
    assert len({(each.header.stamp.sec, each.header.stamp.nanosec) for each in shown}) == 1
    assert len({bytes(each.data) for each in shown}) == 3
    assert all(each.data != response.data for each in shown for response in rig.heard["responses"])
    assert rig.until(lambda: rig.counts.get("/viewer", {}).get("alternatives") == "3")
    assert rig.until(lambda: orange(browser) > 0.03), "no figure stands between person and robot"


def test_halt_and_resume_say_what_the_robot_may(rig: Any, browser: Browser) -> None:
    """Halt stops the answers until resume, the page says why, and only then resume can be clicked."""
    assert browser.find("resume")["disabled"]
    browser.click("halt")
    assert says(rig, browser, "robot: halted: on request; call resume"), browser.text
    assert rig.until(lambda: rig.counts["/trajectory"]["trouble"].startswith("halted: on request"))
    assert rig.until(lambda: not browser.find("resume")["disabled"])
    moved, answers = len(rig.heard["joint_trajectory"]), len(rig.heard["responses"])
    browser.click("answer again")
    assert rig.until(lambda: len(rig.heard["responses"]) > answers)
    assert rig.until(lambda: any("must not move: halted" in key for key in rig.counts["/trajectory"]))
    assert len(rig.heard["joint_trajectory"]) == moved, "a halted robot was sent a trajectory"
    browser.click("resume")
    assert says(rig, browser, "robot: may move"), browser.text
    assert rig.until(lambda: rig.counts["/trajectory"]["trouble"] == "")
    assert rig.until(lambda: browser.find("resume")["disabled"])
    assert rig.until(lambda: len(rig.heard["joint_trajectory"]) > moved, 20.0)


def test_slider_shows_the_past_and_live_comes_back(rig: Any, browser: Browser) -> None:
    """At one moment of the past everything stands still; at others, person and robot stand otherwise."""
    slide(browser, 0.02)
    assert says(rig, browser, " s ago: "), browser.text
    pictures = []
    for share in (0.06, 0.09, 0.12):
        slide(browser, share)
        pictures.append(settled(rig, browser))
    changes = [differ(pictures[0], each) for each in pictures[1:]]
    assert max(changes) > 0.01, f"the figures stand still wherever the slider is: {changes}"
    browser.click("live")
    assert rig.until(lambda: " s ago: " not in browser.text)
    assert rig.until(lambda: differ(pictures[-1], scene(browser)) > 0.01)
    assert browser.find("live")["disabled"]


def test_a_phone_reaches_every_button(rig: Any, demo: str, browser: Browser) -> None:
    """390 x 844, touched: each button is on the screen with nothing on top, and works."""
    browser.open("about:blank")  # two browsers that draw in software would only wait for each other
    with Browser(str(CHROMIUM), 390, 844, phone=True) as phone:
        phone.open(demo)
        assert rig.until(lambda: "robot: may move" in phone.text, 40.0), phone.text
        for button in SERVICES:
            # The panel glides in from below.
            reached = rig.until(lambda button=button: (phone.find(button) or {}).get("reachable"), 40.0)
            assert reached, f"{button} is covered, or not on the screen: {phone.find(button)}"
        before = len(asked_for(rig))
        phone.click("answer again")
        assert rig.until(lambda: len(asked_for(rig)) == before + 1)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
