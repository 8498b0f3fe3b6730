"""A real server process to measure: started on a free port, stopped by its id."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_S = 10


@contextmanager
def running_server(model: Path) -> Iterator[str]:
    """Serves `model` from a process of its own; yields the address of its stream.

    Raises:
        ValueError: the server did not start; the message is its own.
    """
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--model", str(model)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield _address(process)
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
