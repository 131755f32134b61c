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

"""A bag on disk: opened, and its messages read, with one clear line about whatever is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.typesys import Stores, get_typestore

from iat_ros.data.formats import detect_format
from iat_ros.errors import DataError

_SURPLUS = (0, 4, 5)
"""What is cut from a message's end until it can be read [bytes]; rosbags itself leaves up to 3 unread.

rclpy sizes a message by its fields' alignment, so that up to 8 bytes of nothing follow where its last arrays are empty.
"""
_STORED = re.compile(r".+\.(mcap|db3)(\.zstd)?")
_NAMED = 5
"""How many bags of a directory are named."""


@contextmanager
def open_bag(path: Path) -> Iterator[AnyReader]:
    """Open a bag; whatever is wrong with it becomes a `DataError`.

    Args:
        path: The bag's directory, or its .mcap or .db3 file.

    Raises:
        DataError: There is no bag, there are several in the directory, or it is damaged.
    """
    _refuse_other_paths(path)
    try:
        with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            yield reader
    except DataError:
        raise
    except Exception as error:  # a damaged bag fails in whatever library reads its parts
        reason = (
            _one_line(error) if isinstance(error, AnyReaderError) else f"{type(error).__name__}: {_one_line(error)}"
        )
        raise DataError(
            f"{path}: damaged bag, or its recording never ended: {reason}; `record --mend {path} --out NEW` saves what "
            "is whole in it"
        ) from error


def read_message(path: Path, reader: AnyReader, connection: Any, raw: bytes) -> Any:
    """Read a message as ROS 2 serialised it, whatever follows it up to 8 bytes.

    Args:
        path: The bag, for messages.
        reader: The open bag.
        connection: Where the message was recorded.
        raw: As it lies in the bag.

    Raises:
        DataError: It is no message of its topic's type.
    """
    refused: Exception | None = None
    for surplus in _SURPLUS:
        try:
            return reader.deserialize(raw[: len(raw) - surplus], connection.msgtype)
        except AnyReaderError as error:
            refused = refused or error
    raise DataError(
        f"{path}: a message of {len(raw)} bytes on {connection.topic} is no {connection.msgtype}: "
        f"{_one_line(refused or ValueError())}; record it as ROS 2 serialises it"
    )


def _refuse_other_paths(path: Path) -> None:
    if not path.exists():
        raise DataError(f"{path}: no such bag")
    if path.is_file():
        if path.suffix not in {".mcap", ".db3", ".bag"}:
            what = "expected a directory with metadata.yaml, or an .mcap or .db3 file"
            raise DataError(f"{path}: no bag; {_as_data_set(path) or what}")
        return
    inside = list(path.iterdir())
    if not inside:
        raise DataError(f"{path}: an empty directory; expected a bag: metadata.yaml and .mcap or .db3 files")
    if any(_STORED.fullmatch(file.name) for file in inside):
        return
    if (path / "metadata.yaml").is_file():
        raise DataError(f"{path}: a bag whose .mcap or .db3 files are gone: metadata.yaml alone holds no messages")
    bags = sorted(each.name for each in inside if (each / "metadata.yaml").is_file())
    if bags:
        more = f" and {len(bags) - _NAMED} more" if len(bags) > _NAMED else ""
        raise DataError(
            f"{path}: a directory of {len(bags)} bags ({', '.join(bags[:_NAMED])}{more}), expected one: "
            f"name it, such as {path / bags[0]}"
        )
    what = "expected metadata.yaml and .mcap or .db3 files in it"
    raise DataError(f"{path}: no bag; {_as_data_set(path) or what}")


def _as_data_set(path: Path) -> str | None:
    """Say what takes a path that holds a data set; None where it holds none that is known."""
    try:
        kind = detect_format(path)
    except DataError:
        return None
    if kind == "bag":
        return "its bags lie deeper: name one"
    return f"it holds a data set ({kind}): `demo`, `play`, `inspect`, `train` and `evaluate` take it as --data {path}"


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
