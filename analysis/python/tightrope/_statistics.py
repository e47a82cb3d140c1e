# SPDX-License-Identifier: Apache-2.0
"""Student t intervals over seeds, as ``tightrope table`` makes them."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass


def _central_probability(t: float, freedom: int) -> float:
    """P(|T| <= t) for whole degrees of freedom, a finite sum (Abramowitz and Stegun 26.7.3-4)."""
    angle = math.atan2(t, math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    if freedom % 2 == 1:
        term, total = cosine, cosine if freedom > 1 else 0.0
        for k in range(3, freedom - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        return 2 / math.pi * (angle + sine * total)
    term, total = 1.0, 1.0
    for k in range(2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return sine * total


@functools.cache
def t_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's t distribution, 0.5 <= ``probability`` < 1, ``freedom`` >= 1.

    >>> round(t_quantile(0.975, 9), 6)
    2.262157
    """
    if freedom < 1 or not 0.5 <= probability < 1:
        raise ValueError(f"t quantile {probability} with {freedom} degrees of freedom: the "
                         "probability must lie in [0.5, 1) and the freedom be at least 1")
    wanted, low, high = 2 * probability - 1, 0.0, 1.0
    while _central_probability(high, freedom) < wanted:
        high *= 2
    log_scale = (math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
                 - 0.5 * math.log(freedom * math.pi))
    t = 0.5 * (low + high)
    for _ in range(200):  # Newton, kept inside the bracket
        error = _central_probability(t, freedom) - wanted
        low, high = (t, high) if error < 0 else (low, t)
        density = math.exp(log_scale - (freedom + 1) / 2 * math.log1p(t * t / freedom))
        following = t - error / (2 * density)
        if not low <= following <= high:
            following = 0.5 * (low + high)
        if abs(following - t) <= 1e-16 * max(1.0, t):
            return following
        t = following
    return t


@dataclass(frozen=True)
class Interval:
    """Mean over n finite values with a two-sided t interval; NaN where n is too small."""

    n: int
    mean: float
    deviation: float
    half_width: float

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width


def check_level(level: float) -> None:
    """ValueError unless 0 < level < 1."""
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a confidence level lies between 0 and 1, as 0.95 does")


def mean_interval(values: Iterable[float], level: float = 0.95) -> Interval:
    """mean -+ t_{(1+level)/2, n-1} sd / sqrt(n) over the finite values."""
    check_level(level)
    finite = [float(value) for value in values if math.isfinite(value)]
    n = len(finite)
    total = 0.0
    for value in finite:
        total += value
    mean = total / n if n else math.nan
    if n < 2:
        return Interval(n, mean, math.nan, math.nan)
    squares = 0.0
    for value in finite:
        squares += (value - mean) * (value - mean)
    deviation = math.sqrt(squares / (n - 1))
    return Interval(n, mean, deviation,
                    t_quantile((1 + level) / 2, n - 1) * deviation / math.sqrt(n))
