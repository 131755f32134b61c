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

"""Reading YAML strictly: plain data only, and the keys that are expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import yaml

from iat_ros.errors import ConfigError, describe


def load_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping with text keys.

    Only plain data is accepted (``yaml.safe_load``): a file from a stranger cannot run code.

    Raises:
        ConfigError: The file cannot be read, is not YAML, holds a tag, or is not a mapping.
    """
    content = _read(path, yaml.safe_load)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: expected a mapping with text keys, got {type(content).__name__}")
    return content


def check_syntax(path: Path) -> None:
    """Refuse what is no YAML, whatever it is to hold.

    Raises:
        ConfigError: The file cannot be read, or names the line that is wrong.
    """
    _read(path, lambda text: list(yaml.parse(text, Loader=yaml.SafeLoader)))


def _read(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{path}:{where} is not plain YAML: {problem}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        # PyYAML lets through what its constructors stumble over: an impossible date, a tag on the wrong content
        raise ConfigError(f"{path}: holds a value that YAML cannot read: {describe(error)}") from error


def check_keys(where: str, content: Mapping[str, Any], required: Set[str], optional: Set[str] = frozenset()) -> None:
    """Refuse missing and unknown keys.

    Raises:
        ConfigError: Names the key and lists the valid ones.
    """
    for key in content:
        if key not in required | optional:
            raise ConfigError(f"{where}: unknown key '{key}'; valid keys: {', '.join(sorted(required | optional))}")
    for key in sorted(required):
        if key not in content:
            raise ConfigError(f"{where}: key '{key}' is missing")
