"""``evaluate linear``: a linear probe on frozen features; streams average their probabilities."""

import argparse

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from model.pose.store import StoreError
from training.arguments import above_zero
from training.clip_evaluation import Outcome, accuracy
from training.frozen_evaluation import add_frozen_arguments, run_frozen
from training.frozen_streams import Frozen
from training.probes import PROBES, Descent, ProbeKind, descended, logistic
from training.representation import Labelled
from training.results import FeatureMap

MAP_COMPONENTS = 50
MAP_PERPLEXITY = 30.0


def linear(frozen: Frozen, kind: ProbeKind, learning_rate: float, mapped: bool) -> Outcome:
    """Fits a probe to the training clips of each stream, and asks them together.

    Args:
        frozen: Encoders and clips.
        kind: Of the probe.
        learning_rate: Of the authors' probe.
        mapped: Whether to lay the features of the clips that are asked out in a plane.
    """
    classes = len(frozen.classes)
    descent = Descent(learning_rate=learning_rate, seed=frozen.seed)
    asked = frozen.asked()
    probes = [
        logistic(train, classes) if kind == "logistic" else descended(train, classes, descent)
        for train in frozen.training()
    ]
    probabilities = [probe(test.features) for probe, test in zip(probes, asked, strict=True)]
    truth = asked[0].labels
    predicted = np.mean(probabilities, axis=0).argmax(axis=1)
    return Outcome(
        {"": accuracy(truth, predicted)},
        truth,
        predicted,
        feature_map=feature_map(asked, frozen.seed) if mapped else None,
        notes=(f"Frozen features, {kind} probe.",),
    )


def feature_map(streams: list[Labelled], seed: int) -> FeatureMap:
    """Features of all streams side by side, laid out by t-SNE (van der Maaten, Hinton, 2008).

    Raises:
        StoreError: There is but one clip, or all are alike.
    """
    if len(streams[0].labels) < 2:
        raise StoreError("--map: expected two clips or more to lay out, got 1")
    joined = np.concatenate(
        [StandardScaler().fit_transform(stream.features) for stream in streams], axis=1
    )
    if not joined.any():
        raise StoreError(f"--map: expected clips to tell apart, got {len(joined)} that are alike")
    components = min(MAP_COMPONENTS, *joined.shape)
    reduced = PCA(components, random_state=seed).fit_transform(joined)
    perplexity = min(MAP_PERPLEXITY, (len(joined) - 1) / 3)
    plane = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    points = tuple((round(float(x), 3), round(float(y), 3)) for x, y in plane)
    return FeatureMap(points, tuple(streams[0].labels.tolist()))


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate linear`` can be told."""
    parser.description = (
        "Fits a linear probe to the frozen features of the training clips, and asks it about the "
        "others. Another data set's encoder gives the transfer to this one."
    )
    add_frozen_arguments(parser)
    parser.add_argument(
        "--probe",
        choices=PROBES,
        default="logistic",
        help="a logistic regression whose strength is cross-validated between training subjects, "
        "or the authors' stochastic gradient descent",
    )
    parser.add_argument(
        "--probe-rate",
        metavar="RATE",
        type=above_zero,
        default=0.02,
        help="learning rate of --probe sgd",
    )
    parser.add_argument(
        "--map",
        action="store_true",
        help="also lay the features out in a plane, for the report",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    return run_frozen(
        args, "linear", lambda frozen: linear(frozen, args.probe, args.probe_rate, args.map)
    )
