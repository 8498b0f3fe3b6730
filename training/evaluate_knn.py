"""``evaluate knn``: the class of the nearest training clip; streams average their cosines."""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_similarity

from training.clip_evaluation import Outcome, accuracy
from training.frozen_evaluation import add_frozen_arguments, run_frozen
from training.frozen_streams import Frozen
from training.representation import Labelled


def nearest(frozen: Frozen) -> Outcome:
    """Asks for the class of the nearest training clip (k = 1)."""
    gallery, queries = frozen.training(), frozen.asked()
    found = mean_cosine(queries, gallery).argmax(axis=1)
    truth, predicted = queries[0].labels, gallery[0].labels[found]
    notes = ("Frozen features, nearest neighbour by cosine.",)
    return Outcome({"": accuracy(truth, predicted)}, truth, predicted, notes=notes)


def mean_cosine(left: Sequence[Labelled], right: Sequence[Labelled]) -> NDArray[np.float32]:
    """The cosine ``(N, G)`` of each pair of clips, as the mean over streams."""
    cosines = [
        cosine_similarity(one.features, other.features)
        for one, other in zip(left, right, strict=True)
    ]
    mean: NDArray[np.float32] = np.mean(cosines, axis=0)
    return mean


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
