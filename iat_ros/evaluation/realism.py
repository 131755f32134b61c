"""Diversity and Frechet distance: what a classifier alone does not see; one good answer to everything fools it."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from iat_ros.skeleton.motion import MotionArray


def mean_distance(motions: MotionArray, groups: np.ndarray) -> float:
    """Mean distance between two motions of one group.

    The distance is the root mean square over frames of the distance between all limb vectors.

    Args:
        motions: N motions.
        groups: Group of each motion, shape (N,); groups of one are left out.
    """
    count, frames = motions.limbs_in_body.shape[:2]
    flat = motions.limbs_in_body.reshape(count, -1)
    distances = []
    for group in np.unique(groups):
        members = flat[groups == group]
        if len(members) > 1:
            squared = np.square(members[:, None] - members[None]).sum(axis=-1) / frames
            distances.append(np.sqrt(squared)[np.triu_indices(len(members), 1)].mean())
    return float(np.mean(distances)) if distances else 0.0


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance between Gaussians fitted to two sets of features, each of shape (N, F).

    d^2 = ||m_1 - m_2||^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)); d^2 is returned, as is usual.
    """
    means = first.mean(axis=0) - second.mean(axis=0)
    one, two = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (first, second))
    root = scipy.linalg.sqrtm(one)
    middle = scipy.linalg.eigvalsh(np.real(root) @ two @ np.real(root))
    return float(means @ means + np.trace(one) + np.trace(two) - 2.0 * np.sqrt(middle.clip(0.0)).sum())
