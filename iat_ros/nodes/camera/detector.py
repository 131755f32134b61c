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

"""MediaPipe's Pose Landmarker: a picture to landmarks of the people in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from iat_ros.errors import ConfigError, describe

LANDMARKS = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb",
    "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
"""Names of the landmarks in MediaPipe's order; left and right are the person's own."""
MODEL_URL = (
    "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/1/"
    "pose_landmarker_full.task"
)


@dataclass(frozen=True)
class Detection:
    """One person in a picture.

    Attributes:
        body: Landmarks from the middle between the hips, in axes of the camera: x right, y down, z away from it [m],
            shape (33, 3).
        pixels: Landmarks in the picture [px], shape (33, 2).
        visibility: How likely each can be seen, from 0 to 1, shape (33,).
    """

    body: np.ndarray
    pixels: np.ndarray
    visibility: np.ndarray


class Detector(Protocol):
    """Finds people in pictures that come one after the other."""

    def detect(self, picture: np.ndarray, time_s: float) -> list[Detection]:
        """Find people in a picture, RGB of shape (H, W, 3); times [s] increase."""

    def close(self) -> None:
        """Free what it holds."""


class MediaPipeDetector:
    """Pose Landmarker for a stream of pictures.

    Args:
        model: Path of the model, a .task file.
        people: Find at most so many.

    Raises:
        ConfigError: MediaPipe is not installed, or the file is missing or unusable.
    """

    def __init__(self, model: str, people: int) -> None:
        try:
            import mediapipe
        except ImportError as error:
            raise ConfigError(
                "camera needs MediaPipe, which is not installed: pip install -r requirements/camera.txt "
                "-c requirements/constraints.txt"
            ) from error
        path = Path(model).expanduser()
        if not model or not path.is_file():
            raise ConfigError(
                f"parameter 'landmarker': no file '{model}'; download MediaPipe's pose landmarker from {MODEL_URL}"
            )
        vision = mediapipe.tasks.vision
        try:
            options = vision.PoseLandmarkerOptions(
                base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(path)),
                running_mode=vision.RunningMode.VIDEO,
                num_poses=people,
            )
            self._landmarker: Any = vision.PoseLandmarker.create_from_options(options)
        except Exception as error:  # MediaPipe raises what its C++ status says: RuntimeError, ValueError, OSError
            raise ConfigError(f"parameter 'landmarker': MediaPipe cannot use '{model}': {describe(error)}") from error
        self._image = mediapipe.Image
        self._format = mediapipe.ImageFormat.SRGB
        self._last_ms = -1

    def detect(self, picture: np.ndarray, time_s: float) -> list[Detection]:
        """Find people in a picture, RGB of shape (H, W, 3); times [s] increase."""
        self._last_ms = max(self._last_ms + 1, round(1000.0 * time_s))  # it refuses what is not later
        image = self._image(image_format=self._format, data=np.ascontiguousarray(picture))
        found = self._landmarker.detect_for_video(image, self._last_ms)
        height, width = picture.shape[:2]
        return [
            Detection(
                np.array([(mark.x, mark.y, mark.z) for mark in body]),
                np.array([(mark.x * width, mark.y * height) for mark in flat]),
                np.array([mark.visibility for mark in flat]),
            )
            for body, flat in zip(found.pose_world_landmarks, found.pose_landmarks, strict=True)
        ]

    def close(self) -> None:
        """Free the model."""
        self._landmarker.close()
