"""Our configuration in a real Prometheus, where one is installed, beside a real service."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.docker.dockerfile import ROOT
from tests.docker.program import running
from tests.service.process import ServerProcess

OBSERVABILITY = ROOT / "docker" / "observability"
PROMETHEUS = shutil.which("prometheus")


@contextmanager
def prometheus(service: str, place: Path) -> Iterator[str]:
    """Prometheus with our configuration, but for the address of the service and its patience.

    Yields its own address.
    """
    assert PROMETHEUS is not None
    told = (OBSERVABILITY / "prometheus.yml").read_text()
    for ours, here in (("posewire:8000", service), ("scrape_interval: 10s", "scrape_interval: 1s")):
        assert told.count(ours) == 1
        told = told.replace(ours, here)
    (place / "prometheus.yml").write_text(told)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    words = [
        PROMETHEUS,
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'metrics'}",
        f"--web.listen-address={address}",
    ]
    with running(words):
        yield f"http://{address}"


def ask(address: str, expression: str) -> list[Any]:
    """What an expression gives; an HTTPError where Prometheus does not understand it."""
    with urlopen(f"{address}/api/v1/query?{urlencode({'query': expression})}", timeout=5) as answer:
        found: list[Any] = json.load(answer)["data"]["result"]
        return found


def wait_until_scraped(address: str) -> None:
    for _ in range(200):
        try:
            if ask(address, 'up{job="posewire"} == 1'):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("Prometheus has not read the service")


@pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is not installed")
def test_prometheus_reads_the_service_and_every_panel(
    server: ServerProcess, tmp_path: Path
) -> None:
    """It takes our file, reads `/metrics`, and understands what each panel asks for."""
    panels = json.loads((OBSERVABILITY / "dashboard.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    with prometheus(server.http.removeprefix("http://"), tmp_path) as address:
        wait_until_scraped(address)
        for expression in expressions:
            ask(address, expression.replace("$__rate_interval", "1m"))
        (built,) = ask(address, "posewire_build_info")
    assert built["metric"]["job"] == "posewire"
