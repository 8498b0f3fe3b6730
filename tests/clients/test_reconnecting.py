"""Lost, full, failing and refusing servers: what is tried again, what is lost, what is said."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from posewire_client import (
    Actions,
    AsyncClient,
    Message,
    Reconnect,
    Reconnecting,
    RefusedError,
    UnreachableError,
    Welcome,
)
from tests.clients.fake_rules import Fault, Timing
from tests.clients.fake_server import FakeServer
from tests.clients.samples import LOSSLESS, connect, keypoints, stream, times_ms


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
    # What was labelled before the loss does not go out again; all that was not does.
    known = times_ms(messages[: messages.index(lost[0])])
    assert server.sessions[1].poses[0]["t_ms"] == len(known) * 10.0 <= 160.0
    assert (client.counts.frames_sent, client.counts.reconnects) == (60, 1)


async def test_a_socket_lost_at_the_end_is_reopened_for_the_pending_labels() -> None:
    """Labels that were pending when the socket went are fetched over a new one, even after bye."""
    timing = Timing(hop_frames=50)
    with FakeServer(faults=[Fault(after_poses=30), Fault(after_poses=30)], timing=timing) as server:
        messages = await stream(connect(server, options=LOSSLESS), 30)
    assert times_ms(messages) == [frame * 10.0 for frame in range(30)]
    assert len(server.sessions) == 3


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
            for frame in range(5, 15):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            assert client.counts.reconnects == 0
            await client.bye()
            messages = [message async for message in client]
    assert [pose["t_ms"] for pose in server.sessions[1].poses] == [140.0]
    assert times_ms(messages)[-1] == 140.0
    assert client.counts.dropped_by_client == 9
    assert client.counts.frames_sent == 6


async def test_the_newest_frame_outlives_a_link_that_is_lost_at_once() -> None:
    """A server that closes as it says welcome costs no frame: the next link begins with it."""
    away = Reconnect(attempts=4, first_s=0.2, factor=1.0)
    faults = [Fault(after_poses=5, code=1012), Fault(with_welcome=True, code=1012)]
    with FakeServer(faults=faults) as server:
        client = connect(server, reconnect=away)
        async with client:
            for frame in range(5):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            async for message in client:
                if isinstance(message, Reconnecting):
                    break
            for frame in range(5, 15):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            await client.bye()
    assert [len(session.poses) for session in server.sessions] == [5, 0, 1]
    assert server.sessions[2].poses[0]["t_ms"] == 140.0
    counts = client.counts
    assert (counts.frames_sent, counts.dropped_by_client, counts.reconnects) == (6, 9, 2)


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
        (Fault(code=1000, error=("odd", "no more")), "no more (odd, closed with 1000)"),
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


@pytest.mark.parametrize("code", [4400, None])
async def test_whoever_had_nothing_to_send_for_too_long_goes_on(code: int | None) -> None:
    """Silence ends a session but no stream: the next frame has a label again."""
    silence = Fault(after_poses=5, code=code, error=("timeout", "a client sends something"))
    with FakeServer(faults=[silence]) as server:
        messages = await stream(connect(server, options=LOSSLESS), 20)
    assert len([message for message in messages if isinstance(message, Welcome)]) == 2
    assert times_ms(messages)[-1] == 190.0


async def test_a_redirect_to_a_page_in_mid_stream_is_a_failure() -> None:
    """It ends the stream with one sentence, and no verb takes it for the normal end."""
    moved = Fault(status=302, location="https://posewire.invalid/")
    with FakeServer(faults=[Fault(after_poses=5), moved]) as server:
        client = connect(server, options=LOSSLESS)
        with pytest.raises(RefusedError, match=r"redirects to https://posewire\.invalid/"):
            await stream(client, 100, step_s=0.01)
        with pytest.raises(RefusedError, match="redirects"):
            await client.bye()


async def test_a_proxy_that_is_no_address_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of a proxy may be wrong; that is no traceback."""
    monkeypatch.setenv("HTTP_PROXY", "proxy.corp:3128")
    monkeypatch.setenv("HTTPS_PROXY", "proxy.corp:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = AsyncClient.connect(
        "ws://posewire.invalid/v1/stream", layout="coco17", coordinates="pixels", size=(640, 480)
    )
    with pytest.raises(UnreachableError, match=r"proxy\.corp:3128"):
        async with client:
            pass


async def test_a_refusal_in_mid_stream_reaches_sender_reader_and_bye() -> None:
    """Once the stream has failed, each verb raises that failure, after what came before it."""
    fault = Fault(after_poses=3, code=4400, error=("time", "time went back"))

    async def send_on(client: AsyncClient) -> None:
        for frame in range(100):
            await client.send_pose(frame, [(1, keypoints(frame))])
            await asyncio.sleep(0.01)

    with FakeServer(faults=[fault]) as server:
        async with connect(server, options=LOSSLESS) as client:
            with pytest.raises(RefusedError, match="time went back"):
                await send_on(client)
            with pytest.raises(RefusedError, match="time went back"):
                await client.bye()
            assert times_ms(client.arrived()) == [0.0, 1.0]
            with pytest.raises(RefusedError, match="time went back"):
                await client.receive()


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


async def test_a_server_that_failed_is_tried_again() -> None:
    """1011 is worth another attempt, even after a fatal error: the code decides."""
    fault = Fault(after_poses=4, code=1011, error=("internal", "connect again"))
    with FakeServer(faults=[fault]) as server:
        messages = await stream(connect(server, options=LOSSLESS), 10)
    reasons = [message.reason for message in messages if isinstance(message, Reconnecting)]
    assert reasons == ["connection lost (closed with 1011: connect again)"]
    assert times_ms(messages) == [frame * 10.0 for frame in range(10)]
