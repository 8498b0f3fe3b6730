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

from model.network.weights import CheckpointError
from model.pose.artifact import BACKGROUND, ArtifactError, ArtifactSpec
from model.pose.layout import LayoutError
from model.pose.metrics import SegmentationScores
from model.pose.store import LEFT_OUT, PoseClip, PoseStore, StoreError
from training.arguments import add_json, add_protocol, add_result, add_store, natural
from training.labellers import Labeller, open_artifact, open_checkpoint
from training.leaks import LeakError, check_unseen
from training.online import Evaluation, FrameLabel, OnlineRecording, evaluate
from training.protocols import ProtocolError, protocol_named
from training.results import ResultError
from training.splits import UTKINECT, places_of

EXPECTED_ERRORS = (
    StoreError,
    LayoutError,
    ProtocolError,
    LeakError,
    ArtifactError,
    CheckpointError,
    ResultError,
    OSError,
)
"""Bad input: each says in one sentence what was expected and what came."""

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
        protocol: Which recordings they are: ``pku1/cross-subject``, or
            ``utkinect/subjects 2 4 6 8 10``.
        clips: The recordings.
        said: What was said of them, by their names.
        notes: What a reader should know, a sentence each.
        learnt: Whether the model learnt from recordings among them: no test then.
    """

    spec: ArtifactSpec
    protocol: str
    clips: list[PoseClip]
    said: Evaluation
    notes: tuple[str, ...] = ()
    learnt: bool = False

    @property
    def asked(self) -> str:
        """Who was asked and how, and what a reader should know, in sentences."""
        scores = self.said.scores
        asked = (
            f"{self.protocol}: {scores.recordings} recordings, {scores.frames:,} frames; "
            f"look-ahead {self.spec.lookahead_frames} frames."
        )
        return " ".join([asked, *self.notes])

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


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds ``--checkpoint`` and ``--artifact``, of which one has to be named."""
    model = parser.add_mutually_exclusive_group(required=True)
    for option, what in (
        ("--checkpoint", "a checkpoint of training (default: the artifact)"),
        ("--artifact", "an exported .onnx file (default: the checkpoint)"),
    ):
        model.add_argument(option, metavar="FILE", type=Path, help=what)


def opened_model(args: argparse.Namespace) -> Labeller:
    """Opens what `add_model` was given.

    Raises:
        CheckpointError: The checkpoint cannot be read.
        ArtifactError: The artifact cannot be read.
    """
    return open_artifact(args.artifact) if args.artifact else open_checkpoint(args.checkpoint)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what both commands ask for: store, model, recordings, look-ahead, name and place."""
    add_model(parser)
    add_store(parser, "a prepared store with frame labels")
    recordings = parser.add_mutually_exclusive_group()
    testing = "those that test, where the data set is utkinect"
    add_protocol(recordings, required=False, otherwise=testing)
    recordings.add_argument(
        "--subjects",
        metavar="N",
        type=natural,
        nargs="+",
        help=f"whose recordings (default: {testing})",
    )
    recordings.add_argument(
        "--split",
        metavar="NAME",
        help=f"a published split of the store, such as xsub_test (default: {testing})",
    )
    parser.add_argument(
        "--lookahead-frames",
        metavar="N",
        type=natural,
        help="frames of a window that a label waits for; half a window is as good as offline "
        "(default: the model's own)",
    )
    add_result(parser, "utkinect.detection")
    add_json(parser)


def evaluate_dense(args: argparse.Namespace) -> DenseEvaluation:
    """Lets the model label the recordings that the arguments name.

    Raises:
        StoreError: The store lacks the recordings, labels for their frames, or the model's classes.
        ProtocolError: The protocol is unknown, or does not fit the store.
        LeakError: The checkpoint says that it saw a recording that tests.
        CheckpointError: The checkpoint cannot be read.
        ArtifactError: The artifact cannot be read, or has no such look-ahead.
    """
    labeller = opened_model(args)
    if args.lookahead_frames is not None:
        spec = replace(labeller.spec, lookahead_frames=args.lookahead_frames)
        labeller = replace(labeller, spec=spec)
    store = PoseStore(args.store)
    if args.protocol is not None:
        protocol = protocol_named(args.protocol)
        test = protocol.partition(store).test
        name, places = protocol.name, list(test)
    else:
        named, places = _recordings(store, args.subjects, args.split)
        name = f"{store.data_set.name}/{named}"
    learnt, notes = _unseen(args, name, store, places)
    clips = [store[place] for place in places]
    said = label_recordings(store, clips, labeller)
    return DenseEvaluation(labeller.spec, name, clips, said, notes, learnt)


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
    if all(
        clip.frame_labels is not None and (clip.frame_labels == LEFT_OUT).all() for clip in clips
    ):
        raise StoreError(f"{store.path}: expected frames with labels, all of them are left out")
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
    words += ["--protocol", args.protocol] if args.protocol else []
    words += ["--subjects", *args.subjects] if args.subjects else []
    words += ["--split", args.split] if args.split else []
    if args.lookahead_frames is not None:
        words += ["--lookahead-frames", args.lookahead_frames]
    return shlex.join(str(word) for word in [*words, "--name", args.name, "--out", args.out])


def _unseen(
    args: argparse.Namespace, name: str, store: PoseStore, places: Sequence[int]
) -> tuple[bool, tuple[str, ...]]:
    """Whether the model learnt from what it is asked, and what is to be said of what it has seen.

    Raises:
        LeakError: It has seen recordings that were not chosen by their subjects.
    """
    if args.artifact:
        return False, (f"{args.artifact} does not say whom it saw: a leak would go unnoticed.",)
    try:
        return False, check_unseen([args.checkpoint], name, store, places)
    except LeakError as leak:
        if args.subjects is None:
            raise
        return True, (f"No test: {leak}.",)


def _recordings(
    store: PoseStore, subjects: Sequence[int] | None, split: str | None
) -> tuple[str, list[int]]:
    """What the recordings are called together, and their places."""
    if split is not None:
        return split, list(store.split(split))
    if subjects is None and store.data_set.name != "utkinect":
        raise StoreError(
            f"{store.path}: expected --protocol, --split or --subjects, for who tests in "
            f"{store.data_set.name} is not fixed"
        )
    chosen = UTKINECT.test if subjects is None else tuple(subjects)
    return f"subjects {' '.join(map(str, chosen))}", places_of(store, chosen)
