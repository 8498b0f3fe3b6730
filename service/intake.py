"""The intake: frames as they come, keypoints or pictures, become people in the labelling.

It answers nothing and sends nothing; what is wrong with a frame is refused here.
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from model.pose.layout import layout_named
from service.client_clock import ClientClock
from service.image import ImageError, check_image
from service.labelling import Labelling
from service.people import FLICKER, Keypoints, PeopleReader
from service.pose_stream import PoseStream
from service.pose_worker import Seen
from service.protocol import Hello, Image, Notice, Pose, Refusal, SeenPerson, SeenPose
from service.settings import Settings
from service.tracker import Tracker, TrackerState


@dataclass(frozen=True)
class Taken:
    """What came of a frame of keypoints.

    Attributes:
        wanted: whether it will be answered.
        notice: what the client is to be told, if anything.
    """

    wanted: bool
    notice: Notice | None


class PoseIntake:
    """Takes in the frames of a client that sends keypoints.

    Args:
        hello: what it declared, checked.
        labelling: where they go.
        dimensions: of what the model reads, 2 or 3.
        settings: the most people.
    """

    def __init__(
        self, hello: Hello, labelling: Labelling, dimensions: int, settings: Settings
    ) -> None:
        self._labelling = labelling
        layout = layout_named(hello.layout)
        self._reader = PeopleReader(hello, layout, settings.people, dimensions)

    def take(self, pose: Pose) -> Taken:
        """Takes a frame in.

        Raises:
            Refusal: its time or its people cannot be taken.
        """
        notice = self._labelling.check(pose.t_ms)
        if notice is not None:
            self._reader.begin_anew()
        people = self._reader.read(pose)
        return Taken(self._labelling.push(pose.t_ms, people), notice)

    def state(self) -> bytes:
        """Returns who is who."""
        return self._reader.state()

    def restore(self, state: bytes) -> None:
        """Goes on from a state.

        Raises:
            ValueError: it is none.
        """
        self._reader.restore(state)


@dataclass(frozen=True)
class SeenPicture:
    """What came of a picture.

    Attributes:
        pose: who was seen, for the client to draw.
        wanted: whether it will be answered.
        came_s: when it came, in seconds of the caller's clock.
    """

    pose: SeenPose
    wanted: bool
    came_s: float


class PictureIntake:
    """Takes in the pictures of a client: offered as they come, seen when somebody looked at them.

    A picture may be of any size. People are taken to be where they would be if it were laid, whole
    and centred, into a picture of the size that was declared, so that a client may change the size
    as it goes.

    Args:
        hello: what the client declared, checked, as `service.hello.as_read` returns it.
        labelling: where people go.
        poses: looks at the pictures.
        settings: the most pixels and people.
    """

    def __init__(
        self, hello: Hello, labelling: Labelling, poses: PoseStream, settings: Settings
    ) -> None:
        assert hello.size is not None
        self._frame = np.array(hello.size, np.float64)
        self._labelling = labelling
        self._poses = poses
        self._most_pixels = settings.image_pixels
        self._clock = ClientClock(labelling.newest_ms)
        self._tracker = Tracker(FLICKER * settings.people)
        self._seen_ms = labelling.newest_ms
        self._offered_s: dict[float, float] = {}

    def offer(self, image: Image, now_s: float) -> Notice | None:
        """Has a picture looked at, unless a newer one comes first.

        Args:
            image: as it came.
            now_s: when.

        Returns:
            What the client is to be told, if anything.

        Raises:
            Refusal: it is no picture that is taken, or of no time that is.
        """
        try:
            check_image(image.data, self._most_pixels)
        except ImageError as error:
            raise Refusal("bad-image", str(error)) from None
        notice = self._clock.check(image.t_ms)
        self._clock.take(image.t_ms)
        waited = self._poses.superseded
        self._poses.offer(image.t_ms, image.data)
        if self._poses.superseded > waited:
            self._offered_s.popitem()
            self._labelling.lose(1)
        self._offered_s[image.t_ms] = now_s
        return notice

    def see(self, seen: Seen) -> SeenPicture:
        """Takes in who was seen in a picture; outcomes come in the order of pictures."""
        if self._seen_ms is not None and seen.t_ms < self._seen_ms:
            self._tracker.begin_anew()
        self._seen_ms = seen.t_ms
        drawn = [np.frombuffer(rows, "<f4").reshape(-1, 3) for rows in seen.people]
        people = [self._placed(rows, seen.size) for rows in drawn]
        ids = self._tracker.step(seen.t_ms, people)
        wanted = self._labelling.push(seen.t_ms, dict(zip(ids, people, strict=True)))
        shown = (
            SeenPerson(person, np.round(rows.astype(np.float64), 3).tolist())
            for person, rows in zip(ids, drawn, strict=True)
        )
        return SeenPicture(SeenPose(seen.t_ms, tuple(shown)), wanted, self.passed(seen.t_ms))

    def passed(self, t_ms: float) -> float:
        """Returns when a picture came that somebody has looked at, and forgets it."""
        return self._offered_s.pop(t_ms)

    def state(self) -> bytes:
        """Returns who is who."""
        return msgspec.msgpack.encode(self._tracker.state())

    def restore(self, state: bytes) -> None:
        """Goes on from a state.

        Raises:
            ValueError: it is none.
        """
        self._tracker.restore(msgspec.msgpack.decode(state, type=TrackerState))

    def _placed(self, rows: Keypoints, size: tuple[int, int]) -> Keypoints:
        """(V, 3) in the picture's pixels → (V, 4) in those of the declared size; missing is 0."""
        scale = (self._frame / size).min()
        edge = (self._frame - scale * np.array(size)) / 2
        keypoints = np.zeros((len(rows), 4), np.float32)
        keypoints[:, :2] = rows[:, :2] * scale + edge
        keypoints[:, 3] = np.clip(rows[:, 2], 0, 1)
        keypoints[keypoints[:, 3] == 0] = 0
        return keypoints


Intake = PoseIntake | PictureIntake
