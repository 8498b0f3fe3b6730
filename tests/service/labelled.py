"""A labelling played without sockets: frames in, all that is said out, with known outputs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from service.labelling import Labelling, Run, Said
from service.protocol import Hello, Options
from service.settings import Settings
from service.teaching import Teaching
from tests.service.artifacts import KINECT
from tests.service.engines import known_outputs

Keypoints = NDArray[np.float32]
Frame = tuple[float, dict[int, Keypoints]]

SETTINGS = Settings()


def labelling_of(
    spec: ArtifactSpec = KINECT, options: Options | None = None, teaching: Teaching | None = None
) -> Labelling:
    """A labelling of a client that sends `tests.service.bodies.body` rows in metres."""
    hello = Hello(1, "kinect20", "metres", options=options or Options(drop="never"))
    return Labelling(hello, spec, SETTINGS, teaching or Teaching(spec, 5))


def said_of(labelling: Labelling, run: Run, spec: ArtifactSpec = KINECT) -> list[Said]:
    """What a run says, with the outputs that the artifact must give."""
    return labelling.said(run, known_outputs(run.clips, spec) if len(run.clips) else None)


def push(labelling: Labelling, frame: Frame, spec: ArtifactSpec = KINECT) -> list[Said]:
    """Gives a frame to a labelling, and returns what is said at once."""
    labelling.check(frame[0])
    labelling.push(*frame)
    said: list[Said] = []
    while run := labelling.due():
        said += said_of(labelling, run, spec)
    return said


def play(labelling: Labelling, frames: Iterable[Frame], spec: ArtifactSpec = KINECT) -> list[Said]:
    """Plays frames to the end, and returns all that was said."""
    said = [each for frame in frames for each in push(labelling, frame, spec)]
    return said + said_of(labelling, labelling.finish(), spec)
