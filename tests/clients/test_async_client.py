"""The asyncio client against a real socket: what it sends, what it says when things go wrong."""

import array
import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

from posewire_client import (
    Actions,
    AddressError,
    AsyncClient,
    ErrorMessage,
    Event,
    Message,
    Options,
    PosewireError,
    Reconnect,
    Reconnecting,
    RefusedError,
    Unknown,
    UnreachableError,
    Welcome,
)
from posewire_client.keypoints import Keypoints
from tests.clients.fake_server import FakeServer, Fault, Timing, label_of
from tests.clients.samples import QUICKLY, keypoints

LOSSLESS = Options(drop="never")


def connect(
    server: FakeServer,
    *,
    encoding: Literal["msgpack", "json"] = "msgpack",
    reconnect: Reconnect = QUICKLY,
    options: Options | None = None,
    token: str | None = None,
    layout: str = "coco17",
) -> AsyncClient:
    return AsyncClient.connect(
        server.url,
        layout=layout,
        coordinates="pixels",
        size=(640, 480),
        options=options,
        token=token,
        encoding=encoding,
        reconnect=reconnect,
    )


async def stream(client: AsyncClient, frames: int, *, step_s: float = 0.0) -> list[Message]:
    async with client:
        for frame in range(frames):
            await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            await asyncio.sleep(step_s)
        await client.bye()
        return [message async for message in client]


def times_ms(messages: list[Message]) -> list[float]:
    return [message.t_ms for message in messages if isinstance(message, Actions)]


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


async def test_numpy_arrays_travel_as_float32() -> None:
    """NumPy's arrays, contiguous or not, and its scalars in lists need no conversion."""
    numpy = pytest.importorskip("numpy")
    points = numpy.array(keypoints(5))
    column_major = numpy.asfortranarray(points.astype(numpy.float32))
    with FakeServer() as server:
        async with connect(server, options=LOSSLESS) as client:
            await client.send_pose(0, [(1, points)])
            await client.send_pose(1, [(1, column_major)])
            await client.send_pose(2, [(1, [list(row) for row in points])])
            await client.send_pose(3, [(1, list(points))])
            with pytest.raises(TypeError, match="must be float32 or float64"):
                await client.send_pose(4, [(1, points.astype(numpy.int64))])
            await client.bye()
            scores = [answer.people[0].score async for answer in client.actions()]
    assert scores == [label_of(keypoints(5))[1]] * 4


async def test_a_lost_socket_is_reopened_and_no_frame_of_a_file_is_lost() -> None:
    """With `drop: never`, frames without a label when the socket goes are sent again."""
    timing = Timing(hop_frames=8)
    with FakeServer(faults=[Fault(after_poses=20)], timing=timing) as server:
        client = connect(server, options=LOSSLESS)
        messages = await stream(client, 60)
    assert times_ms(messages) == [frame * 10.0 for frame in range(60)]
    lost = [message for message in messages if isinstance(message, Reconnecting)]
    assert [(one.attempt, one.reason) for one in lost] == [
        (1, "connection lost (closed with 1006)")
    ]
    assert [type(one) for one in messages].count(Welcome) == 2
    assert [session.hello["layout"] for session in server.sessions] == ["coco17", "coco17"]
    # Sixteen of the twenty were labelled, two hops of eight; the rest came a second time.
    assert server.sessions[1].poses[0]["t_ms"] == 160.0
    assert (client.counts.frames_sent, client.counts.reconnects) == (60, 1)


async def test_a_live_stream_keeps_only_the_newest_frame_while_it_is_away() -> None:
    """While disconnected `send_pose` does not wait, the newest frame wins, and drops count."""
    away = Reconnect(attempts=3, first_s=0.4)
    with FakeServer(faults=[Fault(after_poses=5, code=1012)]) as server:
        client = connect(server, reconnect=away)
        async with client:
            for frame in range(5):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            async for message in client:
                if isinstance(message, Reconnecting):
                    break
            began_s = time.monotonic()
            for frame in range(5, 15):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            assert time.monotonic() - began_s < 0.1
            await client.bye()
            messages = [message async for message in client]
    assert [pose["t_ms"] for pose in server.sessions[1].poses] == [140.0]
    assert times_ms(messages)[-1] == 140.0
    assert client.counts.dropped_by_client == 9
    assert client.counts.frames_sent == 6


async def test_superseded_frames_are_counted_over_sessions() -> None:
    """`dropped` of the server starts from nought in each session; the client's count goes on."""
    timing = Timing(label_s=0.05)
    with FakeServer(faults=[Fault(after_poses=10)], timing=timing) as server:
        client = connect(server)
        async with client:
            for frame in range(10):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
                await asyncio.sleep(0.02)
            first = await _until_welcomed_again(client)
            for frame in range(10, 20):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
                await asyncio.sleep(0.01)
            await client.bye()
            second = [message async for message in client]
    dropped = [
        max((one.dropped for one in part if isinstance(one, Actions)), default=0)
        for part in (first, second)
    ]
    assert min(dropped) > 0
    assert client.counts.dropped_by_server == sum(dropped)


async def _until_welcomed_again(client: AsyncClient) -> list[Message]:
    messages: list[Message] = []
    async for message in client:
        messages.append(message)
        if [type(one) for one in messages].count(Welcome) == 2:
            break
    return messages


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=1013, reason="full: try later"),
        Fault(code=1013, error=("full", "all places are taken")),
        Fault(status=503),
    ],
    ids=["1013", "1013-with-error", "http-503"],
)
async def test_a_full_server_is_tried_again_even_at_first(fault: Fault) -> None:
    """A server that asks to be tried later is, and the caller hears why it waits."""
    with FakeServer(faults=[fault, fault]) as server:
        messages = await stream(connect(server, options=LOSSLESS), 3)
    waits = [message for message in messages if isinstance(message, Reconnecting)]
    assert [one.attempt for one in waits] == [1, 2]
    assert len(times_ms(messages)) == 3


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(code=4400, error=("layout", "no such layout")), "no such layout (layout, closed"),
        (Fault(code=1008, reason="the origin is not admitted"), "the origin is not admitted"),
        (Fault(code=1009, reason="a message of 2 MB"), "a message of 2 MB (closed with 1009)"),
        (Fault(error=("protocol", "no sense")), "no sense (protocol, closed with 1006)"),
        (Fault(status=403), "it answered HTTP 403 instead of opening a stream"),
        (Fault(status=404), "the path should be /v1/stream"),
    ],
)
async def test_a_refusal_is_final_and_in_the_servers_words(fault: Fault, sentence: str) -> None:
    """What will not pass is not tried again, and the server's own sentence is raised."""
    with FakeServer(faults=[fault]) as server:
        with pytest.raises(RefusedError) as refusal:
            await stream(connect(server), 3)
        assert sentence in str(refusal.value)
        assert len(server.sessions) == (0 if fault.status else 1)


async def test_a_refusal_in_mid_stream_reaches_sender_reader_and_bye() -> None:
    """Once the stream has failed, each verb raises that failure, after what came before it."""
    fault = Fault(after_poses=3, code=4400, error=("time", "time went back"))
    with FakeServer(faults=[fault]) as server:
        async with connect(server, options=LOSSLESS) as client:
            seen = []
            with pytest.raises(RefusedError, match="time went back"):  # noqa: PT012
                for frame in range(100):
                    await client.send_pose(frame, [(1, keypoints(frame))])
                    seen += client.arrived()
                    await asyncio.sleep(0.01)
            with pytest.raises(RefusedError, match="time went back"):
                await client.bye()
            with pytest.raises(RefusedError, match="time went back"):
                await client.receive()
    assert times_ms(seen) == [0.0, 1.0]


async def test_a_fatal_error_without_a_close_is_not_waited_for_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that says a fatal error and then hangs is left, with its sentence."""
    monkeypatch.setattr("posewire_client.link.CLOSE_TIMEOUT_S", 0.1)
    with (
        FakeServer(faults=[Fault(error=("odd", "lost my way"), hangs=True)]) as server,
        pytest.raises(RefusedError, match="lost my way"),
    ):
        await stream(connect(server), 1)


@contextmanager
def silent_port() -> Iterator[int]:
    """A port of this machine where nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]


async def test_nobody_there_is_one_sentence_at_once() -> None:
    """A first connection that nobody answers is not retried: the address may be mistyped."""
    with silent_port() as port:
        url = f"ws://127.0.0.1:{port}/v1/stream"
        with pytest.raises(UnreachableError) as unreachable:
            async with AsyncClient.connect(url, layout="coco17", coordinates="pixels"):
                pass
    assert str(unreachable.value) == f"no posewire server answers at {url}: connection refused"


async def test_giving_up_is_said_with_the_number_of_attempts() -> None:
    """A server that does not come back ends the stream after the agreed attempts."""
    fault = Fault(after_poses=1)
    full = Fault(code=1013, reason="full")
    with FakeServer(faults=[fault, full, full, full, full]) as server:
        with pytest.raises(UnreachableError, match="4 attempts did not bring it back: the server"):
            await stream(connect(server, options=LOSSLESS), 3)
        assert len(server.sessions) == 5


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
    later = {"type": "taught", "label": "wave", "frames": 12}
    with FakeServer(extra=[later]) as server:
        messages = await stream(connect(server), 2)
    assert [one for one in messages if isinstance(one, Unknown)] == [Unknown("taught", later)]
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
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 0.3


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
