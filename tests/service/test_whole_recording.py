"""A whole recording is labelled as streaming it would label it, whatever form it is posted in."""

import asyncio
import contextlib
import io
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.artifact_session import Outputs
from service.recording_body import BadRecording, read_recording
from service.settings import Settings
from service.whole_recording import AT_ONCE, TOGETHER, LabelledRecording, label_recording
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body, hello, pose
from tests.service.engines import HeldEngine, known_outputs
from tests.service.inside import serving
from tests.service.labelled import Keypoints
from tests.service.wire import actions, wire

SETTINGS = Settings()
MOST = 1 << 22


def frames_of(count: int = 120) -> list[dict[str, Any]]:
    """A hand that goes up and down, a second person for a while, and a gap."""
    frames = []
    for number in range(count):
        left = 0.5 if (number // 25) % 2 else -1.0
        people = [body(KINECT, left=left)]
        if 30 <= number < 70:
            people.append(body(KINECT, right=0.4))
        frames.append(pose(number + (40 if number > 80 else 0), *people))
    return frames


def whole(frames: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    return {**hello(KINECT, **options), "frames": frames}


async def labelled(
    content: bytes, kind: str = "application/json", batches: list[int] | None = None
) -> LabelledRecording:
    async def run(clips: Keypoints) -> Outputs:
        await asyncio.sleep(0)
        if batches is not None:
            batches.append(len(clips))
        return known_outputs(clips, KINECT)

    return await label_recording(read_recording(content, kind, MOST), KINECT, run, SETTINGS)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lookahead_ms": 200.0},
        {"rate_limit_hz": 10.0, "hop_ms": 133.0},
    ],
)
async def test_it_is_what_streaming_says(options: dict[str, float]) -> None:
    """Through a real socket with drop: never: the same labels and scores, the same segments."""
    frames = frames_of()
    async with (
        serving(HeldEngine(runs=100_000)) as server,
        wire(server.stream) as client,
    ):
        await client.ask(hello(KINECT, drop="never", **options))
        await client.send(*frames, {"type": "bye"})
        told = await client.rest()
    found = msgspec.to_builtins(await labelled(msgspec.json.encode(whole(frames, **options))))
    streamed = [{"t_ms": said["t_ms"], "people": said["people"]} for said in actions(told)]
    assert msgspec.json.decode(msgspec.json.encode(found["frames"])) == streamed
    events = [said for said in told if said["type"] == "event"]
    segments = sorted(
        (s["person"], s["from_ms"], s["to_ms"], s["label"]) for s in found["segments"]
    )
    starts = sorted((e["person"], e["t_ms"], e["label"]) for e in events if e["event"] == "start")
    assert [(who, first, label) for who, first, _, label in segments] == starts
    assert len(segments) == len(events) / 2 >= 2


async def test_every_form_says_the_same() -> None:
    """JSON, MessagePack, JSON Lines and npz of one recording give one answer."""
    frames = [pose(number, body(KINECT, left=number / 100)) for number in range(40)]
    recording = whole(frames)
    lines = b"\n".join(msgspec.json.encode(each) for each in (hello(KINECT), *frames))
    packed = io.BytesIO()
    rows = np.array([body(KINECT, left=number / 100) for number in range(40)])
    np.savez(
        packed,
        keypoints=rows,
        times_ms=np.arange(40) * STEP_MS,
        layout="kinect20",
        coordinates="metres",
    )
    expected = await labelled(msgspec.json.encode(recording))
    assert len(expected.frames) == 40
    for content, kind in [
        (msgspec.msgpack.encode(recording), "application/msgpack"),
        (lines, "application/x-ndjson; charset=utf-8"),
        (packed.getvalue(), "application/x-npz"),
    ]:
        found = await labelled(content, kind)
        assert [f.people[0].label for f in found.frames] == [
            f.people[0].label for f in expected.frames
        ]
        assert [f.t_ms for f in found.frames] == [f.t_ms for f in expected.frames]


async def turns_and_batches(frames: list[dict[str, Any]]) -> tuple[int, list[int]]:
    """How often others had their turn while frames were labelled, and how many clips each run."""
    batches: list[int] = []
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    found = await labelled(msgspec.json.encode(whole(frames)), batches=batches)
    task.cancel()
    assert len(found.frames) == len(frames)
    return turns, batches


async def test_it_takes_small_turns() -> None:
    """However long it is, no more than a few windows are run together, and others come between."""
    turns, batches = await turns_and_batches(frames_of(300))
    assert max(batches) <= TOGETHER + 1
    assert turns > len(batches) > 10


@pytest.mark.parametrize("people", [0, 1])
async def test_it_takes_small_turns_where_nothing_is_run(people: int) -> None:
    """Frames of nobody, or of one who is new in each, give no window, and let others come too."""
    somebody = body(KINECT).tolist()
    frames = [
        pose(number) | {"people": [{"id": number, "keypoints": somebody}] * people}
        for number in range(20 * AT_ONCE)
    ]
    turns, batches = await turns_and_batches(frames)
    assert batches == []
    assert turns >= 20


def npz(**arrays: Any) -> bytes:
    packed = io.BytesIO()
    np.savez_compressed(packed, **{"layout": "kinect20", "coordinates": "metres", **arrays})
    return packed.getvalue()


GOOD = whole(frames_of(3))
ROWS = np.zeros((2, 20, 4))
HEAD, _, _ = msgspec.msgpack.encode(GOOD).partition(b"frames")


@pytest.mark.parametrize(
    ("content", "kind", "status", "sentence"),
    [
        (b"{}", "text/html", 415, "a recording is of the type application/json, .+ 'text/html'"),
        (b" " * (MOST + 1), "application/json", 413, "at most 4194304 bytes, this one has 4194305"),
        (b"{", "application/json", 400, "not json: "),
        (b"\xc1", "application/msgpack", 400, "not msgpack: "),
        (b"{}", "application/json", 422, "missing required field `layout`"),
        (msgspec.json.encode(GOOD | {"layout": "x"}), "application/json", 422, "'x'"),
        (
            msgspec.json.encode(GOOD | {"coordinates": "pixels"}),
            "application/json",
            422,
            "reads metres, not pixels",
        ),
        (
            msgspec.json.encode(GOOD | {"frames": [*GOOD["frames"], GOOD["frames"][0]]}),
            "application/json",
            422,
            "frame 3: time goes forward by at least 1 ms",
        ),
        (
            msgspec.json.encode(GOOD | {"frames": [{"t_ms": 0, "people": [{"keypoints": []}]}]}),
            "application/json",
            422,
            "frame 0: kinect20 has 20 keypoints, person 0 has 0",
        ),
        (
            msgspec.json.encode(
                GOOD | {"frames": [{"t_ms": 0, "people": [], "x": "y" * (1 << 20)}]}
            ),
            "application/json",
            422,
            "frame 0: it has 1048605 bytes, 1048576 are the most",
        ),
        (b'{"type":"bye"}\n', "application/jsonl", 422, "line 1: Invalid value 'bye'"),
        (b"", "application/jsonl", 422, "one hello and then poses"),
        (b"PK", "application/x-npz", 400, "not an npz of plain arrays"),
        (npz(keypoints=np.zeros(3)), "application/x-npz", 422, r"of the shape .+ got \(3,\)"),
        (npz(times_ms=[0]), "application/x-npz", 422, "an npz holds keypoints; .+ times_ms"),
        (npz(keypoints=ROWS, times_ms=[0]), "application/x-npz", 422, r"each of 2 .+ \(1,\)"),
        (npz(keypoints=ROWS, rate_hz=0), "application/x-npz", 422, "rate_hz is one number above 0"),
        (npz(keypoints=np.array([{}])), "application/x-npz", 400, "not an npz of plain arrays"),
        (npz(keypoints=ROWS[..., 0], rate_hz=30), "application/x-npz", 422, r"shape .+ \(2, 20\)"),
        (npz(keypoints=ROWS[..., :3], rate_hz=30), "application/x-npz", 422, "has 4 numbers"),
        (npz(keypoints=ROWS > 0, rate_hz=30), "application/x-npz", 422, "numbers, these are bool"),
        (
            npz(keypoints=np.ones((60_000, 2, 20, 4), np.uint8), rate_hz=30),
            "application/x-npz",
            413,
            "keypoints are at most 4194304 numbers, these are 9600000",
        ),
        (npz(keypoints=np.zeros(1 << 22)), "application/x-npz", 413, "bytes unpacked, this one 33"),
        (
            npz(keypoints=np.empty((10**9, 0, 13, 3), np.int8), rate_hz=30),
            "application/x-npz",
            422,
            r"have joints, these are of the shape \(0, 13, 3\)",
        ),
        (
            npz(keypoints=ROWS, rate_hz=30, up=np.empty((10**9, 0), "U1")),
            "application/x-npz",
            422,
            "up is one value or two, got 0",
        ),
        (
            npz(keypoints=ROWS, rate_hz=30, layout=np.zeros(10**5, "U0")),
            "application/x-npz",
            422,
            "layout is one value or two, got 100000",
        ),
    ],
)
async def test_bad_recordings_are_refused(
    content: bytes, kind: str, status: int, sentence: str
) -> None:
    """One sentence that says what and where, and the status that fits it."""
    with pytest.raises(BadRecording, match=sentence) as refusal:
        await labelled(content, kind)
    assert refusal.value.status == status
    assert len(str(refusal.value)) < 400


@given(st.binary(max_size=40), st.integers(0, 900), st.sampled_from(["msgpack", "x-npz", "jsonl"]))
def test_a_damaged_body_is_refused_or_read(damage: bytes, place: int, kind: str) -> None:
    """Whatever bytes come, they are a recording or one sentence."""
    forms = {
        "msgpack": msgspec.msgpack.encode(GOOD),
        "x-npz": npz(keypoints=ROWS, rate_hz=30.0),
        "jsonl": msgspec.json.encode(hello(KINECT)) + b"\n",
    }
    content = bytearray(forms[kind])
    content[place : place + len(damage)] = damage
    with contextlib.suppress(BadRecording):
        hello_came, poses = read_recording(bytes(content), f"application/{kind}", MOST)
        assert hello_came.layout
        assert len(list(poses)) <= 3


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (
            msgspec.msgpack.encode(GOOD)[:-1].partition(b"frames")[0]
            + b"frames\xdd\x00\x10\x00\x00"
            + bytes(1 << 20),
            "application/msgpack",
        ),
        (
            msgspec.json.encode(GOOD | {"frames": [0] * (1 << 19)}),
            "application/json",
        ),
    ],
)
async def test_what_is_no_frame_takes_no_memory(content: bytes, kind: str) -> None:
    """A million of nothing is refused at the first, for no stream is answered meanwhile."""
    tracemalloc.start()
    with pytest.raises(BadRecording, match="Expected `object`, got `int`"):
        await labelled(content, kind)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20
