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

"""Reading a data set file by file: what is bad is named, and refused or skipped by choice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from iat_ros.errors import ConfigError, DataError, SkeletonError, describe

ON_BAD = ("refuse", "skip")
_ABOUT = re.compile(r"^.*?: (clip '[^']*': )?")
"""What a line is about: a file or a clip, and in an NPZ file both."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def _nobody(_line: str) -> None:
    """Tell nobody."""


@dataclass
class Reading:
    """How a data set is read, and what could not be read of it.

    Attributes:
        on_bad: ``refuse``: one bad file refuses the whole set. ``skip``: bad files are left out.
        tell: Called with one line for every bad file, and for what else is worth knowing.
        bad: The lines so far, one for every bad file or clip.
        notes: What was left out without being bad, one line each.
    """

    on_bad: str = "refuse"
    tell: Callable[[str], None] = _nobody
    bad: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.on_bad not in ON_BAD:
            raise ConfigError(f"on_bad '{self.on_bad}' is unknown; choose one of: {', '.join(ON_BAD)}")

    def each(self, where: str, kind: str, items: Sequence[Item], read: Callable[[Item], Result]) -> list[Result]:
        """Read every item, also after a bad one, so that all bad ones are named at once.

        Args:
            where: The data set, for messages.
            kind: What the items are, in the plural, for messages.
            items: What to read.
            read: Reads one; a `DataError` or `SkeletonError` tells that it is bad.

        Returns:
            What was read of the items that are good.

        Raises:
            DataError: An item is bad and bad ones are to be refused, or none is good.
        """
        done: list[Result] = []
        problems: list[str] = []
        for item in tqdm(items, desc=kind, delay=2.0, disable=None):
            try:
                done.append(read(item))
            except (DataError, SkeletonError) as error:
                problems.append(str(error))
        self.judge(where, kind, problems, len(items))
        return done

    def judge(self, where: str, kind: str, problems: Sequence[str], count: int) -> None:
        """Name what is bad, and refuse the set or go on without it.

        Raises:
            DataError: Something is bad and is to be refused, or nothing is left.
        """
        if not problems:
            return
        self.bad += problems
        if len(problems) == count == 1:
            raise DataError(problems[0])
        if self.on_bad == "refuse" and len(problems) == 1:
            raise DataError(f"{problems[0]} (--on-bad skip leaves it out)")
        for problem in problems:
            self.tell(problem)
        if self.on_bad == "refuse" or len(problems) >= count:
            hint = "; mend or remove them, or --on-bad skip" if len(problems) < count else ""
            raise DataError(
                f"{where}: {len(problems)} of {count} {kind} cannot be used{hint}; the first: {problems[0]}"
            )


def first_of_alike(lines: Sequence[str], most: int) -> tuple[list[str], Counter[str]]:
    """Pick the first of those lines that say the very same of several files or clips.

    Args:
        lines: Each begins with what it is about, and a colon.
        most: How many of one kind are picked.

    Returns:
        The lines that were picked, in order, and of how many more each text was said.
    """
    seen: Counter[str] = Counter()
    picked = []
    for line in lines:
        text = _ABOUT.sub("", line)
        seen[text] += 1
        if seen[text] <= most:
            picked.append(line)
    return picked, Counter({text: count - most for text, count in seen.items() if count > most})


def read_lines(path: Path) -> list[str]:
    """Read a text file.

    Raises:
        DataError: It is missing, empty, or not text; the line is named.
    """
    content = read_bytes(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}: line {line} is not text (byte {error.start})") from error
    if not text.strip():
        raise DataError(f"{path}: is empty")
    return text.splitlines()


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or describe(error)}") from error


def numbers(fields: Iterable[str], where: str) -> np.ndarray:
    """Turn text into finite numbers.

    Args:
        fields: One number each.
        where: File and line, for the message.

    Raises:
        DataError: A field is no finite number; it is quoted.
    """
    values = [number(text, where) for text in fields]
    return np.array(values, dtype=float)


def number(text: str, where: str) -> float:
    """Turn text into a finite number.

    Raises:
        DataError: It is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value) or "_" in text:  # Python takes 1_000 for a number
        raise DataError(f"{where}: expected a number, got '{text.strip()[:40]}'")
    return value


def whole(text: str, where: str, what: str, low: int, high: int) -> int:
    """Turn text into a whole number within bounds.

    Raises:
        DataError: It is none, or lies outside.
    """
    try:
        value = int(text)
    except ValueError as error:
        raise DataError(f"{where}: expected {what}, got '{text.strip()[:40]}'") from error
    if not low <= value <= high:
        raise DataError(f"{where}: expected {what} between {low} and {high}, got {value}")
    return value


def by_key(found: Iterable[tuple[str, Path]]) -> tuple[dict[str, Path], list[str]]:
    """Sort files by what they are, which no two of them may share.

    Returns:
        The files that are alone, by key, and one line for every key that several files have.
    """
    files: dict[str, list[Path]] = {}
    for key, path in found:
        files.setdefault(key, []).append(path)
    problems = [
        f"{key}: is there {len(paths)} times, so which one counts? {', '.join(str(path) for path in paths)}"
        for key, paths in files.items()
        if len(paths) > 1
    ]
    return {key: paths[0] for key, paths in files.items() if len(paths) == 1}, problems


def without_zeros(positions: np.ndarray) -> np.ndarray:
    """Return positions (..., 3) with NaN where a joint is exactly (0, 0, 0): trackers write that for "not tracked"."""
    return np.where((positions == 0).all(axis=-1, keepdims=True), np.nan, positions)
