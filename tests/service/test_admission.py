"""Admission: how many sessions there may be, and that each is counted back."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.admission import Admission
from service.protocol import Refusal
from tests.service.artifacts import KINECT
from tests.service.bodies import hello
from tests.service.engines import HeldEngine
from tests.service.inside import Inside, serving
from tests.service.wire import Wire, wire


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=40))
def test_what_is_let_in_is_never_more_than_the_limits(steps: list[tuple[str, bool]]) -> None:
    """However sessions come and go, counts are those of a plain list, and end at nothing."""
    admission = Admission(sessions=5, per_holder=3)
    inside: list[tuple[str, ExitStack]] = []
    for holder, comes in steps:
        if not comes and inside:
            inside.pop(0)[1].close()
            continue
        with ExitStack() as stack:
            full = len(inside) == 5 or [h for h, _ in inside].count(holder) == 3
            try:
                stack.enter_context(admission.place(lambda: None)).claim(holder)
                code = None
                inside.append((holder, stack.pop_all()))
            except Refusal as refusal:
                code = refusal.close
            assert code == (1013 if full else None)
        assert admission.inside == len(inside)
    for _, stack in inside:
        stack.close()
    assert admission.inside == 0
    admission.count("a")


def test_whoever_is_inside_is_asked_to_leave_once_it_closes() -> None:
    """Each place's own session is asked, and nobody else gets in."""
    asked: list[str] = []
    admission = Admission(sessions=5, per_holder=3)
    with admission.place(lambda: asked.append("a")), admission.place(lambda: asked.append("b")):
        with admission.place(lambda: asked.append("gone")):
            pass
        admission.empty()
        assert sorted(asked) == ["a", "b"]
        with (
            pytest.raises(Refusal, match="the server is stopping; connect again") as caught,
            admission.place(lambda: None),
        ):
            pass
    assert caught.value.close == 1012


async def refused(client: Wire) -> str:
    """The sentence with which a client is turned away for lack of room."""
    (error,) = await client.rest()
    assert (error["code"], error["fatal"]) == ("full", True)
    assert await client.closed() == (1013, error["message"])
    return str(error["message"])


async def test_a_session_too_many_is_told_to_try_later() -> None:
    """It gets 1013 and a sentence; those inside go on, and one that leaves makes room.

    That is so however it leaves: with a bye, without a word, or refused.
    """
    async with serving(HeldEngine(), sessions=2) as server, wire(server.stream) as stays:
        await stays.ask(hello(KINECT))
        for leave in (says_bye, vanishes, is_refused):
            async with wire(server.stream) as client:
                await leave(client, server)
            await server.until_inside(1)
    assert server.server.shared.admission.inside == 0


async def says_bye(client: Wire, server: Inside) -> None:
    await client.ask(hello(KINECT))
    async with wire(server.stream) as third:
        assert await refused(third) == "all 2 sessions of this server are taken; try later"
    await client.send({"type": "bye"})
    await client.rest()


async def vanishes(client: Wire, server: Inside) -> None:
    await client.ask(hello(KINECT))
    client.socket.transport.abort()


async def is_refused(client: Wire, server: Inside) -> None:
    assert (await client.ask({"type": "bye"}))["code"] == "no-hello"
    await client.closed()


async def test_a_token_has_its_own_number_of_sessions(tmp_path: Path) -> None:
    """What one token has taken leaves room for another, and counts all tokens of one name."""
    (tmp_path / "tokens").write_text(f"hall: {'a' * 16}\nhall: {'b' * 16}\nyard: {'c' * 16}")
    async with (
        serving(HeldEngine(), tokens=tmp_path / "tokens", sessions_per_token=1) as server,
        wire(server.stream) as one,
        wire(server.stream) as same,
        wire(server.stream) as other,
    ):
        assert (await one.ask(hello(KINECT) | {"token": "a" * 16}))["type"] == "welcome"
        await same.send(hello(KINECT) | {"token": "b" * 16})
        assert await refused(same) == "all 1 sessions of this token are taken; try later"
        assert (await other.ask(hello(KINECT) | {"token": "c" * 16}))["type"] == "welcome"


async def test_where_no_token_is_asked_for_only_all_are_counted() -> None:
    """Anybody is not one client: the number of sessions of a token is not theirs together."""
    async with (
        serving(HeldEngine(), sessions=2, sessions_per_token=1) as server,
        wire(server.stream) as one,
        wire(server.stream) as other,
        wire(server.stream) as third,
    ):
        for client in (one, other):
            assert (await client.ask(hello(KINECT)))["type"] == "welcome"
        assert await refused(third) == "all 2 sessions of this server are taken; try later"
