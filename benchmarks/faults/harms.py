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

"""Ways to damage a file: bytes lost, doubled, changed, and words that a reader may stumble over."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np


def _spot(content: bytes, rng: np.random.Generator, longest: int = 40) -> slice:
    """Return a short piece of a file; half of them near its beginning, where headers are."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 512)
    at = int(rng.integers(max(1, end)))
    return slice(at, at + int(rng.integers(1, longest)))


def _cut_off(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: _spot(content, rng).start]


def _cut_begin(content: bytes, rng: np.random.Generator) -> bytes:
    return content[_spot(content, rng).start :]


def _empty(_content: bytes, _rng: np.random.Generator) -> bytes:
    return b""


def _flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    data = np.frombuffer(content, np.uint8).copy()
    if len(data):
        places = rng.integers(0, len(data) if rng.random() < 0.5 else min(512, len(data)), rng.integers(1, 20))
        data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return data.tobytes()


def _noise(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 200)
    noise = bytes(rng.integers(0, 256, spot.stop - spot.start, dtype=np.uint8))
    return content[: spot.start] + noise + content[spot.stop :]


def _zeros(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 5000)
    return content[: spot.start] + bytes(spot.stop - spot.start) + content[spot.stop :]


def _lose(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 400)
    return content[: spot.start] + content[spot.stop :]


def _double(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng, 400)
    return content[: spot.stop] + content[spot.start :]


def _twice(content: bytes, _rng: np.random.Generator) -> bytes:
    return content + content


def _swap_halves(content: bytes, _rng: np.random.Generator) -> bytes:
    return content[len(content) // 2 :] + content[: len(content) // 2]


def _printable(content: bytes, rng: np.random.Generator) -> bytes:
    spot = _spot(content, rng)
    text = bytes(rng.choice(np.frombuffer(b'0123456789.,-+eEnaif \n"{}[]:#&*!<>/=', np.uint8), spot.stop - spot.start))
    return content[: spot.start] + text + content[spot.stop :]


def _other_words(content: bytes, rng: np.random.Generator) -> bytes:
    """Replace a number or a word by something that a reader may stumble over."""
    words = [match.span() for match in _WORD.finditer(content[:200_000])]
    if not words:
        return _printable(content, rng)
    start, stop = words[int(rng.integers(len(words)))]
    return content[:start] + _TRAPS[int(rng.integers(len(_TRAPS)))] + content[stop:]


def _foreign(_content: bytes, rng: np.random.Generator) -> bytes:
    return _FOREIGN[int(rng.integers(len(_FOREIGN)))]


_WORD = re.compile(rb"[A-Za-z0-9_.+-]+")
_BOMB = b"\n".join([b"a0: &a0 [x, x]", *(b"a%d: &a%d [*a%d, *a%d]" % (i, i, i - 1, i - 1) for i in range(1, 40))])
_TRAPS = (
    b"nan", b"inf", b"-inf", b".nan", b".inf", b"1e400", b"-1", b"0", b"1e-320", b"9" * 5000, b"18446744073709551616",
    b"2147483648", b"true", b"null", b"~", b"{}", b"[]", b"''", b'""', b"2026-13-45",
    b"!!python/object/apply:os.getcwd []",
    b"!!binary xx", b"!!set {a, b}", b"!!timestamp 1", b"*missing", b"&again", b"<<", b"0x1F", b"1_000", b"12:30:45",
    "\u0660".encode(), b"\xff\xfe", b"\x00", b"[" * 3000, b"{a: " * 1500, b"../../../etc/passwd", b"/dev/zero", b"<!--",
    b"&lt;", b"&x;", b"\r", b"\t", b" ", b"a" * 100_000, b"%s", b"\\u0000", b"1e308", b"0.0", b"[x, y]",
)  # fmt: skip
_FOREIGN = (
    b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"PK\x03\x04", b"\x89MCAP0\r\n\x89MCAP0\r\n", b"SQLite format 3\x00",
    b"null", b"[]", b"{}", b"3", b"\n", b"\xff" * 1000, bytes(1000), b"MATLAB 5.0 MAT-file", b"<robot/>",
    b"<robot name='r'><link name='a'/></robot>", b"[" * 100_000, b"{" * 100_000, b'{"a":' * 50_000,
    b"- " * 2000, _BOMB, b"name: x\n", b"---\n---\n",
    b"\x93NUMPY\x01\x00", b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'xxxxxxxxxx'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10 if i > 1 else b"&a;" * 10) for i in range(1, 10))
    + b"]><robot name='&a9;'/>",
    b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><robot name='&a;'/>",
)  # fmt: skip
HARMS: tuple[tuple[str, Callable[[bytes, np.random.Generator], bytes]], ...] = (
    ("cut off", _cut_off), ("beginning lost", _cut_begin), ("empty", _empty), ("bits flipped", _flip_bits),
    ("bits flipped", _flip_bits), ("noise", _noise), ("zeros", _zeros), ("a piece lost", _lose),
    ("a piece doubled", _double), ("twice", _twice), ("halves swapped", _swap_halves), ("characters", _printable),
    ("characters", _printable), ("another word", _other_words), ("another word", _other_words),
    ("another word", _other_words), ("something else", _foreign),
)  # fmt: skip
