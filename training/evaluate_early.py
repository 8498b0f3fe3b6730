"""``evaluate early``: the class of a clip from its beginning alone, at 10, 20, … 100 % of it.

A causal encoder reads each clip once: its dense feature at a frame is what it would say having seen
no more, where its normalisation looks no further either. For any other, what is observed is cut
out, normalised and resized to T frames, as whole clips are. A probe is fitted to whole training
clips and to their beginnings; a fine-tuned recogniser is asked as it is.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.pose.store import PoseStore
from training.clip_evaluation import Outcome, accuracy, add_arguments, run_task
from training.evaluate_recognition import add_checkpoint_argument
from training.frozen_evaluation import (
    add_encoder_arguments,
    add_pretrained_argument,
    run_frozen,
)
from training.frozen_streams import Frozen, FrozenStream
from training.probes import logistic
from training.protocols import Partition
from training.recognition_streams import open_recogniser
from training.representation import labelled
from training.subsets import classes_of

SHARES = tuple(range(10, 101, 10))
"""Per cent of a clip that are observed."""

FITTED_SHARES = (20, 40, 60, 80)
"""Per cent of the training clips to which the probe is fitted, beside whole ones."""

ONE_PASS = "each clip read once, by dense features of the frames seen so far"
CUT = "each beginning cut out and resized to the frames of a clip"


def early(
    truth: NDArray[np.int64], predicted_at: Callable[[float], NDArray[np.int64]], note: str
) -> Outcome:
    """Accuracy at each share.

    Args:
        truth: ``(N,)`` classes.
        predicted_at: What is said of each clip, by the share from 0 to 1 that is observed.
        note: What says it.
    """
    predicted = {percent: predicted_at(percent / 100) for percent in SHARES}
    found = {percent: accuracy(truth, said) for percent, said in predicted.items()}
    return Outcome(
        {f".{percent}": value for percent, value in found.items()},
        truth,
        predicted[SHARES[-1]],
        curves={"accuracy": tuple((float(p), round(value, 4)) for p, value in found.items())},
        notes=(note,),
    )


def early_frozen(frozen: Frozen) -> Outcome:
    """Accuracy of probes on frozen features, averaged over streams.

    Raises:
        CheckpointError: A causal encoder has too few frames for a tenth of a clip.
    """
    asked = frozen.partition.test
    spread = np.mean([_probabilities(frozen, stream) for stream in frozen.streams], axis=0)
    said = dict(zip(SHARES, spread.argmax(axis=2), strict=True))
    source = frozen.streams[0].source
    truth = classes_of(source.entry(place) for place in asked)
    note = "Frozen features, probe of whole clips and beginnings; " + _way(frozen)
    return early(truth, lambda share: said[round(100 * share)], note)


def early_recognised(
    store: PoseStore, partition: Partition, checkpoints: list[Path], project: bool
) -> Outcome:
    """Accuracy of fine-tuned recognisers, averaged over streams.

    Raises:
        CheckpointError: A file is no checkpoint of a recogniser of clips.
        StoreError: The store does not fit one.
    """
    streams = [open_recogniser(path, store, project) for path in checkpoints]

    def predicted_at(share: float) -> NDArray[np.int64]:
        spread = [stream.probabilities(partition.test, share) for stream in streams]
        said: NDArray[np.int64] = np.mean(spread, axis=0).argmax(axis=1)
        return said

    truth = classes_of(store.entries[place] for place in partition.test)
    return early(truth, predicted_at, f"Fine-tuned on whole clips and crops; {CUT}.")


def _probabilities(frozen: Frozen, stream: FrozenStream) -> NDArray[np.float64]:
    """What one stream's probe says of each clip at each share, ``(S, N, K)``."""
    train = frozen.partition.train
    *beginnings, whole = (
        labelled(features, stream.source, train)
        for features in stream.beginnings(train, [*(p / 100 for p in FITTED_SHARES), 1.0])
    )
    probe = logistic(whole, len(frozen.classes), beginnings)
    asked = stream.beginnings(frozen.partition.test, [percent / 100 for percent in SHARES])
    return np.stack([probe(features) for features in asked])


def _way(frozen: Frozen) -> str:
    """How beginnings were read, for the note."""
    one_pass = [stream.one_pass for stream in frozen.streams]
    if all(one_pass):
        return f"{ONE_PASS}."
    if not any(one_pass):
        return f"{CUT}."
    return f"{ONE_PASS} where the encoder is causal, else {CUT}."


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate early`` can be told."""
    parser.description = (
        "Asks for the class of each clip from its first 10, 20, … 100 %, by a probe on frozen "
        "features or by fine-tuned recognisers. A causal encoder reads each clip once."
    )
    weights = parser.add_mutually_exclusive_group(required=True)
    add_pretrained_argument(weights, required=False)
    add_checkpoint_argument(weights, required=False)
    add_encoder_arguments(parser)
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    if args.checkpoint is None:
        return run_frozen(args, "early", early_frozen)
    if (args.random_weights, args.modalities, args.through) != (None, None, None):
        print(
            "evaluate early: expected --random-weights, --modalities and --through with "
            "--pretrained only, got --checkpoint",
            file=sys.stderr,
        )
        return 2
    return run_task(
        args,
        "early",
        lambda store, partition: early_recognised(store, partition, args.checkpoint, args.project),
        args.checkpoint,
    )
