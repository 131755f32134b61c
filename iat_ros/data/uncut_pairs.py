"""From uncut recordings to pairs: actions of everybody, and who answered whom."""

from __future__ import annotations

from collections.abc import Sequence

from iat_ros.data.pairing import PairingAccount, pair_up
from iat_ros.data.uncut import FoundAction, UncutRecording, find_actions
from iat_ros.skeleton.definition import SkeletonDefinition


def find_pairs(
    definition: SkeletonDefinition,
    recordings: Sequence[UncutRecording],
    frames: int,
    account: PairingAccount,
    stimulus_bodies: frozenset[str] = frozenset(),
) -> tuple[list[FoundAction], list[tuple[FoundAction, FoundAction]]]:
    """Find all actions of recordings, and pair them; each recording by itself.

    Args:
        definition: The skeleton.
        recordings: Of the same skeleton.
        frames: T.
        account: Where to note what became of everything.
        stimulus_bodies: Who acts; empty: learned from who acts first.

    Returns:
        All actions, and those that are pairs.
    """
    everything: list[FoundAction] = []
    pairs: list[tuple[FoundAction, FoundAction]] = []
    for recording in recordings:
        account.minutes += recording.minutes
        account.dropped += recording.dropped
        found: list[FoundAction] = []
        for track in recording.tracks:
            mine = find_actions(definition, track, frames, account.dropped)
            account.actions[track.person] = len(mine)
            found += mine
        everything += found
        pairs += pair_up(found, account, stimulus_bodies)
    return everything, pairs
