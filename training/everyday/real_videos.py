"""Real videos: what a model says of keypoints that a pose estimator read from them.

A video has one label, its name's; nobody wrote down when anything begins. So it is counted how much
of it is given a right name, background or another one. It knows no file and no picture.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from model.pose.artifact import BACKGROUND
from model.pose.store import UNKNOWN_SUBJECT, PoseClip
from training.everyday.hearing import Heard, hear
from training.everyday.picture_recording import PictureRecording
from training.labellers import Labeller

FOR_TESTING = "trial1"
"""In the name of a video that nothing was fitted to, chosen or tuned on."""


@dataclass(frozen=True)
class Shown:
    """What somebody does in a video.

    Attributes:
        what: For a reader.
        right: The labels that name it; with background among them, where standing or sitting still
            is all or a part of it.
    """

    what: str
    right: frozenset[str]


def _shown(what: str, *right: str) -> Shown:
    return Shown(what, frozenset(right))


SHOWN: Mapping[str, Shown] = MappingProxyType(
    {
        "upfall_activity1_": _shown("falls forward on the hands", "lie down"),
        "upfall_activity2_": _shown("falls forward on the knees", "lie down"),
        "upfall_activity3_": _shown("falls backward", "lie down"),
        "upfall_activity4_": _shown("falls sideward", "lie down"),
        "upfall_activity5_": _shown("falls from a chair", "lie down"),
        "upfall_activity6_": _shown("walks", "walk"),
        "upfall_activity7_": _shown("stands still", BACKGROUND),
        "upfall_activity8_": _shown("sits down and sits", "sit down", BACKGROUND),
        "upfall_activity9_": _shown("picks something up", "pick up"),
        "upfall_activity10_": _shown("jumps", "jump"),
        "upfall_activity11_": _shown("lies down and lies", "lie down", BACKGROUND),
        "ccby4_asl_": _shown("signs at a webcam", BACKGROUND),
        "ccby4_people_walk_in": _shown("walks in", "walk"),
        "bsd3_walk_past": _shown("walks past", "walk"),
    }
)
"""Beginning of a video's name → what it shows. No action is a fall: lying down comes nearest."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was said of a video.

    Attributes:
        heard: Frame by frame.
        shown: What it shows.
        right: Share of the frames that were spoken of that got a right name, in per cent.
        other: Share that got the name of another action; the rest is background.
        most: The label that was said most, and its share.
        told: The actions that the service would tell, with their beginning and end in seconds.
    """

    heard: Heard
    shown: Shown
    right: float
    other: float
    most: tuple[str, float]
    told: tuple[tuple[str, float, float], ...]

    @property
    def words(self) -> str:
        """All but the shares, for a reader."""
        label, share = self.most
        told = [f"{name} {begin_s:.1f}–{end_s:.1f} s" for name, begin_s, end_s in self.told]
        return f"mostly {label} ({share:.0f} %); told: {', '.join(told) or 'nothing'}"


def shown_in(name: str) -> Shown | None:
    """What a video shows by its name; None where the name says nothing that is known."""
    return next((shown for start, shown in SHOWN.items() if name.startswith(start)), None)


def verdict(recording: PictureRecording, shown: Shown, labeller: Labeller) -> Verdict | None:
    """Lets a model label a video; None where it speaks of no frame of it.

    Args:
        recording: The person who is seen most.
        shown: What the video shows.
        labeller: The model.
    """
    clip = PoseClip(
        name=recording.name,
        keypoints=recording.keypoints[:, None],
        times_ms=recording.times_ms,
        subject=UNKNOWN_SUBJECT,
        frame_labels=np.zeros(len(recording.times_ms), np.int16),
        size=recording.size,
    )
    heard = hear(clip, recording.layout.name, labeller)
    names = labeller.spec.labels
    said = Counter(names[label] for label in heard.classes[heard.warm])
    frames = said.total()
    if frames == 0:
        return None
    label, count = said.most_common(1)[0]
    right = sum(said[name] for name in shown.right)
    other = frames - right - (0 if BACKGROUND in shown.right else said[BACKGROUND])
    told = tuple(
        (names[each.label], each.since_ms / 1000, each.last_ms / 1000) for each in heard.told
    )
    shares = [100 * part / frames for part in (right, other, count)]
    return Verdict(heard, shown, shares[0], shares[1], (label, shares[2]), told)
