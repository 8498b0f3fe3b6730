"""Reads ``actionLabel.txt`` of UTKinect-Action3D: where each action lies in a recording.

A block is the recording's name (``s01_e01``) on a line, then ``action: first last`` for each of the
ten actions, in frame numbers; ``NaN NaN`` where nobody wrote down when it happened. One slip of the
pen in the published file is corrected here (``ERRATA``).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.pose.store import LEFT_OUT
from training.readers.reader import ReadingError

ACTIONS = {
    "walk": "walk",
    "sitDown": "sit down",
    "standUp": "stand up",
    "pickUp": "pick up",
    "carry": "carry",
    "throw": "throw",
    "push": "push",
    "pull": "pull",
    "waveHands": "wave hands",
    "clapHands": "clap hands",
}
"""The file's words for the actions, in its order, and ours."""

LABELS = ("background", *ACTIONS.values())

_HEADING = re.compile(r"s\d\d_e\d\d")
_SPAN = re.compile(r"(\w+):\s*(?:(\d{1,9})\s+(\d{1,9})|NaN\s+NaN)")


@dataclass(frozen=True)
class Span:
    """One action of a recording.

    Attributes:
        label: Index of the action.
        bounds: Its first and last frame number, both included; None where unknown.
        doubted: First and last number that the file gives to the action by mistake. They may hold
            what nobody labelled, so they are left out where no other action lies.
    """

    label: int
    bounds: tuple[int, int] | None
    doubted: tuple[int, int] | None = None


ERRATA: Mapping[tuple[str, tuple[int, int]], tuple[int, int]] = {
    # The push would last 18 s and hold the throw of 3226-3282: 3556 is meant.
    ("s03_e01", (2556, 3622)): (3556, 3622),
}
"""Recording and bounds as the file has them, and the bounds that are meant."""


def read_spans(path: Path, recording: str) -> tuple[Span, ...]:
    """Reads the ten spans of one recording, in the order of the file.

    Raises:
        ReadingError: Where the block is not there once, a line is no span of a known action, an
            action comes twice or not at all, or a span ends before it begins.
    """
    spans: dict[int, Span] = {}
    for number, line in _block(path, recording):
        span = _corrected(_parse_span(line, f"{path.name}, line {number}"), recording)
        if span.label in spans:
            raise ReadingError(
                f"{path.name}, line {number}: expected each action once in {recording}, "
                f"got {LABELS[span.label]} again"
            )
        spans[span.label] = span
    missing = [LABELS[label] for label in range(1, len(LABELS)) if label not in spans]
    if missing:
        raise ReadingError(
            f"{path.name}: expected all ten actions of {recording}, lacks {', '.join(missing)}"
        )
    return tuple(spans.values())


def label_frames(frame_numbers: NDArray[np.int64], spans: Sequence[Span]) -> NDArray[np.int16]:
    """The label of each frame number: where spans overlap, the one that starts later wins.

    An action of unknown place lies somewhere between the spans before and after it in the file:
    what is there unlabelled otherwise is ``LEFT_OUT``, as it may be the action or background. So
    are doubted frames.

    Args:
        frame_numbers: ``(T,)``.
        spans: In the order of the file.

    Returns:
        ``(T,)``: 0 is background.
    """
    labels = np.zeros(len(frame_numbers), dtype=np.int16)
    for place, span in enumerate(spans):
        if span.bounds is None:
            after = max((s.bounds[1] for s in spans[:place] if s.bounds), default=-np.inf)
            before = min((s.bounds[0] for s in spans[place:] if s.bounds), default=np.inf)
            labels[(frame_numbers > after) & (frame_numbers < before)] = LEFT_OUT
        if span.doubted is not None:
            first, last = span.doubted
            labels[(frame_numbers >= first) & (frame_numbers <= last)] = LEFT_OUT
    placed = [(span.bounds, span.label) for span in spans if span.bounds]
    for (first, last), label in sorted(placed, key=lambda item: item[0][0]):
        labels[(frame_numbers >= first) & (frame_numbers <= last)] = label
    return labels


def _corrected(span: Span, recording: str) -> Span:
    if span.bounds is None or (recording, span.bounds) not in ERRATA:
        return span
    meant = ERRATA[recording, span.bounds]
    return Span(span.label, meant, doubted=(span.bounds[0], meant[0] - 1))


def _block(path: Path, recording: str) -> list[tuple[int, str]]:
    """The lines below the heading ``recording``, numbered from 1, without empty ones."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReadingError(f"{path.name}: expected the labels as text, but {error}") from error
    numbered = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    headings = [place for place, (_, line) in enumerate(numbered) if _HEADING.fullmatch(line)]
    starts = [place for place in headings if numbered[place][1] == recording]
    if len(starts) != 1:
        raise ReadingError(f"{path.name}: expected {recording} once, got it {len(starts)} times")
    stop = min((place for place in headings if place > starts[0]), default=len(numbered))
    return [(number, line) for number, line in numbered[starts[0] + 1 : stop] if line]


def _parse_span(line: str, place: str) -> Span:
    matched = _SPAN.fullmatch(line)
    if matched is None or matched[1] not in ACTIONS:
        raise ReadingError(f"{place}: expected a line like 'walk: 252 390', got {line[:40]!r}")
    label = 1 + list(ACTIONS).index(matched[1])
    if matched[2] is None:
        return Span(label, None)
    first, last = int(matched[2]), int(matched[3])
    if last < first:
        raise ReadingError(f"{place}: expected a last frame of {first} or later, got {last}")
    return Span(label, (first, last))
