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

"""URDFs on the topic robot_description, damaged: a kind of file whose reader is a node that is configured with it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from benchmarks.faults.valid_files import TOY, TOY_URDF

if TYPE_CHECKING:
    from benchmarks.faults.described_nodes import DescribedNodes

KIND = "robot_description"
_NUMBERS = (b"nan", b"inf", b"-inf", b"1e308", b"-1e308", b"1e-320", b"-3", b"0", b"", b"1,5", b"0x10", b"9" * 400)
_TYPES = (b"prismatic", b"floating", b"planar", b"continuous", b"fixed", b"universal", b"")
_END = b"</robot>"


def _make(folder: Path) -> list[str]:
    (folder / "toy.urdf").write_text(TOY_URDF)
    (folder / "toy.yaml").write_text(yaml.safe_dump({key: value for key, value in TOY.items() if key != "urdf"}))
    return ["toy.urdf"]


def _configure(folder: Path) -> Any:
    return _nodes((folder / "toy.yaml").read_text()).try_out((folder / "toy.urdf").read_bytes(), TOY_URDF.encode())


@functools.cache
def _nodes(mapping: str) -> DescribedNodes:
    from benchmarks.faults.described_nodes import DescribedNodes  # only where this kind is asked for: it needs ROS

    return DescribedNodes(mapping)


DESCRIPTIONS: dict[str, tuple[Callable[[Path], list[str]], Callable[[Path], Any]]] = {KIND: (_make, _configure)}
"""As in `valid_files.KINDS`; a kind of its own, since its reader is a node."""


def _swapped(pattern: bytes, values: tuple[bytes, ...], content: bytes, rng: np.random.Generator) -> bytes:
    """Replace the first group of a match by one of some values."""
    found = [match.span(1) for match in re.finditer(pattern, content)]
    if not found:
        return content
    start, stop = found[int(rng.integers(len(found)))]
    return content[:start] + values[int(rng.integers(len(values)))] + content[stop:]


def _number(content: bytes, rng: np.random.Generator) -> bytes:
    return _swapped(rb'["\s](-?[0-9][0-9.]*)(?=["\s])', _NUMBERS, content, rng)


def _type(content: bytes, rng: np.random.Generator) -> bytes:
    return _swapped(rb'type="(\w+)"', _TYPES, content, rng)


def _joined(content: bytes, rng: np.random.Generator) -> bytes:
    """Join other links, or name them otherwise: circles, two parents, links that are not there, names used twice."""
    return _swapped(rb'(?:link|name)="(\w+)"', (b"base", b"upper", b"lower", b"hand", b"elbow", b"alien"), content, rng)


def _deep(content: bytes, rng: np.random.Generator) -> bytes:
    count = int(10 ** rng.uniform(1.0, 5.0))
    return content.replace(_END, b"<a>" * count + b"</a>" * count + _END)


def _many(content: bytes, rng: np.random.Generator) -> bytes:
    """Add many links, one below the other or all below one."""
    count, kind = int(10 ** rng.uniform(0.0, 4.7)), (b"fixed", b"revolute")[int(rng.integers(2))]
    row, parts = rng.random() < 0.5, []
    for number in range(count):
        parent = b"link_%d" % (number - 1) if row and number else b"base"
        parts.append(
            b'<link name="link_%d"/><joint name="joint_%d" type="%s"><parent link="%s"/><child link="link_%d"/>'
            b'<limit lower="-1" upper="1" velocity="1" effort="1"/></joint>' % (number, number, kind, parent, number)
        )
    return content.replace(_END, b"".join(parts) + _END)


def _huge(content: bytes, rng: np.random.Generator) -> bytes:
    count = int(10 ** rng.uniform(4.0, 7.5))
    change = int(rng.integers(4))
    if change == 0:
        return content.replace(_END, b"<!--" + b"x" * count + b"-->" + _END)
    if change == 1:
        return content.replace(b'"hand"', b'"' + b"h" * count + b'"')
    if change == 2:
        return content.replace(_END, b"<material name='m'/>" * (count // 20) + _END)
    return b" " * count + content


def _entities(content: bytes, rng: np.random.Generator) -> bytes:
    """Name a robot by entities that grow, or that lie in a file, a device or on a server."""
    grow = b"<!ENTITY a0 'xxxxxxxxxx'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, int(rng.integers(2, 12)))
    )
    last = grow.count(b"ENTITY") - 1
    places = (b"file:///etc/hostname", b"file:///dev/zero", b"http://127.0.0.1:9/x")
    entities, name = (
        (grow, b"&a%d;" % last),
        (b"<!ENTITY a '" + b"x" * 100_000 + b"'>", b"&a;" * int(rng.integers(1, 2000))),
        (b"<!ENTITY a SYSTEM '%s'>" % places[int(rng.integers(len(places)))], b"&a;"),
        (b"<!ENTITY %% a SYSTEM '%s'> %%a;" % places[int(rng.integers(len(places)))], b"toy"),
    )[int(rng.integers(4))]
    return b"<!DOCTYPE robot [" + entities + b"]>" + content.partition(b"?>")[2].replace(b"hand", name)


def _encoding(content: bytes, rng: np.random.Generator) -> bytes:
    names = (b"latin-1", b"utf-16", b"utf-32", b"klingon", b"shift_jis", b"utf-7", b"rot13", b"idna")
    return content.replace(b'"1.0"', b'"1.0" encoding="%s"' % names[int(rng.integers(len(names)))], 1)


def _twice(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage two of its numbers or names."""
    ways = (_number, _type, _joined)
    for _ in range(2):
        content = ways[int(rng.integers(len(ways)))](content, rng)
    return content


HARMS: tuple[tuple[str, Callable[[bytes, np.random.Generator], bytes]], ...] = (
    ("a number", _number), ("a number", _number), ("a number", _number), ("a type", _type), ("a name", _joined),
    ("a name", _joined), ("two places", _twice), ("two places", _twice), ("deep", _deep), ("many links", _many),
    ("huge", _huge), ("entities", _entities), ("an encoding", _encoding),
)  # fmt: skip
"""Damage that only a URDF takes; bytes are damaged as in every file."""
