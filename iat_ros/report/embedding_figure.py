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

"""Figure 5: where actions lie in the embedding space, with the VAE loss only and with the PE loss too."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from iat_ros.report.drawing import COLOURS, MARKERS, Drawn, new_figure, readable, save
from iat_ros.report.figure_data import EmbeddingData


def draw_embedding(data: EmbeddingData, directory: Path) -> Drawn:
    """Draw stimuli and responses, each with both losses, coloured by category."""
    with new_figure(8.6, 7.4) as figure:
        grid = figure.subplots(2, 2)
        sides = (
            ("Stimuli", data.vae_stimuli, data.pe_stimuli, data.stimulus_category, data.stimulus_names),
            ("Responses", data.vae_responses, data.pe_responses, data.response_category, data.response_names),
        )
        for row, (side, vae, pe, category, names) in zip(grid, sides, strict=True):
            for axes, points, loss in zip(row, (vae, pe), ("VAE loss only", "with PE loss"), strict=True):
                for index, name in enumerate(names):
                    mine = points[category == index]
                    axes.scatter(
                        mine[:, 0], mine[:, 1], s=34, alpha=0.85, linewidths=0.5, edgecolors="white",
                        color=COLOURS[index % len(COLOURS)], marker=MARKERS[index % len(MARKERS)], label=readable(name),
                    )  # fmt: skip
                share = 100.0 * neighbours_agree(points, category)
                axes.set_title(f"{side}, {loss}", pad=20)
                axes.text(
                    0.0, 1.02, f"nearest neighbour of the same category: {share:.0f} %", transform=axes.transAxes,
                    fontsize=9,
                )  # fmt: skip
                axes.set_xlabel("first axis of L")
                axes.set_ylabel("second axis of L")
                axes.set_aspect("equal", adjustable="datalim")
            row[1].legend(
                loc="center left", bbox_to_anchor=(1.01, 0.5), title=side, alignment="left", handletextpad=0.2
            )
        return save(figure, directory, "fig5")


def neighbours_agree(points: np.ndarray, category: np.ndarray) -> float:
    """Share of the points (N, D) whose nearest other point is of their category, over all dimensions of L."""
    squared = np.square(points[:, None] - points[None]).sum(axis=-1)
    np.fill_diagonal(squared, np.inf)
    return float((category[squared.argmin(axis=1)] == category).mean())
