"""Reads eleven actions of HDM05: motion capture of five actors, 31 joints, 30 frames a second.

Müller, Röder, Clausen, Eberhardt, Krüger, Weber: Documentation Mocap Database HDM05, University of
Bonn, 2007. What is read is an ``.npz`` of positions; `training.readers.motion_capture` says which.
"""

from pathlib import Path

from model.pose.store import DataSet, PoseClip
from training.readers.motion_capture import RATE_HZ, MotionCapture, open_motion_capture
from training.readers.reader import ReadingError, steady_times_ms

JOINTS = 31
ACTIONS = {
    "squat1Reps": "squat",
    "hopBothLegs1hops": "hop on both legs",
    "depositFloorR": "put down on the floor",
    "grabHighR": "grab high",
    "kickLFront1Reps": "kick to the front",
    "elbowToKnee1RepsLelbowStart": "elbow to knee",
    "lieDownFloor": "lie down",
    "jogLeftCircle4StepsRstart": "jog in a circle",
    "rotateArmsBothBackward1Reps": "circle both arms",
    "sneak2StepsLStart": "sneak",
    "throwBasketball": "throw a basketball",
}
"""The names' words for the actions, and ours; the classes are counted in this order."""

ACTORS = ("bd", "bk", "dg", "mm", "tr")
"""The subjects, counted from 1 in this order."""

TESTING_ACTORS = frozenset(("mm", "tr"))


class HDM05Reader:
    """Reads the clips of HDM05, named ``ACTOR_ACTION_NNN``."""

    data_set = DataSet(
        name="hdm05",
        layout="hdm05",
        rate_hz=RATE_HZ,
        labels=tuple(ACTIONS.values()),
        terms="HDM05: CC BY-SA 3.0",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory of ``positions_30fps.npz``."""
        self._directory = directory
        self._capture: MotionCapture | None = None

    def files(self) -> tuple[Path, ...]:
        """A path into the file for each clip; raises ReadingError where the file is broken."""
        self._capture = open_motion_capture(self._directory, JOINTS)
        return self._capture.files

    def read(self, path: Path) -> PoseClip:
        """Reads one clip of ``(T, 1, 31, 4)``; actors bk, bd and dg train, mm and tr test.

        Raises:
            ReadingError: Where its name is not of the data set, or no joint is finite.
        """
        capture = self._capture or open_motion_capture(self._directory, JOINTS)
        actor, _, rest = path.name.partition("_")
        action = rest.rpartition("_")[0]
        if actor not in ACTORS or action not in ACTIONS:
            raise ReadingError(
                f"{path.parent.name}, {path.name}: expected a name like bk_squat1Reps_001, of a "
                f"known actor and action"
            )
        keypoints = capture.keypoints(path.name)
        return PoseClip(
            name=path.name,
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), RATE_HZ),
            subject=1 + ACTORS.index(actor),
            label=list(ACTIONS).index(action),
            splits=("xsub_test" if actor in TESTING_ACTORS else "xsub_train",),
        )
