"""Access: which pages a browser may show, and who else reaches the service."""

from pathlib import Path

import pytest

from service.access import Access, bearer
from service.protocol import Refusal
from service.server import bind
from service.settings import Settings
from tests.service.artifacts import KINECT
from tests.service.bodies import hello
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.wire import wire

LISTED = "https://demo.example, http://lab.example:8080/"


def passes(access: Access, origin: str | None, host: str | None) -> bool:
    try:
        access.check_origin(origin, host)
    except Refusal as refusal:
        return (refusal.code, refusal.close) != ("origin", 1008)
    return True


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        (None, "127.0.0.1:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://localhost", "localhost:80", True),
        ("https://localhost", "localhost", True),
        ("https://demo.example", "127.0.0.1:8000", True),
        ("HTTPS://Demo.Example", "127.0.0.1:8000", True),
        ("http://lab.example:8080", "127.0.0.1:8000", True),
        ("http://demo.example", "127.0.0.1:8000", False),
        ("http://127.0.0.1:8001", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("http://evil.example", "127.0.0.1:8000", False),
        # A name that its owner has pointed to this machine.
        ("http://evil.example:8000", "evil.example:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("http://a:port", "127.0.0.1:8000", False),
        ("http://127.0.0.1:8000", None, False),
        ("", "127.0.0.1:8000", False),
    ],
)
def test_a_page_is_the_services_own_or_listed(
    origin: str | None, host: str | None, expected: bool
) -> None:
    """Own is scheme's port and host alike, and a host that nobody else can have pointed here."""
    access = Access(Settings.model_validate({"origins": LISTED}))
    assert passes(access, origin, host) is expected


def test_with_tokens_any_name_of_the_service_is_its_own(tmp_path: Path) -> None:
    """What is guarded by a token may be reached by its name without listing that."""
    (tmp_path / "tokens").write_text("t" * 16)
    access = Access(Settings(tokens=tmp_path / "tokens"))
    assert passes(access, "https://pose.example", "pose.example")
    assert not passes(access, "https://evil.example", "pose.example")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
    ],
)
def test_a_bearer_token_is_read_from_its_header(header: str | None, token: str | None) -> None:
    """Any other kind of authorization is no token."""
    assert bearer(header) == token


async def test_a_page_of_elsewhere_is_told_and_closed() -> None:
    """A browser shows the close, not the answer to an upgrade: so the socket opens, with 1008."""
    async with serving(HeldEngine(), origins="https://demo.example") as server:
        async with wire(server.stream, origin="http://evil.example") as client:
            (error,) = await client.rest()
            assert (error["code"], error["fatal"]) == ("origin", True)
            assert await client.closed() == (1008, error["message"])
            assert error["message"] == (
                "pages of http://evil.example may not stream here; POSEWIRE_ORIGINS lists those "
                "that may"
            )
        for origin in ("https://demo.example", server.http):
            async with wire(server.stream, origin=origin) as client:
                assert (await client.ask(hello(KINECT)))["type"] == "welcome"


def test_other_machines_need_a_token_or_an_explicit_word(tmp_path: Path) -> None:
    """Without either, an address that is not loopback is not taken; the sentence names both."""
    (tmp_path / "tokens").write_text("t" * 16)
    with pytest.raises(ValueError, match=r"^0\.0\.0\.0 .+ POSEWIRE_TOKENS, .+ POSEWIRE_INSECURE"):
        bind(Settings(host="0.0.0.0", port=0))
    for host, settings in (
        ("127.0.0.1", {}),
        ("localhost", {}),
        ("0.0.0.0", {"insecure": True}),
        ("0.0.0.0", {"tokens": tmp_path / "tokens"}),
    ):
        bind(Settings.model_validate({"host": host, "port": 0, **settings})).close()
