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

"""Build and install iat_ros for colcon, pip and the ROS build farm."""

import runpy
from pathlib import Path

from setuptools import find_packages, setup

NAME = "iat_ros"
SHARE = Path("share") / NAME
SHARED_FOLDERS = ("config", "launch", "models", "recordings")
VERBS = runpy.run_path(f"{NAME}/__main__.py")["VERBS"]


def data_files():
    """Return (destination, files) for everything outside Python that the installed package reads."""
    files = {
        Path("share/ament_index/resource_index/packages"): [f"resource/{NAME}"],
        SHARE: ["package.xml"],
    }
    for folder in SHARED_FOLDERS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                files.setdefault(SHARE / path.parent, []).append(str(path))
    return [(str(destination), names) for destination, names in files.items()]


setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    data_files=data_files(),
    # What it runs on comes from rosdep (package.xml) or requirements/: an unpinned torch would pull gigabytes of CUDA.
    install_requires=["setuptools"],
    extras_require={"test": ["pytest", "hypothesis"], "camera": ["mediapipe>=0.10.30"]},
    python_requires=">=3.10",
    zip_safe=True,
    author="iat_ros maintainers",
    author_email="maintainers@iat-ros.example",
    maintainer="iat_ros maintainers",
    maintainer_email="maintainers@iat-ros.example",
    description="A person acts in front of a robot; the robot answers with a fitting motion of its own.",
    license="Apache-2.0",
    entry_points={"console_scripts": [f"{verb} = {NAME}.commands.{verb}:main" for verb in VERBS]},
)
