"""What all tests share: a ROS domain of their own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

_COUNTER = itertools.count(os.getpid())

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def ros_domain() -> Iterator[int]:
    """A domain id that no other module of this run uses; for this process and those that it starts."""
    domain = 1 + next(_COUNTER) % 101
    before = os.environ.get("ROS_DOMAIN_ID")
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    yield domain
    if before is None:
        del os.environ["ROS_DOMAIN_ID"]
    else:
        os.environ["ROS_DOMAIN_ID"] = before
