"""The state of a label stream as plain values, so that a stream can go on in another process.

It holds what was pushed and not yet forgotten. It knows neither the model nor the layout: whoever
restores a state gives it to a stream of the same model, layout, size and hop.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.window import PoseWindow, WindowSpec


class WindowState(msgspec.Struct, frozen=True):
    """The frames that a window keeps: float64 times and float32 keypoints, little-endian bytes."""

    times_ms: bytes
    keypoints: bytes


class StreamState(msgspec.Struct, frozen=True):
    """Everything that a label stream's answers depend on.

    Attributes:
        windows: of everybody in `people` and `pending`, each once.
        people: (id, place in `windows`) of everybody who has not ended.
        pending: (time, ((id, place), …)) of the frames not yet answered, oldest first.
        since_run: frames since the last run.
        run_ms: the time at which the last run ended.
        newest_ms: the time of the newest frame.
        refused: frames refused so far.
        dropped: frames superseded so far.
    """

    windows: tuple[WindowState, ...] = ()
    people: tuple[tuple[int, int], ...] = ()
    pending: tuple[tuple[float, tuple[tuple[int, int], ...]], ...] = ()
    since_run: int = 0
    run_ms: float | None = None
    newest_ms: float | None = None
    refused: int = 0
    dropped: int = 0


def window_states(windows: Iterable[PoseWindow]) -> tuple[WindowState, ...]:
    """Returns the state of each window."""
    states = []
    for window in windows:
        times_ms, keypoints = window.kept()
        state = WindowState(
            times_ms.astype("<f8").tobytes(), np.asarray(keypoints, "<f4").tobytes()
        )
        states.append(state)
    return tuple(states)


def windows_of(
    states: Iterable[WindowState], spec: WindowSpec, joints: int
) -> tuple[PoseWindow, ...]:
    """Returns a window for each state.

    Raises:
        ValueError: a state is not of this many joints, or its times do not go forward.
    """
    return tuple(_window(state, spec, joints) for state in states)


def _window(state: WindowState, spec: WindowSpec, joints: int) -> PoseWindow:
    times_ms: NDArray[np.float64] = np.frombuffer(state.times_ms, "<f8")
    rows: NDArray[np.float32] = np.frombuffer(state.keypoints, "<f4")
    if len(rows) != len(times_ms) * joints * 4:
        raise ValueError(
            f"a window of {len(times_ms)} frames of {joints} joints has "
            f"{len(times_ms) * joints * 4} numbers, this one {len(rows)}"
        )
    window = PoseWindow(spec, joints)
    for time_ms, keypoints in zip(times_ms.tolist(), rows.reshape(-1, joints, 4), strict=True):
        if not window.push(time_ms, keypoints):
            raise ValueError("the times of a window do not go forward")
    return window
