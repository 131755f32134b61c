"""Options that the verbs which run lifecycle nodes share."""

from __future__ import annotations

import argparse


def add_autostart(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--no-autostart``."""
    parser.add_argument(
        "--no-autostart",
        action="store_true",
        help="stay unconfigured until a lifecycle manager configures and activates the node",
    )
