"""Windows of footage are those that are served, and show what the picture shows."""

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.layout import layout_named
from model.pose.normalise import normalise
from model.pose.store import LEFT_OUT
from model.pose.stream import LabelStream
from model.pose.window import WindowSpec
from tests.training.everyday.bodies import waving
from training.everyday.footage import Footage
from training.everyday.sensor import Seen, Sensor

BODY = layout_named("body13")
LABELS = ("background", "left", "right")
MIRROR = (0, 2, 1)
TIMING = WindowSpec(32, 15.0, hop_frames=1)


def spec() -> ArtifactSpec:
    return ArtifactSpec(
        name="test",
        version="1",
        task="frames",
        layout="body13",
        joints=BODY.joints,
        persons=1,
        frames=TIMING.frames,
        rate_hz=TIMING.rate_hz,
        hop_frames=1,
        lookahead_frames=0,
        labels=LABELS,
        normalisation="body-2d",
        provenance=Provenance("", "", ""),
    )


def seen(seed: int) -> tuple[Seen, NDArray[np.int16]]:
    """Eight seconds by some camera, in which nobody is found for 0.5, then for 1.5 seconds."""
    rows = waving(240, 30.0)
    labels = np.repeat(np.array([0, 1, LEFT_OUT], np.int16), 80)
    times_ms = np.arange(240) * 1000 / 30
    found = Sensor(BODY).see(times_ms, rows, np.random.default_rng(seed))
    for first_ms, last_ms in ((1000, 1500), (4000, 5500)):
        found.keypoints[(found.times_ms > first_ms) & (found.times_ms < last_ms)] = 0
    return found, labels


def test_windows_are_those_that_are_served() -> None:
    """Frame by frame through the label stream: the same frames are warm, with the same clips."""
    for seed in range(6):
        found, labels = seen(seed)
        footage = Footage.of(found, labels, MIRROR, TIMING)
        stream = LabelStream(spec(), BODY, found.size)
        served = {}
        for time_ms, rows in zip(found.times_ms.tolist(), found.keypoints, strict=True):
            stream.push(time_ms, {1: rows} if rows[:, 3].any() else {})
            due = stream.due()
            if due is not None and len(due.clips) and due.frames[-1].people:
                served[time_ms] = due.clips[0]
        assert [footage.times_ms[end] for end in footage.ends] == list(served)
        for end in footage.ends.tolist():
            window, _ = footage.cut(end)
            ours = normalise("body-2d", window[None], BODY)[0]
            np.testing.assert_array_equal(ours, served[footage.times_ms[end]])


def test_labels_are_those_of_the_nearest_frame_and_mirrored_with_the_picture() -> None:
    """Left is right in a mirrored picture; what is left out stays so."""
    named = {False: {0, 1, LEFT_OUT}, True: {0, 2, LEFT_OUT}}
    met = set()
    for seed in range(12):
        found, labels = seen(seed)
        footage = Footage.of(found, labels, MIRROR, TIMING)
        met.add(found.mirrored)
        assert set(footage.labels.tolist()) == named[found.mirrored]
        sent = found.keypoints[..., 3].any(axis=1)
        plain = labels[found.frames[sent]]
        assert ((footage.labels == 0) == (plain == 0)).all()
        end = int(footage.ends[-1])
        assert footage.cut(end)[1][-1] == footage.labels[end]
    assert met == {False, True}


def test_a_newcomers_window_lacks_its_past_and_stays_warm() -> None:
    """All that can be missing leaves 16 frames; nothing missing leaves the whole window."""
    found, labels = seen(3)
    footage = Footage.of(found, labels, MIRROR, TIMING)
    end = int(footage.ends[-1])
    whole, shown = footage.cut(end)
    short, known = footage.cut(end, missing=1.0)
    there = np.asarray((short[..., 3] > 0).any(axis=(1, 2)))
    np.testing.assert_array_equal(short[there], whole[there])
    assert there[-1]
    assert not there[0]
    assert (known[~there] == LEFT_OUT).all()
    assert (shown != LEFT_OUT).sum() >= (known != LEFT_OUT).sum()
    span_ms = footage.times_ms[end] - footage.times_ms[end - TIMING.warm_samples + 1]
    assert there.sum() >= int(span_ms / TIMING.step_ms)


def test_a_stream_without_labels_shows_nothing_that_counts() -> None:
    """So that pretraining can read it."""
    footage = Footage.of(seen(0)[0], None, (), TIMING)
    assert (footage.labels == LEFT_OUT).all()
    assert len(footage.ends)
