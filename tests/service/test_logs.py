"""Logs: what is said of a session, and that nothing of what a client sent is ever said."""

import json
from pathlib import Path

import pytest

from tests.service.artifacts import KINECT
from tests.service.bodies import body, hello, pose
from tests.service.process import ServerProcess
from tests.service.wire import wire

TELLTALE = 0.71828125
"""A coordinate that float32 holds exactly, and nothing else in the service is."""

SECRET = "s3cret-" * 4


async def streamed(server: ServerProcess) -> str:
    """Sends telltale keypoints, good and bad ones; returns the session's name."""
    people = body(KINECT)
    people[:, 0] = TELLTALE
    async with wire(server.stream) as client:
        welcome = await client.ask(hello(KINECT) | {"token": SECRET})
        for frame in range(20):
            await client.ask(pose(frame, people))
        bad = pose(20, people)
        bad["people"][0]["keypoints"][3][1] = f"label {TELLTALE}"
        assert (await client.ask(bad))["type"] == "error"
        assert (await client.ask(f"no JSON {TELLTALE}"))["type"] == "error"
        assert (await client.ask(pose(0, people)))["type"] == "error"
        await client.send({"type": "bye"})
        await client.rest()
        return str(welcome["session"])


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_session_is_told_but_nothing_that_it_sent(
    form: str, kinect_artifact: Path, tmp_path: Path
) -> None:
    """At the level of debugging there are start and end with counts, and no keypoint, no token."""
    (tmp_path / "tokens").write_text(f"hall: {SECRET}")
    settings = {"log_format": form, "log_level": "debug", "tokens": tmp_path / "tokens"}
    with ServerProcess(kinect_artifact, **settings) as server:
        session = await streamed(server)
        async with wire(server.stream) as late:
            await late.send(hello(KINECT))
            await late.rest()
        await_log = server.log
    assert "0.718" not in await_log
    assert SECRET not in await_log
    assert session in await_log
    if form == "json":
        lines = [json.loads(line) for line in await_log.splitlines()]
        own = [line for line in lines if line.get("session") == session]
        assert [line["event"] for line in own] == ["session began", "session ended"]
        assert own[0]["holder"] == "hall"
        assert (own[1]["code"], own[1]["received"], own[1]["level"]) == (1000, 25, "info")
        assert {line["reason"] for line in lines if line["event"] == "client refused"} == {
            "no-token"
        }
