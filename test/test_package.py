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

"""The package as ROS 2 users get it: colcon builds it, and what it installs is complete."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from catkin_pkg.package import parse_package

import iat_ros
from iat_ros.__main__ import VERBS

ROOT = Path(__file__).parents[1]
COLCON = (sys.executable, "-c", "import sys; from colcon_core.command import main; sys.exit(main())")
KEY_OF_MODULE = {
    "matplotlib": "python3-matplotlib",
    "coal": "coal",
    "numba": "python3-numba",
    "numpy": "python3-numpy",
    "pinocchio": "pinocchio",
    "rich": "python3-rich",
    "rosbags": "python3-rosbags-pip",
    "scipy": "python3-scipy",
    "sklearn": "python3-sklearn",
    "torch": "python3-torch",
    "tqdm": "python3-tqdm",
    "trimesh": "python3-trimesh-pip",
    "yaml": "python3-yaml",
}
WITHOUT_KEY = {"safetensors", "viser", "websockets"}  # rosdep's websockets is older than viser's
OPTIONAL = {"ray", "mediapipe", "cv2"}  # reproduce --ray and camera look for these, and say so where they are missing
NOT_IMPORTED = {"launch", "launch_ros", "ros2launch", "control_msgs"}  # launch/ needs these, the last is looked for


def run(*words: str | Path, **environment: str) -> str:
    """Run a program to its end and return what it printed; a failure shows all of it."""
    done = subprocess.run(
        [str(word) for word in words],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows or would add: what a clone will hold."""
    workspace = tmp_path_factory.mktemp("workspace")
    listed = run("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (workspace / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, workspace / "src" / name)
    return workspace / "src"


@pytest.fixture(scope="module")
def installed(source: Path) -> Path:
    """The prefix into which colcon installed the package."""
    workspace = source.parent
    places = ("--base-paths", source, "--build-base", workspace / "build", "--install-base", workspace / "install")
    run(*COLCON, "--log-base", workspace / "log", "build", *places, COLCON_HOME=str(workspace / "home"))
    return workspace / "install" / "iat_ros"


def python_path(prefix: Path) -> str:
    """PYTHONPATH after sourcing the workspace."""
    (package,) = prefix.glob("l*/**/iat_ros/__init__.py")
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(package.parents[1]), *([before] if before else [])])


def test_every_shared_file_is_installed(source: Path, installed: Path) -> None:
    """share/iat_ros holds configurations, launch files, models and recordings, in the same folders as the checkout."""
    folders = [folder for folder in ("config", "launch", "models", "recordings") if (source / folder).is_dir()]
    wanted = [path.relative_to(source) for folder in folders for path in (source / folder).rglob("*") if path.is_file()]
    assert {path.parts[0] for path in wanted} >= {"config", "launch", "recordings"}
    for path in [*wanted, Path("package.xml")]:
        assert (installed / "share" / "iat_ros" / path).read_bytes() == (source / path).read_bytes(), path


def test_colcon_takes_it_for_an_ament_package(installed: Path) -> None:
    """An invalid package.xml would silently make it a plain Python package, without ament's environment hook."""
    assert (installed / "share" / "ament_index" / "resource_index" / "packages" / "iat_ros").is_file()
    assert (installed / "share" / "iat_ros" / "hook" / "ament_prefix_path.sh").is_file()


def test_every_module_is_installed(source: Path, installed: Path) -> None:
    """No folder of iat_ros is forgotten."""
    (package,) = installed.glob("l*/**/iat_ros/__init__.py")
    wanted = {path.relative_to(source / "iat_ros") for path in (source / "iat_ros").rglob("*.py")}
    assert {path.relative_to(package.parent) for path in package.parent.rglob("*.py")} == wanted


def test_every_verb_is_an_executable(installed: Path) -> None:
    """`ros2 run` and launch files find each verb in lib/iat_ros, and nothing else."""
    programs = {path.name for path in (installed / "lib" / "iat_ros").iterdir() if os.access(path, os.X_OK)}
    assert programs == set(VERBS)


def test_installed_verbs_run_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    """A verb does its work with installed files only."""
    environment = {"PYTHONPATH": python_path(installed)}
    where = "from iat_ros.resources import share_directory; print(share_directory())"
    found = run("env", "-C", tmp_path, sys.executable, "-c", where, **environment).strip()
    assert Path(found) == installed / "share" / "iat_ros"
    programs = installed / "lib" / "iat_ros"
    told = run("env", "-C", tmp_path, programs / "make_up", "--out", "bag", "--people", "1", **environment)
    assert "frames" in told
    assert (tmp_path / "bag" / "metadata.yaml").is_file()
    assert "--no-autostart" in run("env", "-C", tmp_path, programs / "interact", "--help", **environment)


def test_the_environment_finds_the_checkout_from_any_folder(tmp_path: Path) -> None:
    """What `make venv` does after pip, by make itself; a blank in the path does no harm; both kinds of .venv get it."""
    checkout = tmp_path / "my checkout"
    (checkout / "iat_ros").mkdir(parents=True)
    (checkout / "iat_ros" / "__init__.py").touch()
    shutil.copy(ROOT / "Makefile", checkout)
    (checkout / "last_step.mk").write_text("include Makefile\nlast_step:\n\t$(ADD_CHECKOUT)\n")
    run(sys.executable, "-m", "venv", "--without-pip", checkout / ".venv")
    run("make", "-C", checkout, "-f", "last_step.mk", "last_step")
    where = ("-c", "import iat_ros; print(iat_ros.__file__)")
    found = run("env", "-C", tmp_path, "-u", "PYTHONPATH", checkout / ".venv" / "bin" / "python", *where)
    assert Path(found.strip()) == checkout / "iat_ros" / "__init__.py"
    for kind in ("ros", "wheels"):
        assert "iat_ros_checkout.pth" in run("make", "-C", checkout, "--dry-run", f".venv/installed-with-{kind}")


def test_versions_and_people_agree() -> None:
    """package.xml, setup.py and the package name the same version and maintainer."""
    package = parse_package(str(ROOT))
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert package.version == iat_ros.__version__
    assert f'version="{package.version}"' in setup
    assert f'maintainer_email="{package.maintainers[0].email}"' in setup
    assert package.get_build_type() == "ament_python"


def test_package_xml_names_what_the_code_imports() -> None:
    """Every import from outside has its rosdep key, or its line in requirements/ros.txt; no key is superfluous."""
    imported: set[str] = set()
    for path in (ROOT / "iat_ros").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    imported -= {"iat_ros", *OPTIONAL, *sys.stdlib_module_names}
    keys = {depend.name for depend in parse_package(str(ROOT)).exec_depends}
    assert keys - NOT_IMPORTED == {KEY_OF_MODULE.get(name, name) for name in imported - WITHOUT_KEY}
    lines = (ROOT / "requirements" / "ros.txt").read_text(encoding="utf-8")
    assert {re.split("==", line)[0] for line in lines.splitlines() if "==" in line} >= imported & WITHOUT_KEY
