"""The Caddyfile in a real Caddy, where one is installed, in front of a real service."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.clients.samples import METRES, write_recording
from tests.docker.dockerfile import ROOT
from tests.docker.program import running
from tests.service.process import ServerProcess

CADDY = shutil.which("caddy")
CLIENT = [sys.executable, "-m", "posewire_client", "--fast", "--json"]
TOKEN = "a-token-of-sixteen-characters"
TRIES = 3


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def caddy(service: str, place: Path) -> Iterator[tuple[str, Path]]:
    """Caddy as docker-compose.yml runs it, but for the address of the service.

    Yields its own address, and the certificate that it has to be trusted by.
    """
    told = (ROOT / "docker" / "Caddyfile").read_text()
    assert told.count("posewire:8000") == 1
    (place / "Caddyfile").write_text(told.replace("posewire:8000", service))
    certificate = place / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    assert CADDY is not None
    words: list[str | Path] = [
        CADDY,
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        place / "Caddyfile",
    ]
    for _ in range(TRIES):
        domain = f"localhost:{free_port()}"
        here = {"TLS_DOMAIN": domain, "HOME": str(place), "XDG_DATA_HOME": str(place)}
        with running(words, os.environ | here) as process:
            if answers(process, f"https://{domain}/", certificate):
                yield domain, certificate
                return
    raise AssertionError(f"Caddy ended {TRIES} times: its port was taken, or it is not to be had")


def answers(process: "subprocess.Popen[bytes]", url: str, certificate: Path) -> bool:
    """Waits until Caddy answers; False where it has ended, its port taken since it was free."""
    for _ in range(100):
        if process.poll() is not None:
            return False
        try:
            status(url, certificate)
        except OSError:
            time.sleep(0.1)
        else:
            return True
    raise AssertionError(f"nobody answers at {url}")


def status(url: str, certificate: Path) -> int:
    """The HTTP status of a page, from whom the certificate vouches for."""
    trusted = ssl.create_default_context(cafile=str(certificate))
    try:
        with urlopen(url, timeout=5, context=trusted) as answer:
            found: int = answer.status
            return found
    except HTTPError as error:
        return error.code


@pytest.mark.skipif(CADDY is None, reason="Caddy is not installed")
def test_a_stream_passes_through_caddy(kinect_artifact: Path, tmp_path: Path) -> None:
    """Over TLS every frame gets its label and the page is served; the metrics stay inside."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"hall: {TOKEN}\n")
    recording = write_recording(tmp_path / "walk.jsonl", **METRES, size=None)
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    for line in lines[1:]:
        line["people"][0]["keypoints"] = [[0.1 * joint, 1.0, 2.5, 1.0] for joint in range(20)]
    del lines[0]["size"]
    recording.write_text("\n".join(map(json.dumps, lines)))
    with (
        ServerProcess(kinect_artifact, tokens=tokens) as server,
        caddy(server.http.removeprefix("http://"), tmp_path) as (domain, certificate),
    ):
        assert status(f"https://{domain}/", certificate) == 200
        assert status(f"https://{domain}/metrics", certificate) == 404
        done = subprocess.run(
            [*CLIENT, recording, "--url", f"wss://{domain}/v1/stream", "--token", TOKEN],
            env=os.environ | {"SSL_CERT_FILE": str(certificate)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["labels_received"] == len(lines) - 1
