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

"""Where the package's own configuration files, models and recordings lie, installed or in a checkout."""

from __future__ import annotations

from pathlib import Path

from iat_ros.errors import ConfigError, describe


def share_directory() -> Path:
    """Return the directory that holds config/, launch/, models/ and recordings/.

    A checkout (also an editable install) is its own share directory; an installed package has it under
    ``<prefix>/share/iat_ros``, where ament and pip both put data files.

    Raises:
        ConfigError: The package was installed without its data files.
    """
    package = Path(__file__).resolve().parent
    candidates = [package.parent, *(parent / "share" / "iat_ros" for parent in package.parents)]
    for candidate in candidates:
        if (candidate / "config" / "skeletons").is_dir():
            return candidate
    raise ConfigError(f"no config/skeletons beside or above {package}: reinstall iat_ros with its data files")


def to_path(text: str) -> Path:
    """Turn what a user wrote into a path, ``~`` included.

    Raises:
        ConfigError: It is no path that this machine can have.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except (RuntimeError, ValueError, OSError) as error:
        raise ConfigError(f"'{text[:80]}' is no usable path: {describe(error)}") from error
    return path


def find_config(kind: str, name_or_path: str) -> Path:
    """Find a YAML file by its path, or by the name of one that ships in ``config/<kind>/``.

    Args:
        kind: ``skeletons``, ``robots`` or ``training``.
        name_or_path: ``g1``, or a path to a file that ends in ``.yaml``.

    Raises:
        ConfigError: There is no such file; the message lists the names that ship.
    """
    given = to_path(name_or_path)
    if given.suffix in {".yaml", ".yml"}:
        if given.is_file():
            return given
        raise ConfigError(f"{given}: no such file (expected a {kind} YAML file)")
    if kind == "robots" and given.suffix in {".urdf", ".xacro"}:
        if not given.is_file():
            raise ConfigError(f"{given}: no such file; nor would a URDF do, expected the YAML file of its mapping")
        raise ConfigError(
            f"{given}: a URDF needs a mapping first, which tells its arms and how they rest: "
            f"robot check {given} --out my_robot.yaml, then give my_robot.yaml here"
        )
    directory = share_directory() / "config" / kind
    shipped = directory / f"{name_or_path}.yaml"
    if name_or_path and shipped.is_file() and shipped.parent == directory:
        return shipped
    names = ", ".join(sorted(path.stem for path in directory.glob("*.yaml")))
    what = {"robots": "robot", "skeletons": "skeleton", "training": "config"}[kind]
    raise ConfigError(f"{what} '{name_or_path}': none that ships is named so; expected a .yaml file or one of: {names}")


def find_model(name_or_path: str) -> Path:
    """Find a model directory by its path, or by the name of one that ships in ``models/``.

    Raises:
        ConfigError: There is no such directory; the message lists the models that ship.
    """
    given = to_path(name_or_path)
    if given.is_dir():
        return given
    models = share_directory() / "models"
    shipped = models / name_or_path
    if name_or_path and shipped.parent == models and shipped.is_dir():
        return shipped
    names = ", ".join(sorted(path.name for path in models.glob("*") if path.is_dir())) or "none ships"
    raise ConfigError(f"no model directory '{name_or_path}': give a path or one of: {names}")
