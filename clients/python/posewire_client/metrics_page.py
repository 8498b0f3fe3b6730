"""A server's page of metrics, as Prometheus reads it: samples by name and labels, and quantiles.

It knows the format, not what is measured.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Sample(NamedTuple):
    """One line of the page."""

    name: str
    labels: Mapping[str, str]
    value: float

    def has(self, labels: Mapping[str, str]) -> bool:
        """Say whether it has these labels, whatever else it has."""
        return all(self.labels.get(name) == value for name, value in labels.items())


class MetricsPage:
    """The samples of one moment, or what they grew by between two.

    Args:
        samples: Of one page.
    """

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self._samples = tuple(samples)

    @classmethod
    def read(cls, text: str) -> "MetricsPage":
        """Read a page.

        Raises:
            ValueError: A line is none of such a page.
        """
        return cls(_sample(line) for line in text.splitlines() if line and not line.startswith("#"))

    def total(self, name: str, **labels: str) -> float:
        """Give the sum of the samples of a name that have these labels."""
        return sum(s.value for s in self._samples if s.name == name and s.has(labels))

    def by(self, name: str, label: str) -> dict[str, float]:
        """Give the sums of the samples of a name, by what a label of theirs says."""
        sums: dict[str, float] = {}
        for sample in self._samples:
            if sample.name == name and label in sample.labels:
                said = sample.labels[label]
                sums[said] = sums.get(said, 0.0) + sample.value
        return sums

    def pairs(self, name: str, one: str, other: str) -> list[tuple[str, str]]:
        """Give what two labels say together, of the samples of a name, in the page's order."""
        named = (sample.labels for sample in self._samples if sample.name == name)
        return list(dict.fromkeys((each.get(one, ""), each.get(other, "")) for each in named))

    def grown(self, before: "MetricsPage") -> "MetricsPage":
        """Give what counters grew by; one that shrank began anew since, with its server."""
        known = {_key(sample): sample.value for sample in before._samples}
        return MetricsPage(
            sample._replace(value=_growth(known.get(_key(sample), 0.0), sample.value))
            for sample in self._samples
        )

    def quantile(self, share: float, name: str, **labels: str) -> float | None:
        """Give a quantile of a histogram, evenly within its bucket; None where it is empty.

        Args:
            share: 0 to 1; above the largest bound it is that bound.
            name: Of the histogram, without `_bucket`.
            labels: That its samples have.
        """
        counts: dict[float, float] = {}
        for sample in self._samples:
            if sample.name == f"{name}_bucket" and sample.has(labels):
                bound = float(sample.labels["le"])
                counts[bound] = counts.get(bound, 0.0) + sample.value
        wanted = share * max(counts.values(), default=0.0)
        if not wanted:
            return None
        lower, passed = 0.0, 0.0
        for bound, count in sorted(counts.items()):
            if count >= wanted:
                if math.isinf(bound):
                    return lower
                return lower + (bound - lower) * (wanted - passed) / (count - passed)
            lower, passed = bound, count
        return lower


def _sample(line: str) -> Sample:
    found = _SAMPLE.fullmatch(line)
    if found is None:
        raise ValueError(f"expected a metric, its labels and a number; got {line:.80}")
    return Sample(found[1], dict(_LABEL.findall(found[2] or "")), float(found[3]))


def _growth(before: float, now: float) -> float:
    return now if now < before else now - before


def _key(sample: Sample) -> tuple[str, tuple[tuple[str, str], ...]]:
    return sample.name, tuple(sorted(sample.labels.items()))
