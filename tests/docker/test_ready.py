"""The container's health check believes what the service says of itself, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.http_server import QuietHandler, serving

READY = Path(__file__).resolve().parents[2] / "docker" / "ready.py"


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """A server that gives this answer to whatever it is asked; yields its port."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as port:
        yield port


def health(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, READY],
        env={**os.environ, "POSEWIRE_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(200, b'{"ready": true}', 0, id="ready"),
        pytest.param(200, b'{"ready": false}', 1, id="not yet"),
        pytest.param(503, b'{"ready": false}', 1, id="draining"),
        pytest.param(200, b"<html>", 1, id="another server"),
        pytest.param(200, b"[]", 1, id="another JSON"),
    ],
)
def test_the_health_check_believes_readyz(status: int, body: bytes, expected: int) -> None:
    """It is healthy when the service says that it takes streams; else one line says what is."""
    with answering(status, body) as port:
        result = health(port)
    assert result.returncode == expected, result.stderr
    assert len(result.stderr.splitlines()) == expected


def test_a_silent_port_is_not_healthy() -> None:
    """Where nobody listens, the health check fails with a line and without a traceback."""
    with answering(200, b"") as port:
        pass
    result = health(port)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
