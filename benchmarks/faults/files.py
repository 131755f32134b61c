"""Damaged files: bags, models, URDFs, YAML and clips; each is read, or refused with one line, and none runs code."""

from __future__ import annotations

import pickle
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from tqdm import tqdm

from iat_ros.data.bag import read_bag
from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Rule
from iat_ros.data.source import open_source
from iat_ros.errors import IatError, describe
from iat_ros.model.responder import Responder
from iat_ros.resources import find_config, find_model
from iat_ros.robot.description import find_urdf, load_robot_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.training.config import load_training_config

ROOT = Path(__file__).parents[2]
_LONGEST_S = 30
_Load = Callable[[Path], Any]


def measure(damages: int = 300, seed: int = 0) -> dict[str, Any]:
    """Damage files of every kind so many times, and load each.

    Returns:
        "files": by kind, how many damages were "refused" with one line, and how many left something that can be
        "read". "crashes": other exceptions; "unclear": refusals that are not one line; "hung": loads that took more
        than half a minute; "code_ran": files that ran their maker's code. "slowest_s".
    """
    rng = np.random.default_rng(seed)
    report: dict[str, Any] = {"files": {}, "crashes": 0, "unclear": 0, "hung": 0, "errors": [], "slowest_s": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        kinds = _kinds(Path(folder))
        for kind, (folder_of_kind, load) in kinds.items():
            load(folder_of_kind)  # undamaged, it loads
            whole = {
                path.relative_to(folder_of_kind): path.read_bytes()
                for path in folder_of_kind.rglob("*")
                if path.is_file()
            }
            count: Counter[str] = Counter()
            for number in tqdm(range(damages), desc=kind, disable=None):
                place = Path(folder) / "damaged"
                _write(place, _damaged(whole, rng, number))
                count[_try(load, place, kind, report)] += 1
                shutil.rmtree(place)
            report["files"][kind] = dict(count)
        report["code_ran"] = _run_code(Path(folder))
    return report


def _kinds(folder: Path) -> dict[str, tuple[Path, _Load]]:
    """Make one good directory of each kind; with what loads it."""
    skeleton, robot, config, clips, table = (folder / name for name in ("skeleton", "robot", "config", "npz", "csv"))
    for place in (skeleton, robot, config):
        place.mkdir()
    shutil.copy(find_config("skeletons", "utd_mhad"), skeleton / "skeleton.yaml")
    shutil.copy(find_config("training", "default"), config / "training.yaml")
    g1 = load_robot_config(find_config("robots", "g1"))
    shutil.copy(find_urdf(g1), robot / "robot.urdf")
    text = Path(find_config("robots", "g1")).read_text(encoding="utf-8")
    (robot / "robot.yaml").write_text(text.replace(g1.urdf, "robot.urdf"), encoding="utf-8")
    for place, kind in ((clips, "npz"), (table, "csv")):
        write_set(place, _clips(), "utd_mhad", rules=[Rule("throw", "catch")], kind=kind)
    return {
        "bags": (ROOT / "recordings" / "made_up", lambda place: list(read_bag(place))),
        "models": (find_model("utd_mhad"), lambda place: Responder.load(place, "cpu").warm_up()),
        "robots": (robot, lambda place: RobotModel.load(place / "robot.yaml")),
        "skeletons": (skeleton, lambda place: load_skeleton(str(place / "skeleton.yaml"))),
        "training": (config, lambda place: load_training_config(str(place / "training.yaml"))),
        "clips npz": (clips, lambda place: open_source(str(place), kind="generic")),
        "clips csv": (table, lambda place: open_source(str(place), kind="generic")),
    }


def _clips() -> list[Clip]:
    made = make_clips(people=1, trials=1, actions=("throw", "catch"))
    return [Clip(f"clip{k}", clip.times_s, clip.positions, clip.person, clip.action) for k, clip in enumerate(made)]


def _write(place: Path, files: dict[Path, bytes]) -> None:
    place.mkdir()
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)


def _damaged(whole: dict[Path, bytes], rng: np.random.Generator, number: int) -> dict[Path, bytes]:
    """Return the files with one of them damaged: cut, changed, noise, empty, away, swapped, or another line in it."""
    files, names = dict(whole), sorted(whole)
    name = names[int(rng.integers(len(names)))]
    content = bytearray(files[name])
    size, how = len(content), number % 9
    at, length = int(rng.integers(size)), int(rng.integers(1, 60))
    if how == 0:
        files[name] = bytes(content[:at])
    elif how == 1:
        for place in rng.integers(0, size, int(rng.integers(1, 9))):
            content[place] ^= 1 << int(rng.integers(8))
        files[name] = bytes(content)
    elif how == 2:
        files[name] = bytes(content[:at] + content[at + length :])
    elif how == 3:
        content[at : at + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        files[name] = bytes(content)
    elif how == 4:
        del files[name]
    elif how == 5:
        files[name] = (b"", rng.integers(0, 256, 1000, dtype=np.uint8).tobytes(), b"[]", b"{}")[int(rng.integers(4))]
    elif how == 6:
        other = names[int(rng.integers(len(names)))]
        files[name], files[other] = files[other], files[name]
    elif how == 7:
        content[at : at + length] = bytes(
            rng.choice(np.frombuffer(b'0123456789.,-einaf \n"{}[]<>/:#&*!', "u1"), length)
        )
        files[name] = bytes(content)
    else:
        lines = bytes(content).split(b"\n")
        rng.shuffle(lines)  # type: ignore[arg-type]
        files[name] = b"\n".join(lines)
    return files


def _try(load: _Load, place: Path, kind: str, report: dict[str, Any]) -> str:
    began = time.perf_counter()
    try:
        with _limited(_LONGEST_S):
            load(place)
        return "read"
    except IatError as error:
        if "\n" in str(error) or not str(error):
            report["unclear"] += 1
            report["errors"].append(f"{kind}: {error}")
        return "refused"
    except TimeoutError:
        report["hung"] += 1
        return "hung"
    except BaseException as error:
        report["crashes"] += 1
        report["errors"].append(f"{kind}: {describe(error)}")
        return "crashed"
    finally:
        report["slowest_s"] = max(report["slowest_s"], round(time.perf_counter() - began, 2))


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class _Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._trace,)


def _run_code(folder: Path) -> int:
    """Try files that run code where they are read carelessly; return how many did."""
    trace = folder / "trace"
    tags = (
        f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{trace}']]",
        f"!!python/object/apply:os.system ['touch {trace}']",
        f"!!python/object/new:os.system ['touch {trace}']",
    )
    bomb, ran = pickle.dumps(_Bomb(trace)), 0
    assert pickle.loads(bomb) is None  # noqa: S301 - the bomb works
    assert trace.exists()
    trace.unlink()
    attempts: list[Callable[[], Any]] = []
    for number, tag in enumerate(tags):
        path = folder / f"tag{number}.yaml"
        path.write_text(f"name: {tag}\nurdf: x\n", encoding="utf-8")
        attempts += [
            lambda path=path, load=load: load(str(path))
            for load in (load_skeleton, load_robot_config, load_training_config)
        ]
    for name in ("model.safetensors", "model.json"):
        place = folder / f"bomb_{name}"
        shutil.copytree(find_model("utd_mhad"), place)
        (place / name).write_bytes(bomb)
        (place / "model.pt").write_bytes(bomb)
        attempts.append(lambda place=place: Responder.load(place, "cpu"))
    clips = folder / "bomb_clips"
    write_set(clips, _clips(), "utd_mhad", rules=[Rule("throw", "catch")])
    for path in clips.glob("*.npz"):
        np.savez(path, positions=np.array([_Bomb(trace)], dtype=object))
    attempts.append(lambda: open_source(str(clips), kind="generic"))
    for attempt in attempts:
        try:
            attempt()
        except IatError:
            pass
        ran += trace.exists()
        trace.unlink(missing_ok=True)
    return ran
