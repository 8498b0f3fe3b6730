"""The latencies of the welcome hold: what a stream really waits is what they say, and no more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.artifact import Calibration
from model.pose.stream import FrameAnswer
from service.hello import with_lookahead
from service.latency import latency
from service.protocol import Options
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body
from tests.service.labelled import labelling_of, push

FRAMES = 90


def waits_ms(hop_frames: int, options: Options) -> tuple[list[float], list[float], float]:
    """(wait of each answer, of each event, first spoken of) of a hand that goes up and down."""
    spec = replace(KINECT, hop_frames=hop_frames)
    labelling = labelling_of(spec, options)
    up = (30, 60)
    answers, events, spoken = [], [], []
    for frame in range(FRAMES):
        height = 0.5 if up[0] <= frame < up[1] else -1.0
        rows = body(KINECT, left=height)
        for said in push(labelling, (frame * STEP_MS, {1: rows}), spec):
            if isinstance(said, FrameAnswer):
                answers.append(frame * STEP_MS - said.time_ms)
                if dict(said.people)[1].label != "warming":
                    spoken.append(said.time_ms)
            else:
                turn = up[0] if said.event == "start" else up[1]
                events.append((frame - turn) * STEP_MS)
    assert len(events) == 2
    return answers, events, min(spoken)


@given(
    hop_frames=st.integers(1, 6),
    lookahead=st.integers(0, 5),
    hop=st.none() | st.integers(1, 8),
)
def test_nothing_is_said_later_than_the_welcome_says(
    hop_frames: int, lookahead: int, hop: int | None
) -> None:
    """At the window's own rate: answers, starts, ends and the first label, over all agreements."""
    options = Options(
        lookahead_ms=lookahead * STEP_MS,
        hop_ms=None if hop is None else hop * STEP_MS,
        drop="never",
    )
    spec = with_lookahead(replace(KINECT, hop_frames=hop_frames), options.lookahead_ms)
    promised = latency(spec, options.hop_ms)
    answers, (start_ms, end_ms), spoken_ms = waits_ms(hop_frames, options)
    slack_ms = 1e-6
    assert max(answers) <= promised.label_ms + slack_ms
    assert max(answers) >= promised.label_ms - STEP_MS - slack_ms
    assert start_ms <= promised.start_ms + slack_ms
    assert end_ms <= promised.end_ms + slack_ms
    # A run that comes later speaks of earlier frames too.
    assert spoken_ms <= promised.warming_ms + slack_ms


def test_the_latencies_of_a_model_by_hand() -> None:
    """30 Hz, a hop of 4 frames, a look-ahead of 6: 200 ms, and 100 for the rest of the hop."""
    spec = replace(KINECT, hop_frames=4, lookahead_frames=6)
    found = latency(spec, None)
    assert found.label_ms == pytest.approx(300)
    assert found.start_ms == pytest.approx(300 + 200 + 1000 / 30)
    assert found.end_ms == pytest.approx(300 + 300 + 1000 / 30)
    assert found.warming_ms == pytest.approx(500)
    hasty = latency(replace(spec, calibration=Calibration(start_ms=100)), None)
    assert hasty.start_ms == pytest.approx(found.start_ms - 100)
