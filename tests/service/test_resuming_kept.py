"""What a token opens when its welcome was lost, there is no room, or the default is another."""

import functools
from dataclasses import replace
from pathlib import Path

from service.resume import MemoryKeeper
from tests.service.artifacts import COCO, KINECT, write
from tests.service.bodies import hello
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.pictures import ScriptedWorker, image, seen
from tests.service.test_resuming import ALWAYS, BYE, answered, breaking, frames, resumed
from tests.service.test_taught_sets import TEACH, shown
from tests.service.wire import wire


async def test_a_welcome_that_was_lost_loses_nothing() -> None:
    """The old token opens a resumed session until its client says something, not longer.

    So it does where the new socket is dead and gone, and where it still lives on paper.
    """
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        async with breaking(server.stream) as client:
            first = await client.ask(hello(KINECT))
            await answered(client, frames(40))
        await server.until_inside(0)
        token = first["resume"]
        async with breaking(server.stream) as client:
            await client.send(hello(KINECT) | {"resume": token})
            await server.until_inside(1)
            await client.receive("welcome")
        await server.until_inside(0)
        async with wire(server.stream) as deaf:
            assert (await resumed(deaf, token))["resumed"] is True
            async with wire(server.stream) as client:
                welcome = await resumed(client, token)
                assert (welcome["resumed"], welcome["session"]) == (True, first["session"])
                assert (await deaf.closed())[0] == 4409
                answer = await client.ask(frames(41)[-1])
                assert [p["label"] == "warming" for p in answer["people"]] == [False, False]
                async with wire(server.stream) as thief:
                    assert (await resumed(thief, token))["resumed"] is False


async def test_a_session_that_finds_no_room_is_still_kept() -> None:
    """Who resumes where the hello cannot be served comes again with the same token."""
    declared = hello(COCO) | {"layout": "image"}
    make_worker = functools.partial(ScriptedWorker, lambda t_ms: [seen()])
    async with serving(HeldEngine(COCO, runs=ALWAYS), make_worker, pose_workers=1) as server:
        async with breaking(server.stream, binary=True) as client:
            token = (await client.ask(declared))["resume"]
        await server.until_inside(0)
        async with wire(server.stream, binary=True) as other:
            await other.ask(declared)
            async with wire(server.stream, binary=True) as client:
                refusal = await client.ask(declared | {"resume": token})
                assert refusal["code"] == "images-full"
            await other.send(BYE)
            await other.rest()
        await server.until_inside(0)
        async with wire(server.stream, binary=True) as client:
            assert (await client.ask(declared | {"resume": token}))["resumed"] is True


async def test_what_a_session_held_is_its_client_s_who_comes_back() -> None:
    """Its worker, and its place among its token's: also where its old socket lives on paper."""
    declared = hello(COCO) | {"layout": "image"}
    make_worker = functools.partial(ScriptedWorker, lambda t_ms: [seen()])
    settings = {"pose_workers": 1, "sessions_per_token": 1}
    async with (
        serving(HeldEngine(COCO, runs=ALWAYS), make_worker, **settings) as server,
        wire(server.stream, binary=True) as old,
    ):
        token = (await old.ask(declared))["resume"]
        await old.send(image(0))
        await old.receive("actions")
        async with wire(server.stream, binary=True) as client:
            assert (await client.ask(declared | {"resume": token}))["resumed"] is True
            assert (await old.closed())[0] == 4409
            await client.send(image(1))
            await client.receive("actions")


async def test_a_session_goes_on_with_its_own_model(tmp_path: Path) -> None:
    """Another default does not matter while the own model is loaded; once it is gone that is said.

    The window goes on, too, and a new session gets the new default.
    """
    newer = write(tmp_path / "newer.onnx", replace(KINECT, version="2"))
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        models = server.server.shared.models
        async with breaking(server.stream) as client:
            token = (await client.ask(hello(KINECT)))["resume"]
            await answered(client, frames(40))
        await server.until_inside(0)
        await models.swap(await models.load(newer))
        async with breaking(server.stream) as client:
            welcome = await resumed(client, token)
            assert (welcome["resumed"], welcome["model"]["version"]) == (True, "1")
            answer = await client.ask(frames(41)[-1])
            assert [p["label"] == "warming" for p in answer["people"]] == [False, False]
        await server.until_inside(0)
        await models.unload("hands@1")
        async with wire(server.stream) as client:
            again = await resumed(client, welcome["resume"])
            assert (again["resumed"], again["model"]["version"]) == (False, "2")
            assert "with the model hands 1" in (await client.receive("notice"))["message"]


async def test_a_session_that_names_a_set_resumes_with_it() -> None:
    """What the set holds is in the store, and is not kept a second time with each session."""
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        async with breaking(server.stream) as client:
            first = await shown(client, taught="home")
            await client.ask(TEACH)
        await server.until_inside(0)
        keeper = server.server.shared.resumes._keeper
        assert isinstance(keeper, MemoryKeeper)
        ((_, kept),) = keeper._kept.values()
        assert b"bow" not in kept
        async with wire(server.stream) as client:
            again = await client.ask(
                hello(KINECT, drop="never", events=False)
                | {"taught": "home", "resume": first["resume"]}
            )
            assert (again["resumed"], again["taught"]) == (True, ["bow"])
