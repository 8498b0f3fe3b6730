"""Fidelity: how near an artifact's words are to another's on real recordings, and to the truth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.recordings import CutRecording
from model.pose.artifact_session import ArtifactSession
from model.pose.store import LEFT_OUT

BATCH = 32
"""Windows of a run, where what shares a batch changes nothing."""


@dataclass(frozen=True)
class Fidelity:
    """What an artifact said of recordings, beside its reference.

    Attributes:
        difference: the largest difference of a logit, over the logits' standard deviation.
        agreement: share of frames with the reference's label, in per cent.
        frames: how many frames were labelled.
        accuracy: share of frames with the true label, in per cent; None where none has a truth.
        windows: how many windows were run.
    """

    difference: float
    agreement: float
    frames: int
    accuracy: float | None
    windows: int


@dataclass(frozen=True)
class Contender:
    """An artifact that is compared.

    Attributes:
        session: what runs it.
        batch: windows of a run.
    """

    session: ArtifactSession
    batch: int = BATCH

    def logits(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs windows (N, 3, T, V, M), `batch` at a time."""
        parts = [clips[start : start + self.batch] for start in range(0, len(clips), self.batch)]
        return np.concatenate([self.session.logits(part) for part in parts])


class _Tally:
    """Counts of one contender."""

    def __init__(self) -> None:
        self.largest = 0.0
        self.agreeing = self.right = 0


def compare(
    reference: Contender,
    contenders: Mapping[str, Contender],
    recordings: Iterable[CutRecording],
) -> dict[str, Fidelity]:
    """Lets artifacts label recordings, and sets each beside the reference.

    Args:
        reference: the artifact at float32.
        contenders: name → an artifact of the same specification.
        recordings: cut for that specification.

    Raises:
        ValueError: no frame was labelled: all recordings are shorter than a window warms.
    """
    tallies = {name: _Tally() for name in contenders}
    frames = truths = windows = values = 0
    total = squares = 0.0
    for recording in recordings:
        if not len(recording.clips):
            continue
        expected = reference.logits(recording.clips)
        words = recording.said(expected)
        spoken, scored = words != LEFT_OUT, recording.truth != LEFT_OUT
        frames, truths = frames + int(spoken.sum()), truths + int(scored.sum())
        windows, values = windows + len(recording.clips), values + expected.size
        total += float(expected.sum(dtype=np.float64))
        squares += float(np.square(expected, dtype=np.float64).sum())
        for name, contender in contenders.items():
            found, tally = contender.logits(recording.clips), tallies[name]
            said = recording.said(found)
            # A comparison that NaN passes would call it agreement.
            largest = float(np.nan_to_num(np.abs(found - expected), nan=np.inf).max())
            tally.largest = max(tally.largest, largest)
            tally.agreeing += int((said == words)[spoken].sum())
            tally.right += int((_heard(said) == recording.truth)[scored].sum())
    if not frames:
        raise ValueError("expected recordings long enough for a window to warm, got none")
    spread = max((squares / values - (total / values) ** 2) ** 0.5, 1e-6)
    return {
        name: Fidelity(
            tally.largest / spread,
            100 * tally.agreeing / frames,
            frames,
            100 * tally.right / truths if truths else None,
            windows,
        )
        for name, tally in tallies.items()
    }


def _heard(said: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels (F,) as an evaluation counts them: a warming window says background, index 0."""
    return np.where(said == LEFT_OUT, 0, said)
