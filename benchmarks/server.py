"""A real server process to measure: started on a free port, stopped by its id."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple
from urllib.request import urlopen

import psutil

from posewire_client.link import http_address
from posewire_client.metrics_page import MetricsPage

STOP_S = 20
"""Open connections have some time to end."""

BUSY_S = 5
"""A server that has not told its metrics by then has too much else to do."""


class Runs(NamedTuple):
    """How many windows a server has run, and in how many runs."""

    windows: float
    runs: float


@dataclass(frozen=True)
class RunningServer:
    """A server that runs.

    Attributes:
        url: the address of its stream.
        process: the process.
    """

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Returns the processor time that it has taken so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory_bytes(self) -> int:
        """Returns the memory that it holds."""
        return int(self.process.memory_info().rss)

    def runs(self) -> Runs | None:
        """Returns what it has run so far; None where it is too busy to say."""
        try:
            with urlopen(http_address(self.url, "/metrics"), timeout=BUSY_S) as answer:
                page = MetricsPage.read(answer.read().decode())
        except OSError:
            return None
        windows, runs = (page.total(f"posewire_batch_windows_{part}") for part in ("sum", "count"))
        return Runs(windows, runs)


@contextmanager
def running_server(model: Path, **settings: object) -> Iterator[RunningServer]:
    """Serves `model` from a process of its own.

    Args:
        model: the artifact.
        settings: name → value of `POSEWIRE_*`.

    Raises:
        ValueError: the server did not start; the message is its own.
    """
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--model", str(model)]
    environment = os.environ | {f"POSEWIRE_{k.upper()}": str(v) for k, v in settings.items()}
    # It says two lines a session: a pipe that nobody reads is full at 200, and the server waits.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        try:
            yield RunningServer(_address(process, log), psutil.Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _address(process: subprocess.Popen[str], log: IO[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"ws://\S+", line):
            return found.group()
    process.wait()
    log.seek(0)
    raise ValueError(f"the server did not start: {log.read().strip()}")
