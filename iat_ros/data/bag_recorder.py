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

"""Writing a bag as messages come, so that little is lost when the program is killed.

Once a second all that came is written to disk as one closed chunk (mcap) or transaction (sqlite3). Who is killed loses
what came after that, and the index at the end of the bag; `mend_bag` makes a whole bag of what is there.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from iat_ros.errors import DataError, describe

STORAGES = ("mcap", "sqlite3")
_MAGIC = b"\x89MCAP0\r\n"
_CHUNK, _DATA_END, _FOOTER = 0x06, 0x0F, 0x02


class BagRecorder:
    """A bag that is being written.

    Args:
        path: The bag's directory; must not exist.
        topics: Message type, such as ``sensor_msgs/msg/PointCloud2``, by topic.
        storage: ``mcap`` (compressed) or ``sqlite3``.

    Raises:
        DataError: The directory exists or cannot be made.
    """

    def __init__(self, path: Path, topics: Mapping[str, str], storage: str = "mcap") -> None:
        if path.exists():
            raise DataError(f"{path}: exists already; choose another name or remove it first")
        self._path = path
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
        if storage == "mcap":
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        store = get_typestore(Stores.ROS2_JAZZY)
        try:
            self._writer.open()
            self._topics = {
                topic: self._writer.add_connection(topic, kind, typestore=store) for topic, kind in topics.items()
            }
        except (OSError, sqlite3.Error) as error:
            raise DataError(f"{path}: cannot be written: {_why(error)}") from error
        self._newest_ns = 0
        self._waiting = 0
        self.counts = dict.fromkeys(topics, 0)

    @property
    def bytes_on_disk(self) -> int:
        """Size of the bag so far [bytes]."""
        return sum(file.stat().st_size for file in self._path.iterdir())

    def write(self, topic: str, time_ns: int, message: bytes) -> None:
        """Take a serialised message, received at a time [ns]; times never run backwards in the bag.

        Raises:
            DataError: It cannot be written.
        """
        self._newest_ns = max(self._newest_ns, time_ns)
        try:
            self._writer.write(self._topics[topic], self._newest_ns, message)
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error
        self._waiting += 1
        self.counts[topic] += 1

    def flush(self) -> None:
        """Put all that came on disk, so that it outlives the program.

        Raises:
            DataError: It cannot be written.
        """
        if not self._waiting:
            return
        storage: Any = self._writer.storage
        try:
            if self._writer.storage_plugin is StoragePlugin.MCAP:
                storage.close_chunk()
                storage.bio.flush()
                os.fsync(storage.bio.fileno())
            else:
                storage.conn.commit()
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error
        self._waiting = 0

    def close(self) -> None:
        """Write the index and metadata.yaml.

        Raises:
            DataError: They cannot be written.
        """
        try:
            self._writer.close()
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> DataError:
        return DataError(f"{self._path}: cannot be written: {_why(error)}; what was written before can be mended")


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or describe(error)


def mend_bag(broken: Path, path: Path) -> dict[str, int]:
    """Copy what is whole of a bag whose recording was killed into a new bag; the old one stays as it is.

    Args:
        broken: The bag's directory, or its .mcap or .db3 file.
        path: The new bag's directory; must not exist.

    Returns:
        How many messages were saved, by topic.

    Raises:
        DataError: There is no such bag, or nothing in it is whole.
    """
    files = [broken] if broken.is_file() else sorted(broken.glob("*.mcap")) + sorted(broken.glob("*.db3"))
    if len(files) != 1 or files[0].suffix not in (".mcap", ".db3"):
        way = "; give them one by one" if len(files) > 1 else ""
        raise DataError(f"{broken}: expected a bag with one .mcap or .db3 file, found {len(files)}{way}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / files[0].name
        if files[0].suffix == ".mcap":
            copy.write_bytes(_whole_records(files[0].read_bytes(), str(files[0])))
        else:
            shutil.copyfile(files[0], copy)
            journal = Path(f"{files[0]}-journal")
            if journal.exists():  # half a transaction, which SQLite takes back
                shutil.copyfile(journal, f"{copy}-journal")
                with sqlite3.connect(copy) as database:
                    database.execute("SELECT count(*) FROM messages").fetchone()
        try:
            with AnyReader([copy], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
                topics = {connection.topic: connection.msgtype for connection in reader.connections}
                if not reader.message_count:
                    raise DataError(f"{broken}: no whole message in it")
                new = BagRecorder(path, topics, "mcap" if copy.suffix == ".mcap" else "sqlite3")
                for connection, time_ns, raw in reader.messages():
                    new.write(connection.topic, time_ns, raw)
                new.close()
        except DataError:
            raise
        except Exception as error:  # a damaged bag fails in whatever library reads its parts
            raise DataError(f"{broken}: cannot be mended: {describe(error)}") from error
    return new.counts


def _whole_records(content: bytes, where: str) -> bytes:
    """Return an MCAP file's records up to where it was cut off, closed with a footer that promises no index."""
    if not content:
        raise DataError(f"{where}: empty: the recorder ended before it had written anything, so nothing can be saved")
    if not content.startswith(_MAGIC):
        raise DataError(f"{where}: not an MCAP file")
    end = at = len(_MAGIC)
    chunks = 0
    while at + 9 <= len(content):
        kind, size = content[at], struct.unpack_from("<Q", content, at + 1)[0]
        if at + 9 + size > len(content) or kind in (_DATA_END, _FOOTER):
            break
        at = end = at + 9 + size
        chunks += kind == _CHUNK
    if not chunks:
        raise DataError(f"{where}: was cut off before anything was whole in it")
    return content[:end] + bytes([_FOOTER]) + struct.pack("<QQQI", 20, 0, 0, 0) + _MAGIC
