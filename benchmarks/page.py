"""The demo page: how soon it shows something, how fast it sees, and how late its labels are.

A label is late by what the page, the wire and the service add: the same keypoints are given to the
model once more, without any delay, and what it says of the newest picture changes at some picture.
From when that one was taken until the same change is painted is the delay.
"""

import gzip
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.browser import running_browser, webcam
from benchmarks.film import Scene, write_film
from benchmarks.page_visit import Visit, first_picture_s, visit_with_webcam
from benchmarks.server import running_server
from model.pose.artifact import BACKGROUND, WARMING
from model.pose.artifact_session import ArtifactSession
from model.pose.decision import Decision
from model.pose.figures import Figure, measured
from model.pose.layout import layout_named
from model.pose.stream import FrameAnswer, LabelStream
from posewire_client.link import http_address

BUILT = Path(__file__).resolve().parents[1] / "service" / "page"
APPLICATION = ("index.html", "assets/index.js", "assets/index.css")
SCENES = (
    ("upfall_activity8_trial2_cam1.mp4", 9.0),
    ("upfall_activity9_trial2_cam1.mp4", 7.0),
    ("upfall_activity10_trial2_cam1.mp4", 8.0),
    ("upfall_activity6_trial2_cam1.mp4", 10.0),
)
"""Videos that show sitting down, picking up, jumping and walking, and how much of each is shown."""

COMMAND = "python -m benchmarks page"
LOADS = 5
WARM_UP_S = 5.0
LASTING_MS = 300.0
"""What is said for a shorter time is not waited for on the screen."""
LATE_MS = 3000.0
"""A change that is not painted by then has been missed."""


@dataclass(frozen=True)
class Change:
    """A moment from which on something else is said.

    Attributes:
        t_ms: of the stream's clock.
        words: what is said from then on.
    """

    t_ms: float
    words: str


def page_figures(model: Path, videos: Path, seconds: float) -> Iterator[Figure]:
    """Measures the page as it is built, in a browser on this machine.

    Args:
        model: the artifact that is served; where it reads no pictures, no webcam is measured.
        videos: directory of the videos of `SCENES`.
        seconds: how long the webcam is watched, longer than `WARM_UP_S`.

    Raises:
        ValueError: a video, the browser or the server is missing, or the page does not do what is
            waited for; the message says which.
    """
    yield _bundle()
    session = ArtifactSession(model, threads=1)
    with running_server(model) as server:
        address = http_address(server.url, "/")
        with running_browser() as browser:
            loads = [first_picture_s(browser, address) for _ in range(LOADS)]
        yield _first_picture(loads)
        if session.spec.dimensions == 3:
            print(f"{session.spec.name} reads metres: no webcam is measured", flush=True)
            return
        with tempfile.TemporaryDirectory() as place:
            film = write_film(_scenes(videos), Path(place) / "webcam.y4m")
            with running_browser(*webcam(film)) as browser:
                visit = visit_with_webcam(browser, address, seconds)
    yield from _of_visit(visit, session, seconds)


def _scenes(videos: Path) -> list[Scene]:
    scenes = [Scene(videos / name, lasts) for name, lasts in SCENES]
    for scene in scenes:
        if not scene.video.is_file():
            raise ValueError(f"expected the video {scene.video}; --videos names its directory")
    return scenes


def _bundle() -> Figure:
    size = sum(len(gzip.compress((BUILT / name).read_bytes())) for name in APPLICATION)
    note = "Page and client together, gzipped; fonts and the pose runtime, which is loaded when "
    return measured(
        "web.bundle_gzip_kb", size / 1024, "KB", COMMAND, note + "needed, are not in it."
    )


def _first_picture(loads: Sequence[float]) -> Figure:
    note = (
        f"From asking a warm service for the page until the first figure is drawn, the median of "
        f"{len(loads)} visits with nothing cached, the slowest {max(loads):.2f} s; headless "
        "Chromium, software rendering, on the service's own machine."
    )
    return measured("web.first_picture_s", float(np.median(loads)), "s", COMMAND, note)


def _of_visit(visit: Visit, session: ArtifactSession, seconds: float) -> Iterator[Figure]:
    command = f"{COMMAND} --page-seconds {seconds:g}"
    watched_s = seconds - WARM_UP_S
    note = (
        f"Frames whose poses were found and sent, over {watched_s:g} s of a webcam of 640×480 at "
        f"30 Hz; a pose takes {visit.pose_ms:.0f} ms in the browser. Headless Chromium, software "
        "rendering, CPU delegate; browser and service share the machine."
    )
    yield measured("web.fps", visit.frames_a_second(watched_s), "1/s", command, note)
    changes = model_changes(visit, session)
    late = [each for each in delays_ms(changes, visit.shown) if each is not None]
    if not late:
        raise ValueError("no change of the model's labels was painted: no delay can be measured")
    note = (
        "From taking the picture at which the model, given the same keypoints without delay, says "
        f"something else, until that is painted: {len(late)} of {len(changes)} changes that lasted "
        f"{LASTING_MS:g} ms, the others were not painted or stood there already."
    )
    for name, percent in (("median", 50), ("p95", 95)):
        value = float(np.percentile(late, percent))
        yield measured(f"web.label_delay_{name}_ms", value, "ms", command, note)


def model_changes(visit: Visit, session: ArtifactSession) -> list[Change]:
    """What the model says of each picture when it is taken, without any delay; changes that last.

    A window is run with every picture, whatever the model's hop: waiting for one is a delay too.
    """
    spec = replace(session.spec, hop_frames=1)
    stream = LabelStream(spec, layout_named(visit.layout), visit.size)
    said: list[Change] = []
    ids: tuple[int, ...] = ()
    for frame in visit.frames:
        ids = visit.ids.get(frame.t_ms, ids)
        stream.push(frame.t_ms, dict(zip(ids, frame.people, strict=False)))
        for *_, newest in answers_due(stream, session):
            words = _words(newest.people[0][1]) if newest.people else ""
            if not said or said[-1].words != words:
                said.append(Change(frame.t_ms, words))
    lasting = _lasting(said, visit.newest_ms)
    return [each for each in lasting if each.words and each.t_ms >= 1000 * WARM_UP_S]


def answers_due(stream: LabelStream, session: ArtifactSession) -> Iterator[list[FrameAnswer]]:
    """What is said at once of the frames of each run that is due, oldest first."""
    while (due := stream.due()) is not None:
        logits = session.logits(due.clips) if len(due.clips) else np.zeros(0, np.float32)
        yield stream.answers(due, logits)


def _lasting(said: Sequence[Change], end_ms: float) -> list[Change]:
    """Changes to what is said for long enough; what is shorter than that interrupts nothing."""
    ends_ms = [*(each.t_ms for each in said[1:]), end_ms]
    lasting: list[Change] = []
    for each, until_ms in zip(said, ends_ms, strict=True):
        goes_on = bool(lasting) and lasting[-1].words == each.words
        if until_ms - each.t_ms >= LASTING_MS and not goes_on:
            lasting.append(each)
    return lasting


def delays_ms(changes: Sequence[Change], shown: Sequence[tuple[float, str]]) -> list[float | None]:
    """How long after each change its words were painted.

    None where they never were, or stood there already, so that nothing tells when they are of it.
    """

    def delay(change: Change) -> float | None:
        before = [words for at_ms, words in shown if at_ms <= change.t_ms]
        if before and before[-1] == change.words:
            return None
        painted = (at_ms for at_ms, words in shown if words == change.words)
        first_ms = next((at_ms for at_ms in painted if at_ms > change.t_ms), float("inf"))
        return first_ms - change.t_ms if first_ms - change.t_ms <= LATE_MS else None

    return [delay(change) for change in changes]


def _words(decision: Decision) -> str:
    """What the page calls it."""
    if decision.label == WARMING:
        return "Watching…"
    if decision.label == BACKGROUND:
        return "Nothing in particular"
    return decision.label.replace("_", " ").capitalize() if decision.known else "Unknown"
