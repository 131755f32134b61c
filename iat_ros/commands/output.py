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

"""Where a verb writes: checked before the work, for figures that cannot be written are found too late after it."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from iat_ros.errors import ConfigError, IatError


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json FILE``."""
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE as JSON")


def write_json(path: str | None, content: dict[str, Any]) -> None:
    """Write figures to a file where one was asked for.

    Raises:
        IatError: The file cannot be written.
    """
    if path is None:
        return
    try:
        Path(path).expanduser().write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise IatError(f"--json {path}: cannot be written: {error.strerror or error}") from error


def refuse_unwritable(args: argparse.Namespace) -> None:
    """Refuse what a verb could not write: ``--json FILE``, and ``--out DIR`` where that is a path.

    Raises:
        ConfigError: There is no such folder, it takes no files, or a file is where a directory is wanted or the other
            way round.
    """
    json_file, out = getattr(args, "json", None), getattr(args, "out", None)
    if json_file is not None:
        refuse_unwritable_file("--json", json_file, Path(json_file).expanduser())
        if out is not None and Path(out).absolute() == Path(json_file).expanduser().absolute():
            raise ConfigError(f"--json {json_file}: is --out; give the name of another file")
    if isinstance(out, Path):  # text where it is a file: `robot check` looks after that
        refuse_unwritable_directory(out)


def refuse_unwritable_file(option: str, text: str, path: Path) -> None:
    """Refuse a file that cannot be written; nothing is written to see that.

    Args:
        option: Which option names it.
        text: As the user wrote it.
        path: The file.

    Raises:
        ConfigError: It cannot.
    """
    folder = path.absolute().parent
    try:
        if path.is_dir():
            raise ConfigError(f"{option} {text}: is a directory; give the name of a file")
        if not folder.is_dir():
            raise ConfigError(f"{option} {text}: there is no folder {folder}")
        if path.is_file():
            path.open("ab").close()
        elif not path.exists():
            _write_nothing(folder)
    except OSError as error:
        raise ConfigError(f"{option} {text}: cannot be written: {error.strerror or error}") from error


def refuse_unwritable_directory(path: Path) -> None:
    """Refuse a directory that cannot be made or takes no files; it is not made yet, for the verb may still refuse.

    Raises:
        ConfigError: It cannot.
    """
    nearest: Path | None = None
    try:
        if path.is_file():
            raise ConfigError(f"--out {path}: is a file; give a directory")
        nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
        _write_nothing(nearest)
    except OSError as error:
        made = "written to" if nearest == path else "made"
        raise ConfigError(f"--out {path}: cannot be {made}: {error.strerror or error}") from error


def refuse_filled(path: Path) -> None:
    """Refuse a directory for a page that holds something already.

    Raises:
        ConfigError: It does.
    """
    if path.is_dir() and any(path.iterdir()):
        raise ConfigError(f"--out {path}: is not an empty directory; choose another one")


def _write_nothing(folder: Path) -> None:
    """Make a file that vanishes: modes tell root nothing, and no user that a file system is read-only.

    Raises:
        OSError: The folder takes no file.
    """
    tempfile.TemporaryFile(dir=folder).close()
