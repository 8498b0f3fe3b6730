"""Training windows: cut from recordings at random, labelled frame by frame.

A window ends at a real frame and is cut and normalised by the code that serves, so that a network
is trained on what it will see. It knows no network; what is changed in a clip that is already cut
is the augmentation's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
from model.pose.store import LEFT_OUT, PoseClip, StoreError
from model.pose.stream import PERSON_ENDS_MS, motion
from model.pose.window import SAME_TIME_MS, WindowSpec, first_of, resampled

BACKGROUND = 0


@dataclass(frozen=True)
class Sampling:
    """How training windows are drawn.

    Attributes:
        background_share: Share of windows that end in background; the rest end in an action, each
            action as often as any other, so that rare ones are seen.
        speeds: Least and largest factor by which a window plays faster than it was recorded.
        thinned_share: Share of windows of which a part of the frames is missing, as a slow client
            sends them; their newest frame stays.
        kept_share: Least share of its frames that a thinned window keeps.
        cut_share: Share of windows whose past is missing up to a random frame, as when a person
            has just come into view.
    """

    background_share: float = 0.35
    speeds: tuple[float, float] = (0.75, 1.3)
    thinned_share: float = 0.4
    kept_share: float = 0.4
    cut_share: float = 0.4


@dataclass(frozen=True)
class Windows:
    """A batch of windows.

    Attributes:
        clips: ``(B, 3, T, V, M)`` float32, normalised.
        labels: ``(B, T)`` int64, the class of each position, or ``LEFT_OUT``.
    """

    clips: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class _Track:
    """The people of a recording in the artifact's layout, ``(N, M, V, 4)``."""

    times_ms: NDArray[np.float64]
    keypoints: NDArray[np.float32]
    labels: NDArray[np.int16]


class WindowSampler:
    """Draws windows from whole recordings of as many people as the artifact takes."""

    def __init__(self, clips: Sequence[PoseClip], layout: str, spec: ArtifactSpec) -> None:
        """Takes the recordings.

        Args:
            clips: With ``frame_labels`` each.
            layout: Name of the layout of their joints.
            spec: Timing, layout, normalisation and labels of the network to be trained.

        Raises:
            StoreError: Where a recording has no labels for its frames, or no frame of any class can
                end a window.
        """
        self._spec = spec
        mapping = layout_mapping(layout_named(layout), spec.skeleton)
        self._tracks: list[_Track] = []
        ends: list[NDArray[np.int64]] = []
        for place, clip in enumerate(clips):
            if clip.frame_labels is None:
                raise StoreError(f"{clip.name}: expected a label for each frame, got none")
            keypoints = mapping(np.asarray(clip.keypoints[:, : spec.persons], np.float32))
            track = _Track(clip.times_ms, keypoints, clip.frame_labels)
            self._tracks.append(track)
            frames = np.flatnonzero(_spoken_of(track, spec.window))
            ends.append(np.stack([np.full(len(frames), place), frames], axis=1))
        joined = np.concatenate(ends) if ends else np.empty((0, 2), np.int64)
        labels = np.array([self._tracks[place].labels[frame] for place, frame in joined])
        self._ends_of = {
            int(label): joined[labels == label] for label in np.unique(labels) if label != LEFT_OUT
        }
        if not self._ends_of:
            raise StoreError("expected recordings with a labelled window, got none")

    def draw(self, count: int, sampling: Sampling, generator: np.random.Generator) -> Windows:
        """Draws ``count`` windows; the same generator state gives the same windows."""
        drawn = [
            self._cut(*self._end(sampling, generator), sampling, generator) for _ in range(count)
        ]
        keypoints = np.stack([window for window, _ in drawn])
        clips = normalise(self._spec.normalisation, keypoints, self._spec.skeleton)
        return Windows(clips, np.stack([labels for _, labels in drawn]))

    def _end(self, sampling: Sampling, generator: np.random.Generator) -> tuple[_Track, int]:
        actions = [label for label in self._ends_of if label != BACKGROUND]
        background = generator.random() < sampling.background_share
        if not actions or (background and BACKGROUND in self._ends_of):
            label = BACKGROUND
        else:
            label = actions[generator.integers(len(actions))]
        place, frame = self._ends_of[label][generator.integers(len(self._ends_of[label]))]
        return self._tracks[place], int(frame)

    def _cut(
        self, track: _Track, end: int, sampling: Sampling, generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        # A faster window is one that takes its samples further apart: gaps stay what they are.
        speed = generator.uniform(*sampling.speeds)
        timing = replace(self._spec.window, rate_hz=self._spec.rate_hz / speed)
        # Of several people one may have been away when the window begins, and the sample there is
        # interpolated from the last frame before.
        reach_ms = timing.max_gap_ms if self._spec.persons > 1 else 0.0
        oldest_ms = float(track.times_ms[end]) - timing.span_ms - reach_ms
        seen = np.arange(first_of(track.times_ms[: end + 1], oldest_ms), end + 1)
        if generator.random() < sampling.thinned_share:
            kept = generator.uniform(sampling.kept_share, 1.0)
            seen = seen[(generator.random(len(seen)) < kept) | (seen == end)]
        if generator.random() < sampling.cut_share:
            longest = max(len(seen) - timing.warm_samples, 0)
            seen = seen[generator.integers(longest + 1) :]
        return cut_window(
            track.times_ms[seen],
            track.keypoints[seen],
            track.labels[seen],
            timing,
            self._spec.persons,
        )


def cut_window(
    times_ms: NDArray[np.float64],
    keypoints: NDArray[np.float32],
    frame_labels: NDArray[np.int16],
    timing: WindowSpec,
    persons: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cuts the window that ends at the last frame, and labels its positions.

    Args:
        times_ms: ``(N,)`` strictly increasing times of real frames.
        keypoints: ``(N, P, V, 4)`` of the people of a recording.
        frame_labels: ``(N,)``.
        timing: Of the window.
        persons: M, 1 or 2. One is the first of the recording; two are those who move most.

    Returns:
        Keypoints ``(T, V, M, 4)``, and labels ``(T,)``: that of the real frame nearest in time, or
        ``LEFT_OUT`` where the window shows nobody.
    """
    if persons == 1:
        shown_people = [resampled(times_ms, keypoints[:, 0], float(times_ms[-1]), timing)]
    else:
        shown_people = _those_who_move_most(times_ms, keypoints, timing)[:persons]
    window = np.zeros((timing.frames, keypoints.shape[2], persons, 4), np.float32)
    for place, person in enumerate(shown_people):
        window[:, :, place] = person
    wanted_ms = times_ms[-1] - np.arange(timing.frames - 1, -1, -1) * timing.step_ms
    after = np.clip(np.searchsorted(times_ms, wanted_ms), 1, max(len(times_ms) - 1, 1))
    after = np.minimum(after, len(times_ms) - 1)
    before = np.maximum(after - 1, 0)
    earlier = wanted_ms - times_ms[before] <= times_ms[after] - wanted_ms
    labels = frame_labels[np.where(earlier, before, after)].astype(np.int64)
    shown = (window[..., 3] > 0).any(axis=(1, 2))
    return window, np.where(shown, labels, LEFT_OUT)


def _those_who_move_most(
    times_ms: NDArray[np.float64], keypoints: NDArray[np.float32], timing: WindowSpec
) -> list[NDArray[np.float32]]:
    """The windows ``(T, V, 4)`` of people whom a stream would speak of, most motion first.

    As in a stream, a frame without any joint of somebody is none of theirs, they begin anew after
    an absence, and they are spoken of in frames that show them, once their window is warm.
    """
    end_ms = float(times_ms[-1])
    windows = []
    for person in keypoints.swapaxes(0, 1):
        there = np.flatnonzero((person[..., 3] > 0).any(axis=1))
        absences = np.flatnonzero(np.diff(times_ms[there]) > PERSON_ENDS_MS)
        there = there[absences[-1] + 1 :] if len(absences) else there
        inside = times_ms[there] >= end_ms - timing.span_ms - SAME_TIME_MS
        if inside.sum() >= timing.warm_samples and there[-1] == len(times_ms) - 1:
            windows.append(resampled(times_ms[there], person[there], end_ms, timing))
    return sorted(windows, key=lambda window: -motion(window))


def _spoken_of(track: _Track, timing: WindowSpec) -> NDArray[np.bool_]:
    """Where ``(N,)`` a window that ends there holds enough real frames to be spoken of."""
    oldest = np.searchsorted(track.times_ms, track.times_ms - timing.span_ms)
    return np.arange(len(track.times_ms)) - oldest + 1 >= timing.warm_samples
