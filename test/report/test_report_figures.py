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

"""Figures: drawn, not empty, of the expected size, the same bytes each time, for any skeleton."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from iat_ros.report.aggregation import aggregate
from iat_ros.report.answer_figure import draw_answers, limb_sides
from iat_ros.report.augmentation_figure import draw_augmentation
from iat_ros.report.drawing import DOTS_PER_INCH, Drawn
from iat_ros.report.embedding_figure import draw_embedding, neighbours_agree
from iat_ros.report.figure_data import AnswerData, FigureData, read_figure_data, write_figure_data
from iat_ros.report.results import Record, ResultsError
from iat_ros.report.score_figure import draw_scores
from iat_ros.skeleton.definition import BodyFrameJoints, Limb, SkeletonDefinition, load_skeleton
from iat_ros.skeleton.motion import MotionArray


def pixels(directory: Path, drawn: Drawn) -> np.ndarray:
    """Read a figure's PNG after a look at its size and its SVG, shape (H, W, 3)."""
    image = imread(directory / drawn.png)[..., :3]
    expected = (drawn.height_px * DOTS_PER_INCH / 96, drawn.width_px * DOTS_PER_INCH / 96)
    np.testing.assert_allclose(image.shape[:2], expected, atol=2.0)
    assert image.std() > 0.03
    root = ElementTree.parse(directory / drawn.svg).getroot()
    assert root.tag.endswith("svg")
    assert len(list(root.iter())) > 50
    return np.asarray(image)


def has_colour(image: np.ndarray, colour: str) -> bool:
    """Tell whether pixels of a colour (``#rrggbb``) are in the image."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return bool((np.abs(image - rgb).max(axis=-1) < 0.02).sum() > 20)


def test_every_figure_is_drawn(records: list[dict], figure_data: FigureData, tmp_path: Path) -> None:
    """All kinds of figures, none of them empty."""
    assert figure_data.embedding
    assert figure_data.augmentation
    pixels(tmp_path, draw_embedding(figure_data.embedding, tmp_path))
    pixels(tmp_path, draw_augmentation(figure_data.augmentation, tmp_path))
    parsed = [Record.parse(record) for record in records]
    scores = draw_scores(aggregate(records), parsed, "subject", tmp_path, with_paper=True)
    with_paper = pixels(tmp_path, scores)
    without = pixels(tmp_path, draw_scores(aggregate(records), parsed, "subject", tmp_path, with_paper=False))
    assert not np.array_equal(with_paper, without)


@pytest.mark.parametrize("axis", ["scale", "dimension"])
@pytest.mark.parametrize("quality", ["effectiveness", "reliability"])
def test_every_course_of_f_and_r_is_in_the_picture(
    figure_data: FigureData, tmp_path: Path, axis: str, quality: str
) -> None:
    """Other numbers, another picture."""
    assert figure_data.augmentation
    name = f"{axis}_{quality}"
    before = pixels(tmp_path, draw_augmentation(figure_data.augmentation, tmp_path))
    other = replace(figure_data.augmentation, **{name: getattr(figure_data.augmentation, name)[:, ::-1]})
    assert not np.array_equal(pixels(tmp_path, draw_augmentation(other, tmp_path)), before)


def test_strips_show_stimulus_and_answers_in_colours_of_their_own(figure_data: FigureData, tmp_path: Path) -> None:
    """One picture for each stimulus; left and right limbs, stimulus and answers differ."""
    assert figure_data.answers
    drawn = draw_answers(figure_data.answers, tmp_path)
    assert [figure.svg for figure in drawn] == ["figures/fig7_1.svg", "figures/fig7_2.svg"]
    for figure in drawn:
        image = pixels(tmp_path, figure)
        for colour in ("#003f66", "#5aa9dd", "#7a2f00", "#f08a3c"):
            assert has_colour(image, colour), colour


def test_the_persons_left_is_at_the_right_of_the_picture(figure_data: FigureData, tmp_path: Path) -> None:
    """The camera stands in front of the person, as who faces them sees them."""
    assert figure_data.answers
    still = figure_data.answers.stimuli[[0]].limbs_in_body[:, :1].repeat(32, axis=1)  # the rest pose
    motions = MotionArray(still, np.ones(1))
    data = AnswerData(figure_data.answers.definition, ("rest",), motions, (motions,))
    image = pixels(tmp_path, draw_answers(data, tmp_path)[0])
    image = image[: image.shape[0] // 2, : image.shape[1] // 8]  # the first pose of the stimulus

    def column(colour: str) -> float:
        rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return float(np.nonzero(np.abs(image - rgb).max(axis=-1) < 0.02)[1].mean())

    assert column("#5aa9dd") < column("#0072B2") < column("#003f66")


def test_the_same_data_give_the_same_bytes(figure_data: FigureData, tmp_path: Path) -> None:
    """No dates, no random ids."""
    for name in ("one", "two"):
        write_figure_data(tmp_path / name, figure_data)
        assert figure_data.augmentation
        draw_augmentation(figure_data.augmentation, tmp_path / name)
        assert figure_data.embedding
        draw_embedding(figure_data.embedding, tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 6
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


def test_figure_data_survive_the_disk(figure_data: FigureData, tmp_path: Path) -> None:
    """What is read is what was written, the skeleton included."""
    write_figure_data(tmp_path, figure_data)
    read = read_figure_data(tmp_path)
    assert read.answers
    assert figure_data.answers
    used = replace(figure_data.answers.definition, other_limbs=())  # those that nothing was drawn with
    assert read.answers.definition == used
    np.testing.assert_array_equal(read.answers.stimuli.limbs_in_body, figure_data.answers.stimuli.limbs_in_body)
    for mine, theirs in zip(read.answers.answers, figure_data.answers.answers, strict=True):
        np.testing.assert_array_equal(mine.durations_s, theirs.durations_s)
    for name in ("embedding", "augmentation"):
        mine, theirs = vars(getattr(read, name)), vars(getattr(figure_data, name))
        assert mine.keys() == theirs.keys()
        for key, value in theirs.items():
            np.testing.assert_array_equal(mine[key], value)


def test_damaged_figure_data_give_one_line(figure_data: FigureData, tmp_path: Path) -> None:
    """Nothing to draw is fine; half of it is not."""
    assert read_figure_data(tmp_path) == FigureData()
    write_figure_data(tmp_path, figure_data)
    (tmp_path / "figures.npz").rename(tmp_path / "kept.npz")
    with pytest.raises(ResultsError, match=r"figures\.npz: no such file, though figures\.json is there"):
        read_figure_data(tmp_path)
    content = (tmp_path / "kept.npz").read_bytes()
    (tmp_path / "figures.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ResultsError, match="damaged or unreadable"):
        read_figure_data(tmp_path)
    write_figure_data(tmp_path, replace(figure_data, answers=None))
    (tmp_path / "figures.json").write_text('{"answers": {"names": ["throw"], "skeleton": {}}}', encoding="utf-8")
    with pytest.raises(ResultsError, match="do not fit"):
        read_figure_data(tmp_path)


def test_wrong_shapes_are_refused(figure_data: FigureData) -> None:
    """Before anything is drawn."""
    assert figure_data.embedding
    assert figure_data.augmentation
    assert figure_data.answers
    with pytest.raises(ResultsError, match="vae_stimuli needs points"):
        replace(figure_data.embedding, vae_stimuli=np.zeros((18, 1)))
    with pytest.raises(ResultsError, match="exceed their 3 names"):
        replace(figure_data.embedding, stimulus_category=np.full(18, 3))
    with pytest.raises(ResultsError, match="scale_reliability needs shape"):
        replace(figure_data.augmentation, scale_reliability=np.zeros((2, 3)))
    with pytest.raises(ResultsError, match="dimensions must rise"):
        replace(figure_data.augmentation, dimensions=np.array([1, 3, 3, 4]))
    with pytest.raises(ResultsError, match="expected motions"):
        replace(figure_data.answers, names=("throw",))


def test_neighbours_agree_by_hand() -> None:
    """Of four points on a line, the two in the middle are each other's nearest."""
    points = np.array([[0.0], [2.0], [3.0], [5.0]])
    assert neighbours_agree(points, np.array([0, 0, 1, 1])) == pytest.approx(0.5)
    assert neighbours_agree(points, np.array([0, 1, 1, 0])) == pytest.approx(0.5)
    assert neighbours_agree(points, np.array([1, 1, 1, 1])) == pytest.approx(1.0)


def test_sides_of_limbs_come_from_names_or_from_the_body_frame() -> None:
    """Names say it; where they don't, what starts at the frame's left or right joint does."""
    sides = limb_sides(load_skeleton("utd_mhad"))
    assert sides == ["", "", "left", "left", "left", "right", "right", "right"]
    limbs = [("t", "s", "c"), ("a", "c", "p"), ("b", "p", "q"), ("d", "q", "w"), ("e", "c", "x"), ("f", "x", "y")]
    frame = BodyFrameJoints(left="p", right="x", bottom="s", top="c")
    nameless = SkeletonDefinition("nameless", tuple("scpqwxy"), tuple(Limb(*limb) for limb in limbs), frame)
    assert limb_sides(nameless) == ["", "", "left", "left", "", "right"]
    frame = BodyFrameJoints(left="a", right="b", bottom="torso", top="left_collar")
    limbs = [("torso", "torso", "left_collar"), ("neck", "left_collar", "head"), ("x", "left_collar", "RightShoulder")]
    joints = ("torso", "left_collar", "head", "RightShoulder", "a", "b")
    collar = SkeletonDefinition("collar", joints, tuple(Limb(*limb) for limb in limbs), frame)
    assert limb_sides(collar) == ["", "", "right"]


def test_any_skeleton_is_drawn(tmp_path: Path) -> None:
    """Three limbs without names that tell anything, no head."""
    frame = BodyFrameJoints(left="p", right="q", bottom="s", top="c")
    limbs = (Limb("a", "s", "c"), Limb("b", "c", "p"), Limb("d", "c", "q"))
    definition = SkeletonDefinition("tiny", ("s", "c", "p", "q"), limbs, frame)
    vectors = np.random.default_rng(0).normal(size=(1, 5, 3, 3))
    motions = MotionArray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.array([0.7]))
    drawn = draw_answers(AnswerData(definition, ("odd_one",), motions, (motions,)), tmp_path)
    image = pixels(tmp_path, drawn[0])
    for colour in ("#0072b2", "#d55e00"):  # no limb starts at the left or right joint: stimulus and answer alone differ
        assert has_colour(image, colour), colour
