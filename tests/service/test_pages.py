"""The pages: what the service answers over plain HTTP, without ever naming another host."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from model.pose.artifact import METADATA_KEY
from tests.service.artifacts import KINECT
from tests.service.process import ServerProcess


class References(HTMLParser):
    """What a page makes a browser fetch or offers to open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def test_it_says_that_it_lives_and_is_ready(server: ServerProcess) -> None:
    """`/healthz` answers while the process lives, `/readyz` once streams are taken."""
    assert httpx.get(f"{server.http}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{server.http}/readyz").json() == {"ready": True, "degraded": []}


def test_the_model_is_told_in_full(server: ServerProcess) -> None:
    """`/v1/model` is the artifact's whole specification and what it really runs on."""
    said = httpx.get(f"{server.http}/v1/model").json()
    assert said["spec"] == json.loads(KINECT.to_metadata()[METADATA_KEY])
    assert said["providers"] == ["CPUExecutionProvider"]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_needs_no_other_host(path: str, server: ServerProcess) -> None:
    """The page, its scripts and what they are told to fetch are all this server's, and answer."""
    page = httpx.get(server.http + path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r"https?://[^\s'\"<>]+", page.text) == []
    references = References(page.text).found
    references += re.findall(r"url: '(.+?)'", page.text)
    references += re.findall(r"fetch\(\"(.+?)\"\)", page.text)
    assert references
    for reference in references:
        address = urljoin(server.http + path, reference)
        assert urlsplit(address).netloc == urlsplit(server.http).netloc
        assert httpx.get(address).status_code == 200, address


def test_the_interface_is_described(server: ServerProcess) -> None:
    """What `/docs` shows lists the routes that a person may call."""
    paths = httpx.get(f"{server.http}/openapi.json").json()["paths"]
    assert set(paths) == {
        "/healthz",
        "/readyz",
        "/v1/actions",
        "/v1/model",
        "/v1/models",
        "/v1/models/default",
        "/v1/models/{name}",
        "/v1/taught",
        "/v1/taught/{name}",
    }


def test_the_stream_is_no_page(server: ServerProcess) -> None:
    """A plain request to the socket's address, or to no address, is 404 and no traceback."""
    for path in ("/v1/stream", "/nothing"):
        reply = httpx.get(server.http + path)
        assert (reply.status_code, reply.json()) == (404, {"detail": "Not Found"})
