"""``evaluate utkinect``: a checkpoint or an artifact against whole recordings, online."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import msgspec

from model.network.weights import CheckpointError
from model.pose.artifact import ArtifactError
from model.pose.metrics import SegmentationScores
from model.pose.store import PoseStore, StoreError
from model.pose.whole_file import whole_file
from training.arguments import add_json, add_store, natural
from training.dense_evaluation import add_model, label_recordings, opened_model, score_lines
from training.labellers import Labeller
from training.leaks import LeakError, check_unseen
from training.online import Evaluation
from training.splits import UTKINECT, clips_of, open_utkinect, places_of


def evaluate_store(store: PoseStore, subjects: tuple[int, ...], labeller: Labeller) -> Evaluation:
    """Labels all recordings of some subjects online, and scores them.

    Raises:
        StoreError: Where the store lacks a subject, labels for its frames, or the model's classes.
    """
    return label_recordings(store, clips_of(store, subjects), labeller)


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate utkinect`` can be told."""
    parser.description = (
        "Runs a checkpoint or an artifact online over whole recordings, as the service does, and "
        "prints how well its labels agree with the truth."
    )
    add_model(parser)
    add_store(parser)
    parser.add_argument(
        "--subjects",
        metavar="N",
        type=natural,
        nargs="+",
        default=list(UTKINECT.test),
        help="whose recordings; those that test unless said",
    )
    parser.add_argument(
        "--labels-out",
        metavar="FILE",
        type=Path,
        help="also write the label of each frame of each recording here, as JSON (default: none)",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        labeller = opened_model(args)
        store = open_utkinect(args.store)
        note_what_was_seen(args, store)
        evaluation = evaluate_store(store, tuple(args.subjects), labeller)
        if args.labels_out is not None:
            write_labels(evaluation, args.labels_out)
    except (StoreError, LeakError, ArtifactError, CheckpointError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print("\n".join(_lines(labeller.spec.name, evaluation.scores)))
    if args.json:
        print(json.dumps({"model": labeller.spec.name, **asdict(evaluation.scores)}))
    return 0


def note_what_was_seen(args: argparse.Namespace, store: PoseStore) -> None:
    """Says what the checkpoint does not say of whom it saw.

    Raises:
        LeakError: It saw whoever tests. Of those who do not, it may have learnt.
        StoreError: Where the store lacks a subject.
    """
    testing = sorted(set(args.subjects) & set(UTKINECT.test))
    if args.checkpoint is not None and testing:
        places = places_of(store, testing)
        for note in check_unseen([args.checkpoint], "evaluate utkinect", store, places):
            print(note, file=sys.stderr)


def write_labels(evaluation: Evaluation, path: Path) -> None:
    """Writes what was said of each frame: ``{"recordings": [{"name", "frames": […]}]}``.

    A frame is ``{"t_ms", "label", "score"}``; ``label`` may be ``warming``.

    Raises:
        OSError: Where the file cannot be written.
    """
    recordings = [
        {
            "name": name,
            "frames": [
                {"t_ms": label.t_ms, "label": label.label, "score": label.score} for label in labels
            ],
        }
        for name, labels in evaluation.labels.items()
    ]
    with whole_file(path) as file:
        file.write(msgspec.json.encode({"recordings": recordings}) + b"\n")


def _lines(name: str, scores: SegmentationScores) -> list[str]:
    heading = f"{name}: {scores.recordings} recordings, {scores.frames:,} frames, online"
    return [heading, *score_lines(scores)]
