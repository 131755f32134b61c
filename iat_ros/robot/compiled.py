"""The arithmetic of retargeting, compiled by Numba: one arm at a time, in plain loops.

In NumPy it is tens of thousands of operations on tiny arrays, whose calls take nearly all the time. `retargeting`
calls `find_path`, `smooth` and `errors`. An arm has n joints and m limbs; an answer T frames. The error of a limb is
the chord between two unit vectors, |d - target|^2 = 2 - 2 cos(angle); the cost of a pose is their weighted sum.

All of it is in one file, since Numba's cache on disk sees only changes in the file of the function that it holds; were
one function here compiled from another file, a new version of the package could run parts of the old one. What is
called for every pose takes arrays or is inlined, for Numba counts references of every array in an `Arm` that is passed,
which took half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REST_WEIGHT = 1e-5
"""Price of a squared distance from rest [1/rad^2], against a squared chord."""
SMOOTH_WEIGHT = 5e-3
"""Price of a squared movement between two frames [1/rad^2], against a squared chord."""
LIMIT_WEIGHT = 5.0
"""Price of the squared share by which a step or a bend exceeds what the limits allow, against a squared chord."""
NEWTON_STEPS = 4
"""Steps towards the best path for one linearisation of the directions, at most."""
ALLOWED = 0.9
"""Share of the limits that is free of charge; the rest leaves room for what the price does not hold back."""
KEY_FRAMES, WAYS = 16, 4
"""At most so many frames apart the whole table is searched; so many ways are followed from there."""
SEED_STEPS, TRACK_STEPS = 5, 2
"""Steps that refine a pose out of the table, and one that was taken over from the frame beside."""
NEAR = 1e-4
"""Cost below which a pose is refined no further by itself: half a degree."""
APART = 0.3
"""Poses that differ by less in every joint [rad] are one way, not two."""
JUMP, JUMP_WEIGHT = 0.4, 3.0
"""A change between two frames [rad] is a jump above this plus what the directions turn; its price is squared."""
NEAR_REST, NEAR_START, MOVE = 1e-5, 1e-3, 1e-2
"""Prices of squared distances [1/rad^2] from rest, of the first frame from the start, and between frames."""


WHOLE, END, START = 1, 2, 3


class Arm(NamedTuple):
    """A chain of joints, the limbs that it moves, and poses to start from. All arrays are read only by convention.

    Attributes:
        parents: (n,) index of the joint before each joint, -1 for the torso.
        operators: (n, 3, 11) as in `ChainStack`.
        limb_parents: (m, 2) joint that carries the start and the end of each limb, -1 for the torso.
        limb_offsets: (m, 2, 3) where they are in that joint's frame [m].
        moves: (m, n) `WHOLE`, `END`, `START` or 0: what of a limb a joint moves.
        lower, upper, rest: (n,) limits and rest pose [rad].
        seeds: (R, S, n) poses [rad] in R regions of joint space.
        seed_directions: (R, m * 3, S) how the limbs then point.
    """

    parents: NDArray[np.int64]
    operators: Array
    limb_parents: NDArray[np.int64]
    limb_offsets: Array
    moves: NDArray[np.int64]
    lower: Array
    upper: Array
    rest: Array
    seeds: Array
    seed_directions: Array


class _Work(NamedTuple):
    """Memory for one pose at a time.

    ``rotation`` (n, 3, 3), ``origin``, ``axis`` (n, 3) of the joints in the body frame; ``ends`` (2, 3) of a limb;
    ``residual`` (m, 3) and ``jacobian`` (m, 3, n), weighted; ``band`` (n, n) and ``change`` (n,) of a step.
    """

    rotation: Array
    origin: Array
    axis: Array
    ends: Array
    residual: Array
    jacobian: Array
    band: Array
    change: Array


class _State(NamedTuple):
    """P poses linearised.

    ``q`` (P, n), ``cost`` (P,), ``gradient`` (P, n), half the cost's, and ``hessian`` (P, n, n), Gauss-Newton's, of
    which only the lower half is filled.
    """

    q: Array
    cost: Array
    gradient: Array
    hessian: Array


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at the first call and keep the result on disk: beside this file, or in NUMBA_CACHE_DIR or ~/.cache.

    Where none of these can be written, it is compiled anew in each process.
    """
    options: dict[str, Any] = {"fastmath": {"contract", "reassoc", "arcp", "nsz"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba's word for "no place to cache"
        return numba.njit(**options)(function)


@compiled
def _work(arm: Arm) -> _Work:
    m, n = arm.moves.shape
    return _Work(
        np.empty((n, 3, 3)),
        np.empty((n, 3)),
        np.empty((n, 3)),
        np.empty((2, 3)),
        np.empty((m, 3)),
        np.empty((m, 3, n)),
        np.empty((n, n)),
        np.empty(n),
    )


@compiled
def _state(P: int, n: int) -> _State:
    return _State(np.empty((P, n)), np.empty(P), np.empty((P, n)), np.empty((P, n, n)))


@numba.njit(inline="always")
def _turn(arm: Arm, q: Array, p: int, work: _Work) -> None:
    """Turn the joints to pose p of q (P, n): rotation, origin and axis in the body frame, by Rodrigues' formula."""
    operators, R, origin, axis = arm.operators, work.rotation, work.origin, work.axis
    for j in range(q.shape[1]):
        sin, one_minus_cos, parent = np.sin(q[p, j]), 1.0 - np.cos(q[p, j]), arm.parents[j]
        if parent < 0:
            for r in range(3):
                for c in range(3):
                    turn = sin * operators[j, r, 3 + c] + one_minus_cos * operators[j, r, 6 + c]
                    R[j, r, c] = operators[j, r, c] + turn
                origin[j, r], axis[j, r] = operators[j, r, 9], operators[j, r, 10]
            continue
        for c in range(3):
            x = operators[j, 0, c] + sin * operators[j, 0, 3 + c] + one_minus_cos * operators[j, 0, 6 + c]
            y = operators[j, 1, c] + sin * operators[j, 1, 3 + c] + one_minus_cos * operators[j, 1, 6 + c]
            z = operators[j, 2, c] + sin * operators[j, 2, 3 + c] + one_minus_cos * operators[j, 2, 6 + c]
            for r in range(3):
                R[j, r, c] = R[parent, r, 0] * x + R[parent, r, 1] * y + R[parent, r, 2] * z
        x, y, z = operators[j, 0, 9], operators[j, 1, 9], operators[j, 2, 9]
        u, v, w = operators[j, 0, 10], operators[j, 1, 10], operators[j, 2, 10]
        for r in range(3):
            origin[j, r] = origin[parent, r] + R[parent, r, 0] * x + R[parent, r, 1] * y + R[parent, r, 2] * z
            axis[j, r] = R[parent, r, 0] * u + R[parent, r, 1] * v + R[parent, r, 2] * w


@numba.njit(inline="always")
def _span(arm: Arm, k: int, work: _Work) -> tuple[float, float, float, float]:
    """Put the ends of limb k where the turned joints carry them; return its direction and 1 / length [1/m]."""
    R, offsets, ends = work.rotation, arm.limb_offsets, work.ends
    for end in range(2):
        joint = arm.limb_parents[k, end]
        x, y, z = offsets[k, end, 0], offsets[k, end, 1], offsets[k, end, 2]
        if joint < 0:
            ends[end, 0], ends[end, 1], ends[end, 2] = x, y, z
            continue
        for r in range(3):
            turned = R[joint, r, 0] * x + R[joint, r, 1] * y + R[joint, r, 2] * z
            ends[end, r] = work.origin[joint, r] + turned
    x, y, z = ends[1, 0] - ends[0, 0], ends[1, 1] - ends[0, 1], ends[1, 2] - ends[0, 2]
    inverse = 1.0 / np.sqrt(x * x + y * y + z * z)
    return x * inverse, y * inverse, z * inverse, inverse


@compiled
def _linearize(
    arm: Arm,
    target: Array,
    weight: Array,
    state: _State,
    frames: NDArray[np.int64],
    idle: NDArray[np.bool_],
    work: _Work,
) -> None:
    """Linearise the poses that aren't idle (P,) against the targets (T, m, 3) of their frames (P,), weights (m,)."""
    m, n = arm.moves.shape
    q, J, residual, ends = state.q, work.jacobian, work.residual, work.ends
    for p in range(len(q)):
        if idle[p]:
            continue
        t = frames[p]
        _turn(arm, q, p, work)
        cost = 0.0
        for k in range(m):
            x, y, z, inverse = _span(arm, k, work)
            scale = np.sqrt(weight[k])
            residual[k, 0], residual[k, 1], residual[k, 2] = (
                scale * (x - target[t, k, 0]),
                scale * (y - target[t, k, 1]),
                scale * (z - target[t, k, 2]),
            )
            cost += residual[k, 0] ** 2 + residual[k, 1] ** 2 + residual[k, 2] ** 2
            for j in range(n):
                how = arm.moves[k, j]
                if how == 0:
                    J[k, 0, j] = J[k, 1, j] = J[k, 2, j] = 0.0
                    continue
                u, v, w, factor = x, y, z, scale
                if how != WHOLE:  # the joint moves one end of the limb
                    e, factor = (1, scale * inverse) if how == END else (0, -scale * inverse)
                    u = ends[e, 0] - work.origin[j, 0]
                    v = ends[e, 1] - work.origin[j, 1]
                    w = ends[e, 2] - work.origin[j, 2]
                a, b, c = work.axis[j, 0], work.axis[j, 1], work.axis[j, 2]
                u, v, w = factor * (b * w - c * v), factor * (c * u - a * w), factor * (a * v - b * u)
                along = u * x + v * y + w * z  # 0 for a limb that turns as a whole
                J[k, 0, j], J[k, 1, j], J[k, 2, j] = u - along * x, v - along * y, w - along * z
        for i in range(n):
            away = q[p, i] - arm.rest[i]
            cost += REST_WEIGHT * away * away
            slope = REST_WEIGHT * away
            for k in range(m):
                slope += J[k, 0, i] * residual[k, 0] + J[k, 1, i] * residual[k, 1] + J[k, 2, i] * residual[k, 2]
            state.gradient[p, i] = slope
            for j in range(i + 1):
                product = REST_WEIGHT if i == j else 0.0
                for k in range(m):
                    product += J[k, 0, i] * J[k, 0, j] + J[k, 1, i] * J[k, 1, j] + J[k, 2, i] * J[k, 2, j]
                state.hessian[p, i, j] = product
        state.cost[p] = cost


@compiled
def _is_held(angle: float, slope: float, lower: float, upper: float) -> bool:
    """Whether a joint stands at a limit and is pushed against it."""
    return (angle <= lower and slope > 0.0) or (angle >= upper and slope < 0.0)


@compiled
def _solve_band(band: Array, width: int, x: Array) -> bool:
    """Solve a positive definite band for x (N,) in place, by L D L'; False where it isn't positive.

    ``band[i, d]`` is the entry of row i, d columns right of the diagonal, d <= width; ``x`` is the right side, then the
    solution.
    """
    N = x.size
    for i in range(N):
        if not band[i, 0] > 0.0:
            return False
        inverse = 1.0 / band[i, 0]
        last = min(width, N - 1 - i)
        for d in range(1, last + 1):
            factor = band[i, d] * inverse
            if factor != 0.0:
                x[i + d] -= factor * x[i]
                for e in range(d, last + 1):
                    band[i + d, e - d] -= factor * band[i, e]
        band[i, 0] = inverse
    for i in range(N - 1, -1, -1):
        total = x[i]
        for d in range(1, min(width, N - 1 - i) + 1):
            total -= band[i, d] * x[i + d]
        x[i] = total * band[i, 0]
    return True


@compiled
def _refine(
    arm: Arm, target: Array, weight: Array, q: Array, frames: NDArray[np.int64], cost: Array, steps: int, work: _Work
) -> None:
    """Levenberg-Marquardt inside the limits: improve poses q (P, n) for the targets of their frames in place.

    Their costs (P,) are filled in.
    """
    P, n = q.shape
    band, change, lower, upper = work.band, work.change, arm.lower, arm.upper
    trial, gradient, hessian = _state(P, n), np.empty((P, n)), np.empty((P, n, n))
    idle, damping = np.zeros(P, np.bool_), np.full(P, 1e-1)
    cost.fill(np.inf)
    for p in range(P):
        for i in range(n):
            trial.q[p, i] = q[p, i]
    for step in range(steps + 1):
        _linearize(arm, target, weight, trial, frames, idle, work)
        for p in range(P):
            if idle[p]:
                continue
            if trial.cost[p] < cost[p]:
                idle[p] = trial.cost[p] < NEAR or cost[p] - trial.cost[p] < 1e-3 * trial.cost[p]
                cost[p] = trial.cost[p]
                damping[p] *= 0.1
                for i in range(n):
                    q[p, i], gradient[p, i] = trial.q[p, i], trial.gradient[p, i]
                    for j in range(i + 1):
                        hessian[p, i, j] = trial.hessian[p, i, j]
            else:
                damping[p] *= 10.0
            if idle[p] or step == steps:
                continue
            for i in range(n):
                held = _is_held(q[p, i], gradient[p, i], lower[i], upper[i])
                change[i] = 0.0 if held else gradient[p, i]
                for j in range(i):
                    free = not held and not _is_held(q[p, j], gradient[p, j], lower[j], upper[j])
                    band[j, i - j] = hessian[p, i, j] if free else 0.0
                band[i, 0] = 1.0 if held else hessian[p, i, i] + damping[p]
            _solve_band(band, n - 1, change)
            for i in range(n):
                move = min(max(change[i], -0.7), 0.7)
                trial.q[p, i] = min(max(q[p, i] - move, lower[i]), upper[i])


@compiled
def _add_way(ways: Array, costs: Array, t: int, most: int, q: Array, p: int, cost: float) -> None:
    """Keep pose p of q (P, n) among the ways (T, W, n) of frame t, if there is room or a worse one.

    Of two that are alike in all joints, the better one is kept.
    """
    n = q.shape[1]
    place = 0
    for w in range(most):
        apart = 0.0 if costs[t, w] < np.inf else np.inf
        for j in range(n):
            apart = max(apart, abs(ways[t, w, j] - q[p, j]))
        if apart < APART:
            place = w
            break
        if costs[t, w] > costs[t, place]:
            place = w
    if cost < costs[t, place]:
        costs[t, place] = cost
        for j in range(n):
            ways[t, place, j] = q[p, j]


@compiled
def _pick_seeds(arm: Arm, target: Array, t: int, weight: Array, seeds: Array, first: int) -> None:
    """Fill R rows of seeds (P, n) with the pose of each region of the table that fits the target of frame t best."""
    regions, size, n = arm.seeds.shape
    table, likeness = arm.seed_directions, np.empty(size)
    for region in range(regions):
        likeness.fill(0.0)
        for k in range(weight.size):
            for r in range(3):
                factor = weight[k] * target[t, k, r]
                for i in range(size):
                    likeness[i] += factor * table[region, 3 * k + r, i]
        best = 0
        for i in range(size):
            if likeness[i] > likeness[best]:
                best = i
        for j in range(n):
            seeds[first + region, j] = arm.seeds[region, best, j]


@compiled
def find_path(arm: Arm, target: Array, weight: Array, start: Array) -> Array:
    """Return a path (T, n) whose directions fit targets (T, m, 3), from the pose ``start`` (n,) [rad].

    An arm often reaches the same directions in several ways, and must not jump between them. At key frames a search
    from all over joint space finds the ways there are; each is followed to the key frames before and after. The path
    through all of them with the least error and no jump is found by dynamic programming.
    """
    T, n = len(target), arm.rest.size
    work = _work(arm)
    sections = max(1, (T - 1 + KEY_FRAMES - 1) // KEY_FRAMES)
    K, R = sections + 1, len(arm.seeds)
    seeds, seed_frames, seed_costs = np.empty((K * R, n)), np.empty(K * R, np.int64), np.empty(K * R)
    for k in range(K):
        key = k * (T - 1) // sections
        _pick_seeds(arm, target, key, weight, seeds, k * R)
        for r in range(R):
            seed_frames[k * R + r] = key
    # np.int64: a constant would be a type of its own to Numba, and the function would be compiled for each.
    _refine(arm, target, weight, seeds, seed_frames, seed_costs, np.int64(SEED_STEPS), work)
    ways, costs = np.empty((T, 2 * WAYS, n)), np.full((T, 2 * WAYS), np.inf)
    for s in range(K * R):
        _add_way(ways, costs, seed_frames[s], np.int64(WAYS), seeds, s, seed_costs[s])
    # Where there are fewer ways than room, the first is followed several times: that adds nothing.
    P = 2 * K * WAYS
    followed, frames, directions = np.empty((P, n)), np.empty(P, np.int64), np.empty(P, np.int64)
    for p in range(P):
        key, w = (p // (2 * WAYS)) * (T - 1) // sections, (p // 2) % WAYS
        w = w if costs[key, w] < np.inf else 0
        frames[p], directions[p] = key, 1 - 2 * (p % 2)
        for j in range(n):
            followed[p, j] = ways[key, w, j]
    followed_costs = np.empty(P)
    for _ in range((T - 1 + sections - 1) // sections):
        for p in range(P):
            frames[p] = min(max(frames[p] + directions[p], 0), T - 1)
        _refine(arm, target, weight, followed, frames, followed_costs, np.int64(TRACK_STEPS), work)
        for p in range(P):
            _add_way(ways, costs, frames[p], np.int64(2 * WAYS), followed, p, followed_costs[p])
    return _best_path(arm, target, weight, start, ways, costs)


@compiled
def _best_path(arm: Arm, target: Array, weight: Array, start: Array, ways: Array, costs: Array) -> Array:
    """Choose one of the ways (T, W, n) per frame: least error along the path, no jump where one without exists."""
    T, W, n = ways.shape
    came_from = np.zeros((T, W), np.int64)
    total, before = np.empty(W), np.empty(W)
    for t in range(T):
        allowed = JUMP
        for k in range(weight.size):
            chord = 0.0
            for r in range(3):
                chord += (target[t, k, r] - target[max(t - 1, 0), k, r]) ** 2
            allowed += weight[k] * np.sqrt(chord)
        for w in range(W):
            before[w] = total[w]
        for w in range(W):
            price, total[w] = costs[t, w], np.inf
            if price == np.inf:
                continue
            for j in range(n):
                price += NEAR_REST * (ways[t, w, j] - arm.rest[j]) ** 2
                if t == 0:
                    price += NEAR_START * (ways[t, w, j] - start[j]) ** 2
            if t == 0:
                total[w] = price
                continue
            for v in range(W):
                if before[v] == np.inf:
                    continue
                along = before[v] + price
                for j in range(n):
                    move = abs(ways[t, w, j] - ways[t - 1, v, j])
                    jump = max(0.0, move - allowed)
                    along += MOVE * move * move + JUMP_WEIGHT * jump * jump
                if along < total[w]:
                    total[w], came_from[t, w] = along, v
    path = np.empty((T, n))
    w = 0
    for v in range(W):
        w = v if total[v] < total[w] else w
    for t in range(T - 1, -1, -1):
        for j in range(n):
            path[t, j] = ways[t, w, j]
        w = came_from[t, w]
    return path


@compiled
def _charge(value: float, most: float) -> tuple[float, float, float]:
    """Charge for what exceeds the most allowed: cost, half its slope, half its curvature."""
    excess = abs(value) / most - ALLOWED
    if not excess > 0.0:
        return 0.0, 0.0, 0.0
    pull = LIMIT_WEIGHT * excess / most
    return LIMIT_WEIGHT * excess * excess, pull if value > 0.0 else -pull, LIMIT_WEIGHT / (most * most)


@compiled
def _charge_step(move: float, ends: int, step: float, bend: float) -> tuple[float, float, float]:
    """Charge for a move between two frames; ``ends`` of it begin or end at rest, which makes it a bend, too."""
    cost, pull, price = _charge(move, step)
    more_cost, more_pull, more_price = _charge(move, bend)
    return (
        cost + SMOOTH_WEIGHT * move * move + ends * more_cost,
        pull + SMOOTH_WEIGHT * move + ends * more_pull,
        price + SMOOTH_WEIGHT + ends * more_price,
    )


@compiled
def _restrain(q: Array, step: Array, bend: Array, gradient: Array, band: Array) -> float:
    """Return the cost of a path's movement (T, n); add half its gradient, and its Hessian to a `_solve_band`."""
    T, n = q.shape
    cost = 0.0
    for t in range(1, T):
        for j in range(n):
            row = t * n + j
            move = q[t, j] - q[t - 1, j]
            charged, pull, price = _charge_step(move, (t == 1) + (t == T - 1), step[j], bend[j])
            cost += charged
            gradient[t, j] += pull
            gradient[t - 1, j] -= pull
            band[row, 0] += price
            band[row - n, 0] += price
            band[row - n, n] -= price
            if t < 2:
                continue
            charged, pull, price = _charge(move - q[t - 1, j] + q[t - 2, j], bend[j])
            if price > 0.0:
                cost += charged
                gradient[t, j] += pull
                gradient[t - 1, j] -= 2.0 * pull
                gradient[t - 2, j] += pull
                band[row, 0] += price
                band[row - n, 0] += 4.0 * price
                band[row - 2 * n, 0] += price
                band[row - n, n] -= 2.0 * price
                band[row - 2 * n, n] -= 2.0 * price
                band[row - 2 * n, 2 * n] += price
    return cost


@compiled
def _restraint(q: Array, step: Array, bend: Array) -> float:
    """Return the cost of a path's movement (T, n)."""
    T, n = q.shape
    cost = 0.0
    for t in range(1, T):
        for j in range(n):
            move = q[t, j] - q[t - 1, j]
            cost += _charge_step(move, (t == 1) + (t == T - 1), step[j], bend[j])[0]
            if t > 1:
                cost += _charge(move - q[t - 1, j] + q[t - 2, j], bend[j])[0]
    return cost


@compiled
def _slope(q: Array, change: Array, share: float, step: Array, bend: Array) -> float:
    """Return half the slope of the cost of movement along a change (T, n), after a share of it."""
    T, n = q.shape
    slope = 0.0
    for t in range(1, T):
        for j in range(n):
            turn = change[t, j] - change[t - 1, j]
            move = q[t, j] - q[t - 1, j] + share * turn
            slope += turn * _charge_step(move, (t == 1) + (t == T - 1), step[j], bend[j])[1]
            if t > 1:
                before = change[t - 1, j] - change[t - 2, j]
                bent = move - q[t - 1, j] + q[t - 2, j] - share * before
                slope += (turn - before) * _charge(bent, bend[j])[1]
    return slope


@compiled
def _step_length(q: Array, change: Array, gradient: float, curvature: float, step: Array, bend: Array) -> float:
    """Return the share of a change (T, n) that costs least; the directions' part has this half slope and curvature.

    What exceeds a limit is charged from a threshold on, so that a full step overshoots where it passes thresholds.
    """
    low, high = 0.0, 1.0
    if gradient + curvature + _slope(q, change, 1.0, step, bend) <= 0.0:
        return 1.0
    for _ in range(5):
        middle = 0.5 * (low + high)
        if gradient + middle * curvature + _slope(q, change, middle, step, bend) > 0.0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


@compiled
def _descend(arm: Arm, state: _State, damping: float, step: Array, bend: Array, enough: float, new: Array) -> None:
    """Find the path ``new`` (T, n) of least cost, the directions linearised: Newton's method inside the limits."""
    q, gradient, hessian, lower, upper = state.q, state.gradient, state.hessian, arm.lower, arm.upper
    for t in range(len(q)):
        for i in range(q.shape[1]):
            for j in range(i):
                hessian[t, j, i] = hessian[t, i, j]
    T, n = q.shape
    reach = 2 * n if np.isfinite(bend).any() else n
    band, slope = np.empty((T * n, 2 * n + 1)), np.empty((T, n))
    change, own = np.empty(T * n), np.empty((T, n))
    for t in range(T):
        for i in range(n):
            new[t, i] = q[t, i]
    for _ in range(NEWTON_STEPS):
        for t in range(T):
            for i in range(n):
                total = gradient[t, i] + damping * (new[t, i] - q[t, i])
                for j in range(n):
                    total += hessian[t, i, j] * (new[t, j] - q[t, j])
                own[t, i] = slope[t, i] = total
                row = t * n + i
                for d in range(2 * n + 1):
                    band[row, d] = hessian[t, i, i + d] if i + d < n else 0.0
                band[row, 0] += damping
        _restrain(new, step, bend, slope, band)
        for t in range(T):
            for i in range(n):
                row = t * n + i
                change[row] = -slope[t, i]
                if not _is_held(new[t, i], slope[t, i], lower[i], upper[i]):
                    continue
                change[row] = 0.0
                band[row, 0] = 1.0
                for d in range(1, 2 * n + 1):
                    band[row, d] = 0.0
                    if d <= row:
                        band[row - d, d] = 0.0
        if not _solve_band(band, reach, change):  # rounding on an all but singular matrix: go downhill a little
            for t in range(T):
                for i in range(n):
                    change[t * n + i] = -0.1 * slope[t, i]
        along, curvature, decrease = 0.0, 0.0, 0.0
        moves = change.reshape(T, n)
        for t in range(T):
            for i in range(n):
                along += own[t, i] * moves[t, i]
                decrease -= slope[t, i] * moves[t, i]
                curvature += damping * moves[t, i] ** 2
                for j in range(n):
                    curvature += hessian[t, i, j] * moves[t, i] * moves[t, j]
        share = _step_length(new, moves, along, curvature, step, bend)
        for t in range(T):
            for i in range(n):
                new[t, i] = min(max(new[t, i] + share * moves[t, i], lower[i]), upper[i])
        if decrease <= enough:
            break


@compiled
def smooth(arm: Arm, target: Array, weight: Array, start: Array, iterations: int, step: Array, bend: Array) -> Array:
    """Gauss-Newton inside the limits over all frames of a path (T, n) together; returns the new path.

    A person moves an arm faster than many a robot can, and near a singular pose a small turn of a limb asks for a large
    turn of a joint. Slowing the whole answer down until its fastest joint keeps its limit would make it unrecognisable;
    so what is beyond the limits is priced, and the path bends where that costs the least direction. Where the
    directions leave a joint undetermined (a straight arm's yaw), the path interpolates through it.

    Args:
        arm: The arm.
        target: (T, m, 3) unit vectors.
        weight: (m,) of each limb's squared chord.
        start: (T, n) path to begin with [rad], not modified.
        iterations: How many at most.
        step: (n,) largest change between two frames [rad]; infinity where any will do.
        bend: (n,) largest second difference [rad]; infinity where any will do.
    """
    T, n = start.shape
    work, idle, frames = _work(arm), np.zeros(T, np.bool_), np.arange(T)
    best, new = _state(T, n), _state(T, n)
    for t in range(T):
        for i in range(n):
            new.q[t, i] = start[t, i]
    cost, damping, enough = np.inf, 1e-3, 0.0
    for iteration in range(iterations + 1):
        if iteration > 0:
            _descend(arm, best, damping, step, bend, enough, new.q)
        _linearize(arm, target, weight, new, frames, idle, work)
        new_cost = _restraint(new.q, step, bend)
        for t in range(T):
            new_cost += new.cost[t]
        settled = iteration > 0 and abs(cost - new_cost) <= enough
        if new_cost < cost:
            best, new, cost = new, best, new_cost
            enough = 1e-4 * cost + 1e-7
            damping *= 0.1
        else:
            damping *= 30.0
        if settled:
            break
    return best.q


@compiled
def errors(arm: Arm, target: Array, q: Array) -> Array:
    """Return the angles (T, m) [rad] between targets (T, m, 3) and the limbs at poses q (T, n)."""
    work = _work(arm)
    angles = np.empty(target.shape[:2])
    for t in range(len(q)):
        _turn(arm, q, t, work)
        for k in range(target.shape[1]):
            x, y, z, _ = _span(arm, k, work)
            chord = np.sqrt((x - target[t, k, 0]) ** 2 + (y - target[t, k, 1]) ** 2 + (z - target[t, k, 2]) ** 2)
            angles[t, k] = 2.0 * np.arcsin(min(chord / 2.0, 1.0))
    return angles
