"""Act2Act: answers each window with a generated response."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from sensor_msgs.msg import PointCloud2

from iat_ros.errors import ModelError
from iat_ros.model.responder import DEVICES, Responder
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, encode_motion
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import SKELETON
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion, MotionArray


class Act2ActNode(IatNode):
    """Subscribes ``windows``, publishes ``responses``, which carry the stamp and frame of their window."""

    PARAMETERS = (
        SKELETON,
        Parameter("model", "utd_mhad", "Model directory, or the name of a model that ships."),
        Parameter("device", "auto", "Where to compute; auto takes CUDA where there is one.", choices=DEVICES),
        Parameter(
            "noise_seed", -1, "Seed of one noise vector used for all answers; -1: new noise each.", -1, 2**31 - 1
        ),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("act2act", **options)
        self._responses = self.create_lifecycle_publisher(PointCloud2, "responses", RESULT_QOS)
        self._responder: Responder | None = None
        self.create_subscription(PointCloud2, "windows", self.guarded(self._on_window), RESULT_QOS)

    def setup(self, values: dict[str, Any]) -> None:
        """Load the model, check that it fits the skeleton, warm it up."""
        torch.set_num_threads(1)  # one answer is too small to gain from more
        responder = Responder.load(find_model(values["model"]), values["device"])
        responder.require_limbs(load_skeleton(values["skeleton"]).limb_names)
        responder.warm_up()
        seed = values["noise_seed"]
        self._rng = np.random.default_rng(None if seed < 0 else seed)
        self._noise = None if seed < 0 else responder.sample_noise(1, self._rng)
        self._responder = responder
        self.get_logger().info(f"model '{values['model']}' on {responder.device}")

    def teardown(self) -> None:
        """Free the model."""
        self._responder = None

    def _on_window(self, message: PointCloud2) -> None:
        responder = self._responder
        if responder is None:
            return
        started = time.perf_counter()
        dims = responder.card.dimensions
        window = decode_motion(message, dims.limbs)
        if len(window.limbs_in_body) != dims.frames:
            raise ModelError(f"window: expected {dims.frames} frames, got {len(window.limbs_in_body)}")
        noise = responder.sample_noise(1, self._rng) if self._noise is None else self._noise
        stimulus = MotionArray(window.limbs_in_body[None], np.array([window.duration_s]))
        answer = responder.answer(stimulus, noise)
        motion = Motion(answer.limbs_in_body[0], float(answer.durations_s[0]))
        self._responses.publish(encode_motion(message.header, motion))
        self.counts["answers"] += 1
        self.counts["last answer took us"] = round(1e6 * (time.perf_counter() - started))
