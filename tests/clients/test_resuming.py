"""A stream that loses its socket resumes: what is told is what one socket would have told."""

import pytest

from posewire_client import (
    Actions,
    AsyncClient,
    Event,
    Message,
    Notice,
    Options,
    Reconnect,
    Reconnecting,
    RefusedError,
    Welcome,
)
from tests.clients.fake_memory import Memory
from tests.clients.fake_rules import Fault, Timing
from tests.clients.fake_server import FakeServer
from tests.clients.samples import LOSSLESS, connect, keypoints, stream, times_ms

FRAMES = 60


async def in_step(client: AsyncClient, frames: int = FRAMES) -> list[Message]:
    """Stream each frame after the label of the one before, so that none is on its way."""
    messages: list[Message] = []
    async with client:
        for frame in range(frames):
            await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            while not messages or frame * 10.0 not in times_ms(messages[-1:]):
                message = await client.receive()
                assert message is not None
                messages.append(message)
        await client.bye()
        return messages + client.arrived()


def said(messages: list[Message]) -> list[Message]:
    return [message for message in messages if isinstance(message, Actions | Event)]


def welcomes(messages: list[Message]) -> list[Welcome]:
    return [message for message in messages if isinstance(message, Welcome)]


async def test_a_cut_socket_costs_nothing() -> None:
    """Labels, scores and events are those of one connection, and only the lost frame goes twice."""
    with FakeServer() as server:
        expected = said(await in_step(connect(server, options=LOSSLESS)))
    faults = [Fault(after_poses=20), Fault(after_poses=7)]
    with FakeServer(faults=faults, memory=Memory()) as server:
        client = connect(server, options=LOSSLESS)
        messages = await in_step(client)
    assert said(messages) == expected
    tokens = [session.hello.get("resume") for session in server.sessions]
    assert tokens == [None, "token-1", "token-2"]
    assert [one.resumed for one in welcomes(messages)] == [False, True, True]
    first_times = [session.poses[0]["t_ms"] for session in server.sessions]
    assert first_times == [0.0, 190.0, 250.0]
    assert (client.counts.frames_sent, client.counts.labels_received) == (FRAMES, FRAMES)


async def test_a_server_that_stops_is_followed() -> None:
    """1012 in a stream at full speed: every frame gets one label, in order, and nobody warms."""
    timing = Timing(hop_frames=8, lookahead_ms=50.0)
    faults = [Fault(after_poses=100, code=1012, reason="stopping")]
    with FakeServer(faults=faults, memory=Memory(), timing=timing) as server:
        messages = await stream(connect(server, options=LOSSLESS), 300)
    assert times_ms(messages) == [frame * 10.0 for frame in range(300)]
    labels = [one.people[0].label for one in messages if isinstance(one, Actions)]
    assert labels.count("warming") == 3
    assert [one.resumed for one in welcomes(messages)] == [False, True]


async def test_a_session_that_a_crash_set_back_is_told_of_once() -> None:
    """It is sent all that came after its last save; what is said again is not handed on."""
    with FakeServer() as server:
        expected = said(await in_step(connect(server, options=LOSSLESS)))
    memory = Memory(crashes=True, save_every=16)
    with FakeServer(faults=[Fault(after_poses=31)], memory=memory) as server:
        client = connect(server, options=LOSSLESS)
        messages = await in_step(client)
    assert said(messages) == expected
    assert welcomes(messages)[1].seen_ms == 150.0
    assert [pose["t_ms"] for pose in server.sessions[1].poses[:15]] == [
        frame * 10.0 for frame in range(16, 31)
    ]
    assert client.counts.labels_received == FRAMES


async def test_a_session_that_cannot_be_resumed_is_said_to_begin_anew() -> None:
    """The server's own words come as a notice; frames without a label go again, all get one."""
    forgetful = Memory(crashes=True, save_every=10**6)
    faults = [Fault(after_poses=20)]
    with FakeServer(faults=faults, memory=forgetful) as server:
        messages = await in_step(connect(server, options=LOSSLESS))
    assert times_ms(messages) == [frame * 10.0 for frame in range(FRAMES)]
    (notice,) = [message for message in messages if isinstance(message, Notice)]
    assert notice.code == "not-resumed"
    assert "no session is kept under this token" in notice.message
    assert [one.resumed for one in welcomes(messages)] == [False, False]
    labels = [one.people[0].label for one in messages if isinstance(one, Actions)]
    warming = [place for place, label in enumerate(labels) if label == "warming"]
    assert warming == [0, 1, 2, 19, 20, 21]


async def test_a_live_stream_goes_on_with_its_newest_frame() -> None:
    """Its session resumes, nobody warms, and what passed meanwhile is counted as dropped."""
    faults = [Fault(after_poses=6, code=1012)]
    with FakeServer(faults=faults, memory=Memory()) as server:
        client = connect(server, reconnect=Reconnect(attempts=3, first_s=0.3))
        async with client:
            for frame in range(5):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
                while not isinstance(await client.receive(), Actions):
                    pass
            await client.send_pose(50.0, [(1, keypoints(5))])
            while not isinstance(await client.receive(), Reconnecting):
                pass
            for frame in range(6, 20):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            await client.bye()
            messages = [message async for message in client]
    assert [pose["t_ms"] for pose in server.sessions[1].poses] == [190.0]
    last = [message for message in messages if isinstance(message, Actions)][-1]
    assert last.t_ms == 190.0
    assert last.people[0].label != "warming"
    assert client.counts.dropped_by_client > 5


@pytest.mark.parametrize("options", [LOSSLESS, Options()])
async def test_a_session_that_went_on_elsewhere_is_left_to_it(options: Options) -> None:
    """4409 is one sentence, and no attempt to take the session back."""
    moved = Fault(after_poses=3, code=4409, reason="the session goes on in another connection")
    with FakeServer(faults=[moved], memory=Memory()) as server:
        with pytest.raises(RefusedError) as refusal:
            await stream(connect(server, options=options), 30, step_s=0.01)
        assert len(server.sessions) == 1
    assert str(refusal.value) == (
        "the stream goes on in another connection, which has resumed its session (closed with 4409)"
    )
