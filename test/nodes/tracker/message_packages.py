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

"""Message packages that no wheel brings, made of their definitions with ROS 2's own generators, compiled, and imported.

So nodes are tested with the very types that trackers send, over DDS; where a package is installed, that one is used.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np

_C, _PY, _CHOOSER = "rosidl_generator_c", "rosidl_generator_py", "rosidl_typesupport_c"
_WIRE, _SHAPE = "rosidl_typesupport_fastrtps_c", "rosidl_typesupport_introspection_c"
_LIBRARIES = (
    "rosidl_runtime_c", "rcutils", "rmw", "fastcdr", "rosidl_typesupport_c", "rosidl_typesupport_fastrtps_c",
    "rosidl_typesupport_fastrtps_cpp", "rosidl_typesupport_introspection_c",
)  # fmt: skip


def why_not() -> str:
    """Say what is missing to make a package; empty where nothing is."""
    if shutil.which("g++") is None:
        return "g++ is not installed"
    try:
        for name in ("rosidl_adapter.msg", "rosidl_generator_type_description", _C, _PY, _CHOOSER, _WIRE, _SHAPE):
            importlib.import_module(name)
    except ImportError as error:
        return f"{error.name} is not installed"
    return "" if (_prefix() / "share" / "std_msgs").is_dir() else "ROS 2's message definitions are not in one place"


def require(package: str, messages: dict[str, str], folder: Path) -> None:
    """Make a package importable; messages are its definitions by name, those that others need first."""
    try:
        importlib.import_module(f"{package}.msg")
    except ImportError:
        _generate(package, messages, folder)
        _compile(package, folder)
        sys.path.append(str(folder / _PY))
        importlib.invalidate_caches()
        importlib.import_module(f"{package}.msg")


def _prefix() -> Path:
    own = Path(sys.prefix)
    if (own / "share" / "std_msgs").is_dir():
        return own
    from ament_index_python.packages import get_package_prefix

    return Path(get_package_prefix("std_msgs"))


def _generate(package: str, messages: dict[str, str], folder: Path) -> None:
    from rosidl_adapter.msg import convert_msg_to_idl
    from rosidl_generator_c import generate_c
    from rosidl_generator_py import generate_py
    from rosidl_generator_type_description import generate_type_hash
    from rosidl_typesupport_c import generate_c as generate_chooser
    from rosidl_typesupport_fastrtps_c import generate_typesupport_fastrtps_c
    from rosidl_typesupport_introspection_c import generate_c as generate_shape

    source = folder / package
    (source / "msg").mkdir(parents=True)
    for name, text in messages.items():
        (source / "msg" / f"{name}.msg").write_text(text)
        convert_msg_to_idl(source, package, Path("msg") / f"{name}.msg", source / "msg")
    share = _prefix() / "share"

    def arguments(part: str) -> str:
        content = {
            "package_name": package,
            "output_dir": str(folder / part / package),
            "template_dir": str(share / part / "resource"),
            "idl_tuples": [f"{source}:msg/{name}.idl" for name in messages],
            "ros_interface_files": [str(source / "msg" / f"{name}.msg") for name in messages],
            "ros_interface_dependencies": [],
            "target_dependencies": [],
            "include_paths": [f"{name}:{share / name}" for name in ("std_msgs", "builtin_interfaces", "geometry_msgs")],
            "type_description_tuples": [
                f"msg/{name}.idl:{folder / 'hashes' / package / 'msg' / name}.json" for name in messages
            ],
        }
        path = folder / f"{part}.json"
        path.write_text(json.dumps(content))
        return str(path)

    generate_type_hash(arguments("hashes"))
    generate_c(arguments(_C), False)
    generate_py(arguments(_PY), [_CHOOSER])
    generate_typesupport_fastrtps_c(arguments(_WIRE))
    generate_shape(arguments(_SHAPE))
    generate_chooser(arguments(_CHOOSER), [_WIRE, _SHAPE])
    for part in (_C, _WIRE, _SHAPE):
        macro = part.upper()
        header = folder / part / package / "msg" / f"{part}__visibility_control.h"
        words = ("PUBLIC", "IMPORT", "EXPORT")
        header.write_text("#pragma once\n" + "".join(f"#define {macro}_{word}_{package}\n" for word in words))


def _compile(package: str, folder: Path) -> None:
    """Compile all parts of a package into the library that Python loads, and name it as ROS 2 looks for it."""
    prefix = _prefix()
    includes = [*(folder / part for part in (_C, _WIRE, _SHAPE)), sysconfig.get_path("include"), np.get_include()]
    includes += [prefix / "include", *(path for path in (prefix / "include").iterdir() if path.is_dir())]
    flags = ["-O0", "-fPIC", "-w", *(f"-I{path}" for path in includes)]
    sources = [path for part in (_C, _PY, _WIRE, _SHAPE, _CHOOSER) for path in sorted((folder / part).rglob("*.c*"))]
    alone = [path for path in sources if path.name.endswith("__description.c")]  # each has the same names in it
    objects = [folder / f"{path.stem}.o" for path in alone]
    _run("gcc", *flags, "-c", *alone, where=folder)
    # The others in one piece: most of the time goes into reading the same headers.
    for suffix, compiler in ((".c", "gcc"), (".cpp", "g++")):
        unit = folder / f"all{suffix}"
        together = [path for path in sources if path.suffix == suffix and path not in alone]
        unit.write_text("".join(f'#include "{path}"\n' for path in together))
        objects.append(folder / f"all{suffix}.o")
        _run(compiler, *flags, "-c", unit, "-o", objects[-1])
    parts = (_C, _PY, _WIRE, _SHAPE)
    others = [f"{name}__{part}" for name in ("std_msgs", "geometry_msgs", "builtin_interfaces") for part in parts]
    library = folder / _PY / package / f"{package}_s__{_CHOOSER}{sysconfig.get_config_var('EXT_SUFFIX')}"
    _run(
        "g++", "-shared", *objects, "-o", library, f"-L{prefix / 'lib'}", f"-Wl,-rpath,{prefix / 'lib'}",
        *(f"-l{name}" for name in (*others, *_LIBRARIES)),
    )  # fmt: skip
    for part in (_WIRE, _SHAPE):
        name = f"lib{package}__{part}.so"
        _run("g++", "-shared", "-Wl,--no-as-needed", library, f"-Wl,-soname,{name}", "-o", folder / name)
        ctypes.CDLL(str(folder / name))  # loaded under this name, it need not be found


def _run(*words: str | Path, where: Path | None = None) -> None:
    command = [str(word) for word in words]
    done = subprocess.run(command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
