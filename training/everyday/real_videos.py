"""Real videos: what a model says of keypoints that a pose estimator read from them.

`films` says what each of their frames shows; that is held against what was said. It knows no file
and no picture.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from model.pose.artifact import BACKGROUND
from model.pose.store import UNKNOWN_SUBJECT, PoseClip
from training.everyday.films import Film
from training.everyday.hearing import Heard, hear
from training.everyday.picture_recording import PictureRecording
from training.labellers import Labeller


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was said of a video; shares are in per cent of frames that were spoken of.

    Attributes:
        heard: Frame by frame.
        film: What it shows.
        right: Share of the frames that got the right name, background among them.
        named: Share of the frames of actions that did; None where it shows no action.
        other: Share of the frames that got the name of an action that was not done.
        most: The label that was said most, and its share.
        told: The actions that the service would tell, with their beginning and end in seconds.
    """

    heard: Heard
    film: Film
    right: float
    named: float | None
    other: float
    most: tuple[str, float]
    told: tuple[tuple[str, float, float], ...]

    @property
    def words(self) -> str:
        """All but the shares, for a reader."""
        label, share = self.most
        told = [f"{name} {begin_s:.1f}–{end_s:.1f} s" for name, begin_s, end_s in self.told]
        return f"mostly {label} ({share:.0f} %); told: {', '.join(told) or 'nothing'}"


def verdict(recording: PictureRecording, film: Film, labeller: Labeller) -> Verdict | None:
    """Lets a model label a video; None where it speaks of no frame of which we know what it shows.

    Args:
        recording: The person who is seen most.
        film: What the video shows.
        labeller: The model.
    """
    clip = PoseClip(
        name=recording.name,
        keypoints=recording.keypoints[:, None],
        times_ms=recording.times_ms,
        subject=UNKNOWN_SUBJECT,
        frame_labels=film.labels(recording.times_ms),
        size=recording.size,
    )
    heard = hear(clip, recording.layout.name, labeller)
    judged = heard.warm & (heard.truth >= 0)
    if not judged.any():
        return None
    names = labeller.spec.labels
    background = names.index(BACKGROUND)
    said, truth = heard.classes[judged], heard.truth[judged]
    right, acting = said == truth, truth != background
    label, count = Counter(said.tolist()).most_common(1)[0]
    told = tuple(
        (names[each.label], each.since_ms / 1000, each.last_ms / 1000) for each in heard.told
    )
    return Verdict(
        heard=heard,
        film=film,
        right=100 * float(right.mean()),
        named=100 * float(right[acting].mean()) if acting.any() else None,
        other=100 * float(np.mean((said != background) & ~right)),
        most=(names[label], 100 * count / len(said)),
        told=told,
    )
