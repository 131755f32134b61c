"""Where actions come from: a data set on disk, or made-up motions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iat_ros.data import made_up, utd_mhad
from iat_ros.data.actions import Action, cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.protocol import Rule
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton

MADE_UP = "made_up"

RULES = (
    Rule("tennis_serve", "tennis_swing"),
    Rule("throw", "catch"),
    Rule("boxing", "arm_cross"),
    Rule("knock", "wave"),
    Rule("basketball_shoot", "clap"),
)
"""The interactions learned on UTD-MHAD; the paper names the first two, the others are this package's choice."""


@dataclass(frozen=True)
class Source:
    """Clips of one skeleton, and the rules by which they answer each other."""

    name: str
    definition: SkeletonDefinition
    clips: list[Clip]
    rules: tuple[Rule, ...]

    def actions(self, frames: int) -> list[Action]:
        """Cut every clip into a window of T frames.

        Raises:
            DataError: A clip does not hold exactly one action.
        """
        return [cut_action(self.definition, clip, frames) for clip in self.clips]


def open_source(data: str, seed: int = 0) -> Source:
    """Open a data set directory, or make motions up.

    Args:
        data: A directory of UTD-MHAD skeleton files, or ``made_up``.
        seed: Seed of made-up motions.

    Raises:
        DataError: The directory is missing or holds nothing that can be read.
    """
    definition = load_skeleton("utd_mhad")
    if data == MADE_UP:
        return Source(MADE_UP, definition, made_up.make_clips(seed=seed), RULES)
    directory = Path(data).expanduser()
    if not directory.is_dir():
        raise DataError(f"{data}: no such directory (expected UTD-MHAD skeleton files, or '{MADE_UP}')")
    labels = [label for rule in RULES for label in (rule.stimulus, rule.response)]
    return Source("UTD-MHAD", definition, utd_mhad.read_directory(directory, labels), RULES)
