"""A client that sends too rarely is told so, once, and nobody else is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.pose.window import PoseWindow, WindowSpec
from service.pace import Pace
from tests.service.artifacts import KINECT
from tests.service.bodies import body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.wire import wire

WINDOW = WindowSpec(frames=32, rate_hz=15.0)


@given(rate_hz=st.floats(2, 60))
def test_who_is_told_stays_warming_and_who_is_not_does_not(rate_hz: float) -> None:
    """The window itself is the measure, at any rate but the very least."""
    if abs(rate_hz - WINDOW.least_rate_hz) < 0.01:
        return
    pace, window = Pace(WINDOW), PoseWindow(WINDOW, 1)
    told = []
    for frame in range(200):
        t_ms = 1000 * frame / rate_hz
        told.append(pace.frame(t_ms))
        window.push(t_ms, np.ones((1, 4), np.float32))
    assert len([notice for notice in told if notice is not None]) == (not window.warm())


def test_a_silence_is_not_slow() -> None:
    """Nor is a clock that was set back: the median of the steps between frames decides."""
    pace = Pace(WINDOW)
    times_ms = [50.0 * frame for frame in range(40)]
    later = [1e6 + 50.0 * frame for frame in range(10)]
    assert not any(pace.frame(t_ms) for t_ms in [*times_ms, *later, *times_ms])


async def test_a_slow_stream_is_told_once_and_goes_on() -> None:
    """The notice says how many frames it takes and how many come."""
    step_ms = KINECT.window.span_ms / 10
    async with serving(HeldEngine(runs=100)) as server, wire(server.stream) as client:
        await client.ask(hello(KINECT, drop="never"))
        for frame in range(40):
            await client.send(pose(frame, body(KINECT, left=0.3)) | {"t_ms": frame * step_ms})
        await client.send({"type": "bye"})
        messages = await client.rest()
    notices = [message for message in messages if message["type"] == "notice"]
    assert [notice["code"] for notice in notices] == ["too-slow"]
    assert f"{1000 / step_ms:.1f} come" in notices[0]["message"]
    labels = {m["people"][0]["label"] for m in messages if m["type"] == "actions"}
    assert labels == {"warming"}
