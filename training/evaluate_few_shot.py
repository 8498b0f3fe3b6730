"""``evaluate few-shot``: a few labelled clips a class, the nearest class mean by cosine."""

import argparse

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_similarity

from training.arguments import positive
from training.clip_evaluation import Outcome, accuracy
from training.comparison import DEVIATION
from training.frozen_evaluation import add_frozen_arguments, run_frozen
from training.frozen_streams import Frozen
from training.representation import Labelled
from training.subsets import some_of_each_class

SHOTS = (1, 3, 5)


def few_shot(frozen: Frozen, draws: int) -> Outcome:
    """Accuracy from 1, 3 and 5 clips a class: mean over draws, and deviation if there are several.

    Raises:
        StoreError: A class has fewer training clips.
    """
    training, asked = frozen.training(), frozen.asked()
    values: dict[str, float] = {}
    for shots in SHOTS:
        generator = np.random.default_rng([frozen.seed, shots])
        found = []
        for _ in range(draws):
            drawn = some_of_each_class(training[0].labels, shots, generator)
            predicted = nearest_mean(training, drawn, asked)
            found.append(accuracy(asked[0].labels, predicted))
        values[f".{shots}"] = float(np.mean(found))
        if draws > 1:
            values[f".{shots}{DEVIATION}"] = float(np.std(found, ddof=1))
    points = tuple((float(shots), values[f".{shots}"]) for shots in SHOTS)
    notes = (f"Frozen features, nearest class mean by cosine, {draws} draws of the shots.",)
    return Outcome(values, curves={"accuracy": points}, notes=notes)


def nearest_mean(
    training: list[Labelled], drawn: NDArray[np.int64], asked: list[Labelled]
) -> NDArray[np.int64]:
    """The class ``(N,)`` whose mean of drawn clips is nearest by cosine, averaged over streams.

    Each feature has length 1 before the mean, so that no clip counts more than another.
    """
    labels = training[0].labels[drawn]
    classes = np.unique(labels)
    cosines = []
    for known, unknown in zip(training, asked, strict=True):
        features = known.features[drawn]
        unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        means = np.stack([unit[labels == label].mean(axis=0) for label in classes])
        cosines.append(cosine_similarity(unknown.features, means))
    nearest: NDArray[np.int64] = classes[np.mean(cosines, axis=0).argmax(axis=1)]
    return nearest


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate few-shot`` can be told."""
    parser.description = (
        "Draws 1, 3 and 5 training clips a class, and says of each other clip the class whose mean "
        "feature is nearest by cosine: mean and deviation over draws."
    )
    add_frozen_arguments(parser)
    parser.add_argument(
        "--draws", metavar="N", type=positive, default=100, help="draws of the shots"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    return run_frozen(args, "few-shot", lambda frozen: few_shot(frozen, args.draws))
