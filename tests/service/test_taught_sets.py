"""Teaching over the wire, and its named sets over HTTP: what is taught is known, and saved."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from service.taught import model_of
from service.teaching import MOST_EXAMPLES
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import Inside, serving
from tests.service.wire import Message, Wire, actions, wire

ALWAYS = 100_000
BYE = {"type": "bye"}
STILL, BOW = 90, 60
TEACH = {"type": "teach", "label": "bow", "from_ms": STILL * STEP_MS, "to_ms": 149 * STEP_MS}


def motion(count: int = STILL + BOW) -> list[Message]:
    """Somebody who fidgets, and then bows with the right hand up."""
    still = [pose(n, body(KINECT, left=0.2 * (n % 7) / 7)) for n in range(STILL)]
    bow = [pose(n, body(KINECT, right=0.9 + n / 300)) for n in range(STILL, count)]
    return [*still, *bow]


async def shown(client: Wire, **fields: Any) -> Message:
    """Says hello and shows what is to be taught; returns the welcome."""
    welcome = await client.ask(hello(KINECT, drop="never", events=False) | fields)
    await client.send(*motion())
    for _ in range(STILL + BOW):
        await client.receive("actions")
    return welcome


async def labels(client: Wire, first: int = STILL + BOW, count: int = 30) -> set[str]:
    """What is said of the bow that goes on."""
    await client.send(
        *(pose(n, body(KINECT, right=0.9 + n / 300)) for n in range(first, first + count))
    )
    return {(await client.receive("actions"))["people"][0]["label"] for _ in range(count)}


async def test_an_action_is_taught_and_forgotten_on_the_way() -> None:
    """From the next frame on it is its label, until it is forgotten; the gauge counts it."""
    async with serving(HeldEngine(runs=ALWAYS)) as server, wire(server.stream) as client:
        assert (await shown(client))["taught"] == []
        assert await client.ask(TEACH) == {
            "type": "taught",
            "label": "bow",
            "examples": 1,
            "labels": ["bow"],
        }
        assert await server.count("posewire_taught_actions") == 1
        assert await labels(client) == {"bow"}
        forget = {"type": "forget", "label": "bow"}
        assert (await client.ask(forget))["examples"] == 0
        assert await labels(client, 180) == {"right up"}
        error = await client.ask(forget)
        assert (error["code"], error["fatal"]) == ("not-taught", False)
        assert await server.count("posewire_taught_actions") == 0


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"label": "left up"}, "bad-label", "left up is a label of the model"),
        ({"label": "warming"}, "bad-label", "warming is a label of the model"),
        ({"label": " "}, "bad-label", "a label has 1 to 40 printable characters"),
        ({"to_ms": 0}, "bad-span", "a span ends after it begins"),
        ({"person": 9}, "bad-span", "no person 9 was spoken of"),
        ({"from_ms": 1e6, "to_ms": 2e6}, "bad-span", "nobody was spoken of"),
        ({"from_ms": 0}, "not-taught", "an example is told apart from other motion"),
        ({"label": "nod"}, "too-many-actions", "at most 1 actions are taught; forget one first"),
    ],
)
async def test_what_cannot_be_taught_is_said_and_nothing_changes(
    change: Message, code: str, sentence: str
) -> None:
    """One sentence that is not fatal; what was known is still known."""
    async with (
        serving(HeldEngine(runs=ALWAYS), taught_actions=1) as server,
        wire(server.stream) as client,
    ):
        await shown(client)
        await client.ask(TEACH)
        error = await client.ask(TEACH | change)
        assert (error["code"], error["fatal"]) == (code, False)
        assert sentence in error["message"]
        assert await labels(client) == {"bow"}


async def test_a_named_set_is_known_to_who_names_it_here_and_after_a_restart(
    tmp_path: Path,
) -> None:
    """It is in the welcome and in the labels of sessions that name it, and of no others."""
    file = tmp_path / "taught.sqlite"
    async with serving(HeldEngine(runs=ALWAYS), taught=file) as server:
        async with wire(server.stream) as client:
            await shown(client, taught="home")
            await client.ask(TEACH)
        async with wire(server.stream) as other:
            assert (await other.ask(hello(KINECT)))["taught"] == []
    async with serving(HeldEngine(runs=ALWAYS), taught=file) as server:
        async with wire(server.stream) as client:
            welcome = await shown(client, taught="home")
            assert welcome["taught"] == ["bow"]
            assert await labels(client) == {"bow"}
            assert (await client.ask({"type": "forget", "label": "bow"}))["labels"] == []
        async with wire(server.stream) as client:
            assert (await client.ask(hello(KINECT) | {"taught": "home"}))["taught"] == []
        async with wire(server.stream) as client:
            error = await client.ask(hello(KINECT) | {"taught": " "})
            assert (error["code"], error["fatal"]) == ("taught", True)


async def taught(server: Inside, name: str) -> None:
    async with wire(server.stream) as client:
        await shown(client, taught=name)
        assert (await client.ask(TEACH))["type"] == "taught"


async def test_sets_are_listed_exported_imported_and_deleted(tmp_path: Path) -> None:
    """A set goes as one file from a service to another, for whom may stream and nobody else."""
    tokens = tmp_path / "tokens"
    tokens.write_text("hall: a-token-of-enough-letters\n")
    bearer = {"Authorization": "Bearer a-token-of-enough-letters"}
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        await taught(server, "home")
        assert (await server.get("/v1/taught")).json() == ["home"]
        file = await server.get("/v1/taught/home")
        assert file.headers["content-type"] == "application/msgpack"
        assert (await server.get("/v1/taught/away")).status_code == 404
    async with (
        serving(HeldEngine(runs=ALWAYS), tokens=tokens, taught_actions=1, taught_sets=1) as server,
        httpx.AsyncClient(base_url=server.http, headers=bearer) as client,
    ):
        assert (await server.get("/v1/taught")).status_code == 401
        for content, sentence in (
            (b"poses", "the file is no taught set"),
            (file.content.replace(b"bow", b"up!"), None),
            (file.content.replace(b"\xa3bow", b"\xa7left up"), "left up is a label of the model"),
            (file.content.replace(b"hands 1", b"hands 2"), "with the model hands 2"),
        ):
            reply = await client.put("/v1/taught/home", content=content)
            if sentence is None:
                assert reply.json() == ["up!"]
            else:
                assert reply.status_code == 422
                assert sentence in reply.json()["detail"]
        assert (await client.put("/v1/taught/home", content=file.content)).json() == ["bow"]
        full = await client.put("/v1/taught/away", content=file.content)
        assert full.status_code == 409
        assert full.json()["detail"] == "at most 1 sets are kept; delete one first"
        assert (await client.get("/v1/taught")).json() == ["home"]
        assert (await client.get("/v1/taught/home")).content == file.content
        async with wire(server.stream, headers=bearer) as known:
            assert (await shown(known, taught="home"))["taught"] == ["bow"]
            assert await labels(known) == {"bow"}
        async with wire(server.stream, headers=bearer) as other:
            await shown(other, taught="away")
            assert (await other.ask(TEACH))["code"] == "not-saved"
            assert await labels(other) == {"right up"}
        assert (await client.delete("/v1/taught/home")).status_code == 204
        assert (await client.delete("/v1/taught/home")).status_code == 404


async def test_those_who_teach_one_set_share_its_limits() -> None:
    """What others have filled is refused in one sentence; what was known is known as before."""
    async with serving(HeldEngine(runs=ALWAYS)) as server, wire(server.stream) as client:
        await shown(client, taught="home")
        assert (await client.ask(TEACH))["examples"] == 1
        store, model = server.server.shared.taught, model_of(KINECT)
        (example,) = (await store.load("home", model))["bow"]
        for _ in range(MOST_EXAMPLES - 1):
            await store.add("home", model, "bow", example)
        error = await client.ask(TEACH)
        assert (error["code"], error["fatal"]) == ("not-saved", False)
        assert error["message"].startswith("a set holds at most 20 examples of an action, and home")
        assert await labels(client) == {"bow"}
        file = await server.get("/v1/taught/home")
        async with httpx.AsyncClient(base_url=server.http) as pages:
            assert (await pages.put("/v1/taught/home", content=file.content)).json() == ["bow"]


async def test_an_import_counts_as_a_session() -> None:
    """Its body may be as large as many recordings: where there is no place it is not read."""
    async with serving(HeldEngine(), sessions=1) as server, wire(server.stream) as client:
        await client.ask(hello(KINECT))
        async with httpx.AsyncClient(base_url=server.http) as pages:
            reply = await pages.put("/v1/taught/home", content=b"x")
        assert (reply.status_code, reply.json()["detail"][:18]) == (503, "all 1 sessions of ")


async def test_a_bow_is_no_bow_to_who_was_not_taught() -> None:
    """Sessions share nothing without a name: the neighbour says what the model says."""
    async with (
        serving(HeldEngine(runs=ALWAYS)) as server,
        wire(server.stream) as pupil,
        wire(server.stream) as neighbour,
    ):
        await shown(pupil)
        await pupil.ask(TEACH)
        await shown(neighbour)
        assert await labels(neighbour) == {"right up"}
        await pupil.send(BYE)
        assert actions(await pupil.rest()) == []
