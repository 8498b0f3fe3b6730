"""A real server process to measure: started on a free port, stopped by its id."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import psutil

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
        address = self.url.replace("ws:", "http:").replace("/v1/stream", "/metrics")
        try:
            with urlopen(address, timeout=BUSY_S) as page:
                text = page.read().decode()
        except OSError:
            return None
        windows, runs = (
            sum(map(float, re.findall(rf"^posewire_batch_windows_{part}\S* (\S+)", text, re.M)))
            for part in ("sum", "count")
        )
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
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield RunningServer(_address(process), psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"ws://\S+", line):
            return found.group()
    _, said = process.communicate()
    raise ValueError(f"the server did not start: {said.strip()}")
