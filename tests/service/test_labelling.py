"""A labelling whose client's clock is set back: what was pending is told, and everybody is new."""

from model.pose.stream import FrameAnswer
from service.labelling import Said
from service.protocol import Event, Options, Refusal
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body
from tests.service.labelled import labelling_of, push, said_of

UP = body(KINECT, left=0.5)


def heard(options: Options, back: bool = True) -> tuple[list[Said], int]:
    labelling, said = labelling_of(options=options), []
    for start_ms in (50_000.0, 0.0) if back else (50_000.0,):
        for number in range(40):
            try:
                said += push(labelling, (start_ms + number * STEP_MS, {1: UP}))
            except Refusal:
                continue
    said += said_of(labelling, labelling.finish())
    return said, labelling.dropped


def test_a_clock_that_is_set_back_ends_all_and_begins_anew() -> None:
    """Every frame from before is answered, its action ends, and whoever comes warms again."""
    said, _ = heard(Options(drop="never", lookahead_ms=300.0))
    answers = [each for each in said if isinstance(each, FrameAnswer)]
    before = [a for a in answers if a.time_ms >= 50_000]
    after = [a for a in answers if a.time_ms < 50_000]
    assert answers == before + after
    assert len(before) == 40
    assert [dict(a.people)[1].label for a in after] == ["warming"] * 6 + ["left up"] * 30
    events = [(e.event, e.t_ms >= 50_000) for e in said if isinstance(e, Event)]
    assert events == [("start", True), ("end", True), ("start", False), ("end", False)]
    assert (
        said.index(before[-1])
        < next(place for place, e in enumerate(said) if isinstance(e, Event) and e.event == "end")
        < said.index(after[0])
    )


def test_what_was_dropped_before_a_clock_was_set_back_is_still_counted() -> None:
    """`dropped` counts from the hello on."""
    labelling = labelling_of(options=Options())
    labelling.lose(3)
    for start_ms in (50_000.0, 0.0):
        for number in range(10):
            try:
                push(labelling, (start_ms + number * STEP_MS, {1: UP}))
            except Refusal:
                continue
    assert labelling.dropped >= 3
