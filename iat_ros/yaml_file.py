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

    Only plain data is accepted (``yaml.SafeLoader``): a file from a stranger cannot run code.

    Raises:
        ConfigError: The file cannot be read, is not YAML, holds a tag or a key twice, or is not a mapping.
    """
    content = _read(path, lambda text: _StrictLoader(text).get_single_data())
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: expected a mapping with text keys, got {type(content).__name__}")
    return content


def check_syntax(path: Path, once_in: str) -> None:
    """Refuse what is no YAML, whatever it is to hold, and what stands twice in one kind of mapping.

    Mappings of one path of keys are one, as ROS has it for the parameters of a node; a slash parts keys, too.

    Args:
        path: The file.
        once_in: Key of the mappings, at any depth, in which nothing may stand twice.

    Raises:
        ConfigError: The file cannot be read, or names the line that is wrong.
    """

    def check(text: str) -> None:
        """Look at all documents of a file together."""
        lines: dict[tuple[str, ...], int] = {}
        for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
            _check_once(document, once_in, lines)

    _read(path, check)


class _StrictLoader(yaml.SafeLoader):
    """PyYAML takes the last of two values of one key and says nothing; here that is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping, whose keys differ."""
        _refuse_doubled(node)
        return super().construct_mapping(node, deep)


class _DoubledKeyError(yaml.YAMLError):
    """A key stands twice in one mapping."""

    def __init__(self, key: str, line: int, first: int) -> None:
        super().__init__(f"line {line}: '{key}' stands twice, first in line {first}; keep one of them")


def _check_once(document: yaml.Node | None, once_in: str, lines: dict[tuple[str, ...], int]) -> None:
    """Refuse what stands twice under a key; the lines of what was found already are by the path of keys to it."""
    left: list[tuple[yaml.Node | None, tuple[str, ...]]] = [(document, ())]
    seen: set[int] = set()
    while left:
        node, path = left.pop(0)
        if not isinstance(node, yaml.MappingNode) or id(node) in seen:  # aliases lead to a node many times
            continue
        seen.add(id(node))
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            own = (*path, *filter(None, key.value.split("/")))
            if once_in in path and not isinstance(value, yaml.MappingNode):
                line = key.start_mark.line + 1
                if own in lines:
                    raise _DoubledKeyError(key.value, line, lines[own])
                lines[own] = line
            left.append((value, own))


def _refuse_doubled(node: yaml.MappingNode) -> None:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        name, line = (key.tag, key.value), key.start_mark.line + 1
        if name in lines:
            raise _DoubledKeyError(key.value, line, lines[name])
        lines[name] = line


def _read(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except _DoubledKeyError as error:
        raise ConfigError(f"{path}: {error}") from error
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
