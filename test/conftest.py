"""What all tests share: a ROS domain of their own."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _held_by_another_run(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


@pytest.fixture(scope="module")
def ros_domain() -> Iterator[int]:
    """A domain id that nobody else on this machine tests on now; for this process and those that it starts."""
    folder = Path(tempfile.gettempdir())
    for number in range(100):
        domain = 1 + (os.getpid() + number) % 100
        with open(folder / f"iat_ros_test_domain_{domain}.lock", "w") as lock:
            if _held_by_another_run(lock):
                continue
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("ROS_DOMAIN_ID", str(domain))
                yield domain
            return
    pytest.fail("all ROS domains are taken by other runs of the tests")
