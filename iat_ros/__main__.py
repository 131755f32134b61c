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

"""``python -m iat_ros VERB ...``: the same program as ``ros2 run iat_ros VERB ...``."""

from __future__ import annotations

import difflib
import importlib
import signal
import sys
from collections.abc import Sequence
from typing import Any

VERBS = {
    "train": "learn a model from recordings or a data set",
    "inspect": "a look at data before training: what looks wrong, pairs, embedding, what would help",
    "evaluate": "score a model with IAT-test and IAT-train, offline or --live",
    "evaluate_bag": "replay a bag through the nodes, faster than real time, and report",
    "reproduce": "the paper's comparison from raw data: tables, figures and a page",
    "interact": "all nodes in one process",
    "perception": "skeletons -> windows, one node",
    "act2act": "windows -> responses, one node",
    "trajectory": "responses -> joint_trajectory, one node",
    "robot": "check URDF: propose and try a robot's mapping; alone: a simulated robot, one node",
    "tracker": "markers, TF, PoseArray, ZED or ROS4HRI -> skeletons, one node",
    "camera": "webcam or video -> skeletons through MediaPipe, one node",
    "play": "stream clips of any data set, or a bag, as a live skeleton",
    "record": "skeletons -> a bag to learn from",
    "viewer": "show person, answer and robot in a browser page",
    "demo": "play a recording of any skeleton to the nodes and show what they answer",
    "make_up": "write made-up motions as a bag",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; without one, list them.

    Returns:
        The verb's exit code; 2 when there is no such verb.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in VERBS:
        try:
            return int(_load(words[0]).main(words[1:]))
        except KeyboardInterrupt:  # between loading and running
            return 130
    asked = not words or words[0] in {"-h", "--help"}
    out = sys.stdout if asked else sys.stderr
    if not asked:
        near = "".join(f"; did you mean '{verb}'?" for verb in difflib.get_close_matches(words[0], VERBS, 1))
        print(f"iat_ros: no verb '{words[0]}'{near}", file=out)
    print("usage: iat_ros VERB [OPTIONS]; iat_ros VERB --help tells its options\n", file=out)
    print("\n".join(f"  {verb:12s} {text}" for verb, text in VERBS.items()), file=out)
    return 0 if asked else 2


def _load(verb: str) -> Any:
    """Import a verb; Ctrl-C meanwhile ends the process at once, for in an import it would turn into other errors."""
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return importlib.import_module(f"iat_ros.commands.{verb}")
    finally:
        signal.signal(signal.SIGINT, usual)


if __name__ == "__main__":
    sys.exit(main())
