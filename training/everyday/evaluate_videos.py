"""``python -m training evaluate everyday-videos``: a model on keypoints of real videos."""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.pose.figures import measured
from model.pose.mapping import layout_mapping
from training.arguments import add_directory, add_json, add_result
from training.dense_evaluation import EXPECTED_ERRORS, add_model, opened_model
from training.everyday.films import Film, FilmError, read_films
from training.everyday.hearing import PICTURE_LAYOUT, check_labels
from training.everyday.picture_recording import (
    PictureRecording,
    PictureRecordingError,
    read_picture_recordings,
)
from training.everyday.real_videos import Verdict, verdict
from training.everyday.vocabulary import VocabularyError, read_vocabulary
from training.pictures.film_strip import draw_film_strip
from training.results import Result, check_name, write_result

TASK = "everyday-videos"
PICTURE_PREFIX = "everyday-video-"


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate everyday-videos`` can be told."""
    parser.description = (
        "Lets a model label recordings of real videos, and writes how much of each got a right "
        "name, and a drawing of each: labels above skeletons. Recordings are made with "
        "python -m service poses VIDEO … --out DIR; UP-Fall's trial 1 is for the last run alone."
    )
    add_model(parser)
    add_directory(parser, "--recordings", "of recordings in pixels (*.jsonl)")
    add_result(parser, "everyday.videos")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        check_name(args.name)
        labeller = opened_model(args)
        vocabulary = read_vocabulary()
        check_labels(labeller, vocabulary)
        films, recordings = read_films(vocabulary), read_picture_recordings(args.recordings)
        shown = [_film(recording, films) for recording in recordings]
        args.out.mkdir(parents=True, exist_ok=True)
        verdicts = []
        for recording, film in zip(recordings, shown, strict=True):
            found = verdict(recording, film, labeller)
            if found is None:
                print(f"{recording.name}: nobody is seen long enough whose action is known")
                continue
            verdicts.append(found)
            path = args.out / f"{PICTURE_PREFIX}{recording.name}.svg"
            path.write_text(picture(recording, found, labeller.spec.labels), encoding="utf-8")
        if not verdicts:
            raise PictureRecordingError(
                f"{args.recordings}: expected a recording of somebody whose action is known, "
                f"got {len(recordings)} without"
            )
        write_result(_result(args, verdicts), args.out)
    except (*EXPECTED_ERRORS, VocabularyError, FilmError, PictureRecordingError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    for found in verdicts:
        print(f"{found.heard.name}: {found.film.what}")
        print(f"  right {found.right:.0f} %, another action {found.other:.0f} %; {found.words}")
    if args.json:
        print(json.dumps({found.heard.name: found.right for found in verdicts}))
    return 0


def picture(recording: PictureRecording, found: Verdict, labels: Sequence[str]) -> str:
    """Draws what was said of each frame, what would be told, and who was seen, as an SVG."""
    heard = found.heard
    told: NDArray[np.int64] = np.zeros(len(heard.times_ms), np.int64)
    for each in heard.told:
        within = (heard.times_ms >= each.since_ms) & (heard.times_ms <= each.last_ms)
        told[within] = each.label
    to_body = layout_mapping(recording.layout, PICTURE_LAYOUT)
    return draw_film_strip(
        f"{recording.name}: {found.film.what}",
        heard.times_ms,
        {"done": heard.truth.clip(0), "said": heard.classes, "told": told},
        labels,
        to_body(recording.keypoints),
        PICTURE_LAYOUT,
    )


def _film(recording: PictureRecording, films: Mapping[str, Film]) -> Film:
    film = films.get(recording.name)
    if film is None:
        raise PictureRecordingError(
            f"{recording.name}: expected the name of a video that is known, such as "
            "upfall_activity6_trial1_cam1"
        )
    return film


def _result(args: argparse.Namespace, verdicts: Sequence[Verdict]) -> Result:
    model = ("--artifact", args.artifact) if args.artifact else ("--checkpoint", args.checkpoint)
    words = ["python", "-m", "training", "evaluate", TASK, *model, "--recordings", args.recordings]
    command = shlex.join(str(word) for word in [*words, "--name", args.name, "--out", args.out])
    figures = [
        measured(f"{args.name}.{found.heard.name}.{what}", round(share, 4), "%", command, note)
        for found in verdicts
        for what, share, note in (
            ("right", found.right, f"{found.film.what}: {found.words}"),
            ("named", found.named, ""),
            ("other", found.other, ""),
        )
        if share is not None
    ]
    return Result(args.name, TASK, "everyday/videos", tuple(figures))
