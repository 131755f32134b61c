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

"""How every figure looks and how it is saved: one style, colours that colour-blind readers can tell, same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from iat_ros.report.results import replace_file

INK, FAINT, GRID = "#1f2430", "#6b7280", "#dfe3e8"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#AA3377", "#E69F00", "#56B4E9", "#333333")
"""After Okabe and Ito; the last ones repeat together with another marker."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DOTS_PER_INCH = 160
FOLDER = "figures"
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so it is the same everywhere
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "svg.hashsalt": "iat_ros",  # ids of an SVG are drawn at random otherwise
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Drawn:
    """A figure on disk.

    Attributes:
        svg: Its path relative to the results directory.
        png: The same as pixels.
        width_px: Its natural width on a page.
        height_px: Its natural height.
    """

    svg: str
    png: str
    width_px: int
    height_px: int


@contextmanager
def new_figure(width_in: float, height_in: float) -> Iterator[Figure]:
    """Open a figure of a size [inch] in the common style, without touching matplotlib's own state."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        yield figure


def save(figure: Figure, directory: Path, name: str) -> Drawn:
    """Save a figure as SVG and PNG; to be called inside `new_figure`. The same figure gives the same bytes."""
    (directory / FOLDER).mkdir(parents=True, exist_ok=True)
    written = {}
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, for both kinds of file
    for kind, metadata in (("svg", {"Date": None, "Creator": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
        written[kind] = f"{FOLDER}/{name}.{kind}"
        replace_file(directory / written[kind], buffer.getvalue())
    width, height = figure.get_size_inches()
    return Drawn(written["svg"], written["png"], round(96 * width), round(96 * height))


def readable(name: str) -> str:
    """Turn a category's name into words."""
    return name.replace("_", " ")
