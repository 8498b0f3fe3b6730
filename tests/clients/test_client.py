"""The plain client: the verbs and answers of the asyncio one, from ordinary code."""

import threading

import pytest

from posewire_client import (
    Actions,
    AsyncClient,
    Client,
    Message,
    Options,
    Reconnecting,
    RefusedError,
    UnreachableError,
    Welcome,
)
from tests.clients.fake_rules import Fault
from tests.clients.fake_server import FakeServer
from tests.clients.samples import QUICKLY, keypoints

LOSSLESS = Options(drop="never")


def connect(server: FakeServer, layout: str = "coco17") -> Client:
    return Client.connect(
        server.url,
        layout=layout,
        coordinates="pixels",
        size=(640, 480),
        options=LOSSLESS,
        reconnect=QUICKLY,
    )


def stream(client: Client, frames: int) -> list[Message]:
    with client:
        for frame in range(frames):
            client.send_pose(frame * 10.0, [(1, keypoints(frame))])
        client.bye()
        return list(client)


async def test_it_answers_as_the_asyncio_client_does() -> None:
    """The same frames give the same messages, in the same order, as through `AsyncClient`."""
    with FakeServer() as server:
        plain = stream(connect(server), 30)
    with FakeServer() as server:
        client = AsyncClient.connect(
            server.url, layout="coco17", coordinates="pixels", size=(640, 480), options=LOSSLESS
        )
        async with client:
            for frame in range(30):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            await client.bye()
            awaited = [message async for message in client]
    assert plain == awaited


def test_it_reconnects_while_the_caller_is_busy() -> None:
    """Sending all frames before reading any loses none, over a lost socket as well."""
    with FakeServer(faults=[Fault(after_poses=40)]) as server:
        client = connect(server)
        messages = stream(client, 200)
    answers = [message for message in messages if isinstance(message, Actions)]
    assert [answer.t_ms for answer in answers] == [frame * 10.0 for frame in range(200)]
    assert any(isinstance(message, Reconnecting) for message in messages)
    assert client.counts.reconnects == 1


def test_a_loop_with_its_own_pace_takes_what_has_come() -> None:
    """`arrived` never waits, and what it has taken is not iterated over again."""
    with FakeServer() as server, connect(server) as client:
        assert [type(message) for message in client.arrived()] == [Welcome]
        client.send_pose(0.0, [(1, keypoints(0))])
        first = next(client.actions())
        client.send_pose(10.0, [(1, keypoints(1))])
        client.bye()
        rest = client.arrived()
        assert client.arrived() == []
        assert client.receive() is None
    assert first.t_ms == 0.0
    assert [message.t_ms for message in rest if isinstance(message, Actions)] == [10.0]


def test_failures_are_raised_in_the_callers_thread_and_leave_none_behind() -> None:
    """A refusal or an absent server is raised by `with`, and its thread ends."""
    with FakeServer() as server:
        with pytest.raises(RefusedError, match="unknown layout stickman"):
            stream(connect(server, layout="stickman"), 1)
    with pytest.raises(UnreachableError, match="connection refused"):
        stream(connect(server), 1)
    assert "posewire-client" not in [thread.name for thread in threading.enumerate()]


def test_it_works_only_in_a_with_block() -> None:
    """Outside of `with` there is no stream, and the sentence says what to do."""
    with FakeServer() as server:
        client = connect(server)
        with pytest.raises(RuntimeError, match="use it in a with block"):
            client.send_pose(0.0, [])
        with pytest.raises(RuntimeError, match="use it in a with block"):
            assert client.welcome
