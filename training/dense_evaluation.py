"""What evaluations of dense models share: whose recordings, which model, what it says of frames.

Detection and segmentation read the same labels a frame; this is where they come from and what both
commands ask for. It knows no measure.
"""

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.pose.artifact import BACKGROUND, ArtifactSpec
from model.pose.metrics import SegmentationScores
from model.pose.store import PoseClip, PoseStore, StoreError
from training.labellers import Labeller, open_artifact, open_checkpoint
from training.online import Evaluation, FrameLabel, OnlineRecording, evaluate
from training.splits import UTKINECT, clips_of

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "frame_accuracy": "frame accuracy",
        "macro_f1": "macro-F1",
        "edit": "edit",
        "f1_10": "F1@10",
        "f1_25": "F1@25",
        "f1_50": "F1@50",
    }
)
"""Field of the scores of labels → what a reader sees."""


@dataclass(frozen=True)
class DenseEvaluation:
    """What a model said of every frame of some recordings.

    Attributes:
        spec: The model.
        protocol: Which recordings they are: ``utkinect/subjects 2 4 6 8 10``.
        clips: The recordings.
        said: What was said of them, by their names.
    """

    spec: ArtifactSpec
    protocol: str
    clips: Sequence[PoseClip]
    said: Evaluation

    def probabilities(self, name: str) -> NDArray[np.float64]:
        """The calibrated probability of each class in each frame of a recording, ``(T, K)``."""
        return probabilities(self.said.labels[name], self.spec.labels)


def probabilities(said: Sequence[FrameLabel], labels: Sequence[str]) -> NDArray[np.float64]:
    """The probability of each class in each frame, ``(T, K)``; a warming frame is background.

    Args:
        said: What was said of each frame.
        labels: K names of classes.
    """
    still = ((BACKGROUND, 1.0),)
    found = np.zeros((len(said), len(labels)))
    place = {label: column for column, label in enumerate(labels)}
    for row, label in enumerate(said):
        for name, probability in label.top or still:
            found[row, place[name]] = probability
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what both commands ask for: store, model, recordings, look-ahead, name and place."""
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--checkpoint", metavar="FILE", type=Path, help="a checkpoint of training")
    model.add_argument("--artifact", metavar="FILE", type=Path, help="an exported .onnx file")
    parser.add_argument(
        "--store",
        metavar="DIR",
        type=Path,
        required=True,
        help="a prepared store with frame labels",
    )
    recordings = parser.add_mutually_exclusive_group()
    recordings.add_argument(
        "--subjects",
        metavar="N",
        type=int,
        nargs="+",
        help="whose recordings (default: those that test, where the data set is utkinect)",
    )
    recordings.add_argument(
        "--split", metavar="NAME", help="which published split of the store, such as xsub_test"
    )
    parser.add_argument(
        "--lookahead-frames",
        metavar="N",
        type=int,
        help="frames of a window that a label waits for; half a window is as good as offline "
        "(default: the model's own)",
    )
    parser.add_argument(
        "--name", required=True, help="of the result and its figures, such as utkinect.detection"
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="directory of results"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one machine-readable line last on stdout (default: not)",
    )


def evaluate_dense(args: argparse.Namespace) -> DenseEvaluation:
    """Lets the model label the recordings that the arguments name.

    Raises:
        StoreError: The store lacks the recordings, labels for their frames, or the model's classes.
        CheckpointError: The checkpoint cannot be read.
        ArtifactError: The artifact cannot be read, or has no such look-ahead.
    """
    labeller = open_artifact(args.artifact) if args.artifact else open_checkpoint(args.checkpoint)
    if args.lookahead_frames is not None:
        spec = replace(labeller.spec, lookahead_frames=args.lookahead_frames)
        labeller = replace(labeller, spec=spec)
    store = PoseStore(args.store)
    protocol, clips = _recordings(store, args.subjects, args.split)
    said = label_recordings(store, clips, labeller)
    return DenseEvaluation(labeller.spec, f"{store.data_set.name}/{protocol}", clips, said)


def label_recordings(store: PoseStore, clips: Sequence[PoseClip], labeller: Labeller) -> Evaluation:
    """Labels recordings of a store as a stream, and scores them.

    Raises:
        StoreError: The recordings lack labels for their frames, or the store the model's classes.
    """
    if store.data_set.labels != labeller.spec.labels:
        raise StoreError(
            f"{store.path}: expected the classes of {labeller.spec.name} "
            f"({', '.join(labeller.spec.labels)}), got {', '.join(store.data_set.labels)}"
        )
    layout = store.data_set.layout
    shown = tqdm(clips, labeller.spec.name, unit="recording", delay=2.0)
    return evaluate((OnlineRecording(c, layout, labeller.spec) for c in shown), labeller.predict)


def score_lines(scores: SegmentationScores) -> list[str]:
    """The scores of labels for a person, a measure a line."""
    return [f"  {shown:<16}{getattr(scores, field):5.1f} %" for field, shown in MEASURES.items()]


def command_of(task: str, args: argparse.Namespace) -> str:
    """The command that makes a result again."""
    model = ("--artifact", args.artifact) if args.artifact else ("--checkpoint", args.checkpoint)
    words = ["python", "-m", "training", "evaluate", task, "--store", args.store, *model]
    words += ["--subjects", *args.subjects] if args.subjects else []
    words += ["--split", args.split] if args.split else []
    if args.lookahead_frames is not None:
        words += ["--lookahead-frames", args.lookahead_frames]
    return shlex.join(str(word) for word in [*words, "--name", args.name, "--out", args.out])


def _recordings(
    store: PoseStore, subjects: Sequence[int] | None, split: str | None
) -> tuple[str, Sequence[PoseClip]]:
    """What the recordings are called together, and the recordings."""
    if split is not None:
        return split, [store[place] for place in store.split(split)]
    if subjects is None and store.data_set.name != "utkinect":
        raise StoreError(
            f"{store.path}: expected --subjects or --split, for who tests in "
            f"{store.data_set.name} is not fixed"
        )
    chosen = UTKINECT.test if subjects is None else tuple(subjects)
    return f"subjects {' '.join(map(str, chosen))}", clips_of(store, chosen)
