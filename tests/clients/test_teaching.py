"""Teaching through the client: the answer to whoever asked, or one sentence why not."""

import asyncio

import pytest

from posewire_client import Client, ErrorMessage, LessonError, PosewireError, Taught, Welcome
from tests.clients.fake_memory import Memory
from tests.clients.fake_rules import Fault
from tests.clients.fake_server import FakeServer
from tests.clients.samples import HELLO, LOSSLESS, connect, keypoints


async def test_a_lesson_is_answered_to_whoever_asked() -> None:
    """Examples add up, a refusal is raised, and neither disturbs the stream of labels."""
    with FakeServer() as server:
        async with connect(server, options=LOSSLESS) as client:
            await client.send_pose(0.0, [(1, keypoints(0))])
            assert await client.teach("bow", 0.0, 400.0) == Taught(
                label="bow", examples=1, labels=("bow",)
            )
            assert (await client.teach("bow", 500, 900, person=1)).examples == 2
            with pytest.raises(LessonError) as refusal:
                await client.teach("wave", 0.0, 400.0)
            assert str(refusal.value) == "wave is a label of the model (bad-label)"
            assert (await client.forget("bow")).labels == ()
            with pytest.raises(LessonError, match="only what was taught is forgotten"):
                await client.forget("bow")
            await client.bye()
            messages = client.arrived()
    assert not any(isinstance(message, Taught | ErrorMessage) for message in messages)
    assert client.counts.errors == 0
    assert server.sessions[0].lessons[:2] == [
        {"type": "teach", "label": "bow", "from_ms": 0.0, "to_ms": 400.0},
        {"type": "teach", "label": "bow", "from_ms": 500.0, "to_ms": 900.0, "person": 1},
    ]


async def test_answers_find_their_own_among_errors_and_who_has_left() -> None:
    """Refused frames are not taken for refused lessons, and whoever gives up keeps its place."""
    with FakeServer() as server:
        async with connect(server, options=LOSSLESS) as client:
            await client.send_pose(0.0, [(1, keypoints(0)[1:])])
            gone = asyncio.create_task(client.teach("nod", 0.0, 100.0))
            await asyncio.sleep(0)
            gone.cancel()
            answers = await asyncio.gather(
                client.teach("bow", 0.0, 100.0),
                client.teach("sit", 0.0, 100.0),
                client.teach("jump", 0.0, 100.0),
                return_exceptions=True,
            )
            await client.bye()
            errors = [one for one in client.arrived() if isinstance(one, ErrorMessage)]
    assert isinstance(answers[1], LessonError)
    assert [one.label for one in answers if isinstance(one, Taught)] == ["bow", "jump"]
    assert [error.code for error in errors] == ["keypoints"]


async def test_a_lesson_whose_answer_is_lost_is_said_to_be_in_doubt() -> None:
    """It is not asked twice; the resumed session's welcome says what is known."""
    faults = [Fault(after_poses=2), Fault(at_lesson=True)]
    with FakeServer(faults=faults, memory=Memory()) as server:
        async with connect(server, options=LOSSLESS) as client:
            await client.teach("bow", 0.0, 100.0)
            for frame in range(3):
                await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            async for message in client:
                if isinstance(message, Welcome) and message.resumed:
                    break
            with pytest.raises(LessonError, match="the connection was lost before the server said"):
                await client.teach("nod", 0.0, 100.0)
            # While it is away a lesson waits for the next link.
            assert (await client.teach("jump", 0.0, 100.0)).labels == ("bow", "jump")
            assert client.welcome.taught == ("bow",)
    assert [len(session.lessons) for session in server.sessions] == [1, 1, 1]


async def test_lessons_belong_into_an_open_stream() -> None:
    """Before it, after it and at times that are none there is nothing to be learnt."""
    with FakeServer() as server:
        client = connect(server)
        with pytest.raises(PosewireError, match="not open"):
            await client.teach("bow", 0.0, 1.0)
        async with client:
            with pytest.raises(ValueError, match="a span has finite times; got nan to 1 ms"):
                await client.teach("bow", float("nan"), 1.0)
            await client.bye()
            with pytest.raises(PosewireError, match="not open"):
                await client.forget("bow")


def test_the_plain_client_teaches_as_well() -> None:
    """The same verbs, without asyncio, and a set by its name."""
    with FakeServer() as server:
        fields = {"layout": HELLO["layout"], "coordinates": HELLO["coordinates"]}
        with Client.connect(server.url, **fields, taught="home") as client:
            assert client.teach("bow", 0.0, 100.0).labels == ("bow",)
            assert client.forget("bow").examples == 0
            with pytest.raises(LessonError, match="not-taught"):
                client.forget("bow")
    assert server.sessions[0].hello["taught"] == "home"
