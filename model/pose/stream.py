"""The label stream: timed poses in, windows that are due out, logits in, one answer a frame out.

This is the rule of which frame a label speaks of, in one place: the service runs it with sockets,
the evaluation runs it over recordings, and they agree because it is the same. It does no I/O, runs
no network and reads no clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.decision import STILL_WARMING, UNWATCHED, Decision, decisions
from model.pose.hop import Hop
from model.pose.layout import Layout
from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
from model.pose.stream_state import StreamState, window_states, windows_of
from model.pose.window import SAME_TIME_MS, PoseWindow

PERSON_ENDS_MS = 1000.0
"""A person who has not been seen for longer than this has ended; the same id then begins anew."""

Keypoints = NDArray[np.float32]


@dataclass(frozen=True)
class FrameAnswer:
    """What is said of one client frame.

    Attributes:
        time_ms: the frame's own time.
        people: (id, decision) for everybody in it, in the order in which they came.
    """

    time_ms: float
    people: tuple[tuple[int, Decision], ...]


@dataclass(frozen=True)
class _Frame:
    """A client frame: its people keep the windows that they had, though they end before the run."""

    time_ms: float
    people: tuple[tuple[int, PoseWindow], ...]


@dataclass(frozen=True)
class DueWindows:
    """The windows to be run now, and the frames that will be answered from them.

    Attributes:
        end_ms: the time at which the windows end.
        clips: (N, 3, T, V, M) normalised; N may be 0.
        rows: a person's window → the row of `clips` that speaks of them; none while it warms.
        unwatched: the windows of people whom no row speaks of although they are warm.
        frames: the client frames to be answered, oldest first.
    """

    end_ms: float
    clips: NDArray[np.float32]
    rows: Mapping[PoseWindow, int]
    unwatched: frozenset[PoseWindow]
    frames: tuple[_Frame, ...]


@dataclass(frozen=True)
class Place:
    """Where in the outputs of a run one person of one frame is spoken of.

    Attributes:
        time_ms: the frame's own time.
        person: their id.
        row: of the run's clips.
        position: 0…T-1 within the window.
    """

    time_ms: float
    person: int
    row: int
    position: int


class LabelStream:
    """The state of one stream: a window for each person, and the frames not yet answered.

    Args:
        spec: the model.
        source: the layout of the keypoints that will be pushed.
        size: (width, height) of the picture in pixels, for 2D keypoints.
        top_k: how many labels to list with each answer.
        hop_ms: run a window so often by the frames' own times, instead of every so many frames as
            the model declares.
    """

    def __init__(
        self,
        spec: ArtifactSpec,
        source: Layout,
        size: tuple[float, float] | None = None,
        top_k: int = 1,
        hop_ms: float | None = None,
    ) -> None:
        self._spec = spec
        self._window = spec.window
        self._mapping = layout_mapping(source, spec.skeleton)
        self._size = size
        self._top_k = top_k
        self._hop = Hop(spec.window.hop_frames, hop_ms)
        self._people: dict[int, PoseWindow] = {}
        self._pending: list[_Frame] = []
        self._newest_ms: float | None = None
        self.refused = 0
        """Frames refused because time did not go forward."""
        self.dropped = 0
        """Frames that newer ones superseded before they were answered."""

    @property
    def newest_ms(self) -> float | None:
        """The time of the newest frame, or None before the first."""
        return self._newest_ms

    @property
    def has_due(self) -> bool:
        """Whether windows are due: `due` would return some."""
        return self._newest_ms is not None and self._hop.is_over(self._newest_ms)

    def push(self, time_ms: float, people: Mapping[int, Keypoints], wanted: bool = True) -> bool:
        """Takes a client frame in.

        Args:
            time_ms: its time on the client's clock.
            people: id → (V, 4) keypoints in the source layout.
            wanted: whether the frame is to be answered; it enters the windows all the same.

        Returns:
            False where the frame is not newer than the last; it is then refused and counted.
        """
        if self._newest_ms is not None and time_ms <= self._newest_ms:
            self.refused += 1
            return False
        self._newest_ms = time_ms
        self._end_unseen(time_ms)
        for person, keypoints in people.items():
            if person not in self._people:
                self._people[person] = PoseWindow(self._window, len(self._spec.joints))
            self._people[person].push(time_ms, self._mapping(keypoints))
        if wanted:
            self._pending.append(_Frame(time_ms, tuple((p, self._people[p]) for p in people)))
            self._hop.since_run += 1
        return True

    def due(self, *, drop_superseded: bool = False) -> DueWindows | None:
        """Returns the windows that are due, which end at the newest frame, or None.

        Args:
            drop_superseded: answer only the frames that belong to this run, and count those that
                earlier runs, which never happened, should have answered.
        """
        if self._newest_ms is None or not self._hop.is_over(self._newest_ms):
            return None
        ready = self._ready(self._newest_ms)
        # The run before this one ended a hop ago. What it could have answered waits no longer,
        # unless that run never happened.
        waiting_ms = [frame.time_ms for frame in self._pending]
        missed_ms = self._hop.missed_ms(self._newest_ms, waiting_ms) if drop_superseded else None
        surplus = 0 if missed_ms is None else self._ready(missed_ms)
        self._hop.ran(self._newest_ms)
        frames = tuple(self._pending[surplus:ready])
        del self._pending[:ready]
        self.dropped += surplus
        return self._run(frames, self._newest_ms)

    def finish(self) -> DueWindows | None:
        """Returns the windows that answer all frames still waiting, or None where none waits."""
        if not self._pending or self._newest_ms is None:
            return None
        frames, self._pending = tuple(self._pending), []
        self._hop.since_run = 0
        return self._run(frames, self._newest_ms)

    def answers(self, due: DueWindows, logits: NDArray[np.float32]) -> list[FrameAnswer]:
        """Answers the frames of a run.

        Args:
            due: the run.
            logits: (N, T, K) for a model of frames, (N, K) for a model of clips.

        Returns:
            One answer for each of the run's frames, oldest first.
        """
        places = self.places(due)
        decided = zip(places, self._decisions(places, logits), strict=True)
        watched = {(place.time_ms, place.person): decision for place, decision in decided}

        def said(frame: _Frame, person: int, window: PoseWindow) -> Decision:
            unspoken = UNWATCHED if window in due.unwatched else STILL_WARMING
            return watched.get((frame.time_ms, person), unspoken)

        return [
            FrameAnswer(frame.time_ms, tuple((p, said(frame, p, w)) for p, w in frame.people))
            for frame in due.frames
        ]

    def places(self, due: DueWindows) -> list[Place]:
        """Returns where in a run's outputs each person of each of its frames is spoken of.

        People who are still warming, and those whom the model did not look at, have no place.
        """
        return [
            Place(frame.time_ms, person, row, self._window.position(frame.time_ms, due.end_ms))
            for frame in due.frames
            for person, window in frame.people
            if (row := due.rows.get(window)) is not None
        ]

    def state(self) -> StreamState:
        """Returns what the answers to come depend on."""
        waiting = (window for frame in self._pending for _, window in frame.people)
        places = {w: n for n, w in enumerate(dict.fromkeys((*self._people.values(), *waiting)))}
        return StreamState(
            window_states(places),
            tuple((person, places[window]) for person, window in self._people.items()),
            tuple((f.time_ms, tuple((p, places[w]) for p, w in f.people)) for f in self._pending),
            self._hop.since_run,
            self._hop.run_ms,
            self._newest_ms,
            self.refused,
            self.dropped,
        )

    def restore(self, state: StreamState) -> None:
        """Goes on from the state of a stream of the same model, layout, size and hop.

        Raises:
            ValueError: the state is not of such a stream.
        """
        windows = windows_of(state.windows, self._window, len(self._spec.joints))
        try:
            self._people = {person: windows[place] for person, place in state.people}
            self._pending = [
                _Frame(time_ms, tuple((person, windows[place]) for person, place in people))
                for time_ms, people in state.pending
            ]
        except IndexError:
            raise ValueError("the state names a window that it does not hold") from None
        self._hop.since_run, self._hop.run_ms = state.since_run, state.run_ms
        self._newest_ms = state.newest_ms
        self.refused, self.dropped = state.refused, state.dropped

    def _decisions(self, places: Sequence[Place], logits: NDArray[np.float32]) -> list[Decision]:
        if not places:
            return []
        rows = [place.row for place in places]
        frames = [place.position for place in places]
        spoken = logits[rows, frames] if self._spec.task == "frames" else logits[rows]
        return decisions(spoken, self._spec.labels, self._spec.calibration, self._top_k)

    def _ready(self, end_ms: float) -> int:
        """How many of the waiting frames a run that ends at `end_ms` can answer."""
        latest_ms = end_ms - self._window.lookahead_ms + SAME_TIME_MS
        return sum(frame.time_ms <= latest_ms for frame in self._pending)

    def _end_unseen(self, time_ms: float) -> None:
        self._people = {
            person: window
            for person, window in self._people.items()
            if window.newest_ms is None or time_ms - window.newest_ms <= PERSON_ENDS_MS
        }

    def _run(self, frames: tuple[_Frame, ...], end_ms: float) -> DueWindows:
        asked = dict.fromkeys(window for frame in frames for _, window in frame.people)
        warm = {window: window.window(end_ms) for window in asked if window.warm(end_ms)}
        groups = [[window] for window in warm]
        if self._spec.persons == 2 and warm:
            groups = [sorted(warm, key=lambda window: -motion(warm[window]))[:2]]
        shape = (len(groups), self._spec.frames, len(self._spec.joints), self._spec.persons, 4)
        keypoints = np.zeros(shape, np.float32)
        rows: dict[PoseWindow, int] = {}
        for row, group in enumerate(groups):
            for place, window in enumerate(group):
                keypoints[row, :, :, place] = warm[window]
                rows[window] = row
        clips = normalise(self._spec.normalisation, keypoints, self._spec.skeleton, self._size)
        return DueWindows(end_ms, clips, rows, frozenset(warm.keys() - rows.keys()), frames)


def motion(window: Keypoints) -> float:
    """Returns how much a person moves: the summed variance over time of their joints' positions.

    Args:
        window: (T, V, 4); missing joints have score 0.
    """
    present = window[..., 3] > 0
    count = np.maximum(present.sum(axis=0), 1)[:, None]
    points = np.where(present[..., None], window[..., :3], np.float32(0)).astype(np.float64)
    mean = points.sum(axis=0) / count
    return float((np.where(present[..., None], (points - mean) ** 2, 0).sum(axis=0) / count).sum())
