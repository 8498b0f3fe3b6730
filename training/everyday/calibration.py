"""Calibration of an everyday model: temperature and thresholds, on streams of those who choose.

It joins what is measured into the model's specification. Actions that are kept from training are
none of the choosing part's: they judge the unknown decision, in the test alone.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np

from model.pose.artifact import ArtifactSpec
from training.calibration import fit_temperature
from training.everyday.choosing import Choosing
from training.everyday.thresholds import Said, alarms_of, at_temperature, fit_thresholds
from training.labellers import Weights
from training.online import Evaluation

ALARMS_PER_MINUTE = 0.8
"""False alarms that are allowed a minute of background, where nothing else is said."""
START_MS = 100.0
"""How long an action is said before it starts. At 200 ms as many actions of the people who choose
are found at the same rate of false alarms, only later."""
FIGURES = "everyday.choosing"


def calibrated(
    weights: Weights,
    choosing: Choosing,
    alarms_per_minute: float = ALARMS_PER_MINUTE,
    smoothing: float = 0.0,
) -> ArtifactSpec:
    """The specification of a model with its calibration and its figures on those who choose.

    Args:
        weights: The model, whose scores were not calibrated yet.
        choosing: Streams that choose, cut as for its specification without a calibration.
        alarms_per_minute: Allowed false alarms a minute of background.
        smoothing: Of the labels that it was trained with.

    Raises:
        ValueError: The streams show no background.
    """
    spec, names = weights.spec, weights.spec.labels
    evaluation = choosing.evaluate(weights.network)
    logits, truth = evaluation.log_probabilities(names)
    temperature = fit_temperature(logits, truth, smoothing)
    said = list(_said(choosing, evaluation, temperature))
    calibration = fit_thresholds(said, names, temperature, alarms_per_minute, START_MS)
    scores = asdict(evaluation.scores)
    figures = {
        f"{FIGURES}.{name}": round(float(scores[name]), 2)
        for name in ("frame_accuracy", "macro_f1", "edit", "f1_25")
    }
    before = alarms_of(
        said, names, replace(calibration, unknown_threshold=0.0, start_thresholds={})
    )
    for name, found in (("", alarms_of(said, names, calibration)), ("_uncalibrated", before)):
        figures[f"{FIGURES}.false_alarms_per_minute{name}"] = round(found.per_minute or 0.0, 3)
    return replace(spec, calibration=calibration, figures=figures)


def _said(choosing: Choosing, evaluation: Evaluation, temperature: float) -> Iterator[Said]:
    for clip, recording in zip(choosing.pictures, choosing.recordings, strict=True):
        # The service takes no step for somebody who is not in a frame.
        there = np.flatnonzero(np.asarray(clip.keypoints)[..., 3].any(axis=(1, 2)))
        labels = evaluation.labels[clip.name]
        yield Said(
            clip.times_ms,
            recording.truth,
            [at_temperature(labels[frame], temperature) for frame in there],
            recording.answered_ms[there],
        )
