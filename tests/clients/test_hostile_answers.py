"""What a server sends that cannot be read is refused in a sentence, whichever way it is spoilt."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posewire_client import RefusedError, label_recording
from posewire_client.codec import Codec, Payload
from tests.clients.samples import write_recording
from tests.http_server import QuietHandler, serving

DEEP = 100_000


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("[" * DEEP, id="deep JSON"),
        pytest.param('{"type": "foretold", "x": ' + "[" * DEEP, id="deep JSON of tomorrow"),
        pytest.param('{"type": "foretold", "x": nonsense}', id="torn JSON of tomorrow"),
        pytest.param(b"\x91" * DEEP, id="deep MessagePack"),
        pytest.param(b"\x82\xa4type\xa3odd\xa1x" + b"\x91" * DEEP, id="deep one of tomorrow"),
        pytest.param(b"\x81\xa4type\xa2\xff\xfe", id="a type that is no UTF-8"),
        pytest.param(b"\x82\xa4type\xa3odd\xa1x\xa1\xff", id="a field that is no UTF-8"),
    ],
)
def test_a_message_that_cannot_be_read_is_refused(payload: Payload) -> None:
    """Torn, no UTF-8 or nested without end, of a known type or one of tomorrow: one sentence."""
    with pytest.raises(RefusedError, match="the server sent a message that cannot be read: ") as no:
        Codec("msgpack", columns=3).decode(payload)
    assert "\n" not in str(no.value)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that has one answer to everything; yields its address as a stream's."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as port:
        yield f"ws://127.0.0.1:{port}/v1/stream"


@pytest.mark.parametrize("body", [b'{"model": "\xff"}', b'{"model": ' + b"[" * DEEP, b"<html>"])
def test_an_answer_that_cannot_be_read_is_refused(tmp_path: Path, body: bytes) -> None:
    """A whole recording's answer, and the sentence of a refusal, which is then HTTP's own."""
    recording = write_recording(tmp_path / "walk.jsonl", 1)
    with answering(200, body) as url, pytest.raises(RefusedError, match="answer cannot be read"):
        label_recording(recording, url)
    with answering(422, body) as url, pytest.raises(RefusedError, match=r"\(HTTP 422\)"):
        label_recording(recording, url)
