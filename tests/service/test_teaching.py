"""Teaching in a session: what may be taught, and by which span of whom."""

import numpy as np
import pytest

from model.pose.decision import Decision
from model.pose.stream import Place
from service.protocol import Forget, Refusal, Teach
from service.teaching import MOST_EXAMPLES, MOST_REMEMBERED, REMEMBERED_MS, Teaching
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS

OWN = Decision("background", 0.9, known=True, top=(("background", 0.9), ("left up", 0.1)))
RANDOM = np.random.default_rng(0)
DIRECTION = RANDOM.normal(size=32).astype(np.float32)


def feature(bowing: bool) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return RANDOM.normal(size=32).astype(np.float32) + (4 * DIRECTION if bowing else 0)


def stood(teaching: Teaching, first: int, last: int, bowing: bool, person: int = 1) -> list[str]:
    """The labels of frames of somebody who bows, or does not."""
    places = [Place(frame * STEP_MS, person, 0, 0) for frame in range(first, last)]
    return [teaching.decision(place, feature(bowing), OWN).label for place in places]


def experienced(actions: int = 5) -> Teaching:
    """A session in which person 1 stood for 200 frames and bowed for 40."""
    teaching = Teaching(KINECT, actions)
    stood(teaching, 0, 200, bowing=False)
    stood(teaching, 200, 240, bowing=True)
    return teaching


BOW = Teach("bow", 200 * STEP_MS, 239 * STEP_MS)


def test_an_action_is_recognised_from_the_next_frame_on_until_it_is_forgotten() -> None:
    """Before and after it has the model's own label; other motion keeps it throughout."""
    teaching = experienced()
    taught = teaching.learn(BOW, teaching.example(BOW))
    assert (taught.label, taught.examples, taught.labels) == ("bow", 1, ("bow",))
    assert stood(teaching, 240, 280, bowing=True).count("bow") >= 38
    assert stood(teaching, 280, 480, bowing=False).count("bow") <= 2
    again = Teach("bow", 240 * STEP_MS, 279 * STEP_MS, person=1)
    assert teaching.learn(again, teaching.example(again)).examples == 2
    forgotten = teaching.forget(Forget("bow"))
    assert (forgotten.label, forgotten.examples, forgotten.labels) == ("bow", 0, ())
    assert stood(teaching, 480, 520, bowing=True) == ["background"] * 40


@pytest.mark.parametrize(
    ("teach", "code", "sentence"),
    [
        (Teach("background", 0, 1), "bad-label", "background is a label of the model"),
        (Teach("warming", 0, 1), "bad-label", "warming is a label of the model"),
        (Teach("left up", 0, 1), "bad-label", "left up is a label of the model"),
        (Teach("", 0, 1), "bad-label", "1 to 40 printable characters"),
        (Teach("x" * 41, 0, 1), "bad-label", "1 to 40 printable characters"),
        (Teach("a\x00b", 0, 1), "bad-label", "1 to 40 printable characters"),
        (Teach("bow", 5, 5), "bad-span", "a span ends after it begins, got 5 to 5"),
        (Teach("bow", float("nan"), 5), "bad-span", "a span ends after it begins"),
        (Teach("bow", 1e6, 2e6), "bad-span", "nobody was spoken of from 1e+06 to 2e+06 ms"),
        (Teach("bow", 0, 5000, 9), "bad-span", "no person 9 was spoken of"),
        (Teach("bow", 0, 60), "not-taught", "at least 4 frames"),
        (Teach("bow", 0, 1e5), "not-taught", "other motion, of which 30 frames are needed"),
    ],
)
def test_what_cannot_be_taught_is_refused(teach: Teach, code: str, sentence: str) -> None:
    """One sentence, and nothing is known afterwards."""
    teaching = experienced()
    with pytest.raises(Refusal) as refusal:
        teaching.example(teach)
    assert refusal.value.code == code
    assert refusal.value.close is None
    assert sentence in str(refusal.value)
    assert teaching.actions == {}


def test_of_two_people_it_is_said_who_was_meant() -> None:
    """Without an id a span of two people is refused; with it, it is theirs."""
    teaching = experienced()
    stood(teaching, 240, 280, bowing=True, person=1)
    stood(teaching, 280, 320, bowing=False, person=2)
    both = Teach("bow", 240 * STEP_MS, 319 * STEP_MS)
    with pytest.raises(Refusal, match="2 people were seen then: say which was meant"):
        teaching.example(both)
    teaching.example(Teach("bow", both.from_ms, both.to_ms, person=1))


def test_actions_and_examples_are_limited() -> None:
    """The first beyond each limit is refused; another example of a known action still fits."""
    teaching = experienced(actions=1)
    example = teaching.example(BOW)
    for _ in range(MOST_EXAMPLES):
        teaching.learn(BOW, example)
    with pytest.raises(Refusal, match="an action has at most 20 examples"):
        teaching.example(BOW)
    with pytest.raises(Refusal, match="at most 1 actions are taught"):
        teaching.example(Teach("nod", BOW.from_ms, BOW.to_ms))
    with pytest.raises(Refusal, match=r"only what was taught is forgotten \(bow\), not 'nod'"):
        teaching.forget(Forget("nod"))


def test_the_last_minute_is_remembered_and_no_more() -> None:
    """However long a stream is and however many are in it, what is kept is bounded."""
    teaching = Teaching(KINECT, 1)
    for frame in range(0, 4000, 2):
        stood(teaching, frame, frame + 1, bowing=False)
    times_ms = [seen.time_ms for seen in teaching._seen]
    assert times_ms[-1] - times_ms[0] <= REMEMBERED_MS
    for frame in range(4000, 4200):
        for person in range(16):
            stood(teaching, frame, frame + 1, bowing=False, person=person)
    assert len(teaching._seen) <= MOST_REMEMBERED
    assert len(teaching._newest_ms) <= 16


def test_other_motion_is_none_of_the_action_s_own() -> None:
    """What was shown as an example before is no other motion, until it is forgotten."""
    teaching = experienced()
    teaching.learn(BOW, teaching.example(BOW))
    stood(teaching, 240, 280, bowing=True)
    again = Teach("bow", 240 * STEP_MS, 279 * STEP_MS)
    assert [len(part) for part in teaching.lesson(again)] == [40, 200]
    teaching.forget(Forget("bow"))
    assert [len(part) for part in teaching.lesson(again)] == [40, 240]


def test_frames_at_nearly_one_time_are_remembered_once() -> None:
    """A fast client fills the memory no sooner than one of the window's own rate."""
    teaching = Teaching(KINECT, 1)
    for frame in range(160):
        teaching.decision(Place(frame * STEP_MS / 5, 1, 0, 0), feature(False), OWN)
    assert len(teaching._seen) == 54


def test_a_clock_that_was_set_back_is_taught_from_anew() -> None:
    """Nothing from before can be meant by the times of now."""
    teaching = experienced()
    stood(teaching, 10, 60, bowing=False)
    with pytest.raises(Refusal, match="nobody was spoken of"):
        teaching.lesson(BOW)
    assert len(teaching._seen) == 50
