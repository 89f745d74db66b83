"""What is said of repeated measurements: medians with their intervals, and geometric means."""

from collections.abc import Sequence
from math import comb, exp, log

CONFIDENCE = 0.95


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """An interval that holds the true median with `CONFIDENCE`, whatever the distribution: two order statistics.

    The k-th smallest and k-th largest of n values enclose it unless fewer than k of n fair coins fall on one side. Fewer than six values
    cannot be so sure: then all of them are enclosed.
    """
    ordered, n = sorted(values), len(values)
    outside, skipped = 0.0, 0
    while skipped < n // 2:
        outside += 2 * comb(n, skipped) / 2**n
        if outside > 1 - CONFIDENCE:
            break
        skipped += 1
    first = max(skipped - 1, 0)
    return ordered[first], ordered[n - 1 - first]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The values that a tenth is below, and above."""
    ordered, tenth = sorted(values), len(values) // 10
    return ordered[tenth], ordered[-1 - tenth]


def paired_ratios(others: Sequence[float], ours: Sequence[float]) -> list[float]:
    """The other's time over ours, round by round: above 1, we are faster."""
    return [other / own for other, own in zip(others, ours, strict=True)]


def geometric_mean(values: Sequence[float]) -> float:
    """The mean of ratios; 1 of none."""
    return exp(sum(map(log, values)) / len(values)) if values else 1.0
