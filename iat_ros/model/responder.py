"""The responder: a loaded model that answers motions with motions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from iat_ros.errors import ConfigError, ModelError
from iat_ros.model.generator import Act2Act
from iat_ros.model.model_file import ModelCard, load_card, load_generator
from iat_ros.model.normalisation import to_motions, to_tensor
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
        self._generator = generator.to(device).eval()

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

    def require_limbs(self, limb_names: tuple[str, ...]) -> None:
        """Refuse a skeleton with other limbs than those the model was trained on.

        Raises:
            ModelError: Names the limbs of both.
        """
        if limb_names != self.card.limb_names:
            raise ModelError(
                f"the model was made for limbs {', '.join(self.card.limb_names)}; the skeleton has "
                f"{', '.join(limb_names)}: choose the skeleton '{self.card.skeleton}' or another model"
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
            N motions of the same shape, with durations learned from the data.

        Raises:
            ModelError: The shapes do not fit the model.
        """
        dims = self.card.dimensions
        count = len(stimuli)
        if stimuli.limbs_in_body.shape[1:] != (dims.frames, dims.limbs, 3) or noise.shape != (count, dims.noise):
            raise ModelError(
                f"the model expects stimuli ({count}, {dims.frames}, {dims.limbs}, 3) and noise ({count}, "
                f"{dims.noise}), got {stimuli.limbs_in_body.shape} and {noise.shape}"
            )
        with torch.inference_mode():
            stimulus = to_tensor(stimuli, self.card.stimulus_durations).to(self.device)
            z = torch.from_numpy(noise.astype(np.float32)).to(self.device)
            return to_motions(self._generator(stimulus, z), self.card.response_durations)

    def warm_up(self, rounds: int = 3) -> None:
        """Answer a few times into the void, so that the first real answer is as fast as the others."""
        dims = self.card.dimensions
        limbs = np.tile(np.array([0.0, 0.0, -1.0]), (1, dims.frames, dims.limbs, 1))
        stimulus = MotionArray(limbs, np.exp([self.card.stimulus_durations.log_mean]))
        for _ in range(rounds):
            self.answer(stimulus, np.zeros((1, dims.noise)))
