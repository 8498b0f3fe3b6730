"""The administration over HTTP: models are loaded, made the default and unloaded, by token."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.service.artifacts import KINECT, write
from tests.service.bodies import hello
from tests.service.process import ServerProcess
from tests.service.wire import wire

TOKEN = "admin" * 4
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of models, a token beside it, and a model that lies outside."""
    place = tmp_path_factory.mktemp("admin")
    (place / "models").mkdir()
    write(place / "models" / "second.onnx", replace(KINECT, version="2"))
    write(place / "outside.onnx", replace(KINECT, version="3"))
    (place / "models" / "link.onnx").symlink_to(place / "outside.onnx")
    (place / "models" / "garbage.onnx").write_text("poses")
    (place / "tokens").write_text(TOKEN)
    return place


@pytest.fixture(scope="module")
def administered(kinect_artifact: Path, place: Path) -> Iterator[ServerProcess]:
    """A server whose models may be changed."""
    settings = {"admin_tokens": place / "tokens", "models": place / "models"}
    with ServerProcess(kinect_artifact, **settings) as process:
        yield process


def ask(
    server: ServerProcess, method: str, path: str = "", json: object = None, **headers: str
) -> httpx.Response:
    """Asks with an admin token, unless another authorization is given."""
    sent = ADMIN | headers
    return httpx.request(method, f"{server.http}/v1/models{path}", json=json, headers=sent)


def names(server: ServerProcess) -> dict[str, bool]:
    """Model → whether it is the default."""
    return {model["name"]: model["default"] for model in ask(server, "GET").json()}


async def test_a_model_is_loaded_made_the_default_and_unloaded(administered: ServerProcess) -> None:
    """A session stays on its model throughout; the next one gets the new default."""
    assert names(administered) == {"hands@1": True}
    async with wire(administered.stream) as client:
        assert (await client.ask(hello(KINECT)))["model"]["version"] == "1"
        loaded = ask(administered, "POST", json={"path": "second.onnx"})
        assert (loaded.status_code, loaded.json()) == (201, {"name": "hands@2"})
        assert names(administered) == {"hands@1": True, "hands@2": False}
        again = ask(administered, "POST", json={"path": "second.onnx"})
        assert again.status_code == 409
        assert again.json()["detail"].startswith("hands@2 is loaded already")
        assert ask(administered, "DELETE", "/hands@1").status_code == 409
        assert ask(administered, "PUT", "/default", json={"name": "hands@2"}).status_code == 200
        async with wire(administered.stream) as other:
            assert (await other.ask(hello(KINECT)))["model"]["version"] == "2"
        assert ask(administered, "DELETE", "/hands@1").status_code == 202
        assert names(administered) == {"hands@1": False, "hands@2": True}
        await client.send({"type": "bye"})
        await client.rest()
    assert names(administered) == {"hands@2": True}
    assert ask(administered, "PUT", "/default", json={"name": "hands@1"}).status_code == 404
    assert ask(administered, "DELETE", "/hands@1").status_code == 404


@pytest.mark.parametrize(
    "path", ["../outside.onnx", "link.onnx", "none.onnx", ".", "a\0b", "x" * 900]
)
def test_nothing_is_loaded_from_elsewhere(path: str, administered: ServerProcess) -> None:
    """No path and no link leads out of the directory of models; the sentence says so."""
    reply = ask(administered, "POST", json={"path": path})
    assert reply.status_code == 409, reply.text
    assert len(reply.json()["detail"]) < 200
    absolute = ask(administered, "POST", json={"path": "/etc/passwd"})
    assert absolute.status_code == 409


def test_what_is_no_artifact_is_refused_with_its_sentence(administered: ServerProcess) -> None:
    """409, and what is wrong with the file; the models stay as they were."""
    before = names(administered)
    reply = ask(administered, "POST", json={"path": "garbage.onnx"})
    assert reply.status_code == 409
    assert "not an ONNX file that can be run" in reply.json()["detail"]
    assert names(administered) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/default", b'{"name": "\\ud800"}'),
        ("PUT", "/default", b'{"nome": "\\ud800"}'),
        ("POST", "", b'{"path": {"\\ud800": 1}}'),
    ],
)
def test_what_is_no_text_is_refused_and_not_repeated(
    method: str, path: str, body: bytes, administered: ServerProcess
) -> None:
    """JSON can hold half a character, which no answer can; it is 422 and says where."""
    headers = ADMIN | {"Content-Type": "application/json"}
    reply = httpx.request(
        method, f"{administered.http}/v1/models{path}", content=body, headers=headers
    )
    assert reply.status_code == 422, reply.text
    (found,) = reply.json()["detail"]
    assert (found["loc"][0], set(found)) == ("body", {"loc", "msg", "type"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer " + "wrong" * 4}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("PUT", "/default"), ("DELETE", "/hands@1")]
)
def test_only_an_administrator_does(
    method: str, path: str, headers: dict[str, str], status: int, administered: ServerProcess
) -> None:
    """Without an admin token it is 401, from a page of elsewhere 403, whatever is asked."""
    reply = ask(administered, method, path, **headers)
    assert reply.status_code == status


def test_without_admin_tokens_nobody_does(server: ServerProcess) -> None:
    """403, and which setting is missing."""
    reply = ask(server, "GET")
    assert reply.status_code == 403
    assert "POSEWIRE_ADMIN_TOKENS" in reply.json()["detail"]
