"""Measurements one after the other: what one finds is shown, and recorded, before the next begins.

It does not know what is measured.
"""

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from model.pose.figures import Figure, record_figures


def measure_all(
    measurements: Mapping[str, Callable[[], Iterable[Figure]]],
    *,
    asked_for: bool,
    record_to: Path | None,
) -> list[Figure]:
    """Runs measurements in their order.

    Args:
        measurements: name → what gives its figures.
        asked_for: they were named one by one, so that each is to be had; of others it is said why
            they were not measured, and the next one begins.
        record_to: the file of figures; what one that broke off had found is recorded too.

    Returns:
        All figures that are finite; of another it is said that it was not found.

    Raises:
        ValueError: one that was asked for cannot be measured, or the figures cannot be recorded.
    """
    figures: list[Figure] = []
    for name, measurement in measurements.items():
        found: list[Figure] = []
        try:
            for figure in measurement():
                if not math.isfinite(figure.value):
                    print(
                        f"benchmarks: {name}: {figure.name} is {figure.value}, so it was not found",
                        file=sys.stderr,
                    )
                    continue
                print(f"{figure.name:40} {figure.value:10.2f} {figure.unit}", flush=True)
                print(f"  {figure.note}", flush=True)
                found.append(figure)
        except ValueError as error:
            if asked_for:
                raise
            print(f"benchmarks: {name}: {error}; it was not measured", file=sys.stderr)
        finally:
            if record_to is not None and found:
                record_figures(found, record_to)
        figures += found
    return figures
