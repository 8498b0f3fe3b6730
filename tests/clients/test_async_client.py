"""The asyncio client against a real socket: what it sends, and what it makes of the answers."""

import array
import asyncio
from typing import Literal

import pytest

from posewire_client import (
    Actions,
    AddressError,
    AsyncClient,
    ErrorMessage,
    Event,
    Options,
    PosewireError,
    RefusedError,
    Unknown,
    Welcome,
)
from posewire_client.keypoints import Keypoints
from tests.clients.fake_conversation import label_of
from tests.clients.fake_rules import Timing
from tests.clients.fake_server import FakeServer
from tests.clients.samples import LOSSLESS, connect, keypoints, stream, times_ms


@pytest.mark.parametrize("encoding", ["msgpack", "json"])
async def test_labels_come_back_in_either_encoding(encoding: Literal["msgpack", "json"]) -> None:
    """Every frame gets one label with its own time, after a welcome, in the hello's encoding."""
    with FakeServer() as server:
        messages = await stream(connect(server, encoding=encoding, options=LOSSLESS), 12)
    assert server.sessions[0].binary == (encoding == "msgpack")
    assert isinstance(messages[0], Welcome)
    assert messages[0].model.labels == ("background", "wave", "sit")
    assert times_ms(messages) == [frame * 10.0 for frame in range(12)]
    last = [message for message in messages if isinstance(message, Actions)][-1]
    label, score = label_of(keypoints(11))
    assert (last.people[0].id, last.people[0].label, last.people[0].score) == (1, label, score)
    assert last.people[0].top == ((label, score), ("background", 0.0))
    assert next(message.event for message in messages if isinstance(message, Event)) == "start"


async def test_a_buffer_says_what_nested_lists_say() -> None:
    """Keypoints as float32, float64 or nested lists, in either encoding, get the same label."""
    nested = keypoints(3)
    flat = [number for row in nested for number in row]
    forms: list[Keypoints] = [
        nested,
        [tuple(row) for row in nested],
        array.array("f", flat),
        array.array("d", flat),
        array.array("f", flat).tobytes(),
    ]
    encodings: list[Literal["msgpack", "json"]] = ["msgpack", "json"]
    with FakeServer() as server:
        for encoding in encodings:
            async with connect(server, encoding=encoding, options=LOSSLESS) as client:
                for frame, form in enumerate(forms):
                    await client.send_pose(frame, [(None, form)])
                await client.bye()
                scores = [answer.people[0].score async for answer in client.actions()]
            assert scores == [label_of(nested)[1]] * len(forms)
    on_the_wire = [pose["people"][0]["keypoints"] for pose in server.poses]
    assert [type(wire) for wire in on_the_wire] == [list] * 2 + [bytes] * 3 + [list] * 5
    assert on_the_wire[2] == array.array("f", flat).tobytes()
    assert on_the_wire[7] == nested


async def test_a_buffer_in_metres_has_four_numbers_a_joint() -> None:
    """As JSON, which has no bytes, a flat buffer is divided into x, y, z, score."""
    with FakeServer() as server:
        client = AsyncClient.connect(
            server.url, layout="kinect20", coordinates="metres", up="y", encoding="json"
        )
        async with client:
            await client.send_pose(0.0, [(7, array.array("f", range(80)))])
            await client.bye()
            answers = [answer async for answer in client.actions()]
    assert server.poses[0]["people"][0]["keypoints"][19] == [76.0, 77.0, 78.0, 79.0]
    assert [answer.people[0].id for answer in answers] == [7]


@pytest.mark.parametrize("encoding", ["msgpack", "json"])
async def test_numpy_arrays_travel_as_float32(encoding: Literal["msgpack", "json"]) -> None:
    """NumPy's arrays, contiguous or not, its scalars in lists and its ids need no conversion."""
    numpy = pytest.importorskip("numpy")
    points = numpy.array(keypoints(5))
    column_major = numpy.asfortranarray(points.astype(numpy.float32))
    with FakeServer() as server:
        async with connect(server, options=LOSSLESS, encoding=encoding) as client:
            await client.send_pose(0, [(numpy.int64(1), points)])
            await client.send_pose(1, [(1, column_major)])
            await client.send_pose(2, [(1, [list(row) for row in points])])
            await client.send_pose(3, [(1, list(points))])
            with pytest.raises(TypeError, match="must be float32 or float64"):
                await client.send_pose(4, [(1, points.astype(numpy.int64))])
            await client.bye()
            scores = [answer.people[0].score async for answer in client.actions()]
    assert scores == [label_of(keypoints(5))[1]] * 4
    assert isinstance(server.poses[0]["people"][0]["id"], int)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "127.0.0.1:8000", "ws://", "ws://host:99999/", ""]
)
def test_an_address_that_is_none_is_refused_before_connecting(url: str) -> None:
    """What is not a websocket's address is named together with an example of one."""
    with pytest.raises(AddressError, match=r"expected one like ws://127\.0\.0\.1:8000/v1/stream"):
        AsyncClient.connect(url, layout="coco17", coordinates="pixels")


@pytest.mark.parametrize("times", [(10.0, 9.0), (10.0, float("nan")), (float("inf"),)])
async def test_time_does_not_go_back(times: tuple[float, ...]) -> None:
    """A time before the last one, or none at all, is refused where it is made."""
    with FakeServer() as server:
        async with connect(server) as client:
            for t_ms in times[:-1]:
                await client.send_pose(t_ms, [])
            with pytest.raises(ValueError, match="must be finite and not go back"):
                await client.send_pose(times[-1], [])


async def test_a_refused_frame_does_not_end_the_stream() -> None:
    """A non-fatal error is handed on as a message, and the frames around it are labelled."""
    with FakeServer() as server:
        async with connect(server, options=LOSSLESS) as client:
            for frame in range(150):
                wrong = frame % 2
                await client.send_pose(frame, [(1, keypoints(frame)[wrong:])])
            await client.bye()
            messages = [message async for message in client]
    errors = [message for message in messages if isinstance(message, ErrorMessage)]
    assert errors[0].message == "expected 17 keypoints, found 16"
    assert len(errors) == 75
    assert times_ms(messages) == [float(frame) for frame in range(0, 150, 2)]


async def test_a_file_of_refused_frames_alone_comes_to_its_end() -> None:
    """No label ever settles a refused frame; the sender must not wait for one."""
    with FakeServer() as server:
        async with connect(server, options=LOSSLESS) as client:
            for frame in range(200):
                await client.send_pose(frame, [(1, keypoints(frame)[1:])])
            await client.bye()
    assert len(server.poses) == 200


async def test_messages_of_tomorrow_do_no_harm() -> None:
    """Types that this client does not know are handed on whole, and the stream goes on."""
    later = {"type": "foretold", "label": "wave", "frames": 12}
    with FakeServer(extra=[later]) as server:
        messages = await stream(connect(server), 2)
    assert [one for one in messages if isinstance(one, Unknown)] == [Unknown("foretold", later)]
    assert times_ms(messages)[-1] == 10.0


async def test_a_message_against_the_protocol_ends_the_stream() -> None:
    """A known message that lacks what it must have is refused by naming it."""
    with FakeServer(extra=[{"type": "actions", "people": []}]) as server:
        with pytest.raises(RefusedError, match=r"against the protocol: .*`t_ms`"):
            await stream(connect(server), 2)


async def test_a_long_look_ahead_and_hop_do_not_stop_the_sender() -> None:
    """Labels that cannot be due yet are not waited for, however many there are."""
    timing = Timing(hop_frames=7, lookahead_ms=1500.0)
    with FakeServer(timing=timing) as server:
        messages = await stream(connect(server, options=LOSSLESS), 400)
    assert times_ms(messages) == [frame * 10.0 for frame in range(400)]


async def test_fewer_answers_than_frames_do_not_stop_the_sender() -> None:
    """With a rate limit most frames have no label, and the sender must not wait for them."""
    sparing = Options(drop="never", rate_limit_hz=1)
    with FakeServer(timing=Timing(answer_every=100)) as server:
        messages = await stream(connect(server, options=sparing), 250)
    assert times_ms(messages) == [990.0, 1990.0]


async def test_a_slow_server_holds_the_sender_back() -> None:
    """With `drop: never` no more than so many labels are due at once."""
    most_due = 0
    with FakeServer(timing=Timing(label_s=0.002)) as server:
        async with connect(server, options=LOSSLESS) as client:
            for frame in range(150):
                await client.send_pose(frame, [(1, keypoints(frame))])
                most_due = max(most_due, client.counts.frames_sent - client.counts.labels_received)
            await client.bye()
    assert most_due == 64
    assert client.counts.labels_received == 150


async def test_a_token_is_shown_and_asked_for() -> None:
    """The token goes with hello; without it the server's refusal is the caller's."""
    with FakeServer(token="secret") as server:
        assert times_ms(await stream(connect(server, token="secret"), 1)) == [0.0]
        with pytest.raises(
            RefusedError, match=r"token is not admitted \(token, closed with 1008\)"
        ):
            await stream(connect(server), 1)


async def test_what_nobody_reads_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live client that only sends keeps the newest messages and counts the others."""
    monkeypatch.setattr("posewire_client.stream.UNREAD_LIMIT", 4)
    with FakeServer() as server:
        async with connect(server) as client:
            for frame in range(10):
                await client.send_pose(frame, [(1, keypoints(frame))])
                await asyncio.sleep(0.01)
            await client.bye()
            messages = client.arrived()
    assert len(messages) == 4
    assert client.counts.unread >= 7


async def test_leaving_at_once_closes_the_socket() -> None:
    """A client that is left right after it has connected says so to the server."""
    with FakeServer() as server:
        async with connect(server):
            pass
    assert server.sessions[0].close_code == 1000


async def test_frames_belong_between_connecting_and_bye() -> None:
    """Sending before the stream is open, or after bye, is said and not lost in silence."""
    with FakeServer() as server:
        client = connect(server)
        for verb in (client.send_pose(0.0, []), client.bye()):
            with pytest.raises(PosewireError, match="open"):
                await verb
        async with client:
            await client.bye()
            with pytest.raises(PosewireError, match="not open"):
                await client.send_pose(1.0, [])
