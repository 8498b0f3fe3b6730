"""Tokens: what a file may hold, how it is rotated, and that nobody without one gets in."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tokens import TokenFile, Tokens
from tests.service.artifacts import KINECT
from tests.service.bodies import hello
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.wire import wire

FIRST, SECOND, THIRD = ("first" * 4, "second" * 4, "third" * 4)

FILE = f"""
# who may stream
hall: {FIRST}
hall: {SECOND}   # of tomorrow
{THIRD}
"""

WRONG = {
    "no token": ("# nobody yet\n", r"F: expected a token a line, there is none"),
    "short": ("hall: abc", r"F, line 1: a token has at least 16 characters, this one 3"),
    "spaces": (f"\nthe hall: {FIRST}", r"F, line 2: expected TOKEN or NAME: TOKEN, .+"),
    "twice": (f"a: {FIRST}\nb: {FIRST}", r"F, line 2: this token stands there twice"),
}


def write(path: Path, text: str) -> Path:
    """Replaces a file as a rotation does, with a time of its own."""
    new = path.with_suffix(".new")
    new.write_text(text)
    return new.rename(path)


def test_names_say_whose_a_token_is() -> None:
    """A line is NAME: TOKEN or a token alone, two may share a name, and nothing else matches."""
    tokens = Tokens.parse(FILE, "F")
    assert [tokens.name_of(t) for t in (FIRST, SECOND, THIRD)] == ["hall", "hall", "line-5"]
    assert [tokens.name_of(t) for t in ("", FIRST[:-1], FIRST + "t", "hall", "\ud800")] == [
        None
    ] * 5


@given(st.text())
def test_nothing_but_a_token_is_a_token(offered: str) -> None:
    """Whatever is offered, only the very token has a name."""
    assert Tokens.parse(FIRST, "F").name_of(offered) == ("line-1" if offered == FIRST else None)


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_wrong_is_named_with_its_line(name: str) -> None:
    """The sentence says what was expected, and never shows a secret."""
    text, sentence = WRONG[name]
    with pytest.raises(ValueError, match=f"^{sentence}$") as caught:
        Tokens.parse(text, "F")
    assert FIRST not in str(caught.value)


def test_a_file_is_read_again_when_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that is taken out is no longer valid at once, one that is added is."""
    caplog.set_level("INFO")
    path = write(tmp_path / "tokens", FIRST)
    tokens = TokenFile(path)
    assert tokens.name_of(FIRST) == "line-1"
    write(path, f"{SECOND}\n{THIRD}")
    assert [tokens.name_of(t) for t in (FIRST, SECOND, THIRD)] == [None, "line-1", "line-2"]
    path.write_text(f"{FIRST}\n{THIRD} ")
    os.utime(path, ns=(1, 1))
    assert [tokens.name_of(t) for t in (FIRST, SECOND, THIRD)] == ["line-1", None, "line-2"]
    assert [record.message for record in caplog.records] == ["tokens were read again"] * 2


@pytest.mark.parametrize("fault", ["gone", "wrong", "no text"])
def test_half_a_rotation_locks_nobody_out(
    fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that can no longer be read leaves the tokens as they were, says so once, and heals."""
    path = write(tmp_path / "tokens", FIRST)
    tokens = TokenFile(path)
    if fault == "gone":
        path.unlink()
    else:
        path.write_bytes(b"short" if fault == "wrong" else b"\xff" * 40)
    assert [tokens.name_of(t) for t in (FIRST, FIRST, SECOND)] == ["line-1", "line-1", None]
    (record,) = caplog.records
    assert record.message.startswith(f"tokens stay as they were: {path}")
    write(path, SECOND)
    assert [tokens.name_of(t) for t in (FIRST, SECOND)] == [None, "line-1"]


async def test_nobody_streams_without_a_token(tmp_path: Path) -> None:
    """A token is taken from the hello or the header; without one the close is 1008 and says why."""
    path = write(tmp_path / "tokens", FIRST)

    async def tried(
        headers: dict[str, str], speaks: bool = True, **fields: Any
    ) -> tuple[str, int | None]:
        async with wire(server.stream, headers=headers) as client:
            if speaks:
                await client.send(hello(KINECT) | fields)
            first = await client.receive()
            if first["type"] == "welcome":
                return "welcome", None
            code, reason = await client.closed()
            assert (first["fatal"], first["message"]) == (True, reason)
            return first["code"], code

    async with serving(HeldEngine(), tokens=path) as server:
        good, bad = ({"Authorization": f"Bearer {token}"} for token in (FIRST, SECOND))
        assert await tried({}, token=FIRST) == ("welcome", None)
        assert await tried(good) == ("welcome", None)
        assert await tried(good, token=SECOND) == ("welcome", None)
        assert await tried({}) == ("no-token", 1008)
        assert await tried({}, token=SECOND) == ("wrong-token", 1008)
        assert await tried(bad, speaks=False) == ("wrong-token", 1008)
        # Before anything of the hello is looked at.
        assert await tried({}, layout="kinect7") == ("no-token", 1008)
        write(path, SECOND)
        assert await tried({}, token=FIRST) == ("wrong-token", 1008)
        assert await tried(bad) == ("welcome", None)
        page = (await server.get("/metrics")).text
        assert re.search(r'posewire_refusals_total\{code="wrong-token"\} 3\.0', page)
        assert FIRST not in page
