"""The window: what one run of an artifact costs on one core."""

import time
from pathlib import Path

import numpy as np

from model.pose.artifact_session import CPU
from service.engine import OnnxEngine

RUNS = 200


def window_ms(model: Path, batch: int) -> float:
    """Returns the median time of a run divided by its batch, in milliseconds."""
    engine = OnnxEngine(model, threads=1, providers=CPU)
    spec = engine.spec
    draw = np.random.default_rng(0)
    shape = (batch, 3, spec.frames, len(spec.joints), spec.persons)
    clips = draw.standard_normal(shape).astype(np.float32)
    engine.infer(clips)
    seconds = []
    for _ in range(max(RUNS // batch, 20)):
        begun_s = time.perf_counter()
        engine.infer(clips)
        seconds.append(time.perf_counter() - begun_s)
    engine.close()
    return float(np.median(seconds)) * 1000 / batch
