"""``python -m training report utkinect``: the models of a run against the subjects that test.

This is the only place where the test subjects are looked at by default. It measures anew from the
checkpoints; nothing that it prints was noted by the training.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.network.weights import CheckpointError
from model.pose.artifact import ArtifactError
from model.pose.figures import ROOT, Figure, FiguresError, measured, record_figures
from model.pose.metrics import Labels, SegmentationScores, macro_f1, score_recordings
from model.pose.store import LEFT_OUT, PoseStore, StoreError
from training.arguments import add_directory, add_json, add_store
from training.dense_evaluation import MEASURES
from training.evaluate_utkinect import evaluate_store
from training.labellers import open_checkpoint
from training.leaks import LeakError, check_unseen
from training.online import Evaluation
from training.recipes import FROM_SCRATCH
from training.splits import UTKINECT, clips_of, open_utkinect, places_of
from training.timeline import draw_timeline

PICTURE_PATH = ROOT / "docs" / "utkinect-timeline.svg"
TITLES = {
    "mlp": "MLP on each frame",
    "gru": "GRU over frames",
    "dste": "DSTE",
    "pretrained": "DSTE, pretrained",
}
COMMAND = "python -m training report utkinect --store data/utkinect --runs runs/utkinect --record"
NOTE = "Subjects 2, 4, 6, 8, 10: whole recordings online, hop 1, look-ahead 0."


def measure(store: PoseStore, runs: Path) -> dict[str, Evaluation]:
    """Labels the recordings of the test subjects with each model of a run, by name.

    A run need not hold a pretrained model; those that begin with nothing but data it must.

    Raises:
        LeakError: Where one says that it saw whoever tests.
        CheckpointError: Where the checkpoint of a model is missing or broken.
        ArtifactError: Where its notes are no specification.
        StoreError: Where the store is not that of the models.
    """
    paths = {
        model: runs / f"{model}.ckpt"
        for model in TITLES
        if model in FROM_SCRATCH or (runs / f"{model}.ckpt").is_file()
    }
    test = places_of(store, UTKINECT.test)
    for note in check_unseen(list(paths.values()), "report utkinect", store, test):
        print(note, file=sys.stderr)
    return {
        model: evaluate_store(store, UTKINECT.test, open_checkpoint(path))
        for model, path in paths.items()
    }


def always_background(evaluation: Evaluation) -> SegmentationScores:
    """The scores of saying background whatever comes, on the same frames."""
    truths = list(evaluation.truths.values())
    return score_recordings(truths, [np.zeros_like(truth) for truth in truths])


def table(evaluations: Mapping[str, Evaluation]) -> list[str]:
    """The scores of all models as the lines of a Markdown table."""
    first = next(iter(evaluations.values()))
    rows = {"always background": always_background(first)}
    rows |= {TITLES[model]: found.scores for model, found in evaluations.items()}
    return [
        f"| % | {' | '.join(MEASURES.values())} |",
        f"|---|{'---:|' * len(MEASURES)}",
        *(
            f"| {title} | {' | '.join(f'{getattr(scores, name):.1f}' for name in MEASURES)} |"
            for title, scores in rows.items()
        ),
    ]


def class_table(evaluations: Mapping[str, Evaluation], labels: tuple[str, ...]) -> list[str]:
    """F1 over frames of each class and model, as the lines of a Markdown table."""
    truth = np.concatenate(list(next(iter(evaluations.values())).truths.values()))
    lines = [
        f"| F1 over frames, % | frames | {' | '.join(TITLES[model] for model in evaluations)} |",
        f"|---|---:|{'---:|' * len(evaluations)}",
    ]
    counted = truth != LEFT_OUT
    for place, label in enumerate(labels):
        scores = [
            _class_f1(truth[counted], np.concatenate(list(found.classes.values()))[counted], place)
            for found in evaluations.values()
        ]
        shown = " | ".join(f"{score:.1f}" for score in scores)
        lines.append(f"| {label} | {int((truth == place).sum()):,} | {shown} |")
    return lines


def _class_f1(truth: Labels, predicted: Labels, label: int) -> float:
    return macro_f1((truth == label).astype(np.int8), (predicted == label).astype(np.int8))


def figures_of(evaluations: Mapping[str, Evaluation]) -> list[Figure]:
    """All scores as figures ``utkinect.online.MODEL.MEASURE``."""
    background = always_background(next(iter(evaluations.values()))).frame_accuracy
    values = {"background.frame_accuracy": background}
    for model, found in evaluations.items():
        values |= {f"{model}.{name}": getattr(found.scores, name) for name in MEASURES}
    return [
        measured(f"utkinect.online.{name}", round(value, 4), "%", COMMAND, NOTE)
        for name, value in values.items()
    ]


def picture(store: PoseStore, evaluations: Mapping[str, Evaluation]) -> str:
    """The timeline of the recording on which the DSTE is at its median, as an SVG.

    That is the pretrained DSTE, where there is one.
    """
    found = evaluations.get("pretrained", evaluations["dste"])
    accuracies = {
        name: np.mean((found.classes[name] == truth)[truth != LEFT_OUT])
        for name, truth in found.truths.items()
    }
    name = sorted(accuracies, key=lambda name: accuracies[name])[len(accuracies) // 2]
    clip = next(clip for clip in clips_of(store, UTKINECT.test) if clip.name == name)
    rows: dict[str, Labels] = {"truth": found.truths[name]}
    rows |= {
        model.upper(): evaluations[model].classes[name] for model in reversed(tuple(evaluations))
    }
    title = f"UTKinect {name}, subject {clip.subject}: labels as they were given, frame by frame"
    return draw_timeline(title, clip.times_ms, rows, store.data_set.labels)


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``report utkinect`` can be told."""
    parser.description = (
        "Labels the recordings of subjects 2, 4, 6, 8 and 10 online with each model of a run, "
        "prints one table and writes it to report.md beside timeline.svg in --runs."
    )
    add_store(parser)
    add_directory(
        parser,
        "--runs",
        f"holds {', '.join(f'{model}.ckpt' for model in FROM_SCRATCH)}, and may hold "
        "pretrained.ckpt",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="also put the scores into benchmarks/figures.json and the picture into docs/",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        store = open_utkinect(args.store)
        evaluations = measure(store, args.runs)
        figures = figures_of(evaluations)
        text = "\n".join(
            [*table(evaluations), "", *class_table(evaluations, store.data_set.labels), ""]
        )
        (args.runs / "report.md").write_text(text, encoding="utf-8")
        (args.runs / "timeline.svg").write_text(picture(store, evaluations), encoding="utf-8")
        if args.record:
            record_figures(figures)
            PICTURE_PATH.write_text(picture(store, evaluations), encoding="utf-8")
    except (
        StoreError,
        LeakError,
        CheckpointError,
        ArtifactError,
        FiguresError,
        OSError,
    ) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    print(text, end="")
    if args.json:
        print(json.dumps({figure.name: figure.value for figure in figures}))
    return 0
