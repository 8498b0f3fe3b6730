"""What is measured of a CUDA device, as far as a machine without one can show."""

import math

import pytest
import torch

from benchmarks.__main__ import main
from benchmarks.cuda import TOLERANCE, measure_device


def test_a_step_is_timed_against_what_the_device_can() -> None:
    """On a CPU: a share of the ceiling, features as they are; nothing that only a driver knows."""
    found = measure_device("cpu", hidden_size=16, clips=2, product=256, steps=1)
    assert found.clips_per_second > 0
    assert 0 < found.ceiling_share < 2
    assert found.deviation < TOLERANCE
    assert math.isnan(found.peak_gib)
    assert math.isnan(found.busy)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_without_a_device_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """It was asked for by name: exit 2."""
    assert main(["cuda"]) == 2
    said = capsys.readouterr().err
    assert said == "benchmarks: expected a CUDA device that torch can use, there is none here\n"
