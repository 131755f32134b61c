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

"""A bag that is being written: flushed, closed, cut off, mended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rosbags.typesys import Stores, get_typestore

from iat_ros.data.bag import CLOUD, _message, read_bag
from iat_ros.data.bag_recorder import STORAGES, BagRecorder, mend_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import from_clips
from iat_ros.errors import DataError

STORE = get_typestore(Stores.ROS2_JAZZY)
FRAMES = list(from_clips(make_clips(1, 1, actions=("knock",)), still_s=0.2))
MESSAGES = [bytes(STORE.serialize_cdr(_message(STORE, frame), CLOUD)) for frame in FRAMES]


def write(recorder: BagRecorder, first: int, last: int) -> None:
    """Write some of the messages."""
    for index in range(first, last):
        recorder.write("/skeletons", 10**18 + index, MESSAGES[index])


@pytest.mark.parametrize("storage", STORAGES)
def test_what_is_recorded_comes_back(tmp_path: Path, storage: str) -> None:
    """Flushes in between change nothing, and times never run backwards."""
    recorder = BagRecorder(
        tmp_path / "bag", {"/skeletons": CLOUD, "/joint_states": "sensor_msgs/msg/JointState"}, storage
    )
    recorder.flush()
    write(recorder, 0, 30)
    recorder.flush()
    recorder.flush()
    recorder.write("/skeletons", 5, MESSAGES[30])
    write(recorder, 31, len(MESSAGES))
    recorder.close()
    assert [frame.time_s for frame in read_bag(tmp_path / "bag")] == pytest.approx([frame.time_s for frame in FRAMES])
    assert recorder.counts == {"/skeletons": len(MESSAGES), "/joint_states": 0}
    with pytest.raises(DataError, match=r"/proc/bag: cannot be written: No such file or directory$"):
        BagRecorder(Path("/proc/bag"), {"/skeletons": "sensor_msgs/msg/PointCloud2"})
    with pytest.raises(DataError, match="exists already"):
        BagRecorder(tmp_path / "bag", {}, storage)


@pytest.mark.parametrize("storage", STORAGES)
def test_who_is_killed_loses_only_what_came_after_the_last_flush(tmp_path: Path, storage: str) -> None:
    """A process killed by the system leaves a bag that can be mended; the broken one stays as it is."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from test_data_bag_recorder import *\n"
        f"recorder = BagRecorder(Path({str(tmp_path / 'bag')!r}), {{'/skeletons': CLOUD}}, {storage!r})\n"
        "write(recorder, 0, 40); recorder.flush(); write(recorder, 40, 50)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{Path(__file__).parent}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    (file,) = [*(tmp_path / "bag").glob("bag.mcap"), *(tmp_path / "bag").glob("bag.db3")]
    before = file.read_bytes()
    assert mend_bag(tmp_path / "bag", tmp_path / "new") == {"/skeletons": 40}
    assert len(list(read_bag(tmp_path / "new"))) == 40
    assert file.read_bytes() == before


def test_a_chunk_that_was_cut_off_is_left_out_and_nothing_whole_is_refused(tmp_path: Path) -> None:
    """Cut anywhere in the second chunk, the first comes back; cut in the first, one line says so."""
    recorder = BagRecorder(tmp_path / "bag", {"/skeletons": CLOUD})
    write(recorder, 0, 20)
    recorder.flush()
    first = recorder.bytes_on_disk
    write(recorder, 20, 40)
    recorder.flush()
    second = recorder.bytes_on_disk
    recorder.close()
    whole = (tmp_path / "bag" / "bag.mcap").read_bytes()
    for number, size in enumerate((first, first + 5, (first + second) // 2)):
        (tmp_path / "cut.mcap").write_bytes(whole[:size])
        assert mend_bag(tmp_path / "cut.mcap", tmp_path / f"new{number}") == {"/skeletons": 20}
    for size in (0, 8, first // 2):
        (tmp_path / "cut.mcap").write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"cut\.mcap: (empty|not an MCAP file|was cut off before)"):
            mend_bag(tmp_path / "cut.mcap", tmp_path / "none")
    with pytest.raises(DataError, match="expected a bag with one"):
        mend_bag(tmp_path / "nowhere", tmp_path / "none")
