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

"""The responder: a loaded model that answers motions with motions."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from iat_ros.errors import ConfigError, ModelError, describe
from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.cuda_graph import GraphedInference
from iat_ros.model.early import EarlyEncoder
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.generator import Act2Act
from iat_ros.model.inference import AttendingInference, for_inference
from iat_ros.model.model_file import ModelCard, load_card, load_generator
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.joint_motion import JointMotion
from iat_ros.skeleton.motion import MotionArray

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """Choose where to compute: ``auto`` takes CUDA where there is one.

    Raises:
        ConfigError: The name is unknown, or CUDA is asked for where there is none.
    """
    if name not in DEVICES:
        raise ConfigError(f"device '{name}' is unknown; choose one of: {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device 'cuda' is not available on this machine; choose device 'auto' or 'cpu'")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class Responder:
    """Answers stimuli with generated responses.

    Attributes:
        card: What the model file says about the model.
        device: Where it computes.
    """

    def __init__(self, generator: Act2Act, card: ModelCard, device: torch.device) -> None:
        self.card = card
        self.device = device
        generator = generator.cpu().eval()
        encoder, decoder = generator.encoder, generator.decoder
        self._early: EarlyEncoder | None = None
        if isinstance(encoder, AttentionEncoder) and isinstance(decoder, AttentionDecoder):
            log_std = card.stimulus_durations.log_std
            self._early = EarlyEncoder(encoder, decoder, card.dimensions.frames, log_std).to(device)
        self._infer = for_inference(generator).to(device)
        self._graphs: GraphedInference | None = None
        self._early_graphs: GraphedInference | None = None

    @staticmethod
    def load(directory: Path, device: str = "auto") -> Responder:
        """Load a model directory.

        Raises:
            ModelError: The model is missing or damaged.
            ConfigError: The device is unknown or not available.
        """
        chosen = choose_device(device)
        card = load_card(directory)
        return Responder(load_generator(directory, card), card, chosen)

    def require_limbs(self, definition: SkeletonDefinition) -> None:
        """Refuse a skeleton with other limbs than those the model was trained on.

        Raises:
            SkeletonError: The skeleton cannot give a limb; names it.
            ModelError: It can, when told to; says how.
        """
        if definition.limb_names != self.card.limb_names:
            definition.with_limbs(self.card.limb_names)
            raise ModelError(
                f"the model was made for other limbs than those in use of skeleton '{definition.name}'; set limbs to "
                f"'{', '.join(self.card.limb_names)}' for every node"
            )

    def sample_noise(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z ~ N(0, spread^2 I) for count answers, shape (count, noise)."""
        return self.card.spread * rng.standard_normal((count, self.card.dimensions.noise))

    def answer(self, stimuli: MotionArray, noise: np.ndarray) -> MotionArray:
        """Generate one response for each stimulus: a_r_hat = G(a_s, z).

        Args:
            stimuli: N motions of shape (N, T, L, 3).
            noise: z, shape (N, noise).

        Returns:
            N motions, shape (N, T, response limbs, 3), with durations learned from the data; `to_joints` reads those
            of a model that answers in joints.

        Raises:
            ModelError: The shapes do not fit the model.
        """
        given = self._given(stimuli, noise)
        with torch.inference_mode():
            if self._graphs is not None:
                return self._motions(*self._graphs(*given))
            return self._motions(*self._infer(*(part.to(self.device) for part in given)))

    def answer_early(self, beginnings: MotionArray, noise: np.ndarray) -> tuple[MotionArray, np.ndarray]:
        """Answer actions that are still going on, and tell how sure that is; see `EarlyEncoder`.

        Args:
            beginnings: What N people have done so far, resampled to T frames, shape (N, T, L, 3).
            noise: z, shape (N, noise).

        Returns:
            N answers to the whole actions, and the confidence in each from 0 to 1, shape (N,).

        Raises:
            ModelError: The shapes do not fit the model, or it is of a kind that cannot tell.
        """
        if self._early is None or not isinstance(self._infer, AttendingInference):
            raise ModelError(
                f"early answers need a model of kind 'attention', this one is '{self.card.networks}': train another, "
                "or leave the parameter 'early' of perception false"
            )
        given = self._given(beginnings, noise)
        with torch.inference_mode():
            if self._early_graphs is not None:
                limbs, duration, confidence = self._early_graphs(*given)
            else:
                limbs, duration, confidence = self._infer_early(*(part.to(self.device) for part in given))
            return self._motions(limbs, duration), confidence.cpu().numpy().astype(float)

    def _infer_early(self, limbs: Tensor, duration: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        assert self._early is not None, "others cannot tell"
        assert isinstance(self._infer, AttendingInference), "others cannot tell"
        code, confidence = self._early(limbs, duration)
        return *self._infer.decode(code, noise), confidence

    def to_joints(self, answers: MotionArray) -> list[JointMotion]:
        """Read answers as motions of the robot's joints.

        Raises:
            ModelError: The model answers with limb vectors.
        """
        joints = self.card.joints
        if joints is None:
            raise ModelError("the model answers with limb vectors, not with a robot's joints")
        positions = joints.to_positions(answers.limbs_in_body)
        pairs = zip(positions, answers.durations_s, strict=True)
        return [JointMotion(joints.names, each, float(duration_s)) for each, duration_s in pairs]

    def _given(self, stimuli: MotionArray, noise: np.ndarray) -> list[Tensor]:
        dims = self.card.dimensions
        count = len(stimuli)
        if stimuli.limbs_in_body.shape[1:] != (dims.frames, dims.limbs, 3) or noise.shape != (count, dims.noise):
            raise ModelError(
                f"the model expects stimuli ({count}, {dims.frames}, {dims.limbs}, 3) and noise ({count}, "
                f"{dims.noise}), got {stimuli.limbs_in_body.shape} and {noise.shape}"
            )
        duration = self.card.stimulus_durations.normalise(stimuli.durations_s)
        return [torch.from_numpy(part.astype(np.float32)) for part in (stimuli.limbs_in_body, duration, noise)]

    def _motions(self, limbs: Tensor, duration: Tensor) -> MotionArray:
        durations_s = self.card.response_durations.restore(duration.cpu().numpy().astype(float))
        return MotionArray(limbs.cpu().numpy().astype(float), durations_s)

    def warm_up(self, rounds: int = 3) -> None:
        """Answer a few times into the void, so that the first real answer is as fast as the others."""
        if self.device.type == "cuda" and self._graphs is None:
            try:
                self._graphs = GraphedInference(self._infer, self.card.dimensions, self.device)
                if self._early is not None:
                    self._early_graphs = GraphedInference(self._infer_early, self.card.dimensions, self.device)
            except RuntimeError as error:  # it answers all the same, a little later
                warnings.warn(f"no CUDA graph: {describe(error)}; answering without", stacklevel=2)
        dims = self.card.dimensions
        limbs = np.tile(np.array([0.0, 0.0, -1.0]), (1, dims.frames, dims.limbs, 1))
        stimulus = MotionArray(limbs, np.exp([self.card.stimulus_durations.log_mean]))
        for _ in range(rounds):
            self.answer(stimulus, np.zeros((1, dims.noise)))
            if self._early is not None:
                self.answer_early(stimulus, np.zeros((1, dims.noise)))
