"""The command `poses`: videos become recordings of poses, as the service would have seen them."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from model.pose.recording import WIRE_VERSION, shortest_decimals
from model.pose.whole_file import whole_file
from service.hello import LARGEST_CROWD
from service.pose_estimator import LAYOUT, Keypoints, MediaPipeEstimator, PoseEstimator, available
from service.tracker import Tracker
from service.video import Video


@dataclass(frozen=True)
class VideoPoses:
    """What became of one video.

    Attributes:
        video: the file.
        recording: what was written.
        frames: pictures read.
        frames_with_people: pictures with at least one person.
        people: ids given.
    """

    video: str
    recording: str
    frames: int
    frames_with_people: int
    people: int

    def line(self) -> str:
        """Returns it for a person."""
        return (
            f"{self.recording}: {self.frames} frames, {self.frames_with_people} with people, "
            f"{self.people} in all"
        )


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    command.add_argument("videos", metavar="VIDEO", nargs="+", type=Path, help="a video file")
    command.add_argument(
        "--out", type=Path, required=True, help="directory of the recordings, NAME.jsonl each"
    )
    command.add_argument(
        "--people",
        type=int,
        default=1,
        help="most people in a picture, 1 to 16; one alone is followed and smoothed (default 1)",
    )
    command.add_argument("--json", action="store_true", help="one machine-readable line last")


def run(options: argparse.Namespace, model: Path) -> int:
    """Runs the command with a pose model; returns its exit status.

    Raises:
        ValueError: poses cannot be estimated here, or a video cannot be read.
    """
    if not 1 <= options.people <= LARGEST_CROWD:
        raise ValueError(f"--people is from 1 to {LARGEST_CROWD}, got {options.people}")
    places = [options.out / f"{video.stem}.jsonl" for video in options.videos]
    if len(set(places)) < len(places):
        raise ValueError("two videos of one name would become one recording; name them apart")
    if (reason := available(model)) is not None:
        raise ValueError(reason)
    done = []
    for video, place in zip(options.videos, places, strict=True):
        done.append(record_video(video, place, lambda: MediaPipeEstimator(model, options.people)))
        print(done[-1].line())
    if options.json:
        print(json.dumps({"videos": [asdict(one) for one in done]}))
    return 0


def record_video(
    video: Path, recording: Path, make_estimator: Callable[[], PoseEstimator]
) -> VideoPoses:
    """Writes the poses of a video as a recording; it is renamed into place when whole.

    Raises:
        ValueError: the video cannot be read, or the recording cannot be written.
    """
    frames = with_people = 0
    seen: set[int] = set()
    try:
        with Video(video) as opened:
            recording.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(recording) as file:
                file.write(msgspec.json.encode(_hello(opened.size)) + b"\n")
                for t_ms, people in _people(opened, video.name, make_estimator):
                    frames += 1
                    with_people += bool(people)
                    seen |= people.keys()
                    file.write(msgspec.json.encode(_pose(t_ms, people)) + b"\n")
    except OSError as error:
        raise ValueError(f"cannot write {recording}: {error.strerror or error}") from None
    return VideoPoses(str(video), str(recording), frames, with_people, len(seen))


def _people(
    video: Video, name: str, make_estimator: Callable[[], PoseEstimator]
) -> Iterator[tuple[float, dict[int, Keypoints]]]:
    """Yields (time in ms, id → (33, 3) x, y, score) of every picture."""
    tqdm: Any = import_module("tqdm").tqdm
    tracker = Tracker(4 * LARGEST_CROWD)
    estimator = make_estimator()
    try:
        for t_ms, picture in tqdm(
            video, name, total=video.frames or None, unit="frame", delay=2.0, leave=False
        ):
            found = estimator.estimate(picture, t_ms)
            ids = tracker.step(t_ms, [_in_space(person) for person in found])
            yield t_ms, dict(zip(ids, found, strict=True))
    finally:
        estimator.close()


def _in_space(person: Keypoints) -> Keypoints:
    """(V, 3) x, y, score → (V, 4) x, y, 0, score."""
    return np.insert(person, 2, 0, axis=1)


def _hello(size: tuple[int, int]) -> dict[str, Any]:
    return {
        "type": "hello",
        "version": WIRE_VERSION,
        "layout": LAYOUT,
        "coordinates": "pixels",
        "size": size,
        "options": {"drop": "never"},
    }


def _pose(t_ms: float, people: dict[int, Keypoints]) -> dict[str, Any]:
    rows = (
        {"id": person, "keypoints": shortest_decimals(keypoints).tolist()}
        for person, keypoints in people.items()
    )
    return {"type": "pose", "t_ms": t_ms, "people": list(rows)}
