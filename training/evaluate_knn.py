"""``evaluate knn``: the class of the nearest training clip; streams average their cosines."""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from training.clip_evaluation import Outcome, accuracy
from training.frozen_evaluation import add_frozen_arguments, run_frozen
from training.frozen_streams import Frozen

Features = NDArray[np.float32]

BLOCK = 1024
"""Clips that are asked about at a time: all pairs of NTU RGB+D 120 at once are 13 GB a stream."""


def nearest(frozen: Frozen) -> Outcome:
    """Asks for the class of the nearest training clip (k = 1)."""
    gallery, queries = frozen.training(), frozen.asked()
    found = nearest_places(
        [stream.features for stream in queries], [stream.features for stream in gallery]
    )
    truth, predicted = queries[0].labels, gallery[0].labels[found]
    notes = ("Frozen features, nearest neighbour by cosine.",)
    return Outcome({"": accuracy(truth, predicted)}, truth, predicted, notes=notes)


def nearest_places(asked: Sequence[Features], among: Sequence[Features]) -> NDArray[np.intp]:
    """For each clip the place of the one with the largest cosine, as the mean over streams.

    Args:
        asked: A stream each, ``(N, F)``.
        among: A stream each, ``(G, F)``, as many as of those that are asked about.
    """
    left, right = ([normalize(stream) for stream in streams] for streams in (asked, among))
    return np.concatenate(
        [
            sum(
                one[start : start + BLOCK] @ other.T for one, other in zip(left, right, strict=True)
            ).argmax(axis=1)
            for start in range(0, len(left[0]), BLOCK)
        ]
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate knn`` can be told."""
    parser.description = (
        "Says of each clip the class of the training clip whose frozen features are nearest by "
        "cosine."
    )
    add_frozen_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    return run_frozen(args, "knn", nearest)
