"""``evaluate linear``: a linear probe on frozen features; streams average their probabilities."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from model.pose.store import StoreError
from training.arguments import above_zero
from training.clip_evaluation import Outcome, accuracy
from training.frozen_evaluation import add_frozen_arguments, run_frozen
from training.frozen_streams import Frozen
from training.probes import PROBES, Descent, Probe, ProbeKind, descended, logistic
from training.representation import CROPS, WHOLE, Crop, Labelled, together
from training.results import FeatureMap

MAP_COMPONENTS = 50
MAP_PERPLEXITY = 30.0


@dataclass(frozen=True)
class LinearSettings:
    """How probes are fitted and asked.

    Attributes:
        kind: Of the probe.
        learning_rate: Of the authors' probe, where that is the kind.
        crops: Of each clip, that a probe is fitted to and asked about; the whole clip first.
        mapped: Whether to lay the features of the whole clips that are asked out in a plane.
    """

    kind: ProbeKind = "logistic"
    learning_rate: float = Descent().learning_rate
    crops: tuple[Crop, ...] = (WHOLE,)
    mapped: bool = False

    @property
    def note(self) -> str:
        """What a result says of them."""
        fitted = f"Frozen features, {self.kind} probe"
        crops = len(self.crops)
        return f"{fitted}." if crops == 1 else f"{fitted} of {crops} crops of each clip."


def linear(frozen: Frozen, settings: LinearSettings) -> Outcome:
    """Fits a probe to the training clips of each stream, and asks them together."""
    trained = [frozen.training(crop=crop) for crop in settings.crops]
    asked = [frozen.asked(crop=crop) for crop in settings.crops]
    probabilities = []
    for fitted_to, said_of in zip(
        zip(*trained, strict=True), zip(*asked, strict=True), strict=True
    ):
        probe = _probe(fitted_to, settings, frozen)
        probabilities += [probe(clips.features) for clips in said_of]
    streams = asked[0]
    truth = streams[0].labels
    predicted = np.mean(probabilities, axis=0).argmax(axis=1)
    return Outcome(
        {"": accuracy(truth, predicted)},
        truth,
        predicted,
        feature_map=feature_map(streams, frozen.seed) if settings.mapped else None,
        notes=(settings.note,),
    )


def _probe(fitted_to: Sequence[Labelled], settings: LinearSettings, frozen: Frozen) -> Probe:
    whole, *crops = fitted_to
    if settings.kind == "logistic":
        return logistic(whole, len(frozen.classes), crops)
    descent = Descent(learning_rate=settings.learning_rate, seed=frozen.seed)
    return descended(together(fitted_to), len(frozen.classes), descent)


def feature_map(streams: list[Labelled], seed: int) -> FeatureMap:
    """Features of all streams side by side, laid out by t-SNE (van der Maaten, Hinton, 2008).

    Raises:
        StoreError: There is but one clip.
    """
    if len(streams[0].labels) < 2:
        raise StoreError("--map: expected two clips or more to lay out, got 1")
    joined = np.concatenate(
        [StandardScaler().fit_transform(stream.features) for stream in streams], axis=1
    )
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
        "--crops",
        action="store_true",
        help=f"fit the probe to {len(CROPS)} crops of each clip, the whole one among them, and "
        "ask it about as many",
    )
    parser.add_argument(
        "--map",
        action="store_true",
        help="also lay the features out in a plane, for the report",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    crops = CROPS if args.crops else (WHOLE,)
    settings = LinearSettings(args.probe, args.probe_rate, crops, args.map)
    return run_frozen(args, "linear", lambda frozen: linear(frozen, settings))
