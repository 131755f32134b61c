"""Options that the verbs which run lifecycle nodes share."""

from __future__ import annotations

import argparse

INPUTS = ("skeletons", "markers", "tf", "pose_array", "zed", "hri")
"""Where people come from: clouds as this package sends them, or what the tracker node turns into these."""


def add_autostart(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--no-autostart``."""
    parser.add_argument(
        "--no-autostart",
        action="store_true",
        help="stay unconfigured until a lifecycle manager configures and activates the node",
    )
