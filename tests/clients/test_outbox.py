"""What is kept of the frames that were sent, as rules without a socket."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posewire_client import ModelInfo, Reconnect
from posewire_client.keypoints import float32_bytes, rows
from posewire_client.outbox import Frame, NewestFrame, UnlabelledFrames


class SlowModel:
    """Labels as the wire says: at every so many frames, all up to a look-ahead ago."""

    def __init__(self, hop_frames: int, lookahead_ms: float) -> None:
        self.info = ModelInfo(
            name="slow",
            rate_hz=30.0,
            hop_ms=hop_frames / 30.0 * 1000,
            lookahead_ms=lookahead_ms,
        )
        self._hop_frames = hop_frames
        self._lookahead_ms = lookahead_ms
        self._seen = 0
        self._labelled_to_ms: float | None = None

    def see(self, t_ms: float) -> None:
        self._seen += 1
        if self._seen % self._hop_frames == 0:
            self._labelled_to_ms = t_ms - self._lookahead_ms

    def label(self) -> float | None:
        return self._labelled_to_ms


class TimedModel(SlowModel):
    """Runs its window so often on the frames' own clock, whatever their rate."""

    def __init__(self, hop_ms: float, lookahead_ms: float) -> None:
        super().__init__(1, lookahead_ms)
        self._hop_ms = hop_ms
        self._run_ms = float("-inf")

    def see(self, t_ms: float) -> None:
        if t_ms - self._run_ms >= self._hop_ms:
            self._run_ms = t_ms
            self._labelled_to_ms = t_ms - self._lookahead_ms


@given(
    steps_ms=st.lists(st.floats(0.0, 500.0), min_size=1, max_size=200),
    hop_ms=st.floats(10.0, 2000.0),
    lookahead_ms=st.floats(0.0, 3000.0),
    in_flight=st.integers(1, 30),
)
def test_a_hop_in_time_is_waited_for_in_time(
    steps_ms: list[float], hop_ms: float, lookahead_ms: float, in_flight: int
) -> None:
    """However many frames a hop holds, a full outbox always empties again."""
    model = TimedModel(hop_ms, lookahead_ms)
    outbox = UnlabelledFrames(in_flight, lookahead_ms, hop_ms)
    outbox.serve(model.info)
    fill_and_settle(outbox, model, steps_ms)


@given(
    steps_ms=st.lists(st.floats(0.0, 500.0), min_size=1, max_size=200),
    hop_frames=st.integers(1, 40),
    lookahead_ms=st.floats(0.0, 3000.0),
    in_flight=st.integers(1, 30),
)
def test_the_sender_waits_only_for_labels_that_will_come(
    steps_ms: list[float], hop_frames: int, lookahead_ms: float, in_flight: int
) -> None:
    """Whatever the model's timing and the frames' spacing, a full outbox always empties again."""
    model = SlowModel(hop_frames, lookahead_ms)
    outbox = UnlabelledFrames(in_flight, 0.0)
    outbox.serve(model.info)
    fill_and_settle(outbox, model, steps_ms)


def fill_and_settle(outbox: UnlabelledFrames, model: SlowModel, steps_ms: list[float]) -> None:
    """Send frames so far apart, and label what is due whenever the outbox is full."""
    t_ms = 0.0
    for step_ms in steps_ms:
        if outbox.full():
            labelled_ms = model.label()
            assert labelled_ms is not None
            outbox.settle(labelled_ms)
            assert not outbox.full()
        outbox.add(Frame(t_ms, b""))
        model.see(t_ms)
        t_ms += step_ms


def test_without_look_ahead_the_bound_is_exact() -> None:
    """So many frames may be unlabelled, and not one more; a refused frame makes room for one."""
    outbox = UnlabelledFrames(3, 0.0)
    for frame in range(3):
        assert not outbox.full()
        outbox.add(Frame(float(frame), b""))
    assert outbox.full()
    outbox.refuse()
    assert not outbox.full()
    outbox.settle(0.0)
    assert times(outbox.serve(SlowModel(1, 0.0).info)) == [1.0, 2.0]


def times(frames: tuple[Frame, ...]) -> list[float]:
    return [frame.t_ms for frame in frames]


def test_a_resumed_session_is_sent_what_it_has_not_seen() -> None:
    """Frames after `seen_ms` go again, labelled or not; what was seen is only waited for.

    Nor is it waited for in vain: the labels of three frames were on their way, and are lost.
    """
    info = SlowModel(1, 0.0).info
    outbox = UnlabelledFrames(3, 0.0)
    for frame in range(10):
        outbox.add(Frame(float(frame), b"pose"))
    outbox.settle(6.0)
    assert times(outbox.serve(info, seen_ms=4.0)) == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert outbox.full()
    assert times(outbox.serve(info, seen_ms=9.0)) == []
    assert not outbox.full()
    outbox.add(Frame(10.0, b"pose"))
    outbox.settle(10.0)
    assert len(outbox) == 0


def test_what_is_kept_of_labelled_frames_is_bounded() -> None:
    """Eight megabytes of the newest, however long the stream."""
    outbox = UnlabelledFrames(None, 0.0)
    for frame in range(100):
        outbox.add(Frame(float(frame), bytes(1 << 20)))
        outbox.settle(float(frame))
    assert times(outbox.serve(SlowModel(1, 0.0).info, seen_ms=0.0)) == [
        float(frame) for frame in range(92, 100)
    ]


def test_the_newest_frame_supersedes_and_is_counted() -> None:
    """Only the last of the frames that were kept is sent, once."""
    newest = NewestFrame()
    for frame in range(4):
        newest.keep(Frame(float(frame), b""))
    assert (newest.take(), newest.take()) == (Frame(3.0, b""), None)
    assert newest.superseded == 3


@given(st.lists(st.sampled_from(["keep", "sent", "lost"]), max_size=40))
def test_a_kept_frame_is_sent_or_waits_or_is_counted(acts: list[str]) -> None:
    """Whatever is lost on its way, no frame vanishes, and none is sent after a newer one.

    On its way another frame may come, and supersedes the one that was taken.
    """
    newest = NewestFrame()
    sent_ms: list[float] = []
    kept, on_its_way = 0, None
    for act in acts:
        if act == "keep":
            newest.keep(Frame(float(kept), b""))
            kept += 1
        elif on_its_way is None:
            on_its_way = newest.take()
        else:
            if act == "sent":
                sent_ms.append(on_its_way.t_ms)
            else:
                newest.give_back(on_its_way)
            on_its_way = None
    waits = len(newest) + (on_its_way is not None)
    assert len(sent_ms) + newest.superseded + waits == kept
    assert sent_ms == sorted(set(sent_ms))
    if kept and on_its_way is None and sent_ms[-1:] != [kept - 1.0]:
        assert newest.take() == Frame(kept - 1.0, b"")


def test_delays_grow_with_jitter_to_a_limit_and_end() -> None:
    """Each delay lies in the upper half of a bound that doubles up to the longest."""
    policy = Reconnect(attempts=6, first_s=1.0, longest_s=8.0)
    assert list(policy.delays_s(lambda low, high: high)) == [1, 2, 4, 8, 8, 8]
    assert list(policy.delays_s(lambda low, high: low)) == [0.5, 1, 2, 4, 4, 4]
    drawn = list(Reconnect(attempts=50, first_s=1.0, longest_s=1.0).delays_s())
    assert len(set(drawn)) > 40
    assert all(0.5 <= delay_s <= 1.0 for delay_s in drawn)


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=4, max_size=4))
def test_floats_of_any_width_and_order_become_little_endian_float32(numbers: list[float]) -> None:
    """Whatever the byte order and precision of a buffer, the wire's is little-endian float32."""
    numpy = pytest.importorskip("numpy")
    wire = struct.pack("<4f", *numbers)
    for form in ("<f4", ">f4", "<f8", ">f8"):
        assert float32_bytes(numpy.array(numbers, dtype=form)) == wire
    assert rows(wire, 4) == [list(struct.unpack("<4f", wire))]


def test_bytes_that_are_not_whole_rows_are_refused() -> None:
    """JSON needs rows, and a torn one is named with its size."""
    with pytest.raises(ValueError, match=r"whole rows of 3 float32 \(12 bytes\); these are 16"):
        rows(bytes(16), 3)


def test_a_buffer_that_is_no_float32_is_refused() -> None:
    """Whole numbers are no keypoints, although their bytes might pass for some; nor is 1e300."""
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match="must be float32 or float64"):
        float32_bytes(numpy.ones((20, 4), numpy.uint8))
    with pytest.raises(ValueError, match="numbers that float32 can hold"):
        float32_bytes(numpy.full((20, 4), 1e300))
    assert float32_bytes(bytes(80)) == bytes(80)
